/*
 * What is inside a struct wal, for wal.c (the owner's side), disk.c (the
 * thread that writes and syncs) and spare.c (the thread that prepares the
 * next segment). Nobody else includes this.
 */
#ifndef COMMON_WAL_IMPL_H
#define COMMON_WAL_IMPL_H

#include <pthread.h>

#include "common/wal/recover.h"

/* What is to be done, in this order. */
struct wal_queue {
	bool has_hard;
	uint64_t term, vote;
	bool has_reset;
	uint64_t first, prev_term;
	struct buf records; /* laid out, not sealed */
	uint64_t compact;   /* 0: nothing */
	uint64_t seq;       /* of the last wal_submit() in it; 0: none */
};

enum wal_spare_state {
	WAL_SPARE_NONE,
	WAL_SPARE_WANTED,
	WAL_SPARE_BUSY,   /* being prepared */
	WAL_SPARE_READY,  /* in fd */
	WAL_SPARE_FAILED, /* the disk is full; tried again now and then */
};

struct wal {
	struct wal_dir dir;
	struct wal_opts opts; /* dir is not kept */
	uint64_t segment_bytes;
	uint64_t mark_after_ms;

	/* The owner's. */
	struct wal_queue staged;

	/* Under the lock. */
	pthread_mutex_t lock;
	pthread_cond_t disk_wake, spare_wake, spare_done;
	struct wal_queue pending;
	size_t in_flight; /* bytes the disk thread has taken */
	uint64_t room;    /* bytes free in the current segment */
	bool stop, failed;
	enum wal_spare_state spare;
	int spare_fd;
	bool is_spare_broken; /* then spare_err says why */
	struct err spare_err;

	/* The disk thread's. */
	pthread_t disk_thread, spare_thread;
	struct wal_queue doing;
	struct wal_segs segs;
	struct wal_hard_file hard;
	struct wal_tail tail;
	uint64_t last_index, last_term;
};

/* The threads; arg is the struct wal. */
void *wal_disk_main(void *arg);
void *wal_spare_main(void *arg);

/* Takes a prepared segment with room for size bytes: its descriptor and real
 * size, or -1. The spare thread leaves the temporary name alone meanwhile. */
int wal_spare_take(struct wal *w, uint64_t *size, struct err *err);
/* Asks for the next one. */
void wal_spare_want(struct wal *w);

/* The first failure ends all writing: called once, on the disk thread. */
void wal_fail(struct wal *w, const struct err *err);

/* Waits at most ms on a condition of the lock; false when time is up. */
bool wal_wait(struct wal *w, pthread_cond_t *cond, uint64_t ms);

#endif
