#include "common/wal/recover.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/rng.h"
#include "common/wal/scan.h"

/* What reading needs from step to step. */
struct recovery {
	struct wal_dir *dir;
	struct wal_log *log;
	struct wal_segs *segs;
	struct wal_hard_file *hard;
	struct wal_tail *tail;
	uint64_t first_size;
	size_t from;        /* the segments before this one are void */
	size_t n;           /* segments that count; one empty may follow */
	uint64_t max_index; /* in the segment being read */
	bool is_begun;      /* the first segment's head is known */
	bool has_mark;
	uint64_t seal_next; /* what the last seal says comes next */
	struct buf bytes;
};

uint64_t
wal_log_last(const struct wal_log *log)
{
	return log->n > 0 ? log->first + log->n - 1 : log->first - 1;
}

uint64_t
wal_log_last_term(const struct wal_log *log)
{
	return log->n > 0 ? log->entries[log->n - 1].term : log->prev_term;
}

void
wal_log_release(struct wal_log *log)
{
	free(log->entries);
	buf_release(&log->config);
	arena_release(&log->arena);
	*log = (struct wal_log){ 0 };
}

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
	*e = (struct wal_entry){ .index = rec->index,
		.term = rec->term,
		.kind = rec->kind,
		.n = rec->n };
	if (rec->n > 0) {
		void *copy = arena_alloc(&log->arena, rec->n);

		memcpy(copy, rec->data, rec->n);
		e->data = copy;
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

static int
open_segment(struct recovery *r, size_t i, char *name, struct err *err)
{
	int fd;

	wal_seg_name(r->segs->items[i].number, name);
	fd = wal_dir_file(r->dir, name, O_RDWR, err);
	if (fd == -1)
		return -1;
	/*
	 * What a killed process wrote but did not sync counts as durable from
	 * here on, so it has to be. And what the kernel failed to write may
	 * still be in its memory, looking well: read from the disk.
	 */
	if (i + 2 >= r->segs->n) {
		if (wal_dir_sync_data(r->dir, fd, name, err) == -1) {
			close(fd);
			return -1;
		}
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	}
	if (wal_dir_read(r->dir, fd, name, WAL_SEGMENT_MAX, &r->bytes, err) ==
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

static int
peek(struct recovery *r, size_t i, struct wal_scan *s, bool *is_sealed,
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
	if (peek(r, r->n - 1, &last, &is_sealed, err) == -1)
		return -1;
	if (!last.is_empty || last.head.is_fresh)
		return 0;
	if (peek(r, r->n - 2, &before, &is_sealed, err) == -1)
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

static int
read_segments(struct recovery *r, struct err *err)
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

/* --- log, snapshot and vote together --- */

static int
check_whole(struct recovery *r, struct err *err)
{
	const struct wal_log *log = r->log;
	const struct wal_snap *snap = &log->snap;

	if (snap->index > 0 && snap->cluster_id != r->hard->now.cluster_id)
		return err_set(err, ERR_CONFLICT,
		    "%s: the snapshot at index %" PRIu64
		    " belongs to cluster %016" PRIx64
		    ", the log to cluster %016" PRIx64,
		    r->dir->path, snap->index, snap->cluster_id,
		    r->hard->now.cluster_id);
	if (log->first > snap->index + 1)
		return err_set(err, ERR_CORRUPT,
		    "%s: the log begins at index %" PRIu64
		    ", but the newest snapshot ends at %" PRIu64,
		    r->dir->path, log->first, snap->index);
	if (wal_log_last_term(log) > r->hard->now.term)
		return err_set(err, ERR_CORRUPT,
		    "%s/%s: term %" PRIu64 " is older than term %" PRIu64
		    " of the last entry",
		    r->dir->path, WAL_HARD_NAME, r->hard->now.term,
		    wal_log_last_term(log));
	return 0;
}

/* Does the log hold what follows the snapshot? */
static bool
fits_snapshot(const struct wal_log *log)
{
	const struct wal_snap *s = &log->snap;

	if (s->index == 0 || s->index + 1 == log->first)
		return s->index == 0 || s->term == log->prev_term;
	if (s->index + 1 < log->first || s->index > wal_log_last(log))
		return false;
	return log->entries[s->index - log->first].term == s->term;
}

static int
wipe_torn(struct recovery *r, struct err *err)
{
	struct wal_tail *t = r->tail;
	char name[WAL_SEG_NAME_SIZE];

	if (r->log->torn_bytes == 0)
		return 0;
	wal_seg_name(t->head.number, name);
	log_warn("torn write dropped file=%s/%s offset=%" PRIu64 " bytes=%zu",
	    r->dir->path, name, t->end, r->log->torn_bytes);
	if (wal_dir_zero(r->dir, t->fd, name, t->end,
		t->end + r->log->torn_bytes, err) == -1)
		return -1;
	return wal_dir_sync_data(r->dir, t->fd, name, err);
}

/* Everything is good: now the directory may be changed. */
static int
tidy(struct recovery *r, struct err *err)
{
	struct wal_log *log = r->log;

	if (wal_dir_clean(r->dir, err) == -1 || wipe_torn(r, err) == -1)
		return -1;
	if (r->n < r->segs->n) {
		char name[WAL_SEG_NAME_SIZE];

		wal_seg_name(r->segs->items[--r->segs->n].number, name);
		if (wal_dir_unlink(r->dir, name, err) == -1 ||
		    wal_dir_sync(r->dir, err) == -1)
			return -1;
	}
	if (wal_segs_drop(r->dir, r->segs, r->from, err) == -1)
		return -1;
	if (fits_snapshot(log))
		return 0;
	log_info("log begins anew behind the snapshot index=%" PRIu64,
	    log->snap.index);
	log->n = 0;
	log->first = log->snap.index + 1;
	log->prev_term = log->snap.term;
	return wal_begin_fresh(r->dir, log->first, log->prev_term, r->segs,
	    r->tail, r->first_size, err);
}

int
wal_begin_fresh(struct wal_dir *d, uint64_t first, uint64_t prev_term,
    struct wal_segs *segs, struct wal_tail *tail, uint64_t size,
    struct err *err)
{
	struct wal_seg_head h = tail->head;
	size_t nold = segs->n;
	int fd = wal_seg_prepare(d, size, err);
	uint8_t block[WAL_BLOCK] = { 0 };

	if (fd == -1)
		return -1;
	h.number = nold > 0 ? segs->items[nold - 1].number + 1 : 1;
	h.size = size;
	h.first_index = first;
	h.prev_term = prev_term;
	h.batch = tail->batch;
	h.is_fresh = true;
	if (wal_seg_publish(d, fd, &h, err) == -1) {
		close(fd);
		return -1;
	}
	if (tail->fd != -1)
		close(tail->fd);
	wal_head_encode(block, &h);
	*tail = (struct wal_tail){ .fd = fd,
		.head = h,
		.end = WAL_BLOCK,
		.batch = h.batch,
		.chain = wal_head_chain(block),
		.has_mark = true };
	wal_segs_add(segs, h.number);
	return wal_segs_drop(d, segs, nold, err);
}

/* --- a new directory --- */

/* The vote file comes last, so without one there was nothing yet. */
static int
check_unused(struct recovery *r, struct err *err)
{
	struct err missing = *err;
	struct wal_scan s;
	bool is_sealed;

	if (r->log->snap.index != 0 || r->segs->n > 1)
		return -1;
	if (r->segs->n == 0)
		return 0;
	if (r->segs->items[0].number != 1 ||
	    peek(r, 0, &s, &is_sealed, err) == -1 || !s.is_empty) {
		*err = missing;
		return -1;
	}
	return 0;
}

static int
make_new(struct recovery *r, uint64_t server_id, struct err *err)
{
	struct wal_hard *h = &r->hard->now;

	if (wal_dir_clean(r->dir, err) == -1 ||
	    wal_segs_drop(r->dir, r->segs, r->segs->n, err) == -1)
		return -1;
	*h = (struct wal_hard){ .server_id = server_id };
	rng_secret(&h->cluster_id, sizeof h->cluster_id);
	r->log->is_new = true;
	r->log->first = 1;
	r->tail->head.cluster_id = h->cluster_id;
	r->tail->head.server_id = server_id;
	if (wal_begin_fresh(
		r->dir, 1, 0, r->segs, r->tail, r->first_size, err) == -1)
		return -1;
	return wal_hard_create(r->dir, r->hard, err);
}

static int
recover(struct recovery *r, uint64_t server_id, struct err *err)
{
	struct err missing = { 0 };
	struct wal_log *log = r->log;

	if (wal_snap_find(r->dir, &log->snap, &log->config, &log->older_snap,
		err) == -1 ||
	    wal_segs_list(r->dir, r->segs, err) == -1)
		return -1;
	if (wal_hard_open(r->dir, r->hard, &missing) == -1) {
		*err = missing;
		if (missing.code != ERR_NOT_FOUND || check_unused(r, err) == -1)
			return -1;
		return make_new(r, server_id, err);
	}
	if (server_id != 0 && server_id != r->hard->now.server_id)
		return err_set(err, ERR_CONFLICT,
		    "%s belongs to server %" PRIu64 ", not to %" PRIu64,
		    r->dir->path, r->hard->now.server_id, server_id);
	if (read_segments(r, err) == -1 || check_whole(r, err) == -1)
		return -1;
	return tidy(r, err);
}

int
wal_recover(struct wal_dir *d, uint64_t server_id, uint64_t first_size,
    struct wal_log *log, struct wal_segs *segs, struct wal_hard_file *hard,
    struct wal_tail *tail, struct err *err)
{
	struct recovery r = { .dir = d,
		.first_size = first_size,
		.log = log,
		.segs = segs,
		.hard = hard,
		.tail = tail };
	struct err ignored;
	int rc;

	*log = (struct wal_log){ 0 };
	*tail = (struct wal_tail){ .fd = -1 };
	*hard = (struct wal_hard_file){ .fd = -1 };
	rc = recover(&r, server_id, err != NULL ? err : &ignored);
	buf_release(&r.bytes);
	log->hard = hard->now;
	return rc;
}
