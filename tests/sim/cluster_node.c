/*
 * A node: the cores of its allocations, the processes they started, and the
 * node's side of the conversation with the server.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/text.h"
#include "tests/sim/cluster.h"
#include "tests/sim/cluster_node.h"

#define CALL_MS     2000  /* how long a node waits for an answer */
#define HELD_MS     12000 /* ... to a request that may be held */
#define RETRY_MS    500
#define MAX_KILL_MS 5000

static int here; /* its address is a value for maps that are sets */

struct run_time
node_now(const struct cluster *c)
{
	return (struct run_time){ .ms = c->now_ms, .ns = cluster_wall_ns(c) };
}

size_t
node_place(const struct cluster *c, const struct vnode *n)
{
	return (size_t)(n - c->nodes);
}

/* --- calls --- */

static void
call(struct cluster *c, struct vnode *n, struct call *slot, uint32_t msg,
    const struct rec_type *type, const void *body, uint64_t timeout_ms)
{
	struct event ev = {
		.kind = EV_REQUEST, .who = node_place(c, n), .msg = msg
	};
	struct event *t;

	slot->id = ev.call = ++c->next_call;
	rec_pack(type, body, &ev.bytes);
	cluster_send(c, &ev);
	t = cluster_later(c, timeout_ms, EV_TIMEOUT, ev.who, n->epoch);
	t->call = slot->id;
	t->msg = msg;
}

void
node_renew(struct cluster *c, struct vnode *n)
{
	char name[24];
	struct node_resources res = { .cpu = { .cpu_shares = CLUSTER_CPU },
		.memory = { .memory_mb = CLUSTER_MEMORY_MB },
		.disk = { .disk_mb = 100000 },
		.min_dynamic_port = 20000,
		.max_dynamic_port = 32000 };
	struct rec_kv attributes[] = { { "driver.mock_driver", "1" },
		{ "kernel.name", "linux" } };
	struct driver_info driver = { .key = text_borrow("mock_driver"),
		.detected = true,
		.healthy = true };
	struct node_register reg = { .node = { .id = n->id,
					 .name = name,
					 .secret_id = text_borrow("secret"),
					 .datacenter = text_borrow("dc1"),
					 .node_pool = text_borrow("default"),
					 .status = text_borrow("ready"),
					 .attributes = attributes,
					 .nattributes = 2,
					 .drivers = &driver,
					 .ndrivers = 1,
					 .node_resources = &res } };
	struct node_lease lease = { .node_id = n->id,
		.secret_id = text_borrow("secret"),
		.status = text_borrow("ready") };

	if (n->lease.id != 0)
		return;
	snprintf(name, sizeof name, "node-%zu", node_place(c, n));
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
	cluster_later(c, ms, EV_LEASE, node_place(c, n), n->epoch);
}

static void
pull(struct cluster *c, struct vnode *n)
{
	struct node_allocs m = { .node_id = n->id,
		.secret_id = text_borrow("secret"),
		.index = n->index };

	if (n->pull.id == 0 && n->registered)
		call(c, n, &n->pull, MSG_NODE_ALLOCS, &node_allocs_type, &m,
		    HELD_MS);
}

void
node_push(struct cluster *c, struct vnode *n)
{
	struct node_update m = { .node_id = n->id,
		.secret_id = text_borrow("secret") };

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

struct alloc_run *
node_add_run(struct cluster *c, struct vnode *n, struct alloc *own)
{
	struct err err;
	struct alloc_run *run = alloc_run_new(
	    own, rng_next(&c->rng), MAX_KILL_MS, node_now(c), &err);

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
		alloc_run_update(run, own, node_now(c));
	} else if (is_over(own)) {
		if (strcmp(own->client_status, "pending") == 0) {
			map_put(&n->stopped, own->id, &here);
			map_put(&n->dirty, own->id, &here);
			node_push(c, n);
		}
		rec_clear(&alloc_type, own);
		free(own);
		return;
	} else {
		run = node_add_run(c, n, own);
	}
	alloc_run_tick(run, node_now(c));
	node_settle(c, n, run);
}

static bool
is_listed(const struct node_allocs_news *news, const char *id)
{
	for (size_t i = 0; i < news->nallocs; i++)
		if (strcmp(news->allocs[i].id, id) == 0)
			return true;
	return false;
}

/* What was restored knows now that it is wanted. */
static void
tell_heard(struct cluster *c, struct vnode *n)
{
	struct map_entry *next;

	for (struct map_entry *e = map_first(&n->runs); e != NULL; e = next) {
		struct alloc_run *run = map_value(e);

		next = map_next(e);
		alloc_run_heard(run, node_now(c));
		node_settle(c, n, run);
	}
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
	if (news.after == NULL || news.after[0] == '\0')
		tell_heard(c, n);
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
		node_push(c, n);
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
		node_push(c, n);
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
	} else if (!n->up) {
		return;
	} else if (ev->kind == EV_REPLY) {
		on_answer(c, n, ev);
	} else if (ev->epoch != n->epoch) {
		return;
	} else if (ev->kind == EV_TIMEOUT) {
		on_answer(c, n, ev);
	} else if (ev->kind == EV_LEASE) {
		node_renew(c, n);
	} else if (ev->kind == EV_STARTED) {
		node_on_started(c, n, ev);
	} else if ((run = map_find(&n->runs, ev->alloc_id)) != NULL) {
		alloc_run_tick(run, node_now(c));
		node_settle(c, n, run);
	}
}
