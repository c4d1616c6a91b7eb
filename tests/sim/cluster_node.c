/*
 * A node: the cores of its allocations, the processes they started, and the
 * node's side of the conversation with the server.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "tests/sim/cluster.h"

#define CALL_MS     2000  /* how long a node waits for an answer */
#define HELD_MS     12000 /* ... to a request that may be held */
#define RETRY_MS    500
#define MAX_KILL_MS 5000

static int here; /* its address is a value for maps that are sets */

static struct run_time
now(const struct cluster *c)
{
	return (struct run_time){ .ms = c->now_ms, .ns = cluster_wall_ns(c) };
}

static size_t
place_of(const struct cluster *c, const struct vnode *n)
{
	return (size_t)(n - c->nodes);
}

/* --- processes --- */

static char *
proc_key(const char *alloc_id, size_t task, uint64_t life)
{
	return xasprintf("%s/%zu/%" PRIu64, alloc_id, task, life);
}

static struct proc *
proc_find(
    const struct vnode *n, const char *alloc_id, size_t task, uint64_t life)
{
	char *key = proc_key(alloc_id, task, life);
	struct proc *p = map_find(&n->procs, key);

	free(key);
	return p;
}

static void
proc_forget(struct vnode *n, struct proc *p)
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
	    cluster_later(c, after_ms, EV_EXITED, place_of(c, n), 0);

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

/* --- what allocations want --- */

static void push(struct cluster *c, struct vnode *n);

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
	struct event *ev = cluster_later(
	    c, cluster_between(c, 1, 30), EV_STARTED, place_of(c, n), n->epoch);
	snprintf(ev->alloc_id, sizeof ev->alloc_id, "%s", run->alloc->id);
	ev->task = act->task;
	ev->life = t->life;
}

/* Does what the allocation wants and sees whether there is news. */
static void
settle(struct cluster *c, struct vnode *n, struct alloc_run *run)
{
	struct run_action act;
	uint64_t wake_ms;

	while (alloc_run_take(run, &act))
		carry_out(c, n, run, &act);
	wake_ms = alloc_run_wake_ms(run);
	if (wake_ms != 0) {
		struct event *ev = cluster_later(c,
		    wake_ms > c->now_ms ? wake_ms - c->now_ms : 1, EV_WAKE,
		    place_of(c, n), n->epoch);

		snprintf(
		    ev->alloc_id, sizeof ev->alloc_id, "%s", run->alloc->id);
	}
	if (!run->changed)
		return;
	run->changed = false;
	map_put(&n->dirty, run->alloc->id, &here);
	push(c, n);
}

static void
on_started(struct cluster *c, struct vnode *n, const struct event *ev)
{
	struct alloc_run *run = map_find(&n->runs, ev->alloc_id);
	struct proc *p;
	bool is_batch;

	if (run == NULL || run->tasks[ev->task].life != ev->life)
		return;
	if (cluster_is_wild(c) && cluster_chance(c, 10)) {
		alloc_run_start_failed(
		    run, ev->task, "no such luck", false, now(c));
		settle(c, n, run);
		return;
	}
	p = xcalloc(1, sizeof *p);
	p->key = proc_key(ev->alloc_id, ev->task, ev->life);
	map_put(&n->procs, p->key, p);
	is_batch = strcmp(run->alloc->job->type, "batch") == 0;
	if (is_batch)
		proc_end_later(c, n, ev->alloc_id, ev->task, ev->life,
		    cluster_between(c, 200, 3000), 0);
	else if (cluster_is_wild(c) && cluster_chance(c, 50))
		proc_end_later(c, n, ev->alloc_id, ev->task, ev->life,
		    cluster_between(c, 100, 5000), 1);
	alloc_run_started(run, ev->task, now(c));
	settle(c, n, run);
}

static void
on_exited(struct cluster *c, struct vnode *n, const struct event *ev)
{
	struct proc *p = proc_find(n, ev->alloc_id, ev->task, ev->life);
	struct alloc_run *run = map_find(&n->runs, ev->alloc_id);
	struct task_end end = { .exit_code = ev->exit_code };

	if (p == NULL || p->ended)
		return;
	if (!n->up) { /* whoever comes back finds out */
		p->ended = true;
		p->exit_code = ev->exit_code;
		return;
	}
	proc_forget(n, p);
	if (run == NULL)
		return;
	alloc_run_ended(run, ev->task, &end, now(c));
	settle(c, n, run);
}

/* --- calls --- */

static void
call(struct cluster *c, struct vnode *n, struct call *slot, uint32_t msg,
    const struct rec_type *type, const void *body, uint64_t timeout_ms)
{
	struct event ev = {
		.kind = EV_REQUEST, .who = place_of(c, n), .msg = msg
	};
	struct event *t;

	slot->id = ev.call = ++c->next_call;
	rec_pack(type, body, &ev.bytes);
	cluster_send(c, &ev);
	t = cluster_later(c, timeout_ms, EV_TIMEOUT, ev.who, n->epoch);
	t->call = slot->id;
	t->msg = msg;
}

static char *
text(const char *s)
{
	union {
		const char *in;
		char *out;
	} u = { .in = s };

	return u.out;
}

static void
renew(struct cluster *c, struct vnode *n)
{
	char name[24];
	struct node_resources res = { .cpu = { .cpu_shares = CLUSTER_CPU },
		.memory = { .memory_mb = CLUSTER_MEMORY_MB },
		.disk = { .disk_mb = 100000 },
		.min_dynamic_port = 20000,
		.max_dynamic_port = 32000 };
	struct rec_kv attributes[] = { { "driver.mock_driver", "1" },
		{ "kernel.name", "linux" } };
	struct driver_info driver = {
		.key = text("mock_driver"), .detected = true, .healthy = true
	};
	struct node_register reg = { .node = { .id = n->id,
					 .name = name,
					 .secret_id = text("secret"),
					 .datacenter = text("dc1"),
					 .node_pool = text("default"),
					 .status = text("ready"),
					 .attributes = attributes,
					 .nattributes = 2,
					 .drivers = &driver,
					 .ndrivers = 1,
					 .node_resources = &res } };
	struct node_lease lease = { .node_id = n->id,
		.secret_id = text("secret"),
		.status = text("ready") };

	if (n->lease.id != 0)
		return;
	snprintf(name, sizeof name, "node-%zu", place_of(c, n));
	if (n->registered)
		call(c, n, &n->lease, MSG_NODE_LEASE, &node_lease_type, &lease,
		    CALL_MS);
	else
		call(c, n, &n->lease, MSG_NODE_REGISTER, &node_register_type,
		    &reg, CALL_MS);
}

static void
renew_later(struct cluster *c, struct vnode *n, uint64_t ms)
{
	cluster_later(c, ms, EV_LEASE, place_of(c, n), n->epoch);
}

static void
pull(struct cluster *c, struct vnode *n)
{
	struct node_allocs m = {
		.node_id = n->id, .secret_id = text("secret"), .index = n->index
	};

	if (n->pull.id == 0 && n->registered)
		call(c, n, &n->pull, MSG_NODE_ALLOCS, &node_allocs_type, &m,
		    HELD_MS);
}

static void
push(struct cluster *c, struct vnode *n)
{
	struct node_update m = { .node_id = n->id,
		.secret_id = text("secret") };

	if (n->push.id != 0 || !n->registered || map_count(&n->dirty) == 0)
		return;
	m.allocs = xcalloc(map_count(&n->dirty), sizeof *m.allocs);
	MAP_FOREACH (e, &n->dirty) {
		const struct alloc_run *run = map_find(&n->runs, map_key(e));

		if (run != NULL)
			alloc_run_report(run, &m.allocs[m.nallocs++]);
		else if (map_find(&n->stopped, map_key(e)) != NULL)
			m.allocs[m.nallocs++] =
			    (struct alloc){ .id = xstrdup(map_key(e)),
				    .client_status = xstrdup("complete") };
		map_put(&n->sent, map_key(e), &here);
	}
	map_release(&n->dirty);
	n->seq = (uint64_t)cluster_wall_ns(c) > n->seq
		     ? (uint64_t)cluster_wall_ns(c)
		     : n->seq + 1;
	m.seq = n->seq;
	call(c, n, &n->push, MSG_NODE_UPDATE, &node_update_type, &m, CALL_MS);
	for (size_t i = 0; i < m.nallocs; i++)
		rec_clear(&alloc_type, &m.allocs[i]);
	free(m.allocs);
}

/* --- allocations come and go --- */

static void
forget_run(struct vnode *n, struct alloc_run *run)
{
	map_remove(&n->runs, run->alloc->id);
	alloc_run_free(run);
}

static struct alloc_run *
add_run(struct cluster *c, struct vnode *n, struct alloc *own)
{
	struct err err;
	struct alloc_run *run =
	    alloc_run_new(own, rng_next(&c->rng), MAX_KILL_MS, now(c), &err);

	if (run == NULL)
		cluster_wrong(c, "%s", err.text);
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

static void
take_alloc(struct cluster *c, struct vnode *n, const struct alloc *news)
{
	struct alloc_run *run = map_find(&n->runs, news->id);
	struct alloc *own = xcalloc(1, sizeof *own);

	rec_copy(&alloc_type, own, news);
	if (strcmp(own->node_id, n->id) != 0)
		cluster_wrong(c, "node %s was told of another's allocation %s",
		    n->id, own->id);
	if (run != NULL) {
		alloc_run_update(run, own, now(c));
	} else if (is_over(own)) {
		if (strcmp(own->client_status, "pending") == 0) {
			map_put(&n->stopped, own->id, &here);
			map_put(&n->dirty, own->id, &here);
			push(c, n);
		}
		rec_clear(&alloc_type, own);
		free(own);
		return;
	} else {
		run = add_run(c, n, own);
	}
	alloc_run_tick(run, now(c));
	settle(c, n, run);
}

static bool
is_listed(const struct node_allocs_news *news, const char *id)
{
	for (size_t i = 0; i < news->nallocs; i++)
		if (strcmp(news->allocs[i].id, id) == 0)
			return true;
	return false;
}

static void
on_news(struct cluster *c, struct vnode *n, const struct event *ev)
{
	struct arena arena = { 0 };
	struct node_allocs_news news;
	struct map_entry *e, *next;
	struct err err;

	if (rec_unpack(&node_allocs_news_type, &news, ev->bytes.data,
		ev->bytes.len, &arena, &err) == -1)
		cluster_wrong(c, "news were garbled: %s", err.text);
	if (news.index < n->index)
		cluster_wrong(c, "the index of node %s went back", n->id);
	n->index = news.index;
	for (size_t i = 0; i < news.nallocs; i++)
		take_alloc(c, n, &news.allocs[i]);
	for (e = map_first(&n->runs); e != NULL && news.full; e = next) {
		next = map_next(e);
		if (!is_listed(&news, map_key(e)))
			forget_run(n, map_value(e));
	}
	arena_release(&arena);
}

/* --- answers --- */

static void
on_leased(struct cluster *c, struct vnode *n, const struct event *ev)
{
	struct arena arena = { 0 };
	struct node_leased m;
	struct err err;

	n->lease.id = 0;
	if (ev->kind == EV_TIMEOUT || ev->refused) {
		renew_later(c, n, cluster_between(c, RETRY_MS, 2 * RETRY_MS));
		return;
	}
	if (rec_unpack(&node_leased_type, &m, ev->bytes.data, ev->bytes.len,
		&arena, &err) == -1)
		cluster_wrong(c, "a lease was garbled: %s", err.text);
	n->registered = m.known;
	if (n->seq < m.seq)
		n->seq = m.seq;
	if (m.known) {
		pull(c, n);
		push(c, n);
		renew_later(
		    c, n, m.ttl_ms / 3 + cluster_between(c, 0, m.ttl_ms / 6));
	} else {
		renew_later(c, n, 1);
	}
	arena_release(&arena);
}

static void
on_pulled(struct cluster *c, struct vnode *n, const struct event *ev)
{
	n->pull.id = 0;
	if (ev->kind != EV_TIMEOUT && !ev->refused)
		on_news(c, n, ev);
	if (ev->refused && ev->code == ERR_NOT_FOUND)
		n->registered = false;
	pull(c, n);
}

static void
on_pushed(struct cluster *c, struct vnode *n, const struct event *ev)
{
	n->push.id = 0;
	if (ev->kind == EV_TIMEOUT || ev->refused)
		MAP_FOREACH (e, &n->sent)
			map_put(&n->dirty, map_key(e), &here);
	map_release(&n->sent);
	if (!ev->refused)
		push(c, n);
}

/* Answers to what nobody waits for any more are dropped. */
static void
on_answer(struct cluster *c, struct vnode *n, const struct event *ev)
{
	if (ev->call == n->lease.id)
		on_leased(c, n, ev);
	else if (ev->call == n->pull.id)
		on_pulled(c, n, ev);
	else if (ev->call == n->push.id)
		on_pushed(c, n, ev);
}

/* --- crashes --- */

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
	map_release(&n->dirty);
	map_release(&n->sent);
	map_release(&n->stopped);
	n->up = n->registered = false;
	n->index = n->seq = 0;
	n->lease.id = n->pull.id = n->push.id = 0;
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
static void
crash(struct cluster *c, struct vnode *n, bool machine)
{
	if (!n->up)
		return;
	if (cluster_chance(c, 300)) { /* only the network fails */
		n->cut_until_ms = c->now_ms + cluster_between(c, 1000, 15000);
		return;
	}
	save(n);
	forget_agent(n);
	if (machine)
		forget_procs(n);
	n->gone = machine && cluster_chance(c, 333);
	c->restarts++;
	if (!n->gone)
		cluster_later(c, cluster_between(c, 500, 20000), EV_NODE_UP,
		    place_of(c, n), 0);
}

/* What became of a task that ran before. */
static void
look_for(struct cluster *c, struct vnode *n, struct alloc_run *run, size_t i)
{
	struct task_run *t = &run->tasks[i];
	struct proc *p = proc_find(n, run->alloc->id, i, t->life);
	struct task_end end = { 0 };

	if (t->phase != TASK_STARTING)
		return;
	if (p == NULL) {
		alloc_run_vanished(run, i, now(c));
	} else if (!p->ended) {
		alloc_run_found(run, i, now(c));
	} else {
		end.exit_code = p->exit_code;
		proc_forget(n, p);
		alloc_run_ended(run, i, &end, now(c));
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
		cluster_wrong(c, "a node's disk was garbled: %s", err.text);
	run = add_run(c, n, own);
	alloc_run_restore(run, &saved);
	for (size_t i = 0; i < run->ntasks; i++)
		look_for(c, n, run, i);
	run->changed = true;
	if (saved.stopping)
		alloc_run_stop(run, now(c));
	else
		alloc_run_tick(run, now(c));
	rec_clear(&alloc_saved_type, &saved);
	settle(c, n, run);
}

void
node_start(struct cluster *c, size_t i)
{
	struct vnode *n = &c->nodes[i];

	if (n->up)
		return;
	n->up = true;
	n->epoch++;
	for (size_t k = 0; k + 1 < n->ndisk; k += 2)
		recover(c, n, &n->disk[k]);
	forget_disk(n);
	renew(c, n);
}

void
node_event(struct cluster *c, struct event *ev)
{
	struct vnode *n = &c->nodes[ev->who];
	struct alloc_run *run;

	if (ev->kind == EV_NODE_UP) {
		node_start(c, ev->who);
	} else if (ev->kind == EV_EXITED) {
		on_exited(c, n, ev);
	} else if (ev->kind == EV_NODE_CRASH || ev->kind == EV_AGENT_CRASH) {
		crash(c, n, ev->kind == EV_NODE_CRASH);
	} else if (!n->up) {
		return;
	} else if (ev->kind == EV_REPLY) {
		on_answer(c, n, ev);
	} else if (ev->epoch != n->epoch) {
		return;
	} else if (ev->kind == EV_TIMEOUT) {
		on_answer(c, n, ev);
	} else if (ev->kind == EV_LEASE) {
		renew(c, n);
	} else if (ev->kind == EV_STARTED) {
		on_started(c, n, ev);
	} else if ((run = map_find(&n->runs, ev->alloc_id)) != NULL) {
		alloc_run_tick(run, now(c));
		settle(c, n, run);
	}
}
