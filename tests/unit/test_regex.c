#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>

#include "common/regex.h"

/* Where the groups are: "0-3 1-2 -", "none", or the complaint. */
static const char *
find(const char *pattern, const char *text)
{
	static char out[ERR_TEXT_MAX];
	size_t at[2 * REGEX_MAX_GROUPS], budget = 1000000, n = 0;
	struct err err;
	struct regex *re = regex_new(pattern, strlen(pattern), &err);

	if (re == NULL) {
		snprintf(out, sizeof out, "%s", err.text);
		return out;
	}
	snprintf(out, sizeof out, "none");
	if (regex_search(re, text, strlen(text), 0, at, &budget) == 1)
		for (size_t i = 0; i < regex_ngroups(re); i++)
			n += (size_t)(at[2 * i] == SIZE_MAX
					  ? snprintf(out + n, sizeof out - n,
						"%s-", i > 0 ? " " : "")
					  : snprintf(out + n, sizeof out - n,
						"%s%zu-%zu", i > 0 ? " " : "",
						at[2 * i], at[2 * i + 1]));
	regex_free(re);
	return out;
}

#define FINDS(pattern, text, where) ck_assert_str_eq(find(pattern, text), where)

START_TEST(the_leftmost_match_counts_and_its_first_alternative)
{
	FINDS("b|ab", "cab", "1-3");
	FINDS("a|ab", "ab", "0-1");
	FINDS("(a|ab)(c|bcd)", "abcd", "0-4 0-1 1-4");
	FINDS("(a)|(b)|(c)", "b", "0-1 - 0-1 -");
	FINDS("", "x", "0-0");
	FINDS("x|", "y", "0-0");
	FINDS("(|a)+", "aa", "0-0 0-0");
	FINDS("zz", "z", "none");
}
END_TEST

START_TEST(operators_are_greedy_unless_they_say_otherwise)
{
	FINDS("a*", "aaa", "0-3");
	FINDS("a*?b", "aab", "0-3");
	FINDS("<.+?>", "<a><b>", "0-3");
	FINDS("(?U)<.+>", "<a><b>", "0-3");
	FINDS("(?U)<.+?>", "<a><b>", "0-6");
	FINDS("(a+)(a*)", "aaa", "0-3 0-3 3-3");
	FINDS("(ab){2,3}", "abababab", "0-6 4-6");
	FINDS("(ab){2,3}?", "abababab", "0-4 2-4");
	FINDS("a{2}", "aaa", "0-2");
	FINDS("a{2,}", "aaaa", "0-4");
	FINDS("xa{0}y", "xy", "0-2");
	FINDS("(a?){3}b", "aab", "0-3 2-2");
	FINDS("a{,2}", "a{,2}", "0-5");
	FINDS("(a*)*", "b", "0-0 0-0");
	FINDS("(|a)*", "aa", "0-0 0-0");
	FINDS("(?:a|b)*c", "abac", "0-4");
}
END_TEST

START_TEST(classes_take_what_they_name)
{
	FINDS("[a-c]+", "xabcd", "1-4");
	FINDS("[^a-c]+", "abxyc", "2-4");
	FINDS("[]a]+", "a]", "0-2");
	FINDS("[a-]+", "-a", "0-2");
	FINDS("[\\d.]+", "v1.20", "1-5");
	FINDS("[[:alpha:][:digit:]]+", "-a1-", "1-3");
	FINDS("[[:^alpha:]]+", "ab12", "2-4");
	FINDS("[^\\D5]+", "51234", "1-5");
	FINDS("\\w+\\s\\S", "a_1 -", "0-5");
	FINDS("[\\x41-\\x{5a}]+", "aBC", "1-3");
	FINDS("[^a]", "a\n", "1-2");
	FINDS(".", "\n", "none");
	FINDS("(?s).", "\n", "0-1");
	FINDS("[\xc3\xa0-\xc3\xbf]+", "e\xc3\xa9\xc3\xa8", "1-5");
	FINDS("^.$", "\xc3\xa9", "0-2");
	FINDS("^.$", "\xff", "none");
	FINDS("\\pL+", "1\xc3\xa9", "1-3");
}
END_TEST

START_TEST(places_are_looked_at_not_taken)
{
	FINDS("^b", "ab", "none");
	FINDS("(?m)^b$", "a\nb\nc", "2-3");
	FINDS("b$", "b\n", "none");
	FINDS("\\Ab\\z", "b", "0-1");
	FINDS("\\bfoo\\b", "xfoo foo", "5-8");
	FINDS("\\Boo", "foo", "1-3");
	FINDS("(?i)STRASSE[x-z]", "strasseY", "0-8");
	FINDS("(?i:A)b", "ab", "0-2");
	FINDS("(?i:A)B", "ab", "none");
	FINDS("a(?i)b|C", "xc", "1-2");
	FINDS("(?i-i)A", "a", "none");
	FINDS("\\Qa.b\\E+", "a.bb", "0-4");
	FINDS("\\.\\_\\x2d\\t\\060", "._-\t0", "0-5");
	FINDS("(?P<x>a)(?<y>b)", "ab", "0-2 0-1 1-2");
}
END_TEST

START_TEST(what_is_no_pattern_is_told_as_go_does)
{
	FINDS("(a", "", "missing closing ): `(a`");
	FINDS("a)", "", "unexpected ): `a)`");
	FINDS("x[a", "", "missing closing ]: `[a`");
	FINDS("*", "", "missing argument to repetition operator: `*`");
	FINDS("a|+?", "", "missing argument to repetition operator: `+?`");
	FINDS("(?i)*", "", "missing argument to repetition operator: `*`");
	FINDS("a**", "", "invalid nested repetition operator: `**`");
	FINDS("a{2}{3}", "", "invalid nested repetition operator: `{2}{3}`");
	FINDS("a{1001}", "", "invalid repeat count: `{1001}`");
	FINDS("a{2,1}", "", "numbers out of order in {} quantifier: `a{2,1}`");
	FINDS("[z-a]", "", "range out of order in character class: `[z-a]`");
	FINDS("[[:no:]]", "", "unknown POSIX class name: `[[:no:]]`");
	FINDS("\\y", "", "invalid escape sequence: `\\y`");
	FINDS("\\1", "", "invalid escape sequence: `\\1`");
	FINDS("a\\", "", "trailing backslash at end of expression: ``");
	FINDS("(?=a)", "", "invalid or unsupported Perl syntax: `(?=`");
	FINDS("(?i", "", "missing closing ): `(?i`");
	FINDS("(?P<a!>x)", "",
	    "syntax error in subpattern name (missing terminator?): "
	    "`(?P<a!>x)`");
	FINDS("(?P<a>x)(?P<a>y)", "",
	    "invalid named capture: `(?P<a>x)(?P<a>y)`");
	FINDS("a\xff", "", "invalid UTF-8");
	FINDS("((a{999}){999}){999}", "",
	    "expression too large: `((a{999}){999}){999}`");
}
END_TEST

START_TEST(no_pattern_is_slow)
{
	static char text[3001], pattern[401];
	size_t budget = 1000000;
	struct err err;
	struct regex *re;

	memset(text, 'a', sizeof text - 1);
	FINDS("(a*)*b", text, "none");
	FINDS("(a|a)*(a|aa)+$b", text, "none");
	memset(pattern, '(', 200);
	memset(pattern + 200, ')', 200);
	FINDS(pattern, "", find(pattern, ""));
	re = regex_new("(a{0,400}){9}[bc]", 17, &err);
	ck_assert_ptr_nonnull(re);
	ck_assert_int_eq(
	    regex_search(re, text, sizeof text - 1, 0, NULL, &budget), -1);
	ck_assert_uint_eq(budget, 0);
	regex_free(re);
}
END_TEST

UNIT_MAIN("regex", the_leftmost_match_counts_and_its_first_alternative,
    operators_are_greedy_unless_they_say_otherwise, classes_take_what_they_name,
    places_are_looked_at_not_taken, what_is_no_pattern_is_told_as_go_does,
    no_pattern_is_slow)
