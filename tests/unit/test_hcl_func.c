#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/hcl/glob.h"
#include "tests/lib/hclvalue.h"

#define VALUE(expr, json) ck_assert_str_eq(hclvalue(expr), json)
#define FAILS(expr, why)  ck_assert_ptr_nonnull(strstr(hclvalue(expr), why))

static void
check_join(const char *dir, const char *path, const char *want)
{
	char *got = hcl_path_join(dir, path);

	ck_assert_str_eq(got, want);
	free(got);
}

START_TEST(paths_are_joined_as_text)
{
	check_join("", "", ".");
	check_join("a/b", "../c", "a/c");
	check_join("a", "../../c", "../c");
	check_join("/a", "../../c//d/", "/c/d");
	check_join("", "/", "/");
	VALUE("dirname(\"a/b/../c.txt\")", "\"a\"");
	VALUE("dirname(\"/a\")", "\"/\"");
	VALUE("basename(\"/a/b/\")", "\"b\"");
	VALUE("abspath(\"/a/./b\")", "\"/a/b\"");
	FAILS("pathexpand(\"~nobody/x\")", "cannot expand user-specific home");
}
END_TEST

static void
touch(const char *path)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fclose(f);
}

START_TEST(a_fileset_is_what_its_pattern_names)
{
	char dir[256];

	snprintf(dir, sizeof dir, "%s/glob-XXXXXX", unit_tmp());
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
	mkdir("a", 0755);
	mkdir("a/b", 0755);
	touch("x.txt");
	touch("a/y.txt");
	touch("a/b/z.txt");
	touch("a/b/.hidden");
	ck_assert_int_eq(symlink("..", "a/b/up"), 0);
	VALUE("fileset(\".\", \"*.txt\")", "[\"x.txt\"]");
	VALUE("fileset(\".\", \"**/*.txt\")",
	    "[\"a/b/z.txt\",\"a/y.txt\",\"x.txt\"]");
	VALUE(
	    "fileset(\"a\", \"**\")", "[\"b/.hidden\",\"b/z.txt\",\"y.txt\"]");
	VALUE("fileset(\"a\", \"{b/[!.]*,../x.t?t}\")",
	    "[\"../x.txt\",\"b/z.txt\"]");
	VALUE("fileset(\"a/b\", \"../../{x,{y,z}}.txt\")", "[\"../../x.txt\"]");
	VALUE("fileset(\"none\", \"*\")", "[]");
	FAILS("fileset(\".\", \"{a\")", "syntax error in pattern");
	FAILS("fileexists(\"a\")", "a is not a regular file, but \"d");
	VALUE("[for f in fileset(\"a\", \"**\") : fileexists(\"a/${f}\")]",
	    "[true,true,true]");
}
END_TEST

UNIT_MAIN(
    "hcl_func", paths_are_joined_as_text, a_fileset_is_what_its_pattern_names)
