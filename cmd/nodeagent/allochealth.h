/*
 * Whether an allocation is healthy, which deployments and drains wait for: all
 * main tasks have run for min_healthy_time before healthy_deadline has passed,
 * and with health_check "checks" those of its services have been well as long.
 * In a deployment its update block says so, else, for a service, the migrate
 * block. Told once; of no other allocation, nor where health is set by hand.
 * What kept one from it is told by its tasks' events.
 */
#ifndef NODEAGENT_ALLOCHEALTH_H
#define NODEAGENT_ALLOCHEALTH_H

#include "cmd/nodeagent/allocrun.h"

/* It belongs to another deployment now, which waits for it anew. */
void alloc_health_begin(struct alloc_run *run, struct run_time now);

void alloc_health_update(struct alloc_run *run, struct run_time now);

/* When time alone could change the verdict (monotonic ms); 0: never. */
uint64_t alloc_health_due_ms(const struct alloc_run *run);

#endif
