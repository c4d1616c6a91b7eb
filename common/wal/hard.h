/*
 * The hard state: term and vote, one record, durable before any message
 * that depends on it.
 *
 * It has a file of its own, so that a full disk cannot keep a vote from
 * being stored: four blocks, two generations of two copies each. An update
 * overwrites both copies of the older generation and syncs once. A torn
 * update leaves the other generation; damage to one copy leaves the other
 * copy. When nothing in the file reads, or it is gone although there is a
 * log, the server must not start: it may have voted.
 */
#ifndef COMMON_WAL_HARD_H
#define COMMON_WAL_HARD_H

#include "common/wal/dir.h"

#define WAL_HARD_NAME "vote"

struct wal_hard {
	uint64_t cluster_id;
	uint64_t server_id;
	uint64_t term;
	uint64_t vote; /* a server id; 0: none in this term */
};

struct wal_hard_file {
	int fd;       /* -1: not open */
	uint64_t seq; /* of the newest generation */
	struct wal_hard now;
};

/* Makes the file; ids, term and vote are in f->now already. */
int wal_hard_create(
    struct wal_dir *d, struct wal_hard_file *f, struct err *err);

/* Reads it into f->now and mends a damaged copy. ERR_NOT_FOUND: no file. */
int wal_hard_open(struct wal_dir *d, struct wal_hard_file *f, struct err *err);

/* Stores term and vote; durable when it returns 0. */
int wal_hard_update(struct wal_dir *d, struct wal_hard_file *f, uint64_t term,
    uint64_t vote, struct err *err);

void wal_hard_release(struct wal_hard_file *f);

#endif
