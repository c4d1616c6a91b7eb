/*
 * A node that leaves: it has the servers drain it, its tasks go elsewhere,
 * and then it ends. A mark in data_dir remembers that, so that it is eligible
 * again when it is back, unless an operator has said otherwise.
 *
 * When no server answers its first request within LEAVE_ASK_MS it ends as
 * it is: its tasks go on without it, as they always do.
 */
#ifndef NODEAGENT_LEAVE_H
#define NODEAGENT_LEAVE_H

#include "cmd/nodeagent/nodeagent.h"

#define LEAVE_ASK_MS   10000
#define LEAVE_RETRY_MS 500
#define LEAVE_LOOK_MS  200
#define LEAVE_MORE_MS  5000 /* for what is left at the deadline to end */

/* Drains the node and then calls daemon_exit(). */
void leave_begin(struct nodeagent *na);
/* The servers know the node: they are asked while the mark is there. To be
 * called again with each lease, for that may fail. */
void leave_came_back(struct nodeagent *na);
/* After the server link is gone. */
void leave_release(struct nodeagent *na);

#endif
