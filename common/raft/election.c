/* Who leads: timers, pre-vote, vote, and becoming this or that. */
#include <assert.h>

#include "common/raft/core.h"

static uint64_t
jitter(struct raft *r, uint64_t ms)
{
	return ms == 0 ? 0 : rng_below(&r->rng, ms + 1);
}

void
raft_rearm(struct raft *r)
{
	r->due_ms =
	    r->now_ms + r->opts.election_ms + jitter(r, r->opts.jitter_ms);
	r->grace = false;
}

/* Everything that was of the old term ends with it. */
static void
enter_term(struct raft *r, uint64_t term, uint64_t vote)
{
	assert(term > r->term);
	r->term = term;
	r->vote = vote;
	r->hard_dirty = true;
	r->leader = 0;
	if (!PLANT(10))
		r->nout = 0;
}

/*
 * The answer to an election is a follower's log: nothing of it is known to
 * be the next leader's but what is committed.
 */
void
raft_follow(struct raft *r, uint64_t term, uint64_t leader)
{
	if (r->role == RAFT_LEADER) {
		r->heard_ms = raft_majority_heard_ms(r);
		raft_reads_drop(r);
		r->uncommitted = 0;
		r->handover.to = 0;
		r->notice_ms = RAFT_NEVER;
	}
	if (term > r->term || r->role != RAFT_FOLLOWER) {
		r->verified = r->commit;
		r->told = 0;
	}
	if (term > r->term)
		enter_term(r, term, 0);
	if (PLANT(7) && leader != 0 && r->leader == 0) {
		r->vote = 0;
		r->hard_dirty = true;
	}
	r->leader = leader;
	if (r->role == RAFT_FOLLOWER)
		return;
	/* A request for votes that still waits was a candidate's. */
	if (!PLANT(10))
		r->nout = 0;
	r->role = RAFT_FOLLOWER;
	r->tally = 0;
	raft_rearm(r);
}

bool
raft_is_sticky(const struct raft *r)
{
	if (r->role == RAFT_LEADER)
		return true;
	return r->leader != 0 && r->now_ms - r->heard_ms < r->opts.election_ms;
}

static bool
is_up_to_date(const struct raft *r, const struct raft_message *m)
{
	uint64_t term = raft_log_last_term(&r->log);

	if (m->log_term != term)
		return m->log_term > term;
	return m->log_index >= raft_log_last(&r->log);
}

/*
 * Asks all voters. What counts as our last entry is what a crash would
 * leave us: a server that loses its tail must not win with it.
 */
static void
ask_all(struct raft *r, enum raft_message_type type, bool handed_over)
{
	for (size_t i = 0; i < r->config.n; i++) {
		const struct raft_server *s = &r->config.servers[i];
		struct raft_message *m;

		if (s->voice != RAFT_VOTER || s->id == r->opts.id)
			continue;
		m = raft_say(r, type, s->id);
		if (type == RAFT_PREVOTE)
			m->term = r->term + 1;
		m->handed_over = handed_over;
		m->log_index = r->synced;
		m->log_term = raft_log_term(&r->log, r->synced);
		if (PLANT(14))
			m->log_term = r->term;
	}
}

static unsigned
own_slot(const struct raft *r)
{
	return 1U << raft_config_slot(&r->config, r->opts.id);
}

static void
campaign(struct raft *r, bool handed_over)
{
	enter_term(r, r->term + 1, r->opts.id);
	r->verified = r->commit;
	r->told = 0;
	r->role = RAFT_CANDIDATE;
	if (!PLANT(11))
		r->tally = 0;
	raft_rearm(r);
	ask_all(r, RAFT_VOTE, handed_over);
}

/* A refusal is asked again soon: most of the tail of failover is here. */
static void
precampaign(struct raft *r)
{
	r->role = RAFT_PRECANDIDATE;
	r->leader = 0;
	r->tally = own_slot(r);
	r->due_ms = r->now_ms + r->opts.election_ms / 8 +
		    jitter(r, r->opts.election_ms / 4);
	if (raft_is_majority(r, r->tally))
		campaign(r, false);
	else
		ask_all(r, RAFT_PREVOTE, false);
}

/*
 * A voter, or one that ceases to be one by a change that is not committed as
 * far as it knows: it may be the only one to have that entry, so that nobody
 * else can be elected. It then leads until the entry is committed, and does
 * not count itself.
 */
static bool
is_wanted(const struct raft *r)
{
	struct raft_config before;
	size_t i;

	if (raft_is_voter(r, r->opts.id) || PLANT(37))
		return true;
	if (r->config_index <= r->commit)
		return false;
	raft_config_at(r, r->config_index - 1, &before);
	i = raft_config_slot(&before, r->opts.id);
	return i < before.n && before.servers[i].voice == RAFT_VOTER;
}

/* Who cannot win does not ask: learners, and those with a busy disk. */
static bool
may_campaign(const struct raft *r)
{
	return is_wanted(r) && r->install_seq <= r->done &&
	       raft_hard_is_safe(r);
}

/*
 * A tick that comes much too late means that we slept, not that the leader
 * did: what arrived meanwhile is heard first.
 */
void
raft_election_tick(struct raft *r)
{
	if (r->now_ms < r->due_ms)
		return;
	if (r->now_ms - r->due_ms > r->opts.heartbeat_ms && !r->grace) {
		r->grace = true;
		r->due_ms = r->now_ms + r->opts.heartbeat_ms;
		return;
	}
	if (!may_campaign(r)) {
		r->leader = 0;
		raft_rearm(r);
		return;
	}
	precampaign(r);
}

/* Servers that see it in the same moment must not ask in the same moment. */
void
raft_leader_lost(struct raft *r, uint64_t id)
{
	if (r->role != RAFT_FOLLOWER || r->leader != id || id == 0)
		return;
	r->leader = 0;
	r->due_ms = r->now_ms + jitter(r, r->opts.heartbeat_ms / 2);
	r->grace = false;
}

void
raft_count_own_vote(struct raft *r)
{
	if (r->vote != r->opts.id || !raft_hard_is_safe(r))
		return;
	r->tally |= own_slot(r);
	if (raft_is_majority(r, r->tally))
		raft_lead(r);
}

/* Changes nothing here, least of all timers: it is only a question. */
void
raft_on_prevote(struct raft *r, const struct raft_message *m)
{
	bool could = m->term > r->term ||
		     (m->term == r->term && r->vote == 0 && r->leader == 0);
	bool ok = could && !raft_is_sticky(r) && is_up_to_date(r, m);
	struct raft_message *reply = raft_say(r, RAFT_PREVOTE_REPLY, m->from);

	reply->ok = ok;
	if (ok)
		reply->term = m->term;
}

/* Only granted ones come here; a refusal can do no more than raise terms. */
void
raft_on_prevote_reply(struct raft *r, const struct raft_message *m)
{
	size_t slot = raft_config_slot(&r->config, m->from);

	if (r->role != RAFT_PRECANDIDATE || m->term != r->term + 1)
		return;
	if (slot == r->config.n)
		return;
	r->tally |= 1U << slot;
	if (raft_is_majority(r, r->tally))
		campaign(r, false);
}

/*
 * The leader wants us to lead, and waits with everything else: no question
 * first, and the voters need not be out of touch with it. All it had must be
 * on our disk. In every other respect it is an election like any other.
 */
void
raft_on_timeout_now(struct raft *r, const struct raft_message *m)
{
	if (r->role != RAFT_FOLLOWER || !may_campaign(r))
		return;
	if (r->synced < m->log_index || r->verified < m->log_index)
		return;
	if (PLANT(46))
		precampaign(r);
	else
		campaign(r, true);
}

#ifdef RAFT_PLANT
/* Plant 4: the reply waits for the term alone. */
static void
vote_in_two_writes(struct raft *r, uint64_t candidate)
{
	uint64_t seq;

	raft_disk_hard(r);
	seq = r->hard_seq;
	r->vote = candidate;
	r->hard_dirty = true;
	raft_disk_hard(r);
	r->hard_seq = seq;
}
#else
#define vote_in_two_writes(r, candidate) ((void)0)
#endif

/* The own log counts as it is in memory, synced or not: that is stricter. */
void
raft_on_vote(struct raft *r, const struct raft_message *m)
{
	struct raft_message *reply;
	bool is_free = r->vote == 0 && r->leader == 0;
	bool ok = (is_free || r->vote == m->from) && is_up_to_date(r, m);

	if (PLANT(13) && is_free)
		ok = true;
	if (PLANT(12) && m->handed_over)
		ok = true;
	if (PLANT(38) && !raft_is_voter(r, r->opts.id))
		ok = false;
	if (ok && PLANT(4))
		vote_in_two_writes(r, m->from);
	else if (ok && r->vote != m->from) {
		r->vote = m->from;
		r->hard_dirty = true;
	}
	if (ok)
		raft_rearm(r);
	reply = raft_say(r, RAFT_VOTE_REPLY, m->from);
	reply->ok = ok;
}

void
raft_on_vote_reply(struct raft *r, const struct raft_message *m)
{
	size_t slot = raft_config_slot(&r->config, m->from);

	if (r->role != RAFT_CANDIDATE || !m->ok || slot == r->config.n)
		return;
	r->tally |= 1U << slot;
	if (raft_is_majority(r, r->tally))
		raft_lead(r);
}
