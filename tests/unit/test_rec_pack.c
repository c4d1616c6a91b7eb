#include "common/rec.h"

#include <msgpack.h>
#include <string.h>

#include "common/mem.h"
#include "tests/lib/sample.h"
#include "tests/lib/unit.h"

/* Packs, reads back both ways, and hands out the bytes. */
static void
check_round_trip(const struct rec_type *t, const void *rec, struct buf *bytes)
{
	struct arena arena = { 0 };
	struct buf again = { 0 };
	struct err err;
	void *back = xmalloc(t->size);

	buf_reset(bytes);
	rec_pack(t, rec, bytes);
	ck_assert_msg(
	    rec_unpack(t, back, bytes->data, bytes->len, &arena, &err) == 0,
	    "%s", err.text);
	ck_assert(rec_equal(t, rec, back));
	arena_release(&arena);
	ck_assert_int_eq(
	    rec_unpack(t, back, bytes->data, bytes->len, NULL, NULL), 0);
	ck_assert(rec_equal(t, rec, back));
	rec_pack(t, back, &again);
	ck_assert_uint_eq(again.len, bytes->len);
	ck_assert_int_eq(memcmp(again.data, bytes->data, again.len), 0);
	rec_clear(t, back);
	free(back);
	buf_release(&again);
}

START_TEST(rec_pack_keeps_every_kind_of_row)
{
	struct sample s;
	struct sample_alloc a;
	struct buf bytes = { 0 };

	sample_fill(&s);
	check_round_trip(&sample_type, &s, &bytes);
	rec_clear(&sample_type, &s);
	check_round_trip(&sample_type, &s, &bytes);
	ck_assert_uint_eq(bytes.len, 1); /* nothing to tell: an empty map */
	sample_alloc_fill(&a);
	check_round_trip(&sample_alloc_type, &a, &bytes);
	rec_clear(&sample_alloc_type, &a);
	buf_release(&bytes);
}
END_TEST

START_TEST(rec_pack_keeps_integers_at_every_width)
{
	struct buf bytes = { 0 };

	for (int bit = 0; bit < 64; bit++)
		for (int off = -1; off <= 1; off++) {
			uint64_t v = (UINT64_C(1) << bit) + (uint64_t)off;
			struct sample s = { .u64 = v, .i64 = (int64_t)v };

			check_round_trip(&sample_type, &s, &bytes);
			s.i64 = (int64_t)-v;
			check_round_trip(&sample_type, &s, &bytes);
		}
	buf_release(&bytes);
}
END_TEST

START_TEST(rec_pack_writes_what_msgpack_c_reads_and_shortest)
{
	struct sample s;
	struct buf bytes = { 0 };
	msgpack_unpacked got;
	msgpack_sbuffer again;
	msgpack_packer pk;
	size_t off = 0;

	sample_fill(&s);
	rec_pack(&sample_type, &s, &bytes);
	msgpack_unpacked_init(&got);
	ck_assert_int_eq(msgpack_unpack_next(&got, bytes.data, bytes.len, &off),
	    MSGPACK_UNPACK_SUCCESS);
	ck_assert_uint_eq(off, bytes.len);
	msgpack_sbuffer_init(&again);
	msgpack_packer_init(&pk, &again, msgpack_sbuffer_write);
	msgpack_pack_object(&pk, got.data);
	ck_assert_uint_eq(again.size, bytes.len);
	ck_assert_int_eq(memcmp(again.data, bytes.data, bytes.len), 0);
	msgpack_sbuffer_destroy(&again);
	msgpack_unpacked_destroy(&got);
	buf_release(&bytes);
	rec_clear(&sample_type, &s);
}
END_TEST

START_TEST(rec_unpack_refuses_every_truncation_and_leaves_zero)
{
	static const struct sample zero;
	struct sample s, back;
	struct buf bytes = { 0 };
	struct err err;

	sample_fill(&s);
	rec_pack(&sample_type, &s, &bytes);
	for (size_t n = 0; n < bytes.len; n++) {
		struct arena arena = { 0 };
		uint8_t *cut = xmemdup(bytes.data, n); /* its end is seen */

		memset(&back, 0xff, sizeof back);
		ck_assert_int_eq(
		    rec_unpack(&sample_type, &back, cut, n, NULL, &err), -1);
		ck_assert_int_eq(memcmp(&back, &zero, sizeof back), 0);
		ck_assert_int_eq(
		    rec_unpack(&sample_type, &back, cut, n, &arena, &err), -1);
		ck_assert_int_eq(memcmp(&back, &zero, sizeof back), 0);
		arena_release(&arena);
		free(cut);
	}
	buf_addc(&bytes, '\0');
	ck_assert_int_eq(
	    rec_unpack(&sample_type, &back, bytes.data, bytes.len, NULL, &err),
	    -1);
	buf_release(&bytes);
	rec_clear(&sample_type, &s);
}
END_TEST

static int
unpack(const char *bytes, size_t n, struct sample *s, char text[ERR_TEXT_MAX])
{
	struct err err = { 0 };
	int rc = rec_unpack(&sample_type, s, bytes, n, NULL, &err);

	memcpy(text, err.text, ERR_TEXT_MAX);
	return rc;
}
#define UNPACK(s, text, bytes) unpack(bytes, sizeof(bytes) - 1, s, text)

START_TEST(rec_unpack_bounds_what_bytes_claim)
{
	char text[ERR_TEXT_MAX];
	struct sample s;

	/* Lists, maps and texts of four thousand million. */
	ck_assert_int_eq(UNPACK(&s, text, "\x81\x13\xdd\xff\xff\xff\xff"), -1);
	ck_assert_int_eq(UNPACK(&s, text, "\x81\x19\xdf\xff\xff\xff\xff"), -1);
	ck_assert_int_eq(UNPACK(&s, text, "\x81\x08\xdb\xff\xff\xff\xff"), -1);
	ck_assert_int_eq(UNPACK(&s, text, "\x81\x09\xc6\xff\xff\xff\xff"), -1);
	ck_assert_int_eq(UNPACK(&s, text, "\xdf\xff\xff\xff\xff"), -1);
	/* An unknown tag with the same. */
	ck_assert_int_eq(UNPACK(&s, text, "\x81\x7f\xdd\xff\xff\xff\xff"), -1);
	ck_assert_int_eq(
	    UNPACK(&s, text, "\x81\x7f\xc9\xff\xff\xff\xff\x01"), -1);
	ck_assert_int_eq(UNPACK(&s, text, "\x81\x7f\xc1"), -1);
	ck_assert_int_eq(UNPACK(&s, text, "\x81\x09\xc1"), -1);
	/* Wrong kinds, ranges, and a NUL in text. */
	ck_assert_int_eq(UNPACK(&s, text, "\x81\x08\x05"), -1);
	ck_assert_str_eq(text, "sample: text: expected text at byte 2 of 3");
	ck_assert_int_eq(UNPACK(&s, text, "\x81\x03\xff"), -1);
	ck_assert_int_eq(
	    UNPACK(&s, text, "\x81\x02\xcf\xff\xff\xff\xff\xff\xff\xff\xff"),
	    -1);
	ck_assert_int_eq(UNPACK(&s, text, "\x81\x08\xa1\x00"), -1);
}
END_TEST

START_TEST(rec_unpack_bounds_the_memory_that_short_elements_take)
{
	size_t n = 4u << 20;
	char *bytes = xcalloc(n, 1);
	struct err err;
	struct sample s;

	/* Four million empty parts, a byte each here and 48 in C. */
	memcpy(bytes, "\x81\x13\xdd\x00\x3f\xff\xf8", 7);
	memset(bytes + 7, 0x80, n - 7);
	ck_assert_int_eq(
	    rec_unpack(&sample_type, &s, bytes, n - 1, NULL, &err), 0);
	rec_clear(&sample_type, &s);
	memcpy(bytes, "\x81\x13\xdd\x00\xbf\xff\xf8", 7);
	bytes = xreallocarray(bytes, 3, n);
	memset(bytes + 7, 0x80, 3 * n - 7);
	ck_assert_int_eq(
	    rec_unpack(&sample_type, &s, bytes, 3 * n, NULL, &err), -1);
	free(bytes);
}
END_TEST

START_TEST(rec_unpack_skips_unknown_tags_of_any_shape)
{
	static const char *const unknown[] = { "\xc0", "\xc3", "\x05", "\xff",
		"\xca____", "\xcb________", "\xcc_", "\xcd__", "\xce____",
		"\xcf________", "\xd0_", "\xd1__", "\xd2____", "\xd3________",
		"\xd4__", "\xd5___", "\xd6_____", "\xd7_________",
		"\xd8_________________", "\xa2__", "\xd9\x01_", "\xc4\x01_",
		"\xc7\x01__", "\x92\x01\x81\x02\x90", "\x82\xa1_\x01\x02\xc2",
		"\xdc\x01\x01________________________________"
		"________________________________________________"
		"________________________________________________"
		"________________________________________________"
		"________________________________________________"
		"_________________________________" };

	for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
		struct buf b = { 0 };
		struct err err;
		struct sample s;

		buf_adds(&b, "\x83\x7f");
		buf_adds(&b, unknown[i]);
		buf_adds(&b, "\x02\x2a\xcd\x27\x0f");
		buf_adds(&b, unknown[i]);
		ck_assert_msg(rec_unpack(&sample_type, &s, b.data, b.len, NULL,
				  &err) == 0,
		    "%zu: %s", i, err.text);
		ck_assert_int_eq(s.i64, 42);
		rec_clear(&sample_type, &s);
		buf_release(&b);
	}
}
END_TEST

START_TEST(rec_unpack_bounds_depth)
{
	for (size_t depth = 1; depth < 3000; depth = depth * 3 / 2 + 1) {
		struct buf b = { 0 };
		struct sample s;
		struct err err;
		int rc;

		/* Parts in parts: a record and a list for each. */
		buf_adds(&b, "\x81\x13");
		for (size_t i = 0; i < depth; i++)
			buf_adds(&b, "\x91\x81\x03");
		buf_adds(&b, "\x90");
		rc = rec_unpack(&sample_type, &s, b.data, b.len, NULL, &err);
		ck_assert_int_eq(rc, 2 * depth + 2 <= REC_MAX_DEPTH ? 0 : -1);
		if (rc == 0)
			rec_clear(&sample_type, &s);
		/* A tree, and something unknown, which has no limit. */
		buf_reset(&b);
		buf_adds(&b, "\x82\x7f");
		for (size_t i = 0; i < depth; i++)
			buf_addc(&b, '\x91');
		buf_adds(&b, "\x01\x0a");
		for (size_t i = 0; i < depth; i++)
			buf_addc(&b, '\x91');
		buf_adds(&b, "\x01");
		rc = rec_unpack(&sample_type, &s, b.data, b.len, NULL, &err);
		ck_assert_int_eq(rc, depth <= TREE_MAX_DEPTH ? 0 : -1);
		if (rc == 0)
			rec_clear(&sample_type, &s);
		buf_release(&b);
	}
}
END_TEST

START_TEST(rec_unpack_takes_an_elements_key_only_from_before_it)
{
	char text[ERR_TEXT_MAX];
	struct sample s;

	ck_assert_int_eq(
	    UNPACK(&s, text, "\x81\x15\x81\xa1k\x82\x01\xa1x\x02\x07"), 0);
	ck_assert_str_eq(s.keyed[0].key, "k");
	ck_assert_uint_eq(s.keyed[0].count, 7);
	rec_clear(&sample_type, &s);
}
END_TEST

START_TEST(rec_unpack_takes_the_last_of_doubled_rows_and_sorts_maps)
{
	char text[ERR_TEXT_MAX];
	struct sample s;

	ck_assert_int_eq(UNPACK(&s, text,
			     "\x84\x08\xa1"
			     "a\x08\xa1"
			     "b"
			     "\x0c\x05\x0c\xc0"),
	    0);
	ck_assert_str_eq(s.text, "b");
	ck_assert(!s.has_opt_i64);
	rec_clear(&sample_type, &s);
	ck_assert_int_eq(UNPACK(&s, text,
			     "\x81\x19\x83\xa1"
			     "b\xa1"
			     "1\xa1"
			     "a\xa1"
			     "2\xa1"
			     "b\xa1"
			     "3"),
	    0);
	ck_assert_uint_eq(s.nmeta, 2);
	ck_assert_str_eq(rec_kv_get(s.meta, s.nmeta, "b"), "3");
	rec_clear(&sample_type, &s);
}
END_TEST

UNIT_MAIN("rec_pack", rec_pack_keeps_every_kind_of_row,
    rec_pack_keeps_integers_at_every_width,
    rec_pack_writes_what_msgpack_c_reads_and_shortest,
    rec_unpack_refuses_every_truncation_and_leaves_zero,
    rec_unpack_bounds_what_bytes_claim,
    rec_unpack_bounds_the_memory_that_short_elements_take,
    rec_unpack_skips_unknown_tags_of_any_shape, rec_unpack_bounds_depth,
    rec_unpack_takes_an_elements_key_only_from_before_it,
    rec_unpack_takes_the_last_of_doubled_rows_and_sorts_maps)
