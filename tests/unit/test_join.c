/* How long a gossipd that found nobody waits before it asks again. */
#include "cmd/gossipd/join.h"
#include "tests/lib/unit.h"

#define MINUTE 60000

START_TEST(waits_double_from_a_second_up_to_the_interval)
{
	static const uint64_t want[] = { 1000, 2000, 4000, 8000, 16000, 30000,
		30000 };

	for (size_t i = 0; i < sizeof want / sizeof want[0]; i++)
		ck_assert_uint_eq(
		    join_wait_ms((int64_t)i + 1, 30000, 0), want[i]);
	ck_assert_uint_eq(join_wait_ms(INT64_MAX, 30000, 0), 30000);
	ck_assert_uint_eq(join_wait_ms(1, 500, 0), 500);
}
END_TEST

START_TEST(chance_takes_a_quarter_at_the_most)
{
	uint64_t least = UINT64_MAX, most = 0;

	for (uint64_t chance = 0; chance < 100000; chance += 7) {
		uint64_t wait = join_wait_ms(20, MINUTE, chance);

		least = wait < least ? wait : least;
		most = wait > most ? wait : most;
	}
	ck_assert_uint_eq(most, MINUTE);
	ck_assert_uint_ge(least, MINUTE * 3 / 4);
	ck_assert_uint_lt(least, MINUTE * 3 / 4 + 100);
}
END_TEST

UNIT_MAIN("join", waits_double_from_a_second_up_to_the_interval,
    chance_takes_a_quarter_at_the_most)
