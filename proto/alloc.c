#include "proto/alloc.h"

static const struct rec_field node_score_meta_fields[] = {
	REC_STR(struct node_score_meta, 1, node_id, "NodeID"),
	REC_MAP(struct node_score_meta, 2, scores, rec_kf, "Scores"),
	REC_F64(struct node_score_meta, 3, norm_score, "NormScore"),
};
const struct rec_type node_score_meta_type =
    REC_TYPE(node_score_meta, node_score_meta_fields);

static const struct rec_field alloc_metric_fields[] = {
	REC_I64(struct alloc_metric, 1, nodes_evaluated, "NodesEvaluated"),
	REC_I64(struct alloc_metric, 2, nodes_filtered, "NodesFiltered"),
	REC_I64(struct alloc_metric, 3, nodes_in_pool, "NodesInPool"),
	REC_STR(struct alloc_metric, 4, node_pool, "NodePool"),
	REC_MAP(
	    struct alloc_metric, 5, nodes_available, rec_ki, "NodesAvailable"),
	REC_MAP(
	    struct alloc_metric, 6, class_filtered, rec_ki, "ClassFiltered"),
	REC_MAP(struct alloc_metric, 7, constraint_filtered, rec_ki,
	    "ConstraintFiltered"),
	REC_I64(struct alloc_metric, 8, nodes_exhausted, "NodesExhausted"),
	REC_MAP(
	    struct alloc_metric, 9, class_exhausted, rec_ki, "ClassExhausted"),
	REC_MAP(struct alloc_metric, 10, dimension_exhausted, rec_ki,
	    "DimensionExhausted"),
	REC_STRS(struct alloc_metric, 11, quota_exhausted, "QuotaExhausted"),
	REC_MAP(struct alloc_metric, 12, resources_exhausted, resources_entry,
	    "ResourcesExhausted"),
	REC_MAP(struct alloc_metric, 13, scores, rec_kf, "Scores"),
	REC_DUR(struct alloc_metric, 14, allocation_time, "AllocationTime"),
	REC_I64(
	    struct alloc_metric, 15, coalesced_failures, "CoalescedFailures"),
	REC_LIST(struct alloc_metric, 16, score_meta_data, node_score_meta,
	    "ScoreMetaData"),
};
const struct rec_type alloc_metric_type =
    REC_TYPE(alloc_metric, alloc_metric_fields);

static const struct rec_field alloc_metric_entry_fields[] = {
	REC_STR(struct alloc_metric_entry, 1, key, ""),
	REC_REC(struct alloc_metric_entry, 2, value, alloc_metric, ""),
};
const struct rec_type alloc_metric_entry_type =
    REC_PAIR_TYPE(alloc_metric_entry, alloc_metric_entry_fields);

static const struct rec_field alloc_deployment_status_fields[] = {
	REC_OPT_BOOL(struct alloc_deployment_status, 1, healthy, "Healthy"),
	REC_TIME(struct alloc_deployment_status, 2, timestamp, "Timestamp"),
	REC_BOOL(struct alloc_deployment_status, 3, canary, "Canary"),
	REC_U64(struct alloc_deployment_status, 4, modify_index, "ModifyIndex"),
};
const struct rec_type alloc_deployment_status_type =
    REC_TYPE(alloc_deployment_status, alloc_deployment_status_fields);

static const struct rec_field alloc_network_status_fields[] = {
	REC_STR(
	    struct alloc_network_status, 1, interface_name, "InterfaceName"),
	REC_STR(struct alloc_network_status, 2, address, "Address"),
	REC_STR(struct alloc_network_status, 3, address_ipv6, "AddressIPv6"),
	REC_PTR(struct alloc_network_status, 4, dns, dns_config, "DNS"),
};
const struct rec_type alloc_network_status_type =
    REC_TYPE(alloc_network_status, alloc_network_status_fields);

static const struct rec_field desired_transition_fields[] = {
	REC_OPT_BOOL(struct desired_transition, 1, migrate, "Migrate"),
	REC_OPT_BOOL(struct desired_transition, 2, reschedule, "Reschedule"),
	REC_OPT_BOOL(
	    struct desired_transition, 3, force_reschedule, "ForceReschedule"),
	REC_OPT_BOOL(
	    struct desired_transition, 4, no_shutdown_delay, "NoShutdownDelay"),
	REC_OPT_BOOL(struct desired_transition, 5, migrate_disable_placement,
	    "MigrateDisablePlacement"),
};
const struct rec_type desired_transition_type =
    REC_TYPE(desired_transition, desired_transition_fields);

static const struct rec_field reschedule_event_fields[] = {
	REC_I64(struct reschedule_event, 1, reschedule_time, "RescheduleTime"),
	REC_STR(struct reschedule_event, 2, prev_alloc_id, "PrevAllocID"),
	REC_STR(struct reschedule_event, 3, prev_node_id, "PrevNodeID"),
	REC_DUR(struct reschedule_event, 4, delay, "Delay"),
};
const struct rec_type reschedule_event_type =
    REC_TYPE(reschedule_event, reschedule_event_fields);

static const struct rec_field reschedule_tracker_fields[] = {
	REC_LIST(
	    struct reschedule_tracker, 1, events, reschedule_event, "Events"),
	REC_STR(
	    struct reschedule_tracker, 2, last_reschedule, "LastReschedule"),
};
const struct rec_type reschedule_tracker_type =
    REC_TYPE(reschedule_tracker, reschedule_tracker_fields);

static const struct rec_field task_event_fields[] = {
	REC_STR(struct task_event, 1, type, "Type"),
	REC_I64(struct task_event, 2, time, "Time"),
	REC_STR(struct task_event, 3, display_message, "DisplayMessage"),
	REC_MAP(struct task_event, 4, details, rec_kv, "Details"),
	REC_STR(struct task_event, 5, message, "Message"),
	REC_BOOL(struct task_event, 6, fails_task, "FailsTask"),
	REC_STR(struct task_event, 7, restart_reason, "RestartReason"),
	REC_STR(struct task_event, 8, setup_error, "SetupError"),
	REC_STR(struct task_event, 9, driver_error, "DriverError"),
	REC_STR(struct task_event, 10, driver_message, "DriverMessage"),
	REC_I64(struct task_event, 11, exit_code, "ExitCode"),
	REC_I64(struct task_event, 12, signal, "Signal"),
	REC_STR(struct task_event, 13, kill_reason, "KillReason"),
	REC_DUR(struct task_event, 14, kill_timeout, "KillTimeout"),
	REC_STR(struct task_event, 15, kill_error, "KillError"),
	REC_I64(struct task_event, 16, start_delay, "StartDelay"),
	REC_STR(struct task_event, 17, download_error, "DownloadError"),
	REC_STR(struct task_event, 18, validation_error, "ValidationError"),
	REC_I64(struct task_event, 19, disk_limit, "DiskLimit"),
	REC_I64(struct task_event, 20, disk_size, "DiskSize"),
	REC_STR(struct task_event, 21, failed_sibling, "FailedSibling"),
	REC_STR(struct task_event, 22, vault_error, "VaultError"),
	REC_STR(struct task_event, 23, task_signal_reason, "TaskSignalReason"),
	REC_STR(struct task_event, 24, task_signal, "TaskSignal"),
	REC_STR(struct task_event, 25, generic_source, "GenericSource"),
};
const struct rec_type task_event_type = REC_TYPE(task_event, task_event_fields);

static const struct rec_field task_state_fields[] = {
	REC_STR(struct task_state, 1, key, ""),
	REC_STR(struct task_state, 2, state, "State"),
	REC_BOOL(struct task_state, 3, failed, "Failed"),
	REC_U64(struct task_state, 4, restarts, "Restarts"),
	REC_TIME(struct task_state, 5, last_restart, "LastRestart"),
	REC_TIME(struct task_state, 6, started_at, "StartedAt"),
	REC_TIME(struct task_state, 7, finished_at, "FinishedAt"),
	REC_LIST(struct task_state, 8, events, task_event, "Events"),
};
const struct rec_type task_state_type = REC_TYPE(task_state, task_state_fields);

static const struct rec_field alloc_state_fields[] = {
	REC_STR(struct alloc_state, 1, field, "Field"),
	REC_STR(struct alloc_state, 2, value, "Value"),
	REC_TIME(struct alloc_state, 3, time, "Time"),
};
const struct rec_type alloc_state_type =
    REC_TYPE(alloc_state, alloc_state_fields);

static const struct rec_field alloc_fields[] = {
	REC_STR(struct alloc, 1, id, "ID"),
	REC_STR(struct alloc, 2, namespace, "Namespace"),
	REC_STR(struct alloc, 3, eval_id, "EvalID"),
	REC_STR(struct alloc, 4, name, "Name"),
	REC_STR(struct alloc, 5, node_id, "NodeID"),
	REC_STR(struct alloc, 6, node_name, "NodeName"),
	REC_STR(struct alloc, 7, job_id, "JobID"),
	REC_PTR(struct alloc, 8, job, job, "Job"),
	REC_STR(struct alloc, 9, task_group, "TaskGroup"),
	REC_PTR(struct alloc, 10, resources, resources, "Resources"),
	REC_MAP(
	    struct alloc, 11, task_resources, resources_entry, "TaskResources"),
	REC_PTR(struct alloc, 12, allocated_resources, allocated_resources,
	    "AllocatedResources"),
	REC_MAP(struct alloc, 13, services, rec_kv, "Services"),
	REC_PTR(struct alloc, 14, metrics, alloc_metric, "Metrics"),
	REC_STR(struct alloc, 15, desired_status, "DesiredStatus"),
	REC_STR(struct alloc, 16, desired_description, "DesiredDescription"),
	REC_REC(struct alloc, 17, desired_transition, desired_transition,
	    "DesiredTransition"),
	REC_STR(struct alloc, 18, client_status, "ClientStatus"),
	REC_STR(struct alloc, 19, client_description, "ClientDescription"),
	REC_MAP(struct alloc, 20, task_states, task_state, "TaskStates"),
	REC_STR(struct alloc, 21, deployment_id, "DeploymentID"),
	REC_PTR(struct alloc, 22, deployment_status, alloc_deployment_status,
	    "DeploymentStatus"),
	REC_STR(struct alloc, 23, followup_eval_id, "FollowupEvalID"),
	REC_STR(struct alloc, 24, previous_allocation, "PreviousAllocation"),
	REC_STR(struct alloc, 25, next_allocation, "NextAllocation"),
	REC_PTR(struct alloc, 26, reschedule_tracker, reschedule_tracker,
	    "RescheduleTracker"),
	REC_PTR(struct alloc, 27, network_status, alloc_network_status,
	    "NetworkStatus"),
	REC_STRS(
	    struct alloc, 28, preempted_allocations, "PreemptedAllocations"),
	REC_STR(
	    struct alloc, 29, preempted_by_allocation, "PreemptedByAllocation"),
	REC_U64(struct alloc, 30, create_index, "CreateIndex"),
	REC_U64(struct alloc, 31, modify_index, "ModifyIndex"),
	REC_U64(struct alloc, 32, alloc_modify_index, "AllocModifyIndex"),
	REC_I64(struct alloc, 33, create_time, "CreateTime"),
	REC_I64(struct alloc, 34, modify_time, "ModifyTime"),
	REC_LIST(struct alloc, 35, alloc_states, alloc_state, "AllocStates"),
	REC_U64(
	    struct alloc, 36, job_version, "JobVersion", .flags = REC_NOJSON),
};
const struct rec_type alloc_type = REC_TYPE(alloc, alloc_fields);
