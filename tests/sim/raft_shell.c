/* One server as a shell sees it: its disk, its application, its lives. */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "tests/sim/raft_world.h"

static void step(
    struct sim_world *w, struct sim_server *s, struct raft_event ev);

/* --- the disk --- */

static void
op_release(struct sim_op *op)
{
	for (size_t i = 0; i < op->n; i++)
		raft_bytes_unref(op->ents[i].e.data);
	free(op->ents);
	*op = (struct sim_op){ 0 };
}

static uint64_t
sync_time(struct sim_world *w, const struct sim_server *s)
{
	uint64_t ms = sim_spread(&w->disk, w->o.sync_ms);

	if (!w->calm && w->now < s->slow_until)
		ms += rng_below(&w->disk, w->o.slow_sync_ms);
	return ms;
}

/* One fsync at a time; it covers all that was written when it started. */
static void
sync_start(struct sim_world *w, struct sim_server *s)
{
	if (s->nsyncing > 0 || s->nops == 0)
		return;
	s->nsyncing = s->nops;
	sim_post(w, w->now + sync_time(w, s), SIM_SYNC, s, 0);
}

static struct sim_op *
disk_queue(struct sim_server *s, const struct raft_action *a)
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

static void
disk_drop(struct sim_server *s, size_t n)
{
	if (n == 0)
		return;
	for (size_t i = 0; i < n; i++)
		op_release(&s->ops[i]);
	s->nops -= n;
	memmove(s->ops, s->ops + n, s->nops * sizeof *s->ops);
}

static void
sync_end(struct sim_world *w, struct sim_server *s)
{
	uint64_t seq = s->ops[s->nsyncing - 1].seq;

	for (size_t i = 0; i < s->nsyncing; i++)
		disk_apply(w, s, &s->ops[i], s->ops[i].n);
	disk_drop(s, s->nsyncing);
	s->nsyncing = 0;
	sync_start(w, s);
	step(w, s,
	    (struct raft_event){ .type = RAFT_DISK_DONE, .disk_seq = seq });
}

/* A crash keeps some of what was being written: a prefix, maybe torn. */
static void
disk_crash(struct sim_world *w, struct sim_server *s)
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
	disk_drop(s, s->nops);
	s->nsyncing = 0;
}

/* --- snapshots --- */

static void
file_add(struct sim_server *s, const struct sim_file *f)
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

static void
snapshot_maybe(struct sim_world *w, struct sim_server *s)
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
	s->taken.meta.config = w->config;
	s->taken.meta.config_index = 1;
	sim_post(w, w->now + sync_time(w, s), SIM_TAKEN, s, 0);
}

static void
snapshot_taken(struct sim_world *w, struct sim_server *s)
{
	const struct raft_snapshot *m = &s->taken.meta;

	s->taking = false;
	sim_ghost_snapshot(w, &s->taken);
	w->stats.snapshots++;
	for (size_t i = 0; s->role == RAFT_LEADER && i < w->o.nservers; i++)
		if (s->raft->peers[i].nout > 0)
			SIM_SAW(w, SNAP_WINDOW);
	if (m->index > s->disk_snap.meta.index)
		s->disk_snap = s->taken;
	file_add(s, &s->taken);
	sim_ambush(w, s);
	step(w, s,
	    (struct raft_event){ .type = RAFT_SNAP_TAKEN,
		.taken = { m->index, m->size, m->hash } });
}

static void
store(struct sim_world *w, struct sim_server *s, const struct raft_action *a,
    const struct sim_message *msg)
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
	sim_post(w, w->now + sync_time(w, s), SIM_STORED, s, s->partial_len);
}

static void
install(struct sim_world *w, struct sim_server *s, const struct raft_action *a)
{
	const struct raft_snapshot *m = a->install.snapshot;
	struct sim_op *op = disk_queue(s, a);
	uint64_t chain = 0;

	w->stats.installs++;
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
	s->applied = m->index;
	s->state = s->partial.state;
	file_add(s, &s->partial);
	s->partial_len = 0;
	sim_ambush(w, s);
	sim_post(w, w->now + 1, SIM_APPLIED, s, m->index);
}

/* --- actions --- */

static void
write_entries(
    struct sim_world *w, struct sim_server *s, const struct raft_action *a)
{
	struct sim_op *op;

	for (size_t i = 0; i < s->nops; i++)
		for (size_t k = 0; k < s->ops[i].n; k++)
			if (s->ops[i].ents[k].e.index == a->log.first)
				SIM_SAW(w, ABA);
	sim_ghost_write(w, s, a);
	op = disk_queue(s, a);
	op->n = a->log.n;
	op->ents = xcalloc(op->n, sizeof *op->ents);
	for (size_t i = 0; i < op->n; i++) {
		op->ents[i].e = a->log.entries[i];
		raft_bytes_ref(op->ents[i].e.data);
	}
}

static void
apply(struct sim_world *w, struct sim_server *s, const struct raft_action *a)
{
	for (size_t i = 0; i < a->log.n; i++)
		sim_ghost_apply(w, s, &a->log.entries[i]);
}

static void
act(struct sim_world *w, struct sim_server *s, const struct raft_action *a,
    const struct sim_message *msg)
{
	switch (a->type) {
	case RAFT_ACT_HARD: {
		struct sim_op *op = disk_queue(s, a);

		op->term = a->hard.term;
		op->vote = a->hard.vote;
		sim_ambush(w, s);
		break;
	}
	case RAFT_ACT_CUT:
		sim_ghost_cut(w, s, a->index);
		disk_queue(s, a)->index = a->index;
		break;
	case RAFT_ACT_WRITE:
		write_entries(w, s, a);
		break;
	case RAFT_ACT_INSTALL:
		install(w, s, a);
		break;
	case RAFT_ACT_COMPACT:
		sim_log_compact(&s->mem, a->index - 1);
		disk_queue(s, a)->index = a->index;
		break;
	case RAFT_ACT_SEND:
		sim_ghost_send(w, s, &a->send);
		sim_send(w, s, &a->send);
		break;
	case RAFT_ACT_STORE:
		store(w, s, a, msg);
		break;
	case RAFT_ACT_APPLY:
		apply(w, s, a);
		break;
	case RAFT_ACT_ROLE:
		sim_ghost_role(w, s, a);
		break;
	case RAFT_ACT_READ_OK:
		sim_ghost_read(w, s, a->read.id, a->read.index);
		break;
	case RAFT_ACT_FATAL:
		sim_fail(w, "FATAL: server %" PRIu64 ": %s", s->id, a->fatal);
	case RAFT_ACT_PROPOSED:
	case RAFT_ACT_REFUSED:
	case RAFT_ACT_READ_FAILED:
		break;
	}
}

static void
rearm_tick(struct sim_world *w, struct sim_server *s)
{
	uint64_t at = raft_deadline(s->raft) - s->clock_offset_ms;

	if (at < w->now)
		at = w->now;
	if (s->tick_at > w->now && s->tick_at <= at)
		return;
	s->tick_at = at;
	sim_post(w, at, SIM_TICK, s, at);
}

static void
step_with(struct sim_world *w, struct sim_server *s, struct raft_event ev,
    const struct sim_message *msg)
{
	uint64_t before = s->applied;

	ev.now_ms = w->now + s->clock_offset_ms;
	raft_step(s->raft, &ev, &w->acts);
	sim_ghost_elected(w, s);
	for (size_t i = 0; i < w->acts.n; i++)
		if (w->acts.v[i].seq != 0)
			act(w, s, &w->acts.v[i], msg);
	sim_ghost_step(w, s);
	for (size_t i = 0; i < w->acts.n; i++)
		if (w->acts.v[i].seq == 0)
			act(w, s, &w->acts.v[i], msg);
	sync_start(w, s);
	rearm_tick(w, s);
	if (s->applied <= before)
		return;
	if (sim_chance(&w->chance, w->o.apply_late))
		sim_post(
		    w, w->now + sync_time(w, s), SIM_APPLIED, s, s->applied);
	else
		step(w, s,
		    (struct raft_event){
			.type = RAFT_APPLIED, .applied = s->applied });
}

static void
step(struct sim_world *w, struct sim_server *s, struct raft_event ev)
{
	step_with(w, s, ev, NULL);
}

/* --- events --- */

static void
receive(struct sim_world *w, struct sim_server *s, struct sim_message *msg)
{
	if (msg->m.type == RAFT_APPEND && msg->m.log_index < s->mem.base)
		SIM_SAW(w, BELOW);
	if (s->role == RAFT_LEADER && msg->m.term == s->raft->term &&
	    msg->m.incarnation < s->raft->peers[msg->m.from - 1].incarnation)
		SIM_SAW(w, OLD_LIFE);
	step_with(w, s,
	    (struct raft_event){ .type = RAFT_RECV, .recv = &msg->m }, msg);
}

static void
stored(struct sim_world *w, struct sim_server *s, uint64_t len)
{
	const struct raft_snapshot *m = &s->partial.meta;

	if (len > 0 && len < m->size)
		SIM_SAW(w, RESUMED);
	step(w, s,
	    (struct raft_event){ .type = RAFT_SNAP_STORED,
		.stored = { m->index, m->term, len, len == m->size } });
}

void
sim_server_event(
    struct sim_world *w, struct sim_server *s, struct sim_event *ev)
{
	switch ((int)ev->type) {
	case SIM_TICK:
		if (s->tick_at != ev->a)
			break;
		s->tick_at = 0;
		if (raft_deadline(s->raft) <= w->now + s->clock_offset_ms)
			step(w, s, (struct raft_event){ .type = RAFT_TICK });
		else
			rearm_tick(w, s);
		break;
	case SIM_MESSAGE:
		receive(w, s, ev->msg);
		break;
	case SIM_SYNC:
		sync_end(w, s);
		break;
	case SIM_APPLIED:
		step(w, s,
		    (struct raft_event){
			.type = RAFT_APPLIED, .applied = ev->a });
		break;
	case SIM_TAKEN:
		snapshot_taken(w, s);
		break;
	case SIM_STORED:
		stored(w, s, ev->a);
		break;
	default:
		break;
	}
	if (s->up)
		snapshot_maybe(w, s);
}

/* --- people --- */

void
sim_propose(struct sim_world *w, struct sim_server *s)
{
	struct raft_bytes *b[3];
	size_t n = 1 + (size_t)rng_below(&w->people, 3);

	for (size_t i = 0; i < n; i++) {
		w->commands++;
		b[i] = raft_bytes_new(&w->commands, sizeof w->commands);
	}
	step(w, s,
	    (struct raft_event){
		.type = RAFT_PROPOSE, .propose = { w->commands, b, n } });
	for (size_t i = 0; i < n; i++)
		raft_bytes_unref(b[i]);
}

void
sim_read(struct sim_world *w, struct sim_server *s)
{
	const struct raft *r = s->raft;

	w->reads = xgrow(w->reads, w->nreads, &w->creads, sizeof *w->reads);
	w->reads[w->nreads++] = w->acked;
	if (r->role == RAFT_LEADER && r->commit < r->noop)
		SIM_SAW(w, PARKED);
	step(w, s,
	    (struct raft_event){ .type = RAFT_READ, .read_id = w->nreads - 1 });
}

/* A connection broke and came back: whatever was on its way may be lost. */
void
sim_reconnect(struct sim_world *w, struct sim_server *s)
{
	uint64_t peer = 1 + rng_below(&w->chance, w->o.nservers);

	step(
	    w, s, (struct raft_event){ .type = RAFT_PEER_RESET, .peer = peer });
}

/* --- lives --- */

static struct raft_opts
core_opts(struct sim_world *w, const struct sim_server *s)
{
	struct raft_opts o;

	raft_opts_init(&o);
	o.cluster = 1;
	o.id = s->id;
	o.incarnation = s->incarnation;
	o.seed = sim_mix(w->seed, s->id * 1000 + s->incarnation);
	o.election_ms = w->o.election_ms;
	o.jitter_ms = w->o.jitter_ms;
	o.heartbeat_ms = w->o.heartbeat_ms;
	o.append_max_entries = w->o.append_max_entries;
	o.window = w->o.window;
	o.chunk_max = w->o.chunk;
	o.trailing = w->o.trailing;
	return o;
}

/* What the disk holds, as a recovery would hand it over. */
static struct raft *
recover(struct sim_world *w, struct sim_server *s)
{
	struct raft_opts o = core_opts(w, s);
	struct raft_recovered rec = { .term = s->disk_term,
		.vote = s->disk_vote,
		.start_index = s->disk.base,
		.start_term = s->disk.base_term,
		.nentries = s->disk.n };
	struct raft_entry *v = xcalloc(s->disk.n + 1, sizeof *v);
	const char *why;
	struct raft *r;

	for (size_t i = 0; i < s->disk.n; i++)
		v[i] = s->disk.v[s->disk.off + i].e;
	rec.entries = v;
	if (s->disk_snap.meta.index > 0)
		rec.snapshot = &s->disk_snap.meta;
	r = raft_new(&o, &rec, w->now + s->clock_offset_ms, &why);
	free(v);
	if (r == NULL)
		sim_fail(
		    w, "REC: server %" PRIu64 " cannot start: %s", s->id, why);
	return r;
}

void
sim_server_start(struct sim_world *w, struct sim_server *s)
{
	if (s->up)
		return;
	s->up = true;
	s->life++;
	s->incarnation++;
	s->nfiles = 0;
	s->partial_len = 0;
	s->taking = false;
	s->paused_until = 0;
	s->tick_at = 0;
	s->role = RAFT_FOLLOWER;
	s->raft = recover(w, s);
	s->applied = s->commit = s->raft->commit;
	s->state = s->applied == 0 ? 0 : s->disk_snap.state;
	if (s->disk_snap.meta.index > 0)
		file_add(s, &s->disk_snap);
	sim_log_reset(
	    &s->mem, s->disk.base, s->disk.base_term, s->disk.base_chain);
	for (size_t i = 0; i < s->disk.n; i++)
		sim_log_add(&s->mem, &s->disk.v[s->disk.off + i].e);
	sim_ghost_restart(w, s);
	rearm_tick(w, s);
	sim_note(w,
	    "server %" PRIu64 " starts: term %" PRIu64 " log %" PRIu64
	    "..%" PRIu64,
	    s->id, s->disk_term, s->disk.base + 1, sim_log_last(&s->disk));
}

void
sim_server_crash(struct sim_world *w, struct sim_server *s)
{
	if (!s->up)
		return;
	sim_note(w, "server %" PRIu64 " crashes", s->id);
	w->stats.crashes++;
	if (s->role == RAFT_LEADER && s->raft->commit > s->raft->synced)
		SIM_SAW(w, AHEAD_CRASH);
	s->up = false;
	s->life++;
	raft_free(s->raft);
	s->raft = NULL;
	disk_crash(w, s);
}

void
sim_server_release(struct sim_server *s)
{
	raft_free(s->raft);
	disk_drop(s, s->nops);
	free(s->ops);
	free(s->votes);
	sim_log_release(&s->mem);
	sim_log_release(&s->disk);
	*s = (struct sim_server){ 0 };
}
