#include "cmd/nodeagent/allocrun.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/nodeagent/allochealth.h"
#include "cmd/nodeagent/taskenv.h"
#include "cmd/nodeagent/taskevent.h"
#include "cmd/nodeagent/tasklife.h"
#include "common/clock.h"
#include "common/mem.h"

#define DEFAULT_KILL_TIMEOUT_MS 5000

/* --- making and keeping --- */

static void
bind_tasks(struct alloc_run *run)
{
	for (size_t i = 0; i < run->ntasks; i++)
		run->tasks[i].task = &run->group->tasks[i];
}

struct alloc_run *
alloc_run_new(struct alloc *alloc, uint64_t seed, uint64_t max_kill_ms,
    struct run_time now, struct err *err)
{
	const struct task_group *group = alloc_group(alloc);
	struct alloc_run *run;

	if (group == NULL) {
		err_set(err, ERR_BAD, "allocation %s: its job has no group %s",
		    alloc->id, alloc->task_group);
		return NULL;
	}
	run = xcalloc(1, sizeof *run);
	run->alloc = alloc;
	run->group = group;
	run->max_kill_ms = max_kill_ms;
	run->since_ms = now.ms;
	rng_init(&run->rng, seed);
	run->ntasks = group->ntasks;
	run->tasks = xcalloc(run->ntasks, sizeof *run->tasks);
	bind_tasks(run);
	run->client_status = xstrdup("pending");
	run->client_description = "No tasks have started";
	for (size_t i = 0; i < run->ntasks; i++) {
		run->tasks[i].state.state = xstrdup("pending");
		task_event_add(&run->tasks[i].state, "Received",
		    "Task received by client", now.ns);
	}
	return run;
}

void
alloc_run_free(struct alloc_run *run)
{
	if (run == NULL)
		return;
	for (size_t i = 0; i < run->ntasks; i++)
		rec_clear(&task_state_type, &run->tasks[i].state);
	rec_clear(&alloc_type, run->alloc);
	free(run->alloc);
	free(run->tasks);
	free(run->client_status);
	free(run->actions);
	free(run);
}

/* --- deciding --- */

static void
act(struct alloc_run *run, struct run_action action)
{
	run->actions = xgrow(run->actions, run->nactions, &run->actions_cap,
	    sizeof *run->actions);
	run->actions[run->nactions++] = action;
}

static void
start(struct alloc_run *run, size_t i)
{
	struct task_run *t = &run->tasks[i];

	t->phase = TASK_STARTING;
	t->wake_ms = 0;
	t->life++;
	act(run, (struct run_action){ .kind = RUN_START, .task = i });
}

static void
die(struct alloc_run *run, struct task_run *t, bool failed, int64_t at_ns)
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

static void
kill_task(struct alloc_run *run, size_t i, struct run_time now)
{
	struct task_run *t = &run->tasks[i];
	struct run_action a = { .kind = RUN_KILL, .task = i };

	if (t->phase == TASK_STARTING) {
		t->kill_wanted = true;
		return;
	}
	if (t->phase == TASK_WAITING || t->phase == TASK_BACKOFF) {
		die(run, t, t->state.failed, now.ns);
		return;
	}
	if (t->phase != TASK_RUNNING)
		return;
	t->phase = TASK_KILLING;
	a.kill_after_ms = kill_timeout_ms(run, t->task);
	a.signal = t->task->kill_signal != NULL && *t->task->kill_signal != '\0'
		       ? signal_parse(t->task->kill_signal)
		       : SIGINT;
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

		failed |= t->phase == TASK_DEAD && t->state.failed;
		running |= strcmp(t->state.state, "running") == 0;
		pending |= strcmp(t->state.state, "pending") == 0 &&
			   !task_is_hook(t, "poststop");
		ran |= t->ever_ran;
	}
	*description = failed           ? "Failed tasks"
		       : running        ? "Tasks are running"
		       : pending && ran ? "Tasks are restarting"
		       : pending        ? "No tasks have started"
					: "All tasks have completed";
	return failed    ? "failed"
	       : running ? "running"
	       : pending ? "pending"
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

/* --- one step --- */

static void
advance(struct alloc_run *run, struct run_time now)
{
	if (run->stop_at_ms != 0 && now.ms >= run->stop_at_ms) {
		run->stop_at_ms = 0;
		run->stopping = true;
	}
	for (size_t i = 0; i < run->ntasks; i++) {
		struct task_run *t = &run->tasks[i];

		if (is_left_over(run, t) && !waits_for_leader(run, t))
			kill_task(run, i, now);
		else if (t->phase == TASK_WAITING && task_can_start(run, t))
			start(run, i);
		else if (t->phase == TASK_BACKOFF && now.ms >= t->wake_ms)
			start(run, i);
		else if (t->phase == TASK_WAITING &&
			 task_is_hook(t, "poststop") &&
			 tasks_main_are(run, TASK_DEAD) &&
			 !tasks_main_ever_ran(run))
			die(run, t, false, now.ns);
	}
	update_status(run);
	alloc_health_update(run, now);
}

void
alloc_run_tick(struct alloc_run *run, struct run_time now)
{
	advance(run, now);
}

static void
is_running(struct alloc_run *run, size_t task, struct run_time now)
{
	struct task_run *t = &run->tasks[task];

	t->phase = TASK_RUNNING;
	t->ever_ran = true;
	task_set_state(t, "running");
	run->changed = true;
	if (t->kill_wanted) {
		t->kill_wanted = false;
		kill_task(run, task, now);
	}
	advance(run, now);
}

void
alloc_run_started(struct alloc_run *run, size_t task, struct run_time now)
{
	struct task_run *t = &run->tasks[task];

	if (t->phase != TASK_STARTING)
		return;
	t->state.started_at = now.ns;
	t->state.finished_at = 0;
	task_event_add(&t->state, "Started", "Task started by client", now.ns);
	is_running(run, task, now);
}

void
alloc_run_found(struct alloc_run *run, size_t task, struct run_time now)
{
	if (run->tasks[task].phase == TASK_STARTING)
		is_running(run, task, now);
}

/* A task is dead for good: its siblings follow it where they must. */
static void
take_siblings_down(struct alloc_run *run, size_t task, struct run_time now)
{
	const struct task_run *gone = &run->tasks[task];
	bool failed = gone->state.failed && !task_is_hook(gone, "poststop");

	if (run->stopping || (!failed && !gone->task->leader))
		return;
	for (size_t i = 0; i < run->ntasks; i++) {
		struct task_run *t = &run->tasks[i];

		if (i == task || t->phase == TASK_DEAD ||
		    task_is_hook(t, "poststop"))
			continue;
		if (failed)
			task_event_sibling(&t->state, gone->task->name, now.ns);
		else
			task_event_add(&t->state, "Leader Task Dead",
			    "Leader Task in Group dead", now.ns);
		kill_task(run, i, now);
	}
}

static void
give_up(struct alloc_run *run, size_t task, bool failed, int64_t at_ns,
    struct run_time now)
{
	die(run, &run->tasks[task], failed, at_ns);
	take_siblings_down(run, task, now);
}

static void
back_off(struct alloc_run *run, struct task_run *t, uint64_t delay_ms,
    struct run_time now)
{
	t->phase = TASK_BACKOFF;
	t->wake_ms = now.ms + delay_ms;
	t->state.restarts++;
	t->state.last_restart = now.ns;
	task_set_state(t, "pending");
	run->changed = true;
}

/* Services and system jobs restart even after success; so do sidecars. */
static bool
restarts_on_success(const struct alloc_run *run, const struct task_run *t)
{
	const char *type = run->alloc->job->type;

	if (!task_is_main(t))
		return task_is_sidecar(t);
	return type == NULL ||
	       (strcmp(type, "batch") != 0 && strcmp(type, "sysbatch") != 0);
}

static void
after_end(struct alloc_run *run, size_t task, const struct restart_cause *cause,
    int64_t at_ns, struct run_time now)
{
	struct task_run *t = &run->tasks[task];
	const struct restart_policy *policy = t->task->restart_policy != NULL
						  ? t->task->restart_policy
						  : run->group->restart_policy;
	struct restart_verdict v =
	    restart_decide(policy, &t->count, cause, now.ns, &run->rng);

	if (v.again) {
		task_event_restarting(&t->state, v.reason, v.delay_ms, now.ns);
		back_off(run, t, v.delay_ms, now);
	} else {
		task_event_not_restarting(
		    &t->state, v.reason, v.failed, now.ns);
		give_up(run, task, v.failed, at_ns, now);
	}
	advance(run, now);
}

void
alloc_run_start_failed(struct alloc_run *run, size_t task, const char *why,
    bool unrecoverable, struct run_time now)
{
	struct task_run *t = &run->tasks[task];
	struct restart_cause cause = { .start_failed = true,
		.unrecoverable = unrecoverable };

	if (t->phase != TASK_STARTING)
		return;
	task_event_driver_failure(&t->state, why, now.ns);
	if (t->kill_wanted || run->stopping) {
		give_up(run, task, true, now.ns, now);
		advance(run, now);
		return;
	}
	after_end(run, task, &cause, now.ns, now);
}

void
alloc_run_ended(struct alloc_run *run, size_t task, const struct task_end *end,
    struct run_time now)
{
	struct task_run *t = &run->tasks[task];
	int64_t at_ns = end->finished_at_ns != 0 ? end->finished_at_ns : now.ns;
	bool killed =
	    t->phase == TASK_KILLING || t->kill_wanted || run->stopping;
	struct restart_cause cause = { .success = end->exit_code == 0 &&
						  end->signal == 0,
		.on_success = restarts_on_success(run, t) };

	if (!task_is_alive(t))
		return;
	t->ever_ran = true;
	t->kill_wanted = false;
	t->state.finished_at = at_ns;
	task_event_terminated(
	    &t->state, end->exit_code, end->signal, end->oom, at_ns);
	run->changed = true;
	if (t->restart_wanted) {
		t->restart_wanted = false;
		task_event_restarting(&t->state, "", 0, now.ns);
		back_off(run, t, 0, now);
	} else if (killed) {
		task_event_add(
		    &t->state, "Killed", "Task successfully killed", now.ns);
		give_up(run, task, t->state.failed, at_ns, now);
	} else {
		after_end(run, task, &cause, at_ns, now);
		return;
	}
	advance(run, now);
}

void
alloc_run_vanished(struct alloc_run *run, size_t task, struct run_time now)
{
	struct task_run *t = &run->tasks[task];

	if (!task_is_alive(t))
		return;
	if (t->kill_wanted || run->stopping || t->phase == TASK_KILLING) {
		give_up(run, task, t->state.failed, now.ns, now);
	} else {
		task_event_restarting(
		    &t->state, "Task was lost with its keeper", 0, now.ns);
		back_off(run, t, 0, now);
	}
	advance(run, now);
}

void
alloc_run_stop(struct alloc_run *run, struct run_time now)
{
	uint64_t delay_ms = 0;

	if (run->stopping || run->stop_at_ms != 0)
		return;
	if (run->group->has_shutdown_delay && run->group->shutdown_delay > 0 &&
	    !run->alloc->desired_transition.no_shutdown_delay)
		delay_ms =
		    (uint64_t)(run->group->shutdown_delay / CLOCK_NS_PER_MS);
	if (delay_ms > 0)
		run->stop_at_ms = now.ms + delay_ms;
	else
		run->stopping = true;
	run->changed = true;
	advance(run, now);
}

void
alloc_run_update(
    struct alloc_run *run, struct alloc *alloc, struct run_time now)
{
	const struct task_group *group = alloc_group(alloc);
	bool stop = alloc->desired_status != NULL &&
		    strcmp(alloc->desired_status, "run") != 0;

	/* An update in place keeps the tasks: same names, same order. */
	if (group == NULL || group->ntasks != run->ntasks) {
		rec_clear(&alloc_type, alloc);
		free(alloc);
		alloc_run_stop(run, now);
		return;
	}
	if (alloc->deployment_id != NULL && *alloc->deployment_id != '\0' &&
	    (run->alloc->deployment_id == NULL ||
		strcmp(alloc->deployment_id, run->alloc->deployment_id) != 0))
		run->has_health = false;
	rec_clear(&alloc_type, run->alloc);
	free(run->alloc);
	run->alloc = alloc;
	run->group = group;
	bind_tasks(run);
	if (stop)
		alloc_run_stop(run, now);
	advance(run, now);
}

int
alloc_run_restart(struct alloc_run *run, const char *task, struct run_time now,
    struct err *err)
{
	size_t found = 0;

	for (size_t i = 0; i < run->ntasks; i++) {
		struct task_run *t = &run->tasks[i];

		if (task != NULL && strcmp(t->task->name, task) != 0)
			continue;
		if (t->phase != TASK_RUNNING)
			continue;
		found++;
		t->restart_wanted = true;
		task_event_add(&t->state, "Restart Signaled",
		    "User requested task to restart", now.ns);
		kill_task(run, i, now);
	}
	return found > 0 ? 0 : err_set(err, ERR_BAD, "Task not running");
}

void
alloc_run_add_event(struct alloc_run *run, size_t task, const char *type,
    const char *message, struct run_time now)
{
	task_event_add(&run->tasks[task].state, type, message, now.ns);
	run->changed = true;
}
