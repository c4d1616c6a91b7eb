/*
 * A task's environment, and the text that refers to it.
 *
 * Pure: made from the allocation and the node. Names are Nomad's NOMAD_*;
 * what a name may not hold becomes "_". Job files refer to the environment
 * as ${NOMAD_PORT_http} or ${env["X"]}, to the node as ${node.unique.name},
 * ${attr.kernel.name}, ${meta.rack}; what is not known stays as it is.
 */
#ifndef NODEAGENT_TASKENV_H
#define NODEAGENT_TASKENV_H

#include "common/rec.h"
#include "proto/alloc.h"
#include "proto/node.h"

struct taskenv {
	struct rec_kv *vars; /* sorted by name */
	size_t nvars;
	const struct node *node; /* borrowed: for ${attr...} and ${node...} */
};

/* Directories of one task, as it sees them. Borrowed. */
struct taskenv_dirs {
	const char *alloc, *task, *secrets;
};

/*
 * Everything the task is told. inherit is the host's environment to begin
 * with ("NAME=value", NULL at the end), or NULL for none; names that a glob
 * in deny (NULL at the end, or NULL) covers are not inherited.
 */
void taskenv_init(struct taskenv *env, const struct node *node,
    const struct alloc *alloc, const struct task_group *group,
    const struct task *task, const struct taskenv_dirs *dirs,
    char *const *inherit, char *const *deny, const char *region);
void taskenv_release(struct taskenv *env);

const char *taskenv_get(const struct taskenv *env, const char *name);

/* The text with its references replaced; caller frees. */
char *taskenv_expand(const struct taskenv *env, const char *text);

/* "NAME=value" for each; caller frees each and the list. */
char **taskenv_list(const struct taskenv *env, size_t *n);

/* The group of an allocation's job, or NULL when the job lacks it. */
const struct task_group *alloc_group(const struct alloc *alloc);

#endif
