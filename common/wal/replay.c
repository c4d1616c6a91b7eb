/* Reading the log back: record by record, segment by segment. */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "common/mem.h"
#include "common/wal/recover.h"
#include "common/wal/recover_impl.h"
#include "common/wal/scan.h"

static int
refuse_at(size_t at, const char *why, struct err *err)
{
	return err_set(err, ERR_CORRUPT, "damaged at offset %zu: %s", at, why);
}

/* --- one record --- */

static int
take_entry(struct recovery *r, const struct wal_record *rec, size_t at,
    struct err *err)
{
	struct wal_log *log = r->log;
	struct wal_entry *e;

	if (rec->index != wal_log_last(log) + 1)
		return refuse_at(at, "an entry out of order", err);
	if (rec->term < wal_log_last_term(log) || rec->term == 0)
		return refuse_at(at, "an entry of a term gone by", err);
	log->entries =
	    xgrow(log->entries, log->n, &log->cap, sizeof *log->entries);
	e = &log->entries[log->n++];
	*e = (struct wal_entry){
		.index = rec->index, .term = rec->term, .kind = rec->kind
	};
	if (rec->n > 0 && rec->index > log->snap.index) {
		void *copy = arena_alloc(&log->arena, rec->n);

		memcpy(copy, rec->data, rec->n);
		e->data = copy;
		e->n = rec->n;
	}
	if (rec->index > r->max_index)
		r->max_index = rec->index;
	return 0;
}

/*
 * What is cut may lie in a segment that has been compacted away since: then
 * the log begins where the cut was.
 */
static int
take_cut(struct recovery *r, const struct wal_record *rec, size_t at,
    struct err *err)
{
	struct wal_log *log = r->log;

	if (rec->index == 0 || rec->index > wal_log_last(log) + 1)
		return refuse_at(at, "a cut behind the log's end", err);
	if (rec->index >= log->first) {
		log->n = (size_t)(rec->index - log->first);
		return 0;
	}
	log->n = 0;
	log->first = rec->index;
	log->prev_term = rec->term;
	return 0;
}

static int
take_record(void *ctx, const struct wal_record *rec, size_t at, struct err *err)
{
	struct recovery *r = ctx;

	r->has_mark = rec->type == WAL_MARK;
	switch (rec->type) {
	case WAL_ENTRY:
		return take_entry(r, rec, at, err);
	case WAL_CUT:
		return take_cut(r, rec, at, err);
	case WAL_SEAL:
		r->seal_next = rec->index;
		return 0;
	case WAL_MARK:
	default:
		return 0;
	}
}

/* --- one segment --- */

/*
 * What a killed process wrote but did not sync counts as durable from here on,
 * so it has to be. And what the kernel failed to write may still be in its
 * memory, looking well: then read from the disk, once.
 */
static int
make_durable(
    struct recovery *r, size_t i, int fd, const char *name, struct err *err)
{
	size_t behind = r->segs->n - 1 - i;

	if (behind >= NDOUBTED || r->is_durable[behind])
		return 0;
	if (wal_dir_sync_data(r->dir, fd, name, err) == -1)
		return -1;
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	r->is_durable[behind] = true;
	return 0;
}

static int
open_segment(struct recovery *r, size_t i, char *name, struct err *err)
{
	int fd;

	wal_seg_name(r->segs->items[i].number, name);
	fd = wal_dir_file(r->dir, name, O_RDWR, err);
	if (fd == -1)
		return -1;
	if (make_durable(r, i, fd, name, err) == -1 ||
	    wal_dir_read(r->dir, fd, name, WAL_SEGMENT_MAX, &r->bytes, err) ==
		-1) {
		close(fd);
		return -1;
	}
	return fd;
}

static int
check_head(struct recovery *r, const struct wal_seg_head *h, uint64_t number,
    struct err *err)
{
	const struct wal_hard *own = &r->hard->now;

	if (h->number != number)
		return refuse_at(0, "another number than the name says", err);
	if (h->cluster_id != own->cluster_id || h->server_id != own->server_id)
		return err_set(err, ERR_CONFLICT,
		    "it belongs to server %" PRIu64 " of cluster %016" PRIx64
		    ", not to server %" PRIu64 " of cluster %016" PRIx64,
		    h->server_id, h->cluster_id, own->server_id,
		    own->cluster_id);
	if (!r->is_begun) {
		r->is_begun = true;
		r->log->first = h->first_index;
		r->log->prev_term = h->prev_term;
		r->tail->batch = h->batch;
		return 0;
	}
	if (h->batch != r->tail->batch ||
	    h->first_index != wal_log_last(r->log) + 1 ||
	    h->prev_term != wal_log_last_term(r->log))
		return refuse_at(
		    0, "it does not fit the segment before it", err);
	return 0;
}

static void
set_tail(struct recovery *r, int fd, const struct wal_scan *s)
{
	if (r->tail->fd != -1)
		close(r->tail->fd);
	*r->tail = (struct wal_tail){
		.fd = fd,
		.head = s->head,
		.end = s->end,
		.batch = s->batch,
		.chain = s->chain,
		.has_mark = r->has_mark || s->is_empty,
	};
}

static int
scan_segment(struct recovery *r, size_t i, struct err *err)
{
	struct wal_seg_head head;
	struct wal_scan s = { .is_last = i + 1 == r->n };
	char name[WAL_SEG_NAME_SIZE];
	int fd = open_segment(r, i, name, err), rc;

	if (fd == -1)
		return -1;
	s.bytes = (const uint8_t *)r->bytes.data;
	s.n = r->bytes.len;
	r->max_index = 0;
	rc = wal_head_decode(s.bytes, s.n, &head, err);
	if (rc == 0)
		rc = check_head(r, &head, r->segs->items[i].number, err);
	if (rc == 0)
		rc = wal_scan(&s, take_record, r, err);
	if (rc == 0 && i + 1 < r->n && !s.is_sealed)
		rc = refuse_at(s.end,
		    "it was not ended, but goes on in the "
		    "next file",
		    err);
	if (rc == -1) {
		close(fd);
		return err_add(err, "%s/%s", r->dir->path, name);
	}
	r->segs->items[i].max_index = r->max_index;
	r->log->torn_bytes = s.torn;
	set_tail(r, fd, &s);
	return 0;
}

/* --- the segments together --- */

static int
ignore_record(
    void *ctx, const struct wal_record *rec, size_t at, struct err *err)
{
	bool *is_sealed = ctx;

	(void)at;
	(void)err;
	*is_sealed = rec->type == WAL_SEAL;
	return 0;
}

int
recover_peek(struct recovery *r, size_t i, struct wal_scan *s, bool *is_sealed,
    struct err *err)
{
	char name[WAL_SEG_NAME_SIZE];
	int fd = open_segment(r, i, name, err), rc;

	if (fd == -1)
		return -1;
	close(fd);
	*s = (struct wal_scan){ .bytes = (const uint8_t *)r->bytes.data,
		.n = r->bytes.len,
		.is_last = true };
	*is_sealed = false;
	rc = wal_scan(s, ignore_record, is_sealed, err);
	return rc == 0 ? 0 : err_add(err, "%s/%s", r->dir->path, name);
}

/*
 * A new segment is published first, then the old one is sealed. A crash in
 * between leaves an empty one behind an open one: it is taken back.
 */
static int
skip_unused(struct recovery *r, struct err *err)
{
	struct wal_scan last, before;
	bool is_sealed;

	r->n = r->segs->n;
	if (r->n < 2)
		return 0;
	if (recover_peek(r, r->n - 1, &last, &is_sealed, err) == -1)
		return -1;
	if (!last.is_empty || last.head.is_fresh)
		return 0;
	if (recover_peek(r, r->n - 2, &before, &is_sealed, err) == -1)
		return -1;
	/* Of the sealed segment's last batch only the seal may be lost. */
	if (!is_sealed && before.batch + 1 >= last.head.batch)
		r->n--;
	return 0;
}

/* The last fresh segment voids those before it. */
static int
skip_void(struct recovery *r, struct err *err)
{
	for (size_t i = r->segs->n; i-- > 0;) {
		struct wal_seg_head h;
		uint8_t block[WAL_BLOCK];
		char name[WAL_SEG_NAME_SIZE];
		ssize_t n;
		int fd;

		wal_seg_name(r->segs->items[i].number, name);
		fd = wal_dir_file(r->dir, name, O_RDONLY, err);
		if (fd == -1)
			return -1;
		n = pread(fd, block, sizeof block, 0);
		close(fd);
		if (wal_head_decode(block, n > 0 ? (size_t)n : 0, &h, err) ==
		    -1)
			return err_add(err, "%s/%s", r->dir->path, name);
		if (h.is_fresh) {
			r->from = i;
			return 0;
		}
	}
	return 0;
}

int
recover_segments(struct recovery *r, struct err *err)
{
	char name[WAL_SEG_NAME_SIZE];

	if (r->segs->n == 0)
		return err_set(err, ERR_CORRUPT,
		    "%s: there is a vote file but no log", r->dir->path);
	if (skip_void(r, err) == -1 || skip_unused(r, err) == -1)
		return -1;
	for (size_t i = r->from; i < r->n; i++)
		if (scan_segment(r, i, err) == -1)
			return -1;
	if (r->seal_next != r->tail->head.number + 1)
		return 0;
	wal_seg_name(r->seal_next, name);
	return err_set(err, ERR_CORRUPT,
	    "%s/%s is missing: the log goes on in it", r->dir->path, name);
}
