/*
 * The thread that writes and syncs. It takes all that is queued at once, so
 * the longer a sync lasts, the more the next one carries.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/wal/impl.h"

#define KEEP_BYTES ((size_t)1 << 20) /* of room, from batch to batch */

static uint64_t
round_block(uint64_t n)
{
	return (n + WAL_BLOCK - 1) / WAL_BLOCK * WAL_BLOCK;
}

/* The last two blocks of a segment are kept for a mark and its seal. */
enum { FOR_SEAL = WAL_BLOCK, FOR_MARK_AND_SEAL = 2 * WAL_BLOCK };

static bool
fits(const struct wal *w, size_t n, uint64_t kept)
{
	return w->tail.end + round_block(n + WAL_TRAILER) + kept <=
	       w->tail.head.size;
}

/* Seals, writes and syncs one batch at the segment's end. */
static int
write_batch(struct wal *w, struct buf *b, struct err *err)
{
	struct wal_tail *t = &w->tail;
	char name[WAL_SEG_NAME_SIZE];
	size_t n = b->len;

	buf_reserve(b, WAL_TRAILER);
	wal_batch_seal(
	    (uint8_t *)b->data, n, t->head.number, t->batch + 1, &t->chain);
	wal_seg_name(t->head.number, name);
	if (wal_dir_write(&w->dir, t->fd, name, b->data, n + WAL_TRAILER,
		t->end, err) == -1 ||
	    wal_dir_sync_data(&w->dir, t->fd, name, err) == -1)
		return -1;
	t->batch++;
	t->end += round_block(n + WAL_TRAILER);
	return 0;
}

/* A batch of one record without payload. */
static int
write_note(struct wal *w, enum wal_type type, uint64_t index, struct err *err)
{
	struct wal_record r = { .type = type, .index = index };
	struct buf b = { 0 };
	int rc;

	wal_record_put((uint8_t *)buf_reserve(&b, wal_record_size(0)), &r);
	b.len = wal_record_size(0);
	rc = write_batch(w, &b, err);
	buf_release(&b);
	return rc;
}

/* The next segment is there before the old one says so. */
static int
roll(struct wal *w, size_t n, struct err *err)
{
	struct wal_tail *t = &w->tail;
	uint64_t size =
	    WAL_BLOCK + round_block(n + WAL_TRAILER) + FOR_MARK_AND_SEAL;
	struct wal_seg_head h = t->head;
	uint8_t block[WAL_BLOCK] = { 0 };
	int fd = wal_spare_take(w, &size, err);

	if (fd == -1)
		return -1;
	h.number++;
	h.size = size;
	h.first_index = w->last_index + 1;
	h.prev_term = w->last_term;
	h.batch = t->batch + 1;
	h.is_fresh = false;
	if (wal_seg_publish(&w->dir, fd, &h, err) == -1 ||
	    write_note(w, WAL_SEAL, h.number, err) == -1) {
		close(fd);
		return -1;
	}
	close(t->fd);
	wal_head_encode(block, &h);
	*t = (struct wal_tail){ .fd = fd,
		.head = h,
		.end = WAL_BLOCK,
		.batch = h.batch,
		.chain = wal_head_chain(block),
		.has_mark = true };
	wal_segs_add(&w->segs, h.number);
	return 0;
}

/* What the next segment's head will have to say of this one. */
static void
note_indexes(struct wal *w, const struct buf *b)
{
	struct wal_seg *seg = &w->segs.items[w->segs.n - 1];

	for (size_t at = 0; at < b->len;) {
		struct wal_record r;

		at += wal_record_get((const uint8_t *)b->data + at, &r);
		w->last_index = r.type == WAL_CUT ? r.index - 1 : r.index;
		w->last_term = r.term;
		if (r.type == WAL_ENTRY && r.index > seg->max_index)
			seg->max_index = r.index;
	}
}

static int
begin_fresh(struct wal *w, const struct wal_queue *q, struct err *err)
{
	uint64_t size = w->segment_bytes;

	/* Whatever is being prepared uses the same temporary name. */
	int fd = wal_spare_take(w, &size, err);

	if (fd == -1)
		return -1;
	wal_seg_abandon(&w->dir, fd);
	if (wal_begin_fresh(&w->dir, q->first, q->prev_term, &w->segs, &w->tail,
		size, err) == -1)
		return -1;
	w->last_index = q->first - 1;
	w->last_term = q->prev_term;
	return 0;
}

static int
compact(struct wal *w, uint64_t index, struct err *err)
{
	uint64_t oldest;
	size_t n = 0;

	if (wal_snap_prune(&w->dir, &oldest, err) == -1)
		return -1;
	if (oldest > 0 && oldest < index)
		index = oldest;
	while (n + 1 < w->segs.n && w->segs.items[n].max_index <= index)
		n++;
	return wal_segs_drop(&w->dir, &w->segs, n, err);
}

static int
write_records(struct wal *w, struct buf *b, struct err *err)
{
	if (!fits(w, b->len, FOR_MARK_AND_SEAL) && roll(w, b->len, err) == -1)
		return -1;
	if (write_batch(w, b, err) == -1)
		return -1;
	note_indexes(w, b);
	w->tail.has_mark = false;
	return 0;
}

static int
carry_out(struct wal *w, struct wal_queue *q, struct err *err)
{
	if (q->has_hard &&
	    wal_hard_update(&w->dir, &w->hard, q->term, q->vote, err) == -1)
		return -1;
	if (q->has_reset && begin_fresh(w, q, err) == -1)
		return -1;
	if (q->records.len > 0 && write_records(w, &q->records, err) == -1)
		return -1;
	return 0;
}

/* Says on the disk, too, that the last batch was synced. */
static int
write_mark(struct wal *w, struct err *err)
{
	if (w->tail.has_mark)
		return 0;
	w->tail.has_mark = true;
	/* Programs before this one kept no room for it. */
	if (!fits(w, wal_record_size(0), FOR_SEAL))
		return 0;
	return write_note(w, WAL_MARK, 0, err);
}

/*
 * Waits until something is queued (true), the log is idle and wants a mark
 * (true, and nothing is queued), or the end has come (false).
 */
static bool
take(struct wal *w)
{
	bool has_time = true;
	struct buf empty;

	w->in_flight = 0;
	w->room = w->tail.head.size - w->tail.end;
	while (w->pending.seq == 0 && !w->stop && !w->is_spare_broken &&
	       has_time) {
		if (w->tail.has_mark)
			pthread_cond_wait(&w->disk_wake, &w->lock);
		else
			has_time = wal_wait(w, &w->disk_wake, w->mark_after_ms);
	}
	if (w->is_spare_broken) {
		w->doing.seq = 0;
		return true;
	}
	if (w->pending.seq == 0 && w->stop)
		return false;
	buf_reset(&w->doing.records);
	if (w->doing.records.cap > KEEP_BYTES)
		buf_release(&w->doing.records);
	w->in_flight = w->pending.records.len;
	empty = w->doing.records;
	w->doing = w->pending;
	w->pending = (struct wal_queue){ .records = empty };
	return true;
}

static int
turn(struct wal *w, bool is_broken, struct err *err)
{
	struct wal_queue *q = &w->doing;

	if (is_broken) {
		*err = w->spare_err;
		return -1;
	}
	if (q->seq == 0)
		return write_mark(w, err);
	if (carry_out(w, q, err) == -1)
		return -1;
	w->opts.on_synced(w->opts.ctx, q->seq);
	if (w->tail.end > w->tail.head.size / 2)
		wal_spare_want(w);
	return q->compact > 0 ? compact(w, q->compact, err) : 0;
}

void *
wal_disk_main(void *arg)
{
	struct wal *w = arg;
	struct err err;
	bool is_good = true;

	pthread_mutex_lock(&w->lock);
	while (is_good && take(w)) {
		bool is_broken = w->is_spare_broken;

		pthread_mutex_unlock(&w->lock);
		is_good = turn(w, is_broken, &err) == 0;
		pthread_mutex_lock(&w->lock);
	}
	pthread_mutex_unlock(&w->lock);
	if (!is_good || write_mark(w, &err) == -1)
		wal_fail(w, &err);
	return NULL;
}
