/*
 * Between loop.c, which has libevent, and loop_child.c, which does without.
 */
#ifndef COMMON_LOOP_IMPL_H
#define COMMON_LOOP_IMPL_H

#include "common/loop.h"

/* The children that a loop watches. */
struct loop_children;

/* loop.c */
struct loop_children *loop_children(const struct loop *l);

/* loop_child.c */
struct loop_children *loop_children_new(void);
void loop_children_free(struct loop_children *cs);

#endif
