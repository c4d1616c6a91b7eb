/*
 * The tasks of an allocation: what each was given and uses, and what has
 * happened to it.
 */
#ifndef ROVE_ALLOCTASKS_H
#define ROVE_ALLOCTASKS_H

#include <stdbool.h>

#include "cmd/rove/cli.h"
#include "proto/alloc.h"

/* Asks the node for its figures; detailed: one by one. */
void alloctasks_show(struct cli *c, const struct alloc *a, bool detailed);

/* A line for each. */
void alloctasks_show_short(const struct alloc *a);

#endif
