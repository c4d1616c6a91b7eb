#include "cmd/schedd/nodetable.h"

#include <stdlib.h>

#include "cmd/schedd/fit.h"
#include "cmd/schedd/text.h"
#include "common/mem.h"

/* Beyond so many names for each node the table is made anew: what names stand
 * for comes and goes. */
#define STALE_NAMES 4

/* --- numbers --- */

/* Maps hold pointers: a number is kept as one. */
static void *
as_value(size_t number)
{
	return (void *)(uintptr_t)(number + 1);
}

static size_t
as_number(const void *value, size_t none)
{
	return value != NULL ? (size_t)(uintptr_t)value - 1 : none;
}

static uint32_t
number_of(struct nodetable_names *l, const char *name)
{
	size_t no = as_number(map_find(&l->numbers, sched_str(name)), l->n);

	if (no < l->n)
		return (uint32_t)no;
	map_put(&l->numbers, sched_str(name), as_value(no));
	if (l->n == l->cap)
		l->names = xgrow(l->names, l->n, &l->cap, sizeof *l->names);
	l->names[l->n++] = xstrdup(sched_str(name));
	return (uint32_t)no;
}

static void
names_release(struct nodetable_names *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->names[i]);
	free(l->names);
	map_release(&l->numbers);
}

/* --- reading --- */

static void
read_row(struct nodetable *t, size_t at, const struct sched_node *sn)
{
	struct nodetable_row *row = &t->rows[at];
	const struct node *n = sn->node;

	*row = (struct nodetable_row){ .sn = sn,
		.node = n,
		.max_allocs = n->node_max_allocs,
		.class_no = number_of(&t->classes, n->computed_class),
		.datacenter_no = number_of(&t->datacenters, n->datacenter),
		.pool_no = number_of(&t->pools, n->node_pool),
		.is_ready = sched_node_is_ready(n) };
	fit_node_room(n, &row->room);
}

static void
add_row(struct nodetable *t, const struct sched_node *sn)
{
	if (t->nrows == t->cap)
		t->rows = xgrow(t->rows, t->nrows, &t->cap, sizeof *t->rows);
	map_put(&t->by_id, sn->id, as_value(t->nrows));
	read_row(t, t->nrows++, sn);
}

/*
 * Reads what has changed. False: the rows are not the state's nodes any more.
 * A node that took the place of another, even in memory, has changed since.
 */
static bool
read_changes(struct nodetable *t, const struct sched_state *st)
{
	size_t at = 0;

	for (const struct sched_node *n = st->nodes; n != NULL;
	     n = n->hh.next) {
		if (n->node == NULL)
			continue;
		if (at == t->nrows) {
			if (nodetable_find(t, n->id) < t->nrows)
				return false;
			add_row(t, n);
		} else if (t->rows[at].sn != n) {
			return false;
		} else if (n->node->modify_index > t->index) {
			if (nodetable_find(t, n->id) != at)
				return false;
			read_row(t, at, n);
		}
		at++;
	}
	return at == t->nrows;
}

static bool
has_stale_names(const struct nodetable *t)
{
	return t->classes.n + t->datacenters.n + t->pools.n >
	       STALE_NAMES * (t->nrows + 1);
}

void
nodetable_refresh(struct nodetable *t, const struct sched_state *st)
{
	if (t->nrows > 0 && t->index == st->tables[SCHED_NODES])
		return;
	if (!read_changes(t, st) || has_stale_names(t)) {
		nodetable_release(t);
		read_changes(t, st);
	}
	t->index = st->tables[SCHED_NODES];
}

void
nodetable_release(struct nodetable *t)
{
	names_release(&t->classes);
	names_release(&t->datacenters);
	names_release(&t->pools);
	map_release(&t->by_id);
	free(t->rows);
	*t = (struct nodetable){ 0 };
}

size_t
nodetable_find(const struct nodetable *t, const char *node_id)
{
	return as_number(map_find(&t->by_id, node_id), t->nrows);
}
