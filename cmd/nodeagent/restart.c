#include "cmd/nodeagent/restart.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"

static struct restart_verdict
end(bool failed, const char *reason)
{
	struct restart_verdict v = { .failed = failed };

	snprintf(v.reason, sizeof v.reason, "%s", reason);
	return v;
}

/* Up to a quarter more, so that many tasks do not start at once. */
static uint64_t
with_jitter_ms(int64_t delay_ns, struct rng *rng)
{
	uint64_t ms = delay_ns > 0 ? (uint64_t)(delay_ns / CLOCK_NS_PER_MS) : 0;

	return ms + (ms / 4 > 0 ? rng_below(rng, ms / 4) : 0);
}

static struct restart_verdict
exceeded(const struct restart_policy *policy, struct restart_count *count,
    int64_t now_ns, struct rng *rng)
{
	struct restart_verdict v = { 0 };
	char interval[CLOCK_DUR_SIZE];

	if (policy->mode != NULL && strcmp(policy->mode, "delay") == 0) {
		v.again = true;
		v.delay_ms = with_jitter_ms(
		    count->window_start_ns + policy->interval - now_ns, rng);
		snprintf(
		    v.reason, sizeof v.reason, "Restart delayed by policy");
		return v;
	}
	clock_format_dur(policy->interval, interval);
	v.failed = true;
	snprintf(v.reason, sizeof v.reason,
	    "Exceeded allowed attempts %" PRId64
	    " in interval %s and mode is \"fail\"",
	    policy->attempts, interval);
	return v;
}

struct restart_verdict
restart_decide(const struct restart_policy *policy, struct restart_count *count,
    const struct restart_cause *cause, int64_t now_ns, struct rng *rng)
{
	struct restart_verdict v = { 0 };

	if (cause->success && !cause->on_success)
		return end(false,
		    "Restart unnecessary as task terminated successfully");
	if (cause->start_failed && cause->unrecoverable)
		return end(true, "Error was unrecoverable");
	if (policy == NULL || policy->attempts == 0)
		return end(!cause->success, "Policy allows no restarts");
	if (count->window_start_ns == 0 ||
	    now_ns - count->window_start_ns > policy->interval) {
		count->window_start_ns = now_ns;
		count->count = 0;
	}
	if (++count->count > policy->attempts)
		return exceeded(policy, count, now_ns, rng);
	v.again = true;
	v.delay_ms = with_jitter_ms(policy->delay, rng);
	snprintf(v.reason, sizeof v.reason, "Restart within policy");
	return v;
}
