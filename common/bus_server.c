#include "common/bus.h"

#include <stdlib.h>

#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <uthash.h>

#include "common/bus_nng.h"
#include "common/bus_server_impl.h"
#include "common/due.h"
#include "common/mem.h"
#include "common/tls_relay.h"

/* Requests of one turn. Answered, they make room for the next, so while very
 * many come there is no end of them, and timers must have their turn. */
#define TURN_MAX 128

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

static struct bus_req *
hold(struct bus_context *c, const struct envelope *e)
{
	struct bus_server *s = c->server;
	struct bus_req *r = bus_req_new(c);
	uint64_t wait_ms = e->deadline_ms;

	if (wait_ms == 0 || wait_ms > BUS_MAX_WAIT_MS)
		wait_ms = BUS_MAX_WAIT_MS;
	c->state = CONTEXT_HELD;
	/* Thousands of nodes have some each that are held for minutes. */
	r->arena.is_small = true;
	r->def = bus_def(e->number);
	r->id = e->id;
	r->repeat = (e->flags & ENVELOPE_REPEAT) != 0;
	r->region = arena_strndup(&r->arena, e->region, e->nregion);
	r->token = arena_strndup(&r->arena, e->token, e->ntoken);
	due_add(&s->dues, &r->due, loop_now_ms(s->loop) + wait_ms);
	return r;
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
		bus_on_line_gone(pipe, NNG_PIPE_EV_REM_POST, s);
}

/* Not even an envelope: there is nobody to answer. The line is cut. */
static void
drop(struct bus_context *c, nng_msg *m, const char *why)
{
	struct bus_server *s = c->server;

	refused(s, why);
	note_line(s, nng_msg_get_pipe(m));
	nng_pipe_close(nng_msg_get_pipe(m));
	pthread_mutex_lock(&s->lock);
	bus_to_idle(s, c);
	pthread_mutex_unlock(&s->lock);
}

/* NULL, and the request is refused: it has no such body, or no room. */
static void *
body_of(struct bus_req *r, const struct envelope *e)
{
	struct bus_server *s = r->server;
	void *body = arena_alloc(&r->arena, r->def->body->size);
	struct err err;

	if (rec_unpack(
		r->def->body, body, e->body, e->nbody, &r->arena, &err) == -1) {
		err_add(&err, "%s", r->def->name);
		refused(s, err.text);
		bus_refuse(r, &err);
		return NULL;
	}
	if (s->held_bytes + r->arena.used > BUS_MAX_HELD_BYTES) {
		refused(s, "too much is held");
		bus_refusef(r, ERR_BUSY, "too many bytes of requests are held");
		return NULL;
	}
	bus_req_weigh(r, r->arena.used);
	return body;
}

static void
handle(struct bus_context *c, const struct envelope *e)
{
	struct bus_server *s = c->server;
	const struct bus_route *route = route_find(s, e->number);
	struct bus_req *r = hold(c, e);
	void *body = NULL;

	s->stats.requests++;
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
	if (r->def->body == NULL || (body = body_of(r, e)) != NULL)
		route->fn(s->ctx, r, body);
}

static void
hear(struct bus_context *c)
{
	nng_msg *m = nng_aio_get_msg(c->aio);
	struct envelope e;
	struct err err;

	nng_aio_set_msg(c->aio, NULL);
	if (envelope_unpack(&e, nng_msg_body(m), nng_msg_len(m), &err) == -1) {
		drop(c, m, err.text);
	} else if (e.flags & (ENVELOPE_REPLY | ENVELOPE_TOPIC)) {
		drop(c, m, "no request");
	} else {
		note_line(c->server, nng_msg_get_pipe(m));
		handle(c, &e);
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

static struct bus_context *
next_arrived(struct bus_server *s)
{
	struct bus_context *c;

	pthread_mutex_lock(&s->lock);
	c = s->arrived;
	if (c != NULL)
		s->arrived = c->next;
	if (s->arrived == NULL)
		s->arrived_end = &s->arrived;
	pthread_mutex_unlock(&s->lock);
	return c;
}

static void
on_server_bell(void *arg)
{
	struct bus_server *s = arg;
	struct bus_context *c;
	size_t n = 0;

	s->busy++;
	for (; !s->dead && n < TURN_MAX && (c = next_arrived(s)) != NULL; n++)
		hear(c);
	s->busy--;
	if (s->dead) {
		if (s->busy == 0)
			destroy(s);
		return;
	}
	bus_tend_contexts(s, n);
	set_timer(s);
	if (n == TURN_MAX)
		bus_bell_ring(&s->bell);
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

/* --- the server --- */

static int
server_listen(struct bus_server *s, struct tls_keys *keys, struct err *err)
{
	const char *url = s->url;
	int rv;

	if (bus_url_check(url, err) == -1)
		return -1;
	if (keys != NULL || bus_tls_is_url(url)) {
		s->tls = bus_tls_end_listen(s->loop, url, keys, err);
		if (s->tls == NULL)
			return -1;
		url = bus_tls_end_url(s->tls);
	}
	if ((rv = nng_rep0_open(&s->socket)) != 0)
		return bus_nng_err(err, rv, "open", s->url);
	if (s->tls != NULL)
		bus_tls_own_only(s->socket);
	nng_pipe_notify(s->socket, NNG_PIPE_EV_REM_POST, bus_on_line_gone, s);
	if ((rv = bus_socket_setup(s->socket)) != 0)
		bus_nng_err(err, rv, "set up", s->url);
	else if (bus_listen(s->socket, url, &s->listener, err) == 0)
		return 0;
	nng_close(s->socket);
	return -1;
}

struct bus_server *
bus_serve(struct loop *l, const char *url, const struct bus_route *routes,
    size_t nroutes, void *ctx, struct err *err)
{
	return bus_serve_tls(l, url, NULL, routes, nroutes, ctx, err);
}

struct bus_server *
bus_serve_tls(struct loop *l, const char *url, struct tls_keys *keys,
    const struct bus_route *routes, size_t nroutes, void *ctx, struct err *err)
{
	struct bus_server *s = xcalloc(1, sizeof *s);

	s->loop = l;
	s->url = xstrdup(url);
	s->routes = routes;
	s->nroutes = nroutes;
	s->ctx = ctx;
	s->arrived_end = &s->arrived;
	s->ended_end = &s->ended;
	pthread_mutex_init(&s->lock, NULL);
	if (server_listen(s, keys, err) == -1) {
		bus_tls_end_free(s->tls);
		destroy(s);
		return NULL;
	}
	bus_bell_init(&s->bell, l, on_server_bell, s);
	s->timer = loop_timer_new(l, on_deadline, s);
	bus_tend_contexts(s, 0);
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
		bus_context_free(s->all[s->nall - 1]);
	nng_close(s->socket);
	bus_tls_end_free(s->tls);
	free(s->all);
	bus_forget_ended(s);
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
	if (s->tls != NULL) {
		n = tls_relay_stats(bus_tls_end_relay(s->tls)).refused;
		s->stats.refused += n - s->tls_refused;
		s->tls_refused = n;
	}
	return &s->stats;
}

int
bus_server_port(const struct bus_server *s)
{
	int port;

	if (s->tls != NULL)
		return tls_relay_port(bus_tls_end_relay(s->tls));
	if (nng_listener_get_int(s->listener, NNG_OPT_TCP_BOUND_PORT, &port))
		return 0;
	return port;
}
