#include "cmd/lbd/weight.h"

#include <stdlib.h>

#include "common/mem.h"

size_t
weight_share(const double *fixed, size_t n, double *share)
{
	double sum = 0, scale = 1, rest;
	size_t nfixed = 0;

	for (size_t i = 0; i < n; i++) {
		if (fixed[i] > 0) {
			nfixed++;
			sum += fixed[i];
		}
	}
	if (sum > 1 || (nfixed == n && sum < 1))
		scale = 1 / sum;
	rest = nfixed < n ? (1 - sum) / (double)(n - nfixed) : 0;
	if (rest < 0)
		rest = 0;
	for (size_t i = 0; i < n; i++)
		share[i] = fixed[i] > 0 ? fixed[i] * scale : rest;
	return nfixed;
}

struct slots {
	size_t target;
	size_t n;
};

static int
by_slots(const void *a, const void *b)
{
	const struct slots *x = a, *y = b;

	if (x->n != y->n)
		return x->n < y->n ? -1 : 1;
	return x->target < y->target ? -1 : x->target > y->target;
}

/* Rare targets choose their places first, so that they end up evenly apart. */
static void
fill(uint32_t *ring, size_t total, const struct slots *slots, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t next = 0, step;

		if (slots[i].n == 0)
			continue;
		step = total / slots[i].n;
		for (size_t k = 0; k < slots[i].n; k++) {
			while (ring[next] != UINT32_MAX)
				next = (next + 1) % total;
			ring[next] = (uint32_t)slots[i].target;
			next = (next + step) % total;
		}
	}
}

uint32_t *
weight_ring(const double *share, size_t n, size_t *nslots)
{
	struct slots *slots = xcalloc(n, sizeof *slots);
	uint32_t *ring = NULL;
	size_t total = 0;

	for (size_t i = 0; i < n; i++) {
		slots[i].target = i;
		slots[i].n = (size_t)(WEIGHT_MAX_SLOTS * share[i]);
		if (slots[i].n == 0 && share[i] > 0)
			slots[i].n = 1;
		total += slots[i].n;
	}
	if (total > 0) {
		qsort(slots, n, sizeof *slots, by_slots);
		ring = xreallocarray(NULL, total, sizeof *ring);
		for (size_t i = 0; i < total; i++)
			ring[i] = UINT32_MAX;
		fill(ring, total, slots, n);
	}
	free(slots);
	*nslots = total;
	return ring;
}
