#include <stdlib.h>
#include <string.h>

#include "cmd/gossipd/pool_impl.h"
#include "common/log.h"
#include "common/mem.h"

/* --- ourselves --- */

void
pool_alive_of(const struct pool_member *m, struct wire_alive *out)
{
	*out = (struct wire_alive){ .incarnation = m->incarnation,
		.node = wire_text(m->name),
		.addr = pool_member_raw_addr(m),
		.port = m->port,
		.meta = wire_bytes(m->meta, m->nmeta),
		.vsn = wire_bytes(m->vsn, sizeof m->vsn) };
}

void
pool_renew(struct pool *p)
{
	struct wire_alive a;

	pool_alive_of(p->self, &a);
	pool_broadcast(p, p->self->name, &wire_alive_form, &a);
}

/* Who we are, to whoever does not know it; gossip may not reach it. */
static void
tell_accuser(struct pool *p, const char *accuser)
{
	struct pool_member *to = pool_member_find(p, accuser);
	struct wire_alive a;
	struct pool_addr addr;

	if (to == NULL || to == p->self || !to->seated)
		return;
	pool_alive_of(p->self, &a);
	pool_member_addr(to, &addr);
	pool_send_form(p, &addr, &wire_alive_form, &a);
}

/* Somebody says of us what is not so: only a newer incarnation is heard. */
static void
refute(struct pool *p, uint32_t accused, const char *accuser)
{
	struct pool_member *m = p->self;

	if (m->incarnation >= INCARNATION_MAX)
		return;
	m->incarnation = (accused > m->incarnation ? accused : m->incarnation);
	if (!POOL_PLANT(3))
		m->incarnation++;
	p->stats.refutes++;
	pool_health_add(p, 1);
	pool_renew(p);
	if (accuser != NULL)
		tell_accuser(p, accuser);
}

/* --- alive --- */

static bool
is_same(const struct pool_member *m, const struct wire_alive *a)
{
	return wire_is(a->meta, wire_bytes(m->meta, m->nmeta)) &&
	       wire_is(a->vsn, wire_bytes(m->vsn, sizeof m->vsn));
}

static void
take_address(struct pool_member *m, const struct wire_alive *a)
{
	memcpy(m->addr, a->addr.data, a->addr.n);
	m->naddr = (uint8_t)a->addr.n;
	m->port = a->port;
}

/* What it says of itself, byte for byte. */
static void
take_words(struct pool_member *m, const struct wire_alive *a)
{
	memcpy(m->vsn, a->vsn.data, sizeof m->vsn);
	free(m->meta);
	m->meta = xmemdup(a->meta.n > 0 ? a->meta.data : m->vsn, a->meta.n);
	m->nmeta = a->meta.n;
	m->incarnation = a->incarnation;
}

static void
accept_alive(struct pool *p, struct pool_member *m, const struct wire_alive *a)
{
	enum wire_state was = m->state;
	bool same =
	    wire_is(a->meta, wire_bytes(m->meta, m->nmeta)) && m->meta != NULL;

	pool_suspect_end(p, m);
	take_address(m, a);
	take_words(m, a);
	pool_broadcast(p, m->name, &wire_alive_form, a);
	if (was != WIRE_STATE_ALIVE) {
		m->state = WIRE_STATE_ALIVE;
		m->state_ms = p->now_ms;
	}
	pool_probe_wake(p);
	pool_gossip_wake(p);
	if (was == WIRE_STATE_DEAD || was == WIRE_STATE_LEFT)
		pool_serf_joined(p, m);
	else if (!same)
		pool_serf_updated(p, m);
}

/* A name at another address. Only who has left may move. */
static void
conflict(struct pool *p, struct pool_member *m, const struct pool_addr *other)
{
	struct pool_event ev = { .type = POOL_EV_CONFLICT, .addr = *other };

	p->stats.conflicts++;
	log_warn("name conflict: another member calls itself name=%s", m->name);
	pool_view_of(m, &ev.member);
	pool_tell(p, &ev);
}

static bool
is_elsewhere(const struct pool_member *m, const struct pool_addr *addr)
{
	struct pool_addr ours;

	pool_member_addr(m, &ours);
	return !pool_addr_is(&ours, addr);
}

static void
alive_known(struct pool *p, struct pool_member *m, const struct wire_alive *a,
    const struct pool_addr *addr)
{
	bool moves = false;

	if (is_elsewhere(m, addr)) {
		if (m->state != WIRE_STATE_LEFT) {
			conflict(p, m, addr);
			return;
		}
		moves = true;
	}
	if (m == p->self) {
		if (a->incarnation > m->incarnation ||
		    (a->incarnation == m->incarnation && !is_same(m, a)))
			refute(p, a->incarnation, NULL);
		return;
	}
	if (!moves && a->incarnation <= m->incarnation && !POOL_PLANT(4))
		return;
	accept_alive(p, m, a);
}

void
pool_on_alive(struct pool *p, const struct wire_alive *a)
{
	char name[POOL_NAME_MAX + 1];
	struct pool_member *m;
	struct pool_addr addr;

	if (!pool_name(a->node, name) || a->incarnation > INCARNATION_MAX ||
	    !pool_addr_of(a->addr.data, a->addr.n, a->port, &addr) ||
	    a->port == 0 || a->vsn.n != WIRE_VSN_SIZE || a->vsn.data[0] == 0 ||
	    a->vsn.data[0] > a->vsn.data[1]) {
		p->stats.packets_bad++;
		return;
	}
	m = pool_member_find(p, name);
	if (m == p->self && p->life != POOL_RUNS)
		return;
	if (m != NULL && m->seated) {
		alive_known(p, m, a, &addr);
		return;
	}
	if (m == NULL && (m = pool_member_add(p, name)) == NULL)
		return;
	pool_member_seat(p, m);
	m->state = WIRE_STATE_DEAD;
	accept_alive(p, m, a);
}

/* --- suspect and dead --- */

/* The member that is accused, if the accusation is about its present life. */
static struct pool_member *
accused(struct pool *p, const struct wire_accusation *s,
    char from[POOL_NAME_MAX + 1])
{
	char name[POOL_NAME_MAX + 1];
	struct pool_member *m;

	if (!pool_name(s->node, name) || !pool_name(s->from, from) ||
	    s->incarnation > INCARNATION_MAX) {
		p->stats.packets_bad++;
		return NULL;
	}
	m = pool_member_find(p, name);
	if (m == NULL || !m->seated)
		return NULL;
	if (s->incarnation < m->incarnation && !POOL_PLANT(1)) {
		/* It has missed that we refuted this long ago. */
		if (m == p->self && p->life == POOL_RUNS && !POOL_PLANT(2))
			tell_accuser(p, from);
		return NULL;
	}
	return m;
}

void
pool_on_suspect(struct pool *p, const struct wire_accusation *s, bool refused)
{
	char from[POOL_NAME_MAX + 1];
	struct pool_member *m = accused(p, s, from);

	if (m == NULL)
		return;
	if (m->suspect != NULL) {
		if (pool_suspect_confirm(p, m, from))
			pool_broadcast(p, m->name, &wire_suspect_form, s);
		if (refused)
			pool_suspect_hasten(p, m);
		return;
	}
	if (m->state != WIRE_STATE_ALIVE)
		return;
	if (m == p->self) {
		refute(p, s->incarnation, from);
		return;
	}
	p->stats.suspects++;
	pool_broadcast(p, m->name, &wire_suspect_form, s);
	m->incarnation = s->incarnation;
	m->state = WIRE_STATE_SUSPECT;
	m->state_ms = p->now_ms;
	pool_suspect_begin(p, m, from, refused);
}

void
pool_on_dead(struct pool *p, const struct wire_accusation *d)
{
	char from[POOL_NAME_MAX + 1];
	struct pool_member *m = accused(p, d, from);

	if (m == NULL || m->state == WIRE_STATE_DEAD ||
	    m->state == WIRE_STATE_LEFT)
		return;
	if (m == p->self && p->life == POOL_RUNS) {
		refute(p, d->incarnation, from);
		return;
	}
	pool_suspect_end(p, m);
	pool_probe_forget(p, m);
	pool_broadcast(p, m->name, &wire_dead_form, d);
	m->incarnation = d->incarnation;
	m->state =
	    strcmp(from, m->name) == 0 ? WIRE_STATE_LEFT : WIRE_STATE_DEAD;
	m->state_ms = p->now_ms;
	p->stats.deaths++;
	pool_serf_gone(p, m);
}
