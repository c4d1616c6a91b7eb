/*
 * Stories about single servers: the test is the shell, the peers and the
 * disk. What whole clusters do is told in tests/sim/sim_raft.c.
 */
#include <string.h>

#include "common/raft/raft.h"
#include "tests/lib/unit.h"

enum { ELECTION_MS = 100, HEARTBEAT_MS = 25 };

/* One server and what it last asked for. */
struct desk {
	struct raft *raft;
	struct raft_actions acts;
	struct raft_config config;
	uint64_t now_ms;
	uint64_t seq; /* last disk action seen */
};

static bool is_to_stay_alone; /* the next one */

static void
desk_init(struct desk *d, uint64_t nservers, const uint64_t *log_terms,
    size_t nlog, uint64_t term)
{
	struct raft_entry entries[8] = { 0 };
	struct raft_recovered rec = { .term = term, .entries = entries };
	struct raft_opts o;
	const char *why;

	*d = (struct desk){ .now_ms = 1000 };
	for (uint64_t id = 1; id <= nservers; id++)
		d->config.servers[d->config.n++] =
		    (struct raft_server){ .id = id, .voice = RAFT_VOTER };
	raft_opts_init(&o);
	o.cluster = 7;
	o.id = o.incarnation = o.seed = 1;
	o.election_ms = ELECTION_MS;
	o.jitter_ms = 0;
	o.heartbeat_ms = HEARTBEAT_MS;
	o.trailing = 0;
	o.alone = is_to_stay_alone;
	entries[0] = raft_bootstrap_entry(&d->config);
	rec.nentries = 1 + nlog;
	for (size_t i = 0; i < nlog; i++)
		entries[i + 1] = (struct raft_entry){
			.index = i + 2, .term = log_terms[i], .type = RAFT_NOOP
		};
	d->raft = raft_new(&o, &rec, d->now_ms, &why);
	ck_assert_ptr_nonnull(d->raft);
	raft_bytes_unref(entries[0].data);
}

static void
desk_release(struct desk *d)
{
	raft_free(d->raft);
	raft_actions_release(&d->acts);
}

static void
step(struct desk *d, struct raft_event ev)
{
	ev.now_ms = d->now_ms;
	raft_step(d->raft, &ev, &d->acts);
	for (size_t i = 0; i < d->acts.n; i++)
		if (d->acts.v[i].seq > d->seq)
			d->seq = d->acts.v[i].seq;
}

static const struct raft_action *
act(const struct desk *d, enum raft_action_type type)
{
	for (size_t i = 0; i < d->acts.n; i++)
		if (d->acts.v[i].type == type)
			return &d->acts.v[i];
	return NULL;
}

static const struct raft_message *
sent(const struct desk *d, enum raft_message_type type)
{
	for (size_t i = 0; i < d->acts.n; i++)
		if (d->acts.v[i].type == RAFT_ACT_SEND &&
		    d->acts.v[i].send.type == type)
			return &d->acts.v[i].send;
	return NULL;
}

static void
sync_disk(struct desk *d)
{
	step(d,
	    (struct raft_event){ .type = RAFT_DISK_DONE, .disk_seq = d->seq });
}

static void
tick(struct desk *d, uint64_t ms)
{
	d->now_ms += ms;
	step(d, (struct raft_event){ .type = RAFT_TICK });
}

static void
hear(struct desk *d, struct raft_message m)
{
	m.cluster = 7;
	m.to = 1;
	if (m.from == 0)
		m.from = 2;
	m.incarnation = 1;
	step(d, (struct raft_event){ .type = RAFT_RECV, .recv = &m });
}

static void
propose(struct desk *d, const char *text)
{
	struct raft_bytes *b = raft_bytes_new(text, strlen(text));

	step(d, (struct raft_event){ .type = RAFT_PROPOSE,
		    .propose = { .id = 5, .payloads = &b, .n = 1 } });
	raft_bytes_unref(b);
}

static struct raft_status
status(const struct desk *d)
{
	struct raft_status s;

	raft_status(d->raft, &s);
	return s;
}

/* Servers 2 to last grant it. */
static void
grant(struct desk *d, enum raft_message_type type, uint64_t last)
{
	for (uint64_t id = 2; id <= last; id++)
		hear(d, (struct raft_message){
			    .type = type, .from = id, .term = 2, .ok = true });
}

/* Server 1 becomes leader of term 2 by the votes of those up to last, its
 * no-op (2) unsynced. */
static void
win_by(struct desk *d, uint64_t last)
{
	tick(d, ELECTION_MS);
	grant(d, RAFT_PREVOTE_REPLY, last);
	sync_disk(d);
	grant(d, RAFT_VOTE_REPLY, last);
	ck_assert_int_eq(status(d).role, RAFT_LEADER);
}

/* Of three. */
static void
win(struct desk *d)
{
	win_by(d, 2);
}

START_TEST(a_single_server_leads_and_commits_by_its_own_sync_alone)
{
	struct desk d;

	desk_init(&d, 1, NULL, 0, 1);
	ck_assert_uint_eq(raft_deadline(d.raft), d.now_ms);
	tick(&d, 0);
	ck_assert_uint_eq(act(&d, RAFT_ACT_HARD)->hard.vote, 1);
	ck_assert_int_eq(status(&d).role, RAFT_CANDIDATE);
	sync_disk(&d);
	ck_assert_int_eq(status(&d).role, RAFT_LEADER);
	ck_assert_ptr_null(act(&d, RAFT_ACT_APPLY));
	sync_disk(&d);
	ck_assert_uint_eq(act(&d, RAFT_ACT_APPLY)->log.n, 2);

	propose(&d, "hello");
	ck_assert_uint_eq(act(&d, RAFT_ACT_PROPOSED)->proposed.first, 3);
	ck_assert_uint_eq(act(&d, RAFT_ACT_WRITE)->log.n, 1);
	ck_assert_ptr_null(act(&d, RAFT_ACT_APPLY));
	sync_disk(&d);
	ck_assert_uint_eq(act(&d, RAFT_ACT_APPLY)->log.first, 3);
	ck_assert_mem_eq(
	    act(&d, RAFT_ACT_APPLY)->log.entries[0].data->data, "hello", 5);
	desk_release(&d);
}
END_TEST

START_TEST(a_read_on_a_single_server_waits_only_for_what_is_applied)
{
	struct desk d;

	desk_init(&d, 1, NULL, 0, 1);
	tick(&d, 0);
	sync_disk(&d);
	step(&d, (struct raft_event){ .type = RAFT_READ, .read_id = 9 });
	ck_assert_ptr_null(act(&d, RAFT_ACT_READ_OK));
	sync_disk(&d);
	ck_assert_ptr_null(act(&d, RAFT_ACT_READ_OK));
	step(&d, (struct raft_event){ .type = RAFT_APPLIED, .applied = 2 });
	ck_assert_uint_eq(act(&d, RAFT_ACT_READ_OK)->read.id, 9);
	desk_release(&d);
}
END_TEST

START_TEST(a_candidate_with_a_stale_log_is_refused)
{
	struct desk d;

	desk_init(&d, 3, (uint64_t[]){ 3, 3 }, 2, 3);
	hear(&d,
	    (struct raft_message){
		.type = RAFT_VOTE, .term = 4, .log_index = 9, .log_term = 2 });
	ck_assert_ptr_null(sent(&d, RAFT_VOTE_REPLY));
	sync_disk(&d);
	ck_assert(!sent(&d, RAFT_VOTE_REPLY)->ok);
	ck_assert_uint_eq(sent(&d, RAFT_VOTE_REPLY)->term, 4);
	desk_release(&d);
}
END_TEST

START_TEST(a_vote_leaves_only_when_it_is_on_disk_and_is_given_once)
{
	struct desk d;
	struct raft_message ask = {
		.type = RAFT_VOTE, .term = 2, .log_index = 1, .log_term = 1
	};

	desk_init(&d, 3, NULL, 0, 1);
	hear(&d, ask);
	ck_assert_uint_eq(act(&d, RAFT_ACT_HARD)->hard.term, 2);
	ck_assert_uint_eq(act(&d, RAFT_ACT_HARD)->hard.vote, 2);
	ck_assert_ptr_null(sent(&d, RAFT_VOTE_REPLY));
	sync_disk(&d);
	ck_assert(sent(&d, RAFT_VOTE_REPLY)->ok);
	ask.from = 3;
	hear(&d, ask);
	ck_assert(!sent(&d, RAFT_VOTE_REPLY)->ok);
	desk_release(&d);
}
END_TEST

START_TEST(who_hears_a_leader_helps_nobody_else_to_be_elected)
{
	struct desk d;
	struct raft_message ask = { .type = RAFT_PREVOTE,
		.from = 3,
		.term = 3,
		.log_index = 5,
		.log_term = 2 };

	desk_init(&d, 3, NULL, 0, 2);
	hear(&d, (struct raft_message){ .type = RAFT_HEARTBEAT, .term = 2 });
	hear(&d, ask);
	ck_assert(!sent(&d, RAFT_PREVOTE_REPLY)->ok);
	ask.type = RAFT_VOTE;
	hear(&d, ask);
	ck_assert_uint_eq(d.acts.n, 0);
	ck_assert_uint_eq(status(&d).term, 2);
	d.now_ms += ELECTION_MS;
	hear(&d, ask);
	ck_assert_uint_eq(status(&d).term, 3);
	desk_release(&d);
}
END_TEST

START_TEST(a_leader_counts_its_own_disk_only_when_it_is_synced)
{
	struct desk d;

	desk_init(&d, 3, NULL, 0, 1);
	win(&d);
	ck_assert_ptr_nonnull(sent(&d, RAFT_APPEND));
	hear(&d,
	    (struct raft_message){
		.type = RAFT_APPEND_REPLY, .term = 2, .ok = true, .match = 2 });
	ck_assert_uint_eq(status(&d).commit, 0);
	sync_disk(&d);
	ck_assert_uint_eq(status(&d).commit, 2);
	desk_release(&d);
}
END_TEST

START_TEST(two_followers_commit_while_the_leaders_disk_is_slow)
{
	struct desk d;
	struct raft_message yes = {
		.type = RAFT_APPEND_REPLY, .term = 2, .ok = true, .match = 2
	};

	desk_init(&d, 3, NULL, 0, 1);
	win(&d);
	hear(&d, yes);
	yes.from = 3;
	hear(&d, yes);
	ck_assert_uint_eq(status(&d).commit, 2);
	ck_assert_uint_eq(status(&d).synced, 1);
	desk_release(&d);
}
END_TEST

START_TEST(a_follower_acknowledges_what_was_proved_and_not_its_own_tail)
{
	struct desk d;

	desk_init(&d, 3, (uint64_t[]){ 1, 1, 1 }, 3, 1);
	hear(&d, (struct raft_message){ .type = RAFT_APPEND,
		     .term = 2,
		     .log_index = 2,
		     .log_term = 1 });
	sync_disk(&d);
	ck_assert(sent(&d, RAFT_APPEND_REPLY)->ok);
	ck_assert_uint_eq(sent(&d, RAFT_APPEND_REPLY)->match, 2);
	desk_release(&d);
}
END_TEST

START_TEST(a_follower_acknowledges_entries_only_when_they_are_on_disk)
{
	struct desk d;
	struct raft_entry e = { .index = 2, .term = 1, .type = RAFT_NOOP };

	desk_init(&d, 3, NULL, 0, 1);
	hear(&d, (struct raft_message){ .type = RAFT_APPEND,
		     .term = 1,
		     .log_index = 1,
		     .log_term = 1,
		     .commit = 2,
		     .entries = &e,
		     .nentries = 1 });
	ck_assert_ptr_nonnull(act(&d, RAFT_ACT_WRITE));
	ck_assert_uint_eq(status(&d).commit, 2);
	ck_assert_ptr_null(sent(&d, RAFT_APPEND_REPLY));
	sync_disk(&d);
	ck_assert_uint_eq(sent(&d, RAFT_APPEND_REPLY)->match, 2);
	desk_release(&d);
}
END_TEST

START_TEST(an_old_append_that_comes_again_cuts_nothing)
{
	struct desk d;
	struct raft_entry e = { .index = 2, .term = 1, .type = RAFT_NOOP };

	desk_init(&d, 3, (uint64_t[]){ 1, 1, 1 }, 3, 1);
	hear(&d, (struct raft_message){ .type = RAFT_APPEND,
		     .term = 1,
		     .log_index = 1,
		     .log_term = 1,
		     .entries = &e,
		     .nentries = 1 });
	ck_assert_ptr_null(act(&d, RAFT_ACT_CUT));
	ck_assert_uint_eq(status(&d).last, 4);
	desk_release(&d);
}
END_TEST

START_TEST(entries_that_differ_are_cut_and_replaced)
{
	struct desk d;
	struct raft_entry e = { .index = 3, .term = 2, .type = RAFT_NOOP };

	desk_init(&d, 3, (uint64_t[]){ 1, 1, 1 }, 3, 1);
	hear(&d, (struct raft_message){ .type = RAFT_APPEND,
		     .term = 2,
		     .log_index = 2,
		     .log_term = 1,
		     .entries = &e,
		     .nentries = 1 });
	ck_assert_uint_eq(act(&d, RAFT_ACT_CUT)->index, 3);
	ck_assert_uint_gt(
	    act(&d, RAFT_ACT_CUT)->seq, act(&d, RAFT_ACT_HARD)->seq);
	ck_assert_uint_gt(
	    act(&d, RAFT_ACT_WRITE)->seq, act(&d, RAFT_ACT_CUT)->seq);
	ck_assert_uint_eq(status(&d).last, 3);
	ck_assert_uint_eq(status(&d).synced, 2);
	desk_release(&d);
}
END_TEST

START_TEST(a_leader_that_hears_no_majority_steps_down)
{
	struct desk d;

	desk_init(&d, 3, NULL, 0, 1);
	win(&d);
	tick(&d, 2 * ELECTION_MS);
	ck_assert_int_eq(status(&d).role, RAFT_LEADER);
	tick(&d, HEARTBEAT_MS + 1);
	ck_assert_int_eq(status(&d).role, RAFT_FOLLOWER);
	ck_assert_uint_eq(status(&d).term, 2);
	desk_release(&d);
}
END_TEST

/* What it knows is no older than that. */
START_TEST(a_deposed_leader_was_in_touch_until_its_last_majority)
{
	struct desk d;
	uint64_t heard;

	desk_init(&d, 3, NULL, 0, 1);
	win(&d);
	sync_disk(&d);
	for (int i = 0; i < 100; i++) {
		tick(&d, HEARTBEAT_MS);
		hear(&d,
		    (struct raft_message){
			.type = RAFT_HEARTBEAT_REPLY, .from = 3, .term = 2 });
	}
	heard = d.now_ms;
	while (status(&d).role == RAFT_LEADER)
		tick(&d, HEARTBEAT_MS);
	ck_assert_uint_eq(status(&d).heard_ms, heard);
	desk_release(&d);
}
END_TEST

START_TEST(who_is_no_leader_refuses_commands_and_reads)
{
	struct desk d;

	desk_init(&d, 3, NULL, 0, 1);
	propose(&d, "x");
	ck_assert_int_eq(
	    act(&d, RAFT_ACT_REFUSED)->refused.why, RAFT_NOT_LEADER);
	step(&d, (struct raft_event){ .type = RAFT_READ, .read_id = 3 });
	ck_assert_uint_eq(act(&d, RAFT_ACT_READ_FAILED)->refused.id, 3);
	desk_release(&d);
}
END_TEST

START_TEST(mail_for_another_server_or_cluster_is_dropped)
{
	struct desk d;
	struct raft_message m = { .type = RAFT_VOTE,
		.cluster = 8,
		.from = 2,
		.to = 1,
		.term = 5,
		.log_index = 9,
		.log_term = 4 };

	desk_init(&d, 3, NULL, 0, 1);
	step(&d, (struct raft_event){ .type = RAFT_RECV, .recv = &m });
	m.cluster = 7;
	m.to = 3;
	step(&d, (struct raft_event){ .type = RAFT_RECV, .recv = &m });
	ck_assert_uint_eq(status(&d).strays, 2);
	ck_assert_uint_eq(status(&d).term, 1);
	desk_release(&d);
}
END_TEST

START_TEST(a_term_that_nobody_can_have_reached_is_forged)
{
	struct desk d;

	desk_init(&d, 3, NULL, 0, 1);
	for (enum raft_message_type t = RAFT_PREVOTE; t <= RAFT_TIMEOUT_NOW;
	     t++)
		hear(&d, (struct raft_message){ .type = t,
			     .term = 1 + RAFT_TERM_STEP,
			     .log_index = 9,
			     .log_term = 1 });
	ck_assert_uint_eq(status(&d).strays, RAFT_TIMEOUT_NOW);
	ck_assert_uint_eq(status(&d).term, 1);
	hear(&d, (struct raft_message){
		     .type = RAFT_HEARTBEAT, .term = RAFT_TERM_STEP });
	ck_assert_uint_eq(status(&d).term, RAFT_TERM_STEP);
	desk_release(&d);
}
END_TEST

START_TEST(a_second_leader_of_a_term_is_none)
{
	struct desk d;

	desk_init(&d, 3, NULL, 0, 1);
	hear(&d, (struct raft_message){ .type = RAFT_HEARTBEAT, .term = 1 });
	hear(&d, (struct raft_message){
		     .type = RAFT_HEARTBEAT, .term = 1, .from = 3 });
	hear(&d, (struct raft_message){
		     .type = RAFT_TIMEOUT_NOW, .term = 1, .from = 3 });
	ck_assert_uint_eq(status(&d).leader, 2);
	ck_assert_int_eq(status(&d).role, RAFT_FOLLOWER);
	ck_assert_uint_eq(status(&d).strays, 2);
	desk_release(&d);

	/* Nor is one beside ourselves. */
	desk_init(&d, 1, NULL, 0, 1);
	tick(&d, 1);
	sync_disk(&d);
	ck_assert_int_eq(status(&d).role, RAFT_LEADER);
	hear(&d, (struct raft_message){
		     .type = RAFT_APPEND, .term = status(&d).term });
	ck_assert_ptr_null(act(&d, RAFT_ACT_FATAL));
	ck_assert_int_eq(status(&d).role, RAFT_LEADER);
	ck_assert_uint_eq(status(&d).strays, 1);
	desk_release(&d);
}
END_TEST

START_TEST(a_snapshot_lets_the_log_go_and_a_new_life_starts_from_it)
{
	struct desk d;
	struct raft_snapshot snap = { .index = 3, .term = 2, .size = 1 };
	struct raft_recovered rec = { .term = 2, .snapshot = &snap };
	struct raft_opts o;
	const char *why;
	struct raft *r;

	desk_init(&d, 1, NULL, 0, 1);
	tick(&d, 0);
	sync_disk(&d);
	sync_disk(&d);
	propose(&d, "x");
	sync_disk(&d);
	ck_assert(!raft_may_snapshot(d.raft, 3));
	step(&d, (struct raft_event){ .type = RAFT_APPLIED, .applied = 3 });
	ck_assert(raft_may_snapshot(d.raft, 3));
	step(&d, (struct raft_event){ .type = RAFT_SNAP_TAKEN,
		     .taken = { .index = 3, .size = 1, .hash = 1 } });
	ck_assert_uint_eq(act(&d, RAFT_ACT_COMPACT)->index, 4);
	ck_assert_uint_eq(status(&d).first, 4);
	ck_assert_ptr_null(raft_entry_at(d.raft, 3));

	snap.config = status(&d).config;
	raft_opts_init(&o);
	o.cluster = 7;
	o.id = o.seed = 1;
	r = raft_new(&o, &rec, 0, &why);
	ck_assert_ptr_nonnull(r);
	raft_free(r);
	rec.term = 1;
	ck_assert_ptr_null(raft_new(&o, &rec, 0, &why));
	ck_assert_ptr_nonnull(why);
	desk_release(&d);
}
END_TEST

START_TEST(a_config_survives_its_bytes_and_nonsense_is_refused)
{
	struct raft_config c = { .n = 2,
		.servers = { { 1, RAFT_VOTER, "tcp://10.0.0.1:4645" },
		    { UINT64_MAX, RAFT_LEARNER, "" } } };
	struct raft_config got;
	struct raft_bytes *b = raft_config_format(&c);

	ck_assert_int_eq(raft_config_parse(&got, b->data, b->len), 0);
	ck_assert_uint_eq(got.n, 2);
	ck_assert_uint_eq(got.servers[1].id, UINT64_MAX);
	ck_assert_int_eq(got.servers[1].voice, RAFT_LEARNER);
	ck_assert_str_eq(got.servers[0].addr, "tcp://10.0.0.1:4645");
	ck_assert_str_eq(got.servers[1].addr, "");
	for (size_t len = 0; len < b->len; len++)
		if (len != b->len - 10)
			ck_assert_int_eq(
			    raft_config_parse(&got, b->data, len), -1);
	raft_bytes_unref(b);
	c.servers[1].id = 1;
	b = raft_config_format(&c);
	ck_assert_int_eq(raft_config_parse(&got, b->data, b->len), -1);
	raft_bytes_unref(b);
}
END_TEST

static void
change(struct desk *d, enum raft_change what, uint64_t server)
{
	step(d, (struct raft_event){ .type = RAFT_CHANGE,
		    .change = { .id = 9, .what = what, .server = server } });
}

static int
refusal(const struct desk *d)
{
	const struct raft_action *a = act(d, RAFT_ACT_REFUSED);

	return a == NULL ? 0 : (int)a->refused.why;
}

/* The peer's disk has all up to match. */
static void
matched(struct desk *d, uint64_t from, uint64_t match)
{
	hear(d, (struct raft_message){ .type = RAFT_APPEND_REPLY,
		    .from = from,
		    .term = 2,
		    .ok = true,
		    .match = match });
}

START_TEST(servers_change_only_after_the_leaders_own_entry_and_one_by_one)
{
	struct desk d;

	desk_init(&d, 3, NULL, 0, 1);
	win(&d);
	change(&d, RAFT_ADD_LEARNER, 4);
	ck_assert_int_eq(refusal(&d), RAFT_CHANGING);
	sync_disk(&d);
	matched(&d, 2, 2);
	change(&d, RAFT_ADD_LEARNER, 4);
	ck_assert_uint_eq(act(&d, RAFT_ACT_PROPOSED)->proposed.first, 3);
	ck_assert_uint_eq(status(&d).config.n, 4);
	change(&d, RAFT_REMOVE, 3);
	ck_assert_int_eq(refusal(&d), RAFT_CHANGING);
	sync_disk(&d);
	matched(&d, 2, 3);
	change(&d, RAFT_ADD_LEARNER, 4);
	ck_assert_int_eq(refusal(&d), RAFT_NO_SUCH);
	desk_release(&d);
}
END_TEST

START_TEST(a_learner_counts_for_nothing_and_is_promoted_when_it_has_caught_up)
{
	struct raft_peer_status peers[RAFT_SERVERS_MAX];
	struct desk d;

	desk_init(&d, 3, NULL, 0, 1);
	win(&d);
	sync_disk(&d);
	matched(&d, 2, 2);
	change(&d, RAFT_ADD_LEARNER, 4);
	sync_disk(&d);
	matched(&d, 4, 3);
	ck_assert_uint_eq(status(&d).commit, 2);
	matched(&d, 2, 3);
	ck_assert_uint_eq(status(&d).commit, 3);
	ck_assert_uint_eq(raft_peers(d.raft, peers), 4);
	ck_assert(peers[3].caught_up && peers[3].voice == RAFT_LEARNER);
	change(&d, RAFT_PROMOTE, 4);
	ck_assert_int_eq(refusal(&d), 0);
	ck_assert_int_eq(status(&d).config.servers[3].voice, RAFT_VOTER);
	desk_release(&d);
}
END_TEST

START_TEST(a_silent_learner_is_not_promoted)
{
	struct desk d;

	desk_init(&d, 3, NULL, 0, 1);
	win(&d);
	sync_disk(&d);
	matched(&d, 2, 2);
	change(&d, RAFT_ADD_LEARNER, 4);
	sync_disk(&d);
	matched(&d, 2, 3);
	change(&d, RAFT_PROMOTE, 4);
	ck_assert_int_eq(refusal(&d), RAFT_BEHIND);
	desk_release(&d);
}
END_TEST

START_TEST(no_change_leaves_too_few_in_touch)
{
	struct desk d;

	desk_init(&d, 3, NULL, 0, 1);
	win(&d);
	sync_disk(&d);
	matched(&d, 2, 2);
	/* Server 3 has been silent: without 2 no two are left. */
	d.now_ms += ELECTION_MS + 1;
	change(&d, RAFT_REMOVE, 2);
	ck_assert_int_eq(refusal(&d), RAFT_UNSAFE);
	matched(&d, 2, 2);
	change(&d, RAFT_REMOVE, 3);
	ck_assert_int_eq(refusal(&d), 0);
	desk_release(&d);
}
END_TEST

/* Two of five have been dead since before the election: without a third the
 * other two of the four left are too few, as soon as this one leads. */
START_TEST(who_has_not_answered_a_new_leader_is_not_in_touch)
{
	struct desk d;

	desk_init(&d, 5, NULL, 0, 1);
	win_by(&d, 3);
	sync_disk(&d);
	matched(&d, 2, 2);
	matched(&d, 3, 2);
	change(&d, RAFT_REMOVE, 3);
	ck_assert_int_eq(refusal(&d), RAFT_UNSAFE);
	change(&d, RAFT_REMOVE, 4);
	ck_assert_int_eq(refusal(&d), 0);
	desk_release(&d);
}
END_TEST

START_TEST(a_leader_that_removes_itself_goes_when_that_is_committed)
{
	struct desk d;

	desk_init(&d, 3, NULL, 0, 1);
	win(&d);
	sync_disk(&d);
	matched(&d, 2, 2);
	matched(&d, 3, 2);
	change(&d, RAFT_REMOVE, 1);
	sync_disk(&d);
	tick(&d, HEARTBEAT_MS);
	matched(&d, 2, 3);
	ck_assert_int_eq(status(&d).role, RAFT_LEADER);
	ck_assert_uint_eq(status(&d).commit, 2);
	matched(&d, 3, 3);
	ck_assert_uint_eq(status(&d).commit, 3);
	tick(&d, HEARTBEAT_MS);
	ck_assert_int_eq(status(&d).role, RAFT_FOLLOWER);
	tick(&d, 3 * ELECTION_MS);
	tick(&d, 3 * ELECTION_MS);
	ck_assert_int_eq(status(&d).role, RAFT_FOLLOWER);
	desk_release(&d);
}
END_TEST

static void
transfer(struct desk *d, uint64_t to)
{
	step(d, (struct raft_event){
		    .type = RAFT_TRANSFER, .transfer = { .id = 9, .to = to } });
}

START_TEST(an_heir_is_told_when_its_disk_has_all_and_nothing_is_added)
{
	struct desk d;

	desk_init(&d, 3, NULL, 0, 1);
	win(&d);
	sync_disk(&d);
	matched(&d, 3, 2);
	transfer(&d, 2);
	ck_assert_ptr_null(sent(&d, RAFT_TIMEOUT_NOW));
	propose(&d, "late");
	ck_assert_int_eq(refusal(&d), RAFT_BUSY);
	matched(&d, 2, 2);
	ck_assert_uint_eq(sent(&d, RAFT_TIMEOUT_NOW)->log_index, 2);
	ck_assert_uint_eq(sent(&d, RAFT_TIMEOUT_NOW)->to, 2);
	/* Its request is looked at though the leader is in touch. */
	hear(&d, (struct raft_message){ .type = RAFT_VOTE,
		     .term = 3,
		     .log_index = 2,
		     .log_term = 2,
		     .handed_over = true });
	ck_assert_int_eq(status(&d).role, RAFT_FOLLOWER);
	sync_disk(&d);
	ck_assert(sent(&d, RAFT_VOTE_REPLY)->ok);
	desk_release(&d);
}
END_TEST

START_TEST(an_heir_is_told_only_when_all_that_was_proposed_is_committed)
{
	struct desk d;

	desk_init(&d, 3, NULL, 0, 1);
	win(&d);
	sync_disk(&d);
	matched(&d, 2, 2);
	propose(&d, "early");
	transfer(&d, 2);
	matched(&d, 2, 3);
	ck_assert_uint_eq(status(&d).commit, 2);
	ck_assert_ptr_null(sent(&d, RAFT_TIMEOUT_NOW));
	sync_disk(&d);
	ck_assert_uint_eq(status(&d).commit, 3);
	ck_assert_uint_eq(sent(&d, RAFT_TIMEOUT_NOW)->log_index, 3);
	desk_release(&d);
}
END_TEST

START_TEST(peers_hear_of_a_commit_by_what_follows_or_soon)
{
	struct desk d;

	desk_init(&d, 3, NULL, 0, 1);
	win(&d);
	sync_disk(&d);
	matched(&d, 3, 2);
	matched(&d, 2, 2);
	ck_assert_uint_eq(status(&d).commit, 2);
	ck_assert_ptr_null(sent(&d, RAFT_HEARTBEAT));
	/* The next command tells them. */
	propose(&d, "more");
	ck_assert_uint_eq(sent(&d, RAFT_APPEND)->commit, 2);
	tick(&d, 5);
	ck_assert_ptr_null(sent(&d, RAFT_HEARTBEAT));
	/* Nothing comes behind this one. */
	sync_disk(&d);
	matched(&d, 2, 3);
	ck_assert_uint_eq(raft_deadline(d.raft), d.now_ms + 5);
	tick(&d, 5);
	ck_assert_uint_eq(sent(&d, RAFT_HEARTBEAT)->to, 2);
	ck_assert_uint_eq(sent(&d, RAFT_HEARTBEAT)->commit, 3);
	desk_release(&d);
}
END_TEST

START_TEST(a_handing_over_that_takes_too_long_is_given_up)
{
	struct desk d;

	desk_init(&d, 3, NULL, 0, 1);
	win(&d);
	sync_disk(&d);
	matched(&d, 2, 2);
	transfer(&d, 2);
	matched(&d, 3, 2);
	tick(&d, ELECTION_MS);
	ck_assert_int_eq(refusal(&d), RAFT_NOT_TAKEN);
	propose(&d, "on");
	ck_assert_ptr_nonnull(act(&d, RAFT_ACT_PROPOSED));
	transfer(&d, 1);
	ck_assert_int_eq(refusal(&d), RAFT_NO_SUCH);
	desk_release(&d);
}
END_TEST

START_TEST(an_heir_campaigns_at_once_and_says_that_it_was_asked_to)
{
	struct desk d;

	desk_init(&d, 3, NULL, 0, 1);
	hear(&d, (struct raft_message){ .type = RAFT_APPEND,
		     .term = 1,
		     .log_index = 1,
		     .log_term = 1 });
	hear(&d, (struct raft_message){
		     .type = RAFT_TIMEOUT_NOW, .term = 1, .log_index = 1 });
	ck_assert_int_eq(status(&d).role, RAFT_CANDIDATE);
	sync_disk(&d);
	ck_assert(sent(&d, RAFT_VOTE)->handed_over);
	ck_assert_uint_eq(sent(&d, RAFT_VOTE)->term, 2);
	desk_release(&d);
}
END_TEST

START_TEST(who_stays_alone_lets_go_what_was_applied_and_takes_nobody)
{
	struct raft_bytes *kept;
	struct desk d;

	is_to_stay_alone = true;
	desk_init(&d, 1, NULL, 0, 1);
	is_to_stay_alone = false;
	tick(&d, 0);
	sync_disk(&d);
	sync_disk(&d);
	propose(&d, "hello");
	sync_disk(&d);
	ck_assert_mem_eq(
	    act(&d, RAFT_ACT_APPLY)->log.entries[0].data->data, "hello", 5);
	kept = raft_bytes_ref(act(&d, RAFT_ACT_APPLY)->log.entries[0].data);
	propose(&d, "again");
	ck_assert_mem_eq(kept->data, "hello", 5);
	raft_bytes_unref(kept);
	ck_assert_ptr_null(raft_entry_at(d.raft, 3)->data);
	ck_assert_uint_eq(raft_entry_at(d.raft, 3)->term, 2);
	/* What is not applied, and who the servers are, stays. */
	ck_assert_ptr_nonnull(raft_entry_at(d.raft, 4)->data);
	ck_assert_ptr_nonnull(raft_entry_at(d.raft, 1)->data);
	sync_disk(&d);
	change(&d, RAFT_ADD_LEARNER, 4);
	ck_assert_int_eq(refusal(&d), RAFT_ALONE);
	desk_release(&d);
}
END_TEST

UNIT_MAIN("raft", who_stays_alone_lets_go_what_was_applied_and_takes_nobody,
    a_single_server_leads_and_commits_by_its_own_sync_alone,
    a_read_on_a_single_server_waits_only_for_what_is_applied,
    a_candidate_with_a_stale_log_is_refused,
    a_vote_leaves_only_when_it_is_on_disk_and_is_given_once,
    who_hears_a_leader_helps_nobody_else_to_be_elected,
    a_leader_counts_its_own_disk_only_when_it_is_synced,
    two_followers_commit_while_the_leaders_disk_is_slow,
    a_follower_acknowledges_what_was_proved_and_not_its_own_tail,
    a_follower_acknowledges_entries_only_when_they_are_on_disk,
    an_old_append_that_comes_again_cuts_nothing,
    entries_that_differ_are_cut_and_replaced,
    a_leader_that_hears_no_majority_steps_down,
    a_deposed_leader_was_in_touch_until_its_last_majority,
    who_is_no_leader_refuses_commands_and_reads,
    mail_for_another_server_or_cluster_is_dropped,
    a_term_that_nobody_can_have_reached_is_forged,
    a_second_leader_of_a_term_is_none,
    a_snapshot_lets_the_log_go_and_a_new_life_starts_from_it,
    a_config_survives_its_bytes_and_nonsense_is_refused,
    servers_change_only_after_the_leaders_own_entry_and_one_by_one,
    a_learner_counts_for_nothing_and_is_promoted_when_it_has_caught_up,
    a_silent_learner_is_not_promoted, no_change_leaves_too_few_in_touch,
    who_has_not_answered_a_new_leader_is_not_in_touch,
    a_leader_that_removes_itself_goes_when_that_is_committed,
    an_heir_is_told_when_its_disk_has_all_and_nothing_is_added,
    an_heir_is_told_only_when_all_that_was_proposed_is_committed,
    peers_hear_of_a_commit_by_what_follows_or_soon,
    a_handing_over_that_takes_too_long_is_given_up,
    an_heir_campaigns_at_once_and_says_that_it_was_asked_to)
