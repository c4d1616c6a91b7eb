#include "common/arena.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

#define BLOCK_SMALL 256 /* the first of an arena that is small */
#define BLOCK_MIN   4096

struct arena_block {
	struct arena_block *next;
	size_t used;
	size_t size;
	_Alignas(max_align_t) char bytes[];
};

/*
 * One block that each thread keeps for its next arena: most live as long as a
 * message is looked at, and malloc() is slow with pieces of that size. A
 * sanitizer is to see what is used too long.
 */
static _Thread_local struct arena_block *kept;

static bool
may_keep(const struct arena_block *b)
{
#ifdef __SANITIZE_ADDRESS__
	(void)b;
	return false;
#else
	return kept == NULL && b->size == BLOCK_MIN;
#endif
}

static struct arena_block *
block_new(size_t n, size_t least, struct arena_block *next)
{
	size_t size = n > least ? n : least;
	struct arena_block *b = kept;

	if (b == NULL || size != BLOCK_MIN)
		b = xmalloc(sizeof *b + size);
	else
		kept = NULL;
	b->next = next;
	b->used = 0;
	b->size = size;
	return b;
}

void *
arena_alloc(struct arena *a, size_t n)
{
	struct arena_block *b = a->blocks;
	char *p;

	assert(n < SIZE_MAX / 4);
	n = (n + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
	if (b == NULL || b->size - b->used < n)
		b = a->blocks = block_new(
		    n, a->is_small && b == NULL ? BLOCK_SMALL : BLOCK_MIN, b);
	p = b->bytes + b->used;
	b->used += n;
	a->used += n;
	return memset(p, 0, n);
}

char *
arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *d = arena_alloc(a, n + 1);

	memcpy(d, s, n);
	return d;
}

void
arena_release(struct arena *a)
{
	struct arena_block *next;

	for (struct arena_block *b = a->blocks; b != NULL; b = next) {
		next = b->next;
		if (may_keep(b))
			kept = b;
		else
			free(b);
	}
	*a = (struct arena){ 0 };
}
