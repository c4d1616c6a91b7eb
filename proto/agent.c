#include "proto/agent.h"

static const struct rec_field agent_ports_fields[] = {
	REC_I64(struct agent_ports, 1, http, "HTTP"),
	REC_I64(struct agent_ports, 2, rpc, "RPC"),
	REC_I64(struct agent_ports, 3, serf, "Serf"),
};
const struct rec_type agent_ports_type =
    REC_TYPE(agent_ports, agent_ports_fields);

static const struct rec_field agent_addrs_fields[] = {
	REC_STR(struct agent_addrs, 1, http, "HTTP"),
	REC_STR(struct agent_addrs, 2, rpc, "RPC"),
	REC_STR(struct agent_addrs, 3, serf, "Serf"),
};
const struct rec_type agent_addrs_type =
    REC_TYPE(agent_addrs, agent_addrs_fields);

static const struct rec_field agent_lb_fields[] = {
	REC_OPT_BOOL(struct agent_lb, 1, enabled, "Enabled"),
	REC_STR(struct agent_lb, 2, proxy, "Proxy"),
	REC_STR(struct agent_lb, 3, ui, "UI"),
	REC_STR(struct agent_lb, 4, strategy, "Strategy"),
	REC_STR(struct agent_lb, 5, matcher, "Matcher"),
	REC_STR(struct agent_lb, 6, tag_prefix, "TagPrefix"),
	REC_I64(struct agent_lb, 7, no_route_status, "NoRouteStatus"),
	REC_STR(struct agent_lb, 8, routes_file, "RoutesFile"),
};
const struct rec_type agent_lb_type = REC_TYPE(agent_lb, agent_lb_fields);

static const struct rec_field agent_config_fields[] = {
	REC_STR(struct agent_config, 1, region, "Region"),
	REC_STR(struct agent_config, 2, datacenter, "Datacenter"),
	REC_STR(struct agent_config, 3, name, "NodeName"),
	REC_STR(struct agent_config, 4, data_dir, "DataDir"),
	REC_STR(struct agent_config, 5, plugin_dir, "PluginDir"),
	REC_STR(struct agent_config, 6, log_level, "LogLevel"),
	REC_BOOL(struct agent_config, 7, log_json, "LogJson"),
	REC_BOOL(
	    struct agent_config, 8, log_include_location, "LogIncludeLocation"),
	REC_STR(struct agent_config, 9, log_file, "LogFile"),
	REC_STR(
	    struct agent_config, 10, log_rotate_duration, "LogRotateDuration"),
	REC_I64(struct agent_config, 11, log_rotate_bytes, "LogRotateBytes"),
	REC_I64(
	    struct agent_config, 12, log_rotate_max_files, "LogRotateMaxFiles"),
	REC_STR(struct agent_config, 13, bind_addr, "BindAddr"),
	REC_BOOL(struct agent_config, 14, enable_debug, "EnableDebug"),
	REC_REC(struct agent_config, 15, ports, agent_ports, "Ports"),
	REC_REC(struct agent_config, 16, addresses, agent_addrs, "Addresses"),
	REC_REC(
	    struct agent_config, 17, advertise, agent_addrs, "AdvertiseAddrs"),
	REC_REC(struct agent_config, 18, client, agent_client, "Client"),
	REC_REC(struct agent_config, 19, server, agent_server, "Server"),
	REC_REC(struct agent_config, 20, rpc, agent_rpc, "RPC"),
	REC_REC(struct agent_config, 21, acl, agent_acl, "ACL"),
	REC_REC(
	    struct agent_config, 22, telemetry, agent_telemetry, "Telemetry"),
	REC_BOOL(struct agent_config, 23, leave_on_interrupt, "LeaveOnInt"),
	REC_BOOL(struct agent_config, 24, leave_on_terminate, "LeaveOnTerm"),
	REC_BOOL(struct agent_config, 25, enable_syslog, "EnableSyslog"),
	REC_STR(struct agent_config, 26, syslog_facility, "SyslogFacility"),
	REC_OPT_BOOL(struct agent_config, 27, disable_update_check,
	    "DisableUpdateCheck"),
	REC_BOOL(struct agent_config, 28, disable_anonymous_signature,
	    "DisableAnonymousSignature"),
	REC_LIST(struct agent_config, 29, consuls, agent_consul, "Consuls",
	    .hcl = "consul"),
	REC_LIST(struct agent_config, 30, vaults, agent_vault, "Vaults",
	    .hcl = "vault"),
	REC_REC(struct agent_config, 31, ui, agent_ui, "UI"),
	REC_BOOL(
	    struct agent_config, 32, dev_mode, "DevMode", .flags = REC_NOHCL),
	REC_STRS(struct agent_config, 33, files, "Files", .flags = REC_NOHCL),
	REC_STRS(struct agent_config, 34, config_paths, "ConfigPaths",
	    .flags = REC_NOHCL),
	REC_REC(struct agent_config, 35, tls, agent_tls, "TLSConfig"),
	REC_STRMAP(struct agent_config, 36, http_api_response_headers,
	    "HTTPAPIResponseHeaders"),
	REC_REC(struct agent_config, 37, sentinel, agent_sentinel, "Sentinel"),
	REC_REC(
	    struct agent_config, 38, autopilot, agent_autopilot, "Autopilot"),
	REC_LIST(struct agent_config, 39, plugins, agent_plugin, "Plugins",
	    .hcl = "plugin"),
	REC_REC(struct agent_config, 40, limits, agent_limits, "Limits"),
	REC_REC(struct agent_config, 41, audit, agent_audit, "Audit"),
	REC_REC(
	    struct agent_config, 42, reporting, agent_reporting, "Reporting"),
	REC_LIST(struct agent_config, 43, keyrings, agent_keyring,
	    "KEKProviders", .hcl = "keyring"),
	REC_REC(struct agent_config, 44, eventlog, agent_eventlog, "Eventlog"),
	REC_PTR(struct agent_config, 45, lb, agent_lb, "LB"),
};
const struct rec_type agent_config_type =
    REC_TYPE(agent_config, agent_config_fields);
