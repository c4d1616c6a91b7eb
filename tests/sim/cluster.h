/*
 * Whole clusters inside one process: servers, each with the real Raft core
 * and schedd's core on top of it, up to a thousand nodes with the cores that
 * run their allocations, and people who register, scale, change and stop
 * jobs, and read, under a clock of their own, on a network that loses,
 * delays, doubles and reorders, and on disks that forget.
 *
 * Real: common/raft's core; cmd/schedd's core with its state, its commands
 * and its snapshots; cmd/nodeagent's alloc_run, its list of servers and what
 * it believes of them. Played: network, disks, processes, and the shells in
 * between, which do what loop.c, raftlog.c, follow.c, forward.c and
 * common/raft/node*.c do, and what serverlink*.c does on a node. A server's
 * loop and its Raft are two threads: what one tells the other takes its time.
 *
 *	cluster.c          time, events, the network; a run from end to end
 *	cluster_opts.c     what a seed makes of it, and what goes wrong
 *	cluster_server.c   a server: its life, its loop
 *	cluster_raft.c     ... its Raft
 *	cluster_request.c  ... what it is asked
 *	cluster_members.c  ... and who they are
 *	cluster_node.c     a node: allocations come and go
 *	cluster_link.c     ... how it speaks with servers
 *	cluster_proc.c     ... its processes
 *	cluster_crash.c    ... and how it ends and comes back
 *	cluster_jobs.c     people
 *	cluster_ghost.c    what must hold at each command
 *	cluster_look.c     ... at any time
 *	cluster_end.c      ... when all has been well for a while
 *	cluster_plants.c   bugs that this simulator must be able to find
 *
 * Clocks of servers and nodes run at rates of their own, up to one twice as
 *fast as another, and wall clocks jump by an hour. Nothing may depend on more
 *than this: elections and leases bear clocks that differ by a factor of two; a
 * node may rely on the lease of t ms that it was told, by its own clock, as
 * long as the leader's clock is at most (t + grace) / t times as fast, 1.5
 * times for the longest lease of a cluster of up to 7,500 nodes; and a node
 * that is well keeps its lease, for it renews at two thirds of it at the
 * latest and is called lost after lease and grace. Wall clocks decide nothing
 * of this.
 *
 * Everything follows from the seed. What should not be ends the run as
 * sim_fail() does; raft_ghost.c goes on checking every step of Raft.
 */
#ifndef TESTS_SIM_CLUSTER_H
#define TESTS_SIM_CLUSTER_H

#include "cmd/nodeagent/allocrun.h"
#include "cmd/nodeagent/serverlink_impl.h"
#include "cmd/schedd/core.h"
#include "cmd/schedd/plant.h"
#include "cmd/schedd/steady.h"
#include "common/buf.h"
#include "common/map.h"
#include "proto/msg.h"
#include "tests/sim/raft_world.h"

#define CLUSTER_SERVERS     SIM_SERVERS
#define CLUSTER_NODES       1000
#define CLUSTER_JOBS        64
#define CLUSTER_STEPS       8             /* of a job's life */
#define CLUSTER_CLIENT      CLUSTER_NODES /* people, as an address */
#define CLUSTER_CPU         4000          /* of a node */
#define CLUSTER_MEMORY_MB   8000
#define CLUSTER_WALL_S      INT64_C(946684800)
#define CLUSTER_BOUND_MS    25000  /* what is not wanted ends by then */
#define CLUSTER_SKEW_PPM    333333 /* one clock twice as fast as another */
#define CLUSTER_GRACE_MS    1500   /* sched_core_opts_init() gives so much */
#define CLUSTER_FAILOVER_MS 10000
#define CLUSTER_FULL        256 /* each so many commands states are compared */

enum event_kind {
	EV_REQUEST,     /* arrives at a server */
	EV_REPLY,       /* arrives at a node or at people */
	EV_NEWS,        /* a server's loop hears its Raft */
	EV_INBOX,       /* ... and its Raft the loop */
	EV_TICK,        /* the core's timer */
	EV_HELD,        /* a request was held long enough */
	EV_TROUBLE,     /* something goes wrong */
	EV_LOOK,        /* checks what must hold at any time */
	EV_NODE_CRASH,  /* the machine */
	EV_AGENT_CRASH, /* nodeagent only: tasks go on */
	EV_NODE_UP,
	EV_LEASE,
	EV_PULL,
	EV_PUSH,
	EV_MOVE,    /* asks another server */
	EV_WAKE,    /* an allocation's timer */
	EV_TIMEOUT, /* of a call */
	EV_STARTED, /* a task's process */
	EV_EXITED,
	EV_MEMBERS, /* leaders look at who the servers are */
	EV_AWAY,    /* a server that leaves is gone, */
	EV_BACK,    /* ... and returns */
	EV_CLIENT,  /* people do their next step */
	EV_READER,  /* ... or look */
};

/* What people ask, as MSG_ numbers are what nodes ask. */
enum { ASK_REGISTER = 1, ASK_STOP, ASK_SCALE, ASK_READ, ASK_READ_STALE };

/* What people see of a job. */
struct seen {
	uint64_t index;  /* of the state */
	uint64_t modify; /* the job's; 0: there is none */
	int64_t count;
	int64_t version; /* that its tasks are told */
	bool stop;
};

struct event {
	struct event *next; /* of those to be used again */
	uint64_t at_ms;
	enum event_kind kind;
	size_t who; /* node, job, or CLUSTER_CLIENT */
	size_t server;
	size_t via;     /* the server that handed it on, from 1; or 0 */
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
	uint64_t modify; /* ASK_REGISTER: must be the job's */
	struct seen seen;
};

/* ... in the queue, where it is looked at often. */
struct event_at {
	uint64_t at_ms, seq;
	struct event *ev;
};

/* A task's process: it outlives nodeagent, not the machine. */
struct proc {
	char *key; /* "alloc/task/life" */
	int64_t exit_code;
	uint64_t unwanted_ms; /* since when; 0: it is wanted */
	bool ended;
};

struct vnode {
	char id[SCHED_ID_SIZE];
	bool up;
	bool gone;                  /* never to return */
	uint64_t epoch;             /* of the agent's life */
	int64_t clock_ppm, skew_ns; /* of its clocks */
	uint64_t cut_until_ms;
	uint64_t blind_until_ms; /* ... from those servers only: */
	unsigned blind;
	uint64_t well_ms; /* since when it is up */

	struct serverset set;
	bool moving, registered;
	unsigned nmoves;
	struct link_past past;
	struct link_cursor cursor;
	uint64_t seq, ttl_ms;
	uint64_t lease, pull, push; /* calls under way, or 0 */
	uint64_t lease_timer;       /* the EV_LEASE that counts */

	struct map runs;  /* alloc id to struct alloc_run */
	struct map dirty; /* ids to be told of */
	struct map sent;
	struct map stopped;   /* ids that never ran here and never shall */
	struct map forgotten; /* ids that the servers know no more */
	struct map procs;
	struct buf *disk; /* what was saved: see cluster_crash.c */
	size_t ndisk;

	/* The ghost's: the lease that the leader of an office gave it. */
	uint64_t office, leased_ms, lease_ttl_ms;
};

struct ask {
	uint64_t req;
	size_t who, via;
	uint64_t call;
	uint32_t msg;
	size_t job;
	UT_hash_handle hh;
};

/* A node's request for its allocations. */
struct holder {
	struct vserver *server;
	bool held;
	uint64_t call, index, at;
	char *after;
	struct sched_watch *watch;
};

/* What Raft's thread tells the loop. */
struct news {
	enum {
		NEWS_APPLY,
		NEWS_INSTALL,
		NEWS_LEADS,
		NEWS_FOLLOWS,
		NEWS_FAILED,
		NEWS_READ
	} kind;
	struct raft_entry entry;
	uint64_t index, term, leader;
	uint64_t proposal, read; /* ... that failed, or may be answered */
	bool leads, ok;
	enum err_code code;
};

/* What the loop tells Raft's thread. */
struct mail {
	struct raft_bytes *bytes; /* NULL: a read */
	uint64_t proposal, term, read;
};

/* A command in the log, and its number in the core. */
struct waiting {
	uint64_t proposal, index, term;
};

struct queue {
	void *v;
	size_t head, n, cap;
};

struct vserver {
	struct cluster *c;
	struct sim_server *s;
	struct sched_core *core; /* NULL: it is down */
	uint64_t epoch;
	int64_t skew_ns; /* of its wall clock */
	bool left;       /* the cluster, for a while */
	struct steady steady;

	/* The loop's. */
	bool leads;
	uint64_t term, leader; /* the leader as it was told; 0: none */
	uint64_t office;       /* numbers all terms of office there were */
	uint64_t led_ms;
	uint64_t tick_ms; /* 0: no timer set */
	struct ask *asks;
	uint64_t next_req;
	struct holder holders[CLUSTER_NODES];
	size_t *woken; /* nodes */
	size_t nwoken, woken_cap;

	/* Raft's. */
	bool raft_leads;
	uint64_t fresh_id; /* of the commands being proposed, in fresh */
	struct queue fresh, waiting;
	struct queue reading; /* index: what Raft calls it; proposal: we */

	/* Between them. */
	struct queue news, mail;
	bool news_posted, mail_posted;
};

/* What people want of one job. */
struct client_job {
	struct job spec;
	bool huge;
	size_t nsteps, step;
	int64_t counts[CLUSTER_STEPS], versions[CLUSTER_STEPS];
	uint32_t asks[CLUSTER_STEPS]; /* what each step is asked by */
	uint64_t call;
	uint64_t modify; /* as it was told last */
	size_t acked;    /* steps */
	bool resolving;  /* reads what became of a step */
};

/* One who reads. */
struct reader {
	uint64_t call, floor; /* of the index that must be seen */
	size_t job, acked;
	uint32_t msg;
};

struct cluster_opts {
	size_t nnodes, nservices, nbatches, nsystems;
	bool crowded; /* not all may fit */
	uint64_t wild_ms;
	unsigned loss, twice;  /* between nodes and servers, per mille */
	unsigned node_trouble; /* crashes and the like, in all */
	uint64_t trouble_every_ms;
	uint64_t thread_ms; /* from one thread to the other, rarely more */
	bool jumps;         /* of wall clocks, by an hour */
	bool losses, bad_disks, leaves; /* of servers */
	uint64_t gc_ms;
};

struct cluster_stats {
	uint64_t seeds, cluster_ms, server_ms, node_ms, events, commands,
	    elections, crashes, cuts, node_crashes, snapshots, installs, writes,
	    reads, placed, partial, downs, compared, offices, losses, bad_disks,
	    departures, jumps;
};

struct cluster {
	struct sim_world w;
	struct sim_host host;
	struct cluster_opts o;
	uint64_t seq, next_call, next_read, next_office;
	struct rng rng;
	struct event_at *heap; /* the soonest first */
	size_t nheap, heap_cap;
	struct event *spare; /* events that can be used again */
	struct vserver servers[CLUSTER_SERVERS];
	struct vnode nodes[CLUSTER_NODES];
	struct map node_of; /* id to struct vnode */
	struct client_job jobs[CLUSTER_JOBS];
	size_t njobs;
	struct reader readers[4];
	bool wild;         /* things may break */
	uint64_t peace_ms; /* at most */
	uint64_t well_ms;  /* since when all is well */
	uint64_t lost_ms;  /* when a server lost its disk; 0: none did */

	/* The ghost's. */
	uint64_t acked;   /* the highest index that people were told */
	uint64_t *states; /* by index: a short hash of the state */
	size_t nstates, cstates;
	uint64_t *fulls; /* by index / CLUSTER_FULL: of all of it */
	size_t nfulls, cfulls;
	struct buf *snaps; /* by index: what was kept; empty: nothing */
	size_t nsnaps, csnaps;
	char why[256];                      /* it has not settled */
	const struct client_job *unsettled; /* that one; or NULL */
	struct cluster_stats stats;
};

/* --- cluster.c --- */

/* Returns whether all held; c->w.why says what did not. All that was asked for
 * must be so after at most peace_ms without trouble. */
bool cluster_run(
    struct cluster *c, uint64_t seed, uint64_t peace_ms, bool verbose);
void cluster_release(struct cluster *c);
int64_t cluster_wall_ns(const struct cluster *c);
uint64_t cluster_between(struct cluster *c, uint64_t low, uint64_t high);
bool cluster_chance(struct cluster *c, unsigned permille);

/* An event after so long; filled in by the caller before the next one. */
struct event *cluster_later(struct cluster *c, uint64_t after_ms,
    enum event_kind kind, size_t who, uint64_t epoch);
/* To or from ev->server, over the network, which may lose or double it. The
 * bytes are taken. */
void cluster_send(struct cluster *c, struct event *ev);
/* From one server to another, at ev->server. The bytes are taken. */
void cluster_hand_on(struct cluster *c, size_t from, struct event *ev);
/* Once more, later. The bytes are taken. */
void cluster_put_off(struct cluster *c, struct event *ev, uint64_t at_ms);
/* The server that leads, as its loop and its Raft see it, or NULL. */
struct vserver *cluster_leader(struct cluster *c);

/* --- cluster_opts.c --- */

void cluster_choose(struct cluster *c);
void cluster_plan_trouble(struct cluster *c);
void cluster_trouble(struct cluster *c);

/* --- cluster_server.c --- */

void server_open(struct cluster *c);
void server_event(struct cluster *c, struct event *ev);
void server_release(struct vserver *v);
size_t server_place(const struct vserver *v);
/* All servers know that feature level. */
void server_raise_level(struct vserver *v, uint64_t level);

/* --- cluster_raft.c --- */

struct vserver *server_of(struct cluster *c, const struct sim_server *s);
/* The oldest; NULL: there is none. It stays where it is for now. */
void *queue_take(struct queue *q, size_t size);
void queue_release(struct queue *q);
/* The loop tells Raft's thread, which reads all that it was told. */
void server_mail(struct vserver *v, struct mail m);
void server_read_mail(struct vserver *v);
/* What the core wants: the act of a sim_host. */
void server_on_act(
    void *ctx, struct sim_server *s, const struct raft_action *a);

/* --- cluster_members.c --- */

void members_look(struct cluster *c);
void members_event(struct cluster *c, struct event *ev);
/* Something may happen to a server; whether it did. */
bool members_trouble(struct cluster *c);
/* Whether all servers that there are, and only they, are voters. */
bool members_are_all(const struct cluster *c);

/* --- cluster_request.c --- */

void server_request(struct vserver *v, struct event *ev);
void server_answer(struct vserver *v, const struct sched_act *act);
void server_read_done(struct vserver *v, uint64_t read, bool ok);
/* Answers held requests for which there is news. */
void server_follow(struct vserver *v);
void server_held_end(struct vserver *v, const struct event *ev);
void server_forget_askers(struct vserver *v);

/* --- cluster_node.c, cluster_link.c, cluster_proc.c, cluster_crash.c --- */

void node_start(struct cluster *c, size_t i);
void node_release(struct vnode *n);
void node_event(struct cluster *c, struct event *ev);
/* The server has ended: those who were connected see it. */
void node_server_gone(struct cluster *c, size_t server);
bool node_reaches(
    const struct cluster *c, const struct vnode *n, size_t server);
/* How many of the allocation's tasks run there. */
size_t node_running(const struct vnode *n, const char *alloc_id);

/* --- cluster_jobs.c --- */

void client_start(struct cluster *c);
void client_release(struct cluster *c);
void client_event(struct cluster *c, struct event *ev);
bool client_is_done(const struct cluster *c);

/* --- cluster_ghost.c --- */

/* A server's loop has carried out the entry at the index. */
void ghost_applied(struct vserver *v, uint64_t index);
void ghost_kept(struct vserver *v, uint64_t index);
void ghost_leased(struct vserver *v, size_t node, uint64_t ttl_ms);
/* The leader proposes this command after leases ended. */
void ghost_lost(struct vserver *v, const void *bytes, size_t n);
void ghost_release(struct cluster *c);

/* --- cluster_look.c, cluster_end.c --- */

void cluster_look(struct cluster *c);
/* Whether all is as it should be; c->why says what is not yet. */
bool cluster_is_settled(struct cluster *c);
/* What is known of the job that has not settled. */
void cluster_show_job(struct cluster *c);

/* --- cluster_plants.c --- */

struct cluster_plant {
	int number; /* the SCHED_PLANT() of cmd/schedd */
	const char *name;
	unsigned first; /* where to begin: it was found there once */
	unsigned seeds; /* to be found within */
};
extern const struct cluster_plant cluster_plants[];
extern const size_t cluster_nplants;

#endif
