/*
 * Damage to a log's files. Each case ends in one of three ways: the log is
 * refused with a file and an offset, or what was never acknowledged is
 * dropped, or nothing is lost. Losing something acknowledged in silence is
 * not among them.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/wal/scan.h"
#include "common/wal/wal.h"
#include "tests/lib/unit.h"
#include "tests/lib/walworld.h"

#define SIZE   ((size_t)32 << 10)
#define NUMBER 3

/* A segment in memory, made with the writer's own functions. */
struct segment {
	unsigned char *bytes;
	uint64_t nbatches, nentries;
	size_t last, end; /* where the last batch begins and ends */
	uint32_t chain;
};

static void
begin(struct segment *s)
{
	struct wal_seg_head h = {
		.number = NUMBER, .size = SIZE, .first_index = 1, .server_id = 1
	};

	*s = (struct segment){ .bytes = xcalloc(1, SIZE), .end = WAL_BLOCK };
	wal_head_encode(s->bytes, &h);
	s->chain = wal_head_chain(s->bytes);
}

/* Payloads without zeros, so that no sector of a batch is all zero. */
static void
add_batch(struct segment *s, size_t nrecords, uint32_t size)
{
	char *data = xmalloc(size + 1);
	size_t n = 0;

	s->last = s->end = (s->end + WAL_BLOCK - 1) / WAL_BLOCK * WAL_BLOCK;
	for (size_t i = 0; i < nrecords; i++) {
		struct wal_record r = { .type = WAL_ENTRY,
			.term = 1,
			.index = ++s->nentries,
			.data = data,
			.n = size };

		memset(data, (int)(s->nentries % 200 + 1), size);
		wal_record_put(s->bytes + s->last + n, &r);
		n += wal_record_size(size);
	}
	wal_batch_seal(s->bytes + s->last, n, NUMBER, ++s->nbatches, &s->chain);
	s->end = s->last + n + WAL_TRAILER;
	free(data);
}

static void
add_mark(struct segment *s)
{
	struct wal_record r = { .type = WAL_MARK };

	s->last = (s->end + WAL_BLOCK - 1) / WAL_BLOCK * WAL_BLOCK;
	wal_record_put(s->bytes + s->last, &r);
	wal_batch_seal(s->bytes + s->last, wal_record_size(0), NUMBER,
	    ++s->nbatches, &s->chain);
	s->end = s->last + wal_record_size(0) + WAL_TRAILER;
}

static int
count_entry(void *ctx, const struct wal_record *r, size_t at, struct err *err)
{
	uint64_t *n = ctx;

	(void)at;
	(void)err;
	if (r->type == WAL_ENTRY)
		ck_assert_uint_eq(r->index, ++*n);
	return 0;
}

/* Scans as the last segment: -1 refused, else how many entries it has. */
static int64_t
scan(const struct segment *s)
{
	struct wal_scan w = { .bytes = s->bytes, .n = SIZE, .is_last = true };
	struct err err = { 0 };
	uint64_t n = 0;

	if (wal_scan(&w, count_entry, &n, &err) == 0)
		return (int64_t)n;
	ck_assert_int_eq(err.code == ERR_CORRUPT || err.code == ERR_BAD, 1);
	if (err.code == ERR_CORRUPT)
		ck_assert_ptr_nonnull(strstr(err.text, "at offset "));
	return -1;
}

static void
fill(struct segment *s)
{
	begin(s);
	add_batch(s, 1, 100);
	add_batch(s, 5, 300);
	add_batch(s, 2, 2100);
	add_batch(s, 3, 700);
	ck_assert_int_eq(scan(s), 11);
}

/* All bits of heads and of the last batch, one of each byte of the rest. */
static void
flip_all(struct segment *s)
{
	for (size_t at = 0; at < SIZE; at++) {
		bool is_last = at >= s->last && at < s->end;
		bool is_all = is_last || at % WAL_BLOCK < 64;

		for (size_t bit = is_all ? 0 : at % 8; bit < 8;
		     bit += is_all ? 1 : 8) {
			int64_t n;

			s->bytes[at] ^= (unsigned char)(1 << bit);
			n = scan(s);
			if (n != -1 && (uint64_t)n != s->nentries)
				ck_abort_msg("bit %zu of byte %zu: %d entries "
					     "are left in silence",
				    bit, at, (int)n);
			/* Nothing at all may go unnoticed. */
			if (at < s->end)
				ck_assert_int_eq(n, -1);
			s->bytes[at] ^= (unsigned char)(1 << bit);
		}
	}
}

START_TEST(no_flipped_bit_loses_an_entry)
{
	struct segment s;

	fill(&s);
	flip_all(&s);
	free(s.bytes);
}
END_TEST

START_TEST(no_flipped_bit_behind_a_mark_loses_an_entry)
{
	struct segment s;

	fill(&s);
	add_mark(&s);
	flip_all(&s);
	free(s.bytes);
}
END_TEST

/* Whole sectors that read as zeros, everywhere but in the last batch. */
START_TEST(a_lost_sector_of_a_synced_batch_is_refused)
{
	struct segment s;
	unsigned char saved[WAL_SECTOR];

	fill(&s);
	for (int with_mark = 0; with_mark < 2; with_mark++) {
		for (size_t at = WAL_BLOCK; at < s.last; at += WAL_SECTOR) {
			bool is_empty;

			memcpy(saved, s.bytes + at, WAL_SECTOR);
			memset(s.bytes + at, 0, WAL_SECTOR);
			is_empty = memcmp(saved, s.bytes + at, WAL_SECTOR) == 0;
			ck_assert_int_eq(
			    scan(&s), is_empty ? (int64_t)s.nentries : -1);
			memcpy(s.bytes + at, saved, WAL_SECTOR);
		}
		add_mark(&s);
	}
	free(s.bytes);
}
END_TEST

/* What the power left of the last batch: its first bytes. */
START_TEST(a_batch_cut_at_any_byte_is_dropped_whole)
{
	struct segment s;
	unsigned char *whole;

	fill(&s);
	add_batch(&s, 4, 1500); /* more than 4 KB */
	whole = xmemdup(s.bytes, SIZE);
	for (size_t at = s.last; at <= s.end; at++) {
		int64_t n;

		memcpy(s.bytes, whole, SIZE);
		memset(s.bytes + at, 0, SIZE - at);
		n = scan(&s);
		ck_assert_int_eq(n,
		    at < s.end && whole[s.end - 1] != 0 && at < s.end - 3 ? 11
									  : n);
		ck_assert(n == 11 || n == 15);
	}
	free(whole);
	free(s.bytes);
}
END_TEST

/* Or any of its sectors, since they land in any order. */
START_TEST(a_batch_of_which_any_sectors_arrived_is_dropped_whole)
{
	struct segment s;
	unsigned char *whole;
	struct rng rng;

	rng_init(&rng, 4);
	fill(&s);
	add_batch(&s, 4, 1500);
	whole = xmemdup(s.bytes, SIZE);
	for (int round = 0; round < 5000; round++) {
		bool is_whole = true;

		memcpy(s.bytes, whole, SIZE);
		for (size_t at = s.last; at < s.end; at += WAL_SECTOR)
			if (rng_below(&rng, 3) == 0) {
				memset(s.bytes + at, 0, WAL_SECTOR);
				is_whole = false;
			}
		ck_assert_int_eq(scan(&s), is_whole ? 15 : 11);
	}
	free(whole);
	free(s.bytes);
}
END_TEST

/* --- whole directories --- */

static void
on_synced(void *ctx, uint64_t seq)
{
	atomic_ulong *synced = ctx;

	atomic_store(synced, seq);
}

struct place {
	struct walworld world;
	struct wal_log log;
	struct err err;
	atomic_ulong synced;
};

static int
open_place(struct place *p, struct wal **w)
{
	struct wal_opts o = { .dir = p->world.dir,
		.segment_bytes = WAL_SEGMENT_MIN + WAL_BLOCK,
		.on_synced = on_synced,
		.ctx = &p->synced };

	wal_log_release(&p->log);
	return wal_open(w, &o, &p->log, &p->err);
}

/* A log of several segments with 40 entries, in term 3. */
static void
set_up(struct place *p)
{
	struct wal *w;
	char data[1200];

	*p = (struct place){ 0 };
	walworld_init(&p->world);
	if (open_place(p, &w) == -1)
		ck_abort_msg("%s", p->err.text);
	memset(data, 'd', sizeof data);
	wal_set_hard(w, 3, 1);
	for (uint64_t i = 1; i <= 40; i++) {
		struct wal_entry e = {
			.index = i, .term = 3, .data = data, .n = sizeof data
		};

		wal_append(w, &e, 1);
		wal_submit(w, i);
		while (atomic_load(&p->synced) < i)
			usleep(100);
	}
	wal_close(w);
}

static void
tear_down(struct place *p)
{
	wal_log_release(&p->log);
	walworld_release(&p->world);
}

static void
expect_refusal(struct place *p, const char *file, const char *why)
{
	struct wal *w;

	if (open_place(p, &w) == 0)
		ck_abort_msg("%s: opened, with %zu entries", file, p->log.n);
	if (strstr(p->err.text, file) == NULL ||
	    strstr(p->err.text, why) == NULL)
		ck_abort_msg("%s: %s", file, p->err.text);
}

static void
expect_all(struct place *p)
{
	struct wal *w;

	if (open_place(p, &w) == -1)
		ck_abort_msg("%s", p->err.text);
	ck_assert_uint_eq(p->log.n, 40);
	ck_assert_uint_eq(p->log.hard.term, 3);
	ck_assert_uint_eq(p->log.hard.vote, 1);
	wal_close(w);
}

static void
move(struct place *p, const char *from, const char *to)
{
	char old[200];

	snprintf(old, sizeof old, "%s/%s", p->world.dir, from);
	ck_assert_int_eq(rename(old, walworld_path(&p->world, to)), 0);
}

static void
flip(struct place *p, const char *name, off_t at)
{
	int fd = open(walworld_path(&p->world, name), O_RDWR);
	unsigned char c;

	ck_assert_int_eq((int)pread(fd, &c, 1, at), 1);
	c ^= 0x10;
	ck_assert_int_eq((int)pwrite(fd, &c, 1, at), 1);
	close(fd);
}

#define SEG(n) "log-000000000000000" #n

START_TEST(a_missing_segment_is_refused_by_name)
{
	struct place p;

	log_set_level(LOG_ERROR);
	set_up(&p);
	move(&p, SEG(3), "kept");
	expect_refusal(&p, SEG(3), "missing");
	move(&p, "kept", SEG(3));
	move(&p, SEG(1), "kept");
	expect_refusal(&p, p.world.dir, "log begins at index");
	move(&p, "kept", SEG(1));
	expect_all(&p);
	tear_down(&p);
}
END_TEST

START_TEST(a_missing_last_segment_is_refused_by_name)
{
	struct place p;
	char last[40], path[200];
	struct stat st;
	int n = 1;

	log_set_level(LOG_ERROR);
	set_up(&p);
	do {
		snprintf(last, sizeof last, "log-%016x", ++n);
		snprintf(path, sizeof path, "%s/%s", p.world.dir, last);
	} while (stat(path, &st) == 0);
	snprintf(last, sizeof last, "log-%016x", n - 1);
	move(&p, last, "kept");
	expect_refusal(&p, last, "missing");
	move(&p, "kept", last);
	expect_all(&p);
	tear_down(&p);
}
END_TEST

START_TEST(segments_in_each_others_place_are_refused)
{
	struct place p;

	log_set_level(LOG_ERROR);
	set_up(&p);
	move(&p, SEG(2), "kept");
	move(&p, SEG(3), SEG(2));
	move(&p, "kept", SEG(3));
	expect_refusal(&p, SEG(2), "another number");
	tear_down(&p);
}
END_TEST

START_TEST(a_segment_of_another_server_is_refused)
{
	struct place p, q;
	char *cmd;

	log_set_level(LOG_ERROR);
	set_up(&p);
	set_up(&q);
	cmd =
	    xasprintf("cp %s/" SEG(2) " %s/" SEG(2), q.world.dir, p.world.dir);
	ck_assert_int_eq(system(cmd), 0);
	free(cmd);
	expect_refusal(&p, SEG(2), "belongs to server");
	tear_down(&p);
	tear_down(&q);
}
END_TEST

START_TEST(a_short_or_damaged_segment_is_refused_with_its_offset)
{
	struct place p;

	log_set_level(LOG_ERROR);
	set_up(&p);
	flip(&p, SEG(2), 2 * WAL_BLOCK + 100);
	expect_refusal(&p, SEG(2), "damaged at offset 8192");
	flip(&p, SEG(2), 2 * WAL_BLOCK + 100);
	flip(&p, SEG(1), 20);
	expect_refusal(&p, SEG(1), "damaged at offset 0");
	flip(&p, SEG(1), 20);
	expect_all(&p);
	ck_assert_int_eq(truncate(walworld_path(&p.world, SEG(2)), 9000), 0);
	expect_refusal(&p, SEG(2), "damaged at offset 9000");
	tear_down(&p);
}
END_TEST

START_TEST(a_damaged_vote_is_mended_from_its_copy_or_refused)
{
	struct place p;

	log_set_level(LOG_ERROR);
	set_up(&p);
	for (off_t i = 0; i < 4; i++) {
		flip(&p, "vote", i * WAL_BLOCK + 41);
		expect_all(&p);
	}
	for (off_t i = 0; i < 4; i++)
		flip(&p, "vote", i * WAL_BLOCK + 41);
	expect_refusal(&p, "vote", "damaged at offset 0");
	ck_assert_int_eq(unlink(walworld_path(&p.world, "vote")), 0);
	expect_refusal(&p, "vote", "is missing");
	tear_down(&p);
}
END_TEST

UNIT_MAIN("wal-damage", no_flipped_bit_loses_an_entry,
    no_flipped_bit_behind_a_mark_loses_an_entry,
    a_lost_sector_of_a_synced_batch_is_refused,
    a_batch_cut_at_any_byte_is_dropped_whole,
    a_batch_of_which_any_sectors_arrived_is_dropped_whole,
    a_missing_segment_is_refused_by_name,
    a_missing_last_segment_is_refused_by_name,
    segments_in_each_others_place_are_refused,
    a_segment_of_another_server_is_refused,
    a_short_or_damaged_segment_is_refused_with_its_offset,
    a_damaged_vote_is_mended_from_its_copy_or_refused)
