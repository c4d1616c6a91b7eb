/*
 * Where allocations go that are no longer wanted: ALLOC_DIR/.trash.
 *
 * Putting one there is a rename, so its id is free at once and the loop goes
 * on; a thread empties the trash. What it cannot remove, or has no time to,
 * is tried again with the next allocation and after the next start. Tasks
 * own what is thrown away: see rmtree.h.
 */
#ifndef NODEAGENT_TRASH_H
#define NODEAGENT_TRASH_H

#include "common/err.h"

#define TRASH_NAME ".trash" /* no allocation's id */

struct trash;

/* Begins to remove what an earlier process left. */
struct trash *trash_open(const char *alloc_dir, struct err *err);
/* Stops soon, with whatever is left left there. NULL is fine. */
void trash_close(struct trash *t);

/* Throws away ALLOC_DIR/<id>; none is fine. */
int trash_put(struct trash *t, const char *id, struct err *err);

#endif
