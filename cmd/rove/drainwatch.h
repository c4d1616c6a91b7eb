/*
 * Following a drain to its end: asks the agent again and again and tells, each
 * line with its time, what has become of the node and its allocations.
 *
 *	2026-11-30T06:00:00Z: Alloc "1877230b-…" marked for migration
 *	2026-11-30T06:00:00Z: Alloc "1877230b-…" draining
 *	2026-11-30T06:00:01Z: Alloc "1877230b-…" status running -> complete
 *	2026-11-30T06:00:01Z: Node "f4e8a9e5-…" has marked all allocations for
 *migration 2026-11-30T06:00:01Z: All allocations on node "f4e8a9e5-…" have
 *stopped
 */
#ifndef ROVE_DRAINWATCH_H
#define ROVE_DRAINWATCH_H

#include <stdbool.h>

#include "cmd/rove/cli.h"
#include "common/map.h"

#define DRAINWATCH_WAIT_MS 1000 /* for which an answer may be held back */

struct drainwatch {
	struct cli *cli;
	const char *id;     /* of the node; borrowed */
	bool ignore_system; /* system jobs stay */
	bool was_draining, node_over, allocs_over;
	uint64_t index, node_index; /* as last seen */
	struct map allocs;          /* id to what was seen of it (owned) */
};

/* Sees what there is before the drain begins: that is no news. Returns the
 * exit status; drainwatch_end() the watch in any case. */
int drainwatch_begin(
    struct drainwatch *w, struct cli *c, const char *id, bool ignore_system);

/* Returns the exit status once nothing is left to move, or someone has ended
 * the drain. is_new: it has been asked for since drainwatch_begin(). */
int drainwatch_follow(struct drainwatch *w, bool is_new);
void drainwatch_end(struct drainwatch *w);

/* One line, with the time in front. */
void drainwatch_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
