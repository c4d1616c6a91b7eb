#include "common/due.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

void
dues_release(struct dues *q)
{
	free(q->heap);
	memset(q, 0, sizeof *q);
}

/* Places count from 1, so the children of i are 2i and 2i + 1. */
static void
put(struct dues *q, size_t place, struct due *d)
{
	q->heap[place - 1] = d;
	d->place = place;
}

static void
rise(struct dues *q, struct due *d, size_t place)
{
	while (place > 1 && q->heap[place / 2 - 1]->at_ms > d->at_ms) {
		put(q, place, q->heap[place / 2 - 1]);
		place /= 2;
	}
	put(q, place, d);
}

static void
sink(struct dues *q, struct due *d, size_t place)
{
	for (;;) {
		size_t child = 2 * place;

		if (child > q->n)
			break;
		if (child < q->n &&
		    q->heap[child]->at_ms < q->heap[child - 1]->at_ms)
			child++;
		if (q->heap[child - 1]->at_ms >= d->at_ms)
			break;
		put(q, place, q->heap[child - 1]);
		place = child;
	}
	put(q, place, d);
}

void
due_add(struct dues *q, struct due *d, uint64_t at_ms)
{
	assert(d->place == 0);
	d->at_ms = at_ms;
	q->heap = xgrow(q->heap, q->n, &q->cap, sizeof *q->heap);
	q->n++;
	rise(q, d, q->n);
}

void
due_remove(struct dues *q, struct due *d)
{
	struct due *last;
	size_t place = d->place;

	if (place == 0)
		return;
	d->place = 0;
	last = q->heap[--q->n];
	if (last == d)
		return;
	if (place > 1 && q->heap[place / 2 - 1]->at_ms > last->at_ms)
		rise(q, last, place);
	else
		sink(q, last, place);
}

struct due *
due_first(const struct dues *q)
{
	return q->n == 0 ? NULL : q->heap[0];
}
