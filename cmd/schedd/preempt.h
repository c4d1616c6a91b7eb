/*
 * Whose allocations may give way to a job of higher priority.
 *
 * Those of the lowest priority go first; among them those whose size is
 * closest to what is missing, and of one group no more than its migrate
 * block allows while others will do. What turns out not to be needed stays.
 * A port that is asked for by its number can be had of nobody but its holder:
 * he goes first, and what he uses counts towards the room.
 */
#ifndef SCHEDD_PREEMPT_H
#define SCHEDD_PREEMPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/schedd/world.h"

#define PREEMPT_GAP 10 /* victims' priority is at least this much lower */
#define PREEMPT_MAX 64 /* victims on one node for one placement */

/* Who gives way on one node, for one placement. */
struct preempt {
	int64_t priority; /* of what is placed; 0: nobody gives way to it */
	const struct sched_alloc *victims[PREEMPT_MAX]; /* the state's */
	size_t n;
};

/* Does not clear the places for victims: there are many nodes to ask. */
void preempt_init(struct preempt *p, int64_t priority);

/*
 * Whether the port of the node's address (a number of sched_ip()'s) is free
 * once those who hold it have left: all of them may give way, and are added
 * to the victims.
 */
bool preempt_for_port(struct preempt *p, const struct world *w,
    const struct world_node *n, uint32_t ip, int64_t port);

/*
 * Whether `ask` fits once the victims have left, with those that this adds;
 * without them it does not. taken counts what the plan evicts already, by
 * preempt_key().
 */
bool preempt_for_room(struct preempt *p, struct world *w, struct world_node *n,
    const struct sched_usage *ask, const struct map *taken);

/* 0 to 1: the less important and the fewer they are, the better. */
double preempt_score(const struct preempt *p);

/* "namespace/job/group": what `taken` is keyed by; in the arena. */
const char *preempt_key(struct arena *arena, const struct sched_alloc *a);

#endif
