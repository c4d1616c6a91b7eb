#include "cmd/lbd/weight.h"

#include <stdlib.h>

#include "tests/lib/unit.h"

START_TEST(weight_rings_give_each_its_share)
{
	const double fixed[] = { 0, 0.1, 0.4 };
	double share[3];
	size_t n, count[3] = { 0 };
	uint32_t *ring;

	ck_assert_uint_eq(weight_share(fixed, 3, share), 2);
	ring = weight_ring(share, 3, &n);
	for (size_t i = 0; i < n; i++)
		count[ring[i]]++;
	ck_assert_uint_eq(n, 10000);
	ck_assert_uint_eq(count[0], 5000);
	ck_assert_uint_eq(count[1], 1000);
	ck_assert_uint_eq(count[2], 4000);
	free(ring);
}
END_TEST

START_TEST(weight_rings_spread_turns_evenly)
{
	const double share[] = { 0.25, 0.75 };
	size_t n;
	uint32_t *ring = weight_ring(share, 2, &n);

	for (size_t i = 0; i < n; i++)
		ck_assert_uint_eq(ring[i], i % 4 == 0 ? 0 : 1);
	free(ring);
}
END_TEST

START_TEST(weight_rings_give_the_least_share_one_turn)
{
	const double share[] = { 0.000001, 0.999999 };
	size_t n, count = 0;
	uint32_t *ring = weight_ring(share, 2, &n);

	for (size_t i = 0; i < n; i++)
		count += ring[i] == 0;
	ck_assert_uint_eq(count, 1);
	free(ring);
}
END_TEST

UNIT_MAIN("weight", weight_rings_give_each_its_share,
    weight_rings_spread_turns_evenly,
    weight_rings_give_the_least_share_one_turn)
