#include "cmd/schedd/alloctable.h"

#include <stdio.h>
#include <stdlib.h>

#include "cmd/schedd/state.h"
#include "common/mem.h"
#include "common/rng.h"
#include "tests/lib/unit.h"

#define N 5000

static struct sched_alloc *allocs;

static void
setup(void)
{
	struct rng rng;

	rng_init(&rng, 7);
	allocs = xcalloc(N, sizeof *allocs);
	for (size_t i = 0; i < N; i++)
		if (i % 2 == 0)
			rng_uuid(&rng, allocs[i].id);
		else
			snprintf(allocs[i].id, sizeof allocs[i].id, "%zu", i);
}

START_TEST(alloctable_finds_what_is_there_and_nothing_else)
{
	struct alloctable t = { 0 };
	bool there[N] = { false };
	struct rng rng;
	size_t n = 0;

	setup();
	rng_init(&rng, 8);
	ck_assert_ptr_null(alloctable_find(&t, allocs[0].id));
	for (size_t round = 0; round < 20 * N; round++) {
		/* It grows, shrinks to a few, and grows again. */
		size_t i = rng_below(&rng, round % N < N / 2 ? N : N / 50);

		if (there[i])
			alloctable_remove(&t, &allocs[i]);
		else
			alloctable_add(&t, &allocs[i]);
		there[i] = !there[i];
		n = there[i] ? n + 1 : n - 1;
		ck_assert_uint_eq(t.n, n);
		if (round % 1000 != 0)
			continue;
		for (i = 0; i < N; i++)
			ck_assert_ptr_eq(alloctable_find(&t, allocs[i].id),
			    there[i] ? &allocs[i] : NULL);
	}
	alloctable_release(&t);
	free(allocs);
}
END_TEST

START_TEST(alloctable_may_be_emptied)
{
	struct alloctable t = { 0 };

	setup();
	for (size_t i = 0; i < N; i++)
		alloctable_add(&t, &allocs[i]);
	for (size_t i = 0; i < N; i++)
		alloctable_remove(&t, &allocs[i]);
	ck_assert_uint_eq(t.n, 0);
	for (size_t i = 0; i < N; i++)
		ck_assert_ptr_null(alloctable_find(&t, allocs[i].id));
	alloctable_release(&t);
	free(allocs);
}
END_TEST

UNIT_MAIN("alloctable", alloctable_finds_what_is_there_and_nothing_else,
    alloctable_may_be_emptied)
