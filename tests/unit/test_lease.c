#include "cmd/schedd/lease.h"

#include <stdio.h>

#include "tests/lib/unit.h"

static const struct lease_rule rule = {
	.min_ms = 100, .grace_ms = 50, .rate = 10
};

START_TEST(lease_is_longer_the_more_nodes_there_are)
{
	ck_assert_uint_eq(lease_term_ms(&rule, 0), 100);
	ck_assert_uint_eq(lease_term_ms(&rule, 1), 100);
	ck_assert_uint_eq(lease_term_ms(&rule, 100), 10000);
}
END_TEST

START_TEST(lease_ends_after_its_term_and_grace)
{
	struct leases l = { 0 };
	struct rng rng;
	uint64_t term, end;

	rng_init(&rng, 7);
	ck_assert_uint_eq(lease_due_ms(&l), UINT64_MAX);
	term = lease_renew(&l, "a", &rule, &rng, 1000);
	ck_assert_uint_ge(term, 100);
	ck_assert_uint_lt(term, 200);
	end = 1000 + term + 50;
	ck_assert_uint_eq(lease_due_ms(&l), end);
	ck_assert_ptr_null(lease_expired(&l, end - 1));
	ck_assert_str_eq(lease_expired(&l, end), "a");
	lease_end(&l, "a");
	ck_assert_ptr_null(lease_expired(&l, end));
	leases_release(&l);
}
END_TEST

START_TEST(lease_is_renewed_in_time)
{
	struct leases l = { 0 };
	struct rng rng;
	char id[16];

	rng_init(&rng, 7);
	for (int i = 0; i < 20; i++) {
		snprintf(id, sizeof id, "n%d", i);
		lease_set(&l, id, 500, 0);
	}
	ck_assert_uint_eq(leases_count(&l), 20);
	for (int i = 1; i < 20; i++) {
		snprintf(id, sizeof id, "n%d", i);
		lease_renew(&l, id, &rule, &rng, 450);
	}
	ck_assert_str_eq(lease_expired(&l, 500), "n0");
	lease_end(&l, "n0");
	ck_assert_ptr_null(lease_expired(&l, 500));
	leases_release(&l);
}
END_TEST

START_TEST(lease_of_each_is_extended)
{
	struct leases l = { 0 };

	lease_set(&l, "a", 500, 0);
	lease_set(&l, "b", 400, 0);
	leases_extend(&l, 1000);
	ck_assert_uint_eq(lease_due_ms(&l), 1400);
	ck_assert_str_eq(lease_expired(&l, 1400), "b");
	lease_end(&l, "b");
	ck_assert_ptr_null(lease_expired(&l, 1499));
	ck_assert_str_eq(lease_expired(&l, 1500), "a");
	leases_release(&l);
}
END_TEST

UNIT_MAIN("lease", lease_is_longer_the_more_nodes_there_are,
    lease_ends_after_its_term_and_grace, lease_is_renewed_in_time,
    lease_of_each_is_extended)
