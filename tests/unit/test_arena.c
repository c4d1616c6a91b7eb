#include "common/arena.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tests/lib/unit.h"

START_TEST(arena_memory_is_zero_aligned_and_apart)
{
	struct arena a = { 0 };
	char *last = NULL;

	for (size_t n = 1; n < 300; n++) {
		char *p = arena_alloc(&a, n);

		ck_assert_uint_eq((uintptr_t)p % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < n; i++)
			ck_assert_int_eq(p[i], 0);
		memset(p, 0xff, n);
		if (last != NULL)
			ck_assert_int_eq((unsigned char)last[n - 2], 0xff);
		last = p;
	}
	arena_release(&a);
}
END_TEST

START_TEST(arena_gives_more_than_a_block_holds)
{
	struct arena a = { 0 };
	char *small = arena_strndup(&a, "before", 6);
	char *large = arena_alloc(&a, 100000);

	large[99999] = 'x';
	ck_assert_str_eq(small, "before");
	ck_assert_uint_ge(a.used, 100007);
	arena_release(&a);
}
END_TEST

START_TEST(arena_copies_the_bytes_it_is_told_and_ends_them)
{
	struct arena a = { 0 };

	ck_assert_str_eq(arena_strndup(&a, "node-1", 4), "node");
	ck_assert_str_eq(arena_strndup(&a, "", 0), "");
	arena_release(&a);
}
END_TEST

START_TEST(arena_released_is_an_empty_one)
{
	struct arena a = { 0 };

	arena_release(&a);
	arena_alloc(&a, 10);
	arena_release(&a);
	ck_assert_ptr_null(a.blocks);
	ck_assert_uint_eq(a.used, 0);
	ck_assert_str_eq(arena_strndup(&a, "again", 5), "again");
	arena_release(&a);
}
END_TEST

UNIT_MAIN("arena", arena_memory_is_zero_aligned_and_apart,
    arena_gives_more_than_a_block_holds,
    arena_copies_the_bytes_it_is_told_and_ends_them,
    arena_released_is_an_empty_one)
