#include "cmd/nodeagent/allocrun.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/nodeagent/allochealth.h"
#include "cmd/nodeagent/allocrun_impl.h"
#include "cmd/nodeagent/taskenv.h"
#include "cmd/nodeagent/taskevent.h"
#include "cmd/nodeagent/tasklife.h"
#include "common/clock.h"
#include "common/mem.h"

/* --- making and keeping --- */

static const struct task *
task_named(const struct task_group *group, const char *name)
{
	for (size_t i = 0; i < group->ntasks; i++)
		if (strcmp(group->tasks[i].name, name) == 0)
			return &group->tasks[i];
	return NULL;
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
	run->client_status = xstrdup("pending");
	run->client_description = "No tasks have started";
	for (size_t i = 0; i < run->ntasks; i++) {
		run->tasks[i].task = &group->tasks[i];
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
	free(run->ill_services);
	free(run->actions);
	free(run);
}

void
alloc_run_hold(struct alloc_run *run)
{
	run->held = true;
}

void
alloc_run_let_go(struct alloc_run *run, struct run_time now)
{
	run->held = false;
	run_advance(run, now);
}

void
alloc_run_tick(struct alloc_run *run, struct run_time now)
{
	run_advance(run, now);
}

static void
begin_running(struct alloc_run *run, size_t task, struct run_time now)
{
	struct task_run *t = &run->tasks[task];

	t->phase = TASK_RUNNING;
	t->ever_ran = true;
	task_set_state(t, "running");
	run->changed = true;
	if (t->kill_wanted) {
		t->kill_wanted = false;
		run_kill(run, task, now);
	}
	run_advance(run, now);
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
	begin_running(run, task, now);
}

void
alloc_run_found(struct alloc_run *run, size_t task, struct run_time now)
{
	if (run->tasks[task].phase == TASK_STARTING)
		begin_running(run, task, now);
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
		run_kill(run, i, now);
	}
}

static void
give_up(struct alloc_run *run, size_t task, bool failed, int64_t at_ns,
    struct run_time now)
{
	run_die(run, &run->tasks[task], failed, at_ns);
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
	run_advance(run, now);
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
		run_advance(run, now);
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
	task_event_terminated(&t->state, end, at_ns);
	run->changed = true;
	if (t->restart_wanted) {
		t->restart_wanted = false;
		task_event_restarting(&t->state, "", 0, now.ns);
		back_off(run, t, 0, now);
	} else if (t->unhealthy && !run->stopping) {
		t->unhealthy = false;
		cause.success = false;
		after_end(run, task, &cause, at_ns, now);
		return;
	} else if (killed) {
		task_event_add(
		    &t->state, "Killed", "Task successfully killed", now.ns);
		give_up(run, task, t->state.failed, at_ns, now);
	} else {
		after_end(run, task, &cause, at_ns, now);
		return;
	}
	run_advance(run, now);
}

static bool
is_everywhere(const struct alloc_run *run)
{
	const char *type = run->alloc->job->type;

	return type != NULL &&
	       (strcmp(type, "system") == 0 || strcmp(type, "sysbatch") == 0);
}

static void
start_lost(struct alloc_run *run, struct task_run *t, struct run_time now)
{
	task_event_restarting(
	    &t->state, "Task was lost with its keeper", 0, now.ns);
	back_off(run, t, 0, now);
}

void
alloc_run_vanished(struct alloc_run *run, size_t task, struct run_time now)
{
	struct task_run *t = &run->tasks[task];

	if (!task_is_alive(t))
		return;
	if (t->kill_wanted || run->stopping || t->phase == TASK_KILLING) {
		give_up(run, task, t->state.failed, now.ns, now);
	} else if (run->unheard && !is_everywhere(run)) {
		task_event_add(&t->state, "Failed Restoring Task",
		    "failed to restore task; will not run until server is "
		    "contacted",
		    now.ns);
		t->held = true;
		t->phase = TASK_BACKOFF;
		task_set_state(t, "pending");
		run->changed = true;
	} else {
		start_lost(run, t, now);
	}
	run_advance(run, now);
}

void
alloc_run_heard(struct alloc_run *run, struct run_time now)
{
	run->unheard = false;
	for (size_t i = 0; i < run->ntasks; i++) {
		struct task_run *t = &run->tasks[i];

		if (t->held && t->phase == TASK_BACKOFF)
			start_lost(run, t, now);
		t->held = false;
	}
	run_advance(run, now);
}

void
alloc_run_stop(struct alloc_run *run, struct run_time now)
{
	uint64_t delay_ms = 0;

	if (run->stopping || run->stop_at_ms != 0)
		return;
	if (run->group->has_shutdown_delay && run->group->shutdown_delay > 0 &&
	    !run->alloc->desired_transition.no_shutdown_delay && !run->fenced)
		delay_ms =
		    (uint64_t)(run->group->shutdown_delay / CLOCK_NS_PER_MS);
	if (delay_ms > 0)
		run->stop_at_ms = now.ms + delay_ms;
	else
		run->stopping = true;
	run->changed = true;
	run_advance(run, now);
}

void
alloc_run_fence(struct alloc_run *run, uint64_t silent_ms, struct run_time now)
{
	if (run->stopping || alloc_run_is_done(run))
		return;
	run->fenced = run->stop_at_ms == 0;
	run->stop_at_ms = 0;
	run->stopping = true;
	for (size_t i = 0; run->fenced && i < run->ntasks; i++) {
		struct task_run *t = &run->tasks[i];

		if (t->phase == TASK_DEAD || task_is_hook(t, "poststop"))
			continue;
		t->state.failed = true;
		task_event_fenced(&t->state, silent_ms, now.ns);
	}
	run->changed = true;
	run_advance(run, now);
}

/* An update in place keeps the tasks' names, though not their order. */
static bool
has_same_tasks(const struct alloc_run *run, const struct task_group *group)
{
	if (group == NULL || group->ntasks != run->ntasks)
		return false;
	for (size_t i = 0; i < run->ntasks; i++)
		if (task_named(group, run->tasks[i].task->name) == NULL)
			return false;
	return true;
}

void
alloc_run_update(
    struct alloc_run *run, struct alloc *alloc, struct run_time now)
{
	const struct task_group *group = alloc_group(alloc);
	bool stop = alloc->desired_status != NULL &&
		    strcmp(alloc->desired_status, "run") != 0;

	if (!has_same_tasks(run, group)) {
		rec_clear(&alloc_type, alloc);
		free(alloc);
		alloc_run_stop(run, now);
		return;
	}
	if (alloc->deployment_id != NULL && *alloc->deployment_id != '\0' &&
	    (run->alloc->deployment_id == NULL ||
		strcmp(alloc->deployment_id, run->alloc->deployment_id) != 0))
		alloc_health_begin(run, now);
	for (size_t i = 0; i < run->ntasks; i++)
		run->tasks[i].task =
		    task_named(group, run->tasks[i].task->name);
	rec_clear(&alloc_type, run->alloc);
	free(run->alloc);
	run->alloc = alloc;
	run->group = group;
	if (stop)
		alloc_run_stop(run, now);
	run_advance(run, now);
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
		run_kill(run, i, now);
	}
	return found > 0 ? 0 : err_set(err, ERR_BAD, "Task not running");
}

void
alloc_run_note(struct alloc_run *run, size_t task, const char *message,
    struct run_time now)
{
	task_event_driver(&run->tasks[task].state, message, now.ns);
	run->changed = true;
}

void
alloc_run_unhealthy(struct alloc_run *run, const char *task, const char *check,
    struct run_time now)
{
	for (size_t i = 0; i < run->ntasks; i++) {
		struct task_run *t = &run->tasks[i];

		if (t->phase != TASK_RUNNING ||
		    (*task != '\0' && strcmp(t->task->name, task) != 0))
			continue;
		t->unhealthy = true;
		task_event_check_restart(&t->state, check, now.ns);
		run_kill(run, i, now);
	}
}

void
alloc_run_add_event(struct alloc_run *run, size_t task, const char *type,
    const char *message, struct run_time now)
{
	task_event_add(&run->tasks[task].state, type, message, now.ns);
	run->changed = true;
}
