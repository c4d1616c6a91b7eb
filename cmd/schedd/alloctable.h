/*
 * Allocations by id. It is looked at for each that any command, plan or
 * report names, and there may be a hundred thousand: so it takes 12 bytes for
 * each and reads few lines of the cache.
 */
#ifndef SCHEDD_ALLOCTABLE_H
#define SCHEDD_ALLOCTABLE_H

#include <stddef.h>
#include <stdint.h>

struct sched_alloc;

/* A zeroed one is empty. */
struct alloctable {
	struct sched_alloc **slots; /* borrowed; NULL: empty */
	uint32_t *hashes;           /* of those in slots */
	size_t nslots;              /* 0 or a power of two */
	size_t n;
};

/* NULL when there is none. */
struct sched_alloc *alloctable_find(const struct alloctable *t, const char *id);
/* No other with its id may be in the table. */
void alloctable_add(struct alloctable *t, struct sched_alloc *a);
/* It must be there. */
void alloctable_remove(struct alloctable *t, const struct sched_alloc *a);
void alloctable_release(struct alloctable *t);

#endif
