/*
 * Whether and when a task that ended starts again.
 *
 * Pure: the count of restarts in the current interval is the caller's, and
 * so is time. The rules are those of Nomad's restart policy: within an
 * interval at most `attempts` restarts, each after `delay` and up to a
 * quarter more; then mode "fail" gives up and mode "delay" waits for the
 * next interval. An exit with 0 restarts a service and ends a batch task.
 */
#ifndef NODEAGENT_RESTART_H
#define NODEAGENT_RESTART_H

#include <stdbool.h>
#include <stdint.h>

#include "common/rng.h"
#include "proto/task.h"

#define RESTART_REASON_MAX 160

struct restart_count {
	int64_t window_start_ns; /* when the interval began; 0: never */
	int64_t count;           /* restarts in it */
};

struct restart_verdict {
	bool again;
	bool failed;       /* not again, and the task counts as failed */
	uint64_t delay_ms; /* before it starts again */
	char reason[RESTART_REASON_MAX];
};

/* How the task ended. */
struct restart_cause {
	bool success;       /* exit code 0, no signal */
	bool start_failed;  /* it never ran ... */
	bool unrecoverable; /* ... and trying again cannot help */
	bool on_success;    /* success restarts it too: services */
};

struct restart_verdict restart_decide(const struct restart_policy *policy,
    struct restart_count *count, const struct restart_cause *cause,
    int64_t now_ns, struct rng *rng);

#endif
