/* A node's allocations: they come, change, and are forgotten. */
#include <string.h>

#include "common/mem.h"
#include "tests/sim/cluster.h"
#include "tests/sim/cluster_node.h"

#define MAX_KILL_MS 5000

struct run_time
node_now(const struct cluster *c, const struct vnode *n)
{
	return (struct run_time){ .ms = sim_counted(n->clock_ppm, c->w.now),
		.ns = cluster_wall_ns(c) + n->skew_ns };
}

struct event *
node_later(
    struct cluster *c, struct vnode *n, uint64_t after_ms, enum event_kind kind)
{
	return cluster_later(c, sim_counting(n->clock_ppm, after_ms), kind,
	    node_place(c, n), n->epoch);
}

size_t
node_place(const struct cluster *c, const struct vnode *n)
{
	return (size_t)(n - c->nodes);
}

bool
node_reaches(const struct cluster *c, const struct vnode *n, size_t server)
{
	if (n->cut_until_ms > c->w.now)
		return false;
	return n->blind_until_ms <= c->w.now || ((n->blind >> server) & 1) == 0;
}

struct alloc_run *
node_add_run(struct cluster *c, struct vnode *n, struct alloc *own)
{
	struct err err;
	struct alloc_run *run = alloc_run_new(
	    own, rng_next(&c->rng), MAX_KILL_MS, node_now(c, n), &err);

	if (run == NULL)
		sim_fail(&c->w, "%s", err.text);
	map_put(&n->runs, own->id, run);
	return run;
}

static bool
is_over(const struct alloc *a)
{
	return strcmp(a->desired_status, "run") != 0 ||
	       (strcmp(a->client_status, "pending") != 0 &&
		   strcmp(a->client_status, "running") != 0);
}

/* Told to stop what it never had: nothing runs, and that is said. */
static void
note_stopped(struct cluster *c, struct vnode *n, const struct alloc *a)
{
	if (strcmp(a->client_status, "pending") != 0)
		return;
	map_add(&n->stopped, a->id);
	node_tell(c, n, a->id);
}

static void
take_alloc(struct cluster *c, struct vnode *n, const struct alloc *news)
{
	struct alloc_run *run = map_find(&n->runs, news->id);
	struct alloc *own;

	sim_note(&c->w, "node %zu is told of %s: %s, %s", node_place(c, n),
	    news->id, news->desired_status, news->client_status);
	if (strcmp(news->node_id, n->id) != 0)
		sim_fail(&c->w, "node %s is told of another's allocation %s",
		    n->id, news->id);
	if (run == NULL && is_over(news)) {
		note_stopped(c, n, news);
		return;
	}
	own = xcalloc(1, sizeof *own);
	rec_copy(&alloc_type, own, news);
	if (run != NULL)
		alloc_run_update(run, own, node_now(c, n));
	else
		run = node_add_run(c, n, own);
	alloc_run_tick(run, node_now(c, n));
	node_settle(c, n, run);
}

/* The servers have forgotten it: what still runs is stopped, then it is
 * forgotten here, too. */
static void
forget_run(struct cluster *c, struct vnode *n, struct alloc_run *run)
{
	map_add(&n->forgotten, run->alloc->id);
	alloc_run_stop(run, node_now(c, n));
	node_settle(c, n, run);
}

static void
forget_gone(
    struct cluster *c, struct vnode *n, const struct node_allocs_news *news)
{
	for (size_t i = 0; i < news->ngone; i++) {
		struct alloc_run *run = map_find(&n->runs, news->gone[i]);

		if (run != NULL)
			forget_run(c, n, run);
	}
}

/* A full list is whole: what it lacks is gone, and what was restored knows
 * now that it is wanted. */
static void
hear_all(struct cluster *c, struct vnode *n)
{
	struct map_entry *next;

	for (struct map_entry *e = map_first(&n->runs); e != NULL; e = next) {
		struct alloc_run *run = map_value(e);

		next = map_next(e);
		if (!link_cursor_lists(&n->cursor, map_key(e))) {
			forget_run(c, n, run);
			continue;
		}
		alloc_run_heard(run, node_now(c, n));
		node_settle(c, n, run);
	}
	link_cursor_forget(&n->cursor);
}

void
node_take_news(
    struct cluster *c, struct vnode *n, const struct node_allocs_news *news)
{
	link_cursor_move(
	    &n->cursor, news->index, news->full, news->at, news->after);
	for (size_t i = 0; i < news->nallocs; i++) {
		link_cursor_list(&n->cursor, news->allocs[i].id);
		take_alloc(c, n, &news->allocs[i]);
	}
	forget_gone(c, n, news);
	if (link_cursor_is_whole(&n->cursor))
		hear_all(c, n);
}

void
node_event(struct cluster *c, struct event *ev)
{
	struct vnode *n = &c->nodes[ev->who];
	struct alloc_run *run;

	if (ev->kind == EV_NODE_UP) {
		node_start(c, ev->who);
	} else if (ev->kind == EV_EXITED) {
		node_on_exited(c, n, ev);
	} else if (ev->kind == EV_NODE_CRASH || ev->kind == EV_AGENT_CRASH) {
		node_crash(c, n, ev->kind == EV_NODE_CRASH);
	} else if (!n->up || (ev->kind != EV_REPLY && ev->epoch != n->epoch)) {
		return;
	} else if (ev->kind == EV_STARTED) {
		node_on_started(c, n, ev);
	} else if (ev->kind != EV_WAKE) {
		node_link_event(c, n, ev);
	} else if ((run = map_find(&n->runs, ev->alloc_id)) != NULL) {
		alloc_run_tick(run, node_now(c, n));
		node_settle(c, n, run);
	}
}
