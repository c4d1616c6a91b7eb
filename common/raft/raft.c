#include "common/raft/raft.h"

#include <assert.h>
#include <stdlib.h>

#include "common/mem.h"
#include "common/raft/core.h"

#ifdef RAFT_PLANT
int raft_plant;
#endif

void
raft_opts_init(struct raft_opts *o)
{
	*o = (struct raft_opts){ .election_ms = 120,
		.jitter_ms = 80,
		.heartbeat_ms = 30,
		.notice_ms = 5,
		.append_max_bytes = 256 * 1024,
		.append_max_entries = 1024,
		.window = 4,
		.uncommitted_max = 64 * 1024 * 1024,
		.chunk_max = 256 * 1024,
		.trailing = 4096 };
}

/* --- start --- */

static const char *
find_fault(const struct raft_recovered *rec)
{
	uint64_t index = rec->start_index, term = rec->start_term;

	if (rec->start_index > 0 &&
	    (rec->snapshot == NULL || rec->start_index > rec->snapshot->index))
		return "the log starts behind what the snapshot covers";
	for (size_t i = 0; i < rec->nentries; i++) {
		const struct raft_entry *e = &rec->entries[i];
		struct raft_config c;

		if (e->index != index + 1)
			return "the log has a gap";
		if (e->term < term)
			return "terms fall along the log";
		if (e->type == RAFT_CONFIG &&
		    (e->data == NULL ||
			raft_config_parse(&c, e->data->data, e->data->len)))
			return "a config entry cannot be read";
		index = e->index;
		term = e->term;
	}
	if (rec->term < term ||
	    (rec->snapshot != NULL && rec->term < rec->snapshot->term))
		return "the term is older than what the disk holds";
	return NULL;
}

/*
 * A snapshot newer than all of the log is normal: the crash came between
 * the two. One that contradicts the log is not.
 */
static const char *
load(struct raft *r, const struct raft_recovered *rec)
{
	const char *fault = find_fault(rec);

	if (fault != NULL)
		return fault;
	r->term = rec->term;
	r->vote = rec->vote;
	raft_log_reset(&r->log, rec->start_index, rec->start_term);
	for (size_t i = 0; i < rec->nentries; i++)
		raft_log_add(&r->log, &rec->entries[i]);
	if (rec->snapshot != NULL) {
		r->snap = *rec->snapshot;
		if (raft_log_last(&r->log) < r->snap.index)
			raft_log_reset(&r->log, r->snap.index, r->snap.term);
		if (raft_log_term(&r->log, r->snap.index) != r->snap.term)
			return "snapshot and log contradict each other";
	}
	r->commit = r->applying = r->applied = r->snap.index;
	r->verified = r->commit;
	r->synced = raft_log_last(&r->log);
	raft_config_refresh(r);
	return NULL;
}

struct raft *
raft_new(const struct raft_opts *o, const struct raft_recovered *rec,
    uint64_t now_ms, const char **why)
{
	struct raft *r = xcalloc(1, sizeof *r);

	assert(o->id != 0 && o->election_ms > 0 && o->heartbeat_ms > 0);
	assert(o->window >= 1 && o->window <= RAFT_WINDOW_MAX);
	assert(o->append_max_entries >= 1 && o->chunk_max >= 1);
	r->opts = *o;
	r->now_ms = now_ms;
	r->notice_ms = RAFT_NEVER;
	rng_init(&r->rng, o->seed);
	*why = load(r, rec);
	if (*why != NULL) {
		raft_free(r);
		return NULL;
	}
	raft_rearm(r);
	if (raft_nvoters(r) == 1 && raft_is_voter(r, o->id))
		r->due_ms = now_ms; /* nobody else could be leading */
	return r;
}

void
raft_free(struct raft *r)
{
	if (r == NULL)
		return;
	raft_log_release(&r->log);
	free(r->writes);
	free(r->reads);
	free(r->out);
	free(r);
}

/* --- events --- */

static void
tick(struct raft *r)
{
	if (r->role == RAFT_LEADER)
		raft_leader_tick(r);
	else
		raft_election_tick(r);
}

static void
dispatch(struct raft *r, const struct raft_event *ev)
{
	switch (ev->type) {
	case RAFT_TICK:
		tick(r);
		break;
	case RAFT_RECV:
		raft_receive(r, ev->recv);
		break;
	case RAFT_PROPOSE:
		raft_propose(r, ev);
		break;
	case RAFT_READ:
		raft_read(r, ev->read_id);
		break;
	case RAFT_CHANGE:
		raft_change(r, ev);
		break;
	case RAFT_TRANSFER:
		raft_transfer(r, ev);
		break;
	case RAFT_DISK_DONE:
		raft_disk_done(r, ev->disk_seq);
		break;
	case RAFT_DISK_FAILED:
		raft_fatal(r, "the disk failed");
		break;
	case RAFT_APPLIED:
		if (ev->applied > r->applied)
			r->applied = ev->applied;
		break;
	case RAFT_SNAP_TAKEN:
		raft_snap_taken(r, ev);
		break;
	case RAFT_SNAP_STORED:
		raft_snap_stored(r, ev);
		break;
	case RAFT_PEER_RESET:
		raft_peer_reset(r, ev->peer);
		break;
	case RAFT_PEER_LOST:
		raft_leader_lost(r, ev->peer);
		break;
	}
}

/* What must hold between any two steps. */
static void
check(const struct raft *r)
{
	assert(r->snap.index <= r->commit);
	assert(r->applied <= r->applying && r->applying == r->commit);
	assert(r->commit <= raft_log_last(&r->log));
	assert(r->synced <= raft_log_last(&r->log));
	assert(raft_log_first(&r->log) <= r->snap.index + 1);
	assert(raft_log_last_term(&r->log) <= r->term);
	assert(r->role != RAFT_LEADER || r->leader == r->opts.id);
}

void
raft_step(
    struct raft *r, const struct raft_event *ev, struct raft_actions *acts)
{
	acts->n = 0;
	if (r->dead)
		return;
	/* What was handed out in the last step has been taken by now. */
	if (r->opts.alone)
		raft_log_let_go(&r->log, r->applying);
	r->acts = acts;
	if (ev->now_ms > r->now_ms)
		r->now_ms = ev->now_ms;
	dispatch(r, ev);
	raft_reads_advance(r);
	raft_output_finish(r);
	r->acts = NULL;
	if (!r->dead)
		check(r);
}

uint64_t
raft_deadline(const struct raft *r)
{
	if (r->dead)
		return RAFT_NEVER;
	return r->notice_ms < r->due_ms ? r->notice_ms : r->due_ms;
}

/* --- a look inside --- */

const struct raft_entry *
raft_entry_at(const struct raft *r, uint64_t index)
{
	return raft_log_at(&r->log, index);
}

void
raft_status(const struct raft *r, struct raft_status *s)
{
	*s = (struct raft_status){ .role = r->role,
		.term = r->term,
		.vote = r->vote,
		.leader = r->leader,
		.first = raft_log_first(&r->log),
		.last = raft_log_last(&r->log),
		.last_term = raft_log_last_term(&r->log),
		.commit = r->commit,
		.applied = r->applied,
		.synced = r->synced,
		.snapshot_index = r->snap.index,
		.config_index = r->config_index,
		.config = r->config,
		.strays = r->strays,
		.heard_ms = r->heard_ms };
}

size_t
raft_peers(const struct raft *r, struct raft_peer_status out[RAFT_SERVERS_MAX])
{
	if (r->role != RAFT_LEADER)
		return 0;
	for (size_t i = 0; i < r->config.n; i++) {
		const struct raft_peer *p = &r->peers[i];
		bool self = p->id == r->opts.id;

		out[i] = (struct raft_peer_status){ .id = p->id,
			.voice = r->config.servers[i].voice,
			.match = p->match,
			.silent_ms = self ? 0 : r->now_ms - p->acked_ms,
			.caught_up = self || p->caught_up };
	}
	return r->config.n;
}

const char *
raft_role_name(enum raft_role role)
{
	switch (role) {
	case RAFT_FOLLOWER:
		return "follower";
	case RAFT_PRECANDIDATE:
		return "pre-candidate";
	case RAFT_CANDIDATE:
		return "candidate";
	case RAFT_LEADER:
		return "leader";
	}
	return "?";
}

const char *
raft_message_name(enum raft_message_type type)
{
	static const char *const names[] = { "?", "pre-vote", "pre-vote-reply",
		"vote", "vote-reply", "append", "append-reply", "heartbeat",
		"heartbeat-reply", "chunk", "chunk-reply", "timeout-now" };

	return (size_t)type < sizeof names / sizeof names[0] ? names[type]
							     : "?";
}

const char *
raft_refusal_text(enum raft_refusal why)
{
	switch (why) {
	case RAFT_NOT_LEADER:
		return "this server does not lead";
	case RAFT_BUSY:
		return "too much is under way";
	case RAFT_CHANGING:
		return "the last change of servers is not committed yet";
	case RAFT_NO_SUCH:
		return "no server is there to be changed so";
	case RAFT_BEHIND:
		return "the server has not caught up";
	case RAFT_UNSAFE:
		return "too few of the voters that would be left are in touch";
	case RAFT_NOT_TAKEN:
		return "the server did not take over";
	case RAFT_ALONE:
		return "this server is to stay alone";
	}
	return "?";
}
