#include "tests/lib/fill.h"

#include <assert.h>
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"

#define MAX_STACK 24
/* 2026-01-02T03:04:05Z */
#define SOME_TIME_NS (INT64_C(1767323045) * CLOCK_NS_PER_S)

/* The types that we are inside of. */
struct stack {
	const struct rec_type *types[MAX_STACK];
	size_t depth;
};

static void fill(const struct rec_type *t, char *rec, struct stack *s);

static size_t
times_inside(const struct stack *s, const struct rec_type *t)
{
	size_t n = 0;

	for (size_t i = 0; i < s->depth; i++)
		n += s->types[i] == t;
	return n;
}

static bool
may_enter(const struct stack *s, const struct rec_type *t)
{
	return s->depth < MAX_STACK && times_inside(s, t) < 2;
}

static struct rec_bytes
some_bytes(const struct rec_field *f)
{
	const uint8_t data[] = { 0, 0xff, (uint8_t)f->tag };

	return (struct rec_bytes){ xmemdup(data, sizeof data), sizeof data };
}

static struct tree *
some_tree(const struct rec_field *f)
{
	struct tree *t = tree_map();

	tree_set(t, f->name, tree_int(f->tag));
	return t;
}

/* The i-th of the row's values. */
static void
fill_value(const struct rec_field *f, char *at, size_t i, struct stack *s)
{
	int64_t n = (int64_t)(f->tag * 100u + i);

	switch (f->kind) {
	case REC_K_BOOL:
		*(bool *)(void *)at = true;
		break;
	case REC_K_I64:
		*(int64_t *)(void *)at = -n;
		break;
	case REC_K_U64:
		*(uint64_t *)(void *)at = (uint64_t)n;
		break;
	case REC_K_F64:
		*(double *)(void *)at = (double)n + 0.5;
		break;
	case REC_K_DUR:
		*(int64_t *)(void *)at = n * CLOCK_NS_PER_S;
		break;
	case REC_K_TIME:
		*(int64_t *)(void *)at = SOME_TIME_NS + n;
		break;
	case REC_K_STR:
		*(char **)(void *)at =
		    i == 0 ? xstrdup(f->name) : xasprintf("%s %zu", f->name, i);
		break;
	case REC_K_BYTES:
		*(struct rec_bytes *)(void *)at = some_bytes(f);
		break;
	case REC_K_TREE:
		*(struct tree **)(void *)at = some_tree(f);
		break;
	case REC_K_REC:
		fill(f->type, at, s);
		break;
	case REC_K_PTR:
		if (may_enter(s, f->type)) {
			char *inner = xcalloc(1, f->type->size);

			fill(f->type, inner, s);
			*(void **)(void *)at = inner;
		}
		break;
	}
}

/* Each element of a map needs a key of its own, in order. */
static void
name_key(const struct rec_field *f, char *elem, size_t i)
{
	const struct rec_field *key = &f->type->fields[0];
	char **at = (char **)(void *)(elem + key->offset);

	assert(key->kind == REC_K_STR && key->shape == REC_ONE);
	(*at)[0] = (char)('a' + i);
	(*at)[1] = '\0';
}

/* Two elements, but one of records that hold much. */
static void
fill_many(const struct rec_field *f, char *rec, struct stack *s)
{
	size_t n = f->kind == REC_K_REC && f->type->nfields > 4 ? 1 : 2;
	size_t size = rec_value_size(f);
	char *elems;

	if (f->kind == REC_K_REC && !may_enter(s, f->type))
		return;
	elems = xcalloc(n, size);
	for (size_t i = 0; i < n; i++) {
		fill_value(f, elems + i * size, i, s);
		if (f->shape == REC_MAP_OF)
			name_key(f, elems + i * size, i);
	}
	*(void **)(void *)(rec + f->offset) = elems;
	*(size_t *)(void *)(rec + f->extra) = n;
}

static void
fill(const struct rec_type *t, char *rec, struct stack *s)
{
	s->types[s->depth++] = t;
	for (size_t i = 0; i < t->nfields; i++) {
		const struct rec_field *f = &t->fields[i];

		if (f->shape != REC_ONE) {
			fill_many(f, rec, s);
			continue;
		}
		if (f->opt && f->extra != 0)
			*(bool *)(void *)(rec + f->extra) = true;
		fill_value(f, rec + f->offset, 0, s);
	}
	s->depth--;
}

void
fill_rec(const struct rec_type *t, void *rec)
{
	struct stack s = { .depth = 0 };

	memset(rec, 0, t->size);
	fill(t, rec, &s);
}
