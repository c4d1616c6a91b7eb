#include "common/wal/format.h"

#include <inttypes.h>
#include <string.h>

#include "common/wal/crc32c.h"

#define SEG_MAGIC     "ROVELOG\n"
#define TRAILER_MAGIC 0x444e4521u /* "!END" */

/* Where a segment head keeps what. */
enum {
	SEG_VERSION = 8,
	SEG_CRC = 12, /* of the rest of the block */
	SEG_CLUSTER = 16,
	SEG_SERVER = 24,
	SEG_NUMBER = 32,
	SEG_SIZE = 40,
	SEG_FIRST = 48,
	SEG_PREV_TERM = 56,
	SEG_BATCH = 64,
	SEG_FRESH = 72,
};

/* Where a record's head keeps what. */
enum {
	REC_CRC = 0, /* of the rest of the head */
	REC_LEN = 4,
	REC_DATA_CRC = 8,
	REC_PREV = 12, /* REC_CRC of the record before */
	REC_BATCH = 16,
	REC_TERM = 24,
	REC_INDEX = 32,
	REC_TYPE = 40,
	REC_KIND = 41,
	REC_LAST = 42, /* 43 to 47 are zero */
};

void
wal_put32(uint8_t *to, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(v >> (8 * i));
}

void
wal_put64(uint8_t *to, uint64_t v)
{
	wal_put32(to, (uint32_t)v);
	wal_put32(to + 4, (uint32_t)(v >> 32));
}

uint32_t
wal_get32(const uint8_t *from)
{
	return (uint32_t)from[0] | (uint32_t)from[1] << 8 |
	       (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

uint64_t
wal_get64(const uint8_t *from)
{
	return wal_get32(from) | (uint64_t)wal_get32(from + 4) << 32;
}

/* --- the segment's head --- */

void
wal_head_encode(uint8_t *block, const struct wal_seg_head *h)
{
	memcpy(block, SEG_MAGIC, 8);
	wal_put32(block + SEG_VERSION, WAL_VERSION);
	wal_put64(block + SEG_CLUSTER, h->cluster_id);
	wal_put64(block + SEG_SERVER, h->server_id);
	wal_put64(block + SEG_NUMBER, h->number);
	wal_put64(block + SEG_SIZE, h->size);
	wal_put64(block + SEG_FIRST, h->first_index);
	wal_put64(block + SEG_PREV_TERM, h->prev_term);
	wal_put64(block + SEG_BATCH, h->batch);
	block[SEG_FRESH] = h->is_fresh;
	wal_put32(block + SEG_CRC,
	    crc32c(0, block + SEG_CLUSTER, WAL_BLOCK - SEG_CLUSTER));
}

int
wal_head_decode(
    const uint8_t *bytes, size_t n, struct wal_seg_head *h, struct err *err)
{
	uint32_t version;

	if (n < WAL_BLOCK || memcmp(bytes, SEG_MAGIC, 8) != 0)
		return err_set(
		    err, ERR_CORRUPT, "damaged at offset 0: not a log segment");
	version = wal_get32(bytes + SEG_VERSION);
	if (version > WAL_VERSION && version < 1u << 16)
		return err_set(err, ERR_BAD,
		    "written by a newer program: format version %" PRIu32
		    ", this one knows up to %d",
		    version, WAL_VERSION);
	if (version != WAL_VERSION ||
	    crc32c(0, bytes + SEG_CLUSTER, WAL_BLOCK - SEG_CLUSTER) !=
		wal_get32(bytes + SEG_CRC))
		return err_set(err, ERR_CORRUPT,
		    "damaged at offset 0: the head's checksum is wrong");
	*h = (struct wal_seg_head){
		.cluster_id = wal_get64(bytes + SEG_CLUSTER),
		.server_id = wal_get64(bytes + SEG_SERVER),
		.number = wal_get64(bytes + SEG_NUMBER),
		.size = wal_get64(bytes + SEG_SIZE),
		.first_index = wal_get64(bytes + SEG_FIRST),
		.prev_term = wal_get64(bytes + SEG_PREV_TERM),
		.batch = wal_get64(bytes + SEG_BATCH),
		.is_fresh = bytes[SEG_FRESH] != 0,
	};
	return 0;
}

uint32_t
wal_head_chain(const uint8_t *block)
{
	return wal_get32(block + SEG_CRC);
}

/* --- records --- */

size_t
wal_record_size(uint32_t n)
{
	return (WAL_RECORD_HEAD + (size_t)n + 7) & ~(size_t)7;
}

void
wal_record_put(uint8_t *to, const struct wal_record *r)
{
	size_t size = wal_record_size(r->n);

	memset(to, 0, WAL_RECORD_HEAD);
	memset(to + size - 8, 0, 8);
	wal_put32(to + REC_LEN, r->n);
	wal_put64(to + REC_TERM, r->term);
	wal_put64(to + REC_INDEX, r->index);
	to[REC_TYPE] = (uint8_t)r->type;
	to[REC_KIND] = r->kind;
	if (r->n > 0)
		memcpy(to + WAL_RECORD_HEAD, r->data, r->n);
}

/* The segment's number, as the seed of all checksums in it. */
static uint32_t
seed_of(uint64_t segment)
{
	uint8_t number[8];

	wal_put64(number, segment);
	return crc32c(0, number, sizeof number);
}

static uint32_t
head_crc(const uint8_t *head, uint32_t seed)
{
	return crc32c(seed, head + REC_LEN, WAL_RECORD_HEAD - REC_LEN);
}

static void
put_trailer(uint8_t *to, uint32_t chain, uint64_t batch)
{
	wal_put32(to, chain);
	wal_put32(to + 4, TRAILER_MAGIC ^ (uint32_t)(batch << 8));
}

/* Is it the first bytes of the right trailer, and zeros? */
static bool
is_cut(const uint8_t *trailer, const uint8_t *want)
{
	size_t n = WAL_TRAILER;

	while (n > 0 && trailer[n - 1] == 0)
		n--;
	return memcmp(trailer, want, n) == 0;
}

void
wal_batch_seal(uint8_t *records, size_t n, uint64_t segment, uint64_t batch,
    uint32_t *chain)
{
	uint32_t seed = seed_of(segment);
	size_t at = 0;

	while (at < n) {
		uint8_t *r = records + at;
		uint32_t len = wal_get32(r + REC_LEN);

		at += wal_record_size(len);
		wal_put64(r + REC_BATCH, batch);
		r[REC_LAST] = at == n;
		wal_put32(r + REC_DATA_CRC,
		    crc32c(seed, r + WAL_RECORD_HEAD,
			wal_record_size(len) - WAL_RECORD_HEAD));
		wal_put32(r + REC_PREV, *chain);
		*chain = head_crc(r, seed);
		wal_put32(r + REC_CRC, *chain);
	}
	put_trailer(records + n, *chain, batch);
}

bool
wal_is_trailer(const uint8_t *bytes, uint64_t batch)
{
	return wal_get32(bytes + 4) == (TRAILER_MAGIC ^ (uint32_t)(batch << 8));
}

/* A head whose checksum is right and whose members make sense here? */
static bool
is_head(const uint8_t *bytes, size_t n, uint32_t seed)
{
	if (n < WAL_RECORD_HEAD || bytes[REC_TYPE] < WAL_ENTRY ||
	    bytes[REC_TYPE] > WAL_MARK || bytes[REC_LAST] > 1)
		return false;
	return wal_get32(bytes + REC_CRC) == head_crc(bytes, seed);
}

bool
wal_is_later_head(
    const uint8_t *bytes, size_t n, uint64_t segment, uint64_t batch)
{
	return is_head(bytes, n, seed_of(segment)) &&
	       wal_get64(bytes + REC_BATCH) > batch;
}

size_t
wal_batch_check(const uint8_t *bytes, size_t n, uint64_t segment,
    uint64_t batch, uint32_t *chain, size_t *bad)
{
	uint32_t seed = seed_of(segment), prev = *chain;
	uint8_t want[WAL_TRAILER];
	bool is_last = false;
	size_t at = 0;

	while (!is_last) {
		const uint8_t *r = bytes + at;
		size_t size;

		*bad = at;
		if (!is_head(r, n - at, seed) ||
		    wal_get64(r + REC_BATCH) != batch ||
		    wal_get32(r + REC_PREV) != prev ||
		    wal_get32(r + REC_LEN) > WAL_ENTRY_MAX)
			return 0;
		size = wal_record_size(wal_get32(r + REC_LEN));
		if (size > n - at ||
		    crc32c(seed, r + WAL_RECORD_HEAD, size - WAL_RECORD_HEAD) !=
			wal_get32(r + REC_DATA_CRC))
			return 0;
		prev = wal_get32(r + REC_CRC);
		is_last = r[REC_LAST] != 0;
		at += size;
	}
	*bad = at;
	if (n - at < WAL_TRAILER)
		return 0;
	put_trailer(want, prev, batch);
	if (memcmp(bytes + at, want, WAL_TRAILER) != 0)
		return is_cut(bytes + at, want) ? 0 : WAL_DAMAGED;
	*chain = prev;
	return at + WAL_TRAILER;
}

size_t
wal_record_get(const uint8_t *bytes, struct wal_record *r)
{
	*r = (struct wal_record){
		.batch = wal_get64(bytes + REC_BATCH),
		.term = wal_get64(bytes + REC_TERM),
		.index = wal_get64(bytes + REC_INDEX),
		.type = (enum wal_type)bytes[REC_TYPE],
		.kind = bytes[REC_KIND],
		.is_last = bytes[REC_LAST] != 0,
		.data = bytes + WAL_RECORD_HEAD,
		.n = wal_get32(bytes + REC_LEN),
	};
	return wal_record_size(r->n);
}
