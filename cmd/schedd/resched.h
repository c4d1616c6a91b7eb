/*
 * When an allocation that failed may be tried again: the reschedule policy.
 */
#ifndef SCHEDD_RESCHED_H
#define SCHEDD_RESCHED_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/alloc.h"
#include "proto/job.h"

/* Events that are remembered where their number is not limited. */
#define RESCHED_MAX_PAST 5

/* When its tasks ended, or, when that is unknown, when it last changed. */
int64_t resched_last_event(const struct alloc *a);

/* How long to wait after `failed_at`; policy may be NULL. */
int64_t resched_next_delay(const struct reschedule_policy *policy,
    const struct alloc *a, int64_t failed_at);

/* Events within the policy's interval before `failed_at`. */
int64_t resched_attempted(const struct reschedule_policy *policy,
    const struct alloc *a, int64_t failed_at);

/* Fills *when; false when it is not to be tried again. as_of is the moment
 * of the failure (resched_last_event(), or now for one out of reach). */
bool resched_next_time(const struct reschedule_policy *policy,
    const struct alloc *a, int64_t as_of, int64_t *when);

/* The tracker of the allocation that replaces `a`, on the heap. */
struct reschedule_tracker *resched_track(
    const struct reschedule_policy *policy, const struct alloc *a, int64_t now);

#endif
