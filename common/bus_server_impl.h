/*
 * Inside bus_server.c and its siblings: a server and its requests.
 */
#ifndef COMMON_BUS_SERVER_IMPL_H
#define COMMON_BUS_SERVER_IMPL_H

#include <nng/nng.h>
#include <uthash.h>

#include "common/bus.h"
#include "common/bus_nng.h"
#include "common/due.h"

/*
 * Where a request stands. nng's threads own it while it is receiving or
 * sending, the loop's thread in the other states; the server's lock is held
 * at each change.
 */
enum req_state { REQ_IDLE, REQ_RECEIVING, REQ_ARRIVED, REQ_HELD, REQ_SENDING };

struct bus_req {
	struct bus_server *server;
	struct bus_req *next; /* on the list of the arrived or of the idle */
	size_t place;         /* in server->all */
	enum req_state state;
	nng_ctx ctx;
	nng_aio *aio;

	/* Of the request that it holds. */
	const struct msg_def *def;
	uint64_t id;
	bool repeat;
	const char *region, *token; /* in the arena */
	struct arena arena;
	struct due due;
	void (*on_expire)(void *ctx, struct bus_req *req);
	void *on_expire_ctx;
};

/* A line whose end is no news: it has brought an envelope, or what it brought
 * was refused and counted. */
struct known_line {
	int pipe;
	UT_hash_handle hh;
};

struct bus_server {
	struct loop *loop;
	char *url;
	const struct bus_route *routes;
	size_t nroutes;
	void *ctx;
	nng_socket socket;
	nng_listener listener;
	struct bus_bell bell;
	struct loop_timer *timer; /* for the first of dues */
	struct dues dues;
	struct bus_stats stats;
	struct bus_complaint complaint;
	struct buf scratch;
	struct bus_req **all;
	size_t nall, all_cap;
	size_t nheld;
	unsigned busy; /* callbacks under way: do not destroy */
	bool dead;

	pthread_mutex_t lock;
	struct bus_req *arrived, **arrived_end;
	struct bus_req *idle;
	size_t nidle, nreceiving;
	struct known_line *known; /* by pipe, while they are up */
	uint64_t nknown_gone;
	bool closing;
};

/* --- bus_context.c --- */

/* On nng's threads, or for a line that has gone before it was known. */
void bus_on_line_gone(nng_pipe pipe, nng_pipe_ev what, void *arg);
/* Puts a request that waits for nothing aside; the lock is held. */
void bus_to_idle(struct bus_server *s, struct bus_req *r);
/* Stops it, whatever it is at; on the loop's thread. */
void bus_req_free(struct bus_req *r);
/* Keeps enough contexts receiving, and not too many idle. */
void bus_tend_contexts(struct bus_server *s);

#endif
