#include "cmd/nodeagent/allochealth.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/nodeagent/taskevent.h"
#include "cmd/nodeagent/tasklife.h"
#include "common/clock.h"
#include "common/mem.h"

#define DEFAULT_MIN_HEALTHY_NS (10 * CLOCK_NS_PER_S)
#define DEFAULT_DEADLINE_NS    (300 * CLOCK_NS_PER_S)

/* --- what is asked of it --- */

struct health_rule {
	const char *way; /* "checks", "task_states", "manual" */
	int64_t min_ns, deadline_ns;
};

static bool
has_deployment(const struct alloc_run *run)
{
	const char *id = run->alloc->deployment_id;

	return id != NULL && *id != '\0';
}

/* Of a deployment what its update block says; else of the migrate block. */
static struct health_rule
rule_of(const struct alloc_run *run)
{
	const struct update_strategy *u = run->group->update;
	const struct migrate_strategy *m = run->group->migrate;
	struct health_rule r = { "checks", DEFAULT_MIN_HEALTHY_NS,
		DEFAULT_DEADLINE_NS };

	if (has_deployment(run) && u != NULL) {
		r.way = u->health_check != NULL ? u->health_check : r.way;
		if (u->has_min_healthy_time)
			r.min_ns = u->min_healthy_time;
		if (u->has_healthy_deadline && u->healthy_deadline > 0)
			r.deadline_ns = u->healthy_deadline;
	} else if (!has_deployment(run) && m != NULL) {
		r.way = m->health_check != NULL ? m->health_check : r.way;
		if (m->has_min_healthy_time)
			r.min_ns = m->min_healthy_time;
		if (m->has_healthy_deadline && m->healthy_deadline > 0)
			r.deadline_ns = m->healthy_deadline;
	}
	return r;
}

static bool
is_watched(const struct alloc_run *run)
{
	const struct job *job = run->alloc->job;
	bool is_service = job != NULL && job->type != NULL &&
			  strcmp(job->type, "service") == 0;

	return (has_deployment(run) || is_service) && !run->has_health &&
	       strcmp(rule_of(run).way, "manual") != 0;
}

static bool
any_has_checks(const struct service *services, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (services[i].nchecks > 0)
			return true;
	return false;
}

static bool
waits_for_checks(const struct alloc_run *run)
{
	const struct task_group *g = run->group;
	bool any = any_has_checks(g->services, g->nservices);

	for (size_t i = 0; i < run->ntasks && !any; i++)
		any = any_has_checks(run->tasks[i].task->services,
		    run->tasks[i].task->nservices);
	return any && strcmp(rule_of(run).way, "checks") == 0;
}

/* --- how it is --- */

static uint64_t
later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* When it will have been well for long enough; 0: it is not well. */
static uint64_t
healthy_at_ms(const struct alloc_run *run)
{
	uint64_t since_ms = later(run->all_running_ms, run->since_ms);

	if (run->all_running_ms == 0)
		return 0;
	if (waits_for_checks(run)) {
		if (run->all_well_ms == 0)
			return 0;
		since_ms = later(since_ms, run->all_well_ms);
	}
	return since_ms + (uint64_t)(rule_of(run).min_ns / CLOCK_NS_PER_MS);
}

static uint64_t
deadline_at_ms(const struct alloc_run *run)
{
	return run->since_ms +
	       (uint64_t)(rule_of(run).deadline_ns / CLOCK_NS_PER_MS);
}

/* --- the verdict --- */

/* What the task has to do with it, on the heap; NULL: nothing. */
static char *
why_unhealthy(const struct alloc_run *run, const struct task_run *t)
{
	char deadline[CLOCK_DUR_SIZE], least[CLOCK_DUR_SIZE];
	int64_t by_ns = run->healthy_at_ns;

	clock_format_dur(rule_of(run).deadline_ns, deadline);
	clock_format_dur(rule_of(run).min_ns, least);
	if (t->state.failed)
		return xstrdup("Unhealthy because of failed task");
	if (strcmp(t->state.state, "pending") == 0)
		return xasprintf(
		    "Task not running by healthy_deadline of %s", deadline);
	if (t->phase == TASK_DEAD)
		return task_is_main(t) || task_is_sidecar(t)
			   ? xstrdup("Unhealthy because of dead task")
			   : NULL;
	if (t->state.started_at + rule_of(run).min_ns > by_ns)
		return xasprintf("Task not running for min_healthy_time of %s "
				 "by healthy_deadline of %s",
		    least, deadline);
	if (!waits_for_checks(run) || !task_is_main(t))
		return NULL;
	return run->ill_services != NULL
		   ? xasprintf("Services not healthy by deadline: %s",
			 run->ill_services)
		   : NULL;
}

static void
tell_why(struct alloc_run *run, struct run_time now)
{
	for (size_t i = 0; i < run->ntasks; i++) {
		char *why = why_unhealthy(run, &run->tasks[i]);

		if (why != NULL)
			task_event_unhealthy(&run->tasks[i].state, why, now.ns);
		free(why);
	}
}

static void
set_health(struct alloc_run *run, bool healthy, struct run_time now)
{
	run->has_health = true;
	run->healthy = healthy;
	run->healthy_at_ns = now.ns;
	run->changed = true;
	if (!healthy)
		tell_why(run, now);
}

void
alloc_health_begin(struct alloc_run *run, struct run_time now)
{
	run->has_health = false;
	run->since_ms = now.ms;
}

void
alloc_run_set_checks(
    struct alloc_run *run, const char *ill, struct run_time now)
{
	free(run->ill_services);
	run->ill_services = ill != NULL ? xstrdup(ill) : NULL;
	if (ill != NULL)
		run->all_well_ms = 0;
	else if (run->all_well_ms == 0)
		run->all_well_ms = later(now.ms, 1);
}

void
alloc_health_update(struct alloc_run *run, struct run_time now)
{
	bool all = tasks_main_are(run, TASK_RUNNING) && !run->stopping;
	uint64_t healthy_ms;

	if (!all)
		run->all_running_ms = 0;
	else if (run->all_running_ms == 0)
		run->all_running_ms = later(now.ms, 1);
	if (!is_watched(run))
		return;
	healthy_ms = healthy_at_ms(run);
	if (strcmp(run->client_status, "failed") == 0)
		set_health(run, false, now);
	else if (healthy_ms != 0 && now.ms >= healthy_ms)
		set_health(run, true, now);
	else if (now.ms >= deadline_at_ms(run))
		set_health(run, false, now);
}

uint64_t
alloc_health_due_ms(const struct alloc_run *run)
{
	uint64_t deadline_ms = deadline_at_ms(run);
	uint64_t healthy_ms = healthy_at_ms(run);

	if (!is_watched(run))
		return 0;
	return healthy_ms != 0 && healthy_ms < deadline_ms ? healthy_ms
							   : deadline_ms;
}
