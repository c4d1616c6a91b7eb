/*
 * What of a Nomad agent file concerns other programs: consul { }, vault { },
 * tls { } and telemetry { }. See proto/agent.h.
 */
#ifndef PROTO_AGENT_LINK_H
#define PROTO_AGENT_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rec.h"

/* service_identity { }, task_identity { }, default_identity { } */
struct agent_identity {
	char *name;
	char **aud;
	size_t naud;
	char *change_mode;
	char *change_signal;
	bool env;
	bool file;
	char *filepath;
	char *service_name;
	int64_t ttl;
	struct rec_kv *extra_claims;
	size_t nextra_claims;
};

/* consul { } */
struct agent_consul {
	char *name;
	char *address;
	char *grpc_address;
	char *grpc_ca_file;
	char *namespace;
	char *token;
	char *auth;
	bool auto_advertise;
	bool has_auto_advertise;
	int64_t timeout;
	bool ssl;
	bool has_ssl;
	bool share_ssl;
	bool has_share_ssl;
	bool verify_ssl;
	bool has_verify_ssl;
	char *ca_file;
	char *cert_file;
	char *key_file;
	char *server_service_name;
	char *server_http_check_name;
	char *server_serf_check_name;
	char *server_rpc_check_name;
	char *client_service_name;
	char *client_http_check_name;
	bool checks_use_advertise;
	bool has_checks_use_advertise;
	bool server_auto_join;
	bool has_server_auto_join;
	bool client_auto_join;
	bool has_client_auto_join;
	int64_t server_failures_before_critical;
	int64_t server_failures_before_warning;
	int64_t client_failures_before_critical;
	int64_t client_failures_before_warning;
	char **tags;
	size_t ntags;
	struct agent_identity *service_identity;
	char *service_auth_method;
	struct agent_identity *task_identity;
	char *task_auth_method;
};

/* vault { } */
struct agent_vault {
	char *name;
	bool enabled;
	bool has_enabled;
	char *token;
	char *create_from_role;
	char *namespace;
	char *address;
	char *jwt_auth_backend_path;
	int64_t connection_retry_interval;
	char *ca_file;
	char *ca_path;
	char *cert_file;
	char *key_file;
	bool tls_skip_verify;
	bool has_tls_skip_verify;
	char *tls_server_name;
	struct agent_identity *default_identity;
};

/* tls { } */
struct agent_tls {
	bool http;
	bool rpc;
	bool verify_server_hostname;
	char *ca_file;
	char *cert_file;
	char *key_file;
	bool rpc_upgrade_mode;
	bool verify_https_client;
	char *tls_cipher_suites;
	char *tls_min_version;
	char *checksum;
	char *server_ca_file; /* our own: see schedd.conf(5) */
};

/* telemetry { } */
struct agent_telemetry {
	char *statsite_address;
	char *statsd_address;
	char *datadog_address;
	char **datadog_tags;
	size_t ndatadog_tags;
	bool prometheus_metrics;
	bool disable_hostname;
	bool use_node_name;
	char *in_memory_collection_interval;
	char *in_memory_retention_period;
	char *collection_interval;
	bool publish_allocation_metrics;
	bool publish_node_metrics;
	bool include_alloc_metadata_in_metrics;
	char **allowed_metadata_keys_in_metrics;
	size_t nallowed_metadata_keys_in_metrics;
	char **prefix_filter;
	size_t nprefix_filter;
	bool filter_default;
	bool has_filter_default;
	bool disable_dispatched_job_summary_metrics;
	bool disable_allocation_hook_metrics;
	bool has_disable_allocation_hook_metrics;
	bool disable_quota_utilization_metrics;
	bool disable_rpc_rate_metrics_labels;
	char *circonus_api_token;
	char *circonus_api_app;
	char *circonus_api_url;
	char *circonus_submission_interval;
	char *circonus_submission_url;
	char *circonus_check_id;
	char *circonus_check_force_metric_activation;
	char *circonus_check_instance_id;
	char *circonus_check_search_tag;
	char *circonus_check_tags;
	char *circonus_check_display_name;
	char *circonus_broker_id;
	char *circonus_broker_select_tag;
};

extern const struct rec_type agent_identity_type, agent_consul_type,
    agent_vault_type, agent_tls_type, agent_telemetry_type;

#endif
