#include "cmd/nodeagent/tasklife.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

bool
task_is_hook(const struct task_run *t, const char *hook)
{
	return t->task->lifecycle != NULL && t->task->lifecycle->hook != NULL &&
	       strcmp(t->task->lifecycle->hook, hook) == 0;
}

bool
task_is_main(const struct task_run *t)
{
	return t->task->lifecycle == NULL;
}

bool
task_is_sidecar(const struct task_run *t)
{
	return t->task->lifecycle != NULL && t->task->lifecycle->sidecar;
}

bool
task_is_alive(const struct task_run *t)
{
	return t->phase == TASK_STARTING || t->phase == TASK_RUNNING ||
	       t->phase == TASK_KILLING;
}

bool
tasks_main_are(const struct alloc_run *run, enum task_phase phase)
{
	for (size_t i = 0; i < run->ntasks; i++)
		if (task_is_main(&run->tasks[i]) &&
		    run->tasks[i].phase != phase)
			return false;
	return true;
}

static bool
prestart_is_over(const struct alloc_run *run)
{
	for (size_t i = 0; i < run->ntasks; i++) {
		const struct task_run *t = &run->tasks[i];

		if (task_is_hook(t, "prestart") &&
		    t->phase != (task_is_sidecar(t) ? TASK_RUNNING : TASK_DEAD))
			return false;
	}
	return true;
}

bool
tasks_main_ever_ran(const struct alloc_run *run)
{
	for (size_t i = 0; i < run->ntasks; i++)
		if (task_is_main(&run->tasks[i]) && run->tasks[i].ever_ran)
			return true;
	return false;
}

bool
task_can_start(const struct alloc_run *run, const struct task_run *t)
{
	if (task_is_hook(t, "poststop"))
		return tasks_main_are(run, TASK_DEAD) &&
		       tasks_main_ever_ran(run);
	if (run->stopping)
		return false;
	if (task_is_hook(t, "prestart"))
		return true;
	if (task_is_hook(t, "poststart"))
		return tasks_main_are(run, TASK_RUNNING);
	return prestart_is_over(run);
}

void
task_set_state(struct task_run *t, const char *state)
{
	free(t->state.state);
	t->state.state = xstrdup(state);
}
