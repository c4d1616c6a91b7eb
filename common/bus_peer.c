#include "common/bus.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <nng/nng.h>

#include "common/bus_nng.h"
#include "common/bus_peer_impl.h"
#include "common/due.h"
#include "common/mem.h"

#define TENTH_MAX_MS 1000 /* see bus_call() */
/* A connection between machines that owes an answer and brings nothing for so
 * long is given up: packets that were lost for a while are sent again ever
 * more seldom, and a new connection is there sooner. */
#define SILENT_MS 5000

static void
destroy(struct bus_peer *p)
{
	free(p->url);
	free(p->token);
	free(p->region);
	free(p);
}

/* The last step of all that calls the owner: true if it has freed the peer. */
static bool
leave(struct bus_peer *p)
{
	p->busy--;
	if (!p->dead)
		return false;
	if (p->busy == 0)
		destroy(p);
	return true;
}

static void
set_timer(struct bus_peer *p)
{
	struct due *first = due_first(&p->dues);
	uint64_t now_ms = loop_now_ms(p->loop);

	if (first == NULL)
		loop_timer_cancel(p->timer);
	else
		loop_timer_set(p->timer,
		    first->at_ms > now_ms ? first->at_ms - now_ms : 0);
}

/* --- the link, the clock --- */

/* What was sent on a lost connection is sent once more. */
static void
lose(struct bus_peer *p, struct call *c)
{
	if (c->repeated) {
		c->failed = ERR_GONE;
		due_remove(&p->dues, &c->due);
		due_add(&p->dues, &c->due, loop_now_ms(p->loop));
		return;
	}
	c->repeated = true;
	c->is_sent = false;
	c->bytes.data[3] |= ENVELOPE_REPEAT;
}

static void
on_up(struct bus_line *l)
{
	struct bus_peer *p = ((struct peer_line *)l)->peer;

	bus_dialer_worked(&p->dialer);
	bus_call_send_waiting(p);
	set_timer(p);
	if (p->on_link != NULL)
		p->on_link(p->link_ctx, true);
}

static void
on_drained(struct bus_line *l)
{
	bus_call_send_waiting(((struct peer_line *)l)->peer);
}

static void
on_message(struct bus_line *l, const uint8_t *bytes, size_t n)
{
	struct bus_peer *p = ((struct peer_line *)l)->peer;

	p->busy++;
	bus_call_hear(p, bytes, n);
	if (!leave(p))
		set_timer(p);
}

static void
on_line_gone(struct bus_line *l, const char *why)
{
	struct bus_peer *p = ((struct peer_line *)l)->peer;
	bool was_up = l->is_up;

	if (why != NULL)
		bus_complain(
		    &p->complaint, loop_now_ms(p->loop), p->url, why, 1);
	bus_line_free(l);
	p->line = NULL;
	p->clogged = false;
	bus_dialer_again(&p->dialer);
	if (!was_up)
		return;
	for (struct call *c = p->calls; c != NULL; c = c->next)
		if (c->is_sent && c->failed == ERR_NONE)
			lose(p, c);
	set_timer(p);
	if (p->on_link != NULL)
		p->on_link(p->link_ctx, false);
}

static const struct bus_line_type line_type = {
	.self = BUS_REQ,
	.peer = BUS_REP,
	.on_up = on_up,
	.on_message = on_message,
	.on_drained = on_drained,
	.on_gone = on_line_gone,
};

static void
on_stream(void *ctx, nng_stream *stream)
{
	struct bus_peer *p = ctx;

	p->line = xcalloc(1, sizeof *p->line);
	p->line->peer = p;
	bus_line_start(&p->line->line, &line_type, p->hub, p->url, stream);
}

static bool
is_silent(const struct bus_peer *p, uint64_t now_ms)
{
	const struct bus_line *l = &p->line->line;

	return bus_peer_is_up(p) && !l->is_ipc &&
	       now_ms >= l->heard_ms + SILENT_MS;
}

static void
time_out(struct bus_peer *p, struct call *c, uint64_t now_ms)
{
	if (c->is_sent && is_silent(p, now_ms))
		bus_line_cut(&p->line->line, NULL);
	bus_call_fail(p, c, c->is_sent ? ERR_TIMEOUT : ERR_GONE);
}

static void
on_deadline(void *arg)
{
	struct bus_peer *p = arg;
	uint64_t now_ms = loop_now_ms(p->loop);
	struct due *d;

	p->busy++;
	while (!p->dead && (d = due_first(&p->dues)) != NULL &&
	       d->at_ms <= now_ms) {
		struct call *c = DUE_OF(d, struct call, due);

		if (c->failed != ERR_NONE)
			bus_call_fail(p, c, c->failed);
		else
			time_out(p, c, now_ms);
	}
	if (leave(p))
		return;
	bus_call_send_waiting(p);
	set_timer(p);
}

/* --- asking --- */

static void
compose(struct bus_peer *p, struct call *c, const void *body, uint64_t wait_ms)
{
	uint64_t less_ms =
	    wait_ms / 10 < TENTH_MAX_MS ? wait_ms / 10 : TENTH_MAX_MS;
	struct envelope e = { .number = c->def->number, .id = c->id };

	e.deadline_ms = (uint32_t)(wait_ms - less_ms);
	e.region = p->region;
	e.nregion = p->region == NULL ? 0 : strlen(p->region);
	e.token = p->token;
	e.ntoken = p->token == NULL ? 0 : strlen(p->token);
	envelope_pack(&e, &c->bytes);
	if (c->def->body != NULL)
		rec_pack(c->def->body, body, &c->bytes);
}

void
bus_call(struct bus_peer *p, uint16_t number, const void *body,
    uint64_t timeout_ms, bus_on_reply *on_reply, void *ctx)
{
	struct call *c = xcalloc(1, sizeof *c);
	uint64_t wait_ms = timeout_ms;

	if (wait_ms == 0 || wait_ms > BUS_MAX_WAIT_MS)
		wait_ms = BUS_MAX_WAIT_MS;
	assert(!p->dead);
	c->def = bus_def(number);
	assert(c->def != NULL);
	c->id = bus_call_next_id();
	c->on_reply = on_reply;
	c->ctx = ctx;
	if (p->ncalls >= BUS_MAX_INFLIGHT) {
		c->failed = ERR_BUSY;
		wait_ms = 0;
	} else {
		compose(p, c, body, wait_ms);
		if (c->bytes.len > BUS_MAX_MSG) {
			c->failed = ERR_BAD;
			wait_ms = 0;
		}
	}
	bus_call_link(p, c);
	due_add(&p->dues, &c->due, loop_now_ms(p->loop) + wait_ms);
	if (c->failed == ERR_NONE && bus_peer_is_up(p) && !p->clogged)
		p->clogged = !bus_call_send(p, c);
	set_timer(p);
}

/* --- the peer --- */

static int
peer_dial(
    struct bus_peer *p, enum bus_haste haste, const char *name, struct err *err)
{
	const char *url = p->url;

	if (bus_tls_is_dialled(url)) {
		if ((p->tls = bus_tls_end_dial(p->loop, url, name, err)) ==
		    NULL)
			return -1;
		url = bus_tls_end_url(p->tls);
	}
	return bus_dialer_init(
	    &p->dialer, p->hub, url, haste, on_stream, p, err);
}

static struct bus_peer *
peer_new(struct loop *l, const char *url, enum bus_haste haste,
    const char *name, struct err *err)
{
	struct bus_peer *p;

	if (bus_url_check(url, err) == -1)
		return NULL;
	p = xcalloc(1, sizeof *p);
	p->loop = l;
	p->url = xstrdup(url);
	p->calls_end = &p->calls;
	p->hub = bus_hub_new(l);
	if (peer_dial(p, haste, name, err) == -1) {
		bus_tls_end_free(p->tls);
		bus_hub_free(p->hub);
		destroy(p);
		return NULL;
	}
	p->timer = loop_timer_new(l, on_deadline, p);
	return p;
}

struct bus_peer *
bus_dial(struct loop *l, const char *url, struct err *err)
{
	return peer_new(l, url, BUS_CALM, NULL, err);
}

struct bus_peer *
bus_dial_named(
    struct loop *l, const char *url, const char *name, struct err *err)
{
	return peer_new(l, url, BUS_CALM, name, err);
}

struct bus_peer *
bus_dial_keen(struct loop *l, const char *url, struct err *err)
{
	return peer_new(l, url, BUS_KEEN, NULL, err);
}

struct bus_peer *
bus_dial_now(struct loop *l, const char *url, struct err *err)
{
	return peer_new(l, url, BUS_NOW, NULL, err);
}

void
bus_peer_free(struct bus_peer *p)
{
	if (p == NULL || p->dead)
		return;
	p->dead = true;
	p->busy++;
	bus_dialer_release(&p->dialer);
	if (p->line != NULL)
		bus_line_free(&p->line->line);
	p->line = NULL;
	bus_hub_free(p->hub);
	bus_tls_end_free(p->tls);
	while (p->calls != NULL)
		bus_call_fail(p, p->calls, ERR_GONE);
	loop_timer_free(p->timer);
	dues_release(&p->dues);
	leave(p);
}

bool
bus_peer_is_up(const struct bus_peer *p)
{
	return p->line != NULL && p->line->line.is_up;
}

void
bus_peer_on_link(struct bus_peer *p, void (*fn)(void *ctx, bool up), void *ctx)
{
	p->on_link = fn;
	p->link_ctx = ctx;
}

const char *
bus_peer_url(const struct bus_peer *p)
{
	return p->url;
}

static void
set_text(char **at, const char *text)
{
	assert(text == NULL || strlen(text) <= ENVELOPE_TEXT_MAX);
	free(*at);
	*at = text == NULL ? NULL : xstrdup(text);
}

void
bus_peer_set_token(struct bus_peer *p, const char *token)
{
	set_text(&p->token, token);
}

void
bus_peer_set_region(struct bus_peer *p, const char *region)
{
	set_text(&p->region, region);
}
