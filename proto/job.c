#include "proto/job.h"

static const struct rec_field spread_target_fields[] = {
	REC_STR(struct spread_target, 1, value, "Value", .flags = REC_LABEL),
	REC_I64(struct spread_target, 2, percent, "Percent"),
};
const struct rec_type spread_target_type =
    REC_TYPE(spread_target, spread_target_fields);

static const struct rec_field spread_fields[] = {
	REC_STR(struct spread, 1, attribute, "Attribute"),
	REC_OPT_I64(struct spread, 2, weight, "Weight"),
	REC_LIST(struct spread, 3, spread_target, spread_target, "SpreadTarget",
	    .hcl = "target"),
};
const struct rec_type spread_type = REC_TYPE(spread, spread_fields);

static const struct rec_field reschedule_policy_fields[] = {
	REC_OPT_I64(struct reschedule_policy, 1, attempts, "Attempts"),
	REC_OPT_DUR(struct reschedule_policy, 2, interval, "Interval"),
	REC_OPT_DUR(struct reschedule_policy, 3, delay, "Delay"),
	REC_OPT_STR(
	    struct reschedule_policy, 4, delay_function, "DelayFunction"),
	REC_OPT_DUR(struct reschedule_policy, 5, max_delay, "MaxDelay"),
	REC_OPT_BOOL(struct reschedule_policy, 6, unlimited, "Unlimited"),
};
const struct rec_type reschedule_policy_type =
    REC_TYPE(reschedule_policy, reschedule_policy_fields);

static const struct rec_field migrate_strategy_fields[] = {
	REC_OPT_I64(struct migrate_strategy, 1, max_parallel, "MaxParallel"),
	REC_OPT_STR(struct migrate_strategy, 2, health_check, "HealthCheck"),
	REC_OPT_DUR(
	    struct migrate_strategy, 3, min_healthy_time, "MinHealthyTime"),
	REC_OPT_DUR(
	    struct migrate_strategy, 4, healthy_deadline, "HealthyDeadline"),
};
const struct rec_type migrate_strategy_type =
    REC_TYPE(migrate_strategy, migrate_strategy_fields);

static const struct rec_field update_strategy_fields[] = {
	REC_OPT_DUR(struct update_strategy, 1, stagger, "Stagger"),
	REC_OPT_I64(struct update_strategy, 2, max_parallel, "MaxParallel"),
	REC_OPT_STR(struct update_strategy, 3, health_check, "HealthCheck"),
	REC_OPT_DUR(
	    struct update_strategy, 4, min_healthy_time, "MinHealthyTime"),
	REC_OPT_DUR(
	    struct update_strategy, 5, healthy_deadline, "HealthyDeadline"),
	REC_OPT_DUR(
	    struct update_strategy, 6, progress_deadline, "ProgressDeadline"),
	REC_OPT_I64(struct update_strategy, 7, canary, "Canary"),
	REC_OPT_BOOL(struct update_strategy, 8, auto_revert, "AutoRevert"),
	REC_OPT_BOOL(struct update_strategy, 9, auto_promote, "AutoPromote"),
};
const struct rec_type update_strategy_type =
    REC_TYPE(update_strategy, update_strategy_fields);

static const struct rec_field ephemeral_disk_fields[] = {
	REC_OPT_BOOL(struct ephemeral_disk, 1, sticky, "Sticky"),
	REC_OPT_BOOL(struct ephemeral_disk, 2, migrate, "Migrate"),
	REC_OPT_I64(struct ephemeral_disk, 3, size_mb, "SizeMB", .hcl = "size"),
};
const struct rec_type ephemeral_disk_type =
    REC_TYPE(ephemeral_disk, ephemeral_disk_fields);

static const struct rec_field disconnect_strategy_fields[] = {
	REC_OPT_DUR(struct disconnect_strategy, 1, lost_after, "LostAfter"),
	REC_OPT_DUR(struct disconnect_strategy, 2, stop_on_client_after,
	    "StopOnClientAfter"),
	REC_OPT_BOOL(struct disconnect_strategy, 3, replace, "Replace"),
	REC_OPT_STR(struct disconnect_strategy, 4, reconcile, "Reconcile"),
};
const struct rec_type disconnect_strategy_type =
    REC_TYPE(disconnect_strategy, disconnect_strategy_fields);

static const struct rec_field csi_mount_options_fields[] = {
	REC_STR(struct csi_mount_options, 1, fs_type, "FSType"),
	REC_STRS(struct csi_mount_options, 2, mount_flags, "MountFlags",
	    .opt = true),
};
const struct rec_type csi_mount_options_type =
    REC_TYPE(csi_mount_options, csi_mount_options_fields);

static const struct rec_field volume_request_fields[] = {
	REC_STR(struct volume_request, 1, key, ""),
	REC_STR(struct volume_request, 2, name, "Name", .flags = REC_NOHCL),
	REC_STR(struct volume_request, 3, type, "Type"),
	REC_STR(struct volume_request, 4, source, "Source"),
	REC_BOOL(struct volume_request, 5, read_only, "ReadOnly"),
	REC_BOOL(struct volume_request, 6, sticky, "Sticky"),
	REC_STR(struct volume_request, 7, access_mode, "AccessMode"),
	REC_STR(struct volume_request, 8, attachment_mode, "AttachmentMode"),
	REC_PTR(struct volume_request, 9, mount_options, csi_mount_options,
	    "MountOptions"),
	REC_BOOL(struct volume_request, 10, per_alloc, "PerAlloc"),
};
const struct rec_type volume_request_type =
    REC_TYPE(volume_request, volume_request_fields);

static const struct rec_field task_group_fields[] = {
	REC_OPT_STR(struct task_group, 1, name, "Name", .flags = REC_LABEL),
	REC_OPT_I64(struct task_group, 2, count, "Count"),
	REC_LIST(struct task_group, 3, constraints, constraint, "Constraints",
	    .hcl = "constraint"),
	REC_LIST(struct task_group, 4, affinities, affinity, "Affinities",
	    .hcl = "affinity"),
	REC_LIST(struct task_group, 5, tasks, task, "Tasks", .hcl = "task"),
	REC_LIST(
	    struct task_group, 6, spreads, spread, "Spreads", .hcl = "spread"),
	REC_MAP(struct task_group, 7, volumes, volume_request, "Volumes",
	    .hcl = "volume"),
	REC_PTR(struct task_group, 8, restart_policy, restart_policy,
	    "RestartPolicy", .hcl = "restart"),
	REC_PTR(struct task_group, 9, disconnect, disconnect_strategy,
	    "Disconnect"),
	REC_PTR(struct task_group, 10, reschedule_policy, reschedule_policy,
	    "ReschedulePolicy", .hcl = "reschedule"),
	REC_PTR(struct task_group, 11, ephemeral_disk, ephemeral_disk,
	    "EphemeralDisk"),
	REC_PTR(struct task_group, 12, update, update_strategy, "Update"),
	REC_PTR(struct task_group, 13, migrate, migrate_strategy, "Migrate"),
	REC_LIST(struct task_group, 14, networks, network_resource, "Networks",
	    .hcl = "network"),
	REC_MAP(struct task_group, 15, meta, rec_kv, "Meta", .opt = true,
	    .flags = REC_BLOCK | REC_EITHER),
	REC_LIST(struct task_group, 16, services, service, "Services",
	    .hcl = "service"),
	REC_OPT_DUR(struct task_group, 17, shutdown_delay, "ShutdownDelay"),
	REC_OPT_DUR(struct task_group, 18, max_run_duration, "MaxRunDuration"),
	REC_OPT_DUR(struct task_group, 19, stop_after_client_disconnect,
	    "StopAfterClientDisconnect"),
	REC_OPT_DUR(struct task_group, 20, max_client_disconnect,
	    "MaxClientDisconnect"),
	REC_PTR(struct task_group, 21, scaling, scaling_policy, "Scaling"),
	REC_PTR(struct task_group, 22, consul, consul, "Consul"),
	REC_OPT_BOOL(struct task_group, 23, prevent_reschedule_on_lost,
	    "PreventRescheduleOnLost"),
};
const struct rec_type task_group_type = REC_TYPE(task_group, task_group_fields);

static const struct rec_field periodic_config_fields[] = {
	REC_OPT_BOOL(struct periodic_config, 1, enabled, "Enabled"),
	REC_OPT_STR(struct periodic_config, 2, spec, "Spec", .hcl = "cron"),
	REC_STRS(struct periodic_config, 3, specs, "Specs", .hcl = "crons",
	    .opt = true),
	REC_OPT_STR(struct periodic_config, 4, spec_type, "SpecType"),
	REC_OPT_BOOL(
	    struct periodic_config, 5, prohibit_overlap, "ProhibitOverlap"),
	REC_OPT_STR(struct periodic_config, 6, time_zone, "TimeZone"),
};
const struct rec_type periodic_config_type =
    REC_TYPE(periodic_config, periodic_config_fields);

static const struct rec_field parameterized_job_config_fields[] = {
	REC_STR(struct parameterized_job_config, 1, payload, "Payload"),
	REC_STRS(struct parameterized_job_config, 2, meta_required,
	    "MetaRequired", .opt = true),
	REC_STRS(struct parameterized_job_config, 3, meta_optional,
	    "MetaOptional", .opt = true),
};
const struct rec_type parameterized_job_config_type =
    REC_TYPE(parameterized_job_config, parameterized_job_config_fields);

static const struct rec_field multiregion_strategy_fields[] = {
	REC_OPT_I64(
	    struct multiregion_strategy, 1, max_parallel, "MaxParallel"),
	REC_OPT_STR(struct multiregion_strategy, 2, on_failure, "OnFailure"),
};
const struct rec_type multiregion_strategy_type =
    REC_TYPE(multiregion_strategy, multiregion_strategy_fields);

static const struct rec_field multiregion_region_fields[] = {
	REC_STR(struct multiregion_region, 1, name, "Name", .flags = REC_LABEL),
	REC_OPT_I64(struct multiregion_region, 2, count, "Count"),
	REC_STRS(struct multiregion_region, 3, datacenters, "Datacenters",
	    .opt = true),
	REC_STR(struct multiregion_region, 4, node_pool, "NodePool"),
	REC_MAP(struct multiregion_region, 5, meta, rec_kv, "Meta", .opt = true,
	    .flags = REC_BLOCK),
};
const struct rec_type multiregion_region_type =
    REC_TYPE(multiregion_region, multiregion_region_fields);

static const struct rec_field multiregion_fields[] = {
	REC_PTR(
	    struct multiregion, 1, strategy, multiregion_strategy, "Strategy"),
	REC_LIST(struct multiregion, 2, regions, multiregion_region, "Regions",
	    .hcl = "region"),
};
const struct rec_type multiregion_type =
    REC_TYPE(multiregion, multiregion_fields);

static const struct rec_field job_ui_link_fields[] = {
	REC_STR(struct job_ui_link, 1, label, "Label"),
	REC_STR(struct job_ui_link, 2, url, "URL"),
};
const struct rec_type job_ui_link_type =
    REC_TYPE(job_ui_link, job_ui_link_fields);

static const struct rec_field job_ui_fields[] = {
	REC_STR(struct job_ui, 1, description, "Description"),
	REC_LIST(struct job_ui, 2, links, job_ui_link, "Links", .hcl = "link"),
};
const struct rec_type job_ui_type = REC_TYPE(job_ui, job_ui_fields);

static const struct rec_field job_version_tag_fields[] = {
	REC_STR(struct job_version_tag, 1, name, "Name"),
	REC_STR(struct job_version_tag, 2, description, "Description"),
	REC_I64(struct job_version_tag, 3, tagged_time, "TaggedTime"),
};
const struct rec_type job_version_tag_type =
    REC_TYPE(job_version_tag, job_version_tag_fields);

static const struct rec_field job_fields[] = {
	REC_OPT_STR(struct job, 1, region, "Region"),
	REC_OPT_STR(struct job, 2, namespace, "Namespace"),
	REC_OPT_STR(struct job, 3, id, "ID", .hcl = "name", .flags = REC_LABEL),
	REC_OPT_STR(struct job, 4, name, "Name"),
	REC_OPT_STR(struct job, 5, type, "Type"),
	REC_OPT_I64(struct job, 6, priority, "Priority"),
	REC_OPT_BOOL(struct job, 7, all_at_once, "AllAtOnce"),
	REC_STRS(struct job, 8, datacenters, "Datacenters", .opt = true),
	REC_OPT_STR(struct job, 9, node_pool, "NodePool"),
	REC_LIST(struct job, 10, constraints, constraint, "Constraints",
	    .hcl = "constraint"),
	REC_LIST(struct job, 11, affinities, affinity, "Affinities",
	    .hcl = "affinity"),
	REC_LIST(struct job, 12, task_groups, task_group, "TaskGroups",
	    .hcl = "group"),
	REC_PTR(struct job, 13, update, update_strategy, "Update"),
	REC_PTR(struct job, 14, multiregion, multiregion, "Multiregion"),
	REC_LIST(struct job, 15, spreads, spread, "Spreads", .hcl = "spread"),
	REC_PTR(struct job, 16, periodic, periodic_config, "Periodic"),
	REC_PTR(struct job, 17, parameterized_job, parameterized_job_config,
	    "ParameterizedJob", .hcl = "parameterized"),
	REC_PTR(struct job, 18, reschedule, reschedule_policy, "Reschedule"),
	REC_PTR(struct job, 19, migrate, migrate_strategy, "Migrate"),
	REC_MAP(struct job, 20, meta, rec_kv, "Meta", .opt = true,
	    .flags = REC_BLOCK | REC_EITHER),
	REC_PTR(struct job, 21, ui, job_ui, "UI"),
	REC_OPT_BOOL(struct job, 22, stop, "Stop", .flags = REC_NOHCL),
	REC_OPT_STR(struct job, 23, parent_id, "ParentID", .flags = REC_NOHCL),
	REC_BOOL(struct job, 24, dispatched, "Dispatched", .flags = REC_NOHCL),
	REC_OPT_STR(struct job, 25, dispatch_idempotency_token,
	    "DispatchIdempotencyToken", .flags = REC_NOHCL),
	REC_BYTES(struct job, 26, payload, "Payload", .flags = REC_NOHCL),
	REC_OPT_STR(struct job, 27, consul_namespace, "ConsulNamespace",
	    .flags = REC_NOHCL),
	REC_OPT_STR(struct job, 28, vault_namespace, "VaultNamespace",
	    .flags = REC_NOHCL),
	REC_OPT_STR(
	    struct job, 29, nomad_token_id, "NomadTokenID", .flags = REC_NOHCL),
	REC_OPT_STR(struct job, 30, status, "Status", .flags = REC_NOHCL),
	REC_OPT_STR(struct job, 31, status_description, "StatusDescription",
	    .flags = REC_NOHCL),
	REC_OPT_BOOL(struct job, 32, stable, "Stable", .flags = REC_NOHCL),
	REC_OPT_U64(struct job, 33, version, "Version", .flags = REC_NOHCL),
	REC_OPT_I64(
	    struct job, 34, submit_time, "SubmitTime", .flags = REC_NOHCL),
	REC_OPT_U64(
	    struct job, 35, create_index, "CreateIndex", .flags = REC_NOHCL),
	REC_OPT_U64(
	    struct job, 36, modify_index, "ModifyIndex", .flags = REC_NOHCL),
	REC_OPT_U64(struct job, 37, job_modify_index, "JobModifyIndex",
	    .flags = REC_NOHCL),
	REC_PTR(struct job, 38, version_tag, job_version_tag, "VersionTag",
	    .flags = REC_NOHCL),
};
const struct rec_type job_type = REC_TYPE(job, job_fields);
