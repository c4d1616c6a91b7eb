#include "cmd/schedd/portset.h"

#include <stdlib.h>

#include "common/mem.h"

static uint64_t
key_of(uint32_t ip, int64_t port)
{
	return ((uint64_t)ip << 32 | (uint64_t)port) + 1;
}

static size_t
place_of(const struct portset *p, uint64_t key)
{
	size_t i = (size_t)(key * UINT64_C(0x9e3779b97f4a7c15)) & (p->cap - 1);

	while (p->slots[i] != 0 && p->slots[i] != key)
		i = (i + 1) & (p->cap - 1);
	return i;
}

bool
portset_has(const struct portset *p, uint32_t ip, int64_t port)
{
	uint64_t key = key_of(ip, port);

	return p->cap > 0 && p->slots[place_of(p, key)] == key;
}

static void
grow(struct portset *p)
{
	struct portset bigger = { .cap = p->cap > 0 ? p->cap * 2 : 16 };

	bigger.slots = xcalloc(bigger.cap, sizeof *bigger.slots);
	for (size_t i = 0; i < p->cap; i++)
		if (p->slots[i] != 0)
			bigger.slots[place_of(&bigger, p->slots[i])] =
			    p->slots[i];
	bigger.n = p->n;
	free(p->slots);
	*p = bigger;
}

bool
portset_add(struct portset *p, uint32_t ip, int64_t port)
{
	uint64_t key = key_of(ip, port);
	size_t i;

	if (2 * p->n >= p->cap)
		grow(p);
	i = place_of(p, key);
	if (p->slots[i] == key)
		return false;
	p->slots[i] = key;
	p->n++;
	return true;
}

void
portset_release(struct portset *p)
{
	free(p->slots);
	*p = (struct portset){ 0 };
}
