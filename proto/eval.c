#include "proto/eval.h"

static const struct rec_field desired_updates_fields[] = {
	REC_STR(struct desired_updates, 1, key, ""),
	REC_U64(struct desired_updates, 2, ignore, "Ignore"),
	REC_U64(struct desired_updates, 3, place, "Place"),
	REC_U64(struct desired_updates, 4, migrate, "Migrate"),
	REC_U64(struct desired_updates, 5, stop, "Stop"),
	REC_U64(struct desired_updates, 6, in_place_update, "InPlaceUpdate"),
	REC_U64(
	    struct desired_updates, 7, destructive_update, "DestructiveUpdate"),
	REC_U64(struct desired_updates, 8, canary, "Canary"),
	REC_U64(struct desired_updates, 9, preemptions, "Preemptions"),
	REC_U64(struct desired_updates, 10, disconnect, "Disconnect"),
	REC_U64(struct desired_updates, 11, reconnect, "Reconnect"),
	REC_U64(struct desired_updates, 12, reschedule_now, "RescheduleNow"),
	REC_U64(
	    struct desired_updates, 13, reschedule_later, "RescheduleLater"),
};
const struct rec_type desired_updates_type =
    REC_TYPE(desired_updates, desired_updates_fields);

static const struct rec_field plan_annotations_fields[] = {
	REC_MAP(struct plan_annotations, 1, desired_tg_updates, desired_updates,
	    "DesiredTGUpdates"),
};
const struct rec_type plan_annotations_type =
    REC_TYPE(plan_annotations, plan_annotations_fields);

static const struct rec_field eval_stub_fields[] = {
	REC_STR(struct eval_stub, 1, id, "ID"),
	REC_I64(struct eval_stub, 2, priority, "Priority"),
	REC_STR(struct eval_stub, 3, type, "Type"),
	REC_STR(struct eval_stub, 4, triggered_by, "TriggeredBy"),
	REC_STR(struct eval_stub, 5, namespace, "Namespace"),
	REC_STR(struct eval_stub, 6, job_id, "JobID"),
	REC_STR(struct eval_stub, 7, node_id, "NodeID"),
	REC_STR(struct eval_stub, 8, deployment_id, "DeploymentID"),
	REC_STR(struct eval_stub, 9, status, "Status"),
	REC_STR(struct eval_stub, 10, status_description, "StatusDescription"),
	REC_TIME(struct eval_stub, 11, wait_until, "WaitUntil"),
	REC_STR(struct eval_stub, 12, next_eval, "NextEval"),
	REC_STR(struct eval_stub, 13, previous_eval, "PreviousEval"),
	REC_STR(struct eval_stub, 14, blocked_eval, "BlockedEval"),
	REC_U64(struct eval_stub, 15, create_index, "CreateIndex"),
	REC_U64(struct eval_stub, 16, modify_index, "ModifyIndex"),
	REC_I64(struct eval_stub, 17, create_time, "CreateTime"),
	REC_I64(struct eval_stub, 18, modify_time, "ModifyTime"),
};
const struct rec_type eval_stub_type = REC_TYPE(eval_stub, eval_stub_fields);

static const struct rec_field eval_fields[] = {
	REC_STR(struct eval, 1, id, "ID"),
	REC_I64(struct eval, 2, priority, "Priority"),
	REC_STR(struct eval, 3, type, "Type"),
	REC_STR(struct eval, 4, triggered_by, "TriggeredBy"),
	REC_STR(struct eval, 5, namespace, "Namespace"),
	REC_STR(struct eval, 6, job_id, "JobID"),
	REC_U64(struct eval, 7, job_modify_index, "JobModifyIndex"),
	REC_STR(struct eval, 8, node_id, "NodeID"),
	REC_U64(struct eval, 9, node_modify_index, "NodeModifyIndex"),
	REC_STR(struct eval, 10, deployment_id, "DeploymentID"),
	REC_STR(struct eval, 11, status, "Status"),
	REC_STR(struct eval, 12, status_description, "StatusDescription"),
	REC_DUR(struct eval, 13, wait, "Wait"),
	REC_TIME(struct eval, 14, wait_until, "WaitUntil"),
	REC_STR(struct eval, 15, next_eval, "NextEval"),
	REC_STR(struct eval, 16, previous_eval, "PreviousEval"),
	REC_STR(struct eval, 17, blocked_eval, "BlockedEval"),
	REC_LIST(struct eval, 18, related_evals, eval_stub, "RelatedEvals"),
	REC_MAP(struct eval, 19, failed_tg_allocs, alloc_metric_entry,
	    "FailedTGAllocs"),
	REC_PTR(struct eval, 20, plan_annotations, plan_annotations,
	    "PlanAnnotations"),
	REC_MAP(struct eval, 21, class_eligibility, rec_kb, "ClassEligibility"),
	REC_BOOL(
	    struct eval, 22, escaped_computed_class, "EscapedComputedClass"),
	REC_STR(struct eval, 23, quota_limit_reached, "QuotaLimitReached"),
	REC_STRS(struct eval, 24, missing_non_node_resources,
	    "MissingNonNodeResources"),
	REC_BOOL(struct eval, 25, annotate_plan, "AnnotatePlan"),
	REC_MAP(
	    struct eval, 26, queued_allocations, rec_ki, "QueuedAllocations"),
	REC_U64(struct eval, 27, snapshot_index, "SnapshotIndex"),
	REC_U64(struct eval, 28, create_index, "CreateIndex"),
	REC_U64(struct eval, 29, modify_index, "ModifyIndex"),
	REC_I64(struct eval, 30, create_time, "CreateTime"),
	REC_I64(struct eval, 31, modify_time, "ModifyTime"),
};
const struct rec_type eval_type = REC_TYPE(eval, eval_fields);

static const struct rec_field deployment_state_fields[] = {
	REC_STR(struct deployment_state, 1, key, ""),
	REC_STRS(struct deployment_state, 2, placed_canaries, "PlacedCanaries"),
	REC_BOOL(struct deployment_state, 3, auto_revert, "AutoRevert"),
	REC_DUR(
	    struct deployment_state, 4, progress_deadline, "ProgressDeadline"),
	REC_TIME(struct deployment_state, 5, require_progress_by,
	    "RequireProgressBy"),
	REC_BOOL(struct deployment_state, 6, promoted, "Promoted"),
	REC_I64(
	    struct deployment_state, 7, desired_canaries, "DesiredCanaries"),
	REC_I64(struct deployment_state, 8, desired_total, "DesiredTotal"),
	REC_I64(struct deployment_state, 9, placed_allocs, "PlacedAllocs"),
	REC_I64(struct deployment_state, 10, healthy_allocs, "HealthyAllocs"),
	REC_I64(
	    struct deployment_state, 11, unhealthy_allocs, "UnhealthyAllocs"),
	REC_BOOL(struct deployment_state, 12, auto_promote, "AutoPromote"),
};
const struct rec_type deployment_state_type =
    REC_TYPE(deployment_state, deployment_state_fields);

static const struct rec_field deployment_fields[] = {
	REC_STR(struct deployment, 1, id, "ID"),
	REC_STR(struct deployment, 2, namespace, "Namespace"),
	REC_STR(struct deployment, 3, job_id, "JobID"),
	REC_U64(struct deployment, 4, job_version, "JobVersion"),
	REC_U64(struct deployment, 5, job_modify_index, "JobModifyIndex"),
	REC_U64(
	    struct deployment, 6, job_spec_modify_index, "JobSpecModifyIndex"),
	REC_U64(struct deployment, 7, job_create_index, "JobCreateIndex"),
	REC_BOOL(struct deployment, 8, is_multiregion, "IsMultiregion"),
	REC_MAP(
	    struct deployment, 9, task_groups, deployment_state, "TaskGroups"),
	REC_STR(struct deployment, 10, status, "Status"),
	REC_STR(struct deployment, 11, status_description, "StatusDescription"),
	REC_U64(struct deployment, 12, create_index, "CreateIndex"),
	REC_U64(struct deployment, 13, modify_index, "ModifyIndex"),
	REC_I64(struct deployment, 14, create_time, "CreateTime"),
	REC_I64(struct deployment, 15, modify_time, "ModifyTime"),
};
const struct rec_type deployment_type = REC_TYPE(deployment, deployment_fields);

static const struct rec_field preemption_config_fields[] = {
	REC_BOOL(struct preemption_config, 1, system_scheduler_enabled,
	    "SystemSchedulerEnabled"),
	REC_BOOL(struct preemption_config, 2, sys_batch_scheduler_enabled,
	    "SysBatchSchedulerEnabled"),
	REC_BOOL(struct preemption_config, 3, batch_scheduler_enabled,
	    "BatchSchedulerEnabled"),
	REC_BOOL(struct preemption_config, 4, service_scheduler_enabled,
	    "ServiceSchedulerEnabled"),
};
const struct rec_type preemption_config_type =
    REC_TYPE(preemption_config, preemption_config_fields);

static const struct rec_field scheduler_configuration_fields[] = {
	REC_STR(struct scheduler_configuration, 1, scheduler_algorithm,
	    "SchedulerAlgorithm"),
	REC_REC(struct scheduler_configuration, 2, preemption_config,
	    preemption_config, "PreemptionConfig"),
	REC_BOOL(struct scheduler_configuration, 3,
	    memory_oversubscription_enabled, "MemoryOversubscriptionEnabled"),
	REC_BOOL(struct scheduler_configuration, 4, reject_job_registration,
	    "RejectJobRegistration"),
	REC_BOOL(struct scheduler_configuration, 5, pause_eval_broker,
	    "PauseEvalBroker"),
	REC_U64(struct scheduler_configuration, 6,
	    node_limit_for_feasibility_checks, "NodeLimitForFeasibilityChecks"),
	REC_U64(struct scheduler_configuration, 7, create_index, "CreateIndex"),
	REC_U64(struct scheduler_configuration, 8, modify_index, "ModifyIndex"),
};
const struct rec_type scheduler_configuration_type =
    REC_TYPE(scheduler_configuration, scheduler_configuration_fields);
