/*
 * What a service or batch job wants against what there is of it.
 *
 * reconcile() looks at every group of the job and says which allocations
 * should stop, which should be changed where they are, and which should be
 * made, with the name each takes and the one it follows. It does not choose
 * nodes. Deployments begin, are cancelled and end here.
 */
#ifndef SCHEDD_RECONCILE_H
#define SCHEDD_RECONCILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/schedd/state.h"
#include "common/arena.h"
#include "common/rng.h"
#include "proto/cmd.h"
#include "proto/eval.h"

/* Failures that are due within this are due now. */
#define RECONCILE_WINDOW_NS INT64_C(1000000000)
/* Later ones that are this close share an evaluation. */
#define RECONCILE_BATCH_NS INT64_C(5000000000)

enum reconcile_change {
	RECONCILE_SAME,    /* nothing to do */
	RECONCILE_INPLACE, /* can be changed where it is */
	RECONCILE_REPLACE, /* must be replaced */
};

/* Whether an allocation of an older version can become one of the current
 * version where it is. */
typedef enum reconcile_change reconcile_compare_fn(
    void *ctx, const struct sched_alloc *a, const struct task_group *tg);

struct reconcile_in {
	const struct sched_state *st;
	const struct sched_job *sj; /* NULL: nothing is known of the job */
	const struct job *job;      /* NULL when purged */
	const struct eval *eval;
	const struct deployment *deployment; /* the job's latest, or NULL */
	bool batch;
	int64_t now;
	struct arena *arena; /* what is borrowed below */
	struct rng *rng;
	reconcile_compare_fn *compare;
	void *ctx;
};

struct reconcile_stop {
	const struct sched_alloc *alloc;
	const char *description;
	const char *client_status; /* "" leaves it */
	const char *followup;      /* evaluation, "" none */
	bool rescheduled;          /* it goes on as it is, replaced */
};

struct reconcile_place {
	const struct task_group *tg;
	uint32_t name_index;
	const struct sched_alloc *previous; /* NULL when it follows none */
	bool stop_previous;                 /* together with placing it */
	bool reschedule;                    /* previous failed */
	bool lost;
	bool canary;
	/* To be made of the version that was last known to be good, as
	 * canaries of the current one are not promoted. */
	bool downgrade;
};

enum reconcile_kind {
	RECONCILE_TO_VERSION, /* now of the current version */
	RECONCILE_FOLLOW_UP,  /* will be looked at by the evaluation */
	RECONCILE_UNKNOWN,    /* its node is out of reach */
	RECONCILE_RECONNECTED,
};

struct reconcile_update {
	const struct sched_alloc *alloc;
	enum reconcile_kind kind;
	const char *followup;
};

struct reconcile {
	struct reconcile_stop *stops;
	size_t nstops, stops_cap;
	struct reconcile_place *places; /* destructive ones first */
	size_t nplaces, places_cap;
	struct reconcile_update *updates;
	size_t nupdates, updates_cap;
	struct desired_updates *desired; /* keys borrowed */
	size_t ndesired;
	struct deployment *deployment;     /* a new one, on the heap */
	struct deployment_change *changes; /* text borrowed */
	size_t nchanges;
	struct eval *followups; /* on the heap */
	size_t nfollowups, followups_cap;
};

/* Fills out. reconcile_release() frees what was not taken over (and set to
 * NULL). */
void reconcile(const struct reconcile_in *in, struct reconcile *out);
void reconcile_release(struct reconcile *out);

extern const char reconcile_not_needed[], reconcile_migrating[],
    reconcile_updating[], reconcile_lost[], reconcile_unknown[],
    reconcile_rescheduled[], reconcile_tainted[], reconcile_reconnected[];

#endif
