/*
 * Removing a directory with all that is in it, where others may write.
 *
 * The tree may change under our hands: what is a directory now can be a link
 * at the next look. So nothing is named by a path: each directory is opened
 * from the one above it, never through a link and never onto another mount,
 * and each name is removed in the directory that holds it. A tree may be as
 * deep as it likes: what is too deep to go into is moved up first.
 */
#ifndef NODEAGENT_RMTREE_H
#define NODEAGENT_RMTREE_H

#include <stdatomic.h>

#include "common/err.h"

#define RMTREE_MAX_DEPTH 32 /* directories open at a time */

/*
 * Empties the directory that fd is open on, which stays. Gives up when *stop
 * becomes true (NULL: never). -1 when something is left, with the first
 * reason; all that can be removed is.
 */
int rmtree_empty(int fd, const atomic_bool *stop, struct err *err);

/* Removes the directory of that name in the one that `at` is open on, or
 * AT_FDCWD; none is fine. */
int rmtree(int at, const char *name, struct err *err);

#endif
