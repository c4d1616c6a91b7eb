#include "cmd/schedd/lease.h"

#include <stdlib.h>

#include "common/mem.h"

struct lease {
	char *node_id;
	struct due due;
};

uint64_t
lease_term_ms(const struct lease_rule *rule, size_t nnodes)
{
	uint64_t ms = rule->rate > 0 ? nnodes * UINT64_C(1000) / rule->rate : 0;

	return ms > rule->min_ms ? ms : rule->min_ms;
}

static void
lease_free(struct lease *l)
{
	free(l->node_id);
	free(l);
}

void
leases_release(struct leases *l)
{
	MAP_FOREACH (e, &l->nodes)
		lease_free(map_value(e));
	map_release(&l->nodes);
	dues_release(&l->dues);
	*l = (struct leases){ 0 };
}

size_t
leases_count(const struct leases *l)
{
	return map_count(&l->nodes);
}

void
lease_set(struct leases *l, const char *node_id, uint64_t ms, uint64_t now_ms)
{
	struct lease *lease = map_find(&l->nodes, node_id);

	if (lease == NULL) {
		lease = xcalloc(1, sizeof *lease);
		lease->node_id = xstrdup(node_id);
		map_put(&l->nodes, node_id, lease);
	}
	due_remove(&l->dues, &lease->due);
	due_add(&l->dues, &lease->due, now_ms + ms);
}

uint64_t
lease_renew(struct leases *l, const char *node_id,
    const struct lease_rule *rule, struct rng *rng, uint64_t now_ms)
{
	size_t n = leases_count(l);
	uint64_t term = lease_term_ms(rule, n);

	if (term > 0)
		term += rng_below(rng, term);
	lease_set(l, node_id, term + rule->grace_ms, now_ms);
	return term;
}

void
lease_end(struct leases *l, const char *node_id)
{
	struct lease *lease = map_find(&l->nodes, node_id);

	if (lease == NULL)
		return;
	map_remove(&l->nodes, node_id);
	due_remove(&l->dues, &lease->due);
	lease_free(lease);
}

void
leases_extend(struct leases *l, uint64_t ms)
{
	/* All by the same: the heap's order stays. */
	for (size_t i = 0; i < l->dues.n; i++)
		l->dues.heap[i]->at_ms += ms;
}

const char *
lease_expired(const struct leases *l, uint64_t now_ms)
{
	struct due *d = due_first(&l->dues);

	return d != NULL && d->at_ms <= now_ms
		   ? DUE_OF(d, struct lease, due)->node_id
		   : NULL;
}

uint64_t
lease_due_ms(const struct leases *l)
{
	const struct due *d = due_first(&l->dues);

	return d != NULL ? d->at_ms : UINT64_MAX;
}
