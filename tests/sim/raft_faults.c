/* What a seed makes of the world, and what goes wrong in it. */
#include <inttypes.h>

#include "tests/sim/raft_world.h"

static unsigned
pick(struct rng *r, const unsigned *v, size_t n)
{
	return v[rng_below(r, n)];
}

#define PICK(r, ...)                               \
	pick(r, (const unsigned[]){ __VA_ARGS__ }, \
	    sizeof((const unsigned[]){ __VA_ARGS__ }) / sizeof(unsigned))

/* A random half of the faults is off: the others can then go deep. */
static unsigned
maybe(struct rng *r, unsigned value)
{
	return rng_below(r, 2) == 0 ? 0 : value;
}

static void
choose_cluster(struct sim_opts *o, struct rng *r)
{
	o->nfirst = PICK(r, 1, 2, 3, 3, 3, 3, 3, 4, 5, 5, 5);
	o->nservers = o->nfirst;
	if (o->nfirst > 3 && sim_chance(r, 200))
		o->nlearners = 1;
	if (o->nfirst < SIM_SERVERS && sim_chance(r, 500))
		o->nservers +=
		    1 + (unsigned)rng_below(r, SIM_SERVERS - o->nfirst);
	o->election_ms = PICK(r, 300, 1000, 2000, 3000);
	o->jitter_ms = o->election_ms / PICK(r, 1, 1, 2, 8);
	o->heartbeat_ms = o->election_ms / PICK(r, 4, 4, 4, 6);
	o->append_max_entries = PICK(r, 1, 2, 3, 8, 1000);
	o->window = PICK(r, 1, 2, 4, 16);
	o->trailing = PICK(r, 0, 0, 1, 5, 100);
	o->snapshot_every = PICK(r, 2, 5, 20, 100, 1000);
	o->snapshot_size = PICK(r, 0, 1, 3, 7);
	o->chunk = PICK(r, 1, 2, 100);
}

/* Rates relate to the election time, so that small ones see as much. */
static void
choose_trouble(struct sim_opts *o, struct rng *r)
{
	uint64_t e = o->election_ms;

	o->delay_ms = 1 + e / PICK(r, 500, 100, 30, 10);
	o->sync_ms = 1 + e / PICK(r, 500, 100, 20, 8);
	o->slow_sync_ms = e * PICK(r, 1, 2, 4);
	o->loss = maybe(r, PICK(r, 5, 50, 150, 300));
	o->twice = maybe(r, PICK(r, 10, 100, 500));
	o->late = maybe(r, PICK(r, 5, 30, 100));
	o->late_type = maybe(r, 1 + (unsigned)rng_below(r, 10));
	o->crash = maybe(r, PICK(r, 1, 5, 10));
	o->cut = maybe(r, PICK(r, 1, 5, 10));
	o->slow = maybe(r, PICK(r, 1, 5));
	o->pause = maybe(r, PICK(r, 1, 5));
	o->all_down = maybe(r, 1);
	o->change = maybe(r, PICK(r, 2, 10, 30));
	o->transfer = maybe(r, PICK(r, 1, 5));
	o->fault_every_ms = e * PICK(r, 1, 2, 5, 20) / 2;
	o->ambush = maybe(r, PICK(r, 5, 30, 100));
	o->client_every_ms = 1 + e / PICK(r, 1, 2, 4, 10, 30);
	o->read_every_ms = 1 + e / PICK(r, 1, 1, 3, 10);
	o->apply_late = maybe(r, PICK(r, 100, 500));
	o->rounds = 1 + (unsigned)rng_below(r, 3);
}

void
sim_choose_opts(struct sim_world *w)
{
	choose_cluster(&w->o, &w->chance);
	choose_trouble(&w->o, &w->chance);
	/* Elections bear that one clock runs a tenth faster than another. */
	w->o.skew_ppm = sim_mix(w->seed, 8) % 3 == 0 ? 50000 : 0;
}

/* --- links --- */

void
sim_heal_links(struct sim_world *w)
{
	for (size_t i = 0; i < SIM_SERVERS; i++)
		for (size_t k = 0; k < SIM_SERVERS; k++)
			w->blocked[i][k] = false;
}

static size_t
any_server(struct sim_world *w)
{
	return (size_t)rng_below(&w->chance, w->o.nservers);
}

/* The leader is where it hurts most. */
static size_t
leader_or_any(struct sim_world *w)
{
	if (sim_chance(&w->chance, 600))
		for (size_t i = 0; i < w->o.nservers; i++)
			if (w->servers[i].up &&
			    w->servers[i].role == RAFT_LEADER)
				return i;
	return any_server(w);
}

static void
isolate(struct sim_world *w, size_t i, bool out, bool in)
{
	for (size_t k = 0; k < w->o.nservers; k++) {
		w->blocked[i][k] = w->blocked[i][k] || (out && k != i);
		w->blocked[k][i] = w->blocked[k][i] || (in && k != i);
	}
}

static void
split(struct sim_world *w)
{
	uint64_t side = rng_below(&w->chance, 1U << w->o.nservers);

	for (size_t i = 0; i < w->o.nservers; i++)
		for (size_t k = 0; k < w->o.nservers; k++)
			if (((side >> i) & 1) != ((side >> k) & 1))
				w->blocked[i][k] = true;
}

/* Each shape adds to what is broken already, or all is well again. */
static void
cut_links(struct sim_world *w)
{
	size_t a = any_server(w), b = any_server(w);

	w->stats.cuts++;
	switch (rng_below(&w->chance, 8)) {
	case 0:
		isolate(w, leader_or_any(w), true, true);
		break;
	case 1:
		isolate(w, leader_or_any(w), true, false);
		break;
	case 2:
		isolate(w, leader_or_any(w), false, true);
		break;
	case 3:
		split(w);
		break;
	case 4:
		w->blocked[a][b] = a != b;
		break;
	case 5:
		w->blocked[a][b] = w->blocked[b][a] = a != b;
		break;
	default:
		sim_heal_links(w);
		break;
	}
}

/* --- servers --- */

static void
crash(struct sim_world *w, struct sim_server *s)
{
	uint64_t down_ms = rng_below(&w->chance, 4 * w->o.election_ms);

	sim_server_crash(w, s);
	sim_post(w, w->now + down_ms, SIM_RESTART, s, 0);
}

static void
crash_all(struct sim_world *w)
{
	SIM_SAW(w, ALL_DOWN);
	for (size_t i = 0; i < w->o.nservers; i++)
		crash(w, &w->servers[i]);
}

void
sim_ambush(struct sim_world *w, struct sim_server *s)
{
	if (w->calm || !sim_chance(&w->chance, w->o.ambush))
		return;
	sim_post(w, w->now + rng_below(&w->chance, 2 * w->o.sync_ms + 2),
	    SIM_CRASH, s, 0);
}

static void
one_fault(struct sim_world *w)
{
	const struct sim_opts *o = &w->o;
	unsigned all = o->crash + o->cut + o->slow + o->pause + o->all_down +
		       o->change + o->transfer;
	unsigned n = all == 0 ? 0 : (unsigned)rng_below(&w->chance, all);
	struct sim_server *s = &w->servers[leader_or_any(w)];
	uint64_t span = rng_below(&w->chance, 6 * o->election_ms);

	if (all == 0)
		return;
	if (n < o->crash)
		crash(w, s);
	else if ((n -= o->crash) < o->cut)
		cut_links(w);
	else if ((n -= o->cut) < o->slow)
		s->slow_until = w->now + 2 * span;
	else if ((n -= o->slow) < o->pause)
		s->paused_until = w->now + span;
	else if ((n -= o->pause) < o->change)
		sim_change(w, s);
	else if (n - o->change < o->transfer)
		sim_transfer(w, s);
	else
		crash_all(w);
}

void
sim_fault(struct sim_world *w)
{
	if (w->calm)
		return;
	one_fault(w);
	sim_post(w, w->now + sim_spread(&w->chance, w->o.fault_every_ms),
	    SIM_FAULT, NULL, 0);
}
