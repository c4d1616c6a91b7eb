#include "proto/agent_client.h"

static const struct rec_field agent_artifact_fields[] = {
	REC_OPT_STR(
	    struct agent_artifact, 1, http_read_timeout, "HTTPReadTimeout"),
	REC_OPT_STR(struct agent_artifact, 2, http_max_size, "HTTPMaxSize"),
	REC_OPT_STR(struct agent_artifact, 3, gcs_timeout, "GCSTimeout"),
	REC_OPT_STR(struct agent_artifact, 4, git_timeout, "GitTimeout"),
	REC_OPT_STR(struct agent_artifact, 5, hg_timeout, "HgTimeout"),
	REC_OPT_STR(struct agent_artifact, 6, s3_timeout, "S3Timeout"),
	REC_OPT_I64(struct agent_artifact, 7, decompression_file_count_limit,
	    "DecompressionFileCountLimit"),
	REC_OPT_STR(struct agent_artifact, 8, decompression_size_limit,
	    "DecompressionSizeLimit"),
	REC_OPT_BOOL(struct agent_artifact, 9, disable_artifact_inspection,
	    "DisableArtifactInspection"),
	REC_OPT_BOOL(struct agent_artifact, 10, disable_filesystem_isolation,
	    "DisableFilesystemIsolation"),
	REC_STRS(struct agent_artifact, 11, filesystem_isolation_extra_paths,
	    "FilesystemIsolationExtraPaths"),
	REC_OPT_STR(struct agent_artifact, 12, set_environment_variables,
	    "SetEnvironmentVariables"),
};
const struct rec_type agent_artifact_type =
    REC_TYPE(agent_artifact, agent_artifact_fields);

static const struct rec_field agent_wait_fields[] = {
	REC_STR(struct agent_wait, 1, min_text, "MinHCL", .hcl = "min"),
	REC_STR(struct agent_wait, 2, max_text, "MaxHCL", .hcl = "max"),
	REC_OPT_DUR(struct agent_wait, 3, min, "Min", .flags = REC_NOHCL),
	REC_OPT_DUR(struct agent_wait, 4, max, "Max", .flags = REC_NOHCL),
};
const struct rec_type agent_wait_type = REC_TYPE(agent_wait, agent_wait_fields);

static const struct rec_field agent_retry_fields[] = {
	REC_OPT_I64(struct agent_retry, 1, attempts, "Attempts"),
	REC_STR(struct agent_retry, 2, backoff_text, "BackoffHCL",
	    .hcl = "backoff"),
	REC_OPT_DUR(
	    struct agent_retry, 3, backoff, "Backoff", .flags = REC_NOHCL),
	REC_STR(struct agent_retry, 4, max_backoff_text, "MaxBackoffHCL",
	    .hcl = "max_backoff"),
	REC_OPT_DUR(struct agent_retry, 5, max_backoff, "MaxBackoff",
	    .flags = REC_NOHCL),
};
const struct rec_type agent_retry_type =
    REC_TYPE(agent_retry, agent_retry_fields);

static const struct rec_field agent_template_fields[] = {
	REC_STRS(
	    struct agent_template, 1, function_denylist, "FunctionDenylist"),
	REC_BOOL(
	    struct agent_template, 2, disable_file_sandbox, "DisableSandbox"),
	REC_STR(struct agent_template, 3, max_stale_text, "MaxStaleHCL",
	    .hcl = "max_stale"),
	REC_OPT_DUR(struct agent_template, 4, max_stale, "MaxStale",
	    .flags = REC_NOHCL),
	REC_STR(struct agent_template, 5, block_query_wait_text,
	    "BlockQueryWaitTimeHCL", .hcl = "block_query_wait"),
	REC_OPT_DUR(struct agent_template, 6, block_query_wait,
	    "BlockQueryWaitTime", .flags = REC_NOHCL),
	REC_REC(struct agent_template, 7, wait, agent_wait, "Wait"),
	REC_PTR(
	    struct agent_template, 8, wait_bounds, agent_wait, "WaitBounds"),
	REC_REC(
	    struct agent_template, 9, consul_retry, agent_retry, "ConsulRetry"),
	REC_REC(
	    struct agent_template, 10, vault_retry, agent_retry, "VaultRetry"),
	REC_REC(
	    struct agent_template, 11, nomad_retry, agent_retry, "NomadRetry"),
	REC_OPT_BOOL(struct agent_template, 12, use_client_consul_token,
	    "UseClientConsulToken", .flags = REC_NOHCL),
	REC_STR(struct agent_template, 13, vault_lease_text,
	    "VaultDefaultLeaseDurationHCL",
	    .hcl = "vault_default_lease_duration"),
	REC_OPT_DUR(struct agent_template, 14, vault_lease,
	    "VaultDefaultLeaseDuration", .flags = REC_NOHCL),
};
const struct rec_type agent_template_type =
    REC_TYPE(agent_template, agent_template_fields);

static const struct rec_field agent_reserved_fields[] = {
	REC_I64(struct agent_reserved, 1, cpu, "CPU"),
	REC_I64(struct agent_reserved, 2, memory, "MemoryMB"),
	REC_I64(struct agent_reserved, 3, disk, "DiskMB"),
	REC_STR(struct agent_reserved, 4, reserved_ports, "ReservedPorts"),
	REC_STR(struct agent_reserved, 5, cores, "Cores"),
};
const struct rec_type agent_reserved_type =
    REC_TYPE(agent_reserved, agent_reserved_fields);

static const struct rec_field agent_users_fields[] = {
	REC_OPT_I64(struct agent_users, 1, dynamic_user_min, "MinDynamicUser"),
	REC_OPT_I64(struct agent_users, 2, dynamic_user_max, "MaxDynamicUser"),
};
const struct rec_type agent_users_type =
    REC_TYPE(agent_users, agent_users_fields);

static const struct rec_field agent_drain_on_shutdown_fields[] = {
	REC_OPT_STR(struct agent_drain_on_shutdown, 1, deadline, "Deadline"),
	REC_OPT_BOOL(struct agent_drain_on_shutdown, 2, force, "Force"),
	REC_OPT_BOOL(struct agent_drain_on_shutdown, 3, ignore_system_jobs,
	    "IgnoreSystemJobs"),
};
const struct rec_type agent_drain_on_shutdown_type =
    REC_TYPE(agent_drain_on_shutdown, agent_drain_on_shutdown_fields);

static const struct rec_field agent_host_volume_fields[] = {
	REC_STR(struct agent_host_volume, 1, name, "Name", .flags = REC_LABEL),
	REC_STR(struct agent_host_volume, 2, path, "Path"),
	REC_BOOL(struct agent_host_volume, 3, read_only, "ReadOnly"),
	REC_STR(struct agent_host_volume, 4, id, "ID", .flags = REC_NOHCL),
};
const struct rec_type agent_host_volume_type =
    REC_TYPE(agent_host_volume, agent_host_volume_fields);

static const struct rec_field agent_host_network_fields[] = {
	REC_STR(struct agent_host_network, 1, name, "Name", .flags = REC_LABEL),
	REC_STR(struct agent_host_network, 2, cidr, "CIDR"),
	REC_STR(struct agent_host_network, 3, iface, "Interface",
	    .hcl = "interface"),
	REC_STR(struct agent_host_network, 4, reserved_ports, "ReservedPorts"),
};
const struct rec_type agent_host_network_type =
    REC_TYPE(agent_host_network, agent_host_network_fields);

static const struct rec_field agent_fingerprint_fields[] = {
	REC_STR(struct agent_fingerprint, 1, name, "Name", .flags = REC_LABEL),
	REC_STR(struct agent_fingerprint, 2, retry_interval_text,
	    "RetryIntervalHCL", .hcl = "retry_interval"),
	REC_DUR(struct agent_fingerprint, 3, retry_interval, "RetryInterval",
	    .flags = REC_NOHCL),
	REC_I64(struct agent_fingerprint, 4, retry_attempts, "RetryAttempts"),
	REC_OPT_BOOL(
	    struct agent_fingerprint, 5, exit_on_failure, "ExitOnFailure"),
};
const struct rec_type agent_fingerprint_type =
    REC_TYPE(agent_fingerprint, agent_fingerprint_fields);

static const struct rec_field agent_client_fields[] = {
	REC_BOOL(struct agent_client, 1, enabled, "Enabled"),
	REC_STR(struct agent_client, 2, state_dir, "StateDir"),
	REC_STR(struct agent_client, 3, alloc_dir, "AllocDir"),
	REC_STR(struct agent_client, 4, alloc_mounts_dir, "AllocMountsDir"),
	REC_STR(struct agent_client, 5, host_volumes_dir, "HostVolumesDir"),
	REC_STR(struct agent_client, 6, host_volume_plugin_dir,
	    "HostVolumePluginDir"),
	REC_STR(struct agent_client, 7, common_plugin_dir, "CommonPluginDir"),
	REC_STRS(struct agent_client, 8, servers, "Servers"),
	REC_STR(struct agent_client, 9, node_class, "NodeClass"),
	REC_STR(struct agent_client, 10, node_pool, "NodePool"),
	REC_STRMAP(struct agent_client, 11, options, "Options"),
	REC_STRMAP(struct agent_client, 12, meta, "Meta"),
	REC_STRMAP(struct agent_client, 13, chroot_env, "ChrootEnv"),
	REC_STR(struct agent_client, 14, network_interface, "NetworkInterface"),
	REC_STR(struct agent_client, 15, preferred_address_family,
	    "PreferredAddressFamily"),
	REC_I64(struct agent_client, 16, network_speed, "NetworkSpeed"),
	REC_BOOL(struct agent_client, 17, cpu_disable_dmidecode,
	    "CpuDisableDmidecode"),
	REC_I64(struct agent_client, 18, cpu_total_compute, "CpuCompute"),
	REC_I64(struct agent_client, 19, memory_total_mb, "MemoryMB"),
	REC_I64(struct agent_client, 20, disk_total_mb, "DiskTotalMB"),
	REC_I64(struct agent_client, 21, disk_free_mb, "DiskFreeMB"),
	REC_STR(struct agent_client, 22, reservable_cores, "ReservableCores"),
	REC_STR(struct agent_client, 23, max_kill_timeout, "MaxKillTimeout"),
	REC_I64(struct agent_client, 24, client_max_port, "ClientMaxPort"),
	REC_I64(struct agent_client, 25, client_min_port, "ClientMinPort"),
	REC_I64(struct agent_client, 26, max_dynamic_port, "MaxDynamicPort"),
	REC_I64(struct agent_client, 27, min_dynamic_port, "MinDynamicPort"),
	REC_REC(struct agent_client, 28, reserved, agent_reserved, "Reserved"),
	REC_I64(struct agent_client, 29, node_max_allocs, "NodeMaxAllocs"),
	REC_DUR(struct agent_client, 30, gc_interval, "GCInterval"),
	REC_I64(struct agent_client, 31, gc_parallel_destroys,
	    "GCParallelDestroys"),
	REC_F64(struct agent_client, 32, gc_disk_usage_threshold,
	    "GCDiskUsageThreshold"),
	REC_F64(struct agent_client, 33, gc_inode_usage_threshold,
	    "GCInodeUsageThreshold"),
	REC_I64(struct agent_client, 34, gc_max_allocs, "GCMaxAllocs"),
	REC_BOOL(struct agent_client, 35, gc_volumes_on_node_gc,
	    "GCVolumesOnNodeGC"),
	REC_OPT_BOOL(struct agent_client, 36, no_host_uuid, "NoHostUUID"),
	REC_BOOL(
	    struct agent_client, 37, disable_remote_exec, "DisableRemoteExec"),
	REC_REC(struct agent_client, 38, template, agent_template,
	    "TemplateConfig"),
	REC_REC(struct agent_client, 39, server_join, agent_server_join,
	    "ServerJoin"),
	REC_LIST(struct agent_client, 40, host_volumes, agent_host_volume,
	    "HostVolumes", .hcl = "host_volume"),
	REC_STR(struct agent_client, 41, cni_path, "CNIPath"),
	REC_STR(struct agent_client, 42, cni_config_dir, "CNIConfigDir"),
	REC_STR(
	    struct agent_client, 43, bridge_network_name, "BridgeNetworkName"),
	REC_STR(struct agent_client, 44, bridge_network_subnet,
	    "BridgeNetworkSubnet"),
	REC_STR(struct agent_client, 45, bridge_network_subnet_ipv6,
	    "BridgeNetworkSubnetIPv6"),
	REC_BOOL(struct agent_client, 46, bridge_network_hairpin_mode,
	    "BridgeNetworkHairpinMode"),
	REC_LIST(struct agent_client, 47, host_networks, agent_host_network,
	    "HostNetworks", .hcl = "host_network"),
	REC_BOOL(struct agent_client, 48, bind_wildcard_default_host_network,
	    "BindWildcardDefaultHostNetwork"),
	REC_STR(struct agent_client, 49, cgroup_parent, "CgroupParent"),
	REC_OPT_BOOL(struct agent_client, 50, nomad_service_discovery,
	    "NomadServiceDiscovery"),
	REC_REC(struct agent_client, 51, artifact, agent_artifact, "Artifact"),
	REC_PTR(struct agent_client, 52, drain_on_shutdown,
	    agent_drain_on_shutdown, "Drain"),
	REC_REC(struct agent_client, 53, users, agent_users, "Users"),
	REC_LIST(struct agent_client, 54, fingerprints, agent_fingerprint,
	    "Fingerprinters", .hcl = "fingerprint"),
	REC_STR(struct agent_client, 55, intro_token, "IntroToken"),
	REC_BOOL(
	    struct agent_client, 56, default_ineligible, "DefaultIneligible"),
	REC_STR(struct agent_client, 57, log_file, "LogFile"),
};
const struct rec_type agent_client_type =
    REC_TYPE(agent_client, agent_client_fields);
