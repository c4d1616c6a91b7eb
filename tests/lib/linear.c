#include "tests/lib/linear.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/rng.h"

#define NONE SIZE_MAX

/* --- what is known of those whose outcome is not --- */

static int
by_value(const void *a, const void *b)
{
	const struct linear_op *x = *(struct linear_op *const *)a;
	const struct linear_op *y = *(struct linear_op *const *)b;

	return x->value < y->value ? -1 : x->value > y->value;
}

static bool
writes(const struct linear_op *op)
{
	return op->kind != LINEAR_READ;
}

/* Those that write, by value. NULL when two write the same, or what was
 * there at first. */
static struct linear_op **
list_writers(struct linear_op *ops, size_t n, uint64_t initial, size_t *count)
{
	struct linear_op **w = xcalloc(n + 1, sizeof *w);
	size_t nw = 0;

	for (size_t i = 0; i < n; i++)
		if (writes(&ops[i]))
			w[nw++] = &ops[i];
	*count = nw;
	qsort(w, nw, sizeof *w, by_value);
	for (size_t i = 0; i < nw; i++)
		if (w[i]->value == initial ||
		    (i > 0 && w[i]->value == w[i - 1]->value)) {
			free(w);
			return NULL;
		}
	return w;
}

static size_t
find_writer(struct linear_op **w, size_t n, uint64_t value)
{
	struct linear_op key = { .value = value }, *p = &key;
	struct linear_op **found = bsearch(&p, w, n, sizeof *w, by_value);

	return found != NULL ? (size_t)(found - w) : NONE;
}

/*
 * Of each writer the time by which somebody had seen its value: a read, or a
 * replacement of it. LINEAR_NEVER: an operation that may or may not have
 * happened, which therefore keeps its writer in the history. 0: nobody.
 */
static uint64_t *
list_seen(
    const struct linear_op *ops, size_t n, struct linear_op **w, size_t nw)
{
	uint64_t *seen = xcalloc(nw + 1, sizeof *seen);

	for (size_t i = 0; i < n; i++) {
		bool is_write = ops[i].kind == LINEAR_WRITE;
		size_t at =
		    is_write ? NONE
			     : find_writer(w, nw,
				   ops[i].kind == LINEAR_CAS ? ops[i].expected
							     : ops[i].value);

		if (at != NONE && (seen[at] == 0 || ops[i].returned < seen[at]))
			seen[at] = ops[i].returned;
	}
	return seen;
}

/* Returns how many are left; *once: each value is written once. */
static size_t
settle(struct linear_op *ops, size_t n, uint64_t initial, bool *once)
{
	size_t nw, left = 0;
	struct linear_op **w = list_writers(ops, n, initial, &nw);
	uint64_t *seen;

	*once = w != NULL;
	if (w == NULL)
		return n;
	seen = list_seen(ops, n, w, nw);
	for (size_t i = 0; i < nw; i++) {
		if (w[i]->returned != LINEAR_NEVER)
			continue;
		if (seen[i] == 0)
			w[i]->called = LINEAR_NEVER; /* goes */
		else
			w[i]->returned = seen[i];
		if (seen[i] != 0 && w[i]->returned < w[i]->called)
			w[i]->returned = w[i]->called;
	}
	free(seen);
	free(w);
	for (size_t i = 0; i < n; i++)
		if (ops[i].called != LINEAR_NEVER)
			ops[left++] = ops[i];
	return left;
}

/* --- the search --- */

/* A call or a return, in a list by time from which both are taken while the
 * operation has its place in the order. Places 0 and 2n+1 are the ends. */
struct event {
	size_t prev, next;
	size_t op;
	size_t match; /* of a call: its return, or NONE */
	bool is_call;
};

struct tried {
	uint64_t hash[2], value;
	bool is_used;
};

struct taken {
	size_t call;
	uint64_t value; /* before, as the next */
	size_t writer;
};

struct search {
	struct linear_op *ops;
	size_t n, nrequired;
	bool once;       /* each value is written once: what follows holds */
	size_t *seer;    /* of each operation the one whose value it needs, n:
			    the first value, NONE: nobody's */
	size_t *waiting; /* how many such are not in the order yet */
	size_t writer;   /* of the value now */
	struct event *events;
	size_t end;
	uint64_t (*marks)[2]; /* of each operation, for the hash */
	struct tried *tried;
	size_t ntried, size; /* a power of two */
	struct taken *taken;
	size_t ntaken, required; /* of those taken */
	uint64_t hash[2], value;
};

static size_t
place_of(const struct search *s, uint64_t hash, const struct tried *t)
{
	size_t at = (size_t)hash & (s->size - 1);

	while (s->tried[at].is_used && (s->tried[at].hash[0] != t->hash[0] ||
					   s->tried[at].hash[1] != t->hash[1] ||
					   s->tried[at].value != t->value))
		at = (at + 1) & (s->size - 1);
	return at;
}

static uint64_t
hash_of(const struct tried *t)
{
	return t->hash[0] ^ (t->value * UINT64_C(0x9e3779b97f4a7c15));
}

static void
grow_tried(struct search *s)
{
	struct tried *old = s->tried;
	size_t nold = s->size;

	s->size = nold == 0 ? 1024 : nold * 2;
	s->tried = xcalloc(s->size, sizeof *s->tried);
	for (size_t i = 0; i < nold; i++)
		if (old[i].is_used)
			s->tried[place_of(s, hash_of(&old[i]), &old[i])] =
			    old[i];
	free(old);
}

/* False when it was tried before. */
static bool
is_new(struct search *s, size_t op, uint64_t value)
{
	struct tried t = { .hash = { s->hash[0] ^ s->marks[op][0],
			       s->hash[1] ^ s->marks[op][1] },
		.value = value,
		.is_used = true };
	size_t at;

	if (s->ntried * 2 >= s->size)
		grow_tried(s);
	at = place_of(s, hash_of(&t), &t);
	if (s->tried[at].is_used)
		return false;
	s->tried[at] = t;
	s->ntried++;
	return true;
}

static bool
is_known(const struct linear_op *op)
{
	return op->returned != LINEAR_NEVER;
}

/* A value that is written once is not replaced before all have seen it who
 * did see it. */
static bool
is_wanted(const struct search *s, const struct linear_op *op)
{
	bool itself = op->kind == LINEAR_CAS && is_known(op);

	return s->once && s->waiting[s->writer] > (itself ? 1 : 0);
}

/* Whether the operation may stand here. */
static bool
fits(const struct search *s, const struct linear_op *op)
{
	switch (op->kind) {
	case LINEAR_READ:
		return s->value == op->value;
	case LINEAR_CAS:
		return s->value == op->expected && !is_wanted(s, op);
	case LINEAR_WRITE:
	default:
		return !is_wanted(s, op);
	}
}

static void
unlink_event(struct search *s, size_t at)
{
	const struct event *e = &s->events[at];

	s->events[e->prev].next = e->next;
	s->events[e->next].prev = e->prev;
}

static void
relink_event(struct search *s, size_t at)
{
	const struct event *e = &s->events[at];

	s->events[e->prev].next = at;
	s->events[e->next].prev = at;
}

/* Whoever needed a value that it has seen. */
static void
count_seer(struct search *s, size_t op, bool is_taken)
{
	size_t *n;

	if (!s->once || s->seer[op] == NONE || !is_known(&s->ops[op]))
		return;
	n = &s->waiting[s->seer[op]];
	*n = is_taken ? *n - 1 : *n + 1;
}

static void
mark(struct search *s, size_t op)
{
	s->hash[0] ^= s->marks[op][0];
	s->hash[1] ^= s->marks[op][1];
}

static void
take(struct search *s, size_t call)
{
	const struct event *e = &s->events[call];
	const struct linear_op *op = &s->ops[e->op];

	s->taken[s->ntaken++] = (struct taken){
		.call = call, .value = s->value, .writer = s->writer
	};
	s->required += is_known(op);
	s->value = op->value;
	if (writes(op))
		s->writer = e->op;
	count_seer(s, e->op, true);
	mark(s, e->op);
	unlink_event(s, call);
	if (e->match != NONE)
		unlink_event(s, e->match);
}

static void
give_back(struct search *s)
{
	struct taken t = s->taken[--s->ntaken];
	const struct event *e = &s->events[t.call];

	if (e->match != NONE)
		relink_event(s, e->match);
	relink_event(s, t.call);
	mark(s, e->op);
	count_seer(s, e->op, false);
	s->required -= is_known(&s->ops[e->op]);
	s->value = t.value;
	s->writer = t.writer;
}

/*
 * Takes back up to the last one in whose place another may stand; returns
 * where to go on, or NONE. A read that may stand here may do so in any order
 * that goes on from here, for it changes nothing: nothing else need be tried.
 */
static size_t
turn_back(struct search *s)
{
	while (s->ntaken > 0) {
		const struct event *e =
		    &s->events[s->taken[s->ntaken - 1].call];

		give_back(s);
		if (writes(&s->ops[e->op]))
			return e->next;
	}
	return NONE;
}

static void
note_longest(const struct search *s, size_t at, struct linear_result *r)
{
	if (s->required < r->nordered)
		return;
	r->nordered = s->required;
	r->stuck = s->ops[s->events[at].op];
	r->value_at_stuck = s->value;
}

static void
run(struct search *s, uint64_t steps_max, struct linear_result *r)
{
	size_t at = s->events[0].next;

	r->verdict = LINEAR_UNDECIDED;
	while (s->required < s->nrequired) {
		const struct event *e = &s->events[at];

		if (++r->steps > steps_max)
			return;
		if (at != s->end && e->is_call) {
			if (fits(s, &s->ops[e->op]) &&
			    is_new(s, e->op, s->ops[e->op].value)) {
				take(s, at);
				at = s->events[0].next;
			} else {
				at = e->next;
			}
			continue;
		}
		note_longest(s, at, r);
		at = turn_back(s);
		if (at == NONE) {
			r->verdict = LINEAR_NO;
			return;
		}
	}
	r->nordered = s->required;
	r->verdict = LINEAR_YES;
}

/* --- setting up --- */

struct moment {
	uint64_t time;
	size_t op;
	bool is_call;
};

/* At one time calls come first: then the two overlap. */
static int
by_time(const void *a, const void *b)
{
	const struct moment *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	if (x->is_call != y->is_call)
		return x->is_call ? -1 : 1;
	return x->op < y->op ? -1 : x->op > y->op;
}

static void
set_up(struct search *s)
{
	struct moment *m = xcalloc(2 * s->n + 1, sizeof *m);
	size_t *calls = xcalloc(s->n + 1, sizeof *calls), nm = 0;
	struct rng rng;

	rng_init(&rng, s->n);
	for (size_t i = 0; i < s->n; i++) {
		m[nm++] = (struct moment){ s->ops[i].called, i, true };
		s->marks[i][0] = rng_next(&rng);
		s->marks[i][1] = rng_next(&rng);
		if (s->ops[i].returned == LINEAR_NEVER)
			continue;
		m[nm++] = (struct moment){ s->ops[i].returned, i, false };
		s->nrequired++;
	}
	qsort(m, nm, sizeof *m, by_time);
	s->end = nm + 1;
	for (size_t i = 0; i <= s->end; i++)
		s->events[i] = (struct event){
			.prev = i - 1, .next = i + 1, .match = NONE
		};
	for (size_t i = 0; i < nm; i++) {
		s->events[i + 1].op = m[i].op;
		s->events[i + 1].is_call = m[i].is_call;
		if (m[i].is_call)
			calls[m[i].op] = i + 1;
		else
			s->events[calls[m[i].op]].match = i + 1;
	}
	free(calls);
	free(m);
}

static void
find_seers(struct search *s, uint64_t initial)
{
	size_t nw;
	struct linear_op **w = list_writers(s->ops, s->n, initial, &nw);

	for (size_t i = 0; i < s->n; i++) {
		const struct linear_op *op = &s->ops[i];
		uint64_t v = op->kind == LINEAR_CAS ? op->expected : op->value;
		size_t at = v == initial ? NONE : find_writer(w, nw, v);

		s->seer[i] = NONE;
		if (op->kind == LINEAR_WRITE)
			continue;
		if (v == initial)
			s->seer[i] = s->n;
		else if (at != NONE)
			s->seer[i] = (size_t)(w[at] - s->ops);
		count_seer(s, i, false);
	}
	s->writer = s->n;
	free(w);
}

static bool
says_nothing(const struct linear_op *op)
{
	return op->kind == LINEAR_READ && op->returned == LINEAR_NEVER;
}

struct linear_result
linear_check(
    const struct linear_op *ops, size_t n, uint64_t initial, uint64_t steps_max)
{
	struct linear_result r = { 0 };
	struct search s = { .value = initial };

	s.ops = xcalloc(n + 1, sizeof *s.ops);
	for (size_t i = 0; i < n; i++)
		if (!says_nothing(&ops[i]))
			s.ops[s.n++] = ops[i];
	s.n = settle(s.ops, s.n, initial, &s.once);
	s.events = xcalloc(2 * s.n + 2, sizeof *s.events);
	s.marks = xcalloc(s.n + 1, sizeof *s.marks);
	s.taken = xcalloc(s.n + 1, sizeof *s.taken);
	s.seer = xcalloc(s.n + 1, sizeof *s.seer);
	s.waiting = xcalloc(s.n + 1, sizeof *s.waiting);
	set_up(&s);
	if (s.once)
		find_seers(&s, initial);
	run(&s, steps_max > 0 ? steps_max : LINEAR_STEPS, &r);
	free(s.ops);
	free(s.events);
	free(s.marks);
	free(s.taken);
	free(s.tried);
	free(s.seer);
	free(s.waiting);
	return r;
}
