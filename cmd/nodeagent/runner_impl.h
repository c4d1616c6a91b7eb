/*
 * Inside runner.c, an allocation on this node, and runner_task.c, its tasks.
 */
#ifndef NODEAGENT_RUNNER_IMPL_H
#define NODEAGENT_RUNNER_IMPL_H

#include "cmd/nodeagent/runner.h"

/* --- runner.c --- */

/* Writes it to the store. */
void runner_save(struct runner *r);

/* --- runner_task.c --- */

/* Has the driver start task i, or look for what an earlier nodeagent started.
 */
struct taskproc *runner_call_driver(
    struct runner *r, size_t i, const struct driver *driver, bool recover);
void runner_start_task(struct runner *r, size_t i);
/* Gives up starts of tasks that are to end. */
void runner_abandon_starts(struct runner *r);
void runner_kill_task(struct runner *r, const struct run_action *a);
/* Lets go of the process without ending it. */
void runner_release_proc(struct runner *r, size_t i);

#endif
