/* The checker of histories: what it lets pass, and that it lets not. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/rng.h"
#include "tests/lib/linear.h"
#include "tests/lib/unit.h"

#define READ(from, to, v)                                            \
	{                                                            \
		.kind = LINEAR_READ, .called = from, .returned = to, \
		.value = v                                           \
	}
#define WRITE(from, to, v)                                            \
	{                                                             \
		.kind = LINEAR_WRITE, .called = from, .returned = to, \
		.value = v                                            \
	}
#define CAS(from, to, e, v)                                         \
	{                                                           \
		.kind = LINEAR_CAS, .called = from, .returned = to, \
		.expected = e, .value = v                           \
	}
#define NEVER LINEAR_NEVER

#define VERDICT(...)                                            \
	verdict((const struct linear_op[]){ __VA_ARGS__ },      \
	    sizeof((const struct linear_op[]){ __VA_ARGS__ }) / \
		sizeof(struct linear_op))

static enum linear_verdict
verdict(const struct linear_op *ops, size_t n)
{
	return linear_check(ops, n, 0, 0).verdict;
}

START_TEST(linear_takes_what_happens_in_turn)
{
	ck_assert_int_eq(linear_check(NULL, 0, 0, 0).verdict, LINEAR_YES);
	ck_assert_int_eq(VERDICT(READ(1, 2, 0), WRITE(3, 4, 1), READ(5, 6, 1),
			     CAS(7, 8, 1, 2), READ(9, 10, 2)),
	    LINEAR_YES);
}
END_TEST

START_TEST(linear_finds_a_stale_read)
{
	struct linear_op ops[] = { WRITE(1, 2, 1), WRITE(3, 4, 2),
		READ(5, 6, 1) };
	struct linear_result r = linear_check(ops, 3, 0, 0);

	ck_assert_int_eq(r.verdict, LINEAR_NO);
	/* The second write has no place, for 1 is read after it. */
	ck_assert_uint_eq(r.nordered, 1);
	ck_assert_uint_eq(r.stuck.called, 3);
	ck_assert_uint_eq(r.value_at_stuck, 1);
	/* While the second write is under way, either may be read. */
	ops[1].returned = 10;
	ck_assert_int_eq(linear_check(ops, 3, 0, 0).verdict, LINEAR_YES);
}
END_TEST

START_TEST(linear_finds_a_lost_write)
{
	ck_assert_int_eq(VERDICT(WRITE(1, 2, 1), READ(3, 4, 0)), LINEAR_NO);
	ck_assert_int_eq(VERDICT(WRITE(1, 2, 1), CAS(3, 4, 1, 2), READ(5, 6, 2),
			     READ(7, 8, 1)),
	    LINEAR_NO);
}
END_TEST

START_TEST(linear_finds_reads_that_go_back)
{
	/* Both overlap the write, but one follows the other. */
	ck_assert_int_eq(
	    VERDICT(WRITE(1, 10, 1), READ(2, 3, 1), READ(4, 5, 0)), LINEAR_NO);
	ck_assert_int_eq(
	    VERDICT(WRITE(1, 10, 1), READ(2, 3, 0), READ(4, 5, 1)), LINEAR_YES);
	ck_assert_int_eq(
	    VERDICT(WRITE(1, 10, 1), READ(2, 5, 1), READ(4, 6, 0)), LINEAR_YES);
}
END_TEST

START_TEST(linear_lets_one_of_two_replacements_win)
{
	ck_assert_int_eq(VERDICT(CAS(1, 5, 0, 1), CAS(2, 6, 0, 2)), LINEAR_NO);
	ck_assert_int_eq(VERDICT(CAS(1, 5, 0, 1), READ(2, 6, 1)), LINEAR_YES);
	ck_assert_int_eq(VERDICT(CAS(1, 5, 1, 2), CAS(2, 6, 0, 1)), LINEAR_YES);
}
END_TEST

START_TEST(linear_allows_what_is_unknown_to_happen_later_or_never)
{
	struct linear_op ops[] = { WRITE(1, NEVER, 1), READ(2, 3, 0),
		READ(20, 21, 0), READ(30, 31, 1), READ(40, 41, 0) };

	ck_assert_int_eq(linear_check(ops, 3, 0, 0).verdict, LINEAR_YES);
	ck_assert_int_eq(linear_check(ops, 4, 0, 0).verdict, LINEAR_YES);
	/* But not twice, and not taken back. */
	ck_assert_int_eq(linear_check(ops, 5, 0, 0).verdict, LINEAR_NO);
	/* Nor before it was asked for. */
	ck_assert_int_eq(VERDICT(READ(1, 2, 1), WRITE(3, NEVER, 1)), LINEAR_NO);
	/* Nor by nobody. */
	ck_assert_int_eq(VERDICT(READ(1, 2, 7)), LINEAR_NO);
}
END_TEST

START_TEST(linear_follows_a_chain_of_unknowns)
{
	struct linear_op ops[] = { WRITE(1, NEVER, 1), CAS(2, NEVER, 1, 2),
		CAS(3, NEVER, 2, 3), READ(10, 11, 3), READ(12, 13, 2) };

	ck_assert_int_eq(linear_check(ops, 3, 0, 0).verdict, LINEAR_YES);
	ck_assert_int_eq(linear_check(ops, 4, 0, 0).verdict, LINEAR_YES);
	ck_assert_int_eq(linear_check(ops, 5, 0, 0).verdict, LINEAR_NO);
}
END_TEST

START_TEST(linear_knows_values_that_are_written_twice)
{
	ck_assert_int_eq(VERDICT(WRITE(1, 2, 1), WRITE(3, 4, 2),
			     WRITE(5, NEVER, 1), READ(7, 8, 1)),
	    LINEAR_YES);
	ck_assert_int_eq(VERDICT(WRITE(1, 2, 1), WRITE(3, 4, 2),
			     WRITE(9, 10, 1), READ(7, 8, 1)),
	    LINEAR_NO);
}
END_TEST

START_TEST(linear_gives_up_when_told)
{
	struct linear_op ops[] = { WRITE(1, 2, 1), WRITE(3, 4, 2),
		READ(5, 6, 2) };

	ck_assert_int_eq(linear_check(ops, 3, 0, 2).verdict, LINEAR_UNDECIDED);
}
END_TEST

/* --- beside a checker that tries every order there is --- */

static bool
any_order(const struct linear_op *ops, size_t n, unsigned placed, uint64_t v)
{
	uint64_t first_return = NEVER;
	bool all = true;

	for (size_t i = 0; i < n; i++)
		if ((placed >> i & 1) == 0 && ops[i].returned < first_return)
			first_return = ops[i].returned;
	for (size_t i = 0; i < n; i++) {
		const struct linear_op *o = &ops[i];

		if (placed >> i & 1)
			continue;
		all = all && o->returned == NEVER;
		if (o->called > first_return ||
		    (o->kind == LINEAR_READ && o->value != v) ||
		    (o->kind == LINEAR_CAS && o->expected != v))
			continue;
		if (any_order(ops, n, placed | 1u << i, o->value))
			return true;
	}
	return all;
}

static void
invent(struct rng *r, struct linear_op *ops, size_t n, bool once)
{
	for (size_t i = 0; i < n; i++) {
		struct linear_op *o = &ops[i];

		*o = (struct linear_op){ .kind =
					     (enum linear_kind)rng_below(r, 3),
			.called = 1 + rng_below(r, 12),
			.expected = rng_below(r, 4),
			.value = rng_below(r, 4) };
		o->returned = o->called + rng_below(r, 6);
		if (once && o->kind != LINEAR_READ)
			o->value = 1 + i;
		if (o->kind != LINEAR_READ && rng_below(r, 4) == 0)
			o->returned = NEVER;
	}
}

START_TEST(linear_agrees_with_trying_every_order)
{
	struct linear_op ops[6];
	unsigned found[2] = { 0 };
	struct rng r;

	rng_init(&r, 5);
	for (unsigned i = 0; i < 60000; i++) {
		size_t n = 2 + rng_below(&r, 5);
		bool want;

		invent(&r, ops, n, i % 2 == 0);
		want = any_order(ops, n, 0, 0);
		ck_assert_msg(
		    (verdict(ops, n) == LINEAR_YES) == want, "history %u", i);
		found[want]++;
	}
	ck_assert_uint_gt(found[0], 3000);
	ck_assert_uint_gt(found[1], 3000);
}
END_TEST

/* --- a long history, and the same with one thing wrong in it --- */

#define LONG    5000
#define CLIENTS 16

/* Each of the clients does one thing after the other, and each takes effect
 * at some moment within its time. */
static void
live(struct rng *r, struct linear_op *ops)
{
	uint64_t until[CLIENTS] = { 0 }, effect[CLIENTS], now = 1, value = 0;
	size_t doing[CLIENTS], n = 0, done = 0;

	while (done < LONG) {
		size_t c = rng_below(r, CLIENTS);
		struct linear_op *o;

		now++;
		if (until[c] == 0 && n < LONG) {
			doing[c] = n;
			until[c] = now + 2 + rng_below(r, 200);
			effect[c] = now + rng_below(r, until[c] - now);
			ops[n] = (struct linear_op){ .called = now,
				.kind = (enum linear_kind)rng_below(r, 3),
				.client = (unsigned)c };
			n++;
		}
		for (c = 0; c < CLIENTS; c++) {
			if (until[c] == 0)
				continue;
			o = &ops[doing[c]];
			if (effect[c] <= now && effect[c] != 0) {
				effect[c] = 0;
				o->expected = value;
				if (o->kind != LINEAR_READ)
					value = 1 + doing[c];
				o->value = value;
			}
			if (until[c] > now)
				continue;
			o->returned = now;
			if (o->kind != LINEAR_READ && rng_below(r, 20) == 0)
				o->returned = NEVER;
			until[c] = 0;
			done++;
		}
	}
}

/* A read answers what was there long before. */
static void
spoil(struct rng *r, struct linear_op *ops)
{
	for (;;) {
		struct linear_op *o = &ops[LONG / 2 + rng_below(r, LONG / 4)];

		if (o->kind != LINEAR_READ)
			continue;
		for (size_t i = LONG / 4; i < LONG / 2; i++)
			if (ops[i].kind == LINEAR_WRITE &&
			    ops[i].returned < o->called - 1000) {
				o->value = ops[i].value;
				return;
			}
	}
}

START_TEST(linear_checks_a_long_history_in_little_time)
{
	struct linear_op *ops = xcalloc(LONG, sizeof *ops);
	struct rng r;

	for (uint64_t seed = 1; seed <= 4; seed++) {
		struct linear_result res;

		rng_init(&r, seed);
		live(&r, ops);
		res = linear_check(ops, LONG, 0, 0);
		ck_assert_int_eq(res.verdict, LINEAR_YES);
		spoil(&r, ops);
		res = linear_check(ops, LONG, 0, 0);
		ck_assert_int_eq(res.verdict, LINEAR_NO);
	}
	free(ops);
}
END_TEST

UNIT_MAIN("linear", linear_takes_what_happens_in_turn,
    linear_finds_a_stale_read, linear_finds_a_lost_write,
    linear_finds_reads_that_go_back, linear_lets_one_of_two_replacements_win,
    linear_allows_what_is_unknown_to_happen_later_or_never,
    linear_follows_a_chain_of_unknowns,
    linear_knows_values_that_are_written_twice, linear_gives_up_when_told,
    linear_agrees_with_trying_every_order,
    linear_checks_a_long_history_in_little_time)
