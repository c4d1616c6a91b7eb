/*
 * The log on disk beside what the disk itself takes: the same bytes written
 * over zeros by pwrite() and fdatasync(), one at a time. First one entry at a
 * time, then many at once, which share their syncs. Rounds of both take
 * turns, and medians count. DIR says where; the default is build/.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/wal/wal.h"
#include "tests/lib/bench.h"

#define NBYTES    256 /* of an entry */
#define NROUNDS   7
#define NCALLS    200
#define NGROUP    20000 /* entries of a round of many at once */
#define WINDOW    512   /* of them under way */
#define FILE_SIZE ((off_t)NBYTES * (NROUNDS + 1) * NCALLS)

struct bench {
	char dir[256];
	struct wal *wal;
	uint64_t index; /* of the last entry, and its number */
	int floor_fd;
	off_t floor_at;
	pthread_mutex_t lock;
	pthread_cond_t synced;
	uint64_t done;
};

static char payload[NBYTES];

static void
on_synced(void *ctx, uint64_t seq)
{
	struct bench *b = ctx;

	pthread_mutex_lock(&b->lock);
	b->done = seq;
	pthread_cond_signal(&b->synced);
	pthread_mutex_unlock(&b->lock);
}

static void
wait_for(struct bench *b, uint64_t seq)
{
	pthread_mutex_lock(&b->lock);
	while (b->done < seq)
		pthread_cond_wait(&b->synced, &b->lock);
	pthread_mutex_unlock(&b->lock);
}

static void
append(struct bench *b)
{
	struct wal_entry e = { .index = ++b->index,
		.term = 1,
		.kind = 1,
		.data = payload,
		.n = NBYTES };

	wal_append(b->wal, &e, 1);
	wal_submit(b->wal, b->index);
}

/* --- one at a time --- */

static double
our_append(struct bench *b)
{
	uint64_t start = bench_now_ns();

	append(b);
	wait_for(b, b->index);
	return (double)(bench_now_ns() - start) / 1000;
}

static double
plain_append(struct bench *b)
{
	uint64_t start = bench_now_ns();

	if (pwrite(b->floor_fd, payload, NBYTES, b->floor_at) != NBYTES ||
	    fdatasync(b->floor_fd) == -1)
		abort();
	b->floor_at += NBYTES;
	return (double)(bench_now_ns() - start) / 1000;
}

static double
round_of(struct bench *b, double (*once)(struct bench *b))
{
	double us[NCALLS];

	for (int i = 0; i < NCALLS; i++)
		us[i] = once(b);
	return bench_median(us, NCALLS);
}

/* --- many at once --- */

/* Entries a second. */
static double
our_group(struct bench *b)
{
	uint64_t start = bench_now_ns();

	for (int i = 0; i < NGROUP; i++) {
		append(b);
		if (b->index > WINDOW)
			wait_for(b, b->index - WINDOW);
	}
	wait_for(b, b->index);
	wal_compact(b->wal, 0);
	return NGROUP * 1e9 / (double)(bench_now_ns() - start);
}

/* --- the rest --- */

static void
open_log(struct bench *b)
{
	struct wal_opts opts = {
		.dir = b->dir, .on_synced = on_synced, .ctx = b
	};
	struct wal_log log;
	struct err err;

	if (wal_open(&b->wal, &opts, &log, &err) == -1) {
		fprintf(stderr, "bench_wal: %s\n", err.text);
		exit(1);
	}
	wal_set_hard(b->wal, 1, 1);
	wal_log_release(&log);
}

static void
open_floor(struct bench *b)
{
	char path[300];
	char *zeros = xcalloc(1, (size_t)FILE_SIZE);

	snprintf(path, sizeof path, "%s/floor", b->dir);
	b->floor_fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (b->floor_fd == -1 ||
	    write(b->floor_fd, zeros, (size_t)FILE_SIZE) != FILE_SIZE ||
	    fsync(b->floor_fd) == -1)
		abort();
	free(zeros);
}

static void
measure(struct bench *b)
{
	double ours[NROUNDS], plain[NROUNDS], group[NROUNDS];
	double us, floor_us, rate;

	round_of(b, our_append);
	round_of(b, plain_append);
	for (int i = 0; i < NROUNDS; i++) {
		ours[i] = round_of(b, our_append);
		plain[i] = round_of(b, plain_append);
		group[i] = our_group(b);
	}
	us = bench_median(ours, NROUNDS);
	floor_us = bench_median(plain, NROUNDS);
	rate = bench_median(group, NROUNDS);
	printf("wal: %d bytes appended and synced in %.0f us, plain write and "
	       "fdatasync %.0f us; %d at once %.0f entries/s\n",
	    NBYTES, us, floor_us, WINDOW, rate);
	bench_row("log: append and sync one entry, p50", us, "us",
	    "pwrite+fdatasync", floor_us, floor_us / us);
	bench_row("log: entries synced with others", rate, "/s",
	    "pwrite+fdatasync", 1e6 / floor_us, rate * floor_us / 1e6);
}

int
main(void)
{
	struct bench b = { .lock = PTHREAD_MUTEX_INITIALIZER,
		.synced = PTHREAD_COND_INITIALIZER };
	const char *dir = getenv("DIR");
	char *command;

	log_set_level(LOG_ERROR);
	memset(payload, 'x', sizeof payload);
	snprintf(b.dir, sizeof b.dir, "%s/bench-wal-XXXXXX",
	    dir != NULL ? dir : "build");
	if (mkdtemp(b.dir) == NULL) {
		perror(b.dir);
		return 1;
	}
	open_log(&b);
	open_floor(&b);
	measure(&b);
	wal_close(b.wal);
	close(b.floor_fd);
	command = xasprintf("rm -rf '%s'", b.dir);
	if (system(command) != 0)
		perror(command);
	free(command);
	return 0;
}
