/*
 * What those share who walk a record's rows themselves, the files of rec above
 * all: the address of a row's parts, and what is worked out once for each type.
 */
#ifndef COMMON_REC_IMPL_H
#define COMMON_REC_IMPL_H

#include <string.h>

#include "common/rec.h"

/* How JSON has a time that is not set. */
#define REC_ZERO_TIME "0001-01-01T00:00:00Z"

/* What a text on the heap takes beyond its bytes, for limits of memory. */
#define REC_TEXT_COST 32

/* The address of a member, its count and its presence flag. */
static inline void *
rec_at(const void *rec, size_t offset)
{
	return (void *)((uintptr_t)rec + offset);
}

static inline size_t *
rec_count(const struct rec_field *f, const void *rec)
{
	return rec_at(rec, f->extra);
}

static inline bool *
rec_has(const struct rec_field *f, const void *rec)
{
	return rec_at(rec, f->extra);
}

/* What a pointer-sized member points at: text, tree, elements, record. */
static inline void *
rec_ptr(const struct rec_field *f, const void *rec)
{
	return *(void **)rec_at(rec, f->offset);
}

/* True for a row that knows absent from zero by a flag beside it. */
static inline bool
rec_is_flagged(const struct rec_field *f)
{
	return f->opt && f->shape == REC_ONE && f->extra != 0;
}

/* The name in files. */
static inline const char *
rec_file_name(const struct rec_field *f)
{
	return f->hcl != NULL ? f->hcl : f->name;
}

/* memcpy() for texts, most of which are too short to be worth a call: two
 * copies of a fixed size that meet or overlap. */
static inline void
rec_copy_text(void *dst, const void *src, size_t n)
{
	char *d = dst;
	const char *s = src;

	if (n > 64) {
		memcpy(d, s, n);
	} else if (n >= 16) {
		for (size_t i = 0; i + 16 < n; i += 16)
			memcpy(d + i, s + i, 16);
		memcpy(d + n - 16, s + n - 16, 16);
	} else if (n >= 8) {
		memcpy(d, s, 8);
		memcpy(d + n - 8, s + n - 8, 8);
	} else if (n >= 4) {
		memcpy(d, s, 4);
		memcpy(d + n - 4, s + n - 4, 4);
	} else {
		for (size_t i = 0; i < n; i++)
			d[i] = s[i];
	}
}

/* True if the row has nothing to tell: absent, or zero where that is equal. */
bool rec_row_is_zero(const struct rec_field *f, const void *rec);

/* True if all rows are. */
bool rec_is_zero(const struct rec_type *t, const void *rec);

/* Frees what one value of the row owns and zeroes it. */
void rec_value_clear(const struct rec_field *f, void *v);

/* Frees what the row owns and zeroes it, its count or flag included. */
void rec_row_clear(const struct rec_field *f, void *rec);

/* Sorts one map's elements by key; of equal keys the last stays. Dropped
 * elements are cleared if they are on the heap. */
void rec_sort_map(const struct rec_field *f, void *rec, bool on_heap);

/* A member of the type's public JSON. */
struct rec_json_row {
	const struct rec_field *field;
	const char *key; /* quoted, with its colon: "ID": */
	size_t nkey;
};

/* What is worked out once for each type and kept for ever. */
struct rec_plan {
	const struct rec_type *type;
	struct rec_plan *next;
	struct rec_json_row *json; /* in the order of their names */
	size_t njson;
	uint16_t *slots; /* names by hash: index into json, plus one */
	size_t nslots;   /* a power of two */
	uint16_t *tags;  /* rows by tag: index into fields, plus one */
	size_t ntags;
};

/* Any thread may ask. */
const struct rec_plan *rec_plan_of(const struct rec_type *t);

/* The row of a JSON name (n bytes, any case), or NULL. */
const struct rec_field *rec_plan_find(
    const struct rec_plan *p, const char *name, size_t n);

/* The row of a tag, or NULL. */
static inline const struct rec_field *
rec_plan_tag(const struct rec_plan *p, uint64_t tag)
{
	if (tag >= p->ntags || p->tags[tag] == 0)
		return NULL;
	return &p->type->fields[p->tags[tag] - 1];
}

#endif
