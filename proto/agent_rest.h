/*
 * The smaller blocks of a Nomad agent file. See proto/agent.h.
 */
#ifndef PROTO_AGENT_REST_H
#define PROTO_AGENT_REST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rec.h"
#include "common/tree.h"

/* acl { } */
struct agent_acl {
	bool enabled;
	int64_t token_ttl;
	int64_t policy_ttl;
	int64_t role_ttl;
	char *replication_token;
	int64_t token_min_expiration_ttl;
	int64_t token_max_expiration_ttl;
};

/* autopilot { } */
struct agent_autopilot {
	bool cleanup_dead_servers;
	bool has_cleanup_dead_servers;
	int64_t server_stabilization_time;
	int64_t last_contact_threshold;
	int64_t max_trailing_logs;
	int64_t min_quorum;
	bool enable_redundancy_zones;
	bool has_enable_redundancy_zones;
	bool disable_upgrade_migration;
	bool has_disable_upgrade_migration;
	bool enable_custom_upgrades;
	bool has_enable_custom_upgrades;
};

/* ui { content_security_policy { } } */
struct agent_ui_csp {
	char **connect_src;
	size_t nconnect_src;
	char **default_src;
	size_t ndefault_src;
	char **form_action;
	size_t nform_action;
	char **frame_ancestors;
	size_t nframe_ancestors;
	char **img_src;
	size_t nimg_src;
	char **script_src;
	size_t nscript_src;
	char **style_src;
	size_t nstyle_src;
};

/* ui { consul { } } and ui { vault { } } */
struct agent_ui_link {
	char *ui_url;
};

/* ui { label { } } */
struct agent_ui_label {
	char *text;
	char *background_color;
	char *text_color;
};

/* ui { } */
struct agent_ui {
	bool enabled;
	bool has_enabled;
	struct agent_ui_csp content_security_policy;
	struct agent_ui_link consul;
	struct agent_ui_link vault;
	struct agent_ui_label label;
	bool show_cli_hints;
	bool has_show_cli_hints;
};

/* limits { } */
struct agent_limits {
	char *https_handshake_timeout;
	int64_t http_max_conns_per_client;
	bool has_http_max_conns_per_client;
	char *rpc_handshake_timeout;
	int64_t rpc_max_conns_per_client;
	bool has_rpc_max_conns_per_client;
};

/* rpc { } */
struct agent_rpc {
	int64_t accept_backlog;
	char *keep_alive_interval_text;
	int64_t keep_alive_interval;
	char *connection_write_timeout_text;
	int64_t connection_write_timeout;
	char *dial_timeout_text;
	int64_t dial_timeout;
	char *stream_open_timeout_text;
	int64_t stream_open_timeout;
	char *stream_close_timeout_text;
	int64_t stream_close_timeout;
};

/* eventlog { } */
struct agent_eventlog {
	bool enabled;
	char *level;
};

/* reporting { license { } } */
struct agent_license {
	bool enabled;
	bool has_enabled;
};

/* reporting { } */
struct agent_reporting {
	char *address;
	struct agent_license license;
	int64_t export_interval;
	char *snapshot_retention_time_text;
	int64_t snapshot_retention_time;
	bool non_production;
};

/* sentinel { import "name" { } } */
struct agent_sentinel_import {
	char *name;
	char *path;
	char **args;
	size_t nargs;
};

/* sentinel { } */
struct agent_sentinel {
	struct agent_sentinel_import *imports;
	size_t nimports;
	char **additional_enabled_modules;
	size_t nadditional_enabled_modules;
};

/* audit { sink "name" { } } */
struct agent_audit_sink {
	char *name;
	char *delivery_guarantee;
	char *type;
	char *format;
	char *path;
	char *rotate_duration_text;
	int64_t rotate_duration;
	int64_t rotate_bytes;
	int64_t rotate_max_files;
	char *mode;
};

/* audit { filter "name" { } } */
struct agent_audit_filter {
	char *name;
	char *type;
	char **endpoints;
	size_t nendpoints;
	char **stages;
	size_t nstages;
	char **operations;
	size_t noperations;
};

/* audit { } */
struct agent_audit {
	bool enabled;
	bool has_enabled;
	struct agent_audit_sink *sinks;
	size_t nsinks;
	struct agent_audit_filter *filters;
	size_t nfilters;
};

/* plugin "name" { } */
struct agent_plugin {
	char *name;
	char **args;
	size_t nargs;
	struct tree *config;
};

/* keyring "provider" { } */
struct agent_keyring {
	char *provider;
	char *name;
	bool active;
	struct rec_kv *config;
	size_t nconfig;
};

extern const struct rec_type agent_acl_type, agent_autopilot_type,
    agent_ui_csp_type, agent_ui_link_type, agent_ui_label_type, agent_ui_type,
    agent_limits_type, agent_rpc_type, agent_eventlog_type, agent_license_type,
    agent_reporting_type, agent_sentinel_import_type, agent_sentinel_type,
    agent_audit_sink_type, agent_audit_filter_type, agent_audit_type,
    agent_plugin_type, agent_keyring_type;

#endif
