/*
 * A cluster that has lost the majority of its servers for ever, begun anew
 * with those that are left.
 *
 * Raft itself cannot do this: who asks for it says that the servers that are
 * not named will never come back. Then a server's log and snapshot are
 * written again as those of a cluster of the named servers alone:
 *
 * - Everything the server holds is kept, at the same index and term, and
 *   becomes committed as soon as there is a leader: also what had not been
 *   acknowledged yet. What only the lost servers held is lost.
 * - Wherever a config stood, in the log and in the snapshot, there stands the
 *   given one. So several servers may be recovered with the same config: what
 *   was equal in their logs stays equal, and they agree as always.
 * - The cluster gets another number, which follows from the old one and from
 *   the config. So a server that comes back after all neither disturbs it nor
 *   is disturbed: to each the other is another cluster.
 *
 * Everything is made beside the old directory (DIR.recovering), then named
 * DIR.recovered, then takes its place; the old one stays as DIR.before-N. A
 * crash between any two steps leaves either the old log, to be recovered
 * again, or the new one: raft_recover_settle() sees to that.
 */
#ifndef COMMON_RAFT_RECOVER_H
#define COMMON_RAFT_RECOVER_H

#include <stdint.h>

#include "common/err.h"
#include "common/raft/raft.h"

struct wal_io;

struct raft_recover_opts {
	const char *dir;    /* of the log, an absolute path */
	uint64_t server_id; /* whose it is */
	const struct raft_config *config;
	uint64_t segment_bytes;  /* 0: the default */
	const struct wal_io *io; /* NULL: the real one */
};

struct raft_recovery {
	uint64_t cluster_before, cluster;
	uint64_t last, last_term; /* of the log */
	char aside[256];          /* where the old one is now */
};

/*
 * Recovers, in a directory that nobody has open. Refused, and nothing
 * changed: a log that is missing, empty, damaged or another server's, a
 * config without this server or without a voter, and no room.
 */
int raft_recover(const struct raft_recover_opts *opts,
    struct raft_recovery *done, struct err *err);

/*
 * Brings what a crash interrupted to an end, or undoes it: to be called
 * before the log is looked at. dir is as above, and need not be there.
 */
int raft_recover_settle(
    const char *dir, const struct wal_io *io, struct err *err);

/* The number of the cluster that comes of it. */
uint64_t raft_recover_cluster(uint64_t before, const struct raft_config *c);

#endif
