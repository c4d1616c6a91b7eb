/*
 * How much fits on a node, and how well.
 *
 * What tasks of an allocation take up at once depends on when they run:
 * main, poststart and sidecar tasks together; prestart and poststop tasks at
 * other times, so of them only the largest counts.
 */
#ifndef SCHEDD_FIT_H
#define SCHEDD_FIT_H

#include <stdbool.h>

#include "cmd/schedd/state.h"

/* What an allocation with these resources takes up at most. */
void fit_usage(const struct allocated_resources *r, struct sched_usage *out);

/* Adds d to u, or with -1 takes it out. */
void fit_usage_add(
    struct sched_usage *u, const struct sched_usage *d, int64_t sign);

/* What a node has for allocations: all of it less what is reserved. */
void fit_node_room(const struct node *n, struct sched_usage *out);

/* "cpu", "memory" or "disk": the first of them that is used beyond the
 * room; NULL when all fits. */
const char *fit_exceeded(
    const struct sched_usage *used, const struct sched_usage *room);

/* 0 to 18: how full (binpack) or empty (spread) the node is with that much
 * used; room as fit_node_room() gives it. */
double fit_score(const struct sched_usage *used, const struct sched_usage *room,
    bool spread);

#endif
