#include "proto/agent_server.h"

static const struct rec_field agent_server_join_fields[] = {
	REC_STRS(struct agent_server_join, 1, start_join, "StartJoin"),
	REC_STRS(struct agent_server_join, 2, retry_join, "RetryJoin"),
	REC_I64(struct agent_server_join, 3, retry_max, "RetryMaxAttempts"),
	REC_DUR(struct agent_server_join, 4, retry_interval, "RetryInterval"),
};
const struct rec_type agent_server_join_type =
    REC_TYPE(agent_server_join, agent_server_join_fields);

static const struct rec_field agent_plan_rejection_fields[] = {
	REC_OPT_BOOL(struct agent_plan_rejection, 1, enabled, "Enabled"),
	REC_I64(
	    struct agent_plan_rejection, 2, node_threshold, "NodeThreshold"),
	REC_DUR(struct agent_plan_rejection, 3, node_window, "NodeWindow"),
};
const struct rec_type agent_plan_rejection_type =
    REC_TYPE(agent_plan_rejection, agent_plan_rejection_fields);

static const struct rec_field agent_search_fields[] = {
	REC_BOOL(struct agent_search, 1, fuzzy_enabled, "FuzzyEnabled"),
	REC_I64(struct agent_search, 2, limit_query, "LimitQuery"),
	REC_I64(struct agent_search, 3, limit_results, "LimitResults"),
	REC_I64(struct agent_search, 4, min_term_length, "MinTermLength"),
};
const struct rec_type agent_search_type =
    REC_TYPE(agent_search, agent_search_fields);

static const struct rec_field agent_preemption_fields[] = {
	REC_BOOL(struct agent_preemption, 1, system_scheduler_enabled,
	    "SystemSchedulerEnabled"),
	REC_BOOL(struct agent_preemption, 2, sysbatch_scheduler_enabled,
	    "SysBatchSchedulerEnabled"),
	REC_BOOL(struct agent_preemption, 3, batch_scheduler_enabled,
	    "BatchSchedulerEnabled"),
	REC_BOOL(struct agent_preemption, 4, service_scheduler_enabled,
	    "ServiceSchedulerEnabled"),
};
const struct rec_type agent_preemption_type =
    REC_TYPE(agent_preemption, agent_preemption_fields);

static const struct rec_field agent_scheduler_config_fields[] = {
	REC_STR(struct agent_scheduler_config, 1, scheduler_algorithm,
	    "SchedulerAlgorithm"),
	REC_REC(struct agent_scheduler_config, 2, preemption_config,
	    agent_preemption, "PreemptionConfig"),
	REC_BOOL(struct agent_scheduler_config, 3,
	    memory_oversubscription_enabled, "MemoryOversubscriptionEnabled"),
	REC_BOOL(struct agent_scheduler_config, 4, reject_job_registration,
	    "RejectJobRegistration"),
	REC_BOOL(struct agent_scheduler_config, 5, pause_eval_broker,
	    "PauseEvalBroker"),
	REC_I64(struct agent_scheduler_config, 6,
	    node_limit_for_feasibility_checks, "NodeLimitForFeasibilityChecks"),
};
const struct rec_type agent_scheduler_config_type =
    REC_TYPE(agent_scheduler_config, agent_scheduler_config_fields);

static const struct rec_field agent_raft_bolt_fields[] = {
	REC_BOOL(struct agent_raft_bolt, 1, no_freelist_sync, "NoFreelistSync"),
};
const struct rec_type agent_raft_bolt_type =
    REC_TYPE(agent_raft_bolt, agent_raft_bolt_fields);

static const struct rec_field agent_raft_wal_fields[] = {
	REC_I64(struct agent_raft_wal, 1, segment_size_mb, "SegmentSizeMB"),
};
const struct rec_type agent_raft_wal_type =
    REC_TYPE(agent_raft_wal, agent_raft_wal_fields);

static const struct rec_field agent_raft_verification_fields[] = {
	REC_BOOL(struct agent_raft_verification, 1, enabled, "Enabled"),
	REC_STR(struct agent_raft_verification, 2, interval, "Interval"),
};
const struct rec_type agent_raft_verification_type =
    REC_TYPE(agent_raft_verification, agent_raft_verification_fields);

static const struct rec_field agent_raft_logstore_fields[] = {
	REC_STR(struct agent_raft_logstore, 1, backend, "Backend"),
	REC_BOOL(struct agent_raft_logstore, 2, disable_log_cache,
	    "DisableLogCache"),
	REC_PTR(struct agent_raft_logstore, 3, verification,
	    agent_raft_verification, "Verification"),
	REC_PTR(struct agent_raft_logstore, 4, boltdb, agent_raft_bolt,
	    "BoltDBConfig"),
	REC_PTR(
	    struct agent_raft_logstore, 5, wal, agent_raft_wal, "WALConfig"),
};
const struct rec_type agent_raft_logstore_type =
    REC_TYPE(agent_raft_logstore, agent_raft_logstore_fields);

static const struct rec_field agent_introduction_fields[] = {
	REC_STR(struct agent_introduction, 1, enforcement, "Enforcement"),
	REC_DUR(struct agent_introduction, 2, default_identity_ttl,
	    "DefaultIdentityTTL"),
	REC_DUR(
	    struct agent_introduction, 3, max_identity_ttl, "MaxIdentityTTL"),
};
const struct rec_type agent_introduction_type =
    REC_TYPE(agent_introduction, agent_introduction_fields);

static const struct rec_field agent_server_fields[] = {
	REC_BOOL(struct agent_server, 1, enabled, "Enabled"),
	REC_STR(struct agent_server, 2, authoritative_region,
	    "AuthoritativeRegion"),
	REC_I64(struct agent_server, 3, bootstrap_expect, "BootstrapExpect"),
	REC_STR(struct agent_server, 4, data_dir, "DataDir"),
	REC_I64(struct agent_server, 5, raft_protocol, "RaftProtocol"),
	REC_OPT_I64(struct agent_server, 6, raft_multiplier, "RaftMultiplier"),
	REC_OPT_I64(struct agent_server, 7, num_schedulers, "NumSchedulers"),
	REC_STRS(
	    struct agent_server, 8, enabled_schedulers, "EnabledSchedulers"),
	REC_STR(struct agent_server, 9, node_gc_threshold, "NodeGCThreshold"),
	REC_STR(struct agent_server, 10, job_gc_interval, "JobGCInterval"),
	REC_STR(struct agent_server, 11, job_gc_threshold, "JobGCThreshold"),
	REC_STR(struct agent_server, 12, eval_gc_threshold, "EvalGCThreshold"),
	REC_STR(struct agent_server, 13, batch_eval_gc_threshold,
	    "BatchEvalGCThreshold"),
	REC_STR(struct agent_server, 14, deployment_gc_threshold,
	    "DeploymentGCThreshold"),
	REC_STR(struct agent_server, 15, csi_volume_claim_gc_interval,
	    "CSIVolumeClaimGCInterval"),
	REC_STR(struct agent_server, 16, csi_volume_claim_gc_threshold,
	    "CSIVolumeClaimGCThreshold"),
	REC_STR(struct agent_server, 17, csi_plugin_gc_threshold,
	    "CSIPluginGCThreshold"),
	REC_STR(struct agent_server, 18, acl_token_gc_threshold,
	    "ACLTokenGCThreshold"),
	REC_STR(
	    struct agent_server, 19, root_key_gc_interval, "RootKeyGCInterval"),
	REC_STR(struct agent_server, 20, root_key_gc_threshold,
	    "RootKeyGCThreshold"),
	REC_STR(struct agent_server, 21, root_key_rotation_threshold,
	    "RootKeyRotationThreshold"),
	REC_DUR(struct agent_server, 22, heartbeat_grace, "HeartbeatGrace"),
	REC_DUR(struct agent_server, 23, min_heartbeat_ttl, "MinHeartbeatTTL"),
	REC_F64(struct agent_server, 24, max_heartbeats_per_second,
	    "MaxHeartbeatsPerSecond"),
	REC_DUR(struct agent_server, 25, failover_heartbeat_ttl,
	    "FailoverHeartbeatTTL"),
	REC_STRS(struct agent_server, 26, start_join, "StartJoin"),
	REC_STRS(struct agent_server, 27, retry_join, "RetryJoin"),
	REC_I64(struct agent_server, 28, retry_max, "RetryMaxAttempts"),
	REC_DUR(struct agent_server, 29, retry_interval, "RetryInterval"),
	REC_BOOL(
	    struct agent_server, 30, rejoin_after_leave, "RejoinAfterLeave"),
	REC_BOOL(struct agent_server, 31, non_voting_server, "NonVotingServer"),
	REC_STR(struct agent_server, 32, redundancy_zone, "RedundancyZone"),
	REC_STR(struct agent_server, 33, upgrade_version, "UpgradeVersion"),
	REC_STR(struct agent_server, 34, encrypt, "EncryptKey",
	    .flags = REC_NOJSON),
	REC_REC(struct agent_server, 35, server_join, agent_server_join,
	    "ServerJoin"),
	REC_PTR(struct agent_server, 36, default_scheduler_config,
	    agent_scheduler_config, "DefaultSchedulerConfig"),
	REC_REC(struct agent_server, 37, plan_rejection_tracker,
	    agent_plan_rejection, "PlanRejectionTracker"),
	REC_I64(
	    struct agent_server, 38, plan_apply_pipeline, "PlanApplyPipeline"),
	REC_OPT_BOOL(
	    struct agent_server, 39, enable_event_broker, "EnableEventBroker"),
	REC_OPT_I64(
	    struct agent_server, 40, event_buffer_size, "EventBufferSize"),
	REC_STR(struct agent_server, 41, license_path, "LicensePath"),
	REC_STR(struct agent_server, 42, license_env, "LicenseEnv",
	    .flags = REC_NOHCL),
	REC_REC(struct agent_server, 43, search, agent_search, "Search"),
	REC_F64(struct agent_server, 44, deploy_query_rate_limit,
	    "DeploymentQueryRateLimit"),
	REC_PTR(struct agent_server, 45, raft_boltdb, agent_raft_bolt,
	    "RaftBoltConfig"),
	REC_PTR(struct agent_server, 46, raft_logstore, agent_raft_logstore,
	    "RaftLogStoreConfig"),
	REC_OPT_I64(struct agent_server, 47, raft_snapshot_threshold,
	    "RaftSnapshotThreshold"),
	REC_OPT_STR(struct agent_server, 48, raft_snapshot_interval,
	    "RaftSnapshotInterval"),
	REC_OPT_I64(
	    struct agent_server, 49, raft_trailing_logs, "RaftTrailingLogs"),
	REC_OPT_I64(struct agent_server, 50, job_default_priority,
	    "JobDefaultPriority"),
	REC_OPT_I64(
	    struct agent_server, 51, job_max_priority, "JobMaxPriority"),
	REC_OPT_STR(
	    struct agent_server, 52, job_max_source_size, "JobMaxSourceSize"),
	REC_OPT_I64(struct agent_server, 53, job_max_count, "JobMaxCount"),
	REC_OPT_I64(struct agent_server, 54, job_tracked_versions,
	    "JobTrackedVersions"),
	REC_STR(struct agent_server, 55, oidc_issuer, "OIDCIssuer"),
	REC_STR(struct agent_server, 56, start_timeout, "StartTimeout"),
	REC_PTR(struct agent_server, 57, client_introduction,
	    agent_introduction, "ClientIntroduction"),
	REC_STR(struct agent_server, 58, log_file, "LogFile"),
	REC_BOOL(struct agent_server, 59, non_production, "NonProduction"),
};
const struct rec_type agent_server_type =
    REC_TYPE(agent_server, agent_server_fields);
