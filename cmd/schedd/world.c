#include "cmd/schedd/world.h"

#include <stdlib.h>

#include "cmd/schedd/fit.h"
#include "cmd/schedd/portset.h"
#include "cmd/schedd/text.h"

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
world_is_meant(const struct job *job, const struct node *n)
{
	bool in = false;

	if (!sched_eq(job->node_pool, "all") &&
	    !sched_eq(job->node_pool, n->node_pool))
		return false;
	for (size_t i = 0; i < job->ndatacenters && !in; i++)
		in = world_glob(job->datacenters[i], sched_str(n->datacenter));
	return in;
}

static size_t
class_number(struct world *w, const char *computed_class)
{
	size_t *no = map_find(&w->classes, sched_str(computed_class));

	if (no != NULL)
		return *no;
	no = arena_alloc(w->arena, sizeof *no);
	*no = w->nclasses++;
	map_put(&w->classes, sched_str(computed_class), no);
	return *no;
}

static struct world_node *
add_node(struct world *w, const struct sched_node *sn)
{
	struct world_node *n = arena_alloc(w->arena, sizeof *n);

	n->sn = sn;
	n->node = sn->node;
	/* What is told to stop takes its room until it has. */
	n->used = sn->held;
	n->live = sn->nheld;
	fit_node_room(sn->node, &n->room);
	n->class_no = class_number(w, sn->node->computed_class);
	n->tie = rng_next(w->rng);
	n->no = w->nnodes;
	if (w->nnodes == w->cap)
		w->nodes =
		    xgrow(w->nodes, w->nnodes, &w->cap, sizeof *w->nodes);
	w->nodes[w->nnodes++] = n;
	map_put(&w->by_id, sn->id, n);
	return n;
}

static void
use(struct sched_usage *u, const struct sched_usage *d, int64_t sign)
{
	u->cpu += sign * d->cpu;
	u->memory_mb += sign * d->memory_mb;
	u->memory_max_mb += sign * d->memory_max_mb;
	u->disk_mb += sign * d->disk_mb;
}

static void
note_own(struct world *w, struct world_node *n, const struct sched_alloc *a,
    int sign)
{
	size_t ngroups = w->job != NULL ? w->job->ntask_groups : 0;
	const char *group = sched_alloc_group(a);

	if (a->job != w->sj || ngroups == 0)
		return;
	n->mine += (size_t)sign;
	if (n->in_group == NULL)
		n->in_group =
		    arena_alloc(w->arena, ngroups * sizeof *n->in_group);
	for (size_t i = 0; i < ngroups; i++)
		if (sched_eq(w->job->task_groups[i].name, group))
			n->in_group[i] += (uint32_t)sign;
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

/* The job's own on the candidates: it has few, all others have many. */
static void
count_all_own(struct world *w)
{
	const struct sched_alloc *a;

	if (w->sj == NULL)
		return;
	TAILQ_FOREACH (a, &w->sj->allocs, by_job) {
		struct world_node *n = map_find(&w->by_id, a->node->id);

		if (n != NULL && !sched_alloc_is_client_terminal(a))
			note_own(w, n, a, 1);
	}
}

static int
by_key(const void *a, const void *b)
{
	const struct rec_ki *x = a, *y = b;

	return strcmp(x->key, y->key);
}

static void
count_available(struct world *w, const char *datacenter)
{
	for (size_t i = 0; i < w->navailable; i++)
		if (sched_eq(w->available[i].key, datacenter)) {
			w->available[i].value++;
			return;
		}
	w->available = xreallocarray(
	    w->available, w->navailable + 1, sizeof *w->available);
	w->available[w->navailable++] =
	    (struct rec_ki){ xstrdup(sched_str(datacenter)), 1 };
}

void
world_init(struct world *w, const struct sched_state *st,
    const struct sched_job *sj, const struct job *job, struct arena *arena,
    struct rng *rng)
{
	*w = (struct world){
		.st = st, .sj = sj, .job = job, .arena = arena, .rng = rng
	};
	if (job == NULL)
		return;
	for (const struct sched_node *n = st->nodes; n != NULL;
	     n = n->hh.next) {
		if (n->node == NULL || !sched_node_is_ready(n->node) ||
		    !world_is_meant(job, n->node))
			continue;
		add_node(w, n);
		count_available(w, n->node->datacenter);
	}
	count_all_own(w);
	w->ncandidates = w->nnodes;
	if (w->navailable > 0)
		qsort(
		    w->available, w->navailable, sizeof *w->available, by_key);
}

void
world_release(struct world *w)
{
	for (size_t i = 0; i < w->nnodes; i++)
		portset_release(&w->nodes[i]->ports);
	for (size_t i = 0; i < w->navailable; i++)
		free(w->available[i].key);
	free(w->available);
	free(w->nodes);
	free(w->changed);
	map_release(&w->by_id);
	map_release(&w->gone);
	map_release(&w->classes);
	*w = (struct world){ 0 };
}

struct world_node *
world_node(struct world *w, const struct sched_node *sn)
{
	struct world_node *n = map_find(&w->by_id, sn->id);

	if (n != NULL || sn->node == NULL)
		return n;
	n = add_node(w, sn);
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
	use(&n->used, &a->usage, sign);
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
	use(&n->used, usage, 1);
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
			portset_add(
			    &n->ports, a->ports[i].ip, a->ports[i].value);
	for (struct world_add *add = n->adds; add != NULL; add = add->next)
		take_ports(w, n, add->resources);
	return &n->ports;
}
