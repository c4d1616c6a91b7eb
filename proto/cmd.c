#include "proto/cmd.h"

static const struct rec_field cmd_job_register_fields[] = {
	REC_REC(struct cmd_job_register, 1, job, job, "Job"),
	REC_PTR(struct cmd_job_register, 2, eval, eval, "Eval"),
	REC_BOOL(struct cmd_job_register, 3, enforce_index, "EnforceIndex"),
	REC_U64(struct cmd_job_register, 4, job_modify_index, "JobModifyIndex"),
	REC_STR(struct cmd_job_register, 5, scaled_group, "ScaledGroup"),
	REC_PTR(struct cmd_job_register, 6, scaling, scaling_event, "Scaling"),
};
const struct rec_type cmd_job_register_type =
    REC_TYPE(cmd_job_register, cmd_job_register_fields);

static const struct rec_field cmd_job_deregister_fields[] = {
	REC_STR(struct cmd_job_deregister, 1, ns, "Namespace"),
	REC_STR(struct cmd_job_deregister, 2, job_id, "JobID"),
	REC_BOOL(struct cmd_job_deregister, 3, purge, "Purge"),
	REC_PTR(struct cmd_job_deregister, 4, eval, eval, "Eval"),
};
const struct rec_type cmd_job_deregister_type =
    REC_TYPE(cmd_job_deregister, cmd_job_deregister_fields);

static const struct rec_field cmd_job_stable_fields[] = {
	REC_STR(struct cmd_job_stable, 1, ns, "Namespace"),
	REC_STR(struct cmd_job_stable, 2, job_id, "JobID"),
	REC_U64(struct cmd_job_stable, 3, version, "Version"),
	REC_BOOL(struct cmd_job_stable, 4, stable, "Stable"),
};
const struct rec_type cmd_job_stable_type =
    REC_TYPE(cmd_job_stable, cmd_job_stable_fields);

static const struct rec_field cmd_node_register_fields[] = {
	REC_REC(struct cmd_node_register, 1, node, node, "Node"),
	REC_LIST(struct cmd_node_register, 2, evals, eval, "Evals"),
};
const struct rec_type cmd_node_register_type =
    REC_TYPE(cmd_node_register, cmd_node_register_fields);

static const struct rec_field cmd_node_status_fields[] = {
	REC_STR(struct cmd_node_status, 1, node_id, "NodeID"),
	REC_STR(struct cmd_node_status, 2, status, "Status"),
	REC_STR(struct cmd_node_status, 3, eligibility, "Eligibility"),
	REC_LIST(struct cmd_node_status, 4, events, node_event, "Events"),
	REC_LIST(struct cmd_node_status, 5, evals, eval, "Evals"),
};
const struct rec_type cmd_node_status_type =
    REC_TYPE(cmd_node_status, cmd_node_status_fields);

static const struct rec_field cmd_node_drain_fields[] = {
	REC_STR(struct cmd_node_drain, 1, node_id, "NodeID"),
	REC_PTR(struct cmd_node_drain, 2, strategy, drain_strategy, "Strategy"),
	REC_BOOL(struct cmd_node_drain, 3, mark_eligible, "MarkEligible"),
	REC_LIST(struct cmd_node_drain, 4, evals, eval, "Evals"),
	REC_STRMAP(struct cmd_node_drain, 5, meta, "Meta"),
	REC_BOOL(struct cmd_node_drain, 6, complete, "Complete"),
};
const struct rec_type cmd_node_drain_type =
    REC_TYPE(cmd_node_drain, cmd_node_drain_fields);

static const struct rec_field cmd_eval_upsert_fields[] = {
	REC_LIST(struct cmd_eval_upsert, 1, evals, eval, "Evals"),
};
const struct rec_type cmd_eval_upsert_type =
    REC_TYPE(cmd_eval_upsert, cmd_eval_upsert_fields);

static const struct rec_field job_key_fields[] = {
	REC_STR(struct job_key, 1, ns, "Namespace"),
	REC_STR(struct job_key, 2, id, "ID"),
};
const struct rec_type job_key_type = REC_TYPE(job_key, job_key_fields);

static const struct rec_field cmd_reap_fields[] = {
	REC_STRS(struct cmd_reap, 1, evals, "Evals"),
	REC_STRS(struct cmd_reap, 2, allocs, "Allocs"),
	REC_STRS(struct cmd_reap, 3, deployments, "Deployments"),
	REC_LIST(struct cmd_reap, 4, jobs, job_key, "Jobs"),
	REC_STRS(struct cmd_reap, 5, nodes, "Nodes"),
};
const struct rec_type cmd_reap_type = REC_TYPE(cmd_reap, cmd_reap_fields);

static const struct rec_field cmd_alloc_client_fields[] = {
	REC_LIST(struct cmd_alloc_client, 1, allocs, alloc, "Allocs"),
	REC_LIST(struct cmd_alloc_client, 2, evals, eval, "Evals"),
	REC_STR(struct cmd_alloc_client, 3, node_id, "NodeID"),
	REC_U64(struct cmd_alloc_client, 4, seq, "Seq"),
};
const struct rec_type cmd_alloc_client_type =
    REC_TYPE(cmd_alloc_client, cmd_alloc_client_fields);

static const struct rec_field cmd_alloc_transition_fields[] = {
	REC_STRS(struct cmd_alloc_transition, 1, allocs, "Allocs"),
	REC_REC(struct cmd_alloc_transition, 2, transition, desired_transition,
	    "Transition"),
	REC_LIST(struct cmd_alloc_transition, 3, evals, eval, "Evals"),
};
const struct rec_type cmd_alloc_transition_type =
    REC_TYPE(cmd_alloc_transition, cmd_alloc_transition_fields);

static const struct rec_field plan_stop_fields[] = {
	REC_STR(struct plan_stop, 1, alloc_id, "AllocID"),
	REC_STR(struct plan_stop, 2, desired_status, "DesiredStatus"),
	REC_STR(struct plan_stop, 3, desired_description, "DesiredDescription"),
	REC_STR(struct plan_stop, 4, client_status, "ClientStatus"),
	REC_STR(struct plan_stop, 5, followup_eval_id, "FollowupEvalID"),
	REC_STR(struct plan_stop, 6, preempted_by, "PreemptedBy"),
	REC_STR(struct plan_stop, 7, last_reschedule, "LastReschedule"),
};
const struct rec_type plan_stop_type = REC_TYPE(plan_stop, plan_stop_fields);

static const struct rec_field deployment_change_fields[] = {
	REC_STR(struct deployment_change, 1, deployment_id, "DeploymentID"),
	REC_STR(struct deployment_change, 2, status, "Status"),
	REC_STR(struct deployment_change, 3, status_description,
	    "StatusDescription"),
};
const struct rec_type deployment_change_type =
    REC_TYPE(deployment_change, deployment_change_fields);

static const struct rec_field cmd_plan_fields[] = {
	REC_STR(struct cmd_plan, 1, eval_id, "EvalID"),
	REC_STR(struct cmd_plan, 2, ns, "Namespace"),
	REC_STR(struct cmd_plan, 3, job_id, "JobID"),
	REC_BOOL(struct cmd_plan, 4, all_at_once, "AllAtOnce"),
	REC_U64(struct cmd_plan, 5, snapshot_index, "SnapshotIndex"),
	REC_LIST(struct cmd_plan, 6, stops, plan_stop, "Stops"),
	REC_LIST(struct cmd_plan, 7, preempts, plan_stop, "Preempts"),
	REC_LIST(struct cmd_plan, 8, places, alloc, "Places"),
	REC_LIST(struct cmd_plan, 9, updates, alloc, "Updates"),
	REC_PTR(struct cmd_plan, 10, deployment, deployment, "Deployment"),
	REC_LIST(struct cmd_plan, 11, deployment_changes, deployment_change,
	    "DeploymentChanges"),
	REC_LIST(struct cmd_plan, 12, evals, eval, "Evals"),
};
const struct rec_type cmd_plan_type = REC_TYPE(cmd_plan, cmd_plan_fields);

static const struct rec_field cmd_deployment_fields[] = {
	REC_REC(struct cmd_deployment, 1, change, deployment_change, "Change"),
	REC_STRS(struct cmd_deployment, 2, promote, "Promote"),
	REC_LIST(struct cmd_deployment, 3, evals, eval, "Evals"),
	REC_BOOL(struct cmd_deployment, 4, stable, "Stable"),
	REC_STRS(struct cmd_deployment, 5, healthy, "Healthy"),
	REC_STRS(struct cmd_deployment, 6, unhealthy, "Unhealthy"),
};
const struct rec_type cmd_deployment_type =
    REC_TYPE(cmd_deployment, cmd_deployment_fields);

static const struct rec_field cmd_restore_fields[] = {
	REC_STR(struct cmd_restore, 1, id, "ID"),
	REC_U64(struct cmd_restore, 2, offset, "Offset"),
	REC_BYTES(struct cmd_restore, 3, bytes, "Bytes"),
	REC_BOOL(struct cmd_restore, 4, last, "Last"),
};
const struct rec_type cmd_restore_type =
    REC_TYPE(cmd_restore, cmd_restore_fields);

static const struct rec_field cmd_variable_fields[] = {
	REC_REC(struct cmd_variable, 1, variable, variable, "Variable"),
	REC_BOOL(struct cmd_variable, 2, remove, "Remove"),
	REC_BOOL(struct cmd_variable, 3, enforce_index, "EnforceIndex"),
	REC_U64(struct cmd_variable, 4, modify_index, "ModifyIndex"),
};
const struct rec_type cmd_variable_type =
    REC_TYPE(cmd_variable, cmd_variable_fields);

static const struct rec_field cmd_node_pool_fields[] = {
	REC_REC(struct cmd_node_pool, 1, pool, node_pool, "Pool"),
	REC_BOOL(struct cmd_node_pool, 2, remove, "Remove"),
};
const struct rec_type cmd_node_pool_type =
    REC_TYPE(cmd_node_pool, cmd_node_pool_fields);

static const struct rec_field cmd_level_fields[] = {
	REC_U64(struct cmd_level, 1, level, "Level"),
};
const struct rec_type cmd_level_type = REC_TYPE(cmd_level, cmd_level_fields);

static const struct rec_field cmd_fields[] = {
	REC_I64(struct cmd, 1, time, "Time"),
	REC_STR(struct cmd, 2, client, "Client"),
	REC_U64(struct cmd, 3, request, "Request"),
	REC_PTR(struct cmd, 4, job_register, cmd_job_register, "JobRegister"),
	REC_PTR(
	    struct cmd, 5, job_deregister, cmd_job_deregister, "JobDeregister"),
	REC_PTR(struct cmd, 6, job_stable, cmd_job_stable, "JobStable"),
	REC_PTR(
	    struct cmd, 7, node_register, cmd_node_register, "NodeRegister"),
	REC_PTR(struct cmd, 8, node_status, cmd_node_status, "NodeStatus"),
	REC_PTR(struct cmd, 9, node_drain, cmd_node_drain, "NodeDrain"),
	REC_PTR(struct cmd, 10, eval_upsert, cmd_eval_upsert, "EvalUpsert"),
	REC_PTR(struct cmd, 11, reap, cmd_reap, "Reap"),
	REC_PTR(struct cmd, 12, alloc_client, cmd_alloc_client, "AllocClient"),
	REC_PTR(struct cmd, 13, alloc_transition, cmd_alloc_transition,
	    "AllocTransition"),
	REC_PTR(struct cmd, 14, plan, cmd_plan, "Plan"),
	REC_PTR(struct cmd, 15, deployment, cmd_deployment, "Deployment"),
	REC_PTR(struct cmd, 16, services, services_update, "Services"),
	REC_PTR(struct cmd, 17, sched_config, scheduler_configuration,
	    "SchedConfig"),
	REC_LIST(struct cmd, 18, batch, cmd, "Batch"),
	REC_PTR(struct cmd, 19, restore, cmd_restore, "Restore"),
	REC_PTR(
	    struct cmd, 20, autopilot, autopilot_configuration, "Autopilot"),
	REC_PTR(struct cmd, 21, variable, cmd_variable, "Variable"),
	REC_PTR(struct cmd, 22, level, cmd_level, "Level", .level = 2),
	REC_PTR(struct cmd, 23, node_pool, cmd_node_pool, "NodePool",
	    .level = NODE_POOL_LEVEL),
};
const struct rec_type cmd_type = REC_TYPE(cmd, cmd_fields);

const char *
cmd_name(const struct cmd *cmd)
{
	const struct {
		const void *set;
		const char *name;
	} kinds[] = {
		{ cmd->job_register, "job-register" },
		{ cmd->job_deregister, "job-deregister" },
		{ cmd->job_stable, "job-stable" },
		{ cmd->node_register, "node-register" },
		{ cmd->node_status, "node-status" },
		{ cmd->node_drain, "node-drain" },
		{ cmd->eval_upsert, "eval-upsert" },
		{ cmd->reap, "reap" },
		{ cmd->alloc_client, "alloc-client" },
		{ cmd->alloc_transition, "alloc-transition" },
		{ cmd->plan, "plan" },
		{ cmd->deployment, "deployment" },
		{ cmd->services, "services" },
		{ cmd->sched_config, "sched-config" },
		{ cmd->batch, "batch" },
		{ cmd->restore, "restore" },
		{ cmd->autopilot, "autopilot" },
		{ cmd->variable, "variable" },
		{ cmd->level, "level" },
		{ cmd->node_pool, "node-pool" },
	};

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (kinds[i].set != NULL)
			return kinds[i].name;
	return "unknown";
}
