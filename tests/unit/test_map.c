#include "common/map.h"

#include "tests/lib/unit.h"

START_TEST(map_keeps_the_newest_value_and_the_order)
{
	struct map m = { 0 };
	int a = 1, b = 2, c = 3;
	struct map_entry *e;

	ck_assert_ptr_null(map_find(&m, "x"));
	ck_assert_ptr_null(map_put(&m, "x", &a));
	ck_assert_ptr_null(map_put(&m, "y", &b));
	ck_assert_ptr_eq(map_put(&m, "x", &c), &a);
	ck_assert_uint_eq(map_count(&m), 2);
	e = map_first(&m);
	ck_assert_str_eq(map_key(e), "x");
	ck_assert_ptr_eq(map_value(e), &c);
	ck_assert_ptr_eq(map_remove(&m, "x"), &c);
	ck_assert_ptr_null(map_remove(&m, "x"));
	map_release(&m);
	ck_assert_uint_eq(map_count(&m), 0);
}
END_TEST

START_TEST(map_is_a_set_of_strings)
{
	struct map m = { 0 };

	ck_assert(!map_has(&m, "x"));
	ck_assert(map_add(&m, "x"));
	ck_assert(!map_add(&m, "x"));
	ck_assert(map_has(&m, "x"));
	ck_assert_uint_eq(map_count(&m), 1);
	ck_assert_ptr_nonnull(map_remove(&m, "x"));
	ck_assert(!map_has(&m, "x"));
	map_release(&m);
}
END_TEST

UNIT_MAIN(
    "map", map_keeps_the_newest_value_and_the_order, map_is_a_set_of_strings)
