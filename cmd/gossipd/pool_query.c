#include <stdlib.h>
#include <string.h>

#include "cmd/gossipd/pool_impl.h"
#include "common/mem.h"

#define SLOT_QUERIES_MAX 64 /* more at one Lamport time are lost */
#define ANSWER_MAX_MS    (10 * 60 * 1000) /* longer nobody waits */
#define INTERNAL         "_serf_"

/* --- what was seen --- */

bool
pool_is_recent(uint64_t ltime, uint64_t clock, uint64_t min)
{
	return ltime >= min &&
	       (clock <= POOL_EVENTS_KEPT || ltime >= clock - POOL_EVENTS_KEPT);
}

/* Notes the query; false: it was seen before, or is too old to tell. */
static bool
note(struct pool *p, const struct wire_query *q)
{
	struct pool_query_slot *s =
	    &p->query_slots[q->ltime % POOL_EVENTS_KEPT];

	if (!pool_is_recent(q->ltime, p->query_clock, p->query_min))
		return false;
	if (s->ltime != q->ltime)
		s->n = 0;
	s->ltime = q->ltime;
	for (size_t i = 0; i < s->n; i++)
		if (s->ids[i] == q->id)
			return false;
	if (s->n >= SLOT_QUERIES_MAX) {
		p->stats.refused_full++;
		return false;
	}
	s->ids = xgrow(s->ids, s->n, &s->cap, sizeof *s->ids);
	s->ids[s->n++] = q->id;
	return true;
}

void
pool_query_release(struct pool *p)
{
	for (size_t i = 0; i < POOL_EVENTS_KEPT; i++)
		free(p->query_slots[i].ids);
}

/* --- answering --- */

/* Where an answer goes; the address as the query has it. */
struct destination {
	struct wire_bytes addr;
	uint16_t port;
	struct wire_bytes name;
	uint8_t relay_factor;
};

static void
relay(struct pool *p, const struct destination *to, struct wire_bytes serf)
{
	struct pool_member *via[UINT8_MAX];
	struct wire_relay head = { .dest_addr = to->addr,
		.dest_port = to->port,
		.dest_zone = wire_text(""),
		.dest_name = to->name };
	struct buf b = { 0 };
	size_t n = pool_pick(p, pool_is_alive, NULL, via, to->relay_factor);

	if (n < to->relay_factor)
		return; /* a pool too small for as many ways */
	buf_addc(&b, WIRE_USER);
	wire_put(&b, &wire_relay_form, &head);
	buf_add(&b, serf.data, serf.n);
	for (size_t i = 0; i < n; i++) {
		struct pool_addr addr;

		pool_member_addr(via[i], &addr);
		pool_send(p, &addr, NULL, wire_bytes(b.data, b.len));
	}
	buf_release(&b);
}

static int
reply(struct pool *p, const struct destination *to,
    const struct wire_query_response *r, struct err *err)
{
	struct pool_addr addr;
	struct buf b = { 0 };
	int rv = 0;

	buf_addc(&b, WIRE_USER);
	wire_put(&b, &wire_query_response_form, r);
	if (b.len - 1 > POOL_QUERY_MAX) {
		rv = err_set(err, ERR_BAD,
		    "response takes %zu bytes, of which there may be %d",
		    b.len - 1, POOL_QUERY_MAX);
	} else if (pool_addr_of(to->addr.data, to->addr.n, to->port, &addr)) {
		if (pool_addr_is(&addr, &p->addr))
			pool_on_response(p, r);
		else
			pool_send(p, &addr, NULL, wire_bytes(b.data, b.len));
		if (to->relay_factor > 0)
			relay(p, to, wire_bytes(b.data + 1, b.len - 1));
	}
	buf_release(&b);
	return rv;
}

static struct destination
source_of(const struct wire_query *q)
{
	return (struct destination){ q->addr, q->port, q->source_node,
		q->relay_factor };
}

static void
answer(struct pool *p, const struct wire_query *q, uint32_t flags,
    const struct buf *payload)
{
	struct destination to = source_of(q);
	struct wire_query_response r = { .ltime = q->ltime,
		.id = q->id,
		.from = wire_text(p->self->name),
		.flags = flags };

	if (payload != NULL)
		r.payload = wire_bytes(payload->data, payload->len);
	reply(p, &to, &r, NULL);
}

/* --- Serf's own queries --- */

static void
member_put(const struct pool_member *m, struct buf *out)
{
	struct buf tags = { 0 };
	struct wire_member w = { .name = wire_text(m->name),
		.addr = pool_member_raw_addr(m),
		.port = m->port,
		.status = m->status,
		.protocol_min = m->vsn[0],
		.protocol_max = m->vsn[1],
		.protocol_cur = m->vsn[2],
		.delegate_min = m->vsn[3],
		.delegate_max = m->vsn[4],
		.delegate_cur = m->vsn[5] };

	for (size_t i = 0; i < m->ntags; i++) {
		wire_add_str(&tags, wire_text(m->tags[i].key));
		wire_add_str(&tags, wire_text(m->tags[i].value));
	}
	w.tags = wire_list(&tags, m->ntags);
	wire_put(out, &wire_member_form, &w);
	buf_release(&tags);
}

/* Two claim a name: we say whom we know by it. They themselves do not. */
static void
on_conflict_query(struct pool *p, const struct wire_query *q)
{
	char name[POOL_NAME_MAX + 1];
	struct pool_member *m;
	struct buf b = { 0 };

	if (!pool_name(q->payload, name) || strcmp(name, p->self->name) == 0)
		return;
	m = pool_member_find(p, name);
	if (m != NULL && m->status != POOL_NONE) {
		member_put(m, &b);
	} else {
		buf_addc(&b, WIRE_SERF_CONFLICT_RESPONSE);
		wire_add_nil(&b);
	}
	answer(p, q, 0, &b);
	buf_release(&b);
}

static void
on_internal(struct pool *p, const struct wire_query *q)
{
	struct buf b = { 0 };

	if (wire_is(q->name, wire_text(INTERNAL "conflict")))
		on_conflict_query(p, q);
	else if (pool_on_key_query(p, q, &b))
		answer(p, q, 0, &b);
	buf_release(&b);
}

/* --- queries of people --- */

static struct pool_answer *
answer_place(struct pool *p)
{
	struct pool_answer *oldest = &p->answers[0];

	for (size_t i = 0; i < POOL_QUERIES_MAX; i++) {
		struct pool_answer *a = &p->answers[i];

		if (a->id == 0 || a->until_ms < p->now_ms)
			return a;
		if (a->until_ms < oldest->until_ms)
			oldest = a;
	}
	return oldest;
}

static void
hand_up(struct pool *p, const struct wire_query *q)
{
	struct pool_answer *a = answer_place(p);
	struct pool_event ev = { .type = POOL_EV_QUERY,
		.ltime = q->ltime,
		.npayload = q->payload.n };
	uint64_t wait_ms =
	    q->timeout_ns > 0 ? (uint64_t)q->timeout_ns / 1000000 : 0;
	char *name, *payload;

	if (q->addr.n > sizeof a->addr)
		return;
	*a = (struct pool_answer){ .id = ++p->last_answer,
		.until_ms = p->now_ms +
			    (wait_ms < ANSWER_MAX_MS ? wait_ms : ANSWER_MAX_MS),
		.ltime = q->ltime,
		.query_id = q->id,
		.naddr = (uint8_t)q->addr.n,
		.relay_factor = q->relay_factor,
		.port = q->port };
	if (q->addr.n > 0)
		memcpy(a->addr, q->addr.data, q->addr.n);
	if (!pool_name(q->source_node, a->dest))
		a->dest[0] = '\0';
	name = pool_text(q->name);
	payload = pool_text(q->payload);
	ev.id = a->id;
	ev.name = name;
	ev.payload = payload;
	ev.from = a->dest;
	pool_tell(p, &ev);
	free(name);
	free(payload);
}

bool
pool_on_query(struct pool *p, const struct wire_query *q)
{
	bool passed_on = (q->flags & WIRE_QUERY_NO_BROADCAST) == 0;

	if (q->ltime >= LTIME_MAX) {
		p->stats.packets_bad++;
		return false;
	}
	pool_witness(&p->query_clock, q->ltime);
	if (!note(p, q))
		return false;
	if (!pool_filter_fits(p, q))
		return passed_on;
	if ((q->flags & WIRE_QUERY_ACK) != 0)
		answer(p, q, WIRE_QUERY_ACK, NULL);
	if (q->name.n >= strlen(INTERNAL) &&
	    memcmp(q->name.data, INTERNAL, strlen(INTERNAL)) == 0)
		on_internal(p, q);
	else
		hand_up(p, q);
	return passed_on;
}

int
pool_respond(struct pool *p, uint64_t now_ms, uint64_t id, const char *payload,
    size_t npayload, struct err *err)
{
	pool_take_time(p, now_ms);
	for (size_t i = 0; i < POOL_QUERIES_MAX; i++) {
		struct pool_answer *a = &p->answers[i];
		struct destination to = { wire_bytes(a->addr, a->naddr),
			a->port, wire_text(a->dest), a->relay_factor };
		struct wire_query_response r = { .ltime = a->ltime,
			.id = a->query_id,
			.from = wire_text(p->self->name),
			.payload = wire_bytes(payload, npayload) };

		if (id == 0 || a->id != id || a->until_ms < p->now_ms)
			continue;
		if (reply(p, &to, &r, err) == -1)
			return -1;
		a->id = 0;
		return 0;
	}
	return err_set(
	    err, ERR_NOT_FOUND, "no query waits for an answer any more");
}

/* --- on behalf of others --- */

/*
 * Passes a Serf message on to who is named. Only what we would send
 * ourselves goes out: nobody is killed by our hand.
 */
int
pool_on_relay(struct pool *p, struct wire_bytes body, struct err *err)
{
	struct wire_relay head;
	struct wire_bytes serf;
	struct wire_query_response r;
	struct pool_addr to;
	struct buf b = { 0 };

	if (wire_get(&wire_relay_form, body, &head, &serf, err) == -1)
		return -1;
	if (serf.n == 0 || serf.data[0] != WIRE_SERF_QUERY_RESPONSE ||
	    !pool_addr_of(
		head.dest_addr.data, head.dest_addr.n, head.dest_port, &to))
		return err_set(err, ERR_BAD, "relay: not a response");
	if (wire_get(&wire_query_response_form, wire_from(serf, 1), &r, NULL,
		err) == -1)
		return -1;
	buf_addc(&b, WIRE_USER);
	buf_add(&b, serf.data, serf.n);
	pool_send(p, &to, NULL, wire_bytes(b.data, b.len));
	buf_release(&b);
	return 0;
}
