#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>

#include "common/hcl/value.h"
#include "tests/lib/hclvalue.h"

#define VALUE(expr, json) ck_assert_str_eq(hclvalue(expr), json)

START_TEST(parse_knows_blocks_labels_and_attributes)
{
	static const char text[] = "job \"a\" b {\n  x = 1\n  y { z = 2 }\n}\n";
	struct hcl_diags d = { 0 };
	struct hcl_file *file =
	    hcl_parse("t", text, sizeof text - 1, HCL_2, &d);
	const struct hcl_block *job = &file->body->blocks[0];
	struct buf at = { 0 };

	ck_assert_uint_eq(d.n, 0);
	ck_assert_str_eq(job->type, "job");
	ck_assert_uint_eq(job->nlabels, 2);
	ck_assert_str_eq(job->labels[1].text, "b");
	ck_assert_ptr_nonnull(hcl_attr_of(job->body, "x"));
	ck_assert_uint_eq(job->body->nblocks, 1);
	hcl_range_format(job->body->blocks[0].type_range, &at);
	ck_assert_str_eq(buf_str(&at), "t:3,3-4");
	buf_release(&at);
	hcl_file_free(file);
}
END_TEST

START_TEST(eval_follows_the_rank_of_operators)
{
	VALUE("1 + 2 * 3", "7");
	VALUE("(1 + 2) * 3", "9");
	VALUE("-7 % 3", "-1");
	VALUE("0.1 + 0.2", "0.3");
	VALUE("true && false || true", "true");
	VALUE("1 > 2 ? \"y\" : \"n\"", "\"n\"");
	VALUE("\"5\" + 1", "6");
	VALUE("\"1\" == 1", "false");
}
END_TEST

START_TEST(eval_reads_lists_and_objects)
{
	VALUE("[1, \"a\", null,]", "[1,\"a\",null]");
	VALUE("{ a = 1, \"b c\": 2\n (\"d\") = 3 }",
	    "{\"a\":1,\"b c\":2,\"d\":3}");
	VALUE("[for i, x in [\"a\"] : \"${i}=${x}\"]", "[\"0=a\"]");
	VALUE("{ for k, x in { b = 1 } : x => k }", "{\"1\":\"b\"}");
	VALUE("[{ n = 1 }, { n = 2 }].*.n", "[1,2]");
	VALUE("[[1], [2]][*][0]", "[1,2]");
	VALUE("9223372036854775807", "9223372036854775807");
}
END_TEST

START_TEST(eval_keeps_what_only_the_task_knows)
{
	VALUE("attr.kernel.name", "\"${attr.kernel.name}\"");
	VALUE("\"a ${ meta.x[0] } b\"", "\"a ${ meta.x[0] } b\"");
	VALUE("\"${env[\"HOME\"]}\"", "\"${env[\\\"HOME\\\"]}\"");
	VALUE("\"$${x} %%{y}\"", "\"${x} %{y}\"");
}
END_TEST

START_TEST(eval_joins_templates)
{
	VALUE("\"a${1}b\"", "\"a1b\"");
	VALUE("\"${true}\"", "true");
	VALUE("\"%{ if true }y%{ else }n%{ endif }\"", "\"y\"");
	VALUE("\"%{ for x in [1, 2] ~}  ${x},%{ endfor }\"", "\"1,2,\"");
	VALUE("\"\\u00e9\\t\"", "\"\xc3\xa9\\t\"");
}
END_TEST

START_TEST(eval_calls_functions)
{
	VALUE("format(\"%s-%03d %5.1f|%-3s|%v\", \"a\", 7, 2.25, \"x\", "
	      "[1])",
	    "\"a-007   2.2|x  |[1]\"");
	VALUE(
	    "join(\"-\", split(\",\", \"a,b\"), [upper(\"c\")])", "\"a-b-C\"");
	VALUE("[for s in sort([\"b\", \"a\"]) : trimprefix(s, \"a\")]",
	    "[\"\",\"b\"]");
	VALUE(
	    "merge({ a = 1 }, { a = 2, b = max(1, 3) })", "{\"a\":2,\"b\":3}");
	VALUE("lookup({ a = 1 }, \"b\", range(3))", "[0,1,2]");
	VALUE("jsondecode(jsonencode({ a = [null, \"<\"] }))",
	    "{\"a\":[null,\"<\"]}");
	VALUE("substr(\"h\\u00e9llo\", -4, 2)", "\"\xc3\xa9l\"");
	VALUE("parseint(\"-ff\", 16)", "-255");
	VALUE("try(element([], 0), \"none\")", "\"none\"");
}
END_TEST

START_TEST(eval_refuses_values_without_end)
{
	static char text[4096];
	size_t n = 0;

	/* Each level holds the one inside ten times. */
	for (int i = 0; i < 12; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "[for x in [");
	n += (size_t)snprintf(text + n, sizeof text - n, "1");
	for (int i = 0; i < 12; i++)
		n += (size_t)snprintf(text + n, sizeof text - n,
		    "] : [x, x, x, x, x, x, x, x, x, x]]");
	ck_assert_ptr_nonnull(strstr(hclvalue(text), "Evaluation too large"));
}
END_TEST

START_TEST(heredocs_flush_by_their_least_indent)
{
	VALUE("<<-E\n    a\n\n  b\n  E", "\"  a\\n\\nb\\n\"");
	VALUE("<<E\n  a\n  E", "\"  a\\n\"");
	VALUE("<<E\nE", "\"\"");
	VALUE("<<-E\n  ${1}\n    x\n  E", "\"1\\n  x\\n\"");
}
END_TEST

START_TEST(mistakes_are_told_with_their_place)
{
	VALUE("'x'",
	    "t:1,5-6: Invalid character; Single quotes are not valid. Use "
	    "double quotes (\") to enclose strings., and 1 other "
	    "diagnostic(s)");
	VALUE("[1 2]",
	    "t:1,8-9: Missing item separator; Expected a comma to mark the "
	    "beginning of the next item.");
	VALUE("\"%{ if true }x\"",
	    "t:1,19-20: Unexpected end of template; The if directive at "
	    "t:1,6-18 is missing its corresponding endif directive.");
	VALUE("1 +", "t:1,8-2,1: Invalid expression; Expected the start of an "
		     "expression, but found an invalid expression token.");
}
END_TEST

static void
eval_all(const char *text, size_t n)
{
	struct hcl_diags d = { 0 };
	struct hcl_file *file = hcl_parse("t", text, n, HCL_2, &d);
	struct hcl_eval ev = { .diags = &d, .arena = &file->arena };

	for (size_t i = 0; i < file->body->nattrs; i++)
		hcl_eval(&ev, file->body->attrs[i].expr);
	hcl_diags_release(&d);
	hcl_file_free(file);
}

/* Whatever breaks off or is missing: what was read of it has its value. */
START_TEST(what_is_broken_can_be_evaluated)
{
	static const char text[] =
	    "a = [for k, v in {x = 1} : \"${k}-${v...}\" if v > 0]\n"
	    "b = a::b(c[0].d, [1, 2]...) ? {for x in y : x => !x...} : -1\n"
	    "c = \"%{ for x in [1] ~}${x::y()}%{ else }z%{ endfor }\"\n"
	    "d = <<-E\n  ${attr::}\n  E\n"
	    "e = x::1(2)[*].y.*.z\n";
	char cut[sizeof text];

	for (size_t i = 0; i < sizeof text; i++) {
		eval_all(text, i);
		for (size_t n = 1; n <= 4 && i + n < sizeof text; n++) {
			memcpy(cut, text, i);
			memcpy(cut + i, text + i + n, sizeof text - 1 - i - n);
			eval_all(cut, sizeof text - 1 - n);
		}
	}
}
END_TEST

START_TEST(people_see_the_line_and_a_marker)
{
	static const char text[] = "job \"j\" {\n\tx = @\n}\n";
	struct hcl_diags d = { 0 };
	struct buf out = { 0 };

	hcl_file_free(hcl_parse("t", text, sizeof text - 1, HCL_2, &d));
	hcl_diags_print(&d, &out);
	ck_assert_ptr_nonnull(
	    strstr(out.data, "\n     2 | \tx = @\n       | \t    ^\n"));
	buf_release(&out);
	hcl_diags_release(&d);
}
END_TEST

START_TEST(deep_nesting_is_refused)
{
	struct hcl_diags d = { 0 };
	struct buf text = { 0 };

	buf_adds(&text, "v = ");
	for (int i = 0; i < 100000; i++)
		buf_addc(&text, i % 3 == 0 ? '(' : i % 3 == 1 ? '[' : '-');
	hcl_file_free(hcl_parse("t", text.data, text.len, HCL_2, &d));
	ck_assert_uint_gt(d.n, 0);
	ck_assert_str_eq(d.v[0].summary, "Nesting too deep");
	hcl_diags_release(&d);
	buf_reset(&text);
	for (int i = 0; i < 100000; i++)
		buf_adds(&text, "a {\n");
	d = (struct hcl_diags){ 0 };
	hcl_file_free(hcl_parse("t", text.data, text.len, HCL_2, &d));
	ck_assert_uint_gt(d.n, 0);
	buf_release(&text);
	hcl_diags_release(&d);
}
END_TEST

START_TEST(work_without_end_is_refused)
{
	const char *said;
	char expr[900] = "", *end = expr;

	for (int i = 0; i < 20; i++)
		end += sprintf(end, "[for x in [1,2,3,4,5,6,7,8] : ");
	end += sprintf(end, "1");
	for (int i = 0; i < 20; i++)
		*end++ = ']';
	*end = '\0';
	said = hclvalue(expr);
	ck_assert_ptr_nonnull(strstr(said, "Evaluation too large"));
}
END_TEST

START_TEST(json_files_give_the_same_bodies)
{
	static const char text[] =
	    "{\"job\":{\"j\":{\"group\":[{\"a\":{}},{\"b\":{\"n\":"
	    "\"${1+1}\"}}]}}}";
	struct hcl_diags d = { 0 };
	struct hcl_file *file =
	    hcl_parse("t", text, sizeof text - 1, HCL_2, &d);
	struct hcl_eval ev = { .arena = &file->arena, .diags = &d };
	const struct hcl_block **jobs, **groups;
	size_t n;

	jobs = hcl_blocks_of(file->body, "job", 1, &n);
	ck_assert_uint_eq(n, 1);
	ck_assert_str_eq(jobs[0]->labels[0].text, "j");
	groups = hcl_blocks_of(jobs[0]->body, "group", 1, &n);
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(groups[1]->labels[0].text, "b");
	ck_assert(
	    hcl_eval(&ev, hcl_attr_of(groups[1]->body, "n")->expr)->num == 2);
	hcl_file_free(file);
}
END_TEST

UNIT_MAIN("hcl_parse", eval_calls_functions, eval_refuses_values_without_end,
    parse_knows_blocks_labels_and_attributes,
    eval_follows_the_rank_of_operators, eval_reads_lists_and_objects,
    eval_keeps_what_only_the_task_knows, eval_joins_templates,
    heredocs_flush_by_their_least_indent, mistakes_are_told_with_their_place,
    what_is_broken_can_be_evaluated, people_see_the_line_and_a_marker,
    deep_nesting_is_refused, work_without_end_is_refused,
    json_files_give_the_same_bodies)
