/*
 * A server above Raft's core: the loop with schedd's core, as loop.c and
 * raftlog.c are, and Raft's thread beside it, as common/raft/node*.c is.
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

static struct vserver *
server_of(struct cluster *c, const struct sim_server *s)
{
	return &c->servers[sim_place(s->id)];
}

/* --- queues --- */

static void *
queue_add(struct queue *q, size_t size)
{
	if (q->head > 64 && q->head > q->n / 2) {
		memmove(q->v, (char *)q->v + q->head * size,
		    (q->n - q->head) * size);
		q->n -= q->head;
		q->head = 0;
	}
	q->v = xgrow(q->v, q->n, &q->cap, size);
	return (char *)q->v + q->n++ * size;
}

/* The oldest; NULL: there is none. It stays where it is for now. */
static void *
queue_take(struct queue *q, size_t size)
{
	return q->head < q->n ? (char *)q->v + q->head++ * size : NULL;
}

static void
queue_release(struct queue *q)
{
	free(q->v);
	*q = (struct queue){ 0 };
}

/* --- from thread to thread --- */

static uint64_t
thread_ms(struct cluster *c)
{
	if (c->o.thread_ms == 0 || !c->wild || cluster_chance(c, 700))
		return 0;
	return cluster_between(
	    c, 0, cluster_chance(c, 20) ? 400 : c->o.thread_ms);
}

static void
post(struct vserver *v, enum event_kind kind, bool *posted)
{
	if (*posted)
		return;
	*posted = true;
	cluster_later(v->c, thread_ms(v->c), kind, 0, v->epoch)->server =
	    server_place(v);
}

static void
tell(struct vserver *v, struct news news)
{
	*(struct news *)queue_add(&v->news, sizeof news) = news;
	post(v, EV_NEWS, &v->news_posted);
}

void
server_mail(struct vserver *v, struct mail m)
{
	*(struct mail *)queue_add(&v->mail, sizeof m) = m;
	post(v, EV_INBOX, &v->mail_posted);
}

/* --- Raft's thread: node_core.c --- */

static void
fail_waiting(struct vserver *v, struct queue *q, enum err_code code)
{
	struct waiting *x;

	while ((x = queue_take(q, sizeof *x)) != NULL)
		tell(v, (struct news){ .kind = NEWS_FAILED,
			    .proposal = x->proposal,
			    .code = code });
}

static void
tell_leads(struct vserver *v, bool leads, uint64_t term)
{
	if (v->raft_leads == leads)
		return;
	v->raft_leads = leads;
	tell(v,
	    (struct news){ .kind = NEWS_LEADS, .leads = leads, .term = term });
}

static void
on_apply(struct vserver *v, const struct raft_action *a)
{
	const struct raft *r = v->s->raft;
	uint64_t leads_in = 0;

	for (size_t i = 0; i < a->log.n; i++) {
		const struct raft_entry *e = &a->log.entries[i];
		struct waiting *x = NULL;

		if (v->waiting.head < v->waiting.n)
			x = (struct waiting *)v->waiting.v + v->waiting.head;
		if (x != NULL && x->index == e->index && x->term == e->term)
			v->waiting.head++;
		raft_bytes_ref(e->data);
		tell(v, (struct news){ .kind = NEWS_APPLY, .entry = *e });
		if (e->type == RAFT_NOOP && e->term == r->term &&
		    r->role == RAFT_LEADER)
			leads_in = e->term;
	}
	if (leads_in != 0)
		tell_leads(v, true, leads_in);
}

static void
on_role(struct vserver *v, const struct raft_action *a)
{
	tell(v, (struct news){ .kind = NEWS_FOLLOWS,
		    .leader = a->role.leader,
		    .term = a->role.term });
	if (a->role.role == RAFT_LEADER)
		return;
	tell_leads(v, false, a->role.term);
	fail_waiting(v, &v->waiting, ERR_GONE);
}

static void
on_proposed(struct vserver *v, const struct raft_action *a)
{
	for (size_t i = 0; i < a->proposed.n && v->fresh_id != 0; i++) {
		struct waiting *x = queue_take(&v->fresh, sizeof *x), *w;

		w = queue_add(&v->waiting, sizeof *w);
		*w = (struct waiting){ x->proposal, a->proposed.first + i,
			a->proposed.term };
	}
}

static void
on_read(struct vserver *v, uint64_t id, bool ok)
{
	struct waiting *list = v->reading.v;

	for (size_t i = v->reading.head; i < v->reading.n; i++) {
		if (list[i].index != id)
			continue;
		tell(v, (struct news){ .kind = NEWS_READ,
			    .read = list[i].proposal,
			    .ok = ok });
		list[i] = list[--v->reading.n];
		return;
	}
}

static void
on_act(void *ctx, struct sim_server *s, const struct raft_action *a)
{
	struct cluster *c = ctx;
	struct vserver *v = server_of(c, s);

	switch ((int)a->type) {
	case RAFT_ACT_APPLY:
		on_apply(v, a);
		break;
	case RAFT_ACT_INSTALL:
		tell(v, (struct news){ .kind = NEWS_INSTALL,
			    .index = a->install.snapshot->index });
		break;
	case RAFT_ACT_ROLE:
		on_role(v, a);
		break;
	case RAFT_ACT_PROPOSED:
		if (a->proposed.id == v->fresh_id)
			on_proposed(v, a);
		break;
	case RAFT_ACT_REFUSED:
		if (v->fresh_id != 0 && a->refused.id == v->fresh_id)
			fail_waiting(v, &v->fresh,
			    a->refused.why == RAFT_BUSY ? ERR_BUSY
							: ERR_NOT_LEADER);
		break;
	case RAFT_ACT_READ_OK:
		on_read(v, a->read.id, true);
		break;
	case RAFT_ACT_READ_FAILED:
		on_read(v, a->refused.id, false);
		break;
	default:
		break;
	}
}

/* All that came together, and was decided in the same term, is one proposal. */
static void
propose_all(
    struct vserver *v, struct raft_bytes **bytes, size_t n, uint64_t term)
{
	struct raft_event ev = { .type = RAFT_PROPOSE };

	if (n == 0)
		return;
	v->fresh_id = ++v->c->next_call;
	ev.propose.id = v->fresh_id;
	ev.propose.payloads = bytes;
	ev.propose.n = n;
	ev.propose.term = term;
	sim_step(&v->c->w, v->s, ev);
	v->fresh_id = 0;
	for (size_t i = 0; i < n; i++)
		raft_bytes_unref(bytes[i]);
}

static void
read_mail(struct vserver *v)
{
	struct cluster *c = v->c;
	struct raft_bytes **bytes =
	    xcalloc(v->mail.n + 1, sizeof(struct raft_bytes *));
	struct mail *m;
	uint64_t term = 0;
	size_t n = 0;

	v->mail_posted = false;
	while ((m = queue_take(&v->mail, sizeof *m)) != NULL) {
		struct waiting *x;

		if (m->bytes == NULL) {
			x = queue_add(&v->reading, sizeof *x);
			*x = (struct waiting){ .proposal = m->read,
				.index = c->w.nreads };
			sim_read(&c->w, v->s);
			continue;
		}
		if (n > 0 && m->term != term) {
			propose_all(v, bytes, n, term);
			n = 0;
		}
		term = m->term;
		x = queue_add(&v->fresh, sizeof *x);
		*x = (struct waiting){ .proposal = m->proposal };
		bytes[n++] = m->bytes;
	}
	propose_all(v, bytes, n, term);
	free(bytes);
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
		read_mail(v);
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
		.act = on_act,
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
