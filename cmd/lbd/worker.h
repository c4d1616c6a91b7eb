/*
 * A worker: a thread that takes clients' connections and carries their
 * requests to upstreams (proxy.h).
 *
 * Everything in a struct worker belongs to its thread while it runs, but for
 * the counters, which anybody may read. It is told of new tables and of its
 * end by messages.
 */
#ifndef LBD_WORKER_H
#define LBD_WORKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/lbd/forward.h"
#include "cmd/lbd/rtable.h"
#include "common/http/http.h"
#include "common/loop.h"
#include "common/map.h"
#include "common/rng.h"

#define WORKER_DOWN_MS 1000 /* an address that refused is spared so long */

/* What the config says about requests. Shared, counted, never changed. */
struct options {
	atomic_uint refs;
	enum rtable_strategy strategy;
	int no_route_status;
	char *no_route_page;
	size_t no_route_len;
	uint64_t dial_ms, header_ms, idle_ms, keepalive_ms, shutdown_ms;
	size_t max_conns, max_upstream_conns;
	struct forward_options forward; /* owned text */
};
void options_unref(struct options *o); /* the last one frees it */

/* Totals since the start. One thread adds, any may read. */
struct worker_counts {
	_Atomic uint64_t requests, no_route, redirects, denied, retries;
	_Atomic uint64_t failed;     /* answered with 502, 503 or 504 by us */
	_Atomic uint64_t gone;       /* clients that left before their answer */
	_Atomic uint64_t tunnels;    /* websockets open now */
	_Atomic uint64_t status[6];  /* answers by their first digit */
	_Atomic uint64_t ns, max_ns; /* time from head to the answer's end */
	_Atomic uint64_t timed;      /* requests in ns */
	struct { /* of the server, as worker_look() found them */
		_Atomic uint64_t conns, accepted, requests, refused, truncated,
		    crowded, timed_out;
	} http;
};

/* An address that requests go to, and its kept connections. */
struct upstream {
	char *name; /* "host:port" */
	struct http_client *client;
	size_t users;           /* requests under way */
	uint64_t down_until_ms; /* spared until then */
	bool listed;            /* in the newest table */
	uint64_t told_ms;       /* when its last failure was logged; 0: never */
	uint64_t untold;        /* failures since */
};

/* A table as one worker uses it: requests hold it while they last. */
struct view {
	struct rtable *table;
	struct options *options;
	struct upstream **upstreams; /* by the table's number; NULL: not used */
	uint32_t *turns;
	size_t users;
};

struct tunnel;

struct worker {
	size_t number;
	struct loop *loop;
	pthread_t thread;
	int fd; /* listens; -1 once the server has it */
	struct http_server *server;
	struct view *view;    /* the newest */
	struct map upstreams; /* name: struct upstream */
	struct rng rng;
	struct tunnel **tunnels;
	size_t ntunnels, tunnels_cap;
	struct buf clean, line, fields, location; /* scratch of one request */
	struct worker_counts counts;
	/* Called on the worker's own thread when it has come to its end. */
	void (*on_end)(void *ctx, struct worker *w);
	void *ctx;
};

/* Makes a worker that listens at fd (taken over) and starts its thread. It
 * takes no connection before worker_open(). */
int worker_start(struct worker *w, size_t number, int fd,
    void (*on_end)(void *ctx, struct worker *w), void *ctx, struct err *err);

/* Messages; from the thread that started it. References are taken. */
void worker_set_table(
    struct worker *w, struct rtable *table, struct options *options);
void worker_open(struct worker *w);
/* Brings counts.http up to date, a moment later. */
void worker_look(struct worker *w);
/* Stops listening, waits for requests under way, then ends the thread. */
void worker_stop(struct worker *w);

/* After on_end: waits for the thread and frees what is left. */
void worker_join(struct worker *w);

/* --- for proxy.c, on the worker's thread --- */

struct view *view_hold(struct worker *w); /* the newest; NULL: none yet */
void view_drop(struct worker *w, struct view *v);
struct upstream *worker_upstream(
    struct worker *w, struct view *v, const struct target *t);
void upstream_drop(struct worker *w, struct upstream *u);

#endif
