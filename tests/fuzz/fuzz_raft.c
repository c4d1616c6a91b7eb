/*
 * Mail of other servers as bytes: two letters of whatever content, to a server
 * of three that has a log. It may step down, cut what is not committed, or end
 * itself because a leader contradicts what is committed; it may not crash.
 */
#include <stdlib.h>
#include <string.h>

#include "common/raft/mail.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { CLUSTER = 7, OURS = 1, SERVERS = 3, ENTRIES = 4 };

/* A disk that does at once what it is told. */
struct server {
	struct raft *raft;
	struct raft_actions acts;
	uint64_t now_ms;
	bool dead;
};

static void
step(struct server *s, struct raft_event ev)
{
	uint64_t seq = 0, applied = 0;

	if (s->dead)
		return;
	ev.now_ms = s->now_ms;
	raft_step(s->raft, &ev, &s->acts);
	for (size_t i = 0; i < s->acts.n; i++) {
		const struct raft_action *a = &s->acts.v[i];

		if (a->type == RAFT_ACT_FATAL)
			s->dead = true;
		if (a->seq > seq)
			seq = a->seq;
		if (a->type == RAFT_ACT_APPLY)
			applied = a->log.first + a->log.n - 1;
		if (a->type == RAFT_ACT_INSTALL)
			applied = a->install.snapshot->index;
	}
	if (seq > 0)
		step(s, (struct raft_event){
			    .type = RAFT_DISK_DONE, .disk_seq = seq });
	if (applied > 0)
		step(s, (struct raft_event){
			    .type = RAFT_APPLIED, .applied = applied });
}

static void
start(struct server *s)
{
	struct raft_entry entries[ENTRIES] = { 0 };
	struct raft_recovered rec = {
		.term = 2, .entries = entries, .nentries = ENTRIES
	};
	struct raft_config c = { 0 };
	struct raft_opts o;
	const char *why;

	*s = (struct server){ .now_ms = 1000 };
	for (uint64_t id = 1; id <= SERVERS; id++)
		c.servers[c.n++] =
		    (struct raft_server){ .id = id, .voice = RAFT_VOTER };
	raft_opts_init(&o);
	o.cluster = CLUSTER;
	o.id = o.incarnation = o.seed = OURS;
	entries[0] = raft_bootstrap_entry(&c);
	for (uint64_t i = 1; i < ENTRIES; i++)
		entries[i] = (struct raft_entry){
			.index = i + 1, .term = 2, .type = RAFT_NOOP
		};
	s->raft = raft_new(&o, &rec, s->now_ms, &why);
	raft_bytes_unref(entries[0].data);
	if (s->raft == NULL)
		abort();
}

/* Whatever a letter says, it is for us: the rest is refused before. */
static void
deliver(struct server *s, const uint8_t *data, size_t n)
{
	struct raft_mail mail;
	struct err err;

	if (rec_unpack(&raft_mail_type, &mail, data, n, NULL, &err) == -1)
		return;
	mail.cluster = CLUSTER;
	mail.to = OURS;
	mail.from = 2 + mail.from % SERVERS;
	for (size_t i = 0; i < mail.nmessages; i++) {
		struct raft_mail_room room;
		struct raft_message m;

		if (raft_mail_message(&mail, i, &m, &room) == -1)
			continue;
		step(s, (struct raft_event){ .type = RAFT_RECV, .recv = &m });
		raft_mail_room_release(&room);
	}
	rec_clear(&raft_mail_type, &mail);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct server s;
	size_t half = n > 0 ? data[0] : 0;

	if (n < 1)
		return 0;
	data++;
	n--;
	if (half > n)
		half = n;
	start(&s);
	deliver(&s, data, half);
	s.now_ms += 1000;
	step(&s, (struct raft_event){ .type = RAFT_TICK });
	deliver(&s, data + half, n - half);
	raft_free(s.raft);
	raft_actions_release(&s.acts);
	return 0;
}
