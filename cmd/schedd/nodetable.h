/*
 * The nodes as schedulers look at them, kept between evaluations: what is the
 * same for every job stands in one row a node, names as numbers. A refresh
 * reads again what has changed since the last one, so that an evaluation costs
 * what it looks at and not what there is.
 *
 * A table belongs to one state. It borrows the state's nodes: after a command
 * it may be used again when it has been refreshed, and when a state was
 * restored it must be released first.
 */
#ifndef SCHEDD_NODETABLE_H
#define SCHEDD_NODETABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/schedd/state.h"
#include "common/map.h"

struct nodetable_row {
	const struct sched_node *sn;
	const struct node *node;
	struct sched_usage room;
	int64_t max_allocs; /* 0: as many as there is room for */
	uint32_t class_no, datacenter_no, pool_no;
	bool is_ready;
};

/* Names that have numbers, in order of their first mention. */
struct nodetable_names {
	struct map numbers; /* name to number + 1 */
	char **names;
	size_t n, cap;
};

struct nodetable {
	uint64_t index; /* of the state's nodes, when they were read */
	struct nodetable_row *rows; /* in the state's order */
	size_t nrows, cap;
	struct map by_id; /* number of the row + 1 */
	struct nodetable_names classes, datacenters, pools;
};

/* A zeroed table is one that knows nothing. */
void nodetable_refresh(struct nodetable *t, const struct sched_state *st);
void nodetable_release(struct nodetable *t);

/* The node's row; nrows: it has no record. */
size_t nodetable_find(const struct nodetable *t, const char *node_id);

#endif
