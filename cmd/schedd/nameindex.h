/*
 * The numbers in the names of a group's allocations: job.group[number].
 */
#ifndef SCHEDD_NAMEINDEX_H
#define SCHEDD_NAMEINDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"

struct nameindex {
	struct arena *arena;
	bool *used;
	size_t nused;  /* room in `used` */
	size_t count;  /* how many the group shall have */
	size_t from;   /* all below are taken */
	size_t repeat; /* next number to be given twice */
};

void nameindex_init(struct nameindex *x, struct arena *arena, int64_t count);
void nameindex_add(struct nameindex *x, uint32_t no);
void nameindex_remove(struct nameindex *x, uint32_t no);
bool nameindex_has(const struct nameindex *x, uint32_t no);

/* The highest n numbers in use, no longer in use afterwards: true in the
 * array returned (as long as nused). */
bool *nameindex_highest(struct nameindex *x, size_t n);

/* The lowest free number, which is then in use. Numbers repeat once all
 * below the count are taken. */
uint32_t nameindex_next(struct nameindex *x);

#endif
