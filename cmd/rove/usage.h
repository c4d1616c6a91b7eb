/*
 * What -stats adds: the figures of a task or of a machine, one by one.
 */
#ifndef ROVE_USAGE_H
#define ROVE_USAGE_H

#include "proto/stats.h"

/* Of a task; what was not measured is left out. */
void usage_show_task(const struct resource_usage *u);

/* Of a machine: each processor, memory, each disk. */
void usage_show_host(const struct host_stats *s);

#endif
