/* What a character of a pattern stands for: itself, an escape, a class. */
#include "common/regex_impl.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/text.h"

#define MAX_CP 0x10ffff

/* Always false; the part of the pattern that is wrong is shown. */
bool
regex_fail(
    struct regex_parser *p, const char *what, const char *from, const char *to)
{
	err_set(p->err, ERR_BAD, "%s: `%.*s`", what, (int)(to - from), from);
	return false;
}

bool
regex_too_large(struct regex_parser *p)
{
	return regex_fail(p, "expression too large", p->start, p->end);
}

char
regex_peek(const struct regex_parser *p, size_t i)
{
	return (size_t)(p->end - p->s) > i ? p->s[i] : '\0';
}

bool
regex_begins(const struct regex_parser *p, const char *with)
{
	size_t n = strlen(with);

	return (size_t)(p->end - p->s) >= n && memcmp(p->s, with, n) == 0;
}

bool
regex_take_cp(struct regex_parser *p, int32_t *cp)
{
	const uint8_t *s = (const uint8_t *)p->s;
	size_t n = 1;

	*cp = s[0];
	if (s[0] >= 0x80) {
		n = text_utf8_len(s, (size_t)(p->end - p->s));
		if (n == 0)
			return regex_fail(p, "invalid UTF-8", p->s, p->end);
		*cp = s[0] & (0x7f >> n);
		for (size_t i = 1; i < n; i++)
			*cp = *cp << 6 | (s[i] & 0x3f);
	}
	p->s += n;
	return true;
}

bool
regex_emit(struct regex_parser *p, enum regex_op op, int32_t x, int32_t y)
{
	struct regex *re = p->re;

	if (re->n == REGEX_MAX_PROGRAM)
		return regex_too_large(p);
	if (re->n == re->cap)
		re->v = xgrow(re->v, re->n, &re->cap, sizeof *re->v);
	re->v[re->n++] = (struct regex_inst){ .op = (uint8_t)op,
		.fold = (p->flags & RE_FOLD) != 0,
		.x = x,
		.y = y };
	return true;
}

/* --- classes --- */

bool
regex_add_range(struct regex_parser *p, int32_t low, int32_t high)
{
	struct regex *re = p->re;

	if (re->nranges == REGEX_MAX_PROGRAM)
		return regex_too_large(p);
	if (re->nranges == re->ranges_cap)
		re->ranges = xgrow(re->ranges, re->nranges, &re->ranges_cap,
		    sizeof *re->ranges);
	re->ranges[re->nranges++] = (struct regex_range){ low, high };
	return true;
}

static int
by_low(const void *a, const void *b)
{
	const struct regex_range *x = a, *y = b;

	return (x->low > y->low) - (x->low < y->low);
}

/* Sorts the ranges from `from` on and joins those that meet. */
static void
tidy(struct regex *re, size_t from)
{
	struct regex_range *r = re->ranges + from;
	size_t n = re->nranges - from, kept = 0;

	if (n == 0)
		return;
	qsort(r, n, sizeof *r, by_low);
	for (size_t i = 1; i < n; i++) {
		if (r[i].low > r[kept].high + 1)
			r[++kept] = r[i];
		else if (r[i].high > r[kept].high)
			r[kept].high = r[i].high;
	}
	re->nranges = from + kept + 1;
}

/* Sets of ASCII: pairs of first and last; those of Perl have one letter. */
static const struct regex_set classes[] = {
	{ "d", "09" },
	{ "s", "\t\n\f\r  " },
	{ "w", "09AZ__az" },
	{ "alnum", "09AZaz" },
	{ "alpha", "AZaz" },
	{ "ascii", "" }, /* cannot be written as text: see add_class */
	{ "blank", "\t\t  " },
	{ "cntrl", "" },
	{ "digit", "09" },
	{ "graph", "!~" },
	{ "lower", "az" },
	{ "print", " ~" },
	{ "punct", "!/:@[`{~" },
	{ "space", "\t\r  " },
	{ "upper", "AZ" },
	{ "word", "09AZ__az" },
	{ "xdigit", "09AFaf" },
};

static const struct regex_set *
find_class(const char *name, size_t n)
{
	for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
		if (strlen(classes[i].name) == n &&
		    memcmp(classes[i].name, name, n) == 0)
			return &classes[i];
	return NULL;
}

/* Turns the ranges from `from` on into all that they leave out. */
static bool
complement(struct regex_parser *p, size_t from)
{
	struct regex *re = p->re;
	size_t n;
	int32_t next = 0;

	tidy(re, from);
	n = re->nranges;
	for (size_t i = from; i < n; i++) {
		if (re->ranges[i].low > next &&
		    !regex_add_range(p, next, re->ranges[i].low - 1))
			return false;
		next = re->ranges[i].high + 1;
	}
	if (next <= MAX_CP && !regex_add_range(p, next, MAX_CP))
		return false;
	memmove(re->ranges + from, re->ranges + n,
	    (re->nranges - n) * sizeof *re->ranges);
	re->nranges -= n - from;
	return true;
}

bool
regex_add_class(struct regex_parser *p, const struct regex_set *c, bool negate)
{
	size_t from = p->re->nranges;
	bool good = true;

	for (const char *s = c->pairs; good && *s != '\0'; s += 2)
		good = regex_add_range(p, s[0], s[1]);
	if (strcmp(c->name, "ascii") == 0)
		good = regex_add_range(p, 0, 0x7f);
	if (strcmp(c->name, "cntrl") == 0)
		good = regex_add_range(p, 0, 0x1f) &&
		       regex_add_range(p, 0x7f, 0x7f);
	return good && (!negate || complement(p, from));
}

/* \d, \S and their like at p->s; NULL when it is another escape. */
const struct regex_set *
regex_perl_class(struct regex_parser *p, bool *negate)
{
	char c = regex_peek(p, 1);
	char lower = (char)(c | 0x20);

	if (regex_peek(p, 0) != '\\' || c == '\0' ||
	    strchr("dswDSW", c) == NULL)
		return NULL;
	*negate = c != lower;
	p->s += 2;
	return find_class(&lower, 1);
}

/* [:alpha:] at p->s, inside a class. */
static bool
parse_posix(struct regex_parser *p)
{
	const char *name = p->s + 2, *stop;
	const struct regex_set *c;
	bool negate = regex_peek(p, 2) == '^';

	name += negate;
	stop = memmem(name, (size_t)(p->end - name), ":]", 2);
	c = stop - name > 1 ? find_class(name, (size_t)(stop - name)) : NULL;
	if (c == NULL)
		return regex_fail(
		    p, "invalid character class range", p->s, stop + 2);
	p->s = stop + 2;
	return regex_add_class(p, c, negate);
}

/* --- escapes --- */

static bool
take_hex(struct regex_parser *p, const char *from, int32_t *cp)
{
	bool braces = regex_peek(p, 0) == '{';
	size_t most = braces ? 8 : 2, n = 0;

	p->s += braces;
	*cp = 0;
	for (; n < most && text_hex(regex_peek(p, 0)) != -1 && *cp <= MAX_CP;
	     n++)
		*cp = *cp << 4 | text_hex(*p->s++);
	if (n == 0 || *cp > MAX_CP || (!braces && n < 2) ||
	    (braces && regex_peek(p, 0) != '}'))
		return regex_fail(p, "invalid escape sequence", from,
		    p->s < p->end ? p->s + 1 : p->end);
	p->s += braces;
	return true;
}

/* \0, \012: a digit alone would be a back reference. */
static bool
take_octal(struct regex_parser *p, int32_t *cp)
{
	if (p->s[0] != '0' &&
	    (regex_peek(p, 1) < '0' || regex_peek(p, 1) > '7'))
		return false;
	*cp = 0;
	for (size_t n = 0;
	     n < 3 && regex_peek(p, 0) >= '0' && regex_peek(p, 0) <= '7'; n++)
		*cp = *cp << 3 | (*p->s++ - '0');
	return true;
}

/* The character that the escape at p->s stands for. */
bool
regex_take_escape(struct regex_parser *p, int32_t *cp)
{
	static const char plain[] = "a\af\fn\nr\rt\tv\v";
	const char *from = p->s++;
	char c = regex_peek(p, 0);

	if (p->s == p->end)
		return regex_fail(
		    p, "trailing backslash at end of expression", p->s, p->s);
	if (c == 'x') {
		p->s++;
		return take_hex(p, from, cp);
	}
	if (c >= '0' && c <= '7' && take_octal(p, cp))
		return true;
	for (size_t i = 0; plain[i] != '\0'; i += 2)
		if (plain[i] == c) {
			*cp = plain[i + 1];
			p->s++;
			return true;
		}
	if (!regex_take_cp(p, cp))
		return false;
	if (*cp < 0x80 && !(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') &&
	    !(c >= 'a' && c <= 'z'))
		return true;
	return regex_fail(p, "invalid escape sequence", from, p->s);
}

/* --- [...] --- */

static bool
class_char(struct regex_parser *p, int32_t *cp)
{
	return regex_peek(p, 0) == '\\' ? regex_take_escape(p, cp)
					: regex_take_cp(p, cp);
}

static bool
class_item(struct regex_parser *p)
{
	const struct regex_set *c;
	const char *from = p->s;
	int32_t low, high;
	bool negate;

	if (regex_begins(p, "[:") &&
	    memmem(p->s + 2, (size_t)(p->end - p->s - 2), ":]", 2) != NULL)
		return parse_posix(p);
	c = regex_perl_class(p, &negate);
	if (c != NULL)
		return regex_add_class(p, c, negate);
	if (!class_char(p, &low))
		return false;
	high = low;
	if (regex_peek(p, 0) == '-' && p->end - p->s > 1 && p->s[1] != ']') {
		p->s++;
		if (!class_char(p, &high))
			return false;
		if (high < low)
			return regex_fail(
			    p, "invalid character class range", from, p->s);
	}
	return regex_add_range(p, low, high);
}

bool
regex_end_class(struct regex_parser *p, size_t from, bool negate)
{
	tidy(p->re, from);
	if (!regex_emit(
		p, RE_CLASS, (int32_t)from, (int32_t)(p->re->nranges - from)))
		return false;
	p->re->v[p->re->n - 1].negate = negate;
	return true;
}

bool
regex_parse_class(struct regex_parser *p)
{
	const char *open = p->s++;
	size_t from = p->re->nranges;
	bool negate = regex_peek(p, 0) == '^', first = true;

	p->s += negate;
	for (; p->s < p->end && (*p->s != ']' || first); first = false)
		if (!class_item(p))
			return false;
	if (p->s == p->end)
		return regex_fail(p, "missing closing ]", open, p->end);
	p->s++;
	return regex_end_class(p, from, negate);
}
