/*
 * Whole cores: tasks that ask for some have them alone.
 */
#ifndef SCHEDD_CORES_H
#define SCHEDD_CORES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/schedd/world.h"
#include "proto/job.h"

#define CORES_MAX 1024 /* numbers of cores are below this */

struct coreset {
	uint64_t words[CORES_MAX / 64];
};

/* Adds all cores of the resources; false when one was there before, or has
 * a number that none can have. */
bool cores_add(struct coreset *set, const struct allocated_resources *r);
bool cores_has(const struct coreset *set, int64_t no);

/* How many cores the group asks for, over all its tasks. */
int64_t cores_wanted(const struct task_group *tg);

/* What one core of the node is worth in MHz. */
int64_t cores_mhz(const struct node *n);

/* The lowest free numbers that may be reserved, at most max of them; returns
 * how many there are in out. */
size_t cores_free(
    struct world *w, struct world_node *n, int64_t *out, size_t max);

#endif
