#include "common/tree.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/rng.h"
#include "tests/lib/unit.h"

static const char *
print(const struct tree *t, int flags)
{
	static struct buf out;

	buf_reset(&out);
	tree_to_json(t, &out, flags);
	return buf_str(&out);
}

static struct tree *
parse(const char *text)
{
	return tree_from_json(text, strlen(text), NULL);
}

#define ROUND(in, out)                               \
	do {                                         \
		struct tree *t_ = parse(in);         \
		ck_assert_ptr_nonnull(t_);           \
		ck_assert_str_eq(print(t_, 0), out); \
		tree_free(t_);                       \
	} while (0)

START_TEST(tree_prints_what_it_reads_sorted_and_without_space)
{
	ROUND(" null ", "null");
	ROUND("[ 1 , -2, true,false ]", "[1,-2,true,false]");
	ROUND("{\"b\":1,\"a\":{},\"B\":[],\"b\":2}",
	    "{\"B\":[],\"a\":{},\"b\":2}");
	ROUND("9223372036854775807", "9223372036854775807");
	ROUND("-9223372036854775808", "-9223372036854775808");
	ROUND("9223372036854775808", "9223372036854776000"); /* a float */
	ROUND("-0", "-0");
	ROUND("1e2", "100");
	ROUND("\"\\u00e9\\n\\u0001\\/<>&\"", "\"\xc3\xa9\\n\\u0001/<>&\"");
}
END_TEST

START_TEST(tree_prints_pretty_with_four_blanks)
{
	struct tree *t = parse("{\"a\":[1,{\"b\":null}],\"c\":[],\"d\":{}}");

	ck_assert_str_eq(print(t, TREE_PRETTY),
	    "{\n    \"a\": [\n        1,\n        {\n"
	    "            \"b\": null\n        }\n    ],\n"
	    "    \"c\": [],\n    \"d\": {}\n}\n");
	tree_free(t);
}
END_TEST

START_TEST(tree_floats_are_shortest_and_exact)
{
	static const struct {
		double v;
		const char *text;
	} cases[] = { { 0.1, "0.1" }, { 1.0 / 3, "0.3333333333333333" },
		{ 1e21, "1e+21" }, { 1e20, "100000000000000000000" },
		{ 1e-6, "0.000001" }, { 1e-7, "1e-7" }, { 5e-324, "5e-324" },
		{ DBL_MAX, "1.7976931348623157e+308" }, { 123.5, "123.5" },
		{ -2.5e-9, "-2.5e-9" },
		{ 0.30000000000000004, "0.30000000000000004" }, { 100, "100" },
		{ 0.05, "0.05" },
		{ 12345678901234567890.0, "12345678901234567000" } };
	struct rng rng;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct tree *t = tree_float(cases[i].v);

		ck_assert_str_eq(print(t, 0), cases[i].text);
		tree_free(t);
	}
	rng_init(&rng, 1);
	for (int i = 0; i < 20000; i++) {
		char text[JSON_FLOAT_SIZE];
		uint64_t bits = rng_next(&rng);
		double v;

		memcpy(&v, &bits, sizeof v);
		if (!isfinite(v))
			continue;
		ck_assert_uint_lt(json_format_float(v, text), sizeof text);
		ck_assert(strtod(text, NULL) == v);
	}
}
END_TEST

START_TEST(tree_text_that_is_no_utf8_is_replaced)
{
	static const char *const cases[][2] = {
		{ "a\xff"
		  "b",
		    "\"a\xef\xbf\xbd"
		    "b\"" },
		{ "\xc3", "\"\xef\xbf\xbd\"" },
		{ "\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ "\xc0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ "\xf0\x9f\x98\x80!", "\"\xf0\x9f\x98\x80!\"" },
		{ "eight or more \x7f plain\x1f",
		    "\"eight or more \x7f plain\\u001f\"" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct tree *t = tree_str(cases[i][0]);

		ck_assert_str_eq(print(t, 0), cases[i][1]);
		tree_free(t);
	}
}
END_TEST

START_TEST(tree_escapes_any_byte_at_any_place)
{
	for (int c = 1; c < 128; c++)
		for (size_t at = 0; at < 20; at++) {
			char text[21] = "abcdefghijklmnopqrst";
			struct tree *t, *back;

			text[at] = (char)c;
			t = tree_str(text);
			back = parse(print(t, 0));
			ck_assert(back != NULL && tree_equal(t, back));
			tree_free(t);
			tree_free(back);
		}
}
END_TEST

START_TEST(tree_bytes_survive_base64)
{
	uint8_t in[40], out[60];

	for (size_t i = 0; i < sizeof in; i++)
		in[i] = (uint8_t)(i * 37);
	for (size_t n = 0; n < sizeof in; n++) {
		struct buf b = { 0 };

		json_put_bytes(&b, in, n);
		ck_assert_int_eq(
		    json_parse_base64(b.data + 1, b.len - 2, out), (long)n);
		ck_assert_int_eq(memcmp(in, out, n), 0);
		buf_release(&b);
	}
	ck_assert_int_eq(json_parse_base64("====", 4, out), -1);
	ck_assert_int_eq(json_parse_base64("A=AA", 4, out), -1);
	ck_assert_int_eq(json_parse_base64("AA==AA==", 8, out), -1);
	ck_assert_int_eq(json_parse_base64("AAA", 3, out), -1);
	ck_assert_int_eq(json_parse_base64("AA\0A", 4, out), -1);
}
END_TEST

START_TEST(tree_members_are_found_and_replaced)
{
	struct tree *t = tree_map(), *copy;

	for (int i = 0; i < 100; i++) {
		char key[16];

		snprintf(key, sizeof key, "k%02d", i * 37 % 50);
		tree_set(t, key, tree_int(i));
	}
	ck_assert_uint_eq(t->nmembers, 50);
	for (size_t i = 1; i < t->nmembers; i++)
		ck_assert_int_lt(
		    strcmp(t->members[i - 1].key, t->members[i].key), 0);
	tree_set(t, "text", tree_str("x"));
	ck_assert_str_eq(tree_get_str(t, "text"), "x");
	ck_assert_ptr_null(tree_get_str(t, "k00"));
	ck_assert_ptr_null(tree_get(t, "none"));
	ck_assert_ptr_null(tree_get(NULL, "none"));
	copy = tree_copy(t);
	ck_assert(tree_equal(t, copy));
	tree_set(copy, "k00", tree_null());
	ck_assert(!tree_equal(t, copy));
	tree_free(t);
	/* A tree that was read can be added to. */
	tree_free(copy);
	copy = parse("{\"c\":[1,2,3],\"a\":0,\"b\":0,\"a\":1}");
	for (char key[] = "a"; key[0] <= 'z'; key[0]++)
		tree_set(copy, key, tree_bool(true));
	ck_assert_uint_eq(copy->nmembers, 26);
	tree_free(copy);
}
END_TEST

START_TEST(tree_refuses_what_is_no_json_and_what_is_too_deep)
{
	static const char *const bad[] = { "", " ", "{", "[1,]", "{\"a\"}",
		"01", "+1", "nul", "\"a", "\"\xff\"", "1 2", "[1]]", "'a'",
		"{1:2}", "1e999", "-", "{\"a\\u0000b\":1}", "\"\n\"" };

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct err err = { 0 };

		ck_assert_msg(
		    tree_from_json(bad[i], strlen(bad[i]), &err) == NULL, "%s",
		    bad[i]);
		ck_assert_int_eq(err.code, ERR_BAD);
	}
	for (size_t depth = 1; depth < 100000; depth = depth * 2 + 1) {
		char *text = xmalloc(2 * depth);
		struct tree *t;

		memset(text, '[', depth);
		memset(text + depth, ']', depth);
		t = tree_from_json(text, 2 * depth, NULL);
		ck_assert((t != NULL) == (depth <= TREE_MAX_DEPTH));
		tree_free(t);
		free(text);
	}
}
END_TEST

START_TEST(tree_refuses_too_many_values)
{
	size_t n = 2 * TREE_MAX_NODES + 1;
	char *text = xmalloc(n);

	for (size_t i = 0; i < n; i += 2)
		memcpy(text + i, "1,", i + 1 < n ? 2 : 1);
	text[0] = '[';
	text[n - 1] = ']';
	text[1] = '1';
	ck_assert_ptr_null(tree_from_json(text, n, NULL));
	free(text);
}
END_TEST

START_TEST(tree_copies_grow_like_what_they_were_copied_from)
{
	struct tree *t = tree_map(), *copy;
	const char *keys[] = { "b", "d", "f", "h", "k" };

	for (size_t i = 0; i < 5; i++)
		tree_set(t, keys[i], tree_int((int64_t)i));
	copy = tree_copy(t);
	tree_set(copy, "a", tree_int(9));
	tree_set(copy, "e", tree_int(9));
	ck_assert_uint_eq(copy->nmembers, 7);
	ck_assert_int_eq(tree_get(copy, "k")->i, 4);
	tree_free(t);
	tree_free(copy);
}
END_TEST

UNIT_MAIN("tree", tree_prints_what_it_reads_sorted_and_without_space,
    tree_prints_pretty_with_four_blanks, tree_floats_are_shortest_and_exact,
    tree_text_that_is_no_utf8_is_replaced, tree_escapes_any_byte_at_any_place,
    tree_bytes_survive_base64, tree_members_are_found_and_replaced,
    tree_refuses_what_is_no_json_and_what_is_too_deep,
    tree_refuses_too_many_values,
    tree_copies_grow_like_what_they_were_copied_from)
