/*
 * Whether a cron line can be read: five fields from minute to weekday, a
 * year after them, seconds before them when there are seven.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/jobcheck_impl.h"
#include "common/mem.h"

#define MAX_FIELDS 7
#define MAX_STEP   4 /* digits of a step */

static const char *const months[] = { "january", "february", "march", "april",
	"may", "june", "july", "august", "september", "october", "november",
	"december", NULL };
static const char *const days[] = { "sunday", "monday", "tuesday", "wednesday",
	"thursday", "friday", "saturday", NULL };

static const struct field {
	const char *name;
	int min;
	int max;  /* of a value */
	int step; /* the largest */
	size_t ndigits;
	const char *const *names;
} fields[MAX_FIELDS] = {
	{ "second", 0, 59, 59, 2, NULL },
	{ "minute", 0, 59, 59, 2, NULL },
	{ "hour", 0, 23, 23, 2, NULL },
	{ "day-of-month", 1, 31, 31, 2, NULL },
	{ "month", 1, 12, 12, 2, months },
	{ "day-of-week", 0, 7, 6, 2, days },
	{ "year", 1970, 2099, 2099, 4, NULL },
};
enum { DAY_OF_MONTH = 3, DAY_OF_WEEK = 5 };

static const struct {
	const char *name;
	const char *text;
} macros[] = {
	{ "@yearly", "0 0 0 1 1 * *" },
	{ "@annually", "0 0 0 1 1 * *" },
	{ "@monthly", "0 0 0 1 * * *" },
	{ "@weekly", "0 0 0 * * 0 *" },
	{ "@daily", "0 0 0 * * * *" },
	{ "@hourly", "0 0 * * * * *" },
};

/* The bytes at s that make a value of the field; 0 when they make none. */
static size_t
value_len(const struct field *f, const char *s)
{
	size_t n = 0;
	int v = 0;

	for (; n < f->ndigits && isdigit((unsigned char)s[n]); n++)
		v = v * 10 + (s[n] - '0');
	if (n > 0)
		return v >= f->min && v <= f->max ? n : 0;
	for (const char *const *name = f->names; name != NULL && *name != NULL;
	     name++) {
		if (strncmp(s, *name, strlen(*name)) == 0)
			return strlen(*name);
		if (strncmp(s, *name, 3) == 0)
			n = 3;
	}
	return n;
}

/* What only days have: the last one, the nearest working day. */
static bool
is_special_day(const struct field *f, const char *s, size_t nvalue)
{
	const char *rest = s + nvalue;

	if (f == &fields[DAY_OF_MONTH])
		return strcmp(s, "l") == 0 || strcmp(s, "lw") == 0 ||
		       (nvalue > 0 && strcmp(rest, "w") == 0);
	if (f != &fields[DAY_OF_WEEK] || nvalue == 0)
		return false;
	return strcmp(rest, "l") == 0 || (rest[0] == '#' && rest[1] >= '1' &&
					     rest[1] <= '5' && rest[2] == '\0');
}

enum verdict { GOOD, WRONG, WRONG_STEP };

/* One member of a field's list, in small letters. */
static enum verdict
check_member(const struct field *f, const char *s)
{
	size_t n = value_len(f, s), to, ndigits;
	const char *rest = s + n;

	if (strcmp(s, "*") == 0 || strcmp(s, "?") == 0 ||
	    is_special_day(f, s, n))
		return GOOD;
	if (n == 0 && *s != '*')
		return WRONG;
	if (n == 0)
		rest = s + 1;
	else if (*rest == '-') {
		to = value_len(f, rest + 1);
		if (to == 0)
			return WRONG;
		rest += 1 + to;
	}
	if (*rest == '\0')
		return GOOD;
	ndigits = strspn(rest + 1, "0123456789");
	if (*rest != '/' || ndigits == 0 || rest[1 + ndigits] != '\0')
		return WRONG;
	if (ndigits > MAX_STEP || atoi(rest + 1) < 1 ||
	    atoi(rest + 1) > f->step)
		return WRONG_STEP;
	return GOOD;
}

/* False after telling what is wrong with a field of n bytes. */
static bool
check_field(const struct field *f, const char *s, size_t n, const char *spec,
    struct problems *p)
{
	size_t seen = 0;

	for (size_t at = 0, len; at < n; at += len + 1) {
		enum verdict v;
		char *small;

		len = strcspn(s + at, ",");
		len = len > n - at ? n - at : len;
		if (len == 0)
			continue;
		seen++;
		small = xstrndup(s + at, len);
		for (char *c = small; *c != '\0'; c++)
			*c = (char)tolower((unsigned char)*c);
		v = check_member(f, small);
		free(small);
		if (v == WRONG)
			problem(p,
			    "Invalid cron spec \"%s\": syntax error in %s "
			    "field: '%.*s'",
			    spec, f->name, (int)len, s + at);
		else if (v == WRONG_STEP)
			problem(p,
			    "Invalid cron spec \"%s\": invalid interval %.*s",
			    spec, (int)len, s + at);
		if (v != GOOD)
			return false;
	}
	if (seen == 0)
		problem(p,
		    "Invalid cron spec \"%s\": %s field: missing directive",
		    spec, f->name);
	return seen > 0;
}

/* The line with its macros written out. */
static char *
expand(const char *spec)
{
	struct buf b = { 0 };

	while (*spec != '\0') {
		size_t i = 0, nmacros = sizeof macros / sizeof macros[0];

		while (i < nmacros && strncmp(spec, macros[i].name,
					  strlen(macros[i].name)) != 0)
			i++;
		if (i < nmacros) {
			buf_adds(&b, macros[i].text);
			spec += strlen(macros[i].name);
		} else {
			buf_addc(&b, *spec++);
		}
	}
	return buf_take(&b);
}

void
check_cron(const char *spec, struct problems *p)
{
	char *line = expand(check_str(spec));
	const char *starts[MAX_FIELDS];
	size_t lens[MAX_FIELDS], n = 0, first;

	for (const char *s = line;
	     *(s += strspn(s, " \t\n\v\f\r")) != '\0' && n < MAX_FIELDS; n++) {
		starts[n] = s;
		lens[n] = strcspn(s, " \t\n\v\f\r");
		s += lens[n];
	}
	if (n < 5)
		problem(p, "Invalid cron spec \"%s\": missing field(s)",
		    check_str(spec));
	first = n == MAX_FIELDS ? 0 : 1;
	for (size_t i = 0; n >= 5 && i < n; i++)
		if (!check_field(&fields[first + i], starts[i], lens[i],
			check_str(spec), p))
			break;
	free(line);
}
