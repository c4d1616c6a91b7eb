/*
 * Constraints on nodes: what their sides mean on a node, and the operators.
 */
#ifndef SCHEDD_CONSTRAINT_H
#define SCHEDD_CONSTRAINT_H

#include <stdbool.h>

#include "proto/node.h"
#include "proto/resources.h"

/*
 * What a side means on the node: the value behind ${attr.x}, ${meta.x} and
 * ${node.x}, or the text itself. Borrowed; NULL when there is no such value.
 */
const char *constraint_target(const struct node *n, const char *target);

/* An operator on two values, NULL being one that is missing. distinct_hosts
 * and distinct_property are true here: they look at more than a node. */
bool constraint_holds(const char *op, const char *left, const char *right);

/* The same with both sides resolved on the node. */
bool constraint_meets(const struct node *n, const struct constraint *c);
bool constraint_likes(const struct node *n, const struct affinity *a);

/* "left op right", as a reason; the caller frees it. */
char *constraint_format(const struct constraint *c);

bool constraint_is_distinct_hosts(const struct constraint *c);
bool constraint_is_distinct_property(const struct constraint *c);

#endif
