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
 * A context of the socket and what it is at. nng's threads own it while it is
 * receiving or sending, the loop's thread in the other states; the server's
 * lock is held at each change.
 */
enum context_state {
	CONTEXT_IDLE,
	CONTEXT_RECEIVING,
	CONTEXT_ARRIVED,
	CONTEXT_HELD,
	CONTEXT_SENDING
};

struct bus_context {
	struct bus_server *server;
	struct bus_context
	    *next;    /* on the list of the arrived or of the idle */
	size_t place; /* in server->all */
	enum context_state state;
	nng_ctx ctx;
	nng_aio *aio;
	struct bus_req *req; /* that it holds, or NULL */
};

/*
 * What a handler sees. It is its own for one request, and has ended when it
 * is answered; then it lies in the server's `ended` for a while, so that who
 * still holds it meets the assert in answer() and not somebody else's request.
 */
struct bus_req {
	struct bus_server *server;
	struct bus_context *context; /* NULL: it has ended */
	struct bus_req *next_ended;
	const struct msg_def *def;
	uint64_t id;
	bool repeat;
	const char *region, *token; /* in the arena */
	struct arena arena;
	size_t nbytes; /* counted in server->held_bytes */
	struct due due;
	void (*on_expire)(void *ctx, struct bus_req *req);
	void *on_expire_ctx;
};

/* Ended requests that one server keeps to catch who answers them late. */
#define BUS_ENDED_KEPT 1024

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
	struct bus_tls_end *tls; /* NULL: none */
	uint64_t tls_refused;    /* of it, as counted in stats */
	struct bus_bell bell;
	struct loop_timer *timer; /* for the first of dues */
	struct dues dues;
	struct bus_stats stats;
	struct bus_complaint complaint;
	struct buf scratch;
	struct bus_context **all;
	size_t nall, all_cap;
	size_t nheld, held_bytes;
	struct bus_req *ended, **ended_end; /* the oldest first */
	size_t nended;
	unsigned busy; /* callbacks under way: do not destroy */
	bool dead;

	pthread_mutex_t lock;
	struct bus_context *arrived, **arrived_end;
	struct bus_context *idle;
	size_t nidle, nreceiving;
	size_t nwanted;           /* that receive */
	struct known_line *known; /* by pipe, while they are up */
	uint64_t nknown_gone;
	bool closing;
};

/* --- bus_context.c --- */

/* On nng's threads, or for a line that has gone before it was known. */
void bus_on_line_gone(nng_pipe pipe, nng_pipe_ev what, void *arg);
/* Puts a context that waits for nothing aside; the lock is held. */
void bus_to_idle(struct bus_server *s, struct bus_context *c);
/* Stops it, whatever it is at; on the loop's thread. A request that it holds
 * is dropped. */
void bus_context_free(struct bus_context *c);
/* Keeps enough contexts receiving, and not too many idle; so many requests
 * were taken just now. */
void bus_tend_contexts(struct bus_server *s, size_t narrived);

/* --- bus_answer.c --- */

/* A request that c holds from now on. */
struct bus_req *bus_req_new(struct bus_context *c);
/* Says that it has its body: nbytes are held until it ends. */
void bus_req_weigh(struct bus_req *r, size_t nbytes);
/* It is not held any more, and its arena is empty. */
void bus_req_end(struct bus_req *r);
/* Empties server->ended. */
void bus_forget_ended(struct bus_server *s);

#endif
