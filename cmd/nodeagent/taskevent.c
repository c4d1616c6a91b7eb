#include "cmd/nodeagent/taskevent.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/nodeagent/allocrun.h"
#include "common/clock.h"
#include "common/mem.h"

struct task_event *
task_event_add(struct task_state *state, const char *type, const char *message,
    int64_t now_ns)
{
	struct task_event *e;

	if (state->nevents >= TASK_MAX_EVENTS) {
		rec_clear(&task_event_type, &state->events[0]);
		memmove(&state->events[0], &state->events[1],
		    --state->nevents * sizeof *state->events);
	}
	state->events = xreallocarray(
	    state->events, state->nevents + 1, sizeof *state->events);
	e = &state->events[state->nevents++];
	*e = (struct task_event){ .type = xstrdup(type),
		.display_message = xstrdup(message),
		.time = now_ns };
	return e;
}

static void
detail(struct task_event *e, const char *name, const char *value)
{
	rec_kv_set(&e->details, &e->ndetails, name, value);
}

static void
detail_int(struct task_event *e, const char *name, int64_t value)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRId64, value);
	detail(e, name, text);
}

void
task_event_terminated(
    struct task_state *state, const struct task_end *end, int64_t now_ns)
{
	const char *message = end->oom ? "OOM Killed" : end->message;
	char text[256];
	struct task_event *e;
	int n =
	    snprintf(text, sizeof text, "Exit Code: %" PRId64, end->exit_code);

	if (end->signal != 0)
		n += snprintf(text + n, sizeof text - (size_t)n,
		    ", Signal: %" PRId64, end->signal);
	if (*message != '\0')
		snprintf(text + n, sizeof text - (size_t)n,
		    ", Exit Message: \"%s\"", message);
	e = task_event_add(state, "Terminated", text, now_ns);
	e->exit_code = end->exit_code;
	e->signal = end->signal;
	e->message = xstrdup(message);
	detail_int(e, "exit_code", end->exit_code);
	detail_int(e, "signal", end->signal);
	detail(e, "oom_killed", end->oom ? "true" : "false");
	if (*message != '\0')
		detail(e, "exit_message", message);
}

void
task_event_setup(struct task_state *state, int64_t now_ns)
{
	const char *message = "Building Task Directory";
	struct task_event *e =
	    task_event_add(state, "Task Setup", message, now_ns);

	e->message = xstrdup(message);
	detail(e, "message", message);
}

void
task_event_driver(struct task_state *state, const char *message, int64_t now_ns)
{
	struct task_event *e = task_event_add(state, "Driver", message, now_ns);

	e->driver_message = xstrdup(message);
	detail(e, "driver_message", message);
}

void
task_event_restarting(struct task_state *state, const char *reason,
    uint64_t delay_ms, int64_t now_ns)
{
	int64_t delay_ns = (int64_t)delay_ms * CLOCK_NS_PER_MS;
	char dur[CLOCK_DUR_SIZE], text[RESTART_REASON_MAX + 64];
	struct task_event *e;

	clock_format_dur(delay_ns, dur);
	if (*reason != '\0')
		snprintf(text, sizeof text, "%s - Task restarting in %s",
		    reason, dur);
	else
		snprintf(text, sizeof text, "Task restarting in %s", dur);
	e = task_event_add(state, "Restarting", text, now_ns);
	e->start_delay = delay_ns;
	e->restart_reason = xstrdup(reason);
	detail_int(e, "start_delay", delay_ns);
	detail(e, "restart_reason", reason);
}

void
task_event_not_restarting(
    struct task_state *state, const char *reason, bool fails, int64_t now_ns)
{
	struct task_event *e;

	if (!fails)
		return; /* success is told by "Terminated" alone */
	e = task_event_add(state, "Not Restarting", reason, now_ns);
	e->restart_reason = xstrdup(reason);
	e->fails_task = true;
	detail(e, "restart_reason", reason);
	detail(e, "fails_task", "true");
}

void
task_event_killing(
    struct task_state *state, uint64_t timeout_ms, int64_t now_ns)
{
	int64_t ns = (int64_t)timeout_ms * CLOCK_NS_PER_MS;
	char dur[CLOCK_DUR_SIZE], text[96];
	struct task_event *e;

	clock_format_dur(ns, dur);
	snprintf(text, sizeof text,
	    "Sent interrupt. Waiting %s before force killing", dur);
	e = task_event_add(state, "Killing", text, now_ns);
	e->kill_timeout = ns;
	detail(e, "kill_timeout", dur);
}

void
task_event_driver_failure(
    struct task_state *state, const char *why, int64_t now_ns)
{
	struct task_event *e =
	    task_event_add(state, "Driver Failure", why, now_ns);

	e->driver_error = xstrdup(why);
	detail(e, "driver_error", why);
}

void
task_event_sibling(
    struct task_state *state, const char *sibling, int64_t now_ns)
{
	char text[256];
	struct task_event *e;

	snprintf(text, sizeof text, "Task's sibling \"%s\" failed", sibling);
	e = task_event_add(state, "Sibling Task Failed", text, now_ns);
	e->failed_sibling = xstrdup(sibling);
	detail(e, "failed_sibling", sibling);
}

void
task_event_fenced(struct task_state *state, uint64_t silent_ms, int64_t now_ns)
{
	char text[128];

	snprintf(text, sizeof text,
	    "No server has heard of this node for %" PRIu64 " ms: stopping",
	    silent_ms);
	task_event_add(state, "Disconnected", text, now_ns);
}

void
task_event_check_restart(
    struct task_state *state, const char *check, int64_t now_ns)
{
	char *why = xasprintf("healthcheck: check \"%s\" unhealthy", check);
	struct task_event *e =
	    task_event_add(state, "Restart Signaled", why, now_ns);

	detail(e, "restart_reason", why);
	e->restart_reason = why;
}

void
task_event_unhealthy(struct task_state *state, const char *why, int64_t now_ns)
{
	struct task_event *e =
	    task_event_add(state, "Alloc Unhealthy", why, now_ns);

	e->message = xstrdup(why);
	detail(e, "message", why);
}
