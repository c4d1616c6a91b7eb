#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/log.h"
#include "common/wal/wal.h"
#include "tests/lib/unit.h"
#include "tests/lib/walworld.h"

#define STATE_SIZE 150000 /* more than two checksummed pieces */

struct fixture {
	struct walworld world;
	struct wal_dir dir;
	struct buf config;
	struct err err;
};

/* A state follows from its index. */
static int
write_state(void *ctx, int fd)
{
	const uint64_t *index = ctx;
	unsigned char buf[1000];

	for (size_t at = 0; at < STATE_SIZE; at += sizeof buf) {
		memset(buf, (int)(*index + at / sizeof buf), sizeof buf);
		if (write(fd, buf, sizeof buf) != sizeof buf)
			return -1;
	}
	return 0;
}

static int
write_nothing(void *ctx, int fd)
{
	(void)ctx;
	(void)fd;
	return 0;
}

static int
write_fails(void *ctx, int fd)
{
	(void)ctx;
	if (write(fd, "some", 4) != 4)
		return -1;
	errno = ENOSPC;
	return -1;
}

static void
set_up(struct fixture *f)
{
	*f = (struct fixture){ 0 };
	walworld_init(&f->world);
	ck_assert_int_eq(
	    wal_dir_open(&f->dir, f->world.dir, &f->world.io, &f->err), 0);
}

static void
tear_down(struct fixture *f)
{
	buf_release(&f->config);
	wal_dir_release(&f->dir);
	walworld_release(&f->world);
}

static struct wal_snap
snap_at(uint64_t index)
{
	return (struct wal_snap){ .cluster_id = 9,
		.index = index,
		.term = 2,
		.config_index = 1,
		.config = "config",
		.nconfig = 6 };
}

static int
take(struct fixture *f, uint64_t index)
{
	struct wal_snap s = snap_at(index);

	return wal_snap_write(&f->dir, &s, write_state, &index, &f->err);
}

/* The newest one's index; every byte of it is compared. */
static uint64_t
newest(struct fixture *f)
{
	struct wal_snap s;
	uint64_t older;
	unsigned char buf[1000];
	int fd;

	if (wal_snap_find(&f->dir, &s, &f->config, &older, &f->err) == -1)
		ck_abort_msg("%s", f->err.text);
	if (s.index == 0)
		return 0;
	ck_assert_uint_eq(s.term, 2);
	ck_assert_uint_eq(s.size, STATE_SIZE);
	ck_assert_uint_eq(s.nconfig, 6);
	ck_assert_mem_eq(s.config, "config", 6);
	fd = wal_snap_open(&f->dir, &s, &f->err);
	ck_assert_int_ne(fd, -1);
	for (size_t i = 0; i < STATE_SIZE / sizeof buf; i++) {
		ck_assert_int_eq((int)read(fd, buf, sizeof buf), sizeof buf);
		ck_assert_uint_eq(buf[999], (s.index + i) % 256);
	}
	close(fd);
	return s.index;
}

START_TEST(snapshot_comes_back_as_it_was_written)
{
	struct fixture f;

	set_up(&f);
	ck_assert_uint_eq(newest(&f), 0);
	ck_assert_int_eq(take(&f, 5), 0);
	ck_assert_uint_eq(newest(&f), 5);
	ck_assert_int_eq(take(&f, 12), 0);
	ck_assert_uint_eq(newest(&f), 12);
	tear_down(&f);
}
END_TEST

START_TEST(snapshot_of_nothing_is_a_snapshot)
{
	struct fixture f;
	struct wal_snap s = snap_at(3);
	uint64_t older;

	set_up(&f);
	ck_assert_int_eq(
	    wal_snap_write(&f.dir, &s, write_nothing, NULL, &f.err), 0);
	ck_assert_int_eq(
	    wal_snap_find(&f.dir, &s, &f.config, &older, &f.err), 0);
	ck_assert_uint_eq(s.index, 3);
	ck_assert_uint_eq(s.size, 0);
	tear_down(&f);
}
END_TEST

START_TEST(snapshot_that_fails_leaves_the_one_before)
{
	struct fixture f;
	struct wal_snap s = snap_at(8);

	set_up(&f);
	ck_assert_int_eq(take(&f, 5), 0);
	ck_assert_int_eq(
	    wal_snap_write(&f.dir, &s, write_fails, NULL, &f.err), -1);
	ck_assert_ptr_nonnull(strstr(f.err.text, "No space left"));
	ck_assert_uint_eq(newest(&f), 5);
	ck_assert_int_eq(
	    access(walworld_path(&f.world, "snapshot.tmp"), F_OK), -1);
	tear_down(&f);
}
END_TEST

START_TEST(snapshot_survives_a_power_cut_at_every_step)
{
	for (unsigned k = 1;; k++) {
		struct fixture f;
		bool is_over;
		int rc;

		set_up(&f);
		ck_assert_int_eq(take(&f, 5), 0);
		walworld_restart(&f.world);
		rng_init(&f.world.rng, k);
		f.world.is_lossy = true;
		f.world.crash_at = k;
		rc = take(&f, 6);
		is_over = f.world.nops < k;
		ck_assert_int_eq(rc, is_over ? 0 : -1);
		walworld_restart(&f.world);
		ck_assert_uint_ge(newest(&f), rc == 0 ? 6 : 5);
		ck_assert_int_eq(wal_dir_clean(&f.dir, &f.err), 0);
		ck_assert_int_eq(take(&f, 7), 0);
		ck_assert_uint_eq(newest(&f), 7);
		tear_down(&f);
		if (is_over)
			break;
	}
}
END_TEST

START_TEST(snapshot_with_any_byte_damaged_is_refused)
{
	struct fixture f;
	struct wal_snap s = snap_at(5);
	char name[WAL_SNAP_NAME_SIZE];
	uint64_t older;
	off_t size;
	int fd;

	set_up(&f);
	ck_assert_int_eq(take(&f, 5), 0);
	wal_snap_name(&s, name);
	fd = open(walworld_path(&f.world, name), O_RDWR);
	size = lseek(fd, 0, SEEK_END);
	for (off_t at = 0; at < size;
	     at += at < 100 || at > size - 40 ? 1 : 997) {
		unsigned char c;

		ck_assert_int_eq((int)pread(fd, &c, 1, at), 1);
		c ^= 4;
		ck_assert_int_eq((int)pwrite(fd, &c, 1, at), 1);
		if (wal_snap_find(&f.dir, &s, &f.config, &older, &f.err) == 0)
			ck_abort_msg("byte %ld", (long)at);
		ck_assert_ptr_nonnull(strstr(f.err.text, name));
		ck_assert_ptr_nonnull(f.err.code == ERR_BAD
					  ? strstr(f.err.text, "newer")
					  : strstr(f.err.text, "at offset "));
		c ^= 4;
		ck_assert_int_eq((int)pwrite(fd, &c, 1, at), 1);
	}
	for (off_t n = size - 1; n > 0; n -= 4999) {
		ck_assert_int_eq(ftruncate(fd, n), 0);
		ck_assert_int_eq(
		    wal_snap_find(&f.dir, &s, &f.config, &older, &f.err), -1);
	}
	close(fd);
	tear_down(&f);
}
END_TEST

START_TEST(snapshots_but_the_newest_two_go)
{
	struct fixture f;
	uint64_t oldest;

	set_up(&f);
	ck_assert_int_eq(wal_snap_prune(&f.dir, &oldest, &f.err), 0);
	ck_assert_uint_eq(oldest, 0);
	for (uint64_t i = 1; i <= 20; i++)
		ck_assert_int_eq(take(&f, i * 5), 0);
	ck_assert_int_eq(wal_snap_prune(&f.dir, &oldest, &f.err), 0);
	ck_assert_uint_eq(oldest, 95);
	ck_assert_uint_eq(newest(&f), 100);
	tear_down(&f);
}
END_TEST

START_TEST(snapshot_is_written_by_a_child_that_holds_no_lock)
{
	struct fixture f;
	struct wal_snap s = snap_at(5);
	uint64_t index = 5;
	struct wal_dir again;
	int status;
	pid_t pid;

	set_up(&f);
	pid = wal_snap_fork(&f.dir, &s, write_state, &index, &f.err);
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	ck_assert_uint_eq(newest(&f), 5);
	pid = wal_snap_fork(&f.dir, &s, write_fails, NULL, &f.err);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	/* The lock is still ours, and ours alone. */
	ck_assert_int_eq(wal_dir_open(&again, f.world.dir, NULL, &f.err), -1);
	tear_down(&f);
}
END_TEST

/* --- beside a log --- */

static void
on_synced(void *ctx, uint64_t seq)
{
	atomic_ulong *synced = ctx;

	atomic_store(synced, seq);
}

static struct wal *
open_log(struct fixture *f, struct wal_log *log, atomic_ulong *synced)
{
	struct wal_opts o = { .dir = f->world.dir,
		.segment_bytes = WAL_SEGMENT_MIN,
		.on_synced = on_synced,
		.ctx = synced };
	struct wal *w;

	if (wal_open(&w, &o, log, &f->err) == -1)
		return NULL;
	return w;
}

/* A log of n entries in term 2, and a snapshot at index. */
static void
set_up_both(struct fixture *f, uint64_t n, uint64_t index, uint64_t term)
{
	atomic_ulong synced = 0;
	struct wal_log log;
	struct wal_snap s = snap_at(index);
	struct wal *w;

	*f = (struct fixture){ 0 };
	walworld_init(&f->world);
	w = open_log(f, &log, &synced);
	ck_assert_ptr_nonnull(w);
	wal_set_hard(w, 3, 1);
	for (uint64_t i = 1; i <= n; i++) {
		wal_append(w,
		    &(struct wal_entry){
			.index = i, .term = 2, .data = &i, .n = sizeof i },
		    1);
		wal_submit(w, i);
		while (atomic_load(&synced) < i)
			usleep(100);
	}
	s.cluster_id = log.hard.cluster_id;
	s.term = term;
	ck_assert_int_eq(
	    wal_snap_write(wal_directory(w), &s, write_state, &index, &f->err),
	    0);
	wal_log_release(&log);
	wal_close(w);
	f->dir.fd = f->dir.lock_fd = -1;
}

static void
go_on_at(struct fixture *f, uint64_t first, uint64_t last)
{
	atomic_ulong synced = 0;
	struct wal_log log;
	struct wal *w;

	for (int i = 0; i < 3; i++, last++) {
		w = open_log(f, &log, &synced);
		if (w == NULL)
			ck_abort_msg("%s", f->err.text);
		ck_assert_uint_eq(log.first, first);
		ck_assert_uint_eq(wal_log_last(&log), last);
		wal_append(
		    w, &(struct wal_entry){ .index = last + 1, .term = 3 }, 1);
		wal_submit(w, 1);
		wal_log_release(&log);
		wal_close(w);
	}
}

START_TEST(log_behind_its_snapshot_begins_anew)
{
	struct fixture f;

	log_set_level(LOG_ERROR);
	set_up_both(&f, 10, 25, 2);
	go_on_at(&f, 26, 25);
	tear_down(&f);
}
END_TEST

START_TEST(log_that_contradicts_its_snapshot_begins_anew)
{
	struct fixture f;

	log_set_level(LOG_ERROR);
	set_up_both(&f, 10, 7, 3);
	go_on_at(&f, 8, 7);
	tear_down(&f);
}
END_TEST

START_TEST(log_around_its_snapshot_goes_on)
{
	struct fixture f;

	set_up_both(&f, 10, 7, 2);
	go_on_at(&f, 1, 10);
	tear_down(&f);
}
END_TEST

START_TEST(entries_that_a_snapshot_covers_come_without_their_bytes)
{
	struct fixture f;
	atomic_ulong synced = 0;
	struct wal_log log;

	set_up_both(&f, 10, 7, 2);
	wal_close(open_log(&f, &log, &synced));
	ck_assert_uint_eq(log.n, 10);
	for (uint64_t i = 1; i <= 10; i++) {
		const struct wal_entry *e = &log.entries[i - 1];

		ck_assert_uint_eq(e->index, i);
		ck_assert_uint_eq(e->term, 2);
		ck_assert_uint_eq(e->n, i > 7 ? sizeof i : 0);
		if (i > 7)
			ck_assert_mem_eq(e->data, &i, sizeof i);
	}
	wal_log_release(&log);
	tear_down(&f);
}
END_TEST

START_TEST(log_is_shortened_to_the_older_snapshot)
{
	struct fixture f;
	atomic_ulong synced = 0;
	uint64_t index = 18;
	struct wal_log log;
	struct wal_snap s = snap_at(18);
	struct wal *w;

	set_up_both(&f, 20, 9, 2);
	w = open_log(&f, &log, &synced);
	s.cluster_id = log.hard.cluster_id;
	ck_assert_int_eq(
	    wal_snap_write(wal_directory(w), &s, write_state, &index, &f.err),
	    0);
	wal_compact(w, 18);
	wal_submit(w, 1);
	wal_log_release(&log);
	wal_close(w);
	w = open_log(&f, &log, &synced);
	ck_assert_ptr_nonnull(w);
	ck_assert_uint_gt(log.first, 1);
	ck_assert_uint_le(log.first, 10);
	ck_assert_uint_eq(log.older_snap, 9);
	wal_log_release(&log);
	wal_close(w);
	tear_down(&f);
}
END_TEST

UNIT_MAIN("wal-snapshot", snapshot_comes_back_as_it_was_written,
    snapshot_of_nothing_is_a_snapshot,
    snapshot_that_fails_leaves_the_one_before,
    snapshot_survives_a_power_cut_at_every_step,
    snapshot_with_any_byte_damaged_is_refused, snapshots_but_the_newest_two_go,
    snapshot_is_written_by_a_child_that_holds_no_lock,
    log_behind_its_snapshot_begins_anew,
    log_that_contradicts_its_snapshot_begins_anew,
    log_around_its_snapshot_goes_on,
    entries_that_a_snapshot_covers_come_without_their_bytes,
    log_is_shortened_to_the_older_snapshot)
