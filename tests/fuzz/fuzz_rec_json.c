/* Text as a record: what is accepted reads back from msgpack and from JSON,
 * and prints the same again. */
#include <stdlib.h>
#include <string.h>

#include "common/rec.h"
#include "tests/lib/sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
check_json(const struct sample *s, int flags)
{
	struct buf out = { 0 }, again = { 0 };
	struct sample back;
	struct err err;

	rec_to_json(&sample_type, s, &out, flags);
	if (rec_from_json(&sample_type, &back, out.data, out.len, &err) == -1)
		abort();
	rec_to_json(&sample_type, &back, &again, flags);
	if (again.len != out.len || memcmp(again.data, out.data, out.len) != 0)
		abort();
	rec_clear(&sample_type, &back);
	buf_release(&out);
	buf_release(&again);
}

static void
check_pack(const struct sample *s)
{
	struct arena arena = { 0 };
	struct buf out = { 0 };
	struct sample back;
	struct err err;

	rec_pack(&sample_type, s, &out);
	if (rec_unpack(&sample_type, &back, out.data, out.len, &arena, &err) ==
	    -1)
		abort();
	if (!rec_equal(&sample_type, s, &back))
		abort();
	arena_release(&arena);
	buf_release(&out);
}

static void
check_tree(const struct sample *s)
{
	struct tree *tree = rec_to_tree(&sample_type, s);
	struct sample back;

	/* Integers over 63 bits become floats there and may be refused. */
	if (rec_from_tree(&sample_type, &back, tree, NULL) == 0)
		rec_clear(&sample_type, &back);
	else if (s->u64 <= INT64_MAX && s->opt_u64 <= INT64_MAX &&
		 s->nkeyed == 0)
		abort();
	tree_free(tree);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct sample s;
	struct err err;

	if (rec_from_json(&sample_type, &s, (const char *)data, n, &err) == -1)
		return 0;
	check_json(&s, 0);
	check_json(&s, REC_JSON_PRETTY);
	check_pack(&s);
	check_tree(&s);
	rec_clear(&sample_type, &s);
	return 0;
}
