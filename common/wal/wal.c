#include "common/wal/wal.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/wal/impl.h"

/* --- opening and closing --- */

static void
init_sync(struct wal *w)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->disk_wake, &attr);
	pthread_cond_init(&w->spare_wake, &attr);
	pthread_cond_init(&w->spare_done, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&w->lock, NULL);
}

static void
free_all(struct wal *w)
{
	if (w->tail.fd != -1)
		close(w->tail.fd);
	if (w->spare_fd != -1)
		wal_seg_abandon(&w->dir, w->spare_fd);
	wal_hard_release(&w->hard);
	wal_segs_release(&w->segs);
	buf_release(&w->staged.records);
	buf_release(&w->pending.records);
	buf_release(&w->doing.records);
	wal_dir_release(&w->dir);
	pthread_cond_destroy(&w->disk_wake);
	pthread_cond_destroy(&w->spare_wake);
	pthread_cond_destroy(&w->spare_done);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

/* Signals are for the loops, so our threads block them all. */
static void
start_threads(struct wal *w)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	if (pthread_create(&w->disk_thread, NULL, wal_disk_main, w) != 0 ||
	    pthread_create(&w->spare_thread, NULL, wal_spare_main, w) != 0)
		log_fatal("no thread for the log path=%s", w->dir.path);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

int
wal_open(struct wal **out, const struct wal_opts *opts, struct wal_log *log,
    struct err *err)
{
	struct wal *w = xcalloc(1, sizeof *w);
	uint64_t first_size;

	*out = NULL;
	*log = (struct wal_log){ 0 };
	w->opts = *opts;
	w->opts.dir = NULL;
	w->segment_bytes =
	    opts->segment_bytes > 0 ? opts->segment_bytes : WAL_SEGMENT_BYTES;
	assert(w->segment_bytes >= WAL_SEGMENT_MIN &&
	       w->segment_bytes <= WAL_SEGMENT_MAX / 4);
	w->mark_after_ms =
	    opts->mark_after_ms > 0 ? opts->mark_after_ms : WAL_MARK_AFTER_MS;
	w->tail.fd = w->hard.fd = w->spare_fd = -1;
	init_sync(w);
	first_size = w->segment_bytes < WAL_SEGMENT_FIRST ? w->segment_bytes
							  : WAL_SEGMENT_FIRST;
	if (wal_dir_open(&w->dir, opts->dir, opts->io, err) == -1 ||
	    wal_recover(&w->dir, opts->server_id, opts->cluster_id, first_size,
		log, &w->segs, &w->hard, &w->tail, err) == -1) {
		wal_log_release(log);
		free_all(w);
		return -1;
	}
	w->last_index = wal_log_last(log);
	w->last_term = wal_log_last_term(log);
	w->room = w->tail.head.size - w->tail.end;
	start_threads(w);
	*out = w;
	return 0;
}

void
wal_close(struct wal *w)
{
	if (w == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_broadcast(&w->disk_wake);
	pthread_cond_broadcast(&w->spare_wake);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->disk_thread, NULL);
	pthread_join(w->spare_thread, NULL);
	free_all(w);
}

/* --- queueing --- */

static void
put(struct wal *w, const struct wal_record *r)
{
	struct buf *b = &w->staged.records;
	size_t size = wal_record_size(r->n);

	wal_record_put((uint8_t *)buf_reserve(b, size), r);
	b->len += size;
}

void
wal_append(struct wal *w, const struct wal_entry *entries, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct wal_entry *e = &entries[i];

		assert(e->n <= WAL_ENTRY_MAX);
		put(w, &(struct wal_record){ .type = WAL_ENTRY,
			   .index = e->index,
			   .term = e->term,
			   .kind = e->kind,
			   .data = e->data,
			   .n = e->n });
	}
}

void
wal_cut(struct wal *w, uint64_t from, uint64_t prev_term)
{
	put(w, &(struct wal_record){
		   .type = WAL_CUT, .index = from, .term = prev_term });
}

void
wal_set_hard(struct wal *w, uint64_t term, uint64_t vote)
{
	w->staged.has_hard = true;
	w->staged.term = term;
	w->staged.vote = vote;
}

void
wal_reset(struct wal *w, uint64_t first, uint64_t prev_term)
{
	buf_reset(&w->staged.records);
	w->staged.has_reset = true;
	w->staged.first = first;
	w->staged.prev_term = prev_term;
}

void
wal_compact(struct wal *w, uint64_t index)
{
	w->staged.compact = index;
}

/* What is staged goes behind what is pending already. */
static void
merge(struct wal_queue *to, struct wal_queue *from)
{
	if (from->has_hard) {
		to->has_hard = true;
		to->term = from->term;
		to->vote = from->vote;
	}
	if (from->has_reset) {
		buf_reset(&to->records);
		to->has_reset = true;
		to->first = from->first;
		to->prev_term = from->prev_term;
	}
	if (to->records.len == 0) {
		struct buf empty = to->records;

		to->records = from->records;
		from->records = empty;
	} else {
		buf_add(&to->records, from->records.data, from->records.len);
	}
	if (from->compact > to->compact)
		to->compact = from->compact;
	to->seq = from->seq;
}

void
wal_submit(struct wal *w, uint64_t seq)
{
	w->staged.seq = seq;
	pthread_mutex_lock(&w->lock);
	merge(&w->pending, &w->staged);
	pthread_cond_signal(&w->disk_wake);
	pthread_mutex_unlock(&w->lock);
	buf_reset(&w->staged.records);
	w->staged = (struct wal_queue){ .records = w->staged.records };
}

bool
wal_has_room(struct wal *w, size_t n)
{
	enum wal_spare_state spare;
	bool has;

	pthread_mutex_lock(&w->lock);
	spare = w->spare;
	has =
	    w->pending.records.len + w->in_flight + n + WAL_RESERVE <= w->room;
	pthread_mutex_unlock(&w->lock);
	if (has || spare == WAL_SPARE_READY)
		return true;
	/* The next segment is not there yet, and may never be. */
	return spare != WAL_SPARE_FAILED &&
	       w->dir.io->space(w->dir.io->ctx, w->dir.fd) >=
		   2 * w->segment_bytes;
}

struct wal_dir *
wal_directory(struct wal *w)
{
	return &w->dir;
}

/* --- for all three --- */

void
wal_fail(struct wal *w, const struct err *err)
{
	pthread_mutex_lock(&w->lock);
	w->failed = true;
	pthread_cond_broadcast(&w->spare_wake);
	pthread_mutex_unlock(&w->lock);
	if (w->opts.on_fatal != NULL) {
		w->opts.on_fatal(w->opts.ctx, err);
		return;
	}
	log_error(
	    "the log cannot be written, so this server stops: %s", err->text);
	_exit(1);
}

bool
wal_wait(struct wal *w, pthread_cond_t *cond, uint64_t ms)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_sec += (time_t)(ms / 1000);
	ts.tv_nsec += (long)(ms % 1000) * 1000000;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_sec++;
		ts.tv_nsec -= 1000000000;
	}
	return pthread_cond_timedwait(cond, &w->lock, &ts) != ETIMEDOUT;
}
