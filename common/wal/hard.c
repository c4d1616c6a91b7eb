#include "common/wal/hard.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/wal/crc32c.h"
#include "common/wal/format.h"

#define HARD_MAGIC "ROVEVOTE"
#define HARD_SIZE  (4 * WAL_BLOCK)
#define HARD_TMP   WAL_HARD_NAME ".tmp"

enum {
	HARD_VERSION = 8,
	HARD_CRC = 12, /* of the rest of the block */
	HARD_SEQ = 16,
	HARD_CLUSTER = 24,
	HARD_SERVER = 32,
	HARD_TERM = 40,
	HARD_VOTE = 48,
};

static uint32_t
block_crc(const uint8_t *b)
{
	return crc32c(0, b + HARD_SEQ, WAL_BLOCK - HARD_SEQ);
}

/* Both copies of one generation. */
static void
encode(uint8_t *pair, uint64_t seq, const struct wal_hard *h)
{
	memset(pair, 0, 2 * WAL_BLOCK);
	memcpy(pair, HARD_MAGIC, 8);
	wal_put32(pair + HARD_VERSION, WAL_VERSION);
	wal_put64(pair + HARD_SEQ, seq);
	wal_put64(pair + HARD_CLUSTER, h->cluster_id);
	wal_put64(pair + HARD_SERVER, h->server_id);
	wal_put64(pair + HARD_TERM, h->term);
	wal_put64(pair + HARD_VOTE, h->vote);
	wal_put32(pair + HARD_CRC, block_crc(pair));
	memcpy(pair + WAL_BLOCK, pair, WAL_BLOCK);
}

static bool
decode(const uint8_t *b, uint64_t *seq, struct wal_hard *h)
{
	if (memcmp(b, HARD_MAGIC, 8) != 0 ||
	    wal_get32(b + HARD_VERSION) != WAL_VERSION ||
	    wal_get32(b + HARD_CRC) != block_crc(b))
		return false;
	*seq = wal_get64(b + HARD_SEQ);
	*h = (struct wal_hard){
		.cluster_id = wal_get64(b + HARD_CLUSTER),
		.server_id = wal_get64(b + HARD_SERVER),
		.term = wal_get64(b + HARD_TERM),
		.vote = wal_get64(b + HARD_VOTE),
	};
	return true;
}

static off_t
place_of(uint64_t seq)
{
	return (off_t)(seq % 2) * 2 * WAL_BLOCK;
}

static int
write_pair(struct wal_dir *d, struct wal_hard_file *f, uint64_t seq,
    const struct wal_hard *h, const char *name, struct err *err)
{
	uint8_t pair[2 * WAL_BLOCK];

	encode(pair, seq, h);
	return wal_dir_write(
	    d, f->fd, name, pair, sizeof pair, (uint64_t)place_of(seq), err);
}

int
wal_hard_create(struct wal_dir *d, struct wal_hard_file *f, struct err *err)
{
	f->fd = wal_dir_file(d, HARD_TMP, O_RDWR | O_CREAT | O_TRUNC, err);
	f->seq = 1;
	if (f->fd == -1 || write_pair(d, f, 0, &f->now, HARD_TMP, err) == -1 ||
	    write_pair(d, f, 1, &f->now, HARD_TMP, err) == -1 ||
	    wal_dir_sync_file(d, f->fd, HARD_TMP, err) == -1 ||
	    wal_dir_rename(d, HARD_TMP, WAL_HARD_NAME, err) == -1) {
		wal_hard_release(f);
		return -1;
	}
	return 0;
}

/* Takes the newest block that reads; counts those that do not. */
static int
choose(struct wal_hard_file *f, const uint8_t *bytes)
{
	int nbad = 0;
	bool found = false;

	for (int i = 0; i < 4; i++) {
		uint64_t seq;
		struct wal_hard h;

		if (!decode(bytes + i * WAL_BLOCK, &seq, &h)) {
			nbad++;
			continue;
		}
		if (found && seq <= f->seq)
			continue;
		found = true;
		f->seq = seq;
		f->now = h;
	}
	return nbad;
}

/* Of a newer program's block; else 0. */
static uint32_t
newer_version(const uint8_t *b)
{
	uint32_t version = wal_get32(b + HARD_VERSION);

	return memcmp(b, HARD_MAGIC, 8) == 0 && version > WAL_VERSION &&
		       version < 1u << 16
		   ? version
		   : 0;
}

static int
load(struct wal_dir *d, struct wal_hard_file *f, struct buf *b, struct err *err)
{
	const uint8_t *bytes;
	uint32_t newer;
	int nbad;

	if (wal_dir_read(d, f->fd, WAL_HARD_NAME, HARD_SIZE, b, err) == -1)
		return -1;
	bytes = (const uint8_t *)b->data;
	if (b->len != HARD_SIZE)
		return err_set(err, ERR_CORRUPT,
		    "%s/%s: damaged at offset %zu: the file should have %d "
		    "bytes",
		    d->path, WAL_HARD_NAME, b->len, HARD_SIZE);
	newer = newer_version(bytes);
	if (newer == 0)
		newer = newer_version(bytes + 2 * WAL_BLOCK);
	if (newer != 0)
		return err_set(err, ERR_BAD,
		    "%s/%s: written by a newer program: format version %" PRIu32
		    ", this one knows up to %d",
		    d->path, WAL_HARD_NAME, newer, WAL_VERSION);
	nbad = choose(f, bytes);
	if (nbad == 4)
		return err_set(err, ERR_CORRUPT,
		    "%s/%s: damaged at offset 0: no copy of term and vote can "
		    "be read",
		    d->path, WAL_HARD_NAME);
	if (nbad == 0)
		return 0;
	log_warn("vote file mended path=%s/%s bad_copies=%d", d->path,
	    WAL_HARD_NAME, nbad);
	/* Twice: now both generations, four copies, read again. */
	if (wal_hard_update(d, f, f->now.term, f->now.vote, err) == -1)
		return -1;
	return wal_hard_update(d, f, f->now.term, f->now.vote, err);
}

int
wal_hard_open(struct wal_dir *d, struct wal_hard_file *f, struct err *err)
{
	struct buf b = { 0 };
	int rc;

	f->fd = d->io->open(d->io->ctx, d->fd, WAL_HARD_NAME, O_RDWR);
	if (f->fd == -1 && errno == ENOENT)
		return err_set(err, ERR_NOT_FOUND,
		    "%s/%s is missing, so this server may have voted "
		    "unknowingly",
		    d->path, WAL_HARD_NAME);
	if (f->fd == -1)
		return err_sys(err, "%s/%s", d->path, WAL_HARD_NAME);
	/* What a killed process left in memory only must not be relied on. */
	rc = wal_dir_sync_data(d, f->fd, WAL_HARD_NAME, err);
	if (rc == 0)
		rc = load(d, f, &b, err);
	buf_release(&b);
	if (rc == -1)
		wal_hard_release(f);
	return rc;
}

int
wal_hard_update(struct wal_dir *d, struct wal_hard_file *f, uint64_t term,
    uint64_t vote, struct err *err)
{
	struct wal_hard next = f->now;

	next.term = term;
	next.vote = vote;
	if (write_pair(d, f, f->seq + 1, &next, WAL_HARD_NAME, err) == -1 ||
	    wal_dir_sync_data(d, f->fd, WAL_HARD_NAME, err) == -1)
		return -1;
	f->seq++;
	f->now = next;
	return 0;
}

void
wal_hard_release(struct wal_hard_file *f)
{
	if (f->fd != -1)
		close(f->fd);
	*f = (struct wal_hard_file){ .fd = -1 };
}
