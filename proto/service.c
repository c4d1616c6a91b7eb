#include "proto/service.h"

static const struct rec_field check_restart_fields[] = {
	REC_I64(struct check_restart, 1, limit, "Limit"),
	REC_OPT_DUR(struct check_restart, 2, grace, "Grace"),
	REC_BOOL(struct check_restart, 3, ignore_warnings, "IgnoreWarnings"),
};
const struct rec_type check_restart_type =
    REC_TYPE(check_restart, check_restart_fields);

static const struct rec_field service_check_fields[] = {
	REC_STR(struct service_check, 1, name, "Name"),
	REC_STR(struct service_check, 2, type, "Type"),
	REC_STR(struct service_check, 3, command, "Command"),
	REC_STRS(struct service_check, 4, args, "Args", .opt = true),
	REC_STR(struct service_check, 5, path, "Path"),
	REC_STR(struct service_check, 6, protocol, "Protocol"),
	REC_STR(
	    struct service_check, 7, port_label, "PortLabel", .hcl = "port"),
	REC_BOOL(struct service_check, 8, expose, "Expose"),
	REC_STR(struct service_check, 9, address_mode, "AddressMode"),
	REC_STR(struct service_check, 10, advertise, "Advertise"),
	REC_DUR(struct service_check, 11, interval, "Interval"),
	REC_DUR(struct service_check, 12, timeout, "Timeout"),
	REC_STR(struct service_check, 13, initial_status, "InitialStatus"),
	REC_STR(struct service_check, 14, notes, "Notes"),
	REC_STR(struct service_check, 15, tls_server_name, "TLSServerName"),
	REC_BOOL(struct service_check, 16, tls_skip_verify, "TLSSkipVerify"),
	REC_MAP(struct service_check, 17, header, rec_kvs, "Header",
	    .opt = true, .flags = REC_BLOCK),
	REC_STR(struct service_check, 18, method, "Method"),
	REC_PTR(struct service_check, 19, check_restart, check_restart,
	    "CheckRestart"),
	REC_STR(struct service_check, 20, grpc_service, "GRPCService"),
	REC_BOOL(struct service_check, 21, grpc_use_tls, "GRPCUseTLS"),
	REC_STR(struct service_check, 22, task_name, "TaskName", .hcl = "task"),
	REC_I64(struct service_check, 23, success_before_passing,
	    "SuccessBeforePassing"),
	REC_I64(struct service_check, 24, failures_before_critical,
	    "FailuresBeforeCritical"),
	REC_I64(struct service_check, 25, failures_before_warning,
	    "FailuresBeforeWarning"),
	REC_STR(struct service_check, 26, body, "Body"),
	REC_STR(struct service_check, 27, on_update, "OnUpdate"),
};
const struct rec_type service_check_type =
    REC_TYPE(service_check, service_check_fields);

static const struct rec_field service_weights_fields[] = {
	REC_I64(struct service_weights, 1, passing, "Passing"),
	REC_I64(struct service_weights, 2, warning, "Warning"),
};
const struct rec_type service_weights_type =
    REC_TYPE(service_weights, service_weights_fields);

static const struct rec_field workload_identity_fields[] = {
	REC_STR(struct workload_identity, 1, name, "Name"),
	REC_STRS(struct workload_identity, 2, audience, "Audience",
	    .hcl = "aud", .opt = true),
	REC_STR(struct workload_identity, 3, change_mode, "ChangeMode"),
	REC_STR(struct workload_identity, 4, change_signal, "ChangeSignal"),
	REC_BOOL(struct workload_identity, 5, env, "Env"),
	REC_BOOL(struct workload_identity, 6, file, "File"),
	REC_STR(struct workload_identity, 7, filepath, "Filepath"),
	REC_STR(struct workload_identity, 8, service_name, "ServiceName"),
	REC_DUR(struct workload_identity, 9, ttl, "TTL"),
	/* 10 was a map of claims */
	REC_STRS(struct workload_identity, 11, extra_claims, "ExtraClaims",
	    .opt = true),
};
const struct rec_type workload_identity_type =
    REC_TYPE(workload_identity, workload_identity_fields);

static const struct rec_field service_fields[] = {
	REC_STR(struct service, 1, name, "Name"),
	REC_STRS(struct service, 2, tags, "Tags", .opt = true),
	REC_STRS(struct service, 3, canary_tags, "CanaryTags", .opt = true),
	REC_BOOL(struct service, 4, enable_tag_override, "EnableTagOverride"),
	REC_STR(struct service, 5, port_label, "PortLabel", .hcl = "port"),
	REC_STR(struct service, 6, address_mode, "AddressMode"),
	REC_STR(struct service, 7, address, "Address"),
	REC_LIST(
	    struct service, 8, checks, service_check, "Checks", .hcl = "check"),
	REC_PTR(
	    struct service, 9, check_restart, check_restart, "CheckRestart"),
	REC_TREE(struct service, 10, connect, "Connect", .flags = REC_BLOCK),
	REC_MAP(struct service, 11, meta, rec_kv, "Meta", .opt = true,
	    .flags = REC_BLOCK),
	REC_MAP(struct service, 12, canary_meta, rec_kv, "CanaryMeta",
	    .opt = true, .flags = REC_BLOCK),
	REC_MAP(struct service, 13, tagged_addresses, rec_kv, "TaggedAddresses",
	    .opt = true, .flags = REC_BLOCK),
	REC_STR(struct service, 14, task_name, "TaskName", .hcl = "task"),
	REC_STR(struct service, 15, on_update, "OnUpdate"),
	REC_PTR(struct service, 16, identity, workload_identity, "Identity"),
	REC_PTR(struct service, 17, weights, service_weights, "Weights"),
	REC_STR(struct service, 18, provider, "Provider"),
	REC_STR(struct service, 19, cluster, "Cluster"),
	REC_STR(struct service, 20, kind, "Kind"),
	REC_STR(struct service, 21, namespace, "Namespace",
	    .flags = REC_OMIT | REC_NOHCL),
};
const struct rec_type service_type = REC_TYPE(service, service_fields);
