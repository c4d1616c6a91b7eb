/*
 * gossipd: knows who is alive, in every region.
 *
 * pool.c and its parts decide what a member of the pool does; port.c and
 * stream.c carry its bytes, join.c finds it other members, loop.c stands
 * between them, and start.c begins and ends it all.
 */
#ifndef CMD_GOSSIPD_GOSSIPD_H
#define CMD_GOSSIPD_GOSSIPD_H

#include "cmd/gossipd/asks.h"
#include "cmd/gossipd/join.h"
#include "cmd/gossipd/pool.h"
#include "cmd/gossipd/port.h"
#include "cmd/gossipd/rpc.h"
#include "cmd/gossipd/snapshot.h"
#include "common/daemon.h"
#include "proto/member.h"
#include "proto/meter.h"

struct gossipd_config {
	struct daemon_config common;
	char *name; /* "" for host.region */
	char *region;
	char *datacenter;
	char *bind;      /* host:port, udp and tcp */
	char *advertise; /* host:port, "" for bind's */
	struct rec_kv *tags;
	size_t ntags;
	char *profile; /* "lan", "wan" or "local" */
	char **join;   /* asked once, at the start */
	size_t njoin;
	char **retry_join; /* until one of them answers */
	size_t nretry_join;
	int64_t retry_interval; /* ns */
	int64_t retry_max;      /* 0: for ever */
	char *encrypt;          /* base64; "": nothing is encrypted */
	bool compression;
	bool leave_on_interrupt, leave_on_terminate;
	int64_t reconnect_timeout, tombstone_timeout; /* ns */
	char *rpc;      /* host:port of a Serf agent's RPC; "": none */
	char *rpc_auth; /* what its clients must show; "": nothing */
	char *snapshot; /* a file; "": none is kept */
	bool rejoin_after_leave;
};
extern const struct rec_type gossipd_config_type;

void gossipd_config_init(void *config);
int gossipd_config_check(const void *config, struct err *err);

#define GOSSIPD_REACH_MAX 16 /* questions to all, at once */

/* One who waits for the answers to a question to all. */
struct reach {
	struct gossipd *g;
	struct bus_req *req; /* NULL: a free place */
	char **answered;
	size_t nanswered, cap;
};

struct gossipd {
	struct daemon *daemon;
	struct pool *pool;
	struct wire_ring ring;
	struct gossip_port *port;
	struct gossip_port_ops port_ops;
	struct joins *joins;
	struct loop_timer *tick;
	uint64_t due_ms;               /* what tick is set to; 0: not set */
	char *name;                    /* of our member */
	struct member_tags given;      /* by daemons of this machine */
	struct member_tags_edit edits; /* by operators */
	struct asks asks;
	struct rpc *rpc; /* NULL: nobody may ask by it */
	/* Of our last life, until one of it has answered. */
	struct snapshot was;
	size_t was_next;           /* was.members[was_next] is asked next */
	int64_t was_rounds;        /* in which nobody has answered */
	uint64_t was_until_ms;     /* when they are forgotten */
	struct loop_timer *settle; /* until a snapshot is written; or NULL */
	struct loop_timer *again;  /* until they are asked again; or NULL */
	struct loop_timer *retry;
	int64_t nretries;
	bool leaves;            /* whatever the config says of signals */
	struct bus_req *leaver; /* who waits for us to have left */
	struct reach reaches[GOSSIPD_REACH_MAX];
	struct asker *askers; /* who wait for what comes of a query */
	struct meter meter;
};

extern const struct bus_route gossipd_routes[], gossipd_ctl_routes[];
extern const size_t gossipd_nroutes, gossipd_nctl_routes;

int gossipd_start(struct daemon *d, struct err *err);
int gossipd_reload(struct daemon *d, const void *config, struct err *err);
void gossipd_stop(struct daemon *d);
void gossipd_release(struct daemon *d);
void gossipd_info(struct daemon *d,
    void (*add)(void *ctx, const char *name, const char *value), void *ctx);
void gossipd_metrics(struct daemon *d);

/* --- loop.c --- */

/* Opens the port and the pool, and stands between them from then on. */
int gossipd_loop_open(
    struct gossipd *g, const struct pool_addr *addr, struct err *err);
/* Sets the clock for what the pool wants next; after each call into it. */
void gossipd_rearm(struct gossipd *g);

/* --- start.c --- */

/* Nobody but us is alive. */
bool gossipd_is_alone(const struct gossipd *g);
/* Leaves the pool, and then ends. */
void gossipd_leave(struct gossipd *g);

/* Queries that are Serf's own are not for people, but for its ping. */
int gossipd_query_check(const struct pool_query *q, struct err *err);

/* --- self.c: what our member says of itself --- */

char *gossipd_name(const struct gossipd_config *c); /* caller frees */
/* Fills it; member_tags_type clears it. */
void gossipd_tags(const struct gossipd_config *c, const struct gossipd *g,
    struct member_tags *out);
/* Where others are told to reach it. */
int gossipd_addr(
    const struct gossipd_config *c, struct pool_addr *out, struct err *err);
/* An operator's change, until the next start; it wins over the file. */
int gossipd_edit_tags(
    struct gossipd *g, const struct member_tags_edit *edit, struct err *err);
enum pool_profile gossipd_profile(const char *name);

/* A member as messages have it; member_type clears it. */
void gossipd_member(const struct pool_view *v, struct member *out);

/* --- keyring.c --- */

/* Keys from data_dir's keyring, or else from the config. */
int gossipd_keys_load(
    const struct gossipd_config *c, struct wire_ring *ring, struct err *err);
int gossipd_keys_save(const struct gossipd_config *c,
    const struct wire_ring *ring, struct err *err);

/* --- rejoin.c: each does nothing without a snapshot in the config --- */

int gossipd_snapshot_load(struct gossipd *g, struct err *err);
/* Looks for those who were there; the pool and the joins are running. */
void gossipd_snapshot_start(struct gossipd *g);
void gossipd_snapshot_changed(struct gossipd *g);
/* The last one, of a pool that is still there. */
void gossipd_snapshot_end(struct gossipd *g, bool left);

/* --- handlers.c, handlers_ask.c --- */

void gossipd_on_query(void *ctx, struct bus_req *req, const void *body);
void gossipd_on_keys(void *ctx, struct bus_req *req, const void *body);
void gossipd_askers_release(struct gossipd *g);
void gossipd_reach_release(struct gossipd *g);

#endif
