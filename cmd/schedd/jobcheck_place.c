#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/jobcheck_impl.h"
#include "common/regex.h"

static const char *const sets[] = { "set_contains", "set_contains_all",
	"set_contains_any", NULL };
static const char *const compares[] = { "=", "==", "is", "!=", "not", "<",
	"<=", ">", ">=", NULL };

static void
check_regexp(const char *text, struct problems *p)
{
	struct err err;
	struct regex *re;

	text = check_str(text);
	re = regex_new(text, strlen(text), &err);
	if (re == NULL)
		problem(p,
		    "Regular expression failed to compile: error parsing "
		    "regexp: %s",
		    err.text);
	regex_free(re);
}

/* One condition such as ">= 1.2.3-beta". */
static bool
is_condition(const char *s, size_t n, bool strict)
{
	size_t i = 0, nops = 0;

	while (i < n && s[i] == ' ')
		i++;
	while (i < n && nops < 2 && strchr("<>=!~", s[i]) != NULL)
		i++, nops++;
	while (i < n && s[i] == ' ')
		i++;
	if (i < n && s[i] == 'v' && !strict)
		i++;
	if (i == n || !isdigit((unsigned char)s[i]))
		return false;
	while (i < n && (isdigit((unsigned char)s[i]) || s[i] == '.'))
		i++;
	if (strict && i < n && strchr("-+ ", s[i]) == NULL)
		return false;
	while (i < n &&
	       (isalnum((unsigned char)s[i]) || strchr("-.+~", s[i]) != NULL))
		i++;
	while (i < n && s[i] == ' ')
		i++;
	return i == n;
}

static void
check_version(
    const char *text, bool strict, const char *what, struct problems *p)
{
	const char *s = check_str(text);

	for (;;) {
		size_t n = strcspn(s, ",");

		if (!is_condition(s, n, strict)) {
			problem(p, "%s is invalid: Malformed constraint: %.*s",
			    what, (int)n, s);
			return;
		}
		if (s[n] == '\0')
			return;
		s += n + 1;
	}
}

/* An allowed count per value of a property. */
static void
check_distinct_count(const char *text, struct problems *p)
{
	char *end;
	uint64_t v;

	if (check_is(text, ""))
		return;
	errno = 0;
	v = strtoull(text, &end, 10);
	if (*end != '\0' || !isdigit((unsigned char)*text) || errno != 0)
		problem(p,
		    "Failed to convert RTarget \"%s\" to uint64: "
		    "strconv.ParseUint: parsing \"%s\": %s",
		    text, text,
		    errno == ERANGE ? "value out of range" : "invalid syntax");
	else if (v < 1)
		problem(p,
		    "Distinct Property must have an allowed count of 1 or "
		    "greater: %" PRIu64 " < 1",
		    v);
}

/* What stands in ${} must be something that nodes have. */
static void
check_attribute(const char *s, struct problems *p)
{
	static const char *const whole[] = { "${node.unique.id}",
		"${node.datacenter}", "${node.unique.name}", "${node.class}",
		"${node.pool}", NULL };
	static const char *const starts[] = { "${attr.", "${device.",
		"${meta." };

	if (*s == '\0')
		problem(p, "no attribute provided but is required by operator");
	if (*s != '$' || check_among(s, whole))
		return;
	if (s[1] != '{') {
		problem(p, "attribute \"%s\" is missing an opening brace", s);
		return;
	}
	if (s[strlen(s) - 1] != '}') {
		problem(p, "attribute \"%s\" is missing a closing brace", s);
		return;
	}
	for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
		if (strncmp(s, starts[i], strlen(starts[i])) == 0)
			return;
	problem(p, "unsupported attribute \"%s\"", s);
}

void
check_constraint(const struct constraint *c, struct problems *p)
{
	const char *op = check_str(c->operand);
	bool is_empty = check_is(c->rtarget, "");

	if (*op == '\0')
		problem(p, "Missing constraint operand");
	if (strcmp(op, "distinct_hosts") == 0)
		return;
	if (check_among(op, sets)) {
		if (is_empty)
			problem(p, "Set contains constraint requires an "
				   "RTarget");
	} else if (strcmp(op, "regexp") == 0) {
		check_regexp(c->rtarget, p);
	} else if (strcmp(op, "version") == 0) {
		check_version(c->rtarget, false, "Version constraint", p);
	} else if (strcmp(op, "semver") == 0) {
		check_version(c->rtarget, true, "Semver constraint", p);
	} else if (strcmp(op, "distinct_property") == 0) {
		check_distinct_count(c->rtarget, p);
	} else if (strcmp(op, "is_set") == 0 || strcmp(op, "is_not_set") == 0) {
		if (!is_empty)
			problem(p,
			    "Operator \"%s\" does not support an RTarget", op);
	} else if (check_among(op, compares)) {
		if (is_empty)
			problem(p, "Operator \"%s\" requires an RTarget", op);
	} else {
		problem(p, "Unknown constraint type \"%s\"", op);
	}
	check_attribute(check_str(c->ltarget), p);
}

void
check_affinity(const struct affinity *a, struct problems *p)
{
	const char *op = check_str(a->operand);
	bool is_empty = check_is(a->rtarget, "");

	if (*op == '\0')
		problem(p, "Missing affinity operand");
	if (check_among(op, sets)) {
		if (is_empty)
			problem(p, "Set contains operators require an RTarget");
	} else if (strcmp(op, "regexp") == 0) {
		check_regexp(a->rtarget, p);
	} else if (strcmp(op, "version") == 0) {
		check_version(a->rtarget, false, "Version affinity", p);
	} else if (strcmp(op, "semver") == 0) {
		check_version(a->rtarget, true, "Semver affinity", p);
	} else if (check_among(op, compares)) {
		if (is_empty)
			problem(p, "Operator \"%s\" requires an RTarget", op);
	} else {
		problem(p, "Unknown affinity operator \"%s\"", op);
	}
	if (check_is(a->ltarget, ""))
		problem(p, "No LTarget provided but is required");
	if (a->weight == 0)
		problem(p, "Affinity weight cannot be zero");
	else if (a->weight > 100 || a->weight < -100)
		problem(p, "Affinity weight must be within the range "
			   "[-100,100]");
}

void
check_spread(const struct spread *s, struct problems *p)
{
	struct map seen = { 0 };
	int64_t sum = 0;

	if (check_is(s->attribute, ""))
		problem(p, "Missing spread attribute");
	if (s->weight <= 0 || s->weight > 100)
		problem(p, "Spread block must have a positive weight from 0 to "
			   "100");
	for (size_t i = 0; i < s->nspread_target; i++) {
		const struct spread_target *t = &s->spread_target[i];

		if (check_first(&seen, t->value, i) < i)
			problem(p, "Spread target value \"%s\" already defined",
			    check_str(t->value));
		if (t->percent > 100 || t->percent < 0)
			problem(p,
			    "Spread target percentage for value \"%s\" must "
			    "be between 0 and 100",
			    check_str(t->value));
		else
			sum += t->percent;
	}
	map_release(&seen);
	if (sum > 100)
		problem(p,
		    "Sum of spread target percentages must not be greater "
		    "than 100%%; got %" PRId64 "%%",
		    sum);
}

void
check_placement(const struct constraint *cs, size_t ncs,
    const struct affinity *as, size_t nas, bool is_system, struct problems *p)
{
	struct problems part = { 0 };

	for (size_t i = 0; i < ncs; i++) {
		check_constraint(&cs[i], &part);
		problem_part(
		    p, &part, "Constraint %zu validation failed: ", i + 1);
	}
	if (is_system && nas > 0)
		problem(p, "System jobs may not have an affinity block");
	for (size_t i = 0; i < nas && !is_system; i++) {
		check_affinity(&as[i], &part);
		problem_part(
		    p, &part, "Affinity %zu validation failed: ", i + 1);
	}
}
