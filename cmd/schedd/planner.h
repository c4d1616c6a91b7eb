/*
 * A plan in the making: what all schedulers share.
 *
 * A planner holds the evaluation it works for, the world as the plan changes
 * it, one rank for each group that is placed, and what could not be placed.
 * planner_plan.c has what writes to the plan, planner_end.c what the
 * evaluation comes to.
 */
#ifndef SCHEDD_PLANNER_H
#define SCHEDD_PLANNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/schedd/feasible.h"
#include "cmd/schedd/rank.h"
#include "cmd/schedd/scheduler.h"
#include "cmd/schedd/world.h"

/* The feasibility and the ranks of one version of the job. */
struct planner_version {
	const struct job *job;
	struct feasible feasible;
	struct rank **ranks;    /* by group, made when first asked for */
	struct rank **evicting; /* the same, where others may give way */
	struct planner_version *next;
};

struct planner {
	const struct sched_state *st;
	const struct eval *eval;
	const struct sched_job *sj; /* NULL when nothing is known of it */
	const struct job *job;      /* NULL when purged */
	int64_t now;
	size_t max_work;   /* 0: no limit */
	size_t fixed_work; /* done before the second placement */
	struct rng *rng;
	struct arena arena;
	struct world world;
	struct rank_opts opts;
	struct planner_version *versions;
	struct scheduler_result *out;
	size_t stops_cap, places_cap, updates_cap, created_cap;
	bool may_evict;     /* jobs of this type may take others' places */
	struct map evicted; /* counts, see preempt.h */
	struct map losers;  /* jobs that lose something, by key */
	size_t preempts_cap;
	const char *deployment_id; /* of what is placed; "" none */
	const char *blocked_node;  /* that a system job waits for, or NULL */
	bool no_block;             /* what failed is not worth waiting for */
	bool queue_is_mine;        /* out->ended counts what this plan leaves */
};

/* out is zeroed, and holds the beginning of an answer afterwards. */
void planner_init(struct planner *p, const struct scheduler_view *view,
    const struct eval *eval, struct rng *rng, struct scheduler_result *out);
void planner_release(struct planner *p);

/* What was done so far; see scheduler_view. */
size_t planner_work(const struct planner *p);
/* Nothing more is to be placed: the rest is for another look, which is noted.
 */
bool planner_is_full(struct planner *p);

struct planner_version *planner_version(
    struct planner *p, const struct job *job);
/* group: its place in the version's job. */
struct rank *planner_rank(
    struct planner *p, const struct job *job, size_t group);
/* The same where less important allocations may give way; NULL when none
 * may for jobs of this type. */
struct rank *planner_evicting_rank(
    struct planner *p, const struct job *job, size_t group);
size_t planner_group(const struct job *job, const char *name);

/* An allocation ends (client_status "" leaves it to its node). */
void planner_stop(struct planner *p, const struct sched_alloc *a,
    const char *description, const char *client_status, const char *followup);
/* Takes the last stop back. */
void planner_unstop(struct planner *p, const struct sched_alloc *a);
/* Takes those back whose ids are there. */
void planner_unstop_all(struct planner *p, const struct map *alloc_ids);
/* The allocation has been replaced, or could not be; it goes on as it is. */
void planner_note_reschedule(struct planner *p, const struct sched_alloc *a,
    const char *last_reschedule);

/* A new allocation on the node, named job.group[name_index]. metric is taken
 * over. The record may be added to until the next call. */
struct alloc *planner_place(struct planner *p, const struct job *job,
    size_t group, uint32_t name_index, struct world_node *n,
    struct alloc_metric *metric);

/* Others leave the world for what is placed next ... */
void planner_make_way(struct planner *p, const struct preempt *way);
/* ... and the plan, now that it has been placed; their jobs are to be looked
 * at again. */
void planner_evict(
    struct planner *p, struct alloc *a, const struct preempt *way);

/* Adds them to the group's annotations. */
void planner_tell_evicted(struct planner *p, const char *group, size_t n);

/* A copy of the allocation's record that is to be written again. */
struct alloc *planner_update(struct planner *p, const struct sched_alloc *a);
/* The same, as one of the job's current version. */
void planner_update_version(struct planner *p, const struct sched_alloc *a);

/* The group could not be placed: metric is taken over by the first failure;
 * later ones are counted there. */
bool planner_has_failed(const struct planner *p, const char *group);
void planner_fail(struct planner *p, struct rank *r, const char *group,
    struct alloc_metric *metric);
void planner_fail_again(struct planner *p, struct rank *r, const char *group);

/* Adds to what of the group waits for a place. */
void planner_queue(struct planner *p, const char *group, int64_t n);

/* An evaluation for later, taken over. */
void planner_create_eval(struct planner *p, const struct eval *e);

/* Stops that were decided before: their nodes are now known to be lost. */
void planner_lose_stopped(struct planner *p);

/* Closes: a blocked evaluation for what failed, the status, has_plan. */
void planner_finish(struct planner *p);

#endif
