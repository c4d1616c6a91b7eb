/*
 * Lifecycle: which task of an allocation may run when.
 *
 * A task without a lifecycle block is a main one. The others hook in before
 * (prestart), beside (poststart) or after (poststop) them; a sidecar stays
 * as long as they do.
 */
#ifndef NODEAGENT_TASKLIFE_H
#define NODEAGENT_TASKLIFE_H

#include "cmd/nodeagent/allocrun.h"

bool task_is_hook(const struct task_run *t, const char *hook);
bool task_is_main(const struct task_run *t);
bool task_is_sidecar(const struct task_run *t);
/* There is a process, or about to be one. */
bool task_is_alive(const struct task_run *t);

/* All main tasks are in this phase. */
bool tasks_main_are(const struct alloc_run *run, enum task_phase phase);
bool tasks_main_ever_ran(const struct alloc_run *run);

/* Whether it is a waiting task's turn. */
bool task_can_start(const struct alloc_run *run, const struct task_run *t);

/* What the API shows: "pending", "running" or "dead". */
void task_set_state(struct task_run *t, const char *state);

#endif
