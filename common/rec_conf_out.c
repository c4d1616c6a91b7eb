#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/conf_impl.h"
#include "common/json.h"
#include "common/rec_impl.h"

static void
put_indent(struct buf *out, size_t depth)
{
	for (size_t i = 0; i < depth; i++)
		buf_addc(out, '\t');
}

/* What libconfig takes as a member's name. */
static bool
is_name(const char *s)
{
	if (s == NULL || (!isalpha((unsigned char)*s) && *s != '*'))
		return false;
	for (; *s != '\0'; s++)
		if (!isalnum((unsigned char)*s) && strchr("-_*", *s) == NULL)
			return false;
	return true;
}

static void
put_text(struct buf *out, const char *s)
{
	buf_addc(out, '"');
	for (; s != NULL && *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			buf_addf(out, "\\%c", c);
		else if (c == '\n')
			buf_adds(out, "\\n");
		else if (c == '\t')
			buf_adds(out, "\\t");
		else if (c < 0x20 || c == 0x7f)
			buf_addf(out, "\\x%02x", c);
		else
			buf_addc(out, *s);
	}
	buf_addc(out, '"');
}

static void
put_int(struct buf *out, int64_t v)
{
	json_put_int(out, v);
	if (v < INT32_MIN || v > INT32_MAX)
		buf_addc(out, 'L');
}

static void
put_uint(struct buf *out, uint64_t v)
{
	if (v <= INT64_MAX)
		put_int(out, (int64_t)v);
	else
		buf_addf(out, "0x%" PRIx64 "L", v);
}

/* libconfig knows a float by its point. */
static void
put_float(struct buf *out, double v)
{
	char text[JSON_FLOAT_SIZE];
	size_t mantissa;

	json_format_float(v, text);
	mantissa = strcspn(text, "e");
	buf_add(out, text, mantissa);
	if (memchr(text, '.', mantissa) == NULL)
		buf_adds(out, ".0");
	buf_adds(out, text + mantissa);
}

static void
put_dur(struct buf *out, int64_t ns)
{
	char text[CLOCK_DUR_SIZE];

	clock_format_dur(ns, text);
	put_text(out, text);
}

static void
put_time(struct buf *out, int64_t ns)
{
	char text[CLOCK_TIME_SIZE];

	clock_format_time(ns, text);
	put_text(out, text);
}

/* --- trees --- */

/* False for what has no form in a config file. */
static bool
has_form(const struct tree *t)
{
	return t != NULL && t->kind != TREE_NULL &&
	       (t->kind != TREE_FLOAT || isfinite(t->f));
}

static void put_tree(struct buf *out, const struct tree *t, size_t depth);

static void
put_tree_list(struct buf *out, const struct tree *t, size_t depth)
{
	const char *gap = " ";

	buf_addc(out, '(');
	for (size_t i = 0; i < t->nitems; i++) {
		if (!has_form(t->items[i]))
			continue;
		buf_adds(out, gap);
		put_tree(out, t->items[i], depth);
		gap = ", ";
	}
	buf_adds(out, " )");
}

static void
put_tree_map(struct buf *out, const struct tree *t, size_t depth)
{
	buf_adds(out, "{\n");
	for (size_t i = 0; i < t->nmembers; i++) {
		const struct tree_member *m = &t->members[i];

		if (!is_name(m->key) || !has_form(m->value))
			continue;
		put_indent(out, depth + 1);
		buf_addf(out, "%s = ", m->key);
		put_tree(out, m->value, depth + 1);
		buf_adds(out, ";\n");
	}
	put_indent(out, depth);
	buf_addc(out, '}');
}

static void
put_tree(struct buf *out, const struct tree *t, size_t depth)
{
	switch (t->kind) {
	case TREE_NULL:
		break;
	case TREE_BOOL:
		buf_adds(out, t->b ? "true" : "false");
		break;
	case TREE_INT:
		put_int(out, t->i);
		break;
	case TREE_FLOAT:
		put_float(out, t->f);
		break;
	case TREE_STR:
		put_text(out, t->str);
		break;
	case TREE_LIST:
		put_tree_list(out, t, depth);
		break;
	case TREE_MAP:
		put_tree_map(out, t, depth);
		break;
	}
}

/* --- records --- */

static void put_group(struct buf *out, const struct rec_type *t,
    const void *rec, const struct rec_field *but, size_t depth);

static void
put_value(
    struct buf *out, const struct rec_field *f, const void *v, size_t depth)
{
	const struct rec_bytes *b = v;

	switch (f->kind) {
	case REC_K_BOOL:
		buf_adds(out, *(const bool *)v ? "true" : "false");
		break;
	case REC_K_I64:
		put_int(out, *(const int64_t *)v);
		break;
	case REC_K_U64:
		put_uint(out, *(const uint64_t *)v);
		break;
	case REC_K_F64:
		put_float(out, *(const double *)v);
		break;
	case REC_K_DUR:
		put_dur(out, *(const int64_t *)v);
		break;
	case REC_K_TIME:
		put_time(out, *(const int64_t *)v);
		break;
	case REC_K_STR:
		put_text(out, *(char *const *)v);
		break;
	case REC_K_BYTES:
		json_put_bytes(out, b->data, b->len);
		break;
	case REC_K_TREE:
		put_tree(out, *(struct tree *const *)v, depth);
		break;
	case REC_K_REC:
		put_group(out, f->type, v, NULL, depth);
		break;
	case REC_K_PTR:
		put_group(out, f->type, *(void *const *)v, NULL, depth);
		break;
	}
}

static void
put_list(
    struct buf *out, const struct rec_field *f, const void *rec, size_t depth)
{
	size_t n = *rec_count(f, rec), size = rec_value_size(f);
	bool plain = f->kind != REC_K_REC;
	const char *e = rec_ptr(f, rec);

	buf_adds(out, plain ? "[ " : "( ");
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_adds(out, ", ");
		put_value(out, f, e + i * size, depth);
	}
	buf_adds(out, plain ? " ]" : " )");
}

static void put_member(struct buf *out, const char *name,
    const struct rec_field *f, const void *rec, size_t depth);

static bool
keys_are_names(const struct rec_field *f, const void *rec)
{
	const char *e = rec_ptr(f, rec);

	for (size_t i = 0; i < *rec_count(f, rec); i++, e += f->type->size)
		if (!is_name(*(char *const *)(const void *)e))
			return false;
	return true;
}

static void
put_named(
    struct buf *out, const struct rec_field *f, const void *rec, size_t depth)
{
	const struct rec_type *t = f->type;
	const char *e = rec_ptr(f, rec);

	buf_adds(out, "{\n");
	for (size_t i = 0; i < *rec_count(f, rec); i++, e += t->size) {
		const char *key = *(char *const *)(const void *)e;

		if (t->pair) {
			put_member(out, key, &t->fields[1], e, depth + 1);
			continue;
		}
		put_indent(out, depth + 1);
		buf_addf(out, "%s = ", key);
		put_group(out, t, e, &t->fields[0], depth + 1);
		buf_adds(out, ";\n");
	}
	put_indent(out, depth);
	buf_addc(out, '}');
}

/* One row, unless it is absent or has no form. */
static void
put_member(struct buf *out, const char *name, const struct rec_field *f,
    const void *rec, size_t depth)
{
	const void *v = rec_at(rec, f->offset);

	if (f->opt && rec_row_is_zero(f, rec))
		return;
	if (f->shape == REC_ONE &&
	    ((f->kind == REC_K_F64 && !isfinite(*(const double *)v)) ||
		(f->kind == REC_K_TREE && !has_form(rec_ptr(f, rec)))))
		return;
	put_indent(out, depth);
	buf_addf(out, "%s = ", name);
	if (f->shape == REC_ONE)
		put_value(out, f, v, depth);
	else if (f->shape == REC_MAP_OF && keys_are_names(f, rec))
		put_named(out, f, rec, depth);
	else
		put_list(out, f, rec, depth);
	buf_adds(out, ";\n");
}

static void
put_members(struct buf *out, const struct rec_type *t, const void *rec,
    const struct rec_field *but, size_t depth)
{
	for (size_t i = 0; i < t->nfields; i++) {
		const struct rec_field *f = &t->fields[i];

		if (f == but || (f->flags & REC_NOHCL) != 0)
			continue;
		if (conf_is_inline(f))
			put_members(
			    out, f->type, rec_at(rec, f->offset), NULL, depth);
		else
			put_member(out, rec_file_name(f), f, rec, depth);
	}
}

static void
put_group(struct buf *out, const struct rec_type *t, const void *rec,
    const struct rec_field *but, size_t depth)
{
	buf_adds(out, "{\n");
	put_members(out, t, rec, but, depth + 1);
	put_indent(out, depth);
	buf_addc(out, '}');
}

void
rec_to_conf(const struct rec_type *t, const void *rec, struct buf *out)
{
	put_members(out, t, rec, NULL, 0);
}
