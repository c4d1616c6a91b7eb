#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/jobcanon.h"
#include "cmd/schedd/jobcheck_impl.h"
#include "common/mem.h"

static void
add(struct problems *p, char *text)
{
	p->list = xgrow(p->list, p->n, &p->cap, sizeof *p->list);
	p->list[p->n++] = text;
}

void
problem(struct problems *p, const char *fmt, ...)
{
	struct buf text = { 0 };
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	add(p, buf_take(&text));
}

void
problem_part(struct problems *p, struct problems *part, const char *fmt, ...)
{
	struct buf text = { 0 };
	va_list ap;
	char *inner;

	if (part->n > 0) {
		va_start(ap, fmt);
		buf_vaddf(&text, fmt, ap);
		va_end(ap);
		inner = job_problems_format(part->list, part->n);
		buf_adds(&text, inner);
		free(inner);
		add(p, buf_take(&text));
	}
	problems_release(part);
}

void
problems_release(struct problems *p)
{
	job_problems_free(p->list, p->n);
	*p = (struct problems){ 0 };
}

void
job_problems_free(char **problems, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(problems[i]);
	free(problems);
}

char *
job_problems_format(char *const *problems, size_t n)
{
	struct buf text = { 0 };

	buf_addf(
	    &text, n == 1 ? "%zu error occurred:" : "%zu errors occurred:", n);
	for (size_t i = 0; i < n; i++)
		buf_addf(&text, "\n\t* %s", problems[i]);
	buf_adds(&text, "\n\n");
	return buf_take(&text);
}

const char *
check_str(const char *s)
{
	return s == NULL ? "" : s;
}

bool
check_is(const char *s, const char *word)
{
	return strcmp(check_str(s), word) == 0;
}

bool
check_among(const char *s, const char *const *words)
{
	for (; *words != NULL; words++)
		if (check_is(s, *words))
			return true;
	return false;
}

size_t
check_first(struct map *seen, const char *name, size_t i)
{
	uintptr_t first = (uintptr_t)map_find(seen, check_str(name));

	/* A map holds no NULL, so places are counted from one. */
	if (first == 0)
		map_put(seen, check_str(name), (void *)(uintptr_t)(i + 1));
	return first == 0 ? i : (size_t)first - 1;
}

/* Digits of a fraction without the zeros at its end, and the unit. */
static void
add_fraction(struct buf *b, uint64_t v, uint64_t unit, const char *name)
{
	uint64_t rest = v % unit;

	buf_addf(b, "%" PRIu64, v / unit);
	if (rest != 0) {
		buf_addc(b, '.');
		for (uint64_t place = unit / 10; rest != 0 && place > 0;
		     place /= 10) {
			/* cppcheck takes rest for place. */
			/* cppcheck-suppress zerodivcond */
			buf_addf(b, "%" PRIu64, rest / place);
			rest %= place;
		}
	}
	buf_adds(b, name);
}

const char *
check_dur(int64_t ns, char text[CHECK_DUR_MAX])
{
	uint64_t v = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
	const uint64_t s = 1000000000;
	struct buf b = { 0 };

	if (ns < 0)
		buf_addc(&b, '-');
	if (v == 0)
		buf_adds(&b, "0s");
	else if (v < 1000)
		buf_addf(&b, "%" PRIu64 "ns", v);
	else if (v < 1000000)
		add_fraction(&b, v, 1000, "\302\265s");
	else if (v < s)
		add_fraction(&b, v, 1000000, "ms");
	else {
		if (v >= 3600 * s)
			buf_addf(&b, "%" PRIu64 "h", v / (3600 * s));
		if (v >= 60 * s)
			buf_addf(&b, "%" PRIu64 "m", v / (60 * s) % 60);
		add_fraction(&b, v % (60 * s), s, "s");
	}
	snprintf(text, CHECK_DUR_MAX, "%s", buf_str(&b));
	buf_release(&b);
	return text;
}

/* How many folders deep a path ends, below zero when it ever leaves. */
static int
walk(const char *path, int depth)
{
	while (*path != '\0') {
		size_t n = strcspn(path, "/");

		if (n == 2 && strncmp(path, "..", 2) == 0)
			depth--;
		else if (n > 0 && !(n == 1 && *path == '.'))
			depth += depth >= 0 ? 1 : 0;
		if (depth < 0)
			return depth;
		path += n + (path[n] == '/' ? 1 : 0);
	}
	return depth;
}

bool
check_escapes(const char *base, const char *path)
{
	return walk(check_str(path), walk(base, 0)) < 0;
}
