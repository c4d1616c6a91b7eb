/* A full list that comes in parts says only at its end what is gone. */
#include "cmd/nodeagent/serverlink_impl.h"
#include "tests/lib/unit.h"

START_TEST(what_is_unlisted_is_known_with_the_last_part)
{
	struct link_cursor c = { 0 };

	link_cursor_move(&c, 9, true, 4, "b");
	link_cursor_list(&c, "a");
	ck_assert(!link_cursor_is_whole(&c));
	ck_assert_uint_eq(c.index, 9);
	ck_assert_uint_eq(c.at, 4);
	ck_assert_str_eq(c.after, "b");
	link_cursor_move(&c, 12, false, 0, "");
	link_cursor_list(&c, "c");
	ck_assert(link_cursor_is_whole(&c));
	ck_assert(link_cursor_lists(&c, "a") && link_cursor_lists(&c, "c"));
	ck_assert(!link_cursor_lists(&c, "b"));
	link_cursor_forget(&c);

	/* What only tells of changes is no list. */
	link_cursor_move(&c, 13, false, 0, NULL);
	link_cursor_list(&c, "d");
	ck_assert(!link_cursor_is_whole(&c));
	link_cursor_release(&c);
}
END_TEST

START_TEST(a_full_part_begins_the_list_anew)
{
	struct link_cursor c = { 0 };

	link_cursor_move(&c, 9, true, 4, "b");
	link_cursor_list(&c, "a");
	link_cursor_move(&c, 20, true, 0, NULL);
	link_cursor_list(&c, "c");
	ck_assert(link_cursor_is_whole(&c));
	ck_assert(!link_cursor_lists(&c, "a"));
	ck_assert(link_cursor_lists(&c, "c"));
	link_cursor_release(&c);
}
END_TEST

UNIT_MAIN("serverlink_cursor", what_is_unlisted_is_known_with_the_last_part,
    a_full_part_begins_the_list_anew)
