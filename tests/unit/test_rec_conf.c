#include "common/rec.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/mem.h"
#include "tests/lib/sample.h"
#include "tests/lib/unit.h"

struct shared {
	char *run_dir;
	int64_t workers;
};
static int
shared_after(void *rec, struct err *err)
{
	struct shared *s = rec;

	if (s->workers > 100)
		return err_set(err, ERR_BAD, "workers: at most 100");
	return 0;
}
static const struct rec_field shared_fields[] = {
	REC_STR(struct shared, 1, run_dir, "RunDir"),
	REC_I64(struct shared, 2, workers, "Workers"),
};
static const struct rec_type shared_type =
    REC_TYPE_AFTER(shared, shared_fields, shared_after);

struct own {
	struct shared common;
	bool fast;
};
static const struct rec_field own_fields[] = {
	REC_REC(struct own, 1, common, shared, "Common", .flags = REC_INLINE),
	REC_BOOL(struct own, 2, fast, "Fast"),
};
static const struct rec_type own_type = REC_TYPE(own, own_fields);

/* Reads text over rec; the error without the path's folder, or "". */
static const char *
read_conf(const struct rec_type *t, void *rec, const char *text)
{
	static struct err err;
	char path[] = "/tmp/test_rec_conf.XXXXXX";
	int fd = mkstemp(path);
	const char *colon;
	int rc;

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	rc = rec_from_conf(t, rec, path, &err);
	unlink(path);
	if (rc == 0)
		return "";
	ck_assert_int_eq(strncmp(err.text, path, strlen(path)), 0);
	colon = err.text + strlen(path);
	return colon;
}

#define REFUSED(text, why)                                                 \
	do {                                                               \
		struct sample s_ = { 0 };                                  \
		ck_assert_str_eq(read_conf(&sample_type, &s_, text), why); \
		rec_clear(&sample_type, &s_);                              \
	} while (0)

START_TEST(rec_conf_replaces_only_what_the_file_names)
{
	struct sample s;

	sample_fill(&s);
	ck_assert_str_eq(
	    read_conf(&sample_type, &s,
		"i64 = 5; # five\ndur = \"1m30s\";\npart = { size = 7; };\n"
		"texts = [ \"x\" ];\nopt_part : { part = ( { name = \"q\" } ) "
		"}\n"
		"meta = { a = \"1\"; };\nopt_i64 = 0;\n"
		"keyed = { k = { count = 3; tags = (\"t\", \"u\"); }; };\n"),
	    "");
	ck_assert_int_eq(s.i64, 5);
	ck_assert_int_eq(s.dur_ns, INT64_C(90000000000));
	ck_assert_str_eq(s.part.name, "own"); /* the default */
	ck_assert_int_eq(s.part.size, 7);
	ck_assert_uint_eq(s.ntexts, 1);
	ck_assert_str_eq(s.opt_part->parts[0].name, "q");
	ck_assert_uint_eq(s.nmeta, 1);
	ck_assert_str_eq(rec_kv_get(s.meta, s.nmeta, "a"), "1");
	ck_assert(s.has_opt_i64);
	ck_assert_uint_eq(s.nkeyed, 1);
	ck_assert_str_eq(s.keyed[0].key, "k");
	ck_assert_str_eq(s.keyed[0].tags[1], "u");
	ck_assert_uint_eq(s.u64, UINT64_MAX);
	rec_clear(&sample_type, &s);
}
END_TEST

START_TEST(rec_conf_integers_are_right_with_and_without_l)
{
	struct sample s = { 0 };

	ck_assert_str_eq(
	    read_conf(&sample_type, &s,
		"i64 = 5000000000; u64 = 18446744073709551615;\n"
		"opt_i64 = -9223372036854775808; opt_u64 = 0xFFFFFFFF;\n"
		"numbers = [ 1, 5000000000, 3L, -2147483649, 7LL ];\n"
		"/* 99999999999999999999 */ f64 = 12345678901;\n"
		"text = \"99999999999999999999 @include\"; "
		"# 99999999999999999999\n"),
	    "");
	ck_assert_int_eq(s.i64, INT64_C(5000000000));
	ck_assert_uint_eq(s.u64, UINT64_MAX);
	ck_assert_int_eq(s.opt_i64, INT64_MIN);
	ck_assert_uint_eq(s.opt_u64, 0xffffffff);
	ck_assert_uint_eq(s.nnumbers, 5);
	ck_assert_int_eq(s.numbers[1], INT64_C(5000000000));
	ck_assert_int_eq(s.numbers[3], INT64_C(-2147483649));
	ck_assert_double_eq(s.f64, 12345678901.0);
	rec_clear(&sample_type, &s);
	REFUSED("\ni64 = 18446744073709551616;", ":2: integer is out of range");
	REFUSED("i64 = -9223372036854775809;", ":1: integer is out of range");
	REFUSED(
	    "i64 = 9223372036854775808;", ":1: i64: integer is out of range");
	REFUSED(
	    "i64 = 0xFFFFFFFFFFFFFFFF;", ":1: i64: integer is out of range");
	REFUSED("u64 = -1;", ":1: u64: integer is out of range");
}
END_TEST

START_TEST(rec_conf_complaints_name_file_and_line)
{
	REFUSED("\n\nnobody = 1;", ":3: unknown name nobody in this file");
	REFUSED("part = {\n x = 1; };", ":2: unknown name x in part");
	REFUSED("parts = ( {},\n { x = 1; } );", ":2: unknown name x in parts");
	REFUSED(
	    "keyed = { k = { key = \"k\"; }; };", ":1: unknown name key in k");
	REFUSED("secret = \"x\";", ":1: unknown name secret in this file");
	REFUSED("\ni64 = \"x\";", ":2: i64: expected an integer, found text");
	REFUSED("on = 1;", ":1: on: expected true or false, found an integer");
	REFUSED("texts = [ 1 ];", ":1: texts: expected text, found an integer");
	REFUSED("dur = 30;", ":1: dur: expected a duration such as \"30s\", "
			     "found an integer");
	REFUSED("dur = \"30\";", ":1: dur: expected a duration such as "
				 "\"30s\", found \"30\"");
	REFUSED("i64 = 1.5;",
	    ":1: i64: expected an integer, found a number with a fraction");
	REFUSED(
	    "meta = [ \"x\" ];", ":1: meta: expected a group, found a list");
	REFUSED("texts = \"x\";", ":1: texts: expected a list, found text");
	REFUSED("i64 = ;", ":1: syntax error");
	REFUSED("i64 = 1;\ni64 = 2;", ":2: duplicate setting name");
	REFUSED("\n@include \"x\"", ":2: @include is not supported");
	REFUSED("text = \"open", ":1: syntax error");
}
END_TEST

START_TEST(rec_conf_of_a_missing_file_names_it)
{
	struct sample s = { 0 };
	struct err err;

	ck_assert_int_eq(
	    rec_from_conf(&sample_type, &s, "/nowhere/x.conf", &err), -1);
	ck_assert_str_eq(
	    err.text, "/nowhere/x.conf: No such file or directory");
}
END_TEST

START_TEST(rec_conf_loads_again_what_it_prints)
{
	struct sample s, back = { 0 };
	struct buf out = { 0 };

	sample_fill(&s);
	rec_to_conf(&sample_type, &s, &out);
	ck_assert_str_eq(read_conf(&sample_type, &back, buf_str(&out)), "");
	/* What it does not print: the secret, nulls and NULs in trees. */
	free(s.secret);
	s.secret = NULL;
	tree_free(s.tree);
	tree_free(back.tree);
	s.tree = back.tree = NULL;
	tree_free(s.trees[1].value);
	s.trees[1].value = NULL;
	ck_assert_uint_eq(back.ntrees, 1);
	ck_assert_ptr_nonnull(tree_get(back.trees[0].value, "args"));
	for (size_t i = 0; i < s.ntrees; i++) {
		tree_free(s.trees[i].value);
		free(s.trees[i].key);
	}
	s.ntrees = 0;
	tree_free(back.trees[0].value);
	free(back.trees[0].key);
	back.ntrees = 0;
	ck_assert(rec_equal(&sample_type, &s, &back));
	rec_clear(&sample_type, &s);
	rec_clear(&sample_type, &back);
	buf_release(&out);
}
END_TEST

START_TEST(rec_conf_inlines_what_all_daemons_share_and_runs_hooks)
{
	struct own o = { .fast = true };
	struct buf out = { 0 };

	ck_assert(rec_covers(&own_type));
	ck_assert_str_eq(
	    read_conf(&own_type, &o, "run_dir = \"/x\";\nworkers = 3;\n"), "");
	ck_assert_str_eq(o.common.run_dir, "/x");
	rec_to_conf(&own_type, &o, &out);
	ck_assert_str_eq(
	    buf_str(&out), "run_dir = \"/x\";\nworkers = 3;\nfast = true;\n");
	ck_assert_str_eq(read_conf(&own_type, &o, "workers = 101;"),
	    ": workers: at most 100");
	ck_assert_str_eq(read_conf(&own_type, &o, "common = { workers = 1; };"),
	    ":1: unknown name common in this file");
	rec_clear(&own_type, &o);
	buf_release(&out);
}
END_TEST

UNIT_MAIN("rec_conf", rec_conf_replaces_only_what_the_file_names,
    rec_conf_integers_are_right_with_and_without_l,
    rec_conf_complaints_name_file_and_line, rec_conf_of_a_missing_file_names_it,
    rec_conf_loads_again_what_it_prints,
    rec_conf_inlines_what_all_daemons_share_and_runs_hooks)
