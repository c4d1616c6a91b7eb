/* What a plan says: who stops, who is placed, who gives way, who is changed. */
#include <inttypes.h>

#include "cmd/schedd/planner.h"
#include "cmd/schedd/reconcile.h"
#include "cmd/schedd/text.h"

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
planner_unstop_all(struct planner *p, const struct map *alloc_ids)
{
	struct cmd_plan *plan = &p->out->plan;
	size_t kept = 0;

	if (map_count(alloc_ids) == 0)
		return;
	for (size_t i = 0; i < plan->nstops; i++) {
		struct plan_stop *s = &plan->stops[i];

		if (sched_is_empty(s->desired_status) ||
		    map_find(alloc_ids, s->alloc_id) == NULL)
			plan->stops[kept++] = *s;
		else
			rec_clear(&plan_stop_type, s);
	}
	plan->nstops = kept;
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
planner_make_way(struct planner *p, const struct preempt *way)
{
	for (size_t i = 0; i < way->n; i++)
		world_remove(&p->world, way->victims[i]);
}

void
planner_evict(struct planner *p, struct alloc *a, const struct preempt *way)
{
	struct cmd_plan *plan = &p->out->plan;

	if (way->n == 0)
		return;
	a->preempted_allocations =
	    xcalloc(way->n, sizeof *a->preempted_allocations);
	for (size_t i = 0; i < way->n; i++) {
		const struct sched_alloc *victim = way->victims[i];

		if (plan->npreempts == p->preempts_cap)
			plan->preempts = xgrow(plan->preempts, plan->npreempts,
			    &p->preempts_cap, sizeof *plan->preempts);
		plan->preempts[plan->npreempts++] = (struct plan_stop){
			.alloc_id = xstrdup(victim->id),
			.desired_status = xstrdup("evict"),
			.desired_description =
			    xasprintf("Preempted by alloc ID %s", a->id),
			.preempted_by = xstrdup(a->id),
		};
		a->preempted_allocations[a->npreempted_allocations++] =
		    xstrdup(victim->id);
		count_evicted(p, victim);
		tell_loser(p, victim);
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
