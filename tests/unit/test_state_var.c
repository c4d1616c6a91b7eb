/* Variables in the state: compared and set, watched, and in snapshots. */
#include "cmd/schedd/fsm.h"
#include "cmd/schedd/state_put.h"
#include "common/text.h"
#include "tests/lib/snapbuf.h"
#include "tests/lib/unit.h"

static struct sched_state st;
static uint64_t at;

static struct fsm_reply
apply(struct cmd_variable *c, int64_t time)
{
	struct cmd cmd = { .time = time, .variable = c };
	struct fsm_reply reply;
	struct buf b = { 0 };
	struct err err;

	rec_pack(&cmd_type, &cmd, &b);
	ck_assert_msg(fsm_apply(&st, ++at, b.data, b.len, &reply, &err) == 0,
	    "%s", err.text);
	buf_release(&b);
	return reply;
}

static struct cmd_variable
value_of(const char *path, const char *value)
{
	static struct rec_kv item;

	item = (struct rec_kv){ text_borrow("k"), text_borrow(value) };
	return (
	    struct cmd_variable){ .variable = { .ns = text_borrow("default"),
				      .path = text_borrow(path),
				      .items = &item,
				      .nitems = 1 } };
}

static enum err_code
put(const char *path, const char *value)
{
	struct cmd_variable c = value_of(path, value);

	return apply(&c, 7).err.code;
}

static enum err_code
put_if(const char *path, const char *value, uint64_t index)
{
	struct cmd_variable c = value_of(path, value);

	c.enforce_index = true;
	c.modify_index = index;
	return apply(&c, 8).err.code;
}

static enum err_code
drop_if(const char *path, uint64_t index)
{
	struct cmd_variable c = value_of(path, "");

	c.remove = c.enforce_index = true;
	c.modify_index = index;
	return apply(&c, 9).err.code;
}

static const struct variable *
find(const char *path)
{
	const struct sched_var *v = sched_var_find(&st, "default", path);

	return v != NULL ? &v->rec : NULL;
}

static void
setup(void)
{
	sched_state_init(&st);
	at = 100;
}

START_TEST(a_variable_keeps_when_it_was_made)
{
	setup();
	ck_assert_int_eq(put("a/b", "one"), ERR_NONE);
	ck_assert_int_eq(put_if("a/b", "two", 101), ERR_NONE);
	ck_assert_str_eq(find("a/b")->items[0].value, "two");
	ck_assert_uint_eq(find("a/b")->create_index, 101);
	ck_assert_uint_eq(find("a/b")->modify_index, 102);
	ck_assert_int_eq(find("a/b")->create_time, 7);
	ck_assert_int_eq(find("a/b")->modify_time, 8);
	ck_assert_ptr_null(find("a"));
	sched_state_release(&st);
}
END_TEST

START_TEST(only_who_has_seen_the_last_one_may_set)
{
	setup();
	ck_assert_int_eq(put_if("a", "one", 5), ERR_CONFLICT);
	ck_assert_ptr_null(find("a"));
	ck_assert_int_eq(put_if("a", "one", 0), ERR_NONE);
	ck_assert_int_eq(put_if("a", "two", 0), ERR_CONFLICT);
	ck_assert_int_eq(put_if("a", "two", 101), ERR_CONFLICT);
	ck_assert_str_eq(find("a")->items[0].value, "one");
	ck_assert_int_eq(put_if("a", "two", 102), ERR_NONE);
	ck_assert_int_eq(drop_if("a", 102), ERR_CONFLICT);
	ck_assert_int_eq(drop_if("a", 0), ERR_CONFLICT);
	ck_assert_int_eq(drop_if("a", find("a")->modify_index), ERR_NONE);
	ck_assert_ptr_null(find("a"));
	ck_assert_int_eq(drop_if("a", 0), ERR_NONE);
	ck_assert_int_eq(drop_if("a", 3), ERR_CONFLICT);
	sched_state_release(&st);
}
END_TEST

static void
count(void *ctx)
{
	++*(int *)ctx;
}

START_TEST(who_watches_hears_of_changes_and_of_nothing_else)
{
	int one = 0, all = 0;

	setup();
	put("a", "1");
	sched_watch(&st, SCHED_VARIABLE, "default/a", count, &one);
	sched_watch(&st, SCHED_VARIABLES, "", count, &all);
	put_if("a", "2", 77);
	ck_assert(one == 0 && all == 0);
	put("b", "1");
	ck_assert(one == 0 && all == 1);
	ck_assert_uint_eq(sched_index(&st, SCHED_VARIABLE, "default/a"), 101);
	ck_assert_uint_eq(sched_index(&st, SCHED_VARIABLES, ""), at);
	drop_if("a", 101);
	ck_assert(one == 1 && all == 1);
	ck_assert_uint_eq(sched_index(&st, SCHED_VARIABLE, "default/a"), at);
	sched_state_release(&st);
}
END_TEST

START_TEST(a_snapshot_has_them)
{
	struct buf b = { 0 };
	struct err err;

	setup();
	put("a", "one");
	put("b", "two");
	put_if("a", "three", 101);
	ck_assert_int_eq(sched_snapshot_write(&st, snapbuf_write, &b), 0);
	sched_state_release(&st);
	sched_state_init(&st);
	ck_assert_msg(sched_snapshot_read(&st, snapbuf_read, &b, &err) == 0,
	    "%s", err.text);
	ck_assert_uint_eq(HASH_COUNT(st.vars), 2);
	ck_assert_str_eq(find("a")->items[0].value, "three");
	ck_assert_uint_eq(find("a")->create_index, 101);
	ck_assert_uint_eq(find("a")->modify_index, 103);
	ck_assert_uint_eq(sched_index(&st, SCHED_VARIABLES, ""), 103);
	ck_assert_int_eq(put_if("b", "four", 102), ERR_NONE);
	sched_state_release(&st);
	buf_release(&b);
}
END_TEST

UNIT_MAIN("state_var", a_variable_keeps_when_it_was_made,
    only_who_has_seen_the_last_one_may_set,
    who_watches_hears_of_changes_and_of_nothing_else, a_snapshot_has_them)
