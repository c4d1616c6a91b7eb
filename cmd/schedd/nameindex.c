#include "cmd/schedd/nameindex.h"

#include <string.h>

void
nameindex_init(struct nameindex *x, struct arena *arena, int64_t count)
{
	*x = (struct nameindex){ .arena = arena,
		.count = count > 0 ? (size_t)count : 0 };
}

void
nameindex_add(struct nameindex *x, uint32_t no)
{
	if (no >= x->nused) {
		size_t n = ((size_t)no + 1) * 2;
		bool *used;

		if (n < x->count)
			n = x->count;
		used = arena_alloc(x->arena, n * sizeof *used);
		if (x->nused > 0)
			memcpy(used, x->used, x->nused * sizeof *used);
		x->used = used;
		x->nused = n;
	}
	x->used[no] = true;
}

void
nameindex_remove(struct nameindex *x, uint32_t no)
{
	if (no < x->nused)
		x->used[no] = false;
}

bool
nameindex_has(const struct nameindex *x, uint32_t no)
{
	return no < x->nused && x->used[no];
}

bool *
nameindex_highest(struct nameindex *x, size_t n)
{
	bool *picked = arena_alloc(x->arena, x->nused * sizeof *picked + 1);

	for (size_t i = x->nused; i > 0 && n > 0; i--) {
		if (!x->used[i - 1])
			continue;
		x->used[i - 1] = false;
		picked[i - 1] = true;
		n--;
	}
	return picked;
}

uint32_t
nameindex_next(struct nameindex *x)
{
	while (x->from < x->count) {
		uint32_t no = (uint32_t)x->from++;

		if (!nameindex_has(x, no)) {
			nameindex_add(x, no);
			return no;
		}
	}
	return (uint32_t)x->repeat++;
}
