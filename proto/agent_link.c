#include "proto/agent_link.h"

static const struct rec_field agent_identity_fields[] = {
	REC_STR(struct agent_identity, 1, name, "Name"),
	REC_STRS(struct agent_identity, 2, aud, "Audience"),
	REC_STR(struct agent_identity, 3, change_mode, "ChangeMode"),
	REC_STR(struct agent_identity, 4, change_signal, "ChangeSignal"),
	REC_BOOL(struct agent_identity, 5, env, "Env"),
	REC_BOOL(struct agent_identity, 6, file, "File"),
	REC_STR(struct agent_identity, 7, filepath, "Filepath"),
	REC_STR(struct agent_identity, 8, service_name, "ServiceName",
	    .flags = REC_NOHCL),
	REC_DUR(struct agent_identity, 9, ttl, "TTL"),
	REC_STRMAP(struct agent_identity, 10, extra_claims, "ExtraClaims"),
};
const struct rec_type agent_identity_type =
    REC_TYPE(agent_identity, agent_identity_fields);

static const struct rec_field agent_consul_fields[] = {
	REC_STR(struct agent_consul, 1, name, "Name"),
	REC_STR(struct agent_consul, 2, address, "Addr"),
	REC_STR(struct agent_consul, 3, grpc_address, "GRPCAddr"),
	REC_STR(struct agent_consul, 4, grpc_ca_file, "GRPCCAFile"),
	REC_STR(struct agent_consul, 5, namespace, "Namespace"),
	REC_STR(struct agent_consul, 6, token, "Token"),
	REC_STR(struct agent_consul, 7, auth, "Auth"),
	REC_OPT_BOOL(struct agent_consul, 8, auto_advertise, "AutoAdvertise"),
	REC_DUR(struct agent_consul, 9, timeout, "Timeout"),
	REC_OPT_BOOL(struct agent_consul, 10, ssl, "EnableSSL"),
	REC_OPT_BOOL(struct agent_consul, 11, share_ssl, "ShareSSL"),
	REC_OPT_BOOL(struct agent_consul, 12, verify_ssl, "VerifySSL"),
	REC_STR(struct agent_consul, 13, ca_file, "CAFile"),
	REC_STR(struct agent_consul, 14, cert_file, "CertFile"),
	REC_STR(struct agent_consul, 15, key_file, "KeyFile"),
	REC_STR(
	    struct agent_consul, 16, server_service_name, "ServerServiceName"),
	REC_STR(struct agent_consul, 17, server_http_check_name,
	    "ServerHTTPCheckName"),
	REC_STR(struct agent_consul, 18, server_serf_check_name,
	    "ServerSerfCheckName"),
	REC_STR(struct agent_consul, 19, server_rpc_check_name,
	    "ServerRPCCheckName"),
	REC_STR(
	    struct agent_consul, 20, client_service_name, "ClientServiceName"),
	REC_STR(struct agent_consul, 21, client_http_check_name,
	    "ClientHTTPCheckName"),
	REC_OPT_BOOL(struct agent_consul, 22, checks_use_advertise,
	    "ChecksUseAdvertise"),
	REC_OPT_BOOL(
	    struct agent_consul, 23, server_auto_join, "ServerAutoJoin"),
	REC_OPT_BOOL(
	    struct agent_consul, 24, client_auto_join, "ClientAutoJoin"),
	REC_I64(struct agent_consul, 25, server_failures_before_critical,
	    "ServerFailuresBeforeCritical"),
	REC_I64(struct agent_consul, 26, server_failures_before_warning,
	    "ServerFailuresBeforeWarning"),
	REC_I64(struct agent_consul, 27, client_failures_before_critical,
	    "ClientFailuresBeforeCritical"),
	REC_I64(struct agent_consul, 28, client_failures_before_warning,
	    "ClientFailuresBeforeWarning"),
	REC_STRS(struct agent_consul, 29, tags, "Tags"),
	REC_PTR(struct agent_consul, 30, service_identity, agent_identity,
	    "ServiceIdentity"),
	REC_STR(struct agent_consul, 31, service_auth_method,
	    "ServiceIdentityAuthMethod"),
	REC_PTR(struct agent_consul, 32, task_identity, agent_identity,
	    "TaskIdentity"),
	REC_STR(struct agent_consul, 33, task_auth_method,
	    "TaskIdentityAuthMethod"),
};
const struct rec_type agent_consul_type =
    REC_TYPE(agent_consul, agent_consul_fields);

static const struct rec_field agent_vault_fields[] = {
	REC_STR(struct agent_vault, 1, name, "Name"),
	REC_OPT_BOOL(struct agent_vault, 2, enabled, "Enabled"),
	REC_STR(struct agent_vault, 3, token, "Token"),
	REC_STR(struct agent_vault, 4, create_from_role, "Role"),
	REC_STR(struct agent_vault, 5, namespace, "Namespace"),
	REC_STR(struct agent_vault, 6, address, "Addr"),
	REC_STR(
	    struct agent_vault, 7, jwt_auth_backend_path, "JWTAuthBackendPath"),
	REC_DUR(struct agent_vault, 8, connection_retry_interval,
	    "ConnectionRetryIntv"),
	REC_STR(struct agent_vault, 9, ca_file, "TLSCaFile"),
	REC_STR(struct agent_vault, 10, ca_path, "TLSCaPath"),
	REC_STR(struct agent_vault, 11, cert_file, "TLSCertFile"),
	REC_STR(struct agent_vault, 12, key_file, "TLSKeyFile"),
	REC_OPT_BOOL(struct agent_vault, 13, tls_skip_verify, "TLSSkipVerify"),
	REC_STR(struct agent_vault, 14, tls_server_name, "TLSServerName"),
	REC_PTR(struct agent_vault, 15, default_identity, agent_identity,
	    "DefaultIdentity"),
};
const struct rec_type agent_vault_type =
    REC_TYPE(agent_vault, agent_vault_fields);

static const struct rec_field agent_tls_fields[] = {
	REC_BOOL(struct agent_tls, 1, http, "EnableHTTP"),
	REC_BOOL(struct agent_tls, 2, rpc, "EnableRPC"),
	REC_BOOL(struct agent_tls, 3, verify_server_hostname,
	    "VerifyServerHostname"),
	REC_STR(struct agent_tls, 4, ca_file, "CAFile"),
	REC_STR(struct agent_tls, 5, cert_file, "CertFile"),
	REC_STR(struct agent_tls, 6, key_file, "KeyFile"),
	REC_BOOL(struct agent_tls, 7, rpc_upgrade_mode, "RPCUpgradeMode"),
	REC_BOOL(struct agent_tls, 8, verify_https_client, "VerifyHTTPSClient"),
	REC_STR(struct agent_tls, 9, tls_cipher_suites, "TLSCipherSuites"),
	REC_STR(struct agent_tls, 10, tls_min_version, "TLSMinVersion"),
	REC_STR(struct agent_tls, 11, checksum, "Checksum", .flags = REC_NOHCL),
	/* Nomad's API has no such field. */
	REC_STR(struct agent_tls, 12, server_ca_file, "ServerCAFile",
	    .hcl = "server_ca_file", .flags = REC_NOJSON),
};
const struct rec_type agent_tls_type = REC_TYPE(agent_tls, agent_tls_fields);

static const struct rec_field agent_telemetry_fields[] = {
	REC_STR(struct agent_telemetry, 1, statsite_address, "StatsiteAddr"),
	REC_STR(struct agent_telemetry, 2, statsd_address, "StatsdAddr"),
	REC_STR(struct agent_telemetry, 3, datadog_address, "DataDogAddr"),
	REC_STRS(struct agent_telemetry, 4, datadog_tags, "DataDogTags"),
	REC_BOOL(
	    struct agent_telemetry, 5, prometheus_metrics, "PrometheusMetrics"),
	REC_BOOL(
	    struct agent_telemetry, 6, disable_hostname, "DisableHostname"),
	REC_BOOL(struct agent_telemetry, 7, use_node_name, "UseNodeName"),
	REC_STR(struct agent_telemetry, 8, in_memory_collection_interval,
	    "InMemoryCollectionInterval"),
	REC_STR(struct agent_telemetry, 9, in_memory_retention_period,
	    "InMemoryRetentionPeriod"),
	REC_STR(struct agent_telemetry, 10, collection_interval,
	    "CollectionInterval"),
	REC_BOOL(struct agent_telemetry, 11, publish_allocation_metrics,
	    "PublishAllocationMetrics"),
	REC_BOOL(struct agent_telemetry, 12, publish_node_metrics,
	    "PublishNodeMetrics"),
	REC_BOOL(struct agent_telemetry, 13, include_alloc_metadata_in_metrics,
	    "IncludeAllocMetadataInMetrics"),
	REC_STRS(struct agent_telemetry, 14, allowed_metadata_keys_in_metrics,
	    "AllowedMetadataKeysInMetrics"),
	REC_STRS(struct agent_telemetry, 15, prefix_filter, "PrefixFilter"),
	REC_OPT_BOOL(
	    struct agent_telemetry, 16, filter_default, "FilterDefault"),
	REC_BOOL(struct agent_telemetry, 17,
	    disable_dispatched_job_summary_metrics,
	    "DisableDispatchedJobSummaryMetrics"),
	REC_OPT_BOOL(struct agent_telemetry, 18,
	    disable_allocation_hook_metrics, "DisableAllocationHookMetrics"),
	REC_BOOL(struct agent_telemetry, 19, disable_quota_utilization_metrics,
	    "DisableQuotaUtilizationMetrics"),
	REC_BOOL(struct agent_telemetry, 20, disable_rpc_rate_metrics_labels,
	    "DisableRPCRateMetricsLabels"),
	REC_STR(
	    struct agent_telemetry, 21, circonus_api_token, "CirconusAPIToken"),
	REC_STR(struct agent_telemetry, 22, circonus_api_app, "CirconusAPIApp"),
	REC_STR(struct agent_telemetry, 23, circonus_api_url, "CirconusAPIURL"),
	REC_STR(struct agent_telemetry, 24, circonus_submission_interval,
	    "CirconusSubmissionInterval"),
	REC_STR(struct agent_telemetry, 25, circonus_submission_url,
	    "CirconusCheckSubmissionURL"),
	REC_STR(
	    struct agent_telemetry, 26, circonus_check_id, "CirconusCheckID"),
	REC_STR(struct agent_telemetry, 27,
	    circonus_check_force_metric_activation,
	    "CirconusCheckForceMetricActivation"),
	REC_STR(struct agent_telemetry, 28, circonus_check_instance_id,
	    "CirconusCheckInstanceID"),
	REC_STR(struct agent_telemetry, 29, circonus_check_search_tag,
	    "CirconusCheckSearchTag"),
	REC_STR(struct agent_telemetry, 30, circonus_check_tags,
	    "CirconusCheckTags"),
	REC_STR(struct agent_telemetry, 31, circonus_check_display_name,
	    "CirconusCheckDisplayName"),
	REC_STR(
	    struct agent_telemetry, 32, circonus_broker_id, "CirconusBrokerID"),
	REC_STR(struct agent_telemetry, 33, circonus_broker_select_tag,
	    "CirconusBrokerSelectTag"),
};
const struct rec_type agent_telemetry_type =
    REC_TYPE(agent_telemetry, agent_telemetry_fields);
