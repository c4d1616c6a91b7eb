/*
 * What the benches share: a clock, medians, and a line in the closing table.
 */
#ifndef TESTS_LIB_BENCH_H
#define TESTS_LIB_BENCH_H

#include <stddef.h>
#include <stdint.h>

uint64_t bench_now_ns(void); /* monotonic */
double bench_now_ms(void);

/* Sorts v. */
double bench_median(double *v, size_t n);

/*
 * Prints "row: WHAT | OURS | PEER | RATIO", which tests/bench/run gathers.
 * Peer is "" where there is none, and the ratio then left out. The ratio is
 * ours to theirs where more is better, else theirs to ours: above 1 is good.
 */
void bench_row(const char *what, double ours, const char *unit,
    const char *peer, double theirs, double ratio);

#endif
