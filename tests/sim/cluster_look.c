/*
 * What must hold at any time: no process runs for long that nobody wants. So
 * no allocation runs twice for longer than it takes to hear of it: the
 * servers want each name once (cluster_ghost.c), and a node that can hear
 * them stops what they do not want.
 */
#include <inttypes.h>
#include <string.h>

#include "tests/sim/cluster.h"

#define LOOK_MS 2500

static uint64_t
later_of(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Since when the node could be told what is wanted. */
static uint64_t
well_since(const struct vnode *n)
{
	return later_of(
	    n->well_ms, later_of(n->cut_until_ms, n->blind_until_ms));
}

/* ... by the slowest clock. */
static uint64_t
bound_ms(const struct cluster *c)
{
	return sim_counting(-(int64_t)c->w.o.skew_ppm, CLUSTER_BOUND_MS);
}

static void
look_at_proc(struct cluster *c, const struct vserver *leader,
    const struct vnode *n, struct proc *p)
{
	char id[SCHED_ID_SIZE];
	const struct sched_alloc *a;
	uint64_t since;

	memcpy(id, p->key, sizeof id - 1);
	id[sizeof id - 1] = '\0';
	a = sched_alloc_find(sched_core_state(leader->core), id);
	if (p->ended || (a != NULL && !sched_alloc_is_terminal(a))) {
		p->unwanted_ms = 0;
		return;
	}
	if (p->unwanted_ms == 0)
		p->unwanted_ms = c->w.now;
	since =
	    later_of(p->unwanted_ms, later_of(well_since(n), leader->led_ms));
	if (since + bound_ms(c) < c->w.now)
		sim_fail(&c->w,
		    "TWICE: node %s runs %s, which nobody wants since %" PRIu64
		    " ms",
		    n->id, p->key, p->unwanted_ms);
}

void
cluster_look(struct cluster *c)
{
	struct vserver *leader = cluster_leader(c);

	for (size_t i = 0; leader != NULL && i < c->o.nnodes; i++)
		if (c->nodes[i].up)
			MAP_FOREACH (e, &c->nodes[i].procs)
				look_at_proc(
				    c, leader, &c->nodes[i], map_value(e));
	cluster_later(c, LOOK_MS, EV_LOOK, 0, 0);
}
