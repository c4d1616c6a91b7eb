/*
 * A job: what should run, how many of it, where, and how it may change.
 *
 * Members that people may leave out are optional (has_x, NULL). After
 * job_canonicalise() (proto/jobcanon.h) those with a default are present.
 */
#ifndef PROTO_JOB_H
#define PROTO_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rec.h"
#include "proto/resources.h"
#include "proto/service.h"
#include "proto/task.h"

struct spread_target {
	char *value;
	int64_t percent;
};

struct spread {
	char *attribute;
	int64_t weight;
	bool has_weight;
	struct spread_target *spread_target;
	size_t nspread_target;
};

struct reschedule_policy {
	int64_t attempts;
	bool has_attempts;
	int64_t interval;
	bool has_interval;
	int64_t delay;
	bool has_delay;
	char *delay_function;
	int64_t max_delay;
	bool has_max_delay;
	bool unlimited;
	bool has_unlimited;
};

struct migrate_strategy {
	int64_t max_parallel;
	bool has_max_parallel;
	char *health_check;
	int64_t min_healthy_time;
	bool has_min_healthy_time;
	int64_t healthy_deadline;
	bool has_healthy_deadline;
};

struct update_strategy {
	int64_t stagger;
	bool has_stagger;
	int64_t max_parallel;
	bool has_max_parallel;
	char *health_check;
	int64_t min_healthy_time;
	bool has_min_healthy_time;
	int64_t healthy_deadline;
	bool has_healthy_deadline;
	int64_t progress_deadline;
	bool has_progress_deadline;
	int64_t canary;
	bool has_canary;
	bool auto_revert;
	bool has_auto_revert;
	bool auto_promote;
	bool has_auto_promote;
};

struct ephemeral_disk {
	bool sticky;
	bool has_sticky;
	bool migrate;
	bool has_migrate;
	int64_t size_mb;
	bool has_size_mb;
};

struct disconnect_strategy {
	int64_t lost_after;
	bool has_lost_after;
	int64_t stop_on_client_after;
	bool has_stop_on_client_after;
	bool replace;
	bool has_replace;
	char *reconcile;
};

struct csi_mount_options {
	char *fs_type;
	char **mount_flags;
	size_t nmount_flags;
};

struct volume_request {
	char *key;
	char *name;
	char *type;
	char *source;
	bool read_only;
	bool sticky;
	char *access_mode;
	char *attachment_mode;
	struct csi_mount_options *mount_options;
	bool per_alloc;
};

struct task_group {
	char *name;
	int64_t count;
	bool has_count;
	struct constraint *constraints;
	size_t nconstraints;
	struct affinity *affinities;
	size_t naffinities;
	struct task *tasks;
	size_t ntasks;
	struct spread *spreads;
	size_t nspreads;
	struct volume_request *volumes;
	size_t nvolumes;
	struct restart_policy *restart_policy;
	struct disconnect_strategy *disconnect;
	struct reschedule_policy *reschedule_policy;
	struct ephemeral_disk *ephemeral_disk;
	struct update_strategy *update;
	struct migrate_strategy *migrate;
	struct network_resource *networks;
	size_t nnetworks;
	struct rec_kv *meta;
	size_t nmeta;
	struct service *services;
	size_t nservices;
	int64_t shutdown_delay;
	bool has_shutdown_delay;
	int64_t max_run_duration;
	bool has_max_run_duration;
	int64_t stop_after_client_disconnect;
	bool has_stop_after_client_disconnect;
	int64_t max_client_disconnect;
	bool has_max_client_disconnect;
	struct scaling_policy *scaling;
	struct consul *consul;
	bool prevent_reschedule_on_lost;
	bool has_prevent_reschedule_on_lost;
};

struct periodic_config {
	bool enabled;
	bool has_enabled;
	char *spec;
	char **specs;
	size_t nspecs;
	char *spec_type;
	bool prohibit_overlap;
	bool has_prohibit_overlap;
	char *time_zone;
};

struct parameterized_job_config {
	char *payload;
	char **meta_required;
	size_t nmeta_required;
	char **meta_optional;
	size_t nmeta_optional;
};

struct multiregion_strategy {
	int64_t max_parallel;
	bool has_max_parallel;
	char *on_failure;
};

struct multiregion_region {
	char *name;
	int64_t count;
	bool has_count;
	char **datacenters;
	size_t ndatacenters;
	char *node_pool;
	struct rec_kv *meta;
	size_t nmeta;
};

struct multiregion {
	struct multiregion_strategy *strategy;
	struct multiregion_region *regions;
	size_t nregions;
};

struct job_ui_link {
	char *label;
	char *url;
};

struct job_ui {
	char *description;
	struct job_ui_link *links;
	size_t nlinks;
};

struct job_version_tag {
	char *name;
	char *description;
	int64_t tagged_time;
};

/* A job as people write it and as the servers keep it. */
struct job {
	char *region;
	char *namespace;
	char *id;
	char *name;
	char *type;
	int64_t priority;
	bool has_priority;
	bool all_at_once;
	bool has_all_at_once;
	char **datacenters;
	size_t ndatacenters;
	char *node_pool;
	struct constraint *constraints;
	size_t nconstraints;
	struct affinity *affinities;
	size_t naffinities;
	struct task_group *task_groups;
	size_t ntask_groups;
	struct update_strategy *update;
	struct multiregion *multiregion;
	struct spread *spreads;
	size_t nspreads;
	struct periodic_config *periodic;
	struct parameterized_job_config *parameterized_job;
	struct reschedule_policy *reschedule;
	struct migrate_strategy *migrate;
	struct rec_kv *meta;
	size_t nmeta;
	struct job_ui *ui;
	bool stop;
	bool has_stop;
	char *parent_id;
	bool dispatched;
	char *dispatch_idempotency_token;
	struct rec_bytes payload;
	char *consul_namespace;
	char *vault_namespace;
	char *nomad_token_id;
	char *status;
	char *status_description;
	bool stable;
	bool has_stable;
	uint64_t version;
	bool has_version;
	int64_t submit_time;
	bool has_submit_time;
	uint64_t create_index;
	bool has_create_index;
	uint64_t modify_index;
	bool has_modify_index;
	uint64_t job_modify_index;
	bool has_job_modify_index;
	struct job_version_tag *version_tag;
};

extern const struct rec_type spread_target_type, spread_type,
    reschedule_policy_type, migrate_strategy_type, update_strategy_type,
    ephemeral_disk_type, disconnect_strategy_type, csi_mount_options_type,
    volume_request_type, task_group_type, periodic_config_type,
    parameterized_job_config_type, multiregion_strategy_type,
    multiregion_region_type, multiregion_type, job_ui_link_type, job_ui_type,
    job_version_tag_type, job_type;

#endif
