/* One server as a shell sees it: what the core wants, its lives. */
#include <inttypes.h>
#include <stdlib.h>

#include "common/mem.h"
#include "tests/sim/raft_shell.h"
#include "tests/sim/raft_world.h"

static void
write_hard(
    struct sim_world *w, struct sim_server *s, const struct raft_action *a)
{
	struct sim_op *op = sim_disk_queue(s, a);

	op->term = a->hard.term;
	op->vote = a->hard.vote;
	sim_ambush(w, s);
}

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
	op = sim_disk_queue(s, a);
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
	for (size_t i = 0; w->host == NULL && i < a->log.n; i++)
		sim_ghost_apply(w, s, &a->log.entries[i]);
}

static void
act(struct sim_world *w, struct sim_server *s, const struct raft_action *a,
    const struct sim_message *msg)
{
	switch (a->type) {
	case RAFT_ACT_HARD:
		write_hard(w, s, a);
		break;
	case RAFT_ACT_CUT:
		sim_ghost_cut(w, s, a->index);
		sim_disk_queue(s, a)->index = a->index;
		break;
	case RAFT_ACT_WRITE:
		write_entries(w, s, a);
		break;
	case RAFT_ACT_INSTALL:
		sim_install(w, s, a);
		break;
	case RAFT_ACT_COMPACT:
		sim_log_compact(&s->mem, a->index - 1);
		sim_disk_queue(s, a)->index = a->index;
		break;
	case RAFT_ACT_SEND:
		sim_ghost_send(w, s, &a->send);
		sim_send(w, s, &a->send);
		break;
	case RAFT_ACT_STORE:
		sim_store(w, s, a, msg);
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
		if (s->disk_failed)
			break;
		sim_fail(w, "FATAL: server %" PRIu64 ": %s", s->id, a->fatal);
	case RAFT_ACT_REFUSED:
		sim_ghost_refused(w, s, a->refused.why);
		break;
	case RAFT_ACT_PROPOSED:
	case RAFT_ACT_READ_FAILED:
		break;
	}
	if (w->host != NULL)
		w->host->act(w->host->ctx, s, a);
}

static void
rearm_tick(struct sim_world *w, struct sim_server *s)
{
	uint64_t at = sim_clock_shows(s, raft_deadline(s->raft));

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

	ev.now_ms = sim_clock(w, s);
	raft_step(s->raft, &ev, &w->acts);
	sim_ghost_elected(w, s);
	for (size_t i = 0; i < w->acts.n; i++)
		if (w->acts.v[i].seq != 0)
			act(w, s, &w->acts.v[i], msg);
	sim_ghost_step(w, s);
	for (size_t i = 0; i < w->acts.n; i++)
		if (w->acts.v[i].seq == 0)
			act(w, s, &w->acts.v[i], msg);
	sim_sync_start(w, s);
	rearm_tick(w, s);
	if (s->applied <= before)
		return;
	if (sim_chance(&w->chance, w->o.apply_late))
		sim_post(w, w->now + sim_sync_time(w, s), SIM_APPLIED, s,
		    s->applied);
	else
		sim_step(w, s,
		    (struct raft_event){
			.type = RAFT_APPLIED, .applied = s->applied });
}

void
sim_step(struct sim_world *w, struct sim_server *s, struct raft_event ev)
{
	step_with(w, s, ev, NULL);
}

/* --- events --- */

static void
receive(struct sim_world *w, struct sim_server *s, struct sim_message *msg)
{
	size_t slot = raft_config_slot(&s->raft->config, msg->m.from);

	if (msg->m.type == RAFT_APPEND && msg->m.log_index < s->mem.base)
		SIM_SAW(w, BELOW);
	if (s->role == RAFT_LEADER && msg->m.term == s->raft->term &&
	    slot < s->raft->config.n &&
	    msg->m.incarnation < s->raft->peers[slot].incarnation)
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
	sim_step(w, s,
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
		if (raft_deadline(s->raft) <= sim_clock(w, s))
			sim_step(
			    w, s, (struct raft_event){ .type = RAFT_TICK });
		else
			rearm_tick(w, s);
		break;
	case SIM_MESSAGE:
		receive(w, s, ev->msg);
		break;
	case SIM_SYNC:
		sim_sync_end(w, s);
		break;
	case SIM_APPLIED:
		sim_step(w, s,
		    (struct raft_event){
			.type = RAFT_APPLIED, .applied = ev->a });
		break;
	case SIM_TAKEN:
		sim_snapshot_taken(w, s);
		break;
	case SIM_STORED:
		stored(w, s, ev->a);
		break;
	default:
		break;
	}
	if (s->up)
		sim_snapshot_maybe(w, s);
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
	sim_step(w, s,
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
	sim_step(w, s,
	    (struct raft_event){ .type = RAFT_READ, .read_id = w->nreads - 1 });
}

static uint64_t
any_id(const struct sim_world *w, struct rng *r)
{
	return w->servers[rng_below(r, w->o.nservers)].id;
}

/* A connection broke and came back: whatever was on its way may be lost. */
void
sim_reconnect(struct sim_world *w, struct sim_server *s)
{
	uint64_t peer = any_id(w, &w->chance);

	if (!w->calm && sim_chance(&w->chance, 500))
		sim_step(w, s,
		    (struct raft_event){
			.type = RAFT_PEER_LOST, .peer = peer });
	sim_step(
	    w, s, (struct raft_event){ .type = RAFT_PEER_RESET, .peer = peer });
}

/* Operators ask at random; what is not sound must be refused. */
void
sim_change(struct sim_world *w, struct sim_server *s)
{
	struct raft_event ev = { .type = RAFT_CHANGE };
	char addr[RAFT_ADDR_MAX + 1];

	if (!s->up || s->paused_until > w->now)
		return;
	ev.change.what = (enum raft_change)(1 + rng_below(&w->people, 5));
	ev.change.addr = w->commands % 2 == 0 ? "even" : "odd";
	ev.change.server = any_id(w, &w->people);
	if (ev.change.what == RAFT_ADD_LEARNER && w->host != NULL) {
		sim_addr(ev.change.server, addr);
		ev.change.addr = addr;
	}
	sim_note(w, "server %" PRIu64 " is asked for change %d of %" PRIu64,
	    s->id, (int)ev.change.what, ev.change.server);
	sim_step(w, s, ev);
}

void
sim_transfer(struct sim_world *w, struct sim_server *s)
{
	struct raft_event ev = { .type = RAFT_TRANSFER };

	if (!s->up || s->paused_until > w->now)
		return;
	ev.transfer.to = rng_below(&w->people, w->o.nservers + 1);
	if (ev.transfer.to != 0)
		ev.transfer.to = w->servers[ev.transfer.to - 1].id;
	sim_note(w, "server %" PRIu64 " is asked to hand over to %" PRIu64,
	    s->id, ev.transfer.to);
	sim_step(w, s, ev);
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
	r = raft_new(&o, &rec, sim_clock(w, s), &why);
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
	s->disk_failed = false;
	s->role = RAFT_FOLLOWER;
	s->raft = recover(w, s);
	s->applied = s->commit = s->raft->commit;
	s->state = s->applied == 0 ? 0 : s->disk_snap.state;
	if (s->disk_snap.meta.index > 0)
		sim_file_add(s, &s->disk_snap);
	sim_log_reset(
	    &s->mem, s->disk.base, s->disk.base_term, s->disk.base_chain);
	for (size_t i = 0; i < s->disk.n; i++)
		sim_log_add(&s->mem, &s->disk.v[s->disk.off + i].e);
	sim_ghost_restart(w, s);
	rearm_tick(w, s);
	if (w->host != NULL)
		w->host->start(w->host->ctx, s);
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
	if (w->host != NULL)
		w->host->crash(w->host->ctx, s);
	raft_free(s->raft);
	s->raft = NULL;
	sim_disk_crash(w, s);
}

void
sim_server_fail(struct sim_world *w, struct sim_server *s)
{
	if (!s->up)
		return;
	sim_note(w, "the disk of server %" PRIu64 " fails", s->id);
	s->disk_failed = true;
	sim_step(w, s, (struct raft_event){ .type = RAFT_DISK_FAILED });
	sim_server_crash(w, s);
}

void
sim_server_wipe(struct sim_world *w, struct sim_server *s)
{
	size_t place = sim_place(s->id);

	sim_server_crash(w, s);
	sim_note(w, "server %" PRIu64 " is lost", s->id);
	w->stats.wipes++;
	if (w->ngraves == SIM_GRAVES)
		sim_fail(w, "too many servers were lost");
	w->graves[w->ngraves++] = (struct sim_grave){ s->id, s->disk };
	s->disk = (struct sim_log){ 0 };
	s->disk_snap = (struct sim_file){ 0 };
	s->disk_term = s->disk_vote = 0;
	for (size_t i = 0; i < w->o.nservers; i++)
		w->servers[i].match[place] = w->servers[i].match_of[place] = 0;
	if (w->keeps_ids)
		return;
	s->id += SIM_SERVERS;
	s->incarnation = s->sent_term = s->promise = 0;
	free(s->votes);
	s->votes = NULL;
	s->nvotes = 0;
}

void
sim_server_release(struct sim_server *s)
{
	raft_free(s->raft);
	sim_disk_drop(s, s->nops);
	free(s->ops);
	free(s->votes);
	sim_log_release(&s->mem);
	sim_log_release(&s->disk);
	*s = (struct sim_server){ 0 };
}
