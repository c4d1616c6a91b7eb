#include "tests/lib/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

uint64_t
bench_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

double
bench_now_ms(void)
{
	return (double)bench_now_ns() / 1e6;
}

static int
by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

double
bench_median(double *v, size_t n)
{
	qsort(v, n, sizeof *v, by_value);
	return n % 2 == 1 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* Three figures that count, without exponents. */
static int
decimals(double v)
{
	return v >= 100 ? 0 : v >= 10 ? 1 : 2;
}

void
bench_row(const char *what, double ours, const char *unit, const char *peer,
    double theirs, double ratio)
{
	printf("row: %s | %.*f %s |", what, decimals(ours), ours, unit);
	if (*peer != '\0')
		printf(" %s %.*f %s | %.2fx\n", peer, decimals(theirs), theirs,
		    unit, ratio);
	else
		printf(" - | -\n");
	fflush(stdout);
}
