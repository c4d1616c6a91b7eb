/*
 * What an evaluation comes to: the schedulers.
 *
 * scheduler_run() compares what the evaluation's job wants with what there
 * is and says what should change. It reads the state and changes nothing: the
 * plan is carried out when it comes back from the log, as far as it then
 * still fits (planapply.h). The same state, evaluation, time and seed give
 * the same answer.
 *
 * Of the result's evaluations `ended` is the one that was given, as it shall
 * be written when the plan is carried out whole; `created` are new ones,
 * blocked or to be looked at later. When the plan was carried out in part
 * only, the caller forgets both and runs again on the newer state, at most
 * scheduler_max_attempts() times in a row without progress; then it calls
 * scheduler_give_up().
 */
#ifndef SCHEDD_SCHEDULER_H
#define SCHEDD_SCHEDULER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/schedd/nodetable.h"
#include "cmd/schedd/state.h"
#include "common/err.h"
#include "common/rng.h"
#include "proto/cmd.h"
#include "proto/eval.h"

/* What a scheduler looks at, and how much of it at once. */
struct scheduler_view {
	const struct sched_state *st;
	/* Of st, refreshed after its last change; NULL: one is made for this
	 * look. */
	const struct nodetable *table;
	int64_t now_ns; /* wall clock */
	/* About as many microseconds, though nothing is measured; 0: as much
	 * as there is to do. At least one allocation is placed, if any can be,
	 * and a job that wants all at once is. */
	size_t max_work;
};

struct scheduler_result {
	struct cmd_plan plan; /* its evals are left empty */
	bool has_plan;        /* false: there is nothing to change */
	bool is_cut;          /* some placements are left for another look: the
			       * evaluation has not ended */
	size_t work;          /* that was done, as max_work counts it */
	struct eval ended;    /* status, queued, failed, blocked_eval ... */
	struct eval *created;
	size_t ncreated;
	/* The evaluation was a blocked one and is blocked again: `ended` is
	 * to be written with that status and no other one is made. */
	bool reblocked;
	struct plan_annotations annotations; /* what job plan shows */
};

/*
 * Looks at a job, once. out is on the heap: scheduler_result_release() it.
 * Always succeeds: what cannot be done is told in out->ended. An evaluation of
 * a type that no scheduler knows ends "failed".
 */
void scheduler_run(const struct scheduler_view *view, const struct eval *eval,
    struct rng *rng, struct scheduler_result *out);

/* How often an evaluation of this type is tried: 5 for service and system, 2
 * else. */
unsigned scheduler_max_attempts(const char *type);

/*
 * The end of an evaluation whose plans did not get through: "failed", with a
 * blocked one made to try again later, which has SCHEDULER_CONFLICTS for its
 * description. Its trigger is "max-plan-attempts"; "queued-allocs" where the
 * scheduler refuses that one, as of system jobs.
 */
#define SCHEDULER_CONFLICTS "created due to placement conflicts"
void scheduler_give_up(const struct sched_state *st, const struct eval *eval,
    int64_t now_ns, struct rng *rng, struct scheduler_result *out);

void scheduler_result_release(struct scheduler_result *out);

#endif
