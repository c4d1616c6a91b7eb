#include "cmd/schedd/cores.h"

#include "cmd/schedd/text.h"

bool
cores_has(const struct coreset *set, int64_t no)
{
	return no >= 0 && no < CORES_MAX &&
	       (set->words[no / 64] >> (no % 64) & 1) != 0;
}

bool
cores_add(struct coreset *set, const struct allocated_resources *r)
{
	bool ok = true;

	for (size_t i = 0; i < r->ntasks; i++) {
		const struct allocated_cpu_resources *c = &r->tasks[i].cpu;

		for (size_t k = 0; k < c->nreserved_cores; k++) {
			int64_t no = c->reserved_cores[k];

			if (no < 0 || no >= CORES_MAX || cores_has(set, no)) {
				ok = false;
				continue;
			}
			set->words[no / 64] |= UINT64_C(1) << (no % 64);
		}
	}
	return ok;
}

int64_t
cores_wanted(const struct task_group *tg)
{
	int64_t n = 0;

	for (size_t i = 0; i < tg->ntasks; i++)
		if (tg->tasks[i].resources != NULL)
			n += tg->tasks[i].resources->cores;
	return n;
}

int64_t
cores_mhz(const struct node *n)
{
	const struct node_cpu_resources *c;

	if (n->node_resources == NULL)
		return 0;
	c = &n->node_resources->cpu;
	return c->total_cpu_cores > 0
		   ? c->cpu_shares / (int64_t)c->total_cpu_cores
		   : 0;
}

static void
add_used(struct world *w, struct world_node *n, struct coreset *used)
{
	const struct sched_alloc *a;
	struct alloc rec;

	TAILQ_FOREACH (a, &n->sn->allocs, by_node) {
		if (!a->complex || sched_alloc_is_client_terminal(a) ||
		    !world_has(w, a))
			continue;
		sched_alloc_decode(a, w->arena, false, &rec);
		if (rec.allocated_resources != NULL)
			cores_add(used, rec.allocated_resources);
	}
	for (struct world_add *add = n->adds; add != NULL; add = add->next)
		cores_add(used, add->resources);
}

size_t
cores_free(struct world *w, struct world_node *n, int64_t *out, size_t max)
{
	struct coreset used = { { 0 } };
	const struct node_cpu_resources *c;
	size_t found = 0;

	if (n->node->node_resources == NULL)
		return 0;
	c = &n->node->node_resources->cpu;
	add_used(w, n, &used);
	for (size_t i = 0; i < c->nreservable_cpu_cores && found < max; i++)
		if (!cores_has(&used, c->reservable_cpu_cores[i]))
			out[found++] = c->reservable_cpu_cores[i];
	return found;
}
