/*
 * Following a deployment to its end: each change of it is a block of lines
 * with the time before it, as Nomad's commands print them. On a terminal the
 * block stays where it is and changes.
 */
#ifndef ROVE_DEPLOYFOLLOW_H
#define ROVE_DEPLOYFOLLOW_H

#include <stddef.h>

#include "cmd/rove/cli.h"

#define DEPLOYFOLLOW_WAIT_MS 2000 /* a question is held for so long */

/*
 * Comes back when the deployment is over; one that fails with a group that
 * reverts is followed by that of the version which comes back. margin stands
 * before the first, empty line of each block. Returns the exit status: 0 when
 * the deployment itself is successful, else 1.
 */
int deployfollow(
    struct cli *c, const char *id, size_t id_len, const char *margin);

#endif
