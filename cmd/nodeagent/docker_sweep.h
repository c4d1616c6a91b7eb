/*
 * Containers that this node made but that belong to no task that runs here
 * are removed: those of allocations that are gone, or of a nodeagent that was.
 *
 * An engine may serve other nodes too, and Nomad: so a container is ours only
 * when its labels name both an allocation and this node's id.
 */
#ifndef NODEAGENT_DOCKER_SWEEP_H
#define NODEAGENT_DOCKER_SWEEP_H

#include <stdbool.h>

#include "cmd/nodeagent/docker_engine.h"
#include "cmd/nodeagent/docker_options.h"

struct docker_sweep;

/* is_ours: a container of this id and name is a task's. options and node_id
 * are borrowed. */
struct docker_sweep *docker_sweep_new(struct loop *l, struct docker_engine *e,
    const struct docker_dangling_options *options, const char *node_id,
    bool (*is_ours)(void *ctx, const char *id, const char *name), void *ctx);
void docker_sweep_free(struct docker_sweep *s); /* NULL is fine */
/* The engine is there: look soon, unless it was just done. */
void docker_sweep_now(struct docker_sweep *s);

#endif
