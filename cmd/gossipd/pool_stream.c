#include "cmd/gossipd/pool_impl.h"

/* The answer, as the whole of a stream. */
static void
answer(struct pool *p, struct buf *message, struct buf *reply)
{
	struct wire_wrap wrap = { .compress = p->compress, .ring = p->ring };

	wire_wrap_stream(reply, &wrap, wire_bytes(message->data, message->len));
	buf_release(message);
}

static int
on_ping(
    struct pool *p, struct wire_bytes body, struct buf *reply, struct err *err)
{
	struct wire_ping ping;
	struct wire_ack ack = { 0 };
	struct buf b = { 0 };

	if (wire_get(&wire_ping_form, body, &ping, NULL, err) == -1)
		return -1;
	if (ping.node.n != 0 && !wire_is(ping.node, wire_text(p->self->name)))
		return 0; /* closed without a word, as memberlist does */
	ack.seq = ping.seq;
	wire_put(&b, &wire_ack_form, &ack);
	answer(p, &b, reply);
	return 0;
}

/* Whoever asks gets our state, even where theirs is refused then. */
static int
on_push_pull(
    struct pool *p, struct wire_bytes body, struct buf *reply, struct err *err)
{
	struct wire_push_pull pp;
	struct buf b = { 0 };

	if (wire_push_pull_get(body, &pp, err) == -1)
		return -1;
	pool_sync_put(p, pp.join, &b);
	answer(p, &b, reply);
	if (pool_sync_merge(p, body, false, err) == 0 && !pp.join)
		pool_sync_met(p);
	return 0;
}

static int
on_stream(struct pool *p, struct wire_bytes message, struct buf *reply,
    struct err *err)
{
	struct wire_bytes body = wire_from(message, 1), user;

	switch (message.data[0]) {
	case WIRE_PING:
		return on_ping(p, body, reply, err);
	case WIRE_PUSH_PULL:
		return on_push_pull(p, body, reply, err);
	case WIRE_USER:
		if (wire_stream_user_get(body, &user, err) == -1)
			return -1;
		return pool_on_user(p, user, err);
	default:
		return err_set(err, ERR_BAD,
		    "message %u is not one of a stream", message.data[0]);
	}
}

void
pool_stream(struct pool *p, uint64_t now_ms, const struct pool_addr *from,
    const char *bytes, size_t n, struct buf *reply)
{
	struct wire_bytes message;
	struct wire_err why;
	struct buf room = { 0 }, b = { 0 };
	struct err err = { 0 };

	pool_take_time(p, now_ms);
	if (wire_peel_stream(
		p->ring, wire_bytes(bytes, n), &room, &message, &err) == -1 ||
	    on_stream(p, message, reply, &err) == -1) {
		pool_refuse(p, "stream", from, &err);
		why.error = wire_text(err.text);
		wire_put(&b, &wire_err_form, &why);
		answer(p, &b, reply);
	}
	buf_release(&room);
}
