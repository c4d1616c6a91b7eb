#include "cmd/gossipd/pool.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/gossipd/pool_impl.h"
#include "common/mem.h"

#ifdef POOL_PLANTS
int pool_plant;
#endif

/* What we are: memberlist's protocols 1 to 5 and 2, Serf's 2 to 5 and 4. */
static const uint8_t our_vsn[WIRE_VSN_SIZE] = { 1, 5, 2, 2, 5, 4 };

static const struct pool_rules profiles[] = {
	[POOL_LAN] = { .tcp_ms = 10000,
	    .nhelpers = 3,
	    .retransmit = 6,
	    .suspicion = { .mult = 4, .max_mult = 6, .interval_ms = 1000 },
	    .push_pull_ms = 30000,
	    .probe_timeout_ms = 500,
	    .gossip_ms = 200,
	    .ngossip = 3,
	    .dead_ms = 30000 },
	[POOL_WAN] = { .tcp_ms = 30000,
	    .nhelpers = 3,
	    .retransmit = 6,
	    .suspicion = { .mult = 6, .max_mult = 6, .interval_ms = 5000 },
	    .push_pull_ms = 60000,
	    .probe_timeout_ms = 3000,
	    .gossip_ms = 500,
	    .ngossip = 4,
	    .dead_ms = 60000 },
	[POOL_LOCAL] = { .tcp_ms = 1000,
	    .nhelpers = 1,
	    .retransmit = 3,
	    .suspicion = { .mult = 3, .max_mult = 6, .interval_ms = 1000 },
	    .push_pull_ms = 15000,
	    .probe_timeout_ms = 200,
	    .gossip_ms = 100,
	    .ngossip = 3,
	    .dead_ms = 15000 },
};

/* --- time --- */

void
pool_arm(struct pool *p, struct pool_timer *t, uint64_t at_ms)
{
	due_remove(&p->dues, &t->due);
	due_add(&p->dues, &t->due, at_ms);
}

void
pool_disarm(struct pool *p, struct pool_timer *t)
{
	due_remove(&p->dues, &t->due);
}

uint64_t
pool_stamp(const struct pool *p)
{
	return p->ops.stamp_us != NULL ? p->ops.stamp_us(p->ops.ctx)
				       : p->now_ms * 1000;
}

uint64_t
pool_due_ms(const struct pool *p)
{
	const struct due *d = due_first(&p->dues);

	return d != NULL ? d->at_ms : UINT64_MAX;
}

/*
 * Where what was due is long overdue we were stopped, or
 * starved: whoever has waited for an answer has not really waited. All keys
 * of the heap grow alike, so it stays a heap. Suspicions begin anew: what
 * refuted them may have been missed.
 */
void
pool_take_time(struct pool *p, uint64_t now_ms)
{
	uint64_t due = pool_due_ms(p), late;

	if (now_ms < p->now_ms)
		now_ms = p->now_ms;
	p->now_ms = now_ms;
	if (due >= now_ms || now_ms - due <= POOL_STALL_MS)
		return;
	late = now_ms - due;
	p->stats.stalls++;
	for (size_t i = 0; i < p->dues.n; i++)
		p->dues.heap[i]->at_ms += late;
	for (size_t i = 0; i < p->ntable; i++)
		if (p->table[i]->suspect != NULL)
			pool_suspect_restart(p, p->table[i]);
	p->probe.end_ms += late;
}

void
pool_tick(struct pool *p, uint64_t now_ms)
{
	struct due *d;

	pool_take_time(p, now_ms);
	while ((d = due_first(&p->dues)) != NULL && d->at_ms <= p->now_ms) {
		struct pool_timer *t = DUE_OF(d, struct pool_timer, due);

		due_remove(&p->dues, d);
		t->fire(p, t);
	}
}

/* --- what packets and streams share --- */

void
pool_packet(struct pool *p, uint64_t now_ms, const struct pool_addr *from,
    const char *bytes, size_t n)
{
	pool_take_time(p, now_ms);
	p->stats.packets_in++;
	p->stats.bytes_in += n;
	pool_packet_in(p, from, wire_bytes(bytes, n));
}

void
pool_refused(struct pool *p, uint64_t now_ms, const struct pool_addr *addr)
{
	pool_take_time(p, now_ms);
	pool_probe_refused(p, addr);
	pool_pending_refused(p, addr);
}

unsigned
pool_log10_ceil(size_t n)
{
	unsigned digits = 0;

	for (size_t reach = 1; reach < n; reach *= 10)
		digits++;
	return digits;
}

void
pool_health_add(struct pool *p, int delta)
{
	int score = (int)p->health + delta;

	p->health = score < 0            ? 0
		    : score > HEALTH_MAX ? HEALTH_MAX
					 : (unsigned)score;
}

/* --- events --- */

void
pool_tell(struct pool *p, const struct pool_event *ev)
{
	if (p->ops.event != NULL)
		p->ops.event(p->ops.ctx, ev);
}

void
pool_tell_member(
    struct pool *p, enum pool_event_type type, const struct pool_member *m)
{
	struct pool_event ev = { .type = type };

	pool_view_of(m, &ev.member);
	pool_tell(p, &ev);
}

/* --- life --- */

static int
check(const struct pool_config *c, struct err *err)
{
	char name[POOL_NAME_MAX + 1];

	if (!pool_name(wire_text(c->name), name))
		return err_set(err, ERR_BAD,
		    "name \"%s\" is empty or longer than %d bytes", c->name,
		    POOL_NAME_MAX);
	if ((c->addr.nip != 4 && c->addr.nip != 16) || c->addr.port == 0)
		return err_set(err, ERR_BAD, "no address to be reached at");
	return 0;
}

static void
timers_init(struct pool *p)
{
	p->gossip.fire = pool_gossip_fire;
	p->probing.fire = pool_probing_fire;
	p->probe.timer.fire = pool_probe_fire;
	p->syncing.fire = pool_syncing_fire;
	p->reconnecting.fire = pool_reconnecting_fire;
	p->reaping.fire = pool_reaping_fire;
	p->leaving.fire = pool_leaving_fire;
	for (size_t i = 0; i < POOL_PENDING_MAX; i++)
		p->pending[i].timer.fire = pool_pending_fire;
	for (size_t i = 0; i < POOL_QUERIES_MAX; i++)
		p->asks[i].timer.fire = pool_ask_fire;
	pool_arm(p, &p->syncing,
	    p->now_ms + 1 + rng_below(&p->rng, p->rules.push_pull_ms));
}

static void
become_a_member(struct pool *p, const char *name)
{
	struct pool_member *m = pool_member_add(p, name);

	p->self = m;
	memcpy(m->vsn, our_vsn, sizeof our_vsn);
	memcpy(m->addr, p->addr.ip, p->addr.nip);
	m->naddr = p->addr.nip;
	m->port = p->addr.port;
	m->state = WIRE_STATE_ALIVE;
	m->state_ms = p->now_ms;
	pool_member_seat(p, m);
	m->incarnation = 0;
}

/* An earlier life's times: the clocks go on from there. */
static void
recall(struct pool *p, const struct pool_config *c)
{
	pool_witness(&p->clock, c->member_time);
	pool_witness(&p->event_clock, c->event_time);
	pool_witness(&p->query_clock, c->query_time);
	if (c->event_time > 0)
		p->event_min = p->event_clock;
	if (c->query_time > 0)
		p->query_min = p->query_clock;
}

struct pool *
pool_new(const struct pool_config *c, const struct pool_ops *ops, uint64_t seed,
    uint64_t now_ms, struct err *err)
{
	struct pool *p;

	if (check(c, err) == -1)
		return NULL;
	p = xcalloc(1, sizeof *p);
	p->ops = *ops;
	p->rules = profiles[c->profile];
	p->ring = c->ring;
	p->compress = c->compress;
	p->addr = c->addr;
	p->now_ms = now_ms;
	p->clock = p->event_clock = p->query_clock = 1;
	rng_init(&p->rng, seed);
	recall(p, c);
	coord_client_init(&p->coord);
	timers_init(p);
	pool_set_times(p, now_ms, c->reconnect_ms, c->tombstone_ms);
	become_a_member(p, c->name);
	if (pool_set_tags(p, now_ms, c->tags, c->ntags, err) == -1) {
		pool_free(p);
		return NULL;
	}
	pool_serf_joined(p, p->self);
	return p;
}

void
pool_free(struct pool *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->nall; i++) {
		pool_suspect_end(p, p->all[i]);
		pool_member_free(p, p->all[i]);
	}
	map_release(&p->members);
	free(p->all);
	free(p->table);
	bcast_release(&p->news);
	bcast_release(&p->intents);
	bcast_release(&p->queries);
	bcast_release(&p->events);
	pool_early_release(p);
	pool_event_release(p);
	pool_query_release(p);
	pool_ask_release(p);
	dues_release(&p->dues);
	free(p);
}

int
pool_set_tags(struct pool *p, uint64_t now_ms, const struct rec_kv *tags,
    size_t ntags, struct err *err)
{
	struct buf meta = { 0 };
	struct pool_member *m = p->self;

	pool_take_time(p, now_ms);
	wire_tags_put(&meta, tags, ntags);
	if (meta.len > POOL_META_MAX) {
		err_set(err, ERR_BAD,
		    "tags take %zu bytes, of which there may be %d", meta.len,
		    POOL_META_MAX);
		buf_release(&meta);
		return -1;
	}
	free(m->meta);
	m->meta = xmemdup(meta.data, meta.len);
	m->nmeta = meta.len;
	buf_release(&meta);
	m->incarnation++;
	pool_renew(p);
	if (m->status != POOL_NONE)
		pool_serf_updated(p, m);
	return 0;
}
