/* A played node goes down, with its machine or without, and comes back. */
#include <stdlib.h>

#include "common/mem.h"
#include "tests/sim/cluster.h"
#include "tests/sim/cluster_node.h"

/* What nodeagent has on its disk: two records for each allocation. */
static void
save(struct vnode *n)
{
	n->disk = xcalloc(2 * map_count(&n->runs), sizeof *n->disk);
	n->ndisk = 0;
	MAP_FOREACH (e, &n->runs) {
		const struct alloc_run *run = map_value(e);
		struct alloc_saved saved;

		alloc_run_save(run, &saved);
		rec_pack(&alloc_type, run->alloc, &n->disk[n->ndisk++]);
		rec_pack(&alloc_saved_type, &saved, &n->disk[n->ndisk++]);
		rec_clear(&alloc_saved_type, &saved);
	}
}

static void
forget_agent(struct vnode *n)
{
	MAP_FOREACH (e, &n->runs)
		alloc_run_free(map_value(e));
	map_release(&n->runs);
	map_release(&n->stopped);
	map_release(&n->forgotten);
	node_link_release(n);
	n->up = false;
	n->epoch++;
}

static void
forget_disk(struct vnode *n)
{
	for (size_t i = 0; i < n->ndisk; i++)
		buf_release(&n->disk[i]);
	free(n->disk);
	n->disk = NULL;
	n->ndisk = 0;
}

static void
forget_procs(struct vnode *n)
{
	MAP_FOREACH (e, &n->procs) {
		struct proc *p = map_value(e);

		free(p->key);
		free(p);
	}
	map_release(&n->procs);
}

void
node_release(struct vnode *n)
{
	forget_agent(n);
	forget_disk(n);
	forget_procs(n);
}

/* A third of the machines that crash never return. */
void
node_crash(struct cluster *c, struct vnode *n, bool machine)
{
	if (!n->up || !c->wild)
		return;
	if (cluster_chance(c, 300)) { /* only the network fails */
		n->cut_until_ms = c->w.now + cluster_between(c, 1000, 15000);
		return;
	}
	sim_note(&c->w, "node %zu: %s crashes", node_place(c, n),
	    machine ? "machine" : "agent");
	save(n);
	forget_agent(n);
	if (machine)
		forget_procs(n);
	n->gone = machine && cluster_chance(c, 333);
	c->stats.node_crashes++;
	if (!n->gone)
		cluster_later(c, cluster_between(c, 500, 20000), EV_NODE_UP,
		    node_place(c, n), 0);
}

/* What became of a task that ran before. */
static void
look_for(struct cluster *c, struct vnode *n, struct alloc_run *run, size_t i)
{
	struct task_run *t = &run->tasks[i];
	struct proc *p = node_proc(n, run->alloc->id, i, t->life);
	struct task_end end = { 0 };

	if (t->phase != TASK_STARTING)
		return;
	if (p == NULL) {
		alloc_run_vanished(run, i, node_now(c, n));
	} else if (!p->ended) {
		alloc_run_found(run, i, node_now(c, n));
	} else {
		end.exit_code = p->exit_code;
		node_proc_forget(n, p);
		alloc_run_ended(run, i, &end, node_now(c, n));
	}
}

static void
recover(struct cluster *c, struct vnode *n, const struct buf *disk)
{
	struct alloc *own = xcalloc(1, sizeof *own);
	struct alloc_saved saved;
	struct alloc_run *run;
	struct err err;

	if (rec_unpack(&alloc_type, own, disk[0].data, disk[0].len, NULL,
		&err) == -1 ||
	    rec_unpack(&alloc_saved_type, &saved, disk[1].data, disk[1].len,
		NULL, &err) == -1)
		sim_fail(&c->w, "a node's disk was garbled: %s", err.text);
	run = node_add_run(c, n, own);
	alloc_run_restore(run, &saved);
	for (size_t i = 0; i < run->ntasks; i++)
		look_for(c, n, run, i);
	run->changed = true;
	if (saved.stopping)
		alloc_run_stop(run, node_now(c, n));
	else
		alloc_run_tick(run, node_now(c, n));
	rec_clear(&alloc_saved_type, &saved);
	node_settle(c, n, run);
}

void
node_start(struct cluster *c, size_t i)
{
	struct vnode *n = &c->nodes[i];

	if (n->up)
		return;
	n->up = true;
	n->epoch++;
	n->well_ms = c->w.now;
	for (size_t k = 0; k + 1 < n->ndisk; k += 2)
		recover(c, n, &n->disk[k]);
	forget_disk(n);
	node_link_open(c, n);
}
