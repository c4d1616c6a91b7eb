/*
 * Linux capabilities of a container: what the task asks for, measured by what
 * the node's options allow.
 *
 * Pure. Names stand with or without CAP_, in any case; "all" is every one.
 */
#ifndef NODEAGENT_DOCKER_CAPS_H
#define NODEAGENT_DOCKER_CAPS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"
#include "common/tree.h"

/* What a node allows unless its options say otherwise: what Docker gives each
 * container, without net_raw. */
const char *const *docker_caps_default(size_t *n);

/* A capability of Linux, or "all". */
bool docker_caps_known(const char *name);

struct docker_caps_ask {
	char *const *allow; /* the node's */
	size_t nallow;
	char *const *add; /* the task's */
	size_t nadd;
	char *const *drop;
	size_t ndrop;
};

/*
 * The engine's CapAdd and CapDrop, lists of text that the caller frees. Of
 * what Docker gives unasked, what the node does not allow is dropped. Asking
 * for what is not allowed, or for what is no capability, is refused.
 */
int docker_caps_settle(const struct docker_caps_ask *ask, struct tree **add,
    struct tree **drop, struct err *err);

#endif
