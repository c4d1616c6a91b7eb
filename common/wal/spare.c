/*
 * The thread that has the next segment ready before the current one is full.
 * Filling megabytes with zeros on the disk thread would delay every commit
 * behind it.
 */
#include <errno.h>

#include "common/log.h"
#include "common/wal/impl.h"

#define RETRY_MS 1000 /* after a full disk */

/* Waits for work; false at the end. */
static bool
wait_for_work(struct wal *w)
{
	while (!w->stop && !w->failed) {
		if (w->spare == WAL_SPARE_WANTED)
			return true;
		if (w->spare != WAL_SPARE_FAILED)
			pthread_cond_wait(&w->spare_wake, &w->lock);
		else if (!wal_wait(w, &w->spare_wake, RETRY_MS) &&
			 w->spare == WAL_SPARE_FAILED)
			w->spare = WAL_SPARE_WANTED;
	}
	return false;
}

/* A full disk is no failure yet: there is room in the current segment. */
static void
settle(struct wal *w, int fd, bool is_full, bool was_full)
{
	w->spare_fd = fd;
	w->spare = fd != -1  ? WAL_SPARE_READY
		   : is_full ? WAL_SPARE_FAILED
			     : WAL_SPARE_NONE;
	pthread_cond_broadcast(&w->spare_done);
	if (is_full && !was_full)
		log_warn("disk full: new commands will be refused path=%s",
		    w->dir.path);
	if (was_full && fd != -1)
		log_info("disk has room again path=%s", w->dir.path);
}

void *
wal_spare_main(void *arg)
{
	struct wal *w = arg;
	bool was_full = false;

	pthread_mutex_lock(&w->lock);
	while (wait_for_work(w)) {
		struct err err = { 0 };
		bool is_full;
		int fd;

		w->spare = WAL_SPARE_BUSY;
		pthread_mutex_unlock(&w->lock);
		fd = wal_seg_prepare(&w->dir, w->segment_bytes, &err);
		is_full = fd == -1 && (errno == ENOSPC || errno == EDQUOT);
		pthread_mutex_lock(&w->lock);
		if (fd == -1 && !is_full) {
			/* The disk thread ends it, so that it reports nothing
			 * after that. */
			w->is_spare_broken = true;
			w->spare_err = err;
			pthread_cond_signal(&w->disk_wake);
		}
		settle(w, fd, is_full, was_full);
		was_full = is_full;
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

void
wal_spare_want(struct wal *w)
{
	pthread_mutex_lock(&w->lock);
	if (w->spare == WAL_SPARE_NONE) {
		w->spare = WAL_SPARE_WANTED;
		pthread_cond_signal(&w->spare_wake);
	}
	pthread_mutex_unlock(&w->lock);
}

int
wal_spare_take(struct wal *w, uint64_t *size, struct err *err)
{
	int fd;

	pthread_mutex_lock(&w->lock);
	while (w->spare == WAL_SPARE_BUSY && !w->failed)
		pthread_cond_wait(&w->spare_done, &w->lock);
	fd = w->spare == WAL_SPARE_READY ? w->spare_fd : -1;
	w->spare_fd = -1;
	/* From here on nobody prepares anything until it is asked for. */
	w->spare = WAL_SPARE_NONE;
	pthread_mutex_unlock(&w->lock);
	if (fd != -1 && *size <= w->segment_bytes) {
		*size = w->segment_bytes;
		return fd;
	}
	if (fd != -1)
		wal_seg_abandon(&w->dir, fd);
	if (*size < w->segment_bytes)
		*size = w->segment_bytes;
	return wal_seg_prepare(&w->dir, *size, err);
}
