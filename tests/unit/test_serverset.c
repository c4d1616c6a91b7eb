/* Which server is asked next. */
#include "cmd/nodeagent/serverset.h"

#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "tests/lib/unit.h"

#define A "tcp://10.0.0.1:4647"
#define B "tcp://10.0.0.2:4647"
#define C "tcp://10.0.0.3:4647"
#define D "tcp://10.0.0.4:4647"

static struct rng rng;
static struct serverset set;

static bool
learn(const char *first, const char *second, const char *third)
{
	char *urls[] = { text_borrow(first), text_borrow(second),
		text_borrow(third) };
	size_t n = third != NULL ? 3 : second != NULL ? 2 : 1;

	return serverset_learn(&set, urls, n, &rng);
}

static void
begin(const char *home)
{
	char *urls[] = { text_borrow(home) };

	rng_init(&rng, 7);
	serverset_init(&set, urls, 1, &rng);
}

/* How often each is asked in so many turns. */
static size_t
count(const char *url, size_t turns)
{
	size_t n = 0;

	for (size_t i = 0; i < turns; i++, serverset_next(&set))
		n += strcmp(serverset_current(&set), url) == 0;
	return n;
}

START_TEST(each_is_asked_once_before_any_is_asked_again)
{
	begin(A);
	ck_assert(learn(B, C, D));
	ck_assert_uint_eq(set.n, 4);
	ck_assert_uint_eq(count(A, 8), 2);
	ck_assert_uint_eq(count(B, 8), 2);
	ck_assert_uint_eq(count(C, 8), 2);
	ck_assert_uint_eq(count(D, 8), 2);
	serverset_release(&set);
}
END_TEST

START_TEST(the_first_of_what_is_told_is_the_next)
{
	begin(A);
	learn(A, B, C);
	ck_assert_str_eq(serverset_current(&set), A);
	ck_assert(!learn(C, B, A));
	serverset_next(&set);
	ck_assert_str_eq(serverset_current(&set), C);
	ck_assert(!learn(C, A, B));
	ck_assert_str_eq(serverset_current(&set), C);
	serverset_release(&set);
}
END_TEST

START_TEST(who_is_told_no_longer_is_forgotten_but_home_is_not)
{
	begin(A);
	learn(B, C, NULL);
	ck_assert(learn(D, C, NULL));
	ck_assert_uint_eq(set.n, 3);
	ck_assert_uint_eq(count(A, 3), 1);
	ck_assert_uint_eq(count(B, 3), 0);
	while (strcmp(serverset_current(&set), D) != 0)
		serverset_next(&set);
	/* The one that is asked has left: the first that is told follows. */
	ck_assert(learn(C, B, NULL));
	ck_assert_str_eq(serverset_current(&set), C);
	serverset_release(&set);
}
END_TEST

START_TEST(new_ones_come_in_at_random_places)
{
	size_t nexts = 0;

	for (uint64_t seed = 0; seed < 60; seed++) {
		begin(A);
		rng_init(&rng, seed);
		learn(A, B, C);
		serverset_next(&set);
		nexts += strcmp(serverset_current(&set), B) == 0;
		serverset_release(&set);
	}
	ck_assert_uint_gt(nexts, 15);
	ck_assert_uint_lt(nexts, 45);
}
END_TEST

START_TEST(hostile_lists_are_bounded)
{
	static char many[5000][40], longest[9000];
	static char *urls[5000];
	static const char *const bad[] = { "", "tcp://", "tcp://:4647",
		"tcp://10.0.0.1", "tcp://10.0.0.1:0", "tcp://10.0.0.1:65536",
		"tcp://10.0.0.1:4647x", "tcp://10.0.0.1:+5", "ipc:///etc/x",
		"http://10.0.0.1:4647", "tcp://a b:1", "tcp://a/b:1",
		"tcp://a\nb:1", "tcp://[::1:1", "tcp://10.0.0.1:00000001" };
	struct err err;

	begin(A);
	for (size_t i = 0; i < 5000; i++) {
		snprintf(many[i], sizeof many[i], "tcp://h%zu:4647", i);
		urls[i] = many[i];
	}
	memset(longest, 'a', sizeof longest - 1);
	memcpy(longest, "tcp://", 6);
	memcpy(longest + sizeof longest - 4, ":12", 4);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		ck_assert_msg(!learn(bad[i], longest, bad[i]), "%s", bad[i]);
		ck_assert_int_eq(serverset_check(bad[i], &err), -1);
	}
	ck_assert_uint_eq(set.n, 1);
	ck_assert(serverset_learn(&set, urls, 5000, &rng));
	ck_assert_uint_eq(set.n, 1 + SERVERSET_MAX);
	ck_assert(!serverset_learn(&set, urls, 5000, &rng));
	ck_assert_int_eq(serverset_set(&set, urls, 5000, &rng, &err), -1);
	ck_assert_uint_eq(set.n, 1 + SERVERSET_MAX);
	serverset_release(&set);
}
END_TEST

START_TEST(people_replace_all_of_them)
{
	char *good[] = { text_borrow("10.0.0.9"), text_borrow("[::1]:99") };
	char *bad[] = { text_borrow("10.0.0.9"),
		text_borrow("not an address") };
	struct err err;

	begin(A);
	ck_assert_int_eq(serverset_set(&set, bad, 2, &rng, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "not an address"));
	ck_assert_str_eq(serverset_current(&set), A);
	ck_assert_int_eq(serverset_set(&set, good, 2, &rng, &err), 0);
	ck_assert_uint_eq(count("tcp://10.0.0.9:4647", 2), 1);
	ck_assert_uint_eq(count("tcp://[::1]:99", 2), 1);
	serverset_release(&set);
}
END_TEST

START_TEST(a_server_on_this_machine_is_asked_first)
{
	char *urls[] = { text_borrow(A), text_borrow("ipc:///run/s"),
		text_borrow(B) };

	for (uint64_t seed = 0; seed < 20; seed++) {
		rng_init(&rng, seed);
		serverset_init(&set, urls, 3, &rng);
		ck_assert_str_eq(serverset_current(&set), "ipc:///run/s");
		serverset_release(&set);
	}
}
END_TEST

UNIT_MAIN("serverset", each_is_asked_once_before_any_is_asked_again,
    the_first_of_what_is_told_is_the_next,
    who_is_told_no_longer_is_forgotten_but_home_is_not,
    new_ones_come_in_at_random_places, hostile_lists_are_bounded,
    people_replace_all_of_them, a_server_on_this_machine_is_asked_first)
