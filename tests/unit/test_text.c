#include "common/text.h"

#include <stdlib.h>

#include "tests/lib/unit.h"

START_TEST(text_hex_knows_digits_of_both_cases_and_nothing_else)
{
	const char *digits = "0123456789abcdef", *upper = "ABCDEF";

	for (int i = 0; i < 16; i++)
		ck_assert_int_eq(text_hex(digits[i]), i);
	for (int i = 0; i < 6; i++)
		ck_assert_int_eq(text_hex(upper[i]), 10 + i);
	for (const char *p = "/:@G`g \x80"; *p != '\0'; p++)
		ck_assert_int_eq(text_hex(*p), -1);
	ck_assert_int_eq(text_hex('\0'), -1);
}
END_TEST

static void
shows(double v, const char *want)
{
	struct buf out = { 0 };

	text_add_float(&out, v);
	ck_assert_str_eq(buf_str(&out), want);
	ck_assert(strtod(buf_str(&out), NULL) == v);
	buf_release(&out);
}

START_TEST(text_add_float_takes_digits_until_it_reads_back)
{
	shows(0, "0");
	shows(0.1, "0.1");
	shows(1e21, "1e+21");
	shows(0.1 + 0.2, "0.30000000000000004");
	shows(-2.5, "-2.5");
}
END_TEST

UNIT_MAIN("text", text_hex_knows_digits_of_both_cases_and_nothing_else,
    text_add_float_takes_digits_until_it_reads_back)
