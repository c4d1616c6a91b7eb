#include "cmd/rove/table.h"

#include <stdio.h>
#include <string.h>

#include "cmd/rove/flags.h"
#include "tests/lib/unit.h"

START_TEST(table_aligns_columns_and_names_what_is_empty)
{
	struct buf rows = { 0 }, out = { 0 };

	table_row(&rows, "ID|Node|Status");
	table_row(&rows, "%s|%s|%s", "a1", "", "run\nning");
	table_format(buf_str(&rows), TABLE_LIST, &out);
	ck_assert_str_eq(
	    buf_str(&out), "ID  Node    Status\na1  <none>  run ning");
	buf_reset(&out);
	table_format("A|\nLong|v", TABLE_KV, &out);
	ck_assert_str_eq(buf_str(&out), "A    = <none>\nLong = v");
	buf_release(&rows);
	buf_release(&out);
}
END_TEST

/* Reads the words with a switch, a text and a count. */
struct read {
	bool on;
	const char *text;
	int64_t count;
	struct flag_texts many;
	int argc;
	char *argv[16];
	bool help;
	struct err err;
};

static int
read_flags(struct read *r, const char *line)
{
	static char words[256];
	const struct flag rows[] = {
		{ "on", FLAG_BOOL, &r->on, NULL, "" },
		{ "text", FLAG_TEXT, &r->text, "<t>", "" },
		{ "n", FLAG_COUNT, &r->count, "<n>", "" },
		{ "var", FLAG_TEXTS, &r->many, "<v>", "" },
	};
	const struct flags flags = { rows, 4, NULL };
	char *save = NULL;

	memset(r, 0, sizeof *r);
	snprintf(words, sizeof words, "%s", line);
	for (char *w = strtok_r(words, " ", &save); w != NULL;
	     w = strtok_r(NULL, " ", &save))
		r->argv[r->argc++] = w;
	return flags_parse(&flags, &r->argc, r->argv, &r->help, &r->err);
}

START_TEST(flags_come_in_all_of_gos_forms_and_anywhere)
{
	struct read r;

	ck_assert_int_eq(
	    read_flags(&r, "run -on --text=a=b file -n 3 -var x -var y -"), 0);
	ck_assert(r.on);
	ck_assert_str_eq(r.text, "a=b");
	ck_assert_int_eq(r.count, 3);
	ck_assert_uint_eq(r.many.n, 2);
	ck_assert_int_eq(r.argc, 3);
	ck_assert_str_eq(r.argv[1], "file");
	ck_assert_str_eq(r.argv[2], "-");
	ck_assert_int_eq(read_flags(&r, "run -on=false -- -n"), 0);
	ck_assert(!r.on);
	ck_assert_str_eq(r.argv[1], "-n");
	ck_assert_int_eq(read_flags(&r, "run -h"), 0);
	ck_assert(r.help);
}
END_TEST

START_TEST(flags_that_are_wrong_are_named)
{
	struct read r;

	ck_assert_int_eq(read_flags(&r, "run -foo"), -1);
	ck_assert_str_eq(r.err.text, "flag provided but not defined: -foo");
	ck_assert_int_eq(read_flags(&r, "run -text"), -1);
	ck_assert_str_eq(r.err.text, "flag needs an argument: -text");
	ck_assert_int_eq(read_flags(&r, "run -n x"), -1);
	ck_assert_str_eq(
	    r.err.text, "invalid value \"x\" for flag -n: parse error");
	ck_assert_int_eq(read_flags(&r, "run -on=maybe"), -1);
}
END_TEST

UNIT_MAIN("table", table_aligns_columns_and_names_what_is_empty,
    flags_come_in_all_of_gos_forms_and_anywhere, flags_that_are_wrong_are_named)
