/* Snapshots: one's own, one for a peer that is too far behind, one received. */
#include <assert.h>

#include "common/raft/core.h"

/* --- taking --- */

bool
raft_may_snapshot(const struct raft *r, uint64_t index)
{
	return !r->dead && index > r->snap.index && index <= r->applied &&
	       index <= r->synced && r->install_seq <= r->done;
}

/* Some entries behind the snapshot stay, so that slow peers need none. */
static void
compact(struct raft *r)
{
	uint64_t upto = r->snap.index;

	if (upto <= r->opts.trailing)
		return;
	upto -= r->opts.trailing;
	if (upto < raft_log_first(&r->log))
		return;
	raft_log_compact(&r->log, upto);
	raft_disk_compact(r);
}

/* While it was written, a newer one may have been installed. */
void
raft_snap_taken(struct raft *r, const struct raft_event *ev)
{
	uint64_t index = ev->taken.index;
	struct raft_snapshot s = {
		.index = index, .size = ev->taken.size, .hash = ev->taken.hash
	};

	if (index <= r->snap.index)
		return;
	assert(index <= r->applied && index <= r->synced);
	s.term = raft_log_term(&r->log, index);
	s.config_index = raft_config_at(r, index, &s.config);
	r->snap = s;
	compact(r);
}

/* --- sending --- */

bool
raft_uses_snapshot(const struct raft *r, uint64_t index)
{
	if (r->snap.index == index)
		return true;
	if (r->role != RAFT_LEADER)
		return false;
	for (size_t i = 0; i < r->config.n; i++)
		if (r->peers[i].feed == RAFT_LOAD &&
		    r->peers[i].snap.index == index)
			return true;
	return false;
}

/* The one that is newest now is sent to its end, though newer ones come. */
void
raft_load(struct raft *r, struct raft_peer *p)
{
	assert(r->snap.index >= raft_log_first(&r->log) - 1);
	p->feed = RAFT_LOAD;
	p->snap = r->snap;
	p->offset = 0;
	p->head = p->nout = 0;
	raft_send_chunk(r, p);
}

/* One chunk at a time; the peer says where it wants to go on. */
void
raft_send_chunk(struct raft *r, struct raft_peer *p)
{
	struct raft_message *m = raft_say(r, RAFT_CHUNK, p->id);
	uint64_t left = p->snap.size - p->offset;

	m->snapshot = &p->snap;
	m->offset = p->offset;
	m->len = left < r->opts.chunk_max ? (size_t)left : r->opts.chunk_max;
	p->sent_ms = r->now_ms;
}

void
raft_on_chunk_reply(struct raft *r, const struct raft_message *m)
{
	struct raft_peer *p = raft_peer_of(r, m);

	if (p == NULL || p->feed != RAFT_LOAD)
		return;
	if (m->log_index != p->snap.index || m->log_term != p->snap.term)
		return;
	if (m->offset > p->snap.size || m->offset == p->offset)
		return; /* that one is on its way; raft_leader_tick() repeats */
	p->offset = m->offset;
	if (PLANT(55) && p->offset == 0)
		p->offset = p->snap.size;
	p->moved_ms = r->now_ms;
	raft_send_chunk(r, p);
}

/* --- receiving --- */

static bool
is_incoming(const struct raft *r, const struct raft_snapshot *s)
{
	return r->in.snap.index == s->index && r->in.snap.term == s->term &&
	       r->in.snap.size == s->size && r->in.snap.hash == s->hash;
}

static void
want_more(struct raft *r)
{
	struct raft_message *m;

	if (r->leader == 0 || r->role != RAFT_FOLLOWER)
		return;
	m = raft_say(r, RAFT_CHUNK_REPLY, r->leader);
	m->log_index = r->in.snap.index;
	m->log_term = r->in.snap.term;
	m->offset = r->in.stored;
}

static bool
chunk_is_sound(const struct raft_message *m)
{
	const struct raft_snapshot *s = m->snapshot;

	return s != NULL && s->index > 0 && s->term > 0 &&
	       s->config.n <= RAFT_SERVERS_MAX &&
	       raft_config_check(&s->config) == 0 && m->offset <= s->size &&
	       m->len <= s->size - m->offset && (m->len > 0 || s->size == 0);
}

void
raft_on_chunk(struct raft *r, const struct raft_message *m)
{
	const struct raft_snapshot *s = m->snapshot;
	struct raft_action *a;

	if (!chunk_is_sound(m)) {
		r->strays++;
		return;
	}
	if (s->index <= r->commit) {
		if (r->verified < r->commit)
			r->verified = r->commit;
		raft_ack(r);
		return;
	}
	if (r->in.busy || r->install_seq > r->done)
		return;
	if (!is_incoming(r, s)) {
		r->in.snap = *s;
		r->in.stored = 0;
	}
	if (m->offset != r->in.stored) {
		want_more(r);
		return;
	}
	r->in.busy = true;
	a = raft_act(r, RAFT_ACT_STORE);
	a->store.snapshot = &r->in.snap;
	a->store.offset = m->offset;
	a->store.bytes = m->bytes;
	a->store.len = m->len;
	a->store.last = m->offset + m->len == s->size;
}

/*
 * Entries behind the snapshot are kept only when the entry at its index is
 * the very one it ends with; else all of the log is of another history.
 */
static void
install(struct raft *r)
{
	const struct raft_snapshot *s = &r->in.snap;
	bool keep = raft_log_knows(&r->log, s->index) &&
		    raft_log_term(&r->log, s->index) == s->term;

	if (PLANT(24) && raft_log_knows(&r->log, s->index))
		keep = true;
	r->snap = *s;
	raft_disk_install(r, keep);
	if (keep)
		raft_log_compact(&r->log, s->index);
	else
		raft_log_reset(&r->log, s->index, s->term);
	r->commit = r->applying = s->index;
	if (r->verified < s->index)
		r->verified = s->index;
	raft_config_refresh(r);
	r->in.snap.index = 0;
}

/* It is committed data: it is taken whatever became of terms meanwhile. */
void
raft_snap_stored(struct raft *r, const struct raft_event *ev)
{
	if (!r->in.busy || ev->stored.index != r->in.snap.index ||
	    ev->stored.term != r->in.snap.term)
		return;
	r->in.busy = false;
	r->in.stored = ev->stored.stored;
	if (!ev->stored.complete) {
		want_more(r);
	} else if (r->in.snap.index > r->commit) {
		install(r);
	} else {
		r->in.snap.index = 0;
		raft_ack_more(r);
	}
}
