#include "proto/api.h"

static const struct rec_field job_submission_fields[] = {
	REC_STR(struct job_submission, 1, source, "Source"),
	REC_STR(struct job_submission, 2, format, "Format"),
	REC_MAP(
	    struct job_submission, 3, variable_flags, rec_kv, "VariableFlags"),
	REC_STR(struct job_submission, 4, variables, "Variables"),
};
const struct rec_type job_submission_type =
    REC_TYPE(job_submission, job_submission_fields);

static const struct rec_field job_register_request_fields[] = {
	REC_PTR(struct job_register_request, 1, submission, job_submission,
	    "Submission"),
	REC_PTR(struct job_register_request, 2, job, job, "Job"),
	REC_BOOL(struct job_register_request, 3, enforce_index, "EnforceIndex"),
	REC_U64(
	    struct job_register_request, 4, job_modify_index, "JobModifyIndex"),
	REC_BOOL(
	    struct job_register_request, 5, policy_override, "PolicyOverride"),
	REC_BOOL(
	    struct job_register_request, 6, preserve_counts, "PreserveCounts"),
	REC_BOOL(struct job_register_request, 7, preserve_resources,
	    "PreserveResources"),
	REC_I64(struct job_register_request, 8, eval_priority, "EvalPriority"),
};
const struct rec_type job_register_request_type =
    REC_TYPE(job_register_request, job_register_request_fields);

static const struct rec_field job_register_response_fields[] = {
	REC_STR(struct job_register_response, 1, eval_id, "EvalID"),
	REC_U64(struct job_register_response, 2, eval_create_index,
	    "EvalCreateIndex"),
	REC_U64(struct job_register_response, 3, job_modify_index,
	    "JobModifyIndex"),
	REC_STR(struct job_register_response, 4, warnings, "Warnings"),
};
const struct rec_type job_register_response_type =
    REC_TYPE(job_register_response, job_register_response_fields);

static const struct rec_field job_deregister_response_fields[] = {
	REC_STR(struct job_deregister_response, 1, eval_id, "EvalID"),
	REC_U64(struct job_deregister_response, 2, eval_create_index,
	    "EvalCreateIndex"),
	REC_U64(struct job_deregister_response, 3, job_modify_index,
	    "JobModifyIndex"),
};
const struct rec_type job_deregister_response_type =
    REC_TYPE(job_deregister_response, job_deregister_response_fields);

static const struct rec_field job_validate_response_fields[] = {
	REC_BOOL(struct job_validate_response, 1, driver_config_validated,
	    "DriverConfigValidated"),
	REC_STRS(struct job_validate_response, 2, validation_errors,
	    "ValidationErrors"),
	REC_STR(struct job_validate_response, 3, error, "Error"),
	REC_STR(struct job_validate_response, 4, warnings, "Warnings"),
};
const struct rec_type job_validate_response_type =
    REC_TYPE(job_validate_response, job_validate_response_fields);

static const struct rec_field job_plan_request_fields[] = {
	REC_PTR(struct job_plan_request, 1, job, job, "Job"),
	REC_BOOL(struct job_plan_request, 2, diff, "Diff"),
	REC_BOOL(struct job_plan_request, 3, policy_override, "PolicyOverride"),
};
const struct rec_type job_plan_request_type =
    REC_TYPE(job_plan_request, job_plan_request_fields);

static const struct rec_field job_plan_response_fields[] = {
	REC_U64(
	    struct job_plan_response, 1, job_modify_index, "JobModifyIndex"),
	REC_LIST(
	    struct job_plan_response, 2, created_evals, eval, "CreatedEvals"),
	REC_PTR(struct job_plan_response, 3, diff, job_diff, "Diff"),
	REC_PTR(struct job_plan_response, 4, annotations, plan_annotations,
	    "Annotations"),
	REC_MAP(struct job_plan_response, 5, failed_tg_allocs,
	    alloc_metric_entry, "FailedTGAllocs"),
	REC_TIME(struct job_plan_response, 6, next_periodic_launch,
	    "NextPeriodicLaunch"),
	REC_STR(struct job_plan_response, 7, warnings, "Warnings"),
};
const struct rec_type job_plan_response_type =
    REC_TYPE(job_plan_response, job_plan_response_fields);

static const struct rec_field task_group_summary_fields[] = {
	REC_STR(struct task_group_summary, 1, key, ""),
	REC_I64(struct task_group_summary, 2, queued, "Queued"),
	REC_I64(struct task_group_summary, 3, complete, "Complete"),
	REC_I64(struct task_group_summary, 4, failed, "Failed"),
	REC_I64(struct task_group_summary, 5, running, "Running"),
	REC_I64(struct task_group_summary, 6, starting, "Starting"),
	REC_I64(struct task_group_summary, 7, lost, "Lost"),
	REC_I64(struct task_group_summary, 8, unknown, "Unknown"),
};
const struct rec_type task_group_summary_type =
    REC_TYPE(task_group_summary, task_group_summary_fields);

static const struct rec_field job_children_summary_fields[] = {
	REC_I64(struct job_children_summary, 1, pending, "Pending"),
	REC_I64(struct job_children_summary, 2, running, "Running"),
	REC_I64(struct job_children_summary, 3, dead, "Dead"),
};
const struct rec_type job_children_summary_type =
    REC_TYPE(job_children_summary, job_children_summary_fields);

static const struct rec_field job_summary_fields[] = {
	REC_STR(struct job_summary, 1, job_id, "JobID"),
	REC_STR(struct job_summary, 2, namespace, "Namespace"),
	REC_MAP(struct job_summary, 3, summary, task_group_summary, "Summary"),
	REC_PTR(
	    struct job_summary, 4, children, job_children_summary, "Children"),
	REC_U64(struct job_summary, 5, create_index, "CreateIndex"),
	REC_U64(struct job_summary, 6, modify_index, "ModifyIndex"),
};
const struct rec_type job_summary_type =
    REC_TYPE(job_summary, job_summary_fields);

static const struct rec_field job_stub_fields[] = {
	REC_STR(struct job_stub, 1, id, "ID"),
	REC_STR(struct job_stub, 2, parent_id, "ParentID"),
	REC_STR(struct job_stub, 3, name, "Name"),
	REC_STR(struct job_stub, 4, namespace, "Namespace"),
	REC_STRS(struct job_stub, 5, datacenters, "Datacenters"),
	REC_STR(struct job_stub, 6, type, "Type"),
	REC_I64(struct job_stub, 7, priority, "Priority"),
	REC_BOOL(struct job_stub, 8, periodic, "Periodic"),
	REC_BOOL(struct job_stub, 9, parameterized_job, "ParameterizedJob"),
	REC_BOOL(struct job_stub, 10, stop, "Stop"),
	REC_STR(struct job_stub, 11, status, "Status"),
	REC_STR(struct job_stub, 12, status_description, "StatusDescription"),
	REC_PTR(struct job_stub, 13, job_summary, job_summary, "JobSummary"),
	REC_U64(struct job_stub, 14, create_index, "CreateIndex"),
	REC_U64(struct job_stub, 15, modify_index, "ModifyIndex"),
	REC_U64(struct job_stub, 16, job_modify_index, "JobModifyIndex"),
	REC_I64(struct job_stub, 17, submit_time, "SubmitTime"),
	REC_MAP(struct job_stub, 18, meta, rec_kv, "Meta"),
};
const struct rec_type job_stub_type = REC_TYPE(job_stub, job_stub_fields);

static const struct rec_field job_versions_response_fields[] = {
	REC_LIST(struct job_versions_response, 1, versions, job, "Versions"),
	REC_LIST(struct job_versions_response, 2, diffs, job_diff, "Diffs"),
};
const struct rec_type job_versions_response_type =
    REC_TYPE(job_versions_response, job_versions_response_fields);

static const struct rec_field scaling_event_fields[] = {
	REC_OPT_I64(struct scaling_event, 1, count, "Count"),
	REC_I64(struct scaling_event, 2, previous_count, "PreviousCount"),
	REC_BOOL(struct scaling_event, 3, error, "Error"),
	REC_STR(struct scaling_event, 4, message, "Message"),
	REC_TREE(struct scaling_event, 5, meta, "Meta"),
	REC_OPT_STR(struct scaling_event, 6, eval_id, "EvalID"),
	REC_U64(struct scaling_event, 7, time, "Time"),
	REC_U64(struct scaling_event, 8, create_index, "CreateIndex"),
};
const struct rec_type scaling_event_type =
    REC_TYPE(scaling_event, scaling_event_fields);

static const struct rec_field task_group_scale_status_fields[] = {
	REC_STR(struct task_group_scale_status, 1, key, ""),
	REC_I64(struct task_group_scale_status, 2, desired, "Desired"),
	REC_I64(struct task_group_scale_status, 3, placed, "Placed"),
	REC_I64(struct task_group_scale_status, 4, running, "Running"),
	REC_I64(struct task_group_scale_status, 5, healthy, "Healthy"),
	REC_I64(struct task_group_scale_status, 6, unhealthy, "Unhealthy"),
	REC_LIST(
	    struct task_group_scale_status, 7, events, scaling_event, "Events"),
};
const struct rec_type task_group_scale_status_type =
    REC_TYPE(task_group_scale_status, task_group_scale_status_fields);

static const struct rec_field job_scale_status_response_fields[] = {
	REC_STR(struct job_scale_status_response, 1, job_id, "JobID"),
	REC_STR(struct job_scale_status_response, 2, namespace, "Namespace"),
	REC_U64(struct job_scale_status_response, 3, job_create_index,
	    "JobCreateIndex"),
	REC_U64(struct job_scale_status_response, 4, job_modify_index,
	    "JobModifyIndex"),
	REC_BOOL(
	    struct job_scale_status_response, 5, job_stopped, "JobStopped"),
	REC_MAP(struct job_scale_status_response, 6, task_groups,
	    task_group_scale_status, "TaskGroups"),
};
const struct rec_type job_scale_status_response_type =
    REC_TYPE(job_scale_status_response, job_scale_status_response_fields);

static const struct rec_field scaling_request_fields[] = {
	REC_OPT_I64(struct scaling_request, 1, count, "Count"),
	REC_MAP(struct scaling_request, 2, target, rec_kv, "Target"),
	REC_STR(struct scaling_request, 3, message, "Message"),
	REC_BOOL(struct scaling_request, 4, error, "Error"),
	REC_TREE(struct scaling_request, 5, meta, "Meta"),
	REC_BOOL(struct scaling_request, 6, policy_override, "PolicyOverride"),
	REC_U64(struct scaling_request, 7, job_modify_index, "JobModifyIndex"),
};
const struct rec_type scaling_request_type =
    REC_TYPE(scaling_request, scaling_request_fields);

static const struct rec_field eval_options_fields[] = {
	REC_BOOL(struct eval_options, 1, force_reschedule, "ForceReschedule"),
};
const struct rec_type eval_options_type =
    REC_TYPE(eval_options, eval_options_fields);

static const struct rec_field job_evaluate_request_fields[] = {
	REC_STR(struct job_evaluate_request, 1, job_id, "JobID"),
	REC_REC(struct job_evaluate_request, 2, eval_options, eval_options,
	    "EvalOptions"),
};
const struct rec_type job_evaluate_request_type =
    REC_TYPE(job_evaluate_request, job_evaluate_request_fields);

static const struct rec_field alloc_stub_fields[] = {
	REC_STR(struct alloc_stub, 1, id, "ID"),
	REC_STR(struct alloc_stub, 2, eval_id, "EvalID"),
	REC_STR(struct alloc_stub, 3, name, "Name"),
	REC_STR(struct alloc_stub, 4, namespace, "Namespace"),
	REC_STR(struct alloc_stub, 5, node_id, "NodeID"),
	REC_STR(struct alloc_stub, 6, node_name, "NodeName"),
	REC_STR(struct alloc_stub, 7, job_id, "JobID"),
	REC_STR(struct alloc_stub, 8, job_type, "JobType"),
	REC_U64(struct alloc_stub, 9, job_version, "JobVersion"),
	REC_STR(struct alloc_stub, 10, task_group, "TaskGroup"),
	REC_PTR(struct alloc_stub, 11, allocated_resources, allocated_resources,
	    "AllocatedResources"),
	REC_STR(struct alloc_stub, 12, desired_status, "DesiredStatus"),
	REC_STR(
	    struct alloc_stub, 13, desired_description, "DesiredDescription"),
	REC_STR(struct alloc_stub, 14, client_status, "ClientStatus"),
	REC_STR(struct alloc_stub, 15, client_description, "ClientDescription"),
	REC_MAP(struct alloc_stub, 16, task_states, task_state, "TaskStates"),
	REC_PTR(struct alloc_stub, 17, deployment_status,
	    alloc_deployment_status, "DeploymentStatus"),
	REC_STR(struct alloc_stub, 18, followup_eval_id, "FollowupEvalID"),
	REC_STR(struct alloc_stub, 19, next_allocation, "NextAllocation"),
	REC_PTR(struct alloc_stub, 20, reschedule_tracker, reschedule_tracker,
	    "RescheduleTracker"),
	REC_STRS(struct alloc_stub, 21, preempted_allocations,
	    "PreemptedAllocations"),
	REC_STR(struct alloc_stub, 22, preempted_by_allocation,
	    "PreemptedByAllocation"),
	REC_U64(struct alloc_stub, 23, create_index, "CreateIndex"),
	REC_U64(struct alloc_stub, 24, modify_index, "ModifyIndex"),
	REC_I64(struct alloc_stub, 25, create_time, "CreateTime"),
	REC_I64(struct alloc_stub, 26, modify_time, "ModifyTime"),
};
const struct rec_type alloc_stub_type = REC_TYPE(alloc_stub, alloc_stub_fields);

static const struct rec_field node_stub_fields[] = {
	REC_STR(struct node_stub, 1, address, "Address"),
	REC_STR(struct node_stub, 2, id, "ID"),
	REC_MAP(struct node_stub, 3, attributes, rec_kv, "Attributes"),
	REC_STR(struct node_stub, 4, datacenter, "Datacenter"),
	REC_STR(struct node_stub, 5, name, "Name"),
	REC_STR(struct node_stub, 6, node_class, "NodeClass"),
	REC_STR(struct node_stub, 7, node_pool, "NodePool"),
	REC_STR(struct node_stub, 8, version, "Version"),
	REC_BOOL(struct node_stub, 9, drain, "Drain"),
	REC_STR(struct node_stub, 10, scheduling_eligibility,
	    "SchedulingEligibility"),
	REC_STR(struct node_stub, 11, status, "Status"),
	REC_STR(struct node_stub, 12, status_description, "StatusDescription"),
	REC_MAP(struct node_stub, 13, drivers, driver_info, "Drivers"),
	REC_PTR(struct node_stub, 14, node_resources, node_resources,
	    "NodeResources"),
	REC_PTR(struct node_stub, 15, reserved_resources,
	    node_reserved_resources, "ReservedResources"),
	REC_PTR(struct node_stub, 16, last_drain, drain_metadata, "LastDrain"),
	REC_U64(struct node_stub, 17, create_index, "CreateIndex"),
	REC_U64(struct node_stub, 18, modify_index, "ModifyIndex"),
};
const struct rec_type node_stub_type = REC_TYPE(node_stub, node_stub_fields);

static const struct rec_field deployment_update_response_fields[] = {
	REC_STR(struct deployment_update_response, 1, eval_id, "EvalID"),
	REC_U64(struct deployment_update_response, 2, eval_create_index,
	    "EvalCreateIndex"),
	REC_U64(struct deployment_update_response, 3, deployment_modify_index,
	    "DeploymentModifyIndex"),
	REC_OPT_U64(struct deployment_update_response, 4, reverted_job_version,
	    "RevertedJobVersion"),
};
const struct rec_type deployment_update_response_type =
    REC_TYPE(deployment_update_response, deployment_update_response_fields);

static const struct rec_field alloc_stop_response_fields[] = {
	REC_STR(struct alloc_stop_response, 1, eval_id, "EvalID"),
};
const struct rec_type alloc_stop_response_type =
    REC_TYPE(alloc_stop_response, alloc_stop_response_fields);

static const struct rec_field drain_spec_fields[] = {
	REC_DUR(struct drain_spec, 1, deadline, "Deadline"),
	REC_BOOL(struct drain_spec, 2, ignore_system_jobs, "IgnoreSystemJobs"),
};
const struct rec_type drain_spec_type = REC_TYPE(drain_spec, drain_spec_fields);

static const struct rec_field node_update_drain_request_fields[] = {
	REC_STR(struct node_update_drain_request, 1, node_id, "NodeID"),
	REC_PTR(struct node_update_drain_request, 2, drain_spec, drain_spec,
	    "DrainSpec"),
	REC_BOOL(
	    struct node_update_drain_request, 3, mark_eligible, "MarkEligible"),
	REC_MAP(struct node_update_drain_request, 4, meta, rec_kv, "Meta"),
};
const struct rec_type node_update_drain_request_type =
    REC_TYPE(node_update_drain_request, node_update_drain_request_fields);

static const struct rec_field node_drain_update_response_fields[] = {
	REC_U64(struct node_drain_update_response, 1, node_modify_index,
	    "NodeModifyIndex"),
	REC_STRS(struct node_drain_update_response, 2, eval_ids, "EvalIDs"),
	REC_U64(struct node_drain_update_response, 3, eval_create_index,
	    "EvalCreateIndex"),
};
const struct rec_type node_drain_update_response_type =
    REC_TYPE(node_drain_update_response, node_drain_update_response_fields);

static const struct rec_field node_eligibility_update_response_fields[] = {
	REC_U64(struct node_eligibility_update_response, 1, node_modify_index,
	    "NodeModifyIndex"),
	REC_STRS(
	    struct node_eligibility_update_response, 2, eval_ids, "EvalIDs"),
	REC_U64(struct node_eligibility_update_response, 3, eval_create_index,
	    "EvalCreateIndex"),
};
const struct rec_type node_eligibility_update_response_type = REC_TYPE(
    node_eligibility_update_response, node_eligibility_update_response_fields);

static const struct rec_field node_purge_response_fields[] = {
	REC_STRS(struct node_purge_response, 1, eval_ids, "EvalIDs"),
	REC_U64(struct node_purge_response, 2, eval_create_index,
	    "EvalCreateIndex"),
	REC_U64(struct node_purge_response, 3, node_modify_index,
	    "NodeModifyIndex"),
};
const struct rec_type node_purge_response_type =
    REC_TYPE(node_purge_response, node_purge_response_fields);

static const struct rec_field agent_member_fields[] = {
	REC_STR(struct agent_member, 1, name, "Name"),
	REC_STR(struct agent_member, 2, addr, "Addr"),
	REC_I64(struct agent_member, 3, port, "Port"),
	REC_MAP(struct agent_member, 4, tags, rec_kv, "Tags"),
	REC_STR(struct agent_member, 5, status, "Status"),
	REC_I64(struct agent_member, 6, protocol_min, "ProtocolMin"),
	REC_I64(struct agent_member, 7, protocol_max, "ProtocolMax"),
	REC_I64(struct agent_member, 8, protocol_cur, "ProtocolCur"),
	REC_I64(struct agent_member, 9, delegate_min, "DelegateMin"),
	REC_I64(struct agent_member, 10, delegate_max, "DelegateMax"),
	REC_I64(struct agent_member, 11, delegate_cur, "DelegateCur"),
};
const struct rec_type agent_member_type =
    REC_TYPE(agent_member, agent_member_fields);

static const struct rec_field server_members_fields[] = {
	REC_STR(struct server_members, 1, server_name, "ServerName"),
	REC_STR(struct server_members, 2, server_region, "ServerRegion"),
	REC_STR(struct server_members, 3, server_dc, "ServerDC"),
	REC_LIST(struct server_members, 4, members, agent_member, "Members"),
};
const struct rec_type server_members_type =
    REC_TYPE(server_members, server_members_fields);

static const struct rec_field raft_member_fields[] = {
	REC_STR(struct raft_member, 1, id, "ID"),
	REC_STR(struct raft_member, 2, node, "Node"),
	REC_STR(struct raft_member, 3, address, "Address"),
	REC_BOOL(struct raft_member, 4, leader, "Leader"),
	REC_BOOL(struct raft_member, 5, voter, "Voter"),
	REC_STR(struct raft_member, 6, raft_protocol, "RaftProtocol"),
};
const struct rec_type raft_member_type =
    REC_TYPE(raft_member, raft_member_fields);

static const struct rec_field raft_configuration_fields[] = {
	REC_LIST(struct raft_configuration, 1, servers, raft_member, "Servers"),
	REC_U64(struct raft_configuration, 2, index, "Index"),
};
const struct rec_type raft_configuration_type =
    REC_TYPE(raft_configuration, raft_configuration_fields);
