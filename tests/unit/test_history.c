/* What is found wrong with what clients were told, and that it is found. */
#include <stdio.h>

#include "tests/lib/history.h"
#include "tests/lib/unit.h"

static struct history h;
static uint64_t now;

/* One thing after the other, each of them a millisecond. */
static struct event *
add(enum linear_kind kind, enum outcome outcome, uint64_t value)
{
	struct event e = { .kind = kind,
		.outcome = outcome,
		.value = value,
		.called_ns = now,
		.returned_ns = now + 1000000 };

	now += 2000000;
	history_add(&h, &e);
	return &h.events[h.n - 1];
}

static void
wrote(uint64_t value, uint64_t index)
{
	add(LINEAR_WRITE, OUTCOME_OK, value)->told =
	    (struct register_told){ true, value, index };
}

static void
read_was(uint64_t value, uint64_t index)
{
	add(LINEAR_READ, OUTCOME_OK, 0)->told =
	    (struct register_told){ true, value, index };
}

static struct verdict
judge(void)
{
	FILE *f = fopen("/dev/null", "we");
	struct verdict v;

	ck_assert_ptr_nonnull(f);
	history_judge(&h, &v, f);
	fclose(f);
	history_release(&h);
	now = 0;
	return v;
}

START_TEST(history_without_a_fault_has_none)
{
	struct verdict v;

	wrote(1, 10);
	add(LINEAR_WRITE, OUTCOME_FAILED, 2);
	add(LINEAR_WRITE, OUTCOME_UNKNOWN, 3);
	add(LINEAR_CAS, OUTCOME_REFUSED, 4)->told =
	    (struct register_told){ true, 3, 12 };
	read_was(3, 12);
	v = judge();
	ck_assert_uint_eq(v.noperations, 5);
	ck_assert_uint_eq(v.nacked, 1);
	ck_assert_uint_eq(v.nfailed, 1);
	ck_assert_uint_eq(v.nunknown, 1);
	ck_assert_uint_eq(v.nrefused, 1);
	ck_assert_uint_eq(
	    v.nlost + v.nduplicate + v.nghosts + v.nwrong + v.nundecided, 0);
}
END_TEST

START_TEST(history_tells_what_was_lost)
{
	struct verdict v;

	wrote(1, 10);
	wrote(2, 11);
	read_was(1, 10);
	v = judge();
	ck_assert_uint_eq(v.nlost, 1);
	ck_assert_uint_eq(v.nwrong, 1);
}
END_TEST

START_TEST(history_tells_what_was_done_twice)
{
	wrote(1, 10);
	add(LINEAR_WRITE, OUTCOME_UNKNOWN, 2);
	read_was(2, 11);
	wrote(3, 12);
	read_was(2, 13);
	ck_assert_uint_eq(judge().nduplicate, 1);
}
END_TEST

START_TEST(history_tells_what_failed_and_was_done)
{
	struct verdict v;

	wrote(1, 10);
	add(LINEAR_WRITE, OUTCOME_FAILED, 2);
	read_was(2, 11);
	v = judge();
	ck_assert_uint_eq(v.nghosts, 1);
	ck_assert_uint_eq(v.nwrong, 1);
}
END_TEST

START_TEST(history_tells_a_refusal_that_cannot_be)
{
	struct verdict v;

	wrote(1, 10);
	wrote(2, 11);
	add(LINEAR_CAS, OUTCOME_REFUSED, 3)->told =
	    (struct register_told){ true, 1, 10 };
	v = judge();
	ck_assert_uint_eq(v.nwrong, 1);
	ck_assert_uint_eq(v.nlost, 0);
}
END_TEST

START_TEST(history_knows_keys_apart)
{
	wrote(1, 10);
	add(LINEAR_READ, OUTCOME_OK, 0)->key = 1;
	h.events[1].told.has_value = true;
	ck_assert_uint_eq(judge().nwrong, 0);
}
END_TEST

START_TEST(history_measures_gaps_from_mark_to_mark)
{
	struct verdict v;

	wrote(1, 10); /* is there at 1 ms */
	history_mark(&h, 1500000);
	now += 100000000;
	wrote(2, 11); /* at 103 ms */
	wrote(3, 12);
	history_mark(&h, 105500000);
	wrote(4, 13); /* at 107 ms */
	now += 30000000;
	wrote(5, 14); /* 32 ms later */
	v = judge();
	ck_assert_uint_eq(v.ngaps, 2);
	ck_assert_uint_eq(v.gap_p50_ms, 32);
	ck_assert_uint_eq(v.gap_max_ms, 101);
}
END_TEST

UNIT_MAIN("history", history_without_a_fault_has_none,
    history_tells_what_was_lost, history_tells_what_was_done_twice,
    history_tells_what_failed_and_was_done,
    history_tells_a_refusal_that_cannot_be, history_knows_keys_apart,
    history_measures_gaps_from_mark_to_mark)
