#include "proto/jobspec_connect.h"

#include "proto/task.h"

struct mesh_gateway {
	char *mode;
};

static const struct rec_field mesh_gateway_fields[] = {
	REC_STR(struct mesh_gateway, 1, mode, "Mode"),
};
const struct rec_type mesh_gateway_type =
    REC_TYPE(mesh_gateway, mesh_gateway_fields);

/* --- the sidecar of a service --- */

struct upstream {
	char *destination_name;
	char *destination_namespace;
	char *destination_peer;
	char *destination_partition;
	char *destination_type;
	char *datacenter;
	char *local_bind_address;
	int64_t local_bind_port;
	char *local_bind_socket_path;
	char *local_bind_socket_mode;
	struct mesh_gateway *mesh_gateway;
	struct tree *config;
};

static const struct rec_field upstream_fields[] = {
	REC_STR(struct upstream, 1, destination_name, "DestinationName"),
	REC_STR(
	    struct upstream, 2, destination_namespace, "DestinationNamespace"),
	REC_STR(struct upstream, 3, destination_peer, "DestinationPeer"),
	REC_STR(
	    struct upstream, 4, destination_partition, "DestinationPartition"),
	REC_STR(struct upstream, 5, destination_type, "DestinationType"),
	REC_STR(struct upstream, 6, datacenter, "Datacenter"),
	REC_STR(struct upstream, 7, local_bind_address, "LocalBindAddress"),
	REC_I64(struct upstream, 8, local_bind_port, "LocalBindPort"),
	REC_STR(
	    struct upstream, 9, local_bind_socket_path, "LocalBindSocketPath"),
	REC_STR(
	    struct upstream, 10, local_bind_socket_mode, "LocalBindSocketMode"),
	REC_PTR(struct upstream, 11, mesh_gateway, mesh_gateway, "MeshGateway"),
	REC_TREE(struct upstream, 12, config, "Config", .flags = REC_BLOCK),
};
const struct rec_type upstream_type = REC_TYPE(upstream, upstream_fields);

struct expose_path {
	char *path;
	char *protocol;
	int64_t local_path_port;
	char *listener_port;
};

static const struct rec_field expose_path_fields[] = {
	REC_STR(struct expose_path, 1, path, "Path"),
	REC_STR(struct expose_path, 2, protocol, "Protocol"),
	REC_I64(struct expose_path, 3, local_path_port, "LocalPathPort"),
	REC_STR(struct expose_path, 4, listener_port, "ListenerPort"),
};
const struct rec_type expose_path_type =
    REC_TYPE(expose_path, expose_path_fields);

struct expose {
	struct expose_path *paths;
	size_t npaths;
};

static const struct rec_field expose_fields[] = {
	REC_LIST(struct expose, 1, paths, expose_path, "Paths", .hcl = "path"),
};
const struct rec_type expose_type = REC_TYPE(expose, expose_fields);

struct transparent_proxy {
	char *uid;
	int64_t outbound_port;
	char **exclude_inbound_ports;
	size_t nexclude_inbound_ports;
	int64_t *exclude_outbound_ports;
	size_t nexclude_outbound_ports;
	char **exclude_outbound_cidrs;
	size_t nexclude_outbound_cidrs;
	char **exclude_uids;
	size_t nexclude_uids;
	bool no_dns;
};

static const struct rec_field transparent_proxy_fields[] = {
	REC_STR(struct transparent_proxy, 1, uid, "UID"),
	REC_I64(struct transparent_proxy, 2, outbound_port, "OutboundPort"),
	REC_STRS(struct transparent_proxy, 3, exclude_inbound_ports,
	    "ExcludeInboundPorts", .opt = true),
	REC_I64S(struct transparent_proxy, 4, exclude_outbound_ports,
	    "ExcludeOutboundPorts", .opt = true),
	REC_STRS(struct transparent_proxy, 5, exclude_outbound_cidrs,
	    "ExcludeOutboundCIDRs", .opt = true),
	REC_STRS(struct transparent_proxy, 6, exclude_uids, "ExcludeUIDs",
	    .opt = true),
	REC_BOOL(struct transparent_proxy, 7, no_dns, "NoDNS"),
};
const struct rec_type transparent_proxy_type =
    REC_TYPE(transparent_proxy, transparent_proxy_fields);

struct sidecar_proxy {
	char *local_service_address;
	int64_t local_service_port;
	struct expose *expose;
	struct upstream *upstreams;
	size_t nupstreams;
	struct tree *config;
	struct transparent_proxy *transparent_proxy;
};

static const struct rec_field sidecar_proxy_fields[] = {
	REC_STR(struct sidecar_proxy, 1, local_service_address,
	    "LocalServiceAddress"),
	REC_I64(
	    struct sidecar_proxy, 2, local_service_port, "LocalServicePort"),
	REC_PTR(struct sidecar_proxy, 3, expose, expose, "Expose"),
	REC_LIST(struct sidecar_proxy, 4, upstreams, upstream, "Upstreams"),
	REC_TREE(struct sidecar_proxy, 5, config, "Config", .flags = REC_BLOCK),
	REC_PTR(struct sidecar_proxy, 6, transparent_proxy, transparent_proxy,
	    "TransparentProxy"),
};
const struct rec_type sidecar_proxy_type =
    REC_TYPE(sidecar_proxy, sidecar_proxy_fields);

struct sidecar_service {
	char **tags;
	size_t ntags;
	char *port;
	struct sidecar_proxy *proxy;
	bool disable_default_tcp_check;
	struct rec_kv *meta;
	size_t nmeta;
};

static const struct rec_field sidecar_service_fields[] = {
	REC_STRS(struct sidecar_service, 1, tags, "Tags", .opt = true),
	REC_STR(struct sidecar_service, 2, port, "Port"),
	REC_PTR(struct sidecar_service, 3, proxy, sidecar_proxy, "Proxy"),
	REC_BOOL(struct sidecar_service, 4, disable_default_tcp_check,
	    "DisableDefaultTCPCheck"),
	REC_MAP(struct sidecar_service, 5, meta, rec_kv, "Meta", .opt = true,
	    .flags = REC_BLOCK),
};
const struct rec_type sidecar_service_type =
    REC_TYPE(sidecar_service, sidecar_service_fields);

struct sidecar_task {
	char *name;
	char *driver;
	char *user;
	struct tree *config;
	struct rec_kv *env;
	size_t nenv;
	struct resources *resources;
	struct rec_kv *meta;
	size_t nmeta;
	int64_t kill_timeout;
	bool has_kill_timeout;
	struct log_config *log_config;
	int64_t shutdown_delay;
	bool has_shutdown_delay;
	char *kill_signal;
	struct volume_mount *volume_mounts;
	size_t nvolume_mounts;
};

static const struct rec_field sidecar_task_fields[] = {
	REC_STR(struct sidecar_task, 1, name, "Name"),
	REC_STR(struct sidecar_task, 2, driver, "Driver"),
	REC_STR(struct sidecar_task, 3, user, "User"),
	REC_TREE(struct sidecar_task, 4, config, "Config", .flags = REC_BLOCK),
	REC_MAP(struct sidecar_task, 5, env, rec_kv, "Env", .opt = true,
	    .flags = REC_BLOCK),
	REC_PTR(struct sidecar_task, 6, resources, resources, "Resources"),
	REC_MAP(struct sidecar_task, 7, meta, rec_kv, "Meta", .opt = true,
	    .flags = REC_BLOCK),
	REC_OPT_DUR(struct sidecar_task, 8, kill_timeout, "KillTimeout"),
	REC_PTR(struct sidecar_task, 9, log_config, log_config, "LogConfig",
	    .hcl = "logs"),
	REC_OPT_DUR(struct sidecar_task, 10, shutdown_delay, "ShutdownDelay"),
	REC_STR(struct sidecar_task, 11, kill_signal, "KillSignal"),
	REC_LIST(struct sidecar_task, 12, volume_mounts, volume_mount,
	    "VolumeMounts", .hcl = "volume_mount"),
};
const struct rec_type sidecar_task_type =
    REC_TYPE(sidecar_task, sidecar_task_fields);

/* --- the block --- */

struct connect {
	bool native;
	struct gateway *gateway;
	struct sidecar_service *sidecar_service;
	struct sidecar_task *sidecar_task;
};

static const struct rec_field connect_fields[] = {
	REC_BOOL(struct connect, 1, native, "Native"),
	REC_PTR(struct connect, 2, gateway, gateway, "Gateway"),
	REC_PTR(struct connect, 3, sidecar_service, sidecar_service,
	    "SidecarService"),
	REC_PTR(struct connect, 4, sidecar_task, sidecar_task, "SidecarTask"),
};
const struct rec_type connect_type = REC_TYPE(connect, connect_fields);

/* Absent members are left out, as they are of everything else in a job. */
static struct tree *
without_nulls(const struct tree *t)
{
	struct tree *out;

	if (t->kind != TREE_MAP)
		return tree_copy(t);
	out = tree_map();
	for (size_t i = 0; i < t->nmembers; i++)
		if (t->members[i].value->kind != TREE_NULL)
			tree_set(out, t->members[i].key,
			    without_nulls(t->members[i].value));
	return out;
}

struct tree *
connect_tree(const struct connect *connect)
{
	struct tree *all = rec_to_tree(&connect_type, connect);
	struct tree *t = without_nulls(all);

	tree_free(all);
	return t;
}
