#include "cmd/schedd/planner.h"

#include <inttypes.h>
#include <stdlib.h>

#include "cmd/schedd/reconcile.h"
#include "cmd/schedd/text.h"

static const struct sched_job *
find_job(const struct sched_state *st, const struct eval *e)
{
	struct sched_job *j;
	struct buf key = { 0 };
	const char *k =
	    sched_key(&key, sched_str(e->namespace), sched_str(e->job_id));

	HASH_FIND(hh, st->jobs, k, strlen(k), j);
	buf_release(&key);
	return j;
}

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

void
planner_init(struct planner *p, const struct sched_state *st,
    const struct eval *eval, int64_t now, struct rng *rng,
    struct scheduler_result *out)
{
	*p = (struct planner){ .st = st,
		.eval = eval,
		.sj = find_job(st, eval),
		.now = now,
		.rng = rng,
		.out = out,
		.deployment_id = "" };
	p->job = p->sj != NULL ? p->sj->job : NULL;
	p->opts.spread_algorithm =
	    sched_eq(st->config.scheduler_algorithm, "spread");
	p->opts.oversubscription = st->config.memory_oversubscription_enabled;
	p->may_evict = may_evict(&st->config.preemption_config, eval->type);
	p->opts.evicted = &p->evicted;
	world_init(&p->world, st, p->sj, p->job, &p->arena, rng);
	rec_copy(&eval_type, &out->ended, eval);
	forget_failures(&out->ended);
	out->plan.eval_id = xstrdup(sched_str(eval->id));
	out->plan.ns = xstrdup(sched_str(eval->namespace));
	out->plan.job_id = xstrdup(sched_str(eval->job_id));
	out->plan.snapshot_index = st->index;
	out->plan.all_at_once = p->job != NULL && p->job->all_at_once;
	for (size_t i = 0; p->job != NULL && i < p->job->ntask_groups; i++)
		planner_queue(p, p->job->task_groups[i].name, 0);
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

/* --- stops --- */

static struct plan_stop *
add_stop(struct planner *p, const struct sched_alloc *a)
{
	struct cmd_plan *plan = &p->out->plan;

	if (plan->nstops == p->stops_cap)
		plan->stops = xgrow(plan->stops, plan->nstops, &p->stops_cap,
		    sizeof *plan->stops);
	plan->stops[plan->nstops] =
	    (struct plan_stop){ .alloc_id = xstrdup(a->id) };
	return &plan->stops[plan->nstops++];
}

void
planner_stop(struct planner *p, const struct sched_alloc *a,
    const char *description, const char *client_status, const char *followup)
{
	struct plan_stop *s = add_stop(p, a);

	s->desired_status = xstrdup("stop");
	s->desired_description = xstrdup(description);
	s->client_status = xstrdup(client_status);
	s->followup_eval_id = xstrdup(followup);
	world_remove(&p->world, a);
}

void
planner_unstop(struct planner *p, const struct sched_alloc *a)
{
	struct cmd_plan *plan = &p->out->plan;

	if (plan->nstops == 0 ||
	    !sched_eq(plan->stops[plan->nstops - 1].alloc_id, a->id))
		return;
	rec_clear(&plan_stop_type, &plan->stops[--plan->nstops]);
	world_restore(&p->world, a);
}

void
planner_note_reschedule(
    struct planner *p, const struct sched_alloc *a, const char *last_reschedule)
{
	add_stop(p, a)->last_reschedule = xstrdup(last_reschedule);
}

/* --- places and updates --- */

struct alloc *
planner_place(struct planner *p, const struct job *job, size_t group,
    uint32_t name_index, struct world_node *n, struct alloc_metric *metric)
{
	struct cmd_plan *plan = &p->out->plan;
	const struct task_group *tg = &job->task_groups[group];
	char id[RNG_UUID_SIZE];
	struct alloc *a;

	if (plan->nplaces == p->places_cap)
		plan->places = xgrow(plan->places, plan->nplaces,
		    &p->places_cap, sizeof *plan->places);
	a = &plan->places[plan->nplaces++];
	rng_uuid(p->rng, id);
	*a = (struct alloc){
		.id = xstrdup(id),
		.namespace = xstrdup(sched_str(job->namespace)),
		.eval_id = xstrdup(sched_str(p->eval->id)),
		.name = xasprintf("%s.%s[%" PRIu32 "]", sched_str(job->id),
		    sched_str(tg->name), name_index),
		.node_id = xstrdup(sched_str(n->node->id)),
		.node_name = xstrdup(sched_str(n->node->name)),
		.job_id = xstrdup(sched_str(job->id)),
		.task_group = xstrdup(sched_str(tg->name)),
		.allocated_resources =
		    rank_take(planner_rank(p, job, group), n),
		.metrics = xmemdup(metric, sizeof *metric),
		.desired_status = xstrdup("run"),
		.client_status = xstrdup("pending"),
		.deployment_id = xstrdup(p->deployment_id),
		.job_version = job->version,
		.create_time = p->now,
		.modify_time = p->now,
	};
	planner_queue(p, tg->name, -1);
	return a;
}

/* The job that loses something is to be looked at, once. */
static void
tell_loser(struct planner *p, const struct sched_alloc *a)
{
	const struct job *job = a->version->job;
	char id[RNG_UUID_SIZE];

	if (map_find(&p->losers, a->job->key) != NULL)
		return;
	map_put(&p->losers, a->job->key, p);
	rng_uuid(p->rng, id);
	planner_create_eval(p, &(struct eval){
				   .id = xstrdup(id),
				   .namespace = xstrdup(a->job->ns),
				   .priority = job->priority,
				   .type = xstrdup(sched_str(job->type)),
				   .triggered_by = xstrdup("preemption"),
				   .job_id = xstrdup(a->job->id),
				   .job_modify_index = job->modify_index,
				   .status = xstrdup("pending"),
				   .create_time = p->now,
				   .modify_time = p->now,
			       });
}

static void
count_evicted(struct planner *p, const struct sched_alloc *a)
{
	const char *key = preempt_key(&p->arena, a);
	size_t *n = map_find(&p->evicted, key);

	if (n == NULL) {
		n = arena_alloc(&p->arena, sizeof *n);
		map_put(&p->evicted, key, n);
	}
	(*n)++;
}

void
planner_evict(struct planner *p, struct alloc *a,
    const struct sched_alloc *const *victims, size_t n)
{
	struct cmd_plan *plan = &p->out->plan;

	if (n == 0)
		return;
	a->preempted_allocations = xcalloc(n, sizeof *a->preempted_allocations);
	for (size_t i = 0; i < n; i++) {
		if (plan->npreempts == p->preempts_cap)
			plan->preempts = xgrow(plan->preempts, plan->npreempts,
			    &p->preempts_cap, sizeof *plan->preempts);
		plan->preempts[plan->npreempts++] = (struct plan_stop){
			.alloc_id = xstrdup(victims[i]->id),
			.desired_status = xstrdup("evict"),
			.desired_description =
			    xasprintf("Preempted by alloc ID %s", a->id),
			.preempted_by = xstrdup(a->id),
		};
		a->preempted_allocations[a->npreempted_allocations++] =
		    xstrdup(victims[i]->id);
		count_evicted(p, victims[i]);
		tell_loser(p, victims[i]);
		world_remove(&p->world, victims[i]);
	}
}

void
planner_tell_evicted(struct planner *p, const char *group, size_t n)
{
	struct plan_annotations *a = &p->out->annotations;

	for (size_t i = 0; i < a->ndesired_tg_updates; i++)
		if (sched_eq(a->desired_tg_updates[i].key, group))
			a->desired_tg_updates[i].preemptions += n;
}

struct alloc *
planner_update(struct planner *p, const struct sched_alloc *a)
{
	struct cmd_plan *plan = &p->out->plan;
	struct alloc *to, rec;

	if (plan->nupdates == p->updates_cap)
		plan->updates = xgrow(plan->updates, plan->nupdates,
		    &p->updates_cap, sizeof *plan->updates);
	to = &plan->updates[plan->nupdates++];
	sched_alloc_decode(a, &p->arena, false, &rec);
	rec_copy(&alloc_type, to, &rec);
	return to;
}

void
planner_update_version(struct planner *p, const struct sched_alloc *a)
{
	struct alloc *to = planner_update(p, a);

	to->job_version = p->job->version;
	sched_set(&to->eval_id, p->eval->id);
	sched_set(&to->desired_description, "");
}

/* --- what failed --- */

static struct alloc_metric *
failed_metric(const struct planner *p, const char *group)
{
	for (size_t i = 0; i < p->out->ended.nfailed_tg_allocs; i++)
		if (sched_eq(p->out->ended.failed_tg_allocs[i].key, group))
			return &p->out->ended.failed_tg_allocs[i].value;
	return NULL;
}

bool
planner_has_failed(const struct planner *p, const char *group)
{
	return failed_metric(p, group) != NULL;
}

void
planner_fail_again(struct planner *p, struct rank *r, const char *group)
{
	rank_coalesce(r, failed_metric(p, group));
}

void
planner_fail(struct planner *p, struct rank *r, const char *group,
    struct alloc_metric *metric)
{
	struct eval *e = &p->out->ended;

	rank_tell_needs(r, metric);
	e->failed_tg_allocs = xreallocarray(e->failed_tg_allocs,
	    e->nfailed_tg_allocs + 1, sizeof *e->failed_tg_allocs);
	e->failed_tg_allocs[e->nfailed_tg_allocs++] =
	    (struct alloc_metric_entry){ xstrdup(sched_str(group)), *metric };
}

void
planner_queue(struct planner *p, const char *group, int64_t n)
{
	struct eval *e = &p->out->ended;

	if (!p->queue_is_mine) {
		/* What an earlier look at it left is forgotten. */
		for (size_t i = 0; i < e->nqueued_allocations; i++)
			free(e->queued_allocations[i].key);
		e->nqueued_allocations = 0;
		p->queue_is_mine = true;
	}
	for (size_t i = 0; i < e->nqueued_allocations; i++)
		if (sched_eq(e->queued_allocations[i].key, group)) {
			e->queued_allocations[i].value += n;
			return;
		}
	e->queued_allocations = xreallocarray(e->queued_allocations,
	    e->nqueued_allocations + 1, sizeof *e->queued_allocations);
	e->queued_allocations[e->nqueued_allocations++] =
	    (struct rec_ki){ xstrdup(sched_str(group)), n };
}

/* --- evaluations --- */

void
planner_create_eval(struct planner *p, const struct eval *e)
{
	struct scheduler_result *out = p->out;

	if (out->ncreated == p->created_cap)
		out->created = xgrow(out->created, out->ncreated,
		    &p->created_cap, sizeof *out->created);
	out->created[out->ncreated++] = *e;
}

void
planner_lose_stopped(struct planner *p)
{
	const struct sched_alloc *a;

	if (p->sj == NULL)
		return;
	TAILQ_FOREACH (a, &p->sj->allocs, by_job) {
		const struct node *n = a->node->node;

		if (a->desired == SCHED_RUN ||
		    (a->client != SCHED_RUNNING && a->client != SCHED_PENDING))
			continue;
		if (n == NULL || sched_eq(n->status, "down"))
			planner_stop(p, a, reconcile_lost, "lost", "");
	}
}

static struct eval
blocked_eval(struct planner *p)
{
	const struct eval *of = p->eval;
	char id[RNG_UUID_SIZE];

	rng_uuid(p->rng, id);
	return (struct eval){
		.id = xstrdup(id),
		.namespace = xstrdup(sched_str(of->namespace)),
		.priority = of->priority,
		.type = xstrdup(sched_str(of->type)),
		.triggered_by = xstrdup("queued-allocs"),
		.job_id = xstrdup(sched_str(of->job_id)),
		.job_modify_index = of->job_modify_index,
		.status = xstrdup("blocked"),
		.status_description =
		    xstrdup("created to place remaining allocations"),
		.previous_eval = xstrdup(sched_str(of->id)),
		.snapshot_index = p->st->index,
		.create_time = p->now,
		.modify_time = p->now,
	};
}

static void
tell_classes(struct planner *p, struct eval *e, bool again)
{
	for (size_t i = 0; i < e->nclass_eligibility; i++)
		free(e->class_eligibility[i].key);
	free(e->class_eligibility);
	e->class_eligibility = NULL;
	e->nclass_eligibility = 0;
	e->escaped_computed_class = false;
	if (p->job != NULL)
		feasible_tell(&planner_version(p, p->job)->feasible, again,
		    &e->class_eligibility, &e->nclass_eligibility,
		    &e->escaped_computed_class);
}

static void
copy_failures(struct eval *to, const struct eval *from)
{
	to->failed_tg_allocs =
	    xcalloc(from->nfailed_tg_allocs, sizeof *to->failed_tg_allocs);
	for (size_t i = 0; i < from->nfailed_tg_allocs; i++)
		rec_copy(&alloc_metric_entry_type, &to->failed_tg_allocs[i],
		    &from->failed_tg_allocs[i]);
	to->nfailed_tg_allocs = from->nfailed_tg_allocs;
}

/* Blocks what could not be placed; true when the evaluation itself is to
 * wait again. */
static bool
block(struct planner *p)
{
	struct eval *ended = &p->out->ended, e;

	if (ended->nfailed_tg_allocs == 0 ||
	    (p->no_block && p->blocked_node == NULL))
		return false;
	if (sched_eq(p->eval->status, "blocked") && p->blocked_node == NULL) {
		tell_classes(p, ended, true);
		ended->snapshot_index = p->st->index;
		return true;
	}
	e = blocked_eval(p);
	tell_classes(p, &e, false);
	copy_failures(&e, ended);
	if (p->blocked_node != NULL)
		sched_set(&e.node_id, p->blocked_node);
	if (p->blocked_node == NULL)
		sched_set(&ended->blocked_eval, e.id);
	planner_create_eval(p, &e);
	return false;
}

void
planner_finish(struct planner *p)
{
	struct scheduler_result *out = p->out;
	const struct cmd_plan *plan = &out->plan;

	rec_sort_maps(&eval_type, &out->ended);
	out->reblocked = block(p);
	if (!out->reblocked) {
		sched_set(&out->ended.status, "complete");
		sched_set(&out->ended.status_description, "");
	}
	out->ended.modify_time = p->now;
	out->has_plan = plan->nstops + plan->npreempts + plan->nplaces +
				plan->nupdates + plan->ndeployment_changes >
			    0 ||
			plan->deployment != NULL;
}
