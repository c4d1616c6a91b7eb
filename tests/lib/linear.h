/*
 * Is the history of a register linearizable?
 *
 * A register holds one number. Clients read it, write it, and replace it when
 * it holds what they expect. Each operation has a time at which it was asked
 * and one at which its answer was there; what happened in between is for the
 * checker to find: an order of all operations, in which each stands somewhere
 * between its own two times and each answer is right. The clock is one for
 * all clients.
 *
 * What failed for certain has no place in a history, and a replacement that
 * was refused is a read of what was there instead. One whose outcome nobody
 * knows may have happened at any time after it was asked, or never.
 *
 * The search is that of Wing and Gong (1993) with what Lowe (2017) adds to
 * it: what has been tried, as a set of operations and the value behind them,
 * is not tried again. Sets are told apart by 128 bits of hash. It takes time
 * that grows with the number of operations and exponentially with how many of
 * them overlap. Several registers are checked one by one.
 */
#ifndef TESTS_LIB_LINEAR_H
#define TESTS_LIB_LINEAR_H

#include <stddef.h>
#include <stdint.h>

#define LINEAR_NEVER UINT64_MAX
#define LINEAR_STEPS UINT64_C(20000000) /* a few seconds */

enum linear_kind { LINEAR_READ, LINEAR_WRITE, LINEAR_CAS };

struct linear_op {
	enum linear_kind kind;
	uint64_t called;   /* any clock that all share */
	uint64_t returned; /* LINEAR_NEVER: the outcome is not known */
	uint64_t expected; /* CAS: the value that it replaced */
	uint64_t value;    /* what was read, or written */
	unsigned client;   /* for messages */
};

enum linear_verdict {
	LINEAR_YES,
	LINEAR_NO,
	LINEAR_UNDECIDED, /* not within the steps allowed */
};

struct linear_result {
	enum linear_verdict verdict;
	uint64_t steps;
	size_t nordered;         /* as many as could be put in order */
	struct linear_op stuck;  /* NO: none of the orders has room for it */
	uint64_t value_at_stuck; /* what the longest of them ends in */
};

/*
 * Looks at n operations, in no order, on a register that held `initial`.
 * steps_max 0: LINEAR_STEPS. Reads of unknown outcome say nothing and are
 * passed over.
 *
 * When each value is written once, it all goes fast: of those of unknown
 * outcome one whose value nobody has seen is left out, one whose value somebody
 * has seen did happen by then; and no value is replaced before all have seen it
 * who did.
 */
struct linear_result linear_check(const struct linear_op *ops, size_t n,
    uint64_t initial, uint64_t steps_max);

#endif
