/*
 * Many allocations, one release. What a decoded message needs comes from an
 * arena and goes with it. A zeroed struct arena is an empty one.
 */
#ifndef COMMON_ARENA_H
#define COMMON_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *blocks;
	size_t used;   /* bytes handed out */
	bool is_small; /* set it for one that is kept for long and holds little;
			* arena_release() clears it */
};

/* Zeroed memory, aligned for any type, valid until arena_release(). */
void *arena_alloc(struct arena *a, size_t n) __attribute__((returns_nonnull));
char *arena_strndup(struct arena *a, const char *s, size_t n)
    __attribute__((returns_nonnull));

/* Frees everything; the arena is then an empty one. */
void arena_release(struct arena *a);

#endif
