/*
 * A log's files with any bytes in them. The first byte says which: 0 a
 * segment as it is, 1 a segment whose records follow a program and have good
 * checksums, 2 a whole directory of such segments, 3 a snapshot. The second
 * says how many bytes of it are damaged afterwards; three bytes each say
 * where and how.
 *
 * Whatever it is, it is read or refused; what was read reads again the same,
 * and one damaged byte never loses an entry in silence.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/wal/recover.h"
#include "common/wal/scan.h"

#define SEGMENT      ((size_t)64 << 10)
#define MAX_SEGMENTS 4
#define MAX_DAMAGE   3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct input {
	const uint8_t *p;
	size_t n;
};

static uint8_t
next(struct input *in)
{
	if (in->n == 0)
		return 0;
	in->n--;
	return *in->p++;
}

/* --- a segment by program --- */

struct maker {
	uint8_t *bytes;
	struct wal_seg_head head;
	size_t end;    /* of what is laid out */
	size_t sealed; /* up to here in whole batches */
	uint64_t batch, index, term, nentries;
	uint32_t chain;
	bool over; /* a seal was written */
};

static void
begin(struct maker *m, uint64_t number)
{
	memset(m->bytes, 0, SEGMENT);
	m->head = (struct wal_seg_head){ .cluster_id = 1,
		.server_id = 1,
		.number = number,
		.size = SEGMENT,
		.first_index = m->index + 1,
		.prev_term = m->index == 0 ? 0 : m->term,
		.batch = m->batch };
	wal_head_encode(m->bytes, &m->head);
	m->chain = wal_head_chain(m->bytes);
	m->end = m->sealed = WAL_BLOCK;
	m->over = false;
}

static void
end_batch(struct maker *m)
{
	if (m->end == m->sealed)
		return;
	wal_batch_seal(m->bytes + m->sealed, m->end - m->sealed, m->head.number,
	    ++m->batch, &m->chain);
	m->end += WAL_TRAILER;
	m->end = (m->end + WAL_BLOCK - 1) / WAL_BLOCK * WAL_BLOCK;
	m->sealed = m->end;
}

/* One record: what is odd in it is up to the program. */
static bool
add_record(struct maker *m, struct input *in)
{
	static char payload[256 * 16];
	uint8_t op = next(in);
	struct wal_record r = { .type = (enum wal_type)(op % 4 + 1),
		.kind = op >> 4,
		.data = payload };

	m->term += next(in) % 8 == 7;
	r.term = m->term;
	r.index = m->index + 1 + (uint64_t)(int8_t)next(in);
	r.n = r.type == WAL_ENTRY ? (uint32_t)next(in) * 16u : 0;
	memset(payload, op | 1, r.n);
	if (m->end + wal_record_size(r.n) + WAL_TRAILER > SEGMENT)
		return false;
	wal_record_put(m->bytes + m->end, &r);
	m->end += wal_record_size(r.n);
	if (r.type == WAL_ENTRY || r.type == WAL_CUT)
		m->index = r.type == WAL_ENTRY ? r.index : r.index - 1;
	m->nentries += r.type == WAL_ENTRY;
	m->over = r.type == WAL_SEAL;
	if (op & 8 || m->over)
		end_batch(m);
	return !m->over && in->n > 0;
}

static void
fill(struct maker *m, struct input *in)
{
	while (add_record(m, in))
		continue;
	end_batch(m);
}

static int
count(void *ctx, const struct wal_record *r, size_t at, struct err *err)
{
	uint64_t *n = ctx;

	(void)at;
	(void)err;
	*n += r->type == WAL_ENTRY;
	return 0;
}

static int
scan(const uint8_t *bytes, size_t n, bool is_last, uint64_t *nentries)
{
	struct wal_scan s = { .bytes = bytes, .n = n, .is_last = is_last };
	struct err err;

	*nentries = 0;
	return wal_scan(&s, count, nentries, &err);
}

static void
damage(uint8_t *bytes, size_t n, const uint8_t *how, size_t ndamage)
{
	for (size_t i = 0; i < ndamage; i++, how += 3)
		bytes[(how[0] | (size_t)how[1] << 8) % n] ^= how[2];
}

static void
try_segment(struct input *in, const uint8_t *how, size_t ndamage)
{
	struct maker m = { .bytes = xmalloc(SEGMENT), .term = 1 };
	uint64_t n;

	begin(&m, 1);
	fill(&m, in);
	if (scan(m.bytes, SEGMENT, true, &n) == -1 || n != m.nentries)
		abort();
	damage(m.bytes, SEGMENT, how, ndamage);
	if (scan(m.bytes, SEGMENT, true, &n) == 0 && ndamage == 1 &&
	    n != m.nentries)
		abort();
	free(m.bytes);
}

/* --- a directory --- */

static char dir[64];
static struct wal_io quick;

static int
no_sync(void *ctx, int fd)
{
	(void)ctx;
	(void)fd;
	return 0;
}

static void
empty_dir(void)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (e->d_name[0] != '.' || strlen(e->d_name) > 2)
			unlinkat(dirfd(d), e->d_name, 0);
	if (d != NULL)
		closedir(d);
}

static void
clean_up(void)
{
	empty_dir();
	rmdir(dir);
}

/* In memory, where there is such a directory. */
static void
start(void)
{
	bool shm = access("/dev/shm", W_OK) == 0;

	log_set_level(LOG_ERROR);
	snprintf(
	    dir, sizeof dir, "%s/rove-fuzz-XXXXXX", shm ? "/dev/shm" : "/tmp");
	if (mkdtemp(dir) == NULL)
		abort();
	atexit(clean_up);
	quick = wal_io_real;
	quick.fsync = quick.fdatasync = no_sync;
}

static void
put_file(struct wal_dir *d, const char *name, const void *p, size_t n)
{
	struct err err;
	int fd = wal_dir_file(d, name, O_RDWR | O_CREAT, &err);

	if (fd == -1 || wal_dir_write(d, fd, name, p, n, 0, &err) == -1)
		abort();
	close(fd);
}

static void
put_vote(struct wal_dir *d, uint64_t term)
{
	struct wal_hard_file f = { .fd = -1,
		.now = { .cluster_id = 1, .server_id = 1, .term = term } };
	struct err err;

	if (wal_hard_create(d, &f, &err) == -1)
		abort();
	wal_hard_release(&f);
}

static int
recover(struct wal_dir *d, struct wal_log *log)
{
	struct wal_segs segs = { 0 };
	struct wal_hard_file hard;
	struct wal_tail tail;
	struct err err;
	int rc = wal_recover(
	    d, 0, 0, WAL_SEGMENT_MIN, log, &segs, &hard, &tail, &err);

	for (size_t i = 1; i < log->n; i++)
		if (log->entries[i].index != log->entries[i - 1].index + 1 ||
		    log->entries[i].term < log->entries[i - 1].term)
			abort();
	wal_segs_release(&segs);
	wal_hard_release(&hard);
	if (tail.fd != -1)
		close(tail.fd);
	return rc;
}

static void
try_recovery(struct wal_dir *d)
{
	struct wal_log log, again;

	if (recover(d, &log) == 0) {
		if (recover(d, &again) == -1 || log.n != again.n ||
		    log.first != again.first ||
		    log.hard.term != again.hard.term ||
		    log.snap.index != again.snap.index || again.torn_bytes != 0)
			abort();
		wal_log_release(&again);
	}
	wal_log_release(&log);
}

static void
try_dir(struct input *in, const uint8_t *how, size_t ndamage)
{
	struct maker m = { .bytes = xmalloc(SEGMENT), .term = 1 };
	struct wal_dir d;
	struct err err;

	if (wal_dir_open(&d, dir, &quick, &err) == -1)
		abort();
	for (uint64_t i = 1; i <= MAX_SEGMENTS; i++) {
		char name[WAL_SEG_NAME_SIZE];

		begin(&m, i);
		fill(&m, in);
		if (ndamage > 0 && how[2] % MAX_SEGMENTS == i - 1)
			damage(m.bytes, SEGMENT, how, ndamage);
		wal_seg_name(i, name);
		put_file(&d, name, m.bytes, SEGMENT);
		if (!m.over || in->n == 0)
			break;
	}
	put_vote(&d, m.term);
	try_recovery(&d);
	wal_dir_release(&d);
	empty_dir();
	free(m.bytes);
}

/* --- a snapshot --- */

static int
write_input(void *ctx, int fd)
{
	const struct input *in = ctx;

	return write(fd, in->p, in->n) == (ssize_t)in->n ? 0 : -1;
}

static void
damage_file(const char *name, const uint8_t *how, size_t ndamage)
{
	char path[128];
	uint8_t bytes[1 << 17];
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	n = read(fd, bytes, sizeof bytes);
	if (n <= 0)
		abort();
	damage(bytes, (size_t)n, how, ndamage);
	if (pwrite(fd, bytes, (size_t)n, 0) != n)
		abort();
	close(fd);
}

static void
try_snapshot(struct input *in, const uint8_t *how, size_t ndamage)
{
	struct wal_snap s = { .cluster_id = 1,
		.index = next(in),
		.term = next(in),
		.config = "config",
		.nconfig = next(in) % 7 },
			found;
	char name[WAL_SNAP_NAME_SIZE];
	struct buf config = { 0 };
	struct wal_dir d;
	struct err err;
	uint64_t older;
	int rc;

	if (wal_dir_open(&d, dir, &quick, &err) == -1 ||
	    wal_snap_write(&d, &s, write_input, in, &err) == -1)
		abort();
	wal_snap_name(&s, name);
	if (ndamage > 0)
		damage_file(name, how, ndamage);
	rc = wal_snap_find(&d, &found, &config, &older, &err);
	if (ndamage == 0 &&
	    (rc == -1 || found.size != in->n || found.nconfig != s.nconfig))
		abort();
	if (ndamage == 1 && how[2] != 0 && rc == 0)
		abort();
	try_recovery(&d);
	buf_release(&config);
	wal_dir_release(&d);
	empty_dir();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct input in = { data, n };
	const uint8_t *how;
	uint8_t mode = next(&in);
	size_t ndamage = next(&in) % (MAX_DAMAGE + 1);
	uint64_t nentries;

	if (dir[0] == '\0')
		start();
	if (in.n < ndamage * 3)
		return 0;
	how = in.p;
	in.p += ndamage * 3;
	in.n -= ndamage * 3;
	if (mode % 4 == 0)
		scan(in.p, in.n, ndamage % 2, &nentries);
	else if (mode % 4 == 1)
		try_segment(&in, how, ndamage);
	else if (mode % 4 == 2)
		try_dir(&in, how, ndamage);
	else
		try_snapshot(&in, how, ndamage);
	return 0;
}
