/*
 * Inside recover.c, which puts log, snapshot and vote together, and replay.c,
 * which reads the log's segments.
 */
#ifndef COMMON_WAL_RECOVER_IMPL_H
#define COMMON_WAL_RECOVER_IMPL_H

#include "common/wal/recover.h"
#include "common/wal/scan.h"

/* Segments, from the last one on, that may hold what was never synced. */
#define NDOUBTED 2

/* What reading needs from step to step. */
struct recovery {
	struct wal_dir *dir;
	struct wal_log *log;
	struct wal_segs *segs;
	struct wal_hard_file *hard;
	struct wal_tail *tail;
	uint64_t first_size;
	size_t from;        /* the segments before this one are void */
	size_t n;           /* segments that count; one empty may follow */
	uint64_t max_index; /* in the segment being read */
	bool is_begun;      /* the first segment's head is known */
	bool has_mark;
	uint64_t seal_next;        /* what the last seal says comes next */
	bool is_durable[NDOUBTED]; /* the last one, the one before it */
	struct buf bytes;
};

/* Reads all that counts, into r->log; sets from, n and the tail. Changes
 * nothing in the directory. */
int recover_segments(struct recovery *r, struct err *err);

/* Looks through segment i alone, as if it were the last. */
int recover_peek(struct recovery *r, size_t i, struct wal_scan *s,
    bool *is_sealed, struct err *err);

#endif
