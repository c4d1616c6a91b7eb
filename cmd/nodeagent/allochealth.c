#include "cmd/nodeagent/allochealth.h"

#include <string.h>

#include "cmd/nodeagent/tasklife.h"
#include "common/clock.h"

static int64_t
min_healthy_ms(const struct alloc_run *run)
{
	const struct update_strategy *u = run->group->update;

	return u != NULL && u->has_min_healthy_time
		   ? u->min_healthy_time / CLOCK_NS_PER_MS
		   : 10000;
}

static int64_t
deadline_ms(const struct alloc_run *run)
{
	const struct update_strategy *u = run->group->update;

	return u != NULL && u->has_healthy_deadline && u->healthy_deadline > 0
		   ? u->healthy_deadline / CLOCK_NS_PER_MS
		   : 300000;
}

static bool
is_watched(const struct alloc_run *run)
{
	const char *id = run->alloc->deployment_id;

	return id != NULL && *id != '\0' && !run->has_health;
}

static void
set_health(struct alloc_run *run, bool healthy, struct run_time now)
{
	run->has_health = true;
	run->healthy = healthy;
	run->healthy_at_ns = now.ns;
	run->changed = true;
}

void
alloc_health_update(struct alloc_run *run, struct run_time now)
{
	bool all = tasks_main_are(run, TASK_RUNNING) && !run->stopping;

	if (!all)
		run->all_running_ms = 0;
	else if (run->all_running_ms == 0)
		run->all_running_ms = now.ms > 0 ? now.ms : 1;
	if (!is_watched(run))
		return;
	if (strcmp(run->client_status, "failed") == 0)
		set_health(run, false, now);
	else if (all &&
		 now.ms >= run->all_running_ms + (uint64_t)min_healthy_ms(run))
		set_health(run, true, now);
	else if (now.ms >= run->since_ms + (uint64_t)deadline_ms(run))
		set_health(run, false, now);
}

uint64_t
alloc_health_due_ms(const struct alloc_run *run)
{
	uint64_t deadline = run->since_ms + (uint64_t)deadline_ms(run);
	uint64_t healthy = run->all_running_ms + (uint64_t)min_healthy_ms(run);

	if (!is_watched(run))
		return 0;
	return run->all_running_ms != 0 && healthy < deadline ? healthy
							      : deadline;
}
