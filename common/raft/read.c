/*
 * Reads that no other leader can have made stale.
 *
 * A read is answered from the state as of the commit it was given, once a
 * majority said, to a heartbeat sent after that, that we still lead. All
 * reads that wait join one numbered round; while a round is out, those that
 * come join the next.
 */
#include "common/mem.h"
#include "common/raft/core.h"

static void
fail(struct raft *r, uint64_t id, enum raft_refusal why)
{
	struct raft_action *a = raft_act(r, RAFT_ACT_READ_FAILED);

	a->refused.id = id;
	a->refused.why = why;
}

void
raft_read(struct raft *r, uint64_t id)
{
	if (r->role != RAFT_LEADER) {
		fail(r, id, RAFT_NOT_LEADER);
		return;
	}
	if (r->nreads >= RAFT_READS_MAX) {
		fail(r, id, RAFT_BUSY);
		return;
	}
	r->reads = xgrow(r->reads, r->nreads, &r->creads, sizeof *r->reads);
	r->reads[r->nreads++] = (struct raft_read){ .id = id };
}

#ifdef RAFT_PLANT
/*
 * Reads on a lease: after a majority has answered a round, none are asked for
 * most of an election time. Such reads are not done here, and these plants
 * say why: the lease outlives a handing over (21), or it runs from the answer
 * and not from the question (22).
 */
static void
lease_renew(struct raft *r)
{
	r->lease_ms = (PLANT(22) ? r->now_ms : r->round_ms) +
		      r->opts.election_ms * 9 / 10;
}

void
raft_lease_give_up(struct raft *r)
{
	r->lease_is_over = !PLANT(21);
}

static void
read_on_lease(struct raft *r)
{
	if (!(PLANT(21) || PLANT(22)) || r->lease_is_over ||
	    r->now_ms >= r->lease_ms)
		return;
	for (size_t i = 0; i < r->nreads; i++)
		if (r->reads[i].round == 0) {
			r->reads[i].round = r->round_done;
			r->reads[i].index = r->commit;
		}
}

static void
lease_drop(struct raft *r)
{
	r->lease_ms = 0;
	r->lease_is_over = false;
}
#else
#define lease_renew(r)   ((void)0)
#define lease_drop(r)    ((void)0)
#define read_on_lease(r) ((void)0)
#endif

void
raft_reads_drop(struct raft *r)
{
	lease_drop(r);
	for (size_t i = 0; i < r->nreads; i++)
		fail(r, r->reads[i].id, RAFT_NOT_LEADER);
	r->nreads = 0;
	r->round_done = r->round;
}

static void
count_round(struct raft *r)
{
	unsigned slots = 0;

	for (size_t i = 0; i < r->config.n; i++)
		if (r->peers[i].id == r->opts.id ||
		    r->peers[i].round >= r->round)
			slots |= 1U << i;
	if (!raft_is_majority(r, slots))
		return;
	r->round_done = r->round;
	lease_renew(r);
}

/* Gives all reads that have no round yet a new one, if there are any. */
static void
start_round(struct raft *r)
{
	bool any = false;

	for (size_t i = 0; i < r->nreads; i++) {
		if (r->reads[i].round != 0)
			continue;
		if (!any)
			r->round++;
#ifdef RAFT_PLANT
		r->round_ms = r->now_ms;
#endif
		any = true;
		r->reads[i].round = r->round;
		r->reads[i].index = r->commit;
	}
	if (any && raft_nvoters(r) > 1)
		raft_heartbeat_all(r);
}

static void
answer(struct raft *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->nreads; i++) {
		struct raft_read *rd = &r->reads[i];
		struct raft_action *a;

		if (rd->round == 0 || rd->round > r->round_done ||
		    rd->index > r->applied) {
			r->reads[n++] = *rd;
			continue;
		}
		a = raft_act(r, RAFT_ACT_READ_OK);
		a->read.id = rd->id;
		a->read.index = rd->index;
	}
	r->nreads = n;
}

/* A new leader's commit is not known to be the newest before its no-op's. */
void
raft_reads_advance(struct raft *r)
{
	if (r->role != RAFT_LEADER || r->nreads == 0)
		return;
	if (r->commit < r->noop && !PLANT(19))
		return;
	read_on_lease(r);
	if (r->round_done < r->round)
		count_round(r);
	if (r->round_done == r->round) {
		start_round(r);
		count_round(r);
	}
	answer(r);
}
