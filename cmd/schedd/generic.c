#include "cmd/schedd/generic.h"

#include <stdlib.h>

#include "cmd/schedd/jobupdate.h"
#include "cmd/schedd/reconcile.h"
#include "cmd/schedd/resched.h"
#include "cmd/schedd/text.h"

struct generic {
	struct planner *p;
	bool batch;
	const struct deployment *deployment; /* the latest, or the new one */
	struct reconcile result;
};

/* --- what can change where it is --- */

static enum reconcile_change
compare(void *ctx, const struct sched_alloc *a, const struct task_group *tg)
{
	struct generic *g = ctx;
	struct planner *p = g->p;
	const struct job *was = a->version->job;
	struct world_node *n;
	struct rank_verdict v;

	if (was->job_modify_index == p->job->job_modify_index)
		return RECONCILE_SAME;
	if (jobupdate_is_destructive(was, p->job, tg->name))
		return RECONCILE_REPLACE;
	if (sched_alloc_is_terminal(a))
		return RECONCILE_SAME;
	n = world_node(&p->world, a->node);
	if (n == NULL || !world_is_meant(p->job, n->node))
		return RECONCILE_REPLACE;
	world_remove(&p->world, a);
	v = rank_ask(
	    planner_rank(p, p->job, (size_t)(tg - p->job->task_groups)), n);
	world_restore(&p->world, a);
	return v.filtered == NULL && v.exhausted == NULL ? RECONCILE_INPLACE
							 : RECONCILE_REPLACE;
}

static void
update_version(struct generic *g, const struct sched_alloc *a)
{
	struct planner *p = g->p;
	struct alloc *to;
	const char *id = g->deployment != NULL ? g->deployment->id : "";

	planner_update_version(p, a);
	to = &p->out->plan.updates[p->out->plan.nupdates - 1];
	if (sched_eq(to->deployment_id, id))
		return;
	sched_set(&to->deployment_id, id);
	if (to->deployment_status != NULL) {
		rec_clear(&alloc_deployment_status_type, to->deployment_status);
		free(to->deployment_status);
		to->deployment_status = NULL;
	}
}

static void
add_state(struct planner *p, struct alloc *to, const char *status)
{
	to->alloc_states = xreallocarray(
	    to->alloc_states, to->nalloc_states + 1, sizeof *to->alloc_states);
	to->alloc_states[to->nalloc_states++] =
	    (struct alloc_state){ xstrdup("ClientStatus"), xstrdup(status),
		    p->now };
}

static void
update(struct generic *g, const struct reconcile_update *u)
{
	struct planner *p = g->p;
	struct alloc *to;

	switch (u->kind) {
	case RECONCILE_TO_VERSION:
		update_version(g, u->alloc);
		return;
	case RECONCILE_FOLLOW_UP:
		to = planner_update(p, u->alloc);
		sched_set(&to->followup_eval_id, u->followup);
		/* It failed there just now: not the best place for others. */
		world_akin(&p->world, u->alloc);
		return;
	case RECONCILE_UNKNOWN:
		to = planner_update(p, u->alloc);
		sched_set(&to->followup_eval_id, u->followup);
		sched_set(&to->client_status, "unknown");
		sched_set(&to->client_description, reconcile_unknown);
		add_state(p, to, "unknown");
		return;
	case RECONCILE_RECONNECTED:
		to = planner_update(p, u->alloc);
		add_state(p, to, to->client_status);
		return;
	}
}

/* --- placing --- */

/* The version that non-canaries are made of while canaries wait. */
static const struct job *
settled_version(struct generic *g, const struct reconcile_place *pl,
    const char **deployment_id)
{
	const struct sched_job *sj = g->p->sj;
	const struct sched_deployment *d, *best = NULL;
	struct sched_version *v;

	TAILQ_FOREACH (d, &sj->deployments, by_job) {
		const struct deployment_state *s =
		    rec_map_find(d->rec.task_groups, d->rec.ntask_groups,
			sizeof *d->rec.task_groups, sched_str(pl->tg->name));

		if (s == NULL || (!s->promoted && s->desired_canaries != 0))
			continue;
		if (best == NULL || d->rec.job_version > best->rec.job_version)
			best = d;
	}
	if (best != NULL) {
		v = sched_version_find(sj, best->rec.job_version);
		*deployment_id = best->rec.id;
		return v != NULL ? v->job : NULL;
	}
	*deployment_id = "";
	v = sched_version_find(
	    sj, pl->previous != NULL ? pl->previous->version->job->version : 0);
	if (v != NULL &&
	    (v->job->update == NULL || v->job->update->max_parallel == 0))
		return v->job;
	return NULL;
}

/* Nodes where the allocation, or one it replaces, failed before. */
static size_t
nodes_to_avoid(struct generic *g, const struct reconcile_place *pl,
    struct world_node **avoid)
{
	struct planner *p = g->p;
	const struct reschedule_tracker *t;
	struct alloc rec;
	size_t n = 0;

	if (pl->previous == NULL || !pl->reschedule)
		return 0;
	avoid[n++] = world_node(&p->world, pl->previous->node);
	sched_alloc_decode(pl->previous, &p->arena, false, &rec);
	t = rec.reschedule_tracker;
	for (size_t i = 0; t != NULL && i < t->nevents && n < RESCHED_MAX_PAST;
	     i++) {
		struct sched_node *sn = sched_node_find(
		    p->st, sched_str(t->events[i].prev_node_id));

		if (sn != NULL)
			avoid[n++] = world_node(&p->world, sn);
	}
	return n;
}

/* A sticky disk stays where it is when that is possible. */
static struct world_node *
preferred_node(struct generic *g, const struct reconcile_place *pl)
{
	struct sched_node *sn;
	struct world_node *n;

	if (pl->previous == NULL || pl->tg->ephemeral_disk == NULL ||
	    !pl->tg->ephemeral_disk->sticky)
		return NULL;
	sn = pl->previous->node;
	if (sn->node == NULL || !sched_node_is_ready(sn->node))
		return NULL;
	n = world_node(&g->p->world, sn);
	return n != NULL && n->no < g->p->world.ncandidates ? n : NULL;
}

static struct world_node *
select_node(struct generic *g, struct rank *r, const struct reconcile_place *pl,
    struct alloc_metric *metric)
{
	struct world_node *avoid[RESCHED_MAX_PAST + 1];
	size_t navoid = nodes_to_avoid(g, pl, avoid);
	struct world_node *n = preferred_node(g, pl);

	if (n != NULL) {
		n = rank_select(r, avoid, navoid, n, metric);
		if (n != NULL)
			return n;
		rec_clear(&alloc_metric_type, metric);
	}
	return rank_select(r, avoid, navoid, NULL, metric);
}

static void
link_previous(
    struct generic *g, struct alloc *a, const struct reconcile_place *pl)
{
	struct alloc prev;

	if (pl->previous == NULL)
		return;
	sched_alloc_decode(pl->previous, &g->p->arena, false, &prev);
	sched_set(&a->previous_allocation, pl->previous->id);
	if (pl->reschedule) {
		a->reschedule_tracker =
		    resched_track(pl->tg->reschedule_policy, &prev, g->p->now);
	} else if (prev.reschedule_tracker != NULL) {
		a->reschedule_tracker =
		    xcalloc(1, sizeof *a->reschedule_tracker);
		rec_copy(&reschedule_tracker_type, a->reschedule_tracker,
		    prev.reschedule_tracker);
	}
}

static void
mark_canary(struct alloc *a)
{
	a->deployment_status = xcalloc(1, sizeof *a->deployment_status);
	a->deployment_status->canary = true;
}

/* When nothing has room, the less important may give way. */
static struct world_node *
select_evicting(struct generic *g, const struct job *job, size_t group,
    const struct reconcile_place *pl, struct alloc_metric *metric,
    struct preempt *way)
{
	struct rank *r = planner_evicting_rank(g->p, job, group);
	struct alloc_metric second;
	struct world_node *n;

	if (r == NULL)
		return NULL;
	n = select_node(g, r, pl, &second);
	rec_clear(&alloc_metric_type, metric);
	*metric = second;
	if (n != NULL)
		rank_victims(r, n, way);
	return n;
}

/* What failed and has no successor remembers that, to be tried again. */
static void
note_unplaced(struct generic *g, const struct reconcile_place *pl)
{
	struct alloc *to;

	if (!pl->reschedule)
		return;
	to = planner_update(g->p, pl->previous);
	if (to->reschedule_tracker == NULL)
		to->reschedule_tracker =
		    xcalloc(1, sizeof *to->reschedule_tracker);
	sched_set(&to->reschedule_tracker->last_reschedule, "no placement");
}

static void
place(struct generic *g, const struct reconcile_place *pl)
{
	struct planner *p = g->p;
	const struct job *job = p->job;
	const char *group = sched_str(pl->tg->name), *of = p->deployment_id;
	const struct job *older =
	    pl->downgrade ? settled_version(g, pl, &of) : NULL;
	struct alloc_metric metric;
	struct preempt way;
	struct world_node *n;
	struct rank *r;
	struct alloc *a;
	size_t no;

	if (older != NULL && jobupdate_group(older, group) != NULL)
		job = older;
	else
		of = p->deployment_id;
	no = planner_group(job, group);
	r = planner_rank(p, job, no);
	if (planner_has_failed(p, group)) {
		planner_fail_again(p, r, group);
		note_unplaced(g, pl);
		return;
	}
	if (pl->stop_previous)
		planner_stop(p, pl->previous, reconcile_updating, "", "");
	preempt_init(&way, 0);
	n = select_node(g, r, pl, &metric);
	if (n == NULL)
		n = select_evicting(g, job, no, pl, &metric, &way);
	if (n == NULL) {
		if (pl->stop_previous)
			planner_unstop(p, pl->previous);
		planner_fail(p, r, group, &metric);
		note_unplaced(g, pl);
		return;
	}
	if (pl->reschedule)
		planner_note_reschedule(p, pl->previous, "ok");
	planner_make_way(p, &way);
	a = planner_place(p, job, no, pl->name_index, n, &metric);
	planner_evict(p, a, &way);
	planner_tell_evicted(p, group, way.n);
	sched_set(&a->deployment_id, of);
	link_previous(g, a, pl);
	if (pl->canary && *of != '\0')
		mark_canary(a);
}

/* --- the whole --- */

static void
take_over(struct generic *g)
{
	struct planner *p = g->p;
	struct reconcile *r = &g->result;
	struct cmd_plan *plan = &p->out->plan;

	if (r->deployment != NULL) {
		plan->deployment = r->deployment;
		g->deployment = r->deployment;
		r->deployment = NULL;
	}
	plan->deployment_changes =
	    xcalloc(r->nchanges, sizeof *plan->deployment_changes);
	for (size_t i = 0; i < r->nchanges; i++)
		rec_copy(&deployment_change_type, &plan->deployment_changes[i],
		    &r->changes[i]);
	plan->ndeployment_changes = r->nchanges;
	for (size_t i = 0; i < r->nfollowups; i++)
		planner_create_eval(p, &r->followups[i]);
	if (r->nfollowups > 0)
		sched_set(&p->out->ended.next_eval, r->followups[0].id);
	r->nfollowups = 0;
	p->out->annotations.desired_tg_updates =
	    xcalloc(r->ndesired, sizeof *r->desired);
	for (size_t i = 0; i < r->ndesired; i++)
		rec_copy(&desired_updates_type,
		    &p->out->annotations.desired_tg_updates[i], &r->desired[i]);
	p->out->annotations.ndesired_tg_updates = r->ndesired;
	rec_sort_maps(&plan_annotations_type, &p->out->annotations);
}

static void
stop(struct generic *g, const struct reconcile_stop *s)
{
	/* What is rescheduled goes on as it is; see place(). */
	if (!s->rescheduled)
		planner_stop(g->p, s->alloc, s->description, s->client_status,
		    s->followup);
}

/* What was to be placed for an allocation that stops: it stops when that is,
 * in another look. */
static void
leave(struct generic *g, const struct reconcile_place *places, size_t n)
{
	struct map waiting = { 0 };

	for (size_t i = 0; i < n; i++)
		if (places[i].previous != NULL && !places[i].stop_previous)
			map_put(&waiting, places[i].previous->id, g);
	planner_unstop_all(g->p, &waiting);
	map_release(&waiting);
}

static void
place_all(struct generic *g)
{
	struct reconcile *r = &g->result;
	size_t i = 0;

	while (i < r->nplaces && !planner_is_full(g->p))
		place(g, &r->places[i++]);
	if (i < r->nplaces)
		leave(g, &r->places[i], r->nplaces - i);
}

static void
carry_out(struct generic *g)
{
	struct planner *p = g->p;
	struct reconcile *r = &g->result;

	take_over(g);
	if (g->deployment != NULL) {
		sched_set(&p->out->ended.deployment_id, g->deployment->id);
		if (p->job != NULL &&
		    sched_deployment_is_active(g->deployment) &&
		    g->deployment->job_version == p->job->version)
			p->deployment_id = g->deployment->id;
	}
	for (size_t i = 0; i < r->nstops; i++)
		stop(g, &r->stops[i]);
	for (size_t i = 0; i < r->nupdates; i++)
		update(g, &r->updates[i]);
	for (size_t i = 0; i < r->nplaces; i++)
		planner_queue(p, r->places[i].tg->name, 1);
	place_all(g);
}

void
generic_run(struct planner *p, bool batch)
{
	struct generic g = { .p = p, .batch = batch };
	const struct sched_deployment *latest =
	    p->sj != NULL && !batch ? sched_deployment_latest(p->sj) : NULL;
	struct reconcile_in in = {
		.st = p->st,
		.sj = p->sj,
		.job = p->job,
		.eval = p->eval,
		.deployment = latest != NULL ? &latest->rec : NULL,
		.batch = batch,
		.now = p->now,
		.arena = &p->arena,
		.rng = p->rng,
		.compare = compare,
		.ctx = &g,
	};

	g.deployment = in.deployment;
	planner_lose_stopped(p);
	reconcile(&in, &g.result);
	carry_out(&g);
	planner_finish(p);
	reconcile_release(&g.result);
}
