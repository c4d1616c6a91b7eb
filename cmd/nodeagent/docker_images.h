/*
 * Which images tasks use: one that none uses any longer is removed after a
 * while.
 */
#ifndef NODEAGENT_DOCKER_IMAGES_H
#define NODEAGENT_DOCKER_IMAGES_H

#include <stdint.h>

#include "cmd/nodeagent/docker_engine.h"

struct docker_images;

/* delay_ms counts from the end of an image's last user. */
struct docker_images *docker_images_new(
    struct loop *l, struct docker_engine *e, uint64_t delay_ms);
void docker_images_free(struct docker_images *d); /* NULL is fine */

/* One user more, one less, of the image with this id. NULL d: not counted. */
void docker_images_use(struct docker_images *d, const char *id);
void docker_images_drop(struct docker_images *d, const char *id);

#endif
