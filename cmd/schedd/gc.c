#include <stdlib.h>

#include "cmd/schedd/gc.h"
#include "cmd/schedd/jobupdate.h"
#include "cmd/schedd/state.h"
#include "cmd/schedd/text.h"
#include "common/clock.h"
#include "common/map.h"
#include "common/mem.h"
#include "proto/cmd.h"

static bool
may_be_rescheduled(
    const struct sched_alloc *a, const struct job *job, int64_t now)
{
	const struct task_group *g = jobupdate_group(job, sched_alloc_group(a));
	const struct reschedule_policy *p =
	    g != NULL ? g->reschedule_policy : NULL;
	struct arena arena = { 0 };
	struct alloc rec;
	bool may;

	if (p == NULL || (!p->unlimited && p->attempts == 0) || a->has_next)
		return false;
	if (p->unlimited)
		return true;
	sched_alloc_decode(a, &arena, false, &rec);
	may = rec.reschedule_tracker == NULL ||
	      rec.reschedule_tracker->nevents == 0 ||
	      now - rec.reschedule_tracker
			  ->events[rec.reschedule_tracker->nevents - 1]
			  .reschedule_time <=
		  p->interval;
	arena_release(&arena);
	return may;
}

bool
gc_alloc_may_go(const struct sched_alloc *a, const struct job *job, int64_t now,
    int64_t cutoff)
{
	if (!sched_alloc_is_terminal(a) || a->modify_time > cutoff ||
	    a->client == SCHED_RUNNING)
		return false;
	if (job == NULL || job->stop || sched_eq(job->status, "dead"))
		return true;
	if (a->desired == SCHED_STOP || a->client != SCHED_FAILED)
		return true;
	return !may_be_rescheduled(a, job, now);
}

/* What has been picked so far. */
struct pick {
	const struct sched_gc *gc;
	struct cmd_reap *out;
	struct map seen; /* ids of it */
	bool full;       /* something found no room */
};

static void
add_id(struct pick *p, char ***ids, size_t *n, const char *id)
{
	if (map_find(&p->seen, id) != NULL)
		return;
	if (*n == CMD_MAX_BATCH) {
		p->full = true;
		return;
	}
	map_put(&p->seen, id, p);
	*ids = xreallocarray(*ids, *n + 1, sizeof **ids);
	(*ids)[(*n)++] = xstrdup(id);
}

static void
add_alloc(struct pick *p, const struct sched_alloc *a)
{
	add_id(p, &p->out->allocs, &p->out->nallocs, a->id);
}

/* --- evaluations --- */

/* The evaluations of a batch job are its memory of what has been done, so
 * they stay as long as the job may run again. */
static bool
is_batch_memory(const struct sched_eval *e, bool with_job)
{
	const struct job *job = e->job != NULL ? e->job->job : NULL;

	if (!sched_eq(e->rec.type, "batch") || job == NULL)
		return false;
	return !sched_eq(job->status, "dead") || !(job->stop || with_job);
}

/* Of a job that was purged and made anew under the same name. */
static bool
is_of_older_job(const struct sched_alloc *a, const struct job *job)
{
	return a->version->job->create_index < job->create_index &&
	       sched_alloc_is_terminal(a);
}

static bool
alloc_may_go(const struct pick *p, const struct sched_eval *e,
    const struct sched_alloc *a, int64_t cutoff, bool with_job)
{
	const struct job *job = e->job != NULL ? e->job->job : NULL;

	if (is_batch_memory(e, with_job))
		return is_of_older_job(a, job);
	return gc_alloc_may_go(a, job, p->gc->now, cutoff);
}

/* Whether the evaluation may be forgotten; its allocations that may are
 * picked (pick_allocs) even when others of it hold it back. */
static bool
eval_may_go(struct pick *p, const struct sched_eval *e, int64_t cutoff,
    bool with_job, bool pick_allocs)
{
	const struct sched_alloc *a;
	bool may = true;

	if (!sched_eval_is_terminal(&e->rec) || e->rec.modify_time > cutoff)
		return false;
	TAILQ_FOREACH (a, &e->allocs, by_eval) {
		if (!alloc_may_go(p, e, a, cutoff, with_job))
			may = false;
		else if (pick_allocs)
			add_alloc(p, a);
	}
	return may;
}

static void
pick_evals(struct pick *p, const struct sched_state *st)
{
	const struct sched_gc *gc = p->gc;

	for (const struct sched_eval *e = st->evals; e != NULL && !p->full;
	     e = e->hh.next) {
		int64_t age = sched_eq(e->rec.type, "batch") ? gc->batch_eval_ns
							     : gc->eval_ns;

		if (eval_may_go(p, e, gc->now - age, false, true) && !p->full)
			add_id(p, &p->out->evals, &p->out->nevals, e->rec.id);
	}
}

/* --- jobs --- */

static bool
is_tagged(const struct sched_job *j)
{
	for (size_t i = 0; i < j->nversions; i++)
		if (j->versions[i]->job->version_tag != NULL)
			return true;
	return false;
}

/* What may run again, or make other jobs, goes only when somebody has stopped
 * it. */
static bool
may_live_again(const struct job *job)
{
	if (job->stop)
		return false;
	return sched_eq(job->type, "service") ||
	       (job->periodic != NULL && job->periodic->enabled) ||
	       (job->parameterized_job != NULL && !job->dispatched);
}

static bool
job_may_go(struct pick *p, const struct sched_job *j, int64_t cutoff)
{
	const struct sched_eval *e;

	if (j->job == NULL || !sched_eq(j->job->status, "dead") ||
	    j->job->submit_time > cutoff || is_tagged(j) ||
	    may_live_again(j->job))
		return false;
	TAILQ_FOREACH (e, &j->evals, by_job)
		if (!eval_may_go(p, e, cutoff, true, false))
			return false;
	return true;
}

static void
pick_job(struct pick *p, const struct sched_job *j, int64_t cutoff)
{
	struct cmd_reap *out = p->out;
	const struct sched_eval *e;
	struct job_key *key;

	TAILQ_FOREACH (e, &j->evals, by_job) {
		eval_may_go(p, e, cutoff, true, true);
		add_id(p, &out->evals, &out->nevals, e->rec.id);
	}
	if (p->full)
		return;
	out->jobs = xreallocarray(out->jobs, out->njobs + 1, sizeof *out->jobs);
	key = &out->jobs[out->njobs++];
	key->ns = xstrdup(j->ns);
	key->id = xstrdup(j->id);
}

static void
pick_jobs(struct pick *p, const struct sched_state *st)
{
	int64_t cutoff = p->gc->now - p->gc->job_ns;

	for (const struct sched_job *j = st->jobs; j != NULL && !p->full;
	     j = j->hh.next) {
		if (!job_may_go(p, j, cutoff))
			continue;
		if (p->out->njobs == CMD_MAX_BATCH)
			p->full = true;
		else
			pick_job(p, j, cutoff);
	}
}

/* --- nodes and deployments --- */

static void
pick_nodes(struct pick *p, const struct sched_state *st)
{
	int64_t cutoff_s = (p->gc->now - p->gc->node_ns) / CLOCK_NS_PER_S;

	for (const struct sched_node *n = st->nodes; n != NULL && !p->full;
	     n = n->hh.next) {
		const struct sched_alloc *a;

		if (n->node == NULL || !sched_eq(n->node->status, "down") ||
		    n->node->status_updated_at > cutoff_s)
			continue;
		TAILQ_FOREACH (a, &n->allocs, by_node)
			if (!sched_alloc_is_terminal(a))
				break;
		if (a == NULL)
			add_id(p, &p->out->nodes, &p->out->nnodes, n->id);
	}
}

static void
pick_deployments(struct pick *p, const struct sched_state *st)
{
	int64_t cutoff = p->gc->now - p->gc->deployment_ns;

	for (const struct sched_deployment *d = st->deployments;
	     d != NULL && !p->full; d = d->hh.next) {
		const struct sched_alloc *a;

		if (sched_deployment_is_active(&d->rec) ||
		    d->rec.modify_time > cutoff)
			continue;
		TAILQ_FOREACH (a, &d->allocs, by_deployment)
			if (!sched_alloc_is_terminal(a))
				break;
		if (a == NULL)
			add_id(p, &p->out->deployments, &p->out->ndeployments,
			    d->rec.id);
	}
}

bool
sched_gc_select(const struct sched_state *st, const struct sched_gc *gc,
    struct cmd_reap *out)
{
	static const struct {
		enum sched_gc_kind kind;
		void (*pick)(struct pick *p, const struct sched_state *st);
	} kinds[] = {
		{ SCHED_GC_JOBS, pick_jobs },
		{ SCHED_GC_EVALS, pick_evals },
		{ SCHED_GC_DEPLOYMENTS, pick_deployments },
		{ SCHED_GC_NODES, pick_nodes },
	};
	struct pick p = { .gc = gc, .out = out };
	bool more = false;

	*out = (struct cmd_reap){ 0 };
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		p.full = false;
		if (gc->kinds & (unsigned)kinds[i].kind)
			kinds[i].pick(&p, st);
		more |= p.full;
	}
	map_release(&p.seen);
	return more;
}
