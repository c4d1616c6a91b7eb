#include "tests/lib/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/nodetable.h"
#include "cmd/schedd/state_put.h"
#include "common/mem.h"

static struct sched_state st;
static struct nodetable table;

static void
put(size_t i, const char *class, const char *status, uint64_t at)
{
	struct node *n = xcalloc(1, sizeof *n);

	n->id = xasprintf("%08zx-0000-4000-8000-000000000001", i);
	n->datacenter = xasprintf("dc%zu", i % 3);
	n->node_pool = xstrdup("default");
	n->status = xstrdup(status);
	n->scheduling_eligibility = xstrdup("eligible");
	n->computed_class = xstrdup(class);
	n->node_resources = xcalloc(1, sizeof *n->node_resources);
	n->node_resources->cpu.cpu_shares = 100 + (int64_t)at;
	sched_put_node(&st, n, at);
}

static void
forget(size_t i, uint64_t at)
{
	char id[SCHED_ID_SIZE];

	snprintf(id, sizeof id, "%08zx-0000-4000-8000-000000000001", i);
	sched_node_forget(&st, sched_node_find(&st, id), at);
}

static void
setup(size_t nnodes)
{
	table = (struct nodetable){ 0 };
	sched_state_init(&st);
	for (size_t i = 0; i < nnodes; i++)
		put(i, i % 2 == 0 ? "even" : "odd", "ready", 1 + i);
}

static void
teardown(void)
{
	nodetable_release(&table);
	sched_state_release(&st);
}

/* Says what a table read anew would say, names for numbers. */
static void
check(void)
{
	struct nodetable fresh = { 0 };

	nodetable_refresh(&table, &st);
	nodetable_refresh(&fresh, &st);
	ck_assert_uint_eq(table.nrows, fresh.nrows);
	for (size_t i = 0; i < fresh.nrows; i++) {
		const struct nodetable_row *a = &table.rows[i];
		const struct nodetable_row *b = &fresh.rows[i];

		ck_assert_ptr_eq(a->sn, b->sn);
		ck_assert_ptr_eq(a->node, b->node);
		ck_assert_ptr_eq(a->node, a->sn->node);
		ck_assert_int_eq(a->room.cpu, b->room.cpu);
		ck_assert_int_eq(a->is_ready, b->is_ready);
		ck_assert_str_eq(table.classes.names[a->class_no],
		    fresh.classes.names[b->class_no]);
		ck_assert_str_eq(table.datacenters.names[a->datacenter_no],
		    fresh.datacenters.names[b->datacenter_no]);
		ck_assert_uint_eq(nodetable_find(&table, a->sn->id), i);
	}
	nodetable_release(&fresh);
}

START_TEST(nodetable_reads_what_has_changed)
{
	setup(10);
	check();
	put(3, "other", "ready", 20);
	check();
	put(4, "even", "down", 21);
	check();
	put(10, "odd", "ready", 22);
	check();
	ck_assert_uint_eq(table.nrows, 11);
	teardown();
}
END_TEST

START_TEST(nodetable_forgets_those_who_leave)
{
	setup(10);
	check();
	forget(5, 20);
	check();
	ck_assert_uint_eq(
	    nodetable_find(&table, "00000005-0000-4000-8000-000000000001"),
	    table.nrows);
	forget(9, 21);
	put(12, "odd", "ready", 21);
	check();
	forget(12, 22);
	put(13, "odd", "ready", 22);
	check();
	put(5, "odd", "ready", 23);
	check();
	for (size_t i = 0; i < 5; i++)
		forget(i, 24);
	check();
	teardown();
}
END_TEST

START_TEST(nodetable_keeps_few_names_that_no_node_has)
{
	char class[32];

	setup(10);
	for (uint64_t i = 0; i < 1000; i++) {
		snprintf(class, sizeof class, "class%d", (int)i);
		put(3, class, "ready", 20 + i);
		nodetable_refresh(&table, &st);
		ck_assert_uint_lt(table.classes.n, 100);
	}
	check();
	teardown();
}
END_TEST

UNIT_MAIN("nodetable", nodetable_reads_what_has_changed,
    nodetable_forgets_those_who_leave,
    nodetable_keeps_few_names_that_no_node_has)
