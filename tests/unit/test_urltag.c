#include "cmd/lbd/urltag.h"

#include <string.h>

#include "tests/lib/unit.h"

static size_t
commands(char *const *tags, size_t ntags, struct buf *out, struct err *err)
{
	struct urltag_service svc = { .name = "web",
		.address = "10.0.0.1",
		.port = 80,
		.tags = tags,
		.ntags = ntags };

	return urltag_commands(&svc, URLTAG_PREFIX, NULL, out, err);
}

START_TEST(urltag_moves_options_to_where_they_belong)
{
	char tag[] = "urlprefix-Shop.Example/Cart strip=/Cart weight=0.2 "
		     "proto=https";
	char other[] = "blue";
	char *tags[] = { tag, other };
	struct buf out = { 0 };

	ck_assert_uint_eq(commands(tags, 2, &out, NULL), 0);
	ck_assert_str_eq(out.data,
	    "route add web shop.example/Cart https://10.0.0.1:80 weight 0.2 "
	    "tags \"blue\" opts \"strip=/Cart\"\n");
	buf_release(&out);
}
END_TEST

START_TEST(urltag_makes_a_redirect_of_the_url)
{
	char tag[] = "urlprefix-/old redirect=301,https://new/$path";
	char *tags[] = { tag };
	struct buf out = { 0 };

	ck_assert_uint_eq(commands(tags, 1, &out, NULL), 0);
	ck_assert_str_eq(out.data,
	    "route add web /old https://new/$path opts \"redirect=301\"\n");
	buf_release(&out);
}
END_TEST

START_TEST(urltag_leaves_out_what_would_break_the_table)
{
	char empty[] = "urlprefix-";
	char quote[] = "urlprefix-/a x\"y";
	char line[] = "urlprefix-/a\nroute del other";
	char good[] = "urlprefix-/good";
	char *tags[] = { empty, quote, line, good };
	struct buf out = { 0 };
	struct err err;

	ck_assert_uint_eq(commands(tags, 4, &out, &err), 3);
	ck_assert_ptr_nonnull(strstr(out.data, "web /good http://"));
	ck_assert_ptr_null(strstr(out.data, "\nroute del"));
	buf_release(&out);
}
END_TEST

START_TEST(urltag_sorts_lines_in_reverse)
{
	struct buf text = { 0 };

	buf_adds(&text, "a\nc\nb\n");
	urltag_sort_lines(&text);
	ck_assert_str_eq(text.data, "c\nb\na\n");
	buf_release(&text);
}
END_TEST

UNIT_MAIN("urltag", urltag_moves_options_to_where_they_belong,
    urltag_makes_a_redirect_of_the_url,
    urltag_leaves_out_what_would_break_the_table, urltag_sorts_lines_in_reverse)
