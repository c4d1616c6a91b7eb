/*
 * Reading a log's directory back, for wal_open(). All checks come first;
 * only when everything is found good is anything changed: temporary files
 * go, a torn end is overwritten with zeros, files that are void go.
 */
#ifndef COMMON_WAL_RECOVER_H
#define COMMON_WAL_RECOVER_H

#include "common/wal/segment.h"
#include "common/wal/wal.h"

/* Where writing goes on. */
struct wal_tail {
	int fd; /* -1: there is none yet */
	struct wal_seg_head head;
	uint64_t end; /* of what is used */
	uint64_t batch;
	uint32_t chain;
	bool has_mark; /* the last batch is a mark, or there is none */
};

/*
 * Fills log, segs, hard and tail. d is open. In a new directory the first
 * segment (of that size) and the hard state are made, with the server's id.
 * After a failure the caller releases all four.
 */
int wal_recover(struct wal_dir *d, uint64_t server_id, uint64_t cluster_id,
    uint64_t first_size, struct wal_log *log, struct wal_segs *segs,
    struct wal_hard_file *hard, struct wal_tail *tail, struct err *err);

/* Begins the log anew in a segment of its own; older ones are removed. */
int wal_begin_fresh(struct wal_dir *d, uint64_t first, uint64_t prev_term,
    struct wal_segs *segs, struct wal_tail *tail, uint64_t size,
    struct err *err);

#endif
