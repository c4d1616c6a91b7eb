/*
 * Who we are to a registry: from the task, from Docker's config.json, or from
 * a credential helper that the driver runs.
 *
 * Pure. The order is the task's own auth block, the config file of the
 * options (its "auths", else the helper that it names), the options' helper.
 */
#ifndef NODEAGENT_DOCKER_AUTH_H
#define NODEAGENT_DOCKER_AUTH_H

#include <stdbool.h>
#include <stddef.h>

#include "cmd/nodeagent/docker_image.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/rec.h"

#define DOCKER_MAX_AUTH_FILE   (1u << 20) /* bytes of config.json */
#define DOCKER_MAX_AUTH_ANSWER 65536u     /* of a helper's answer */

struct docker_auth {
	char *username;
	char *password;
	char *email;
	char *server_address;
	char *identity_token;
};
extern const struct rec_type docker_auth_type;

/* Nothing that would identify us. */
bool docker_auth_is_empty(const struct docker_auth *auth);

/*
 * What a config.json says of the image's registry. auth (rec_clear() it) is
 * empty when it says nothing, and then *helper, when not NULL, is the name of
 * the credential helper that it wants asked; caller frees. -1: no such file.
 */
int docker_auth_from_file(const char *text, size_t n,
    const struct docker_image *image, struct docker_auth *auth, char **helper,
    struct err *err);

/* The registry as config.json and helpers know it: what a helper program
 * docker-credential-NAME, started with the argument "get", reads on its
 * standard input. */
const char *docker_auth_server(const struct docker_image *image);

/* A helper's standard output: {"Username": ..., "Secret": ...}. */
int docker_auth_from_helper(
    const char *text, size_t n, struct docker_auth *auth, struct err *err);

/* Adds the value of X-Registry-Auth. */
void docker_auth_header(const struct docker_auth *auth, struct buf *b);

#endif
