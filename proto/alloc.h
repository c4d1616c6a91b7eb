/*
 * An allocation: one instance of a task group on one node, and its life.
 */
#ifndef PROTO_ALLOC_H
#define PROTO_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rec.h"
#include "proto/job.h"

struct node_score_meta {
	char *node_id;
	struct rec_kf *scores;
	size_t nscores;
	double norm_score;
};

/* Why a placement went where it went, or nowhere. */
struct alloc_metric {
	int64_t nodes_evaluated;
	int64_t nodes_filtered;
	int64_t nodes_in_pool;
	char *node_pool;
	struct rec_ki *nodes_available;
	size_t nnodes_available;
	struct rec_ki *class_filtered;
	size_t nclass_filtered;
	struct rec_ki *constraint_filtered;
	size_t nconstraint_filtered;
	int64_t nodes_exhausted;
	struct rec_ki *class_exhausted;
	size_t nclass_exhausted;
	struct rec_ki *dimension_exhausted;
	size_t ndimension_exhausted;
	char **quota_exhausted;
	size_t nquota_exhausted;
	struct resources_entry *resources_exhausted;
	size_t nresources_exhausted;
	struct rec_kf *scores;
	size_t nscores;
	int64_t allocation_time;
	int64_t coalesced_failures;
	struct node_score_meta *score_meta_data;
	size_t nscore_meta_data;
};

struct alloc_metric_entry {
	char *key;
	struct alloc_metric value;
};

struct alloc_deployment_status {
	bool healthy;
	bool has_healthy;
	int64_t timestamp;
	bool canary;
	uint64_t modify_index;
};

struct alloc_network_status {
	char *interface_name;
	char *address;
	char *address_ipv6;
	struct dns_config *dns;
};

struct desired_transition {
	bool migrate;
	bool has_migrate;
	bool reschedule;
	bool has_reschedule;
	bool force_reschedule;
	bool has_force_reschedule;
	bool no_shutdown_delay;
	bool has_no_shutdown_delay;
	bool migrate_disable_placement;
	bool has_migrate_disable_placement;
};

struct reschedule_event {
	int64_t reschedule_time;
	char *prev_alloc_id;
	char *prev_node_id;
	int64_t delay; /* ns that were waited before it */
};

struct reschedule_tracker {
	struct reschedule_event *events;
	size_t nevents;
	char *last_reschedule;
};

struct task_event {
	char *type;
	int64_t time;
	char *display_message;
	struct rec_kv *details;
	size_t ndetails;
	char *message;
	bool fails_task;
	char *restart_reason;
	char *setup_error;
	char *driver_error;
	char *driver_message;
	int64_t exit_code;
	int64_t signal;
	char *kill_reason;
	int64_t kill_timeout;
	char *kill_error;
	int64_t start_delay;
	char *download_error;
	char *validation_error;
	int64_t disk_limit;
	int64_t disk_size;
	char *failed_sibling;
	char *vault_error;
	char *task_signal_reason;
	char *task_signal;
	char *generic_source;
};

struct task_state {
	char *key;
	char *state;
	bool failed;
	uint64_t restarts;
	int64_t last_restart;
	int64_t started_at;
	int64_t finished_at;
	struct task_event *events;
	size_t nevents;
};

struct alloc_state {
	char *field;
	char *value;
	int64_t time;
};

struct alloc {
	char *id;
	char *namespace;
	char *eval_id;
	char *name;
	char *node_id;
	char *node_name;
	char *job_id;
	struct job *job;
	char *task_group;
	struct resources *resources;
	struct resources_entry *task_resources;
	size_t ntask_resources;
	struct allocated_resources *allocated_resources;
	struct rec_kv *services;
	size_t nservices;
	struct alloc_metric *metrics;
	char *desired_status;
	char *desired_description;
	struct desired_transition desired_transition;
	char *client_status;
	char *client_description;
	struct task_state *task_states;
	size_t ntask_states;
	char *deployment_id;
	struct alloc_deployment_status *deployment_status;
	char *followup_eval_id;
	char *previous_allocation;
	char *next_allocation;
	struct reschedule_tracker *reschedule_tracker;
	struct alloc_network_status *network_status;
	char **preempted_allocations;
	size_t npreempted_allocations;
	char *preempted_by_allocation;
	uint64_t create_index;
	uint64_t modify_index;
	uint64_t alloc_modify_index;
	int64_t create_time;
	int64_t modify_time;
	struct alloc_state *alloc_states;
	size_t nalloc_states;
	uint64_t job_version; /* stands for `job` where that is left out */
};

extern const struct rec_type node_score_meta_type, alloc_metric_type,
    alloc_metric_entry_type, alloc_deployment_status_type,
    alloc_network_status_type, desired_transition_type, reschedule_event_type,
    reschedule_tracker_type, task_event_type, task_state_type, alloc_state_type,
    alloc_type;

#endif
