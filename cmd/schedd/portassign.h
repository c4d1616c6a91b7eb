/*
 * Ports for a group on a node: static ones as asked, dynamic ones from the
 * node's range, each on the address of its host network. So for the networks
 * of tasks, as jobs had them before groups had some: they are on the default
 * network, and stand with their task alone.
 */
#ifndef SCHEDD_PORTASSIGN_H
#define SCHEDD_PORTASSIGN_H

#include "cmd/schedd/preempt.h"
#include "cmd/schedd/world.h"
#include "proto/job.h"

#define PORTASSIGN_DYNAMIC_MIN 20000
#define PORTASSIGN_DYNAMIC_MAX 32000

/*
 * NULL when all ports can be had, else the reason, borrowed from the world's
 * arena. With out, fills its networks and ports and those of its tasks, which
 * are there, on the heap. With way, static ports may be won from others, who
 * are added to it; whom it has already keeps no port from the group.
 */
const char *portassign(struct world *w, struct world_node *n,
    const struct task_group *tg, struct preempt *way,
    struct allocated_resources *out);

/* Whether the list ("22,80,8000-8100") names the port. */
bool portassign_is_listed(const char *list, int64_t port);

#endif
