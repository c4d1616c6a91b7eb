/*
 * What a Consul catalog holds and is told: nodes, services, checks, and the
 * bodies of registrations. JSON names are Consul's.
 */
#ifndef COMMON_CATALOG_ENTRY_H
#define COMMON_CATALOG_ENTRY_H

#include "common/rec.h"

struct entry_weights {
	int64_t passing, warning;
};

struct entry_place {
	char *address;
	int64_t port;
};
struct entry_tagged { /* "lan": {"Address": ..., "Port": ...} */
	char *key;
	struct entry_place place;
};

struct entry_node {
	char *id;
	char *node; /* its name */
	char *address;
	char *datacenter;
	struct rec_kv *tagged;
	size_t ntagged;
	struct rec_kv *meta;
	size_t nmeta;
	uint64_t create_index, modify_index;
};

struct entry_service {
	char *id;
	char *service; /* its name */
	char **tags;
	size_t ntags;
	char *address;
	int64_t port;
	struct rec_kv *meta;
	size_t nmeta;
	struct entry_tagged *tagged;
	size_t ntagged;
	struct entry_weights *weights; /* NULL: one each */
	bool enable_tag_override;
	uint64_t create_index, modify_index;
};

struct entry_check {
	char *check_id;
	char *name;
	char *status; /* "passing", "warning", "critical" */
	char *notes;
	char *output;
	char *service_id; /* "": of the node */
	char *service_name;
	char *type;
	char *interval, *timeout;
	uint64_t create_index, modify_index;
};

/* A check as a registration with the agent describes it. */
struct entry_check_def {
	char *id, *check_id; /* either */
	char *name;
	char *notes;
	char *status;
	char *service_id;
	int64_t ttl;              /* ns; 0: of a kind that is not made here */
	int64_t deregister_after; /* ns */
};

/* PUT /v1/agent/service/register */
struct entry_local {
	char *id;
	char *name;
	char **tags;
	size_t ntags;
	char *address;
	int64_t port;
	struct rec_kv *meta;
	size_t nmeta;
	struct entry_tagged *tagged;
	size_t ntagged;
	struct entry_weights *weights;
	bool enable_tag_override;
	struct entry_check_def *check;
	struct entry_check_def *checks;
	size_t nchecks;
};

/* PUT /v1/catalog/register */
struct entry_register {
	char *id;
	char *node;
	char *address;
	char *datacenter;
	struct rec_kv *tagged;
	size_t ntagged;
	struct rec_kv *node_meta;
	size_t nnode_meta;
	bool skip_node_update;
	struct entry_service *service;
	struct entry_check *check;
	struct entry_check *checks;
	size_t nchecks;
};

/* PUT /v1/catalog/deregister */
struct entry_deregister {
	char *node;
	char *service_id;
	char *check_id;
};

/* PUT /v1/agent/check/update/:id */
struct entry_status {
	char *status;
	char *output;
};

extern const struct rec_type entry_weights_type, entry_place_type,
    entry_tagged_type, entry_node_type, entry_service_type, entry_check_type,
    entry_check_def_type, entry_local_type, entry_register_type,
    entry_deregister_type, entry_status_type;

#endif
