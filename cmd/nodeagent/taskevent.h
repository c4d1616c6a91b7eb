/*
 * Task events: what `alloc status` tells of a task's life. Types, texts and
 * details are Nomad's. Only the newest TASK_MAX_EVENTS are kept.
 */
#ifndef NODEAGENT_TASKEVENT_H
#define NODEAGENT_TASKEVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/nodeagent/allocrun.h"
#include "proto/alloc.h"

/* The new event, to be filled further; borrowed until the next one. */
struct task_event *task_event_add(struct task_state *state, const char *type,
    const char *message, int64_t now_ns);
void task_event_terminated(
    struct task_state *state, const struct task_end *end, int64_t now_ns);
/* Its directory is made, before it starts for the first time. */
void task_event_setup(struct task_state *state, int64_t now_ns);
/* What the driver tells while it works. */
void task_event_driver(
    struct task_state *state, const char *message, int64_t now_ns);
void task_event_restarting(struct task_state *state, const char *reason,
    uint64_t delay_ms, int64_t now_ns);
void task_event_not_restarting(
    struct task_state *state, const char *reason, bool fails, int64_t now_ns);
void task_event_killing(
    struct task_state *state, uint64_t timeout_ms, int64_t now_ns);
void task_event_driver_failure(
    struct task_state *state, const char *why, int64_t now_ns);
/* A check has the task restarted. */
void task_event_check_restart(
    struct task_state *state, const char *check, int64_t now_ns);
/* Why the task kept its allocation from becoming healthy. */
void task_event_unhealthy(
    struct task_state *state, const char *why, int64_t now_ns);
/* The task ends because no server has heard of the node for so long. */
void task_event_fenced(
    struct task_state *state, uint64_t silent_ms, int64_t now_ns);
void task_event_sibling(
    struct task_state *state, const char *sibling, int64_t now_ns);

#endif
