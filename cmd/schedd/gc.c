#include <stdlib.h>

#include "cmd/schedd/gc.h"
#include "cmd/schedd/jobupdate.h"
#include "cmd/schedd/state.h"
#include "cmd/schedd/text.h"
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

static bool
add_id(char ***ids, size_t *n, const char *id)
{
	if (*n == CMD_MAX_BATCH)
		return false;
	*ids = xreallocarray(*ids, *n + 1, sizeof **ids);
	(*ids)[(*n)++] = xstrdup(id);
	return true;
}

static bool
allocs_may_go(const struct sched_eval *e, int64_t now, int64_t cutoff)
{
	const struct job *job = e->job != NULL ? e->job->job : NULL;
	const struct sched_alloc *a;

	TAILQ_FOREACH (a, &e->allocs, by_eval)
		if (!gc_alloc_may_go(a, job, now, cutoff))
			return false;
	return true;
}

static bool
eval_may_go(const struct sched_eval *e, int64_t now, int64_t cutoff)
{
	return sched_eval_is_terminal(&e->rec) &&
	       e->rec.modify_time <= cutoff && allocs_may_go(e, now, cutoff);
}

static bool
take_eval(const struct sched_eval *e, struct cmd_reap *out)
{
	const struct sched_alloc *a;

	TAILQ_FOREACH (a, &e->allocs, by_eval)
		if (!add_id(&out->allocs, &out->nallocs, a->id))
			return false;
	return add_id(&out->evals, &out->nevals, e->rec.id);
}

/* The evaluations of a batch job are its memory of what has been done, so
 * they stay as long as the job is there. */
static bool
is_batch_memory(const struct sched_eval *e)
{
	return sched_eq(e->rec.type, "batch") && e->job != NULL &&
	       e->job->job != NULL && !e->job->job->stop &&
	       !sched_eq(e->job->job->status, "dead");
}

static bool
select_evals(const struct sched_state *st, const struct sched_gc *gc,
    struct cmd_reap *out)
{
	for (const struct sched_eval *e = st->evals; e != NULL;
	     e = e->hh.next) {
		int64_t age = sched_eq(e->rec.type, "batch") ? gc->batch_eval_ns
							     : gc->eval_ns;

		if (is_batch_memory(e) ||
		    !eval_may_go(e, gc->now, gc->now - age))
			continue;
		if (!take_eval(e, out))
			return false;
	}
	return true;
}

static bool
job_may_go(const struct sched_job *j, int64_t now, int64_t cutoff)
{
	const struct sched_eval *e;
	const struct sched_alloc *a;

	if (j->job == NULL || !sched_eq(j->job->status, "dead") ||
	    j->job->submit_time > cutoff || j->job->version_tag != NULL)
		return false;
	TAILQ_FOREACH (e, &j->evals, by_job)
		if (!eval_may_go(e, now, cutoff))
			return false;
	TAILQ_FOREACH (a, &j->allocs, by_job)
		if (!gc_alloc_may_go(a, j->job, now, cutoff))
			return false;
	return true;
}

static bool
select_jobs(const struct sched_state *st, const struct sched_gc *gc,
    struct cmd_reap *out)
{
	for (const struct sched_job *j = st->jobs; j != NULL; j = j->hh.next) {
		const struct sched_eval *e;
		const struct sched_alloc *a;
		struct job_key *key;

		if (!job_may_go(j, gc->now, gc->now - gc->job_ns))
			continue;
		if (out->njobs == CMD_MAX_BATCH)
			return false;
		TAILQ_FOREACH (a, &j->allocs, by_job)
			if (!add_id(&out->allocs, &out->nallocs, a->id))
				return false;
		TAILQ_FOREACH (e, &j->evals, by_job)
			if (!add_id(&out->evals, &out->nevals, e->rec.id))
				return false;
		out->jobs =
		    xreallocarray(out->jobs, out->njobs + 1, sizeof *out->jobs);
		key = &out->jobs[out->njobs++];
		key->ns = xstrdup(j->ns);
		key->id = xstrdup(j->id);
	}
	return true;
}

static bool
select_nodes(const struct sched_state *st, const struct sched_gc *gc,
    struct cmd_reap *out)
{
	int64_t cutoff_s = (gc->now - gc->node_ns) / 1000000000;

	for (const struct sched_node *n = st->nodes; n != NULL;
	     n = n->hh.next) {
		const struct sched_alloc *a;

		if (n->node == NULL || !sched_eq(n->node->status, "down") ||
		    n->node->status_updated_at > cutoff_s)
			continue;
		TAILQ_FOREACH (a, &n->allocs, by_node)
			if (!sched_alloc_is_terminal(a))
				break;
		if (a == NULL && !add_id(&out->nodes, &out->nnodes, n->id))
			return false;
	}
	return true;
}

static bool
select_deployments(const struct sched_state *st, const struct sched_gc *gc,
    struct cmd_reap *out)
{
	for (const struct sched_deployment *d = st->deployments; d != NULL;
	     d = d->hh.next) {
		const struct sched_alloc *a;

		if (sched_deployment_is_active(&d->rec) ||
		    d->rec.modify_time > gc->now - gc->deployment_ns)
			continue;
		TAILQ_FOREACH (a, &d->allocs, by_deployment)
			if (!sched_alloc_is_terminal(a))
				break;
		if (a == NULL &&
		    !add_id(&out->deployments, &out->ndeployments, d->rec.id))
			return false;
	}
	return true;
}

bool
sched_gc_select(const struct sched_state *st, const struct sched_gc *gc,
    struct cmd_reap *out)
{
	bool all = true;

	*out = (struct cmd_reap){ 0 };
	all &= select_jobs(st, gc, out);
	all &= select_evals(st, gc, out);
	all &= select_deployments(st, gc, out);
	all &= select_nodes(st, gc, out);
	return !all;
}
