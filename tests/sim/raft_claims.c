/*
 * What servers claim, held against what is true: in messages, by committing,
 * of their peers. The codes are those of raft_ghost.c.
 */
#include <inttypes.h>

#include "common/mem.h"
#include "tests/sim/raft_ghost.h"
#include "tests/sim/raft_world.h"

enum { CONFIG_EVERY = 32 };

/* --- messages --- */

static void
check_ack(
    struct sim_world *w, struct sim_server *s, const struct raft_message *m)
{
	uint64_t theirs, ours;

	if (!sim_leader_chain(w, m->term, m->match, &theirs))
		sim_fail(w,
		    "AT: server %" PRIu64 " matches %" PRIu64
		    ", which the leader of term %" PRIu64 " does not have",
		    s->id, m->match, m->term);
	if (m->match > sim_log_last(&s->disk))
		sim_fail(w,
		    "DBS: server %" PRIu64 " acknowledges %" PRIu64
		    ", its disk ends at %" PRIu64,
		    s->id, m->match, sim_log_last(&s->disk));
	if (sim_log_chain(&s->disk, m->match, &ours) && ours != theirs)
		sim_fail(w,
		    "AT: server %" PRIu64 " matches %" PRIu64
		    " with another history",
		    s->id, m->match);
	if (m->match > s->promise)
		s->promise = m->match;
}

static void
check_request_for_votes(
    struct sim_world *w, struct sim_server *s, const struct raft_message *m)
{
	if (s->disk_term != m->term || s->disk_vote != s->id)
		sim_fail(w,
		    "DBS: server %" PRIu64 " campaigns in term %" PRIu64
		    " that is not on its disk",
		    s->id, m->term);
	if (m->log_index > sim_log_last(&s->disk))
		sim_fail(w,
		    "DBS: server %" PRIu64 " campaigns with an unsynced log",
		    s->id);
	sim_check_vote(w, s, m->term, s->id);
	if (m->handed_over)
		SIM_SAW(w, HANDED_OVER);
}

static void
check_grant(
    struct sim_world *w, struct sim_server *s, const struct raft_message *m)
{
	sim_check_vote(w, s, m->term, m->to);
	if (s->disk_term != m->term || s->disk_vote != m->to)
		sim_fail(w,
		    "DBS: server %" PRIu64
		    " grants a vote that is not on its disk",
		    s->id);
}

static void
check_leads(
    struct sim_world *w, struct sim_server *s, const struct raft_message *m)
{
	uint64_t chain, own;

	if (sim_term_at(w, m->term)->leader != s->id)
		sim_fail(w,
		    "AT: server %" PRIu64 " sends as leader of term "
		    "%" PRIu64 " and is not",
		    s->id, m->term);
	if (m->type == RAFT_APPEND &&
	    sim_log_chain(&s->mem, m->log_index + m->nentries, &own) &&
	    (!sim_leader_chain(
		 w, m->term, m->log_index + m->nentries, &chain) ||
		own != chain))
		sim_fail(w,
		    "AT: server %" PRIu64
		    " appends what the leader of term %" PRIu64
		    " does not have",
		    s->id, m->term);
}

static void
check_term(
    struct sim_world *w, struct sim_server *s, const struct raft_message *m)
{
	if (m->type == RAFT_PREVOTE || (m->type == RAFT_PREVOTE_REPLY && m->ok))
		return;
	if (m->term < s->sent_term)
		sim_fail(w, "TM: server %" PRIu64 " goes back to term %" PRIu64,
		    s->id, m->term);
	s->sent_term = m->term;
	if (m->term > s->disk_term)
		sim_fail(w,
		    "DBS: server %" PRIu64 " speaks of term %" PRIu64
		    ", its disk of %" PRIu64,
		    s->id, m->term, s->disk_term);
}

void
sim_ghost_send(
    struct sim_world *w, struct sim_server *s, const struct raft_message *m)
{
	if (w->verbose)
		sim_note(w,
		    "  %" PRIu64 " > %" PRIu64 " %s term %" PRIu64
		    " log %" PRIu64 "/%" PRIu64 " n %zu match %" PRIu64
		    " commit %" PRIu64 " %s",
		    s->id, m->to, raft_message_name(m->type), m->term,
		    m->log_index, m->log_term, m->nentries, m->match, m->commit,
		    m->ok ? "ok" : "");
	if (m->type == RAFT_APPEND_REPLY && m->ok)
		check_ack(w, s, m);
	else if (m->type == RAFT_VOTE)
		check_request_for_votes(w, s, m);
	else if (m->type == RAFT_VOTE_REPLY && m->ok)
		check_grant(w, s, m);
	else if (m->type == RAFT_APPEND || m->type == RAFT_HEARTBEAT ||
		 m->type == RAFT_CHUNK || m->type == RAFT_TIMEOUT_NOW)
		check_leads(w, s, m);
	check_term(w, s, m);
}

/* --- commit --- */

bool
sim_disk_holds(
    const struct sim_world *w, uint64_t id, uint64_t index, uint64_t chain)
{
	const struct sim_log *disk = NULL;
	uint64_t own;

	if (sim_is_there(w, id))
		disk = &w->servers[sim_place(id)].disk;
	for (size_t i = 0; i < w->ngraves; i++)
		if (w->graves[i].id == id)
			disk = &w->graves[i].disk;
	if (disk == NULL)
		return false;
	if (index < disk->base)
		return true; /* in its snapshot, which is checked apart */
	return sim_log_chain(disk, index, &own) && own == chain;
}

static void
check_justified(struct sim_world *w, struct sim_server *s, uint64_t index)
{
	const struct raft_config *c = &s->raft->config;
	size_t nvoters = 0, n = 0;
	uint64_t chain = 0;

	if (sim_log_term(&s->mem, index) != s->raft->term)
		sim_fail(w,
		    "CJ: leader %" PRIu64 " commits %" PRIu64
		    " of an older term by counting",
		    s->id, index);
	sim_log_chain(&s->mem, index, &chain);
	for (size_t i = 0; i < c->n; i++) {
		if (c->servers[i].voice != RAFT_VOTER)
			continue;
		nvoters++;
		n += sim_disk_holds(w, c->servers[i].id, index, chain);
	}
	if (n < nvoters / 2 + 1)
		sim_fail(w,
		    "CJ: leader %" PRIu64 " commits %" PRIu64
		    ", which only %zu of %zu disks hold",
		    s->id, index, n, nvoters);
	if (index > s->raft->synced)
		SIM_SAW(w, AHEAD);
}

static void
extend_committed(struct sim_world *w, struct sim_server *s, uint64_t index)
{
	while (w->ncommitted < index) {
		uint64_t i = w->ncommitted + 1;
		const struct raft_entry *e = raft_entry_at(s->raft, i);
		uint64_t state = i == 1 ? 0 : w->committed[i - 2].state;
		struct sim_commit c = { .term = e->term, .by = s->raft->term };

		sim_log_chain(&s->mem, i, &c.chain);
		c.state =
		    e->type == RAFT_COMMAND ? sim_mix(state, c.chain) : state;
		w->committed = xgrow(w->committed, w->ncommitted,
		    &w->ccommitted, sizeof *w->committed);
		w->committed[w->ncommitted++] = c;
		if (e->type == RAFT_CONFIG) {
			raft_config_parse(
			    &w->agreed, e->data->data, e->data->len);
			w->agreed_index = i;
		}
	}
}

static void
check_commit(struct sim_world *w, struct sim_server *s)
{
	const struct raft *r = s->raft;
	uint64_t chain;

	if (r->commit == s->commit)
		return;
	if (r->commit < s->commit)
		sim_fail(w, "CM: commit of server %" PRIu64 " falls", s->id);
	if (r->role == RAFT_LEADER) {
		check_justified(w, s, r->commit);
		extend_committed(w, s, r->commit);
	}
	if (r->commit > w->ncommitted)
		sim_fail(w,
		    "CM: server %" PRIu64 " takes %" PRIu64
		    " for committed, which nobody committed",
		    s->id, r->commit);
	if (sim_log_chain(&s->mem, r->commit, &chain) &&
	    chain != sim_committed_chain(w, r->commit))
		sim_fail(w,
		    "SMS: server %" PRIu64 " commits another entry at %" PRIu64,
		    s->id, r->commit);
	s->commit = r->commit;
}

void
sim_ghost_apply(
    struct sim_world *w, struct sim_server *s, const struct raft_entry *e)
{
	if (e->index != s->applied + 1)
		sim_fail(w,
		    "SMS: server %" PRIu64 " applies %" PRIu64
		    " after %" PRIu64,
		    s->id, e->index, s->applied);
	if (e->index > w->ncommitted ||
	    w->committed[e->index - 1].term != e->term)
		sim_fail(w,
		    "SMS: server %" PRIu64 " applies another entry at %" PRIu64,
		    s->id, e->index);
	s->applied = e->index;
	s->state = w->committed[e->index - 1].state;
	if (s->raft->role != RAFT_LEADER || e->type != RAFT_COMMAND ||
	    e->term != s->raft->term)
		return;
	w->stats.acked++;
	if (e->index > w->acked)
		w->acked = e->index;
}

/* --- a leader's view of its peers --- */

static void
check_peer(struct sim_world *w, struct sim_server *s, size_t slot)
{
	const struct raft_peer *p = &s->raft->peers[slot];
	size_t i = sim_place(p->id);
	uint64_t chain = 0;

	if (p->match >= p->next && p->id != s->id)
		sim_fail(w, "MS: match is not below next");
	if (p->feed == RAFT_STREAM && p->nout == w->o.window)
		SIM_SAW(w, WINDOW);
	if (p->nout > w->o.window)
		sim_fail(w, "L-BOUND: window overrun");
	if (!sim_is_there(w, p->id))
		return;
	if (p->match == s->match[i] && p->incarnation == s->match_of[i])
		return;
	if (p->match < s->match[i] && p->incarnation == s->match_of[i])
		sim_fail(w, "MS: match of server %zu falls", i + 1);
	if (s->raft->config.servers[slot].voice == RAFT_LEARNER &&
	    p->match == w->ncommitted)
		SIM_SAW(w, LEARNER);
	s->match[i] = p->match;
	s->match_of[i] = p->incarnation;
	/* Who left for a newer term may have cut what it acknowledged here. */
	if (w->servers[i].disk_term > s->raft->term)
		return;
	if (sim_log_chain(&s->mem, p->match, &chain) &&
	    !sim_disk_holds(w, p->id, p->match, chain))
		sim_fail(w,
		    "MS: leader %" PRIu64 " believes that server %zu"
		    " matches %" PRIu64 ", its disk does not",
		    s->id, i + 1, p->match);
}

/* A server that was removed and is added again is a new one to the leader. */
static void
check_peers(struct sim_world *w, struct sim_server *s)
{
	const struct raft_config *c = &s->raft->config;

	for (size_t i = 0; i < w->o.nservers; i++)
		if (raft_config_slot(c, w->servers[i].id) == c->n)
			s->match[i] = s->match_of[i] = 0;
	for (size_t i = 0; i < c->n; i++)
		check_peer(w, s, i);
}

/* The config in force is the last in the log, or the snapshot's. A long log
 * is only searched where that may have changed, and now and then. */
static void
check_config(struct sim_world *w, struct sim_server *s)
{
	const struct raft *r = s->raft;
	struct raft_config c;
	uint64_t index;

	if (!s->config_moved && r->config_index == s->config_index &&
	    ++s->config_steps % CONFIG_EVERY != 0)
		return;
	s->config_moved = false;
	s->config_index = r->config_index;
	index = raft_config_at(r, raft_log_last(&r->log), &c);
	if (index == r->config_index && raft_config_equal(&c, &r->config))
		return;
	sim_fail(w,
	    "CFG: server %" PRIu64
	    " goes by another config than the last in its log",
	    s->id);
}

void
sim_ghost_step(struct sim_world *w, struct sim_server *s)
{
	const struct raft *r = s->raft;

	check_commit(w, s);
	check_config(w, s);
	if (r->role == RAFT_LEADER)
		check_peers(w, s);
	if (raft_log_last(&r->log) != sim_log_last(&s->mem))
		sim_fail(w,
		    "LM: server %" PRIu64 " holds another log than it wrote",
		    s->id);
	if (r->synced > sim_log_last(&s->disk))
		sim_fail(w,
		    "DBS: server %" PRIu64 " takes %" PRIu64
		    " for synced, its disk ends at %" PRIu64,
		    s->id, r->synced, sim_log_last(&s->disk));
	if (r->nout > 64)
		sim_fail(w, "L-BOUND: %zu messages wait", r->nout);
	w->trace = sim_mix(w->trace, w->now);
	w->trace = sim_mix(w->trace, r->term * 4 + (uint64_t)r->role);
	w->trace = sim_mix(w->trace, r->commit ^ (r->seq << 20));
}
