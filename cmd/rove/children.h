/*
 * The daemons that `rove agent` has started: keeps them running, passes
 * their logs on, stops them in order.
 *
 * A child that dies is started again, after 250 ms at first and up to 30 s
 * when it keeps dying. Their log lines go to our standard output as they
 * come; when that does not take them they are dropped and counted, so a
 * child never waits for whoever reads us.
 */
#ifndef ROVE_CHILDREN_H
#define ROVE_CHILDREN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/loop.h"

#define CHILD_MIN_BACKOFF_MS 250
#define CHILD_MAX_BACKOFF_MS 30000
#define CHILD_STEADY_MS      60000 /* up for so long: the backoff begins anew */
#define CHILD_LINE_MAX       4096  /* a longer log line is broken */

struct children;

struct children *children_new(struct loop *l);

/* From now on what this program writes to stderr, its own log above all, is
 * printed among the children's lines and, like theirs, never waited for.
 * children_free() gives stderr back. */
void children_own_stderr(struct children *cs);

/* Prints a line as it is, not indented, if that can be done at once. */
void children_say(struct children *cs, const char *line);

/*
 * Adds a daemon; argv (NULL at the end) is copied, and -R with a descriptor
 * for readiness is added to it. It is started by children_start().
 * stop_ms: how long it may take to stop before it is killed.
 */
void children_add(
    struct children *cs, const char *name, char *const *argv, uint64_t stop_ms);

/* One could not start at all, and trying again is no use: it ended with 2
 * (wrong config), or its first start with 1 (refused). said: the last line
 * of its log, "" when it said nothing; for the time of the call. */
typedef void children_failed_fn(
    void *ctx, const char *name, int status, const char *said);

/* Starts all, in the order added. on_ready is called once, when each has
 * said that it serves; on_failed at most once. */
void children_start(struct children *cs, void (*on_ready)(void *ctx),
    children_failed_fn *on_failed, void *ctx);

/* Stops them by the signal, one after the other, the last added first, then
 * calls on_stopped. A second call kills what is left at once. */
void children_stop(
    struct children *cs, int signo, void (*on_stopped)(void *ctx), void *ctx);

void children_signal(struct children *cs, int signo); /* to all that run */

void children_free(struct children *cs); /* all must have stopped */

#endif
