/*
 * What comes of it when all has been well for a while: exactly what people
 * asked for runs, nodes are what they are, all servers agree.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "tests/sim/cluster.h"

/* False: not yet, and why. */
static bool __attribute__((format(printf, 2, 3)))
not_yet(struct cluster *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->why, sizeof c->why, fmt, ap);
	va_end(ap);
	return false;
}

/* --- nodes --- */

static bool
are_nodes_known(struct cluster *c, const struct sched_state *st)
{
	for (size_t i = 0; i < c->o.nnodes; i++) {
		const struct vnode *v = &c->nodes[i];
		const struct sched_node *n = sched_node_find(st, v->id);
		const char *want = v->gone ? "down" : "ready";

		if (!v->up && !v->gone)
			return not_yet(c, "node %zu is not back", i);
		if (n == NULL && !v->gone)
			return not_yet(c, "node %zu is unknown", i);
		if (n != NULL && strcmp(n->node->status, want) != 0)
			return not_yet(c, "node %zu is %s and not %s", i,
			    n->node->status, want);
	}
	return true;
}

/* All that runs is wanted: no process was forgotten anywhere. */
static bool
are_processes_wanted(struct cluster *c, const struct sched_state *st)
{
	for (size_t i = 0; i < c->o.nnodes; i++) {
		MAP_FOREACH (e, &c->nodes[i].procs) {
			const struct proc *p = map_value(e);
			char id[SCHED_ID_SIZE];
			const struct sched_alloc *a;

			snprintf(id, sizeof id, "%.36s", p->key);
			a = sched_alloc_find(st, id);
			if (!p->ended && c->nodes[i].up &&
			    (a == NULL || sched_alloc_is_terminal(a)))
				return not_yet(c,
				    "node %zu runs %s, which nobody wants", i,
				    p->key);
		}
	}
	return true;
}

/* --- jobs --- */

/* How many of the job run; -1: some that should do not. */
static int64_t
count_up(struct cluster *c, const struct sched_job *j)
{
	const struct sched_alloc *a;
	int64_t n = 0;

	TAILQ_FOREACH (a, &j->allocs, by_job) {
		const struct vnode *v = map_find(&c->node_of, a->node->id);

		if (sched_alloc_is_terminal(a))
			continue;
		if (a->client != SCHED_RUNNING || !v->up ||
		    node_running(v, a->id) != 1) {
			not_yet(c,
			    "allocation %s of %s on %s (%s) is %s, with %zu "
			    "processes",
			    a->id, j->id, v->id, v->up ? "up" : "gone",
			    sched_client_name((enum sched_client)a->client),
			    node_running(v, a->id));
			return -1;
		}
		n++;
	}
	return n;
}

static bool
is_batch_done(struct cluster *c, const struct sched_job *j, int64_t count)
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
		return not_yet(c,
		    "of %s %" PRId64 " have ended and not %" PRId64, j->id,
		    done, count);
	if (strcmp(sched_job_status(j), "dead") != 0)
		return not_yet(
		    c, "job %s is still %s", j->id, sched_job_status(j));
	return true;
}

static const struct resources *
ask_of(const struct client_job *j)
{
	return j->spec.task_groups[0].tasks[0].resources;
}

static bool
has_room(const struct sched_node *n, const struct resources *ask)
{
	return n->usage.cpu + ask->cpu <= CLUSTER_CPU &&
	       n->usage.memory_mb + ask->memory_mb <= CLUSTER_MEMORY_MB;
}

/* What should run everywhere may find a node full of other things; then it
 * does not run there. */
static bool
is_crowded(
    const struct sched_state *st, const struct client_job *j, const char *id)
{
	const struct sched_node *n = sched_node_find(st, id);
	const struct sched_alloc *a;

	TAILQ_FOREACH (a, &n->allocs, by_node)
		if (strcmp(a->job->id, j->spec.id) == 0 &&
		    !sched_alloc_is_terminal(a))
			return false;
	return !has_room(n, ask_of(j));
}

/* How many should run, and whether there is not room for all that are asked
 * for. */
static int64_t
wanted(const struct cluster *c, const struct sched_state *st,
    const struct client_job *j, int64_t up, bool *waits)
{
	const struct task_group *g = &j->spec.task_groups[0];
	int64_t n = 0;

	*waits = j->huge;
	if (j->huge || j->spec.stop || strcmp(j->spec.type, "batch") == 0)
		return 0;
	if (strcmp(j->spec.type, "system") == 0) {
		for (size_t i = 0; i < c->o.nnodes; i++) {
			bool full = !c->nodes[i].gone &&
				    is_crowded(st, j, c->nodes[i].id);

			*waits |= full;
			n += !c->nodes[i].gone && !full;
		}
		return n;
	}
	if (up >= g->count)
		return g->count;
	for (size_t i = 0; i < c->o.nnodes; i++)
		if (!c->nodes[i].gone &&
		    has_room(sched_node_find(st, c->nodes[i].id), ask_of(j)))
			return g->count;
	*waits = true;
	return up;
}

/* Exactly those that have not found room wait for it. */
static bool
is_waiting(struct cluster *c, const struct sched_job *j, bool waits)
{
	const struct sched_eval *e;
	size_t n = 0;

	TAILQ_FOREACH (e, &j->evals, by_job)
		n += !sched_eval_is_terminal(&e->rec);
	return n == waits ||
	       not_yet(c, "%zu evaluations of %s are open", n, j->id);
}

static bool
is_as_asked(
    struct cluster *c, const struct client_job *want, const struct sched_job *j)
{
	const struct task_group *g = &j->job->task_groups[0];
	size_t last = want->nsteps - 1;
	const char *version =
	    rec_kv_get(g->tasks[0].env, g->tasks[0].nenv, "VERSION");

	return (g->count == want->counts[last] &&
		   atoi(version) == want->versions[last] &&
		   j->job->stop == want->spec.stop) ||
	       not_yet(c, "job %s is not what was acknowledged last", j->id);
}

static bool
is_job_settled(struct cluster *c, const struct sched_state *st,
    const struct client_job *want)
{
	const struct sched_job *j =
	    sched_job_find(st, "default", want->spec.id);
	bool waits;
	int64_t up, n;

	if (j == NULL)
		return not_yet(c, "job %s is unknown", want->spec.id);
	if (!is_as_asked(c, want, j) || (up = count_up(c, j)) == -1)
		return false;
	n = wanted(c, st, want, up, &waits);
	if (up != n)
		return not_yet(
		    c, "of %s %" PRId64 " run and not %" PRId64, j->id, up, n);
	if (!is_waiting(c, j, waits))
		return false;
	return strcmp(want->spec.type, "batch") != 0 ||
	       is_batch_done(c, j, want->spec.task_groups[0].count);
}

static void
show_job(const struct sched_job *j)
{
	const struct sched_alloc *a;
	const struct sched_eval *e;
	const struct sched_deployment *d;

	printf("  job %s version %" PRIu64 " count %" PRId64 "\n", j->id,
	    j->job->version, j->job->task_groups[0].count);
	TAILQ_FOREACH (d, &j->deployments, by_job)
		printf("    deployment %s of version %" PRIu64 ": %s\n",
		    d->rec.id, d->rec.job_version, d->rec.status);
	TAILQ_FOREACH (e, &j->evals, by_job)
		printf("    evaluation %s of index %" PRIu64 " by %s: %s, "
		       "waits until %" PRId64 "; %s\n",
		    e->rec.id, e->rec.create_index, e->rec.triggered_by,
		    e->rec.status, e->rec.wait_until / 1000000000,
		    e->rec.status_description);
	TAILQ_FOREACH (a, &j->allocs, by_job)
		printf("    allocation %s [%u] version %" PRIu64 " %s on %.8s: "
		       "%s, modified at %" PRIu64 "\n",
		    a->id, a->name_index, a->version->job->version,
		    a->desired == SCHED_RUN ? "wanted" : "stopped", a->node->id,
		    sched_client_name((enum sched_client)a->client),
		    a->modify_index);
}

void
cluster_show_job(struct cluster *c)
{
	struct vserver *leader = cluster_leader(c);

	if (leader != NULL && c->unsettled != NULL && c->w.verbose)
		show_job(sched_job_find(sched_core_state(leader->core),
		    "default", c->unsettled->spec.id));
}

/* --- servers --- */

/* Those that belong to the cluster have carried out the same. */
static bool
do_servers_agree(struct cluster *c)
{
	for (size_t i = 0; i < c->w.o.nservers; i++) {
		const struct vserver *v = &c->servers[i];
		const struct raft_config *agreed = &c->w.agreed;

		if (raft_config_slot(agreed, v->s->id) == agreed->n)
			continue;
		if (v->s->applied + 10 < c->w.ncommitted)
			return not_yet(c, "server %zu is at %" PRIu64 " of %zu",
			    i + 1, v->s->applied, c->w.ncommitted);
	}
	return true;
}

bool
cluster_is_settled(struct cluster *c)
{
	struct vserver *leader = cluster_leader(c);
	const struct sched_state *st;
	struct sched_core_stats s;

	if (leader == NULL)
		return not_yet(c, "nobody leads");
	if (!client_is_done(c))
		return not_yet(c, "people have not been answered");
	st = sched_core_state(leader->core);
	if (!members_are_all(c))
		return not_yet(c, "the servers are not all in the cluster");
	if (!are_nodes_known(c, st) || !do_servers_agree(c))
		return false;
	for (size_t i = 0; i < c->njobs; i++)
		if (!is_job_settled(c, st, &c->jobs[i])) {
			c->unsettled = &c->jobs[i];
			return false;
		}
	c->unsettled = NULL;
	if (!are_processes_wanted(c, st))
		return false;
	sched_core_stats(leader->core, &s);
	if (s.ready + s.unacked > 0)
		return not_yet(c, "%zu evaluations are ready, %zu out", s.ready,
		    s.unacked);
	c->stats.placed = st->alloc_ids.n;
	c->stats.partial += s.plans_partial;
	return true;
}
