#include "common/bus.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>

#include "common/bus_nng.h"
#include "common/bus_peer_impl.h"
#include "common/due.h"
#include "common/mem.h"

#define RETRY_SEND_MS 5
#define TENTH_MAX_MS  1000 /* see bus_call() */

static void
destroy(struct bus_peer *p)
{
	free(p->url);
	free(p->token);
	free(p->region);
	free(p);
}

/* True if a callback has freed the peer, which goes with the last of them. */
static bool
is_gone(struct bus_peer *p)
{
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
	uint64_t now_ms = loop_now_ms(p->loop), wait_ms = BUS_MAX_WAIT_MS;

	if (first != NULL)
		wait_ms = first->at_ms > now_ms ? first->at_ms - now_ms : 0;
	if (p->clogged && wait_ms > RETRY_SEND_MS)
		wait_ms = RETRY_SEND_MS;
	if (first == NULL && !p->clogged)
		loop_timer_cancel(p->timer);
	else
		loop_timer_set(p->timer, wait_ms);
}

static void
on_reply_ready(void *arg, bool readable, bool writable)
{
	struct bus_peer *p = arg;
	nng_msg *m;

	(void)readable;
	(void)writable;
	p->busy++;
	while (!p->dead && nng_recvmsg(p->socket, &m, NNG_FLAG_NONBLOCK) == 0) {
		bus_call_hear(p, m);
		nng_msg_free(m);
	}
	p->busy--;
	if (!is_gone(p))
		set_timer(p);
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
	c->sent_on = 0;
	c->bytes.data[3] |= ENVELOPE_REPEAT;
}

static void
on_link(void *arg)
{
	struct bus_peer *p = arg;
	bool was_up = bus_peer_is_up(p);

	bus_link_read(&p->link, &p->nups, &p->ndowns);
	for (struct call *c = p->calls; c != NULL; c = c->next)
		if (c->sent_on != 0 && c->sent_on <= p->ndowns &&
		    c->failed == ERR_NONE)
			lose(p, c);
	bus_call_send_waiting(p);
	set_timer(p);
	if (p->on_link != NULL && bus_peer_is_up(p) != was_up)
		p->on_link(p->link_ctx, !was_up);
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
			bus_call_fail(
			    p, c, c->sent_on != 0 ? ERR_TIMEOUT : ERR_GONE);
	}
	p->busy--;
	if (is_gone(p))
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
	int rv;

	if (bus_tls_is_dialled(url)) {
		if ((p->tls = bus_tls_end_dial(p->loop, url, name, err)) ==
		    NULL)
			return -1;
		url = bus_tls_end_url(p->tls);
	}
	if ((rv = nng_req0_open_raw(&p->socket)) != 0)
		return bus_nng_err(err, rv, "open", p->url);
	bus_link_init(&p->link, p->socket, &p->bell);
	if ((rv = bus_socket_setup(p->socket)) != 0 ||
	    (rv = nng_socket_set_int(
		 p->socket, NNG_OPT_SENDBUF, BUS_MAX_INFLIGHT)) != 0)
		bus_nng_err(err, rv, "set up", p->url);
	else if (bus_connect(p->socket, url, haste, &p->dialer, err) == 0)
		return 0;
	nng_close(p->socket);
	bus_link_release(&p->link);
	return -1;
}

static struct bus_peer *
peer_new(struct loop *l, const char *url, enum bus_haste haste,
    const char *name, struct err *err)
{
	struct bus_peer *p;
	int fd, rv;

	if (bus_url_check(url, err) == -1)
		return NULL;
	p = xcalloc(1, sizeof *p);
	p->loop = l;
	p->url = xstrdup(url);
	p->calls_end = &p->calls;
	bus_bell_init(&p->bell, l, on_link, p);
	if (peer_dial(p, haste, name, err) == -1) {
		bus_tls_end_free(p->tls);
		bus_bell_release(&p->bell);
		destroy(p);
		return NULL;
	}
	rv = nng_socket_get_int(p->socket, NNG_OPT_RECVFD, &fd);
	assert(rv == 0);
	p->watch = loop_fd_new(l, fd, on_reply_ready, p);
	loop_fd_want(p->watch, true, false);
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
	loop_fd_free(p->watch);
	nng_close(p->socket);
	bus_tls_end_free(p->tls);
	bus_link_release(&p->link);
	bus_bell_release(&p->bell);
	while (p->calls != NULL)
		bus_call_fail(p, p->calls, ERR_GONE);
	loop_timer_free(p->timer);
	dues_release(&p->dues);
	p->busy--;
	is_gone(p);
}

bool
bus_peer_is_up(const struct bus_peer *p)
{
	return p->nups > p->ndowns;
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
