#include "tests/lib/walworld.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/mem.h"

#define SECTOR 512

/* What a write replaced. */
struct walworld_write {
	struct walworld_write *next;
	int fd; /* our own duplicate */
	ino_t inode;
	off_t at;
	size_t n;
	unsigned char *old;
};

/* Counts an operation: 0, or -1 when it shall fail. */
static int
step(struct walworld *w)
{
	w->nops++;
	if (w->crash_at != 0 && w->nops >= w->crash_at)
		w->is_down = true;
	if (w->is_down) {
		errno = EIO;
		return -1;
	}
	if (w->nops == w->fail_at) {
		errno = w->fail_errno;
		return -1;
	}
	return 0;
}

static ino_t
inode_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

static void
remember(struct walworld *w, int fd, size_t n, off_t at)
{
	struct walworld_write *u = xcalloc(1, sizeof *u);

	u->fd = dup(fd);
	u->inode = inode_of(fd);
	u->at = at;
	u->n = n;
	u->old = xcalloc(1, n);
	if (pread(fd, u->old, n, at) == -1)
		abort();
	u->next = w->writes;
	w->writes = u;
}

static void
forget(struct walworld *w, ino_t inode)
{
	struct walworld_write **at = &w->writes;

	while (*at != NULL) {
		struct walworld_write *u = *at;

		if (inode != 0 && u->inode != inode) {
			at = &u->next;
			continue;
		}
		*at = u->next;
		close(u->fd);
		free(u->old);
		free(u);
	}
}

static int
world_open(void *ctx, int dirfd, const char *name, int flags)
{
	struct walworld *w = ctx;
	int rc;

	pthread_mutex_lock(&w->lock);
	rc = step(w);
	if (rc == 0)
		rc = wal_io_real.open(NULL, dirfd, name, flags);
	pthread_mutex_unlock(&w->lock);
	return rc;
}

static ssize_t
world_pwrite(void *ctx, int fd, const void *p, size_t n, off_t at)
{
	struct walworld *w = ctx;
	ssize_t rc = -1;
	bool was_down;

	pthread_mutex_lock(&w->lock);
	was_down = w->is_down;
	if (step(w) == 0 || (!was_down && w->is_down)) {
		/* The write that the power cut finds may be half done. */
		if (w->is_lossy)
			remember(w, fd, n, at);
		rc = pwrite(fd, p, n, at);
		if (w->is_down) {
			errno = EIO;
			rc = -1;
		}
	}
	pthread_mutex_unlock(&w->lock);
	return rc;
}

static int
world_fsync(void *ctx, int fd)
{
	struct walworld *w = ctx;
	struct stat st;
	int rc;

	pthread_mutex_lock(&w->lock);
	rc = step(w);
	if (rc == 0) {
		forget(w, inode_of(fd));
		if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
			w->renamed_to[0] = '\0';
	}
	pthread_mutex_unlock(&w->lock);
	return rc;
}

static int
world_allocate(void *ctx, int fd, off_t n)
{
	struct walworld *w = ctx;
	int rc;

	pthread_mutex_lock(&w->lock);
	rc = step(w);
	if (rc == 0 && w->allocate_errno != 0) {
		errno = w->allocate_errno;
		rc = -1;
	}
	if (rc == 0)
		rc = wal_io_real.allocate(NULL, fd, n);
	pthread_mutex_unlock(&w->lock);
	return rc;
}

static uint64_t
world_space(void *ctx, int dirfd)
{
	struct walworld *w = ctx;
	bool is_full;

	pthread_mutex_lock(&w->lock);
	is_full = w->allocate_errno != 0;
	pthread_mutex_unlock(&w->lock);
	return is_full ? 0 : wal_io_real.space(NULL, dirfd);
}

static int
world_rename(void *ctx, int dirfd, const char *from, const char *to)
{
	struct walworld *w = ctx;
	int rc;

	pthread_mutex_lock(&w->lock);
	rc = step(w);
	if (rc == 0) {
		snprintf(w->renamed_from, sizeof w->renamed_from, "%s", from);
		snprintf(w->renamed_to, sizeof w->renamed_to, "%s", to);
		rc = wal_io_real.rename(NULL, dirfd, from, to);
	}
	pthread_mutex_unlock(&w->lock);
	return rc;
}

static int
world_unlink(void *ctx, int dirfd, const char *name)
{
	struct walworld *w = ctx;
	int rc;

	pthread_mutex_lock(&w->lock);
	rc = step(w);
	if (rc == 0)
		rc = wal_io_real.unlink(NULL, dirfd, name);
	pthread_mutex_unlock(&w->lock);
	return rc;
}

void
walworld_init(struct walworld *w)
{
	*w = (struct walworld){ .io = { .ctx = w,
				    .open = world_open,
				    .pwrite = world_pwrite,
				    .fsync = world_fsync,
				    .fdatasync = world_fsync,
				    .allocate = world_allocate,
				    .space = world_space,
				    .rename = world_rename,
				    .unlink = world_unlink } };
	pthread_mutex_init(&w->lock, NULL);
	rng_init(&w->rng, 1);
	snprintf(w->root, sizeof w->root, "/tmp/wal.XXXXXX");
	if (mkdtemp(w->root) == NULL)
		abort();
	snprintf(w->dir, sizeof w->dir, "%s/log", w->root);
}

void
walworld_release(struct walworld *w)
{
	char *cmd = xasprintf("rm -rf %s", w->root);

	forget(w, 0);
	pthread_mutex_destroy(&w->lock);
	if (system(cmd) != 0)
		abort();
	free(cmd);
}

static void
lose(struct walworld *w)
{
	for (struct walworld_write *u = w->writes; u != NULL; u = u->next)
		for (size_t i = 0; i < u->n; i += SECTOR) {
			size_t n = u->n - i < SECTOR ? u->n - i : SECTOR;

			if (rng_below(&w->rng, 2) == 0 &&
			    pwrite(u->fd, u->old + i, n, u->at + (off_t)i) ==
				-1)
				abort();
		}
	if (w->renamed_to[0] != '\0' && rng_below(&w->rng, 2) == 0) {
		char from[160], to[160];

		snprintf(from, sizeof from, "%s/%s", w->dir, w->renamed_to);
		snprintf(to, sizeof to, "%s/%s", w->dir, w->renamed_from);
		rename(from, to);
	}
}

void
walworld_restart(struct walworld *w)
{
	if (w->is_down && w->is_lossy)
		lose(w);
	forget(w, 0);
	w->renamed_to[0] = '\0';
	w->nops = w->fail_at = w->crash_at = 0;
	w->is_down = false;
}

unsigned
walworld_nops(struct walworld *w)
{
	unsigned n;

	pthread_mutex_lock(&w->lock);
	n = w->nops;
	pthread_mutex_unlock(&w->lock);
	return n;
}

void
walworld_fill_disk(struct walworld *w, int error)
{
	pthread_mutex_lock(&w->lock);
	w->allocate_errno = error;
	pthread_mutex_unlock(&w->lock);
}

const char *
walworld_path(struct walworld *w, const char *name)
{
	static char path[160];

	snprintf(path, sizeof path, "%s/%s", w->dir, name);
	return path;
}
