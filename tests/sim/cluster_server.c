/*
 * A server above Raft's core: the loop with schedd's core, as loop.c and
 * raftlog.c are. Raft's thread is in cluster_raft.c.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "tests/sim/cluster.h"
#include "tests/sim/raft_shell.h"

size_t
server_place(const struct vserver *v)
{
	return (size_t)(v - v->c->servers);
}

/* --- the loop --- */

static void
enter(struct vserver *v)
{
	sched_core_clock(v->core, sim_clock(&v->c->w, v->s),
	    cluster_wall_ns(v->c) + v->skew_ns);
}

static void
propose(struct vserver *v, const struct sched_act *act)
{
	struct err err;

	if (!v->leads)
		err_set(&err, ERR_NOT_LEADER, "this server does not lead");
	else if (v->c->wild && cluster_chance(v->c, 3))
		err_set(&err, ERR_BUSY, "too much is under way");
	else if (sched_core_check(act->bytes, act->n, &err) == 0) {
		server_mail(v,
		    (struct mail){ .bytes = raft_bytes_new(act->bytes, act->n),
			.proposal = act->proposal,
			.term = v->term });
		return;
	}
	sched_core_not_taken(v->core, act->proposal, &err);
}

static void
set_timer(struct vserver *v)
{
	uint64_t due_ms = sim_clock_shows(v->s, sched_core_due_ms(v->core));
	uint64_t now_ms = v->c->w.now;

	if (due_ms == UINT64_MAX)
		return;
	if (due_ms <= now_ms)
		due_ms = now_ms + 1;
	if (v->tick_ms != 0 && v->tick_ms <= due_ms)
		return;
	v->tick_ms = due_ms;
	cluster_later(v->c, due_ms - now_ms, EV_TICK, 0, v->epoch)->server =
	    server_place(v);
}

static void
leave(struct vserver *v, bool leases_ended)
{
	struct sched_act act;

	while (sched_core_next(v->core, &act)) {
		if (act.kind != SCHED_ACT_PROPOSE) {
			server_answer(v, &act);
			continue;
		}
		if (leases_ended)
			ghost_lost(v, act.bytes, act.n);
		propose(v, &act);
	}
	server_follow(v);
	set_timer(v);
}

static void
tick(struct vserver *v)
{
	struct sched_core_stats before, after;

	v->tick_ms = 0;
	sched_core_stats(v->core, &before);
	sched_core_tick(v->core);
	sched_core_stats(v->core, &after);
	v->c->stats.downs += after.leases_expired - before.leases_expired;
	leave(v, after.leases_expired > before.leases_expired);
}

void
server_raise_level(struct vserver *v, uint64_t level)
{
	enter(v);
	sched_core_raise_level(v->core, level);
	leave(v, false);
}

/* --- what Raft tells the loop: node.c, raftlog.c --- */

static void
apply(struct vserver *v, struct raft_entry *e)
{
	struct cluster *c = v->c;
	struct err err;

	if (e->type == RAFT_COMMAND &&
	    sched_core_applied(
		v->core, e->index, e->data->data, e->data->len, &err) == -1)
		sim_fail(&c->w, "SM: server %" PRIu64 " cannot apply: %s",
		    v->s->id, err.text);
	sim_ghost_apply(&c->w, v->s, e);
	raft_bytes_unref(e->data);
	e->data = NULL;
	ghost_applied(v, e->index);
	leave(v, false);
}

static long
read_bytes(void *ctx, void *p, size_t n)
{
	struct buf *left = ctx;

	if (n > left->len)
		n = left->len;
	memcpy(p, left->data, n);
	left->data += n;
	left->len -= n;
	return (long)n;
}

static void
restore(struct vserver *v, uint64_t index)
{
	struct cluster *c = v->c;
	struct buf left = { 0 };
	struct err err;

	if (index < c->nsnaps)
		left = c->snaps[index];
	if (left.len == 0)
		sim_fail(&c->w, "SNAP: nobody kept a state at %" PRIu64, index);
	if (sched_core_restore(v->core, read_bytes, &left, &err) == -1)
		sim_fail(&c->w, "SNAP: not restored: %s", err.text);
	v->s->applied = index;
	v->s->state = c->w.committed[index - 1].state;
	ghost_applied(v, index);
}

static void
lead(struct vserver *v, const struct news *n)
{
	sim_note(&v->c->w, "loop of server %" PRIu64 " %s in term %" PRIu64,
	    v->s->id, n->leads ? "leads" : "follows", n->term);
	v->leads = n->leads;
	v->term = n->term;
	v->led_ms = v->c->w.now;
	if (n->leads) {
		v->office = ++v->c->next_office;
		v->c->stats.offices++;
	}
	sched_core_lead(v->core, n->leads);
	leave(v, false);
}

static void
hear(struct vserver *v, struct news *n)
{
	struct err err;

	switch (n->kind) {
	case NEWS_APPLY:
		apply(v, &n->entry);
		break;
	case NEWS_INSTALL:
		restore(v, n->index);
		leave(v, false);
		break;
	case NEWS_LEADS:
		lead(v, n);
		break;
	case NEWS_FOLLOWS:
		v->leader = n->leader;
		break;
	case NEWS_FAILED:
		err_set(&err, n->code, "not taken, or not known to be");
		sched_core_not_taken(v->core, n->proposal, &err);
		leave(v, false);
		break;
	case NEWS_READ:
		server_read_done(v, n->read, n->ok);
		break;
	}
}

static void
hear_all(struct vserver *v)
{
	uint64_t before = v->s->applied;
	struct news *n;

	v->news_posted = false;
	enter(v);
	while ((n = queue_take(&v->news, sizeof *n)) != NULL) {
		struct news own = *n;

		n->entry.data = NULL;
		hear(v, &own);
	}
	if (v->s->applied > before)
		sim_step(&v->c->w, v->s,
		    (struct raft_event){
			.type = RAFT_APPLIED, .applied = v->s->applied });
}

void
server_event(struct cluster *c, struct event *ev)
{
	struct vserver *v = &c->servers[ev->server];

	if (v->core != NULL && v->s->paused_until > c->w.now) {
		cluster_put_off(c, ev, v->s->paused_until);
		return;
	}
	if (ev->kind == EV_REQUEST) {
		if (v->core != NULL)
			enter(v);
		server_request(v, ev);
		if (v->core != NULL)
			leave(v, false);
		return;
	}
	if (v->core == NULL || ev->epoch != v->epoch)
		return;
	if (ev->kind == EV_INBOX) {
		server_read_mail(v);
		return;
	}
	if (ev->kind == EV_NEWS) {
		hear_all(v);
		return;
	}
	enter(v);
	if (ev->kind == EV_TICK)
		tick(v);
	else
		server_held_end(v, ev);
}

/* --- life --- */

static void
on_keep(void *ctx, struct sim_server *s)
{
	struct cluster *c = ctx;

	ghost_kept(server_of(c, s), s->applied);
}

static void
on_start(void *ctx, struct sim_server *s)
{
	struct cluster *c = ctx;
	struct vserver *v = server_of(c, s);
	struct sched_core_opts o;
	char *urls[CLUSTER_SERVERS];

	sched_core_opts_init(&o);
	o.seed = sim_mix(c->w.seed, s->id * 1000 + s->incarnation + 500);
	o.failover_ttl_ms = CLUSTER_FAILOVER_MS;
	o.gc_interval_ms = c->o.gc_ms;
	o.gc_eval_ns = o.gc_deployment_ns = INT64_C(10000000000);
	v->core = sched_core_new(&o);
	v->epoch++;
	for (size_t i = 0; i < c->w.o.nservers; i++)
		urls[i] = xasprintf("tcp://server:%zu",
		    1 + (server_place(v) + i) % c->w.o.nservers);
	sched_core_servers(v->core, urls, c->w.o.nservers);
	for (size_t i = 0; i < c->w.o.nservers; i++)
		free(urls[i]);
	enter(v);
	if (s->applied > 0)
		restore(v, s->applied);
}

static void
forget_threads(struct vserver *v)
{
	struct news *n;
	struct mail *m;

	while ((n = queue_take(&v->news, sizeof *n)) != NULL)
		raft_bytes_unref(n->entry.data);
	while ((m = queue_take(&v->mail, sizeof *m)) != NULL)
		raft_bytes_unref(m->bytes);
	v->waiting.head = v->waiting.n = v->fresh.head = v->fresh.n = 0;
	v->reading.head = v->reading.n = 0;
	v->news_posted = v->mail_posted = v->raft_leads = v->leads = false;
	v->leader = v->term = v->tick_ms = v->fresh_id = 0;
}

static void
stop(struct vserver *v)
{
	if (v->core == NULL)
		return;
	forget_threads(v);
	server_forget_askers(v);
	sched_core_free(v->core);
	v->core = NULL;
	v->epoch++;
}

static void
on_crash(void *ctx, struct sim_server *s)
{
	struct cluster *c = ctx;

	stop(server_of(c, s));
	node_server_gone(c, sim_place(s->id));
}

void
server_open(struct cluster *c)
{
	for (size_t i = 0; i < c->w.o.nservers; i++) {
		c->servers[i].c = c;
		c->servers[i].s = &c->w.servers[i];
	}
	c->host = (struct sim_host){ .ctx = c,
		.start = on_start,
		.crash = on_crash,
		.act = server_on_act,
		.keep = on_keep };
	c->w.host = &c->host;
}

void
server_release(struct vserver *v)
{
	stop(v);
	queue_release(&v->fresh);
	queue_release(&v->waiting);
	queue_release(&v->reading);
	queue_release(&v->news);
	queue_release(&v->mail);
	free(v->woken);
}
