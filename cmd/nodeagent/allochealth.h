/*
 * Whether an allocation is healthy, which deployments wait for: all main
 * tasks have run for min_healthy_time before healthy_deadline has passed.
 * Told once; only allocations of a deployment are watched.
 */
#ifndef NODEAGENT_ALLOCHEALTH_H
#define NODEAGENT_ALLOCHEALTH_H

#include "cmd/nodeagent/allocrun.h"

void alloc_health_update(struct alloc_run *run, struct run_time now);

/* When time alone could change the verdict (monotonic ms); 0: never. */
uint64_t alloc_health_due_ms(const struct alloc_run *run);

#endif
