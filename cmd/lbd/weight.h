/*
 * How a route's traffic is shared among its targets.
 *
 * Targets without a fixed weight share what the fixed ones leave. Fixed
 * weights whose sum is over 1, or that are all there is and sum up to less,
 * are scaled to 1. A weight that is not above 0 is no fixed weight.
 */
#ifndef LBD_WEIGHT_H
#define LBD_WEIGHT_H

#include <stddef.h>
#include <stdint.h>

#define WEIGHT_MAX_SLOTS 10000 /* of a ring, one a target at least */

/* Fills share[n] from fixed[n]; returns how many weights were fixed. */
size_t weight_share(const double *fixed, size_t n, double *share);

/*
 * The order in which targets take turns: each as often as its share says,
 * spread evenly. Returns an array (caller frees) of *nslots indexes below n;
 * NULL with 0 slots when nobody has a share.
 */
uint32_t *weight_ring(const double *share, size_t n, size_t *nslots);

#endif
