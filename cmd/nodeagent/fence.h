/*
 * Allocations that end by themselves when no server is in reach.
 *
 * A group may say `disconnect { stop_on_client_after = "30s" }`. When the
 * servers have heard nothing of this node for so long, what it has of the
 * group is stopped. They, on their side, put nothing in its place before that
 * time and the tasks' kill timeout have passed since they took the node for
 * lost, so that nothing of the group runs twice.
 *
 * The time counts from when the last lease that was granted was asked for. It
 * is kept in data_dir, and holds over restarts of nodeagent, but not over
 * one of the machine, which leaves no task alive.
 */
#ifndef NODEAGENT_FENCE_H
#define NODEAGENT_FENCE_H

#include <stdint.h>

#include "cmd/nodeagent/nodeagent.h"

#define FENCE_START_MS  5000 /* that a new nodeagent has to reach a server */
#define FENCE_SETTLE_MS 1000 /* that it has to ask once more */

/* All on the monotonic clock. */
struct fence_times {
	uint64_t heard_ms; /* 0: never */
	uint64_t ttl_ms;   /* of that lease; 0: not known */
	uint64_t started_ms;
	uint64_t answered_ms; /* when that lease was granted */
};

/* When an allocation of this group is to end, unless servers hear of us; 0:
 * never. Not before the lease is over, and not at once after a start or an
 * answer: one that came late, as after the network was away, says little of
 * when the servers heard us, and the next is on its way. */
uint64_t fence_due_ms(
    const struct task_group *group, const struct fence_times *t);

struct fence;
struct fence *fence_new(struct nodeagent *na);
void fence_free(struct fence *f);
/* A lease that was asked for at asked_ms was granted just now. Any fence may be
 * NULL: there is none. */
void fence_heard(struct fence *f, uint64_t asked_ms, uint64_t ttl_ms);
/* Allocations have come or changed. */
void fence_changed(struct fence *f);

#endif
