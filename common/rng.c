#include "common/rng.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>

#include "common/log.h"

void
rng_init(struct rng *r, uint64_t seed)
{
	r->state = seed;
}

uint64_t
rng_next(struct rng *r)
{
	uint64_t z = (r->state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

uint64_t
rng_below(struct rng *r, uint64_t below)
{
	uint64_t limit, x;

	assert(below > 0);
	/* Numbers past the last whole multiple would favour small results. */
	limit = UINT64_MAX - UINT64_MAX % below;
	do
		x = rng_next(r);
	while (x >= limit);
	return x % below;
}

void
rng_uuid(struct rng *r, char out[RNG_UUID_SIZE])
{
	uint64_t hi = rng_next(r), lo = rng_next(r);

	hi = (hi & ~UINT64_C(0xf000)) | 0x4000;
	lo = (lo & ~(UINT64_C(3) << 62)) | UINT64_C(2) << 62;
	snprintf(out, RNG_UUID_SIZE,
	    "%08" PRIx64 "-%04" PRIx64 "-%04" PRIx64 "-%04" PRIx64
	    "-%012" PRIx64,
	    hi >> 32, hi >> 16 & 0xffff, hi & 0xffff, lo >> 48,
	    lo & UINT64_C(0xffffffffffff));
}

void
rng_secret(void *out, size_t n)
{
	char *p = out;

	while (n > 0) {
		ssize_t got = getrandom(p, n, 0);

		if (got <= 0)
			log_fatal("getrandom failed");
		p += got;
		n -= (size_t)got;
	}
}
