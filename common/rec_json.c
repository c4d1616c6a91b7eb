#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/rec_impl.h"
#include "common/tree_impl.h"

struct writer {
	struct buf *out;
	bool pretty;
};

static void put_rec(const struct writer *w, const struct rec_type *t,
    const void *rec, const struct rec_field *but, size_t depth);

static inline void
put_gap(const struct writer *w, size_t depth)
{
	if (w->pretty)
		json_put_indent(w->out, depth);
}

static void
put_dur(struct buf *out, const struct rec_field *f, int64_t ns)
{
	char text[CLOCK_DUR_SIZE];

	if ((f->flags & REC_DURTEXT) == 0) {
		json_put_int(out, ns);
		return;
	}
	clock_format_dur(ns, text);
	json_put_text(out, text, strlen(text));
}

static void
put_time(struct buf *out, int64_t ns)
{
	char text[CLOCK_TIME_SIZE] = REC_ZERO_TIME;

	if (ns != 0)
		clock_format_time(ns, text);
	json_put_text(out, text, strlen(text));
}

static void
put_bytes(struct buf *out, const struct rec_field *f, const struct rec_bytes *b)
{
	bool is_null =
	    f->opt ? b->data == NULL : b->len == 0 && !(f->flags & REC_EMPTY);

	if (is_null)
		buf_add(out, "null", 4);
	else
		json_put_bytes(out, b->data, b->len);
}

static inline void
put_str(struct buf *out, const char *s)
{
	json_put_text(out, s != NULL ? s : "", s != NULL ? strlen(s) : 0);
}

static void
put_value(const struct writer *w, const struct rec_field *f, const void *v,
    size_t depth)
{
	struct buf *out = w->out;

	switch (f->kind) {
	case REC_K_BOOL:
		if (*(const bool *)v)
			buf_add(out, "true", 4);
		else
			buf_add(out, "false", 5);
		break;
	case REC_K_I64:
		json_put_int(out, *(const int64_t *)v);
		break;
	case REC_K_U64:
		json_put_uint(out, *(const uint64_t *)v);
		break;
	case REC_K_F64:
		json_put_float(out, *(const double *)v);
		break;
	case REC_K_DUR:
		put_dur(out, f, *(const int64_t *)v);
		break;
	case REC_K_TIME:
		put_time(out, *(const int64_t *)v);
		break;
	case REC_K_STR:
		put_str(out, *(char *const *)v);
		break;
	case REC_K_BYTES:
		put_bytes(out, f, v);
		break;
	case REC_K_TREE:
		tree_put_json(out, *(struct tree *const *)v, w->pretty, depth);
		break;
	case REC_K_REC:
		put_rec(w, f->type, v, NULL, depth);
		break;
	case REC_K_PTR:
		put_rec(w, f->type, *(void *const *)v, NULL, depth);
		break;
	}
}

static void put_row(const struct writer *w, const struct rec_field *f,
    const void *rec, size_t depth);

static void
put_elem(const struct writer *w, const struct rec_field *f, const void *e,
    size_t depth)
{
	const struct rec_type *t = f->type;

	if (f->shape == REC_LIST_OF) {
		put_value(w, f, e, depth);
		return;
	}
	put_str(w->out, *(char *const *)e);
	buf_add(w->out, ": ", w->pretty ? 2 : 1);
	if (t->pair)
		put_row(w, &t->fields[1], e, depth);
	else
		put_rec(w, t, e, &t->fields[0], depth);
}

static void
put_many(const struct writer *w, const struct rec_field *f, const void *rec,
    size_t depth)
{
	size_t n = *rec_count(f, rec), size = rec_value_size(f);
	const char *e = rec_ptr(f, rec);
	bool is_map = f->shape == REC_MAP_OF;

	if (n == 0 && !f->opt && (f->flags & REC_EMPTY) == 0) {
		buf_add(w->out, "null", 4);
		return;
	}
	buf_addc(w->out, is_map ? '{' : '[');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_addc(w->out, ',');
		put_gap(w, depth + 1);
		put_elem(w, f, e + i * size, depth + 1);
	}
	if (n > 0)
		put_gap(w, depth);
	buf_addc(w->out, is_map ? '}' : ']');
}

static void
put_row(const struct writer *w, const struct rec_field *f, const void *rec,
    size_t depth)
{
	if (f->opt && rec_row_is_zero(f, rec))
		buf_add(w->out, "null", 4);
	else if (f->shape != REC_ONE)
		put_many(w, f, rec, depth);
	else
		put_value(w, f, rec_at(rec, f->offset), depth);
}

/* All members but one: the key that stands before a map's element. */
static void
put_rec(const struct writer *w, const struct rec_type *t, const void *rec,
    const struct rec_field *but, size_t depth)
{
	const struct rec_plan *plan = rec_plan_of(t);
	bool first = true;

	buf_addc(w->out, '{');
	for (size_t i = 0; i < plan->njson; i++) {
		const struct rec_json_row *row = &plan->json[i];
		const struct rec_field *f = row->field;

		if (f == but ||
		    ((f->flags & REC_OMIT) != 0 && rec_row_is_zero(f, rec)))
			continue;
		if (!first)
			buf_addc(w->out, ',');
		first = false;
		put_gap(w, depth + 1);
		buf_add(w->out, row->key, row->nkey);
		if (w->pretty)
			buf_addc(w->out, ' ');
		put_row(w, f, rec, depth + 1);
	}
	if (!first)
		put_gap(w, depth);
	buf_addc(w->out, '}');
}

void
rec_to_json(
    const struct rec_type *t, const void *rec, struct buf *out, int flags)
{
	struct writer w = { out, (flags & REC_JSON_PRETTY) != 0 };

	put_rec(&w, t, rec, NULL, 0);
	if (w.pretty)
		buf_addc(out, '\n');
}

void
rec_list_to_json(const struct rec_type *t, const void *recs, size_t n,
    struct buf *out, int flags)
{
	struct writer w = { out, (flags & REC_JSON_PRETTY) != 0 };

	buf_addc(out, '[');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_addc(out, ',');
		put_gap(&w, 1);
		put_rec(&w, t, rec_at(recs, i * t->size), NULL, 1);
	}
	if (n > 0)
		put_gap(&w, 0);
	buf_addc(out, ']');
	if (w.pretty)
		buf_addc(out, '\n');
}

struct tree *
rec_to_tree(const struct rec_type *t, const void *rec)
{
	struct buf text = { 0 };
	struct tree *tree;

	rec_to_json(t, rec, &text, 0);
	tree = tree_from_own_json(text.data, text.len, NULL);
	assert(tree != NULL); /* what we print, we read */
	buf_release(&text);
	return tree;
}
