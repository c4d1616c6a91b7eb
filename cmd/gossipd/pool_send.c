#include <stdlib.h>
#include <string.h>

#include "cmd/gossipd/pool_impl.h"

/* memberlist's protocol that knows of checksums */
#define VSN_CRC       5
#define COMPOUND_COST 2 /* of the whole, and of each part */

/* Bytes of a packet that are left for broadcasts. */
static size_t
budget(const struct pool *p, size_t used)
{
	size_t cost = used + COMPOUND_COST;

	if (p->ring != NULL && p->ring->nkeys > 0)
		cost += WIRE_SEAL_COST;
	return cost < POOL_UDP_BUDGET ? POOL_UDP_BUDGET - cost : 0;
}

void
pool_send(struct pool *p, const struct pool_addr *to,
    const struct pool_member *m, struct wire_bytes message)
{
	struct wire_wrap wrap = { .compress = p->compress,
		.crc = m != NULL && m->vsn[1] >= VSN_CRC,
		.ring = p->ring };
	struct buf packet = { 0 };

	if (to->nip == 0 || to->port == 0)
		return;
	wire_wrap_packet(&packet, &wrap, message);
	p->stats.packets_out++;
	p->stats.bytes_out += packet.len;
	p->ops.udp(p->ops.ctx, to, packet.data, packet.len);
	buf_release(&packet);
}

void
pool_send_form(struct pool *p, const struct pool_addr *to,
    const struct wire_form *form, const void *msg)
{
	struct buf b = { 0 };

	wire_put(&b, form, msg);
	pool_send(p, to, NULL, wire_bytes(b.data, b.len));
	buf_release(&b);
}

/* memberlist's news go first, then Serf's intents, queries and events. */
static void
take_waiting(struct pool *p, struct bcast_batch *batch, size_t room)
{
	unsigned limit = p->rules.retransmit * pool_log10_ceil(p->ntable + 1);
	struct bcast *queues[] = { &p->news, &p->intents, &p->queries,
		&p->events };

	for (size_t i = 0; i < sizeof queues / sizeof queues[0]; i++)
		bcast_take(queues[i], batch, &room, COMPOUND_COST, limit);
	pool_leave_look(p);
}

/* One message goes bare, several in a compound. */
static void
send_batch(struct pool *p, const struct pool_addr *to,
    const struct pool_member *m, const struct bcast_batch *batch)
{
	struct wire_bytes parts[WIRE_PARTS_MAX];
	struct buf b = { 0 };

	bcast_batch_parts(batch, parts);
	if (batch->n == 1) {
		pool_send(p, to, m, parts[0]);
		return;
	}
	wire_compound_put(&b, parts, batch->n);
	pool_send(p, to, m, wire_bytes(b.data, b.len));
	buf_release(&b);
}

void
pool_send_along(
    struct pool *p, const struct pool_addr *to, struct wire_bytes message)
{
	struct bcast_batch batch = { 0 };

	bcast_batch_add(&batch, message);
	take_waiting(p, &batch, budget(p, message.n + COMPOUND_COST));
	send_batch(p, to, NULL, &batch);
	bcast_batch_release(&batch);
}

/* --- gossip --- */

static size_t
waiting(const struct pool *p)
{
	return p->news.n + p->intents.n + p->queries.n + p->events.n;
}

/*
 * News leave soon, at a moment of chance so that not all tell at once, but
 * not more often than the profile says.
 */
void
pool_gossip_wake(struct pool *p)
{
	uint64_t at =
	    p->now_ms + 1 + rng_below(&p->rng, p->rules.gossip_ms / 8);

	if (p->gossip.due.place != 0 || waiting(p) == 0)
		return;
	if (at < p->gossiped_ms + p->rules.gossip_ms)
		at = p->gossiped_ms + p->rules.gossip_ms;
	pool_arm(p, &p->gossip, at);
}

static bool
is_told(const struct pool *p, const struct pool_member *m)
{
	if (m->state == WIRE_STATE_DEAD)
		return p->now_ms - m->state_ms < p->rules.dead_ms;
	return m->state != WIRE_STATE_LEFT;
}

/*
 * The next ones in the table, whose order is one of chance: so none is told
 * a second time before all others were told once, and in a small pool what
 * is told as often as it has members reaches each of them.
 */
static size_t
next_told(struct pool *p, struct pool_member **out, size_t k)
{
	size_t n = 0;

	for (size_t seen = 0; seen < p->ntable && n < k; seen++) {
		struct pool_member *m;

		if (p->gossip_at >= p->ntable)
			p->gossip_at = 0;
		m = p->table[p->gossip_at++];
		if (m != p->self && is_told(p, m))
			out[n++] = m;
	}
	return n;
}

#define GOSSIP_NODES_MAX 4 /* of any profile */

void
pool_gossip_fire(struct pool *p, struct pool_timer *t)
{
	struct pool_member *to[GOSSIP_NODES_MAX];
	size_t n = next_told(p, to, p->rules.ngossip);

	p->gossiped_ms = p->now_ms;
	for (size_t i = 0; i < n; i++) {
		struct bcast_batch batch = { 0 };
		struct pool_addr addr;

		take_waiting(p, &batch, budget(p, 0));
		if (batch.n > 0) {
			pool_member_addr(to[i], &addr);
			send_batch(p, &addr, to[i], &batch);
		}
		bcast_batch_release(&batch);
	}
	if (n > 0 && waiting(p) > 0)
		pool_arm(p, t, p->now_ms + p->rules.gossip_ms);
}

/* What fits into no packet travels in push/pulls only. */
static uint64_t
enqueue(struct pool *p, struct bcast *q, const char *about,
    struct wire_bytes message)
{
	uint64_t id = 0;

	p->news_ms = p->now_ms;
	if (message.n + COMPOUND_COST <= budget(p, 0))
		id = bcast_add(q, about, message, POOL_BROADCASTS);
	pool_gossip_wake(p);
	return id;
}

uint64_t
pool_broadcast(struct pool *p, const char *about, const struct wire_form *form,
    const void *msg)
{
	struct buf b = { 0 };
	uint64_t id;

	wire_put(&b, form, msg);
	id = enqueue(p, &p->news, about, wire_bytes(b.data, b.len));
	buf_release(&b);
	return id;
}

uint64_t
pool_broadcast_serf(struct pool *p, struct bcast *q, struct wire_bytes message)
{
	struct buf b = { 0 };
	uint64_t id;

	buf_addc(&b, WIRE_USER);
	buf_add(&b, message.data, message.n);
	id = enqueue(p, q, NULL, wire_bytes(b.data, b.len));
	buf_release(&b);
	return id;
}

/* --- streams --- */

struct pool_dial *
pool_dial(struct pool *p, enum dial_kind kind, const struct pool_addr *to,
    struct wire_bytes message, uint64_t user, uint64_t deadline_ms)
{
	struct wire_wrap wrap = { .compress = p->compress, .ring = p->ring };
	struct pool_dial *d = NULL;
	struct buf b = { 0 };

	for (size_t i = 0; i < POOL_DIALS_MAX && d == NULL; i++)
		if (p->dials[i].kind == DIAL_NONE)
			d = &p->dials[i];
	if (d == NULL || to->nip == 0) {
		p->stats.refused_full += d == NULL;
		return NULL;
	}
	*d = (struct pool_dial){
		.kind = kind, .token = ++p->token, .user = user
	};
	wire_wrap_stream(&b, &wrap, message);
	p->ops.dial(p->ops.ctx, d->token, to, b.data, b.len, deadline_ms);
	buf_release(&b);
	return d;
}
