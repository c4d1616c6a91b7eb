/* A leader's side of replication: peers, windows, and what is committed. */
#include <assert.h>

#include "common/raft/core.h"

/* Each proposed entry counts this much beyond its bytes. */
enum { ENTRY_COST = 32 };
enum { ALONE_MS = 60000 };

static size_t
cost(const struct raft_entry *e)
{
	return ENTRY_COST + (e->data == NULL ? 0 : e->data->len);
}

static bool
is_self(const struct raft *r, const struct raft_peer *p)
{
	return p->id == r->opts.id;
}

/* Starts over at next: one message at a time until an answer fits. */
void
raft_probe(struct raft *r, struct raft_peer *p, uint64_t next)
{
	assert(next > p->match);
	(void)r;
	p->feed = RAFT_PROBE;
	p->next = next;
	p->probing = false;
	p->head = p->nout = 0;
	p->snap.index = 0;
}

void
raft_stream(struct raft *r, struct raft_peer *p)
{
	raft_probe(r, p, p->match + 1);
	p->feed = RAFT_STREAM;
	p->moved_ms = r->now_ms;
}

/* How many entries from first on fit into one message. */
static size_t
batch(const struct raft *r, uint64_t first)
{
	size_t bytes = 0, n = 0;

	while (n < r->opts.append_max_entries) {
		const struct raft_entry *e = raft_log_at(&r->log, first + n);

		if (e == NULL)
			break;
		bytes += cost(e);
		if (n > 0 && bytes > r->opts.append_max_bytes)
			break;
		n++;
	}
	return n;
}

static void
send_append(struct raft *r, struct raft_peer *p, uint64_t first, size_t n)
{
	struct raft_message *m = raft_say(r, RAFT_APPEND, p->id);

	m->log_index = first - 1;
	if (!PLANT(25) || raft_log_knows(&r->log, first - 1))
		m->log_term = raft_log_term(&r->log, first - 1);
	m->nentries = n;
	m->commit = p->told = r->commit;
	p->sent_ms = r->now_ms;
}

/* Sends what may be sent to a peer now: all the window has room for. */
void
raft_feed_peer(struct raft *r, struct raft_peer *p)
{
	if (is_self(r, p) || p->feed == RAFT_LOAD)
		return;
	if (!raft_log_knows(&r->log, p->next - 1) && !PLANT(25)) {
		raft_load(r, p);
		return;
	}
	if (p->feed == RAFT_PROBE) {
		if (!p->probing)
			send_append(r, p, p->next, batch(r, p->next));
		p->probing = true;
		return;
	}
	while (p->nout < r->opts.window && p->next <= raft_log_last(&r->log)) {
		size_t n = batch(r, p->next);

		if (PLANT(25) && n == 0)
			break;
		send_append(r, p, p->next, n);
		p->next += n;
		p->window[(p->head + p->nout++) % RAFT_WINDOW_MAX] =
		    p->next - 1;
	}
}

void
raft_feed_all(struct raft *r)
{
	for (size_t i = 0; i < r->config.n; i++)
		raft_feed_peer(r, &r->peers[i]);
}

static void
heartbeat(struct raft *r, struct raft_peer *p)
{
	struct raft_message *m = raft_say(r, RAFT_HEARTBEAT, p->id);

	m->commit = p->told = p->match < r->commit ? p->match : r->commit;
	m->round = r->round;
}

void
raft_heartbeat_all(struct raft *r)
{
	for (size_t i = 0; i < r->config.n; i++)
		if (!is_self(r, &r->peers[i]))
			heartbeat(r, &r->peers[i]);
}

/* The largest index that a majority of voters' disks hold. */
static uint64_t
majority_match(const struct raft *r)
{
	uint64_t v[RAFT_SERVERS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < r->config.n; i++) {
		uint64_t match = r->peers[i].match;
		size_t k = n;

		if (r->config.servers[i].voice != RAFT_VOTER)
			continue;
		for (; k > 0 && v[k - 1] > match; k--)
			v[k] = v[k - 1];
		v[k] = match;
		n++;
	}
	if (n == 0)
		return 0;
	if (PLANT(39) && !raft_is_voter(r, r->opts.id)) {
		v[n] = raft_log_last(&r->log);
		n++;
	}
	return v[PLANT(15) ? n / 2 : (n - 1) / 2];
}

/*
 * Under load what follows tells the peers of the new commit; a message for
 * that alone is made only when nothing has followed for a while.
 */
void
raft_advance_commit(struct raft *r)
{
	uint64_t index = majority_match(r);
	uint64_t from = r->commit;

	if (index <= from)
		return;
	if (raft_log_term(&r->log, index) != r->term && !PLANT(2))
		return;
	raft_commit_to(r, index);
	for (uint64_t i = from + 1; i <= index; i++) {
		const struct raft_entry *e = raft_log_at(&r->log, i);

		if (e->term == r->term)
			r->uncommitted -= cost(e);
	}
	if (r->notice_ms == RAFT_NEVER)
		r->notice_ms = r->now_ms + r->opts.notice_ms;
}

static void
notice_tick(struct raft *r)
{
	if (r->now_ms < r->notice_ms)
		return;
	r->notice_ms = RAFT_NEVER;
	for (size_t i = 0; i < r->config.n; i++) {
		struct raft_peer *p = &r->peers[i];

		if (!is_self(r, p) && p->told < r->commit && p->told < p->match)
			heartbeat(r, p);
	}
}

static struct raft_peer *
self(struct raft *r)
{
	size_t i = raft_config_slot(&r->config, r->opts.id);

	return i < r->config.n ? &r->peers[i] : NULL;
}

/* Our own disk is one of the disks, once it is synced and no earlier. */
void
raft_leader_synced(struct raft *r)
{
	struct raft_peer *p = self(r);

	if (p != NULL) {
		p->match = PLANT(6) ? raft_log_last(&r->log) : r->synced;
		p->next = raft_log_last(&r->log) + 1;
	}
	raft_advance_commit(r);
	raft_handover_go(r);
}

void
raft_leader_add(
    struct raft *r, enum raft_entry_type type, struct raft_bytes *data)
{
	struct raft_entry e = { .index = raft_log_last(&r->log) + 1,
		.term = r->term,
		.type = type,
		.data = data };

	raft_log_add(&r->log, &e);
	r->uncommitted += cost(&e);
}

/* After entries were added: to the disk and to the peers at once. */
void
raft_leader_wrote(struct raft *r, uint64_t first)
{
	raft_disk_write(r, first);
	raft_feed_all(r);
	raft_leader_synced(r);
}

/* A server counts as heard of at the moment from which it is counted on. */
void
raft_peer_init(struct raft *r, struct raft_peer *p, uint64_t id)
{
	uint64_t last = raft_log_last(&r->log);

	*p = (struct raft_peer){ .id = id,
		.next = last + 1,
		.acked_ms = r->now_ms,
		.sent_ms = r->now_ms,
		.moved_ms = r->now_ms,
		.lap_end = last,
		.lap_ms = r->now_ms };
}

void
raft_lead(struct raft *r)
{
	uint64_t last = raft_log_last(&r->log);

	assert(raft_hard_is_safe(r) && r->vote == r->opts.id);
	r->role = RAFT_LEADER;
	r->leader = r->opts.id;
	r->tally = 0;
	raft_leader_rearm(r);
	r->noop = last + 1;
	r->uncommitted = 0;
	r->handover.to = 0;
	for (size_t i = 0; i < r->config.n; i++)
		raft_peer_init(r, &r->peers[i], r->config.servers[i].id);
	raft_leader_add(r, RAFT_NOOP, NULL);
	raft_leader_wrote(r, r->noop);
}

void
raft_propose(struct raft *r, const struct raft_event *ev)
{
	uint64_t first = raft_log_last(&r->log) + 1;
	uint64_t bytes = 0, term = ev->propose.term;
	bool leads = r->role == RAFT_LEADER && (term == 0 || term == r->term);
	struct raft_action *a;

	assert(ev->propose.n > 0);
	for (size_t i = 0; i < ev->propose.n; i++)
		bytes += ENTRY_COST + ev->propose.payloads[i]->len;
	if (!leads || r->handover.to != 0 ||
	    (r->uncommitted > 0 &&
		r->uncommitted + bytes > r->opts.uncommitted_max)) {
		a = raft_act(r, RAFT_ACT_REFUSED);
		a->refused.id = ev->propose.id;
		a->refused.why = leads ? RAFT_BUSY : RAFT_NOT_LEADER;
		return;
	}
	for (size_t i = 0; i < ev->propose.n; i++)
		raft_leader_add(r, RAFT_COMMAND, ev->propose.payloads[i]);
	a = raft_act(r, RAFT_ACT_PROPOSED);
	a->proposed.id = ev->propose.id;
	a->proposed.first = first;
	a->proposed.term = r->term;
	a->proposed.n = ev->propose.n;
	raft_leader_wrote(r, first);
}

/* --- time --- */

/* Whether a majority has answered since then, ourselves always. */
static bool
has_majority_since(const struct raft *r, uint64_t since_ms)
{
	unsigned slots = 0;

	for (size_t i = 0; i < r->config.n; i++) {
		const struct raft_peer *p = &r->peers[i];

		if (is_self(r, p) || p->acked_ms >= since_ms)
			slots |= 1U << i;
	}
	return raft_is_majority(r, slots);
}

/* Within two election times. */
static bool
has_quorum_contact(const struct raft *r)
{
	uint64_t patience_ms = 2 * r->opts.election_ms;

	return has_majority_since(
	    r, r->now_ms > patience_ms ? r->now_ms - patience_ms : 0);
}

/* The latest moment that a majority has answered after, or at. */
uint64_t
raft_majority_heard_ms(const struct raft *r)
{
	uint64_t latest = 0;

	if (has_majority_since(r, r->now_ms))
		return r->now_ms;
	for (size_t i = 0; i < r->config.n; i++) {
		uint64_t ms = r->peers[i].acked_ms;

		if (ms > latest && has_majority_since(r, ms))
			latest = ms;
	}
	return latest;
}

/*
 * What was lost is noticed here: a probe is asked again, without entries; a
 * stream that does not move asks with an empty append whether all arrived.
 */
static void
nudge(struct raft *r, struct raft_peer *p)
{
	uint64_t patience_ms = r->opts.election_ms / 2;
	bool known = raft_log_knows(&r->log, p->next - 1);

	if (p->feed == RAFT_PROBE && p->probing && known) {
		send_append(r, p, p->next, 0);
	} else if (p->feed == RAFT_STREAM && p->next > p->match + 1 &&
		   r->now_ms - p->moved_ms > patience_ms && !PLANT(50)) {
		if (known)
			send_append(r, p, p->next, 0);
		p->moved_ms = r->now_ms;
	} else if (p->feed == RAFT_LOAD &&
		   r->now_ms - p->sent_ms > r->opts.election_ms) {
		bool silent = r->now_ms - p->acked_ms > 2 * r->opts.election_ms;

		if (silent && p->snap.index != r->snap.index)
			raft_probe(r, p, p->match + 1);
		else
			raft_send_chunk(r, p);
	}
	raft_feed_peer(r, p);
}

/* A leader that is alone has nobody to keep quiet. */
void
raft_leader_rearm(struct raft *r)
{
	bool alone = r->config.n == 1 && raft_is_voter(r, r->opts.id);

	r->due_ms = r->now_ms + (alone ? ALONE_MS : r->opts.heartbeat_ms);
}

void
raft_leader_tick(struct raft *r)
{
	notice_tick(r);
	if (r->now_ms < r->due_ms)
		return;
	raft_leader_rearm(r);
	if (!has_quorum_contact(r) ||
	    (raft_disk_is_stuck(r) && raft_nvoters(r) > 1)) {
		raft_follow(r, r->term, 0);
		return;
	}
	/* Who is no voter any more leads until that is agreed, and is heard. */
	if (!raft_is_voter(r, r->opts.id) && r->config_index <= r->commit &&
	    !PLANT(40)) {
		raft_follow(r, r->term, 0);
		return;
	}
	raft_handover_tick(r);
	for (size_t i = 0; i < r->config.n; i++)
		if (!is_self(r, &r->peers[i]))
			nudge(r, &r->peers[i]);
	raft_heartbeat_all(r);
}
