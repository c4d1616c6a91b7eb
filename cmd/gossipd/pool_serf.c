#include <stdlib.h>
#include <string.h>

#include "cmd/gossipd/pool_impl.h"
#include "common/log.h"
#include "common/mem.h"

void
pool_witness(uint64_t *clock, uint64_t ltime)
{
	if (ltime >= *clock && ltime < LTIME_MAX)
		*clock = ltime + 1;
}

/* --- intents that come before their member --- */

static void
early_drop(struct pool *p, struct pool_intent *e)
{
	map_remove(&p->early, e->name);
	free(e->name);
	free(e);
}

void
pool_early_release(struct pool *p)
{
	for (struct map_entry *e; (e = map_first(&p->early)) != NULL;)
		early_drop(p, map_value(e));
}

/* Those that are too old, or too many, are the first ones. */
static void
early_trim(struct pool *p)
{
	for (struct map_entry *e; (e = map_first(&p->early)) != NULL;) {
		struct pool_intent *in = map_value(e);

		if (map_count(&p->early) < POOL_INTENTS_MAX &&
		    p->now_ms - in->at_ms <= INTENT_KEPT_MS)
			return;
		early_drop(p, in);
	}
}

/* Whether it is newer than what was kept. */
static bool
early_keep(struct pool *p, const char *name, bool leave, uint64_t ltime)
{
	struct pool_intent *e = map_find(&p->early, name);

	if (e != NULL && ltime <= e->ltime)
		return false;
	if (e != NULL)
		early_drop(p, e);
	early_trim(p);
	e = xcalloc(1, sizeof *e);
	*e = (struct pool_intent){ xstrdup(name), leave, ltime, p->now_ms };
	map_put(&p->early, name, e);
	return true;
}

static void
early_apply(struct pool *p, struct pool_member *m)
{
	struct pool_intent *e;

	early_trim(p);
	e = map_find(&p->early, m->name);
	if (e == NULL)
		return;
	m->status_ltime = e->ltime;
	if (e->leave)
		m->status = POOL_LEAVING;
	early_drop(p, e);
}

/* --- statuses --- */

static void
take_tag(struct pool_member *m, size_t *cap, struct wire_bytes key,
    struct wire_bytes value)
{
	m->tags = xgrow(m->tags, m->ntags, cap, sizeof *m->tags);
	m->tags[m->ntags++] =
	    (struct rec_kv){ pool_text(key), pool_text(value) };
}

static void
take_tags(struct pool_member *m)
{
	struct wire_bytes meta = wire_bytes(m->meta, m->nmeta), role, key,
			  value;
	struct wire_list tags;
	size_t cap = 0;

	pool_tags_release(m->tags, m->ntags);
	m->tags = NULL;
	m->ntags = 0;
	if (wire_tags_get(meta, &tags, &role, NULL) == -1)
		return;
	if (role.data != NULL)
		take_tag(m, &cap, wire_text("role"), role);
	while (wire_next_pair(&tags, &key, &value))
		take_tag(m, &cap, key, value);
}

static void
set_status(struct pool *p, struct pool_member *m, enum pool_status status)
{
	uint64_t reap = p->now_ms + (status == POOL_FAILED ? p->reconnect_ms
							   : p->tombstone_ms);

	m->status = status;
	m->status_ms = p->now_ms;
	m->returns = false;
	if (status != POOL_FAILED && status != POOL_LEFT)
		return;
	if (p->reaping.due.place == 0 || p->reaping.due.at_ms > reap)
		pool_arm(p, &p->reaping, reap);
	if (status == POOL_FAILED && p->reconnecting.due.place == 0)
		pool_arm(p, &p->reconnecting,
		    p->now_ms + 1 + rng_below(&p->rng, RECONNECT_MS));
}

static void
erase(struct pool *p, struct pool_member *m)
{
	log_info("member reap name=%s", m->name);
	pool_disarm(p, &m->prune);
	pool_tell_member(p, POOL_EV_REAP, m);
	m->status = POOL_NONE;
	pool_member_drop(p, m);
}

void
pool_reaping_fire(struct pool *p, struct pool_timer *t)
{
	uint64_t next = UINT64_MAX;

	for (size_t i = p->nall; i > 0; i--) {
		struct pool_member *m = p->all[i - 1];
		uint64_t at = m->status_ms;

		if (m->status == POOL_FAILED)
			at += p->reconnect_ms;
		else if (m->status == POOL_LEFT)
			at += p->tombstone_ms;
		else
			continue;
		if (at <= p->now_ms)
			erase(p, m);
		else if (at < next)
			next = at;
	}
	if (next != UINT64_MAX)
		pool_arm(p, t, next);
}

void
pool_set_times(struct pool *p, uint64_t now_ms, uint64_t reconnect_ms,
    uint64_t tombstone_ms)
{
	p->now_ms = now_ms;
	p->reconnect_ms = reconnect_ms > 0 ? reconnect_ms : REAP_MS;
	p->tombstone_ms = tombstone_ms > 0 ? tombstone_ms : REAP_MS;
	/* It sees for itself who is due when. */
	if (p->reaping.due.place != 0)
		pool_arm(p, &p->reaping, now_ms);
}

static void
prune_fire(struct pool *p, struct pool_timer *t)
{
	erase(p, DUE_OF(t, struct pool_member, prune));
}

/* Erased, now or when a member that leaves has had the time to. */
static void
prune(struct pool *p, struct pool_member *m)
{
	m->prune.fire = prune_fire;
	if (m == p->self)
		return;
	pool_arm(p, &m->prune,
	    m->status == POOL_LEAVING
		? p->now_ms + POOL_LEAVE_WAIT_MS + PROPAGATE_MS
		: p->now_ms);
}

/* --- what memberlist's table tells --- */

void
pool_serf_joined(struct pool *p, struct pool_member *m)
{
	bool fresh = m->status == POOL_NONE;

	set_status(p, m, POOL_ALIVE);
	pool_disarm(p, &m->prune);
	if (fresh)
		early_apply(p, m);
	take_tags(m);
	p->joined_ms = p->now_ms;
	log_info("member join name=%s", m->name);
	pool_tell_member(p, POOL_EV_JOIN, m);
}

void
pool_serf_gone(struct pool *p, struct pool_member *m)
{
	if (m->status == POOL_LEAVING) {
		set_status(p, m, POOL_LEFT);
		log_info("member leave name=%s", m->name);
		pool_tell_member(p, POOL_EV_LEAVE, m);
	} else if (m->status == POOL_ALIVE) {
		set_status(p, m, POOL_FAILED);
		log_info("member failed name=%s", m->name);
		pool_tell_member(p, POOL_EV_FAILED, m);
	}
}

void
pool_serf_updated(struct pool *p, struct pool_member *m)
{
	if (m->status == POOL_NONE)
		return;
	take_tags(m);
	log_info("member update name=%s", m->name);
	pool_tell_member(p, POOL_EV_UPDATE, m);
}

/* --- intents --- */

/* The clock sees it; the name as text, or false where it is none of ours. */
static bool
intent_begin(
    struct pool *p, const struct wire_intent *in, char name[POOL_NAME_MAX + 1])
{
	if (in->ltime >= LTIME_MAX || !pool_name(in->node, name)) {
		p->stats.packets_bad++;
		return false;
	}
	pool_witness(&p->clock, in->ltime);
	return true;
}

bool
pool_on_leave_intent(struct pool *p, const struct wire_intent *in)
{
	char name[POOL_NAME_MAX + 1];
	struct pool_member *m;

	if (!intent_begin(p, in, name))
		return false;
	m = pool_member_find(p, name);
	if (m == NULL || m->status == POOL_NONE)
		return early_keep(p, name, true, in->ltime);
	/*
	 * Whoever told us that time in an exchange may have had it from this
	 * very intent, of which an exchange says nothing until all is over.
	 */
	if (in->ltime < m->status_ltime ||
	    (in->ltime == m->status_ltime && !m->hearsay))
		return false;
	if (m == p->self && p->life == POOL_RUNS) {
		pool_tell_join(p); /* we do not leave */
		return false;
	}
	m->status_ltime = in->ltime;
	m->hearsay = false;
	if (m->status == POOL_ALIVE) {
		set_status(p, m, POOL_LEAVING);
	} else if (m->status == POOL_FAILED) {
		set_status(p, m, POOL_LEFT);
		log_info("member leave name=%s forced", m->name);
		pool_tell_member(p, POOL_EV_LEAVE, m);
	}
	if (in->prune)
		prune(p, m);
	return !POOL_PLANT(5);
}

bool
pool_on_join_intent(struct pool *p, const struct wire_intent *in)
{
	char name[POOL_NAME_MAX + 1];
	struct pool_member *m;

	if (!intent_begin(p, in, name))
		return false;
	m = pool_member_find(p, name);
	if (m == NULL || m->status == POOL_NONE)
		return early_keep(p, name, false, in->ltime);
	if (in->ltime <= m->status_ltime)
		return false;
	m->status_ltime = in->ltime;
	m->hearsay = false;
	m->returns = m->status == POOL_LEFT;
	if (m->status == POOL_LEAVING) {
		pool_disarm(p, &m->prune);
		set_status(p, m, POOL_ALIVE);
	}
	return true;
}

void
pool_tell_join(struct pool *p)
{
	struct wire_intent in = { .ltime = p->clock,
		.node = wire_text(p->self->name) };
	struct buf b = { 0 };

	pool_on_join_intent(p, &in);
	wire_put(&b, &wire_join_form, &in);
	pool_broadcast_serf(p, &p->intents, wire_bytes(b.data, b.len));
	buf_release(&b);
}
