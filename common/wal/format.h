/*
 * What a log segment's bytes mean. Pure: bytes in, sentences out.
 *
 * A segment is a file of fixed size, written with zeros before it is used:
 *
 *	header    one block (4 KB): struct wal_seg_head
 *	batch     begins on a block, so that appending never rewrites a block
 *	          that was acknowledged
 *	  record    48 bytes of head, then the payload, padded to 8 bytes
 *	  record
 *	  trailer   8 bytes, never zero, behind the batch's last record
 *	zeros     to the next block
 *	batch ...
 *
 * All that is written between two syncs is one batch, and batches are
 * numbered without gaps. One batch is out at a time, so a batch that follows
 * proves that the one before it had been synced.
 *
 * The head of a record has a checksum of its own, seeded with the segment's
 * number, which covers the payload's checksum and the checksum of the record
 * before it. So a record stands only in its place: not in another segment,
 * not in another order.
 *
 * Where a damaged record may be dropped: see wal_scan().
 */
#ifndef COMMON_WAL_FORMAT_H
#define COMMON_WAL_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

#define WAL_VERSION     1
#define WAL_BLOCK       4096
#define WAL_SECTOR      512 /* what a disk writes whole or not at all */
#define WAL_RECORD_HEAD 48
#define WAL_TRAILER     8
#define WAL_SEGMENT_MAX (UINT64_C(1) << 30)
#define WAL_ENTRY_MAX   (UINT32_C(64) << 20) /* payload bytes */

struct wal_seg_head {
	uint64_t cluster_id;
	uint64_t server_id;
	uint64_t number;
	uint64_t size;        /* of the file */
	uint64_t first_index; /* of the first entry to come */
	uint64_t prev_term;   /* of the entry before that; 0: there is none */
	uint64_t batch;       /* the last batch before this segment */
	bool is_fresh;        /* what earlier segments say is void */
};

enum wal_type {
	WAL_ENTRY = 1, /* one entry of the log */
	WAL_CUT = 2,   /* entries at and behind index are void */
	WAL_SEAL = 3,  /* the log goes on in the next segment */
	WAL_MARK = 4,  /* says only that the batch before it was synced */
};

struct wal_record {
	uint64_t batch;
	uint64_t term;
	uint64_t index;
	enum wal_type type;
	uint8_t kind; /* of entry: the owner's own number */
	bool is_last; /* of its batch */
	const void *data;
	uint32_t n;
};

/* Writes a head into a zeroed block. */
void wal_head_encode(uint8_t *block, const struct wal_seg_head *h);

/*
 * Reads it back. The sentence has no name in it: the caller adds that. A
 * newer version is ERR_BAD, all else ERR_CORRUPT.
 */
int wal_head_decode(
    const uint8_t *bytes, size_t n, struct wal_seg_head *h, struct err *err);

/* What the chain of a segment's records begins with. */
uint32_t wal_head_chain(const uint8_t *block);

/* Bytes that a record takes, padded. */
size_t wal_record_size(uint32_t n);

/* Lays a record out (data copied, no checksums) in wal_record_size() bytes. */
void wal_record_put(uint8_t *to, const struct wal_record *r);

/*
 * Finishes a batch of n bytes of records laid out by wal_record_put(), with
 * WAL_TRAILER bytes of room behind: numbers, checksums, trailer. *chain goes
 * on from record to record.
 */
void wal_batch_seal(uint8_t *records, size_t n, uint64_t segment,
    uint64_t batch, uint32_t *chain);

/*
 * Reads one batch from the start of bytes. Returns its length with trailer,
 * or 0 when it is not whole and in its place; *bad is then where it fails.
 * WAL_DAMAGED: it was whole once, since all but its trailer is.
 */
#define WAL_DAMAGED SIZE_MAX
size_t wal_batch_check(const uint8_t *bytes, size_t n, uint64_t segment,
    uint64_t batch, uint32_t *chain, size_t *bad);

/* The record at bytes, which wal_batch_check() has found good. */
size_t wal_record_get(const uint8_t *bytes, struct wal_record *r);

/* A head, here, of a batch after the given one? */
bool wal_is_later_head(
    const uint8_t *bytes, size_t n, uint64_t segment, uint64_t batch);

/* The trailer, here, of this batch? Its checksum is not asked. */
bool wal_is_trailer(const uint8_t *bytes, uint64_t batch);

void wal_put32(uint8_t *to, uint32_t v); /* little end first */
void wal_put64(uint8_t *to, uint64_t v);
uint32_t wal_get32(const uint8_t *from);
uint64_t wal_get64(const uint8_t *from);

#endif
