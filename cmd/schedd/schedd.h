/*
 * schedd: keeps the cluster's state by Raft and decides what runs where.
 *
 * The core (core.h) decides; this shell hears HTTP, nodes and the log, feeds
 * the core, and carries its actions out. All of it belongs to the loop's
 * thread; Raft and its log have a thread of their own behind raft_node.
 */
#ifndef SCHEDD_SCHEDD_H
#define SCHEDD_SCHEDD_H

#include <sys/queue.h>

#include "cmd/schedd/config.h"
#include "cmd/schedd/core.h"
#include "common/daemon.h"
#include "common/http/http.h"
#include "proto/meter.h"

struct follower;
struct query;
struct raft_node;
struct nodes_http;
struct servers;
struct stepdown;
struct forwards;
struct crosses;
struct raft_config;
struct raft_ask;
struct upload;

/* Who waits for an answer of the core. */
struct asker;

TAILQ_HEAD(queries, query);
TAILQ_HEAD(followers, follower);

struct schedd {
	struct daemon *daemon;
	struct loop *loop;
	const struct schedd_config *config;

	struct sched_core *core;
	struct raft_node *raft;
	struct bus_server *rpc; /* for nodes, beside the local sockets */
	struct {
		struct tls_keys *dial, *raft, *rpc;
		struct tls_keys *api, *api_servers, *api_nodes; /* HTTPS */
	} tls; /* NULL: plain */
	struct http_server *http;
	struct nodes_http *servers_http; /* to the HTTP addresses of servers */
	struct nodes_http *nodes_http;   /* ... of nodes that speak plain */
	struct nodes_http *nodes_https;  /* ... of those that have HTTPS */
	struct http_client *node_client; /* to config->node_http, or NULL */
	struct bus_peer *metricsd;
	struct bus_peer *gossipd;
	struct bus_sub *gossip_news;
	struct loop_timer *gossip_ask;
	bool gossip_up;
	struct servers *servers;
	struct stepdown *stepdown;
	struct forwards *forwards;
	struct crosses *crosses; /* ways to other regions */
	struct loop_timer *tick;
	struct loop_timer *tidy; /* memory that is free is given back */

	struct asker *askers; /* uthash, by request number */
	uint64_t next_req;
	struct queries queries; /* blocking ones that wait */
	struct queries woken;   /* ... that are to be answered in this turn */
	struct followers followers; /* nodes whose requests are held */
	struct followers followers_woken;
	struct meter meter;
	struct meter job_meter; /* numbers that only a command changes */
	uint64_t told_index;    /* of the state, when they were told */
	uint64_t told_ms;
	struct {
		struct loop_timer *timer; /* set: jobs are being told of */
		size_t at, njobs;         /* where, and of how many then */
		double pending, running, dead;
	} telling;
	uint64_t nqueries;         /* reads of the state by the API */
	uint64_t nproposed;        /* commands given to the log */
	struct raft_ask *raft_ask; /* a change of the servers, or NULL */
	struct upload *upload; /* of a state that is being restored, or NULL */
	size_t nsaves;         /* snapshots that are being told */
	bool leading, was_ready;
	bool run_posted; /* woken ones will be answered in this turn */
	char *server_id;
	uint64_t started_ms;
};

/* loop.c */

/* Begins a turn of the core: call before any sched_core_ function. */
void schedd_enter(struct schedd *sd);
/* Carries out what the core wants; call after sched_core_ functions. */
void schedd_leave(struct schedd *sd);
/* What a client is told where the core's own answer would not be known to
 * it; NULL: 204, with no body. */
typedef struct tree *schedd_shape_fn(const struct sched_act *act);
/* A number for a request of the core, whose answer goes to one of these.
 * shape may be NULL. */
uint64_t schedd_ask_http(
    struct schedd *sd, struct http_req *r, schedd_shape_fn *shape);
/* The same where what is wrong (ERR_BAD) has a status of its own. */
uint64_t schedd_ask_http_bad(
    struct schedd *sd, struct http_req *r, int bad_status);
/* At its deadline it is refused, whatever the core says later. name is of the
 * summary that its time is told under. */
uint64_t schedd_ask_bus(struct schedd *sd, struct bus_req *r, const char *name);
/* Nobody is answered any more; when their servers are freed. */
void schedd_forget_askers(struct schedd *sd);
/* The core's timer; arg is the schedd. */
void schedd_on_tick(void *arg);

/* raftlog.c */

/*
 * Opens the log and what Raft keeps in data_dir, as sd->server_id. A new log
 * is that of the servers in first (NULL: of this one alone; none: of one that
 * waits to be added), of that cluster (0: a new one).
 */
int schedd_open_raft(struct schedd *sd, const struct raft_config *first,
    uint64_t cluster, struct err *err);
/* Whether there is a log already. */
bool schedd_has_raft(const struct schedd *sd);
/* -1 when the log is that of another server, or was there and is gone: such a
 * server has forgotten what it has voted and acknowledged. */
int schedd_check_raft(const struct schedd *sd, struct err *err);
/* What Raft calls the server with this id. */
uint64_t schedd_raft_id(const char *server_id);

/* start.c */

int schedd_start(struct daemon *d, struct err *err);
/* Announces it, once. */
void schedd_ready(struct schedd *sd);
void schedd_stop(struct daemon *d);
void schedd_release(struct daemon *d);
void schedd_info(struct daemon *d,
    void (*add)(void *ctx, const char *name, const char *value), void *ctx);

/* metrics.c */
void schedd_metrics(struct daemon *d);
/* Makes the core tell the meter how long its work takes. */
void schedd_probe(struct schedd *sd, struct sched_probe *probe);
/* Something took so long. */
void schedd_metrics_took(struct schedd *sd, const char *name, int64_t ns);
/* A term of office begins or has ended; took_ns for that. */
void schedd_metrics_led(struct schedd *sd, bool leads, int64_t took_ns);

/* handlers.c */
extern const struct bus_route schedd_routes[];
extern const size_t schedd_nroutes;
extern const struct bus_route schedd_ctl_routes[];
extern const size_t schedd_nctl_routes;

/* api.c */
extern const struct http_ops schedd_http_ops;

#endif
