/*
 * What many clients did to many registers, and what is wrong with it.
 *
 * Each value is written once, by one operation. So the same value with two
 * indexes was written twice, and a value that nobody was told of but somebody
 * has read tells that an operation of unknown outcome was carried out.
 */
#ifndef TESTS_LIB_HISTORY_H
#define TESTS_LIB_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tests/lib/linear.h"
#include "tests/lib/register.h"

struct event {
	enum linear_kind kind;
	unsigned key, client, server;
	uint64_t called_ns, returned_ns;
	enum outcome outcome;
	uint64_t expected, value; /* value: to be written */
	struct register_told told;
};

struct history {
	struct event *events;
	size_t n, cap;
	uint64_t *marks_ns; /* when something was done to the cluster */
	size_t nmarks, marks_cap;
};

void history_add(struct history *h, const struct event *e);
void history_mark(struct history *h, uint64_t now_ns);
void history_release(struct history *h);

struct verdict {
	size_t noperations, nacked, nrefused, nfailed, nunknown;
	size_t nlost;      /* acknowledged, and gone */
	size_t nduplicate; /* values that were written more than once */
	size_t nghosts;    /* failed for certain, and yet there */
	size_t nwrong;     /* keys whose history is not linearizable */
	size_t nundecided; /* ... or was not to be judged in time */
	/* The longest time without an acknowledged write after each mark. */
	size_t ngaps;
	uint64_t gap_p50_ms, gap_p99_ms, gap_max_ms;
};

/* What was found is also told, a line for each, on `complaints`. */
void history_judge(
    const struct history *h, struct verdict *v, FILE *complaints);

/* A line for each operation, by time. */
void history_print(const struct history *h, FILE *f);

#endif
