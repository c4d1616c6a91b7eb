#include "proto/snapfile.h"

#include <inttypes.h>
#include <string.h>

#include <openssl/evp.h>

#include "common/wal/format.h"

#define FIXED 16 /* bytes before the head */

static const struct rec_field snapfile_head_fields[] = {
	REC_STR(struct snapfile_head, 1, id, "ID"),
	REC_U64(struct snapfile_head, 2, index, "Index"),
	REC_U64(struct snapfile_head, 3, term, "Term"),
	REC_STR(struct snapfile_head, 4, region, "Region"),
	REC_I64(struct snapfile_head, 5, time, "Time"),
	REC_STR(struct snapfile_head, 6, written_by, "WrittenBy"),
};
const struct rec_type snapfile_head_type =
    REC_TYPE(snapfile_head, snapfile_head_fields);

void
snapfile_put_head(const struct snapfile_head *head, struct buf *out)
{
	struct buf packed = { 0 };
	uint8_t fixed[FIXED] = SNAPFILE_MAGIC;

	rec_pack(&snapfile_head_type, head, &packed);
	wal_put32(fixed + 8, SNAPFILE_VERSION);
	wal_put32(fixed + 12, (uint32_t)packed.len);
	buf_add(out, fixed, sizeof fixed);
	buf_add(out, packed.data, packed.len);
	buf_release(&packed);
}

static int
check_sum(const uint8_t *p, size_t n, struct err *err)
{
	unsigned char sum[EVP_MAX_MD_SIZE];

	if (EVP_Digest(p, n - SNAPFILE_SUM, sum, NULL, EVP_sha256(), NULL) != 1)
		return err_set(err, ERR_INTERNAL, "snapshot file: no SHA-256");
	if (memcmp(sum, p + n - SNAPFILE_SUM, SNAPFILE_SUM) != 0)
		return err_set(err, ERR_CORRUPT,
		    "snapshot file: damaged, or cut short: the checksum of "
		    "its %zu bytes is another",
		    n);
	return 0;
}

int
snapfile_check(const void *bytes, size_t n, struct snapfile_head *head,
    const uint8_t **state, size_t *nstate, struct err *err)
{
	const uint8_t *p = bytes;
	uint32_t nhead;

	if (n < 8 || memcmp(p, SNAPFILE_MAGIC, 8) != 0)
		return err_set(err, ERR_BAD, "this is no snapshot file");
	if (n < FIXED + SNAPFILE_SUM)
		return err_set(err, ERR_CORRUPT,
		    "snapshot file: cut short after %zu bytes", n);
	if (wal_get32(p + 8) != SNAPFILE_VERSION)
		return err_set(err, ERR_BAD,
		    "snapshot file: version %" PRIu32 ", this program reads %d",
		    wal_get32(p + 8), SNAPFILE_VERSION);
	if (check_sum(p, n, err) == -1)
		return -1;
	nhead = wal_get32(p + 12);
	if (nhead > SNAPFILE_HEAD_MAX || nhead > n - FIXED - SNAPFILE_SUM)
		return err_set(err, ERR_CORRUPT,
		    "snapshot file: a head of %" PRIu32 " bytes", nhead);
	if (rec_unpack(
		&snapfile_head_type, head, p + FIXED, nhead, NULL, err) == -1)
		return err_add(err, "snapshot file: head");
	*state = p + FIXED + nhead;
	*nstate = n - FIXED - SNAPFILE_SUM - nhead;
	return 0;
}
