/* A follower's side of replication: taking entries, and saying how far. */
#include <assert.h>

#include "common/raft/core.h"

void
raft_config_refresh(struct raft *r)
{
	struct raft_config c;

	r->config_index = raft_config_at(r, raft_log_last(&r->log), &c);
	raft_config_set(r, &c);
}

void
raft_commit_to(struct raft *r, uint64_t index)
{
	struct raft_action *a;

	if (index <= r->commit)
		return;
	assert(index <= raft_log_last(&r->log));
	r->commit = index;
	a = raft_act(r, RAFT_ACT_APPLY);
	a->log.first = r->applying + 1;
	a->log.n = (size_t)(index - r->applying);
	r->applying = index;
}

/*
 * What the leader may count on: entries that it proved to be its own, and
 * that a crash would leave us. Neither a longer tail nor unsynced entries.
 */
static uint64_t
sure(const struct raft *r)
{
	if (PLANT(1))
		return r->synced;
	if (PLANT(5))
		return r->verified;
	return r->verified < r->synced ? r->verified : r->synced;
}

void
raft_ack(struct raft *r)
{
	struct raft_message *m = raft_say(r, RAFT_APPEND_REPLY, r->leader);

	m->ok = true;
	m->match = sure(r);
	r->told = m->match;
}

void
raft_ack_more(struct raft *r)
{
	if (r->role == RAFT_FOLLOWER && r->leader != 0 && sure(r) > r->told)
		raft_ack(r);
}

/* Tells the leader of a place where the logs could agree, by term. */
static void
refuse(struct raft *r, const struct raft_message *m)
{
	struct raft_message *reply = raft_say(r, RAFT_APPEND_REPLY, m->from);

	reply->match = m->log_index;
	reply->log_index = raft_log_agree(&r->log, m->log_index, m->log_term);
	reply->log_term = raft_log_term(&r->log, reply->log_index);
}

static bool
cut_from(struct raft *r, uint64_t index)
{
	if (index <= r->commit) {
		raft_fatal(r, "the leader contradicts a committed entry");
		return false;
	}
	raft_log_cut(&r->log, index);
	raft_disk_cut(r, index);
	if (r->config_index >= index && !PLANT(18))
		raft_config_refresh(r);
	return true;
}

/* Cuts at the first entry that differs, and only there; adds the rest. */
static bool
take_entries(struct raft *r, const struct raft_entry *e, size_t n)
{
	bool has_config = false;
	uint64_t first;

	if (PLANT(9) && n > 0 && e->index <= raft_log_last(&r->log) &&
	    !cut_from(r, e->index))
		return false;
	for (; n > 0 && e->index <= raft_log_last(&r->log); e++, n--)
		if (raft_log_term(&r->log, e->index) != e->term)
			break;
	if (n == 0)
		return true;
	if (e->index <= raft_log_last(&r->log) && !cut_from(r, e->index))
		return false;
	first = e->index;
	for (; n > 0; e++, n--) {
		raft_log_add(&r->log, e);
		has_config = has_config || e->type == RAFT_CONFIG;
	}
	raft_disk_write(r, first);
	if (has_config)
		raft_config_refresh(r);
	return true;
}

static bool
has_prev(const struct raft *r, uint64_t index, uint64_t term)
{
	if (PLANT(25) && term == 0)
		return index <= raft_log_last(&r->log);
	return index <= raft_log_last(&r->log) &&
	       raft_log_term(&r->log, index) == term;
}

/*
 * Up to our commit the logs are equal, whatever was compacted here: that
 * part of the message is skipped and never compared.
 */
void
raft_on_append(struct raft *r, const struct raft_message *m)
{
	uint64_t prev = m->log_index;
	uint64_t end = prev + m->nentries;
	size_t skip = 0;
	uint64_t limit;

	if (prev < r->commit) {
		skip = (size_t)(r->commit - prev);
		if (skip > m->nentries)
			skip = m->nentries;
	} else if (!has_prev(r, prev, m->log_term)) {
		refuse(r, m);
		return;
	}
	if (end > r->commit &&
	    !take_entries(r, m->entries + skip, m->nentries - skip))
		return;
	if (r->verified < end)
		r->verified = end;
	if (r->verified < r->commit)
		r->verified = r->commit;
	limit = PLANT(8) ? raft_log_last(&r->log) : r->verified;
	raft_commit_to(r, m->commit < limit ? m->commit : limit);
	if (sure(r) >= end || PLANT(1) || PLANT(5))
		raft_ack(r);
}

void
raft_on_heartbeat(struct raft *r, const struct raft_message *m)
{
	struct raft_message *reply;
	uint64_t limit = r->verified;

	if (PLANT(8))
		limit = raft_log_last(&r->log);
	raft_commit_to(r, m->commit < limit ? m->commit : limit);
	reply = raft_say(r, RAFT_HEARTBEAT_REPLY, m->from);
	reply->round = m->round;
}
