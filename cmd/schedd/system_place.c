/* What of a group is placed, and what an update replaces. */
#include "cmd/schedd/deploying.h"
#include "cmd/schedd/jobupdate.h"
#include "cmd/schedd/reconcile.h"
#include "cmd/schedd/system_impl.h"
#include "cmd/schedd/text.h"

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
    struct alloc_metric *m, struct preempt *way)
{
	struct planner *p = g->s->p;
	struct rank *r = planner_evicting_rank(p, p->job, g->no);

	if (r == NULL)
		return false;
	rec_clear(&alloc_metric_type, m);
	if (rank_select(r, NULL, 0, n, m) == NULL)
		return false;
	rank_victims(r, n, way);
	return true;
}

/* What is left for another look counts if it could be placed now: a
 * deployment that begins is told how many it will have. */
static bool
could_be(struct system_group *g, struct world_node *n,
    const struct sched_alloc *previous, bool replaces)
{
	struct planner *p = g->s->p;
	struct rank_verdict v;

	if (replaces)
		world_remove(&p->world, previous);
	v = rank_ask(planner_rank(p, p->job, g->no), n);
	if (replaces)
		world_restore(&p->world, previous);
	return v.filtered == NULL && v.exhausted == NULL;
}

/* previous: what was there before, or NULL; replace: it stops for this. */
static void
place(struct system_group *g, struct world_node *n, uint32_t index,
    const struct sched_alloc *previous, bool replace)
{
	struct planner *p = g->s->p;
	struct rank *r = planner_rank(p, p->job, g->no);
	struct alloc_metric m;
	struct preempt way;
	struct alloc *a;

	planner_queue(p, g->tg->name, 1);
	if (planner_is_full(p)) {
		g->nplaced += could_be(g, n, previous, replace);
		return;
	}
	if (replace)
		planner_stop(p, previous, reconcile_updating, "", "");
	preempt_init(&way, 0);
	if (rank_select(r, NULL, 0, n, &m) == NULL &&
	    !select_evicting(g, n, &m, &way)) {
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
	planner_make_way(p, &way);
	a = planner_place(p, p->job, g->no, index, n, &m);
	planner_evict(p, a, &way);
	g->desired->preemptions += way.n;
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
void
system_consider_canaries(struct system_group *g)
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

void
system_update_all(struct system_group *g)
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

void
system_place_missing(struct system_group *g)
{
	struct planner *p = g->s->p;

	for (size_t no = 0; no < p->world.ncandidates; no++)
		for (size_t i = 0; i < g->count; i++) {
			struct world_node *n = world_candidate(&p->world, no);
			const struct sched_alloc *last =
			    g->last[system_slot(g, n, (uint32_t)i)];

			if (g->here[system_slot(g, n, (uint32_t)i)])
				continue;
			if (g->s->batch && last != NULL &&
			    last->version->job->job_modify_index ==
				p->job->job_modify_index) {
				system_keep(g);
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
void
system_tell_filtered(struct system_group *g)
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
