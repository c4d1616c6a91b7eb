/* What peers answer: how far they match, and that they are there. */
#include "common/raft/core.h"

/*
 * Every start of a peer is a new incarnation: what an earlier one said is
 * not counted, and what was on its way to it is lost.
 */
struct raft_peer *
raft_peer_of(struct raft *r, const struct raft_message *m)
{
	size_t i = raft_config_slot(&r->config, m->from);
	struct raft_peer *p;

	if (r->role != RAFT_LEADER || i == r->config.n)
		return NULL;
	p = &r->peers[i];
	if (m->incarnation < p->incarnation)
		return NULL;
	if (m->incarnation > p->incarnation && p->incarnation != 0) {
		uint64_t next = p->match + 1;

		p->match = 0;
		p->round = 0;
		p->caught_up = false;
		raft_probe(r, p, next);
	}
	p->incarnation = m->incarnation;
	p->acked_ms = r->now_ms;
	return p;
}

void
raft_peer_reset(struct raft *r, uint64_t id)
{
	size_t i = raft_config_slot(&r->config, id);

	if (r->role != RAFT_LEADER || i == r->config.n || id == r->opts.id)
		return;
	if (r->peers[i].feed == RAFT_STREAM)
		raft_probe(r, &r->peers[i], r->peers[i].match + 1);
}

static bool
can_leave_load(const struct raft *r, const struct raft_peer *p)
{
	if (PLANT(53))
		return p->match == p->snap.index;
	return raft_log_knows(&r->log, p->match);
}

void
raft_peer_matches(struct raft *r, struct raft_peer *p, uint64_t match)
{
	if (match > raft_log_last(&r->log)) {
		if (!PLANT(1) && !PLANT(5))
			return; /* no honest peer says so */
		match = raft_log_last(&r->log);
	}
	if (match > p->match) {
		p->match = match;
		p->moved_ms = r->now_ms;
	}
	while (p->nout > 0 && p->window[p->head] <= p->match) {
		p->head = (p->head + 1) % RAFT_WINDOW_MAX;
		p->nout--;
	}
	if (p->next <= p->match)
		p->next = p->match + 1;
	if (p->feed == RAFT_PROBE ||
	    (p->feed == RAFT_LOAD && can_leave_load(r, p)))
		raft_stream(r, p);
	else if (p->feed == RAFT_LOAD && p->match >= p->snap.index &&
		 !PLANT(53))
		raft_probe(r, p, p->match + 1); /* needs a newer one */
	raft_peer_laps(r, p);
	raft_advance_commit(r);
	raft_feed_peer(r, p);
	raft_handover_go(r);
}

/*
 * A refusal counts only when it is the answer to what we ask now; others are
 * old ones that came late. Both sides skip a whole term at a time.
 */
static void
peer_refuses(struct raft *r, struct raft_peer *p, const struct raft_message *m)
{
	uint64_t next;

	if (PLANT(31) && m->log_index < p->match)
		p->match = m->log_index;
	if (p->feed == RAFT_LOAD || m->match <= p->match)
		return;
	if (p->feed == RAFT_PROBE && m->match != p->next - 1)
		return;
	if (m->log_index > m->match)
		return; /* no honest peer says so */
	next = raft_log_agree(&r->log, m->log_index, m->log_term) + 1;
	if (m->log_index < raft_log_first(&r->log) - 1)
		next = m->log_index + 1;
	if (next > m->match)
		next = m->match;
	if (next <= p->match)
		next = p->match + 1;
	if (PLANT(77))
		next = m->match + 1;
	raft_probe(r, p, next);
	raft_feed_peer(r, p);
}

void
raft_on_append_reply(struct raft *r, const struct raft_message *m)
{
	struct raft_peer *p = raft_peer_of(r, m);

	if (p == NULL)
		return;
	if (m->ok)
		raft_peer_matches(r, p, m->match);
	else
		peer_refuses(r, p, m);
}

/* Says that the peer is there and follows; nothing about its log. */
void
raft_on_heartbeat_reply(struct raft *r, const struct raft_message *m)
{
	struct raft_peer *p = raft_peer_of(r, m);

	if (p == NULL)
		return;
	if (PLANT(20) && m->round < r->round)
		p->round = r->round;
	if (m->round > p->round && m->round <= r->round)
		p->round = m->round;
}
