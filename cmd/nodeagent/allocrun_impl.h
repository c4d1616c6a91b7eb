/*
 * Inside allocrun.c, which is told what happened, and allocstep.c, which
 * decides what is done about it.
 */
#ifndef NODEAGENT_ALLOCRUN_IMPL_H
#define NODEAGENT_ALLOCRUN_IMPL_H

#include "cmd/nodeagent/allocrun.h"

/* Starts and kills what it is time for, and says how the allocation is. */
void run_advance(struct alloc_run *run, struct run_time now);
/* Ends a task as its driver does; one that never ran is dead at once. */
void run_kill(struct alloc_run *run, size_t i, struct run_time now);
/* It will not run again. */
void run_die(
    struct alloc_run *run, struct task_run *t, bool failed, int64_t at_ns);

#endif
