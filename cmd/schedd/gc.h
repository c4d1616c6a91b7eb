/*
 * What may be forgotten; see sched_gc_select() in state.h.
 */
#ifndef SCHEDD_GC_H
#define SCHEDD_GC_H

#include "cmd/schedd/state.h"

/* Whether an allocation that was last changed up to cutoff may be forgotten
 * at `now`: it has ended and nothing will be made of it. job is the current
 * version of its job, NULL when that is gone. */
bool gc_alloc_may_go(const struct sched_alloc *a, const struct job *job,
    int64_t now, int64_t cutoff);

#endif
