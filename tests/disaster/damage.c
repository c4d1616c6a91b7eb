/*
 * Damages a server's log and its snapshot in every way there is room for, and
 * reads them back as schedd does when it starts.
 *
 *	damage [-e every] [-n flips] [-S seed] DIR
 *
 * DIR is the "raft" directory of a server that was killed; it is copied to
 * memory first. Three things are done to it, one at a time:
 *
 *	cut    the last segment ends at each byte of the last 4 KB in use,
 *		or at every `every`-th
 *	torn   ... or all behind that byte is zero, as when the power went
 *	flip   one bit of the last segment or of the newest snapshot is another
 *
 * A cut or flipped file is refused by its name and an offset, or nothing is
 * missing. What is torn may also be dropped, but no batch that lies before.
 * Prints one line; exits 0 when nothing was lost in silence.
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/rng.h"
#include "common/wal/crc32c.h"
#include "common/wal/recover.h"
#include "common/wal/scan.h"
#include "common/wal/segment.h"

#define CUT_BYTES 4096

struct place {
	size_t end;      /* of a batch, trailer included */
	size_t nentries; /* from the log's first on, up to there */
};

struct world {
	char dir[64];
	struct err err;
	/* As it was. */
	uint64_t first, last;
	uint32_t *sums; /* of each entry */
	size_t n;
	uint64_t snap_index;

	char segment[WAL_SEG_NAME_SIZE], snapshot[WAL_SNAP_NAME_SIZE];
	struct buf segment_bytes, snapshot_bytes;
	struct place *places;
	size_t nplaces, places_cap, nentries;
	size_t used; /* bytes of the segment */

	size_t ncuts, ntorn, nflips, nrefused, nlost;
};

static void
die(const char *what, const struct err *err)
{
	fprintf(stderr, "damage: %s: %s\n", what, err->text);
	exit(1);
}

/* --- files --- */

static void
load(const char *dir, const char *name, struct buf *b)
{
	char *path = xasprintf("%s/%s", dir, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	buf_reset(b);
	if (fd == -1 || fstat(fd, &st) == -1 ||
	    read(fd, buf_reserve(b, (size_t)st.st_size), (size_t)st.st_size) !=
		st.st_size) {
		perror(path);
		exit(1);
	}
	b->len = (size_t)st.st_size;
	close(fd);
	free(path);
}

static void
store(const char *dir, const char *name, const char *bytes, size_t n)
{
	char *path = xasprintf("%s/%s", dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd == -1 || write(fd, bytes, n) != (ssize_t)n) {
		perror(path);
		exit(1);
	}
	close(fd);
	free(path);
}

static void
each_file(const char *dir,
    void (*fn)(const char *dir, const char *name, void *ctx), void *ctx)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	if (d == NULL) {
		perror(dir);
		exit(1);
	}
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			fn(dir, e->d_name, ctx);
	closedir(d);
}

static void
copy_file(const char *dir, const char *name, void *ctx)
{
	struct buf b = { 0 };

	load(dir, name, &b);
	store(ctx, name, buf_str(&b), b.len);
	buf_release(&b);
}

static void
remove_file(const char *dir, const char *name, void *ctx)
{
	char *path = xasprintf("%s/%s", dir, name);

	(void)ctx;
	unlink(path);
	free(path);
}

/* --- reading it back --- */

/* 0, or -1: refused. The caller releases the log. */
static int
read_back(struct world *w, struct wal_log *log, struct err *err)
{
	struct wal_dir d;
	struct wal_segs segs = { 0 };
	struct wal_hard_file hard;
	struct wal_tail tail;
	int rc;

	*log = (struct wal_log){ 0 };
	if (wal_dir_open(&d, w->dir, NULL, err) == -1)
		return -1;
	rc = wal_recover(
	    &d, 0, 0, WAL_SEGMENT_FIRST, log, &segs, &hard, &tail, err);
	if (hard.fd != -1)
		wal_hard_release(&hard);
	if (tail.fd != -1)
		close(tail.fd);
	wal_segs_release(&segs);
	wal_dir_release(&d);
	return rc;
}

static uint32_t
sum_of(const struct wal_entry *e)
{
	uint64_t head[3] = { e->index, e->term, e->kind };

	return crc32c(crc32c(0, head, sizeof head), e->data, e->n);
}

/* Are the entries those that there were, up to the given number at least? */
static bool
is_whole(const struct world *w, const struct wal_log *log, size_t at_least)
{
	if (log->snap.index != w->snap_index || log->first != w->first ||
	    log->n < at_least || log->n > w->n)
		return false;
	for (size_t i = 0; i < log->n; i++)
		if (sum_of(&log->entries[i]) != w->sums[i])
			return false;
	return true;
}

static bool
names_place(const char *text, const char *file)
{
	return strstr(text, file) != NULL && strstr(text, " offset ") != NULL;
}

/* file: which was damaged. */
static void
look(struct world *w, const char *what, const char *file, size_t at,
    size_t at_least)
{
	struct wal_log log;
	struct err err = { 0 };

	if (read_back(w, &log, &err) == -1) {
		w->nrefused++;
		if (names_place(err.text, file))
			return;
		w->nlost++;
		fprintf(stderr, "%s at %zu: refused without a place: %s\n",
		    what, at, err.text);
	} else {
		if (!is_whole(w, &log, at_least)) {
			w->nlost++;
			fprintf(stderr,
			    "%s at %zu: %zu of %zu entries in silence\n", what,
			    at, log.n, w->n);
		}
		wal_log_release(&log);
	}
}

/* --- as it was --- */

static void
note_names(const char *dir, const char *name, void *ctx)
{
	struct world *w = ctx;

	(void)dir;
	if (strncmp(name, "log-", 4) == 0 && strcmp(name, w->segment) > 0)
		snprintf(w->segment, sizeof w->segment, "%.31s", name);
	if (strncmp(name, "snapshot-", 9) == 0 && strcmp(name, w->snapshot) > 0)
		snprintf(w->snapshot, sizeof w->snapshot, "%.63s", name);
}

static int
note_record(void *ctx, const struct wal_record *r, size_t at, struct err *err)
{
	struct world *w = ctx;

	(void)err;
	if (r->type == WAL_ENTRY)
		w->nentries = (size_t)(r->index - w->first + 1);
	else if (r->type == WAL_CUT)
		w->nentries = (size_t)(r->index - w->first);
	if (!r->is_last)
		return 0;
	w->places =
	    xgrow(w->places, w->nplaces, &w->places_cap, sizeof *w->places);
	w->places[w->nplaces++] = (struct place){
		.end = at + wal_record_size(r->n) + WAL_TRAILER,
		.nentries = w->nentries,
	};
	return 0;
}

static void
note_as_it_was(struct world *w)
{
	struct wal_log log;
	struct wal_scan s = { .is_last = true };
	struct err err = { 0 };

	if (read_back(w, &log, &err) == -1)
		die("the undamaged log", &err);
	w->first = log.first;
	w->n = log.n;
	w->snap_index = log.snap.index;
	w->sums = xcalloc(log.n + 1, sizeof *w->sums);
	for (size_t i = 0; i < log.n; i++)
		w->sums[i] = sum_of(&log.entries[i]);
	wal_log_release(&log);
	each_file(w->dir, note_names, w);
	load(w->dir, w->segment, &w->segment_bytes);
	if (*w->snapshot != '\0')
		load(w->dir, w->snapshot, &w->snapshot_bytes);
	s.bytes = (const uint8_t *)w->segment_bytes.data;
	s.n = w->segment_bytes.len;
	if (wal_scan(&s, note_record, w, &err) == -1)
		die(w->segment, &err);
	w->used = w->nplaces > 0 ? w->places[w->nplaces - 1].end : WAL_BLOCK;
}

/* Entries in batches that lie before the offset. */
static size_t
entries_before(const struct world *w, size_t at)
{
	size_t n = w->nplaces > 0 ? 0 : w->n;

	for (size_t i = 0; i < w->nplaces && w->places[i].end <= at; i++)
		n = w->places[i].nentries;
	return n;
}

/* --- damage --- */

/* Writes into a file, which is then of that size. */
static void
patch(struct world *w, const char *name, size_t at, const char *bytes, size_t n,
    size_t size)
{
	char *path = xasprintf("%s/%s", w->dir, name);
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd == -1 || pwrite(fd, bytes, n, (off_t)at) != (ssize_t)n ||
	    ftruncate(fd, (off_t)size) == -1) {
		perror(path);
		exit(1);
	}
	close(fd);
	free(path);
}

/* As it was: the bytes in use, and zeros behind them. */
static void
mend(struct world *w)
{
	patch(w, w->segment, 0, w->segment_bytes.data, w->used,
	    w->segment_bytes.len);
}

static void
cut_everywhere(struct world *w, size_t every)
{
	size_t size = w->segment_bytes.len;
	size_t from = w->used > CUT_BYTES ? w->used - CUT_BYTES : 0;
	char *zeros = xcalloc(1, CUT_BYTES + 1);

	for (size_t at = from; at < w->used; at += every) {
		patch(w, w->segment, 0, "", 0, at);
		look(w, "cut", w->segment, at, w->n);
		w->ncuts++;
		mend(w);
		patch(w, w->segment, at, zeros, w->used - at, size);
		look(w, "torn", w->segment, at, entries_before(w, at));
		w->ntorn++;
		mend(w);
	}
	free(zeros);
}

/* n bits of the first `used` bytes, spread evenly; each bit when there are
 * not so many. */
static void
flip(struct world *w, const char *name, const struct buf *b, size_t used,
    size_t n, struct rng *r)
{
	size_t nbits = used * 8;

	for (size_t i = 0; i < n && i < nbits; i++) {
		size_t from = (size_t)((double)nbits * (double)i / (double)n);
		size_t bit = n >= nbits ? i : from + rng_below(r, nbits / n);
		char byte = b->data[bit / 8];

		byte = (char)(byte ^ (1 << bit % 8));
		patch(w, name, bit / 8, &byte, 1, b->len);
		look(w, "flip", name, bit / 8, w->n);
		w->nflips++;
		patch(w, name, 0, b->data, used, b->len);
	}
}

int
main(int argc, char **argv)
{
	struct world w = { 0 };
	struct rng rng;
	uint64_t seed = 1;
	size_t n = 2000, every = 1;
	int o;

	while ((o = getopt(argc, argv, "e:n:S:")) != -1) {
		if (o == 'n')
			n = strtoul(optarg, NULL, 10);
		else if (o == 'e')
			every = strtoul(optarg, NULL, 10);
		else if (o == 'S')
			seed = strtoull(optarg, NULL, 10);
		else
			argc = 0;
	}
	if (argc != optind + 1 || every == 0) {
		fprintf(stderr,
		    "usage: damage [-e every] [-n flips] [-S seed] DIR\n");
		return 2;
	}
	log_set_level(LOG_ERROR);
	rng_init(&rng, seed);
	snprintf(w.dir, sizeof w.dir, "/dev/shm/rove-damage.XXXXXX");
	if (mkdtemp(w.dir) == NULL) {
		perror(w.dir);
		return 1;
	}
	each_file(argv[optind], copy_file, w.dir);
	note_as_it_was(&w);
	cut_everywhere(&w, every);
	flip(&w, w.segment, &w.segment_bytes, w.used, n, &rng);
	if (*w.snapshot != '\0')
		flip(&w, w.snapshot, &w.snapshot_bytes, w.snapshot_bytes.len, n,
		    &rng);
	each_file(w.dir, remove_file, NULL);
	rmdir(w.dir);
	printf("entries %zu, segment %zu bytes in use, snapshot %zu bytes; cut "
	       "%zu, torn %zu, bits flipped %zu; refused by name %zu, lost in "
	       "silence %zu\n",
	    w.n, w.used, w.snapshot_bytes.len, w.ncuts, w.ntorn, w.nflips,
	    w.nrefused, w.nlost);
	buf_release(&w.segment_bytes);
	buf_release(&w.snapshot_bytes);
	free(w.places);
	free(w.sums);
	return w.nlost == 0 ? 0 : 1;
}
