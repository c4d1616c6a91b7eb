/*
 * The invariants, checked after every step against what really happened.
 *
 * Codes are those of the catalogue in docs: ES one leader a term, V1 one
 * vote, TM terms grow, LAO a leader only appends, LM logs match, LC a leader
 * has all that is committed, SMS same entry at same index, CM commit only
 * grows, CJ a majority of disks justifies it, DBS durable before sent, AT an
 * acknowledgement is true, MS match is sound, LIN reads are not stale, SNAP
 * snapshots are what they say, REC a restart lost nothing that was promised,
 * CFG servers change one at a time and by what is committed.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "tests/sim/raft_ghost.h"
#include "tests/sim/raft_world.h"

struct sim_match {
	uint64_t index, term, chain;
};

/* --- log matching: one chain for each (index, term), for ever --- */

static struct sim_match *
match_slot(struct sim_world *w, uint64_t index, uint64_t term)
{
	size_t i = (size_t)sim_mix(index, term) & (w->cmatching - 1);

	while (w->matching[i].index != 0 &&
	       (w->matching[i].index != index || w->matching[i].term != term))
		i = (i + 1) & (w->cmatching - 1);
	return &w->matching[i];
}

static void
match_grow(struct sim_world *w)
{
	struct sim_match *old = w->matching;
	size_t nold = w->cmatching;

	w->cmatching = nold == 0 ? 1024 : 2 * nold;
	w->matching = xcalloc(w->cmatching, sizeof *w->matching);
	for (size_t i = 0; i < nold; i++)
		if (old[i].index != 0)
			*match_slot(w, old[i].index, old[i].term) = old[i];
	free(old);
}

static void
check_matching(
    struct sim_world *w, uint64_t index, uint64_t term, uint64_t chain)
{
	struct sim_match *m;

	if (2 * w->nmatching >= w->cmatching)
		match_grow(w);
	m = match_slot(w, index, term);
	if (m->index == 0) {
		*m = (struct sim_match){ index, term, chain };
		w->nmatching++;
	} else if (m->chain != chain) {
		sim_fail(w,
		    "LM: two logs differ before index %" PRIu64
		    " of term %" PRIu64,
		    index, term);
	}
}

/* --- terms --- */

struct sim_term *
sim_term_at(struct sim_world *w, uint64_t term)
{
	if (term >= w->nterms) {
		size_t n = (size_t)term + 64;

		w->terms = xreallocarray(w->terms, n, sizeof *w->terms);
		for (size_t i = w->nterms; i < n; i++)
			w->terms[i] = (struct sim_term){ 0 };
		w->nterms = n;
	}
	return &w->terms[term];
}

static void
term_add(struct sim_term *t, uint64_t chain)
{
	t->chains = xgrow(t->chains, t->n, &t->cap, sizeof *t->chains);
	t->chains[t->n++] = chain;
}

uint64_t
sim_committed_chain(const struct sim_world *w, uint64_t index)
{
	return index == 0 ? 0 : w->committed[index - 1].chain;
}

/* The chain at index of the log that the leader of a term ever had. */
bool
sim_leader_chain(
    struct sim_world *w, uint64_t term, uint64_t index, uint64_t *chain)
{
	const struct sim_term *t = sim_term_at(w, term);

	if (t->leader == 0 || index > t->base + t->n)
		return false;
	*chain = index <= t->base ? sim_committed_chain(w, index)
				  : t->chains[index - t->base - 1];
	return true;
}

/*
 * How much leaders of older terms committed. A server that was paused may win
 * its election after the next one was held: then it lacks what the later
 * leader committed, and rightly so.
 */
static size_t
committed_before(const struct sim_world *w, uint64_t term)
{
	size_t n = w->ncommitted;

	while (n > 0 && w->committed[n - 1].by >= term)
		n--;
	return n;
}

static void
check_complete(
    struct sim_world *w, struct sim_server *s, uint64_t term, size_t n)
{
	uint64_t chain;

	if (n == 0)
		return;
	if (!sim_log_chain(&s->mem, n, &chain) ||
	    chain != sim_committed_chain(w, n))
		sim_fail(w,
		    "LC: server %" PRIu64 " leads term %" PRIu64
		    " without committed entry %zu",
		    s->id, term, n);
}

/* A voter, or one that was until a change that may not be committed. */
static void
check_may_lead(struct sim_world *w, const struct sim_server *s)
{
	const struct raft *r = s->raft;
	struct raft_config was;
	size_t i;

	if (raft_is_voter(r, s->id))
		return;
	raft_config_at(r, r->config_index - 1, &was);
	i = raft_config_slot(&was, s->id);
	if (i == was.n || was.servers[i].voice != RAFT_VOTER)
		sim_fail(
		    w, "CFG: server %" PRIu64 " leads and is no voter", s->id);
}

/* Before the new leader's first write is seen. */
void
sim_ghost_elected(struct sim_world *w, struct sim_server *s)
{
	const struct raft *r = s->raft;
	struct sim_term *t;

	if (r->role != RAFT_LEADER)
		return;
	t = sim_term_at(w, r->term);
	if (t->leader == s->id)
		return;
	if (t->leader != 0)
		sim_fail(w,
		    "ES: servers %" PRIu64 " and %" PRIu64
		    " both lead term %" PRIu64,
		    t->leader, s->id, r->term);
	t->base = committed_before(w, r->term);
	check_complete(w, s, r->term, t->base);
	w->stats.elections++;
	t->leader = s->id;
	if (sim_log_last(&s->mem) > s->commit)
		SIM_SAW(w, TAIL);
	if (r->config_index > w->ncommitted)
		SIM_SAW(w, PARTED);
	check_may_lead(w, s);
	for (uint64_t i = t->base + 1; i <= sim_log_last(&s->mem); i++) {
		uint64_t chain = 0;

		sim_log_chain(&s->mem, i, &chain);
		term_add(t, chain);
	}
	for (size_t i = 0; i < w->o.nservers; i++)
		s->match[i] = s->match_of[i] = 0;
}

void
sim_ghost_role(
    struct sim_world *w, struct sim_server *s, const struct raft_action *a)
{
	enum raft_role was = s->role;

	sim_note(w, "server %" PRIu64 " is %s in term %" PRIu64, s->id,
	    raft_role_name(a->role.role), a->role.term);
	s->role = a->role.role;
	if (was == RAFT_CANDIDATE && s->role == RAFT_PRECANDIDATE)
		SIM_SAW(w, SPLIT);
	if (was == RAFT_CANDIDATE && s->role == RAFT_FOLLOWER &&
	    a->role.leader != 0)
		SIM_SAW(w, BEATEN);
	if (was == RAFT_LEADER && s->role == RAFT_FOLLOWER &&
	    a->role.leader == 0 && a->role.term == s->raft->term &&
	    s->raft->vote == s->id)
		SIM_SAW(w, CHECK_QUORUM);
	if (was != s->role)
		sim_ambush(w, s);
}

/* --- the log --- */

/* Whether the two differ in one server only. */
static bool
is_one_change(const struct raft_config *a, const struct raft_config *b)
{
	size_t ndiffer = 0;

	for (size_t i = 0; i < a->n; i++) {
		size_t k = raft_config_slot(b, a->servers[i].id);

		ndiffer += k == b->n ||
			   a->servers[i].voice != b->servers[k].voice ||
			   strcmp(a->servers[i].addr, b->servers[k].addr) != 0;
	}
	for (size_t k = 0; k < b->n; k++)
		ndiffer += raft_config_slot(a, b->servers[k].id) == a->n;
	return ndiffer == 1;
}

static void
see_change(struct sim_world *w, const struct sim_server *s,
    const struct raft_config *a, const struct raft_config *b)
{
	if (b->n > a->n)
		SIM_SAW(w, ADDED);
	else if (b->n == a->n)
		SIM_SAW(w, PROMOTED);
	else if (raft_config_slot(b, s->id) == b->n)
		SIM_SAW(w, SELF_REMOVED);
	else
		SIM_SAW(w, REMOVED);
}

/*
 * A majority of the servers as they were must be bound to this leader: an
 * entry of its term on their disks. Else an older leader's change, of which
 * this one knows nothing, could still win.
 */
static void
check_bound(
    struct sim_world *w, struct sim_server *s, const struct raft_config *was)
{
	size_t nvoters = 0, n = 0;
	uint64_t chain = 0;

	sim_leader_chain(w, s->raft->term, s->raft->noop, &chain);
	for (size_t i = 0; i < was->n; i++) {
		if (was->servers[i].voice != RAFT_VOTER)
			continue;
		nvoters++;
		n +=
		    sim_disk_holds(w, was->servers[i].id, s->raft->noop, chain);
	}
	if (n < nvoters / 2 + 1)
		sim_fail(w,
		    "CFG: leader %" PRIu64 " changes servers before an entry "
		    "of its term is on most of their disks",
		    s->id);
}

/* What a leader makes of the servers: one change, of what all agreed on. */
static void
check_change(
    struct sim_world *w, struct sim_server *s, const struct raft_entry *e)
{
	struct raft_config was, is;
	uint64_t index = raft_config_at(s->raft, e->index - 1, &was);

	if (raft_config_parse(&is, e->data->data, e->data->len) == -1)
		sim_fail(w, "CFG: a config that cannot be read");
	if (index > w->ncommitted)
		sim_fail(w,
		    "CFG: leader %" PRIu64 " changes a config that is not "
		    "committed",
		    s->id);
	if (!is_one_change(&was, &is))
		sim_fail(
		    w, "CFG: leader %" PRIu64 " changes more than one", s->id);
	check_bound(w, s, &was);
	see_change(w, s, &was, &is);
	sim_ambush(w, s);
}

void
sim_ghost_refused(
    struct sim_world *w, struct sim_server *s, enum raft_refusal why)
{
	sim_note(
	    w, "server %" PRIu64 " refuses: %s", s->id, raft_refusal_text(why));
	if (why == RAFT_NOT_TAKEN)
		SIM_SAW(w, NOT_TAKEN);
}

void
sim_ghost_write(
    struct sim_world *w, struct sim_server *s, const struct raft_action *a)
{
	bool leads = s->raft->role == RAFT_LEADER;

	for (size_t i = 0; i < a->log.n; i++) {
		const struct raft_entry *e = &a->log.entries[i];
		uint64_t chain = 0;

		if (e->index != sim_log_last(&s->mem) + 1)
			sim_fail(w,
			    "LM: server %" PRIu64 " writes index %" PRIu64
			    " behind %" PRIu64,
			    s->id, e->index, sim_log_last(&s->mem));
		sim_log_add(&s->mem, e);
		sim_log_chain(&s->mem, e->index, &chain);
		check_matching(w, e->index, e->term, chain);
		s->config_moved |= e->type == RAFT_CONFIG;
		if (leads && e->type == RAFT_CONFIG)
			check_change(w, s, e);
		if (leads)
			term_add(sim_term_at(w, s->raft->term), chain);
	}
	if (leads && a->log.n > 0)
		sim_ambush(w, s);
}

void
sim_ghost_cut(struct sim_world *w, struct sim_server *s, uint64_t index)
{
	SIM_SAW(w, CUT);
	if (s->raft->role == RAFT_LEADER)
		sim_fail(w, "LAO: leader %" PRIu64 " cuts its log", s->id);
	if (index <= s->commit)
		sim_fail(w, "CM: server %" PRIu64 " cuts committed %" PRIu64,
		    s->id, index);
	for (uint64_t i = index; i <= sim_log_last(&s->mem); i++)
		if (s->mem.v[s->mem.off + (i - s->mem.base) - 1].e.type ==
		    RAFT_CONFIG) {
			SIM_SAW(w, UNDONE);
			s->config_moved = true;
		}
	sim_log_cut(&s->mem, index);
}

/* --- votes and the hard state --- */

void
sim_check_vote(
    struct sim_world *w, struct sim_server *s, uint64_t term, uint64_t whom)
{
	if (term >= s->nvotes) {
		size_t n = (size_t)term + 64;

		s->votes = xreallocarray(s->votes, n, sizeof *s->votes);
		for (size_t i = s->nvotes; i < n; i++)
			s->votes[i] = 0;
		s->nvotes = n;
	}
	if (s->votes[term] != 0 && s->votes[term] != whom)
		sim_fail(w,
		    "V1: server %" PRIu64 " votes twice in term %" PRIu64,
		    s->id, term);
	s->votes[term] = whom;
}

void
sim_ghost_hard(struct sim_world *w, struct sim_server *s)
{
	if (s->disk_vote != 0)
		sim_check_vote(w, s, s->disk_term, s->disk_vote);
}

/* --- the rest --- */

void
sim_ghost_snapshot(struct sim_world *w, const struct sim_file *f)
{
	const struct raft_snapshot *m = &f->meta;

	if (m->index == 0 || m->index > w->ncommitted)
		sim_fail(w,
		    "SNAP: a snapshot at %" PRIu64
		    " is not of committed entries",
		    m->index);
	if (w->committed[m->index - 1].term != m->term ||
	    w->committed[m->index - 1].state != f->state)
		sim_fail(w,
		    "SNAP: the snapshot at %" PRIu64 " holds another state",
		    m->index);
}

void
sim_ghost_read(
    struct sim_world *w, struct sim_server *s, uint64_t id, uint64_t index)
{
	w->stats.reads++;
	if (s->applied < index || s->applied < w->reads[id])
		sim_fail(w,
		    "LIN: server %" PRIu64 " answers a read at %" PRIu64
		    ", %" PRIu64 " was acknowledged before",
		    s->id, s->applied, w->reads[id]);
}

void
sim_ghost_restart(struct sim_world *w, struct sim_server *s)
{
	s->config_moved = true;
	if (s->disk_term < s->sent_term)
		sim_fail(w, "REC: server %" PRIu64 " forgot term %" PRIu64,
		    s->id, s->sent_term);
	if (sim_log_last(&s->disk) < s->promise)
		sim_fail(w,
		    "REC: server %" PRIu64 " lost %" PRIu64
		    ", which it acknowledged",
		    s->id, s->promise);
}

void
sim_ghost_release(struct sim_world *w)
{
	for (size_t i = 0; i < w->nterms; i++)
		free(w->terms[i].chains);
	free(w->terms);
	free(w->committed);
	free(w->matching);
	free(w->reads);
}
