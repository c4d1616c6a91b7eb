/*
 * Finding out who we are to an image's registry: the task may say it, or a
 * file, or a helper program that is run and has DOCKER_HELPER_MS to answer.
 */
#ifndef NODEAGENT_DOCKER_LOGIN_H
#define NODEAGENT_DOCKER_LOGIN_H

#include "cmd/nodeagent/docker_config.h"
#include "cmd/nodeagent/docker_image.h"
#include "cmd/nodeagent/docker_options.h"
#include "common/loop.h"

#define DOCKER_HELPER_MS 10000

struct docker_login;

/* header is X-Registry-Auth's value, or NULL: ask as nobody; why, when not
 * NULL, says that it could not be found out. Later, never in the call; the
 * login is gone after it. */
typedef void docker_on_login(void *ctx, const char *header, const char *why);

/* Everything is borrowed until then. */
struct docker_login *docker_login_new(struct loop *l,
    const struct docker_config *config, const struct docker_options *options,
    const struct docker_image *image, docker_on_login *on_login, void *ctx);
void docker_login_free(struct docker_login *g); /* NULL is fine */

#endif
