#include "cmd/schedd/planner.h"

#include <stdlib.h>

#include "cmd/schedd/text.h"

/* What things cost, roughly, on a machine of today. */
#define CANDIDATES_A_US 64 /* nodes that may be looked at */
#define LOOKS_A_US      8  /* nodes that are scored */
#define ALLOCS_A_US     1  /* of the job */
#define PLACE_US        8
#define CHANGE_US       4 /* a stop or an update */

static bool
may_evict(const struct preemption_config *c, const char *type)
{
	if (sched_eq(type, "system"))
		return c->system_scheduler_enabled;
	if (sched_eq(type, "sysbatch"))
		return c->sys_batch_scheduler_enabled;
	if (sched_eq(type, "batch"))
		return c->batch_scheduler_enabled;
	return c->service_scheduler_enabled;
}

/* What an earlier look left is found anew or gone. */
static void
forget_failures(struct eval *e)
{
	for (size_t i = 0; i < e->nfailed_tg_allocs; i++)
		rec_clear(&alloc_metric_entry_type, &e->failed_tg_allocs[i]);
	free(e->failed_tg_allocs);
	e->failed_tg_allocs = NULL;
	e->nfailed_tg_allocs = 0;
}

/* Of the cluster, but for what the job's pool has otherwise. */
static void
set_opts(struct planner *p)
{
	const struct scheduler_configuration *of_all = &p->st->config;
	const struct sched_pool *pool =
	    p->job != NULL
		? sched_pool_find(p->st, sched_str(p->job->node_pool))
		: NULL;
	const struct node_pool_scheduler *of_pool =
	    pool != NULL ? pool->rec.scheduler_configuration : NULL;
	const char *algorithm = of_all->scheduler_algorithm;

	p->opts.oversubscription = of_all->memory_oversubscription_enabled;
	if (of_pool != NULL && !sched_is_empty(of_pool->scheduler_algorithm))
		algorithm = of_pool->scheduler_algorithm;
	if (of_pool != NULL && of_pool->has_memory_oversubscription_enabled)
		p->opts.oversubscription =
		    of_pool->memory_oversubscription_enabled;
	p->opts.spread_algorithm = sched_eq(algorithm, "spread");
	p->opts.evicted = &p->evicted;
}

void
planner_init(struct planner *p, const struct scheduler_view *view,
    const struct eval *eval, struct rng *rng, struct scheduler_result *out)
{
	const struct sched_state *st = view->st;

	*p = (struct planner){ .st = st,
		.eval = eval,
		.sj = sched_job_entry(
		    st, sched_str(eval->namespace), sched_str(eval->job_id)),
		.now = view->now_ns,
		.rng = rng,
		.out = out,
		.deployment_id = "" };
	p->job = p->sj != NULL ? p->sj->job : NULL;
	p->may_evict = may_evict(&st->config.preemption_config, eval->type);
	set_opts(p);
	world_init(&p->world, st, view->table, p->sj, p->job, &p->arena, rng);
	rec_copy(&eval_type, &out->ended, eval);
	forget_failures(&out->ended);
	out->plan.eval_id = xstrdup(sched_str(eval->id));
	out->plan.ns = xstrdup(sched_str(eval->namespace));
	out->plan.job_id = xstrdup(sched_str(eval->job_id));
	out->plan.snapshot_index = st->index;
	out->plan.all_at_once = p->job != NULL && p->job->all_at_once;
	p->max_work = out->plan.all_at_once ? 0 : view->max_work;
	for (size_t i = 0; p->job != NULL && i < p->job->ntask_groups; i++)
		planner_queue(p, p->job->task_groups[i].name, 0);
}

size_t
planner_work(const struct planner *p)
{
	const struct cmd_plan *plan = &p->out->plan;

	return p->world.ncandidates / CANDIDATES_A_US +
	       p->world.nlooks / LOOKS_A_US +
	       (p->sj != NULL ? p->sj->nallocs / ALLOCS_A_US : 0) +
	       plan->nplaces * PLACE_US +
	       (plan->nstops + plan->npreempts + plan->nupdates) * CHANGE_US;
}

/* Where to look at the job and at all nodes takes long as it is, as long again
 * is placed. */
bool
planner_is_full(struct planner *p)
{
	size_t work = planner_work(p), most = p->max_work;

	if (p->out->plan.nplaces <= 1)
		p->fixed_work = work;
	if (most < 2 * p->fixed_work)
		most = 2 * p->fixed_work;
	if (p->max_work == 0 || p->out->plan.nplaces == 0 || work < most)
		return false;
	p->out->is_cut = true;
	return true;
}

static void
free_ranks(struct planner_version *v, size_t group)
{
	rank_free(v->ranks[group]);
	rank_free(v->evicting[group]);
}

void
planner_release(struct planner *p)
{
	for (struct planner_version *v = p->versions; v != NULL; v = v->next)
		for (size_t i = 0; i < v->job->ntask_groups; i++)
			free_ranks(v, i);
	map_release(&p->evicted);
	map_release(&p->losers);
	world_release(&p->world);
	arena_release(&p->arena);
}

struct planner_version *
planner_version(struct planner *p, const struct job *job)
{
	struct planner_version *v;

	for (v = p->versions; v != NULL; v = v->next)
		if (v->job == job)
			return v;
	v = arena_alloc(&p->arena, sizeof *v);
	v->job = job;
	v->ranks = arena_alloc(
	    &p->arena, (job->ntask_groups + 1) * sizeof(struct rank *));
	v->evicting = arena_alloc(
	    &p->arena, (job->ntask_groups + 1) * sizeof(struct rank *));
	feasible_init(&v->feasible, &p->world, job);
	v->feasible.repeats = p->opts.pack_only;
	v->next = p->versions;
	p->versions = v;
	return v;
}

struct rank *
planner_rank(struct planner *p, const struct job *job, size_t group)
{
	struct planner_version *v = planner_version(p, job);

	if (v->ranks[group] == NULL)
		v->ranks[group] =
		    rank_new(&p->world, &v->feasible, job, group, &p->opts);
	return v->ranks[group];
}

struct rank *
planner_evicting_rank(struct planner *p, const struct job *job, size_t group)
{
	struct planner_version *v = planner_version(p, job);
	struct rank_opts opts = p->opts;

	if (!p->may_evict)
		return NULL;
	opts.evict_priority = job->priority;
	if (v->evicting[group] == NULL)
		v->evicting[group] =
		    rank_new(&p->world, &v->feasible, job, group, &opts);
	return v->evicting[group];
}

size_t
planner_group(const struct job *job, const char *name)
{
	size_t i = 0;

	while (
	    i < job->ntask_groups && !sched_eq(job->task_groups[i].name, name))
		i++;
	return i;
}
