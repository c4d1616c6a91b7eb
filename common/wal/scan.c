#include "common/wal/scan.h"

#include <inttypes.h>
#include <string.h>

static bool
is_zero(const uint8_t *p, size_t n)
{
	return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

static size_t
round_up(size_t at, size_t unit)
{
	return (at + unit - 1) / unit * unit;
}

static int
refuse(size_t at, const char *why, struct err *err)
{
	return err_set(err, ERR_CORRUPT, "damaged at offset %zu: %s", at, why);
}

/* Where the bytes that are not zero end, in steps of 8. */
static size_t
used_end(const struct wal_scan *s)
{
	size_t end = s->n;

	while (end > s->end && s->bytes[end - 1] == 0)
		end--;
	return round_up(end, 8);
}

static bool
has_later_batch(const struct wal_scan *s, size_t end, size_t *at)
{
	for (*at = s->end; *at + WAL_RECORD_HEAD <= end; *at += 8)
		if (!is_zero(s->bytes + *at, 8) &&
		    wal_is_later_head(s->bytes + *at, s->n - *at,
			s->head.number, s->batch + 1))
			return true;
	return false;
}

/* Is the trailer there, and something in each sector up to it? */
static bool
arrived_whole(const struct wal_scan *s, size_t end)
{
	if (end > s->n || end - s->end < WAL_RECORD_HEAD + WAL_TRAILER ||
	    !wal_is_trailer(s->bytes + end - WAL_TRAILER, s->batch + 1))
		return false;
	for (size_t at = s->end; at < end; at += WAL_SECTOR) {
		size_t left = end - at;

		if (is_zero(
			s->bytes + at, left < WAL_SECTOR ? left : WAL_SECTOR))
			return false;
	}
	return true;
}

/* The batch at s->end does not read; bad is where exactly, and is_damaged
 * that it once did. */
static int
judge(struct wal_scan *s, size_t bad, bool is_damaged, struct err *err)
{
	size_t end = used_end(s), later;

	if (end <= s->end)
		return 0; /* zeros: here the log ends */
	if (s->is_sealed)
		return refuse(s->end, "bytes behind the segment's end", err);
	if (!s->is_last)
		return refuse(bad, "and the log goes on behind it", err);
	if (has_later_batch(s, end, &later))
		return err_set(err, ERR_CORRUPT,
		    "damaged at offset %zu: and the log goes on behind it, at "
		    "offset %zu",
		    bad, later);
	if (is_damaged || arrived_whole(s, end))
		return refuse(bad,
		    "the last write is all there, so it was not torn", err);
	s->is_empty = false;
	s->torn = end - s->end;
	return 0;
}

static int
deliver(struct wal_scan *s, size_t at, size_t len, wal_scan_fn *fn, void *ctx,
    struct err *err)
{
	struct wal_record r = { 0 };

	while (!r.is_last) {
		size_t size = wal_record_get(s->bytes + at, &r);

		if (fn(ctx, &r, at, err) == -1)
			return -1;
		if (r.type == WAL_SEAL)
			s->is_sealed = true;
		at += size;
	}
	s->batch++;
	s->is_empty = false;
	s->end = round_up(s->end + len, WAL_BLOCK);
	at += WAL_TRAILER;
	if (s->end > s->n)
		s->end = s->n;
	if (!is_zero(s->bytes + at, s->end - at))
		return refuse(at, "bytes between two batches", err);
	return 0;
}

int
wal_scan(struct wal_scan *s, wal_scan_fn *fn, void *ctx, struct err *err)
{
	size_t bad = 0, len = 0;

	if (wal_head_decode(s->bytes, s->n, &s->head, err) == -1)
		return -1;
	if (s->head.size != s->n)
		return err_set(err, ERR_CORRUPT,
		    "damaged at offset %zu: the file should have %" PRIu64
		    " bytes",
		    s->n, s->head.size);
	s->batch = s->head.batch;
	s->chain = wal_head_chain(s->bytes);
	s->end = WAL_BLOCK;
	s->is_empty = true;
	while (!s->is_sealed) {
		len = wal_batch_check(s->bytes + s->end, s->n - s->end,
		    s->head.number, s->batch + 1, &s->chain, &bad);

		if (len == 0 || len == WAL_DAMAGED)
			break;
		if (deliver(s, s->end, len, fn, ctx, err) == -1)
			return -1;
	}
	return judge(s, s->end + bad, len == WAL_DAMAGED, err);
}
