#include "tests/lib/unit.h"

#include <string.h>

#include "common/hcl/internal.h"

/* The token types of a text, by a letter each. */
static const char *
types_of(const char *text, char *out, struct hcl_diags *d)
{
	static const char letters[] = "$nin{}[]()\"'<>qs#%e*/+-m=EN"
				      "lLgG&|!.,~a?:;&|~^*'`;QBI";
	struct hcl_src src = { "t", text, strlen(text), NULL, 0 };
	struct hcl_tokens toks = { 0 };
	size_t i;

	hcl_lex(&src, HCL_LEX_FILE, &toks, d);
	for (i = 0; i < toks.n; i++)
		out[i] = letters[toks.v[i].type];
	out[i] = '\0';
	free(toks.v);
	return out;
}

static void
expect_types(const char *text, const char *types, size_t nerrors)
{
	struct hcl_diags d = { 0 };
	char out[256];

	ck_assert_str_eq(types_of(text, out, &d), types);
	ck_assert_uint_eq(d.n, nerrors);
	hcl_diags_release(&d);
}

START_TEST(lex_cuts_words_numbers_and_symbols)
{
	expect_types("a-b = 1.5e-3", "i=n$", 0);
	expect_types("a.0.b[*]", "i.n.i[*]$", 0);
	expect_types("5.", "n.$", 0);
	expect_types("1_000", "ni$", 0);
	expect_types("x>=1&&!y", "iGn&!i$", 0);
}
END_TEST

START_TEST(lex_keeps_the_line_end_of_a_comment)
{
	expect_types("a # x\nb", "ini$", 0);
	expect_types("a /* x\n */ b", "ii$", 0);
	expect_types("# only", "$", 0);
	expect_types("/* open", "/*i$", 0);
}
END_TEST

START_TEST(lex_nests_templates)
{
	expect_types("\"a${b}c\"", "\"q#ieq'$", 0);
	expect_types("\"${\"x${y}\"}\"", "\"#\"q#ie'e'$", 0);
	expect_types("\"${{}}\"", "\"#{}e'$", 0);
	expect_types("\"$${a} %%{b}\"", "\"q'$", 0);
	expect_types("\"%{if x~}y\"", "\"%iieq'$", 0);
}
END_TEST

START_TEST(lex_ends_a_heredoc_at_its_marker)
{
	expect_types("<<E\na\n E\n", "<s>n$", 0);
	expect_types("<<-E\nE\n", "<>n$", 0);
	expect_types("<<E\n${x}\nE\n", "<#ies>n$", 0);
	expect_types("<<E x\n", "lliin$", 0);
}
END_TEST

START_TEST(lex_names_what_is_no_token)
{
	expect_types("'a'", "'i'$", 1);
	expect_types("\"a\n", "\"qQ$", 1);
	expect_types("\xff", "B$", 1);
	expect_types("@", "I$", 1);
	expect_types("a & b", "i&i$", 1);
}
END_TEST

START_TEST(lex_refuses_templates_nested_without_end)
{
	struct hcl_diags d = { 0 };
	struct buf text = { 0 };
	struct hcl_src src = { .name = "t" };
	struct hcl_tokens toks = { 0 };

	for (int i = 0; i < 10000; i++)
		buf_adds(&text, "\"${");
	src.text = text.data;
	src.n = text.len;
	hcl_lex(&src, HCL_LEX_FILE, &toks, &d);
	ck_assert_uint_eq(d.n, 1);
	ck_assert_int_eq(toks.v[toks.n - 1].type, T_EOF);
	free(toks.v);
	buf_release(&text);
	hcl_diags_release(&d);
}
END_TEST

START_TEST(pos_counts_characters_as_people_see_them)
{
	/* e with an accent of its own, a family of four joined ones, CRLF */
	static const char text[] = "e\xcc\x81x\r\n"
				   "\xf0\x9f\x91\xa8\xe2\x80\x8d"
				   "\xf0\x9f\x91\xa9\xe2\x80\x8d"
				   "\xf0\x9f\x91\xa7y";
	struct hcl_src src = { "t", text, sizeof text - 1, NULL, 0 };
	struct hcl_pos pos = hcl_pos_of(&src, 3);

	ck_assert_uint_eq(pos.line, 1);
	ck_assert_uint_eq(pos.col, 2);
	pos = hcl_pos_of(&src, sizeof text - 2);
	ck_assert_uint_eq(pos.line, 2);
	ck_assert_uint_eq(pos.col, 2);
}
END_TEST

START_TEST(closest_suggests_only_near_names)
{
	static const char *const names[] = { "count", "task" };

	ck_assert_str_eq(hcl_closest("cuont", names, 2), "count");
	ck_assert_ptr_null(hcl_closest("bogus", names, 2));
}
END_TEST

UNIT_MAIN("hcl_lex", lex_cuts_words_numbers_and_symbols,
    lex_keeps_the_line_end_of_a_comment, lex_nests_templates,
    lex_ends_a_heredoc_at_its_marker, lex_names_what_is_no_token,
    lex_refuses_templates_nested_without_end,
    pos_counts_characters_as_people_see_them, closest_suggests_only_near_names)
