/* Other servers, and another leader, because people want so. */
#include <assert.h>
#include <string.h>

#include "common/raft/core.h"

static void
refuse(struct raft *r, uint64_t id, enum raft_refusal why)
{
	struct raft_action *a = raft_act(r, RAFT_ACT_REFUSED);

	a->refused.id = id;
	a->refused.why = why;
}

/* --- who the servers are --- */

static unsigned
moved_tally(const struct raft *r, const struct raft_config *c)
{
	unsigned tally = 0;

	for (size_t i = 0; i < r->config.n; i++) {
		size_t k = raft_config_slot(c, r->config.servers[i].id);

		if (((r->tally >> i) & 1) != 0 && k < c->n)
			tally |= 1U << k;
	}
	return tally;
}

static void
move_peers(struct raft *r, const struct raft_config *c)
{
	struct raft_peer old[RAFT_SERVERS_MAX];

	for (size_t i = 0; i < r->config.n; i++)
		old[i] = r->peers[i];
	for (size_t i = 0; i < c->n; i++) {
		size_t k = raft_config_slot(&r->config, c->servers[i].id);

		if (k < r->config.n)
			r->peers[i] = old[k];
		else
			raft_peer_init(r, &r->peers[i], c->servers[i].id);
	}
}

void
raft_config_set(struct raft *r, const struct raft_config *c)
{
	if (r->role == RAFT_LEADER)
		move_peers(r, c);
	else
		r->tally = moved_tally(r, c);
	r->config = *c;
	if (r->role == RAFT_LEADER)
		raft_leader_rearm(r);
}

static int
add_learner(struct raft_config *c, uint64_t id, const char *addr)
{
	struct raft_server *s = &c->servers[c->n];

	if (c->n == RAFT_SERVERS_MAX || id == 0)
		return -1;
	*s = (struct raft_server){ .id = id, .voice = RAFT_LEARNER };
	if (addr != NULL)
		memcpy(s->addr, addr, strlen(addr) + 1);
	c->n++;
	return 0;
}

static int
set_voice(struct raft_server *s, enum raft_voice was, enum raft_voice is)
{
	if (s->voice != was)
		return -1;
	s->voice = is;
	return 0;
}

static int
set_addr(struct raft_server *s, const char *addr)
{
	if (addr == NULL || strcmp(s->addr, addr) == 0)
		return -1;
	memcpy(s->addr, addr, strlen(addr) + 1);
	return 0;
}

static int
take_out(struct raft_config *c, size_t i)
{
	for (c->n--; i < c->n; i++)
		c->servers[i] = c->servers[i + 1];
	c->servers[c->n] = (struct raft_server){ 0 };
	return 0;
}

/* The config after the change; 0, or -1 when it changes nothing. */
static int
changed(struct raft_config *c, const struct raft_event *ev)
{
	uint64_t id = ev->change.server;
	size_t i = raft_config_slot(c, id);
	struct raft_server *s = i < c->n ? &c->servers[i] : NULL;
	int rv = -1;

	if (ev->change.what == RAFT_ADD_LEARNER)
		return s != NULL ? -1 : add_learner(c, id, ev->change.addr);
	if (s == NULL)
		return -1;
	switch (ev->change.what) {
	case RAFT_PROMOTE:
		rv = set_voice(s, RAFT_LEARNER, RAFT_VOTER);
		break;
	case RAFT_DEMOTE:
		rv = set_voice(s, RAFT_VOTER, RAFT_LEARNER);
		break;
	case RAFT_REMOVE:
		rv = take_out(c, i);
		break;
	case RAFT_READDRESS:
		rv = set_addr(s, ev->change.addr);
		break;
	case RAFT_ADD_LEARNER:
		break;
	}
	return rv == 0 ? raft_config_check(c) : -1;
}

/* Who has not answered since we lead may be gone for long. */
static bool
is_silent(const struct raft *r, const struct raft_peer *p)
{
	return p->id != r->opts.id &&
	       (p->incarnation == 0 ||
		   r->now_ms - p->acked_ms > r->opts.election_ms);
}

/* Whether a majority of the voters to be answered lately, ourselves too. */
static bool
are_in_touch(const struct raft *r, const struct raft_config *c)
{
	size_t nvoters = 0, n = 0;

	for (size_t i = 0; i < c->n; i++) {
		uint64_t id = c->servers[i].id;
		size_t k = raft_config_slot(&r->config, id);

		if (c->servers[i].voice != RAFT_VOTER)
			continue;
		nvoters++;
		n += k < r->config.n && !is_silent(r, &r->peers[k]);
	}
	return n >= nvoters / 2 + 1;
}

/*
 * One change at a time, and none before this term has committed: without
 * that two leaders could each change what the other does not know of, to
 * configs whose majorities have nobody in common.
 */
static bool
is_settled(const struct raft *r)
{
	if (PLANT(17))
		return r->commit >= r->noop;
	if (PLANT(16))
		return r->config_index <= r->commit;
	return r->config_index <= r->commit && r->commit >= r->noop;
}

/* 0, or why not. */
static enum raft_refusal
find_objection(
    const struct raft *r, const struct raft_event *ev, struct raft_config *c)
{
	size_t i = raft_config_slot(&r->config, ev->change.server);

	*c = r->config;
	if (r->role != RAFT_LEADER)
		return RAFT_NOT_LEADER;
	if (r->opts.alone)
		return RAFT_ALONE;
	if (r->handover.to != 0)
		return RAFT_BUSY;
	if (!is_settled(r))
		return RAFT_CHANGING;
	if (changed(c, ev) == -1)
		return RAFT_NO_SUCH;
	if (ev->change.what == RAFT_PROMOTE &&
	    (!r->peers[i].caught_up || is_silent(r, &r->peers[i])))
		return RAFT_BEHIND;
	if (!are_in_touch(r, c))
		return RAFT_UNSAFE;
	return (enum raft_refusal)0;
}

/* The change is in force as soon as it is in the log. */
void
raft_change(struct raft *r, const struct raft_event *ev)
{
	struct raft_config c;
	enum raft_refusal why = find_objection(r, ev, &c);
	uint64_t index = raft_log_last(&r->log) + 1;
	struct raft_bytes *data;
	struct raft_action *a;

	assert(ev->change.addr == NULL ||
	       strlen(ev->change.addr) <= RAFT_ADDR_MAX);
	if (why != 0) {
		refuse(r, ev->change.id, why);
		return;
	}
	data = raft_config_format(&c);
	raft_leader_add(r, RAFT_CONFIG, data);
	raft_bytes_unref(data);
	raft_config_set(r, &c);
	r->config_index = index;
	a = raft_act(r, RAFT_ACT_PROPOSED);
	a->proposed.id = ev->change.id;
	a->proposed.first = index;
	a->proposed.term = r->term;
	a->proposed.n = 1;
	raft_leader_wrote(r, index);
}

/*
 * A learner has caught up when what the log held at the beginning of a lap
 * was on its disk within an election time, so that as a voter it holds up no
 * commit for longer than that; or when it has all there is.
 */
void
raft_peer_laps(struct raft *r, struct raft_peer *p)
{
	if (p->match < p->lap_end)
		return;
	p->caught_up = r->now_ms - p->lap_ms <= r->opts.election_ms ||
		       p->match == raft_log_last(&r->log);
	p->lap_end = raft_log_last(&r->log);
	p->lap_ms = r->now_ms;
}

/* --- who leads --- */

/* The other voter in touch that has most of the log; 0: none. */
static uint64_t
best_heir(const struct raft *r)
{
	uint64_t best = 0, match = 0;

	for (size_t i = 0; i < r->config.n; i++) {
		const struct raft_peer *p = &r->peers[i];

		if (r->config.servers[i].voice != RAFT_VOTER ||
		    p->id == r->opts.id || is_silent(r, p))
			continue;
		if (best == 0 || p->match > match) {
			best = p->id;
			match = p->match;
		}
	}
	return best;
}

void
raft_transfer(struct raft *r, const struct raft_event *ev)
{
	uint64_t to = ev->transfer.to;

	if (r->role != RAFT_LEADER || r->handover.to != 0) {
		refuse(r, ev->transfer.id,
		    r->role != RAFT_LEADER ? RAFT_NOT_LEADER : RAFT_BUSY);
		return;
	}
	if (to == 0)
		to = best_heir(r);
	if (to == r->opts.id || !raft_is_voter(r, to)) {
		refuse(r, ev->transfer.id, RAFT_NO_SUCH);
		return;
	}
	r->handover.to = to;
	r->handover.id = ev->transfer.id;
	r->handover.until_ms = r->now_ms + r->opts.election_ms;
	r->handover.told = false;
	raft_handover_go(r);
}

/*
 * What counts is what the target's disk is proved to hold: it must win
 * against everybody who has as much. What was proposed before is committed
 * first, so that each proposer learns here what came of it.
 */
void
raft_handover_go(struct raft *r)
{
	size_t i = raft_config_slot(&r->config, r->handover.to);
	uint64_t last = raft_log_last(&r->log);
	const struct raft_peer *p;
	struct raft_message *m;

	if (r->role != RAFT_LEADER || r->handover.to == 0 || r->handover.told)
		return;
	assert(i < r->config.n);
	p = &r->peers[i];
	if (PLANT(47) ? p->next != last + 1
		      : p->match != last || r->commit != last)
		return;
	r->handover.told = true;
#ifdef RAFT_PLANT
	raft_lease_give_up(r);
#endif
	m = raft_say(r, RAFT_TIMEOUT_NOW, p->id);
	m->log_index = last;
}

/* Late or lost: a target that still campaigns is met by an open vote. */
void
raft_handover_tick(struct raft *r)
{
	if (r->handover.to == 0 || r->now_ms < r->handover.until_ms ||
	    PLANT(48))
		return;
	r->handover.to = 0;
	refuse(r, r->handover.id, RAFT_NOT_TAKEN);
}
