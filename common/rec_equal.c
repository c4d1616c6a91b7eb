/* Whether two records are equal, and where they differ. */
#include <string.h>

#include "common/rec_impl.h"

static bool
text_equal(const char *a, const char *b, bool opt)
{
	if (opt && (a == NULL) != (b == NULL))
		return false;
	return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

static bool
bytes_equal(const struct rec_bytes *a, const struct rec_bytes *b, bool opt)
{
	if (a->len != b->len || (opt && (a->data == NULL) != (b->data == NULL)))
		return false;
	return a->len == 0 || memcmp(a->data, b->data, a->len) == 0;
}

static bool
value_equal(const struct rec_field *f, const void *a, const void *b)
{
	const void *pa, *pb;

	switch (f->kind) {
	case REC_K_STR:
		return text_equal(*(char *const *)a, *(char *const *)b, f->opt);
	case REC_K_BYTES:
		return bytes_equal(a, b, f->opt);
	case REC_K_TREE:
		return tree_equal(
		    *(struct tree *const *)a, *(struct tree *const *)b);
	case REC_K_PTR:
		pa = *(void *const *)a;
		pb = *(void *const *)b;
		if (pa == NULL || pb == NULL)
			return pa == pb;
		return rec_equal(f->type, pa, pb);
	case REC_K_REC:
		return rec_equal(f->type, a, b);
	case REC_K_BOOL:
	case REC_K_I64:
	case REC_K_U64:
	case REC_K_F64:
	case REC_K_DUR:
	case REC_K_TIME:
		break;
	}
	return memcmp(a, b, rec_value_size(f)) == 0;
}

static bool
row_equal(const struct rec_field *f, const void *a, const void *b)
{
	size_t n, size = rec_value_size(f);
	const char *pa, *pb;

	if (f->shape == REC_ONE) {
		if (rec_is_flagged(f)) {
			if (*rec_has(f, a) != *rec_has(f, b))
				return false;
			if (!*rec_has(f, a))
				return true;
		}
		return value_equal(
		    f, rec_at(a, f->offset), rec_at(b, f->offset));
	}
	n = *rec_count(f, a);
	pa = rec_ptr(f, a);
	pb = rec_ptr(f, b);
	if (n != *rec_count(f, b) || (f->opt && (pa == NULL) != (pb == NULL)))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!value_equal(f, pa + i * size, pb + i * size))
			return false;
	return true;
}

bool
rec_equal(const struct rec_type *t, const void *a, const void *b)
{
	for (size_t i = 0; i < t->nfields; i++)
		if (!row_equal(&t->fields[i], a, b))
			return false;
	return true;
}

size_t
rec_diff(const struct rec_type *t, const void *a, const void *b,
    rec_diff_fn *fn, void *ctx)
{
	size_t ndiffs = 0;

	for (size_t i = 0; i < t->nfields; i++) {
		const struct rec_field *f = &t->fields[i];

		if (row_equal(f, a, b))
			continue;
		ndiffs++;
		if (fn != NULL)
			fn(ctx, f, rec_at(a, f->offset), rec_at(b, f->offset));
	}
	return ndiffs;
}
