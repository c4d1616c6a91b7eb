/*
 * Pulling images. Tasks that want the same image at the same time share one
 * pull; it is given up when none of them waits any longer.
 *
 * A pull fails when it has taken longer than its first task allows, and when
 * the engine has told no progress for too long: a registry that hangs.
 */
#ifndef NODEAGENT_DOCKER_PULL_H
#define NODEAGENT_DOCKER_PULL_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/nodeagent/docker_engine.h"

#define DOCKER_PROGRESS_MS 120000 /* between two reports of a slow pull */

struct docker_pulls;
struct docker_waiter; /* one task that waits for a pull */

/* Borrowed during the call only. */
struct docker_pull_wish {
	const char *image;  /* as the job names it, for people */
	const char *target; /* "/images/create?..." */
	const char *auth;   /* X-Registry-Auth, or NULL */
	uint64_t timeout_ms;
	uint64_t activity_ms; /* longest silence */
};

struct docker_pull_ops {
	/* why is NULL when the image is there. gone: the engine went away,
	 * which is no fault of the image. The waiter is gone after this. */
	void (*on_done)(void *ctx, const char *why, bool gone);
	/* "Docker image pull progress: ..." */
	void (*on_progress)(void *ctx, const char *text);
};

struct docker_pulls *docker_pulls_new(struct loop *l, struct docker_engine *e);
/* No waiter may be left. */
void docker_pulls_free(struct docker_pulls *p);

struct docker_waiter *docker_pull_join(struct docker_pulls *p,
    const struct docker_pull_wish *wish, const struct docker_pull_ops *ops,
    void *ctx);
void docker_pull_leave(struct docker_waiter *w); /* NULL is fine */

/* Whether another attempt may succeed after a pull failed so. */
bool docker_pull_is_recoverable(const char *why);

#endif
