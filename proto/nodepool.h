/*
 * Node pools that people have described. Nodes and jobs name the pool they
 * are in, and a pool is there as soon as a node names it; what stands here
 * says more about it.
 */
#ifndef PROTO_NODEPOOL_H
#define PROTO_NODEPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/rec.h"

#define NODE_POOL_LEVEL           3 /* feature level with which they came */
#define NODE_POOL_NAME_MAX        128
#define NODE_POOL_DESCRIPTION_MAX 256

/* What the pool's jobs have otherwise than the cluster's configuration. */
struct node_pool_scheduler {
	char *scheduler_algorithm; /* "binpack", "spread"; "": the cluster's */
	bool memory_oversubscription_enabled;
	bool has_memory_oversubscription_enabled;
};

struct node_pool {
	char *name;
	char *description;
	struct rec_kv *meta;
	size_t nmeta;
	struct node_pool_scheduler *scheduler_configuration; /* NULL: none */
	uint64_t create_index;
	uint64_t modify_index;
};

extern const struct rec_type node_pool_scheduler_type, node_pool_type;

/* "all" and "default", which are always there and as they are. */
bool node_pool_is_built_in(const char *name);

/*
 * Whether it may be written: a name of 1 to NODE_POOL_NAME_MAX letters, digits
 * and "-_" that is not built in, a description of at most
 * NODE_POOL_DESCRIPTION_MAX bytes, an algorithm that there is.
 */
int node_pool_check(const struct node_pool *p, struct err *err);

#endif
