#include "tests/lib/history.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

#define NS_PER_MS 1000000

void
history_add(struct history *h, const struct event *e)
{
	h->events = xgrow(h->events, h->n, &h->cap, sizeof *h->events);
	h->events[h->n++] = *e;
}

void
history_mark(struct history *h, uint64_t now_ns)
{
	h->marks_ns =
	    xgrow(h->marks_ns, h->nmarks, &h->marks_cap, sizeof *h->marks_ns);
	h->marks_ns[h->nmarks++] = now_ns;
}

void
history_release(struct history *h)
{
	free(h->events);
	free(h->marks_ns);
	*h = (struct history){ 0 };
}

static bool
writes(const struct event *e)
{
	return e->kind != LINEAR_READ;
}

static int
by_called(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	return x->called_ns < y->called_ns ? -1 : x->called_ns > y->called_ns;
}

static int
by_key(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	return x->key < y->key ? -1 : x->key > y->key;
}

/* A copy of all events, in that order. */
static struct event *
sort(const struct history *h, int (*by)(const void *, const void *))
{
	struct event *sorted = xcalloc(h->n + 1, sizeof *sorted);

	if (h->n > 0)
		memcpy(sorted, h->events, h->n * sizeof *sorted);
	qsort(sorted, h->n, sizeof *sorted, by);
	return sorted;
}

/* --- values and their indexes, by value --- */

struct pair {
	unsigned key;
	uint64_t value, index;
};

static int
by_value(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

/* All that were told; the caller frees. */
static struct pair *
list_pairs(const struct history *h, size_t *n)
{
	struct pair *p = xcalloc(h->n + 1, sizeof *p);

	*n = 0;
	for (size_t i = 0; i < h->n; i++) {
		const struct event *e = &h->events[i];

		if (e->told.has_value && e->told.index > 0)
			p[(*n)++] = (struct pair){ .key = e->key,
				.value = e->told.value,
				.index = e->told.index };
	}
	return p;
}

static void
find_duplicates(
    const struct pair *p, size_t n, struct verdict *v, FILE *complaints)
{
	for (size_t i = 1; i < n; i++) {
		if (p[i].value != p[i - 1].value ||
		    p[i].index == p[i - 1].index)
			continue;
		v->nduplicate++;
		fprintf(complaints,
		    "duplicate: key %u value %" PRIu64 " at index %" PRIu64
		    " and at %" PRIu64 "\n",
		    p[i].key, p[i].value, p[i - 1].index, p[i].index);
	}
}

/* --- key by key --- */

/* False: it says nothing. A refusal tells what is there instead. */
static bool
to_op(const struct event *e, struct linear_op *op)
{
	*op = (struct linear_op){ .kind = e->kind,
		.called = e->called_ns,
		.returned = e->returned_ns,
		.expected = e->expected,
		.value = e->value,
		.client = e->client };
	switch (e->outcome) {
	case OUTCOME_OK:
		if (!writes(e))
			op->value = e->told.value;
		return true;
	case OUTCOME_REFUSED:
		op->kind = LINEAR_READ;
		op->value = e->told.value;
		return e->told.has_value;
	case OUTCOME_UNKNOWN:
		op->returned = LINEAR_NEVER;
		return writes(e);
	case OUTCOME_FAILED:
	default:
		return false;
	}
}

static void
complain(FILE *f, unsigned key, const struct linear_result *r)
{
	static const char *const names[] = { "read", "write", "cas" };
	const struct linear_op *o = &r->stuck;

	if (r->verdict == LINEAR_UNDECIDED)
		fprintf(f, "undecided: key %u, after %" PRIu64 " steps\n", key,
		    r->steps);
	else
		fprintf(f,
		    "not linearizable: key %u, %zu in order, value then "
		    "%" PRIu64 "; client %u, %" PRIu64 " to %" PRIu64
		    " ns: %s %" PRIu64 " (expected %" PRIu64 ")\n",
		    key, r->nordered, r->value_at_stuck, o->client, o->called,
		    o->returned, names[o->kind], o->value, o->expected);
}

static void
check_key(const struct event *e, const struct linear_op *ops, size_t n,
    struct verdict *v, FILE *complaints)
{
	struct linear_result r = linear_check(ops, n, 0, 0);

	v->nwrong += r.verdict == LINEAR_NO;
	v->nundecided += r.verdict == LINEAR_UNDECIDED;
	if (r.verdict != LINEAR_YES)
		complain(complaints, e->key, &r);
}

/* sorted: all events, by key. */
static void
check_keys(
    const struct event *sorted, size_t n, struct verdict *v, FILE *complaints)
{
	struct linear_op *ops = xcalloc(n + 1, sizeof *ops);
	size_t nops = 0;

	for (size_t i = 0; i < n; i++) {
		nops += to_op(&sorted[i], &ops[nops]);
		if (i + 1 < n && sorted[i + 1].key == sorted[i].key)
			continue;
		check_key(&sorted[i], ops, nops, v, complaints);
		nops = 0;
	}
	free(ops);
}

/* Whatever was written and failed for certain is not to be seen. */
static void
find_ghosts(const struct history *h, const struct pair *p, size_t np,
    struct verdict *v, FILE *complaints)
{
	for (size_t i = 0; i < h->n; i++) {
		const struct event *e = &h->events[i];
		struct pair want = { .value = e->value };
		size_t low = 0, high = np;

		if (!writes(e) || (e->outcome != OUTCOME_FAILED &&
				      e->outcome != OUTCOME_REFUSED))
			continue;
		while (low < high) {
			size_t mid = (low + high) / 2;

			if (by_value(&p[mid], &want) < 0)
				low = mid + 1;
			else
				high = mid;
		}
		if (low == np || p[low].value != e->value)
			continue;
		v->nghosts++;
		fprintf(complaints,
		    "ghost: key %u value %" PRIu64 " at index %" PRIu64
		    " was told to have %s\n",
		    e->key, e->value, p[low].index,
		    e->outcome == OUTCOME_FAILED ? "failed" : "been refused");
	}
}

/* The last word on a key is newer than each acknowledged write. */
static void
find_lost_of(
    const struct event *e, size_t n, struct verdict *v, FILE *complaints)
{
	const struct event *last = NULL;

	for (size_t i = 0; i < n; i++)
		if (!writes(&e[i]) && e[i].outcome == OUTCOME_OK &&
		    (last == NULL || e[i].called_ns >= last->called_ns))
			last = &e[i];
	for (size_t i = 0; last != NULL && i < n; i++) {
		if (!writes(&e[i]) || e[i].outcome != OUTCOME_OK ||
		    e[i].returned_ns > last->called_ns ||
		    e[i].told.index <= last->told.index)
			continue;
		v->nlost++;
		fprintf(complaints,
		    "lost: key %u value %" PRIu64 " of index %" PRIu64
		    ", the last is %" PRIu64 "\n",
		    e->key, e[i].value, e[i].told.index, last->told.index);
	}
}

static void
find_lost(
    const struct event *sorted, size_t n, struct verdict *v, FILE *complaints)
{
	size_t from = 0;

	for (size_t i = 0; i < n; i++) {
		if (i + 1 < n && sorted[i + 1].key == sorted[i].key)
			continue;
		find_lost_of(sorted + from, i + 1 - from, v, complaints);
		from = i + 1;
	}
}

/* --- gaps --- */

static int
by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static uint64_t *
list_acks(const struct history *h, size_t *n)
{
	uint64_t *acks = xcalloc(h->n + 1, sizeof *acks);

	*n = 0;
	for (size_t i = 0; i < h->n; i++)
		if (writes(&h->events[i]) && h->events[i].outcome == OUTCOME_OK)
			acks[(*n)++] = h->events[i].returned_ns;
	qsort(acks, *n, sizeof *acks, by_number);
	return acks;
}

/* From the first moment on to the second one. */
static uint64_t
longest_gap(const uint64_t *acks, size_t n, uint64_t from, uint64_t to)
{
	uint64_t last = from, longest = 0;

	for (size_t i = 0; i < n && last < to; i++) {
		if (acks[i] <= last)
			continue;
		if (acks[i] - last > longest)
			longest = acks[i] - last;
		last = acks[i];
	}
	return longest;
}

static void
measure_gaps(const struct history *h, struct verdict *v)
{
	size_t nacks, n = h->nmarks > 0 ? h->nmarks : 1;
	uint64_t *acks = list_acks(h, &nacks);
	uint64_t *gaps = xcalloc(n, sizeof *gaps);

	v->nacked = nacks;
	v->ngaps = h->nmarks;
	for (size_t i = 0; i < n; i++)
		gaps[i] = longest_gap(acks, nacks,
		    h->nmarks > 0 ? h->marks_ns[i]
		    : nacks > 0   ? acks[0]
				  : 0,
		    i + 1 < h->nmarks ? h->marks_ns[i + 1] : UINT64_MAX);
	qsort(gaps, n, sizeof *gaps, by_number);
	v->gap_p50_ms = gaps[(n - 1) / 2] / NS_PER_MS;
	v->gap_p99_ms = gaps[(n * 99 + 99) / 100 - 1] / NS_PER_MS;
	v->gap_max_ms = gaps[n - 1] / NS_PER_MS;
	free(gaps);
	free(acks);
}

void
history_judge(const struct history *h, struct verdict *v, FILE *complaints)
{
	size_t np;
	struct pair *p = list_pairs(h, &np);
	struct event *sorted = sort(h, by_key);

	*v = (struct verdict){ .noperations = h->n };
	for (size_t i = 0; i < h->n; i++) {
		v->nrefused += h->events[i].outcome == OUTCOME_REFUSED;
		v->nfailed += h->events[i].outcome == OUTCOME_FAILED;
		v->nunknown += h->events[i].outcome == OUTCOME_UNKNOWN;
	}
	qsort(p, np, sizeof *p, by_value);
	find_duplicates(p, np, v, complaints);
	find_ghosts(h, p, np, v, complaints);
	check_keys(sorted, h->n, v, complaints);
	find_lost(sorted, h->n, v, complaints);
	measure_gaps(h, v);
	free(sorted);
	free(p);
}

/* --- for people --- */

void
history_print(const struct history *h, FILE *f)
{
	static const char *const kinds[] = { "read", "write", "cas" };
	static const char *const outcomes[] = { "ok", "refused", "failed",
		"unknown" };
	struct event *sorted = sort(h, by_called);

	for (size_t i = 0; i < h->n; i++) {
		const struct event *e = &sorted[i];

		fprintf(f,
		    "%" PRIu64 " %" PRIu64 " key=%u client=%u server=%u %s "
		    "value=%" PRIu64 " expected=%" PRIu64 " %s told=%" PRIu64
		    " index=%" PRIu64 "\n",
		    e->called_ns, e->returned_ns, e->key, e->client, e->server,
		    kinds[e->kind], e->value, e->expected, outcomes[e->outcome],
		    e->told.value, e->told.index);
	}
	for (size_t i = 0; i < h->nmarks; i++)
		fprintf(f, "%" PRIu64 " mark\n", h->marks_ns[i]);
	free(sorted);
}
