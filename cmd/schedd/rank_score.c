/* How good a node is for a group, or why it cannot be. */
#include <stdlib.h>

#include "cmd/schedd/constraint.h"
#include "cmd/schedd/cores.h"
#include "cmd/schedd/fit.h"
#include "cmd/schedd/portassign.h"
#include "cmd/schedd/rank_impl.h"
#include "cmd/schedd/text.h"

static const double full_score = 18.0;

static const char *
check_distinct(struct rank *r, const struct world_node *n)
{
	const char *bad = NULL;

	if ((r->hosts_of_job && n->mine > 0) ||
	    (r->hosts_of_group && n->in_group != NULL &&
		n->in_group[r->group] > 0))
		return "distinct_hosts";
	for (size_t i = 0; i < r->nproperties && bad == NULL; i++)
		bad = spread_distinct(&r->properties[i].count,
		    r->properties[i].constraint, n->node, r->w->arena);
	return bad;
}

/* Whole cores are worth what they are on the node. */
const char *
rank_price_cores(struct rank *r, struct world_node *n)
{
	int64_t free_ones[CORES_MAX];

	if (r->ncores == 0)
		return NULL;
	if (r->ncores > CORES_MAX || cores_free(r->w, n, free_ones,
					 (size_t)r->ncores) < (size_t)r->ncores)
		return "cores";
	for (size_t i = 0; i < r->tg->ntasks; i++) {
		const struct task *t = &r->tg->tasks[i];
		struct allocated_task_resources *to =
		    rec_map_find(r->proto.tasks, r->proto.ntasks,
			sizeof *r->proto.tasks, sched_str(t->name));

		if (t->resources != NULL && t->resources->cores > 0)
			to->cpu.cpu_shares =
			    t->resources->cores * cores_mhz(n->node);
	}
	fit_usage(&r->proto, &r->ask);
	return NULL;
}

const char *
rank_check_room(struct rank *r, struct world_node *n, struct sched_usage *used,
    struct preempt *way)
{
	const char *bad =
	    r->has_ports ? portassign(r->w, n, r->tg, way, NULL) : NULL;

	if (bad != NULL) {
		char *text = xasprintf("network: %s", bad);

		bad = arena_strndup(r->w->arena, text, strlen(text));
		free(text);
		return bad;
	}
	bad = rank_price_cores(r, n);
	if (bad != NULL)
		return bad;
	for (size_t i = 0; i < way->n; i++)
		fit_usage_add(used, way->victims[i]->usage, -1);
	fit_usage_add(used, &r->ask, 1);
	if (n->max_allocs > 0 && n->live >= (size_t)n->max_allocs + way->n)
		return "max allocation exceeded";
	return fit_exceeded(used, &n->room);
}

static bool
is_size(const char *reason)
{
	return sched_eq(reason, "cpu") || sched_eq(reason, "memory") ||
	       sched_eq(reason, "disk");
}

/* What those use who leave for room is still in the score: a node is as full
 * as it was, and fuller is better. */
bool
rank_evict(struct rank *r, struct world_node *n, const char *reason,
    struct preempt *way)
{
	return way->priority > 0 && is_size(reason) &&
	       preempt_for_room(way, r->w, n, &r->ask, r->opts.evicted);
}

static double
liking(const struct node *n, const struct affinity *a, size_t count)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		if (constraint_likes(n, &a[i]))
			sum += (double)a[i].weight;
	return sum;
}

static double
affinity_score(const struct rank *r, const struct node *n)
{
	double sum = liking(n, r->job->affinities, r->job->naffinities) +
		     liking(n, r->tg->affinities, r->tg->naffinities);

	for (size_t i = 0; i < r->tg->ntasks; i++)
		sum += liking(
		    n, r->tg->tasks[i].affinities, r->tg->tasks[i].naffinities);
	return r->affinity_weight > 0 ? sum / (double)r->affinity_weight : 0;
}

static void
add_part(struct rank_score *s, enum rank_part part, double value, bool always)
{
	s->parts[part] = value;
	if (always || value < 0 || value > 0)
		s->norm = (s->norm * s->nparts + value) / (s->nparts + 1);
	if (always || value < 0 || value > 0)
		s->nparts++;
}

static void
add_job_parts(struct rank *r, const struct world_node *n, bool avoid,
    struct rank_score *s)
{
	uint32_t same = (n->in_group != NULL ? n->in_group[r->group] : 0) +
			(n->akin != NULL ? n->akin[r->group] : 0);

	if (same > 0)
		add_part(s, RANK_ANTI_AFFINITY,
		    -1.0 * (double)(same + 1) / (double)r->tg->count, false);
	if (avoid)
		add_part(s, RANK_PENALTY, -1.0, false);
	if (r->naffinities > 0)
		add_part(s, RANK_AFFINITY, affinity_score(r, n->node), true);
	if (r->spreads.n > 0)
		add_part(
		    s, RANK_SPREAD, spreads_score(&r->spreads, n->node), false);
}

static double
fit(struct rank *r, const struct sched_usage *used,
    const struct sched_usage *room)
{
	const struct rank_fit f = { .used_cpu = used->cpu,
		.used_mb = used->memory_mb,
		.room_cpu = room->cpu,
		.room_mb = room->memory_mb,
		.is_known = true };
	uint64_t hash = (uint64_t)f.used_cpu * 31 + (uint64_t)f.used_mb;
	struct rank_fit *known =
	    &r->fits[(hash * UINT64_C(0x9e3779b97f4a7c15)) >> 32 &
		     (RANK_NFITS - 1)];

	if (!known->is_known || known->used_cpu != f.used_cpu ||
	    known->used_mb != f.used_mb || known->room_cpu != f.room_cpu ||
	    known->room_mb != f.room_mb) {
		*known = f;
		known->score = fit_score(used, room, r->opts.spread_algorithm);
	}
	return known->score;
}

void
rank_score_node(
    struct rank *r, struct world_node *n, bool avoid, struct rank_score *s)
{
	struct sched_usage used = n->used;
	uint32_t version = s->version + 1;
	struct preempt way;

	r->w->nlooks++;
	*s = (struct rank_score){ .version = version, .state = RANK_FILTERED };
	s->reason = feasible_check(r->f, r->group, n);
	if (s->reason == NULL)
		s->reason = check_distinct(r, n);
	if (s->reason != NULL)
		return;
	preempt_init(&way, r->opts.evict_priority);
	s->state = RANK_EXHAUSTED;
	s->reason = rank_check_room(r, n, &used, &way);
	if (s->reason != NULL && !rank_evict(r, n, s->reason, &way))
		return;
	s->state = RANK_SCORED;
	s->reason = NULL;
	add_part(s, RANK_BINPACK, fit(r, &used, &n->room) / full_score, true);
	if (!r->opts.pack_only)
		add_job_parts(r, n, avoid, s);
	if (!r->opts.pack_only && way.n > 0)
		add_part(s, RANK_PREEMPTION, preempt_score(&way), false);
}
