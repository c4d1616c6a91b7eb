/*
 * The schedulers, each of which fills the planner's result.
 */
#ifndef SCHEDD_GENERIC_H
#define SCHEDD_GENERIC_H

#include <stdbool.h>

#include "cmd/schedd/planner.h"

/* Service and batch jobs: so many allocations, wherever they are best. */
void generic_run(struct planner *p, bool batch);

/* System and sysbatch jobs: one allocation on every node. */
void system_run(struct planner *p, bool batch);

#endif
