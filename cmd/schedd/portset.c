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

static bool
each_port(const struct network_resource *net, const struct port *ports,
    size_t n, portset_fn *fn, void *ctx)
{
	for (size_t i = 0; i < n; i++)
		if (!fn(ctx, net->ip, ports[i].value))
			return false;
	return true;
}

static bool
each_network(
    const struct network_resource *nets, size_t n, portset_fn *fn, void *ctx)
{
	for (size_t i = 0; i < n; i++)
		if (!each_port(&nets[i], nets[i].reserved_ports,
			nets[i].nreserved_ports, fn, ctx) ||
		    !each_port(&nets[i], nets[i].dynamic_ports,
			nets[i].ndynamic_ports, fn, ctx))
			return false;
	return true;
}

/* A group's ports stand in shared.ports; its networks repeat them. */
bool
portset_each(const struct allocated_resources *r, portset_fn *fn, void *ctx)
{
	for (size_t i = 0; i < r->shared.nports; i++)
		if (!fn(ctx, r->shared.ports[i].host_ip,
			r->shared.ports[i].value))
			return false;
	if (r->shared.nports == 0 &&
	    !each_network(r->shared.networks, r->shared.nnetworks, fn, ctx))
		return false;
	for (size_t i = 0; i < r->ntasks; i++)
		if (!each_network(
			r->tasks[i].networks, r->tasks[i].nnetworks, fn, ctx))
			return false;
	return true;
}
