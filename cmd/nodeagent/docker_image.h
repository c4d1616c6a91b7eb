/*
 * Names of images, read as Docker and Nomad read them.
 *
 * Pure. "fabiolb/fabio" is the tag latest of fabiolb/fabio at docker.io,
 * "redis" is library/redis there, "host:5000/a/b:1" names its own registry,
 * and NAME@sha256:HEX one image for ever. A leading "https://" is dropped.
 */
#ifndef NODEAGENT_DOCKER_IMAGE_H
#define NODEAGENT_DOCKER_IMAGE_H

#include <stdbool.h>

#include "common/buf.h"
#include "common/err.h"

#define DOCKER_MAX_IMAGE 1024 /* bytes of a name, its tag and digest */
#define DOCKER_MAX_REPO  255  /* of a repository with its registry */

struct docker_image {
	char *ref;      /* what the engine is asked about: "a/b:latest" or
			   "a/b@sha256:..." */
	char *repo;     /* as written: "a/b", "host:5000/a/b" */
	char *tag;      /* "latest" where none was; "" with a digest */
	char *digest;   /* "sha256:..."; "" without */
	char *registry; /* "docker.io", "host:5000" */
	char *path;     /* at the registry: "library/redis", "a/b" */
};

int docker_image_parse(
    struct docker_image *image, const char *text, struct err *err);
void docker_image_release(struct docker_image *image);

/*
 * Whether the image is fetched without asking first whether it is here: what
 * is called latest may have changed, and force_pull says so. Any other image
 * is fetched only where it is missing.
 */
bool docker_image_always_pulled(
    const struct docker_image *image, bool force_pull);

/* Adds the target of the POST that fetches it:
 * "/images/create?fromImage=a%2Fb&tag=latest". */
void docker_image_pull_target(const struct docker_image *image, struct buf *b);

#endif
