#include "common/rec.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "tests/lib/sample.h"
#include "tests/lib/unit.h"

/* Reads text as a sample; the error's text when it is refused, else "". */
static const char *
read_sample(const char *text, struct sample *s)
{
	static struct err err;

	err.text[0] = '\0';
	if (rec_from_json(&sample_type, s, text, strlen(text), &err) == 0)
		return "";
	for (size_t i = 0; i < sizeof *s; i++)
		ck_assert_int_eq(((unsigned char *)s)[i], 0);
	return err.text;
}

#define REFUSED(json, why)                                     \
	do {                                                   \
		struct sample s_;                              \
		ck_assert_str_eq(read_sample(json, &s_), why); \
	} while (0)

START_TEST(rec_json_prints_members_by_name_and_zero_as_peers_do)
{
	struct sample s = { 0 };
	struct buf out = { 0 };

	rec_to_json(&sample_type, &s, &out, 0);
	ck_assert_str_eq(buf_str(&out),
	    "{\"At\":\"0001-01-01T00:00:00Z\",\"Bytes\":null,\"Counts\":{},"
	    "\"Dur\":0,\"DurText\":\"0s\",\"F64\":0,\"Flags\":null,\"I64\":0,"
	    "\"Keyed\":null,\"Lists\":null,\"Meta\":null,\"Numbers\":null,"
	    "\"On\":false,\"OptDur\":null,\"OptF64\":null,\"OptI64\":null,"
	    "\"OptMeta\":null,\"OptOn\":null,\"OptPart\":null,"
	    "\"OptParts\":null,\"OptText\":null,\"OptU64\":null,"
	    "\"Part\":{\"Name\":\"\",\"Parts\":null,\"Size\":0},"
	    "\"Parts\":null,\"Shares\":null,\"Text\":\"\",\"Texts\":[],"
	    "\"Tree\":null,\"Trees\":null,\"U64\":0}");
	buf_release(&out);
}
END_TEST

START_TEST(rec_json_prints_every_kind_of_row)
{
	struct sample s;
	struct buf out = { 0 };

	sample_fill(&s);
	rec_to_json(&sample_type, &s, &out, 0);
	ck_assert_str_eq(buf_str(&out),
	    "{\"At\":\"2023-11-14T22:13:20.123456789Z\","
	    "\"Bytes\":\"AAH+/w==\",\"Counts\":{\"zero\":0},"
	    "\"Dur\":30000000000,\"DurText\":\"1.5s\",\"F64\":0.1,"
	    "\"Flags\":{\"yes\":true},\"I64\":-9223372036854775808,"
	    "\"Keyed\":{\"a\":{\"Count\":0,\"Tags\":[]},"
	    "\"b/c d\":{\"Count\":128,\"Tags\":[\"x\",\"y\"]}},"
	    "\"Lists\":{\"none\":[],\"two\":[\"1\",\"2\"]},"
	    "\"Meta\":{\"blank\":\"\",\"owner\":\"ops\"},"
	    "\"Numbers\":[9223372036854775807,-33,0],\"On\":true,"
	    "\"OptDur\":0,\"OptF64\":-1e+300,\"OptI64\":0,\"OptMeta\":{},"
	    "\"OptOn\":false,\"OptPart\":{\"Name\":\"\",\"Parts\":null,"
	    "\"Size\":0},\"OptParts\":[],\"OptText\":\"\",\"OptTexts\":[],"
	    "\"OptU64\":9223372036854775808,\"Part\":{\"Name\":\"own\","
	    "\"Parts\":null,\"Size\":1},\"Parts\":[{\"Config\":7,"
	    "\"Name\":\"first\",\"Parts\":[{\"Name\":\"inner\","
	    "\"Parts\":null,\"Size\":0}],\"Size\":0},{\"Name\":\"\","
	    "\"Parts\":null,\"Size\":0}],\"Quiet\":-1,"
	    "\"Shares\":{\"half\":0.5},"
	    "\"Text\":\"a \\\"quoted\\\"\\n<line> \xc3\xa9\","
	    "\"Texts\":[\"one\",\"\"],\"Tree\":{\"args\":[\"-n\","
	    "-9223372036854775808,0.1],\"command\":\"/bin/echo\","
	    "\"empty\":{},\"none\":null,\"raw\":\"a\\u0000b\","
	    "\"tty\":false},\"Trees\":{\"nil\":null,\"t\":{\"args\":[\"-n\","
	    "-9223372036854775808,0.1],\"command\":\"/bin/echo\","
	    "\"empty\":{},\"none\":null,\"raw\":\"a\\u0000b\","
	    "\"tty\":false}},\"U64\":18446744073709551615}");
	buf_release(&out);
	rec_clear(&sample_type, &s);
}
END_TEST

START_TEST(rec_json_reads_back_what_it_prints)
{
	struct sample s, back;
	struct tree *tree;

	sample_fill(&s);
	free(s.secret);
	s.secret = NULL;
	for (int flags = 0; flags <= REC_JSON_PRETTY; flags++) {
		struct buf out = { 0 };

		rec_to_json(&sample_type, &s, &out, flags);
		ck_assert_str_eq(read_sample(buf_str(&out), &back), "");
		ck_assert(rec_equal(&sample_type, &s, &back));
		rec_clear(&sample_type, &back);
		buf_release(&out);
	}
	s.u64 = s.opt_u64 = INT64_MAX; /* a tree holds no more */
	tree = rec_to_tree(&sample_type, &s);
	ck_assert_int_eq(rec_from_tree(&sample_type, &back, tree, NULL), 0);
	ck_assert(rec_equal(&sample_type, &s, &back));
	rec_clear(&sample_type, &back);
	rec_clear(&sample_type, &s);
	tree_free(tree);
}
END_TEST

START_TEST(rec_json_pretty_has_four_blanks_and_a_newline)
{
	struct sample_keyed k[2] = { { .count = 1 }, { .count = 2 } };
	char *tag = "x";
	struct buf out = { 0 };

	k[0].tags = &tag;
	k[0].ntags = 1;
	rec_list_to_json(&sample_keyed_type, k, 2, &out, REC_JSON_PRETTY);
	ck_assert_str_eq(buf_str(&out),
	    "[\n    {\n        \"Count\": 1,\n        \"Key\": \"\",\n"
	    "        \"Tags\": [\n            \"x\"\n        ]\n    },\n"
	    "    {\n        \"Count\": 2,\n        \"Key\": \"\",\n"
	    "        \"Tags\": []\n    }\n]\n");
	buf_reset(&out);
	rec_list_to_json(&sample_keyed_type, k, 0, &out, 0);
	ck_assert_str_eq(buf_str(&out), "[]");
	buf_release(&out);
}
END_TEST

START_TEST(rec_json_matches_names_in_any_case_and_skips_unknown_ones)
{
	struct sample s;

	ck_assert_str_eq(
	    read_sample("{\"TEXT\":\"a\",\"i64\":5,\"nobody\":{\"I64\":[1,"
			"{\"Text\":null}]},\"x\":[[]],\"y\":1e999,"
			"\"Secret\":\"s\",\"keyed\":{\"k\":{\"key\":\"no\","
			"\"COUNT\":3}}}",
		&s),
	    "");
	ck_assert_str_eq(s.text, "a");
	ck_assert_int_eq(s.i64, 5);
	ck_assert_ptr_null(s.secret);
	ck_assert_str_eq(s.keyed[0].key, "k");
	ck_assert_uint_eq(s.keyed[0].count, 3);
	rec_clear(&sample_type, &s);
}
END_TEST

START_TEST(rec_json_null_is_absent_and_the_last_of_two_counts)
{
	struct sample s;

	ck_assert_str_eq(
	    read_sample("{\"Text\":\"a\",\"Text\":\"b\",\"OptI64\":4,"
			"\"OptI64\":null,\"OptTexts\":[\"q\"],"
			"\"OptTexts\":[],\"Part\":{\"Name\":\"x\"},"
			"\"Part\":{\"Size\":1},\"Texts\":[null],"
			"\"Parts\":[null,{}],\"Meta\":null,\"Tree\":null,"
			"\"OptPart\":{},\"OptPart\":null}",
		&s),
	    "");
	ck_assert_str_eq(s.text, "b");
	ck_assert(!s.has_opt_i64);
	ck_assert(s.opt_texts != NULL && s.nopt_texts == 0);
	ck_assert_ptr_null(s.part.name);
	ck_assert_int_eq(s.part.size, 1);
	ck_assert_uint_eq(s.ntexts, 1);
	ck_assert_uint_eq(s.nparts, 2);
	ck_assert_ptr_null(s.tree);
	ck_assert_ptr_null(s.opt_part);
	rec_clear(&sample_type, &s);
}
END_TEST

START_TEST(rec_json_carries_integers_and_durations_exactly)
{
	struct sample s;

	ck_assert_str_eq(read_sample("{\"I64\":9007199254740993,"
				     "\"U64\":18446744073709551615,"
				     "\"Dur\":9223372036854775807,"
				     "\"DurText\":\"1h2m\"}",
			     &s),
	    "");
	ck_assert_int_eq(s.i64, INT64_C(9007199254740993));
	ck_assert_uint_eq(s.u64, UINT64_MAX);
	ck_assert_int_eq(s.dur_ns, INT64_MAX);
	ck_assert_int_eq(s.text_ns, INT64_C(3720) * 1000000000);
	rec_clear(&sample_type, &s);
	ck_assert_str_eq(read_sample("{\"DurText\":5,\"F64\":3}", &s), "");
	ck_assert_int_eq(s.text_ns, 5);
	ck_assert_double_eq(s.f64, 3);
	rec_clear(&sample_type, &s);
}
END_TEST

START_TEST(rec_json_errors_name_the_path_and_what_was_found)
{
	REFUSED("{\"I64\":\"x\"}", "I64: expected an integer, found text");
	REFUSED("{\"Parts\":[{},{\"Parts\":[{\"Size\":1.5}]}]}",
	    "Parts[1].Parts[0].Size: expected an integer, found 1.5");
	REFUSED("{\"Part\":{\"Size\":1e3}}",
	    "Part.Size: expected an integer, found 1e3");
	REFUSED("{\"Keyed\":{\"k\":{\"Count\":-1}}}",
	    "Keyed.k.Count: integer -1 is out of range");
	REFUSED("{\"I64\":9223372036854775808}",
	    "I64: integer 9223372036854775808 is out of range");
	REFUSED(
	    "{\"Meta\":{\"a\":1}}", "Meta.a: expected text, found a number");
	REFUSED("{\"Meta\":[1]}", "Meta: expected an object, found a list");
	REFUSED("{\"Texts\":{}}", "Texts: expected a list, found an object");
	REFUSED(
	    "{\"Texts\":[\"a\",[]]}", "Texts[1]: expected text, found a list");
	REFUSED("{\"Text\":\"a\\u0000b\"}", "Text: text holds a NUL");
	REFUSED("{\"On\":0}", "On: expected true or false, found a number");
	REFUSED("{\"Dur\":\"1s\"}",
	    "Dur: expected an integer of nanoseconds, found text");
	REFUSED("{\"DurText\":\"soon\"}",
	    "DurText: expected a duration such as \"30s\", found other text");
	REFUSED("{\"At\":\"noon\"}",
	    "At: expected a time such as \"2006-01-02T15:04:05Z\", "
	    "found other text");
	REFUSED("{\"Bytes\":\"A\"}",
	    "Bytes: expected base64 text, found other text");
	REFUSED("{\"F64\":1e999}", "F64: number is out of range");
	REFUSED(
	    "{\"Tree\":{\"a\":1e999}}", "Tree: number 1e999 is out of range");
	REFUSED("[]", "expected an object, found a list");
	REFUSED("null", "expected an object, found null");
	REFUSED("7", "expected an object, found a number");
	REFUSED("{\n\"I64\" 1}",
	    "line 2: parse error: object key and value must be separated by "
	    "a colon (':')");
	REFUSED("{} {}", "line 1: parse error: trailing garbage");
}
END_TEST

START_TEST(rec_json_refuses_every_truncation)
{
	struct sample s, back;
	struct buf out = { 0 };
	struct err err;

	sample_fill(&s);
	rec_to_json(&sample_type, &s, &out, 0);
	for (size_t n = 0; n < out.len; n++)
		ck_assert_int_eq(
		    rec_from_json(&sample_type, &back, out.data, n, &err), -1);
	buf_release(&out);
	rec_clear(&sample_type, &s);
}
END_TEST

START_TEST(rec_json_bounds_depth)
{
	for (size_t depth = 1; depth < 5000; depth = depth * 3 / 2 + 1) {
		struct buf b = { 0 };
		struct sample s;
		bool fits = 2 * depth + 2 <= REC_MAX_DEPTH;

		for (size_t i = 0; i < depth; i++)
			buf_adds(&b, "{\"Parts\":[");
		buf_adds(&b, "{\"Parts\":[]}");
		for (size_t i = 0; i < depth; i++)
			buf_adds(&b, "]}");
		ck_assert((*read_sample(buf_str(&b), &s) == '\0') == fits);
		rec_clear(&sample_type, &s);
		buf_reset(&b);
		buf_adds(&b, "{\"Tree\":");
		for (size_t i = 0; i < depth; i++)
			buf_addc(&b, '[');
		for (size_t i = 0; i < depth; i++)
			buf_addc(&b, ']');
		buf_addc(&b, '}');
		fits = depth <= TREE_MAX_DEPTH;
		ck_assert((*read_sample(buf_str(&b), &s) == '\0') == fits);
		rec_clear(&sample_type, &s);
		buf_release(&b);
	}
}
END_TEST

UNIT_MAIN("rec_json", rec_json_prints_members_by_name_and_zero_as_peers_do,
    rec_json_prints_every_kind_of_row, rec_json_reads_back_what_it_prints,
    rec_json_pretty_has_four_blanks_and_a_newline,
    rec_json_matches_names_in_any_case_and_skips_unknown_ones,
    rec_json_null_is_absent_and_the_last_of_two_counts,
    rec_json_carries_integers_and_durations_exactly,
    rec_json_errors_name_the_path_and_what_was_found,
    rec_json_refuses_every_truncation, rec_json_bounds_depth)
