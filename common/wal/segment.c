#include "common/wal/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/mem.h"

#define SEG_PREFIX "log-"
#define SEG_TMP    "log.tmp"

void
wal_seg_name(uint64_t number, char name[WAL_SEG_NAME_SIZE])
{
	snprintf(name, WAL_SEG_NAME_SIZE, SEG_PREFIX "%016" PRIx64, number);
}

void
wal_segs_add(struct wal_segs *segs, uint64_t number)
{
	segs->items =
	    xgrow(segs->items, segs->n, &segs->cap, sizeof *segs->items);
	segs->items[segs->n++] = (struct wal_seg){ .number = number };
}

void
wal_segs_release(struct wal_segs *segs)
{
	free(segs->items);
	*segs = (struct wal_segs){ 0 };
}

static int
list_one(void *ctx, const char *name, struct err *err)
{
	struct wal_segs *segs = ctx;
	char again[WAL_SEG_NAME_SIZE];
	uint64_t number;

	if (sscanf(name, SEG_PREFIX "%16" SCNx64, &number) != 1)
		return 0;
	wal_seg_name(number, again);
	if (strcmp(name, again) != 0)
		return 0;
	if (segs->n == WAL_SEG_LIST_MAX)
		return err_set(err, ERR_CORRUPT, "more than %d segments",
		    WAL_SEG_LIST_MAX);
	wal_segs_add(segs, number);
	return 0;
}

static int
by_number(const void *a, const void *b)
{
	const struct wal_seg *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

int
wal_segs_list(struct wal_dir *d, struct wal_segs *segs, struct err *err)
{
	if (wal_dir_each(d, list_one, segs, err) == -1)
		return -1;
	if (segs->n > 0)
		qsort(segs->items, segs->n, sizeof *segs->items, by_number);
	for (size_t i = 1; i < segs->n; i++) {
		uint64_t want = segs->items[i - 1].number + 1;
		char name[WAL_SEG_NAME_SIZE];

		if (segs->items[i].number == want)
			continue;
		wal_seg_name(want, name);
		return err_set(err, ERR_CORRUPT,
		    "%s/%s is missing, and the log goes on behind it", d->path,
		    name);
	}
	return 0;
}

int
wal_segs_drop(
    struct wal_dir *d, struct wal_segs *segs, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		char name[WAL_SEG_NAME_SIZE];

		wal_seg_name(segs->items[i].number, name);
		if (wal_dir_unlink(d, name, err) == -1)
			return -1;
	}
	if (n == 0)
		return 0;
	segs->n -= n;
	memmove(segs->items, segs->items + n, segs->n * sizeof *segs->items);
	return wal_dir_sync(d, err);
}

/*
 * Reserving and then writing: without the zeros the first write to each
 * block changes metadata, and fdatasync() takes twice as long.
 */
int
wal_seg_prepare(struct wal_dir *d, uint64_t size, struct err *err)
{
	int fd = wal_dir_file(d, SEG_TMP, O_RDWR | O_CREAT | O_TRUNC, err);
	int rc, saved;

	if (fd == -1)
		return -1;
	rc = d->io->allocate(d->io->ctx, fd, (off_t)size);
	if (rc == -1 && errno == EOPNOTSUPP)
		rc = 0; /* the zeros reserve as well */
	if (rc == -1)
		err_sys(err, "%s/%s: reserving %" PRIu64 " bytes", d->path,
		    SEG_TMP, size);
	else
		rc = wal_dir_zero(d, fd, SEG_TMP, 0, size, err);
	if (rc == 0)
		rc = wal_dir_sync_file(d, fd, SEG_TMP, err);
	if (rc == 0)
		return fd;
	saved = errno;
	wal_seg_abandon(d, fd);
	errno = saved;
	return -1;
}

void
wal_seg_abandon(struct wal_dir *d, int fd)
{
	close(fd);
	wal_dir_unlink(d, SEG_TMP, NULL);
}

int
wal_seg_publish(
    struct wal_dir *d, int fd, const struct wal_seg_head *h, struct err *err)
{
	uint8_t block[WAL_BLOCK] = { 0 };
	char name[WAL_SEG_NAME_SIZE];

	wal_head_encode(block, h);
	wal_seg_name(h->number, name);
	if (wal_dir_write(d, fd, SEG_TMP, block, sizeof block, 0, err) == -1 ||
	    wal_dir_sync_file(d, fd, SEG_TMP, err) == -1)
		return -1;
	return wal_dir_rename(d, SEG_TMP, name, err);
}
