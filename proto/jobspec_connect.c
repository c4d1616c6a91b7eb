#include "proto/jobspec_connect.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "proto/task.h"

struct mesh_gateway {
	char *mode;
};

static const struct rec_field mesh_gateway_fields[] = {
	REC_STR(struct mesh_gateway, 1, mode, "Mode"),
};
static const struct rec_type mesh_gateway_type =
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
static const struct rec_type upstream_type =
    REC_TYPE(upstream, upstream_fields);

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
static const struct rec_type expose_path_type =
    REC_TYPE(expose_path, expose_path_fields);

struct expose {
	struct expose_path *paths;
	size_t npaths;
};

static const struct rec_field expose_fields[] = {
	REC_LIST(struct expose, 1, paths, expose_path, "Paths", .hcl = "path"),
};
static const struct rec_type expose_type = REC_TYPE(expose, expose_fields);

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
static const struct rec_type transparent_proxy_type =
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
static const struct rec_type sidecar_proxy_type =
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
static const struct rec_type sidecar_service_type =
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
static const struct rec_type sidecar_task_type =
    REC_TYPE(sidecar_task, sidecar_task_fields);

/* --- gateways --- */

struct bind_address {
	char *key;
	char *name;
	char *address;
	int64_t port;
};

static const struct rec_field bind_address_fields[] = {
	REC_STR(struct bind_address, 1, key, ""),
	REC_STR(struct bind_address, 2, name, "Name", .flags = REC_NOHCL),
	REC_STR(struct bind_address, 3, address, "Address"),
	REC_I64(struct bind_address, 4, port, "Port"),
};
const struct rec_type bind_address_type =
    REC_TYPE(bind_address, bind_address_fields);

struct gateway_proxy {
	int64_t connect_timeout;
	bool has_connect_timeout;
	bool envoy_gateway_bind_tagged_addresses;
	struct bind_address *envoy_gateway_bind_addresses;
	size_t nenvoy_gateway_bind_addresses;
	bool envoy_gateway_no_default_bind;
	char *envoy_dns_discovery_type;
	struct tree *config;
};

static const struct rec_field gateway_proxy_fields[] = {
	REC_OPT_DUR(struct gateway_proxy, 1, connect_timeout, "ConnectTimeout"),
	REC_BOOL(struct gateway_proxy, 2, envoy_gateway_bind_tagged_addresses,
	    "EnvoyGatewayBindTaggedAddresses"),
	REC_MAP(struct gateway_proxy, 3, envoy_gateway_bind_addresses,
	    bind_address, "EnvoyGatewayBindAddresses"),
	REC_BOOL(struct gateway_proxy, 4, envoy_gateway_no_default_bind,
	    "EnvoyGatewayNoDefaultBind"),
	REC_STR(struct gateway_proxy, 5, envoy_dns_discovery_type,
	    "EnvoyDNSDiscoveryType"),
	REC_TREE(struct gateway_proxy, 6, config, "Config", .flags = REC_BLOCK),
};
static const struct rec_type gateway_proxy_type =
    REC_TYPE(gateway_proxy, gateway_proxy_fields);

struct gateway_sds {
	char *cluster_name;
	char *cert_resource;
};

static const struct rec_field gateway_sds_fields[] = {
	REC_STR(struct gateway_sds, 1, cluster_name, "ClusterName"),
	REC_STR(struct gateway_sds, 2, cert_resource, "CertResource"),
};
static const struct rec_type gateway_sds_type =
    REC_TYPE(gateway_sds, gateway_sds_fields);

struct gateway_tls {
	bool enabled;
	char *tls_min_version;
	char *tls_max_version;
	char **cipher_suites;
	size_t ncipher_suites;
	struct gateway_sds *sds;
};

static const struct rec_field gateway_tls_fields[] = {
	REC_BOOL(struct gateway_tls, 1, enabled, "Enabled"),
	REC_STR(struct gateway_tls, 2, tls_min_version, "TLSMinVersion"),
	REC_STR(struct gateway_tls, 3, tls_max_version, "TLSMaxVersion"),
	REC_STRS(
	    struct gateway_tls, 4, cipher_suites, "CipherSuites", .opt = true),
	REC_PTR(struct gateway_tls, 5, sds, gateway_sds, "SDS"),
};
static const struct rec_type gateway_tls_type =
    REC_TYPE(gateway_tls, gateway_tls_fields);

struct header_changes {
	struct rec_kv *add;
	size_t nadd;
	struct rec_kv *set;
	size_t nset;
	char **remove;
	size_t nremove;
};

static const struct rec_field header_changes_fields[] = {
	REC_MAP(struct header_changes, 1, add, rec_kv, "Add", .opt = true,
	    .flags = REC_BLOCK),
	REC_MAP(struct header_changes, 2, set, rec_kv, "Set", .opt = true,
	    .flags = REC_BLOCK),
	REC_STRS(struct header_changes, 3, remove, "Remove", .opt = true),
};
static const struct rec_type header_changes_type =
    REC_TYPE(header_changes, header_changes_fields);

struct ingress_tls {
	struct gateway_sds *sds;
};

static const struct rec_field ingress_tls_fields[] = {
	REC_PTR(struct ingress_tls, 1, sds, gateway_sds, "SDS"),
};
static const struct rec_type ingress_tls_type =
    REC_TYPE(ingress_tls, ingress_tls_fields);

struct ingress_service {
	char *name;
	char **hosts;
	size_t nhosts;
	struct ingress_tls *tls;
	struct header_changes *request_headers;
	struct header_changes *response_headers;
	uint64_t max_connections;
	bool has_max_connections;
	uint64_t max_pending_requests;
	bool has_max_pending_requests;
	uint64_t max_concurrent_requests;
	bool has_max_concurrent_requests;
};

static const struct rec_field ingress_service_fields[] = {
	REC_STR(struct ingress_service, 1, name, "Name"),
	REC_STRS(struct ingress_service, 2, hosts, "Hosts", .opt = true),
	REC_PTR(struct ingress_service, 3, tls, ingress_tls, "TLS"),
	REC_PTR(struct ingress_service, 4, request_headers, header_changes,
	    "RequestHeaders"),
	REC_PTR(struct ingress_service, 5, response_headers, header_changes,
	    "ResponseHeaders"),
	REC_OPT_U64(
	    struct ingress_service, 6, max_connections, "MaxConnections"),
	REC_OPT_U64(struct ingress_service, 7, max_pending_requests,
	    "MaxPendingRequests"),
	REC_OPT_U64(struct ingress_service, 8, max_concurrent_requests,
	    "MaxConcurrentRequests"),
};
static const struct rec_type ingress_service_type =
    REC_TYPE(ingress_service, ingress_service_fields);

struct ingress_listener {
	int64_t port;
	char *protocol;
	struct ingress_service *services;
	size_t nservices;
};

static const struct rec_field ingress_listener_fields[] = {
	REC_I64(struct ingress_listener, 1, port, "Port"),
	REC_STR(struct ingress_listener, 2, protocol, "Protocol"),
	REC_LIST(struct ingress_listener, 3, services, ingress_service,
	    "Services", .hcl = "service"),
};
static const struct rec_type ingress_listener_type =
    REC_TYPE(ingress_listener, ingress_listener_fields);

struct ingress {
	struct gateway_tls *tls;
	struct ingress_listener *listeners;
	size_t nlisteners;
};

static const struct rec_field ingress_fields[] = {
	REC_PTR(struct ingress, 1, tls, gateway_tls, "TLS"),
	REC_LIST(struct ingress, 2, listeners, ingress_listener, "Listeners",
	    .hcl = "listener"),
};
static const struct rec_type ingress_type = REC_TYPE(ingress, ingress_fields);

struct linked_service {
	char *name;
	char *ca_file;
	char *cert_file;
	char *key_file;
	char *sni;
};

static const struct rec_field linked_service_fields[] = {
	REC_STR(struct linked_service, 1, name, "Name"),
	REC_STR(struct linked_service, 2, ca_file, "CAFile"),
	REC_STR(struct linked_service, 3, cert_file, "CertFile"),
	REC_STR(struct linked_service, 4, key_file, "KeyFile"),
	REC_STR(struct linked_service, 5, sni, "SNI"),
};
static const struct rec_type linked_service_type =
    REC_TYPE(linked_service, linked_service_fields);

struct terminating {
	struct linked_service *services;
	size_t nservices;
};

static const struct rec_field terminating_fields[] = {
	REC_LIST(struct terminating, 1, services, linked_service, "Services",
	    .hcl = "service"),
};
static const struct rec_type terminating_type =
    REC_TYPE(terminating, terminating_fields);

/* Nothing can be said of it but that it is there. */
struct mesh {
	bool none;
};

static const struct rec_field mesh_fields[] = {
	REC_BOOL(struct mesh, 1, none, "", .flags = REC_NOHCL | REC_NOJSON),
};
static const struct rec_type mesh_type = REC_TYPE(mesh, mesh_fields);

struct gateway {
	struct gateway_proxy *proxy;
	struct ingress *ingress;
	struct terminating *terminating;
	struct mesh *mesh;
};

static const struct rec_field gateway_fields[] = {
	REC_PTR(struct gateway, 1, proxy, gateway_proxy, "Proxy"),
	REC_PTR(struct gateway, 2, ingress, ingress, "Ingress"),
	REC_PTR(struct gateway, 3, terminating, terminating, "Terminating"),
	REC_PTR(struct gateway, 4, mesh, mesh, "Mesh"),
};
static const struct rec_type gateway_type = REC_TYPE(gateway, gateway_fields);

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

void
fold_bind_address(
    struct rec_hcl *h, void *rec, void *more, const struct hcl_body *body)
{
	struct bind_address *a = rec;

	(void)h;
	(void)more;
	(void)body;
	if (a->name == NULL)
		a->name = xstrdup(a->key);
}

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
