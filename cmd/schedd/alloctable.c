/*
 * One slot after the other is tried. What is taken out leaves no mark: those
 * behind it that would not be found any more move up.
 */
#include "cmd/schedd/alloctable.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/state.h"
#include "common/hash.h"
#include "common/mem.h"

#define SLOTS_MIN 16

/* Of eight slots one is empty at least. */
static bool
is_full(const struct alloctable *t)
{
	return 8 * (t->n + 1) > 7 * t->nslots;
}

static size_t
next(const struct alloctable *t, size_t at)
{
	return (at + 1) & (t->nslots - 1);
}

static void
put(struct alloctable *t, uint32_t hash, struct sched_alloc *a)
{
	size_t at = hash & (t->nslots - 1);

	while (t->slots[at] != NULL)
		at = next(t, at);
	t->slots[at] = a;
	t->hashes[at] = hash;
}

static void
grow(struct alloctable *t)
{
	struct alloctable old = *t;

	t->nslots = old.nslots > 0 ? 2 * old.nslots : SLOTS_MIN;
	t->slots = xcalloc(t->nslots, sizeof *t->slots);
	t->hashes = xcalloc(t->nslots, sizeof *t->hashes);
	for (size_t i = 0; i < old.nslots; i++)
		if (old.slots[i] != NULL)
			put(t, old.hashes[i], old.slots[i]);
	free(old.slots);
	free(old.hashes);
}

struct sched_alloc *
alloctable_find(const struct alloctable *t, const char *id)
{
	uint32_t hash = hash_text(id, strlen(id));

	if (t->n == 0)
		return NULL;
	for (size_t at = hash & (t->nslots - 1); t->slots[at] != NULL;
	     at = next(t, at))
		if (t->hashes[at] == hash && strcmp(t->slots[at]->id, id) == 0)
			return t->slots[at];
	return NULL;
}

void
alloctable_add(struct alloctable *t, struct sched_alloc *a)
{
	if (is_full(t))
		grow(t);
	put(t, hash_text(a->id, strlen(a->id)), a);
	t->n++;
}

void
alloctable_remove(struct alloctable *t, const struct sched_alloc *a)
{
	size_t at = hash_text(a->id, strlen(a->id)) & (t->nslots - 1);
	size_t hole, mask = t->nslots - 1;

	while (t->slots[at] != a) {
		assert(t->slots[at] != NULL);
		at = next(t, at);
	}
	for (hole = at, at = next(t, at); t->slots[at] != NULL;
	     at = next(t, at)) {
		size_t home = t->hashes[at] & mask;

		/* Further from its home than the hole is from there. */
		if (((at - home) & mask) < ((at - hole) & mask))
			continue;
		t->slots[hole] = t->slots[at];
		t->hashes[hole] = t->hashes[at];
		hole = at;
	}
	t->slots[hole] = NULL;
	t->n--;
}

void
alloctable_release(struct alloctable *t)
{
	free(t->slots);
	free(t->hashes);
	*t = (struct alloctable){ 0 };
}
