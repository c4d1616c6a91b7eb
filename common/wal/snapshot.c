#include "common/wal/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/mem.h"
#include "common/wal/crc32c.h"
#include "common/wal/format.h"

#define SNAP_MAGIC  "ROVESNAP"
#define SNAP_PREFIX "snapshot-"
#define SNAP_TMP    "snapshot.tmp"
#define CHUNK       ((size_t)64 * 1024)

/* Where the head keeps what. */
enum {
	SNAP_VERSION = 8,
	SNAP_CRC = 12, /* of the rest of the block */
	SNAP_CLUSTER = 16,
	SNAP_INDEX = 24,
	SNAP_TERM = 32,
	SNAP_CONFIG_INDEX = 40,
	SNAP_SIZE = 48,
	SNAP_NCONFIG = 56,
	SNAP_HASH = 64, /* of the table of checksums */
};

void
wal_snap_name(const struct wal_snap *s, char name[WAL_SNAP_NAME_SIZE])
{
	snprintf(name, WAL_SNAP_NAME_SIZE,
	    SNAP_PREFIX "%016" PRIx64 "-%016" PRIx64, s->index, s->term);
}

static void
encode_head(uint8_t *b, const struct wal_snap *s)
{
	memset(b, 0, WAL_BLOCK);
	memcpy(b, SNAP_MAGIC, 8);
	wal_put32(b + SNAP_VERSION, WAL_VERSION);
	wal_put64(b + SNAP_CLUSTER, s->cluster_id);
	wal_put64(b + SNAP_INDEX, s->index);
	wal_put64(b + SNAP_TERM, s->term);
	wal_put64(b + SNAP_CONFIG_INDEX, s->config_index);
	wal_put64(b + SNAP_SIZE, s->size);
	wal_put64(b + SNAP_NCONFIG, s->nconfig);
	wal_put32(b + SNAP_HASH, s->hash);
	wal_put32(b + SNAP_CRC,
	    crc32c(0, b + SNAP_CLUSTER, WAL_BLOCK - SNAP_CLUSTER));
}

static int
decode_head(const uint8_t *b, struct wal_snap *s, struct err *err)
{
	uint32_t version = wal_get32(b + SNAP_VERSION);

	if (memcmp(b, SNAP_MAGIC, 8) != 0)
		return err_set(
		    err, ERR_CORRUPT, "damaged at offset 0: not a snapshot");
	if (version > WAL_VERSION && version < 1u << 16)
		return err_set(err, ERR_BAD,
		    "written by a newer program: format version %" PRIu32
		    ", this one knows up to %d",
		    version, WAL_VERSION);
	if (version != WAL_VERSION ||
	    wal_get32(b + SNAP_CRC) !=
		crc32c(0, b + SNAP_CLUSTER, WAL_BLOCK - SNAP_CLUSTER))
		return err_set(err, ERR_CORRUPT,
		    "damaged at offset 0: the head's checksum is wrong");
	*s = (struct wal_snap){
		.cluster_id = wal_get64(b + SNAP_CLUSTER),
		.index = wal_get64(b + SNAP_INDEX),
		.term = wal_get64(b + SNAP_TERM),
		.config_index = wal_get64(b + SNAP_CONFIG_INDEX),
		.size = wal_get64(b + SNAP_SIZE),
		.nconfig = (size_t)wal_get64(b + SNAP_NCONFIG),
		.hash = wal_get32(b + SNAP_HASH),
	};
	if (s->size > WAL_SNAP_SIZE_MAX || s->nconfig > WAL_SNAP_CONFIG_MAX)
		return err_set(err, ERR_CORRUPT,
		    "damaged at offset %d: sizes that cannot be", SNAP_SIZE);
	return 0;
}

static ssize_t
read_full(int fd, void *p, size_t n, uint64_t at)
{
	size_t got = 0;

	while (got < n) {
		ssize_t r =
		    pread(fd, (char *)p + got, n - got, (off_t)(at + got));

		if (r == -1 && errno == EINTR)
			continue;
		if (r == -1)
			return -1;
		if (r == 0)
			break;
		got += (size_t)r;
	}
	return (ssize_t)got;
}

/* Appends the checksum of each chunk of [WAL_BLOCK, end) to table. */
static int
sum_chunks(
    int fd, const char *path, uint64_t end, struct buf *table, struct err *err)
{
	uint8_t *chunk = xmalloc(CHUNK);
	int rc = 0;

	for (uint64_t at = WAL_BLOCK; at < end && rc == 0; at += CHUNK) {
		size_t n = end - at < CHUNK ? (size_t)(end - at) : CHUNK;
		ssize_t got = read_full(fd, chunk, n, at);
		uint8_t sum[4];

		if (got != (ssize_t)n)
			rc = err_sys(
			    err, "%s: read at offset %" PRIu64, path, at);
		wal_put32(sum, crc32c(0, chunk, n));
		buf_add(table, sum, sizeof sum);
	}
	free(chunk);
	return rc;
}

/* Behind the owner's bytes: config and checksums; at last the head. */
static int
finish(struct wal_dir *d, int fd, struct wal_snap *s, struct buf *table,
    struct err *err)
{
	off_t end = lseek(fd, 0, SEEK_END);
	uint64_t config_at;
	uint8_t head[WAL_BLOCK];

	if (end < WAL_BLOCK)
		end = WAL_BLOCK;
	config_at = (uint64_t)end;
	s->size = config_at - WAL_BLOCK;
	if (wal_dir_write(
		d, fd, SNAP_TMP, s->config, s->nconfig, config_at, err) == -1 ||
	    sum_chunks(fd, SNAP_TMP, config_at + s->nconfig, table, err) == -1)
		return -1;
	s->hash = crc32c(0, table->data, table->len);
	encode_head(head, s);
	if (wal_dir_write(d, fd, SNAP_TMP, table->data, table->len,
		config_at + s->nconfig, err) == -1 ||
	    wal_dir_write(d, fd, SNAP_TMP, head, sizeof head, 0, err) == -1)
		return -1;
	return wal_dir_sync_file(d, fd, SNAP_TMP, err);
}

int
wal_snap_write(struct wal_dir *d, const struct wal_snap *s,
    wal_snap_write_fn *fn, void *ctx, struct err *err)
{
	struct wal_snap w = *s;
	struct buf table = { 0 };
	char name[WAL_SNAP_NAME_SIZE];
	int fd = wal_dir_file(d, SNAP_TMP, O_RDWR | O_CREAT | O_TRUNC, err);
	int rc = -1;

	if (fd == -1)
		return -1;
	if (lseek(fd, WAL_BLOCK, SEEK_SET) == -1 || fn(ctx, fd) == -1)
		err_sys(err, "%s/%s: writing the state", d->path, SNAP_TMP);
	else
		rc = finish(d, fd, &w, &table, err);
	if (close(fd) == -1 && rc == 0)
		rc = err_sys(err, "%s/%s: close", d->path, SNAP_TMP);
	buf_release(&table);
	wal_snap_name(s, name);
	if (rc == 0)
		return wal_dir_rename(d, SNAP_TMP, name, err);
	wal_dir_unlink(d, SNAP_TMP, NULL);
	return -1;
}

/* No log_*(): its lock may have been held by a thread that is not here. */
static void
complain(const struct err *err)
{
	char line[ERR_TEXT_MAX + 16];
	int n = snprintf(line, sizeof line, "snapshot: %s\n", err->text);

	if (n > 0 && write(STDERR_FILENO, line, (size_t)n) == -1)
		(void)0;
}

pid_t
wal_snap_fork(struct wal_dir *d, const struct wal_snap *s,
    wal_snap_write_fn *fn, void *ctx, struct err *err)
{
	pid_t parent = getpid(), pid = fork();
	struct err why = { 0 };

	if (pid == -1)
		return err_sys(err, "fork");
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	wal_dir_keep_alone(d);
	if (getppid() != parent)
		_exit(1);
	if (wal_snap_write(d, s, fn, ctx, &why) == -1) {
		complain(&why);
		_exit(1);
	}
	_exit(0);
}

/* --- reading --- */

/* Compares table with the one the file ends in. */
static int
check_table(
    int fd, const struct wal_snap *s, const struct buf *table, struct err *err)
{
	uint64_t at = WAL_BLOCK + s->size + s->nconfig;
	uint8_t *want = xmalloc(table->len);
	int rc = 0;

	if (read_full(fd, want, table->len, at) != (ssize_t)table->len ||
	    crc32c(0, want, table->len) != s->hash)
		rc = err_set(err, ERR_CORRUPT,
		    "damaged at offset %" PRIu64 ": the table of checksums",
		    at);
	for (size_t i = 0; rc == 0 && i < table->len; i += 4)
		if (memcmp(want + i, table->data + i, 4) != 0)
			rc = err_set(err, ERR_CORRUPT,
			    "damaged at offset %" PRIu64
			    ", or in the %zu bytes behind it",
			    WAL_BLOCK + (uint64_t)(i / 4) * CHUNK, CHUNK);
	free(want);
	return rc;
}

static int
check_bytes(int fd, const char *name, struct wal_snap *s, struct buf *config,
    struct err *err)
{
	uint64_t end = WAL_BLOCK + s->size + s->nconfig;
	uint64_t nchunks = (end - WAL_BLOCK + CHUNK - 1) / CHUNK;
	struct buf table = { 0 };
	struct stat st;
	int rc;

	if (fstat(fd, &st) == -1)
		return err_sys(err, "%s", name);
	if ((uint64_t)st.st_size != end + nchunks * 4)
		return err_set(err, ERR_CORRUPT,
		    "damaged at offset %lld: the file should have %" PRIu64
		    " bytes",
		    (long long)st.st_size, end + nchunks * 4);
	rc = sum_chunks(fd, name, end, &table, err);
	if (rc == 0)
		rc = check_table(fd, s, &table, err);
	buf_release(&table);
	if (rc == -1)
		return -1;
	buf_reset(config);
	if (read_full(fd, buf_reserve(config, s->nconfig), s->nconfig,
		WAL_BLOCK + s->size) != (ssize_t)s->nconfig)
		return err_sys(err, "%s", name);
	config->len = s->nconfig;
	s->config = config->data;
	return 0;
}

int
wal_snap_check(struct wal_dir *d, int fd, const char *name, struct wal_snap *s,
    struct buf *config, struct err *err)
{
	uint8_t head[WAL_BLOCK];
	ssize_t n = read_full(fd, head, sizeof head, 0);

	if (n == -1)
		return err_sys(err, "%s/%s", d->path, name);
	if (n < WAL_BLOCK)
		err_set(err, ERR_CORRUPT,
		    "damaged at offset %zd: the file is too short", n);
	else if (decode_head(head, s, err) == 0 &&
		 check_bytes(fd, name, s, config, err) == 0)
		return 0;
	return err_add(err, "%s/%s", d->path, name);
}

int
wal_snap_head(struct wal_dir *d, struct wal_snap *s, struct err *err)
{
	uint8_t head[WAL_BLOCK] = { 0 };
	int fd = wal_snap_open(d, s, err);

	if (fd == -1)
		return -1;
	if (read_full(fd, head, sizeof head, 0) == -1)
		err_sys(err, "%s: snapshot head", d->path);
	close(fd);
	return decode_head(head, s, err);
}

/* The snapshots there are, by their names; newest first. */
struct listing {
	struct wal_snap *items;
	size_t n, cap;
};

static int
list_one(void *ctx, const char *name, struct err *err)
{
	struct listing *l = ctx;
	struct wal_snap s = { 0 };
	char again[WAL_SNAP_NAME_SIZE];

	(void)err;
	if (sscanf(name, SNAP_PREFIX "%16" SCNx64 "-%16" SCNx64, &s.index,
		&s.term) != 2)
		return 0;
	wal_snap_name(&s, again);
	if (strcmp(name, again) != 0)
		return 0;
	l->items = xgrow(l->items, l->n, &l->cap, sizeof *l->items);
	l->items[l->n++] = s;
	return 0;
}

static int
newest_first(const void *a, const void *b)
{
	const struct wal_snap *x = a, *y = b;

	if (x->index != y->index)
		return x->index > y->index ? -1 : 1;
	return x->term > y->term ? -1 : x->term < y->term;
}

static int
list(struct wal_dir *d, struct listing *l, struct err *err)
{
	if (wal_dir_each(d, list_one, l, err) == -1)
		return -1;
	if (l->n > 0)
		qsort(l->items, l->n, sizeof *l->items, newest_first);
	return 0;
}

int
wal_snap_open(struct wal_dir *d, const struct wal_snap *s, struct err *err)
{
	char name[WAL_SNAP_NAME_SIZE];
	int fd;

	wal_snap_name(s, name);
	fd = openat(d->fd, name, O_RDONLY | O_CLOEXEC);
	if (fd == -1 || lseek(fd, WAL_BLOCK, SEEK_SET) == -1) {
		err_sys(err, "%s/%s", d->path, name);
		if (fd != -1)
			close(fd);
		return -1;
	}
	return fd;
}

static int
find_newest(struct wal_dir *d, const struct wal_snap *newest,
    struct wal_snap *s, struct buf *config, struct err *err)
{
	char name[WAL_SNAP_NAME_SIZE];
	int fd = wal_snap_open(d, newest, err), rc;

	if (fd == -1)
		return -1;
	wal_snap_name(newest, name);
	rc = wal_snap_check(d, fd, name, s, config, err);
	close(fd);
	if (rc == 0 && (s->index != newest->index || s->term != newest->term))
		rc = err_set(err, ERR_CORRUPT,
		    "%s/%s: damaged at offset %d: another index than the name "
		    "says",
		    d->path, name, SNAP_INDEX);
	return rc;
}

int
wal_snap_find(struct wal_dir *d, struct wal_snap *s, struct buf *config,
    uint64_t *older, struct err *err)
{
	struct listing l = { 0 };
	int rc = list(d, &l, err);

	*s = (struct wal_snap){ 0 };
	*older = l.n > 1 ? l.items[1].index : 0;
	if (rc == 0 && l.n > 0)
		rc = find_newest(d, &l.items[0], s, config, err);
	free(l.items);
	return rc;
}

int
wal_snap_prune(struct wal_dir *d, uint64_t *oldest, struct err *err)
{
	struct listing l = { 0 };
	int rc = list(d, &l, err);

	*oldest = 0;
	for (size_t i = 0; rc == 0 && i < l.n; i++) {
		char name[WAL_SNAP_NAME_SIZE];

		wal_snap_name(&l.items[i], name);
		if (i < WAL_SNAP_KEEP)
			*oldest = l.items[i].index;
		else
			rc = wal_dir_unlink(d, name, err);
	}
	free(l.items);
	return rc;
}
