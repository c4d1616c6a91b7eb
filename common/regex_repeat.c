/* What * + ? and {n,m} do to what stands before them. */
#include "common/regex_impl.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

/* The same before what has been written from `at` on. */
bool
regex_insert(
    struct regex_parser *p, size_t at, enum regex_op op, int32_t x, int32_t y)
{
	struct regex_inst in;
	struct regex *re = p->re;

	if (!regex_emit(p, op, x, y))
		return false;
	in = re->v[re->n - 1];
	memmove(re->v + at + 1, re->v + at, (re->n - 1 - at) * sizeof in);
	re->v[at] = in;
	return true;
}

/* A split whose first way is the wanted one, unless lazy. */
static void
set_ways(struct regex_inst *in, int32_t more, int32_t less, bool lazy)
{
	in->x = lazy ? less : more;
	in->y = lazy ? more : less;
}

static bool
emit_split(struct regex_parser *p, int32_t more, int32_t less, bool lazy)
{
	if (!regex_emit(p, RE_SPLIT, 0, 0))
		return false;
	set_ways(&p->re->v[p->re->n - 1], more, less, lazy);
	return true;
}

static bool
insert_split(
    struct regex_parser *p, size_t at, int32_t more, int32_t less, bool lazy)
{
	if (!regex_insert(p, at, RE_SPLIT, 0, 0))
		return false;
	set_ways(&p->re->v[at], more, less, lazy);
	return true;
}

static bool
take_count(const char **s, const char *end, unsigned *n)
{
	const char *from = *s;

	*n = 0;
	for (; *s < end && **s >= '0' && **s <= '9'; (*s)++)
		if (*n <= REGEX_MAX_REPEAT)
			*n = *n * 10 + (unsigned)(**s - '0');
	return *s > from;
}

/* {n}, {n,} or {n,m} at p->s; another brace is a plain character. */
static bool
take_braces(struct regex_parser *p, struct regex_repeat *r)
{
	const char *s = p->s + 1;

	if (!take_count(&s, p->end, &r->min))
		return false;
	r->max = r->min;
	if (s < p->end && *s == ',') {
		s++;
		if (!take_count(&s, p->end, &r->max))
			r->max = REGEX_NO_END;
	}
	if (s == p->end || *s != '}')
		return false;
	p->s = s + 1;
	return true;
}

bool
regex_take_repeat(struct regex_parser *p, struct regex_repeat *r)
{
	switch (*p->s) {
	case '*':
		*r = (struct regex_repeat){ 0, REGEX_NO_END, false };
		break;
	case '+':
		*r = (struct regex_repeat){ 1, REGEX_NO_END, false };
		break;
	case '?':
		*r = (struct regex_repeat){ 0, 1, false };
		break;
	case '{':
		if (!take_braces(p, r))
			return false;
		p->s--;
		break;
	default:
		return false;
	}
	p->s++;
	r->lazy = regex_peek(p, 0) == '?';
	p->s += r->lazy;
	r->lazy ^= (p->flags & RE_LAZY) != 0;
	return true;
}

static bool
copy(struct regex_parser *p, const struct regex_inst *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!regex_emit(p, RE_MATCH, 0, 0))
			return false;
		p->re->v[p->re->n - 1] = v[i];
	}
	return true;
}

/* Any number of what stands from `at` on, or at least one. */
static bool
repeat_on(struct regex_parser *p, size_t at, bool once, bool lazy)
{
	int32_t len = (int32_t)(p->re->n - at);

	/* One after the other, the first of which may be left out: so what
	 * may be empty is tried once, and its groups are set. */
	return emit_split(p, -len, 1, lazy) &&
	       (once || insert_split(p, at, 1, len + 2, lazy));
}

/* More copies of the n instructions of v: `count` that may be left out, each
 * only with those behind it. */
static bool
add_optional(struct regex_parser *p, const struct regex_inst *v, size_t n,
    unsigned count, bool lazy)
{
	for (unsigned i = 0; i < count; i++)
		if (!emit_split(p, 1, (int32_t)((n + 1) * (count - i)), lazy) ||
		    !copy(p, v, n))
			return false;
	return true;
}

static bool
add_copies(struct regex_parser *p, const struct regex_inst *v, size_t n,
    const struct regex_repeat *r)
{
	size_t last = p->re->n;

	for (unsigned i = 0; i < r->min; i++) {
		last = p->re->n;
		if (!copy(p, v, n))
			return false;
	}
	if (r->max != REGEX_NO_END)
		return add_optional(p, v, n, r->max - r->min, r->lazy);
	if (r->min == 0 && !copy(p, v, n))
		return false;
	return repeat_on(p, last, r->min > 0, r->lazy);
}

bool
regex_repeat(struct regex_parser *p, size_t at, const struct regex_repeat *r)
{
	size_t n = p->re->n - at;
	struct regex_inst *v;
	bool good;

	v = xmalloc(n * sizeof *v + 1);
	memcpy(v, p->re->v + at, n * sizeof *v);
	p->re->n = at;
	good = add_copies(p, v, n, r);
	free(v);
	return good;
}
