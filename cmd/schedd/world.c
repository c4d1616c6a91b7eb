#include "cmd/schedd/world.h"

#include <stdlib.h>

#include "cmd/schedd/fit.h"
#include "cmd/schedd/portset.h"
#include "cmd/schedd/text.h"

#define AHEAD 8 /* nodes that are fetched before they are looked at */

bool
world_glob(const char *p, const char *s)
{
	const char *star = NULL, *resume = NULL;

	while (*s != '\0') {
		if (*p == '*') {
			star = ++p;
			resume = s;
		} else if (*p == *s) {
			p++;
			s++;
		} else if (star != NULL) {
			p = star;
			s = ++resume;
		} else {
			return false;
		}
	}
	while (*p == '*')
		p++;
	return *p == '\0';
}

bool
world_is_pool_meant(const struct job *job, const char *pool)
{
	return sched_eq(job->node_pool, "all") ||
	       sched_eq(job->node_pool, pool);
}

static bool
is_in_datacenters(const struct job *job, const char *datacenter)
{
	bool in = false;

	for (size_t i = 0; i < job->ndatacenters && !in; i++)
		in = world_glob(job->datacenters[i], datacenter);
	return in;
}

bool
world_is_meant(const struct job *job, const struct node *n)
{
	return world_is_pool_meant(job, n->node_pool) &&
	       is_in_datacenters(job, sched_str(n->datacenter));
}

/* Spreads the bits of a number; the finalizer of splitmix64. */
static uint64_t
mix(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

const struct nodetable_row *
world_row(const struct world *w, size_t no)
{
	return &w->table->rows[w->rows[no]];
}

static void
fill_node(const struct world *w, size_t no, struct world_node *n)
{
	const struct nodetable_row *row = world_row(w, no);

	*n = (struct world_node){ .sn = row->sn,
		.node = row->node,
		.room = row->room,
		.max_allocs = row->max_allocs,
		/* What is told to stop takes its room until it has. */
		.used = row->sn->held,
		.live = row->sn->nheld,
		.class_no = row->class_no,
		.tie = mix(w->chance + no * UINT64_C(0x9e3779b97f4a7c15)),
		.no = no };
}

static void
add_number(struct world *w, size_t row)
{
	w->rows[w->nnodes++] = (uint32_t)row;
	w->numbers[row] = (uint32_t)w->nnodes;
}

struct world_node *
world_candidate(struct world *w, size_t no)
{
	struct world_node *n = w->nodes[no];

	if (n != NULL)
		return n;
	n = arena_alloc(w->arena, sizeof *n);
	fill_node(w, no, n);
	w->nodes[no] = n;
	if (w->nmade == w->made_cap)
		w->made =
		    xgrow(w->made, w->nmade, &w->made_cap, sizeof *w->made);
	w->made[w->nmade++] = n;
	return n;
}

struct world_node *
world_peek(const struct world *w, size_t no, struct world_node *scratch)
{
	/* They are asked for one after the other, and each is elsewhere in
	 * memory. */
	if (no + AHEAD < w->ncandidates)
		__builtin_prefetch(&world_row(w, no + AHEAD)->sn->held);
	if (w->nodes[no] != NULL)
		return w->nodes[no];
	fill_node(w, no, scratch);
	return scratch;
}

/* counts: by group of the job's; made when first needed. */
static void
count_group(
    struct world *w, uint32_t **counts, const struct sched_alloc *a, int sign)
{
	size_t ngroups = w->job->ntask_groups;
	const char *group = sched_alloc_group(a);

	if (*counts == NULL)
		*counts = arena_alloc(w->arena, ngroups * sizeof **counts);
	for (size_t i = 0; i < ngroups; i++)
		if (sched_eq(w->job->task_groups[i].name, group))
			(*counts)[i] += (uint32_t)sign;
}

static void
note_own(struct world *w, struct world_node *n, const struct sched_alloc *a,
    int sign)
{
	if (a->job != w->sj || w->job == NULL || w->job->ntask_groups == 0)
		return;
	n->mine += (size_t)sign;
	count_group(w, &n->in_group, a, sign);
}

/* The job's own on a node that has been added late. */
static void
count_own(struct world *w, struct world_node *n)
{
	const struct sched_alloc *a;

	TAILQ_FOREACH (a, &n->sn->allocs, by_node)
		if (!sched_alloc_is_client_terminal(a))
			note_own(w, n, a, 1);
}

/* The candidate that the allocation is on, or NULL. */
static struct world_node *
candidate_of(struct world *w, const struct sched_alloc *a)
{
	size_t row = nodetable_find(w->table, a->node->id);

	return row < w->table->nrows && w->numbers[row] != 0
		   ? world_candidate(w, w->numbers[row] - 1)
		   : NULL;
}

/* The job's own on the candidates: it has few, all others have many. */
static void
count_all_own(struct world *w)
{
	const struct sched_alloc *a;
	struct world_node *n;

	TAILQ_FOREACH (a, &w->sj->allocs, by_job)
		if (!sched_alloc_is_client_terminal(a) &&
		    (n = candidate_of(w, a)) != NULL)
			note_own(w, n, a, 1);
}

/* Jobs of the same name in other namespaces are copies, as of a test and of
 * what it is a test for: those of a group are better apart. */
static void
count_namesakes(struct world *w)
{
	for (size_t i = 0; i < w->st->nnamespaces; i++) {
		const struct sched_job *j =
		    sched_job_entry(w->st, w->st->namespaces[i], w->sj->id);
		const struct sched_alloc *a;
		struct world_node *n;

		if (j == NULL || j == w->sj)
			continue;
		TAILQ_FOREACH (a, &j->allocs, by_job)
			if (!sched_alloc_is_terminal(a) &&
			    (n = candidate_of(w, a)) != NULL)
				count_group(w, &n->akin, a, 1);
	}
}

static int
by_key(const void *a, const void *b)
{
	const struct rec_ki *x = a, *y = b;

	return strcmp(x->key, y->key);
}

/* Which of the names the job may be in. */
static bool *
choose(struct world *w, const struct nodetable_names *l,
    bool (*is_meant)(const struct job *job, const char *name))
{
	bool *chosen = arena_alloc(w->arena, l->n + 1);

	for (size_t i = 0; i < l->n; i++)
		chosen[i] = is_meant(w->job, l->names[i]);
	return chosen;
}

static void
add_candidates(struct world *w)
{
	const struct nodetable *t = w->table;
	const bool *pools = choose(w, &t->pools, world_is_pool_meant);
	const bool *datacenters = choose(w, &t->datacenters, is_in_datacenters);
	int64_t *counts =
	    arena_alloc(w->arena, (t->datacenters.n + 1) * sizeof *counts);

	for (size_t i = 0; i < t->nrows; i++) {
		const struct nodetable_row *row = &t->rows[i];

		if (!row->is_ready || !pools[row->pool_no] ||
		    !datacenters[row->datacenter_no])
			continue;
		add_number(w, i);
		counts[row->datacenter_no]++;
	}
	w->ncandidates = w->nnodes;
	w->available = xcalloc(t->datacenters.n + 1, sizeof *w->available);
	for (size_t i = 0; i < t->datacenters.n; i++)
		if (counts[i] > 0)
			w->available[w->navailable++] =
			    (struct rec_ki){ t->datacenters.names[i],
				    counts[i] };
	qsort(w->available, w->navailable, sizeof *w->available, by_key);
}

void
world_init(struct world *w, const struct sched_state *st,
    const struct nodetable *table, const struct sched_job *sj,
    const struct job *job, struct arena *arena, struct rng *rng)
{
	size_t nrows;

	*w = (struct world){ .st = st,
		.sj = sj,
		.job = job,
		.arena = arena,
		.rng = rng,
		.table = table,
		.chance = rng_next(rng) };
	if (table == NULL) {
		nodetable_refresh(&w->own_table, st);
		w->table = &w->own_table;
	}
	nrows = w->table->nrows;
	w->rows = xcalloc(nrows + 1, sizeof *w->rows);
	w->nodes = xcalloc(nrows + 1, sizeof(struct world_node *));
	w->numbers = xcalloc(nrows + 1, sizeof *w->numbers);
	if (job == NULL)
		return;
	add_candidates(w);
	if (sj == NULL || job->ntask_groups == 0)
		return;
	count_all_own(w);
	count_namesakes(w);
}

void
world_release(struct world *w)
{
	for (size_t i = 0; i < w->nmade; i++)
		portset_release(&w->made[i]->ports);
	free(w->available);
	free(w->rows);
	free(w->nodes);
	free(w->numbers);
	free(w->made);
	free(w->changed);
	map_release(&w->gone);
	nodetable_release(&w->own_table);
	*w = (struct world){ 0 };
}

struct world_node *
world_node(struct world *w, const struct sched_node *sn)
{
	size_t row = nodetable_find(w->table, sn->id);
	struct world_node *n;

	if (row == w->table->nrows)
		return NULL;
	if (w->numbers[row] != 0)
		return world_candidate(w, w->numbers[row] - 1);
	add_number(w, row);
	n = world_candidate(w, w->nnodes - 1);
	count_own(w, n);
	return n;
}

static void
changed(struct world *w, struct world_node *n)
{
	if (w->nchanged == w->changed_cap)
		w->changed = xgrow(w->changed, w->nchanged, &w->changed_cap,
		    sizeof *w->changed);
	w->changed[w->nchanged++] = n->no;
}

static void
forget_ports(struct world_node *n)
{
	portset_release(&n->ports);
	n->has_ports = false;
}

/* Takes what an allocation uses from its node, or gives it back. */
static void
move(struct world *w, const struct sched_alloc *a, int sign)
{
	struct world_node *n = world_node(w, a->node);

	if (n == NULL || sched_alloc_is_client_terminal(a))
		return;
	fit_usage_add(&n->used, a->usage, sign);
	n->live += (size_t)sign;
	note_own(w, n, a, sign);
	if (a->nports > 0)
		forget_ports(n);
	changed(w, n);
}

void
world_remove(struct world *w, const struct sched_alloc *a)
{
	union {
		const struct sched_alloc *in;
		void *out;
	} borrowed = { .in = a };

	if (map_find(&w->gone, a->id) != NULL)
		return;
	move(w, a, -1);
	map_put(&w->gone, a->id, borrowed.out);
}

void
world_restore(struct world *w, const struct sched_alloc *a)
{
	if (map_remove(&w->gone, a->id) != NULL)
		move(w, a, 1);
}

bool
world_has(const struct world *w, const struct sched_alloc *a)
{
	return map_find(&w->gone, a->id) == NULL;
}

void
world_akin(struct world *w, const struct sched_alloc *a)
{
	struct world_node *n = world_node(w, a->node);

	if (n == NULL || w->job == NULL || w->job->ntask_groups == 0)
		return;
	count_group(w, &n->akin, a, 1);
	changed(w, n);
}

struct port_taker {
	const struct sched_state *st;
	struct portset *ports;
};

static bool
take_port(void *ctx, const char *ip, int64_t port)
{
	const struct port_taker *t = ctx;

	portset_add(t->ports, sched_ip(t->st, sched_str(ip)), port);
	return true;
}

static void
take_ports(
    struct world *w, struct world_node *n, const struct allocated_resources *r)
{
	struct port_taker t = { w->st, &n->ports };

	portset_each(r, take_port, &t);
}

void
world_place(struct world *w, struct world_node *n,
    const struct sched_usage *usage, size_t group,
    const struct allocated_resources *resources)
{
	struct world_add *add = arena_alloc(w->arena, sizeof *add);
	size_t ngroups = w->job->ntask_groups;

	*add = (struct world_add){ *usage, group, resources, n->adds };
	n->adds = add;
	fit_usage_add(&n->used, usage, 1);
	n->live++;
	n->mine++;
	if (n->in_group == NULL)
		n->in_group =
		    arena_alloc(w->arena, ngroups * sizeof *n->in_group);
	if (group < ngroups)
		n->in_group[group]++;
	if (n->has_ports)
		take_ports(w, n, resources);
	changed(w, n);
}

const struct portset *
world_ports(struct world *w, struct world_node *n)
{
	const struct sched_alloc *a;

	if (n->has_ports)
		return &n->ports;
	n->has_ports = true;
	TAILQ_FOREACH (a, &n->sn->allocs, by_node)
		for (size_t i = 0;
		     i < a->nports && !sched_alloc_is_terminal(a) &&
		     world_has(w, a);
		     i++)
			portset_add(&n->ports, sched_alloc_ports(a)[i].ip,
			    sched_alloc_ports(a)[i].value);
	for (struct world_add *add = n->adds; add != NULL; add = add->next)
		take_ports(w, n, add->resources);
	return &n->ports;
}

struct port_seeker {
	const struct sched_state *st;
	uint32_t ip;
	int64_t port;
};

static bool
is_another_port(void *ctx, const char *ip, int64_t port)
{
	const struct port_seeker *s = ctx;

	return port != s->port || sched_ip(s->st, sched_str(ip)) != s->ip;
}

bool
world_places_port(const struct world *w, const struct world_node *n,
    uint32_t ip, int64_t port)
{
	struct port_seeker s = { w->st, ip, port };

	for (const struct world_add *add = n->adds; add != NULL;
	     add = add->next)
		if (!portset_each(add->resources, is_another_port, &s))
			return true;
	return false;
}
