/*
 * Things that fall due, the soonest first: a heap of deadlines. Each thing
 * holds a struct due; the heap borrows it until it is removed. A zeroed
 * struct dues is an empty one, a zeroed struct due is in no heap.
 */
#ifndef COMMON_DUE_H
#define COMMON_DUE_H

#include <stddef.h>
#include <stdint.h>

struct due {
	uint64_t at_ms;
	size_t place; /* in the heap, from 1; 0: in none */
};

struct dues {
	struct due **heap;
	size_t n, cap;
};

void dues_release(struct dues *q); /* forgets, does not touch, the things */

/* Adds d, which must be in no heap, falling due at at_ms. */
void due_add(struct dues *q, struct due *d, uint64_t at_ms);
void due_remove(struct dues *q, struct due *d); /* not in it: fine */

/* The soonest, still in the heap; NULL when there is none. */
struct due *due_first(const struct dues *q);

/* The thing that a struct due is a member of. */
#define DUE_OF(d, T, member) ((T *)(void *)((char *)(d)-offsetof(T, member)))

#endif
