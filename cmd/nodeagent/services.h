/*
 * The service instances that an allocation offers now, and their checks.
 *
 * Pure: made from the allocation and the state of its tasks. A task's
 * services are there while the task runs, a group's while a main task runs,
 * and none when the allocation is being stopped.
 */
#ifndef NODEAGENT_SERVICES_H
#define NODEAGENT_SERVICES_H

#include "cmd/nodeagent/allocrun.h"
#include "cmd/nodeagent/check.h"
#include "proto/catalog.h"
#include "proto/node.h"

struct service_list {
	struct service_instance *items; /* without what their checks say */
	size_t nitems;
	struct check *checks; /* as they begin */
	size_t nchecks;
};

/* Appends the allocation's instances; names and tags are expanded, and so is
 * what a check says. */
void services_of(const struct alloc_run *run, const struct node *node,
    const char *region, struct run_time now, struct service_list *out);
void service_list_release(struct service_list *l);

/* The instance with the id, or NULL. */
const struct service_instance *service_list_find(
    const struct service_list *l, const char *id);

#endif
