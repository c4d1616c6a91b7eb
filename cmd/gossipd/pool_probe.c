#include "cmd/gossipd/pool_impl.h"
#include "common/log.h"

/* memberlist's protocols that know of a ping by TCP, and of nacks */
#define VSN_TCP_PING 3
#define VSN_NACK     4

/* --- asking it --- */

/* A suspect is told so along with the ping, for it to refute at once. */
static void
ping_suspect(struct pool *p, struct pool_member *m, struct wire_bytes ping)
{
	struct wire_accusation s = { m->incarnation, wire_text(m->name),
		wire_text(p->self->name) };
	struct pool_addr to;
	struct buf b = { 0 }, both = { 0 };
	struct wire_bytes parts[2] = { ping };

	wire_put(&b, &wire_suspect_form, &s);
	parts[1] = wire_bytes(b.data, b.len);
	wire_compound_put(&both, parts, 2);
	pool_member_addr(m, &to);
	pool_send(p, &to, m, wire_bytes(both.data, both.len));
	buf_release(&b);
	buf_release(&both);
}

void
pool_ping(struct pool *p, struct pool_member *m, uint32_t seq)
{
	struct wire_ping ping = { .seq = seq, .node = wire_text(m->name) };
	struct pool_addr to;
	struct buf b = { 0 };

	wire_put(&b, &wire_ping_form, &ping);
	if (m->state == WIRE_STATE_SUSPECT) {
		ping_suspect(p, m, wire_bytes(b.data, b.len));
	} else {
		pool_member_addr(m, &to);
		pool_send_along(p, &to, wire_bytes(b.data, b.len));
	}
	buf_release(&b);
}

static void
probe_begin(struct pool *p, struct pool_member *m)
{
	struct pool_timer timer = p->probe.timer;

	p->probe = (struct pool_probe){ .timer = timer,
		.stage = PROBE_DIRECT,
		.target = m,
		.seq = ++p->seq,
		.start_us = pool_stamp(p),
		.end_ms = p->now_ms +
			  p->rules.suspicion.interval_ms * (p->health + 1) };
	p->stats.probes++;
	pool_arm(p, &p->probe.timer, p->now_ms + p->rules.probe_timeout_ms);
	pool_ping(p, m, p->probe.seq);
}

static void
probe_end(struct pool *p)
{
	pool_disarm(p, &p->probe.timer);
	p->probe.stage = PROBE_IDLE;
	p->probe.target = NULL;
}

static void
ask_helpers(struct pool *p)
{
	struct pool_probe *probe = &p->probe;
	struct pool_member *helpers[POOL_HELPERS_MAX];
	struct wire_indirect_ping in = { .seq = probe->seq,
		.node = wire_text(probe->target->name),
		.target = pool_member_raw_addr(probe->target),
		.port = probe->target->port };
	size_t n = pool_pick(
	    p, pool_is_alive, probe->target, helpers, p->rules.nhelpers);

	for (size_t i = 0; i < n; i++) {
		struct pool_addr to;

		in.nack = helpers[i]->vsn[1] >= VSN_NACK;
		probe->wanted += in.nack;
		pool_member_addr(helpers[i], &to);
		pool_send_form(p, &to, &wire_indirect_ping_form, &in);
	}
}

struct pool_dial *
pool_ping_by_tcp(struct pool *p, struct pool_member *m, enum dial_kind kind,
    uint32_t seq, uint64_t deadline_ms)
{
	struct wire_ping ping = { .seq = seq, .node = wire_text(m->name) };
	struct pool_dial *d;
	struct pool_addr to;
	struct buf b = { 0 };

	if (m->vsn[1] < VSN_TCP_PING)
		return NULL;
	wire_put(&b, &wire_ping_form, &ping);
	pool_member_addr(m, &to);
	d = pool_dial(
	    p, kind, &to, wire_bytes(b.data, b.len), seq, deadline_ms);
	buf_release(&b);
	return d;
}

static void
probe_indirectly(struct pool *p)
{
	p->probe.stage = PROBE_INDIRECT;
	pool_arm(p, &p->probe.timer, p->probe.end_ms);
	ask_helpers(p);
	/* It may be only datagrams that do not arrive. */
	pool_ping_by_tcp(
	    p, p->probe.target, DIAL_PING, p->probe.seq, p->probe.end_ms);
}

/*
 * No datagram has come back. Who answers by TCP is there, and so are we.
 * Helpers whose nacks are missing, too, make us doubt ourselves; a host that
 * refused us does not.
 */
static void
probe_fail(struct pool *p)
{
	struct pool_probe *probe = &p->probe;
	struct pool_member *m = probe->target;
	struct wire_accusation s = { m->incarnation, wire_text(m->name),
		wire_text(p->self->name) };
	bool refused = probe->refused;

	if (probe->tcp_ok) {
		pool_health_add(p, -1);
		probe_end(p);
		log_warn("member answers by TCP only name=%s", m->name);
		return;
	}
	if (probe->wanted > 0)
		pool_health_add(p, (int)probe->wanted - (int)probe->nacks);
	else if (!refused)
		pool_health_add(p, 1);
	probe_end(p);
	p->stats.probes_failed++;
	log_debug("probe failed name=%s refused=%d", m->name, refused);
	pool_on_suspect(p, &s, refused);
}

void
pool_probe_fire(struct pool *p, struct pool_timer *t)
{
	(void)t;
	if (p->probe.stage == PROBE_DIRECT)
		probe_indirectly(p);
	else if (p->probe.stage == PROBE_INDIRECT)
		probe_fail(p);
}

/* --- answers --- */

/* A round trip that was timed teaches us where we are. */
static void
learn_place(struct pool *p, const struct wire_ack *ack)
{
	struct pool_member *m = p->probe.target;
	double rtt = (double)(pool_stamp(p) - p->probe.start_us) / 1e6;
	struct wire_coord c;

	if (ack->payload.n == 0 || wire_coord_get(ack->payload, &c, NULL) == -1)
		return;
	if (coord_update(&p->coord, &m->lag, &c, rtt, &p->rng)) {
		m->coord = c;
		m->has_coord = true;
	}
}

void
pool_probe_ack(struct pool *p, const struct wire_ack *ack)
{
	struct pool_member *m = p->probe.target;

	if (p->probe.stage == PROBE_IDLE || ack->seq != p->probe.seq)
		return;
	if (p->probe.stage == PROBE_DIRECT)
		learn_place(p, ack);
	pool_health_add(p, -1);
	probe_end(p);
	pool_suspect_heard(p, m);
}

/*
 * Where the member's host has refused us and each helper has tried in vain,
 * there is nothing more to wait for.
 */
static void
conclude_early(struct pool *p)
{
	if (p->probe.stage == PROBE_INDIRECT && p->probe.refused &&
	    p->probe.nacks >= p->probe.wanted)
		probe_fail(p);
}

void
pool_probe_nack(struct pool *p, uint32_t seq)
{
	if (p->probe.stage != PROBE_INDIRECT || seq != p->probe.seq ||
	    p->probe.nacks >= p->probe.wanted)
		return;
	p->probe.nacks++;
	conclude_early(p);
}

void
pool_probe_tcp(struct pool *p, uint32_t seq, bool ok, bool refused)
{
	/* A helper's own time, and its way back. */
	uint64_t helped = p->now_ms + p->rules.probe_timeout_ms * 5 / 4;

	if (p->probe.stage != PROBE_INDIRECT || seq != p->probe.seq)
		return;
	if (ok) {
		p->probe.tcp_ok = true;
		pool_suspect_heard(p, p->probe.target);
	}
	if (!refused)
		return;
	p->probe.refused = true;
	if (helped < p->probe.end_ms)
		pool_arm(p, &p->probe.timer, helped);
	conclude_early(p);
}

void
pool_probe_refused(struct pool *p, const struct pool_addr *addr)
{
	struct pool_addr target;

	if (p->probe.stage != PROBE_DIRECT)
		return;
	pool_member_addr(p->probe.target, &target);
	if (pool_addr_is(&target, addr))
		probe_indirectly(p);
}

void
pool_probe_forget(struct pool *p, const struct pool_member *m)
{
	if (p->probe.target == m)
		probe_end(p);
}

/* --- the beat --- */

void
pool_probing_fire(struct pool *p, struct pool_timer *t)
{
	struct pool_member *m;

	if (p->ntable <= 1)
		return;
	pool_arm(p, t, p->now_ms + p->rules.suspicion.interval_ms);
	if (p->probe.stage != PROBE_IDLE) /* we are slow ourselves */
		return;
	m = pool_probe_target(p);
	if (m != NULL)
		probe_begin(p, m);
}

void
pool_probe_wake(struct pool *p)
{
	if (p->probing.due.place == 0)
		pool_arm(p, &p->probing,
		    p->now_ms + 1 +
			rng_below(&p->rng, p->rules.suspicion.interval_ms));
}
