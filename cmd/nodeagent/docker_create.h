/*
 * What the engine is told to make of a docker task: the body of
 * POST /containers/create.
 *
 * Made from the task's config, what the allocation was given, and what the
 * node's options permit; what they do not permit is refused by name, in
 * Nomad's words where it has some. Pure, but that mounts of the allocation
 * are looked at for links that lead out of it, and that a seccomp profile is
 * read.
 *
 * Where the node mounts nothing of its own, what a task mounts must lie in its
 * allocation's directory, also by links. That is looked at when the body is
 * made, and again by docker_inside_check() before each call that makes the
 * engine follow the path. What is left open: the engine follows it by itself,
 * a moment later, so a task of the same allocation that swaps a directory for
 * a link within that moment gets the link mounted. Only an engine that takes
 * descriptors could close it; until then jobs that are not trusted with the
 * node need their tasks in allocations of their own.
 */
#ifndef NODEAGENT_DOCKER_CREATE_H
#define NODEAGENT_DOCKER_CREATE_H

#include "cmd/nodeagent/docker_config.h"
#include "cmd/nodeagent/docker_options.h"
#include "cmd/nodeagent/driver.h"
#include "common/tree.h"

/* A label with the allocation's id, as other programs look for it, and what
 * all labels of this kind begin with. Nomad's own containers have it too. */
#define DOCKER_LABEL_ALLOC_ID "com.hashicorp.nomad.alloc_id"
#define DOCKER_LABEL_PREFIX   "com.hashicorp.nomad."
/* Labels that only we give: whose container it is, by the node's id, and
 * which start of its task. */
#define DOCKER_LABEL_NODE "rove.node.id"
#define DOCKER_LABEL_LIFE "rove.task.life"

/* Where tasks of the docker driver find their directories: /alloc, /local,
 * /secrets; for struct driver. */
extern const struct taskenv_dirs docker_dirs;

struct docker_create {
	const struct docker_config *config;
	const struct docker_options *options;
	const struct driver_task *task; /* its env has the node too */
	const char *image;              /* id or name, as the engine has it */
	struct docker_inside *inside;   /* added to; NULL: not kept */
};

/* Paths that may be mounted because they lie in the allocation's directory.
 * A zeroed one is empty. */
struct docker_inside {
	char *root;
	char **paths; /* below root */
	size_t npaths;
};
/* Whether all of them still do. */
int docker_inside_check(const struct docker_inside *in, struct err *err);
void docker_inside_release(struct docker_inside *in);

/* "TASK-ALLOC", of which a node has one at a time; caller frees. */
char *docker_container_name(const struct driver_task *t);

/* Adds the body as JSON. */
int docker_create_body(
    const struct docker_create *c, struct buf *b, struct err *err);

#endif
