#include "cmd/gossipd/pool_impl.h"

#define DEFAULT_TIMES 16 /* gossip intervals, for each digit of the pool */

/* By which a query of ours is told, while it is under way. */
static uint64_t
id_of(uint64_t ltime, uint32_t id)
{
	return ltime << 32 | id;
}

static void
ask_end(struct pool *p, struct pool_ask *a)
{
	pool_disarm(p, &a->timer);
	map_release(&a->acked);
	map_release(&a->answered);
	a->ltime = 0;
}

void
pool_ask_release(struct pool *p)
{
	for (size_t i = 0; i < POOL_QUERIES_MAX; i++)
		ask_end(p, &p->asks[i]);
}

void
pool_ask_fire(struct pool *p, struct pool_timer *t)
{
	struct pool_ask *a = DUE_OF(t, struct pool_ask, timer);
	struct pool_event ev = { .type = POOL_EV_QUERY_DONE,
		.id = id_of(a->ltime, a->query_id) };

	ask_end(p, a);
	pool_tell(p, &ev);
}

void
pool_on_response(struct pool *p, const struct wire_query_response *r)
{
	bool is_ack = (r->flags & WIRE_QUERY_ACK) != 0;
	char from[POOL_NAME_MAX + 1];
	struct pool_event ev = { .type =
				     is_ack ? POOL_EV_ACK : POOL_EV_RESPONSE,
		.from = from,
		.payload = (const char *)r->payload.data,
		.npayload = r->payload.n };

	if (r->ltime == 0 || !pool_name(r->from, from))
		return;
	for (size_t i = 0; i < POOL_QUERIES_MAX; i++) {
		struct pool_ask *a = &p->asks[i];
		struct map *seen = is_ack ? &a->acked : &a->answered;

		if (a->ltime != r->ltime || a->query_id != r->id)
			continue;
		if (map_count(seen) >= POOL_MEMBERS_MAX || !map_add(seen, from))
			return;
		ev.id = id_of(a->ltime, a->query_id);
		pool_tell(p, &ev);
		return;
	}
}

/* --- asking --- */

/* Adds the filters, and returns how many. */
static size_t
filters_put(const struct pool_query *q, struct buf *out)
{
	struct buf b = { 0 };
	size_t n = 0;

	if (q->nnodes > 0) {
		buf_addc(&b, WIRE_FILTER_NODE);
		wire_add_array(&b, q->nnodes);
		for (size_t i = 0; i < q->nnodes; i++)
			wire_add_str(&b, wire_text(q->nodes[i]));
		wire_add_raw(out, wire_bytes(b.data, b.len));
		n++;
	}
	for (size_t i = 0; i < q->ntags; i++) {
		struct wire_tag_filter f = { wire_text(q->tags[i].key),
			wire_text(q->tags[i].value) };

		buf_reset(&b);
		buf_addc(&b, WIRE_FILTER_TAG);
		wire_put(&b, &wire_tag_filter_form, &f);
		wire_add_raw(out, wire_bytes(b.data, b.len));
		n++;
	}
	buf_release(&b);
	return n;
}

static void
wire_of(struct pool *p, const struct pool_query *q, uint64_t timeout_ms,
    struct wire_query *out)
{
	*out = (struct wire_query){ .ltime = p->query_clock,
		.id = (uint32_t)rng_next(&p->rng),
		.addr = pool_member_raw_addr(p->self),
		.port = p->self->port,
		.source_node = wire_text(p->self->name),
		.flags = q->want_ack ? WIRE_QUERY_ACK : 0,
		.relay_factor = q->relay_factor,
		.timeout_ns = (int64_t)timeout_ms * 1000000,
		.name = wire_text(q->name) };
	if (q->npayload > 0)
		out->payload = wire_bytes(q->payload, q->npayload);
}

/* Noted, told to all, and heard by ourselves as by everybody else. */
static void
launch(struct pool *p, struct pool_ask *a, const struct wire_query *w,
    uint64_t timeout_ms, struct wire_bytes serf)
{
	p->query_clock++;
	a->ltime = w->ltime;
	a->query_id = w->id;
	pool_arm(p, &a->timer, p->now_ms + timeout_ms);
	pool_on_query(p, w);
	pool_broadcast_serf(p, &p->queries, serf);
}

int
pool_query(struct pool *p, uint64_t now_ms, const struct pool_query *q,
    uint64_t *id, struct err *err)
{
	uint64_t timeout_ms = q->timeout_ms;
	struct buf filters = { 0 }, b = { 0 };
	struct pool_ask *a = NULL;
	struct wire_query w;
	size_t nfilters;
	int rv = 0;

	pool_take_time(p, now_ms);
	if (timeout_ms == 0)
		timeout_ms = p->rules.gossip_ms * DEFAULT_TIMES *
			     pool_log10_ceil(p->ntable + 1);
	for (size_t i = 0; i < POOL_QUERIES_MAX && a == NULL; i++)
		if (p->asks[i].ltime == 0)
			a = &p->asks[i];
	if (a == NULL)
		return err_set(err, ERR_BUSY,
		    "%d queries are under way already", POOL_QUERIES_MAX);
	wire_of(p, q, timeout_ms, &w);
	nfilters = filters_put(q, &filters);
	if (nfilters > 0)
		w.filters = wire_list(&filters, nfilters);
	wire_put(&b, &wire_query_form, &w);
	if (b.len > POOL_QUERY_MAX) {
		rv = err_set(err, ERR_BAD,
		    "query takes %zu bytes, of which there may be %d", b.len,
		    POOL_QUERY_MAX);
	} else {
		/* Said first: our own answer comes at once. */
		*id = id_of(w.ltime, w.id);
		launch(p, a, &w, timeout_ms, wire_bytes(b.data, b.len));
	}
	buf_release(&filters);
	buf_release(&b);
	return rv;
}
