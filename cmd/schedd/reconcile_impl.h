/*
 * Inside reconcile.c and its siblings: one group's allocations, each in one
 * set at a time, and the steps that a group goes through. reconcile.c calls
 * the steps in order; each has a file for its kind.
 */
#ifndef SCHEDD_RECONCILE_IMPL_H
#define SCHEDD_RECONCILE_IMPL_H

#include "cmd/schedd/deploying.h"
#include "cmd/schedd/nameindex.h"
#include "cmd/schedd/reconcile.h"

enum item_set {
	ITEM_NEW, /* not yet looked at */
	ITEM_UNTAINTED,
	ITEM_MIGRATE,
	ITEM_LOST,
	ITEM_DISCONNECTING,
	ITEM_RECONNECTING,
	ITEM_EXPIRING,
	ITEM_RESCHEDULE,
	ITEM_DESTRUCTIVE,
	ITEM_OUT, /* done with */
	ITEM_NSETS,
};

struct item {
	const struct sched_alloc *a;
	const struct alloc *rec; /* decoded when first asked for */
	enum item_set set;
	bool canary;       /* of the current deployment */
	bool later;        /* to be rescheduled at `when` */
	bool reconnected;  /* was out of reach and is chosen to stay */
	bool cut_off;      /* disconnecting */
	bool out_of_reach; /* disconnecting, rescheduled now */
	int64_t when;
	const char *followup; /* of what is later */
};

struct group {
	const struct reconcile_in *in;
	struct reconcile *out;
	const char *name;
	const struct task_group *tg; /* NULL when the job has it no more */
	struct item *items;
	size_t n;
	struct desired_updates *desired;
	struct deployment_state *state; /* of the deployment, or a draft */
	bool state_exists;
	struct nameindex names;
};

const struct alloc *item_rec(const struct group *g, struct item *it);
size_t group_count(const struct group *g, enum item_set set);

/* Puts the items that are ITEM_NEW in sets by their nodes. */
void group_sort_by_node(struct group *g);
/* Of those untainted, takes out what failed and is to be tried again, and
 * what is of no interest. */
void group_sort_failed(struct group *g, const struct deployment *d);
/* The same of those disconnecting. */
void group_sort_out_of_reach(struct group *g, const struct deployment *d);
/* Chooses between what came back and what took its place. */
void group_sort_reconnected(struct group *g);

bool item_prevents_replacing(const struct item *it);
int64_t item_lost_after(const struct item *it);
/* When its node, out of touch, will have stopped it; 0: it will not. */
int64_t item_stops_by(const struct group *g, const struct item *it);

void out_stop(struct reconcile *out, const struct reconcile_stop *s);
void out_place(struct reconcile *out, const struct reconcile_place *p);
void out_update(struct reconcile *out, const struct reconcile_update *u);

/* Makes evaluations for items that are due later, those close to each other
 * sharing one; each item's followup is set. */
void group_follow_up(struct group *g, struct item **items, size_t n,
    const char *trigger, const char *description);

/* One group on its way through. */
struct work {
	struct group g;
	const struct deploying *d;
	bool canarying; /* canaries are out and not promoted */
	bool needs_canaries;
	size_t inplace; /* changed where they are */
	size_t ncanaries;
	size_t step;  /* how many may still be replaced */
	size_t first; /* places[first..] are this group's, not yet allowed */
};

/* --- reconcile_stop.c: what ends --- */

/* Ends one; it is in no set any more. client: "" leaves it to its node. */
void work_stop(
    struct work *w, struct item *it, const char *why, const char *client);
/* All of a job or a group that is no longer wanted. */
void work_stop_all(struct work *w);
/* A batch group that shall have none: what has ended is put away too. */
void work_retire_all(struct work *w);
/* Batch: what was stopped, or an older version finished, is history. */
void work_drop_old_ends(struct work *w);
/* Those that are lost, and as many as there are too many. */
void work_compute_stops(struct work *w);

/* --- reconcile_canary.c: what tries a new version first --- */

/* Finds them. Those of an older or failed deployment stop. */
void work_settle_canaries(struct work *w);
/* One that must leave its node is not moved. Counts those that stay. */
void work_drop_lost_canaries(struct work *w);
/* Whether one of them has the number. */
bool work_is_canary_number(const struct work *w, uint32_t no);
/* Places as many as are missing, where the deployment may go on. */
void work_consider_canaries(struct work *w);

/* --- reconcile_place.c: what changes and what is placed --- */

/* Changes what can be changed where it is; what cannot is ITEM_DESTRUCTIVE. */
void work_compute_updates(struct work *w);
/* How many may be replaced in this step. */
void work_compute_step(struct work *w);
/* Places what is missing, from w->first on; one of the next two follows. */
void work_compute_places(struct work *w);
/* The deployment may go on: all of them are allowed. */
void work_allow_places(struct work *w);
/* It may not: only what was lost or failed outside of it is placed. */
void work_restrict_places(struct work *w);
/* Replaces as many as the step allows; none when not ready. */
void work_compute_replacements(struct work *w, bool ready);
void work_compute_migrations(struct work *w);

/* --- reconcile_later.c: what is looked at again, and when --- */

/* Of those disconnecting and failed: which count, and which are due. */
void work_sort_out_of_reach(struct work *w);
/* What stays out of reach for too long is looked at again. */
void work_follow_up_out_of_reach(struct work *w);
void work_follow_up_failed(struct work *w);
/* Says so of what is out of reach, once all its evaluations are known. */
void work_tell_out_of_reach(struct work *w);
/* What its node stops by itself is replaced once that must have happened. */
void work_follow_up_lost(struct work *w);

#endif
