#include "common/wal/recover.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/log.h"
#include "common/rng.h"
#include "common/wal/recover_impl.h"
#include "common/wal/scan.h"

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
	    recover_peek(r, 0, &s, &is_sealed, err) == -1 || !s.is_empty) {
		*err = missing;
		return -1;
	}
	return 0;
}

static int
make_new(struct recovery *r, uint64_t server_id, uint64_t cluster_id,
    struct err *err)
{
	struct wal_hard *h = &r->hard->now;

	if (wal_dir_clean(r->dir, err) == -1 ||
	    wal_segs_drop(r->dir, r->segs, r->segs->n, err) == -1)
		return -1;
	*h = (struct wal_hard){ .server_id = server_id,
		.cluster_id = cluster_id };
	if (cluster_id == 0)
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
recover(struct recovery *r, uint64_t server_id, uint64_t cluster_id,
    struct err *err)
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
		return make_new(r, server_id, cluster_id, err);
	}
	if (server_id != 0 && server_id != r->hard->now.server_id)
		return err_set(err, ERR_CONFLICT,
		    "%s belongs to server %" PRIu64 ", not to %" PRIu64,
		    r->dir->path, r->hard->now.server_id, server_id);
	if (recover_segments(r, err) == -1 || check_whole(r, err) == -1)
		return -1;
	return tidy(r, err);
}

int
wal_recover(struct wal_dir *d, uint64_t server_id, uint64_t cluster_id,
    uint64_t first_size, struct wal_log *log, struct wal_segs *segs,
    struct wal_hard_file *hard, struct wal_tail *tail, struct err *err)
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
	rc = recover(&r, server_id, cluster_id, err != NULL ? err : &ignored);
	buf_release(&r.bytes);
	log->hard = hard->now;
	return rc;
}
