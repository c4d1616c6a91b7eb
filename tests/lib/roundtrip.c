#include "tests/lib/roundtrip.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/rec_dense.h"

/* What may not fail for any record: every form it can be printed in. */
static void
print_all(const struct rec_type *type, const void *rec)
{
	struct buf out = { 0 };

	rec_to_json(type, rec, &out, REC_JSON_PRETTY);
	rec_to_conf(type, rec, &out);
	tree_free(rec_to_tree(type, rec));
	buf_release(&out);
}

static void
check_copy(const struct rec_type *type, const void *rec)
{
	void *copy = xcalloc(1, type->size);

	rec_copy(type, copy, rec);
	if (!rec_equal(type, rec, copy) ||
	    rec_diff(type, rec, copy, NULL, NULL) != 0)
		abort();
	rec_clear(type, copy);
	free(copy);
}

/* The form that only memory sees says the same. */
static void
check_dense(const struct rec_type *type, const void *rec)
{
	struct rec_words *words = rec_words_new();
	void *back = xcalloc(1, type->size);
	struct arena arena = { 0 };
	struct buf bytes = { 0 };
	struct err err;

	rec_words_add(words, "default", REC_WORDS_MAX);
	rec_pack_dense(type, rec, UINT64_MAX, words, 1, &bytes);
	if (rec_unpack_dense(type, back, bytes.data, bytes.len, words, 1,
		&arena, &err) == -1 ||
	    !rec_equal(type, rec, back))
		abort();
	arena_release(&arena);
	buf_release(&bytes);
	free(back);
	rec_words_free(words);
}

bool
roundtrip_packed(const struct rec_type *type, const void *p, size_t n)
{
	struct buf once = { 0 }, twice = { 0 };
	struct arena arena = { 0 };
	void *rec = xcalloc(1, type->size), *back = xcalloc(1, type->size);
	struct err err;
	bool is_one = rec_unpack(type, rec, p, n, NULL, &err) == 0;

	if (is_one) {
		rec_pack(type, rec, &once);
		if (rec_unpack(type, back, once.data, once.len, &arena, &err) ==
		    -1)
			abort();
		rec_pack(type, back, &twice);
		if (!rec_equal(type, rec, back) || once.len != twice.len ||
		    memcmp(once.data, twice.data, once.len) != 0)
			abort();
		check_copy(type, rec);
		check_dense(type, rec);
		print_all(type, rec);
		rec_clear(type, rec);
	}
	arena_release(&arena);
	buf_release(&once);
	buf_release(&twice);
	free(rec);
	free(back);
	return is_one;
}
