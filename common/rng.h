/*
 * Chance that can be repeated: the same seed gives the same numbers, on
 * every machine. Not for secrets: those come from getrandom(2), by
 * rng_secret(). The generator is splitmix64.
 */
#ifndef COMMON_RNG_H
#define COMMON_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
	uint64_t state;
};

void rng_init(struct rng *r, uint64_t seed);
uint64_t rng_next(struct rng *r);

/* Evenly in [0, below); below must not be 0. */
uint64_t rng_below(struct rng *r, uint64_t below);

#define RNG_UUID_SIZE 37

/* A random (version 4) UUID in lower case, with its NUL. */
void rng_uuid(struct rng *r, char out[RNG_UUID_SIZE]);

/* n bytes from the kernel; ends the program when it has none to give. */
void rng_secret(void *out, size_t n);

#endif
