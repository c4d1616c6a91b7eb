/*
 * Raft's thread: hears the owner, the disk and the clock, feeds the core,
 * and carries out what it decides.
 */
#include <assert.h>
#include <stdlib.h>

#include "common/mem.h"
#include "common/raft/node_impl.h"

void
raft_node_die(struct raft_node *node, const struct err *err)
{
	struct raft_node_news *news;

	if (node->is_dead)
		return;
	node->is_dead = true;
	news = raft_node_news_new(RAFT_NODE_FATAL);
	news->err = *err;
	raft_node_tell(node, news);
}

/* --- disk actions --- */

static void
write_entries(struct raft_node *node, const struct raft_action *a)
{
	for (size_t i = 0; i < a->log.n; i++) {
		const struct raft_entry *e = &a->log.entries[i];
		struct wal_entry w = { .index = e->index,
			.term = e->term,
			.kind = (uint8_t)e->type };

		if (e->data != NULL) {
			assert(e->data->len <= WAL_ENTRY_MAX);
			w.data = e->data->data;
			w.n = (uint32_t)e->data->len;
		}
		wal_append(node->wal, &w, 1);
	}
}

static void
cut(struct raft_node *node, uint64_t from)
{
	const struct raft_entry *before = raft_entry_at(node->raft, from - 1);

	wal_cut(
	    node->wal, from, before != NULL ? before->term : node->snap_term);
}

/* --- stepping --- */

static void
carry_out(struct raft_node *node, const struct raft_action *a)
{
	switch (a->type) {
	case RAFT_ACT_HARD:
		wal_set_hard(node->wal, a->hard.term, a->hard.vote);
		break;
	case RAFT_ACT_CUT:
		cut(node, a->index);
		break;
	case RAFT_ACT_WRITE:
		write_entries(node, a);
		break;
	case RAFT_ACT_COMPACT:
		wal_compact(node->wal, a->index - 1);
		break;
	case RAFT_ACT_APPLY:
		raft_node_answer_apply(node, a);
		break;
	case RAFT_ACT_PROPOSED:
		raft_node_answer_proposed(node, a);
		break;
	case RAFT_ACT_REFUSED:
		raft_node_answer_refused(node, a);
		break;
	case RAFT_ACT_READ_OK:
		raft_node_answer_read(node, a->read.id, ERR_NONE);
		break;
	case RAFT_ACT_READ_FAILED:
		raft_node_answer_read(node, a->refused.id, ERR_NOT_LEADER);
		break;
	case RAFT_ACT_ROLE:
		raft_node_answer_role(node, a);
		break;
	case RAFT_ACT_FATAL: {
		struct err err = { 0 };

		err_set(&err, ERR_INTERNAL, "%s", a->fatal);
		raft_node_die(node, &err);
		break;
	}
	case RAFT_ACT_SEND:
		raft_node_send(node, a);
		break;
	case RAFT_ACT_STORE:
		raft_node_store(node, a);
		break;
	case RAFT_ACT_INSTALL:
		raft_node_install(node, a);
		break;
	}
}

static void
rearm(struct raft_node *node)
{
	uint64_t due = raft_deadline(node->raft);
	uint64_t now = loop_now_ms(node->loop);

	if (due == RAFT_NEVER)
		loop_timer_cancel(node->timer);
	else
		loop_timer_set(node->timer, due > now ? due - now : 0);
}

/* Reads wait until the owner has applied what they must see; who takes a
 * snapshot wants to know it, too. Otherwise nobody needs to be woken for it. */
static void
feed_applied(struct raft_node *node)
{
	struct raft_event ev = { .type = RAFT_APPLIED };

	pthread_mutex_lock(&node->lock);
	ev.applied = node->applied_seen;
	node->awaits_applied = node->reads.head != NULL;
	pthread_mutex_unlock(&node->lock);
	if (node->reads.head == NULL || ev.applied == node->applied_fed)
		return;
	node->applied_fed = ev.applied;
	raft_node_step(node, &ev);
}

/* For whoever looks in from the owner's thread. */
static void
show_status(struct raft_node *node)
{
	pthread_mutex_lock(&node->lock);
	raft_status(node->raft, &node->status);
	node->npeer_status = raft_peers(node->raft, node->peer_status);
	if (node->peers != NULL)
		node->peers_stats = raft_peers_stats(node->peers);
	pthread_mutex_unlock(&node->lock);
}

static void propose(struct raft_node *node);

static void
submit(struct raft_node *node)
{
	if (node->unsubmitted == 0)
		return;
	node->seq = node->unsubmitted;
	node->unsubmitted = 0;
	wal_submit(node->wal, node->seq_base + node->seq);
}

/*
 * What somebody waits for longest comes first: to other servers' disks it is
 * farther than to ours, and nothing that goes out counts on ours before it
 * said so. The owner's thread would take the processor from both.
 */
static void
settle(void *arg)
{
	struct raft_node *node = arg;

	node->is_settling = false;
	if (!node->is_dead) {
		raft_node_peers_after(node);
		submit(node);
	}
	raft_node_tell_now(node);
	if (node->is_dead)
		return;
	show_status(node);
	rearm(node);
	feed_applied(node);
	propose(node);
}

void
raft_node_step(struct raft_node *node, struct raft_event *ev)
{
	if (node->is_dead)
		return;
	if (!node->is_settling)
		loop_at_end(node->loop, settle, node);
	node->is_settling = true;
	ev->now_ms = loop_now_ms(node->loop);
	raft_step(node->raft, ev, &node->acts);
	for (size_t i = 0; i < node->acts.n; i++) {
		carry_out(node, &node->acts.v[i]);
		if (node->acts.v[i].seq != 0)
			node->unsubmitted = node->acts.v[i].seq;
	}
}

void
raft_node_on_tick(void *arg)
{
	raft_node_step(arg, &(struct raft_event){ .type = RAFT_TICK });
}

void
raft_node_on_start(void *arg)
{
	raft_node_on_tick(arg);
}

void
raft_node_on_stop(void *arg)
{
	struct raft_node *node = arg;

	loop_stop(node->loop);
}

/* --- what the owner says --- */

static void
propose(struct raft_node *node)
{
	struct raft_event ev = { .type = RAFT_PROPOSE };
	size_t n = node->fresh.n;
	struct raft_bytes **payloads;
	struct raft_node_ask *a = node->fresh.head;

	/* During a transfer they wait for how it ends. */
	if (n == 0 || node->transferring != NULL)
		return;
	payloads = xreallocarray(NULL, n, sizeof(struct raft_bytes *));
	for (size_t i = 0; i < n; i++, a = a->next)
		payloads[i] = a->bytes;
	ev.propose.payloads = payloads;
	ev.propose.n = n;
	ev.propose.term = node->fresh.head->term;
	raft_node_step(node, &ev);
	free(payloads);
}

static void
change(struct raft_node *node, struct raft_node_ask *a)
{
	struct raft_event ev = { .type = RAFT_CHANGE,
		.change = { .id = (uint64_t)(uintptr_t)a,
		    .what = a->what,
		    .server = a->id,
		    .addr = a->addr } };

	node->changing = a;
	raft_node_step(node, &ev);
}

static void
transfer(struct raft_node *node, struct raft_node_ask *a)
{
	struct raft_event ev = { .type = RAFT_TRANSFER,
		.transfer = { .id = (uint64_t)(uintptr_t)a, .to = a->id } };

	if (node->transferring != NULL) {
		raft_node_answer_one(node, a, RAFT_BUSY);
		return;
	}
	node->transferring = a;
	raft_node_step(node, &ev);
}

static void
confirm(struct raft_node *node, struct raft_node_ask *a)
{
	struct raft_event ev = { .type = RAFT_READ,
		.read_id = (uint64_t)(uintptr_t)a };

	raft_node_asks_add(&node->reads, a);
	raft_node_step(node, &ev);
}

/* Commands that came together become one write; the rest goes in between. */
void
raft_node_on_inbox(void *arg)
{
	struct raft_node *node = arg;
	struct raft_node_asks asks;
	struct raft_node_ask *a;

	pthread_mutex_lock(&node->lock);
	asks = node->inbox;
	node->inbox = (struct raft_node_asks){ 0 };
	pthread_mutex_unlock(&node->lock);
	while ((a = raft_node_asks_take(&asks)) != NULL) {
		switch (a->kind) {
		case RAFT_NODE_COMMAND:
			if (node->fresh.n > 0 &&
			    node->fresh.head->term != a->term)
				propose(node);
			raft_node_asks_add(&node->fresh, a);
			break;
		case RAFT_NODE_READ:
			confirm(node, a);
			break;
		case RAFT_NODE_CHANGE:
			change(node, a);
			break;
		case RAFT_NODE_TRANSFER:
			transfer(node, a);
			break;
		}
	}
	propose(node);
}

void
raft_node_on_applied(void *arg)
{
	feed_applied(arg);
}

/* --- what the disk says --- */

void
raft_node_on_synced(void *arg)
{
	struct raft_node *node = arg;
	struct raft_event ev = { .type = RAFT_DISK_DONE };

	pthread_mutex_lock(&node->lock);
	ev.disk_seq = node->synced_seq - node->seq_base;
	pthread_mutex_unlock(&node->lock);
	raft_node_step(node, &ev);
}

void
raft_node_on_disk_failed(void *arg)
{
	struct raft_node *node = arg;
	struct err err;

	pthread_mutex_lock(&node->lock);
	err = node->disk_err;
	pthread_mutex_unlock(&node->lock);
	raft_node_die(node, &err);
}

void
raft_node_on_taken(void *arg)
{
	struct raft_node *node = arg;
	struct raft_event ev = { .type = RAFT_SNAP_TAKEN };
	struct wal_snap s = { 0 };
	struct err err;

	pthread_mutex_lock(&node->lock);
	s.index = node->taken_index;
	s.term = node->taken_term;
	node->applied_fed = node->applied_seen;
	pthread_mutex_unlock(&node->lock);
	raft_node_step(node, &(struct raft_event){ .type = RAFT_APPLIED,
				 .applied = node->applied_fed });
	if (!raft_may_snapshot(node->raft, s.index))
		return;
	if (wal_snap_head(wal_directory(node->wal), &s, &err) == -1) {
		raft_node_die(node, &err);
		return;
	}
	node->snap_term = s.term;
	ev.taken.index = s.index;
	ev.taken.size = s.size;
	ev.taken.hash = s.hash;
	raft_node_step(node, &ev);
}
