/*
 * Evaluations, deployments and what a plan says about itself.
 */
#ifndef PROTO_EVAL_H
#define PROTO_EVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rec.h"
#include "proto/alloc.h"

/* What a plan wants for a group, by kind of change. */
struct desired_updates {
	char *key;
	uint64_t ignore;
	uint64_t place;
	uint64_t migrate;
	uint64_t stop;
	uint64_t in_place_update;
	uint64_t destructive_update;
	uint64_t canary;
	uint64_t preemptions;
	uint64_t disconnect;
	uint64_t reconnect;
	uint64_t reschedule_now;
	uint64_t reschedule_later;
};

struct plan_annotations {
	struct desired_updates *desired_tg_updates;
	size_t ndesired_tg_updates;
};

struct eval_stub {
	char *id;
	int64_t priority;
	char *type;
	char *triggered_by;
	char *namespace;
	char *job_id;
	char *node_id;
	char *deployment_id;
	char *status;
	char *status_description;
	int64_t wait_until;
	char *next_eval;
	char *previous_eval;
	char *blocked_eval;
	uint64_t create_index;
	uint64_t modify_index;
	int64_t create_time;
	int64_t modify_time;
};

/* A request to look at a job again. */
struct eval {
	char *id;
	int64_t priority;
	char *type;
	char *triggered_by;
	char *namespace;
	char *job_id;
	uint64_t job_modify_index;
	char *node_id;
	uint64_t node_modify_index;
	char *deployment_id;
	char *status;
	char *status_description;
	int64_t wait;
	int64_t wait_until;
	char *next_eval;
	char *previous_eval;
	char *blocked_eval;
	struct eval_stub *related_evals;
	size_t nrelated_evals;
	struct alloc_metric_entry *failed_tg_allocs;
	size_t nfailed_tg_allocs;
	struct plan_annotations *plan_annotations;
	struct rec_kb *class_eligibility;
	size_t nclass_eligibility;
	bool escaped_computed_class;
	char *quota_limit_reached;
	char **missing_non_node_resources;
	size_t nmissing_non_node_resources;
	bool annotate_plan;
	struct rec_ki *queued_allocations;
	size_t nqueued_allocations;
	uint64_t snapshot_index;
	uint64_t create_index;
	uint64_t modify_index;
	int64_t create_time;
	int64_t modify_time;
};

struct deployment_state {
	char *key;
	char **placed_canaries;
	size_t nplaced_canaries;
	bool auto_revert;
	int64_t progress_deadline;
	int64_t require_progress_by;
	bool promoted;
	int64_t desired_canaries;
	int64_t desired_total;
	int64_t placed_allocs;
	int64_t healthy_allocs;
	int64_t unhealthy_allocs;
	bool auto_promote;
};

/* The rollout of one job version. */
struct deployment {
	char *id;
	char *namespace;
	char *job_id;
	uint64_t job_version;
	uint64_t job_modify_index;
	uint64_t job_spec_modify_index;
	uint64_t job_create_index;
	bool is_multiregion;
	struct deployment_state *task_groups;
	size_t ntask_groups;
	char *status;
	char *status_description;
	uint64_t create_index;
	uint64_t modify_index;
	int64_t create_time;
	int64_t modify_time;
};

struct preemption_config {
	bool system_scheduler_enabled;
	bool sys_batch_scheduler_enabled;
	bool batch_scheduler_enabled;
	bool service_scheduler_enabled;
};

struct scheduler_configuration {
	char *scheduler_algorithm;
	struct preemption_config preemption_config;
	bool memory_oversubscription_enabled;
	bool reject_job_registration;
	bool pause_eval_broker;
	uint64_t node_limit_for_feasibility_checks;
	uint64_t create_index;
	uint64_t modify_index;
};

extern const struct rec_type desired_updates_type, plan_annotations_type,
    eval_stub_type, eval_type, deployment_state_type, deployment_type,
    preemption_config_type, scheduler_configuration_type;

#endif
