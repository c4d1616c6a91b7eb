/*
 * A log on disk: entries by index, beside them term and vote, and snapshots
 * of the state that the entries lead to.
 *
 * Writing is queued by the owner and done by a thread of the log's own: it
 * takes all that is queued, writes it as one batch, syncs once, and reports.
 * While it syncs, the next batch gathers; nobody ever waits in order to
 * gather. Files are prepared and filled with zeros ahead, by another thread,
 * because syncing what is written over takes half the time.
 *
 * The first write or sync that fails is the last one: on_fatal() is told,
 * nothing more is written and nothing more is reported. It is never tried
 * again, since the kernel forgets what it could not write.
 *
 * wal_open() reads everything back. A batch that was being written when the
 * power went, and so was never reported, is dropped whole; any other damage
 * is refused with the file's name and the offset (scan.h has the rule). What
 * is returned has been synced. Opening again after a crash at any step of
 * opening works too.
 *
 * All functions are for one thread at a time, the owner's, unless they say
 * otherwise.
 */
#ifndef COMMON_WAL_WAL_H
#define COMMON_WAL_WAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/wal/dir.h"
#include "common/wal/format.h"
#include "common/wal/hard.h"
#include "common/wal/snapshot.h"

#define WAL_SEGMENT_BYTES (UINT64_C(8) << 20)
#define WAL_SEGMENT_FIRST (UINT64_C(1) << 20) /* so that a new one is quick */
#define WAL_SEGMENT_MIN   (UINT64_C(16) << 10)
#define WAL_MARK_AFTER_MS 100
#define WAL_RESERVE       (32u << 10) /* kept for no-ops on a full disk */

struct wal;

struct wal_entry {
	uint64_t index;
	uint64_t term;
	uint8_t kind; /* the owner's own number */
	const void *data;
	uint32_t n; /* at most WAL_ENTRY_MAX */
};

struct wal_opts {
	const char *dir;
	uint64_t server_id;      /* 0: whatever the directory says */
	uint64_t cluster_id;     /* of a new directory; 0: one of its own */
	uint64_t segment_bytes;  /* 0: WAL_SEGMENT_BYTES */
	uint64_t mark_after_ms;  /* 0: WAL_MARK_AFTER_MS; scan.h says why */
	const struct wal_io *io; /* NULL: the real one */

	/* On the disk thread: everything queued up to seq is durable. May
	 * skip numbers, never goes back. */
	void (*on_synced)(void *ctx, uint64_t seq);
	/* On the disk thread, once. NULL: log it and end the process. */
	void (*on_fatal)(void *ctx, const struct err *err);
	void *ctx;
};

/* What was found. Entries are entries[0 .. n), from index first on; those
 * that the snapshot covers are without their bytes. */
struct wal_log {
	bool is_new; /* the directory was empty */
	struct wal_hard hard;
	uint64_t first;
	uint64_t prev_term; /* of the entry before first; 0: none */
	struct wal_entry *entries;
	size_t n, cap;
	struct wal_snap snap; /* newest; index 0: none */
	struct buf config;    /* what snap.config points to */
	uint64_t older_snap;  /* index of the one before; 0: none */
	size_t torn_bytes;    /* dropped at the end; 0: nothing was torn */
	struct arena arena;
};

/* The last index, and its term; those of the snapshot when it ends there. */
uint64_t wal_log_last(const struct wal_log *log);
uint64_t wal_log_last_term(const struct wal_log *log);
void wal_log_release(struct wal_log *log);

/*
 * Opens or makes the directory, fills *log (released by the caller; empty
 * after a failure) and starts the threads. A snapshot that is ahead of the
 * log, or contradicts it, voids the log; the log then goes on behind it.
 */
int wal_open(struct wal **w, const struct wal_opts *opts, struct wal_log *log,
    struct err *err);

/* Writes what is queued, ends the threads, frees. NULL is fine. */
void wal_close(struct wal *w);

/*
 * Queueing. Nothing happens until wal_submit(). Bytes are copied. Indexes
 * must be contiguous from the last one on, terms must not fall.
 */
void wal_append(struct wal *w, const struct wal_entry *entries, size_t n);
/* Voids the entries at and behind from; appending goes on there. prev_term
 * is the term of the entry before from. */
void wal_cut(struct wal *w, uint64_t from, uint64_t prev_term);
/* Term and vote, written before the entries queued beside them. */
void wal_set_hard(struct wal *w, uint64_t term, uint64_t vote);
/* Voids all; the log begins anew at first, behind an entry of prev_term. For
 * a snapshot that was installed and is durable. */
void wal_reset(struct wal *w, uint64_t first, uint64_t prev_term);
/* The entries up to index are not needed; whole files of them go. Never
 * beyond a durable snapshot. Snapshots but the newest WAL_SNAP_KEEP go, too;
 * what follows the oldest of those is kept in any case. */
void wal_compact(struct wal *w, uint64_t index);
/* Hands over what was queued. on_synced() will report seq, the caller's own
 * number, which is never 0 and grows from call to call. */
void wal_submit(struct wal *w, uint64_t seq);

/*
 * False when the disk is full and n more bytes may not fit into what was
 * reserved: refuse new commands. True again when there is room. Any thread.
 */
bool wal_has_room(struct wal *w, size_t n);

/* For snapshots: the log's directory. */
struct wal_dir *wal_directory(struct wal *w);

#endif
