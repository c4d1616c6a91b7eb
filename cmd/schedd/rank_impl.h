/*
 * Inside rank.c and its siblings: a rank keeps a score for every candidate and
 * a heap of those that fit; a score is void once its node has a newer version.
 */
#ifndef SCHEDD_RANK_IMPL_H
#define SCHEDD_RANK_IMPL_H

#include "cmd/schedd/rank.h"
#include "cmd/schedd/spread.h"

enum rank_state { RANK_FILTERED, RANK_EXHAUSTED, RANK_SCORED };

struct rank_score {
	enum rank_state state;
	const char *reason;
	double parts[RANK_NPARTS];
	double norm; /* the mean of those that count */
	uint32_t nparts;
	uint32_t version;
};

struct rank_entry {
	double norm;
	uint64_t tie;
	size_t no;
	uint32_t version; /* of the score; an older one is void */
};

/* Names and how often; order of first mention. */
struct rank_names {
	const char **names;
	int64_t *counts;
	size_t n;
};

/* Why nodes were passed over. */
struct rank_tally {
	int64_t filtered, exhausted;
	struct rank_names constraints, dimensions;
	struct rank_names class_filtered, class_exhausted;
};

struct rank_property {
	const struct constraint *constraint;
	struct spread_count count;
};

/* How well a use of the room fits is the same on many nodes. */
#define RANK_NFITS 256 /* a power of two */

struct rank_fit {
	int64_t used_cpu, used_mb, room_cpu, room_mb;
	double score;
	bool is_known;
};

struct rank {
	struct world *w;
	struct feasible *f;
	const struct job *job;
	const struct task_group *tg;
	size_t group;
	struct rank_opts opts;
	struct allocated_resources proto;
	struct sched_usage ask;
	int64_t ncores; /* whole ones that are asked for */
	int64_t affinity_weight;
	size_t naffinities;
	bool hosts_of_job, hosts_of_group; /* one allocation a node */
	bool has_ports;                    /* that are asked for */
	bool looks_inside; /* at single allocations of the nodes */
	struct rank_property *properties;
	size_t nproperties;
	struct spreads spreads;
	bool linear;
	struct rank_score *scores; /* by number of the candidate */
	struct rank_entry *heap;
	size_t nheap, heap_cap;
	size_t seen; /* changes of the world */
	bool retold;
	struct rank_fit fits[RANK_NFITS];
	struct rank_tally tally;
};

void tally_note(struct rank_tally *t, const struct rank_score *s,
    const struct node *n, int64_t sign);
void tally_tell(const struct rank_tally *t, struct alloc_metric *m);
void tally_release(struct rank_tally *t);

/* How many candidates there are, where. */
void rank_tell_nodes(const struct rank *r, struct alloc_metric *m);
/* One more node with its scores. */
void rank_tell_scores(const struct rank *r, const char *node_id,
    const struct rank_score *s, struct alloc_metric *m);

/* --- rank_score.c --- */

/* Scores the node anew, whatever the heap says; avoid: it failed there
 * before. */
void rank_score_node(
    struct rank *r, struct world_node *n, bool avoid, struct rank_score *s);
/* Whole cores are worth what they are on the node: sets r->ask. Returns what
 * is exhausted, or NULL. */
const char *rank_price_cores(struct rank *r, struct world_node *n);
/* Adds the group to *used, less whoever has a port that it needs and may give
 * way, who is added to *way. Returns what is exhausted, or NULL. */
const char *rank_check_room(struct rank *r, struct world_node *n,
    struct sched_usage *used, struct preempt *way);
/* Whether the reason goes away when others leave, who are added to *way. */
bool rank_evict(struct rank *r, struct world_node *n, const char *reason,
    struct preempt *way);

/* --- rank_heap.c --- */

void rank_heap_push(struct rank *r, struct rank_entry e);
/* Adds at the end; rank_heap_order() must follow before the next pop. */
void rank_heap_add(struct rank *r, struct rank_entry e);
void rank_heap_order(struct rank *r);
/* The best; there must be one. */
struct rank_entry rank_heap_pop(struct rank *r);

#endif
