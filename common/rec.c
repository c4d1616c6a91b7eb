#include "common/rec.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/rec_impl.h"

static const struct rec_field rec_kv_fields[] = {
	REC_STR(struct rec_kv, 1, key, "Key"),
	REC_STR(struct rec_kv, 2, value, "Value"),
};
const struct rec_type rec_kv_type = REC_PAIR_TYPE(rec_kv, rec_kv_fields);

static const struct rec_field rec_ki_fields[] = {
	REC_STR(struct rec_ki, 1, key, "Key"),
	REC_I64(struct rec_ki, 2, value, "Value"),
};
const struct rec_type rec_ki_type = REC_PAIR_TYPE(rec_ki, rec_ki_fields);

static const struct rec_field rec_kf_fields[] = {
	REC_STR(struct rec_kf, 1, key, "Key"),
	REC_F64(struct rec_kf, 2, value, "Value"),
};
const struct rec_type rec_kf_type = REC_PAIR_TYPE(rec_kf, rec_kf_fields);

static const struct rec_field rec_kb_fields[] = {
	REC_STR(struct rec_kb, 1, key, "Key"),
	REC_BOOL(struct rec_kb, 2, value, "Value"),
};
const struct rec_type rec_kb_type = REC_PAIR_TYPE(rec_kb, rec_kb_fields);

static const struct rec_field rec_kvs_fields[] = {
	REC_STR(struct rec_kvs, 1, key, "Key"),
	REC_STRS(struct rec_kvs, 2, values, "Values", .flags = REC_EMPTY),
};
const struct rec_type rec_kvs_type = REC_PAIR_TYPE(rec_kvs, rec_kvs_fields);

size_t
rec_value_size(const struct rec_field *f)
{
	switch (f->kind) {
	case REC_K_BOOL:
		return sizeof(bool);
	case REC_K_I64:
	case REC_K_U64:
	case REC_K_DUR:
	case REC_K_TIME:
		return sizeof(int64_t);
	case REC_K_F64:
		return sizeof(double);
	case REC_K_BYTES:
		return sizeof(struct rec_bytes);
	case REC_K_REC:
		return f->type->size;
	case REC_K_STR:
	case REC_K_TREE:
	case REC_K_PTR:
		break;
	}
	return sizeof(void *);
}

/* --- zero --- */

static bool
value_is_zero(const struct rec_field *f, const void *v)
{
	const char *s;

	switch (f->kind) {
	case REC_K_BOOL:
		return !*(const bool *)v;
	case REC_K_I64:
	case REC_K_U64:
	case REC_K_DUR:
	case REC_K_TIME:
	case REC_K_F64: /* by its bits: -0.0 is told */
		return *(const uint64_t *)v == 0;
	case REC_K_STR:
		s = *(char *const *)v;
		return s == NULL || (*s == '\0' && !f->opt);
	case REC_K_BYTES:
		return ((const struct rec_bytes *)v)->len == 0 &&
		       (!f->opt || ((const struct rec_bytes *)v)->data == NULL);
	case REC_K_REC:
		return rec_is_zero(f->type, v);
	case REC_K_TREE:
	case REC_K_PTR:
		break;
	}
	return *(void *const *)v == NULL;
}

bool
rec_row_is_zero(const struct rec_field *f, const void *rec)
{
	if (f->shape != REC_ONE)
		return f->opt ? rec_ptr(f, rec) == NULL
			      : *rec_count(f, rec) == 0;
	if (rec_is_flagged(f))
		return !*rec_has(f, rec);
	return value_is_zero(f, rec_at(rec, f->offset));
}

bool
rec_is_zero(const struct rec_type *t, const void *rec)
{
	for (size_t i = 0; i < t->nfields; i++)
		if (!rec_row_is_zero(&t->fields[i], rec))
			return false;
	return true;
}

/* --- clear --- */

void
rec_value_clear(const struct rec_field *f, void *v)
{
	switch (f->kind) {
	case REC_K_STR:
		free(*(char **)v);
		break;
	case REC_K_BYTES:
		free(((struct rec_bytes *)v)->data);
		break;
	case REC_K_TREE:
		tree_free(*(struct tree **)v);
		break;
	case REC_K_PTR:
		if (*(void **)v != NULL)
			rec_clear(f->type, *(void **)v);
		free(*(void **)v);
		break;
	case REC_K_REC:
		rec_clear(f->type, v);
		break;
	case REC_K_BOOL:
	case REC_K_I64:
	case REC_K_U64:
	case REC_K_F64:
	case REC_K_DUR:
	case REC_K_TIME:
		break;
	}
	memset(v, 0, rec_value_size(f));
}

void
rec_row_clear(const struct rec_field *f, void *rec)
{
	if (f->shape == REC_ONE) {
		rec_value_clear(f, rec_at(rec, f->offset));
		if (rec_is_flagged(f))
			*rec_has(f, rec) = false;
		return;
	}
	char *elems = rec_ptr(f, rec);
	size_t size = rec_value_size(f);

	for (size_t i = 0; i < *rec_count(f, rec); i++)
		rec_value_clear(f, elems + i * size);
	free(elems);
	*(void **)rec_at(rec, f->offset) = NULL;
	*rec_count(f, rec) = 0;
}

void
rec_clear(const struct rec_type *t, void *rec)
{
	for (size_t i = 0; i < t->nfields; i++)
		rec_row_clear(&t->fields[i], rec);
	memset(rec, 0, t->size);
}

/* --- copy --- */

static void
value_copy(const struct rec_field *f, void *dst, const void *src)
{
	const struct rec_bytes *bytes;
	void *p;

	switch (f->kind) {
	case REC_K_STR:
		p = *(char *const *)src;
		*(char **)dst = p != NULL ? xstrdup(p) : NULL;
		return;
	case REC_K_BYTES:
		bytes = src;
		*(struct rec_bytes *)dst = *bytes;
		if (bytes->data != NULL)
			((struct rec_bytes *)dst)->data =
			    xmemdup(bytes->data, bytes->len);
		return;
	case REC_K_TREE:
		*(struct tree **)dst = tree_copy(*(struct tree *const *)src);
		return;
	case REC_K_PTR:
		p = *(void *const *)src;
		*(void **)dst = p != NULL ? xcalloc(1, f->type->size) : NULL;
		if (p != NULL)
			rec_copy(f->type, *(void **)dst, p);
		return;
	case REC_K_REC:
		rec_copy(f->type, dst, src);
		return;
	case REC_K_BOOL:
	case REC_K_I64:
	case REC_K_U64:
	case REC_K_F64:
	case REC_K_DUR:
	case REC_K_TIME:
		break;
	}
	memcpy(dst, src, rec_value_size(f));
}

static void
row_copy(const struct rec_field *f, void *dst, const void *src)
{
	size_t n, size = rec_value_size(f);
	const char *from;
	char *to;

	if (f->shape == REC_ONE) {
		value_copy(f, rec_at(dst, f->offset), rec_at(src, f->offset));
		if (rec_is_flagged(f))
			*rec_has(f, dst) = *rec_has(f, src);
		return;
	}
	n = *rec_count(f, src);
	from = rec_ptr(f, src);
	if (from == NULL || (n == 0 && !f->opt))
		return;
	to = xcalloc(n, size);
	for (size_t i = 0; i < n; i++)
		value_copy(f, to + i * size, from + i * size);
	*(void **)rec_at(dst, f->offset) = to;
	*rec_count(f, dst) = n;
}

void
rec_copy(const struct rec_type *t, void *dst, const void *src)
{
	memset(dst, 0, t->size);
	for (size_t i = 0; i < t->nfields; i++)
		row_copy(&t->fields[i], dst, src);
}

/* --- does the table fit the struct? --- */

static size_t
align_up(size_t n, size_t align)
{
	return (n + align - 1) / align * align;
}

/* Where the row's bytes end, or 0 if they do not begin right after end. */
static size_t
row_end(const struct rec_field *f, size_t end)
{
	if (f->offset != align_up(end, f->align))
		return 0;
	if (f->shape != REC_ONE) {
		end = f->offset + sizeof(void *);
		return f->extra == end ? end + sizeof(size_t) : 0;
	}
	end = f->offset + rec_value_size(f);
	if (!rec_is_flagged(f))
		return end;
	return f->extra == end ? end + sizeof(bool) : 0;
}

static bool
row_is_sound(const struct rec_field *f)
{
	bool entered = f->kind == REC_K_REC || f->kind == REC_K_PTR;

	if (f->tag == 0 || f->tag > REC_MAX_TAG || entered != (f->type != NULL))
		return false;
	/* A map is searched by the text that its elements begin with. */
	return f->shape != REC_MAP_OF ||
	       (f->type != NULL && f->type->nfields > 0 &&
		   f->type->fields[0].kind == REC_K_STR &&
		   f->type->fields[0].shape == REC_ONE &&
		   f->type->fields[0].offset == 0);
}

bool
rec_covers(const struct rec_type *t)
{
	uint8_t seen[REC_MAX_TAG + 1] = { 0 };
	size_t end = 0, align = 1;

	if (t->pair && t->nfields != 2)
		return false;
	for (size_t i = 0; i < t->nfields; i++) {
		const struct rec_field *f = &t->fields[i];

		if (!row_is_sound(f) || seen[f->tag]++ > 0)
			return false;
		end = row_end(f, end);
		if (end == 0)
			return false;
		if (f->align > align)
			align = f->align;
	}
	return align_up(end, align) == t->size;
}
