#include <string.h>

#include "cmd/gossipd/pool_impl.h"

/*
 * While all is quiet, of so many probe intervals every other one is for the
 * ring, one of the remaining for the others and the rest for nobody.
 */
#define QUIET_BEATS 4

#define CONFIRMERS  5 /* who look after a suspect of others at once */

/* --- whom --- */

/*
 * Who died long ago is told nothing any more and is no longer counted. Who
 * takes its seat may lose a turn by that.
 */
static void
drop_the_dead(struct pool *p)
{
	for (size_t i = p->ntable; i > 0; i--) {
		struct pool_member *m = p->table[i - 1];

		if (m->state != WIRE_STATE_DEAD && m->state != WIRE_STATE_LEFT)
			continue;
		if (p->now_ms - m->state_ms < p->rules.dead_ms)
			continue;
		pool_member_unseat(p, m);
		pool_member_drop(p, m);
	}
}

static bool
is_probed(const struct pool *p, const struct pool_member *m)
{
	return m != p->self &&
	       (m->state == WIRE_STATE_ALIVE || m->state == WIRE_STATE_SUSPECT);
}

/*
 * Who comes after us in the order of names, which is a ring: as each member
 * does so, each is probed by one at a steady pace, whatever chance has the
 * others do.
 */
static struct pool_member *
ring_target(const struct pool *p)
{
	struct pool_member *next = NULL, *first = NULL;

	for (size_t i = 0; i < p->ntable; i++) {
		struct pool_member *m = p->table[i];

		if (!is_probed(p, m))
			continue;
		if (first == NULL || strcmp(m->name, first->name) < 0)
			first = m;
		if (strcmp(m->name, p->self->name) > 0 &&
		    (next == NULL || strcmp(m->name, next->name) < 0))
			next = m;
	}
	return next != NULL ? next : first;
}

static struct pool_member *
round_target(struct pool *p)
{
	for (size_t seen = 0; seen <= p->ntable; seen++) {
		struct pool_member *m;

		if (p->probe_at >= p->ntable) {
			p->probe_at = 0;
			pool_table_shuffle(p);
		}
		m = p->table[p->probe_at++];
		if (is_probed(p, m))
			return m;
	}
	return NULL;
}

/* --- who probes us --- */

void
pool_probe_pinged(struct pool *p, const struct pool_addr *from)
{
	struct pool_pingers *all = &p->pingers;

	all->ring[all->next].addr = *from;
	all->ring[all->next].at_ms = p->now_ms;
	all->next = (all->next + 1) % PINGERS_MAX;
}

/* Has it pinged us since about its last turn? */
static bool
has_pinged(const struct pool *p, const struct pool_member *m)
{
	uint64_t round_ms =
	    p->rules.suspicion.interval_ms * p->ntable * QUIET_BEATS;
	struct pool_addr addr;

	pool_member_addr(m, &addr);
	for (size_t i = 0; i < PINGERS_MAX; i++)
		if (p->pingers.ring[i].addr.nip != 0 &&
		    p->now_ms - p->pingers.ring[i].at_ms < round_ms &&
		    pool_addr_is(&p->pingers.ring[i].addr, &addr))
			return true;
	return false;
}

/*
 * Who probes us itself, and learns by that whether we are alive, is alive: it
 * is spared one of our probes, but not two in a row, for a ping may be an old
 * one that somebody sends again.
 */
static bool
spare(struct pool *p, struct pool_member *m)
{
	m->spared = !m->spared && has_pinged(p, m);
	return m->spared;
}

/* --- the choice --- */

/* Nobody is suspected, nor have we reason to doubt ourselves. */
static bool
is_quiet(const struct pool *p)
{
	for (size_t i = 0; i < p->ntable; i++)
		if (p->table[i]->state == WIRE_STATE_SUSPECT)
			return false;
	return p->health == 0;
}

/*
 * Somebody else's suspect is probed out of its turn by a few of all, whom
 * chance chooses: they confirm soon what is so.
 */
static struct pool_member *
fresh_suspect(struct pool *p)
{
	for (size_t i = 0; i < p->ntable; i++) {
		struct pool_suspect *s = p->table[i]->suspect;

		if (s == NULL || s->seen)
			continue;
		s->seen = true;
		if (!s->ours && rng_below(&p->rng, p->ntable) < CONFIRMERS)
			return s->member;
	}
	return NULL;
}

struct pool_member *
pool_probe_target(struct pool *p)
{
	struct pool_member *m;

	if (++p->beat % QUIET_BEATS == 0)
		drop_the_dead(p);
	if (!is_quiet(p)) {
		m = fresh_suspect(p);
		return m != NULL ? m : round_target(p);
	}
	if (p->beat % 2 == 0)
		return ring_target(p);
	if (p->beat % QUIET_BEATS != 1)
		return NULL;
	m = round_target(p);
	return m != NULL && spare(p, m) ? NULL : m;
}
