#include "common/bus.h"

#include <stdlib.h>

#include <nng/nng.h>

#include "common/bus_server_impl.h"
#include "common/due.h"
#include "common/mem.h"
#include "common/tls_relay.h"

static void
destroy(struct bus_server *s)
{
	free(s->url);
	free(s);
}

/* The last step of all that calls the owner: true if it has freed the server.
 */
static bool
leave(struct bus_server *s)
{
	s->busy--;
	if (!s->dead)
		return false;
	if (s->busy == 0)
		destroy(s);
	return true;
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

/* When it rings too soon, it is set anew. */
static void
set_timer(struct bus_server *s)
{
	struct due *first = due_first(&s->dues);
	uint64_t now_ms = loop_now_ms(s->loop);

	if (first == NULL ||
	    (s->timer_at_ms != 0 && s->timer_at_ms <= first->at_ms))
		return;
	s->timer_at_ms = first->at_ms;
	loop_timer_set(
	    s->timer, first->at_ms > now_ms ? first->at_ms - now_ms : 0);
}

static struct bus_req *
hold(struct bus_caller *c, uint32_t head, const struct envelope *e)
{
	struct bus_req *r = bus_req_new(c);
	uint64_t wait_ms = e->deadline_ms;

	if (wait_ms == 0 || wait_ms > BUS_MAX_WAIT_MS)
		wait_ms = BUS_MAX_WAIT_MS;
	/* Thousands of nodes have some each that are held for minutes. */
	r->arena.is_small = true;
	r->head = head;
	r->def = bus_def(e->number);
	r->id = e->id;
	r->repeat = (e->flags & ENVELOPE_REPEAT) != 0;
	r->region = r->token = "";
	if (e->nregion > 0)
		r->region = arena_strndup(&r->arena, e->region, e->nregion);
	if (e->ntoken > 0)
		r->token = arena_strndup(&r->arena, e->token, e->ntoken);
	r->due.at_ms = loop_now_ms(c->server->loop) + wait_ms;
	return r;
}

static void
refused(struct bus_server *s, const char *why)
{
	s->stats.refused++;
	bus_complain(&s->complaint, loop_now_ms(s->loop), s->url, why, 1);
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
handle(struct bus_req *r, const struct envelope *e)
{
	struct bus_server *s = r->server;
	const struct bus_route *route = route_find(s, e->number);
	void *body = NULL;

	s->stats.requests++;
	if (s->nheld > BUS_MAX_HELD) {
		refused(s, "too many are held");
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

/* Most are answered by their handler; the others have a deadline. */
static void
hear(struct bus_caller *c, uint32_t head, const struct envelope *e)
{
	struct bus_server *s = c->server;
	struct bus_req *r = hold(c, head, e);

	s->heard = r;
	s->busy++;
	handle(r, e);
	if (leave(s))
		return;
	if (s->heard == r) {
		due_add(&s->dues, &r->due, r->due.at_ms);
		set_timer(s);
	}
	s->heard = NULL;
}

/* --- callers --- */

/* Not even an envelope: there is nobody to answer. The line is cut. */
static void
on_message(struct bus_line *l, const uint8_t *p, size_t n)
{
	struct bus_caller *c = (struct bus_caller *)l;
	const char *why = "no request";
	struct envelope e;
	struct err err;
	uint32_t head;

	if (bus_frame_take_head(&p, &n, &head)) {
		if (envelope_unpack(&e, p, n, &err) == -1) {
			why = err.text;
		} else if (!(e.flags & (ENVELOPE_REPLY | ENVELOPE_TOPIC))) {
			hear(c, head, &e);
			return;
		}
	}
	refused(c->server, why);
	bus_line_cut(l, NULL);
}

static void
caller_free(struct bus_caller *c)
{
	while (!LIST_EMPTY(&c->held))
		bus_req_orphan(LIST_FIRST(&c->held));
	LIST_REMOVE(c, entry);
	c->server->ncallers--;
	bus_line_free(&c->line);
}

static void
on_caller_gone(struct bus_line *l, const char *why)
{
	struct bus_caller *c = (struct bus_caller *)l;

	if (why != NULL)
		refused(c->server, why);
	caller_free(c);
}

static const struct bus_line_type caller_type = {
	.self = BUS_REP,
	.peer = BUS_REQ,
	.is_patient = true,
	.on_message = on_message,
	.on_gone = on_caller_gone,
};

static void
on_stream(void *ctx, nng_stream *stream)
{
	struct bus_server *s = ctx;
	struct bus_caller *c;

	const char *bad = NULL;

	if (s->tls != NULL && !bus_tls_is_own(stream))
		bad = "another process";
	else if (s->ncallers >= BUS_MAX_CALLERS)
		bad = "too many connections";
	if (bad != NULL) {
		nng_stream_close(stream);
		nng_stream_free(stream);
		refused(s, bad);
		return;
	}
	c = xcalloc(1, sizeof *c);
	c->server = s;
	s->ncallers++;
	LIST_INSERT_HEAD(&s->callers, c, entry);
	bus_line_start(&c->line, &caller_type, s->hub, s->url, stream);
}

/* --- deadlines --- */

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
	s->timer_at_ms = 0;
	while (
	    !s->dead && (d = due_first(&s->dues)) != NULL && d->at_ms <= now_ms)
		expire(DUE_OF(d, struct bus_req, due));
	if (!leave(s))
		set_timer(s);
}

/* --- the server --- */

static int
server_listen(struct bus_server *s, struct tls_keys *keys, struct err *err)
{
	const char *url = s->url;

	if (bus_url_check(url, err) == -1)
		return -1;
	if (keys != NULL || bus_tls_is_url(url)) {
		s->tls = bus_tls_end_listen(s->loop, url, keys, err);
		if (s->tls == NULL)
			return -1;
		url = bus_tls_end_url(s->tls);
	}
	s->hub = bus_hub_new(s->loop);
	return bus_listener_init(&s->listener, s->hub, url, on_stream, s, err);
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
	s->ended_end = &s->ended;
	LIST_INIT(&s->callers);
	if (server_listen(s, keys, err) == -1) {
		bus_hub_free(s->hub);
		bus_tls_end_free(s->tls);
		destroy(s);
		return NULL;
	}
	s->timer = loop_timer_new(l, on_deadline, s);
	return s;
}

void
bus_server_free(struct bus_server *s)
{
	if (s == NULL)
		return;
	s->dead = true;
	bus_listener_release(&s->listener);
	while (!LIST_EMPTY(&s->callers))
		caller_free(LIST_FIRST(&s->callers));
	bus_hub_free(s->hub);
	bus_tls_end_free(s->tls);
	bus_drop_held(s);
	loop_timer_free(s->timer);
	dues_release(&s->dues);
	buf_release(&s->scratch);
	if (s->busy == 0)
		destroy(s);
}

const struct bus_stats *
bus_server_stats(struct bus_server *s)
{
	uint64_t n;

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
	if (s->tls != NULL)
		return tls_relay_port(bus_tls_end_relay(s->tls));
	return bus_listener_port(&s->listener);
}
