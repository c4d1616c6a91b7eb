#include "proto/agent_rest.h"

static const struct rec_field agent_acl_fields[] = {
	REC_BOOL(struct agent_acl, 1, enabled, "Enabled"),
	REC_DUR(struct agent_acl, 2, token_ttl, "TokenTTL"),
	REC_DUR(struct agent_acl, 3, policy_ttl, "PolicyTTL"),
	REC_DUR(struct agent_acl, 4, role_ttl, "RoleTTL"),
	REC_STR(struct agent_acl, 5, replication_token, "ReplicationToken"),
	REC_DUR(struct agent_acl, 6, token_min_expiration_ttl,
	    "TokenMinExpirationTTL"),
	REC_DUR(struct agent_acl, 7, token_max_expiration_ttl,
	    "TokenMaxExpirationTTL"),
};
const struct rec_type agent_acl_type = REC_TYPE(agent_acl, agent_acl_fields);

static const struct rec_field agent_autopilot_fields[] = {
	REC_OPT_BOOL(struct agent_autopilot, 1, cleanup_dead_servers,
	    "CleanupDeadServers"),
	REC_DUR(struct agent_autopilot, 2, server_stabilization_time,
	    "ServerStabilizationTime"),
	REC_DUR(struct agent_autopilot, 3, last_contact_threshold,
	    "LastContactThreshold"),
	REC_I64(
	    struct agent_autopilot, 4, max_trailing_logs, "MaxTrailingLogs"),
	REC_I64(struct agent_autopilot, 5, min_quorum, "MinQuorum"),
	REC_OPT_BOOL(struct agent_autopilot, 6, enable_redundancy_zones,
	    "EnableRedundancyZones"),
	REC_OPT_BOOL(struct agent_autopilot, 7, disable_upgrade_migration,
	    "DisableUpgradeMigration"),
	REC_OPT_BOOL(struct agent_autopilot, 8, enable_custom_upgrades,
	    "EnableCustomUpgrades"),
};
const struct rec_type agent_autopilot_type =
    REC_TYPE(agent_autopilot, agent_autopilot_fields);

static const struct rec_field agent_ui_csp_fields[] = {
	REC_STRS(struct agent_ui_csp, 1, connect_src, "ConnectSrc"),
	REC_STRS(struct agent_ui_csp, 2, default_src, "DefaultSrc"),
	REC_STRS(struct agent_ui_csp, 3, form_action, "FormAction"),
	REC_STRS(struct agent_ui_csp, 4, frame_ancestors, "FrameAncestors"),
	REC_STRS(struct agent_ui_csp, 5, img_src, "ImgSrc"),
	REC_STRS(struct agent_ui_csp, 6, script_src, "ScriptSrc"),
	REC_STRS(struct agent_ui_csp, 7, style_src, "StyleSrc"),
};
const struct rec_type agent_ui_csp_type =
    REC_TYPE(agent_ui_csp, agent_ui_csp_fields);

static const struct rec_field agent_ui_link_fields[] = {
	REC_STR(struct agent_ui_link, 1, ui_url, "BaseUIURL"),
};
const struct rec_type agent_ui_link_type =
    REC_TYPE(agent_ui_link, agent_ui_link_fields);

static const struct rec_field agent_ui_label_fields[] = {
	REC_STR(struct agent_ui_label, 1, text, "Text"),
	REC_STR(struct agent_ui_label, 2, background_color, "BackgroundColor"),
	REC_STR(struct agent_ui_label, 3, text_color, "TextColor"),
};
const struct rec_type agent_ui_label_type =
    REC_TYPE(agent_ui_label, agent_ui_label_fields);

static const struct rec_field agent_ui_fields[] = {
	REC_OPT_BOOL(struct agent_ui, 1, enabled, "Enabled"),
	REC_REC(struct agent_ui, 2, content_security_policy, agent_ui_csp,
	    "ContentSecurityPolicy"),
	REC_REC(struct agent_ui, 3, consul, agent_ui_link, "Consul"),
	REC_REC(struct agent_ui, 4, vault, agent_ui_link, "Vault"),
	REC_REC(struct agent_ui, 5, label, agent_ui_label, "Label"),
	REC_OPT_BOOL(struct agent_ui, 6, show_cli_hints, "ShowCLIHints"),
};
const struct rec_type agent_ui_type = REC_TYPE(agent_ui, agent_ui_fields);

static const struct rec_field agent_limits_fields[] = {
	REC_STR(struct agent_limits, 1, https_handshake_timeout,
	    "HTTPSHandshakeTimeout"),
	REC_OPT_I64(struct agent_limits, 2, http_max_conns_per_client,
	    "HTTPMaxConnsPerClient"),
	REC_STR(struct agent_limits, 3, rpc_handshake_timeout,
	    "RPCHandshakeTimeout"),
	REC_OPT_I64(struct agent_limits, 4, rpc_max_conns_per_client,
	    "RPCMaxConnsPerClient"),
};
const struct rec_type agent_limits_type =
    REC_TYPE(agent_limits, agent_limits_fields);

static const struct rec_field agent_rpc_fields[] = {
	REC_I64(struct agent_rpc, 1, accept_backlog, "AcceptBacklog"),
	REC_STR(struct agent_rpc, 2, keep_alive_interval_text,
	    "KeepAliveIntervalHCL", .hcl = "keep_alive_interval"),
	REC_DUR(struct agent_rpc, 3, keep_alive_interval, "KeepAliveInterval",
	    .flags = REC_NOHCL),
	REC_STR(struct agent_rpc, 4, connection_write_timeout_text,
	    "ConnectionWriteTimeoutHCL", .hcl = "connection_write_timeout"),
	REC_DUR(struct agent_rpc, 5, connection_write_timeout,
	    "ConnectionWriteTimeout", .flags = REC_NOHCL),
	REC_STR(struct agent_rpc, 6, dial_timeout_text, "DialTimeoutHCL",
	    .hcl = "dial_timeout"),
	REC_DUR(struct agent_rpc, 7, dial_timeout, "DialTimeout",
	    .flags = REC_NOHCL),
	REC_STR(struct agent_rpc, 8, stream_open_timeout_text,
	    "StreamOpenTimeoutHCL", .hcl = "stream_open_timeout"),
	REC_DUR(struct agent_rpc, 9, stream_open_timeout, "StreamOpenTimeout",
	    .flags = REC_NOHCL),
	REC_STR(struct agent_rpc, 10, stream_close_timeout_text,
	    "StreamCloseTimeoutHCL", .hcl = "stream_close_timeout"),
	REC_DUR(struct agent_rpc, 11, stream_close_timeout,
	    "StreamCloseTimeout", .flags = REC_NOHCL),
};
const struct rec_type agent_rpc_type = REC_TYPE(agent_rpc, agent_rpc_fields);

static const struct rec_field agent_eventlog_fields[] = {
	REC_BOOL(struct agent_eventlog, 1, enabled, "Enabled"),
	REC_STR(struct agent_eventlog, 2, level, "Level"),
};
const struct rec_type agent_eventlog_type =
    REC_TYPE(agent_eventlog, agent_eventlog_fields);

static const struct rec_field agent_license_fields[] = {
	REC_OPT_BOOL(struct agent_license, 1, enabled, "Enabled"),
};
const struct rec_type agent_license_type =
    REC_TYPE(agent_license, agent_license_fields);

static const struct rec_field agent_reporting_fields[] = {
	REC_STR(
	    struct agent_reporting, 1, address, "Address", .flags = REC_NOJSON),
	REC_REC(struct agent_reporting, 2, license, agent_license, "License"),
	REC_DUR(struct agent_reporting, 3, export_interval, "ExportInterval"),
	REC_STR(struct agent_reporting, 4, snapshot_retention_time_text,
	    "SnapshotRetentionTimeHCL", .hcl = "snapshot_retention_time"),
	REC_DUR(struct agent_reporting, 5, snapshot_retention_time,
	    "SnapshotRetentionTime", .flags = REC_NOHCL),
	REC_BOOL(struct agent_reporting, 6, non_production, "NonProduction"),
};
const struct rec_type agent_reporting_type =
    REC_TYPE(agent_reporting, agent_reporting_fields);

static const struct rec_field agent_sentinel_import_fields[] = {
	REC_STR(
	    struct agent_sentinel_import, 1, name, "Name", .flags = REC_LABEL),
	REC_STR(struct agent_sentinel_import, 2, path, "Path"),
	REC_STRS(struct agent_sentinel_import, 3, args, "Args"),
};
const struct rec_type agent_sentinel_import_type =
    REC_TYPE(agent_sentinel_import, agent_sentinel_import_fields);

static const struct rec_field agent_sentinel_fields[] = {
	REC_LIST(struct agent_sentinel, 1, imports, agent_sentinel_import,
	    "Imports", .hcl = "import"),
	REC_STRS(struct agent_sentinel, 2, additional_enabled_modules,
	    "AdditionalEnabledModules"),
};
const struct rec_type agent_sentinel_type =
    REC_TYPE(agent_sentinel, agent_sentinel_fields);

static const struct rec_field agent_audit_sink_fields[] = {
	REC_STR(struct agent_audit_sink, 1, name, "Name", .flags = REC_LABEL),
	REC_STR(struct agent_audit_sink, 2, delivery_guarantee,
	    "DeliveryGuarantee"),
	REC_STR(struct agent_audit_sink, 3, type, "Type"),
	REC_STR(struct agent_audit_sink, 4, format, "Format"),
	REC_STR(struct agent_audit_sink, 5, path, "Path"),
	REC_STR(struct agent_audit_sink, 6, rotate_duration_text,
	    "RotateDurationHCL", .hcl = "rotate_duration"),
	REC_DUR(struct agent_audit_sink, 7, rotate_duration, "RotateDuration",
	    .flags = REC_NOHCL),
	REC_I64(struct agent_audit_sink, 8, rotate_bytes, "RotateBytes"),
	REC_I64(struct agent_audit_sink, 9, rotate_max_files, "RotateMaxFiles"),
	REC_STR(struct agent_audit_sink, 10, mode, "Mode"),
};
const struct rec_type agent_audit_sink_type =
    REC_TYPE(agent_audit_sink, agent_audit_sink_fields);

static const struct rec_field agent_audit_filter_fields[] = {
	REC_STR(struct agent_audit_filter, 1, name, "Name", .flags = REC_LABEL),
	REC_STR(struct agent_audit_filter, 2, type, "Type"),
	REC_STRS(struct agent_audit_filter, 3, endpoints, "Endpoints"),
	REC_STRS(struct agent_audit_filter, 4, stages, "Stages"),
	REC_STRS(struct agent_audit_filter, 5, operations, "Operations"),
};
const struct rec_type agent_audit_filter_type =
    REC_TYPE(agent_audit_filter, agent_audit_filter_fields);

static const struct rec_field agent_audit_fields[] = {
	REC_OPT_BOOL(struct agent_audit, 1, enabled, "Enabled"),
	REC_LIST(struct agent_audit, 2, sinks, agent_audit_sink, "Sinks",
	    .hcl = "sink"),
	REC_LIST(struct agent_audit, 3, filters, agent_audit_filter, "Filters",
	    .hcl = "filter"),
};
const struct rec_type agent_audit_type =
    REC_TYPE(agent_audit, agent_audit_fields);

static const struct rec_field agent_plugin_fields[] = {
	REC_STR(struct agent_plugin, 1, name, "Name", .flags = REC_LABEL),
	REC_STRS(struct agent_plugin, 2, args, "Args"),
	REC_TREE(struct agent_plugin, 3, config, "Config"),
};
const struct rec_type agent_plugin_type =
    REC_TYPE(agent_plugin, agent_plugin_fields);

static const struct rec_field agent_keyring_fields[] = {
	REC_STR(
	    struct agent_keyring, 1, provider, "Provider", .flags = REC_LABEL),
	REC_STR(struct agent_keyring, 2, name, "Name"),
	REC_BOOL(struct agent_keyring, 3, active, "Active"),
	REC_STRMAP(
	    struct agent_keyring, 4, config, "Config", .flags = REC_NOHCL),
};
const struct rec_type agent_keyring_type =
    REC_TYPE(agent_keyring, agent_keyring_fields);
