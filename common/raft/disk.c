/*
 * What was given to the disk, and what it confirmed.
 *
 * Every disk action has a number, and completions come in order, so one
 * number says what is durable. Each unconfirmed write remembers up to where
 * the disk will match the memory once it is done. A cut lowers that for the
 * writes before it: when an index is written, cut and written again, the
 * first completion must not speak for the last write.
 */
#include <assert.h>

#include <string.h>

#include "common/mem.h"
#include "common/raft/core.h"

/* A disk this slow makes for a bad leader: 4 election times, at least 1 s. */
enum { STUCK_ELECTIONS = 4, STUCK_MIN_MS = 1000 };

static struct raft_action *
disk_act(struct raft *r, enum raft_action_type type, uint64_t last)
{
	struct raft_action *a = raft_act(r, type);

	a->seq = ++r->seq;
	if (r->whead > 16 && r->whead > r->nwrites / 2) {
		memmove(r->writes, r->writes + r->whead,
		    (r->nwrites - r->whead) * sizeof *r->writes);
		r->nwrites -= r->whead;
		r->whead = 0;
	}
	r->writes =
	    xgrow(r->writes, r->nwrites, &r->cwrites, sizeof *r->writes);
	r->writes[r->nwrites++] = (struct raft_write){
		.seq = a->seq, .last = last, .at_ms = r->now_ms
	};
	return a;
}

/* Term and vote are one record: never one without the other. */
void
raft_disk_hard(struct raft *r)
{
	struct raft_action *a;

	if (!r->hard_dirty)
		return;
	a = disk_act(r, RAFT_ACT_HARD, 0);
	a->hard.term = r->term;
	a->hard.vote = r->vote;
	r->hard_seq = a->seq;
	r->hard_dirty = false;
}

bool
raft_hard_is_safe(const struct raft *r)
{
	return !r->hard_dirty && r->hard_seq <= r->done;
}

/* Entries of a term go to disk behind the term itself. */
void
raft_disk_write(struct raft *r, uint64_t first)
{
	uint64_t last = raft_log_last(&r->log);
	struct raft_action *a;

	raft_disk_hard(r);
	a = disk_act(r, RAFT_ACT_WRITE, last);
	a->log.first = first;
	a->log.n = (size_t)(last - first + 1);
}

static void
lower_synced(struct raft *r, uint64_t to)
{
	if (r->synced > to)
		r->synced = to;
	if (PLANT(27))
		return;
	for (size_t i = r->whead; i < r->nwrites; i++)
		if (r->writes[i].last > to)
			r->writes[i].last = to;
}

void
raft_disk_cut(struct raft *r, uint64_t index)
{
	raft_disk_hard(r);
	lower_synced(r, index - 1);
	disk_act(r, RAFT_ACT_CUT, 0)->index = index;
}

/*
 * Until the disk has the snapshot it matches us only as far as both are
 * known to be equal to the committed log.
 */
void
raft_disk_install(struct raft *r, bool keep_tail)
{
	struct raft_action *a;

	raft_disk_hard(r);
	if (!keep_tail)
		lower_synced(r, r->commit);
	a = disk_act(r, RAFT_ACT_INSTALL, r->snap.index);
	a->install.snapshot = &r->snap;
	a->install.keep_tail = keep_tail;
	r->install_seq = a->seq;
}

void
raft_disk_compact(struct raft *r)
{
	disk_act(r, RAFT_ACT_COMPACT, 0)->index = raft_log_first(&r->log);
}

void
raft_disk_done(struct raft *r, uint64_t seq)
{
	assert(seq <= r->seq);
	if (seq <= r->done)
		return;
	r->done = seq;
	while (r->whead < r->nwrites && r->writes[r->whead].seq <= seq) {
		if (r->writes[r->whead].last > r->synced)
			r->synced = r->writes[r->whead].last;
		r->whead++;
	}
	if (r->role == RAFT_CANDIDATE)
		raft_count_own_vote(r);
	if (r->role == RAFT_LEADER)
		raft_leader_synced(r);
	else
		raft_ack_more(r);
}

bool
raft_disk_is_stuck(const struct raft *r)
{
	uint64_t limit_ms = r->opts.election_ms * STUCK_ELECTIONS;

	if (limit_ms < STUCK_MIN_MS)
		limit_ms = STUCK_MIN_MS;
	return r->whead < r->nwrites &&
	       r->now_ms - r->writes[r->whead].at_ms > limit_ms;
}
