/*
 * An image from an archive, as `docker save` writes it, into the engine.
 */
#ifndef NODEAGENT_DOCKER_LOAD_H
#define NODEAGENT_DOCKER_LOAD_H

#include "cmd/nodeagent/docker_engine.h"

#define DOCKER_LOAD_MS 1800000 /* an archive may take so long */

struct docker_load;

/* why is NULL when the engine has taken it. gone: the engine went away. The
 * load is over then; never called from within docker_load_new(). */
typedef void docker_on_load(void *ctx, const char *why, bool gone);

/* Takes the descriptor, of a regular file. */
struct docker_load *docker_load_new(
    struct docker_engine *e, int fd, docker_on_load *on_load, void *ctx);
void docker_load_free(struct docker_load *d); /* gives it up; NULL is fine */

#endif
