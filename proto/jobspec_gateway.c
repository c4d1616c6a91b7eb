/* Gateways of the mesh: the other half of a connect block. */
#include "common/mem.h"
#include "proto/jobspec_connect.h"

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
const struct rec_type gateway_proxy_type =
    REC_TYPE(gateway_proxy, gateway_proxy_fields);

struct gateway_sds {
	char *cluster_name;
	char *cert_resource;
};

static const struct rec_field gateway_sds_fields[] = {
	REC_STR(struct gateway_sds, 1, cluster_name, "ClusterName"),
	REC_STR(struct gateway_sds, 2, cert_resource, "CertResource"),
};
const struct rec_type gateway_sds_type =
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
const struct rec_type gateway_tls_type =
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
const struct rec_type header_changes_type =
    REC_TYPE(header_changes, header_changes_fields);

struct ingress_tls {
	struct gateway_sds *sds;
};

static const struct rec_field ingress_tls_fields[] = {
	REC_PTR(struct ingress_tls, 1, sds, gateway_sds, "SDS"),
};
const struct rec_type ingress_tls_type =
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
const struct rec_type ingress_service_type =
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
const struct rec_type ingress_listener_type =
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
const struct rec_type ingress_type = REC_TYPE(ingress, ingress_fields);

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
const struct rec_type linked_service_type =
    REC_TYPE(linked_service, linked_service_fields);

struct terminating {
	struct linked_service *services;
	size_t nservices;
};

static const struct rec_field terminating_fields[] = {
	REC_LIST(struct terminating, 1, services, linked_service, "Services",
	    .hcl = "service"),
};
const struct rec_type terminating_type =
    REC_TYPE(terminating, terminating_fields);

/* Nothing can be said of it but that it is there. */
struct mesh {
	bool none;
};

static const struct rec_field mesh_fields[] = {
	REC_BOOL(struct mesh, 1, none, "", .flags = REC_NOHCL | REC_NOJSON),
};
const struct rec_type mesh_type = REC_TYPE(mesh, mesh_fields);

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
const struct rec_type gateway_type = REC_TYPE(gateway, gateway_fields);

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
