/*
 * Recorded cases of single functions: ports on a node, nodes that are alike,
 * jobs that are never run themselves; see scheduler/README.md.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/core_job.h"
#include "cmd/schedd/nodeclass.h"
#include "cmd/schedd/portassign.h"
#include "cmd/schedd/state_put.h"
#include "common/mem.h"
#include "tests/lib/vectors.h"

static void *
read_rec(const struct rec_type *type, const struct tree *t)
{
	void *rec = xcalloc(1, type->size);

	if (t != NULL && rec_from_tree(type, rec, t, NULL) == -1)
		abort();
	return rec;
}

static int64_t
number_of(const struct tree *t, const char *name)
{
	const struct tree *v = tree_get(t, name);

	return v != NULL && v->kind == TREE_INT ? v->i : 0;
}

/* --- ports --- */

/* A node with its allocations' ports, and what is asked of it. */
struct netcase {
	struct sched_state st;
	struct world w;
	struct arena arena;
	struct rng rng;
	struct world_node *n;
	bool collide; /* two of the allocations have the same port */
};

static bool
has_ended(const struct tree *alloc)
{
	const char *client = vector_str(alloc, "ClientStatus");

	return strcmp(client, "complete") == 0 ||
	       strcmp(client, "failed") == 0 || strcmp(client, "lost") == 0;
}

static bool
take_port(void *ctx, const char *ip, int64_t port)
{
	struct netcase *c = ctx;

	c->collide |= !portset_add(&c->n->ports, sched_ip(&c->st, ip), port);
	return true;
}

static void
netcase_init(struct netcase *c, const struct tree *t)
{
	struct node *node = read_rec(&node_type, tree_get(t, "Node"));
	const struct tree *allocs = tree_get(t, "Allocations");
	const char *id = node->id;

	memset(c, 0, sizeof *c);
	rng_init(&c->rng, (uint64_t)number_of(t, "Case"));
	sched_state_init(&c->st);
	sched_put_node(&c->st, node, 1);
	world_init(&c->w, &c->st, NULL, NULL, NULL, &c->arena, &c->rng);
	c->n = world_node(&c->w, sched_node_find(&c->st, id));
	c->n->has_ports = true;
	for (size_t i = 0; i < vector_count(allocs); i++) {
		const struct tree *a = allocs->items[i];
		struct allocated_resources *r =
		    read_rec(&allocated_resources_type,
			tree_get(a, "AllocatedResources"));

		if (!has_ended(a))
			portset_each(r, take_port, c);
		rec_clear(&allocated_resources_type, r);
		free(r);
	}
}

static void
netcase_release(struct netcase *c)
{
	world_release(&c->w);
	sched_state_release(&c->st);
	arena_release(&c->arena);
}

/* A dynamic port is any free one of the node's range. */
static bool
is_port(const struct netcase *c, const struct tree *want,
    const struct port_mapping *got)
{
	const struct node_resources *r = c->n->node->node_resources;
	int64_t to =
	    vector_bool(want, "ToIsValue") ? got->value : number_of(want, "To");

	if (strcmp(vector_str(want, "HostIP"), got->host_ip) != 0 ||
	    to != got->to)
		return false;
	if (!vector_bool(want, "Dynamic"))
		return number_of(want, "Value") == got->value;
	return got->value >= r->min_dynamic_port &&
	       got->value <= r->max_dynamic_port &&
	       !portset_has(
		   &c->n->ports, sched_ip(&c->st, got->host_ip), got->value);
}

static bool
are_ports(const struct netcase *c, const struct tree *want,
    const struct allocated_resources *got, struct buf *why)
{
	for (size_t i = 0; i < vector_count(want); i++) {
		const struct tree *p = want->items[i];
		const struct port_mapping *found = NULL;

		for (size_t k = 0; k < got->shared.nports; k++)
			if (strcmp(vector_str(p, "Label"),
				got->shared.ports[k].label) == 0)
				found = &got->shared.ports[k];
		if (found == NULL || !is_port(c, p, found)) {
			buf_addf(why, "%s: got %s:%" PRId64 " to %" PRId64,
			    vector_str(p, "Label"),
			    found != NULL ? found->host_ip : "none",
			    found != NULL ? found->value : 0,
			    found != NULL ? found->to : 0);
			return false;
		}
	}
	return vector_count(want) == got->shared.nports;
}

static bool
run_fn_network(const struct tree *t, struct buf *why)
{
	const struct tree *want = tree_get(t, "Expect");
	struct allocated_resources got = { 0 };
	struct task_group tg = { .nnetworks = 1 };
	struct netcase c;
	const char *bad;
	bool ok;

	netcase_init(&c, t);
	tg.networks = read_rec(&network_resource_type, tree_get(t, "Ask"));
	bad = portassign(&c.w, c.n, &tg, NULL, &got);
	if (bad == NULL)
		bad = "";
	ok = strcmp(bad, vector_str(want, "AssignPortsError")) == 0 &&
	     (*bad != '\0' ||
		 are_ports(&c, tree_get(want, "AssignPorts"), &got, why));
	if (!ok)
		buf_addf(why, "; error \"%s\"", bad);
	if (c.collide != vector_bool(want, "AddAllocsCollide")) {
		buf_addf(why, "; collide %d", c.collide);
		ok = false;
	}
	rec_clear(&allocated_resources_type, &got);
	rec_clear(&network_resource_type, tg.networks);
	free(tg.networks);
	netcase_release(&c);
	return ok;
}

/* --- classes of nodes --- */

static bool
are_alike(const struct tree *nodes)
{
	char *classes[2];
	bool same;

	for (size_t i = 0; i < 2; i++) {
		struct node *n = read_rec(&node_type, nodes->items[i]);

		classes[i] = nodeclass_of(n);
		rec_clear(&node_type, n);
		free(n);
	}
	same = strcmp(classes[0], classes[1]) == 0;
	free(classes[0]);
	free(classes[1]);
	return same;
}

static bool
run_fn_computed_class(const struct tree *t, struct buf *why)
{
	const struct tree *want = tree_get(t, "Expect");
	const struct tree *nodes = tree_get(t, "Nodes");
	const char *name = nodes != NULL ? "SameComputedClass" : "Escapes";
	bool got = nodes != NULL ? are_alike(nodes)
				 : nodeclass_escapes(vector_str(t, "LTarget"));

	if (got == vector_bool(want, name))
		return true;
	buf_addf(why, "%s%s: %s: got %d", vector_str(t, "Change"),
	    vector_str(t, "LTarget"), name, got);
	return false;
}

/* --- kinds of jobs --- */

static bool
run_fn_job_kinds(const struct tree *t, struct buf *why)
{
	const struct tree *want = tree_get(t, "Expect");
	struct job *job = read_rec(&job_type, tree_get(t, "Job"));
	bool evaluated = !core_job_is_parent(job);
	bool ok = evaluated == vector_bool(want, "RegisterCreatesEvaluation");

	if (!ok)
		buf_addf(why, "evaluated: got %d", evaluated);
	rec_clear(&job_type, job);
	free(job);
	return ok;
}

static const struct vector_kind kinds[] = {
	{ "fn_network", run_fn_network, 57 },
	{ "fn_computed_class", run_fn_computed_class, 52 },
	{ "fn_job_kinds", run_fn_job_kinds, VECTOR_ALL },
};

VECTORS_MAIN("scheduler", "tests/vectors/scheduler/%s.jsonl", kinds)
