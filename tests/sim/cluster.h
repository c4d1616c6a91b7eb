/*
 * A whole cluster inside one process: a server's core, a hundred nodes with
 * the cores that run their allocations, and people who submit jobs, under a
 * clock of their own and a network that loses, delays, doubles and reorders.
 *
 * Real: cmd/schedd's core with its state, log format and snapshots, and
 * cmd/nodeagent's alloc_run with its restart rules. Played: the network, the
 * disk (what is not synced may be lost in a crash), processes, and the node's
 * side of the conversation, which does what serverlink.c does.
 *
 * Everything follows from the seed. What should not be ends the program with
 * a sentence that names the seed.
 */
#ifndef TESTS_SIM_CLUSTER_H
#define TESTS_SIM_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/nodeagent/allocrun.h"
#include "cmd/schedd/core.h"
#include "common/buf.h"
#include "common/map.h"
#include "common/rng.h"
#include "proto/msg.h"

#define CLUSTER_NODES     100
#define CLUSTER_CLIENT    CLUSTER_NODES /* who submits jobs, as an address */
#define CLUSTER_CHAOS_MS  60000         /* after that nothing breaks any more */
#define CLUSTER_END_MS    240000
#define CLUSTER_CPU       4000 /* of a node */
#define CLUSTER_MEMORY_MB 8000
#define CLUSTER_WALL_S    INT64_C(946684800)

enum event_kind {
	EV_REQUEST, /* arrives at the server */
	EV_REPLY,   /* arrives at a node or the client */
	EV_SYNCED,  /* the log is on disk */
	EV_TICK,    /* the server's timer */
	EV_SERVER_CRASH,
	EV_SERVER_UP,
	EV_SERVER_BOUNCE, /* it loses and regains leadership */
	EV_NODE_CRASH,    /* the machine */
	EV_AGENT_CRASH,   /* nodeagent only: tasks go on */
	EV_NODE_UP,
	EV_LEASE,
	EV_WAKE,    /* an allocation's timer */
	EV_TIMEOUT, /* of a call */
	EV_STARTED, /* a task's process */
	EV_EXITED,
	EV_CLIENT, /* it does its next step */
	EV_NKINDS,
};

struct event {
	uint64_t at_ms, seq;
	enum event_kind kind;
	size_t who;
	uint64_t epoch; /* of whom it is for: an older one is void */
	uint64_t call;
	uint32_t msg;
	struct buf bytes;
	bool refused;
	enum err_code code;
	char alloc_id[SCHED_ID_SIZE];
	size_t task;
	uint64_t life;
	int64_t exit_code;
};

/* A call that a node waits for. */
struct call {
	uint64_t id; /* 0: none */
};

/* A task's process: it outlives nodeagent, not the machine. */
struct proc {
	char *key;        /* "alloc/task/life" */
	uint64_t ends_ms; /* 0: when it is told to */
	int64_t exit_code;
	bool ended;
};

struct vnode {
	char id[SCHED_ID_SIZE];
	bool up;
	bool gone;      /* never to return */
	uint64_t epoch; /* of the agent's life */
	uint64_t cut_until_ms;
	bool registered;
	uint64_t index, seq;
	struct call lease, pull, push;
	struct map runs;  /* alloc id to struct alloc_run */
	struct map dirty; /* ids to be told of */
	struct map sent;
	struct map stopped; /* ids that never ran here and never shall */
	struct map procs;
	struct buf *disk; /* what was saved: see cluster_crash.c */
	size_t ndisk;
};

struct ask {
	uint64_t req;
	size_t who;
	uint64_t call;
	uint32_t msg;
	UT_hash_handle hh;
};

struct holder {
	bool held;
	uint64_t call, index, until_ms;
};

struct entry {
	uint64_t index, number;
	struct buf bytes;
};

struct server {
	struct sched_core *core;
	bool up;
	uint64_t epoch;
	struct entry *log; /* synced, after the snapshot */
	size_t nlog, log_cap;
	struct entry *fresh; /* not yet synced */
	size_t nfresh, fresh_cap;
	uint64_t last_index;
	struct buf snapshot;
	bool syncing;
	uint64_t tick_ms; /* 0: no timer set */
	struct ask *asks;
	uint64_t next_req;
	struct holder holders[CLUSTER_NODES];
};

struct client_job;

struct cluster {
	uint64_t seed, now_ms, seq, next_call;
	struct rng rng;
	struct event *heap; /* the soonest first */
	size_t nheap, heap_cap;
	struct server server;
	struct vnode nodes[CLUSTER_NODES];
	struct client_job *jobs;
	size_t njobs;
	bool verbose;

	/* what happened */
	uint64_t events, commands, crashes, lost, doubled, restarts, snapshots,
	    placed, partial;
};

/* --- cluster.c --- */

void cluster_init(struct cluster *c, uint64_t seed);
void cluster_run(struct cluster *c);
void cluster_release(struct cluster *c);
/* What should not be: says so, with the seed, and ends the program. */
void cluster_wrong(const struct cluster *c, const char *fmt, ...)
    __attribute__((noreturn, format(printf, 2, 3)));
int64_t cluster_wall_ns(const struct cluster *c);
bool cluster_is_wild(const struct cluster *c); /* things may break */
uint64_t cluster_between(struct cluster *c, uint64_t low, uint64_t high);
bool cluster_chance(struct cluster *c, unsigned permille);

/* An event after so long; filled in by the caller until the next one. */
struct event *cluster_later(struct cluster *c, uint64_t after_ms,
    enum event_kind kind, size_t who, uint64_t epoch);
/* Over the network, which may lose or double it. The bytes are taken. */
void cluster_send(struct cluster *c, struct event *ev);

/* --- cluster_server.c --- */

void server_start(struct cluster *c);
void server_stop(struct cluster *c);
void server_event(struct cluster *c, struct event *ev);

/* --- cluster_node.c, cluster_proc.c, cluster_crash.c --- */

void node_start(struct cluster *c, size_t i);
void node_release(struct vnode *n);
void node_event(struct cluster *c, struct event *ev);
/* How many of the allocation's tasks run there. */
size_t node_running(const struct vnode *n, const char *alloc_id);

/* --- cluster_jobs.c --- */

void client_start(struct cluster *c);
void client_release(struct cluster *c);
void client_event(struct cluster *c, struct event *ev);

/* --- cluster_check.c --- */

/* What must hold at any time, and what must hold at the end. */
void cluster_check_now(struct cluster *c);
void cluster_check_end(struct cluster *c);

#endif
