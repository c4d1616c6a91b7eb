#include "common/text.h"

#include <string.h>

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

START_TEST(text_utf8_len_takes_what_is_utf8)
{
	static const struct {
		const char *text;
		size_t len;
	} cases[] = { { "\xc3\xbc", 2 }, { "\xe2\x82\xac", 3 },
		{ "\xf0\x9f\x98\x80", 4 }, { "\xc0\x80", 0 },
		{ "\xe0\x80\x80", 0 }, { "\xed\xa0\x80", 0 },
		{ "\xf4\x90\x80\x80", 0 }, { "\xc3", 0 }, { "\xc3x", 0 },
		{ "\xff", 0 } };

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		ck_assert_uint_eq(text_utf8_len((const uint8_t *)cases[i].text,
				      strlen(cases[i].text)),
		    cases[i].len);
}
END_TEST

START_TEST(text_parse_u64_takes_digits_that_fit)
{
	static const char *const none[] = { "", " 1", "-1", "+1", "1x", "x",
		"1.0", "18446744073709551616" };
	uint64_t n;

	ck_assert_int_eq(text_parse_u64("0", &n), 0);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(text_parse_u64("18446744073709551615", &n), 0);
	ck_assert_uint_eq(n, UINT64_MAX);
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
		ck_assert_int_eq(text_parse_u64(none[i], &n), -1);
		ck_assert_uint_eq(n, 0);
	}
}
END_TEST

UNIT_MAIN("text", text_hex_knows_digits_of_both_cases_and_nothing_else,
    text_utf8_len_takes_what_is_utf8, text_parse_u64_takes_digits_that_fit)
