#include "common/bus.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <uthash.h>

#include "common/bus_nng.h"
#include "common/due.h"
#include "common/mem.h"

#define RECEIVERS    4 /* contexts that wait for a request */
#define IDLE_KEPT    8 /* contexts that wait for nothing */
#define SCRATCH_KEPT (64u << 10)

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

/* --- on nng's threads --- */

static void
on_line_gone(nng_pipe pipe, nng_pipe_ev what, void *arg)
{
	struct bus_server *s = arg;
	int id = nng_pipe_id(pipe);
	struct known_line *line;

	(void)what;
	pthread_mutex_lock(&s->lock);
	HASH_FIND_INT(s->known, &id, line);
	if (line != NULL) {
		HASH_DEL(s->known, line);
		s->nknown_gone++;
	}
	pthread_mutex_unlock(&s->lock);
	free(line);
}

static void
to_idle(struct bus_server *s, struct bus_req *r)
{
	r->state = REQ_IDLE;
	r->next = s->idle;
	s->idle = r;
	s->nidle++;
}

static bool
to_receiving(struct bus_server *s, struct bus_req *r)
{
	if (s->closing || s->nreceiving >= RECEIVERS)
		return false;
	r->state = REQ_RECEIVING;
	s->nreceiving++;
	return true;
}

static void
to_arrived(struct bus_server *s, struct bus_req *r)
{
	r->state = REQ_ARRIVED;
	r->next = NULL;
	*s->arrived_end = r;
	s->arrived_end = &r->next;
}

/* A send or a receive has ended. A reply that cannot be sent is dropped:
 * who asked is gone, or will time out and ask again. */
static void
on_aio(void *arg)
{
	struct bus_req *r = arg;
	struct bus_server *s = r->server;
	int rv = nng_aio_result(r->aio);
	bool receive = false, ring = false;

	pthread_mutex_lock(&s->lock);
	if (r->state == REQ_SENDING) {
		if (rv != 0)
			nng_msg_free(nng_aio_get_msg(r->aio));
		receive = to_receiving(s, r);
	} else if (rv == 0) {
		s->nreceiving--;
		to_arrived(s, r);
		ring = true;
	} else {
		s->nreceiving--;
	}
	if (!receive && !ring) {
		to_idle(s, r);
		ring = s->nidle > IDLE_KEPT;
	}
	pthread_mutex_unlock(&s->lock);
	if (receive)
		nng_ctx_recv(r->ctx, r->aio);
	if (ring)
		bus_bell_ring(&s->bell);
}

/* --- contexts --- */

static struct bus_req *
req_new(struct bus_server *s)
{
	struct bus_req *r = xcalloc(1, sizeof *r);

	r->server = s;
	if (nng_ctx_open(&r->ctx, s->socket) != 0) {
		free(r);
		return NULL;
	}
	if (nng_aio_alloc(&r->aio, on_aio, r) != 0) {
		nng_ctx_close(r->ctx);
		free(r);
		return NULL;
	}
	s->all = xgrow(s->all, s->nall, &s->all_cap, sizeof(struct bus_req *));
	r->place = s->nall;
	s->all[s->nall++] = r;
	return r;
}

static void
req_free(struct bus_req *r)
{
	struct bus_server *s = r->server;

	nng_aio_stop(r->aio);
	if (r->state == REQ_ARRIVED)
		nng_msg_free(nng_aio_get_msg(r->aio));
	nng_ctx_close(r->ctx);
	nng_aio_free(r->aio);
	arena_release(&r->arena);
	s->all[r->place] = s->all[--s->nall];
	s->all[r->place]->place = r->place;
	free(r);
}

static struct bus_req *
take_idle(struct bus_server *s, bool only_surplus)
{
	struct bus_req *r = s->idle;

	if (r == NULL || (only_surplus && s->nidle <= IDLE_KEPT))
		return NULL;
	s->idle = r->next;
	s->nidle--;
	return r;
}

/* Lets one more context receive. False: enough do, or there is no memory. */
static bool
receive_one(struct bus_server *s)
{
	struct bus_req *r;
	bool receive;

	pthread_mutex_lock(&s->lock);
	receive = s->nreceiving < RECEIVERS;
	r = receive ? take_idle(s, false) : NULL;
	pthread_mutex_unlock(&s->lock);
	if (!receive)
		return false;
	if (r == NULL && (r = req_new(s)) == NULL)
		return false;
	pthread_mutex_lock(&s->lock);
	receive = to_receiving(s, r);
	if (!receive)
		to_idle(s, r);
	pthread_mutex_unlock(&s->lock);
	if (receive)
		nng_ctx_recv(r->ctx, r->aio);
	return receive;
}

/* Keeps enough contexts receiving, and not too many idle. */
static void
tend_contexts(struct bus_server *s)
{
	struct bus_req *surplus;

	while (receive_one(s))
		;
	for (;;) {
		pthread_mutex_lock(&s->lock);
		surplus = take_idle(s, true);
		pthread_mutex_unlock(&s->lock);
		if (surplus == NULL)
			return;
		req_free(surplus);
	}
}

/* --- requests --- */

static const struct bus_route *
route_find(const struct bus_server *s, uint16_t number)
{
	for (size_t i = 0; i < s->nroutes; i++)
		if (s->routes[i].number == number)
			return &s->routes[i];
	return NULL;
}

static void
set_timer(struct bus_server *s)
{
	struct due *first = due_first(&s->dues);
	uint64_t now_ms = loop_now_ms(s->loop);

	if (first == NULL)
		loop_timer_cancel(s->timer);
	else
		loop_timer_set(s->timer,
		    first->at_ms > now_ms ? first->at_ms - now_ms : 0);
}

static void
hold(struct bus_req *r, const struct envelope *e)
{
	struct bus_server *s = r->server;
	uint64_t wait_ms = e->deadline_ms;

	if (wait_ms == 0 || wait_ms > BUS_MAX_WAIT_MS)
		wait_ms = BUS_MAX_WAIT_MS;
	r->state = REQ_HELD;
	r->id = e->id;
	r->repeat = (e->flags & ENVELOPE_REPEAT) != 0;
	r->region = arena_strndup(&r->arena, e->region, e->nregion);
	r->token = arena_strndup(&r->arena, e->token, e->ntoken);
	r->on_expire = NULL;
	s->nheld++;
	due_add(&s->dues, &r->due, loop_now_ms(s->loop) + wait_ms);
}

static void
refused(struct bus_server *s, const char *why)
{
	s->stats.refused++;
	bus_complain(&s->complaint, loop_now_ms(s->loop), s->url, why, 1);
}

static void
note_line(struct bus_server *s, nng_pipe pipe)
{
	int id = nng_pipe_id(pipe);
	struct known_line *line;
	nng_sockaddr addr;

	pthread_mutex_lock(&s->lock);
	HASH_FIND_INT(s->known, &id, line);
	if (line == NULL) {
		line = xcalloc(1, sizeof *line);
		line->pipe = id;
		HASH_ADD_INT(s->known, pipe, line);
	}
	pthread_mutex_unlock(&s->lock);
	/* It may have gone before we heard what it brought. */
	if (nng_pipe_get_addr(pipe, NNG_OPT_REMADDR, &addr) != 0)
		on_line_gone(pipe, NNG_PIPE_EV_REM_POST, s);
}

/* Not even an envelope: there is nobody to answer. The line is cut. */
static void
drop(struct bus_req *r, nng_msg *m, const char *why)
{
	struct bus_server *s = r->server;

	refused(s, why);
	note_line(s, nng_msg_get_pipe(m));
	nng_pipe_close(nng_msg_get_pipe(m));
	pthread_mutex_lock(&s->lock);
	to_idle(s, r);
	pthread_mutex_unlock(&s->lock);
}

static void
handle(struct bus_req *r, const struct envelope *e)
{
	struct bus_server *s = r->server;
	const struct bus_route *route = route_find(s, e->number);
	void *body = NULL;
	struct err err;

	s->stats.requests++;
	hold(r, e);
	if (s->nheld > BUS_MAX_HELD) {
		bus_refusef(r, ERR_BUSY, "too many requests are held");
		return;
	}
	if (r->def == NULL || route == NULL) {
		refused(s, "unknown message");
		bus_refusef(
		    r, ERR_BAD, "message %u is not known here", e->number);
		return;
	}
	if (r->def->body != NULL) {
		body = arena_alloc(&r->arena, r->def->body->size);
		if (rec_unpack(r->def->body, body, e->body, e->nbody, &r->arena,
			&err) == -1) {
			err_add(&err, "%s", r->def->name);
			refused(s, err.text);
			bus_refuse(r, &err);
			return;
		}
	}
	route->fn(s->ctx, r, body);
}

static void
hear(struct bus_req *r)
{
	nng_msg *m = nng_aio_get_msg(r->aio);
	struct envelope e;
	struct err err;

	nng_aio_set_msg(r->aio, NULL);
	if (envelope_unpack(&e, nng_msg_body(m), nng_msg_len(m), &err) == -1) {
		drop(r, m, err.text);
	} else if (e.flags & (ENVELOPE_REPLY | ENVELOPE_TOPIC)) {
		drop(r, m, "no request");
	} else {
		note_line(r->server, nng_msg_get_pipe(m));
		r->def = bus_def(e.number);
		handle(r, &e);
	}
	nng_msg_free(m);
}

static void
destroy(struct bus_server *s)
{
	struct known_line *line, *next;

	HASH_ITER(hh, s->known, line, next)
	{
		HASH_DEL(s->known, line);
		free(line);
	}
	pthread_mutex_destroy(&s->lock);
	free(s->url);
	free(s);
}

static struct bus_req *
next_arrived(struct bus_server *s)
{
	struct bus_req *r;

	pthread_mutex_lock(&s->lock);
	r = s->arrived;
	if (r != NULL)
		s->arrived = r->next;
	if (s->arrived == NULL)
		s->arrived_end = &s->arrived;
	pthread_mutex_unlock(&s->lock);
	return r;
}

static void
on_server_bell(void *arg)
{
	struct bus_server *s = arg;
	struct bus_req *r;

	s->busy++;
	while (!s->dead && (r = next_arrived(s)) != NULL)
		hear(r);
	s->busy--;
	if (s->dead) {
		if (s->busy == 0)
			destroy(s);
		return;
	}
	tend_contexts(s);
	set_timer(s);
}

static void
expire(struct bus_req *r)
{
	due_remove(&r->server->dues, &r->due);
	if (r->on_expire != NULL)
		r->on_expire(r->on_expire_ctx, r);
	else
		bus_refusef(r, ERR_TIMEOUT, "no answer in time");
}

static void
on_deadline(void *arg)
{
	struct bus_server *s = arg;
	uint64_t now_ms = loop_now_ms(s->loop);
	struct due *d;

	s->busy++;
	while (
	    !s->dead && (d = due_first(&s->dues)) != NULL && d->at_ms <= now_ms)
		expire(DUE_OF(d, struct bus_req, due));
	s->busy--;
	if (!s->dead)
		set_timer(s);
	else if (s->busy == 0)
		destroy(s);
}

/* --- answering --- */

static void
answer(struct bus_req *r, uint8_t flags, const struct rec_type *type,
    const void *body)
{
	struct bus_server *s = r->server;
	struct envelope e = { .flags = ENVELOPE_REPLY | flags, .id = r->id };

	assert(r->state == REQ_HELD);
	e.number = r->def == NULL ? 0 : r->def->number;
	buf_reset(&s->scratch);
	envelope_pack(&e, &s->scratch);
	if (type != NULL)
		rec_pack(type, body, &s->scratch);
	due_remove(&s->dues, &r->due);
	s->nheld--;
	s->stats.replies++;
	arena_release(&r->arena);
	nng_aio_set_msg(r->aio, bus_msg(&s->scratch));
	if (s->scratch.cap > SCRATCH_KEPT)
		buf_release(&s->scratch);
	pthread_mutex_lock(&s->lock);
	r->state = REQ_SENDING;
	pthread_mutex_unlock(&s->lock);
	nng_ctx_send(r->ctx, r->aio);
}

void
bus_reply(struct bus_req *req, const void *reply)
{
	const struct rec_type *type = req->def->reply;

	assert(type == NULL || reply != NULL);
	answer(req, 0, type, reply);
}

void
bus_refuse(struct bus_req *req, const struct err *err)
{
	char text[ERR_TEXT_MAX];
	struct bus_failure f = { .code = (uint64_t)err->code, .text = text };

	memcpy(text, err->text, sizeof text);
	answer(req, ENVELOPE_FAILURE, &bus_failure_type, &f);
}

void
bus_refusef(struct bus_req *req, enum err_code code, const char *fmt, ...)
{
	struct err err = { .code = code };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err.text, sizeof err.text, fmt, ap);
	va_end(ap);
	bus_refuse(req, &err);
}

void
bus_on_expire(
    struct bus_req *req, void (*fn)(void *ctx, struct bus_req *req), void *ctx)
{
	req->on_expire = fn;
	req->on_expire_ctx = ctx;
}

uint64_t
bus_deadline_ms(const struct bus_req *req)
{
	return req->due.at_ms;
}

uint16_t
bus_number(const struct bus_req *req)
{
	return req->def->number;
}

uint64_t
bus_id(const struct bus_req *req)
{
	return req->id;
}

bool
bus_is_repeat(const struct bus_req *req)
{
	return req->repeat;
}

const char *
bus_token(const struct bus_req *req)
{
	return req->token;
}

const char *
bus_region(const struct bus_req *req)
{
	return req->region;
}

/* --- the server --- */

static int
server_listen(struct bus_server *s, struct err *err)
{
	int rv;

	if (bus_url_check(s->url, err) == -1)
		return -1;
	if ((rv = nng_rep0_open(&s->socket)) != 0)
		return bus_nng_err(err, rv, "open", s->url);
	nng_pipe_notify(s->socket, NNG_PIPE_EV_REM_POST, on_line_gone, s);
	if ((rv = bus_socket_setup(s->socket)) != 0)
		bus_nng_err(err, rv, "set up", s->url);
	else if (bus_listen(s->socket, s->url, &s->listener, err) == 0)
		return 0;
	nng_close(s->socket);
	return -1;
}

struct bus_server *
bus_serve(struct loop *l, const char *url, const struct bus_route *routes,
    size_t nroutes, void *ctx, struct err *err)
{
	struct bus_server *s = xcalloc(1, sizeof *s);

	s->loop = l;
	s->url = xstrdup(url);
	s->routes = routes;
	s->nroutes = nroutes;
	s->ctx = ctx;
	s->arrived_end = &s->arrived;
	pthread_mutex_init(&s->lock, NULL);
	if (server_listen(s, err) == -1) {
		destroy(s);
		return NULL;
	}
	bus_bell_init(&s->bell, l, on_server_bell, s);
	s->timer = loop_timer_new(l, on_deadline, s);
	tend_contexts(s);
	return s;
}

void
bus_server_free(struct bus_server *s)
{
	if (s == NULL)
		return;
	pthread_mutex_lock(&s->lock);
	s->closing = true;
	pthread_mutex_unlock(&s->lock);
	while (s->nall > 0)
		req_free(s->all[s->nall - 1]);
	nng_close(s->socket);
	free(s->all);
	bus_bell_release(&s->bell);
	loop_timer_free(s->timer);
	dues_release(&s->dues);
	buf_release(&s->scratch);
	s->dead = true;
	if (s->busy == 0)
		destroy(s);
}

/*
 * nng closes some lines by itself and only counts them, together with those
 * that came to their natural end. What is known is taken off.
 */
const struct bus_stats *
bus_server_stats(struct bus_server *s)
{
	uint64_t n = bus_refused_by_nng(s->listener), nknown;

	pthread_mutex_lock(&s->lock);
	nknown = s->nknown_gone;
	pthread_mutex_unlock(&s->lock);
	n = n > nknown ? n - nknown : 0;
	if (n > s->complaint.seen) {
		s->stats.refused += n - s->complaint.seen;
		bus_complain(&s->complaint, loop_now_ms(s->loop), s->url,
		    "closed without a request: garbage, too large or too slow",
		    n - s->complaint.seen);
		s->complaint.seen = n;
	}
	return &s->stats;
}

int
bus_server_port(const struct bus_server *s)
{
	int port;

	if (nng_listener_get_int(s->listener, NNG_OPT_TCP_BOUND_PORT, &port))
		return 0;
	return port;
}
