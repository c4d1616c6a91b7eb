/*
 * Which images tasks use: one that none uses any longer is removed after a
 * while.
 *
 * Which image a start will use is known only when its container runs; until
 * then an image that it just pulled looks unused. So no image is removed while
 * a start is under way, and those whose time came meanwhile go after it.
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

/* A start is under way; it is over, or its image is in use. */
void docker_images_hold(struct docker_images *d);
void docker_images_let_go(struct docker_images *d);

#endif
