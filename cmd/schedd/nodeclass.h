/*
 * Computed classes: nodes of one class are alike in all that a constraint
 * may ask about but what is unique to each, so that a verdict on one holds
 * for all of them.
 */
#ifndef SCHEDD_NODECLASS_H
#define SCHEDD_NODECLASS_H

#include <stdbool.h>

#include "proto/job.h"
#include "proto/node.h"

/* "v1:<number>"; the caller frees it. */
char *nodeclass_of(const struct node *n);

/* Whether a constraint's side names something that nodes of one class may
 * differ in, such as ${node.unique.id}. */
bool nodeclass_escapes(const char *target);

#endif
