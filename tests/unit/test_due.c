#include "common/due.h"

#include "common/rng.h"
#include "tests/lib/unit.h"

#define N 500

START_TEST(due_gives_the_soonest_first)
{
	static struct due d[N];
	struct dues q = { 0 };
	struct rng rng;
	uint64_t last = 0;
	size_t n = 0;

	rng_init(&rng, 1);
	ck_assert_ptr_null(due_first(&q));
	for (size_t i = 0; i < N; i++)
		due_add(&q, &d[i], rng_below(&rng, 100));
	for (size_t i = 0; i < N; i += 3)
		due_remove(&q, &d[i]);
	due_remove(&q, &d[0]); /* twice is fine */
	for (struct due *f; (f = due_first(&q)) != NULL; n++) {
		ck_assert_uint_ge(f->at_ms, last);
		last = f->at_ms;
		due_remove(&q, f);
	}
	ck_assert_uint_eq(n, N - (N + 2) / 3);
	dues_release(&q);
}
END_TEST

UNIT_MAIN("due", due_gives_the_soonest_first)
