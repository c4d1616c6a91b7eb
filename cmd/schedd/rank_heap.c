/* The nodes that were scored, the best on top. */
#include "cmd/schedd/rank_impl.h"
#include "common/mem.h"

static bool
is_better(const struct rank_entry *a, const struct rank_entry *b)
{
	if (a->norm > b->norm || a->norm < b->norm)
		return a->norm > b->norm;
	return a->tie < b->tie;
}

void
rank_heap_add(struct rank *r, struct rank_entry e)
{
	if (r->nheap == r->heap_cap)
		r->heap =
		    xgrow(r->heap, r->nheap, &r->heap_cap, sizeof *r->heap);
	r->heap[r->nheap++] = e;
}

void
rank_heap_push(struct rank *r, struct rank_entry e)
{
	size_t i = r->nheap;

	rank_heap_add(r, e);
	while (i > 0 && is_better(&e, &r->heap[(i - 1) / 2])) {
		r->heap[i] = r->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	r->heap[i] = e;
}

/* Puts an entry where i is, or below. */
static void
sink(struct rank *r, size_t i, struct rank_entry e)
{
	for (;;) {
		size_t kid = 2 * i + 1;

		if (kid >= r->nheap)
			break;
		if (kid + 1 < r->nheap &&
		    is_better(&r->heap[kid + 1], &r->heap[kid]))
			kid++;
		if (!is_better(&r->heap[kid], &e))
			break;
		r->heap[i] = r->heap[kid];
		i = kid;
	}
	r->heap[i] = e;
}

void
rank_heap_order(struct rank *r)
{
	for (size_t i = r->nheap / 2; i > 0; i--)
		sink(r, i - 1, r->heap[i - 1]);
}

struct rank_entry
rank_heap_pop(struct rank *r)
{
	struct rank_entry top = r->heap[0], last = r->heap[--r->nheap];

	if (r->nheap > 0)
		sink(r, 0, last);
	return top;
}
