/*
 * uthash with a hash of our own, which takes eight bytes at a time where its
 * own ones go byte by byte: the one way to include it.
 */
#ifndef COMMON_TABLE_H
#define COMMON_TABLE_H

#ifdef UTHASH_H
#error "include common/table.h instead of uthash.h"
#endif

#include "common/hash.h"

#define HASH_FUNCTION(key, n, out)                         \
	do {                                               \
		(out) = hash_text((const char *)(key), n); \
	} while (0)

#include <uthash.h>

#endif
