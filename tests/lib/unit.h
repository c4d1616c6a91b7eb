/*
 * What every unit test program shares: its main().
 *
 *	START_TEST(map_forgets_what_is_removed) { ... } END_TEST
 *	UNIT_MAIN("map", map_forgets_what_is_removed)
 */
#ifndef TESTS_LIB_UNIT_H
#define TESTS_LIB_UNIT_H

#include <check.h>
#include <stdlib.h>

#define UNIT_TIMEOUT_S 60

/* Where a test makes its directories: what runs it removes them, too, should
 * the test be killed. */
static inline const char *
unit_tmp(void)
{
	const char *dir = getenv("TMPDIR");

	return dir != NULL && *dir != '\0' ? dir : "/tmp";
}

#define UNIT_MAIN(name, ...)                                                \
	int main(void)                                                      \
	{                                                                   \
		const TTest *const tests[] = { __VA_ARGS__ };               \
		Suite *suite = suite_create(name);                          \
		TCase *tcase = tcase_create(name);                          \
		SRunner *runner;                                            \
		int nfailed;                                                \
                                                                            \
		tcase_set_timeout(tcase, UNIT_TIMEOUT_S);                   \
		for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) \
			tcase_add_test(tcase, tests[i]);                    \
		suite_add_tcase(suite, tcase);                              \
		runner = srunner_create(suite);                             \
		srunner_run_all(runner, CK_NORMAL);                         \
		nfailed = srunner_ntests_failed(runner);                    \
		srunner_free(runner);                                       \
		return nfailed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;          \
	}

#endif
