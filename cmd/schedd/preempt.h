/*
 * Whose allocations may give way to a job of higher priority.
 *
 * Those of the lowest priority go first; among them those whose size is
 * closest to what is missing, and of one group no more than its migrate
 * block allows while others will do. What turns out not to be needed stays.
 */
#ifndef SCHEDD_PREEMPT_H
#define SCHEDD_PREEMPT_H

#include <stddef.h>
#include <stdint.h>

#include "cmd/schedd/world.h"

#define PREEMPT_GAP 10 /* victims' priority is at least this much lower */
#define PREEMPT_MAX 64 /* victims on one node for one placement */

/*
 * Fills victims (borrowed from the state) with what must go from the node
 * for `ask` to fit; returns how many, 0 when that cannot be. taken counts
 * victims that the plan has already, by "job/group".
 */
size_t preempt_find(struct world *w, struct world_node *n,
    const struct sched_usage *ask, int64_t priority, const struct map *taken,
    const struct sched_alloc **victims);

/* 0 to 1: the less important and the fewer they are, the better. */
double preempt_score(const struct sched_alloc *const *victims, size_t n);

/* "namespace/job/group": what `taken` is keyed by; in the arena. */
const char *preempt_key(struct arena *arena, const struct sched_alloc *a);

#endif
