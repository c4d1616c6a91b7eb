/*
 * The server: its core, its log, and those who wait for its answers.
 */
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "tests/sim/cluster.h"
#include "tests/sim/cluster_server.h"

#define SNAPSHOT_ENTRIES 600 /* after so many a snapshot replaces the log */

/* --- the disk --- */

static void
entry_add(struct entry **list, size_t *n, size_t *cap, struct entry e)
{
	if (*n == *cap)
		*list = xgrow(*list, *n, cap, sizeof **list);
	(*list)[(*n)++] = e;
}

static void
forget_log(struct server *s)
{
	for (size_t i = 0; i < s->nlog; i++)
		buf_release(&s->log[i].bytes);
	s->nlog = 0;
}

static int
write_bytes(void *ctx, const void *p, size_t n)
{
	buf_add(ctx, p, n);
	return 0;
}

static void
take_snapshot(struct cluster *c)
{
	struct server *s = &c->server;

	buf_reset(&s->snapshot);
	if (sched_snapshot_write(
		sched_core_state(s->core), write_bytes, &s->snapshot) == -1)
		cluster_wrong(c, "the snapshot could not be written");
	forget_log(s);
	c->snapshots++;
}

/* --- what the core wants --- */

static struct ask *
take_ask(struct server *s, uint64_t req)
{
	struct ask *a;

	HASH_FIND(hh, s->asks, &req, sizeof req, a);
	if (a != NULL)
		HASH_DEL(s->asks, a);
	return a;
}

static void
answer(struct cluster *c, const struct sched_act *act)
{
	struct ask *a = take_ask(&c->server, act->req);
	struct event ev = { .kind = EV_REPLY };

	if (a == NULL)
		cluster_wrong(c, "an answer that nobody waits for");
	ev.who = a->who;
	ev.call = a->call;
	ev.msg = a->msg;
	ev.refused = act->kind == SCHED_ACT_REFUSE;
	ev.code = act->err.code;
	if (!ev.refused && act->body != NULL)
		rec_pack(act->type, act->body, &ev.bytes);
	cluster_send(c, &ev);
	free(a);
}

static void
propose(struct cluster *c, const struct sched_act *act)
{
	struct server *s = &c->server;
	struct entry e = { .number = act->proposal };
	struct err err;

	if (cluster_is_wild(c) && cluster_chance(c, 5)) {
		err_set(&err, ERR_BUSY, "the log is full");
		sched_core_not_taken(s->core, act->proposal, &err);
		return;
	}
	buf_add(&e.bytes, act->bytes, act->n);
	entry_add(&s->fresh, &s->nfresh, &s->fresh_cap, e);
	if (s->syncing)
		return;
	s->syncing = true;
	cluster_later(c, cluster_between(c, 1, 8), EV_SYNCED, 0, s->epoch);
}

static void
enter(struct cluster *c)
{
	sched_core_clock(c->server.core, c->now_ms, cluster_wall_ns(c));
}

static void
leave(struct cluster *c)
{
	struct server *s = &c->server;
	struct sched_act act;
	uint64_t due_ms;

	while (sched_core_next(s->core, &act)) {
		if (act.kind == SCHED_ACT_PROPOSE)
			propose(c, &act);
		else
			answer(c, &act);
	}
	server_follow(c);
	due_ms = sched_core_due_ms(s->core);
	if (due_ms == UINT64_MAX || (s->tick_ms != 0 && s->tick_ms <= due_ms))
		return;
	s->tick_ms = due_ms > c->now_ms ? due_ms : c->now_ms + 1;
	cluster_later(c, s->tick_ms - c->now_ms, EV_TICK, 0, s->epoch);
}

static void
apply(struct cluster *c, const struct entry *e)
{
	struct err err;

	if (sched_core_applied(c->server.core, e->index, e->bytes.data,
		e->bytes.len, &err) == -1)
		cluster_wrong(c, "the log could not be applied: %s", err.text);
}

static void
on_synced(struct cluster *c)
{
	struct server *s = &c->server;
	struct entry *fresh = s->fresh;
	size_t n = s->nfresh;

	s->fresh = NULL;
	s->nfresh = s->fresh_cap = 0;
	s->syncing = false;
	for (size_t i = 0; i < n; i++) {
		fresh[i].index = ++s->last_index;
		entry_add(&s->log, &s->nlog, &s->log_cap, fresh[i]);
		apply(c, &fresh[i]);
		if (++c->commands % 64 == 0)
			cluster_check_now(c);
	}
	free(fresh);
	if (s->nlog >= SNAPSHOT_ENTRIES)
		take_snapshot(c);
}

/* --- life --- */

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

void
server_start(struct cluster *c)
{
	struct server *s = &c->server;
	struct buf left = s->snapshot;
	struct sched_core_opts o;
	struct err err;

	sched_core_opts_init(&o);
	o.seed = rng_next(&c->rng);
	o.failover_ttl_ms = 10000;
	o.gc_interval_ms = 0;
	s->core = sched_core_new(&o);
	s->up = true;
	s->epoch++;
	s->tick_ms = 0;
	enter(c);
	if (left.len > 0 &&
	    sched_core_restore(s->core, read_bytes, &left, &err) == -1)
		cluster_wrong(c, "the snapshot was not restored: %s", err.text);
	for (size_t i = 0; i < s->nlog; i++)
		apply(c, &s->log[i]);
	sched_core_lead(s->core, true);
	leave(c);
}

static void
forget_askers(struct server *s)
{
	struct ask *a, *tmp;

	HASH_ITER(hh, s->asks, a, tmp)
	{
		HASH_DEL(s->asks, a);
		free(a);
	}
	memset(s->holders, 0, sizeof s->holders);
}

/* What was written and not yet synced may be there after a crash, from its
 * beginning to some point. */
static void
crash(struct cluster *c)
{
	struct server *s = &c->server;
	size_t kept = (size_t)cluster_between(c, 0, s->nfresh);

	for (size_t i = 0; i < s->nfresh; i++) {
		if (i < kept) {
			s->fresh[i].index = ++s->last_index;
			entry_add(&s->log, &s->nlog, &s->log_cap, s->fresh[i]);
		} else {
			buf_release(&s->fresh[i].bytes);
		}
	}
	s->nfresh = 0;
	s->syncing = false;
	s->up = false;
	s->epoch++;
	forget_askers(s);
	sched_core_free(s->core);
	s->core = NULL;
	c->crashes++;
}

void
server_stop(struct cluster *c)
{
	struct server *s = &c->server;

	if (s->up)
		crash(c);
	forget_log(s);
	buf_release(&s->snapshot);
	free(s->log);
	free(s->fresh);
}

/* Leadership is lost: what was proposed may be committed or not. */
static void
bounce(struct cluster *c)
{
	struct server *s = &c->server;
	struct err err;

	enter(c);
	sched_core_lead(s->core, false);
	err_set(&err, ERR_NOT_LEADER, "not the leader any more");
	for (size_t i = 0; i < s->nfresh; i++) {
		sched_core_not_taken(s->core, s->fresh[i].number, &err);
		buf_release(&s->fresh[i].bytes);
	}
	s->nfresh = 0;
	leave(c);
	enter(c);
	sched_core_lead(s->core, true);
	leave(c);
}

void
server_event(struct cluster *c, struct event *ev)
{
	struct server *s = &c->server;

	if (ev->kind == EV_SERVER_UP) {
		server_start(c);
		return;
	}
	if (!s->up)
		return;
	if (ev->kind == EV_SERVER_CRASH) {
		crash(c);
		cluster_later(
		    c, cluster_between(c, 200, 6000), EV_SERVER_UP, 0, 0);
		return;
	}
	if (ev->kind == EV_SERVER_BOUNCE) {
		bounce(c);
		return;
	}
	if (ev->kind != EV_REQUEST && ev->epoch != s->epoch)
		return;
	enter(c);
	if (ev->kind == EV_SYNCED) {
		on_synced(c);
	} else if (ev->kind == EV_TICK) {
		s->tick_ms = 0;
		sched_core_tick(s->core);
	} else if (ev->who == CLUSTER_CLIENT) {
		server_on_job(c, ev);
	} else {
		server_on_node(c, ev);
	}
	leave(c);
}
