#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/schedd/state.h"
#include "cmd/schedd/state_put.h"
#include "cmd/schedd/text.h"
#include "common/mem.h"

/* A waiting reader. Those of one topic and key hang in a list under it. */
struct sched_watch {
	sched_on_change *fn;
	void *ctx;
	struct watch_list *list; /* NULL once woken */
	LIST_ENTRY(sched_watch) link;
};
LIST_HEAD(watch_head, sched_watch);

struct watch_list {
	char *name;
	struct watch_head head;
};

static void
watch_name(struct buf *b, enum sched_topic t, const char *key)
{
	buf_addf(b, "%d ", (int)t);
	buf_adds(b, sched_str(key));
}

struct sched_watch *
sched_watch(struct sched_state *st, enum sched_topic t, const char *key,
    sched_on_change *fn, void *ctx)
{
	struct sched_watch *w = xcalloc(1, sizeof *w);
	struct buf name = { 0 };
	struct watch_list *list;

	watch_name(&name, t, key);
	list = map_find(&st->watches, name.data);
	if (list == NULL) {
		list = xcalloc(1, sizeof *list);
		LIST_INIT(&list->head);
		map_put(&st->watches, name.data, list);
		list->name = buf_take(&name);
	}
	buf_release(&name);
	w->fn = fn;
	w->ctx = ctx;
	w->list = list;
	LIST_INSERT_HEAD(&list->head, w, link);
	return w;
}

void
sched_unwatch(struct sched_state *st, struct sched_watch *w)
{
	struct watch_list *list = w->list;

	LIST_REMOVE(w, link);
	free(w);
	if (list == NULL || !LIST_EMPTY(&list->head))
		return;
	map_remove(&st->watches, list->name);
	free(list->name);
	free(list);
}

/* Moves a list's watches over to those that are to be woken. */
static void
wake_list(struct sched_state *st, struct watch_list *list)
{
	struct sched_watch *w;

	map_remove(&st->watches, list->name);
	while ((w = LIST_FIRST(&list->head)) != NULL) {
		LIST_REMOVE(w, link);
		w->list = NULL;
		LIST_INSERT_HEAD(&st->woken, w, link);
	}
	free(list->name);
	free(list);
}

void
sched_touch(struct sched_state *st, enum sched_topic t, const char *key)
{
	struct buf name = { 0 };
	struct watch_list *list;

	if (map_count(&st->watches) == 0)
		return;
	watch_name(&name, t, key);
	list = map_find(&st->watches, name.data);
	if (list != NULL)
		wake_list(st, list);
	buf_release(&name);
}

void
sched_touch_table(struct sched_state *st, enum sched_topic t, uint64_t at)
{
	if (st->tables[t] < at)
		st->tables[t] = at;
	sched_touch(st, t, "");
}

void
sched_touch_all(struct sched_state *st)
{
	struct map_entry *e;

	while ((e = map_first(&st->watches)) != NULL)
		wake_list(st, map_value(e));
}

void
sched_wake(struct sched_state *st)
{
	struct sched_watch *w;

	/* Called one by one: fn may end another watch that is woken too. */
	while ((w = LIST_FIRST(&st->woken)) != NULL) {
		sched_on_change *fn = w->fn;
		void *ctx = w->ctx;

		LIST_REMOVE(w, link);
		free(w);
		fn(ctx);
	}
}

void
sched_watches_move(struct sched_state *to, struct sched_state *from)
{
	to->watches = from->watches;
	from->watches = (struct map){ 0 };
}

void
sched_watches_release(struct sched_state *st)
{
	struct sched_watch *w;

	sched_touch_all(st);
	while ((w = LIST_FIRST(&st->woken)) != NULL) {
		LIST_REMOVE(w, link);
		free(w);
	}
	map_release(&st->watches);
}

/* --- indexes --- */

static uint64_t
job_index(const struct sched_state *st, enum sched_topic t, const char *key)
{
	const struct sched_job *j;

	HASH_FIND_STR(st->jobs, key, j);
	if (t == SCHED_JOB)
		return j != NULL && j->job != NULL ? j->job->modify_index
						   : st->tables[SCHED_JOBS];
	if (t == SCHED_JOB_ALLOCS)
		return j != NULL && j->allocs_index > 0
			   ? j->allocs_index
			   : st->tables[SCHED_ALLOCS];
	if (t == SCHED_JOB_EVALS)
		return j != NULL && j->evals_index > 0
			   ? j->evals_index
			   : st->tables[SCHED_EVALS];
	return j != NULL && j->deployments_index > 0
		   ? j->deployments_index
		   : st->tables[SCHED_DEPLOYMENTS];
}

static uint64_t
node_index(const struct sched_state *st, enum sched_topic t, const char *key)
{
	const struct sched_node *n = sched_node_entry(st, key);

	if (t == SCHED_NODE)
		return n != NULL && n->node != NULL ? n->node->modify_index
						    : st->tables[SCHED_NODES];
	if (n == NULL)
		return st->tables[SCHED_ALLOCS];
	return t == SCHED_NODE_ALLOCS ? n->allocs_index : n->pull_index;
}

static uint64_t
entity_index(const struct sched_state *st, enum sched_topic t, const char *key)
{
	const struct sched_eval *e;
	const struct sched_deployment *d;
	const struct sched_alloc *a;

	if (t == SCHED_EVAL || t == SCHED_EVAL_ALLOCS) {
		e = sched_eval_find(st, key);
		if (t == SCHED_EVAL)
			return e != NULL ? e->rec.modify_index
					 : st->tables[SCHED_EVALS];
		return e != NULL && e->allocs_index > 0
			   ? e->allocs_index
			   : st->tables[SCHED_ALLOCS];
	}
	if (t == SCHED_ALLOC) {
		a = sched_alloc_find(st, key);
		return a != NULL ? a->modify_index : st->tables[SCHED_ALLOCS];
	}
	d = sched_deployment_find(st, key);
	if (t == SCHED_DEPLOYMENT)
		return d != NULL ? d->rec.modify_index
				 : st->tables[SCHED_DEPLOYMENTS];
	return d != NULL && d->allocs_index > 0 ? d->allocs_index
						: st->tables[SCHED_ALLOCS];
}

uint64_t
sched_index(const struct sched_state *st, enum sched_topic t, const char *key)
{
	const struct sched_service_set *s;
	const struct sched_var *v;

	if (t < SCHED_NTABLES)
		return st->tables[t];
	if (t <= SCHED_JOB_DEPLOYMENTS)
		return job_index(st, t, key);
	if (t <= SCHED_NODE_PULL)
		return node_index(st, t, key);
	if (t < SCHED_SERVICE)
		return entity_index(st, t, key);
	if (t == SCHED_VARIABLE) {
		HASH_FIND_STR(st->vars, key, v);
		return v != NULL ? v->rec.modify_index
				 : st->tables[SCHED_VARIABLES];
	}
	HASH_FIND_STR(st->services_by_name, key, s);
	return s != NULL ? s->index : st->tables[SCHED_SERVICES];
}
