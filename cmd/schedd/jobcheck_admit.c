/*
 * What a server says of a job beside the job's own checks, and what it warns
 * of.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/jobcheck_impl.h"

#define MIN_PRIORITY 1
#define MAX_PRIORITY 100
#define MAX_COUNT    50000 /* of all groups together */

/* --- refusals --- */

static void
admit_exposed(const struct task_group *g, struct problems *p)
{
	for (size_t i = 0; i < g->nservices; i++) {
		const struct service *s = &g->services[i];
		bool is_proxied =
		    tree_get(s->connect, "SidecarService") != NULL;

		for (size_t k = 0; k < s->nchecks && !is_proxied; k++)
			if (s->checks[k].expose)
				problem(p,
				    "exposed service check %s->%s->%s "
				    "requires use of sidecar_proxy",
				    check_str(g->name), check_str(s->name),
				    check_str(s->checks[k].name));
	}
}

static const struct vault *
find_vault(const struct job *job)
{
	for (size_t i = 0; i < job->ntask_groups; i++)
		for (size_t k = 0; k < job->task_groups[i].ntasks; k++)
			if (job->task_groups[i].tasks[k].vault != NULL)
				return job->task_groups[i].tasks[k].vault;
	return NULL;
}

void
check_admit_first(const struct job *job, struct problems *p)
{
	const struct vault *v = find_vault(job);

	for (size_t i = 0; i < job->ntask_groups; i++)
		admit_exposed(&job->task_groups[i], p);
	if (v != NULL)
		problem(p, "Vault \"%s\" not enabled but used in the job",
		    check_str(v->cluster));
}

static bool
asks_for_numa(const struct task *t)
{
	return t->resources != NULL && t->resources->numa != NULL &&
	       !check_is(t->resources->numa->affinity, "none") &&
	       !check_is(t->resources->numa->affinity, "");
}

void
check_admit_last(const struct job *job, struct problems *p)
{
	bool numa = false, schedule = false;
	int64_t count = 0;

	if (check_is(job->type, "core"))
		problem(p, "job type cannot be core");
	if (job->payload.len > 0 && !job->dispatched)
		problem(p, "job can't be submitted with a payload, only "
			   "dispatched");
	if (job->priority < MIN_PRIORITY || job->priority > MAX_PRIORITY)
		problem(p, "job priority must be between [%d, %d]",
		    MIN_PRIORITY, MAX_PRIORITY);
	for (size_t i = 0; i < job->ntask_groups; i++) {
		const struct task_group *g = &job->task_groups[i];

		if (g->count > 0)
			count = g->count > INT64_MAX - count ? INT64_MAX
							     : count + g->count;
		for (size_t k = 0; k < g->ntasks; k++) {
			const struct task *t = &g->tasks[k];

			numa = numa || asks_for_numa(t);
			schedule = schedule || t->schedule != NULL;
		}
	}
	if (count > MAX_COUNT)
		problem(p,
		    "total count was greater than configured job_max_count: "
		    "%" PRId64 " > %d",
		    count, MAX_COUNT);
	if (numa)
		problem(p, "numa scheduling requires Nomad Enterprise");
	if (schedule)
		problem(p, "task schedules requires Nomad Enterprise");
}

/* --- warnings --- */

static void
warn_identity(const struct workload_identity *w, struct problems *p)
{
	const char *name = check_str(w->name);
	struct problems part = { 0 };

	if (w->naudience == 0)
		problem(&part,
		    "Identity[%s] identities without an audience are insecure",
		    name);
	if (w->naudience > 1)
		problem(&part,
		    "Identity[%s] while multiple audiences is allowed, it is "
		    "more secure to use 1 audience per identity",
		    name);
	if (w->ttl == 0 && strcmp(name, "default") != 0)
		problem(&part,
		    "Identity[%s] identities without an expiration are "
		    "insecure",
		    name);
	problem_part(p, &part, "%s", "");
}

static void
warn_task(const struct task *t, struct problems *p)
{
	const struct resources *r = t->resources;

	if (r != NULL && r->iops != 0)
		problem(p, "IOPS has been deprecated as of Nomad 0.9.0. Please "
			   "remove IOPS from resource block.");
	if (r != NULL && r->nnetworks > 0)
		problem(p,
		    "task network resources have been deprecated as of "
		    "Nomad 0.12.0. Please configure networking via group "
		    "network block.");
	for (size_t i = 0; i < t->ntemplates; i++)
		if (t->templates[i].vault_grace != 0)
			problem(p,
			    "VaultGrace has been deprecated as of Nomad 0.11 "
			    "and ignored since Vault 0.5. Please remove "
			    "VaultGrace / vault_grace from template block.");
	for (size_t i = 0; i < t->nidentities; i++)
		warn_identity(&t->identities[i], p);
}

static void
warn_group(const struct task_group *g, struct problems *p)
{
	if (g->update != NULL && g->count > 1 &&
	    g->update->max_parallel > g->count)
		problem(p,
		    "Update max parallel count is greater than task group "
		    "count (%" PRId64 " > %" PRId64
		    "). A destructive change would result in the simultaneous "
		    "replacement of all allocations.",
		    g->update->max_parallel, g->count);
	if (g->nnetworks > 0 && g->networks[0].mbits > 0)
		problem(p, "mbits has been deprecated as of Nomad 0.12.0. "
			   "Please remove mbits from the network block");
	for (size_t i = 0; i < g->ntasks; i++) {
		struct problems part = { 0 };

		warn_task(&g->tasks[i], &part);
		problem_part(p, &part,
		    "Task \"%s\" has warnings: ", check_str(g->tasks[i].name));
	}
}

/* Traffic may still come while a task of the group is being stopped. */
static bool
stops_abruptly(const struct task_group *g)
{
	if (g->nservices == 0 || g->shutdown_delay > 0)
		return false;
	for (size_t i = 0; i < g->ntasks; i++)
		if (g->tasks[i].shutdown_delay > 0)
			return false;
	return true;
}

void
check_warnings(const struct job *job, struct problems *p)
{
	size_t npromote = 0;

	for (size_t i = 0; i < job->ntask_groups; i++) {
		const struct task_group *g = &job->task_groups[i];
		struct problems part = { 0 };

		warn_group(g, &part);
		problem_part(p, &part,
		    "Group \"%s\" has warnings: ", check_str(g->name));
		if (stops_abruptly(g))
			problem(p,
			    "group \"%s\" defines services, but neither the "
			    "group nor any of its tasks have shutdown_delay "
			    "set",
			    check_str(g->name));
		if (g->update != NULL && g->update->auto_promote)
			npromote++;
	}
	if (npromote > 0 && npromote < job->ntask_groups)
		problem(p, "auto_promote must be true for all groups to enable "
			   "automatic promotion");
	if (job->periodic != NULL && !check_is(job->periodic->spec, ""))
		problem(p, "cron is deprecated and may be removed in a future "
			   "release. Use crons instead");
}

static void
warn_dropped(const struct task_group *g, struct problems *p)
{
	if (g->has_stop_after_client_disconnect)
		problem(p, "stop_after_client_disconnect has no effect. Please "
			   "use stop_on_client_after in the disconnect block.");
	if (g->has_max_client_disconnect)
		problem(p, "max_client_disconnect has no effect. Please use "
			   "lost_after in the disconnect block.");
	if (g->prevent_reschedule_on_lost)
		problem(p, "prevent_reschedule_on_lost has no effect. Please "
			   "use replace in the disconnect block.");
}

void
check_dropped(const struct job *job, struct problems *p)
{
	for (size_t i = 0; i < job->ntask_groups; i++) {
		const struct task_group *g = &job->task_groups[i];
		struct problems part = { 0 };

		warn_dropped(g, &part);
		problem_part(p, &part,
		    "Group \"%s\" has warnings: ", check_str(g->name));
	}
}
