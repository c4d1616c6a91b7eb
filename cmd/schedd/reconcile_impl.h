/*
 * Inside reconcile.c and its siblings: one group's allocations, each in one
 * set at a time.
 */
#ifndef SCHEDD_RECONCILE_IMPL_H
#define SCHEDD_RECONCILE_IMPL_H

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

#endif
