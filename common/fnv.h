/*
 * FNV-1a, 64 bits: the same bytes give the same number on every machine and
 * after every restart. Not for secrets, and not against those who choose the
 * bytes. http://www.isthe.com/chongo/tech/comp/fnv/
 */
#ifndef COMMON_FNV_H
#define COMMON_FNV_H

#include <stddef.h>
#include <stdint.h>

#define FNV_BEGIN UINT64_C(14695981039346656037)

/* The hash so far, FNV_BEGIN at first, and n bytes more. */
static inline uint64_t
fnv_add(uint64_t h, const void *p, size_t n)
{
	const unsigned char *at = p;

	for (size_t i = 0; i < n; i++)
		h = (h ^ at[i]) * UINT64_C(1099511628211);
	return h;
}

#endif
