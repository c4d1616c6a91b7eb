#include "cmd/lbd/match.h"

#include <string.h>

#include "tests/lib/unit.h"

START_TEST(match_globs_know_all_their_signs)
{
	static const struct {
		const char *pattern, *text;
		bool fits;
	} cases[] = {
		{ "*.abc.com", "x.abc.com", true },
		{ "*.abc.com", "abc.com", false },
		{ "a?c", "abc", true },
		{ "a?c", "ac", false },
		{ "[a-c]x", "bx", true },
		{ "[!a-c]x", "bx", false },
		{ "{foo,bar}.com", "bar.com", true },
		{ "{foo,b{a,u}r}.*", "bur.de", true },
		{ "{foo,bar}.com", "baz.com", false },
		{ "a\\*b", "a*b", true },
		{ "a\\*b", "axb", false },
		{ "*a*b*c*", "xxaxxbxxcxx", true },
		{ "", "", true },
		{ "", "a", false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		ck_assert_msg(match_glob(cases[i].pattern, cases[i].text,
				  strlen(cases[i].text)) == cases[i].fits,
		    "%s against %s", cases[i].pattern, cases[i].text);
}
END_TEST

START_TEST(match_globs_that_are_wrong_are_told)
{
	struct err err;

	ck_assert_int_eq(match_glob_check("a[b", &err), -1);
	ck_assert_int_eq(match_glob_check("a{b", &err), -1);
	ck_assert_int_eq(match_glob_check("{a,{b,c}}[x]*", &err), 0);
}
END_TEST

START_TEST(match_globs_cost_little_whatever_they_say)
{
	char text[4096];

	memset(text, 'a', sizeof text);
	ck_assert(!match_glob("*a*a*a*a*a*a*a*a*a*b", text, sizeof text));
	ck_assert(!match_glob(
	    "{a,a}{a,a}{a,a}{a,a}{a,a}{a,a}{a,a}{a,a}b", text, sizeof text));
}
END_TEST

static void
check_clean(const char *raw, const char *want, bool want_same)
{
	struct buf norm = { 0 };
	bool same;

	ck_assert_int_eq(match_clean_path(raw, strlen(raw), &norm, &same), 0);
	ck_assert_str_eq(norm.data, want);
	ck_assert_msg(same == want_same, "%s", raw);
	buf_release(&norm);
}

START_TEST(match_cleans_paths_as_fabio_does)
{
	check_clean("/a/b", "/a/b", true);
	check_clean("/a%20b", "/a b", true);
	check_clean("/a%2Fb", "/a/b", true);
	check_clean("//a//b/../c", "/a/c", false);
	check_clean("/a/%2e%2e/%2e%2e/etc", "/etc", false);
	check_clean("/a/%252e%252e/etc/", "/etc/", false);
	check_clean("/100%25", "/100%", true);
	check_clean("/..", "/", false);
	check_clean("/.hidden", "/.hidden", true);
}
END_TEST

START_TEST(match_refuses_escapes_that_are_wrong)
{
	static const char *const wrong[] = { "/%", "/%2", "/%zz", "/a%00b" };

	for (size_t i = 0; i < 4; i++) {
		struct buf norm = { 0 };
		bool same;

		ck_assert_int_eq(
		    match_clean_path(wrong[i], strlen(wrong[i]), &norm, &same),
		    -1);
		buf_release(&norm);
	}
}
END_TEST

UNIT_MAIN("match", match_globs_know_all_their_signs,
    match_globs_that_are_wrong_are_told,
    match_globs_cost_little_whatever_they_say, match_cleans_paths_as_fabio_does,
    match_refuses_escapes_that_are_wrong)
