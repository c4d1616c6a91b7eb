#include "common/json.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/rng.h"
#include "tests/lib/unit.h"

static void
expect_text(const char *s, size_t n, const char *want)
{
	struct buf b = { 0 };

	json_put_text(&b, s, n);
	ck_assert_str_eq(buf_str(&b), want);
	buf_release(&b);
}

static void
expect_float(double v, const char *want)
{
	char text[JSON_FLOAT_SIZE];

	ck_assert_uint_eq(json_format_float(v, text), strlen(want));
	ck_assert_str_eq(text, want);
}

START_TEST(json_escapes_what_it_must_and_no_more)
{
	expect_text("", 0, "\"\"");
	expect_text("a plain word and more", 21, "\"a plain word and more\"");
	expect_text("a \"b\" \\ c/d <e>", 15, "\"a \\\"b\\\" \\\\ c/d <e>\"");
	expect_text(
	    "\b\f\n\r\t\x01\x1f", 7, "\"\\b\\f\\n\\r\\t\\u0001\\u001f\"");
	expect_text("a\0b", 3, "\"a\\u0000b\"");
	expect_text("\x7f", 1, "\"\x7f\"");
	/* Wherever it stands among the eight that are looked at at once. */
	for (size_t i = 0; i < 20; i++) {
		char s[21] = "xxxxxxxxxxxxxxxxxxxx", want[32];

		s[i] = '"';
		snprintf(
		    want, sizeof want, "\"%.*s\\\"%s\"", (int)i, s, s + i + 1);
		expect_text(s, 20, want);
	}
}
END_TEST

START_TEST(json_keeps_utf8_and_replaces_what_is_none)
{
	expect_text("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 9,
	    "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"");
	expect_text("\xff", 1, "\"\xef\xbf\xbd\"");
	/* Cut short, too long for what it says, and half a surrogate. */
	expect_text("\xe2\x82", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\"");
	expect_text("\xc0\xaf", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\"");
	expect_text(
	    "\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}
END_TEST

START_TEST(json_integers_reach_both_ends)
{
	struct buf b = { 0 };

	json_put_int(&b, INT64_MIN);
	buf_addc(&b, ' ');
	json_put_int(&b, INT64_MAX);
	buf_addc(&b, ' ');
	json_put_uint(&b, UINT64_MAX);
	buf_addc(&b, ' ');
	json_put_int(&b, 0);
	ck_assert_str_eq(buf_str(&b),
	    "-9223372036854775808 9223372036854775807 18446744073709551615 "
	    "0");
	buf_release(&b);
}
END_TEST

START_TEST(json_floats_are_the_shortest_text)
{
	expect_float(0.1, "0.1");
	expect_float(-0.0, "-0");
	expect_float(100, "100");
	expect_float(1.5, "1.5");
	expect_float(0.1 + 0.2, "0.30000000000000004");
	expect_float(1e20, "100000000000000000000");
	expect_float(1e21, "1e+21");
	expect_float(0.000001, "0.000001");
	expect_float(1.5e-7, "1.5e-7");
	expect_float(5e-324, "5e-324");
	expect_float(DBL_MAX, "1.7976931348623157e+308");
	expect_float(-2.5, "-2.5");
}
END_TEST

START_TEST(json_floats_read_back_the_same)
{
	struct rng r;
	char text[JSON_FLOAT_SIZE];

	rng_init(&r, 7);
	for (int i = 0; i < 20000; i++) {
		uint64_t bits = rng_next(&r);
		double v;

		memcpy(&v, &bits, sizeof v);
		if (!isfinite(v))
			continue;
		json_format_float(v, text);
		ck_assert_msg(
		    strtod(text, NULL) == v, "%s is not %.17g", text, v);
	}
}
END_TEST

START_TEST(json_has_no_word_for_what_is_no_number)
{
	struct buf b = { 0 };

	json_put_float(&b, (double)INFINITY);
	json_put_float(&b, (double)NAN);
	ck_assert_str_eq(buf_str(&b), "nullnull");
	buf_release(&b);
}
END_TEST

START_TEST(json_base64_goes_there_and_back)
{
	const uint8_t data[] = { 0, 1, 0xfe, 0xff, 'r' };

	for (size_t n = 0; n <= sizeof data; n++) {
		struct buf b = { 0 };
		uint8_t back[8];

		json_put_bytes(&b, data, n);
		ck_assert_int_eq(b.data[0], '"');
		ck_assert_int_eq(
		    json_parse_base64(b.data + 1, b.len - 2, back), (long)n);
		ck_assert_int_eq(memcmp(back, data, n), 0);
		buf_release(&b);
	}
}
END_TEST

START_TEST(json_base64_refuses_what_is_malformed)
{
	static const char *const bad[] = { "A", "AA", "AAA", "A===", "=AAA",
		"AA=A", "AA*A", "AAAA=", "AA==AAAA", "AA\nA" };
	uint8_t out[16];

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(
		    json_parse_base64(bad[i], strlen(bad[i]), out) == -1,
		    "%s is taken", bad[i]);
}
END_TEST

UNIT_MAIN("json", json_escapes_what_it_must_and_no_more,
    json_keeps_utf8_and_replaces_what_is_none, json_integers_reach_both_ends,
    json_floats_are_the_shortest_text, json_floats_read_back_the_same,
    json_has_no_word_for_what_is_no_number, json_base64_goes_there_and_back,
    json_base64_refuses_what_is_malformed)
