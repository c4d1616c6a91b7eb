/*
 * A service's connect block: what Consul's mesh is asked for. Nothing of ours
 * reads it but its JSON, so a job keeps it as a tree and only the job file
 * reader knows its members.
 */
#ifndef PROTO_JOBSPEC_CONNECT_H
#define PROTO_JOBSPEC_CONNECT_H

#include "proto/jobspec_impl.h"

struct connect;
extern const struct rec_type connect_type;

/* The block as the tree that a service keeps. */
struct tree *connect_tree(const struct connect *connect);

/* The sugar of a gateway's address: its name is its label. */
extern const struct rec_type bind_address_type;
void fold_bind_address(
    struct rec_hcl *h, void *rec, void *more, const struct hcl_body *body);

#endif
