/*
 * What a task uses: its process and all that descend from it, read from /proc
 * now and then. Percents are of one core, over the time since the look
 * before; the first look's are since the task was started.
 */
#ifndef NODEAGENT_TASKSTATS_H
#define NODEAGENT_TASKSTATS_H

#include <sys/types.h>

#include "proto/stats.h"

struct task_stats {
	uint64_t life; /* which start of the task it is about */
	int64_t looked_ns;
	uint64_t user_ticks, system_ticks; /* of the clock, by then */
	uint64_t rss, max_rss;             /* bytes; the most that was seen */
	double user, system;               /* percents */
};

/* Another life begins anew. Two looks within TASK_STATS_MIN_NS count as one.
 * All is zero when the process is gone. */
#define TASK_STATS_MIN_NS INT64_C(200000000)
void task_stats_look(struct task_stats *s, pid_t pid, uint64_t life,
    int64_t started_ns, int64_t now_ns);

/* As Nomad has it; to be cleared as resource_usage_type. */
void task_stats_tell(const struct task_stats *s, double mhz_per_core,
    struct resource_usage *out);

#endif
