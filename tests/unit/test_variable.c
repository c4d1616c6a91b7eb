#include "proto/variable.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "tests/lib/unit.h"

static const char *
fault(const char *path)
{
	static struct err err;

	return variable_check_path(path, &err) == 0 ? "" : err.text;
}

START_TEST(a_path_is_made_of_few_characters_and_short)
{
	char path[VARIABLE_PATH_MAX + 2];

	ck_assert_str_eq(fault("a"), "");
	ck_assert_str_eq(fault("A-z_0~9/b//c/"), "");
	ck_assert_str_eq(fault(""), "variable requires path");
	ck_assert_str_eq(fault(NULL), "variable requires path");
	ck_assert_str_eq(fault("a.b"), "invalid path \"a.b\"");
	ck_assert_str_eq(fault("a b"), "invalid path \"a b\"");
	ck_assert_str_eq(fault("a@b"), "invalid path \"a@b\"");
	memset(path, 'x', sizeof path);
	path[VARIABLE_PATH_MAX] = '\0';
	ck_assert_str_eq(fault(path), "");
	path[VARIABLE_PATH_MAX] = 'x';
	path[VARIABLE_PATH_MAX + 1] = '\0';
	ck_assert_ptr_eq(strstr(fault(path), "invalid path"), fault(path));
}
END_TEST

START_TEST(what_is_below_nomad_is_reserved)
{
	ck_assert_str_eq(fault("nomad/jobs"), "");
	ck_assert_str_eq(fault("nomad/jobs/a/b"), "");
	ck_assert_str_eq(fault("nomad/job-templates/x"), "");
	ck_assert_str_eq(fault("nomads"), "");
	ck_assert_str_eq(fault("a/nomad"), "");
	ck_assert_ptr_nonnull(strstr(fault("nomad"), "reserved top-level"));
	ck_assert_ptr_nonnull(strstr(fault("nomad/"), "only paths at"));
	ck_assert_ptr_nonnull(strstr(fault("nomad/jobsx"), "only paths at"));
	ck_assert_ptr_nonnull(strstr(fault("nomad/x/jobs"), "only paths at"));
	ck_assert_ptr_nonnull(
	    strstr(fault("nomad/job-templates"), "template-name"));
	ck_assert_ptr_nonnull(
	    strstr(fault("nomad/job-templates/x/y"), "template-name"));
}
END_TEST

START_TEST(items_are_there_and_not_too_many)
{
	struct rec_kv items[2] = { { .key = "a" }, { .key = "b" } };
	struct variable v = { .ns = "default", .path = "p", .items = items };
	char *half = xcalloc(1, VARIABLE_MAX_BYTES);
	struct err err;

	ck_assert_int_eq(variable_check(&v, &err), -1);
	ck_assert_str_eq(err.text, "empty variables are invalid");
	memset(half, 'x', VARIABLE_MAX_BYTES / 2 - 1);
	items[0].value = items[1].value = half;
	v.nitems = 2;
	ck_assert_int_eq(variable_check(&v, &err), 0);
	items[1].key = "bb";
	ck_assert_int_eq(variable_check(&v, &err), -1);
	ck_assert_str_eq(
	    err.text, "variables are limited to 64KiB in total size");
	free(half);
}
END_TEST

UNIT_MAIN("variable", a_path_is_made_of_few_characters_and_short,
    what_is_below_nomad_is_reserved, items_are_there_and_not_too_many)
