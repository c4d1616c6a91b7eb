/*
 * What an alloc_run tells: what to keep on disk and to take up again, what
 * to do, when to look again, and what the servers hear.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cmd/nodeagent/allochealth.h"
#include "cmd/nodeagent/allocrun.h"
#include "cmd/nodeagent/tasklife.h"
#include "common/clock.h"
#include "common/mem.h"

static const struct task_saved *
find_saved(const struct alloc_saved *saved, const char *name)
{
	for (size_t i = 0; i < saved->ntasks; i++)
		if (strcmp(saved->tasks[i].name, name) == 0)
			return &saved->tasks[i];
	return NULL;
}

void
alloc_run_restore(struct alloc_run *run, const struct alloc_saved *saved)
{
	for (size_t i = 0; i < run->ntasks; i++) {
		struct task_run *t = &run->tasks[i];
		const struct task_saved *s = find_saved(saved, t->task->name);

		if (s == NULL)
			continue;
		rec_clear(&task_state_type, &t->state);
		rec_copy(&task_state_type, &t->state, &s->state);
		t->life = s->life;
		t->ever_ran = s->life > 0;
		t->count.window_start_ns = s->window_start_ns;
		t->count.count = s->window_count;
		t->phase = s->dead       ? TASK_DEAD
			   : s->life > 0 ? TASK_STARTING
					 : TASK_WAITING;
	}
	if (saved->client_status != NULL) {
		free(run->client_status);
		run->client_status = xstrdup(saved->client_status);
	}
	run->unheard = true;
	run->fenced = saved->fenced; /* whose stop is asked for again */
	run->has_health = saved->has_health;
	run->healthy = saved->healthy;
	run->healthy_at_ns = saved->healthy_at_ns;
}

void
alloc_run_save(const struct alloc_run *run, struct alloc_saved *out)
{
	*out = (struct alloc_saved){
		.client_status = xstrdup(run->client_status),
		.client_description = xstrdup(run->client_description),
		.ntasks = run->ntasks,
		.tasks = xcalloc(run->ntasks, sizeof *out->tasks),
		.has_health = run->has_health,
		.healthy = run->healthy,
		.healthy_at_ns = run->healthy_at_ns,
		.stopping = run->stopping,
		.fenced = run->fenced,
	};
	for (size_t i = 0; i < run->ntasks; i++) {
		const struct task_run *t = &run->tasks[i];
		struct task_saved *s = &out->tasks[i];

		s->name = xstrdup(t->task->name);
		rec_copy(&task_state_type, &s->state, &t->state);
		s->life = t->life;
		s->window_start_ns = t->count.window_start_ns;
		s->window_count = t->count.count;
		s->dead = t->phase == TASK_DEAD;
	}
}

bool
alloc_run_task_is_up(const struct alloc_run *run, size_t task)
{
	return run->tasks[task].phase == TASK_RUNNING;
}

/* --- what comes out --- */

bool
alloc_run_take(struct alloc_run *run, struct run_action *action)
{
	if (run->nactions == 0)
		return false;
	*action = run->actions[0];
	memmove(run->actions, run->actions + 1,
	    --run->nactions * sizeof *run->actions);
	return true;
}

static uint64_t
earlier(uint64_t a, uint64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

uint64_t
alloc_run_wake_ms(const struct alloc_run *run)
{
	uint64_t at = run->stop_at_ms;

	for (size_t i = 0; i < run->ntasks; i++)
		if (run->tasks[i].phase == TASK_BACKOFF && !run->tasks[i].held)
			at = earlier(at, run->tasks[i].wake_ms);
	return earlier(at, alloc_health_due_ms(run));
}

bool
alloc_run_is_done(const struct alloc_run *run)
{
	for (size_t i = 0; i < run->ntasks; i++)
		if (run->tasks[i].phase != TASK_DEAD)
			return false;
	return true;
}

static int
by_key(const void *a, const void *b)
{
	const struct task_state *x = a, *y = b;

	return strcmp(x->key, y->key);
}

void
alloc_run_report(const struct alloc_run *run, struct alloc *out)
{
	*out = (struct alloc){ .id = xstrdup(run->alloc->id),
		.client_status = xstrdup(run->client_status),
		.client_description = xstrdup(run->client_description) };
	out->ntask_states = run->ntasks;
	out->task_states = xcalloc(run->ntasks, sizeof *out->task_states);
	for (size_t i = 0; i < run->ntasks; i++) {
		struct task_state *s = &out->task_states[i];

		rec_copy(&task_state_type, s, &run->tasks[i].state);
		free(s->key);
		s->key = xstrdup(run->tasks[i].task->name);
	}
	qsort(out->task_states, out->ntask_states, sizeof *out->task_states,
	    by_key);
	if (!run->has_health)
		return;
	out->deployment_status = xcalloc(1, sizeof *out->deployment_status);
	out->deployment_status->has_healthy = true;
	out->deployment_status->healthy = run->healthy;
	out->deployment_status->timestamp = run->healthy_at_ns;
}

int
signal_parse(const char *name)
{
	char *end;
	long n = strtol(name, &end, 10);

	if (*end == '\0' && end != name)
		return n > 0 && n < NSIG ? (int)n : -1;
	if (strncasecmp(name, "SIG", 3) == 0)
		name += 3;
	/* What the C library knows by another name. */
	if (strcasecmp(name, "IO") == 0)
		return SIGIO;
	if (strcasecmp(name, "IOT") == 0)
		return SIGIOT;
	for (int i = 1; i < NSIG; i++) {
		const char *abbrev = sigabbrev_np(i);

		if (abbrev != NULL && strcasecmp(abbrev, name) == 0)
			return i;
	}
	return -1;
}
