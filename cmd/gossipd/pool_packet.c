#include <inttypes.h>
#include <string.h>

#include "cmd/gossipd/pool_impl.h"
#include "cmd/gossipd/port.h"
#include "common/log.h"

struct arrival {
	struct pool *pool;
	const struct pool_addr *from;
};

/* --- pings, for us and on behalf of others --- */

/* Where the answer to a ping goes: where it says, or where it came from. */
static void
answer_addr(struct wire_bytes addr, uint16_t port, const struct pool_addr *from,
    struct pool_addr *out)
{
	if (port == 0 || !pool_addr_of(addr.data, addr.n, port, out))
		*out = *from;
}

/* The ack that answers a ping, with our coordinate now and then. */
static void
put_ack(struct pool *p, uint32_t seq, struct buf *out)
{
	struct wire_ack ack = { .seq = seq };
	struct buf coord = { 0 };
	unsigned once = p->now_ms - p->joined_ms < COORD_FRESH_MS
			    ? COORD_RIDES_ONCE
			    : COORD_RIDES_SELDOM;

	if (rng_below(&p->rng, once) == 0) {
		wire_coord_put(&coord, &p->coord.at);
		ack.payload = wire_bytes(coord.data, coord.len);
	}
	wire_put(out, ack.payload.n > 0 ? &wire_ack_form : &wire_bare_ack_form,
	    &ack);
	buf_release(&coord);
}

static void
on_ping(
    struct pool *p, const struct wire_ping *ping, const struct pool_addr *from)
{
	struct pool_addr to;
	struct buf b = { 0 };

	if (ping->node.n != 0 && !wire_is(ping->node, wire_text(p->self->name)))
		return; /* meant for who had the address before */
	pool_probe_pinged(p, from);
	answer_addr(ping->source_addr, ping->source_port, from, &to);
	put_ack(p, ping->seq, &b);
	pool_send_along(p, &to, wire_bytes(b.data, b.len));
	buf_release(&b);
}

/*
 * Of the time for an answer, after which a helper says that there is none:
 * the asker, whose time began before, is to hear of it within its own.
 */
#define NACK_PCT 80

struct pool_pending *
pool_pending_new(struct pool *p, enum pending_kind kind)
{
	for (size_t i = 0; i < POOL_PENDING_MAX; i++) {
		struct pool_pending *w = &p->pending[i];

		if (w->kind != PENDING_NONE)
			continue;
		w->kind = kind;
		w->seq = ++p->seq;
		w->end_ms = p->now_ms + p->rules.probe_timeout_ms;
		pool_arm(p, &w->timer, w->end_ms);
		return w;
	}
	p->stats.refused_full++;
	return NULL;
}

static void
pending_end(struct pool *p, struct pool_pending *w)
{
	pool_disarm(p, &w->timer);
	*w = (struct pool_pending){ .timer.fire = pool_pending_fire };
}

/* Nobody has answered: the asker is told so, if it wants to know. */
static void
pending_failed(struct pool *p, struct pool_pending *w)
{
	struct wire_nack nack = { w->their_seq };

	if (w->nack)
		pool_send_form(p, &w->asker, &wire_nack_form, &nack);
	w->nack = false;
	if (p->now_ms < w->end_ms)
		pool_arm(p, &w->timer, w->end_ms);
	else
		pending_end(p, w);
}

void
pool_pending_fire(struct pool *p, struct pool_timer *t)
{
	pending_failed(p, DUE_OF(t, struct pool_pending, timer));
}

void
pool_pending_refused(struct pool *p, const struct pool_addr *addr)
{
	for (size_t i = 0; i < POOL_PENDING_MAX; i++)
		if (p->pending[i].kind == PENDING_HELP &&
		    pool_addr_is(&p->pending[i].target, addr))
			pending_failed(p, &p->pending[i]);
}

void
pool_pending_forget(struct pool *p, const struct pool_member *m)
{
	for (size_t i = 0; i < POOL_PENDING_MAX; i++)
		if (p->pending[i].kind == PENDING_ASK &&
		    p->pending[i].member == m)
			pending_end(p, &p->pending[i]);
	for (size_t i = 0; i < POOL_DIALS_MAX; i++)
		if (p->dials[i].member == m)
			p->dials[i].member = NULL;
}

static void
on_indirect_ping(struct pool *p, const struct wire_indirect_ping *in,
    const struct pool_addr *from)
{
	struct pool_addr target;
	struct pool_pending *w;
	struct wire_ping ping = { .node = in->node };
	struct buf b = { 0 };

	if (!pool_addr_of(in->target.data, in->target.n, in->port, &target))
		return;
	w = pool_pending_new(p, PENDING_HELP);
	if (w == NULL)
		return;
	w->their_seq = in->seq;
	w->nack = in->nack;
	w->target = target;
	answer_addr(in->source_addr, in->source_port, from, &w->asker);
	pool_arm(p, &w->timer,
	    p->now_ms + p->rules.probe_timeout_ms * NACK_PCT / 100);
	ping.seq = w->seq;
	wire_put(&b, &wire_ping_form, &ping);
	pool_send_along(p, &target, wire_bytes(b.data, b.len));
	buf_release(&b);
}

static void
on_ack(struct pool *p, const struct wire_ack *ack)
{
	for (size_t i = 0; i < POOL_PENDING_MAX; i++) {
		struct pool_pending *w = &p->pending[i];
		struct wire_ack passed = { .seq = w->their_seq };

		if (w->kind == PENDING_NONE || w->seq != ack->seq)
			continue;
		if (w->kind == PENDING_HELP)
			pool_send_form(
			    p, &w->asker, &wire_bare_ack_form, &passed);
		else
			pool_suspect_heard(p, w->member);
		pending_end(p, w);
		return;
	}
	pool_probe_ack(p, ack);
}

/* --- Serf's messages --- */

static int
on_intent(struct pool *p, bool leave, struct wire_bytes serf, struct err *err)
{
	struct wire_intent in;
	bool news;

	if (wire_get(leave ? &wire_leave_form : &wire_join_form,
		wire_from(serf, 1), &in, NULL, err) == -1)
		return -1;
	news =
	    leave ? pool_on_leave_intent(p, &in) : pool_on_join_intent(p, &in);
	if (news)
		pool_broadcast_serf(p, &p->intents, serf);
	return 0;
}

static int
on_user_event(struct pool *p, struct wire_bytes serf, struct err *err)
{
	struct wire_user_event ev;

	if (serf.n > POOL_EVENT_HARD)
		return err_set(err, ERR_BAD, "%zu bytes are too many", serf.n);
	if (wire_get(&wire_user_event_form, wire_from(serf, 1), &ev, NULL,
		err) == -1)
		return -1;
	if (pool_on_user_event(p, &ev))
		pool_broadcast_serf(p, &p->events, serf);
	return 0;
}

static int
on_query(struct pool *p, struct wire_bytes serf, struct err *err)
{
	struct wire_query q;

	if (wire_get(&wire_query_form, wire_from(serf, 1), &q, NULL, err) == -1)
		return -1;
	if (pool_keys_is_deadly(&q))
		return err_set(err, ERR_BAD, "a key query without a key");
	if (pool_on_query(p, &q))
		pool_broadcast_serf(p, &p->queries, serf);
	return 0;
}

static int
on_response(struct pool *p, struct wire_bytes serf, struct err *err)
{
	struct wire_query_response r;

	if (wire_get(&wire_query_response_form, wire_from(serf, 1), &r, NULL,
		err) == -1)
		return -1;
	pool_on_response(p, &r);
	return 0;
}

static int
on_serf(struct pool *p, struct wire_bytes serf, struct err *err)
{
	switch ((enum wire_serf_type)serf.data[0]) {
	case WIRE_SERF_LEAVE:
		return on_intent(p, true, serf, err);
	case WIRE_SERF_JOIN:
		return on_intent(p, false, serf, err);
	case WIRE_SERF_USER_EVENT:
		return on_user_event(p, serf, err);
	case WIRE_SERF_QUERY:
		return on_query(p, serf, err);
	case WIRE_SERF_QUERY_RESPONSE:
		return on_response(p, serf, err);
	case WIRE_SERF_RELAY:
		return pool_on_relay(p, wire_from(serf, 1), err);
	case WIRE_SERF_PUSH_PULL:
	case WIRE_SERF_CONFLICT_RESPONSE:
	case WIRE_SERF_KEY_REQUEST:
	case WIRE_SERF_KEY_RESPONSE:
		break;
	}
	return err_set(
	    err, ERR_BAD, "serf message %u is not one by itself", serf.data[0]);
}

int
pool_on_user(struct pool *p, struct wire_bytes serf, struct err *err)
{
	if (serf.n == 0)
		return err_set(err, ERR_BAD, "empty user message");
	return on_serf(p, serf, err);
}

/* --- any message --- */

#define READ(form, msg) (wire_get(&(form), body, &(msg), NULL, err) == -1)

static int
on_probe_message(struct pool *p, struct wire_bytes message,
    const struct pool_addr *from, struct err *err)
{
	struct wire_bytes body = wire_from(message, 1);
	union {
		struct wire_ping ping;
		struct wire_indirect_ping indirect;
		struct wire_ack ack;
		struct wire_nack nack;
	} m;

	switch (message.data[0]) {
	case WIRE_PING:
		if (READ(wire_ping_form, m.ping))
			return -1;
		on_ping(p, &m.ping, from);
		return 0;
	case WIRE_INDIRECT_PING:
		if (READ(wire_indirect_ping_form, m.indirect))
			return -1;
		on_indirect_ping(p, &m.indirect, from);
		return 0;
	case WIRE_ACK:
		if (READ(wire_ack_form, m.ack))
			return -1;
		on_ack(p, &m.ack);
		return 0;
	case WIRE_NACK:
		if (READ(wire_nack_form, m.nack))
			return -1;
		pool_probe_nack(p, m.nack.seq);
		return 0;
	default:
		return err_set(err, ERR_BAD,
		    "message %u is not one of a packet", message.data[0]);
	}
}

static int
on_message(struct pool *p, struct wire_bytes message,
    const struct pool_addr *from, struct err *err)
{
	struct wire_bytes body = wire_from(message, 1);
	struct wire_alive alive;
	struct wire_accusation accusation;

	switch (message.data[0]) {
	case WIRE_ALIVE:
		if (READ(wire_alive_form, alive))
			return -1;
		pool_on_alive(p, &alive);
		return 0;
	case WIRE_SUSPECT:
		if (READ(wire_suspect_form, accusation))
			return -1;
		pool_on_suspect(p, &accusation, false);
		return 0;
	case WIRE_DEAD:
		if (READ(wire_dead_form, accusation))
			return -1;
		pool_on_dead(p, &accusation);
		return 0;
	case WIRE_USER:
		return pool_on_user(p, body, err);
	default:
		return on_probe_message(p, message, from, err);
	}
}

/* --- what arrives --- */

/* Who sends one of these sends many: told once in a while, with the first. */
void
pool_refuse(struct pool *p, const char *what, const struct pool_addr *from,
    const struct err *err)
{
	char host[GOSSIP_ADDR_TEXT];

	if (err->code == ERR_DENIED)
		p->stats.packets_key++;
	else
		p->stats.packets_bad++;
	if (p->refused_ms != 0 && p->now_ms - p->refused_ms < REFUSE_TELL_MS) {
		p->nuntold++;
		return;
	}
	gossip_addr_format(from, host);
	log_warn("%s refused from=%s untold=%" PRIu64 ": %s", what, host,
	    p->nuntold, err->text);
	p->refused_ms = p->now_ms;
	p->nuntold = 0;
}

/* What cannot be read is passed over; the parts beside it stay good. */
static void
on_part(void *ctx, struct wire_bytes message)
{
	struct arrival *a = ctx;
	struct err err;

	if (on_message(a->pool, message, a->from, &err) == -1)
		pool_refuse(a->pool, "message", a->from, &err);
}

void
pool_packet_in(
    struct pool *p, const struct pool_addr *from, struct wire_bytes packet)
{
	struct arrival a = { p, from };
	struct err err;

	if (wire_peel_packet(p->ring, packet, on_part, &a, &err) == -1)
		pool_refuse(p, "packet", from, &err);
}
