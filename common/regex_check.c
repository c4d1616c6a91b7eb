/*
 * What PCRE2 takes and Go does not: back references, assertions about what
 * stands around, verbs, possessive operators. A job that uses them would run
 * here and nowhere else.
 */
#include "common/regex_impl.h"

#include <ctype.h>
#include <string.h>

struct scan {
	const char *p, *end;
	const char *open;   /* the class that p stands in */
	const char *repeat; /* the one just before p: nothing repeats it */
	bool nothing;       /* there is nothing yet to be repeated */
	struct err *err;
};

static int
fail(const struct scan *s, const char *what, const char *from, const char *to)
{
	if (to > s->end)
		to = s->end;
	return err_set(
	    s->err, ERR_BAD, "%s: `%.*s`", what, (int)(to - from), from);
}

/* \Q...\E, and otherwise one character. */
static int
check_escape(struct scan *s)
{
	static const char letters[] = "AbBdDsSwWzpPQEafnrtvx0";
	const char *from = s->p;
	unsigned char c;

	if (s->end - s->p < 2)
		return fail(
		    s, "trailing backslash at end of expression", from, from);
	c = (unsigned char)s->p[1];
	if (isalnum(c) && strchr(letters, c) == NULL)
		return fail(s, "invalid escape sequence", from, from + 2);
	s->p += 2;
	if (c != 'Q')
		return 0;
	while (
	    s->p < s->end && (s->end - s->p < 2 || memcmp(s->p, "\\E", 2) != 0))
		s->p++;
	return 0;
}

/* (?:, (?P<name>, (?<name> or flags. */
static int
check_group(struct scan *s)
{
	const char *from = s->p;
	size_t n = (size_t)(s->end - from);

	if (n >= 2 && from[1] == '*')
		return fail(s, "missing argument to repetition operator",
		    from + 1, from + 2);
	s->nothing = true;
	s->p++;
	if (n < 3 || from[1] != '?')
		return 0;
	s->p = from + 2;
	if (n > 3 && from[2] == 'P' && from[3] == '<')
		return 0;
	if (n > 3 && from[2] == '<' && from[3] != '=' && from[3] != '!')
		return 0;
	while (s->p < s->end && memchr("imsU-", *s->p, 5) != NULL)
		s->p++;
	if (s->p < s->end && *s->p != ':' && *s->p != ')')
		return fail(
		    s, "invalid or unsupported Perl syntax", from, s->p + 1);
	s->p += s->p < s->end;
	return 0;
}

/* How long the operator at p is, its ? included; 0: there is none. */
static size_t
operator_length(const struct scan *s)
{
	const char *p = s->p;

	if (*p == '{') {
		const char *digits = ++p;

		while (p < s->end && isdigit((unsigned char)*p))
			p++;
		if (p == digits)
			return 0;
		if (p < s->end && *p == ',')
			p++;
		while (p < s->end && isdigit((unsigned char)*p))
			p++;
		if (p == s->end || *p != '}')
			return 0;
	} else if (memchr("*+?", *p, 3) == NULL) {
		return 0;
	}
	p++;
	return (size_t)(p - s->p) + (p < s->end && *p == '?');
}

/* One of the operator's numbers is. */
static bool
is_large(const char *p, size_t n)
{
	unsigned count = 0;

	for (size_t i = 1; i < n; i++) {
		count = isdigit((unsigned char)p[i])
			    ? count * 10 + (unsigned)(p[i] - '0')
			    : 0;
		if (count > REGEX_MAX_REPEAT)
			return true;
	}
	return false;
}

static int
check_outside(struct scan *s)
{
	size_t n = operator_length(s);
	const char *was = s->repeat;

	if (n > 0 && s->nothing)
		return fail(s, "missing argument to repetition operator", s->p,
		    s->p + n);
	if (n > 0 && *s->p == '{' && is_large(s->p, n))
		return fail(s, "invalid repeat count", s->p, s->p + n);
	if (n > 0 && was != NULL)
		return fail(
		    s, "invalid nested repetition operator", was, s->p + n);
	s->repeat = n > 0 ? s->p : NULL;
	s->nothing = *s->p == '|';
	if (n > 0) {
		s->p += n;
	} else if (*s->p == '(') {
		return check_group(s);
	} else if (*s->p == '[') {
		s->open = s->p++;
		s->p += s->p < s->end && *s->p == '^';
		s->p += s->p < s->end && *s->p == ']';
	} else {
		s->p++;
	}
	return 0;
}

static void
pass_in_class(struct scan *s)
{
	const char *close = NULL;

	if (s->end - s->p >= 2 && memcmp(s->p, "[:", 2) == 0)
		close = memmem(s->p + 2, (size_t)(s->end - s->p) - 2, ":]", 2);
	if (close != NULL)
		s->p = close + 1;
	else if (*s->p == ']')
		s->open = NULL;
	s->p++;
}

int
regex_check(const char *pattern, size_t n, struct err *err)
{
	struct scan s = {
		.p = pattern, .end = pattern + n, .nothing = true, .err = err
	};

	while (s.p < s.end) {
		if (*s.p == '\\') {
			s.repeat = NULL;
			s.nothing = false;
			if (check_escape(&s) == -1)
				return -1;
		} else if (s.open != NULL) {
			pass_in_class(&s);
		} else if (check_outside(&s) == -1) {
			return -1;
		}
	}
	if (s.open != NULL)
		return fail(&s, "missing closing ]", s.open, s.end);
	return 0;
}
