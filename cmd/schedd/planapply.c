#include "cmd/schedd/planapply.h"

#include <stdlib.h>

#include "cmd/schedd/cores.h"
#include "cmd/schedd/fit.h"
#include "cmd/schedd/plant.h"
#include "cmd/schedd/portset.h"
#include "cmd/schedd/text.h"
#include "common/mem.h"
#include "common/text.h"

/* What the plan means for one node. */
struct node_part {
	const char *node_id;
	const struct alloc **adds; /* placed or written again */
	size_t nadds, cap;
	struct sched_usage freed; /* by what goes */
};

struct verify {
	const struct sched_state *st;
	struct map parts; /* node id to struct node_part */
	struct map gone;  /* alloc id to itself: stopped, or in adds */
};

static struct node_part *
part_of(struct verify *v, const char *node_id)
{
	struct node_part *p = map_find(&v->parts, node_id);

	if (p != NULL)
		return p;
	p = xcalloc(1, sizeof *p);
	p->node_id = node_id;
	map_put(&v->parts, node_id, p);
	return p;
}

static void
add(struct verify *v, const struct alloc *a)
{
	struct node_part *p = part_of(v, sched_str(a->node_id));

	if (p->nadds == p->cap)
		p->adds = xgrow(p->adds, p->nadds, &p->cap, sizeof *p->adds);
	p->adds[p->nadds++] = a;
}

/* It is not there any more, or anew in the plan. */
static void
take_out(struct verify *v, struct sched_alloc *a)
{
	if (map_put(&v->gone, a->id, a) == NULL && !sched_alloc_is_terminal(a))
		fit_usage_add(&part_of(v, a->node->id)->freed, a->usage, 1);
}

static void
stop(struct verify *v, const struct plan_stop *s)
{
	struct sched_alloc *a = sched_alloc_find(v->st, sched_str(s->alloc_id));

	if (a != NULL && (!sched_is_empty(s->desired_status) ||
			     sched_eq(s->client_status, "lost")))
		take_out(v, a);
}

struct port_taker {
	const struct sched_state *st;
	struct portset *ports;
};

static bool
take_port(void *ctx, const char *ip, int64_t port)
{
	const struct port_taker *t = ctx;

	return port <= 0 ||
	       portset_add(t->ports, sched_ip(t->st, sched_str(ip)), port);
}

static bool
is_no_port(void *ctx, const char *ip, int64_t port)
{
	(void)ctx;
	(void)ip;
	return port <= 0;
}

static bool
brings_ports(const struct node_part *p)
{
	for (size_t i = 0; i < p->nadds; i++)
		if (p->adds[i]->allocated_resources != NULL &&
		    !portset_each(
			p->adds[i]->allocated_resources, is_no_port, NULL))
			return true;
	return false;
}

static const char *
check_ports(const struct verify *v, const struct sched_node *n,
    const struct node_part *p)
{
	struct portset ports = { 0 };
	struct port_taker taker = { v->st, &ports };
	const struct sched_alloc *a;
	const char *bad = NULL;

	if (!brings_ports(p))
		return NULL;
	TAILQ_FOREACH (a, &n->allocs, by_node)
		for (size_t i = 0;
		     i < a->nports && !sched_alloc_is_terminal(a) &&
		     map_find(&v->gone, a->id) == NULL;
		     i++)
			portset_add(&ports, sched_alloc_ports(a)[i].ip,
			    sched_alloc_ports(a)[i].value);
	for (size_t i = 0; i < p->nadds && bad == NULL; i++)
		if (p->adds[i]->allocated_resources != NULL &&
		    !portset_each(
			p->adds[i]->allocated_resources, take_port, &taker))
			bad = "reserved port collision";
	portset_release(&ports);
	return bad;
}

/* Those of the node that are not terminal and stay. */
static size_t
count_staying(const struct verify *v, const struct sched_node *n)
{
	const struct sched_alloc *a;
	size_t count = 0;

	TAILQ_FOREACH (a, &n->allocs, by_node)
		count += !sched_alloc_is_terminal(a) &&
			 map_find(&v->gone, a->id) == NULL;
	return count;
}

/* A node may have hundreds of allocations: what they use together is known,
 * and only those that go are looked at. */
static const char *
check_room(const struct verify *v, const struct sched_node *n,
    const struct node_part *p)
{
	struct sched_usage used = n->usage, room, u;

	fit_usage_add(&used, &p->freed, -1);
	for (size_t i = 0; i < p->nadds; i++) {
		if (p->adds[i]->allocated_resources == NULL)
			continue;
		fit_usage(p->adds[i]->allocated_resources, &u);
		fit_usage_add(&used, &u, 1);
	}
	if (n->node->node_max_allocs > 0 &&
	    p->nadds + count_staying(v, n) > (size_t)n->node->node_max_allocs)
		return "max allocation exceeded";
	fit_node_room(n->node, &room);
	return fit_exceeded(&used, &room);
}

static bool
brings_cores(const struct node_part *p)
{
	for (size_t i = 0; i < p->nadds; i++) {
		const struct allocated_resources *r =
		    p->adds[i]->allocated_resources;

		for (size_t k = 0; r != NULL && k < r->ntasks; k++)
			if (r->tasks[k].cpu.nreserved_cores > 0)
				return true;
	}
	return false;
}

/* Nobody may have a core that another has alone. */
static const char *
check_cores(const struct verify *v, const struct sched_node *n,
    const struct node_part *p)
{
	struct coreset set = { { 0 } };
	struct arena arena = { 0 };
	const struct sched_alloc *a;
	struct alloc rec;
	bool ok = true;

	if (!brings_cores(p))
		return NULL;
	TAILQ_FOREACH (a, &n->allocs, by_node) {
		if (!a->complex || sched_alloc_is_terminal(a) ||
		    map_find(&v->gone, a->id) != NULL)
			continue;
		sched_alloc_decode(a, &arena, false, &rec);
		if (rec.allocated_resources != NULL)
			cores_add(&set, rec.allocated_resources);
	}
	for (size_t i = 0; i < p->nadds && ok; i++)
		if (p->adds[i]->allocated_resources != NULL)
			ok = cores_add(&set, p->adds[i]->allocated_resources);
	arena_release(&arena);
	return ok ? NULL : "cores";
}

/* Whether all that the plan adds exists there already. */
static bool
is_only_updates(const struct verify *v, const struct node_part *p)
{
	for (size_t i = 0; i < p->nadds; i++)
		if (sched_alloc_find(v->st, p->adds[i]->id) == NULL)
			return false;
	return true;
}

/* Whether it would run again what was stopped or evicted since the plan was
 * made, as another job's plan does that needs the room. */
static bool
is_revival(const struct verify *v, const struct node_part *p)
{
	for (size_t i = 0; i < p->nadds; i++) {
		const struct sched_alloc *a =
		    sched_alloc_find(v->st, p->adds[i]->id);

		if (a != NULL && a->desired != SCHED_RUN &&
		    sched_eq(p->adds[i]->desired_status, "run"))
			return true;
	}
	return false;
}

static const char *
check_node(const struct verify *v, const struct node_part *p)
{
	const struct sched_node *n = sched_node_find(v->st, p->node_id);
	const char *bad;

	if (is_revival(v, p))
		return "allocation was stopped meanwhile";
	if (is_only_updates(v, p))
		return NULL;
	if (n == NULL)
		return "node does not exist";
	if (!sched_eq(n->node->status, "ready"))
		return "node is not ready for placements";
	if (!sched_node_is_ready(n->node))
		return "node is not eligible";
	bad = check_room(v, n, p);
	if (bad == NULL)
		bad = check_cores(v, n, p);
	return bad != NULL ? bad : check_ports(v, n, p);
}

static void
refuse(struct planapply *out, const char *node_id, const char *why)
{
	map_put(&out->refused, node_id, text_borrow(why));
	out->whole = false;
}

void
planapply_verify(const struct sched_state *st, const struct cmd_plan *plan,
    struct planapply *out)
{
	struct verify v = { .st = st };

	*out = (struct planapply){ .whole = true };
	for (size_t i = 0; i < plan->nstops; i++)
		stop(&v, &plan->stops[i]);
	for (size_t i = 0; i < plan->npreempts; i++)
		stop(&v, &plan->preempts[i]);
	for (size_t i = 0; i < plan->nplaces; i++)
		add(&v, &plan->places[i]);
	for (size_t i = 0; i < plan->nupdates; i++) {
		struct sched_alloc *a =
		    sched_alloc_find(st, sched_str(plan->updates[i].id));

		if (a != NULL)
			take_out(&v, a);
		add(&v, &plan->updates[i]);
	}
	MAP_FOREACH (e, &v.parts) {
		struct node_part *p = map_value(e);
		const char *bad = check_node(&v, p);

		if (bad != NULL && !SCHED_PLANT(2))
			refuse(out, p->node_id, bad);
		free(p->adds);
		free(p);
	}
	map_release(&v.parts);
	map_release(&v.gone);
	out->nothing = plan->all_at_once && !out->whole;
}

bool
planapply_accepts(const struct planapply *p, const char *node_id)
{
	return !p->nothing && map_find(&p->refused, sched_str(node_id)) == NULL;
}

void
planapply_release(struct planapply *p)
{
	map_release(&p->refused);
}
