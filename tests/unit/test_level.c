/*
 * Feature levels: what came later is written only when all can read it, and
 * who cannot says so.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/core.h"
#include "cmd/schedd/fsm.h"
#include "common/mem.h"
#include "proto/version.h"
#include "tests/lib/unit.h"

static struct err err;

/* --- rows --- */

/* As a program wrote it that knew level 1, ... */
struct old_part {
	char *name;
};
static const struct rec_field old_part_fields[] = {
	REC_STR(struct old_part, 1, name, "Name"),
};
static const struct rec_type old_part_type =
    REC_TYPE(old_part, old_part_fields);

/* ... and what later ones added. */
struct part {
	char *name;
	uint64_t weight;
	char **notes;
	size_t nnotes;
};
static const struct rec_field part_fields[] = {
	REC_STR(struct part, 1, name, "Name"),
	REC_U64(struct part, 2, weight, "Weight", .level = 2),
	REC_STRS(struct part, 3, notes, "Notes", .level = 3),
};
static const struct rec_type part_type = REC_TYPE(part, part_fields);

struct whole {
	uint64_t n;
	struct part one;
	struct part *parts;
	size_t nparts;
	struct part *maybe;
};
static const struct rec_field whole_fields[] = {
	REC_U64(struct whole, 1, n, "N"),
	REC_REC(struct whole, 2, one, part, "One"),
	REC_LIST(struct whole, 3, parts, part, "Parts"),
	REC_PTR(struct whole, 4, maybe, part, "Maybe", .level = 2),
};
static const struct rec_type whole_type = REC_TYPE(whole, whole_fields);

static char a[] = "a", b[] = "b", note[] = "note";
static char *notes[] = { note };

static struct whole
unpack_at(uint64_t level, struct arena *arena)
{
	struct part parts[] = { { a, 7, notes, 1 }, { b, 8, NULL, 0 } };
	struct whole w = { .n = 1,
		.one = { a, 5, notes, 1 },
		.parts = parts,
		.nparts = 2,
		.maybe = &parts[0] };
	struct whole back;
	struct buf bytes = { 0 };

	rec_pack_level(&whole_type, &w, level, &bytes);
	ck_assert_int_eq(
	    rec_unpack(&whole_type, &back, bytes.data, bytes.len, arena, &err),
	    0);
	buf_release(&bytes);
	return back;
}

START_TEST(a_row_is_written_from_its_level_on_at_any_depth)
{
	struct arena arena = { 0 };
	struct whole w = unpack_at(1, &arena);

	ck_assert_uint_eq(w.n, 1);
	ck_assert_str_eq(w.one.name, "a");
	ck_assert_uint_eq(w.one.weight, 0);
	ck_assert_uint_eq(w.nparts, 2);
	ck_assert_str_eq(w.parts[1].name, "b");
	ck_assert_uint_eq(w.parts[0].weight, 0);
	ck_assert_ptr_null(w.maybe);
	w = unpack_at(2, &arena);
	ck_assert_uint_eq(w.one.weight, 5);
	ck_assert_uint_eq(w.one.nnotes, 0);
	ck_assert_uint_eq(w.parts[1].weight, 8);
	ck_assert_uint_eq(w.maybe->weight, 7);
	ck_assert_uint_eq(w.maybe->nnotes, 0);
	w = unpack_at(3, &arena);
	ck_assert_uint_eq(w.maybe->nnotes, 1);
	ck_assert_str_eq(w.one.notes[0], "note");
	arena_release(&arena);
}
END_TEST

START_TEST(at_level_1_the_bytes_are_those_of_an_older_program)
{
	struct old_part old = { a };
	struct part p = { a, 7, notes, 1 };
	struct buf was = { 0 }, is = { 0 };

	rec_pack(&old_part_type, &old, &was);
	rec_pack_level(&part_type, &p, 1, &is);
	ck_assert_uint_eq(was.len, is.len);
	ck_assert_mem_eq(was.data, is.data, is.len);
	buf_reset(&is);
	rec_pack(&part_type, &p, &is);
	ck_assert_uint_gt(is.len, was.len);
	buf_release(&was);
	buf_release(&is);
}
END_TEST

START_TEST(a_strict_reader_refuses_what_others_skip)
{
	struct part p = { a, 7, NULL, 0 };
	struct old_part old;
	struct buf bytes = { 0 };

	rec_pack(&part_type, &p, &bytes);
	ck_assert_int_eq(
	    rec_unpack(&old_part_type, &old, bytes.data, bytes.len, NULL, &err),
	    0);
	rec_clear(&old_part_type, &old);
	ck_assert_int_eq(rec_unpack_strict(&old_part_type, &old, bytes.data,
			     bytes.len, NULL, &err),
	    -1);
	ck_assert_ptr_nonnull(strstr(err.text, "does not know"));
	ck_assert_ptr_null(old.name);
	ck_assert_int_eq(rec_unpack_strict(
			     &part_type, &p, bytes.data, bytes.len, NULL, &err),
	    0);
	rec_clear(&part_type, &p);
	buf_release(&bytes);
}
END_TEST

/* --- the log --- */

static struct sched_core *
core_of(uint64_t level)
{
	struct sched_core_opts o;

	sched_core_opts_init(&o);
	ck_assert_uint_eq(o.level_known, ROVE_FEATURE_LEVEL);
	o.level_known = level;
	return sched_core_new(&o);
}

/* The only thing to do is to propose; the bytes are added. */
static bool
proposes(struct sched_core *c, struct buf *bytes, uint64_t *proposal)
{
	struct sched_act act;

	buf_reset(bytes);
	if (!sched_core_next(c, &act))
		return false;
	ck_assert_int_eq(act.kind, SCHED_ACT_PROPOSE);
	buf_add(bytes, act.bytes, act.n);
	*proposal = act.proposal;
	ck_assert(!sched_core_next(c, &act));
	return true;
}

START_TEST(the_leader_raises_the_level_once)
{
	struct sched_core *c = core_of(2);
	struct buf bytes = { 0 };
	uint64_t proposal;

	sched_core_raise_level(c, 2);
	ck_assert(!proposes(c, &bytes, &proposal)); /* it does not lead */
	sched_core_lead(c, true);
	ck_assert_uint_eq(sched_core_state(c)->level, 1);
	sched_core_raise_level(c, 0); /* not known of all */
	sched_core_raise_level(c, 1);
	sched_core_raise_level(c, 3); /* it does not know it itself */
	ck_assert(!proposes(c, &bytes, &proposal));
	sched_core_raise_level(c, 2);
	sched_core_raise_level(c, 2);
	ck_assert(proposes(c, &bytes, &proposal));
	sched_core_raise_level(c, 2);
	ck_assert(!proposes(c, &bytes, &proposal));
	/* What is not taken may be said again. */
	err_set(&err, ERR_BUSY, "later");
	sched_core_not_taken(c, proposal, &err);
	sched_core_raise_level(c, 2);
	ck_assert(proposes(c, &bytes, &proposal));
	ck_assert_int_eq(
	    sched_core_applied(c, 1, bytes.data, bytes.len, &err), 0);
	ck_assert_uint_eq(sched_core_state(c)->level, 2);
	sched_core_raise_level(c, 2);
	ck_assert(!proposes(c, &bytes, &proposal));
	sched_core_free(c);
	buf_release(&bytes);
}
END_TEST

START_TEST(an_older_program_stops_where_the_level_rises)
{
	struct sched_core *new = core_of(2), *old = core_of(1);
	struct buf bytes = { 0 };
	uint64_t proposal;

	sched_core_lead(new, true);
	sched_core_raise_level(new, 2);
	ck_assert(proposes(new, &bytes, &proposal));
	ck_assert_int_eq(
	    sched_core_applied(old, 1, bytes.data, bytes.len, &err), -1);
	ck_assert_str_eq(err.text,
	    "the state is at feature level 2, and this program, "
	    "rove " ROVE_VERSION ", knows 1: start a newer one");
	ck_assert_uint_eq(sched_core_state(old)->level, 1);
	sched_core_free(old);
	sched_core_free(new);
	buf_release(&bytes);
}
END_TEST

START_TEST(a_command_with_a_member_of_a_later_program_is_refused)
{
	struct sched_state st;
	struct fsm_reply reply;
	/* eval_upsert, and a tag 1000. */
	static const char later[] = "\x82\x0a\x80\xcd\x03\xe8\x01";

	sched_state_init(&st);
	ck_assert_int_eq(fsm_apply(&st, 1, "\x81\x0a\x80", 3, &reply, &err), 0);
	ck_assert_int_eq(
	    fsm_apply(&st, 2, later, sizeof later - 1, &reply, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "does not know"));
	sched_state_release(&st);
}
END_TEST

/* --- snapshots --- */

static int
to_buf(void *ctx, const void *p, size_t n)
{
	buf_add(ctx, p, n);
	return 0;
}

struct source {
	const struct buf *from;
	size_t at;
};

static long
from_buf(void *ctx, void *p, size_t n)
{
	struct source *s = ctx;

	if (n > s->from->len - s->at)
		n = s->from->len - s->at;
	memcpy(p, s->from->data + s->at, n);
	s->at += n;
	return (long)n;
}

static void
write_at(uint64_t level, struct buf *out)
{
	struct sched_state st;

	sched_state_init(&st);
	st.level = level;
	st.index = 9;
	ck_assert_int_eq(sched_snapshot_write(&st, to_buf, out), 0);
	sched_state_release(&st);
}

static int
read_by(uint64_t known, const struct buf *bytes, uint64_t *level)
{
	struct source s = { bytes, 0 };
	struct sched_state st;
	int rc;

	sched_state_init(&st);
	st.level_known = known;
	rc = sched_snapshot_read(&st, from_buf, &s, &err);
	ck_assert_uint_eq(st.level_known, known);
	*level = st.level;
	sched_state_release(&st);
	return rc;
}

START_TEST(a_snapshot_keeps_the_level_and_an_older_program_refuses_it)
{
	struct buf one = { 0 }, two = { 0 };
	uint64_t level;

	write_at(1, &one);
	write_at(2, &two);
	ck_assert_uint_gt(two.len, one.len); /* it stands in there */
	ck_assert_int_eq(read_by(1, &one, &level), 0);
	ck_assert_uint_eq(level, 1);
	ck_assert_int_eq(read_by(2, &one, &level), 0);
	ck_assert_uint_eq(level, 1);
	ck_assert_int_eq(read_by(2, &two, &level), 0);
	ck_assert_uint_eq(level, 2);
	ck_assert_int_eq(read_by(1, &two, &level), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "feature level 2"));
	ck_assert_ptr_nonnull(strstr(err.text, "knows 1"));
	ck_assert_uint_eq(level, 1);
	buf_release(&one);
	buf_release(&two);
}
END_TEST

START_TEST(a_backup_neither_lowers_the_level_nor_outruns_it)
{
	struct buf one = { 0 }, two = { 0 };
	struct cmd_restore part = { .id = a, .last = true };
	struct sched_state st;

	write_at(1, &one);
	write_at(2, &two);
	ck_assert_int_eq(sched_snapshot_check(two.data, two.len, 2, &err), 0);
	ck_assert_int_eq(sched_snapshot_check(two.data, two.len, 1, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "feature level is 2"));
	sched_state_init(&st);
	st.level = 2;
	part.bytes.data = (uint8_t *)one.data;
	part.bytes.len = one.len;
	ck_assert_int_eq(sched_stage(&st.staged, &part, &err), 0);
	ck_assert_int_eq(sched_snapshot_adopt(&st, &err), 0);
	ck_assert_uint_eq(st.level, 2);
	sched_state_release(&st);
	buf_release(&one);
	buf_release(&two);
}
END_TEST

UNIT_MAIN("level", a_row_is_written_from_its_level_on_at_any_depth,
    at_level_1_the_bytes_are_those_of_an_older_program,
    a_strict_reader_refuses_what_others_skip, the_leader_raises_the_level_once,
    an_older_program_stops_where_the_level_rises,
    a_command_with_a_member_of_a_later_program_is_refused,
    a_snapshot_keeps_the_level_and_an_older_program_refuses_it,
    a_backup_neither_lowers_the_level_nor_outruns_it)
