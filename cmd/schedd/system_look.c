/* What there is of a group, node by node. */
#include "cmd/schedd/reconcile.h"
#include "cmd/schedd/system_impl.h"
#include "cmd/schedd/text.h"

size_t
system_slot(
    const struct system_group *g, const struct world_node *n, uint32_t index)
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

void
system_keep(struct system_group *g)
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
			system_keep(g);
	} else if (n == NULL || sched_eq(n->status, "down")) {
		lose(g, a);
	} else {
		system_keep(g);
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
		g->here[system_slot(g, n, a->name_index)] = true;
	if (a->migrate) {
		planner_stop(p, a, reconcile_tainted, "", "");
		g->desired->migrate++;
	} else if (is_tainted(a->node)) {
		look_on_tainted(g, a);
	} else if (!sched_node_is_ready(a->node->node)) {
		system_keep(g);
	} else if (!is_candidate(g, n)) {
		planner_stop(p, a, reconcile_not_needed, "", "");
		g->desired->stop++;
	} else if (a->version->job->job_modify_index !=
		   p->job->job_modify_index) {
		g->updates[g->nupdates++] = a;
	} else {
		system_keep(g);
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
	last = &g->last[system_slot(g, n, a->name_index)];
	if (*last == NULL || a->create_index > (*last)->create_index)
		*last = a;
}

void
system_look(struct system_group *g)
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
