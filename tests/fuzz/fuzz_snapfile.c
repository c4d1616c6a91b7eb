/* Backups from outside; the checksum is made right, so that what it guards is
 * reached, too. */
#include <stdint.h>

#include <openssl/evp.h>

#include "cmd/schedd/state.h"
#include "proto/snapfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
look(const void *bytes, size_t n)
{
	struct snapfile_head head = { 0 };
	const uint8_t *state;
	size_t nstate;

	if (snapfile_check(bytes, n, &head, &state, &nstate, NULL) == 0)
		sched_snapshot_check(state, nstate, 1, NULL);
	rec_clear(&snapfile_head_type, &head);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	struct buf b = { 0 };

	look(data, size);
	EVP_Digest(data, size, sum, NULL, EVP_sha256(), NULL);
	buf_add(&b, data, size);
	buf_add(&b, sum, SNAPFILE_SUM);
	look(b.data, b.len);
	buf_release(&b);
	return 0;
}
