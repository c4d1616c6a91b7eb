#include "common/clock.h"

#include "tests/lib/unit.h"

static int64_t
dur(const char *text)
{
	int64_t ns = -1;

	ck_assert_msg(clock_parse_dur(text, &ns) == 0, "%s", text);
	return ns;
}

START_TEST(clock_reads_durations_exactly)
{
	ck_assert_int_eq(dur("0"), 0);
	ck_assert_int_eq(dur("30s"), 30 * CLOCK_NS_PER_S);
	ck_assert_int_eq(dur("1h15m30.918273645s"), INT64_C(4530918273645));
	ck_assert_int_eq(dur("-1.5h"), INT64_C(-5400000000000));
	ck_assert_int_eq(dur("9223372036854775807ns"), INT64_MAX);
	ck_assert_int_eq(dur("-9223372036854775808ns"), INT64_MIN);
	ck_assert_int_eq(dur(".5us"), 500);
}
END_TEST

START_TEST(clock_refuses_what_is_no_duration)
{
	static const char *const bad[] = { "", "5", "s", "1x", "1.s.", ".s",
		"9223372036854775808ns", "3000000h", "1 s", "--1s", "-" };
	int64_t ns;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(clock_parse_dur(bad[i], &ns) == -1, "%s", bad[i]);
}
END_TEST

START_TEST(clock_prints_durations_as_go_does)
{
	static const struct {
		int64_t ns;
		const char *text;
	} cases[] = {
		{ 0, "0s" },
		{ 1, "1ns" },
		{ 1100, "1.1\u00b5s" },
		{ 2200000, "2.2ms" },
		{ INT64_C(3300000000), "3.3s" },
		{ INT64_C(245000000000), "4m5s" },
		{ INT64_C(3600000000000), "1h0m0s" },
		{ INT64_C(-90000000000), "-1m30s" },
		{ INT64_MIN, "-2562047h47m16.854775808s" },
	};
	char out[CLOCK_DUR_SIZE];

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		clock_format_dur(cases[i].ns, out);
		ck_assert_str_eq(out, cases[i].text);
	}
}
END_TEST

START_TEST(clock_reads_back_the_times_it_prints)
{
	char out[CLOCK_TIME_SIZE];
	int64_t ns;

	clock_format_time(INT64_C(946684800500000000), out);
	ck_assert_str_eq(out, "2000-01-01T00:00:00.5Z");
	ck_assert_int_eq(clock_parse_time(out, &ns), 0);
	ck_assert_int_eq(ns, INT64_C(946684800500000000));
	ck_assert_int_eq(clock_parse_time("2000-01-01T01:00:00+01:00", &ns), 0);
	ck_assert_int_eq(ns, INT64_C(946684800000000000));
	ck_assert_int_eq(clock_parse_time("yesterday", &ns), -1);
}
END_TEST

UNIT_MAIN("clock", clock_reads_durations_exactly,
    clock_refuses_what_is_no_duration, clock_prints_durations_as_go_does,
    clock_reads_back_the_times_it_prints)
