#include <stdlib.h>

#include "cmd/gossipd/pool_impl.h"
#include "common/log.h"
#include "common/mem.h"

/* How often we ask a suspect of ours again, in a probe interval. */
#define ASKS       4
#define ASKS_HASTY 5
/*
 * No verdict before we have asked it so often ourselves, whoever accused it:
 * where a third of all packets is lost, more than half of the questions come
 * to nothing. Where its host has refused us, that says enough.
 */
#define ASKS_LAST   12
#define ASKS_BY_TCP 6 /* one in so many is made by TCP as well */
#define ASKS_AHEAD  3 /* probe intervals before the end */

static uint64_t
ask_every_ms(const struct pool *p, const struct pool_suspect *s)
{
	return p->rules.suspicion.interval_ms / (s->hasty ? ASKS_HASTY : ASKS);
}

/*
 * When the verdict falls. Whoever has answered us after we accused it is
 * alive, whatever became of its refutation.
 */
static uint64_t
verdict_ms(const struct pool_suspect *s)
{
	uint64_t at = suspicion_end_ms(&s->s), heard = s->member->heard_ms;

	if (s->hasty && s->hasty_ms < at)
		at = s->hasty_ms;
	if (heard > s->s.start_ms && heard + s->s.min_ms > at && !POOL_PLANT(2))
		at = heard + s->s.min_ms;
	return at;
}

static bool
is_asked_enough(const struct pool_suspect *s)
{
	return s->hasty || s->nasked >= ASKS_LAST || POOL_PLANT(2);
}

/* When to ask next: who did not accuse it asks towards the end only. */
static uint64_t
next_ask_ms(const struct pool *p, const struct pool_suspect *s)
{
	uint64_t end = verdict_ms(s), at = s->ask_ms;
	uint64_t ahead = p->rules.suspicion.interval_ms * ASKS_AHEAD;

	if (!s->ours && end > ahead && end - ahead > at)
		at = end - ahead;
	return at;
}

static void
rearm(struct pool *p, struct pool_suspect *s)
{
	uint64_t at = verdict_ms(s), ask = next_ask_ms(p, s);

	if (ask < at || !is_asked_enough(s))
		at = ask;
	pool_arm(p, &s->timer, at);
}

/* A stream gets through where datagrams do not; its answer may take longer. */
static void
ask_by_tcp(struct pool *p, struct pool_suspect *s)
{
	struct pool_dial *d = pool_ping_by_tcp(p, s->member, DIAL_ASK, ++p->seq,
	    p->now_ms + p->rules.suspicion.interval_ms * ASKS_AHEAD);

	if (d != NULL)
		d->member = s->member;
}

static void
ask_again(struct pool *p, struct pool_suspect *s)
{
	struct pool_pending *w = pool_pending_new(p, PENDING_ASK);

	if (s->nasked % ASKS_BY_TCP == 0)
		ask_by_tcp(p, s);
	s->ask_ms = p->now_ms + ask_every_ms(p, s);
	s->nasked++;
	if (w == NULL)
		return;
	w->member = s->member;
	pool_ping(p, s->member, w->seq);
}

static void
suspect_fire(struct pool *p, struct pool_timer *t)
{
	struct pool_suspect *s = DUE_OF(t, struct pool_suspect, timer);
	struct pool_member *m = s->member;
	struct wire_accusation dead = { m->incarnation, wire_text(m->name),
		wire_text(p->self->name) };

	if (p->now_ms >= verdict_ms(s) && is_asked_enough(s)) {
		log_info("member silent name=%s suspect_ms=%llu confirmed=%u",
		    m->name, (unsigned long long)(p->now_ms - s->s.start_ms),
		    s->s.nconfirms);
		pool_on_dead(p, &dead);
		return;
	}
	if (p->now_ms >= next_ask_ms(p, s))
		ask_again(p, s);
	rearm(p, s);
}

void
pool_suspect_begin(
    struct pool *p, struct pool_member *m, const char *from, bool refused)
{
	struct pool_suspect *s = xcalloc(1, sizeof *s);

	suspicion_init(&s->s, p->now_ms, from, &p->rules.suspicion, p->ntable);
	s->timer.fire = suspect_fire;
	s->member = m;
	m->suspect = s;
	s->ours = strcmp(from, p->self->name) == 0;
	s->ask_ms = p->now_ms;
	if (refused)
		pool_suspect_hasten(p, m);
	else
		rearm(p, s);
}

void
pool_suspect_end(struct pool *p, struct pool_member *m)
{
	struct pool_suspect *s = m->suspect;

	if (s == NULL)
		return;
	pool_disarm(p, &s->timer);
	suspicion_release(&s->s);
	free(s);
	m->suspect = NULL;
}

void
pool_suspect_hasten(struct pool *p, struct pool_member *m)
{
	struct pool_suspect *s = m->suspect;
	uint64_t wait = p->rules.suspicion.interval_ms * (p->health + 1) *
			POOL_REFUSED_PCT / 100;

	if (!s->hasty) {
		s->hasty = true;
		s->hasty_ms = p->now_ms + wait;
	}
	/* Who hastens asks, too. */
	s->ours = true;
	s->ask_ms = p->now_ms;
	rearm(p, s);
}

void
pool_suspect_restart(struct pool *p, struct pool_member *m)
{
	struct pool_suspect *s = m->suspect;

	s->s.start_ms = s->ask_ms = p->now_ms;
	s->hasty = false;
	s->nasked = 0;
	rearm(p, s);
}

void
pool_suspect_heard(struct pool *p, struct pool_member *m)
{
	m->heard_ms = p->now_ms;
	if (m->suspect == NULL)
		return;
	m->suspect->hasty = false;
	rearm(p, m->suspect);
}

bool
pool_suspect_confirm(struct pool *p, struct pool_member *m, const char *from)
{
	if (!suspicion_confirm(&m->suspect->s, from))
		return false;
	rearm(p, m->suspect);
	return true;
}
