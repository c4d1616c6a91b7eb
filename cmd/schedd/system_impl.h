/*
 * Inside system.c and its siblings: one group on its way through. What there
 * is of it is looked at first; then what must change is replaced, what is
 * missing is placed, and the deployment is told.
 */
#ifndef SCHEDD_SYSTEM_IMPL_H
#define SCHEDD_SYSTEM_IMPL_H

#include "cmd/schedd/deploying.h"
#include "cmd/schedd/generic.h"

struct system {
	struct planner *p;
	bool batch; /* what has ended is done */
	struct deploying d;
	struct deployment *fresh; /* begun by this plan */
	struct deployment *done;  /* a copy of one that had succeeded */
	bool grown;               /* and shall have more than it had */
	bool complete;
};

/* One group, and what is to be done about it. */
struct system_group {
	struct system *s;
	size_t no; /* in the job */
	const struct task_group *tg;
	struct desired_updates *desired;
	const struct sched_alloc **updates; /* of an older version */
	size_t nupdates;
	const struct sched_alloc **last; /* what ended, by node and number */
	bool *here;                      /* something is there, likewise */
	size_t count;
	size_t step; /* how many may still be replaced */
	size_t inplace, ndestructive, nplaced;
	size_t ncanaries; /* how many nodes try the new version first */
	bool existing;    /* something of the group stays */
	bool canarying;   /* what is replaced is a canary */
	struct alloc_metric *filtered; /* of nodes it may not use */
};

/* --- system_look.c --- */

/* Fills updates, last and here; stops what has no place any more. */
void system_look(struct system_group *g);
/* Where `last` and `here` have the node's index. */
size_t system_slot(
    const struct system_group *g, const struct world_node *n, uint32_t index);
/* Something stays as it is. */
void system_keep(struct system_group *g);

/* --- system_place.c --- */

/* A new version is first tried on a share of the nodes, in percent. */
void system_consider_canaries(struct system_group *g);
/* What is of an older version changes, as far as the step allows. */
void system_update_all(struct system_group *g);
void system_place_missing(struct system_group *g);
/* When nothing of the group is anywhere, the nodes that it may not use are
 * the reason. */
void system_tell_filtered(struct system_group *g);

/* --- system_deploy.c --- */

/* How many may still be replaced. */
size_t system_step(const struct system_group *g);
/* What the plan shall have placed, with what is there already. */
void system_count_wanted(struct system_group *g);
/* The group's part of the deployment, which begins with the first. */
void system_deploy(struct system_group *g);
/* After all groups: the deployment begins, ends or goes on. */
void system_settle(struct system *s, const struct deployment *latest);

#endif
