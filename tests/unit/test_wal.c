#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/log.h"
#include "common/wal/crc32c.h"
#include "common/wal/scan.h"
#include "common/wal/wal.h"
#include "tests/lib/unit.h"
#include "tests/lib/walworld.h"

#define SEGMENT (UINT64_C(64) << 10)

/* A log under test, and what it reported. */
struct fixture {
	struct walworld world;
	struct wal *wal;
	struct wal_log log;
	struct err err;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	uint64_t synced, seq;
	bool is_dead;
	char why[ERR_TEXT_MAX];
};

static void
on_synced(void *ctx, uint64_t seq)
{
	struct fixture *f = ctx;

	pthread_mutex_lock(&f->lock);
	ck_assert(!f->is_dead);
	ck_assert_uint_gt(seq, f->synced);
	f->synced = seq;
	pthread_cond_signal(&f->cond);
	pthread_mutex_unlock(&f->lock);
}

static void
on_fatal(void *ctx, const struct err *err)
{
	struct fixture *f = ctx;

	pthread_mutex_lock(&f->lock);
	ck_assert(!f->is_dead);
	f->is_dead = true;
	snprintf(f->why, sizeof f->why, "%s", err->text);
	pthread_cond_signal(&f->cond);
	pthread_mutex_unlock(&f->lock);
}

static void
set_up(struct fixture *f)
{
	*f = (struct fixture){ 0 };
	walworld_init(&f->world);
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->cond, NULL);
}

static int
open_log(struct fixture *f)
{
	struct wal_opts o = { .dir = f->world.dir,
		.segment_bytes = SEGMENT,
		.mark_after_ms = 60000,
		.io = &f->world.io,
		.on_synced = on_synced,
		.on_fatal = on_fatal,
		.ctx = f };

	f->synced = f->seq = 0;
	f->is_dead = false;
	wal_log_release(&f->log);
	return wal_open(&f->wal, &o, &f->log, &f->err);
}

static void
close_log(struct fixture *f)
{
	wal_close(f->wal);
	f->wal = NULL;
}

static void
tear_down(struct fixture *f)
{
	close_log(f);
	wal_log_release(&f->log);
	walworld_release(&f->world);
}

static bool
wait_for(struct fixture *f, uint64_t seq)
{
	bool ok;

	pthread_mutex_lock(&f->lock);
	while (f->synced < seq && !f->is_dead)
		pthread_cond_wait(&f->cond, &f->lock);
	ok = f->synced >= seq;
	pthread_mutex_unlock(&f->lock);
	return ok;
}

/* The payload of an entry follows from its index and term. */
static size_t
payload(uint64_t index, uint64_t term, char *out)
{
	size_t n = (size_t)(index * 37 % 900);

	for (size_t i = 0; i < n; i++)
		out[i] = (char)(index + term * 3 + i);
	return n;
}

static uint64_t
submit(struct fixture *f)
{
	wal_submit(f->wal, ++f->seq);
	return f->seq;
}

static uint64_t
put(struct fixture *f, uint64_t index, uint64_t term)
{
	char data[1024];
	struct wal_entry e = { .index = index,
		.term = term,
		.kind = (uint8_t)(index % 3),
		.data = data };

	e.n = (uint32_t)payload(index, term, data);
	wal_append(f->wal, &e, 1);
	return submit(f);
}

static void
put_many(struct fixture *f, uint64_t from, uint64_t to, uint64_t term)
{
	for (uint64_t i = from; i <= to; i++)
		ck_assert(wait_for(f, put(f, i, term)));
}

static void
check_entry(const struct wal_entry *e, uint64_t index, uint64_t term)
{
	char data[1024];
	size_t n = payload(index, term, data);

	ck_assert_uint_eq(e->index, index);
	ck_assert_uint_eq(e->term, term);
	ck_assert_uint_eq(e->kind, index % 3);
	ck_assert_uint_eq(e->n, n);
	if (n > 0)
		ck_assert_mem_eq(e->data, data, n);
}

static void
check_log(struct fixture *f, uint64_t first, uint64_t last, uint64_t term)
{
	ck_assert_uint_eq(f->log.first, first);
	ck_assert_uint_eq(wal_log_last(&f->log), last);
	for (size_t i = 0; i < f->log.n; i++)
		check_entry(&f->log.entries[i], first + i, term);
}

static void
reopen(struct fixture *f)
{
	close_log(f);
	if (open_log(f) == -1)
		ck_abort_msg("%s", f->err.text);
}

START_TEST(crc32c_by_instruction_and_by_table_agree)
{
	char bytes[300];

	/* RFC 3720, B.4: the ascending bytes, and 32 zeros. */
	memset(bytes, 0, sizeof bytes);
	ck_assert_uint_eq(crc32c(0, bytes, 32), 0x8a9136aa);
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)i;
	ck_assert_uint_eq(crc32c(0, bytes, 32), 0x46dd794e);
	for (size_t n = 0; n < sizeof bytes; n++)
		ck_assert_uint_eq(
		    crc32c(7, bytes, n), crc32c_by_table(7, bytes, n));
}
END_TEST

START_TEST(wal_returns_what_was_synced)
{
	struct fixture f;

	set_up(&f);
	ck_assert_int_eq(open_log(&f), 0);
	ck_assert(f.log.is_new);
	ck_assert_uint_eq(f.log.first, 1);
	put_many(&f, 1, 10, 1);
	wal_set_hard(f.wal, 5, 2);
	ck_assert(wait_for(&f, put(&f, 11, 1)));
	reopen(&f);
	ck_assert(!f.log.is_new);
	check_log(&f, 1, 11, 1);
	ck_assert_uint_eq(f.log.hard.term, 5);
	ck_assert_uint_eq(f.log.hard.vote, 2);
	tear_down(&f);
}
END_TEST

START_TEST(wal_commits_what_gathers_in_one_sync)
{
	struct fixture f;
	uint64_t seq = 0;
	unsigned before;

	set_up(&f);
	ck_assert_int_eq(open_log(&f), 0);
	wal_set_hard(f.wal, 1, 1);
	ck_assert(wait_for(&f, submit(&f)));
	before = walworld_nops(&f.world);
	for (uint64_t i = 1; i <= 40; i++) {
		char data[1024];
		struct wal_entry e = { .index = i,
			.term = 1,
			.kind = (uint8_t)(i % 3),
			.data = data };

		e.n = (uint32_t)payload(i, 1, data);
		wal_append(f.wal, &e, 1);
	}
	seq = submit(&f);
	ck_assert(wait_for(&f, seq));
	ck_assert_uint_eq(
	    walworld_nops(&f.world) - before, 2); /* write, sync */
	reopen(&f);
	check_log(&f, 1, 40, 1);
	tear_down(&f);
}
END_TEST

START_TEST(wal_goes_on_in_new_segments_and_drops_old_ones)
{
	struct fixture f;

	set_up(&f);
	ck_assert_int_eq(open_log(&f), 0);
	wal_set_hard(f.wal, 1, 1);
	put_many(&f, 1, 100, 1);
	ck_assert_int_eq(
	    access(walworld_path(&f.world, "log-0000000000000003"), F_OK), 0);
	reopen(&f);
	check_log(&f, 1, 100, 1);
	wal_compact(f.wal, 60);
	ck_assert(wait_for(&f, put(&f, 101, 1)));
	close_log(&f);
	/* Without a snapshot that covers it, the gap is refused. */
	ck_assert_int_eq(open_log(&f), -1);
	ck_assert_ptr_nonnull(strstr(f.err.text, "log begins at index"));
	tear_down(&f);
}
END_TEST

START_TEST(wal_takes_an_entry_larger_than_a_segment)
{
	struct fixture f;
	char *big = calloc(1, 3 * SEGMENT);
	struct wal_entry e = {
		.index = 2, .term = 1, .data = big, .n = 3 * SEGMENT
	};

	set_up(&f);
	ck_assert_int_eq(open_log(&f), 0);
	wal_set_hard(f.wal, 1, 1);
	put_many(&f, 1, 1, 1);
	memset(big, 'x', e.n);
	wal_append(f.wal, &e, 1);
	ck_assert(wait_for(&f, submit(&f)));
	put_many(&f, 3, 3, 1);
	reopen(&f);
	ck_assert_uint_eq(f.log.n, 3);
	ck_assert_uint_eq(f.log.entries[1].n, e.n);
	ck_assert_mem_eq(f.log.entries[1].data, big, e.n);
	free(big);
	tear_down(&f);
}
END_TEST

START_TEST(wal_forgets_what_was_cut)
{
	struct fixture f;

	set_up(&f);
	ck_assert_int_eq(open_log(&f), 0);
	wal_set_hard(f.wal, 2, 1);
	put_many(&f, 1, 50, 1); /* several segments */
	wal_cut(f.wal, 5, 1);
	ck_assert(wait_for(&f, put(&f, 5, 2)));
	put_many(&f, 6, 8, 2);
	reopen(&f);
	ck_assert_uint_eq(f.log.n, 8);
	check_entry(&f.log.entries[3], 4, 1);
	check_entry(&f.log.entries[4], 5, 2);
	check_entry(&f.log.entries[7], 8, 2);
	put_many(&f, 9, 60, 2);
	reopen(&f);
	ck_assert_uint_eq(f.log.n, 60);
	tear_down(&f);
}
END_TEST

START_TEST(wal_begins_anew_where_it_is_told)
{
	struct fixture f;

	set_up(&f);
	ck_assert_int_eq(open_log(&f), 0);
	wal_set_hard(f.wal, 3, 1);
	put_many(&f, 1, 30, 1);
	wal_reset(f.wal, 11, 1);
	ck_assert(wait_for(&f, put(&f, 11, 1)));
	put_many(&f, 12, 20, 1);
	close_log(&f);
	ck_assert_int_eq(open_log(&f), -1); /* the snapshot is missing */
	ck_assert_ptr_nonnull(strstr(f.err.text, "begins at index 11"));
	tear_down(&f);
}
END_TEST

START_TEST(wal_directory_is_private_and_has_one_owner)
{
	struct fixture f;
	struct wal *second;
	struct wal_log log;
	struct wal_opts o = { 0 };
	struct err err;
	struct stat st;
	char pid[32];

	set_up(&f);
	ck_assert_int_eq(open_log(&f), 0);
	ck_assert_int_eq(stat(f.world.dir, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0700);
	o.dir = f.world.dir;
	ck_assert_int_eq(wal_open(&second, &o, &log, &err), -1);
	ck_assert_int_eq(err.code, ERR_CONFLICT);
	snprintf(pid, sizeof pid, "process %ld", (long)getpid());
	ck_assert_ptr_nonnull(strstr(err.text, pid));
	ck_assert_ptr_nonnull(strstr(err.text, f.world.dir));
	tear_down(&f);
}
END_TEST

static void
poke(const char *path, off_t at, const void *p, size_t n)
{
	int fd = open(path, O_WRONLY);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq((int)pwrite(fd, p, n, at), (int)n);
	close(fd);
}

static unsigned nabove; /* syncs of the directory above */

static int
count_above(void *ctx, int fd)
{
	struct fixture *f = ctx;
	struct stat above, st;

	ck_assert_int_eq(stat(f->world.root, &above), 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	nabove += st.st_ino == above.st_ino;
	return fsync(fd);
}

START_TEST(wal_directory_is_durable_itself)
{
	struct fixture f;
	struct wal_io io = wal_io_real;
	struct wal_dir d;

	set_up(&f);
	io.fsync = count_above;
	io.ctx = &f;
	nabove = 0;
	ck_assert_int_eq(wal_dir_open(&d, f.world.dir, &io, &f.err), 0);
	ck_assert_uint_eq(nabove, 1);
	wal_dir_release(&d);
	tear_down(&f);
}
END_TEST

START_TEST(wal_refuses_what_a_newer_program_wrote)
{
	static const char *const names[] = { "log-0000000000000001", "vote" };
	static const off_t last[] = { 0, 8192 };
	struct fixture f;

	for (int i = 0; i < 2; i++) {
		set_up(&f);
		ck_assert_int_eq(open_log(&f), 0);
		close_log(&f);
		poke(walworld_path(&f.world, names[i]), 8, "\2\0\0\0", 4);
		poke(walworld_path(&f.world, names[i]), last[i] + 8, "\2\0\0\0",
		    4);
		ck_assert_int_eq(open_log(&f), -1);
		ck_assert_int_eq(f.err.code, ERR_BAD);
		ck_assert_ptr_nonnull(strstr(f.err.text, names[i]));
		ck_assert_ptr_nonnull(strstr(f.err.text,
		    "newer program: format version 2, this one knows up to "
		    "1"));
		tear_down(&f);
	}
}
END_TEST

/* A story that passes every kind of operation; stops when the log dies. */
static uint64_t
live(struct fixture *f, uint64_t *term)
{
	uint64_t acked = 0;

	*term = 0;
	if (open_log(f) == -1)
		return 0;
	wal_set_hard(f->wal, 1, 1);
	if (wait_for(f, submit(f)))
		*term = 1;
	for (uint64_t i = 1; i <= 45; i++) {
		if (i == 30)
			wal_set_hard(f->wal, 2, 1);
		if (!wait_for(f, put(f, i, 1)))
			break;
		acked = i;
		if (i >= 30)
			*term = 2;
	}
	close_log(f);
	return acked;
}

static void
check_survived(struct fixture *f, uint64_t acked, uint64_t term)
{
	if (open_log(f) == -1)
		ck_abort_msg("%s", f->err.text);
	ck_assert_uint_ge(wal_log_last(&f->log), acked);
	ck_assert_uint_le(wal_log_last(&f->log), acked + 1);
	ck_assert_uint_ge(f->log.hard.term, term);
	check_log(f, 1, wal_log_last(&f->log), 1);
	close_log(f);
}

START_TEST(wal_stops_at_the_first_failure_and_loses_nothing)
{
	unsigned nfatal = 0;

	log_set_level(LOG_ERROR);
	for (unsigned k = 1;; k++) {
		struct fixture f;
		uint64_t acked, term;

		set_up(&f);
		f.world.fail_at = k;
		f.world.fail_errno = k % 2 == 0 ? EIO : ENOSPC;
		acked = live(&f, &term);
		nfatal += f.is_dead;
		if (f.is_dead && f.world.fail_errno == EIO)
			ck_assert_ptr_nonnull(strstr(f.why, f.world.dir));
		if (f.world.nops < k) {
			ck_assert_uint_eq(acked, 45);
			tear_down(&f);
			break;
		}
		walworld_restart(&f.world);
		check_survived(&f, acked, term);
		tear_down(&f);
	}
	ck_assert_uint_gt(nfatal, 50);
}
END_TEST

START_TEST(wal_survives_a_power_cut_at_every_step)
{
	log_set_level(LOG_ERROR);
	for (unsigned k = 1;; k++) {
		struct fixture f;
		uint64_t acked, term;
		bool is_over;

		set_up(&f);
		rng_init(&f.world.rng, k);
		f.world.is_lossy = true;
		f.world.crash_at = k;
		acked = live(&f, &term);
		is_over = f.world.nops < k;
		walworld_restart(&f.world);
		/* And at every few steps of coming back. */
		for (unsigned j = 1 + k % 3; j < 30; j += 5) {
			f.world.crash_at = j;
			if (open_log(&f) == 0)
				close_log(&f);
			walworld_restart(&f.world);
		}
		check_survived(&f, acked, term);
		tear_down(&f);
		if (is_over)
			break;
	}
}
END_TEST

START_TEST(wal_refuses_new_commands_on_a_full_disk_and_recovers)
{
	struct fixture f;
	uint64_t i = 1;

	log_set_level(LOG_ERROR);
	set_up(&f);
	ck_assert_int_eq(open_log(&f), 0);
	wal_set_hard(f.wal, 1, 1);
	walworld_fill_disk(&f.world, ENOSPC);
	for (; i < 100 && wal_has_room(f.wal, 1000); i++)
		ck_assert(wait_for(&f, put(&f, i, 1)));
	ck_assert_uint_lt(i, 20);
	/* Votes and the like still go. */
	wal_set_hard(f.wal, 2, 1);
	ck_assert(wait_for(&f, put(&f, i, 1)));
	walworld_fill_disk(&f.world, 0);
	for (int tries = 0; !wal_has_room(f.wal, 1000); tries++) {
		ck_assert_int_lt(tries, 100);
		usleep(50000);
	}
	put_many(&f, i + 1, i + 30, 1);
	reopen(&f);
	check_log(&f, 1, i + 30, 1);
	tear_down(&f);
}
END_TEST

START_TEST(wal_marks_its_end_when_it_is_idle)
{
	struct fixture f;
	struct wal_opts o = { .mark_after_ms = 10,
		.on_synced = on_synced,
		.on_fatal = on_fatal,
		.ctx = &f };
	unsigned nops;

	set_up(&f);
	o.dir = f.world.dir;
	o.io = &f.world.io;
	ck_assert_int_eq(wal_open(&f.wal, &o, &f.log, &f.err), 0);
	wal_set_hard(f.wal, 1, 1);
	put_many(&f, 1, 1, 1);
	usleep(150000);
	nops = walworld_nops(&f.world);
	usleep(100000);
	ck_assert_uint_eq(
	    walworld_nops(&f.world), nops); /* one mark is enough */
	close_log(&f);
	/* So damage to the entry cannot pass for a torn write. */
	poke(walworld_path(&f.world, "log-0000000000000001"), 4096 + 60,
	    "\0\0\0\0\0\0\0\0", 8);
	ck_assert_int_eq(open_log(&f), -1);
	ck_assert_int_eq(f.err.code, ERR_CORRUPT);
	ck_assert_ptr_nonnull(
	    strstr(f.err.text, "log-0000000000000001: damaged at offset"));
	tear_down(&f);
}
END_TEST

static int
note_type(void *ctx, const struct wal_record *r, size_t at, struct err *err)
{
	enum wal_type *last = ctx;

	(void)at;
	(void)err;
	*last = r->type;
	return 0;
}

/* The type of the log's last record: that of the last segment that has one. */
static enum wal_type
last_type(struct fixture *f)
{
	enum wal_type type = WAL_ENTRY;

	for (unsigned i = 1;; i++) {
		struct wal_scan s = { .is_last = true };
		struct buf b = { 0 };
		char name[32];

		snprintf(name, sizeof name, "log-%016x", i);
		if (access(walworld_path(&f->world, name), F_OK) == -1)
			return type;
		ck_assert_int_eq(file_read(walworld_path(&f->world, name),
				     SEGMENT, &b, &f->err),
		    0);
		s.bytes = (const uint8_t *)b.data;
		s.n = b.len;
		ck_assert_msg(wal_scan(&s, note_type, &type, &f->err) == 0,
		    "%s", f->err.text);
		buf_release(&b);
	}
}

START_TEST(wal_marks_its_end_however_full_the_segment_is)
{
	/* One block a batch; the segment is full somewhere in between. */
	for (uint64_t n = 10; n < 20; n++) {
		struct fixture f;

		set_up(&f);
		ck_assert_int_eq(open_log(&f), 0);
		put_many(&f, 1, n, 1);
		close_log(&f);
		ck_assert_int_eq(last_type(&f), WAL_MARK);
		tear_down(&f);
	}
}
END_TEST

UNIT_MAIN("wal", crc32c_by_instruction_and_by_table_agree,
    wal_returns_what_was_synced, wal_commits_what_gathers_in_one_sync,
    wal_goes_on_in_new_segments_and_drops_old_ones,
    wal_takes_an_entry_larger_than_a_segment, wal_forgets_what_was_cut,
    wal_begins_anew_where_it_is_told,
    wal_directory_is_private_and_has_one_owner, wal_directory_is_durable_itself,
    wal_refuses_what_a_newer_program_wrote,
    wal_stops_at_the_first_failure_and_loses_nothing,
    wal_survives_a_power_cut_at_every_step,
    wal_refuses_new_commands_on_a_full_disk_and_recovers,
    wal_marks_its_end_when_it_is_idle,
    wal_marks_its_end_however_full_the_segment_is)
