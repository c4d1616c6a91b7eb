/* What an allocation does next: who starts, who is killed, how it is. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/nodeagent/allochealth.h"
#include "cmd/nodeagent/allocrun.h"
#include "cmd/nodeagent/allocrun_impl.h"
#include "cmd/nodeagent/taskevent.h"
#include "cmd/nodeagent/tasklife.h"
#include "common/clock.h"
#include "common/mem.h"

#define DEFAULT_KILL_TIMEOUT_MS 5000

static void
act(struct alloc_run *run, struct run_action action)
{
	run->actions = xgrow(run->actions, run->nactions, &run->actions_cap,
	    sizeof *run->actions);
	run->actions[run->nactions++] = action;
}

static void
start(struct alloc_run *run, size_t i, struct run_time now)
{
	struct task_run *t = &run->tasks[i];

	if (t->life == 0)
		task_event_setup(&t->state, now.ns);
	t->phase = TASK_STARTING;
	t->wake_ms = 0;
	t->life++;
	act(run, (struct run_action){ .kind = RUN_START, .task = i });
}

void
run_die(struct alloc_run *run, struct task_run *t, bool failed, int64_t at_ns)
{
	t->phase = TASK_DEAD;
	t->wake_ms = 0;
	t->state.failed = failed;
	if (t->ever_ran)
		t->state.finished_at = at_ns;
	task_set_state(t, "dead");
	run->changed = true;
}

static uint64_t
kill_timeout_ms(const struct alloc_run *run, const struct task *task)
{
	uint64_t ms = DEFAULT_KILL_TIMEOUT_MS;

	if (task->has_kill_timeout && task->kill_timeout >= 0)
		ms = (uint64_t)(task->kill_timeout / CLOCK_NS_PER_MS);
	if (ms > run->max_kill_ms)
		ms = run->max_kill_ms;
	return ms > 0 ? ms : 1;
}

void
run_kill(struct alloc_run *run, size_t i, struct run_time now)
{
	struct task_run *t = &run->tasks[i];
	struct run_action a = { .kind = RUN_KILL, .task = i };

	if (t->phase == TASK_STARTING) {
		t->kill_wanted = true;
		return;
	}
	if (t->phase == TASK_WAITING || t->phase == TASK_BACKOFF) {
		run_die(run, t, t->state.failed, now.ns);
		return;
	}
	if (t->phase != TASK_RUNNING)
		return;
	t->phase = TASK_KILLING;
	a.kill_after_ms = kill_timeout_ms(run, t->task);
	a.signal = t->task->kill_signal != NULL && *t->task->kill_signal != '\0'
		       ? signal_parse(t->task->kill_signal)
		       : 0;
	task_event_killing(&t->state, a.kill_after_ms, now.ns);
	act(run, a);
	run->changed = true;
}

/* Whether the task must end although nobody asked for it itself. */
static bool
is_left_over(const struct alloc_run *run, const struct task_run *t)
{
	if (task_is_hook(t, "poststop"))
		return false;
	if (run->stopping)
		return true;
	/* Sidecars and poststart tasks serve main tasks: none, no work. */
	return (task_is_sidecar(t) || task_is_hook(t, "poststart")) &&
	       tasks_main_are(run, TASK_DEAD);
}

/* While a leader lives, the others are not told to end. */
static bool
waits_for_leader(const struct alloc_run *run, const struct task_run *t)
{
	for (size_t i = 0; i < run->ntasks; i++) {
		const struct task_run *leader = &run->tasks[i];

		if (leader->task->leader && leader != t &&
		    task_is_alive(leader))
			return true;
	}
	return false;
}

static const char *
status_of(const struct alloc_run *run, const char **description)
{
	bool failed = false, running = false, pending = false, ran = false;

	for (size_t i = 0; i < run->ntasks; i++) {
		const struct task_run *t = &run->tasks[i];

		failed |=
		    t->phase == TASK_DEAD && t->state.failed && !run->fenced;
		running |= strcmp(t->state.state, "running") == 0;
		pending |= strcmp(t->state.state, "pending") == 0 &&
			   !task_is_hook(t, "poststop");
		ran |= t->ever_ran;
	}
	*description = failed           ? "Failed tasks"
		       : running        ? "Tasks are running"
		       : pending && ran ? "Tasks are restarting"
		       : pending        ? "No tasks have started"
		       : run->fenced    ? "No server was in reach"
					: "All tasks have completed";
	return failed        ? "failed"
	       : running     ? "running"
	       : pending     ? "pending"
	       : run->fenced ? "lost"
			     : "complete";
}

static void
update_status(struct alloc_run *run)
{
	const char *status = status_of(run, &run->client_description);

	if (strcmp(status, run->client_status) == 0)
		return;
	free(run->client_status);
	run->client_status = xstrdup(status);
	run->changed = true;
}

void
run_advance(struct alloc_run *run, struct run_time now)
{
	if (run->stop_at_ms != 0 && now.ms >= run->stop_at_ms) {
		run->stop_at_ms = 0;
		run->stopping = true;
	}
	for (size_t i = 0; i < run->ntasks; i++) {
		struct task_run *t = &run->tasks[i];

		if (is_left_over(run, t) && !waits_for_leader(run, t))
			run_kill(run, i, now);
		else if (t->phase == TASK_WAITING && !run->held &&
			 task_can_start(run, t))
			start(run, i, now);
		else if (t->phase == TASK_BACKOFF && !t->held &&
			 now.ms >= t->wake_ms)
			start(run, i, now);
		else if (t->phase == TASK_WAITING &&
			 task_is_hook(t, "poststop") &&
			 tasks_main_are(run, TASK_DEAD) &&
			 !tasks_main_ever_ran(run))
			run_die(run, t, false, now.ns);
	}
	update_status(run);
	alloc_health_update(run, now);
}
