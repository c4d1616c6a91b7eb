#include <string.h>

#include "cmd/gossipd/pool_impl.h"

/*
 * Leaving takes two steps, each until its message has been told often enough
 * or POOL_LEAVE_WAIT_MS has passed: first Serf's intent, so that all know
 * that it is no failure, then memberlist's dead(self).
 */

static void
tell_leave(struct pool *p, const char *name, bool prune)
{
	struct wire_intent in = {
		.ltime = p->clock++, .node = wire_text(name), .prune = prune
	};
	struct buf b = { 0 };

	pool_on_leave_intent(p, &in);
	wire_put(&b, &wire_leave_form, &in);
	p->leave_news =
	    pool_broadcast_serf(p, &p->intents, wire_bytes(b.data, b.len));
	buf_release(&b);
}

static void
step(struct pool *p)
{
	bool waits = pool_has_peers(p);

	pool_arm(p, &p->leaving, p->now_ms + (waits ? POOL_LEAVE_WAIT_MS : 0));
}

void
pool_leave(struct pool *p, uint64_t now_ms)
{
	pool_take_time(p, now_ms);
	if (p->life != POOL_RUNS)
		return;
	p->life = POOL_LEAVES;
	tell_leave(p, p->self->name, false);
	step(p);
}

static void
tell_dead(struct pool *p)
{
	struct wire_accusation d = { p->self->incarnation,
		wire_text(p->self->name), wire_text(p->self->name) };

	p->life = POOL_DIES;
	pool_on_dead(p, &d);
	p->leave_news = p->news.last_id;
	step(p);
}

void
pool_leaving_fire(struct pool *p, struct pool_timer *t)
{
	struct pool_event ev = { .type = POOL_EV_LEFT };

	(void)t;
	if (p->life == POOL_LEAVES) {
		tell_dead(p);
	} else if (p->life == POOL_DIES) {
		p->life = POOL_GONE;
		pool_tell(p, &ev);
	}
}

void
pool_leave_look(struct pool *p)
{
	const struct bcast *q = p->life == POOL_LEAVES ? &p->intents : &p->news;

	if (p->life != POOL_LEAVES && p->life != POOL_DIES)
		return;
	if (p->leaving.due.place != 0 && !bcast_has(q, p->leave_news))
		pool_arm(p, &p->leaving, p->now_ms);
}

int
pool_force_leave(struct pool *p, uint64_t now_ms, const char *name, bool prune,
    struct err *err)
{
	char checked[POOL_NAME_MAX + 1];

	pool_take_time(p, now_ms);
	if (!pool_name(wire_text(name), checked))
		return err_set(
		    err, ERR_BAD, "\"%s\" is no member's name", name);
	if (strcmp(name, p->self->name) == 0)
		return err_set(
		    err, ERR_BAD, "%s is this member: let it leave", name);
	tell_leave(p, name, prune);
	return 0;
}
