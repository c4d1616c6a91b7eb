/*
 * Snapshots: the whole state at one index, one file each.
 *
 * Written by a forked child that does nothing else, so the parent's loop is
 * not held up: the child sees the state as it was when it was forked. It
 * writes to a temporary name, adds checksums, syncs, renames, syncs the
 * directory. What a crash leaves is a temporary file, removed at the next
 * start, or a whole snapshot.
 *
 * The file: a head of one block (version, ids, index, term, sizes, checksum),
 * the owner's bytes, the config bytes, and a checksum for each 64 KB of what
 * lies before, so that damage has an offset.
 */
#ifndef COMMON_WAL_SNAPSHOT_H
#define COMMON_WAL_SNAPSHOT_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/wal/dir.h"

#define WAL_SNAP_KEEP       2
#define WAL_SNAP_NAME_SIZE  64
#define WAL_SNAP_CONFIG_MAX (1u << 20)
#define WAL_SNAP_SIZE_MAX   (UINT64_C(1) << 40)

struct wal_snap {
	uint64_t cluster_id;
	uint64_t index; /* 0: there is no snapshot */
	uint64_t term;  /* of the entry at index */
	uint64_t config_index;
	const void *config; /* the membership at index; see wal_snap_find() */
	size_t nconfig;
	uint64_t size; /* of the owner's bytes; set when it is written */
	uint32_t hash; /* of the whole; set when it is written */
};

/*
 * Writes the owner's bytes to fd, from where it stands, by write(2) alone.
 * Runs in a forked child in which other threads are gone: it must take no
 * lock and log nothing. 0, or -1.
 */
typedef int wal_snap_write_fn(void *ctx, int fd);

/* Writes a snapshot here and now. */
int wal_snap_write(struct wal_dir *d, const struct wal_snap *s,
    wal_snap_write_fn *fn, void *ctx, struct err *err);

/*
 * The same in a child, whose pid is returned (or -1). It exits with 0 when
 * the snapshot is durable, with 1 and a line on stderr otherwise; it dies
 * with its parent, of whose descriptors it keeps the first three alone. Watch
 * it with loop_child_watch().
 */
pid_t wal_snap_fork(struct wal_dir *d, const struct wal_snap *s,
    wal_snap_write_fn *fn, void *ctx, struct err *err);

/*
 * Reads the newest snapshot's head and checks every byte of it. s->index is
 * 0 when there is none. config (emptied first) keeps what s->config points
 * to. A damaged one is refused: an older one would forget what the log no
 * longer holds. The index of the one before goes to *older, or 0.
 */
int wal_snap_find(struct wal_dir *d, struct wal_snap *s, struct buf *config,
    uint64_t *older, struct err *err);

/* Reads the head alone of the snapshot with this index and term. */
int wal_snap_head(struct wal_dir *d, struct wal_snap *s, struct err *err);

/* Opens it where the owner's bytes begin: a descriptor, or -1. */
int wal_snap_open(struct wal_dir *d, const struct wal_snap *s, struct err *err);

/* Checks one file's bytes, whoever wrote them. name is for messages. */
int wal_snap_check(struct wal_dir *d, int fd, const char *name,
    struct wal_snap *s, struct buf *config, struct err *err);

/* Removes all but the newest WAL_SNAP_KEEP; *oldest is the index of the
 * oldest that is left, or 0. */
int wal_snap_prune(struct wal_dir *d, uint64_t *oldest, struct err *err);

void wal_snap_name(const struct wal_snap *s, char name[WAL_SNAP_NAME_SIZE]);

#endif
