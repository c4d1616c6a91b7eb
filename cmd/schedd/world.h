/*
 * The nodes as they will be when the plan that is being made has been
 * carried out: what is there, less what the plan stops, plus what it places.
 *
 * A job's candidates are the nodes that are ready, in one of its datacenters
 * and in its pool; other nodes are looked at when something of the job is on
 * them. Every change of a node is noted, so that whoever has ranked nodes
 * looks again at those alone. A cluster has many nodes and a plan touches few:
 * what the plan has changed, or somebody asked for, is a world_node, all else
 * a row of the table of nodes.
 */
#ifndef SCHEDD_WORLD_H
#define SCHEDD_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/schedd/nodetable.h"
#include "cmd/schedd/portset.h"
#include "cmd/schedd/state.h"
#include "common/arena.h"
#include "common/map.h"
#include "common/rng.h"

struct world_node;

/* What the plan places on a node. */
struct world_add {
	struct sched_usage usage;
	size_t group;                                /* place in the job */
	const struct allocated_resources *resources; /* borrowed */
	struct world_add *next;
};

struct world_node {
	const struct sched_node *sn;
	const struct node *node;
	struct sched_usage room, used;
	int64_t max_allocs; /* 0: as many as there is room for */
	size_t live;        /* allocations */
	size_t mine;        /* the job's own */
	uint32_t *in_group; /* the job's own, by group; NULL: none */
	uint32_t *akin;     /* likewise, of what is like it; see world_akin() */
	struct world_add *adds;
	struct portset ports; /* made when first asked for */
	bool has_ports;
	size_t class_no; /* in the table */
	uint64_t tie;    /* by chance: who is first among equals */
	size_t no;       /* its place in the world */
};

struct world {
	const struct sched_state *st;
	const struct sched_job *sj; /* NULL when there is no job */
	const struct job *job;
	struct arena *arena;
	struct rng *rng;
	const struct nodetable *table;
	struct nodetable own_table; /* when none was given */
	uint64_t chance;            /* that ties come from */
	/* By number, candidates first, of as many as the table has rows: their
	 * rows, and the nodes that were asked for, NULL for others. */
	uint32_t *rows;
	struct world_node **nodes;
	size_t nnodes;
	size_t ncandidates;
	uint32_t *numbers; /* by row: the number + 1; 0: it has none */
	/* Those that were asked for: nothing of the job is elsewhere. */
	struct world_node **made;
	size_t nmade, made_cap;
	struct map gone; /* allocations the plan stops, by id */
	size_t *changed; /* numbers of nodes, in order of change */
	size_t nchanged, changed_cap;
	size_t nlooks;            /* at nodes that were scored */
	struct rec_ki *available; /* candidates by datacenter, sorted; keys are
				   * the table's */
	size_t navailable;
};

/* job may be NULL: then there are no candidates. rng gives the ties. table is
 * of st, refreshed, and outlives w; NULL: a new one is read. */
void world_init(struct world *w, const struct sched_state *st,
    const struct nodetable *table, const struct sched_job *sj,
    const struct job *job, struct arena *arena, struct rng *rng);
void world_release(struct world *w);

/* The candidate with this number. */
struct world_node *world_candidate(struct world *w, size_t no);

/* The same to look at only: where nobody has asked for it yet *scratch is
 * filled and returned. Its ports must not be asked for. */
struct world_node *world_peek(
    const struct world *w, size_t no, struct world_node *scratch);

/* The table's row of the node with this number. */
const struct nodetable_row *world_row(const struct world *w, size_t no);

/* The node with this record, looked up in the state; NULL when unknown. */
struct world_node *world_node(struct world *w, const struct sched_node *sn);

/* The allocation will not be there; twice is once. The second takes it back. */
void world_remove(struct world *w, const struct sched_alloc *a);
void world_restore(struct world *w, const struct sched_alloc *a);
bool world_has(const struct world *w, const struct sched_alloc *a);

/* The allocation, which is none of the job's live ones, is like one of the
 * group with its name: where others can be had, the group keeps off. */
void world_akin(struct world *w, const struct sched_alloc *a);

/* Something of the job's group will be there. resources must outlive w. */
void world_place(struct world *w, struct world_node *n,
    const struct sched_usage *usage, size_t group,
    const struct allocated_resources *resources);

/* The ports in use, with the plan's own. Addresses are numbered by
 * sched_ip(). */
const struct portset *world_ports(struct world *w, struct world_node *n);

/* Whether what the plan places on the node has the port. */
bool world_places_port(const struct world *w, const struct world_node *n,
    uint32_t ip, int64_t port);

/* Whether a job may run on the node, looking at datacenter and pool only. */
bool world_is_meant(const struct job *job, const struct node *n);

/* Whether it may run in that pool of nodes: its own, or any if that is "all".
 * A job that is in the state names one. */
bool world_is_pool_meant(const struct job *job, const char *pool);

/* Text with stars for any run of characters. */
bool world_glob(const char *pattern, const char *text);

#endif
