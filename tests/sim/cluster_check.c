/*
 * What must hold at any time, and what must hold at the end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "tests/sim/cluster.h"
#include "tests/sim/cluster_jobs.h"

static void
check_room(const struct cluster *c, const struct sched_node *n)
{
	const struct sched_alloc *a;
	int64_t cpu = 0, memory_mb = 0;

	TAILQ_FOREACH (a, &n->allocs, by_node) {
		if (sched_alloc_is_terminal(a))
			continue;
		cpu += a->usage.cpu;
		memory_mb += a->usage.memory_mb;
	}
	if (cpu > CLUSTER_CPU || memory_mb > CLUSTER_MEMORY_MB)
		cluster_wrong(c, "node %s has more than fits", n->id);
}

/* Nothing is wanted twice: of a system job one a node, else one a name. */
static void
check_once(const struct cluster *c, const struct sched_job *j, bool everywhere)
{
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
		if (map_put(&seen, key, (void *)(uintptr_t)a) != NULL)
			cluster_wrong(c, "job %s has two of %s", j->id, key);
	}
	map_release(&seen);
}

void
cluster_check_now(struct cluster *c)
{
	const struct sched_state *st;

	if (!c->server.up)
		return;
	st = sched_core_state(c->server.core);
	for (const struct sched_node *n = st->nodes; n != NULL; n = n->hh.next)
		check_room(c, n);
	for (const struct sched_job *j = st->jobs; j != NULL; j = j->hh.next)
		if (j->job != NULL)
			check_once(c, j, strcmp(j->job->type, "system") == 0);
}

/* --- at the end --- */

static struct vnode *
vnode_find(struct cluster *c, const char *id)
{
	for (size_t i = 0; i < CLUSTER_NODES; i++)
		if (strcmp(c->nodes[i].id, id) == 0)
			return &c->nodes[i];
	cluster_wrong(c, "node %s is none of ours", id);
}

static void
check_nodes(struct cluster *c, const struct sched_state *st)
{
	for (size_t i = 0; i < CLUSTER_NODES; i++) {
		const struct vnode *v = &c->nodes[i];
		const struct sched_node *n = sched_node_find(st, v->id);
		const char *want = v->gone ? "down" : "ready";

		if (n == NULL)
			cluster_wrong(c, "node %zu is unknown", i);
		if (strcmp(n->node->status, want) != 0)
			cluster_wrong(c, "node %zu is %s and not %s", i,
			    n->node->status, want);
	}
}

/* All that runs is wanted: no process was forgotten anywhere. */
static void
check_processes(struct cluster *c, const struct sched_state *st)
{
	for (size_t i = 0; i < CLUSTER_NODES; i++) {
		MAP_FOREACH (e, &c->nodes[i].procs) {
			const struct proc *p = map_value(e);
			char id[SCHED_ID_SIZE];
			const struct sched_alloc *a;

			snprintf(id, sizeof id, "%.36s", p->key);
			a = sched_alloc_find(st, id);
			if (!p->ended && c->nodes[i].up &&
			    (a == NULL || sched_alloc_is_terminal(a)))
				cluster_wrong(c,
				    "node %zu runs %s, which nobody wants", i,
				    p->key);
		}
	}
}

static int64_t
count_up(struct cluster *c, const struct sched_job *j)
{
	const struct sched_alloc *a;
	int64_t n = 0;

	TAILQ_FOREACH (a, &j->allocs, by_job) {
		const struct vnode *v = vnode_find(c, a->node->id);

		if (sched_alloc_is_terminal(a))
			continue;
		if (a->client != SCHED_RUNNING || !v->up ||
		    node_running(v, a->id) != 1)
			cluster_wrong(c,
			    "allocation %s of %s on %s (%s) is %s, with %zu "
			    "processes",
			    a->id, j->id, v->id, v->up ? "up" : "gone",
			    sched_client_name((enum sched_client)a->client),
			    node_running(v, a->id));
		n++;
	}
	return n;
}

static void
check_batch(struct cluster *c, const struct sched_job *j, int64_t count)
{
	const struct sched_alloc *a;
	int64_t done = 0;
	bool *seen = xcalloc((size_t)count, sizeof *seen);

	TAILQ_FOREACH (a, &j->allocs, by_job)
		if (a->client == SCHED_COMPLETE && a->name_index < count &&
		    !seen[a->name_index]) {
			seen[a->name_index] = true;
			done++;
		}
	free(seen);
	if (done != count)
		cluster_wrong(c, "of %s %lld have ended and not %lld", j->id,
		    (long long)done, (long long)count);
	if (strcmp(sched_job_status(j), "dead") != 0)
		cluster_wrong(
		    c, "job %s is still %s", j->id, sched_job_status(j));
}

/* What should run everywhere may find a node full of other things; then it
 * does not run there. */
static bool
is_crowded(const struct cluster *c, const struct client_job *j, size_t i)
{
	const struct sched_node *n =
	    sched_node_find(sched_core_state(c->server.core), c->nodes[i].id);
	const struct resources *ask = j->spec.task_groups[0].tasks[0].resources;
	const struct sched_alloc *a;

	TAILQ_FOREACH (a, &n->allocs, by_node)
		if (strcmp(a->job->id, j->spec.id) == 0 &&
		    !sched_alloc_is_terminal(a))
			return false;
	return n->usage.cpu + ask->cpu > CLUSTER_CPU ||
	       n->usage.memory_mb + ask->memory_mb > CLUSTER_MEMORY_MB;
}

static int64_t
wanted(const struct cluster *c, const struct client_job *j)
{
	int64_t n = 0;

	if (j->huge || j->spec.stop || strcmp(j->spec.type, "batch") == 0)
		return 0;
	if (strcmp(j->spec.type, "system") != 0)
		return j->spec.task_groups[0].count;
	for (size_t i = 0; i < CLUSTER_NODES; i++)
		n += !c->nodes[i].gone && !is_crowded(c, j, i);
	return n;
}

/* Exactly those that have not found room wait for it. */
static void
check_waiting(struct cluster *c, const struct sched_job *j, bool waits)
{
	const struct sched_eval *e;
	size_t n = 0;

	TAILQ_FOREACH (e, &j->evals, by_job)
		n += !sched_eval_is_terminal(&e->rec);
	if (n != waits)
		cluster_wrong(c, "%zu evaluations of %s are open", n, j->id);
}

static void
check_job(struct cluster *c, const struct client_job *want)
{
	bool crowded = want->huge;

	const struct sched_job *j = sched_job_find(
	    sched_core_state(c->server.core), "default", want->spec.id);
	int64_t up;

	if (j == NULL)
		cluster_wrong(c, "job %s is unknown", want->spec.id);
	up = count_up(c, j);
	if (up != wanted(c, want))
		cluster_wrong(c, "of %s %lld run and not %lld", want->spec.id,
		    (long long)up, (long long)wanted(c, want));
	for (size_t i = 0; i < CLUSTER_NODES; i++)
		crowded |= strcmp(want->spec.type, "system") == 0 &&
			   !c->nodes[i].gone && is_crowded(c, want, i);
	check_waiting(c, j, crowded);
	if (strcmp(want->spec.type, "batch") == 0)
		check_batch(c, j, want->spec.task_groups[0].count);
}

static int
write_bytes(void *ctx, const void *p, size_t n)
{
	buf_add(ctx, p, n);
	return 0;
}

/* A server that reads the same log comes to the same state, to the byte. */
static void
check_replay(struct cluster *c)
{
	struct buf before = { 0 }, after = { 0 };

	sched_snapshot_write(
	    sched_core_state(c->server.core), write_bytes, &before);
	sched_core_free(c->server.core);
	server_start(c);
	sched_snapshot_write(
	    sched_core_state(c->server.core), write_bytes, &after);
	if (before.len != after.len ||
	    memcmp(before.data, after.data, before.len) != 0)
		cluster_wrong(c, "the log leads to another state");
	buf_release(&before);
	buf_release(&after);
}

void
cluster_check_end(struct cluster *c)
{
	struct sched_core_stats s;
	const struct sched_state *st;

	if (!c->server.up)
		cluster_wrong(c, "the server never returned");
	st = sched_core_state(c->server.core);
	check_nodes(c, st);
	for (size_t i = 0; i < c->njobs; i++)
		check_job(c, &c->jobs[i]);
	check_processes(c, st);
	sched_core_stats(c->server.core, &s);
	if (s.ready + s.unacked > 0)
		cluster_wrong(c, "%zu evaluations are ready, %zu out", s.ready,
		    s.unacked);
	c->placed = HASH_COUNT(st->allocs);
	c->partial = s.plans_partial;
	check_replay(c);
}
