#include "common/rec_dense.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/text.h"
#include "proto/alloc.h"
#include "tests/lib/fill.h"
#include "tests/lib/sample.h"
#include "tests/lib/unit.h"

#define NEAR UINT64_C(1796054397935596445)

/* What comes out is what went in; returns the bytes that it took. */
static size_t
round_trip(const struct rec_type *t, const void *rec, const struct rec_words *w)
{
	struct buf bytes = { 0 };
	struct arena arena = { 0 };
	void *back = xcalloc(1, t->size);
	struct err err;
	size_t n;

	rec_pack_dense(t, rec, UINT64_MAX, w, NEAR, &bytes);
	ck_assert_msg(rec_unpack_dense(t, back, bytes.data, bytes.len, w, NEAR,
			  &arena, &err) == 0,
	    "%s", err.text);
	ck_assert(rec_equal(t, rec, back));
	n = bytes.len;
	arena_release(&arena);
	free(back);
	buf_release(&bytes);
	return n;
}

static size_t
plain_size(const struct rec_type *t, const void *rec)
{
	struct buf bytes = { 0 };
	size_t n;

	rec_pack(t, rec, &bytes);
	n = bytes.len;
	buf_release(&bytes);
	return n;
}

START_TEST(dense_records_hold_whatever_a_row_can)
{
	struct rec_words *w = rec_words_new();
	struct sample s;
	struct alloc a;

	rec_words_add(w, "text", REC_WORDS_MAX);
	sample_fill(&s);
	round_trip(&sample_type, &s, w);
	rec_clear(&sample_type, &s);
	fill_rec(&alloc_type, &a);
	round_trip(&alloc_type, &a, w);
	rec_clear(&alloc_type, &a);
	rec_words_free(w);
}
END_TEST

START_TEST(dense_integers_come_back_wherever_they_are)
{
	struct rec_words *w = rec_words_new();

	for (int bit = 0; bit < 64; bit++)
		for (int off = -1; off <= 1; off++) {
			uint64_t v = (UINT64_C(1) << bit) + (uint64_t)off;
			struct sample s = { .u64 = v,
				.i64 = (int64_t)v,
				.at_ns = (int64_t)(NEAR + v),
				.quiet = (int64_t)(NEAR - v),
				.dur_ns = (int64_t)-v };

			round_trip(&sample_type, &s, w);
		}
	rec_words_free(w);
}
END_TEST

START_TEST(dense_texts_are_their_numbers)
{
	struct rec_words *w = rec_words_new();
	struct sample s = { .text = text_borrow("Task received by client") };
	char word[24];
	size_t before = round_trip(&sample_type, &s, w);

	for (int i = 0; i < 300; i++) {
		snprintf(word, sizeof word, "word-%d", i);
		rec_words_add(w, word, REC_WORDS_MAX);
	}
	rec_words_add(w, s.text, REC_WORDS_MAX);
	rec_words_add(w, s.text, REC_WORDS_MAX);
	ck_assert_uint_eq(rec_words_count(w), 301);
	ck_assert_uint_eq(round_trip(&sample_type, &s, w), before - 21);
	for (int i = 0; i < 300; i++) {
		snprintf(word, sizeof word, "word-%d", i);
		s.text = word;
		round_trip(&sample_type, &s, w);
	}
	rec_words_free(w);
}
END_TEST

START_TEST(dense_words_end_at_their_limit)
{
	struct rec_words *w = rec_words_new();
	char word[100];

	memset(word, 'x', sizeof word);
	word[REC_WORD_MAX + 1] = '\0';
	rec_words_add(w, word, REC_WORDS_MAX); /* too long */
	rec_words_add(w, "ab", REC_WORDS_MAX); /* too short */
	rec_words_add(w, NULL, REC_WORDS_MAX);
	ck_assert_uint_eq(rec_words_count(w), 0);
	for (int i = 0; i < 70000; i++) {
		snprintf(word, sizeof word, "word-%d", i);
		rec_words_add(w, word, REC_WORDS_MAX);
	}
	ck_assert_uint_eq(rec_words_count(w), REC_WORDS_MAX);
	for (int i = 65500; i < 65560; i++) {
		struct sample s = { .text = word };

		snprintf(word, sizeof word, "word-%d", i);
		round_trip(&sample_type, &s, w);
	}
	rec_words_free(w);
}
END_TEST

START_TEST(dense_uuids_are_bytes_if_that_is_what_they_are)
{
	static const char *const texts[] = {
		"d5434bf7-f114-4ef0-a757-f354add68449",
		"00000000-0000-0000-0000-000000000000",
		"ffffffff-ffff-ffff-ffff-ffffffffffff",
		"D5434bf7-f114-4ef0-a757-f354add68449",
		"d5434bf7-f114-4ef0-a757-f354add6844g",
		"d5434bf7-f114-4ef0-a757+f354add68449",
		"d5434bf7-f114-4ef0-a757-f354add6844",
	};
	struct rec_words *w = rec_words_new();

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct sample s = { .text = text_borrow(texts[i]) };
		size_t plain = plain_size(&sample_type, &s);

		ck_assert_uint_eq(round_trip(&sample_type, &s, w),
		    plain + 1 - (i < 3 ? 21 : 0));
	}
	rec_words_free(w);
}
END_TEST

START_TEST(dense_floats_and_texts_that_come_again_take_a_byte)
{
	struct rec_words *w = rec_words_new();
	struct rec_kf shares[8] = { { text_borrow("a"), 0.1 },
		{ text_borrow("b"), 0.2 }, { text_borrow("c"), 0.3 },
		{ text_borrow("d"), 0.1 }, { text_borrow("e"), 0.4 },
		{ text_borrow("f"), 0.1 }, { text_borrow("g"), 0.4 },
		{ text_borrow("h"), -0.0 } };
	char *texts[] = { text_borrow("a driver's message"),
		text_borrow("a driver's message"), text_borrow("another"),
		text_borrow("a driver's message") };
	struct sample s = {
		.shares = shares, .nshares = 8, .texts = texts, .ntexts = 4
	};

	/* Of the floats two are known, and a text. */
	ck_assert_uint_eq(round_trip(&sample_type, &s, w),
	    plain_size(&sample_type, &s) + 1 - 2 * 8 - 18);
	rec_words_free(w);
}
END_TEST

START_TEST(dense_bytes_that_are_cut_are_refused)
{
	struct rec_words *w = rec_words_new(), *none = rec_words_new();
	struct buf bytes = { 0 };
	struct alloc a, back;
	struct err err;

	fill_rec(&alloc_type, &a);
	rec_words_add(w, a.name, REC_WORDS_MAX);
	rec_pack_dense(&alloc_type, &a, UINT64_MAX, w, NEAR, &bytes);
	for (size_t n = 0; n <= bytes.len; n++) {
		struct arena arena = { 0 };
		/* Where it ends is checked by the sanitizer. */
		char *cut = xmemdup(bytes.data, n);

		ck_assert_int_eq(
		    rec_unpack_dense(&alloc_type, &back, cut, n,
			n < bytes.len ? w : none, NEAR, &arena, &err),
		    -1);
		arena_release(&arena);
		free(cut);
	}
	buf_release(&bytes);
	rec_clear(&alloc_type, &a);
	rec_words_free(w);
	rec_words_free(none);
}
END_TEST

UNIT_MAIN("rec_dense", dense_records_hold_whatever_a_row_can,
    dense_integers_come_back_wherever_they_are, dense_texts_are_their_numbers,
    dense_words_end_at_their_limit,
    dense_uuids_are_bytes_if_that_is_what_they_are,
    dense_floats_and_texts_that_come_again_take_a_byte,
    dense_bytes_that_are_cut_are_refused)
