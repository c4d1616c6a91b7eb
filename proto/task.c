#include "proto/task.h"

static const struct rec_field restart_policy_fields[] = {
	REC_OPT_DUR(struct restart_policy, 1, interval, "Interval"),
	REC_OPT_I64(struct restart_policy, 2, attempts, "Attempts"),
	REC_OPT_DUR(struct restart_policy, 3, delay, "Delay"),
	REC_OPT_STR(struct restart_policy, 4, mode, "Mode"),
	REC_OPT_BOOL(
	    struct restart_policy, 5, render_templates, "RenderTemplates"),
};
const struct rec_type restart_policy_type =
    REC_TYPE(restart_policy, restart_policy_fields);

static const struct rec_field log_config_fields[] = {
	REC_OPT_I64(struct log_config, 1, max_files, "MaxFiles"),
	REC_OPT_I64(struct log_config, 2, max_file_size_mb, "MaxFileSizeMB",
	    .hcl = "max_file_size"),
	REC_OPT_BOOL(struct log_config, 3, enabled, "Enabled"),
	REC_OPT_BOOL(struct log_config, 4, disabled, "Disabled"),
};
const struct rec_type log_config_type = REC_TYPE(log_config, log_config_fields);

static const struct rec_field task_artifact_fields[] = {
	REC_OPT_STR(struct task_artifact, 1, getter_source, "GetterSource",
	    .hcl = "source"),
	REC_MAP(struct task_artifact, 2, getter_options, rec_kv,
	    "GetterOptions", .hcl = "options", .opt = true, .flags = REC_BLOCK),
	REC_MAP(struct task_artifact, 3, getter_headers, rec_kv,
	    "GetterHeaders", .hcl = "headers", .opt = true, .flags = REC_BLOCK),
	REC_OPT_STR(
	    struct task_artifact, 4, getter_mode, "GetterMode", .hcl = "mode"),
	REC_OPT_BOOL(struct task_artifact, 5, getter_insecure, "GetterInsecure",
	    .hcl = "insecure"),
	REC_OPT_STR(struct task_artifact, 6, relative_dest, "RelativeDest",
	    .hcl = "destination"),
	REC_BOOL(struct task_artifact, 7, chown, "Chown"),
};
const struct rec_type task_artifact_type =
    REC_TYPE(task_artifact, task_artifact_fields);

static const struct rec_field wait_config_fields[] = {
	REC_OPT_DUR(struct wait_config, 1, min, "Min"),
	REC_OPT_DUR(struct wait_config, 2, max, "Max"),
};
const struct rec_type wait_config_type =
    REC_TYPE(wait_config, wait_config_fields);

static const struct rec_field change_script_fields[] = {
	REC_OPT_STR(struct change_script, 1, command, "Command"),
	REC_STRS(struct change_script, 2, args, "Args", .opt = true),
	REC_OPT_DUR(struct change_script, 3, timeout, "Timeout"),
	REC_OPT_BOOL(struct change_script, 4, fail_on_error, "FailOnError"),
	REC_OPT_BOOL(
	    struct change_script, 5, run_on_first_render, "RunOnFirstRender"),
};
const struct rec_type change_script_type =
    REC_TYPE(change_script, change_script_fields);

static const struct rec_field template_fields[] = {
	REC_OPT_STR(
	    struct template, 1, source_path, "SourcePath", .hcl = "source"),
	REC_OPT_STR(
	    struct template, 2, dest_path, "DestPath", .hcl = "destination"),
	REC_OPT_STR(
	    struct template, 3, embedded_tmpl, "EmbeddedTmpl", .hcl = "data"),
	REC_OPT_STR(struct template, 4, change_mode, "ChangeMode"),
	REC_PTR(
	    struct template, 5, change_script, change_script, "ChangeScript"),
	REC_OPT_STR(struct template, 6, change_signal, "ChangeSignal"),
	REC_OPT_BOOL(struct template, 7, once, "Once"),
	REC_OPT_DUR(struct template, 8, splay, "Splay"),
	REC_OPT_STR(struct template, 9, perms, "Perms"),
	REC_OPT_I64(struct template, 10, uid, "Uid"),
	REC_OPT_I64(struct template, 11, gid, "Gid"),
	REC_OPT_STR(struct template, 12, left_delim, "LeftDelim",
	    .hcl = "left_delimiter"),
	REC_OPT_STR(struct template, 13, right_delim, "RightDelim",
	    .hcl = "right_delimiter"),
	REC_OPT_BOOL(struct template, 14, envvars, "Envvars", .hcl = "env"),
	REC_OPT_DUR(struct template, 15, vault_grace, "VaultGrace"),
	REC_PTR(struct template, 16, wait, wait_config, "Wait"),
	REC_OPT_BOOL(struct template, 17, err_missing_key, "ErrMissingKey",
	    .hcl = "error_on_missing_key"),
};
const struct rec_type template_type = REC_TYPE(template, template_fields);

static const struct rec_field volume_mount_fields[] = {
	REC_OPT_STR(struct volume_mount, 1, volume, "Volume"),
	REC_OPT_STR(struct volume_mount, 2, destination, "Destination"),
	REC_OPT_BOOL(struct volume_mount, 3, read_only, "ReadOnly"),
	REC_OPT_STR(
	    struct volume_mount, 4, propagation_mode, "PropagationMode"),
	REC_OPT_STR(struct volume_mount, 5, selinux_label, "SELinuxLabel"),
};
const struct rec_type volume_mount_type =
    REC_TYPE(volume_mount, volume_mount_fields);

static const struct rec_field dispatch_payload_config_fields[] = {
	REC_STR(struct dispatch_payload_config, 1, file, "File"),
};
const struct rec_type dispatch_payload_config_type =
    REC_TYPE(dispatch_payload_config, dispatch_payload_config_fields);

static const struct rec_field csi_plugin_config_fields[] = {
	REC_STR(struct csi_plugin_config, 1, id, "ID"),
	REC_STR(struct csi_plugin_config, 2, type, "Type"),
	REC_STR(struct csi_plugin_config, 3, mount_dir, "MountDir"),
	REC_STR(struct csi_plugin_config, 4, stage_publish_base_dir,
	    "StagePublishBaseDir"),
	REC_DUR(struct csi_plugin_config, 5, health_timeout, "HealthTimeout"),
};
const struct rec_type csi_plugin_config_type =
    REC_TYPE(csi_plugin_config, csi_plugin_config_fields);

static const struct rec_field vault_fields[] = {
	REC_STR(struct vault, 1, role, "Role"),
	REC_STRS(struct vault, 2, policies, "Policies", .opt = true),
	REC_OPT_STR(struct vault, 3, namespace, "Namespace"),
	REC_STR(struct vault, 4, cluster, "Cluster"),
	REC_OPT_BOOL(struct vault, 5, env, "Env"),
	REC_OPT_BOOL(struct vault, 6, disable_file, "DisableFile"),
	REC_OPT_STR(struct vault, 7, change_mode, "ChangeMode"),
	REC_OPT_STR(struct vault, 8, change_signal, "ChangeSignal"),
	REC_OPT_BOOL(
	    struct vault, 9, allow_token_expiration, "AllowTokenExpiration"),
};
const struct rec_type vault_type = REC_TYPE(vault, vault_fields);

static const struct rec_field consul_fields[] = {
	REC_STR(struct consul, 1, namespace, "Namespace"),
	REC_STR(struct consul, 2, cluster, "Cluster"),
	REC_STR(struct consul, 3, partition, "Partition"),
};
const struct rec_type consul_type = REC_TYPE(consul, consul_fields);

static const struct rec_field secret_fields[] = {
	REC_STR(struct secret, 1, name, "Name", .flags = REC_LABEL),
	REC_STR(struct secret, 2, provider, "Provider"),
	REC_STR(struct secret, 3, path, "Path"),
	REC_TREE(struct secret, 4, config, "Config", .flags = REC_BLOCK),
	REC_MAP(struct secret, 5, env, rec_kv, "Env", .opt = true,
	    .flags = REC_BLOCK),
};
const struct rec_type secret_type = REC_TYPE(secret, secret_fields);

static const struct rec_field action_fields[] = {
	REC_STR(struct action, 1, name, "Name", .flags = REC_LABEL),
	REC_STR(struct action, 2, command, "Command"),
	REC_STRS(struct action, 3, args, "Args", .opt = true),
};
const struct rec_type action_type = REC_TYPE(action, action_fields);

static const struct rec_field task_schedule_cron_fields[] = {
	REC_STR(struct task_schedule_cron, 1, start, "Start"),
	REC_STR(struct task_schedule_cron, 2, end, "End"),
	REC_STR(struct task_schedule_cron, 3, timezone, "Timezone"),
};
const struct rec_type task_schedule_cron_type =
    REC_TYPE(task_schedule_cron, task_schedule_cron_fields);

static const struct rec_field task_schedule_fields[] = {
	REC_PTR(struct task_schedule, 1, cron, task_schedule_cron, "Cron"),
};
const struct rec_type task_schedule_type =
    REC_TYPE(task_schedule, task_schedule_fields);

static const struct rec_field scaling_policy_fields[] = {
	REC_OPT_I64(struct scaling_policy, 1, min, "Min"),
	REC_OPT_I64(struct scaling_policy, 2, max, "Max"),
	REC_TREE(
	    struct scaling_policy, 3, policy, "Policy", .flags = REC_BLOCK),
	REC_OPT_BOOL(struct scaling_policy, 4, enabled, "Enabled"),
	REC_STR(struct scaling_policy, 5, type, "Type"),
	REC_STR(struct scaling_policy, 6, id, "ID", .flags = REC_NOHCL),
	REC_STR(struct scaling_policy, 7, namespace, "Namespace",
	    .flags = REC_NOHCL),
	REC_MAP(struct scaling_policy, 8, target, rec_kv, "Target", .opt = true,
	    .flags = REC_NOHCL | REC_BLOCK),
	REC_U64(struct scaling_policy, 9, create_index, "CreateIndex",
	    .flags = REC_NOHCL),
	REC_U64(struct scaling_policy, 10, modify_index, "ModifyIndex",
	    .flags = REC_NOHCL),
};
const struct rec_type scaling_policy_type =
    REC_TYPE(scaling_policy, scaling_policy_fields);

static const struct rec_field task_fields[] = {
	REC_STR(struct task, 1, name, "Name", .flags = REC_LABEL),
	REC_STR(struct task, 2, driver, "Driver"),
	REC_STR(struct task, 3, user, "User"),
	REC_PTR(struct task, 4, lifecycle, task_lifecycle, "Lifecycle"),
	REC_TREE(struct task, 5, config, "Config", .flags = REC_BLOCK),
	REC_LIST(struct task, 6, constraints, constraint, "Constraints",
	    .hcl = "constraint"),
	REC_LIST(struct task, 7, affinities, affinity, "Affinities",
	    .hcl = "affinity"),
	REC_MAP(struct task, 8, env, rec_kv, "Env", .opt = true,
	    .flags = REC_BLOCK | REC_EITHER),
	REC_LIST(
	    struct task, 9, services, service, "Services", .hcl = "service"),
	REC_PTR(struct task, 10, resources, resources, "Resources"),
	REC_PTR(struct task, 11, restart_policy, restart_policy,
	    "RestartPolicy", .hcl = "restart"),
	REC_MAP(struct task, 12, meta, rec_kv, "Meta", .opt = true,
	    .flags = REC_BLOCK | REC_EITHER),
	REC_OPT_DUR(struct task, 13, kill_timeout, "KillTimeout"),
	REC_PTR(struct task, 14, log_config, log_config, "LogConfig",
	    .hcl = "logs"),
	REC_LIST(struct task, 15, artifacts, task_artifact, "Artifacts",
	    .hcl = "artifact"),
	REC_PTR(struct task, 16, vault, vault, "Vault"),
	REC_PTR(struct task, 17, consul, consul, "Consul"),
	REC_LIST(struct task, 18, templates, template, "Templates",
	    .hcl = "template"),
	REC_PTR(struct task, 19, dispatch_payload, dispatch_payload_config,
	    "DispatchPayload"),
	REC_LIST(struct task, 20, volume_mounts, volume_mount, "VolumeMounts",
	    .hcl = "volume_mount"),
	REC_PTR(struct task, 21, csi_plugin_config, csi_plugin_config,
	    "CSIPluginConfig", .hcl = "csi_plugin"),
	REC_BOOL(struct task, 22, leader, "Leader"),
	REC_DUR(struct task, 23, shutdown_delay, "ShutdownDelay"),
	REC_STR(struct task, 24, kill_signal, "KillSignal"),
	REC_STR(struct task, 25, kind, "Kind"),
	REC_LIST(struct task, 26, scaling_policies, scaling_policy,
	    "ScalingPolicies", .hcl = "scaling"),
	REC_LIST(struct task, 27, secrets, secret, "Secrets", .hcl = "secret"),
	REC_PTR(struct task, 28, identity, workload_identity, "Identity",
	    .flags = REC_NOHCL),
	REC_LIST(struct task, 29, identities, workload_identity, "Identities",
	    .flags = REC_NOHCL),
	REC_LIST(struct task, 30, actions, action, "Actions", .hcl = "action"),
	REC_PTR(struct task, 31, schedule, task_schedule, "Schedule"),
};
const struct rec_type task_type = REC_TYPE(task, task_fields);
