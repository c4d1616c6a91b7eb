#include "cmd/lbd/lbd.h"

#include "tests/lib/unit.h"

static int ntables;

static void
on_settled(void *arg)
{
	(void)arg;
	ntables++;
}

/* A change every few milliseconds, for ten times the wait and more. */
START_TEST(lbd_makes_tables_while_changes_go_on)
{
	struct loop *loop = loop_new();
	struct lbd l = { 0 };
	bool never = false;
	uint64_t start_ms = loop_now_ms(loop);

	ntables = 0;
	l.settle = loop_timer_new(loop, on_settled, NULL);
	while (loop_now_ms(loop) - start_ms < 10 * LBD_SETTLE_MS) {
		lbd_changed(&l);
		lbd_changed(&l);
		loop_wait(loop, &never, LBD_SETTLE_MS / 4);
	}
	ck_assert_int_ge(ntables, 2);
	ck_assert_int_le(ntables, 11);
	loop_timer_free(l.settle);
	loop_free(loop);
}
END_TEST

UNIT_MAIN("lbd loop", lbd_makes_tables_while_changes_go_on)
