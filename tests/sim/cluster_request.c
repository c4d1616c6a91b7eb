/*
 * What the server is asked: by people, by nodes, and what it holds back as
 * follow.c does.
 */
#include "common/mem.h"
#include "tests/sim/cluster.h"
#include "tests/sim/cluster_server.h"

#define HELD_MS 10000

static void
tell_news(struct cluster *c, size_t i)
{
	struct holder *h = &c->server.holders[i];
	struct arena arena = { 0 };
	struct node_allocs_news news;
	struct node_allocs ask = { .index = h->index };
	struct event ev = { .kind = EV_REPLY,
		.who = i,
		.call = h->call,
		.msg = MSG_NODE_ALLOCS };

	h->held = false;
	ask.node_id = c->nodes[i].id;
	sched_node_news(sched_core_state(c->server.core), &ask, &arena, &news);
	rec_pack(&node_allocs_news_type, &news, &ev.bytes);
	arena_release(&arena);
	cluster_send(c, &ev);
}

static void
refuse_hold(struct cluster *c, size_t i, enum err_code code)
{
	struct event ev = { .kind = EV_REPLY,
		.who = i,
		.call = c->server.holders[i].call,
		.msg = MSG_NODE_ALLOCS,
		.refused = true,
		.code = code };

	c->server.holders[i].held = false;
	cluster_send(c, &ev);
}

void
server_follow(struct cluster *c)
{
	struct sched_state *st = sched_core_state(c->server.core);

	for (size_t i = 0; i < CLUSTER_NODES; i++) {
		struct holder *h = &c->server.holders[i];

		if (!h->held)
			continue;
		if (sched_index(st, SCHED_NODE_PULL, c->nodes[i].id) > h->index)
			tell_news(c, i);
		else if (h->until_ms <= c->now_ms)
			refuse_hold(c, i, ERR_TIMEOUT);
	}
}

static void
hold(struct cluster *c, const struct event *ev, const struct node_allocs *m)
{
	struct server *s = &c->server;
	struct holder *h = &s->holders[ev->who];

	*h = (struct holder){ .held = true,
		.call = ev->call,
		.index = m->index,
		.until_ms = c->now_ms + HELD_MS };
	if (!sched_core_knows_node(s->core, m->node_id, m->secret_id))
		refuse_hold(c, ev->who, ERR_NOT_FOUND);
	else if (m->index == 0)
		tell_news(c, ev->who);
}

static uint64_t
add_ask(struct cluster *c, const struct event *ev)
{
	struct ask *a = xcalloc(1, sizeof *a);

	a->req = ++c->server.next_req;
	a->who = ev->who;
	a->call = ev->call;
	a->msg = ev->msg;
	HASH_ADD(hh, c->server.asks, req, sizeof a->req, a);
	return a->req;
}

/* What people send: jobs, packed as in an answer of the API. */
void
server_on_job(struct cluster *c, const struct event *ev)
{
	struct sched_core *core = c->server.core;
	struct arena arena = { 0 };
	struct job job;
	struct job_register_request r = { .job = &job };
	struct err err;

	if (rec_unpack(&job_type, &job, ev->bytes.data, ev->bytes.len, &arena,
		&err) == -1)
		cluster_wrong(c, "a job was garbled: %s", err.text);
	if (job.stop)
		sched_core_job_deregister(
		    core, add_ask(c, ev), "default", job.id, false, 0);
	else
		sched_core_job_register(core, add_ask(c, ev), &r);
	arena_release(&arena);
}

static const struct rec_type *
body_of(uint32_t msg)
{
	switch (msg) {
	case MSG_NODE_REGISTER:
		return &node_register_type;
	case MSG_NODE_LEASE:
		return &node_lease_type;
	case MSG_NODE_ALLOCS:
		return &node_allocs_type;
	default:
		return &node_update_type;
	}
}

void
server_on_node(struct cluster *c, const struct event *ev)
{
	struct sched_core *core = c->server.core;
	const struct rec_type *type = body_of(ev->msg);
	struct arena arena = { 0 };
	void *body = arena_alloc(&arena, type->size);
	struct err err;

	if (rec_unpack(
		type, body, ev->bytes.data, ev->bytes.len, &arena, &err) == -1)
		cluster_wrong(c, "a message was garbled: %s", err.text);
	if (ev->msg == MSG_NODE_REGISTER)
		sched_core_node_register(core, add_ask(c, ev), body);
	else if (ev->msg == MSG_NODE_LEASE)
		sched_core_node_lease(core, add_ask(c, ev), body);
	else if (ev->msg == MSG_NODE_UPDATE)
		sched_core_node_update(core, add_ask(c, ev), body);
	else
		hold(c, ev, body);
	arena_release(&arena);
}
