#include "common/err.h"

#include <errno.h>
#include <string.h>

#include "tests/lib/unit.h"

START_TEST(err_gathers_context_on_its_way_up)
{
	struct err err;

	ck_assert_int_eq(
	    err_set(&err, ERR_BAD, "memory %d MB is too small", 1), -1);
	ck_assert_int_eq(err_add(&err, "task %s", "db"), -1);
	ck_assert_int_eq(err_add(&err, "job %s", "web"), -1);
	ck_assert_str_eq(
	    err.text, "job web: task db: memory 1 MB is too small");
	ck_assert_int_eq(err.code, ERR_BAD);
}
END_TEST

START_TEST(err_of_the_system_says_what_errno_means_and_keeps_it)
{
	struct err err;

	errno = ENOENT;
	ck_assert_int_eq(err_sys(&err, "open %s", "/x"), -1);
	ck_assert_str_eq(err.text, "open /x: No such file or directory");
	ck_assert_int_eq(err.code, ERR_SYSTEM);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

START_TEST(err_cuts_a_sentence_that_is_too_long)
{
	char text[2 * ERR_TEXT_MAX];
	struct err err;

	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = '\0';
	err_set(&err, ERR_BAD, "%s", text);
	ck_assert_uint_eq(strlen(err.text), ERR_TEXT_MAX - 1);
	err_add(&err, "here");
	ck_assert_uint_eq(strlen(err.text), ERR_TEXT_MAX - 1);
	ck_assert_int_eq(strncmp(err.text, "here: xx", 8), 0);
}
END_TEST

START_TEST(err_may_go_unheard)
{
	ck_assert_int_eq(err_set(NULL, ERR_BAD, "x"), -1);
	ck_assert_int_eq(err_sys(NULL, "x"), -1);
	ck_assert_int_eq(err_add(NULL, "x"), -1);
}
END_TEST

START_TEST(err_codes_all_have_names)
{
	for (int code = ERR_NONE; code <= ERR_NOT_LEADER; code++)
		ck_assert_str_ne(err_name((enum err_code)code), "unknown");
	ck_assert_str_eq(err_name(ERR_NOT_FOUND), "not-found");
	ck_assert_str_eq(err_name((enum err_code)99), "unknown");
}
END_TEST

UNIT_MAIN("err", err_gathers_context_on_its_way_up,
    err_of_the_system_says_what_errno_means_and_keeps_it,
    err_cuts_a_sentence_that_is_too_long, err_may_go_unheard,
    err_codes_all_have_names)
