/* How a choice is explained: the metrics of a placement. */
#include <stdlib.h>

#include "cmd/schedd/rank_impl.h"
#include "cmd/schedd/text.h"

/* --- counting reasons --- */

static void
note(struct rank_names *l, const char *name, int64_t sign)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->names[i] == name || strcmp(l->names[i], name) == 0) {
			l->counts[i] += sign;
			return;
		}
	l->names = xreallocarray(l->names, l->n + 1, sizeof *l->names);
	l->counts = xreallocarray(l->counts, l->n + 1, sizeof *l->counts);
	l->names[l->n] = name;
	l->counts[l->n++] = sign;
}

void
tally_note(struct rank_tally *t, const struct rank_score *s,
    const struct node *n, int64_t sign)
{
	/* Most nodes fit, and of those nothing of theirs is read: there are
	 * thousands, and none is in the cache. */
	if (s->state == RANK_FILTERED) {
		t->filtered += sign;
		note(&t->constraints, s->reason, sign);
		if (!sched_is_empty(n->node_class))
			note(&t->class_filtered, n->node_class, sign);
	} else if (s->state == RANK_EXHAUSTED) {
		t->exhausted += sign;
		note(&t->dimensions, s->reason, sign);
		if (!sched_is_empty(n->node_class))
			note(&t->class_exhausted, n->node_class, sign);
	}
}

static void
names_release(struct rank_names *l)
{
	free(l->names);
	free(l->counts);
	*l = (struct rank_names){ 0 };
}

void
tally_release(struct rank_tally *t)
{
	names_release(&t->constraints);
	names_release(&t->dimensions);
	names_release(&t->class_filtered);
	names_release(&t->class_exhausted);
}

static int
by_key(const void *a, const void *b)
{
	const struct rec_ki *x = a, *y = b;

	return strcmp(x->key, y->key);
}

static void
tell_names(const struct rank_names *l, struct rec_ki **out, size_t *n)
{
	if (l->n == 0)
		return;
	*out = xcalloc(l->n, sizeof **out);
	for (size_t i = 0; i < l->n; i++)
		if (l->counts[i] > 0)
			(*out)[(*n)++] = (struct rec_ki){ xstrdup(l->names[i]),
				l->counts[i] };
	qsort(*out, *n, sizeof **out, by_key);
}

void
tally_tell(const struct rank_tally *t, struct alloc_metric *m)
{
	m->nodes_filtered = t->filtered;
	m->nodes_exhausted = t->exhausted;
	tell_names(
	    &t->constraints, &m->constraint_filtered, &m->nconstraint_filtered);
	tell_names(
	    &t->dimensions, &m->dimension_exhausted, &m->ndimension_exhausted);
	tell_names(&t->class_filtered, &m->class_filtered, &m->nclass_filtered);
	tell_names(
	    &t->class_exhausted, &m->class_exhausted, &m->nclass_exhausted);
}

/* --- the rest of the metric --- */

void
rank_tell_nodes(const struct rank *r, struct alloc_metric *m)
{
	m->nodes_in_pool = (int64_t)r->w->ncandidates;
	m->node_pool = xstrdup(sched_str(r->job->node_pool));
	if (r->w->navailable == 0)
		return;
	m->nodes_available =
	    xcalloc(r->w->navailable, sizeof *m->nodes_available);
	for (size_t i = 0; i < r->w->navailable; i++)
		m->nodes_available[m->nnodes_available++] =
		    (struct rec_ki){ xstrdup(r->w->available[i].key),
			    r->w->available[i].value };
}

void
rank_tell_scores(const struct rank *r, const char *node_id,
    const struct rank_score *s, struct alloc_metric *m)
{
	/* In the order of their names, as maps are. */
	static const struct {
		enum rank_part part;
		const char *name;
	} told[] = {
		{ RANK_SPREAD, "allocation-spread" },
		{ RANK_BINPACK, "binpack" },
		{ RANK_ANTI_AFFINITY, "job-anti-affinity" },
		{ RANK_AFFINITY, "node-affinity" },
		{ RANK_PENALTY, "node-reschedule-penalty" },
		{ RANK_PREEMPTION, "preemption" },
	};
	struct node_score_meta *meta;

	m->score_meta_data = xreallocarray(m->score_meta_data,
	    m->nscore_meta_data + 1, sizeof *m->score_meta_data);
	meta = &m->score_meta_data[m->nscore_meta_data++];
	*meta = (struct node_score_meta){ .node_id = xstrdup(node_id),
		.norm_score = s->norm };
	meta->scores = xcalloc(RANK_NPARTS, sizeof *meta->scores);
	for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
		double v = s->parts[told[i].part];

		if (told[i].part != RANK_BINPACK && !(v < 0 || v > 0))
			continue;
		if (r->opts.pack_only && told[i].part != RANK_BINPACK)
			continue;
		meta->scores[meta->nscores++] =
		    (struct rec_kf){ xstrdup(told[i].name), v };
	}
}

/* --- what could not be placed --- */

static int64_t
exhausted(const struct alloc_metric *m, const char *dimension)
{
	const struct rec_ki *e = rec_map_find(m->dimension_exhausted,
	    m->ndimension_exhausted, sizeof *m->dimension_exhausted, dimension);

	return e != NULL ? e->value : 0;
}

static struct resources *
needs_of(struct alloc_metric *m, const char *task)
{
	for (size_t i = 0; i < m->nresources_exhausted; i++)
		if (sched_eq(m->resources_exhausted[i].key, task))
			return &m->resources_exhausted[i].value;
	m->resources_exhausted = xreallocarray(m->resources_exhausted,
	    m->nresources_exhausted + 1, sizeof *m->resources_exhausted);
	m->resources_exhausted[m->nresources_exhausted++] =
	    (struct resources_entry){ .key = xstrdup(task),
		    .value = { .has_cpu = true,
			.has_cores = true,
			.has_memory_mb = true,
			.has_memory_max_mb = true,
			.has_disk_mb = true } };
	return &m->resources_exhausted[m->nresources_exhausted - 1].value;
}

void
rank_tell_needs(const struct rank *r, struct alloc_metric *m)
{
	if (m->ndimension_exhausted == 0)
		return;
	for (size_t i = 0; i < r->tg->ntasks; i++) {
		const struct resources *ask = r->tg->tasks[i].resources;
		struct resources *sum =
		    needs_of(m, sched_str(r->tg->tasks[i].name));

		if (ask == NULL)
			continue;
		if (exhausted(m, "memory") > 0)
			sum->memory_mb += ask->memory_mb;
		if (exhausted(m, "cpu") > 0)
			sum->cpu += ask->cpu;
		if (exhausted(m, "cores") > 0)
			sum->cores += ask->cores;
		if (exhausted(m, "disk") > 0)
			sum->disk_mb += ask->disk_mb;
	}
	rec_sort_maps(&alloc_metric_type, m);
}

void
rank_coalesce(const struct rank *r, struct alloc_metric *m)
{
	m->coalesced_failures++;
	rank_tell_needs(r, m);
}
