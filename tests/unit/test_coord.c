#include "cmd/gossipd/coord.h"

#include <math.h>

#include "tests/lib/unit.h"

#define N 10

/* A line of members, each as far from the next as from its own end. */
static double
truth(size_t i, size_t j)
{
	return 0.010 * fabs((double)i - (double)j) + 0.002;
}

START_TEST(distances_come_close_to_the_round_trips)
{
	static struct coord_client c[N];
	static struct coord_lag lag[N][N];
	struct rng rng;
	double sum = 0;

	rng_init(&rng, 1);
	for (size_t i = 0; i < N; i++)
		coord_client_init(&c[i]);
	for (int round = 0; round < 2000; round++) {
		size_t i = rng_below(&rng, N), j = rng_below(&rng, N);

		if (i != j)
			ck_assert(coord_update(
			    &c[i], &lag[i][j], &c[j].at, truth(i, j), &rng));
	}
	for (size_t i = 0; i < N; i++)
		for (size_t j = 0; j < i; j++)
			sum += fabs(coord_distance(&c[i].at, &c[j].at) -
				    truth(i, j)) /
			       truth(i, j);
	ck_assert_double_lt(sum / (N * (N - 1) / 2), 0.15);
}
END_TEST

START_TEST(nonsense_teaches_nothing)
{
	struct coord_client c;
	struct coord_lag lag = { 0 };
	struct wire_coord bad = { .height = NAN }, good = { .error = 1 };
	struct rng rng;

	rng_init(&rng, 1);
	coord_client_init(&c);
	ck_assert(!coord_update(&c, &lag, &bad, 0.01, &rng));
	bad = (struct wire_coord){ .vec = { INFINITY } };
	ck_assert(!coord_update(&c, &lag, &bad, 0.01, &rng));
	ck_assert(!coord_update(&c, &lag, &good, -1, &rng));
	ck_assert(!coord_update(&c, &lag, &good, 11, &rng));
	ck_assert(!coord_update(&c, &lag, &good, NAN, &rng));
	ck_assert_double_eq(c.at.error, 1.5);
	ck_assert_double_eq(c.at.vec[0], 0);
}
END_TEST

START_TEST(one_slow_round_trip_of_three_is_ignored)
{
	struct coord_client a, b;
	struct coord_lag la = { 0 }, lb = { 0 };
	struct wire_coord other = {
		.vec = { 0.01 }, .error = 1, .height = 1e-5
	};
	struct rng ra, rb;

	rng_init(&ra, 1);
	rng_init(&rb, 1);
	coord_client_init(&a);
	coord_client_init(&b);
	for (int i = 0; i < 3; i++) {
		coord_update(&a, &la, &other, 0.01, &ra);
		coord_update(&b, &lb, &other, i == 2 ? 5.0 : 0.01, &rb);
	}
	ck_assert_double_eq(a.at.vec[0], b.at.vec[0]);
}
END_TEST

START_TEST(numbers_that_run_away_are_reset)
{
	struct coord_client c;
	struct coord_lag lag = { 0 };
	struct wire_coord far = {
		.vec = { 1e308 }, .error = 1, .height = 1e308
	};
	struct rng rng;

	rng_init(&rng, 1);
	coord_client_init(&c);
	for (int i = 0; i < 50; i++) {
		coord_update(&c, &lag, &far, 0.01, &rng);
		ck_assert(coord_is_valid(&c.at));
	}
}
END_TEST

UNIT_MAIN("coord", distances_come_close_to_the_round_trips,
    nonsense_teaches_nothing, one_slow_round_trip_of_three_is_ignored,
    numbers_that_run_away_are_reset)
