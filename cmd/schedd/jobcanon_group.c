#include <stdint.h>
#include <stdlib.h>

#include "cmd/schedd/jobcanon_impl.h"

/* Whether every member of an update block is absent or zero. */
static bool
is_empty_update(const struct update_strategy *u)
{
	return u->stagger == 0 && u->max_parallel == 0 &&
	       canon_str(u->health_check)[0] == '\0' &&
	       u->min_healthy_time == 0 && u->healthy_deadline == 0 &&
	       u->progress_deadline == 0 && u->canary == 0 && !u->auto_revert &&
	       !u->auto_promote;
}

/* The group's block over the job's, which has all its members. */
static void
send_update(struct task_group *g, const struct job *job)
{
	if (job->update == NULL)
		return;
	if (g->update == NULL && is_empty_update(job->update))
		return;
	if (g->update == NULL)
		g->update = xcalloc(1, sizeof *g->update);
	canon_fill(&update_strategy_type, g->update, job->update);
}

static void
send_reschedule(struct task_group *g, const struct job *job)
{
	static const struct reschedule_policy service = { .delay = 30 * CANON_S,
		.max_delay = 3600 * CANON_S,
		.unlimited = true };
	static const struct reschedule_policy batch = {
		.attempts = 1, .interval = 86400 * CANON_S, .delay = 5 * CANON_S
	};
	static const struct reschedule_policy other = { 0 };
	bool is_service = strcmp(job->type, "service") == 0;
	bool is_batch = strcmp(job->type, "batch") == 0;
	struct reschedule_policy d = is_service ? service
				     : is_batch ? batch
						: other;
	bool is_system = strcmp(job->type, "system") == 0 ||
			 strcmp(job->type, "sysbatch") == 0;

	if (g->reschedule_policy == NULL && job->reschedule == NULL &&
	    is_system)
		return;
	if (g->reschedule_policy == NULL)
		g->reschedule_policy = xcalloc(1, sizeof *g->reschedule_policy);
	if (job->reschedule != NULL)
		canon_fill(&reschedule_policy_type, g->reschedule_policy,
		    job->reschedule);
	d.has_attempts = d.has_interval = d.has_delay = true;
	d.has_max_delay = d.has_unlimited = true;
	canon_fill(&reschedule_policy_type, g->reschedule_policy, &d);
	canon_text(
	    &g->reschedule_policy->delay_function, is_service ? "exponential"
						   : is_batch ? "constant"
							      : "");
}

static void
send_migrate(struct task_group *g, const struct job *job)
{
	if (g->migrate == NULL && job->migrate == NULL &&
	    strcmp(job->type, "service") != 0)
		return;
	if (g->migrate == NULL)
		g->migrate = xcalloc(1, sizeof *g->migrate);
	if (job->migrate != NULL)
		canon_fill(&migrate_strategy_type, g->migrate, job->migrate);
	CANON_SET(g->migrate, max_parallel, 1);
	canon_text(&g->migrate->health_check, "checks");
	CANON_SET(g->migrate, min_healthy_time, 10 * CANON_S);
	CANON_SET(g->migrate, healthy_deadline, 300 * CANON_S);
}

static void
send_restart(struct task_group *g, const struct job *job)
{
	bool lasts = strcmp(job->type, "service") == 0 ||
		     strcmp(job->type, "system") == 0;

	if (g->restart_policy == NULL)
		g->restart_policy = xcalloc(1, sizeof *g->restart_policy);
	CANON_SET(g->restart_policy, attempts, lasts ? 2 : 3);
	CANON_SET(
	    g->restart_policy, interval, (lasts ? 1800 : 86400) * CANON_S);
	CANON_SET(g->restart_policy, delay, 15 * CANON_S);
	CANON_SET(g->restart_policy, render_templates, false);
	canon_text(&g->restart_policy->mode, "fail");
}

static void
send_scaling(struct task_group *g)
{
	if (g->scaling == NULL)
		return;
	CANON_SET(g->scaling, enabled, true);
	CANON_SET(g->scaling, min, g->count);
	canon_word(&g->scaling->type, "horizontal");
}

static void
send_blocks(struct task_group *g, const struct job *job)
{
	if (g->ephemeral_disk == NULL)
		g->ephemeral_disk = xcalloc(1, sizeof *g->ephemeral_disk);
	CANON_SET(g->ephemeral_disk, sticky, false);
	CANON_SET(g->ephemeral_disk, migrate, false);
	CANON_SET(g->ephemeral_disk, size_mb, 300);
	if (g->consul != NULL) {
		canon_word(&g->consul->cluster, "default");
		canon_word(&g->consul->namespace, job->consul_namespace);
	}
	if (g->disconnect != NULL) {
		CANON_SET(g->disconnect, replace, true);
		canon_text(&g->disconnect->reconcile, "best_score");
	}
}

void
canon_send_group(struct task_group *g, const struct job *job)
{
	canon_text(&g->name, "");
	CANON_SET(g, count,
	    g->scaling != NULL && g->scaling->has_min ? g->scaling->min : 1);
	send_scaling(g);
	send_blocks(g, job);
	send_update(g, job);
	send_reschedule(g, job);
	send_migrate(g, job);
	send_restart(g, job);
	for (size_t i = 0; i < g->ntasks; i++)
		canon_send_task(&g->tasks[i], g, job);
	canon_spreads(g->spreads, g->nspreads);
	canon_affinities(g->affinities, g->naffinities);
	for (size_t i = 0; i < g->nservices; i++)
		canon_send_service(&g->services[i], NULL, g, job);
}

/* --- what a server makes of it --- */

static void
keep_ports(struct port *ports, size_t n)
{
	for (size_t i = 0; i < n; i++)
		canon_word(&ports[i].host_network, "default");
}

void
canon_keep_networks(struct network_resource *nets, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		CANON_SET(&nets[i], mbits, 0);
		keep_ports(nets[i].reserved_ports, nets[i].nreserved_ports);
		keep_ports(nets[i].dynamic_ports, nets[i].ndynamic_ports);
	}
}

/* What it scales is told by the policy's place in the job. */
void
canon_keep_scaling(struct scaling_policy *p, int64_t count,
    const struct job *job, const struct task_group *g, const struct task *task)
{
	CANON_SET(p, enabled, true);
	CANON_SET(p, min, count);
	CANON_SET(p, max, count);
	canon_word(&p->type, "horizontal");
	rec_kv_set(&p->target, &p->ntarget, "Namespace", job->namespace);
	rec_kv_set(&p->target, &p->ntarget, "Job", job->id);
	rec_kv_set(&p->target, &p->ntarget, "Group", g->name);
	if (task != NULL)
		rec_kv_set(
		    &p->target, &p->ntarget, "Task", canon_str(task->name));
}

/* Volumes of a kind that nobody serves are not kept. */
static void
keep_volumes(struct task_group *g)
{
	size_t n = 0;

	for (size_t i = 0; i < g->nvolumes; i++) {
		struct volume_request *v = &g->volumes[i];

		if (strcmp(canon_str(v->type), "host") == 0 ||
		    strcmp(canon_str(v->type), "csi") == 0)
			g->volumes[n++] = *v;
		else
			rec_clear(&volume_request_type, v);
	}
	g->nvolumes = n;
}

void
canon_keep_group(struct task_group *g, const struct job *job)
{
	canon_absent(&g->meta, g->nmeta);
	CANON_DROP(g, stop_after_client_disconnect);
	CANON_DROP(g, max_client_disconnect);
	g->prevent_reschedule_on_lost = false; /* of no effect any more */
	g->has_prevent_reschedule_on_lost = true;
	if (g->disconnect != NULL)
		CANON_SET(g->disconnect, lost_after, 0);
	if (g->scaling != NULL)
		canon_keep_scaling(g->scaling, g->count, job, g, NULL);
	keep_volumes(g);
	canon_keep_networks(g->networks, g->nnetworks);
	for (size_t i = 0; i < g->nservices; i++)
		canon_keep_service(&g->services[i], NULL, g, job);
	for (size_t i = 0; i < g->ntasks; i++)
		canon_keep_task(&g->tasks[i], g, job);
}
