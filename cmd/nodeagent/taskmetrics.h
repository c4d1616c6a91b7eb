/*
 * The numbers of the tasks on this node: what each uses, and what becomes of
 * it. Names and labels are Nomad's.
 */
#ifndef NODEAGENT_TASKMETRICS_H
#define NODEAGENT_TASKMETRICS_H

#include "cmd/nodeagent/runner.h"
#include "cmd/nodeagent/taskstats.h"

/* What is kept of a task between two looks. */
struct task_watch {
	struct task_stats stats;
	double ticks; /* sum of what each look told */
	uint64_t restarts;
	bool dead;
};

/* What the task uses now; to be cleared as resource_usage_type. */
void task_usage(struct runner *r, size_t task, struct resource_usage *out);

/* Sets the gauges of all tasks that are up. */
void task_metrics_set(struct nodeagent *na);

/* Counts what has happened to the runner's tasks since the last call. */
void task_metrics_step(struct runner *r);
/* What was restored is nothing new. */
void task_metrics_skip(struct runner *r);
/* Counts what a driver told. */
void task_metrics_event(
    struct runner *r, size_t task, const struct proc_event *event);

/* A step before the first task, such as making directories. */
void alloc_hook_metrics(
    struct nodeagent *na, const char *hook, bool done, int64_t took_ns);

#endif
