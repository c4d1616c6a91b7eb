/*
 * What a server is asked: by people, by nodes, and by servers that hand on
 * what the leader must answer; and what it holds back as follow.c does.
 */
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "tests/sim/cluster.h"

#define HELD_MS 10000

/* --- answers --- */

/* On the way that it came. The bytes are taken. */
static void
reply(struct vserver *v, size_t via, struct event *ev)
{
	struct cluster *c = v->c;
	size_t place = server_place(v);

	ev->kind = EV_REPLY;
	ev->server = via != 0 ? via - 1 : place;
	if (via != 0 &&
	    (c->w.blocked[place][via - 1] || c->servers[via - 1].core == NULL))
		buf_release(&ev->bytes);
	else
		cluster_send(c, ev);
}

static void
refuse(struct vserver *v, const struct event *ev, enum err_code code)
{
	struct event r = { .who = ev->who,
		.call = ev->call,
		.msg = ev->msg,
		.refused = true,
		.code = code };

	reply(v, ev->via, &r);
}

static struct ask *
take_ask(struct vserver *v, uint64_t req)
{
	struct ask *a;

	HASH_FIND(hh, v->asks, &req, sizeof req, a);
	if (a == NULL)
		sim_fail(&v->c->w, "an answer that nobody waits for");
	HASH_DEL(v->asks, a);
	return a;
}

static uint64_t
add_ask(struct vserver *v, const struct event *ev)
{
	struct ask *a = xcalloc(1, sizeof *a);

	a->req = ++v->next_req;
	a->who = ev->who;
	a->via = ev->via;
	a->call = ev->call;
	a->msg = ev->msg;
	a->job = ev->task;
	HASH_ADD(hh, v->asks, req, sizeof a->req, a);
	return a->req;
}

void
server_forget_askers(struct vserver *v)
{
	struct ask *a, *tmp;

	HASH_ITER(hh, v->asks, a, tmp)
	{
		HASH_DEL(v->asks, a);
		free(a);
	}
	for (size_t i = 0; i < CLUSTER_NODES; i++)
		free(v->holders[i].after);
	memset(v->holders, 0, sizeof v->holders);
	v->nwoken = 0;
}

void
server_answer(struct vserver *v, const struct sched_act *act)
{
	struct ask *a = take_ask(v, act->req);
	struct event ev = { .who = a->who, .call = a->call, .msg = a->msg };
	const struct job_register_response *r = act->body;
	const struct node_leased *l = act->body;

	ev.refused = act->kind == SCHED_ACT_REFUSE;
	ev.code = act->err.code;
	ev.seen.index = act->index;
	if (!ev.refused && a->who != CLUSTER_CLIENT) {
		if (act->type == &node_leased_type && l->known)
			ghost_leased(v, a->who, l->ttl_ms);
		rec_pack(act->type, act->body, &ev.bytes);
	} else if (!ev.refused && act->type == &job_register_response_type) {
		ev.seen.modify = r->job_modify_index;
	}
	reply(v, a->via, &ev);
	free(a);
}

/* --- what people ask --- */

/* The job as it is in the state of now. */
static void
look(struct vserver *v, size_t job, struct seen *out)
{
	const struct sched_state *st = sched_core_state(v->core);
	const struct sched_job *j =
	    sched_job_find(st, "default", v->c->jobs[job].spec.id);
	const struct task_group *g;
	const char *version;

	*out = (struct seen){ .index = st->index };
	if (j == NULL)
		return;
	g = &j->job->task_groups[0];
	version = rec_kv_get(g->tasks[0].env, g->tasks[0].nenv, "VERSION");
	out->modify = j->job->job_modify_index;
	out->count = g->count;
	out->version = version != NULL ? atoi(version) : 0;
	out->stop = j->job->stop;
}

void
server_read_done(struct vserver *v, uint64_t read, bool ok)
{
	struct ask *a = take_ask(v, read);
	struct event ev = { .who = a->who,
		.call = a->call,
		.msg = a->msg,
		.refused = !ok,
		.code = ERR_NOT_LEADER };

	if (ok)
		look(v, a->job, &ev.seen);
	reply(v, a->via, &ev);
	free(a);
}

static void
read_at_once(struct vserver *v, const struct event *ev)
{
	struct event r = { .who = ev->who, .call = ev->call, .msg = ev->msg };

	look(v, ev->task, &r.seen);
	reply(v, ev->via, &r);
}

static void
scale(struct vserver *v, uint64_t req, const struct job *job)
{
	struct rec_kv target = { "Group", job->task_groups[0].name };
	struct scaling_request r = { .has_count = true,
		.count = job->task_groups[0].count,
		.target = &target,
		.ntarget = 1 };

	sched_core_job_scale(v->core, req, "default", job->id, &r);
}

static void
on_people(struct vserver *v, const struct event *ev)
{
	struct arena arena = { 0 };
	struct job job;
	struct job_register_request r = { .job = &job,
		.enforce_index = true,
		.job_modify_index = ev->modify };
	struct err err;

	if (ev->msg == ASK_READ && !SCHED_PLANT(5)) {
		server_mail(v, (struct mail){ .read = add_ask(v, ev) });
		return;
	}
	if (ev->msg == ASK_READ || ev->msg == ASK_READ_STALE) {
		read_at_once(v, ev);
		return;
	}
	if (rec_unpack(&job_type, &job, ev->bytes.data, ev->bytes.len, &arena,
		&err) == -1)
		sim_fail(&v->c->w, "a job was garbled: %s", err.text);
	if (ev->msg == ASK_STOP)
		sched_core_job_deregister(
		    v->core, add_ask(v, ev), "default", job.id, false, 0);
	else if (ev->msg == ASK_SCALE)
		scale(v, add_ask(v, ev), &job);
	else
		sched_core_job_register(v->core, add_ask(v, ev), &r);
	arena_release(&arena);
}

/* --- what nodes ask --- */

static void
tell_news(struct vserver *v, size_t i)
{
	struct holder *h = &v->holders[i];
	struct arena arena = { 0 };
	struct node_allocs_news news;
	struct node_allocs ask = { .node_id = v->c->nodes[i].id,
		.index = h->index,
		.at = h->at,
		.after = h->after };
	struct event ev = { .who = i, .call = h->call, .msg = MSG_NODE_ALLOCS };

	h->held = false;
	sched_node_news(sched_core_state(v->core), &ask, &arena, &news);
	rec_pack(&node_allocs_news_type, &news, &ev.bytes);
	arena_release(&arena);
	reply(v, 0, &ev);
}

static void
on_change(void *ctx)
{
	struct holder *h = ctx;
	struct vserver *v = h->server;

	h->watch = NULL;
	v->woken = xgrow(v->woken, v->nwoken, &v->woken_cap, sizeof *v->woken);
	v->woken[v->nwoken++] = (size_t)(h - v->holders);
}

void
server_follow(struct vserver *v)
{
	for (size_t i = 0; i < v->nwoken; i++)
		if (v->holders[v->woken[i]].held)
			tell_news(v, v->woken[i]);
	v->nwoken = 0;
}

static void
end_hold(struct vserver *v, struct holder *h)
{
	if (h->watch != NULL)
		sched_unwatch(sched_core_state(v->core), h->watch);
	h->watch = NULL;
	h->held = false;
}

void
server_held_end(struct vserver *v, const struct event *ev)
{
	struct holder *h = &v->holders[ev->who];

	if (!h->held || h->call != ev->call)
		return;
	end_hold(v, h);
	refuse(v, ev, ERR_TIMEOUT);
}

static void
hold(struct vserver *v, const struct event *ev, const struct node_allocs *m)
{
	struct holder *h = &v->holders[ev->who];
	const struct sched_state *st = sched_core_state(v->core);
	struct event *end;

	if (!sched_core_knows_node(v->core, m->node_id, m->secret_id)) {
		refuse(v, ev, ERR_NOT_FOUND);
		return;
	}
	if (h->held && ev->call < h->call) { /* late, or doubled */
		refuse(v, ev, ERR_TIMEOUT);
		return;
	}
	end_hold(v, h);
	free(h->after);
	*h = (struct holder){ .server = v,
		.held = true,
		.call = ev->call,
		.index = m->index,
		.at = m->at,
		.after = m->after != NULL ? xstrdup(m->after) : NULL };
	if (m->index == 0 || (m->after != NULL && *m->after != '\0') ||
	    sched_index(st, SCHED_NODE_PULL, m->node_id) > m->index) {
		tell_news(v, ev->who);
		return;
	}
	h->watch = sched_watch(sched_core_state(v->core), SCHED_NODE_PULL,
	    m->node_id, on_change, h);
	end = cluster_later(v->c, HELD_MS, EV_HELD, ev->who, v->epoch);
	end->server = server_place(v);
	end->call = ev->call;
	end->msg = ev->msg;
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

static void
on_node(struct vserver *v, const struct event *ev)
{
	const struct rec_type *type = body_of(ev->msg);
	struct arena arena = { 0 };
	void *body = arena_alloc(&arena, type->size);
	struct err err;

	if (rec_unpack(
		type, body, ev->bytes.data, ev->bytes.len, &arena, &err) == -1)
		sim_fail(&v->c->w, "a message was garbled: %s", err.text);
	if (ev->msg == MSG_NODE_REGISTER)
		sched_core_node_register(v->core, add_ask(v, ev), body);
	else if (ev->msg == MSG_NODE_LEASE)
		sched_core_node_lease(v->core, add_ask(v, ev), body);
	else if (ev->msg == MSG_NODE_UPDATE)
		sched_core_node_update(v->core, add_ask(v, ev), body);
	else
		hold(v, ev, body);
	arena_release(&arena);
}

/* --- who answers --- */

/* What each server answers from what it has. */
static bool
is_own(const struct event *ev)
{
	return ev->who == CLUSTER_CLIENT ? ev->msg == ASK_READ_STALE
					 : ev->msg == MSG_NODE_ALLOCS;
}

/* A process that is not there refuses, a machine is silent. */
static void
refuse_for_dead(struct vserver *v, const struct event *ev)
{
	struct event own = *ev;

	own.via = 0;
	if (cluster_chance(v->c, 800))
		refuse(v, &own, ERR_GONE);
}

void
server_request(struct vserver *v, struct event *ev)
{
	if (v->core == NULL) {
		refuse_for_dead(v, ev);
	} else if (v->leads || is_own(ev)) {
		if (ev->who == CLUSTER_CLIENT)
			on_people(v, ev);
		else
			on_node(v, ev);
	} else if (ev->via != 0 || v->leader == 0 || v->leader == v->s->id) {
		refuse(v, ev, ERR_NOT_LEADER);
	} else {
		ev->via = server_place(v) + 1;
		ev->server = sim_place(v->leader);
		cluster_hand_on(v->c, ev->via - 1, ev);
	}
}
