/* Bytes as a record: what is accepted has one encoding and survives it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/rec.h"
#include "tests/lib/sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* What may not fail for any record: every form it can be printed in. */
static void
print_all(const struct sample *s)
{
	struct buf out = { 0 };

	rec_to_json(&sample_type, s, &out, REC_JSON_PRETTY);
	rec_to_conf(&sample_type, s, &out);
	tree_free(rec_to_tree(&sample_type, s));
	buf_release(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena arena = { 0 };
	struct sample s, back, copy;
	struct buf once = { 0 }, twice = { 0 };
	struct err err;

	if (rec_unpack(&sample_type, &s, data, n, NULL, &err) == -1)
		return 0;
	rec_pack(&sample_type, &s, &once);
	if (rec_unpack(
		&sample_type, &back, once.data, once.len, &arena, &err) == -1)
		abort();
	if (!rec_equal(&sample_type, &s, &back))
		abort();
	rec_pack(&sample_type, &back, &twice);
	if (once.len != twice.len ||
	    memcmp(once.data, twice.data, once.len) != 0)
		abort();
	rec_copy(&sample_type, &copy, &back);
	arena_release(&arena);
	rec_sort_maps(&sample_type, &copy);
	if (rec_diff(&sample_type, &s, &copy, NULL, NULL) != 0)
		abort();
	print_all(&s);
	rec_clear(&sample_type, &s);
	rec_clear(&sample_type, &copy);
	buf_release(&once);
	buf_release(&twice);
	return 0;
}
