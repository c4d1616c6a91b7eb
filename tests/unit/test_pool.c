#include "cmd/gossipd/pool.h"

#include "tests/lib/poolworld.h"
#include "tests/lib/unit.h"

static void
form(struct poolworld *w, size_t n)
{
	poolworld_init(w, 1, n);
	for (size_t i = 0; i < n; i++) {
		poolworld_start(w, i);
		if (i > 0)
			poolworld_join(w, i, 0);
	}
	poolworld_run(w, 10000);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++)
			ck_assert_int_eq(poolworld_sees(w, i, j), POOL_ALIVE);
}

static struct poolworld w;

START_TEST(members_that_join_know_each_other)
{
	form(&w, 10);
	poolworld_release(&w);
}
END_TEST

START_TEST(a_killed_member_is_failed_with_all)
{
	form(&w, 5);
	poolworld_kill(&w, 3);
	poolworld_run(&w, 8000);
	for (size_t i = 0; i < 5; i++)
		if (i != 3)
			ck_assert_int_eq(poolworld_sees(&w, i, 3), POOL_FAILED);
	poolworld_release(&w);
}
END_TEST

START_TEST(a_member_that_leaves_is_left_with_all)
{
	form(&w, 5);
	poolworld_leave(&w, 3);
	poolworld_run(&w, 8000);
	ck_assert(w.nodes[3].left);
	for (size_t i = 0; i < 5; i++)
		if (i != 3)
			ck_assert_int_eq(poolworld_sees(&w, i, 3), POOL_LEFT);
	poolworld_release(&w);
}
END_TEST

UNIT_MAIN("pool", members_that_join_know_each_other,
    a_killed_member_is_failed_with_all, a_member_that_leaves_is_left_with_all)
