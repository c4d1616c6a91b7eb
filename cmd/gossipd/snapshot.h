/*
 * Who was in the pool, on disk, so that a member finds it again after its
 * restart without being told where: lines of text as a Serf agent writes them.
 *
 *	# format: 1
 *	alive: web1.global 10.0.0.2:4648
 *	clock: 41
 *	event-clock: 7
 *	query-clock: 3
 *	leave
 *
 * After `leave` nobody is looked for: who has left comes back when it is told
 * to, by `rejoin_after_leave` also. An agent adds lines to its file and we
 *write ours anew; both read both. Lines that are not known are passed over, as
 *is the rest of one cut short. The first line is a comment to an agent; a file
 *whose format is above ours is refused.
 */
#ifndef CMD_GOSSIPD_SNAPSHOT_H
#define CMD_GOSSIPD_SNAPSHOT_H

#include "cmd/gossipd/pool.h"

#define SNAPSHOT_FORMAT   1
#define SNAPSHOT_FILE_MAX (16 << 20) /* bytes; a larger one is refused */

struct snapshot_member {
	char *name;
	struct pool_addr addr;
};

struct snapshot {
	struct snapshot_member *members; /* were alive */
	size_t nmembers, cap;
	uint64_t clock, event_clock, query_clock; /* 0: not known */
	bool left;
	bool rejoins;    /* set before: a leave does not part us from them */
	uint64_t format; /* as the file says; 0: it does not */
};

/* Of any text; what is wrong in it is passed over. */
void snapshot_parse(struct snapshot *s, const char *text, size_t n);
void snapshot_format(const struct snapshot *s, struct buf *out);
void snapshot_release(struct snapshot *s);

/* Fills it. A file that is not there is an empty snapshot; one of a format that
 * this program does not know is an error. */
int snapshot_load(
    struct snapshot *s, const char *path, bool rejoins, struct err *err);
/* Whole or not at all; what is there is replaced. */
int snapshot_save(const struct snapshot *s, const char *path, struct err *err);

/* Who is alive now, but for ourselves; left: we are not to come back. */
void snapshot_take(struct snapshot *s, const struct pool *p, bool left);
/* And, of those that were alive before, whom the pool does not know yet. */
void snapshot_keep(
    struct snapshot *s, const struct snapshot *before, const struct pool *p);

#endif
