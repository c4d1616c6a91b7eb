#include "cmd/lbd/routecmd.h"

#include <string.h>

#include "tests/lib/unit.h"

static int
parse(struct routecmd_list *list, const char *text, struct err *err)
{
	*list = (struct routecmd_list){ 0 };
	return routecmd_parse(list, text, strlen(text), err);
}

START_TEST(routecmd_skips_comments_and_blank_lines)
{
	struct routecmd_list list;

	ck_assert_int_eq(
	    parse(&list, "# one\n\n // two\nroute del web\n", NULL), 0);
	ck_assert_uint_eq(list.ncmds, 1);
	ck_assert_uint_eq(list.cmds[0].line, 4);
	ck_assert_str_eq(list.cmds[0].service, "web");
	routecmd_release(&list);
}
END_TEST

START_TEST(routecmd_names_the_line_that_is_wrong)
{
	struct routecmd_list list;
	struct err err;

	ck_assert_int_eq(parse(&list, "route del web\nroot add\n", &err), -1);
	ck_assert_str_eq(err.text, "line 2: syntax error: 'route' expected");
	routecmd_release(&list);
	ck_assert_int_eq(
	    parse(&list, "route add a /a http://h/ weight x", &err), -1);
	ck_assert_str_eq(
	    err.text, "line 1: syntax error: weight value invalid");
	routecmd_release(&list);
}
END_TEST

START_TEST(routecmd_wants_its_parts_in_order)
{
	static const char *const wrong[] = {
		"route add a /a http://h/ opts \"x\" weight 1",
		"route add a /a http://h/ tags x",
		"route add a /a http://h/ tags \"x",
		"route add a /a http://h/ more",
		"route del a /a http://h/ more",
		"route weight /a weight 1",
		"route weight a /a weight",
		"route weight a /a weight nan",
		"route del",
	};

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct routecmd_list list;

		ck_assert_msg(
		    parse(&list, wrong[i], NULL) == -1, "%s", wrong[i]);
		routecmd_release(&list);
	}
}
END_TEST

START_TEST(routecmd_keeps_the_last_of_equal_options)
{
	struct routecmd_list list;
	const struct routecmd *c;

	ck_assert_int_eq(
	    parse(&list, "route add a /a http://h/ opts \"b=1 a b=2\"", NULL),
	    0);
	c = &list.cmds[0];
	ck_assert_uint_eq(c->nopts, 2);
	ck_assert_str_eq(routecmd_opt(c, "b"), "2");
	ck_assert_str_eq(routecmd_opt(c, "a"), "");
	ck_assert_ptr_null(routecmd_opt(c, "c"));
	routecmd_release(&list);
}
END_TEST

UNIT_MAIN("routecmd", routecmd_skips_comments_and_blank_lines,
    routecmd_names_the_line_that_is_wrong, routecmd_wants_its_parts_in_order,
    routecmd_keeps_the_last_of_equal_options)
