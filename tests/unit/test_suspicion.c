#include "cmd/gossipd/suspicion.h"

#include "tests/lib/unit.h"

static const struct suspicion_rule lan = { 4, 6, 1000 }, wan = { 6, 6, 5000 },
				   local = { 3, 6, 1000 };

/* How long it runs with so many confirmations. */
static uint64_t
runs_ms(const struct suspicion_rule *r, size_t nmembers, unsigned nconfirms)
{
	struct suspicion s;
	uint64_t ms;

	suspicion_init(&s, 5000, "first", r, nmembers);
	for (unsigned i = 0; i < nconfirms; i++) {
		char name[] = { (char)('a' + i), '\0' };

		ck_assert(suspicion_confirm(&s, name));
	}
	ms = suspicion_end_ms(&s) - 5000;
	suspicion_release(&s);
	return ms;
}

START_TEST(its_time_grows_with_the_logarithm_of_the_pool)
{
	ck_assert_uint_eq(runs_ms(&lan, 3, 0), 4000);
	ck_assert_uint_eq(runs_ms(&lan, 10, 2), 4000);
	ck_assert_uint_eq(runs_ms(&lan, 100, 2), 8000);
	ck_assert_uint_eq(runs_ms(&lan, 1000, 2), 12000);
	ck_assert_uint_eq(runs_ms(&wan, 5, 0), 30000);
	ck_assert_uint_eq(runs_ms(&wan, 100, 4), 60000);
	ck_assert_uint_eq(runs_ms(&local, 2, 0), 3000);
}
END_TEST

START_TEST(it_starts_long_and_is_shortened_by_each_other_accuser)
{
	ck_assert_uint_eq(runs_ms(&lan, 4, 0), 24000);
	ck_assert_uint_eq(runs_ms(&lan, 4, 1), 11381);
	ck_assert_uint_eq(runs_ms(&lan, 4, 2), 4000);
	ck_assert_uint_eq(runs_ms(&wan, 6, 0), 180000);
	ck_assert_uint_eq(runs_ms(&wan, 6, 4), 30000);
}
END_TEST

START_TEST(where_too_few_can_confirm_it_is_short_from_the_start)
{
	ck_assert_uint_eq(runs_ms(&lan, 3, 0), 4000);
	ck_assert_uint_eq(runs_ms(&wan, 5, 0), 30000);
	ck_assert_uint_eq(runs_ms(&local, 3, 0), 18000);
}
END_TEST

START_TEST(nobody_confirms_twice_nor_beyond_what_is_wanted)
{
	struct suspicion s;

	suspicion_init(&s, 0, "first", &lan, 10);
	ck_assert(!suspicion_confirm(&s, "first"));
	ck_assert(suspicion_confirm(&s, "a"));
	ck_assert(!suspicion_confirm(&s, "a"));
	ck_assert(suspicion_confirm(&s, "b"));
	ck_assert(!suspicion_confirm(&s, "c"));
	suspicion_release(&s);
}
END_TEST

UNIT_MAIN("suspicion", its_time_grows_with_the_logarithm_of_the_pool,
    it_starts_long_and_is_shortened_by_each_other_accuser,
    where_too_few_can_confirm_it_is_short_from_the_start,
    nobody_confirms_twice_nor_beyond_what_is_wanted)
