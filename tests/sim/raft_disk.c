/* A server's disk: what is written, synced, kept in a crash; its snapshots. */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "tests/sim/raft_shell.h"
#include "tests/sim/raft_world.h"

static void
op_release(struct sim_op *op)
{
	for (size_t i = 0; i < op->n; i++)
		raft_bytes_unref(op->ents[i].e.data);
	free(op->ents);
	*op = (struct sim_op){ 0 };
}

uint64_t
sim_sync_time(struct sim_world *w, const struct sim_server *s)
{
	uint64_t ms = sim_spread(&w->disk, w->o.sync_ms);

	if (!w->calm && w->now < s->slow_until)
		ms += rng_below(&w->disk, w->o.slow_sync_ms);
	return ms;
}

/* One fsync at a time; it covers all that was written when it started. */
void
sim_sync_start(struct sim_world *w, struct sim_server *s)
{
	if (s->nsyncing > 0 || s->nops == 0)
		return;
	s->nsyncing = s->nops;
	sim_post(w, w->now + sim_sync_time(w, s), SIM_SYNC, s, 0);
}

struct sim_op *
sim_disk_queue(struct sim_server *s, const struct raft_action *a)
{
	struct sim_op *op;

	s->ops = xgrow(s->ops, s->nops, &s->cops, sizeof *s->ops);
	op = &s->ops[s->nops++];
	*op = (struct sim_op){ .type = a->type, .seq = a->seq };
	return op;
}

static void
disk_install(struct sim_server *s, const struct sim_op *op)
{
	uint64_t index = op->file.meta.index, chain = op->term;

	s->disk_snap = op->file;
	if (op->keep && index <= sim_log_last(&s->disk))
		sim_log_compact(&s->disk, index);
	else
		sim_log_reset(&s->disk, index, op->file.meta.term, chain);
	if (s->promise > sim_log_last(&s->disk))
		s->promise = sim_log_last(&s->disk);
}

/* Makes an op durable; of a write, perhaps only its first n entries. */
static void
disk_apply(struct sim_world *w, struct sim_server *s, const struct sim_op *op,
    size_t n)
{
	switch ((int)op->type) {
	case RAFT_ACT_HARD:
		s->disk_term = op->term;
		s->disk_vote = op->vote;
		sim_ghost_hard(w, s);
		break;
	case RAFT_ACT_CUT:
		sim_log_cut(&s->disk, op->index);
		if (s->promise >= op->index)
			s->promise = op->index - 1;
		break;
	case RAFT_ACT_WRITE:
		for (size_t i = 0; i < n; i++)
			sim_log_add(&s->disk, &op->ents[i].e);
		break;
	case RAFT_ACT_INSTALL:
		disk_install(s, op);
		break;
	case RAFT_ACT_COMPACT:
		if (op->index - 1 > s->disk.base)
			sim_log_compact(&s->disk, op->index - 1);
		break;
	default:
		break;
	}
}

void
sim_disk_drop(struct sim_server *s, size_t n)
{
	if (n == 0)
		return;
	for (size_t i = 0; i < n; i++)
		op_release(&s->ops[i]);
	s->nops -= n;
	memmove(s->ops, s->ops + n, s->nops * sizeof *s->ops);
}

void
sim_sync_end(struct sim_world *w, struct sim_server *s)
{
	uint64_t seq = s->ops[s->nsyncing - 1].seq;

	for (size_t i = 0; i < s->nsyncing; i++)
		disk_apply(w, s, &s->ops[i], s->ops[i].n);
	sim_disk_drop(s, s->nsyncing);
	s->nsyncing = 0;
	sim_sync_start(w, s);
	sim_step(w, s,
	    (struct raft_event){ .type = RAFT_DISK_DONE, .disk_seq = seq });
}

/* A crash keeps some of what was being written: a prefix, maybe torn. */
void
sim_disk_crash(struct sim_world *w, struct sim_server *s)
{
	size_t nkept = (size_t)rng_below(&w->disk, s->nops + 1);

	if (sim_chance(&w->disk, 500))
		nkept = 0;
	if (nkept < s->nops)
		SIM_SAW(w, LOST);
	if (nkept < s->nops && w->o.nservers == 1)
		SIM_SAW(w, ALONE);
	for (size_t i = 0; i < nkept; i++)
		disk_apply(w, s, &s->ops[i], s->ops[i].n);
	if (nkept < s->nops && s->ops[nkept].n > 1) {
		size_t n = (size_t)rng_below(&w->disk, s->ops[nkept].n);

		disk_apply(w, s, &s->ops[nkept], n);
		if (n > 0)
			SIM_SAW(w, TORN);
	}
	sim_disk_drop(s, s->nops);
	s->nsyncing = 0;
}

/* --- snapshots --- */

void
sim_file_add(struct sim_server *s, const struct sim_file *f)
{
	size_t n = 0;

	for (size_t i = 0; i < s->nfiles; i++)
		if (raft_uses_snapshot(s->raft, s->files[i].meta.index) &&
		    s->files[i].meta.index != f->meta.index)
			s->files[n++] = s->files[i];
	s->nfiles = n;
	assert(s->nfiles < SIM_FILES);
	s->files[s->nfiles++] = *f;
}

void
sim_snapshot_maybe(struct sim_world *w, struct sim_server *s)
{
	uint64_t index = s->applied;

	if (s->taking || index < s->raft->snap.index + w->o.snapshot_every ||
	    !raft_may_snapshot(s->raft, index))
		return;
	s->taking = true;
	s->taken = (struct sim_file){ .state = s->state };
	s->taken.meta.index = index;
	s->taken.meta.term = raft_entry_at(s->raft, index)->term;
	s->taken.meta.size = w->o.snapshot_size;
	s->taken.meta.hash = sim_mix(s->state, index);
	s->taken.meta.config_index =
	    raft_config_at(s->raft, s->applied, &s->taken.meta.config);
	if (w->host != NULL)
		w->host->keep(w->host->ctx, s);
	sim_post(w, w->now + sim_sync_time(w, s), SIM_TAKEN, s, 0);
}

void
sim_snapshot_taken(struct sim_world *w, struct sim_server *s)
{
	const struct raft_snapshot *m = &s->taken.meta;

	s->taking = false;
	sim_ghost_snapshot(w, &s->taken);
	w->stats.snapshots++;
	for (size_t i = 0; s->role == RAFT_LEADER && i < s->raft->config.n; i++)
		if (s->raft->peers[i].nout > 0)
			SIM_SAW(w, SNAP_WINDOW);
	if (m->index > s->disk_snap.meta.index)
		s->disk_snap = s->taken;
	sim_file_add(s, &s->taken);
	sim_ambush(w, s);
	sim_step(w, s,
	    (struct raft_event){ .type = RAFT_SNAP_TAKEN,
		.taken = { m->index, m->size, m->hash } });
}

void
sim_store(struct sim_world *w, struct sim_server *s,
    const struct raft_action *a, const struct sim_message *msg)
{
	bool fresh = a->store.offset == 0;

	if (fresh && s->partial_len > 0)
		SIM_SAW(w, REPLACED);
	if (fresh) {
		s->partial =
		    (struct sim_file){ *a->store.snapshot, msg->state };
		s->partial_len = 0;
	}
	if (s->partial_len != a->store.offset || s->partial.state != msg->state)
		sim_fail(
		    w, "SNAP: server %" PRIu64 " mixes two snapshots", s->id);
	s->partial_len += a->store.len;
	if (!w->calm && sim_chance(&w->disk, 20))
		s->partial_len = 0; /* its checksum is found to be wrong */
	sim_post(
	    w, w->now + sim_sync_time(w, s), SIM_STORED, s, s->partial_len);
}

void
sim_install(
    struct sim_world *w, struct sim_server *s, const struct raft_action *a)
{
	const struct raft_snapshot *m = a->install.snapshot;
	struct sim_op *op = sim_disk_queue(s, a);
	uint64_t chain = 0;

	w->stats.installs++;
	s->config_moved = true;
	sim_ghost_snapshot(w, &s->partial);
	chain = w->committed[m->index - 1].chain;
	op->file = s->partial;
	op->keep = a->install.keep_tail;
	op->term = chain;
	if (a->install.keep_tail) {
		uint64_t own = 0;

		SIM_SAW(w, KEPT);
		if (!sim_log_chain(&s->mem, m->index, &own) || own != chain)
			sim_fail(w,
			    "LM: server %" PRIu64
			    " keeps a tail of another history",
			    s->id);
		sim_log_compact(&s->mem, m->index);
	} else {
		if (sim_log_last(&s->mem) > m->index)
			SIM_SAW(w, OVER);
		sim_log_reset(&s->mem, m->index, m->term, chain);
	}
	sim_file_add(s, &s->partial);
	s->partial_len = 0;
	sim_ambush(w, s);
	if (w->host != NULL)
		return;
	s->applied = m->index;
	s->state = op->file.state;
	sim_post(w, w->now + 1, SIM_APPLIED, s, m->index);
}
