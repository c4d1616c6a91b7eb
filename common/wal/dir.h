/*
 * The directory that a log lives in, and every way in which the log touches
 * the disk. What writes goes through struct wal_io, so that a test can fail
 * any step, or stop the world after it. Reading does not: damage is planted
 * in the files themselves.
 */
#ifndef COMMON_WAL_DIR_H
#define COMMON_WAL_DIR_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/buf.h"
#include "common/err.h"

/* The system calls that change something; each as its man page says. And how
 * much room there is for that. */
struct wal_io {
	void *ctx;
	int (*open)(void *ctx, int dirfd, const char *name, int flags);
	ssize_t (*pwrite)(void *ctx, int fd, const void *p, size_t n, off_t at);
	int (*fsync)(void *ctx, int fd); /* of a directory, too */
	int (*fdatasync)(void *ctx, int fd);
	int (*allocate)(void *ctx, int fd, off_t n);
	/* Bytes that may be free on that disk. */
	uint64_t (*space)(void *ctx, int dirfd);
	int (*rename)(void *ctx, int dirfd, const char *from, const char *to);
	int (*unlink)(void *ctx, int dirfd, const char *name);
};
extern const struct wal_io wal_io_real;

struct wal_dir {
	int fd;     /* -1: not open */
	char *path; /* as it was given, for messages */
	int lock_fd;
	const struct wal_io *io; /* borrowed */
};

/*
 * Makes the directory (0700; an existing one is narrowed to that), durably,
 * and locks it: a directory that another process has open is refused, naming
 * that process. io NULL is the real one. After a failure nothing is held.
 */
int wal_dir_open(struct wal_dir *d, const char *path, const struct wal_io *io,
    struct err *err);
void wal_dir_release(struct wal_dir *d);

/*
 * In a forked child: gives up all descriptors but the first three and the
 * directory's, so that neither the lock nor somebody's connection lasts
 * longer for its sake.
 */
void wal_dir_keep_alone(struct wal_dir *d);

/* Opens or, with flags, makes a file in it: a descriptor, or -1. */
int wal_dir_file(
    struct wal_dir *d, const char *name, int flags, struct err *err);
/* Writes all n bytes; name is for the message. */
int wal_dir_write(struct wal_dir *d, int fd, const char *name, const void *p,
    size_t n, uint64_t at, struct err *err);
/* Reserves and writes zeros, so that later writes change no metadata. */
int wal_dir_zero(struct wal_dir *d, int fd, const char *name, uint64_t from,
    uint64_t to, struct err *err);
int wal_dir_sync_file(
    struct wal_dir *d, int fd, const char *name, struct err *err);
int wal_dir_sync_data(
    struct wal_dir *d, int fd, const char *name, struct err *err);
/* Renames, and makes that durable. */
int wal_dir_rename(
    struct wal_dir *d, const char *from, const char *to, struct err *err);
int wal_dir_unlink(struct wal_dir *d, const char *name, struct err *err);
/* Makes what was created and unlinked durable. */
int wal_dir_sync(struct wal_dir *d, struct err *err);

/* Reads a whole file of at most max bytes into b (emptied first). */
int wal_dir_read(struct wal_dir *d, int fd, const char *name, size_t max,
    struct buf *b, struct err *err);

/* Calls fn for each name in the directory, in no order; stops at -1. */
int wal_dir_each(struct wal_dir *d,
    int (*fn)(void *ctx, const char *name, struct err *err), void *ctx,
    struct err *err);

/* Removes what a crash left half made: every name that ends in ".tmp". */
int wal_dir_clean(struct wal_dir *d, struct err *err);

#endif
