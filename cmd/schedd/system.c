/* System and sysbatch jobs: one of each name on every node they may use. */
#include <stdlib.h>

#include "cmd/schedd/deploying.h"
#include "cmd/schedd/generic.h"
#include "cmd/schedd/jobupdate.h"
#include "cmd/schedd/reconcile.h"
#include "cmd/schedd/text.h"

struct system {
	struct planner *p;
	bool batch; /* what has ended is done */
	struct deploying d;
	struct deployment *fresh; /* begun by this plan */
	struct deployment *done;  /* a copy of one that had succeeded */
	bool grown;               /* and shall have more than it had */
	bool complete;
};

/* One group, and what is to be done about it. */
struct system_group {
	struct system *s;
	size_t no; /* in the job */
	const struct task_group *tg;
	struct desired_updates *desired;
	const struct sched_alloc **updates; /* of an older version */
	size_t nupdates;
	const struct sched_alloc **last; /* what ended, by node and number */
	bool *here;                      /* something is there, likewise */
	size_t count;
	size_t step; /* how many may still be replaced */
	size_t inplace, ndestructive, nplaced;
	size_t ncanaries; /* how many nodes try the new version first */
	bool existing;    /* something of the group stays */
	bool canarying;   /* what is replaced is a canary */
	struct alloc_metric *filtered; /* of nodes it may not use */
};

static struct desired_updates *
desired_of(struct planner *p, const char *group)
{
	struct plan_annotations *a = &p->out->annotations;
	struct desired_updates *d;

	a->desired_tg_updates = xreallocarray(a->desired_tg_updates,
	    a->ndesired_tg_updates + 1, sizeof *a->desired_tg_updates);
	d = &a->desired_tg_updates[a->ndesired_tg_updates++];
	*d = (struct desired_updates){ .key = xstrdup(group) };
	return d;
}

/* --- what there is --- */

static size_t
slot(const struct system_group *g, const struct world_node *n, uint32_t index)
{
	return n->no * g->count + index;
}

static bool
is_candidate(const struct system_group *g, const struct world_node *n)
{
	return n != NULL && n->no < g->s->p->world.ncandidates;
}

static void
disconnect(struct system_group *g, const struct sched_alloc *a)
{
	struct planner *p = g->s->p;
	struct alloc *to = planner_update(p, a);

	sched_set(&to->client_status, "unknown");
	sched_set(&to->client_description, reconcile_unknown);
	to->alloc_states = xreallocarray(
	    to->alloc_states, to->nalloc_states + 1, sizeof *to->alloc_states);
	to->alloc_states[to->nalloc_states++] =
	    (struct alloc_state){ xstrdup("ClientStatus"), xstrdup("unknown"),
		    p->now };
	g->desired->disconnect++;
}

static void
lose(struct system_group *g, const struct sched_alloc *a)
{
	planner_stop(g->s->p, a, reconcile_lost, "lost", "");
}

static void
keep(struct system_group *g)
{
	g->desired->ignore++;
	g->existing = true;
}

/* On a node that is down, gone, out of reach or being emptied. */
static void
look_on_tainted(struct system_group *g, const struct sched_alloc *a)
{
	const struct node *n = a->node->node;

	if (n != NULL && sched_eq(n->status, "disconnected")) {
		if (a->client == SCHED_RUNNING)
			disconnect(g, a);
		else
			keep(g);
	} else if (n == NULL || sched_eq(n->status, "down")) {
		lose(g, a);
	} else {
		keep(g);
	}
}

static bool
is_tainted(const struct sched_node *n)
{
	return n->node == NULL || sched_eq(n->node->status, "down") ||
	       sched_eq(n->node->status, "disconnected") ||
	       n->node->drain_strategy != NULL;
}

static void
look_at(struct system_group *g, const struct sched_alloc *a)
{
	struct planner *p = g->s->p;
	struct world_node *n = world_node(&p->world, a->node);

	if (a->name_index >= g->count) {
		planner_stop(p, a, reconcile_not_needed, "", "");
		g->desired->stop++;
		return;
	}
	if (is_candidate(g, n))
		g->here[slot(g, n, a->name_index)] = true;
	if (a->migrate) {
		planner_stop(p, a, reconcile_tainted, "", "");
		g->desired->migrate++;
	} else if (is_tainted(a->node)) {
		look_on_tainted(g, a);
	} else if (!sched_node_is_ready(a->node->node)) {
		keep(g);
	} else if (!is_candidate(g, n)) {
		planner_stop(p, a, reconcile_not_needed, "", "");
		g->desired->stop++;
	} else if (a->version->job->job_modify_index !=
		   p->job->job_modify_index) {
		g->updates[g->nupdates++] = a;
	} else {
		keep(g);
	}
}

/* Of what has ended on a node the newest counts. */
static void
remember(struct system_group *g, const struct sched_alloc *a)
{
	struct world_node *n = world_node(&g->s->p->world, a->node);
	const struct sched_alloc **last;

	if (!is_candidate(g, n) || a->name_index >= g->count)
		return;
	last = &g->last[slot(g, n, a->name_index)];
	if (*last == NULL || a->create_index > (*last)->create_index)
		*last = a;
}

static void
look_at_all(struct system_group *g)
{
	struct planner *p = g->s->p;
	const struct sched_alloc *a;
	size_t room = p->world.ncandidates * g->count + 1;

	g->updates = arena_alloc(
	    &p->arena, (p->sj->nallocs + 1 + room) * sizeof(void *));
	g->last = arena_alloc(&p->arena, room * sizeof(void *));
	g->here = arena_alloc(&p->arena, room * sizeof *g->here);
	TAILQ_FOREACH (a, &p->sj->allocs, by_job) {
		if (!sched_eq(sched_alloc_group(a), g->tg->name))
			continue;
		if (sched_alloc_is_terminal(a))
			remember(g, a);
		else
			look_at(g, a);
	}
}

/* --- placing --- */

static void
merge_counts(
    struct rec_ki **to, size_t *n, const struct rec_ki *from, size_t nfrom)
{
	for (size_t i = 0; i < nfrom; i++) {
		size_t at = 0;

		while (at < *n && strcmp((*to)[at].key, from[i].key) != 0)
			at++;
		if (at < *n) {
			(*to)[at].value += from[i].value;
			continue;
		}
		*to = xreallocarray(*to, *n + 1, sizeof **to);
		(*to)[(*n)++] =
		    (struct rec_ki){ xstrdup(from[i].key), from[i].value };
	}
}

/* Nodes that the group may not use count together. */
static void
merge_filtered(struct system_group *g, const struct alloc_metric *m)
{
	struct alloc_metric *to = g->filtered;

	if (to == NULL)
		to = g->filtered = arena_alloc(&g->s->p->arena, sizeof *to);
	to->nodes_evaluated += m->nodes_evaluated;
	to->nodes_filtered += m->nodes_filtered;
	merge_counts(&to->constraint_filtered, &to->nconstraint_filtered,
	    m->constraint_filtered, m->nconstraint_filtered);
	merge_counts(&to->class_filtered, &to->nclass_filtered,
	    m->class_filtered, m->nclass_filtered);
	rec_sort_maps(&alloc_metric_type, to);
}

static void
fail(struct system_group *g, struct rank *r, const struct world_node *n,
    struct alloc_metric *m)
{
	struct planner *p = g->s->p;
	const char *name = sched_str(g->tg->name);

	if (m->nodes_filtered > 0) {
		merge_filtered(g, m);
		rec_clear(&alloc_metric_type, m);
		planner_queue(p, name, -1);
		return;
	}
	if (planner_has_failed(p, name)) {
		rec_clear(&alloc_metric_type, m);
		planner_fail_again(p, r, name);
		return;
	}
	planner_fail(p, r, name, m);
	p->blocked_node = n->node->id;
}

/* Whether the node has room once the less important have gone. */
static bool
select_evicting(struct system_group *g, struct world_node *n,
    struct alloc_metric *m, const struct sched_alloc **victims,
    size_t *nvictims)
{
	struct planner *p = g->s->p;
	struct rank *r = planner_evicting_rank(p, p->job, g->no);
	struct alloc_metric second;

	if (r == NULL)
		return false;
	if (rank_select(r, NULL, 0, n, &second) == NULL) {
		rec_clear(&alloc_metric_type, &second);
		return false;
	}
	rec_clear(&alloc_metric_type, m);
	*m = second;
	*nvictims = rank_victims(r, n, victims);
	return true;
}

/* previous: what was there before, or NULL; replace: it stops for this. */
static void
place(struct system_group *g, struct world_node *n, uint32_t index,
    const struct sched_alloc *previous, bool replace)
{
	struct planner *p = g->s->p;
	struct rank *r = planner_rank(p, p->job, g->no);
	const struct sched_alloc *victims[PREEMPT_MAX];
	size_t nvictims = 0;
	struct alloc_metric m;
	struct alloc *a;

	planner_queue(p, g->tg->name, 1);
	if (replace)
		planner_stop(p, previous, reconcile_updating, "", "");
	if (rank_select(r, NULL, 0, n, &m) == NULL &&
	    !select_evicting(g, n, &m, victims, &nvictims)) {
		fail(g, r, n, &m);
		return;
	}
	g->nplaced++;
	if (replace && g->step == 0) {
		rec_clear(&alloc_metric_type, &m);
		planner_unstop(p, previous);
		if (!g->canarying)
			planner_queue(p, g->tg->name, -1);
		return;
	}
	if (replace)
		g->step--;
	a = planner_place(p, p->job, g->no, index, n, &m);
	planner_evict(p, a, victims, nvictims);
	g->desired->preemptions += nvictims;
	if (replace && g->canarying) {
		a->deployment_status = xcalloc(1, sizeof *a->deployment_status);
		a->deployment_status->canary = true;
	}
	if (previous != NULL)
		sched_set(&a->previous_allocation, previous->id);
}

static bool
can_stay(struct system_group *g, const struct sched_alloc *a)
{
	struct planner *p = g->s->p;
	struct world_node *n = world_node(&p->world, a->node);
	struct rank_verdict v;

	if (jobupdate_is_destructive(a->version->job, p->job, g->tg->name))
		return false;
	world_remove(&p->world, a);
	v = rank_ask(planner_rank(p, p->job, g->no), n);
	world_restore(&p->world, a);
	return v.filtered == NULL && v.exhausted == NULL;
}

/* How many of the allocations of an older version could be replaced. */
static size_t
count_replaceable(struct system_group *g)
{
	struct planner *p = g->s->p;
	struct rank *r = planner_rank(p, p->job, g->no);
	size_t n = 0;

	for (size_t i = 0; i < g->nupdates; i++) {
		const struct sched_alloc *a = g->updates[i];
		struct rank_verdict v;

		if (can_stay(g, a))
			continue;
		world_remove(&p->world, a);
		v = rank_ask(r, world_node(&p->world, a->node));
		world_restore(&p->world, a);
		n += v.filtered == NULL && v.exhausted == NULL;
	}
	return n;
}

/* A new version is first tried on a share of the nodes, in percent. */
static void
consider_canaries(struct system_group *g)
{
	const struct update_strategy *u = g->tg->update;
	const struct deployment_state *now =
	    deploying_state(g->s->d.current, sched_str(g->tg->name));
	size_t n, placed;

	if (g->s->batch || !deploying_is_wanted(g->tg) || u->canary <= 0 ||
	    (now != NULL && (now->promoted || now->desired_canaries == 0)))
		return;
	n = count_replaceable(g);
	placed = now != NULL ? now->nplaced_canaries : 0;
	if (n == 0 && placed == 0)
		return;
	g->ncanaries = now != NULL ? (size_t)now->desired_canaries
				   : ((size_t)u->canary * n + 99) / 100;
	g->step = g->ncanaries > placed ? g->ncanaries - placed : 0;
	g->canarying = true;
	g->desired->canary += g->step;
}

static void
update_all(struct system_group *g)
{
	struct planner *p = g->s->p;

	for (size_t i = 0; i < g->nupdates; i++) {
		const struct sched_alloc *a = g->updates[i];

		if (can_stay(g, a)) {
			g->existing = true;
			planner_update_version(p, a);
			g->desired->in_place_update++;
			g->inplace++;
			continue;
		}
		g->desired->destructive_update++;
		g->ndestructive++;
		place(
		    g, world_node(&p->world, a->node), a->name_index, a, true);
	}
}

/* What an older version finished is done again only when the new version
 * could not have taken it over. */
static void
redo(struct system_group *g, struct world_node *n,
    const struct sched_alloc *last)
{
	if (jobupdate_is_destructive(
		last->version->job, g->s->p->job, g->tg->name)) {
		g->desired->destructive_update++;
		place(g, n, last->name_index, last, true);
	} else {
		g->desired->in_place_update++;
		g->existing = true;
	}
}

static void
place_missing(struct system_group *g)
{
	struct planner *p = g->s->p;

	for (size_t no = 0; no < p->world.ncandidates; no++)
		for (size_t i = 0; i < g->count; i++) {
			struct world_node *n = p->world.nodes[no];
			const struct sched_alloc *last =
			    g->last[slot(g, n, (uint32_t)i)];

			if (g->here[slot(g, n, (uint32_t)i)])
				continue;
			if (g->s->batch && last != NULL &&
			    last->version->job->job_modify_index ==
				p->job->job_modify_index) {
				keep(g);
				continue;
			}
			if (g->s->batch && last != NULL) {
				redo(g, n, last);
				continue;
			}
			g->desired->place += g->s->batch;
			place(g, n, (uint32_t)i, last, false);
		}
}

/* When nothing of the group is anywhere, the nodes that it may not use are
 * the reason. */
static void
tell_filtered(struct system_group *g)
{
	struct planner *p = g->s->p;
	struct rank *r = planner_rank(p, p->job, g->no);

	if (g->filtered == NULL)
		return;
	if (g->nplaced == 0 && !g->existing &&
	    !planner_has_failed(p, g->tg->name)) {
		planner_fail(p, r, g->tg->name, g->filtered);
		p->no_block = true;
	} else {
		rec_clear(&alloc_metric_type, g->filtered);
	}
}

/* --- deployments --- */

static size_t
step_of(const struct system_group *g)
{
	const struct system *s = g->s;
	const struct sched_alloc *a;
	int64_t step;

	if (s->batch || !deploying_is_wanted(g->tg))
		return SIZE_MAX;
	step = g->tg->update->max_parallel;
	if (s->d.current == NULL)
		return (size_t)step;
	if (s->d.paused || s->d.failed)
		return 0;
	TAILQ_FOREACH (a, &s->p->sj->allocs, by_job) {
		if (a->deployment == NULL || step == 0 ||
		    sched_alloc_is_terminal(a) ||
		    !sched_eq(a->deployment->rec.id, s->d.current->id))
			continue;
		if (a->has_healthy && !a->healthy)
			step = 0;
		else if (!a->has_healthy)
			step--;
	}
	return step > 0 ? (size_t)step : 0;
}

static bool
ran_this_version(const struct system_group *g)
{
	const struct planner *p = g->s->p;
	const struct sched_alloc *a;

	TAILQ_FOREACH (a, &p->sj->allocs, by_job)
		if (sched_eq(sched_alloc_group(a), g->tg->name) &&
		    a->version->job->version == p->job->version &&
		    a->version->job->create_index == p->job->create_index)
			return true;
	return false;
}

/* What the plan shall have placed, with what is there already. */
static void
count_wanted(struct system_group *g)
{
	if (!g->s->batch)
		g->desired->place =
		    g->desired->ignore + g->inplace + g->nplaced;
}

static void
deploy(struct system_group *g)
{
	struct system *s = g->s;
	struct planner *p = s->p;
	const struct update_strategy *u = g->tg->update;
	struct deployment_state st = { .key = g->tg->name };
	const struct deployment_state *now =
	    deploying_state(s->d.current, sched_str(g->tg->name));
	struct deployment_state *done =
	    s->d.current == NULL ? deploying_state(s->done, g->tg->name) : NULL;

	if (now != NULL) {
		s->complete &= g->ndestructive + g->inplace == 0 &&
			       now->healthy_allocs >= now->desired_total &&
			       (now->desired_canaries == 0 || now->promoted);
		return;
	}
	if (done != NULL) {
		/* Nodes came; what is there since then is told. */
		if ((int64_t)g->desired->place > done->desired_total) {
			done->desired_total = (int64_t)g->desired->place;
			s->grown = true;
		}
		s->complete &= done->healthy_allocs >= done->desired_total;
		return;
	}
	if (s->batch || s->d.current != NULL || !deploying_is_wanted(g->tg) ||
	    (ran_this_version(g) && g->ndestructive + g->inplace == 0))
		return;
	if (s->fresh == NULL)
		s->fresh = deploying_new(p->job, p->now, p->rng);
	st.auto_revert = u->auto_revert;
	st.auto_promote = u->auto_promote;
	st.progress_deadline = u->progress_deadline;
	st.desired_total = (int64_t)g->desired->place;
	st.desired_canaries = (int64_t)g->ncanaries;
	if (u->progress_deadline != 0)
		st.require_progress_by = p->now + u->progress_deadline;
	deploying_add(s->fresh, &st);
	s->complete &= st.desired_total == 0;
}

static void
change(struct planner *p, const char *id, const char *status,
    const char *description)
{
	struct cmd_plan *plan = &p->out->plan;

	plan->deployment_changes = xreallocarray(plan->deployment_changes,
	    plan->ndeployment_changes + 1, sizeof *plan->deployment_changes);
	plan->deployment_changes[plan->ndeployment_changes++] =
	    (struct deployment_change){ xstrdup(id), xstrdup(status),
		    xstrdup(description) };
}

/* All that is placed or changed belongs to the deployment. */
static void
join_deployment(struct system *s, const char *id)
{
	struct cmd_plan *plan = &s->p->out->plan;

	sched_set(&s->p->out->ended.deployment_id, id);
	for (size_t i = 0; i < plan->nplaces; i++)
		sched_set(&plan->places[i].deployment_id, id);
	for (size_t i = 0; i < plan->nupdates; i++) {
		struct alloc *a = &plan->updates[i];

		if (a->job_version != s->p->job->version ||
		    sched_eq(a->deployment_id, id))
			continue;
		sched_set(&a->deployment_id, id);
		if (a->deployment_status == NULL)
			continue;
		rec_clear(&alloc_deployment_status_type, a->deployment_status);
		free(a->deployment_status);
		a->deployment_status = NULL;
	}
}

static void
settle_deployment(struct system *s, const struct deployment *latest)
{
	const struct deployment *d = s->d.current;

	if (*s->d.status != '\0')
		change(s->p, latest->id, s->d.status, s->d.description);
	if (s->fresh != NULL) {
		deploying_describe(s->fresh);
		change(s->p, s->fresh->id, s->fresh->status,
		    "Deployment is running");
		s->p->out->plan.deployment = s->fresh;
		d = s->fresh;
	}
	if (s->grown) {
		s->p->out->plan.deployment = s->done;
		sched_set(&s->p->out->ended.deployment_id, s->done->id);
		if (s->complete)
			change(s->p, s->done->id, "successful",
			    "Deployment completed successfully");
	} else if (s->done != NULL) {
		rec_clear(&deployment_type, s->done);
		free(s->done);
	}
	if (d == NULL)
		return;
	join_deployment(s, d->id);
	if (s->complete && sched_deployment_is_active(d))
		change(s->p, d->id, "successful",
		    "Deployment completed successfully");
}

/* --- the whole --- */

static void
run_group(struct system *s, size_t no)
{
	struct planner *p = s->p;
	struct system_group g = {
		.s = s, .no = no, .tg = &p->job->task_groups[no]
	};

	g.desired = desired_of(p, sched_str(g.tg->name));
	g.count = g.tg->count > 0 ? (size_t)g.tg->count : 0;
	look_at_all(&g);
	g.step = step_of(&g);
	consider_canaries(&g);
	update_all(&g);
	place_missing(&g);
	tell_filtered(&g);
	count_wanted(&g);
	deploy(&g);
}

/* Groups, or a whole job, that are no longer wanted. */
static void
stop_unwanted(struct system *s)
{
	struct planner *p = s->p;
	const struct sched_alloc *a;
	struct map seen = { 0 };

	TAILQ_FOREACH (a, &p->sj->allocs, by_job) {
		const char *group = sched_alloc_group(a);
		size_t *at;

		if (p->job != NULL && !p->job->stop &&
		    jobupdate_group(p->job, group) != NULL)
			continue;
		if (sched_alloc_is_terminal(a))
			continue;
		at = map_find(&seen, group);
		if (at == NULL) {
			at = arena_alloc(&p->arena, sizeof *at);
			*at = p->out->annotations.ndesired_tg_updates;
			desired_of(p, group);
			map_put(&seen, group, at);
		}
		p->out->annotations.desired_tg_updates[*at].stop++;
		planner_stop(p, a, reconcile_not_needed, "", "");
	}
	map_release(&seen);
}

void
system_run(struct planner *p, bool batch)
{
	struct system s = { .p = p, .batch = batch, .complete = true };
	const struct sched_deployment *latest =
	    p->sj != NULL && !batch ? sched_deployment_latest(p->sj) : NULL;

	p->opts.pack_only = true;
	planner_lose_stopped(p);
	deploying_init(&s.d, latest != NULL ? &latest->rec : NULL, p->job);
	if (latest != NULL && s.d.current == NULL && p->job != NULL &&
	    sched_eq(latest->rec.status, "successful") &&
	    s.d.older == &latest->rec &&
	    latest->rec.job_version == p->job->version &&
	    latest->rec.job_create_index == p->job->create_index &&
	    !p->job->stop) {
		s.done = xcalloc(1, sizeof *s.done);
		rec_copy(&deployment_type, s.done, &latest->rec);
	}
	if (p->sj != NULL)
		stop_unwanted(&s);
	for (size_t i = 0;
	     p->job != NULL && !p->job->stop && i < p->job->ntask_groups; i++)
		run_group(&s, i);
	settle_deployment(&s, latest != NULL ? &latest->rec : NULL);
	rec_sort_maps(&plan_annotations_type, &p->out->annotations);
	planner_finish(p);
}
