#include "common/rec.h"

#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "tests/lib/sample.h"
#include "tests/lib/unit.h"

START_TEST(rec_covers_sound_tables_and_finds_holes)
{
	struct rec_field rows[64];
	struct rec_type t = sample_type;

	ck_assert(rec_covers(&sample_type));
	ck_assert(rec_covers(&sample_part_type));
	ck_assert(rec_covers(&sample_keyed_type));
	ck_assert(rec_covers(&sample_pair_type));
	ck_assert(rec_covers(&sample_alloc_type));
	ck_assert(rec_covers(&rec_kv_type));
	ck_assert(rec_covers(&rec_ki_type));
	ck_assert(rec_covers(&rec_kf_type));
	ck_assert(rec_covers(&rec_kb_type));
	ck_assert(rec_covers(&rec_kvs_type));
	for (size_t i = 1; i < t.nfields; i++) {
		memcpy(rows, t.fields, t.nfields * sizeof rows[0]);
		memmove(&rows[i], &rows[i + 1],
		    (t.nfields - i - 1) * sizeof rows[0]);
		t.fields = rows;
		t.nfields--;
		ck_assert_msg(!rec_covers(&t), "without row %zu", i);
		t = sample_type;
	}
	memcpy(rows, t.fields, t.nfields * sizeof rows[0]);
	t.fields = rows;
	rows[5].tag = rows[4].tag;
	ck_assert(!rec_covers(&t));
	rows[5].tag = REC_MAX_TAG + 1;
	ck_assert(!rec_covers(&t));
}
END_TEST

START_TEST(rec_copy_is_equal_and_owns_its_own)
{
	struct sample a, b;
	struct rec_type t = sample_type;

	sample_fill(&a);
	rec_copy(&t, &b, &a);
	ck_assert(rec_equal(&t, &a, &b));
	ck_assert_ptr_ne(a.text, b.text);
	ck_assert_ptr_nonnull(b.opt_texts);
	rec_clear(&t, &a);
	ck_assert(!rec_equal(&t, &a, &b));
	rec_clear(&t, &b);
	ck_assert(rec_equal(&t, &a, &b));
	for (size_t i = 0; i < sizeof b; i++)
		ck_assert_int_eq(((unsigned char *)&b)[i], 0);
}
END_TEST

START_TEST(rec_equal_tells_absent_from_zero_only_where_optional)
{
	struct sample a = { 0 }, b = { 0 };
	char empty[] = "";
	char *none[1];

	a.text = empty;
	a.texts = none;
	ck_assert(rec_equal(&sample_type, &a, &b));
	a.opt_text = empty;
	ck_assert(!rec_equal(&sample_type, &a, &b));
	b.opt_text = empty;
	a.opt_texts = none;
	ck_assert(!rec_equal(&sample_type, &a, &b));
	b.opt_texts = none;
	a.opt_i64 = 5; /* nobody looks at what is not there */
	ck_assert(rec_equal(&sample_type, &a, &b));
	b.has_opt_i64 = true;
	ck_assert(!rec_equal(&sample_type, &a, &b));
}
END_TEST

static void
note_row(void *ctx, const struct rec_field *f, const void *a, const void *b)
{
	struct buf *out = ctx;

	(void)a;
	(void)b;
	buf_addf(out, "%s ", f->name);
}

START_TEST(rec_diff_names_the_rows_that_differ_in_order)
{
	struct sample a, b;
	struct buf out = { 0 };

	sample_fill(&a);
	rec_copy(&sample_type, &b, &a);
	ck_assert_uint_eq(rec_diff(&sample_type, &a, &b, note_row, &out), 0);
	b.i64 = 1;
	b.part.size = 9;
	rec_kv_set(&b.meta, &b.nmeta, "owner", "dev");
	ck_assert_uint_eq(rec_diff(&sample_type, &a, &b, note_row, &out), 3);
	ck_assert_str_eq(buf_str(&out), "i64 part meta ");
	ck_assert_uint_eq(rec_diff(&sample_type, &a, &b, NULL, NULL), 3);
	buf_release(&out);
	rec_clear(&sample_type, &a);
	rec_clear(&sample_type, &b);
}
END_TEST

START_TEST(rec_maps_are_sorted_and_the_last_of_equal_keys_stays)
{
	struct sample s = { 0 };

	s.meta = xcalloc(4, sizeof *s.meta);
	s.nmeta = 4;
	s.meta[0] = (struct rec_kv){ xstrdup("b"), xstrdup("1") };
	s.meta[1] = (struct rec_kv){ xstrdup("a"), xstrdup("2") };
	s.meta[2] = (struct rec_kv){ xstrdup("b"), xstrdup("3") };
	s.meta[3] = (struct rec_kv){ NULL, xstrdup("4") };
	rec_sort_maps(&sample_type, &s);
	ck_assert_uint_eq(s.nmeta, 3);
	ck_assert_str_eq(rec_kv_get(s.meta, s.nmeta, "a"), "2");
	ck_assert_str_eq(rec_kv_get(s.meta, s.nmeta, "b"), "3");
	ck_assert_str_eq(rec_kv_get(s.meta, s.nmeta, ""), "4");
	ck_assert_ptr_null(rec_kv_get(s.meta, s.nmeta, "c"));
	ck_assert_ptr_null(rec_map_find(NULL, 0, 16, "x"));
	for (int i = 50; i > 0; i--) {
		char key[16];

		snprintf(key, sizeof key, "k%02d", i % 25);
		rec_kv_set(&s.meta, &s.nmeta, key, key);
	}
	ck_assert_uint_eq(s.nmeta, 28);
	ck_assert_str_eq(rec_kv_get(s.meta, s.nmeta, "k07"), "k07");
	rec_clear(&sample_type, &s);
}
END_TEST

UNIT_MAIN("rec", rec_covers_sound_tables_and_finds_holes,
    rec_copy_is_equal_and_owns_its_own,
    rec_equal_tells_absent_from_zero_only_where_optional,
    rec_diff_names_the_rows_that_differ_in_order,
    rec_maps_are_sorted_and_the_last_of_equal_keys_stays)
