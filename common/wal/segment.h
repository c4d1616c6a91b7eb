/*
 * Segments as files: log-<number in hex>, numbered without gaps. format.h
 * says what is in one.
 *
 * A segment comes into being whole: filled with zeros under a temporary
 * name, given its head, synced, renamed, the directory synced.
 */
#ifndef COMMON_WAL_SEGMENT_H
#define COMMON_WAL_SEGMENT_H

#include "common/wal/dir.h"
#include "common/wal/format.h"

#define WAL_SEG_NAME_SIZE 32
#define WAL_SEG_LIST_MAX  65536

struct wal_seg {
	uint64_t number;
	uint64_t max_index; /* of any entry ever in it; 0: none */
};

struct wal_segs {
	struct wal_seg *items; /* by number, without gaps */
	size_t n, cap;
};

void wal_seg_name(uint64_t number, char name[WAL_SEG_NAME_SIZE]);

/* The segments there are. A gap between two is refused. */
int wal_segs_list(struct wal_dir *d, struct wal_segs *segs, struct err *err);
void wal_segs_add(struct wal_segs *segs, uint64_t number);
void wal_segs_release(struct wal_segs *segs);

/* Removes the first n files, oldest first, and forgets them. */
int wal_segs_drop(
    struct wal_dir *d, struct wal_segs *segs, size_t n, struct err *err);

/* A zeroed and synced file of that size with no name of its own yet. */
int wal_seg_prepare(struct wal_dir *d, uint64_t size, struct err *err);
/* Takes back a prepared one. */
void wal_seg_abandon(struct wal_dir *d, int fd);

/* Gives the prepared file its head and its name; durable when it is 0. */
int wal_seg_publish(
    struct wal_dir *d, int fd, const struct wal_seg_head *h, struct err *err);

#endif
