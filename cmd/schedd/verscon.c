#include "cmd/schedd/verscon.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PARTS 16
#define MAX_PRE   128

struct version {
	uint64_t parts[MAX_PARTS];
	size_t nparts; /* at least three, the missing ones are zero */
	size_t given;  /* parts that were written */
	char pre[MAX_PRE];
};

static bool
is_word(int c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '~';
}

/* Words joined by dots; returns what follows or NULL. */
static const char *
skip_words(const char *s)
{
	for (;;) {
		if (!is_word(*s))
			return NULL;
		while (is_word(*s))
			s++;
		if (*s != '.')
			return s;
		s++;
	}
}

static const char *
parse_parts(const char *s, struct version *v)
{
	for (;;) {
		char *end;

		if (!isdigit((unsigned char)*s) || v->given == MAX_PARTS)
			return NULL;
		errno = 0;
		v->parts[v->given++] = (uint64_t)strtoll(s, &end, 10);
		if (errno != 0)
			return NULL;
		s = end;
		if (*s != '.' || !isdigit((unsigned char)s[1]))
			break;
		s++;
	}
	v->nparts = v->given < 3 ? 3 : v->given;
	return s;
}

static const char *
parse_pre(const char *s, struct version *v, bool strict)
{
	const char *start = *s == '-' ? s + 1 : s, *end;

	if (*s == '\0' || *s == '+')
		return s;
	if (*s != '-' && (strict || (!isalpha((unsigned char)*s) && *s != '~')))
		return NULL;
	end = skip_words(start);
	if (end == NULL || (size_t)(end - start) >= MAX_PRE)
		return NULL;
	memcpy(v->pre, start, (size_t)(end - start));
	return end;
}

static bool
parse(const char *s, size_t n, bool strict, struct version *v)
{
	char text[256];
	const char *p = text;

	*v = (struct version){ 0 };
	while (n > 0 && isspace((unsigned char)*s)) {
		s++;
		n--;
	}
	while (n > 0 && isspace((unsigned char)s[n - 1]))
		n--;
	if (n == 0 || n >= sizeof text)
		return false;
	memcpy(text, s, n);
	text[n] = '\0';
	if (*p == 'v')
		p++;
	p = parse_parts(p, v);
	p = p != NULL ? parse_pre(p, v, strict) : NULL;
	if (p != NULL && *p == '+')
		p = skip_words(p + 1);
	return p != NULL && *p == '\0';
}

static int
compare_numbers(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static bool
is_number(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isdigit((unsigned char)s[i]))
			return false;
	return n > 0;
}

/* One dotted word of what comes before a release; numbers are smaller. */
static int
compare_words(const char *a, size_t na, const char *b, size_t nb)
{
	bool x = is_number(a, na), y = is_number(b, nb);
	int c;

	if (x && y)
		return compare_numbers(
		    strtoull(a, NULL, 10), strtoull(b, NULL, 10));
	if (x != y)
		return x ? -1 : 1;
	c = memcmp(a, b, na < nb ? na : nb);
	return c != 0 ? c : compare_numbers(na, nb);
}

static int
compare_pre(const char *a, const char *b)
{
	if (*a == '\0' || *b == '\0')
		return (*a == '\0') - (*b == '\0');
	while (*a != '\0' && *b != '\0') {
		size_t na = strcspn(a, "."), nb = strcspn(b, ".");
		int c = compare_words(a, na, b, nb);

		if (c != 0)
			return c;
		a += na + (a[na] == '.');
		b += nb + (b[nb] == '.');
	}
	return (*a != '\0') - (*b != '\0');
}

static int
compare(const struct version *a, const struct version *b)
{
	size_t n = a->nparts > b->nparts ? a->nparts : b->nparts;

	for (size_t i = 0; i < n; i++) {
		int c = compare_numbers(a->parts[i], b->parts[i]);

		if (c != 0)
			return c;
	}
	return compare_pre(a->pre, b->pre);
}

/* "~> 1.2.3": at least that, and below what the last but one part rises to. */
static bool
is_near(const struct version *v, const struct version *c)
{
	if (compare(v, c) < 0)
		return false;
	for (size_t i = 0; i + 1 < c->given; i++)
		if (v->parts[i] != c->parts[i])
			return false;
	return c->given > 1 || v->parts[0] >= c->parts[0];
}

/* What comes before a release is only compared with the like of the same
 * release; SemVer has no such rule. */
static bool
is_comparable(const struct version *v, const struct version *c, char op)
{
	if (*v->pre != '\0' && *c->pre == '\0')
		return false;
	if (*v->pre == '\0')
		return op != '~' || *c->pre == '\0';
	return v->nparts == c->nparts &&
	       memcmp(v->parts, c->parts, sizeof v->parts) == 0;
}

static bool
meets(const struct version *v, const char *s, size_t n, bool strict)
{
	static const char *const ops[] = { "~>", ">=", "<=", "!=", "=", ">",
		"<" };
	const char *op = "=";
	struct version c;
	int order;

	while (n > 0 && isspace((unsigned char)*s)) {
		s++;
		n--;
	}
	for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
		size_t len = strlen(ops[i]);

		if (n >= len && memcmp(s, ops[i], len) == 0) {
			op = ops[i];
			s += len;
			n -= len;
			break;
		}
	}
	if (!parse(s, n, strict, &c) || (strict && op[0] == '~'))
		return false;
	order = compare(v, &c);
	if (!strict && op[0] != '=' && op[0] != '!' &&
	    !is_comparable(v, &c, op[0]))
		return false;
	if (op[0] == '~')
		return is_near(v, &c);
	if (op[0] == '!')
		return order != 0;
	if (op[0] == '=')
		return order == 0;
	if (op[0] == '>')
		return order > 0 || (op[1] == '=' && order == 0);
	return order < 0 || (op[1] == '=' && order == 0);
}

bool
verscon_match(const char *version, const char *conditions, bool strict)
{
	struct version v;

	if (!parse(version, strlen(version), strict, &v))
		return false;
	for (const char *s = conditions;; s++) {
		size_t n = strcspn(s, ",");

		if (!meets(&v, s, n, strict))
			return false;
		s += n;
		if (*s == '\0')
			return true;
	}
}
