/*
 * The service instances that an allocation offers now.
 *
 * Pure: made from the allocation and the state of its tasks. A task's
 * services are there while the task runs, a group's while a main task runs,
 * and none when the allocation is being stopped.
 */
#ifndef NODEAGENT_SERVICES_H
#define NODEAGENT_SERVICES_H

#include "cmd/nodeagent/allocrun.h"
#include "proto/catalog.h"
#include "proto/node.h"

struct service_list {
	struct service_instance *items;
	size_t nitems;
};

/* Appends the allocation's instances; names and tags are expanded. */
void services_of(const struct alloc_run *run, const struct node *node,
    const char *region, struct service_list *out);
void service_list_release(struct service_list *l);

/* The instance with the id, or NULL. */
const struct service_instance *service_list_find(
    const struct service_list *l, const char *id);

#endif
