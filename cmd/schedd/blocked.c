#include "cmd/schedd/blocked.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/scheduler.h"
#include "cmd/schedd/text.h"
#include "common/mem.h"

struct blocked_eval {
	char *id;
	char *job;        /* "ns/id" */
	char *system_key; /* in the map of system evaluations, or NULL */
	uint64_t create_index, snapshot_index;
	bool escaped;
	bool failed; /* waits because its plans did not get through */
	struct rec_kb *classes;
	size_t nclasses;
};

struct gain {
	uint64_t index;
};

static void
ids_add(struct blocked_ids *l, const char *id)
{
	if (l->n == l->cap)
		l->ids = xgrow(l->ids, l->n, &l->cap, sizeof *l->ids);
	l->ids[l->n++] = xstrdup(id);
}

static char *
ids_take(struct blocked_ids *l)
{
	char *id;

	if (l->n == 0)
		return NULL;
	id = l->ids[0];
	memmove(l->ids, l->ids + 1, --l->n * sizeof *l->ids);
	return id;
}

char *
blocked_take_woken(struct blocked *b)
{
	return ids_take(&b->woken);
}

char *
blocked_take_duplicate(struct blocked *b)
{
	return ids_take(&b->duplicates);
}

static void
eval_free(struct blocked_eval *e)
{
	for (size_t i = 0; i < e->nclasses; i++)
		free(e->classes[i].key);
	free(e->classes);
	free(e->id);
	free(e->job);
	free(e->system_key);
	free(e);
}

void
blocked_release(struct blocked *b)
{
	char *id;

	MAP_FOREACH (e, &b->evals)
		eval_free(map_value(e));
	MAP_FOREACH (e, &b->system)
		free(map_value(e));
	MAP_FOREACH (e, &b->gains)
		free(map_value(e));
	while ((id = blocked_take_woken(b)) != NULL)
		free(id);
	while ((id = blocked_take_duplicate(b)) != NULL)
		free(id);
	free(b->woken.ids);
	free(b->duplicates.ids);
	map_release(&b->evals);
	map_release(&b->jobs);
	map_release(&b->system);
	map_release(&b->gains);
	*b = (struct blocked){ 0 };
}

size_t
blocked_count(const struct blocked *b)
{
	return map_count(&b->evals);
}

static void
forget(struct blocked *b, struct blocked_eval *e)
{
	map_remove(&b->evals, e->id);
	if (map_find(&b->jobs, e->job) == e)
		map_remove(&b->jobs, e->job);
	eval_free(e);
}

/* Woken by a class or replaced, one of a system job is still looked at when
 * its node changes; only when it has ended that is over, too. */
static void
forget_at_node(struct blocked *b, const struct blocked_eval *e)
{
	char *id =
	    e->system_key != NULL ? map_find(&b->system, e->system_key) : NULL;

	if (id != NULL && strcmp(id, e->id) == 0)
		free(map_remove(&b->system, e->system_key));
}

static void
wake(struct blocked *b, struct blocked_eval *e)
{
	ids_add(&b->woken, e->id);
	forget(b, e);
}

static const bool *
verdict(const struct blocked_eval *e, const char *class)
{
	for (size_t i = 0; i < e->nclasses; i++)
		if (strcmp(sched_str(e->classes[i].key), class) == 0)
			return &e->classes[i].value;
	return NULL;
}

/* --- in --- */

static struct blocked_eval *
make(const struct eval *rec)
{
	struct blocked_eval *e = xcalloc(1, sizeof *e);

	e->id = xstrdup(sched_str(rec->id));
	e->job = xasprintf(
	    "%s/%s", sched_str(rec->namespace), sched_str(rec->job_id));
	e->create_index = rec->create_index;
	e->snapshot_index = rec->snapshot_index;
	e->escaped = rec->escaped_computed_class;
	e->failed = sched_eq(rec->triggered_by, "max-plan-attempts") ||
		    sched_eq(rec->status_description, SCHEDULER_CONFLICTS);
	e->nclasses = rec->nclass_eligibility;
	e->classes = xcalloc(e->nclasses, sizeof *e->classes);
	for (size_t i = 0; i < e->nclasses; i++) {
		e->classes[i].key =
		    xstrdup(sched_str(rec->class_eligibility[i].key));
		e->classes[i].value = rec->class_eligibility[i].value;
	}
	if (sched_eq(rec->type, "system") && !e->escaped &&
	    !sched_is_empty(rec->node_id))
		e->system_key = xasprintf("%s %s", rec->node_id, e->job);
	return e;
}

static uint64_t
newest_index(const struct blocked_eval *e)
{
	return e->create_index > e->snapshot_index ? e->create_index
						   : e->snapshot_index;
}

/* Whether room came while the evaluation was being made. */
static bool
has_missed(const struct blocked *b, const struct blocked_eval *e)
{
	MAP_FOREACH (m, &b->gains) {
		const struct gain *g = map_value(m);
		const bool *may = verdict(e, map_key(m));

		if (e->snapshot_index < g->index &&
		    (may == NULL || *may || e->escaped))
			return true;
	}
	return false;
}

void
blocked_add(struct blocked *b, const struct eval *rec)
{
	struct blocked_eval *e, *old;

	blocked_forget(b, sched_str(rec->id));
	e = make(rec);
	old = map_find(&b->jobs, e->job);
	if (old != NULL && newest_index(old) > newest_index(e)) {
		ids_add(&b->duplicates, e->id);
		eval_free(e);
		return;
	}
	if (old != NULL) {
		ids_add(&b->duplicates, old->id);
		forget(b, old);
	}
	if (has_missed(b, e)) {
		ids_add(&b->woken, e->id);
		eval_free(e);
		return;
	}
	map_put(&b->evals, e->id, e);
	map_put(&b->jobs, e->job, e);
	if (e->system_key != NULL)
		free(map_put(&b->system, e->system_key, xstrdup(e->id)));
}

/* --- what wakes --- */

static void
note_gain(struct blocked *b, const char *class, uint64_t index)
{
	struct gain *g = map_find(&b->gains, class);

	if (g == NULL) {
		/* Forgetting a class can only hide a gain that evaluations
		 * older than all that wait might have missed. */
		if (map_count(&b->gains) == BLOCKED_MAX_CLASSES)
			free(map_remove(
			    &b->gains, map_key(map_first(&b->gains))));
		g = xcalloc(1, sizeof *g);
		map_put(&b->gains, class, g);
	}
	g->index = index;
}

void
blocked_gain(struct blocked *b, const char *class, uint64_t index)
{
	struct map_entry *m, *next;

	class = sched_str(class);
	note_gain(b, class, index);
	for (m = map_first(&b->evals); m != NULL; m = next) {
		struct blocked_eval *e = map_value(m);
		const bool *may = verdict(e, class);

		next = map_next(m);
		if (e->escaped || may == NULL || *may)
			wake(b, e);
	}
}

void
blocked_gain_at(struct blocked *b, const char *node_id)
{
	size_t len = strlen(node_id);
	struct map_entry *m, *next;

	for (m = map_first(&b->system); m != NULL; m = next) {
		const char *key = map_key(m);
		char *id = map_value(m);

		next = map_next(m);
		if (strncmp(key, node_id, len) != 0 || key[len] != ' ')
			continue;
		ids_add(&b->woken, id);
		map_remove(&b->system, key);
		free(id);
	}
}

void
blocked_retry(struct blocked *b)
{
	struct map_entry *m, *next;

	for (m = map_first(&b->evals); m != NULL; m = next) {
		struct blocked_eval *e = map_value(m);

		next = map_next(m);
		if (e->failed)
			wake(b, e);
	}
}

size_t
blocked_escaped(const struct blocked *b)
{
	size_t n = 0;

	MAP_FOREACH (m, &b->evals)
		n += ((const struct blocked_eval *)map_value(m))->escaped;
	return n;
}

static struct blocked_eval *
of_job(const struct blocked *b, const char *ns, const char *job_id)
{
	char *key = xasprintf("%s/%s", sched_str(ns), sched_str(job_id));
	struct blocked_eval *e = map_find(&b->jobs, key);

	free(key);
	return e;
}

const char *
blocked_of_job(const struct blocked *b, const char *ns, const char *job_id)
{
	const struct blocked_eval *e = of_job(b, ns, job_id);

	return e != NULL ? e->id : NULL;
}

void
blocked_forget_job(struct blocked *b, const char *ns, const char *job_id)
{
	struct blocked_eval *e = of_job(b, ns, job_id);

	if (e != NULL) {
		forget_at_node(b, e);
		forget(b, e);
	}
}

void
blocked_forget(struct blocked *b, const char *id)
{
	struct blocked_eval *e = map_find(&b->evals, id);

	if (e != NULL) {
		forget_at_node(b, e);
		forget(b, e);
	}
}
