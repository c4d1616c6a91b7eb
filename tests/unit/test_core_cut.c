#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/core_impl.h"
#include "common/mem.h"
#include "tests/lib/unit.h"

static size_t
packed(const struct cmd_plan *plan)
{
	struct buf b = { 0 };
	size_t n;

	rec_pack(&cmd_plan_type, plan, &b);
	n = b.len;
	buf_release(&b);
	return n;
}

START_TEST(plan_that_fits_is_left_whole)
{
	struct plan_stop stops[2] = { 0 };
	struct alloc places[CMD_MAX_BATCH] = { 0 };
	struct cmd_plan plan = {
		.stops = stops, .nstops = 2, .places = places
	};

	plan.nplaces = CMD_MAX_BATCH;
	ck_assert(!core_cut_plan(&plan));
	ck_assert_uint_eq(plan.nstops, 2);
	ck_assert_uint_eq(plan.nplaces, CMD_MAX_BATCH);
}
END_TEST

START_TEST(plan_places_nothing_while_stops_are_left)
{
	struct plan_stop stops[CMD_MAX_BATCH + 1] = { 0 };
	struct alloc allocs[1] = { 0 };
	struct cmd_plan plan = { .stops = stops,
		.nstops = CMD_MAX_BATCH + 1,
		.places = allocs,
		.nplaces = 1,
		.updates = allocs,
		.nupdates = 1 };

	ck_assert(core_cut_plan(&plan));
	ck_assert_uint_eq(plan.nstops, CMD_MAX_BATCH);
	ck_assert_uint_eq(plan.nplaces, 0);
	ck_assert_uint_eq(plan.nupdates, 0);
}
END_TEST

START_TEST(plan_of_large_allocations_is_cut_by_its_size)
{
	const size_t size = 64 << 10;
	struct alloc updates[1000] = { 0 };
	struct cmd_plan plan = { .updates = updates, .nupdates = 1000 };
	char *text = xmalloc(size);

	memset(text, 'x', size - 1);
	text[size - 1] = '\0';
	for (size_t i = 0; i < 1000; i++)
		updates[i].client_description = text;
	ck_assert_uint_gt(packed(&plan), 60u << 20);
	ck_assert(core_cut_plan(&plan));
	ck_assert_uint_ge(plan.nupdates, 32);
	ck_assert_uint_le(packed(&plan), 4u << 20);
	free(text);
}
END_TEST

UNIT_MAIN("core-cut", plan_that_fits_is_left_whole,
    plan_places_nothing_while_stops_are_left,
    plan_of_large_allocations_is_cut_by_its_size)
