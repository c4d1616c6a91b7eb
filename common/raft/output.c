/* What leaves the core: actions, and messages that wait for the disk. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/raft/core.h"

/* Messages that wait for a slow disk; of more, the oldest are lost. */
enum { HELD_MAX = 32 };

void
raft_actions_release(struct raft_actions *a)
{
	free(a->v);
	*a = (struct raft_actions){ 0 };
}

struct raft_action *
raft_act(struct raft *r, enum raft_action_type type)
{
	struct raft_actions *a = r->acts;

	a->v = xgrow(a->v, a->n, &a->cap, sizeof *a->v);
	a->v[a->n] = (struct raft_action){ .type = type };
	return &a->v[a->n++];
}

/* The first reason counts; the process is expected to end. */
void
raft_fatal(struct raft *r, const char *why)
{
	if (r->dead)
		return;
	r->dead = true;
	raft_act(r, RAFT_ACT_FATAL)->fatal = why;
}

/*
 * A message carries the term of the role that made it. It is never stamped
 * anew: when the term changes, what still waits is dropped (raft_follow).
 */
struct raft_message *
raft_say(struct raft *r, enum raft_message_type type, uint64_t to)
{
	struct raft_message *m;

	r->out = xgrow(r->out, r->nout, &r->cout, sizeof *r->out);
	m = &r->out[r->nout++];
	*m = (struct raft_message){ .type = type,
		.cluster = r->opts.cluster,
		.from = r->opts.id,
		.to = to,
		.incarnation = r->opts.incarnation,
		.term = r->term };
	return m;
}

/*
 * A leader's term is always on disk, so only replies and requests for votes
 * ever wait here; none of them borrows from the log.
 */
static void
send_what_is_safe(struct raft *r)
{
	bool safe = raft_hard_is_safe(r);
	size_t nkept = 0;

	for (size_t i = 0; i < r->nout; i++) {
		struct raft_message *m = &r->out[i];

		if (PLANT(10) && safe && m->type > RAFT_PREVOTE_REPLY)
			m->term = r->term;
		if (safe || (PLANT(3) && m->type == RAFT_VOTE_REPLY))
			raft_act(r, RAFT_ACT_SEND)->send = *m;
		else
			r->out[nkept++] = *m;
		assert(safe || m->nentries == 0);
		assert(safe || m->snapshot == NULL);
	}
	if (nkept > HELD_MAX) {
		memmove(r->out, r->out + nkept - HELD_MAX,
		    HELD_MAX * sizeof *r->out);
		nkept = HELD_MAX;
	}
	r->nout = nkept;
}

static void
tell_role(struct raft *r)
{
	struct raft_action *a;

	if (r->told_role.role == r->role && r->told_role.term == r->term &&
	    r->told_role.leader == r->leader)
		return;
	r->told_role.role = r->role;
	r->told_role.term = r->term;
	r->told_role.leader = r->leader;
	a = raft_act(r, RAFT_ACT_ROLE);
	a->role.role = r->role;
	a->role.term = r->term;
	a->role.leader = r->leader;
}

/*
 * Ranges were noted by index, because the log may have moved since. Each
 * must still be there: within a step entries are cut before others are
 * written, and what is handed out for applying is committed.
 */
static void
point_into_log(struct raft *r)
{
	for (size_t i = 0; i < r->acts->n; i++) {
		struct raft_action *a = &r->acts->v[i];

		if (a->type == RAFT_ACT_WRITE || a->type == RAFT_ACT_APPLY) {
			a->log.entries = raft_log_at(&r->log, a->log.first);
			assert(a->log.entries != NULL);
			assert(raft_log_at(&r->log,
				   a->log.first + a->log.n - 1) != NULL);
		} else if (a->type == RAFT_ACT_SEND && a->send.nentries > 0) {
			a->send.entries =
			    raft_log_at(&r->log, a->send.log_index + 1);
			assert(a->send.entries != NULL);
		}
	}
}

void
raft_output_finish(struct raft *r)
{
	if (r->dead)
		return;
	raft_disk_hard(r);
	send_what_is_safe(r);
	tell_role(r);
	point_into_log(r);
}
