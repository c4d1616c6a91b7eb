#include "cmd/lbd/access.h"

#include "tests/lib/unit.h"

START_TEST(access_deny_lists_turn_away_only_their_own)
{
	struct access_rules r;

	ck_assert_int_eq(
	    access_parse(&r, false, "ip:10.0.0.0/9,ip:fe80::/10", NULL), 0);
	ck_assert(access_denies(&r, "10.127.0.1"));
	ck_assert(!access_denies(&r, "10.128.0.1"));
	ck_assert(access_denies(&r, "febf::1"));
	ck_assert(!access_denies(&r, "fec0::1"));
	access_release(&r);
}
END_TEST

START_TEST(access_lists_turn_away_what_they_cannot_read)
{
	struct access_rules r;

	ck_assert_int_eq(access_parse(&r, true, "ip:10.0.0.1", NULL), 0);
	ck_assert(access_denies(&r, "unknown"));
	ck_assert(access_denies_list(&r, "10.0.0.1, unknown"));
	ck_assert(!access_denies_list(&r, " 10.0.0.1 ,10.0.0.1"));
	access_release(&r);
	ck_assert(!access_denies(&r, "unknown"));
}
END_TEST

START_TEST(access_rules_are_bounded)
{
	struct access_rules r;
	struct err err;

	ck_assert_int_eq(access_parse(&r, true, "ip:1.1.1.1/33", &err), -1);
	ck_assert_int_eq(access_parse(&r, true, "ip:1.1.1.1/", &err), -1);
	ck_assert_int_eq(access_parse(&r, true, "1.1.1.1", &err), -1);
}
END_TEST

UNIT_MAIN("access", access_deny_lists_turn_away_only_their_own,
    access_lists_turn_away_what_they_cannot_read, access_rules_are_bounded)
