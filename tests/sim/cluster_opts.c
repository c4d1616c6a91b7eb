/* What a seed makes of a cluster, and what goes wrong in it beside what goes
 * wrong with Raft's servers (raft_faults.c). */
#include "common/clock.h"
#include "tests/sim/cluster.h"

/*
 * Most clusters are small: a fault meets more of a small cluster than of a
 * large one, and many of them live in the time of one. Each so many seeds have
 * as many nodes as there may be, and each so many more than a few.
 */
#define BIG_EVERY   64
#define LARGE_EVERY 16

static uint64_t
pick(struct rng *r, const uint64_t *v, size_t n)
{
	return v[rng_below(r, n)];
}

#define PICK(r, ...)                               \
	pick(r, (const uint64_t[]){ __VA_ARGS__ }, \
	    sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t))

/* Timings as schedd's, and limits that are reached. */
static void
choose_raft(struct sim_opts *o, struct rng *r)
{
	o->nservers = (unsigned)PICK(r, 3, 5, 5);
	o->nfirst = (unsigned)(o->nservers == 3 ? 3 : PICK(r, 3, 5, 5, 5));
	o->nlearners = 0;
	o->election_ms = PICK(r, 300, 300, 300, 1000);
	o->jitter_ms = o->election_ms * 2 / 3;
	o->heartbeat_ms = o->election_ms / 5;
	o->append_max_entries = PICK(r, 8, 64, 1000);
	o->window = PICK(r, 2, 4, 16);
	o->trailing = PICK(r, 0, 5, 100, 1000);
	o->snapshot_every = PICK(r, 50, 200, 1000);
	o->delay_ms = PICK(r, 1, 2, 10);
	o->sync_ms = PICK(r, 1, 3, 10);
	o->loss = (unsigned)PICK(r, 0, 0, 5, 50, 200);
	o->fault_every_ms = PICK(r, 500, 2000, 5000);
	o->skew_ppm = PICK(r, 0, 0, 5000, 50000, CLUSTER_SKEW_PPM);
	o->change = rng_below(r, 4) == 0 ? 5 : 0;
	o->ambush = o->ambush > 30 ? 30 : o->ambush;
}

static void
choose_size(struct cluster *c)
{
	struct cluster_opts *o = &c->o;
	struct rng *r = &c->rng;

	o->nnodes = (size_t)PICK(r, 5, 5, 10, 10, 20, 50);
	o->nservices = 1 + (size_t)rng_below(r, 4);
	o->nbatches = (size_t)rng_below(r, 3);
	o->nsystems = (size_t)rng_below(r, 2);
	if (c->w.seed % LARGE_EVERY != 0)
		return;
	o->nnodes = (size_t)PICK(r, 50, 100, 200);
	o->nservices += 5 + (size_t)rng_below(r, 8);
	o->nsystems = (size_t)rng_below(r, 3);
	if (c->w.seed % BIG_EVERY != 0)
		return;
	o->nnodes = CLUSTER_NODES;
	o->nsystems = rng_below(r, 4) == 0;
	if (c->w.o.snapshot_every < 500)
		c->w.o.snapshot_every = 500;
}

void
cluster_choose(struct cluster *c)
{
	struct cluster_opts *o = &c->o;
	struct rng *r = &c->rng;

	choose_raft(&c->w.o, r);
	choose_size(c);
	o->crowded = o->nnodes <= 50 && rng_below(r, 2) == 0;
	if (o->crowded)
		o->nbatches = 0; /* they might find no room for ever */
	o->wild_ms = PICK(r, 8000, 15000, 30000);
	o->loss = (unsigned)PICK(r, 0, 5, 30);
	o->twice = (unsigned)PICK(r, 0, 20, 100);
	o->node_trouble = (unsigned)(o->nnodes / PICK(r, 3, 10, 50) + 1);
	o->trouble_every_ms = PICK(r, 700, 3000);
	o->thread_ms = PICK(r, 0, 0, 2, 10);
	o->jumps = rng_below(r, 3) == 0;
	o->gc_ms = PICK(r, 0, 3000);
	/* Whoever removes one server in the moment in which another one is
	 * lost for good has too few left. */
	o->losses = rng_below(r, 3) == 0 && c->w.o.change == 0;
	o->bad_disks = rng_below(r, 3) == 0;
	o->leaves = c->w.o.nservers > 3 && rng_below(r, 3) == 0;
}

void
cluster_plan_trouble(struct cluster *c)
{
	for (unsigned i = 0; i < c->o.node_trouble; i++) {
		uint64_t at = cluster_between(c, 4000, c->o.wild_ms - 1);
		enum event_kind kind =
		    cluster_chance(c, 500) ? EV_NODE_CRASH : EV_AGENT_CRASH;

		cluster_later(c, at, kind,
		    (size_t)cluster_between(c, 0, c->o.nnodes - 1), 0);
	}
	cluster_later(c, 2000, EV_TROUBLE, 0, 0);
	sim_post(&c->w, c->w.now + 1500, SIM_FAULT, NULL, 0);
}

/* Some nodes lose sight of some servers, or of all. */
static void
cut_nodes(struct cluster *c)
{
	size_t first = (size_t)cluster_between(c, 0, c->o.nnodes - 1);
	size_t n = (size_t)cluster_between(c, 1, 1 + c->o.nnodes / 10);
	uint64_t until = c->w.now + cluster_between(c, 200, 15000);
	unsigned blind =
	    (unsigned)cluster_between(c, 1, (1U << c->w.o.nservers) - 1);

	for (size_t i = 0; i < n; i++) {
		struct vnode *v = &c->nodes[(first + i) % c->o.nnodes];

		v->blind = blind;
		v->blind_until_ms = until;
		if (cluster_chance(c, 300))
			v->cut_until_ms = until;
	}
}

/* A wall clock is an hour wrong from now on, or right again. */
static void
jump(struct cluster *c)
{
	size_t i = (size_t)cluster_between(c, 0, c->w.o.nservers - 1);
	size_t k = (size_t)cluster_between(c, 0, c->o.nnodes - 1);
	int64_t hour = 3600 * CLOCK_NS_PER_S;
	int64_t skew_ns = (int64_t)cluster_between(c, 0, 2) * hour - hour;

	c->stats.jumps++;
	if (cluster_chance(c, 500))
		c->servers[i].skew_ns = skew_ns;
	else
		c->nodes[k].skew_ns = skew_ns;
}

void
cluster_trouble(struct cluster *c)
{
	if (!c->wild)
		return;
	if (members_trouble(c))
		;
	else if (cluster_chance(c, 600))
		cut_nodes(c);
	else if (c->o.jumps)
		jump(c);
	cluster_later(c, cluster_between(c, 1, 2 * c->o.trouble_every_ms),
	    EV_TROUBLE, 0, 0);
}
