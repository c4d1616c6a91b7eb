/* Receipt: is it for us, of which term is it, and who handles it. */
#include "common/raft/core.h"

/*
 * A server whose term got ahead can only be freed by an answer: a leader of
 * an older term learns of ours by it.
 */
static void
answer_old_term(struct raft *r, const struct raft_message *m)
{
	switch (m->type) {
	case RAFT_APPEND:
	case RAFT_HEARTBEAT:
	case RAFT_CHUNK:
		if (!PLANT(42))
			raft_say(r, RAFT_APPEND_REPLY, m->from);
		break;
	case RAFT_VOTE:
		raft_say(r, RAFT_VOTE_REPLY, m->from);
		break;
	case RAFT_PREVOTE:
	case RAFT_PREVOTE_REPLY:
	case RAFT_TIMEOUT_NOW:
	case RAFT_VOTE_REPLY:
	case RAFT_APPEND_REPLY:
	case RAFT_HEARTBEAT_REPLY:
	case RAFT_CHUNK_REPLY:
		break;
	}
}

/* Entries follow prev without gaps, terms never fall, configs are legible. */
static bool
entries_are_sound(const struct raft_message *m)
{
	uint64_t term = m->log_term;

	for (size_t i = 0; i < m->nentries; i++) {
		const struct raft_entry *e = &m->entries[i];
		struct raft_config c;

		if (e->index != m->log_index + 1 + i || e->term < term ||
		    e->term > m->term)
			return false;
		if (e->type == RAFT_CONFIG &&
		    (e->data == NULL ||
			raft_config_parse(&c, e->data->data, e->data->len)))
			return false;
		term = e->term;
	}
	return true;
}

/*
 * From the leader of our term: whoever else we were, we follow now. A term has
 * one, so who else says that it leads is none, whatever it has to say.
 */
static bool
hear_leader(struct raft *r, const struct raft_message *m)
{
	if (r->role == RAFT_LEADER ||
	    (r->leader != 0 && r->leader != m->from)) {
		r->strays++;
		return false;
	}
	raft_follow(r, m->term, m->from);
	r->heard_ms = r->now_ms;
	raft_rearm(r);
	return true;
}

static void
handle_follower(struct raft *r, const struct raft_message *m)
{
	if (!hear_leader(r, m))
		return;
	if (m->type == RAFT_APPEND)
		raft_on_append(r, m);
	else if (m->type == RAFT_HEARTBEAT)
		raft_on_heartbeat(r, m);
	else
		raft_on_chunk(r, m);
}

static void
handle(struct raft *r, const struct raft_message *m)
{
	switch (m->type) {
	case RAFT_APPEND:
		if (!entries_are_sound(m)) {
			r->strays++;
			break;
		}
		handle_follower(r, m);
		break;
	case RAFT_HEARTBEAT:
	case RAFT_CHUNK:
		handle_follower(r, m);
		break;
	case RAFT_VOTE:
		raft_on_vote(r, m);
		break;
	case RAFT_VOTE_REPLY:
		raft_on_vote_reply(r, m);
		break;
	case RAFT_APPEND_REPLY:
		raft_on_append_reply(r, m);
		break;
	case RAFT_HEARTBEAT_REPLY:
		raft_on_heartbeat_reply(r, m);
		break;
	case RAFT_CHUNK_REPLY:
		raft_on_chunk_reply(r, m);
		break;
	case RAFT_TIMEOUT_NOW:
		if (r->leader == m->from)
			raft_on_timeout_now(r, m);
		else
			r->strays++;
		break;
	case RAFT_PREVOTE:
	case RAFT_PREVOTE_REPLY:
		break;
	}
}

/* Each election takes one term, so nobody gets ahead by RAFT_TERM_STEP. */
static bool
is_for_us(const struct raft *r, const struct raft_message *m)
{
	return m->cluster == r->opts.cluster && m->to == r->opts.id &&
	       m->from != r->opts.id && m->from != 0 &&
	       (m->term <= r->term || m->term - r->term < RAFT_TERM_STEP);
}

/*
 * A higher term makes us a follower in it, except where the message says
 * nothing about the sender's own term (pre-vote and its grant), and except
 * when a leader is in touch: then a vote is not even looked at, unless that
 * leader asked for it.
 */
void
raft_receive(struct raft *r, const struct raft_message *m)
{
	if (!is_for_us(r, m)) {
		r->strays++;
		return;
	}
	if (m->type == RAFT_PREVOTE) {
		raft_on_prevote(r, m);
		return;
	}
	if (m->type == RAFT_PREVOTE_REPLY && (m->ok || PLANT(43))) {
		if (m->ok)
			raft_on_prevote_reply(r, m);
		return;
	}
	if (m->type == RAFT_VOTE && m->term > r->term && !m->handed_over &&
	    raft_is_sticky(r))
		return;
	if (m->term > r->term)
		raft_follow(r, m->term, 0);
	if (PLANT(11) && m->type == RAFT_VOTE_REPLY)
		raft_on_vote_reply(r, m);
	else if (m->term < r->term)
		answer_old_term(r, m);
	else
		handle(r, m);
}
