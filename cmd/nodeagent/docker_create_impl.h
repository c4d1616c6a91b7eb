/* docker_create.c and the parts of the body that are files of their own. */
#ifndef NODEAGENT_DOCKER_CREATE_IMPL_H
#define NODEAGENT_DOCKER_CREATE_IMPL_H

#include "cmd/nodeagent/docker_create.h"

/* ExposedPorts of the body and PortBindings of its HostConfig. */
int docker_put_ports(const struct docker_create *c, struct tree *body,
    struct tree *host, struct err *err);

/* Binds and Mounts of the HostConfig. */
int docker_put_volumes(
    const struct docker_create *c, struct tree *host, struct err *err);

/* Memory, cpu and process limits of the HostConfig. */
int docker_put_limits(
    const struct docker_create *c, struct tree *host, struct err *err);

/* Privileges, namespaces, devices and capabilities of the HostConfig. */
int docker_put_rights(
    const struct docker_create *c, struct tree *host, struct err *err);

/* What the allocation gave the task, or NULL. */
const struct allocated_task_resources *docker_given(
    const struct docker_create *c);

bool docker_is_set(const char *text); /* not NULL, not "" */
void docker_put_true(struct tree *map, const char *name, bool value);
/* Text that is set is put, and what is not is left to the engine. */
void docker_put_text(struct tree *map, const char *name, const char *text);
/* So lists with elements, and maps. */
void docker_put_list(
    struct tree *map, const char *name, char *const *list, size_t n);
void docker_put_map(
    struct tree *map, const char *name, const struct rec_kv *kv, size_t n);

#endif
