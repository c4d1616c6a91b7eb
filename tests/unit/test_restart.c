#include "cmd/nodeagent/restart.h"

#include <string.h>

#include "common/clock.h"
#include "tests/lib/unit.h"

#define S CLOCK_NS_PER_S

static const struct restart_policy twice = { .attempts = 2,
	.interval = 1800 * S,
	.delay = 15 * S,
	.mode = (char *)(uintptr_t) "fail" };

static struct restart_verdict
decide(const struct restart_policy *p, struct restart_count *count,
    struct restart_cause cause, int64_t now_ns)
{
	struct rng rng;

	rng_init(&rng, 1);
	return restart_decide(p, count, &cause, now_ns, &rng);
}

START_TEST(restart_counts_attempts_within_the_interval)
{
	struct restart_count count = { 0 };
	struct restart_cause crash = { .on_success = true };
	struct restart_verdict v;

	for (int i = 0; i < 2; i++) {
		v = decide(&twice, &count, crash, 1000 * S);
		ck_assert(v.again);
		ck_assert_uint_ge(v.delay_ms, 15000);
		ck_assert_uint_lt(v.delay_ms, 15000 * 5 / 4);
	}
	v = decide(&twice, &count, crash, 1000 * S);
	ck_assert(!v.again);
	ck_assert(v.failed);
	ck_assert_str_eq(v.reason, "Exceeded allowed attempts 2 in interval "
				   "30m0s and mode is \"fail\"");
	/* A new interval, a new count. */
	ck_assert(decide(&twice, &count, crash, 3000 * S).again);
}
END_TEST

START_TEST(restart_leaves_a_batch_task_that_succeeded)
{
	struct restart_count count = { 0 };
	struct restart_cause done = { .success = true };
	struct restart_verdict v = decide(&twice, &count, done, S);

	ck_assert(!v.again);
	ck_assert(!v.failed);
}
END_TEST

START_TEST(restart_gives_up_on_what_cannot_be_mended)
{
	struct restart_count count = { 0 };
	struct restart_cause cause = { .start_failed = true,
		.unrecoverable = true };
	struct restart_policy never = { .attempts = 0 };

	ck_assert(decide(&twice, &count, cause, S).failed);
	cause.unrecoverable = false;
	ck_assert(decide(&never, &count, cause, S).failed);
	ck_assert(decide(&twice, &count, cause, S).again);
}
END_TEST

START_TEST(restart_waits_for_the_next_interval_in_mode_delay)
{
	struct restart_policy wait = twice;
	struct restart_count count = { .window_start_ns = 1000 * S,
		.count = 2 };
	struct restart_cause crash = { 0 };
	struct restart_verdict v;

	wait.mode = (char *)(uintptr_t) "delay";
	v = decide(&wait, &count, crash, 1100 * S);
	ck_assert(v.again);
	ck_assert_uint_ge(v.delay_ms, 1700 * 1000);
}
END_TEST

UNIT_MAIN("restart", restart_counts_attempts_within_the_interval,
    restart_leaves_a_batch_task_that_succeeded,
    restart_gives_up_on_what_cannot_be_mended,
    restart_waits_for_the_next_interval_in_mode_delay)
