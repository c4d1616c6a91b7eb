#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/jobcheck_impl.h"
#include "common/mem.h"

/* many: several allocations share the volume. */
static void
check_access(const struct volume_request *v, bool many, struct problems *p)
{
	const char *mode = check_str(v->access_mode);
	bool one_reader = strcmp(mode, "single-node-reader-only") == 0;

	if (*mode == '\0')
		problem(p, "CSI volumes must have an access mode");
	if ((one_reader || strcmp(mode, "multi-node-reader-only") == 0) &&
	    !v->read_only)
		problem(p, "%s volumes must be read-only", mode);
	if (one_reader && many)
		problem(p, "volume with %s access mode allows only one reader",
		    mode);
	if (strcmp(mode, "single-node-writer") == 0 && many)
		problem(p,
		    "volume with %s access mode allows only one reader or "
		    "writer",
		    mode);
	if (strcmp(mode, "multi-node-single-writer") == 0 && many &&
	    !v->read_only)
		problem(p, "volume with %s access mode allows only one writer",
		    mode);
}

static void
check_volume(const struct volume_request *v, const struct task_group *g,
    const struct job *job, struct problems *p)
{
	bool is_system =
	    check_is(job->type, "system") || check_is(job->type, "sysbatch");

	if (check_is(v->source, ""))
		problem(p, "volume has an empty source");
	if (v->per_alloc && is_system)
		problem(p, "volume cannot be per_alloc for system or sysbatch "
			   "jobs");
	if (v->per_alloc && g->update != NULL && g->update->canary > 0)
		problem(p, "volume cannot be per_alloc when canaries are in "
			   "use");
	if (v->per_alloc && v->sticky)
		problem(p, "volume cannot be per_alloc and sticky at the same "
			   "time");
	if (check_is(v->type, "host")) {
		if (v->mount_options != NULL)
			problem(p, "host volumes cannot have mount options");
		return;
	}
	if (check_is(v->attachment_mode, ""))
		problem(p, "CSI volumes must have an attachment mode");
	else if (check_is(v->attachment_mode, "block-device") &&
		 v->mount_options != NULL)
		problem(p, "block devices cannot have mount options");
	check_access(v, g->count > 1 && !v->per_alloc, p);
}

/* The tasks as a list: named, each name once, at most one the leader. */
static void
check_task_list(const struct task_group *g, struct problems *p)
{
	size_t nleaders = 0, nmain = 0;
	struct map seen = { 0 };

	for (size_t i = 0; i < g->ntasks; i++) {
		const struct task *t = &g->tasks[i];
		size_t k = check_first(&seen, t->name, i);

		if (check_is(t->name, ""))
			problem(p, "Task %zu missing name", i + 1);
		else if (k < i)
			problem(p, "Task %zu redefines '%s' from task %zu",
			    i + 1, t->name, k + 1);
		nleaders += t->leader ? 1 : 0;
		nmain += t->lifecycle == NULL ? 1 : 0;
	}
	map_release(&seen);
	if (nleaders > 1)
		problem(p, "Only one task may be marked as leader");
	if (g->ntasks > 0 && nmain == 0)
		problem(p, "Task group %s must have at least one main task",
		    check_str(g->name));
}

static void
check_group_policies(
    const struct task_group *g, const struct job *job, struct problems *p)
{
	static const char *const updated[] = { "service", "system", NULL };
	bool is_system =
	    check_is(job->type, "system") || check_is(job->type, "sysbatch");

	if (g->restart_policy != NULL)
		check_restart(g->restart_policy, p);
	if (check_is(job->type, "system") && g->nspreads > 0)
		problem(p, "System jobs may not have a spread block");
	for (size_t i = 0; i < g->nspreads && !check_is(job->type, "system");
	     i++) {
		struct problems part = { 0 };

		check_spread(&g->spreads[i], &part);
		problem_part(p, &part, "Spread %zu validation failed: ", i + 1);
	}
	if (is_system && g->reschedule_policy != NULL)
		problem(p, "System or sysbatch jobs should not have a "
			   "reschedule policy");
	else if (g->reschedule_policy != NULL)
		check_reschedule(g->reschedule_policy, p);
	if (g->ephemeral_disk != NULL && g->ephemeral_disk->size_mb < 10)
		problem(p, "minimum DiskMB value is 10; got %" PRId64,
		    g->ephemeral_disk->size_mb);
	if (g->update != NULL) {
		if (!check_among(job->type, updated))
			problem(p,
			    "Job type \"%s\" does not allow update block",
			    check_str(job->type));
		check_update(g->update, p);
	}
	if (g->migrate != NULL && check_is(job->type, "service"))
		check_migrate(g->migrate, p);
	else if (g->migrate != NULL)
		problem(p, "Job type \"%s\" does not allow migrate block",
		    check_str(job->type));
}

static void
check_group_scaling(
    const struct task_group *g, const struct job *job, struct problems *p)
{
	if (g->scaling == NULL)
		return;
	if (check_is(job->type, "system"))
		problem(p, "Scaling policies are not supported for system "
			   "jobs");
	check_scaling(g->scaling, p);
	if (g->scaling->max < g->count)
		problem(p, "Scaling policy invalid: task group count must not "
			   "be greater than maximum count in scaling policy");
	if (g->count < g->scaling->min)
		problem(p, "Scaling policy invalid: task group count must not "
			   "be less than minimum count in scaling policy");
}

static void
check_max_run(
    const struct task_group *g, const struct job *job, struct problems *p)
{
	static const char *const types[] = { "batch", "sysbatch", NULL };

	if (!g->has_max_run_duration)
		return;
	if (g->max_run_duration <= 0)
		problem(p, "MaxRunDuration must be greater than zero");
	if (!check_among(job->type, types))
		problem(p, "Job type \"%s\" does not allow max_run_duration",
		    check_str(job->type));
}

void
check_group(
    const struct task_group *g, const struct job *job, struct problems *p)
{
	struct problems part = { 0 };

	if (check_is(g->name, ""))
		problem(p, "Missing task group name");
	if (g->count < 0)
		problem(p, "Task group count can't be negative");
	if (g->ntasks == 0)
		problem(p, "Missing tasks for task group");
	check_max_run(g, job, p);
	if (g->disconnect != NULL)
		check_disconnect(g->disconnect, job, p);
	check_placement(g->constraints, g->nconstraints, g->affinities,
	    g->naffinities, check_is(job->type, "system"), p);
	check_group_policies(g, job, p);
	check_task_list(g, p);
	for (size_t i = 0; i < g->nvolumes; i++) {
		check_volume(&g->volumes[i], g, job, &part);
		problem_part(p, &part,
		    "Task group volume validation for %s failed: ",
		    check_str(g->volumes[i].key));
	}
	check_networks(g, &part);
	problem_part(p, &part, "Task group network validation failed: ");
	check_group_services(g, p);
	check_group_scaling(g, job, &part);
	problem_part(p, &part, "Task group scaling policy validation failed: ");
	for (size_t i = 0; i < g->ntasks; i++) {
		check_task(&g->tasks[i], g, job, &part);
		problem_part(p, &part,
		    "Task %s validation failed: ", check_str(g->tasks[i].name));
	}
}
