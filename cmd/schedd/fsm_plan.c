/* Plans, and what a deployment's watcher found. */
#include "cmd/schedd/fsm_impl.h"

#include "cmd/schedd/planapply.h"
#include "cmd/schedd/plant.h"
#include "cmd/schedd/text.h"

static void
last_reschedule(struct fsm_turn *t, struct alloc *rec, const char *how)
{
	if (sched_is_empty(how))
		return;
	if (rec->reschedule_tracker == NULL)
		rec->reschedule_tracker =
		    arena_alloc(&t->arena, sizeof *rec->reschedule_tracker);
	rec->reschedule_tracker->last_reschedule = fsm_text(t, how);
}

static void
plan_stop(struct fsm_turn *t, const struct plan_stop *s)
{
	struct sched_alloc *a = sched_alloc_find(t->st, sched_str(s->alloc_id));
	struct alloc rec;

	if (a == NULL)
		return;
	sched_alloc_decode(a, &t->arena, false, &rec);
	if (!sched_is_empty(s->desired_status))
		rec.desired_status = fsm_text(t, s->desired_status);
	if (!sched_is_empty(s->desired_description))
		rec.desired_description = fsm_text(t, s->desired_description);
	if (!sched_is_empty(s->client_status))
		rec.client_status = fsm_text(t, s->client_status);
	if (!sched_is_empty(s->followup_eval_id))
		rec.followup_eval_id = fsm_text(t, s->followup_eval_id);
	if (!sched_is_empty(s->preempted_by))
		rec.preempted_by_allocation = fsm_text(t, s->preempted_by);
	last_reschedule(t, &rec, s->last_reschedule);
	fsm_put_alloc(t, &rec, !SCHED_PLANT(6));
	if (fsm_has_ended(&rec))
		fsm_drop_services(t, rec.id);
}

/* The allocation that this one replaces learns of it. */
static void
link_previous(struct fsm_turn *t, const struct alloc *placed)
{
	struct sched_alloc *a =
	    sched_alloc_find(t->st, sched_str(placed->previous_allocation));
	struct alloc rec;

	if (a == NULL)
		return;
	sched_alloc_decode(a, &t->arena, false, &rec);
	rec.next_allocation = fsm_text(t, placed->id);
	fsm_put_alloc(t, &rec, false);
}

static void
plan_place(struct fsm_turn *t, const struct alloc *a)
{
	struct alloc rec = *a;

	if (sched_is_empty(a->id) || sched_is_empty(a->job_id) ||
	    sched_alloc_find(t->st, a->id) != NULL)
		return;
	rec.create_index = t->index;
	rec.create_time = t->time;
	fsm_put_alloc(t, &rec, true);
	link_previous(t, a);
}

/* The servers' part is the plan's, the node's part stays as it is now. */
static void
plan_update(struct fsm_turn *t, const struct alloc *a)
{
	struct sched_alloc *old = sched_alloc_find(t->st, sched_str(a->id));
	struct alloc rec = *a, now;
	struct sched_version *v;
	enum sched_client c = sched_client_parse(a->client_status);

	if (old == NULL || sched_is_empty(a->job_id))
		return;
	/* It follows the job, even into one that began anew. */
	v = sched_version_find(old->job, rec.job_version);
	if (v != NULL)
		sched_alloc_bind(old, v);
	sched_alloc_decode(old, &t->arena, false, &now);
	rec.create_index = now.create_index;
	rec.create_time = now.create_time;
	rec.task_states = now.task_states;
	rec.ntask_states = now.ntask_states;
	rec.network_status = now.network_status;
	if (c != SCHED_LOST && c != SCHED_UNKNOWN) {
		rec.client_status = now.client_status;
		rec.client_description = now.client_description;
	}
	fsm_put_alloc(t, &rec, true);
}

static void
mark_stable(struct fsm_turn *t, const struct sched_deployment *d)
{
	struct sched_version *v =
	    sched_version_find(d->job, d->rec.job_version);

	if (v == NULL || v->job->stable)
		return;
	v->job->has_stable = v->job->stable = true;
	sched_job_changed(t->st, d->job, t->index);
}

/* What was rolled out well is known to be good. */
static void
change_deployment(struct fsm_turn *t, const struct deployment_change *c)
{
	struct sched_deployment *d =
	    sched_deployment_find(t->st, sched_str(c->deployment_id));

	/* One that has ended stays as it ended. */
	if (d == NULL || sched_is_empty(c->status) ||
	    !sched_deployment_is_active(&d->rec))
		return;
	sched_set(&d->rec.status, c->status);
	sched_set(&d->rec.status_description, c->status_description);
	d->rec.modify_time = t->time;
	sched_deployment_changed(t->st, d, t->index);
	if (sched_eq(c->status, "successful"))
		mark_stable(t, d);
}

static void
plan_deployment(struct fsm_turn *t, const struct deployment *d)
{
	const struct sched_deployment *old =
	    sched_deployment_find(t->st, sched_str(d->id));
	struct deployment rec = *d;

	if (sched_is_empty(d->id) || sched_is_empty(d->job_id))
		return;
	/* It stays its job's. */
	if (old != NULL && (!sched_eq(old->rec.job_id, d->job_id) ||
			       !sched_eq(old->rec.namespace, d->namespace)))
		return;
	rec.create_index = old != NULL ? old->rec.create_index : t->index;
	rec.create_time = old != NULL ? old->rec.create_time : t->time;
	rec.modify_time = t->time;
	sched_put_deployment(t->st, &rec, t->index);
}

/* Ids of allocations whose replacements are carried out, in a plan that is
 * only in part; values are borrowed. */
static void
find_replaced(const struct cmd_plan *c, const struct planapply *verdict,
    struct map *replaced)
{
	for (size_t i = 0; i < c->nplaces && !verdict->whole; i++)
		if (!sched_is_empty(c->places[i].previous_allocation) &&
		    planapply_accepts(verdict, c->places[i].node_id))
			map_put(replaced, c->places[i].previous_allocation,
			    &c->places[i]);
}

/* A stop belongs to its node's part: without the placements that go with it
 * it would only take room away from people. But what is replaced on another
 * node must not run beside its replacement. */
static bool
accepts_stop(const struct fsm_turn *t, const struct planapply *verdict,
    const struct map *replaced, const struct plan_stop *s)
{
	const struct sched_alloc *a =
	    sched_alloc_find(t->st, sched_str(s->alloc_id));

	return a != NULL && (planapply_accepts(verdict, a->node->id) ||
				map_find(replaced, a->id) != NULL);
}

static void
plan_stops(struct fsm_turn *t, const struct cmd_plan *c,
    const struct planapply *verdict)
{
	struct map replaced = { 0 };

	find_replaced(c, verdict, &replaced);
	for (size_t i = 0; i < c->nstops; i++)
		if (accepts_stop(t, verdict, &replaced, &c->stops[i]))
			plan_stop(t, &c->stops[i]);
	for (size_t i = 0; i < c->npreempts; i++)
		if (accepts_stop(t, verdict, &replaced, &c->preempts[i]))
			plan_stop(t, &c->preempts[i]);
	map_release(&replaced);
}

/* Of a plan that is carried out in part the evaluation is not ended; but who
 * is to look again later at an allocation must be there as soon as that
 * allocation names it, and who lost some is not told by the next part. */
static void
put_followups(struct fsm_turn *t, const struct cmd_plan *c)
{
	for (size_t i = 0; i < c->nevals; i++)
		if (sched_eval_is_of_part(&c->evals[i]) &&
		    !sched_eq(c->evals[i].id, sched_str(c->eval_id)))
			fsm_put_evals(t, &c->evals[i], 1);
}

void
fsm_plan(struct fsm_turn *t, const struct cmd_plan *c)
{
	struct planapply verdict;

	planapply_verify(t->st, c, &verdict);
	t->reply->partial = !verdict.whole;
	if (c->deployment != NULL && !verdict.nothing)
		plan_deployment(t, c->deployment);
	for (size_t i = 0; i < c->ndeployment_changes && !verdict.nothing; i++)
		change_deployment(t, &c->deployment_changes[i]);
	/* The plan's evaluation exists; its new ones are needed by the
	 * allocations that follow them up, so they come first. */
	if (verdict.whole)
		fsm_put_evals(t, c->evals, c->nevals);
	else if (!verdict.nothing)
		put_followups(t, c);
	plan_stops(t, c, &verdict);
	for (size_t i = 0; i < c->nplaces; i++)
		if (planapply_accepts(&verdict, c->places[i].node_id))
			plan_place(t, &c->places[i]);
	for (size_t i = 0; i < c->nupdates; i++)
		if (planapply_accepts(&verdict, c->updates[i].node_id))
			plan_update(t, &c->updates[i]);
	planapply_release(&verdict);
}

/* --- what a deployment's watcher found --- */

static void
set_health(struct fsm_turn *t, const char *id, bool healthy)
{
	struct sched_alloc *a = sched_alloc_find(t->st, sched_str(id));
	struct alloc_deployment_status *ds;
	struct alloc rec;

	if (a == NULL)
		return;
	sched_alloc_decode(a, &t->arena, false, &rec);
	ds = arena_alloc(&t->arena, sizeof *ds);
	if (rec.deployment_status != NULL)
		*ds = *rec.deployment_status;
	ds->has_healthy = true;
	ds->healthy = healthy;
	ds->timestamp = t->time;
	ds->modify_index = t->index;
	rec.deployment_status = ds;
	fsm_put_alloc(t, &rec, false);
}

static void
promote(struct fsm_turn *t, struct sched_deployment *d, char *const *groups,
    size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct deployment_state *g =
		    fsm_group_state(d, sched_str(groups[i]));

		if (g != NULL)
			g->promoted = true;
	}
	if (n > 0)
		sched_deployment_changed(t->st, d, t->index);
}

void
fsm_deployment(struct fsm_turn *t, const struct cmd_deployment *c)
{
	struct sched_deployment *d =
	    sched_deployment_find(t->st, sched_str(c->change.deployment_id));

	if (d == NULL) {
		err_set(&t->reply->err, ERR_NOT_FOUND, "deployment not found");
		return;
	}
	for (size_t i = 0; i < c->nhealthy; i++)
		set_health(t, c->healthy[i], true);
	for (size_t i = 0; i < c->nunhealthy; i++)
		set_health(t, c->unhealthy[i], false);
	promote(t, d, c->promote, c->npromote);
	change_deployment(t, &c->change);
	if (c->stable)
		mark_stable(t, d);
	fsm_put_evals(t, c->evals, c->nevals);
}
