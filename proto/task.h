/*
 * A task: one program to run, and all that surrounds it.
 */
#ifndef PROTO_TASK_H
#define PROTO_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rec.h"
#include "proto/resources.h"
#include "proto/service.h"

struct restart_policy {
	int64_t interval;
	bool has_interval;
	int64_t attempts;
	bool has_attempts;
	int64_t delay;
	bool has_delay;
	char *mode;
	bool render_templates;
	bool has_render_templates;
};

struct log_config {
	int64_t max_files;
	bool has_max_files;
	int64_t max_file_size_mb;
	bool has_max_file_size_mb;
	bool enabled;
	bool has_enabled;
	bool disabled;
	bool has_disabled;
};

struct task_artifact {
	char *getter_source;
	struct rec_kv *getter_options;
	size_t ngetter_options;
	struct rec_kv *getter_headers;
	size_t ngetter_headers;
	char *getter_mode;
	bool getter_insecure;
	bool has_getter_insecure;
	char *relative_dest;
	bool chown;
};

struct wait_config {
	int64_t min;
	bool has_min;
	int64_t max;
	bool has_max;
};

struct change_script {
	char *command;
	char **args;
	size_t nargs;
	int64_t timeout;
	bool has_timeout;
	bool fail_on_error;
	bool has_fail_on_error;
	bool run_on_first_render;
	bool has_run_on_first_render;
};

struct template
{
	char *source_path;
	char *dest_path;
	char *embedded_tmpl;
	char *change_mode;
	struct change_script *change_script;
	char *change_signal;
	bool once;
	bool has_once;
	int64_t splay;
	bool has_splay;
	char *perms;
	int64_t uid;
	bool has_uid;
	int64_t gid;
	bool has_gid;
	char *left_delim;
	char *right_delim;
	bool envvars;
	bool has_envvars;
	int64_t vault_grace;
	bool has_vault_grace;
	struct wait_config *wait;
	bool err_missing_key;
	bool has_err_missing_key;
};

struct volume_mount {
	char *volume;
	char *destination;
	bool read_only;
	bool has_read_only;
	char *propagation_mode;
	char *selinux_label;
};

struct dispatch_payload_config {
	char *file;
};

struct csi_plugin_config {
	char *id;
	char *type;
	char *mount_dir;
	char *stage_publish_base_dir;
	int64_t health_timeout;
};

struct vault {
	char *role;
	char **policies;
	size_t npolicies;
	char *namespace;
	char *cluster;
	bool env;
	bool has_env;
	bool disable_file;
	bool has_disable_file;
	char *change_mode;
	char *change_signal;
	bool allow_token_expiration;
	bool has_allow_token_expiration;
};

struct consul {
	char *namespace;
	char *cluster;
	char *partition;
};

struct secret {
	char *name;
	char *provider;
	char *path;
	struct tree *config;
	struct rec_kv *env;
	size_t nenv;
};

struct action {
	char *name;
	char *command;
	char **args;
	size_t nargs;
};

struct task_schedule_cron {
	char *start;
	char *end;
	char *timezone;
};

struct task_schedule {
	struct task_schedule_cron *cron;
};

struct scaling_policy {
	int64_t min;
	bool has_min;
	int64_t max;
	bool has_max;
	struct tree *policy;
	bool enabled;
	bool has_enabled;
	char *type;
	char *id;
	char *namespace;
	struct rec_kv *target;
	size_t ntarget;
	uint64_t create_index;
	uint64_t modify_index;
};

struct task {
	char *name;
	char *driver;
	char *user;
	struct task_lifecycle *lifecycle;
	struct tree *config;
	struct constraint *constraints;
	size_t nconstraints;
	struct affinity *affinities;
	size_t naffinities;
	struct rec_kv *env;
	size_t nenv;
	struct service *services;
	size_t nservices;
	struct resources *resources;
	struct restart_policy *restart_policy;
	struct rec_kv *meta;
	size_t nmeta;
	int64_t kill_timeout;
	bool has_kill_timeout;
	struct log_config *log_config;
	struct task_artifact *artifacts;
	size_t nartifacts;
	struct vault *vault;
	struct consul *consul;
	struct template *templates;
	size_t ntemplates;
	struct dispatch_payload_config *dispatch_payload;
	struct volume_mount *volume_mounts;
	size_t nvolume_mounts;
	struct csi_plugin_config *csi_plugin_config;
	bool leader;
	int64_t shutdown_delay;
	char *kill_signal;
	char *kind;
	struct scaling_policy *scaling_policies;
	size_t nscaling_policies;
	struct secret *secrets;
	size_t nsecrets;
	struct workload_identity *identity;
	struct workload_identity *identities;
	size_t nidentities;
	struct action *actions;
	size_t nactions;
	struct task_schedule *schedule;
};

extern const struct rec_type restart_policy_type, log_config_type,
    task_artifact_type, wait_config_type, change_script_type, template_type,
    volume_mount_type, dispatch_payload_config_type, csi_plugin_config_type,
    vault_type, consul_type, secret_type, action_type, task_schedule_cron_type,
    task_schedule_type, scaling_policy_type, task_type;

#endif
