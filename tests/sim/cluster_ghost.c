/*
 * What must hold at each command, on whatever server carries it out: all have
 * the same state then, nothing is wanted twice, all fits. And what leaders
 * say of nodes is held against what they said before.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/text.h"
#include "common/mem.h"
#include "proto/cmd.h"
#include "tests/sim/cluster.h"

/* --- states --- */

static uint64_t
short_hash(const struct sched_state *st)
{
	uint64_t h = st->index;

	for (size_t i = 0; i < SCHED_NTABLES; i++)
		h = sim_mix(h, st->tables[i]);
	h = sim_mix(h, HASH_COUNT(st->jobs));
	h = sim_mix(h, HASH_COUNT(st->nodes));
	h = sim_mix(h, st->alloc_ids.n);
	h = sim_mix(h, HASH_COUNT(st->evals));
	h = sim_mix(h, HASH_COUNT(st->deployments));
	for (size_t i = 0; i < st->nclients; i++)
		h = sim_mix(h, st->clients[i].request * 32 +
				   (uint64_t)st->clients[i].code);
	return h;
}

static int
mix_bytes(void *ctx, const void *p, size_t n)
{
	uint64_t *h = ctx, word = 0;
	const char *at = p;

	for (; n >= sizeof word; n -= sizeof word, at += sizeof word) {
		memcpy(&word, at, sizeof word);
		*h = (*h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		*h ^= *h >> 32;
	}
	word = n;
	memcpy(&word, at, n);
	*h = sim_mix(*h, word + n);
	return 0;
}

/* The first one there says what is right. */
static void
must_equal(struct cluster *c, uint64_t *known, uint64_t hash, uint64_t index)
{
	if (*known != 0 && *known != hash)
		sim_fail(&c->w, "SM: states differ after %" PRIu64, index);
	*known = hash;
}

static uint64_t *
slot(uint64_t **list, size_t *n, size_t *cap, uint64_t i)
{
	while (*n <= i) {
		*list = xgrow(*list, *n, cap, sizeof **list);
		(*list)[(*n)++] = 0;
	}
	return &(*list)[i];
}

static void
compare(struct vserver *v, uint64_t index)
{
	struct cluster *c = v->c;
	const struct sched_state *st = sched_core_state(v->core);
	uint64_t hash = 1;

	must_equal(c, slot(&c->states, &c->nstates, &c->cstates, index),
	    short_hash(st), index);
	if (index % CLUSTER_FULL != 0)
		return;
	sched_snapshot_write(st, mix_bytes, &hash);
	c->stats.compared++;
	must_equal(c,
	    slot(&c->fulls, &c->nfulls, &c->cfulls, index / CLUSTER_FULL), hash,
	    index);
}

/* --- once each, and within what there is --- */

static void
check_room(struct cluster *c, const struct sched_node *n)
{
	const struct sched_alloc *a;
	int64_t cpu = 0, memory_mb = 0;

	TAILQ_FOREACH (a, &n->allocs, by_node) {
		if (sched_alloc_is_terminal(a))
			continue;
		cpu += a->usage->cpu;
		memory_mb += a->usage->memory_mb;
	}
	if (cpu > CLUSTER_CPU || memory_mb > CLUSTER_MEMORY_MB)
		sim_fail(&c->w, "ROOM: node %s has more than fits", n->id);
	if (n->usage.cpu != cpu || n->usage.memory_mb != memory_mb)
		sim_fail(&c->w, "ROOM: node %s is counted wrong", n->id);
}

/* The job is shown when the run ends. */
static void
point_at(struct cluster *c, const struct sched_job *j)
{
	for (size_t i = 0; i < c->njobs; i++)
		if (strcmp(c->jobs[i].spec.id, j->id) == 0)
			c->unsettled = &c->jobs[i];
}

/* Of a system job one a node, else one a name. */
static void
check_once(struct cluster *c, const struct sched_job *j)
{
	bool everywhere = strcmp(j->job->type, "system") == 0;
	const struct sched_alloc *a;
	struct map seen = { 0 };
	char name[32];

	TAILQ_FOREACH (a, &j->allocs, by_job) {
		const char *key = a->node->id;

		if (sched_alloc_is_terminal(a))
			continue;
		snprintf(name, sizeof name, "%u", a->name_index);
		if (!everywhere)
			key = name;
		if (map_put(&seen, key, (void *)(uintptr_t)a) == NULL)
			continue;
		point_at(c, j);
		sim_fail(&c->w, "ONCE: job %s has two of %s", j->id, key);
	}
	map_release(&seen);
}

void
ghost_applied(struct vserver *v, uint64_t index)
{
	struct cluster *c = v->c;
	const struct sched_state *st = sched_core_state(v->core);
	bool is_first = index >= c->nstates;

	compare(v, index);
	if (!is_first)
		return;
	c->stats.commands++;
	if (st->tables[SCHED_ALLOCS] != st->index)
		return;
	for (const struct sched_node *n = st->nodes; n != NULL; n = n->hh.next)
		if (n->allocs_index == st->index)
			check_room(c, n);
	for (const struct sched_job *j = st->jobs; j != NULL; j = j->hh.next)
		if (j->job != NULL && j->allocs_index == st->index)
			check_once(c, j);
}

/* --- snapshots --- */

static int
add_bytes(void *ctx, const void *p, size_t n)
{
	buf_add(ctx, p, n);
	return 0;
}

void
ghost_kept(struct vserver *v, uint64_t index)
{
	struct cluster *c = v->c;
	struct buf b = { 0 };

	while (c->nsnaps <= index) {
		c->snaps = xgrow(c->snaps, c->nsnaps, &c->csnaps, sizeof b);
		c->snaps[c->nsnaps++] = (struct buf){ 0 };
	}
	if (c->snaps[index].len > 0 && index % 4 != 0)
		return; /* as another has it */
	sched_snapshot_write(sched_core_state(v->core), add_bytes, &b);
	if (c->snaps[index].len == 0) {
		c->snaps[index] = b;
		return;
	}
	if (b.len != c->snaps[index].len ||
	    memcmp(b.data, c->snaps[index].data, b.len) != 0)
		sim_fail(&c->w, "SM: snapshots at %" PRIu64 " differ", index);
	buf_release(&b);
}

/* --- leases --- */

void
ghost_leased(struct vserver *v, size_t node, uint64_t ttl_ms)
{
	struct vnode *n = &v->c->nodes[node];

	if (v->office < n->office)
		return; /* of a leader that does not know yet that it is none */
	n->office = v->office;
	n->leased_ms = v->c->w.now;
	n->lease_ttl_ms = ttl_ms;
}

/* What whole milliseconds of two clocks may differ by. */
#define ROUND_MS 2

/* When the lease is over that the node was told of, by the node's clock. A
 * leader whose clock is so much faster that its grace is over by then owes it
 * nothing any more. */
static uint64_t
lease_end(const struct vserver *v, const struct vnode *n)
{
	uint64_t node_ms = sim_counting(n->clock_ppm, n->lease_ttl_ms);
	uint64_t leader_ms =
	    sim_counting(v->s->clock_ppm, n->lease_ttl_ms + CLUSTER_GRACE_MS);

	return n->leased_ms + (node_ms < leader_ms ? node_ms : leader_ms) -
	       ROUND_MS;
}

static bool
is_settled_since(const struct cluster *c, uint64_t ms)
{
	return c->w.now - ms > CLUSTER_BOUND_MS / 2;
}

/*
 * Nobody is called lost before the lease is over that it was told of; nor,
 * where this leader told it of none, before it had the time to come. And who
 * is well, while all is, keeps its lease. How far clocks may differ for that
 * is in cluster.h.
 */
static void
check_lost(struct vserver *v, const char *id)
{
	struct cluster *c = v->c;
	const struct vnode *n = map_find(&c->node_of, id);
	uint64_t until = v->led_ms +
			 sim_counting(v->s->clock_ppm, CLUSTER_FAILOVER_MS) -
			 ROUND_MS;

	if (n->office == v->office)
		until = lease_end(v, n);
	if (n->office <= v->office && c->w.now < until)
		sim_fail(&c->w,
		    "LEASE: server %" PRIu64 " calls node %s lost, %" PRIu64
		    " ms too early",
		    v->s->id, id, until - c->w.now);
	if (!c->wild && n->up && is_settled_since(c, c->well_ms) &&
	    is_settled_since(c, n->well_ms) && is_settled_since(c, v->led_ms))
		sim_fail(&c->w,
		    "LEASE: server %" PRIu64
		    " calls node %s lost, and nothing is wrong with it",
		    v->s->id, id);
}

void
ghost_lost(struct vserver *v, const void *bytes, size_t n)
{
	struct arena arena = { 0 };
	struct cmd cmd;
	struct err err;

	if (rec_unpack(&cmd_type, &cmd, bytes, n, &arena, &err) == 0 &&
	    cmd.node_status != NULL &&
	    sched_eq(cmd.node_status->status, "down"))
		check_lost(v, cmd.node_status->node_id);
	arena_release(&arena);
}

void
ghost_release(struct cluster *c)
{
	for (size_t i = 0; i < c->nsnaps; i++)
		buf_release(&c->snaps[i]);
	free(c->snaps);
	free(c->states);
	free(c->fulls);
}
