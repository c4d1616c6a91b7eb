#include "common/wal/dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/mem.h"

#define ZERO_CHUNK ((size_t)256 * 1024)
#define LOCK_NAME  "lock"

static int
real_open(void *ctx, int dirfd, const char *name, int flags)
{
	(void)ctx;
	return openat(dirfd, name, flags | O_CLOEXEC, 0600);
}

static ssize_t
real_pwrite(void *ctx, int fd, const void *p, size_t n, off_t at)
{
	(void)ctx;
	return pwrite(fd, p, n, at);
}

static int
real_fsync(void *ctx, int fd)
{
	(void)ctx;
	return fsync(fd);
}

static int
real_fdatasync(void *ctx, int fd)
{
	(void)ctx;
	return fdatasync(fd);
}

static int
real_allocate(void *ctx, int fd, off_t n)
{
	(void)ctx;
	return fallocate(fd, 0, 0, n);
}

static uint64_t
real_space(void *ctx, int dirfd)
{
	struct statvfs st;

	(void)ctx;
	if (fstatvfs(dirfd, &st) == -1)
		return 0;
	return (uint64_t)st.f_bavail * st.f_frsize;
}

static int
real_rename(void *ctx, int dirfd, const char *from, const char *to)
{
	(void)ctx;
	return renameat(dirfd, from, dirfd, to);
}

static int
real_unlink(void *ctx, int dirfd, const char *name)
{
	(void)ctx;
	return unlinkat(dirfd, name, 0);
}

const struct wal_io wal_io_real = {
	.open = real_open,
	.pwrite = real_pwrite,
	.fsync = real_fsync,
	.fdatasync = real_fdatasync,
	.allocate = real_allocate,
	.space = real_space,
	.rename = real_rename,
	.unlink = real_unlink,
};

/* Says who holds the lock: the pid that the holder wrote into the file. */
static int
refuse_locked(struct wal_dir *d, struct err *err)
{
	char who[32];
	ssize_t n = pread(d->lock_fd, who, sizeof who - 1, 0);

	who[n > 0 ? n : 0] = '\0';
	who[strcspn(who, "\n")] = '\0';
	return err_set(err, ERR_CONFLICT,
	    "%s is in use by process %s (it holds %s/%s)", d->path,
	    who[0] != '\0' ? who : "?", d->path, LOCK_NAME);
}

/*
 * flock() and not fcntl(): its lock dies with the last descriptor, and a
 * second opening in this same process is refused too.
 */
static int
lock(struct wal_dir *d, struct err *err)
{
	char who[32];
	int n;

	d->lock_fd =
	    openat(d->fd, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (d->lock_fd == -1)
		return err_sys(err, "%s/%s", d->path, LOCK_NAME);
	if (flock(d->lock_fd, LOCK_EX | LOCK_NB) == -1)
		return errno == EWOULDBLOCK
			   ? refuse_locked(d, err)
			   : err_sys(err, "%s/%s: lock", d->path, LOCK_NAME);
	n = snprintf(who, sizeof who, "%ld\n", (long)getpid());
	/* The pid is a courtesy; a full disk must not keep us from starting. */
	if (ftruncate(d->lock_fd, 0) == -1 ||
	    pwrite(d->lock_fd, who, (size_t)n, 0) != n)
		return 0;
	return 0;
}

/* Makes the directory's own name durable; see file_sync_dir(). */
static int
sync_above(struct wal_dir *d, struct err *err)
{
	int fd = openat(d->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = 0;

	if (fd == -1)
		return errno == EACCES ? 0 : err_sys(err, "%s/..", d->path);
	if (d->io->fsync(d->io->ctx, fd) == -1)
		rc = err_sys(err, "%s/..: sync", d->path);
	close(fd);
	return rc;
}

static int
open_private(struct wal_dir *d, struct err *err)
{
	struct stat st;

	if (mkdir(d->path, 0700) == -1 && errno != EEXIST)
		return err_sys(err, "%s", d->path);
	d->fd = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->fd == -1 || fstat(d->fd, &st) == -1)
		return err_sys(err, "%s", d->path);
	if ((st.st_mode & 0077) != 0 && fchmod(d->fd, 0700) == -1)
		return err_sys(err, "%s: mode 0700", d->path);
	/* Also when it was there: its maker may have been killed too soon. */
	if (sync_above(d, err) == -1)
		return -1;
	return lock(d, err);
}

int
wal_dir_open(struct wal_dir *d, const char *path, const struct wal_io *io,
    struct err *err)
{
	*d = (struct wal_dir){ .fd = -1,
		.lock_fd = -1,
		.path = xstrdup(path),
		.io = io != NULL ? io : &wal_io_real };
	if (open_private(d, err) == 0)
		return 0;
	wal_dir_release(d);
	return -1;
}

void
wal_dir_release(struct wal_dir *d)
{
	if (d->lock_fd != -1)
		close(d->lock_fd);
	if (d->fd != -1)
		close(d->fd);
	free(d->path);
	*d = (struct wal_dir){ .fd = -1, .lock_fd = -1 };
}

static void
close_all(unsigned first, unsigned last)
{
	if (first > last || close_range(first, last, 0) == 0)
		return;
	/* Linux before 5.9. */
	for (long fd = first; fd <= last && fd < sysconf(_SC_OPEN_MAX); fd++)
		close((int)fd);
}

void
wal_dir_keep_alone(struct wal_dir *d)
{
	close_all(STDERR_FILENO + 1, (unsigned)d->fd - 1);
	close_all((unsigned)d->fd + 1, UINT_MAX);
	d->lock_fd = -1;
}

int
wal_dir_file(struct wal_dir *d, const char *name, int flags, struct err *err)
{
	int fd = d->io->open(d->io->ctx, d->fd, name, flags);

	if (fd == -1)
		return err_sys(err, "%s/%s", d->path, name);
	return fd;
}

int
wal_dir_write(struct wal_dir *d, int fd, const char *name, const void *p,
    size_t n, uint64_t at, struct err *err)
{
	const uint8_t *s = p;

	while (n > 0) {
		ssize_t w = d->io->pwrite(d->io->ctx, fd, s, n, (off_t)at);

		if (w == -1 && errno == EINTR)
			continue;
		if (w <= 0)
			return err_sys(err, "%s/%s: write at offset %llu",
			    d->path, name, (unsigned long long)at);
		s += w;
		n -= (size_t)w;
		at += (uint64_t)w;
	}
	return 0;
}

int
wal_dir_zero(struct wal_dir *d, int fd, const char *name, uint64_t from,
    uint64_t to, struct err *err)
{
	static const uint8_t zeros[ZERO_CHUNK];

	while (from < to) {
		size_t n =
		    to - from < ZERO_CHUNK ? (size_t)(to - from) : ZERO_CHUNK;

		if (wal_dir_write(d, fd, name, zeros, n, from, err) == -1)
			return -1;
		from += n;
	}
	return 0;
}

int
wal_dir_sync_file(struct wal_dir *d, int fd, const char *name, struct err *err)
{
	if (d->io->fsync(d->io->ctx, fd) == -1)
		return err_sys(err, "%s/%s: fsync", d->path, name);
	return 0;
}

int
wal_dir_sync_data(struct wal_dir *d, int fd, const char *name, struct err *err)
{
	if (d->io->fdatasync(d->io->ctx, fd) == -1)
		return err_sys(err, "%s/%s: fdatasync", d->path, name);
	return 0;
}

int
wal_dir_rename(
    struct wal_dir *d, const char *from, const char *to, struct err *err)
{
	if (d->io->rename(d->io->ctx, d->fd, from, to) == -1)
		return err_sys(err, "%s/%s: rename to %s", d->path, from, to);
	return wal_dir_sync(d, err);
}

int
wal_dir_unlink(struct wal_dir *d, const char *name, struct err *err)
{
	if (d->io->unlink(d->io->ctx, d->fd, name) == -1)
		return err_sys(err, "%s/%s: unlink", d->path, name);
	return 0;
}

int
wal_dir_sync(struct wal_dir *d, struct err *err)
{
	if (d->io->fsync(d->io->ctx, d->fd) == -1)
		return err_sys(err, "%s: fsync", d->path);
	return 0;
}

int
wal_dir_read(struct wal_dir *d, int fd, const char *name, size_t max,
    struct buf *b, struct err *err)
{
	struct stat st;

	buf_reset(b);
	if (fstat(fd, &st) == -1)
		return err_sys(err, "%s/%s", d->path, name);
	if (st.st_size < 0 || (uint64_t)st.st_size > max)
		return err_set(err, ERR_CORRUPT,
		    "%s/%s: %lld bytes, more than the %zu that can be", d->path,
		    name, (long long)st.st_size, max);
	while (b->len < (size_t)st.st_size) {
		size_t want = (size_t)st.st_size - b->len;
		char *to = buf_reserve(b, want);
		ssize_t n = pread(fd, to, want, (off_t)b->len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_sys(err, "%s/%s: read at offset %zu",
			    d->path, name, b->len);
		b->len += (size_t)n;
	}
	return 0;
}

int
wal_dir_each(struct wal_dir *d,
    int (*fn)(void *ctx, const char *name, struct err *err), void *ctx,
    struct err *err)
{
	int fd = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *e;
	int rc = 0;

	if (dir == NULL) {
		err_sys(err, "%s", d->path);
		if (fd != -1)
			close(fd);
		return -1;
	}
	while (rc == 0 && (errno = 0, e = readdir(dir)) != NULL)
		rc = fn(ctx, e->d_name, err);
	if (rc == 0 && errno != 0)
		rc = err_sys(err, "%s", d->path);
	closedir(dir);
	return rc;
}

static int
remove_tmp(void *ctx, const char *name, struct err *err)
{
	size_t n = strlen(name);

	if (n < 4 || strcmp(name + n - 4, ".tmp") != 0)
		return 0;
	return wal_dir_unlink(ctx, name, err);
}

int
wal_dir_clean(struct wal_dir *d, struct err *err)
{
	return wal_dir_each(d, remove_tmp, d, err);
}
