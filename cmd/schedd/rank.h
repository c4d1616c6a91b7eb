/*
 * Which of the nodes that may run a group is best.
 *
 * A rank is made once for a group and then asked for one placement after the
 * other. Every node is scored when the rank is first used; after that only
 * nodes that the plan has changed are scored again, and the best is taken
 * from a heap. So count placements on n nodes cost n + count * log n. Where
 * every placement moves every score (spreads, distinct properties), all are
 * scored each time.
 */
#ifndef SCHEDD_RANK_H
#define SCHEDD_RANK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/schedd/feasible.h"
#include "cmd/schedd/preempt.h"
#include "cmd/schedd/world.h"
#include "proto/alloc.h"

/* What the mean of a node's score is made of. */
enum rank_part {
	RANK_BINPACK,
	RANK_ANTI_AFFINITY, /* others of the same group are there */
	RANK_PENALTY,       /* the allocation failed there before */
	RANK_AFFINITY,
	RANK_SPREAD,
	RANK_PREEMPTION, /* others must go */
	RANK_NPARTS,
};

#define RANK_TOLD 5 /* nodes whose scores are kept with a placement */

struct rank;

struct rank_opts {
	bool pack_only; /* system jobs: nothing but how well it fits */
	bool spread_algorithm;
	bool oversubscription; /* memory_max counts */
	/* Allocations of jobs so much less important than this may give
	 * way; 0: none do. */
	int64_t evict_priority;
	const struct map *evicted; /* by the plan already; see preempt.h */
};

/* What is known about a node that was asked alone. */
struct rank_verdict {
	const char *filtered;  /* it may not run there: why */
	const char *exhausted; /* there is no room: of what */
};

/* Memory beyond the arena's is freed by rank_free(). job is the version
 * that is placed; f is of the same version. */
struct rank *rank_new(struct world *w, struct feasible *f,
    const struct job *job, size_t group, const struct rank_opts *opts);
void rank_free(struct rank *r);

/*
 * The best node, or NULL when none fits. Nodes in `avoid` get a penalty;
 * `only`, when given, is looked at alone. *metric is filled on the heap
 * either way and is the caller's.
 */
struct world_node *rank_select(struct rank *r, struct world_node *const *avoid,
    size_t navoid, struct world_node *only, struct alloc_metric *metric);

/* Asks about one node, as select with `only` does, without a metric. */
struct rank_verdict rank_ask(struct rank *r, struct world_node *n);

/* Who must go from the node, which was selected, for the group to fit. */
void rank_victims(struct rank *r, struct world_node *n, struct preempt *way);

/* What the group gets on the node, on the heap; ports are chosen now, so those
 * who make way must have left the world. Counts it into the world. */
struct allocated_resources *rank_take(struct rank *r, struct world_node *n);

/* One more that could not be placed for the reasons the metric tells. */
void rank_coalesce(const struct rank *r, struct alloc_metric *metric);

/* Adds what it would have needed of the exhausted kinds. */
void rank_tell_needs(const struct rank *r, struct alloc_metric *metric);

#endif
