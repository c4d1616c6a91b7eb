/* The processes of a played node, and what its allocations want of them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "tests/sim/cluster.h"
#include "tests/sim/cluster_node.h"

static char *
proc_key(const char *alloc_id, size_t task, uint64_t life)
{
	return xasprintf("%s/%zu/%" PRIu64, alloc_id, task, life);
}

struct proc *
node_proc(
    const struct vnode *n, const char *alloc_id, size_t task, uint64_t life)
{
	char *key = proc_key(alloc_id, task, life);
	struct proc *p = map_find(&n->procs, key);

	free(key);
	return p;
}

void
node_proc_forget(struct vnode *n, struct proc *p)
{
	map_remove(&n->procs, p->key);
	free(p->key);
	free(p);
}

static void
proc_end_later(struct cluster *c, struct vnode *n, const char *alloc_id,
    size_t task, uint64_t life, uint64_t after_ms, int64_t exit_code)
{
	struct event *ev =
	    cluster_later(c, after_ms, EV_EXITED, node_place(c, n), 0);

	snprintf(ev->alloc_id, sizeof ev->alloc_id, "%s", alloc_id);
	ev->task = task;
	ev->life = life;
	ev->exit_code = exit_code;
}

size_t
node_running(const struct vnode *n, const char *alloc_id)
{
	size_t len = strlen(alloc_id), nrunning = 0;

	MAP_FOREACH (e, &n->procs) {
		const struct proc *p = map_value(e);

		nrunning += !p->ended && strncmp(p->key, alloc_id, len) == 0;
	}
	return nrunning;
}

static void
carry_out(struct cluster *c, struct vnode *n, struct alloc_run *run,
    const struct run_action *act)
{
	const struct task_run *t = &run->tasks[act->task];

	if (act->kind == RUN_KILL) {
		proc_end_later(c, n, run->alloc->id, act->task, t->life,
		    cluster_between(c, 1, 50), 0);
		return;
	}
	struct event *ev = cluster_later(c, cluster_between(c, 1, 30),
	    EV_STARTED, node_place(c, n), n->epoch);
	snprintf(ev->alloc_id, sizeof ev->alloc_id, "%s", run->alloc->id);
	ev->task = act->task;
	ev->life = t->life;
}

/* Does what the allocation wants and sees whether there is news. */
void
node_settle(struct cluster *c, struct vnode *n, struct alloc_run *run)
{
	struct run_action act;
	uint64_t wake_ms, now_ms = node_now(c, n).ms;

	while (alloc_run_take(run, &act))
		carry_out(c, n, run, &act);
	wake_ms = alloc_run_wake_ms(run);
	if (wake_ms != 0) {
		struct event *ev = node_later(
		    c, n, wake_ms > now_ms ? wake_ms - now_ms : 1, EV_WAKE);

		snprintf(
		    ev->alloc_id, sizeof ev->alloc_id, "%s", run->alloc->id);
	}
	if (run->changed) {
		run->changed = false;
		node_tell(c, n, run->alloc->id);
	}
	if (!alloc_run_is_done(run) || !map_has(&n->forgotten, run->alloc->id))
		return;
	map_remove(&n->forgotten, run->alloc->id);
	map_remove(&n->runs, run->alloc->id);
	alloc_run_free(run);
}

void
node_on_started(struct cluster *c, struct vnode *n, const struct event *ev)
{
	struct alloc_run *run = map_find(&n->runs, ev->alloc_id);
	struct proc *p;
	bool is_batch;

	if (run == NULL || run->tasks[ev->task].life != ev->life)
		return;
	if (c->wild && cluster_chance(c, 10)) {
		alloc_run_start_failed(
		    run, ev->task, "no such luck", false, node_now(c, n));
		node_settle(c, n, run);
		return;
	}
	sim_note(&c->w, "node %zu starts %s, life %" PRIu64, node_place(c, n),
	    ev->alloc_id, ev->life);
	p = xcalloc(1, sizeof *p);
	p->key = proc_key(ev->alloc_id, ev->task, ev->life);
	map_put(&n->procs, p->key, p);
	is_batch = strcmp(run->alloc->job->type, "batch") == 0;
	if (is_batch)
		proc_end_later(c, n, ev->alloc_id, ev->task, ev->life,
		    cluster_between(c, 200, 3000), 0);
	else if (c->wild && cluster_chance(c, 50))
		proc_end_later(c, n, ev->alloc_id, ev->task, ev->life,
		    cluster_between(c, 100, 5000), 1);
	alloc_run_started(run, ev->task, node_now(c, n));
	node_settle(c, n, run);
}

void
node_on_exited(struct cluster *c, struct vnode *n, const struct event *ev)
{
	struct proc *p = node_proc(n, ev->alloc_id, ev->task, ev->life);
	struct alloc_run *run = map_find(&n->runs, ev->alloc_id);
	struct task_end end = { .exit_code = ev->exit_code };

	if (p == NULL || p->ended)
		return;
	if (!n->up) { /* whoever comes back finds out */
		p->ended = true;
		p->exit_code = ev->exit_code;
		return;
	}
	node_proc_forget(n, p);
	if (run == NULL)
		return;
	alloc_run_ended(run, ev->task, &end, node_now(c, n));
	node_settle(c, n, run);
}
