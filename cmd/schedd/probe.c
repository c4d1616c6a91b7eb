#include "cmd/schedd/probe.h"

#include <string.h>

#include "cmd/schedd/text.h"

int64_t
probe_begin(const struct sched_probe *p)
{
	return p->clock_ns != NULL ? p->clock_ns(p->ctx) : 0;
}

void
probe_took(const struct sched_probe *p, const char *name,
    const struct eval *eval, int64_t ns)
{
	if (p->clock_ns != NULL)
		p->took(p->ctx, name, eval, ns);
}

void
probe_end(const struct sched_probe *p, const char *name, int64_t began)
{
	if (p->clock_ns != NULL)
		p->took(p->ctx, name, NULL, p->clock_ns(p->ctx) - began);
}

void
probe_end_scheduler(
    const struct sched_probe *p, const char *type, int64_t began)
{
	static const struct {
		const char *type, *name;
	} rows[] = {
		{ "service", "nomad.nomad.worker.invoke_scheduler_service" },
		{ "batch", "nomad.nomad.worker.invoke_scheduler_batch" },
		{ "system", "nomad.nomad.worker.invoke_scheduler_system" },
		{ "sysbatch", "nomad.nomad.worker.invoke_scheduler_sysbatch" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (sched_eq(type, rows[i].type))
			probe_end(p, rows[i].name, began);
}

/* Nomad's names for our commands; those that it has several for are told
 * under the commonest. */
static const char *
command_name(const char *name)
{
	static const struct {
		const char *ours, *name;
	} rows[] = {
		{ "job-register", "nomad.nomad.fsm.register_job" },
		{ "job-deregister", "nomad.nomad.fsm.deregister_job" },
		{ "job-stable", "nomad.nomad.fsm.apply_job_stability" },
		{ "node-register", "nomad.nomad.fsm.register_node" },
		{ "node-status", "nomad.nomad.fsm.node_status_update" },
		{ "node-drain", "nomad.nomad.fsm.node_drain_update" },
		{ "eval-upsert", "nomad.nomad.fsm.update_eval" },
		{ "reap", "nomad.nomad.fsm.delete_eval" },
		{ "alloc-client", "nomad.nomad.fsm.alloc_client_update" },
		{ "alloc-transition",
		    "nomad.nomad.fsm.alloc_update_desired_transition" },
		{ "plan", "nomad.nomad.fsm.apply_plan_results" },
		{ "deployment",
		    "nomad.nomad.fsm.apply_deployment_status_update" },
		{ "services",
		    "nomad.nomad.fsm.apply_service_registration_upsert" },
		{ "sched-config", "nomad.nomad.fsm.apply_scheduler_config" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (strcmp(rows[i].ours, name) == 0)
			return rows[i].name;
	return NULL;
}

void
probe_end_command(
    const struct sched_probe *p, const struct cmd *cmd, int64_t began)
{
	const char *name = command_name(cmd_name(cmd));

	probe_end(p, "nomad.raft.fsm.apply", began);
	if (name != NULL)
		probe_end(p, name, began);
	/* The plan is held against the state as it is applied. */
	if (cmd->plan != NULL)
		probe_end(p, "nomad.nomad.plan.evaluate", began);
}

void
probe_node_rejected(const struct sched_probe *p, const char *node_id)
{
	if (p->clock_ns != NULL)
		p->node_rejected(p->ctx, node_id);
}
