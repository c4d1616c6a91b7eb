/*
 * Bodies of the HTTP API that are not objects of their own: what is asked,
 * what is answered, and the short forms that lists are made of. Names are
 * those of Nomad's API. And what servers and nodes say to each other there.
 */
#ifndef PROTO_API_H
#define PROTO_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rec.h"
#include "proto/alloc.h"
#include "proto/eval.h"
#include "proto/job.h"
#include "proto/jobdiff.h"
#include "proto/node.h"

/* The field of a request that a server hands on to a node: it must not come
 * back. */
#define API_FORWARDED "X-Rove-Forwarded"

struct job_submission {
	char *source;
	char *format;
	struct rec_kv *variable_flags;
	size_t nvariable_flags;
	char *variables;
};

struct job_register_request {
	struct job_submission *submission;
	struct job *job;
	bool enforce_index;
	uint64_t job_modify_index;
	bool policy_override;
	bool preserve_counts;
	bool preserve_resources;
	int64_t eval_priority;
};

struct job_register_response {
	char *eval_id;
	uint64_t eval_create_index;
	uint64_t job_modify_index;
	char *warnings;
};

struct job_deregister_response {
	char *eval_id;
	uint64_t eval_create_index;
	uint64_t job_modify_index;
};

struct job_validate_response {
	bool driver_config_validated;
	char **validation_errors;
	size_t nvalidation_errors;
	char *error;
	char *warnings;
};

struct job_plan_request {
	struct job *job;
	bool diff;
	bool policy_override;
};

struct job_plan_response {
	uint64_t job_modify_index;
	struct eval *created_evals;
	size_t ncreated_evals;
	struct job_diff *diff;
	struct plan_annotations *annotations;
	struct alloc_metric_entry *failed_tg_allocs;
	size_t nfailed_tg_allocs;
	int64_t next_periodic_launch;
	char *warnings;
};

struct task_group_summary {
	char *key;
	int64_t queued;
	int64_t complete;
	int64_t failed;
	int64_t running;
	int64_t starting;
	int64_t lost;
	int64_t unknown;
};

struct job_children_summary {
	int64_t pending;
	int64_t running;
	int64_t dead;
};

struct job_summary {
	char *job_id;
	char *namespace;
	struct task_group_summary *summary;
	size_t nsummary;
	struct job_children_summary *children;
	uint64_t create_index;
	uint64_t modify_index;
};

struct job_stub {
	char *id;
	char *parent_id;
	char *name;
	char *namespace;
	char **datacenters;
	size_t ndatacenters;
	char *type;
	int64_t priority;
	bool periodic;
	bool parameterized_job;
	bool stop;
	char *status;
	char *status_description;
	struct job_summary *job_summary;
	uint64_t create_index;
	uint64_t modify_index;
	uint64_t job_modify_index;
	int64_t submit_time;
	struct rec_kv *meta;
	size_t nmeta;
};

struct job_versions_response {
	struct job *versions;
	size_t nversions;
	struct job_diff *diffs;
	size_t ndiffs;
};

struct scaling_event {
	int64_t count;
	bool has_count;
	int64_t previous_count;
	bool error;
	char *message;
	struct tree *meta;
	char *eval_id;
	uint64_t time;
	uint64_t create_index;
};

struct task_group_scale_status {
	char *key;
	int64_t desired;
	int64_t placed;
	int64_t running;
	int64_t healthy;
	int64_t unhealthy;
	struct scaling_event *events;
	size_t nevents;
};

struct job_scale_status_response {
	char *job_id;
	char *namespace;
	uint64_t job_create_index;
	uint64_t job_modify_index;
	bool job_stopped;
	struct task_group_scale_status *task_groups;
	size_t ntask_groups;
};

struct scaling_request {
	int64_t count;
	bool has_count;
	struct rec_kv *target;
	size_t ntarget;
	char *message;
	bool error;
	struct tree *meta;
	bool policy_override;
	uint64_t job_modify_index;
};

struct eval_options {
	bool force_reschedule;
};

struct job_evaluate_request {
	char *job_id;
	struct eval_options eval_options;
};

struct alloc_stub {
	char *id;
	char *eval_id;
	char *name;
	char *namespace;
	char *node_id;
	char *node_name;
	char *job_id;
	char *job_type;
	uint64_t job_version;
	char *task_group;
	struct allocated_resources *allocated_resources;
	char *desired_status;
	char *desired_description;
	char *client_status;
	char *client_description;
	struct task_state *task_states;
	size_t ntask_states;
	struct alloc_deployment_status *deployment_status;
	char *followup_eval_id;
	char *next_allocation;
	struct reschedule_tracker *reschedule_tracker;
	char **preempted_allocations;
	size_t npreempted_allocations;
	char *preempted_by_allocation;
	uint64_t create_index;
	uint64_t modify_index;
	int64_t create_time;
	int64_t modify_time;
};

struct node_stub {
	char *address;
	char *id;
	struct rec_kv *attributes;
	size_t nattributes;
	char *datacenter;
	char *name;
	char *node_class;
	char *node_pool;
	char *version;
	bool drain;
	char *scheduling_eligibility;
	char *status;
	char *status_description;
	struct driver_info *drivers;
	size_t ndrivers;
	struct node_resources *node_resources;
	struct node_reserved_resources *reserved_resources;
	struct drain_metadata *last_drain;
	uint64_t create_index;
	uint64_t modify_index;
};

struct deployment_update_response {
	char *eval_id;
	uint64_t eval_create_index;
	uint64_t deployment_modify_index;
	uint64_t reverted_job_version; /* the job went back to it */
	bool has_reverted_job_version;
};

struct alloc_stop_response {
	char *eval_id;
};

struct drain_spec {
	int64_t deadline;
	bool ignore_system_jobs;
};

struct node_update_drain_request {
	char *node_id;
	struct drain_spec *drain_spec;
	bool mark_eligible;
	struct rec_kv *meta;
	size_t nmeta;
};

struct node_drain_update_response {
	uint64_t node_modify_index;
	char **eval_ids;
	size_t neval_ids;
	uint64_t eval_create_index;
};

struct node_eligibility_update_response {
	uint64_t node_modify_index;
	char **eval_ids;
	size_t neval_ids;
	uint64_t eval_create_index;
};

struct node_purge_response {
	char **eval_ids;
	size_t neval_ids;
	uint64_t eval_create_index;
	uint64_t node_modify_index;
};

struct agent_member {
	char *name;
	char *addr;
	int64_t port;
	struct rec_kv *tags;
	size_t ntags;
	char *status;
	int64_t protocol_min;
	int64_t protocol_max;
	int64_t protocol_cur;
	int64_t delegate_min;
	int64_t delegate_max;
	int64_t delegate_cur;
};

struct server_members {
	char *server_name;
	char *server_region;
	char *server_dc;
	struct agent_member *members;
	size_t nmembers;
};

struct raft_member {
	char *id;
	char *node;
	char *address;
	bool leader;
	bool voter;
	char *raft_protocol;
};

struct raft_configuration {
	struct raft_member *servers;
	size_t nservers;
	uint64_t index;
};

extern const struct rec_type job_submission_type, job_register_request_type,
    job_register_response_type, job_deregister_response_type,
    job_validate_response_type, job_plan_request_type, job_plan_response_type,
    task_group_summary_type, job_children_summary_type, job_summary_type,
    job_stub_type, job_versions_response_type, scaling_event_type,
    task_group_scale_status_type, job_scale_status_response_type,
    scaling_request_type, eval_options_type, job_evaluate_request_type,
    alloc_stub_type, node_stub_type, alloc_stop_response_type,
    deployment_update_response_type, drain_spec_type,
    node_update_drain_request_type, node_drain_update_response_type,
    node_eligibility_update_response_type, node_purge_response_type,
    agent_member_type, server_members_type, raft_member_type,
    raft_configuration_type;

#endif
