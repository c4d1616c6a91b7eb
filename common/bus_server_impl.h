/*
 * Inside bus_server.c and bus_answer.c: a server, its callers, their requests.
 */
#ifndef COMMON_BUS_SERVER_IMPL_H
#define COMMON_BUS_SERVER_IMPL_H

#include <sys/queue.h>

#include "common/arena.h"
#include "common/bus.h"
#include "common/bus_ends.h"
#include "common/bus_line.h"
#include "common/bus_nng.h"
#include "common/due.h"

LIST_HEAD(bus_reqs, bus_req);
LIST_HEAD(bus_callers, bus_caller);

/* Who has connected. What it has asked is held beyond its connection, for a
 * handler may still be at it. */
struct bus_caller {
	struct bus_line line;
	struct bus_server *server;
	LIST_ENTRY(bus_caller) entry;
	struct bus_reqs held;
};

/*
 * What a handler sees. It is its own for one request, and has ended when it
 * is answered; then it lies in the server's `ended` for a while, so that who
 * still holds it meets the assert in answer() and not somebody else's request.
 */
struct bus_req {
	struct bus_server *server;
	struct bus_caller *caller; /* NULL: it has gone, or this has ended */
	union {
		LIST_ENTRY(bus_req) entry; /* caller->held, or orphans */
		struct bus_req *next_ended;
	};
	const struct msg_def *def;
	uint64_t id;
	const char *region, *token; /* in the arena */
	struct arena arena;
	size_t nbytes; /* counted in server->held_bytes */
	struct due due;
	void (*on_expire)(void *ctx, struct bus_req *req);
	void *on_expire_ctx;
	uint32_t head; /* of the message, goes before the answer */
	bool repeat, is_held;
};

/* Ended requests that one server keeps to catch who answers them late. */
#define BUS_ENDED_KEPT 1024

struct bus_server {
	struct loop *loop;
	char *url;
	const struct bus_route *routes;
	size_t nroutes;
	void *ctx;
	struct bus_hub *hub;
	struct bus_listener listener;
	struct bus_callers callers;
	size_t ncallers;
	struct bus_tls_end *tls;  /* NULL: none */
	uint64_t tls_refused;     /* of it, as counted in stats */
	struct loop_timer *timer; /* for the first of dues */
	uint64_t timer_at_ms;     /* it is set for; 0: it is not */
	struct dues dues;
	struct bus_stats stats;
	struct bus_complaint complaint;
	struct buf scratch;
	struct bus_req *heard;   /* whose handler is called, while it is held */
	struct bus_reqs orphans; /* held, and their callers have gone */
	size_t nheld, held_bytes;
	struct bus_req *ended, **ended_end; /* the oldest first */
	size_t nended;
	unsigned busy; /* callbacks under way: do not destroy */
	bool dead;
};

/* --- bus_answer.c --- */

/* A request of the caller's, held from now on. */
struct bus_req *bus_req_new(struct bus_caller *c);
/* Says that it has its body: nbytes are held until it ends. */
void bus_req_weigh(struct bus_req *r, size_t nbytes);
/* Nobody waits for the answer any more. */
void bus_req_orphan(struct bus_req *r);
/* Drops what has no caller and is held, and forgets what has ended. */
void bus_drop_held(struct bus_server *s);

#endif
