/*
 * From pattern to program, in one pass: what an operator works on has just
 * been written and is moved or copied as a whole, which it survives because
 * jumps count from where they stand.
 */
#include "common/regex_impl.h"

#include <string.h>

#include "common/mem.h"

#define NO_ATOM SIZE_MAX

static bool parse_alternatives(struct regex_parser *p);

/* --- groups --- */

/* Adds a group; its number goes to *i. */
static bool
new_group(struct regex_parser *p, const char *name, size_t n, size_t *i)
{
	struct regex *re = p->re;

	if (re->ngroups == REGEX_MAX_GROUPS)
		return regex_too_large(p);
	*i = re->ngroups++;
	if (name != NULL)
		re->names[*i] = xstrndup(name, n);
	return true;
}

static bool
is_name(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!(s[i] >= '0' && s[i] <= '9') &&
		    !(s[i] >= 'A' && s[i] <= 'Z') &&
		    !(s[i] >= 'a' && s[i] <= 'z') && s[i] != '_')
			return false;
	return n > 0;
}

/* (?P<name> or (?<name> at p->s. */
static bool
named_group(struct regex_parser *p, size_t *i)
{
	static const char what[] = "invalid named capture";
	const char *name = strchr(p->s, '<') + 1;
	const char *stop = memchr(name, '>', (size_t)(p->end - name));
	size_t n = stop != NULL ? (size_t)(stop - name) : 0;

	if (stop == NULL)
		return regex_fail(p, what, p->s, p->end);
	if (!is_name(name, n))
		return regex_fail(p, what, p->s, stop + 1);
	if (regex_group(p->re, name, n) != 0)
		return regex_fail(p, what, name, stop);
	p->s = stop + 1;
	return new_group(p, name, n, i);
}

static unsigned
flag_of(char c)
{
	switch (c) {
	case 'i':
		return RE_FOLD;
	case 'm':
		return RE_LINES;
	case 's':
		return RE_DOT_NL;
	case 'U':
		return RE_LAZY;
	default:
		return 0;
	}
}

/* (?flags) or (?flags: at p->s; *group: the latter. */
static bool
take_flags(struct regex_parser *p, bool *group)
{
	const char *open = p->s;
	unsigned flags = p->flags;
	bool minus = false, any = false; /* any behind the minus */

	for (p->s += 2; p->s < p->end;) {
		char c = *p->s++;
		unsigned flag = flag_of(c);

		if (flag != 0) {
			flags = minus ? flags & ~flag : flags | flag;
			any = minus;
		} else if (c == '-' && !minus) {
			minus = true;
		} else if ((c == ':' || c == ')') && any == minus) {
			*group = c == ':';
			p->flags = flags;
			return true;
		} else {
			return regex_fail(p,
			    "invalid or unsupported Perl syntax", open, p->s);
		}
	}
	return regex_fail(p, "missing closing )", open, p->end);
}

/* What is between the parentheses, the first being read. */
static bool
inside(struct regex_parser *p)
{
	if (p->depth == REGEX_MAX_DEPTH)
		return regex_fail(
		    p, "expression nests too deeply", p->start, p->end);
	p->depth++;
	if (!parse_alternatives(p))
		return false;
	p->depth--;
	if (p->s == p->end)
		return regex_fail(p, "missing closing )", p->start, p->end);
	p->s++;
	return true;
}

static bool
capture(struct regex_parser *p, size_t i)
{
	return regex_emit(p, RE_SAVE, (int32_t)(2 * i), 0) && inside(p) &&
	       regex_emit(p, RE_SAVE, (int32_t)(2 * i + 1), 0);
}

/* *nothing: it only set flags, so no operator may follow. */
static bool
parse_group(struct regex_parser *p, bool *nothing)
{
	unsigned flags = p->flags;
	bool group = true, good;
	size_t i = 0;

	if (regex_begins(p, "(?P<") || regex_begins(p, "(?<")) {
		good = named_group(p, &i) && capture(p, i);
	} else if (regex_begins(p, "(?")) {
		good = take_flags(p, &group) && (!group || inside(p));
	} else {
		p->s++;
		good = new_group(p, NULL, 0, &i) && capture(p, i);
	}
	if (group)
		p->flags = flags;
	*nothing = !group;
	return good;
}

/* --- what is repeated --- */

static bool
parse_dot(struct regex_parser *p)
{
	size_t from = p->re->nranges;

	p->s++;
	if ((p->flags & RE_DOT_NL) != 0)
		return regex_emit(p, RE_ANY, 0, 0);
	return regex_add_range(p, '\n', '\n') && regex_end_class(p, from, true);
}

static bool
parse_look(struct regex_parser *p, enum regex_look look, size_t n)
{
	p->s += n;
	return regex_emit(p, RE_LOOK, (int32_t)look, 0);
}

/* \Q...: up to \E or the end; *at is where its last character is. */
static bool
parse_quoted(struct regex_parser *p, size_t *at)
{
	int32_t cp;

	for (p->s += 2; p->s < p->end && !regex_begins(p, "\\E");) {
		*at = p->re->n;
		if (!regex_take_cp(p, &cp) || !regex_emit(p, RE_CHAR, cp, 0))
			return false;
	}
	p->s += p->s < p->end ? 2 : 0;
	return true;
}

static bool
parse_backslash(struct regex_parser *p, size_t *at)
{
	const struct regex_set *c;
	size_t from = p->re->nranges;
	bool negate;
	int32_t cp;

	switch (regex_peek(p, 1)) {
	case 'A':
		return parse_look(p, RE_TEXT_START, 2);
	case 'z':
		return parse_look(p, RE_TEXT_END, 2);
	case 'b':
		return parse_look(p, RE_WORD_EDGE, 2);
	case 'B':
		return parse_look(p, RE_NO_WORD_EDGE, 2);
	case 'Q':
		return parse_quoted(p, at);
	default:
		break;
	}
	c = regex_perl_class(p, &negate);
	if (c != NULL)
		return regex_add_class(p, c, negate) &&
		       regex_end_class(p, from, false);
	return regex_take_escape(p, &cp) && regex_emit(p, RE_CHAR, cp, 0);
}

/* One thing that may be repeated; *at is where it is, NO_ATOM for none. */
static bool
parse_atom(struct regex_parser *p, size_t *at)
{
	bool lines = (p->flags & RE_LINES) != 0, nothing = false;
	int32_t cp;

	*at = p->re->n;
	switch (*p->s) {
	case '(':
		if (!parse_group(p, &nothing))
			return false;
		if (nothing)
			*at = NO_ATOM;
		return true;
	case '[':
		return regex_parse_class(p);
	case '.':
		return parse_dot(p);
	case '^':
		return parse_look(p, lines ? RE_LINE_START : RE_TEXT_START, 1);
	case '$':
		return parse_look(p, lines ? RE_LINE_END : RE_TEXT_END, 1);
	case '\\':
		return parse_backslash(p, at);
	default:
		return regex_take_cp(p, &cp) && regex_emit(p, RE_CHAR, cp, 0);
	}
}

static bool
parse_repeat(struct regex_parser *p, size_t at, const struct regex_repeat *r,
    const char *from, const char *before)
{
	if (before != NULL)
		return regex_fail(
		    p, "invalid nested repetition operator", before, p->s);
	if (at == NO_ATOM)
		return regex_fail(
		    p, "missing argument to repetition operator", from, p->s);
	if (r->min > REGEX_MAX_REPEAT ||
	    (r->max != REGEX_NO_END &&
		(r->max > REGEX_MAX_REPEAT || r->max < r->min)))
		return regex_fail(p, "invalid repeat count", from, p->s);
	return regex_repeat(p, at, r);
}

static bool
parse_sequence(struct regex_parser *p)
{
	const char *last = NULL; /* the operator that came just before */
	size_t at = NO_ATOM;

	while (p->s < p->end && *p->s != '|' && *p->s != ')') {
		const char *from = p->s;
		struct regex_repeat r;

		if (regex_take_repeat(p, &r)) {
			if (!parse_repeat(p, at, &r, from, last))
				return false;
			last = from;
			continue;
		}
		last = NULL;
		if (!parse_atom(p, &at))
			return false;
	}
	return true;
}

/* Alternatives that are done jump to the end, which is not known yet: each
 * keeps the place of the one before it. */
static bool
parse_alternatives(struct regex_parser *p)
{
	size_t jump = 0, start = p->re->n;
	bool any = false;

	for (;;) {
		if (!parse_sequence(p))
			return false;
		if (p->s == p->end || *p->s != '|')
			break;
		p->s++;
		if (!regex_insert(p, start, RE_SPLIT, 1,
			(int32_t)(p->re->n - start + 2)) ||
		    !regex_emit(p, RE_JUMP, any ? (int32_t)jump : -1, 0))
			return false;
		any = true;
		jump = p->re->n - 1;
		start = p->re->n;
	}
	while (any) {
		int32_t before = p->re->v[jump].x;

		p->re->v[jump].x = (int32_t)(p->re->n - jump);
		any = before >= 0;
		jump = any ? (size_t)before : 0;
	}
	return true;
}

int
regex_parse(struct regex *re, const char *pattern, size_t n, struct err *err)
{
	struct regex_parser p = { .re = re,
		.start = pattern,
		.s = pattern,
		.end = pattern + n,
		.err = err };

	if (n > REGEX_MAX_PATTERN)
		return err_set(err, ERR_BAD,
		    "a pattern may have %d bytes, this one has %zu",
		    REGEX_MAX_PATTERN, n);
	re->ngroups = 1;
	if (!regex_emit(&p, RE_SAVE, 0, 0) || !parse_alternatives(&p))
		return -1;
	if (p.s < p.end) {
		regex_fail(&p, "unexpected )", pattern, p.end);
		return -1;
	}
	return regex_emit(&p, RE_SAVE, 1, 0) && regex_emit(&p, RE_MATCH, 0, 0)
		   ? 0
		   : -1;
}
