/* A client: its pool of connections, its time limits, the ends of turns. */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "common/http/client_inner.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/tls_relay.h"

#define SWEEP_MIN_MS 10

void
http_client_opts_init(struct http_client_opts *o)
{
	*o = (struct http_client_opts){
		.max_conns = HTTP_CLIENT_MAX_CONNS,
		.max_idle = HTTP_CLIENT_MAX_IDLE,
		.idle_ms = HTTP_CLIENT_IDLE_MS,
		.connect_ms = HTTP_CLIENT_CONNECT_MS,
		.max_body = HTTP_CLIENT_MAX_BODY,
	};
}

void
http_client_set(struct http_client *c, const struct http_client_opts *o)
{
	c->opts = *o;
}

/* --- the pool --- */

/* A kept connection for the call, or NULL. One that is certainly open is
 * wanted for what cannot be sent twice. */
static struct http_link *
take_idle(struct http_client *c, const struct http_call *call)
{
	struct http_link *l;

	while ((l = TAILQ_FIRST(&c->idle)) != NULL) {
		if (call->is_safe || link_is_fresh(l))
			return l;
		link_close(l);
	}
	return NULL;
}

void
client_assign(struct http_client *c, struct http_call *call, bool fresh)
{
	struct http_link *l = fresh ? NULL : take_idle(c, call);

	if (c->bad.code != ERR_NONE) {
		call_fail_later(call, c->bad.code, "%s", c->bad.text);
		return;
	}
	if (l == NULL && !client_resolve(c))
		return; /* client_on_resolved() comes back to it */
	if (l == NULL && c->nlinks >= c->opts.max_conns) {
		call_fail_later(
		    call, ERR_BUSY, "%s: too many connections", c->addr);
		return;
	}
	if (l == NULL)
		l = link_new(c);
	if (l == NULL)
		call_fail_later(call, ERR_GONE, "%s: %s", c->addr,
		    c->why != NULL ? c->why : strerror(errno));
	else
		link_begin(l, call);
}

void
client_on_resolved(struct http_client *c, const char *why)
{
	struct http_call *call;

	TAILQ_FOREACH (call, &c->calls, link_entry) {
		if (call->link != NULL || call->failed != NULL || call->over)
			continue;
		if (why != NULL)
			call_fail_later(call, ERR_GONE, "%s: %s", c->addr, why);
		else
			client_assign(c, call, true);
	}
}

/* --- the end of a turn --- */

static void
on_turn_end(evutil_socket_t fd, short what, void *arg)
{
	struct http_client *c = arg;
	struct http_call *call;

	(void)fd;
	(void)what;
	client_enter(c);
	while (!c->doomed && (call = TAILQ_FIRST(&c->run)) != NULL) {
		TAILQ_REMOVE(&c->run, call, run_entry);
		call->in_run = false;
		if (call->over)
			continue;
		if (call->failed != NULL)
			call_finish(call, call->failed);
		else if (call->link != NULL && !call->link->connecting)
			link_resume_input(call->link);
	}
	client_leave(c);
}

void
client_run_later(struct http_call *call)
{
	struct http_client *c = call->client;

	if (call->in_run)
		return;
	call->in_run = true;
	TAILQ_INSERT_TAIL(&c->run, call, run_entry);
	event_active(c->at_turn_end, EV_TIMEOUT, 0);
}

/* --- time limits --- */

void
client_want_sweep(struct http_client *c, uint64_t at_ms)
{
	uint64_t now_ms = loop_now_ms(c->loop);

	if (at_ms == UINT64_MAX)
		return;
	if (at_ms < now_ms + SWEEP_MIN_MS)
		at_ms = now_ms + SWEEP_MIN_MS;
	if (at_ms >= c->sweep_at_ms)
		return;
	c->sweep_at_ms = at_ms;
	loop_timer_set(c->sweep, at_ms - now_ms);
}

/* Ends one call whose time is up; false when there is none. */
static bool
end_late_call(struct http_client *c, uint64_t now_ms)
{
	struct http_call *call;
	struct err err;

	TAILQ_FOREACH (call, &c->calls, link_entry)
		if (call->deadline_ms <= now_ms && !call->over)
			break;
	if (call == NULL)
		return false;
	if (call->link != NULL)
		link_close(call->link);
	err_set(&err, ERR_TIMEOUT, "%s: timed out", c->addr);
	call_finish(call, &err);
	return true;
}

static bool
end_late_link(struct http_client *c, uint64_t now_ms)
{
	struct http_link *l;

	TAILQ_FOREACH (l, &c->links, entry)
		if (l->deadline_ms <= now_ms && !l->dead)
			break;
	if (l == NULL)
		return false;
	if (!l->connecting) {
		link_close(l);
		return true;
	}
	l->deadline_ms = now_ms + c->opts.connect_ms;
	l->busy++;
	link_connect_failed(l, ETIMEDOUT);
	l->busy--;
	link_settle(l);
	return true;
}

static void
on_sweep(void *arg)
{
	struct http_client *c = arg;
	uint64_t now_ms = loop_now_ms(c->loop);
	struct http_call *call;
	struct http_link *l;

	client_enter(c);
	c->sweep_at_ms = UINT64_MAX;
	while (!c->doomed && end_late_call(c, now_ms))
		continue;
	while (!c->doomed && end_late_link(c, now_ms))
		continue;
	TAILQ_FOREACH (call, &c->calls, link_entry)
		client_want_sweep(c, call->deadline_ms);
	TAILQ_FOREACH (l, &c->links, entry)
		client_want_sweep(c, l->deadline_ms);
	client_leave(c);
}

/* --- its life --- */

struct http_client *
http_client_new(struct loop *l, const char *addr)
{
	struct http_client *c = xcalloc(1, sizeof *c);

	c->loop = l;
	c->addr = xstrdup(addr);
	http_addr_host(addr, c->host);
	http_client_opts_init(&c->opts);
	if (http_addr_parse(&c->to, addr, &c->bad) == 0)
		c->bad.code = ERR_NONE;
	TAILQ_INIT(&c->calls);
	TAILQ_INIT(&c->run);
	TAILQ_INIT(&c->links);
	TAILQ_INIT(&c->idle);
	c->sweep_at_ms = UINT64_MAX;
	c->sweep = loop_timer_new(l, on_sweep, c);
	c->at_turn_end = event_new(loop_base(l), -1, 0, on_turn_end, c);
	if (c->at_turn_end == NULL)
		log_fatal("libevent: no memory");
	return c;
}

/* Pending calls fail; those that a callback makes meanwhile just vanish. */
static void
end_calls(struct http_client *c)
{
	struct http_call *call;
	struct err err;
	size_t n = 0;

	err_set(&err, ERR_GONE, "%s: the client is being freed", c->addr);
	TAILQ_FOREACH (call, &c->calls, link_entry)
		n++;
	while ((call = TAILQ_FIRST(&c->calls)) != NULL) {
		if (call->link != NULL)
			link_close(call->link);
		if (n > 0 && !call->over) {
			n--;
			call_finish(call, &err);
		} else {
			call_free(call);
		}
	}
}

static void
destroy(struct http_client *c)
{
	struct http_link *l;

	c->depth++;
	c->doomed = true;
	client_resolve_cancel(c);
	end_calls(c);
	while ((l = TAILQ_FIRST(&c->links)) != NULL)
		link_close(l);
	tls_relay_free(c->tls);
	event_free(c->at_turn_end);
	loop_timer_free(c->sweep);
	free(c->addr);
	free(c);
}

void
http_client_free(struct http_client *c)
{
	if (c == NULL)
		return;
	if (c->depth > 0)
		c->doomed = true;
	else
		destroy(c);
}

void
client_enter(struct http_client *c)
{
	c->depth++;
}

void
client_leave(struct http_client *c)
{
	if (--c->depth == 0 && c->doomed)
		destroy(c);
}
