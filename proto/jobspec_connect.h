/*
 * A service's connect block: what Consul's mesh is asked for. Nothing of ours
 * reads it but its JSON, so a job keeps it as a tree and only the job file
 * reader knows its members.
 */
#ifndef PROTO_JOBSPEC_CONNECT_H
#define PROTO_JOBSPEC_CONNECT_H

#include "proto/jobspec_impl.h"

struct connect;
extern const struct rec_type mesh_gateway_type, upstream_type, expose_path_type,
    expose_type, transparent_proxy_type, sidecar_proxy_type,
    sidecar_service_type, sidecar_task_type, connect_type, bind_address_type,
    gateway_proxy_type, gateway_sds_type, gateway_tls_type, header_changes_type,
    ingress_tls_type, ingress_service_type, ingress_listener_type, ingress_type,
    linked_service_type, terminating_type, mesh_type, gateway_type;

/* The block as the tree that a service keeps. */
struct tree *connect_tree(const struct connect *connect);

/* The sugar of a gateway's address: its name is its label. */
void fold_bind_address(
    struct rec_hcl *h, void *rec, void *more, const struct hcl_body *body);

#endif
