/*
 * A quick hash of a short text, for tables in memory: other machines may give
 * other numbers, so none is written or sent. Not against those who choose the
 * bytes.
 */
#ifndef COMMON_HASH_H
#define COMMON_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define HASH_ODD UINT64_C(0x9e3779b97f4a7c15)

static inline uint64_t
hash_mix(uint64_t h, const char *s)
{
	uint64_t v;

	memcpy(&v, s, sizeof v);
	h = (h ^ v) * HASH_ODD;
	return h ^ h >> 32;
}

/* What the last bytes are about has come no further than the upper bits. */
static inline uint32_t
hash_end(uint64_t h)
{
	return (uint32_t)(h * HASH_ODD >> 32);
}

/* Eight bytes at a time; the last eight overlap. */
static inline uint32_t
hash_text(const char *s, size_t n)
{
	uint64_t h = n;
	char few[8] = { 0 };

	if (n < 8) {
		memcpy(few, s, n);
		return hash_end(hash_mix(h, few));
	}
	for (size_t i = 0; i + 8 < n; i += 8)
		h = hash_mix(h, s + i);
	return hash_end(hash_mix(h, s + n - 8));
}

#endif
