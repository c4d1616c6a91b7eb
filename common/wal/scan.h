/*
 * Reading a segment's batches, and deciding about what does not read. Pure.
 *
 * Only the last batch of the last segment can be torn: it was being written
 * when the power went, and nobody was told that it is kept. Whatever else
 * does not read is damage and is refused. A bad batch counts as torn when
 *
 * - no later batch follows, not even a single head of one: the next batch
 *   is written only after this one was synced; and
 * - it did not arrive whole. The file held zeros before, and a disk writes a
 *   sector whole or not at all, so a torn batch lacks its trailer or has a
 *   sector that is still all zero. One that has everything was damaged
 *   later.
 *
 * What stays open: a batch whose payload has a sector of zeros, or that lost
 * a whole sector after it was acknowledged, looks torn while it is the last.
 * wal.c closes that by writing a mark behind it as soon as it is idle.
 */
#ifndef COMMON_WAL_SCAN_H
#define COMMON_WAL_SCAN_H

#include "common/wal/format.h"

struct wal_scan {
	/* In. */
	const uint8_t *bytes; /* the whole file */
	size_t n;
	bool is_last; /* segment, so its end may be torn */

	/* Out. */
	struct wal_seg_head head;
	uint64_t batch; /* the last whole one, here or before */
	uint32_t chain;
	size_t end; /* where the next batch goes */
	bool is_sealed;
	bool is_empty; /* not a batch in it, whole or torn */
	size_t torn;   /* bytes from end on that a torn batch left; mostly 0 */
};

/* One good record; at is its offset. -1 stops the scan. */
typedef int wal_scan_fn(
    void *ctx, const struct wal_record *r, size_t at, struct err *err);

/* 0, or -1 and a sentence that names the offset but not the file. */
int wal_scan(struct wal_scan *s, wal_scan_fn *fn, void *ctx, struct err *err);

#endif
