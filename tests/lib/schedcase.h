/*
 * Recorded scheduler cases (tests/vectors/scheduler): a case becomes a
 * state, the scheduler's answer becomes a tree of the recorded form.
 */
#ifndef TESTS_LIB_SCHEDCASE_H
#define TESTS_LIB_SCHEDCASE_H

#include "cmd/schedd/scheduler.h"
#include "cmd/schedd/state.h"
#include "common/tree.h"

struct schedcase {
	struct sched_state st;
	struct eval eval;
	struct job *job; /* the evaluated one's current version, borrowed */
	int64_t now;
};

/* Fills c; nodes is the case's node set. The case was recorded by a program
 * that we trust: what cannot be read aborts. */
void schedcase_init(
    struct schedcase *c, const struct tree *t, const struct tree *nodes);
void schedcase_release(struct schedcase *c);

/* The answer as "Expect" has it; carries the plan out in the state to see
 * the deployment afterwards. */
struct tree *schedcase_tell(
    struct schedcase *c, const struct scheduler_result *res);

/* What is expected, with references between its parts followed. */
struct tree *schedcase_want(const struct tree *expect);

/* Whether got has all that want has; else why says where it has not. Lists
 * are in any order, zero is like absent. */
bool schedcase_has(
    const struct tree *want, const struct tree *got, struct buf *why);

#endif
