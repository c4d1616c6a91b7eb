#include "cmd/schedd/rank.h"

#include <stdlib.h>

#include "cmd/schedd/constraint.h"
#include "cmd/schedd/cores.h"
#include "cmd/schedd/fit.h"
#include "cmd/schedd/portassign.h"
#include "cmd/schedd/rank_impl.h"
#include "cmd/schedd/text.h"

/* --- what is asked of a node --- */

static void
fill_task(struct allocated_task_resources *out, const struct task *t,
    const struct rank_opts *opts)
{
	const struct resources *r = t->resources;

	out->key = xstrdup(sched_str(t->name));
	if (r == NULL)
		return;
	out->cpu.cpu_shares = r->cpu;
	out->memory.memory_mb = r->memory_mb;
	if (opts->oversubscription)
		out->memory.memory_max_mb = r->memory_max_mb;
}

static void
fill_lifecycle(struct task_lifecycle_entry *out, const struct task *t)
{
	out->key = xstrdup(sched_str(t->name));
	if (t->lifecycle == NULL)
		return;
	out->value = xcalloc(1, sizeof *out->value);
	rec_copy(&task_lifecycle_type, out->value, t->lifecycle);
}

/* What every allocation of the group gets, wherever it is. */
static void
fill_resources(struct allocated_resources *out, const struct task_group *tg,
    const struct rank_opts *opts)
{
	*out = (struct allocated_resources){ 0 };
	out->tasks = xcalloc(tg->ntasks + 1, sizeof *out->tasks);
	out->task_lifecycles =
	    xcalloc(tg->ntasks + 1, sizeof *out->task_lifecycles);
	for (size_t i = 0; i < tg->ntasks; i++) {
		fill_task(&out->tasks[out->ntasks++], &tg->tasks[i], opts);
		fill_lifecycle(&out->task_lifecycles[out->ntask_lifecycles++],
		    &tg->tasks[i]);
	}
	if (tg->ephemeral_disk != NULL)
		out->shared.disk_mb = tg->ephemeral_disk->size_mb;
	rec_sort_maps(&allocated_resources_type, out);
}

static void
sum_weights(struct rank *r, const struct affinity *a, size_t n)
{
	for (size_t i = 0; i < n; i++)
		r->affinity_weight += llabs(a[i].weight);
	r->naffinities += n;
}

static bool
is_distinct_hosts(const struct constraint *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (constraint_is_distinct_hosts(&c[i]) &&
		    !sched_eq(c[i].rtarget, "false"))
			return true;
	return false;
}

static void
add_properties(
    struct rank *r, const struct constraint *c, size_t n, bool whole_job)
{
	for (size_t i = 0; i < n; i++) {
		if (!constraint_is_distinct_property(&c[i]))
			continue;
		r->properties = xreallocarray(
		    r->properties, r->nproperties + 1, sizeof *r->properties);
		r->properties[r->nproperties++] = (struct rank_property){
			.constraint = &c[i],
			.count = { .attribute = c[i].ltarget,
			    .whole_job = whole_job },
		};
	}
}

static bool
asks_for_ports(const struct task_group *tg)
{
	bool asks = tg->nnetworks > 0;

	for (size_t i = 0; i < tg->ntasks && !asks; i++)
		asks = tg->tasks[i].resources != NULL &&
		       tg->tasks[i].resources->nnetworks > 0;
	return asks;
}

struct rank *
rank_new(struct world *w, struct feasible *f, const struct job *job,
    size_t group, const struct rank_opts *opts)
{
	struct rank *r = xcalloc(1, sizeof *r);
	const struct task_group *tg = &job->task_groups[group];

	*r = (struct rank){ .w = w,
		.f = f,
		.job = job,
		.tg = tg,
		.group = group,
		.opts = *opts };
	fill_resources(&r->proto, tg, opts);
	fit_usage(&r->proto, &r->ask);
	r->ncores = cores_wanted(tg);
	r->has_ports = asks_for_ports(tg);
	r->looks_inside =
	    r->has_ports || r->ncores > 0 || opts->evict_priority > 0;
	sum_weights(r, job->affinities, job->naffinities);
	sum_weights(r, tg->affinities, tg->naffinities);
	for (size_t i = 0; i < tg->ntasks; i++) {
		sum_weights(
		    r, tg->tasks[i].affinities, tg->tasks[i].naffinities);
		add_properties(r, tg->tasks[i].constraints,
		    tg->tasks[i].nconstraints, false);
	}
	r->hosts_of_job =
	    is_distinct_hosts(job->constraints, job->nconstraints);
	r->hosts_of_group =
	    is_distinct_hosts(tg->constraints, tg->nconstraints);
	add_properties(r, job->constraints, job->nconstraints, true);
	add_properties(r, tg->constraints, tg->nconstraints, false);
	spreads_init(&r->spreads, job, tg, w->arena);
	r->linear =
	    r->nproperties > 0 || (r->spreads.n > 0 && !opts->pack_only);
	return r;
}

void
rank_free(struct rank *r)
{
	if (r == NULL)
		return;
	rec_clear(&allocated_resources_type, &r->proto);
	spreads_release(&r->spreads);
	for (size_t i = 0; i < r->nproperties; i++)
		spread_count_release(&r->properties[i].count);
	free(r->properties);
	free(r->scores);
	free(r->heap);
	tally_release(&r->tally);
	free(r);
}

/* --- keeping scores true --- */

static void
rescore(struct rank *r, size_t no, bool avoid,
    void (*add)(struct rank *r, struct rank_entry e))
{
	struct world_node scratch, *n = r->looks_inside
					    ? world_candidate(r->w, no)
					    : world_peek(r->w, no, &scratch);
	struct rank_score *s = &r->scores[no];

	if (s->version > 0)
		tally_note(&r->tally, s, n->node, -1);
	rank_score_node(r, n, avoid, s);
	tally_note(&r->tally, s, n->node, 1);
	if (s->state == RANK_SCORED)
		add(r, (struct rank_entry){ s->norm, n->tie, no, s->version });
}

static void
rescore_all(struct rank *r)
{
	spreads_count(&r->spreads, r->w, r->group);
	for (size_t i = 0; i < r->nproperties; i++)
		spread_count(&r->properties[i].count, r->w, r->group);
	r->nheap = 0;
	for (size_t i = 0; i < r->w->ncandidates; i++)
		rescore(r, i, false, rank_heap_add);
	rank_heap_order(r);
	r->seen = r->w->nchanged;
}

/* A class that was found bad the first time is known to be bad by now. */
static void
retell_filtered(struct rank *r)
{
	for (size_t i = 0; i < r->w->ncandidates; i++)
		if (r->scores[i].state == RANK_FILTERED)
			rescore(r, i, false, rank_heap_push);
	r->retold = true;
}

static void
refresh(struct rank *r)
{
	bool first = r->scores == NULL;

	if (first)
		r->scores = xcalloc(r->w->ncandidates + 1, sizeof *r->scores);
	if (first || r->linear) {
		rescore_all(r);
		return;
	}
	if (!r->retold)
		retell_filtered(r);
	for (; r->seen < r->w->nchanged; r->seen++)
		if (r->w->changed[r->seen] < r->w->ncandidates)
			rescore(
			    r, r->w->changed[r->seen], false, rank_heap_push);
}

static void
rescore_avoided(
    struct rank *r, struct world_node *const *avoid, size_t n, bool penalty)
{
	for (size_t i = 0; i < n; i++)
		if (avoid[i] != NULL && avoid[i]->no < r->w->ncandidates)
			rescore(r, avoid[i]->no, penalty, rank_heap_push);
}

/* Takes the best off the heap, up to RANK_TOLD of them, each once. */
static size_t
take_best(struct rank *r, struct rank_entry *best)
{
	size_t n = 0;

	while (r->nheap > 0 && n < RANK_TOLD) {
		struct rank_entry e = rank_heap_pop(r);

		if (e.version == r->scores[e.no].version)
			best[n++] = e;
	}
	return n;
}

static struct world_node *
select_one(struct rank *r, struct world_node *n,
    struct world_node *const *avoid, size_t navoid, struct alloc_metric *metric)
{
	struct rank_score s = { 0 };
	struct rank_tally tally = { 0 };
	bool penalty = false;

	spreads_count(&r->spreads, r->w, r->group);
	for (size_t i = 0; i < r->nproperties; i++)
		spread_count(&r->properties[i].count, r->w, r->group);
	for (size_t i = 0; i < navoid; i++)
		penalty |= avoid[i] == n;
	rank_score_node(r, n, penalty, &s);
	tally_note(&tally, &s, n->node, 1);
	metric->nodes_evaluated = 1;
	tally_tell(&tally, metric);
	tally_release(&tally);
	if (s.state != RANK_SCORED)
		return NULL;
	rank_tell_scores(r, n->node->id, &s, metric);
	return n;
}

struct world_node *
rank_select(struct rank *r, struct world_node *const *avoid, size_t navoid,
    struct world_node *only, struct alloc_metric *metric)
{
	struct rank_entry best[RANK_TOLD];
	size_t n;

	*metric = (struct alloc_metric){ 0 };
	rank_tell_nodes(r, metric);
	if (only != NULL)
		return select_one(r, only, avoid, navoid, metric);
	refresh(r);
	rescore_avoided(r, avoid, navoid, true);
	n = take_best(r, best);
	metric->nodes_evaluated = (int64_t)r->w->ncandidates;
	tally_tell(&r->tally, metric);
	for (size_t i = 0; i < n; i++)
		rank_tell_scores(r, world_row(r->w, best[i].no)->sn->id,
		    &r->scores[best[i].no], metric);
	for (size_t i = 0; i < n; i++)
		rank_heap_push(r, best[i]);
	rescore_avoided(r, avoid, navoid, false);
	return n > 0 ? world_candidate(r->w, best[0].no) : NULL;
}

struct rank_verdict
rank_ask(struct rank *r, struct world_node *n)
{
	struct rank_score s = { 0 };
	int64_t priority = r->opts.evict_priority;

	r->opts.evict_priority = 0;
	rank_score_node(r, n, false, &s);
	r->opts.evict_priority = priority;
	return (struct rank_verdict){
		.filtered = s.state == RANK_FILTERED ? s.reason : NULL,
		.exhausted = s.state == RANK_EXHAUSTED ? s.reason : NULL,
	};
}

void
rank_victims(struct rank *r, struct world_node *n, struct preempt *way)
{
	struct sched_usage used = n->used;
	const char *bad;

	preempt_init(way, r->opts.evict_priority);
	bad = rank_check_room(r, n, &used, way);
	if (bad != NULL && !rank_evict(r, n, bad, way))
		way->n = 0;
}

static void
take_cores(
    struct rank *r, struct world_node *n, struct allocated_resources *res)
{
	int64_t free_ones[CORES_MAX];
	size_t at = 0, nfree;

	if (r->ncores == 0)
		return;
	nfree = cores_free(r->w, n, free_ones, (size_t)r->ncores);
	for (size_t i = 0; i < r->tg->ntasks; i++) {
		const struct task *t = &r->tg->tasks[i];
		struct allocated_task_resources *to = rec_map_find(res->tasks,
		    res->ntasks, sizeof *res->tasks, sched_str(t->name));
		size_t want =
		    t->resources != NULL ? (size_t)t->resources->cores : 0;

		if (want == 0 || at + want > nfree)
			continue;
		to->cpu.reserved_cores =
		    xmemdup(&free_ones[at], want * sizeof free_ones[0]);
		to->cpu.nreserved_cores = want;
		at += want;
	}
}

struct allocated_resources *
rank_take(struct rank *r, struct world_node *n)
{
	struct allocated_resources *res = xcalloc(1, sizeof *res);

	rank_price_cores(r, n);
	rec_copy(&allocated_resources_type, res, &r->proto);
	if (r->has_ports)
		portassign(r->w, n, r->tg, NULL, res);
	take_cores(r, n, res);
	world_place(r->w, n, &r->ask, r->group, res);
	return res;
}
