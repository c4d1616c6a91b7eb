/*
 * What this machine and the tasks on it use now, read from /proc.
 */
#ifndef NODEAGENT_STATS_H
#define NODEAGENT_STATS_H

#include <sys/types.h>

#include "proto/stats.h"

/* The machine; alloc_dir's file system counts as the allocations' disk. */
void stats_of_host(struct host_stats *out, const char *alloc_dir,
    int64_t now_ns, double cpu_mhz_total);

/* A task: the process and all its descendants. Zero when it is gone.
 * ticks is what it has used so far, in MHz over the time since started. */
void stats_of_task(struct resource_usage *out, pid_t pid, int64_t now_ns,
    int64_t started_ns, double mhz_per_core);

#endif
