/*
 * What must hold at any time: no process runs for long that nobody wants. So
 * no allocation runs twice for longer than it takes to hear of it: the
 * servers want each name once (cluster_ghost.c), and a node that can hear
 * them stops what they do not want.
 */
#include <inttypes.h>
#include <stdio.h>

#include "tests/sim/cluster.h"

static bool
is_well(const struct cluster *c, const struct vnode *n)
{
	return n->up && n->cut_until_ms <= c->w.now &&
	       n->blind_until_ms <= c->w.now;
}

static void
look_at_proc(struct cluster *c, const struct sched_state *st,
    const struct vnode *n, struct proc *p)
{
	char id[SCHED_ID_SIZE];
	const struct sched_alloc *a;

	snprintf(id, sizeof id, "%.36s", p->key);
	a = sched_alloc_find(st, id);
	if (p->ended || (a != NULL && !sched_alloc_is_terminal(a))) {
		p->unwanted_ms = 0;
		return;
	}
	if (p->unwanted_ms == 0)
		p->unwanted_ms = c->w.now;
	if (c->w.now - p->unwanted_ms > CLUSTER_BOUND_MS &&
	    c->w.now - n->well_ms > CLUSTER_BOUND_MS &&
	    c->w.now - c->led_ms > CLUSTER_BOUND_MS)
		sim_fail(&c->w,
		    "TWICE: node %s runs %s, which nobody wants since %" PRIu64
		    " ms",
		    n->id, p->key, p->unwanted_ms);
}

void
cluster_look(struct cluster *c)
{
	struct vserver *leader = cluster_leader(c);

	if (leader == NULL || leader != c->last_leader)
		c->led_ms = c->w.now;
	c->last_leader = leader;
	for (size_t i = 0; i < c->o.nnodes; i++) {
		struct vnode *n = &c->nodes[i];

		if (!is_well(c, n))
			n->well_ms = c->w.now;
		if (leader == NULL)
			continue;
		MAP_FOREACH (e, &n->procs)
			look_at_proc(
			    c, sched_core_state(leader->core), n, map_value(e));
	}
	cluster_later(c, 1000, EV_LOOK, 0, 0);
}
