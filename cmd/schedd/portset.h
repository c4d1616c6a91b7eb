/*
 * Ports in use on a node: a set of (address, port). An address is its place
 * in a table of the caller's (struct sched_state keeps one).
 */
#ifndef SCHEDD_PORTSET_H
#define SCHEDD_PORTSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/resources.h"

struct portset {
	uint64_t *slots; /* open addressing; 0 is a free one */
	size_t cap;      /* a power of two, or 0 */
	size_t n;
};

bool portset_has(const struct portset *p, uint32_t ip, int64_t port);
/* False when it was there before. */
bool portset_add(struct portset *p, uint32_t ip, int64_t port);
void portset_release(struct portset *p);

/* Calls fn for each port that an allocation was given, its group's and its
 * tasks', until it returns false; false then. ip may be NULL. */
typedef bool portset_fn(void *ctx, const char *ip, int64_t port);
bool portset_each(
    const struct allocated_resources *r, portset_fn *fn, void *ctx);

#endif
