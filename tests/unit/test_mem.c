#include "common/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/unit.h"

START_TEST(mem_gives_something_even_for_nothing)
{
	void *some[] = { xmalloc(0), xcalloc(0, 8), xreallocarray(NULL, 0, 8),
		xmemdup(NULL, 0), xstrndup(NULL, 0) };

	for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
		ck_assert_ptr_nonnull(some[i]);
		free(some[i]);
	}
}
END_TEST

START_TEST(mem_copies_are_their_own)
{
	const char *text = "schedd";
	char *whole = xstrdup(text), *part = xstrndup(text, 5);
	char *longer = xstrndup(text, 100);
	char *made = xasprintf("%s-%d", text, 7);

	ck_assert_str_eq(whole, "schedd");
	ck_assert_ptr_ne(whole, text);
	ck_assert_str_eq(part, "sched");
	ck_assert_str_eq(longer, "schedd");
	ck_assert_str_eq(made, "schedd-7");
	free(whole);
	free(part);
	free(longer);
	free(made);
}
END_TEST

START_TEST(mem_grows_by_half_and_keeps_what_is_there)
{
	uint64_t *list = NULL;
	size_t cap = 0, nmoves = 0;

	for (size_t n = 0; n < 1000; n++) {
		size_t was = cap;

		list = xgrow(list, n, &cap, sizeof *list);
		ck_assert_uint_gt(cap, n);
		nmoves += cap != was;
		list[n] = n;
	}
	for (size_t n = 0; n < 1000; n++)
		ck_assert_uint_eq(list[n], n);
	ck_assert_uint_le(nmoves, 14);
	free(list);
}
END_TEST

/* A product that wraps must not become a small allocation. */
START_TEST(mem_ends_the_program_when_sizes_overflow)
{
	free(xcalloc(SIZE_MAX / 2, 4));
}
END_TEST

START_TEST(mem_ends_the_program_when_an_array_overflows)
{
	free(xreallocarray(NULL, SIZE_MAX / 2, 4));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("mem");
	TCase *tcase = tcase_create("mem");
	SRunner *runner;
	int nfailed;

	tcase_add_test(tcase, mem_gives_something_even_for_nothing);
	tcase_add_test(tcase, mem_copies_are_their_own);
	tcase_add_test(tcase, mem_grows_by_half_and_keeps_what_is_there);
	tcase_add_exit_test(tcase, mem_ends_the_program_when_sizes_overflow, 1);
	tcase_add_exit_test(
	    tcase, mem_ends_the_program_when_an_array_overflows, 1);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	nfailed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return nfailed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
