/* Maps: elements sorted by the text that they begin with. */
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/rec_impl.h"

/* The key of a map's element: the string that it begins with. */
static const char *
elem_key(const void *elem)
{
	const char *key = *(char *const *)elem;

	return key != NULL ? key : "";
}

void *
rec_map_find(const void *elems, size_t n, size_t size, const char *key)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		void *e = rec_at(elems, mid * size);
		int cmp = strcmp(elem_key(e), key);

		if (cmp == 0)
			return e;
		if (cmp < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

const char *
rec_kv_get(const struct rec_kv *kv, size_t n, const char *key)
{
	const struct rec_kv *found = rec_map_find(kv, n, sizeof *kv, key);

	if (found == NULL)
		return NULL;
	return found->value != NULL ? found->value : "";
}

void
rec_kv_set(struct rec_kv **kv, size_t *n, const char *key, const char *value)
{
	struct rec_kv *found = rec_map_find(*kv, *n, sizeof **kv, key);
	char *copy = xstrdup(value);
	size_t i = *n;

	if (found != NULL) {
		free(found->value);
		found->value = copy;
		return;
	}
	*kv = xreallocarray(*kv, *n + 1, sizeof **kv);
	for (; i > 0 && strcmp(elem_key(&(*kv)[i - 1]), key) > 0; i--)
		(*kv)[i] = (*kv)[i - 1];
	(*kv)[i] = (struct rec_kv){ .key = xstrdup(key), .value = copy };
	++*n;
}

/* By key, and of equal keys by where they stood. */
static int
by_key(const void *a, const void *b)
{
	const void *ea = *(void *const *)a, *eb = *(void *const *)b;
	int cmp = strcmp(elem_key(ea), elem_key(eb));

	if (cmp != 0)
		return cmp;
	return ea < eb ? -1 : 1;
}

static bool
is_sorted(const char *elems, size_t n, size_t size)
{
	for (size_t i = 1; i < n; i++)
		if (strcmp(elem_key(elems + (i - 1) * size),
			elem_key(elems + i * size)) >= 0)
			return false;
	return true;
}

void
rec_sort_map(const struct rec_field *f, void *rec, bool on_heap)
{
	size_t n = *rec_count(f, rec), size = rec_value_size(f), kept = 0;
	char *elems = rec_ptr(f, rec), *sorted;
	void **order;

	if (is_sorted(elems, n, size))
		return;
	order = xcalloc(n, sizeof *order);
	sorted = xcalloc(n, size);
	for (size_t i = 0; i < n; i++)
		order[i] = elems + i * size;
	qsort(order, n, sizeof *order, by_key);
	for (size_t i = 0; i < n; i++) {
		if (i + 1 < n &&
		    strcmp(elem_key(order[i]), elem_key(order[i + 1])) == 0) {
			if (on_heap)
				rec_value_clear(f, order[i]);
			continue;
		}
		memcpy(sorted + kept++ * size, order[i], size);
	}
	memcpy(elems, sorted, n * size);
	*rec_count(f, rec) = kept;
	free(sorted);
	free(order);
}

void
rec_sort_maps(const struct rec_type *t, void *rec)
{
	for (size_t i = 0; i < t->nfields; i++) {
		const struct rec_field *f = &t->fields[i];
		size_t n = 1, size;
		char *elems = rec_at(rec, f->offset);

		if (f->kind != REC_K_REC && f->kind != REC_K_PTR)
			continue;
		if (f->shape == REC_MAP_OF)
			rec_sort_map(f, rec, true);
		if (f->shape != REC_ONE)
			n = *rec_count(f, rec);
		if (f->shape != REC_ONE || f->kind == REC_K_PTR)
			elems = rec_ptr(f, rec);
		size = rec_value_size(f);
		for (size_t k = 0; elems != NULL && k < n; k++)
			rec_sort_maps(f->type, elems + k * size);
	}
}
