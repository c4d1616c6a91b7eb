#include "cmd/schedd/constraint.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>

#include "cmd/schedd/text.h"
#include "cmd/schedd/verscon.h"
#include "common/buf.h"
#include "common/regex.h"

#define MAX_NUMBER 64 /* longer ones are text */
/* Steps of a search; one that takes more finds nothing. */
#define MAX_PATTERN_WORK 20000

/* --- what a side means --- */

static bool
has_name(const char *target, const char *name)
{
	size_t n = strlen(target);

	return n == strlen(name) + 3 &&
	       strncmp(target + 2, name, strlen(name)) == 0;
}

static const char *
in_map(const struct rec_kv *kv, size_t n, const char *target, size_t prefix)
{
	size_t len = strlen(target), end = len - (target[len - 1] == '}');
	char *key = xstrndup(target + prefix, end - prefix);
	const struct rec_kv *e = rec_map_find(kv, n, sizeof *kv, key);

	free(key);
	return e != NULL ? sched_str(e->value) : NULL;
}

const char *
constraint_target(const struct node *n, const char *target)
{
	size_t len;

	target = sched_str(target);
	len = strlen(target);
	if (strncmp(target, "${", 2) != 0)
		return target;
	if (len < 3)
		return NULL;
	if (has_name(target, "node.unique.id"))
		return sched_str(n->id);
	if (has_name(target, "node.datacenter"))
		return sched_str(n->datacenter);
	if (has_name(target, "node.unique.name"))
		return sched_str(n->name);
	if (has_name(target, "node.class"))
		return sched_str(n->node_class);
	if (has_name(target, "node.pool"))
		return sched_str(n->node_pool);
	if (strncmp(target, "${attr.", 7) == 0)
		return in_map(n->attributes, n->nattributes, target, 7);
	if (strncmp(target, "${meta.", 7) == 0)
		return in_map(n->meta, n->nmeta, target, 7);
	return NULL;
}

/* --- operators --- */

static bool
to_int(const char *s, int64_t *v)
{
	char *end;

	errno = 0;
	*v = strtoll(s, &end, 10);
	return errno == 0 && end != s && *end == '\0' &&
	       !isspace((unsigned char)*s);
}

/* Digits may be parted by underscores; hexadecimal needs its exponent. */
static bool
to_float(const char *s, double *v)
{
	char text[MAX_NUMBER], *end;
	size_t n = 0;

	if (strlen(s) >= sizeof text || isspace((unsigned char)*s) ||
	    (strpbrk(s, "xX") != NULL && strpbrk(s, "pP") == NULL))
		return false;
	for (const char *p = s; *p != '\0'; p++)
		if (*p != '_' || p == s || !isdigit((unsigned char)p[-1]) ||
		    !isdigit((unsigned char)p[1]))
			text[n++] = *p;
	text[n] = '\0';
	*v = strtod(text, &end);
	return end != text && *end == '\0';
}

/* Less, equal, greater as bits: as whole numbers, else as numbers, else as
 * text. None of them when one is not a number. */
enum { LESS = 1, EQUAL = 2, GREATER = 4 };

static int
order_of(const char *a, const char *b)
{
	int64_t i, k;
	double x, y;
	int c;

	if (to_int(a, &i) && to_int(b, &k))
		return i < k ? LESS : i > k ? GREATER : EQUAL;
	if (to_float(a, &x) && to_float(b, &y))
		return (x < y ? LESS : 0) | (x > y ? GREATER : 0) |
		       (x <= y && x >= y ? EQUAL : 0);
	c = strcmp(a, b);
	return c < 0 ? LESS : c > 0 ? GREATER : EQUAL;
}

static bool
matches(const char *s, const char *pattern)
{
	size_t budget = MAX_PATTERN_WORK;
	struct err err;
	struct regex *re = regex_new(pattern, strlen(pattern), &err);
	bool hit;

	if (re == NULL)
		return false;
	hit = regex_search(re, s, strlen(s), 0, NULL, &budget) == 1;
	regex_free(re);
	return hit;
}

/* The next element of a comma-separated set, without blanks around it. */
static bool
next_element(const char **set, const char **elem, size_t *n)
{
	const char *s = *set;

	if (s == NULL)
		return false;
	*n = strcspn(s, ",");
	*set = s[*n] == ',' ? s + *n + 1 : NULL;
	while (*n > 0 && isspace((unsigned char)*s)) {
		s++;
		(*n)--;
	}
	while (*n > 0 && isspace((unsigned char)s[*n - 1]))
		(*n)--;
	*elem = s;
	return true;
}

static bool
has_element(const char *set, const char *elem, size_t n)
{
	const char *e;
	size_t len;

	while (next_element(&set, &e, &len))
		if (len == n && memcmp(e, elem, n) == 0)
			return true;
	return false;
}

static bool
contains(const char *set, const char *wanted, bool all)
{
	const char *e;
	size_t n;

	while (next_element(&wanted, &e, &n))
		if (has_element(set, e, n) != all)
			return !all;
	return all;
}

static bool
is_one_of(const char *op, const char *a, const char *b, const char *c)
{
	return strcmp(op, a) == 0 || strcmp(op, b) == 0 || strcmp(op, c) == 0;
}

static bool
holds_on_values(const char *op, const char *l, const char *r)
{
	if (is_one_of(op, "=", "==", "is"))
		return strcmp(l, r) == 0;
	if (strcmp(op, "<") == 0)
		return order_of(l, r) == LESS;
	if (strcmp(op, "<=") == 0)
		return (order_of(l, r) & (LESS | EQUAL)) != 0;
	if (strcmp(op, ">") == 0)
		return order_of(l, r) == GREATER;
	if (strcmp(op, ">=") == 0)
		return (order_of(l, r) & (GREATER | EQUAL)) != 0;
	if (strcmp(op, "version") == 0)
		return verscon_match(l, r, false);
	if (strcmp(op, "semver") == 0)
		return verscon_match(l, r, true);
	if (strcmp(op, "regexp") == 0)
		return matches(l, r);
	if (is_one_of(op, "set_contains", "set_contains_all", "set_contains"))
		return contains(l, r, true);
	return strcmp(op, "set_contains_any") == 0 && contains(l, r, false);
}

bool
constraint_holds(const char *op, const char *left, const char *right)
{
	op = sched_str(op);
	if (is_one_of(op, "!=", "not", "!="))
		return !sched_eq(left, right);
	if (strcmp(op, "is_set") == 0)
		return left != NULL;
	if (strcmp(op, "is_not_set") == 0)
		return left == NULL;
	if (is_one_of(
		op, "distinct_hosts", "distinct_property", "distinct_hosts"))
		return true;
	return left != NULL && right != NULL &&
	       holds_on_values(op, left, right);
}

bool
constraint_meets(const struct node *n, const struct constraint *c)
{
	return constraint_holds(c->operand, constraint_target(n, c->ltarget),
	    constraint_target(n, c->rtarget));
}

bool
constraint_likes(const struct node *n, const struct affinity *a)
{
	return constraint_holds(a->operand, constraint_target(n, a->ltarget),
	    constraint_target(n, a->rtarget));
}

char *
constraint_format(const struct constraint *c)
{
	return xasprintf("%s %s %s", sched_str(c->ltarget),
	    sched_str(c->operand), sched_str(c->rtarget));
}

bool
constraint_is_distinct_hosts(const struct constraint *c)
{
	return sched_eq(c->operand, "distinct_hosts");
}

bool
constraint_is_distinct_property(const struct constraint *c)
{
	return sched_eq(c->operand, "distinct_property");
}
