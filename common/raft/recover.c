#include "common/raft/recover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fnv.h"
#include "common/mem.h"
#include "common/raft/core.h"
#include "common/wal/wal.h"

#define COPY_CHUNK ((size_t)256 * 1024)
#define ASIDE_MAX  1000

/* --- names beside the directory --- */

/* The directory above, and what the directory is called in it. */
struct place {
	int above;
	char *path; /* of above */
	const char *name;
	char *copy;
	const struct wal_io *io;
};

static int
place_open(
    struct place *p, const char *dir, const struct wal_io *io, struct err *err)
{
	char *slash;

	*p = (struct place){ .copy = xstrdup(dir),
		.io = io != NULL ? io : &wal_io_real };
	slash = strrchr(p->copy, '/');
	p->name = slash + 1;
	*slash = '\0';
	p->path = p->copy;
	p->above = open(*p->path != '\0' ? p->path : "/",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->above == -1) {
		err_sys(err, "%s", p->path);
		free(p->copy);
		return -1;
	}
	return 0;
}

static void
place_release(struct place *p)
{
	close(p->above);
	free(p->copy);
}

static char *
beside(const struct place *p, const char *suffix)
{
	return xasprintf("%s%s", p->name, suffix);
}

static bool
is_there(const struct place *p, const char *name)
{
	struct stat st;

	return fstatat(p->above, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int
move(const struct place *p, const char *from, const char *to, struct err *err)
{
	if (p->io->rename(p->io->ctx, p->above, from, to) == -1)
		return err_sys(err, "%s/%s: rename to %s", p->path, from, to);
	if (p->io->fsync(p->io->ctx, p->above) == -1)
		return err_sys(err, "%s: fsync", p->path);
	return 0;
}

/* A log's directory holds files only. */
static int
empty_directory(int fd)
{
	DIR *d = fdopendir(fd);
	struct dirent *e;
	int rc = 0;

	if (d == NULL) {
		close(fd);
		return -1;
	}
	while (rc == 0 && (e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			rc = unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	return rc;
}

/* Unfinished work goes; nothing depends on when it has gone. */
static int
discard(const struct place *p, const char *name, struct err *err)
{
	int fd;

	if (!is_there(p, name))
		return 0;
	fd = openat(
	    p->above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 || empty_directory(fd) == -1 ||
	    unlinkat(p->above, name, AT_REMOVEDIR) == -1)
		return err_sys(err, "%s/%s", p->path, name);
	return 0;
}

/* --- writing the new log --- */

struct rebuild {
	const struct raft_recover_opts *opts;
	const struct raft_bytes *config;
	struct wal_dir *old;
	struct wal_log *log;
	struct wal *to;
	int from; /* the snapshot being copied */

	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool is_synced, has_failed;
	struct err why;
};

static void
on_synced(void *ctx, uint64_t seq)
{
	struct rebuild *b = ctx;

	(void)seq;
	pthread_mutex_lock(&b->lock);
	b->is_synced = true;
	pthread_cond_signal(&b->wake);
	pthread_mutex_unlock(&b->lock);
}

static void
on_failed(void *ctx, const struct err *err)
{
	struct rebuild *b = ctx;

	pthread_mutex_lock(&b->lock);
	b->has_failed = true;
	b->why = *err;
	pthread_cond_signal(&b->wake);
	pthread_mutex_unlock(&b->lock);
}

static int
copy_state(void *ctx, int fd)
{
	const struct rebuild *b = ctx;
	char *chunk = xmalloc(COPY_CHUNK);
	uint64_t left = b->log->snap.size;
	int rc = 0;

	while (rc == 0 && left > 0) {
		size_t want = left < COPY_CHUNK ? (size_t)left : COPY_CHUNK;
		ssize_t n = read(b->from, chunk, want);

		if (n <= 0 || write(fd, chunk, (size_t)n) != n)
			rc = -1;
		else
			left -= (uint64_t)n;
	}
	free(chunk);
	return rc;
}

static int
copy_snapshot(struct rebuild *b, uint64_t cluster, struct err *err)
{
	struct wal_snap s = b->log->snap;
	int rc;

	b->from = wal_snap_open(b->old, &s, err);
	if (b->from == -1)
		return -1;
	s.cluster_id = cluster;
	s.config = b->config->data;
	s.nconfig = b->config->len;
	rc = wal_snap_write(wal_directory(b->to), &s, copy_state, b, err);
	close(b->from);
	return rc;
}

/* What follows the snapshot, each at its place. */
static void
copy_entries(struct rebuild *b)
{
	const struct wal_log *log = b->log;
	uint64_t after = log->snap.index;

	if (after > 0)
		wal_reset(b->to, after + 1, log->snap.term);
	wal_set_hard(b->to, log->hard.term, log->hard.vote);
	for (size_t i = 0; i < log->n; i++) {
		struct wal_entry e = log->entries[i];

		if (e.index <= after)
			continue;
		if (e.kind == RAFT_CONFIG) {
			e.data = b->config->data;
			e.n = (uint32_t)b->config->len;
		}
		wal_append(b->to, &e, 1);
	}
	wal_submit(b->to, 1);
}

static int
wait_for_disk(struct rebuild *b, struct err *err)
{
	int rc = 0;

	pthread_mutex_lock(&b->lock);
	while (!b->is_synced && !b->has_failed)
		pthread_cond_wait(&b->wake, &b->lock);
	if (b->has_failed) {
		*err = b->why;
		rc = -1;
	}
	pthread_mutex_unlock(&b->lock);
	return rc;
}

static int
fill(struct rebuild *b, uint64_t cluster, struct err *err)
{
	if (b->log->snap.index > 0 && copy_snapshot(b, cluster, err) == -1)
		return -1;
	copy_entries(b);
	return wait_for_disk(b, err);
}

/* A whole new log in dir, closed and durable. */
static int
build(struct rebuild *b, const char *dir, uint64_t cluster, struct err *err)
{
	struct wal_opts o = { .dir = dir,
		.server_id = b->opts->server_id,
		.cluster_id = cluster,
		.segment_bytes = b->opts->segment_bytes,
		.io = b->opts->io,
		.on_synced = on_synced,
		.on_fatal = on_failed,
		.ctx = b };
	struct wal_log fresh;
	int rc;

	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->wake, NULL);
	rc = wal_open(&b->to, &o, &fresh, err);
	if (rc == 0) {
		wal_log_release(&fresh);
		rc = fill(b, cluster, err);
		wal_close(b->to);
	}
	if (rc == 0 && b->has_failed) {
		*err = b->why;
		rc = -1;
	}
	pthread_cond_destroy(&b->wake);
	pthread_mutex_destroy(&b->lock);
	return rc;
}

/* --- all of it --- */

static int
by_id(const void *a, const void *b)
{
	const struct raft_server *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

uint64_t
raft_recover_cluster(uint64_t before, const struct raft_config *c)
{
	struct raft_config sorted = *c;
	struct raft_bytes *bytes;
	uint64_t h = FNV_BEGIN;

	qsort(sorted.servers, sorted.n, sizeof *sorted.servers, by_id);
	bytes = raft_config_format(&sorted);
	h = fnv_add(h, &before, sizeof before);
	h = fnv_add(h, bytes->data, bytes->len);
	raft_bytes_unref(bytes);
	return h != 0 ? h : 1;
}

/* The order of the servers is not what the operators of two wrote. */
static struct raft_bytes *
config_bytes(const struct raft_config *c)
{
	struct raft_config sorted = *c;

	qsort(sorted.servers, sorted.n, sizeof *sorted.servers, by_id);
	return raft_config_format(&sorted);
}

/* The new directory is whole: it takes the old one's place. */
static int
exchange(const struct place *p, struct raft_recovery *done, struct err *err)
{
	char *fresh = beside(p, ".recovering"),
	     *whole = beside(p, ".recovered");
	char aside[128];
	int n = 1, rc;

	do
		snprintf(aside, sizeof aside, "%s.before-%d", p->name, n);
	while (is_there(p, aside) && n++ < ASIDE_MAX);
	snprintf(done->aside, sizeof done->aside, "%s/%s", p->path, aside);
	rc = move(p, fresh, whole, err);
	if (rc == 0)
		rc = move(p, p->name, aside, err);
	if (rc == 0)
		rc = move(p, whole, p->name, err);
	free(fresh);
	free(whole);
	return rc;
}

static int
may_recover(const struct raft_recover_opts *opts, const struct wal_log *log,
    struct err *err)
{
	if (raft_config_check(opts->config) == -1)
		return err_set(err, ERR_BAD, "none of the servers is a voter");
	if (raft_config_slot(opts->config, opts->server_id) == opts->config->n)
		return err_set(
		    err, ERR_BAD, "this server is not one of the servers");
	if (wal_log_last(log) == 0)
		return err_set(err, ERR_NOT_FOUND,
		    "%s: the log is empty, so there is nothing to recover "
		    "from it",
		    opts->dir);
	return 0;
}

static int
recover_from(const struct raft_recover_opts *opts, const struct place *p,
    struct wal *old, struct wal_log *log, struct raft_recovery *done,
    struct err *err)
{
	struct raft_bytes *config;
	struct rebuild b = { .opts = opts, .log = log };
	char *fresh;
	int rc;

	if (may_recover(opts, log, err) == -1)
		return -1;
	*done = (struct raft_recovery){ .cluster_before = log->hard.cluster_id,
		.cluster =
		    raft_recover_cluster(log->hard.cluster_id, opts->config),
		.last = wal_log_last(log),
		.last_term = wal_log_last_term(log) };
	fresh = xasprintf("%s.recovering", opts->dir);
	b.config = config = config_bytes(opts->config);
	b.old = wal_directory(old);
	rc = build(&b, fresh, done->cluster, err);
	raft_bytes_unref(config);
	free(fresh);
	return rc == 0 ? exchange(p, done, err) : -1;
}

int
raft_recover(const struct raft_recover_opts *opts, struct raft_recovery *done,
    struct err *err)
{
	struct wal_opts o = { .dir = opts->dir,
		.server_id = opts->server_id,
		.segment_bytes = opts->segment_bytes,
		.io = opts->io };
	char *vote = xasprintf("%s/" WAL_HARD_NAME, opts->dir);
	bool has_log = access(vote, F_OK) == 0;
	struct wal_log log;
	struct place p;
	struct wal *old;
	int rc = -1;

	free(vote);
	if (!has_log)
		return err_set(err, ERR_NOT_FOUND,
		    "%s: there is no log to recover from", opts->dir);
	if (raft_recover_settle(opts->dir, opts->io, err) == -1 ||
	    place_open(&p, opts->dir, opts->io, err) == -1)
		return -1;
	/* Its lock is kept until the new one is in its place. */
	if (wal_open(&old, &o, &log, err) == 0) {
		rc = recover_from(opts, &p, old, &log, done, err);
		wal_log_release(&log);
		wal_close(old);
	}
	place_release(&p);
	return rc;
}

int
raft_recover_settle(const char *dir, const struct wal_io *io, struct err *err)
{
	char *fresh, *whole;
	struct place p;
	int rc = 0;

	if (place_open(&p, dir, io, err) == -1)
		return -1;
	fresh = beside(&p, ".recovering");
	whole = beside(&p, ".recovered");
	/* The old one has gone aside only when the new one was whole. */
	if (!is_there(&p, p.name) && is_there(&p, whole))
		rc = move(&p, whole, p.name, err);
	if (rc == 0)
		rc = discard(&p, fresh, err);
	if (rc == 0)
		rc = discard(&p, whole, err);
	free(fresh);
	free(whole);
	place_release(&p);
	return rc;
}
