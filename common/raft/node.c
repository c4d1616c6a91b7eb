#include "common/raft/node.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/raft/node_impl.h"

#define LAZY_MAX 64 /* of those that wait for company */

/* --- lists --- */

void
raft_node_asks_add(struct raft_node_asks *asks, struct raft_node_ask *ask)
{
	ask->next = NULL;
	if (asks->head == NULL)
		asks->head = ask;
	else
		*asks->end = ask;
	asks->end = &ask->next;
	asks->n++;
}

struct raft_node_ask *
raft_node_asks_take(struct raft_node_asks *asks)
{
	struct raft_node_ask *ask = asks->head;

	if (ask == NULL)
		return NULL;
	asks->head = ask->next;
	asks->n--;
	return ask;
}

static void
ask_free(struct raft_node_ask *ask)
{
	raft_bytes_unref(ask->bytes);
	free(ask);
}

void
raft_node_asks_release(struct raft_node_asks *asks)
{
	struct raft_node_ask *ask;

	while ((ask = raft_node_asks_take(asks)) != NULL)
		ask_free(ask);
}

/* --- snapshots --- */

/* Of the newest one. */
static void
weigh_snapshot(struct raft_node *node)
{
	struct wal_snap s = { .index = node->snap_index,
		.term = node->snap_index_term };
	struct err err;

	if (wal_snap_head(wal_directory(node->wal), &s, &err) == 0)
		node->snap_bytes = s.size;
}

/*
 * To write all of a large state for every few commands would cost more than
 * they do: the log may become as long as the snapshot.
 */
static bool
is_snapshot_due(const struct raft_node *node)
{
	uint64_t few = node->opts.snapshot_entries;

	if (node->since_bytes >= node->opts.snapshot_bytes)
		return true;
	return node->since_entries >= few &&
	       (node->since_bytes >= node->snap_bytes ||
		   node->since_entries / few >= RAFT_NODE_SNAPSHOT_TIMES);
}

static void
on_snapshot_done(void *arg, pid_t pid, int status)
{
	struct raft_node *node = arg;

	(void)pid;
	node->snap_pid = 0;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		node->nfailures++;
		log_warn("snapshot failed index=%" PRIu64 " status=%d",
		    node->snap_index, status);
		return;
	}
	node->nsnapshots++;
	weigh_snapshot(node);
	log_info("snapshot taken index=%" PRIu64, node->snap_index);
	pthread_mutex_lock(&node->lock);
	node->taken_index = node->snap_index;
	node->taken_term = node->snap_index_term;
	pthread_mutex_unlock(&node->lock);
	loop_post(node->loop, raft_node_on_taken, node);
}

void
raft_node_end_snapshot(struct raft_node *node)
{
	if (node->snap_pid == 0)
		return;
	loop_child_forget(node->opts.loop, node->snap_pid);
	kill(node->snap_pid, SIGKILL);
	waitpid(node->snap_pid, NULL, 0);
	node->snap_pid = 0;
}

void
raft_node_snapshot(struct raft_node *node)
{
	struct wal_snap s = { .cluster_id = node->cluster_id,
		.index = node->applied,
		.term = node->applied_term,
		.config_index = node->config_index };
	struct err err;

	/* A snapshot must not be ahead of the own disk. */
	if (node->snap_pid != 0 || node->arriving_pid != 0 ||
	    node->applied == node->snap_index ||
	    node->applied > node->applied_synced || node->config == NULL)
		return;
	s.config = node->config->data;
	s.nconfig = node->config->len;
	node->since_entries = node->since_bytes = 0;
	node->snap_pid = wal_snap_fork(wal_directory(node->wal), &s,
	    node->opts.snapshot_write, node->opts.ctx, &err);
	if (node->snap_pid == -1) {
		node->snap_pid = 0;
		node->nfailures++;
		log_warn("snapshot not taken: %s", err.text);
		return;
	}
	node->snap_index = s.index;
	node->snap_index_term = s.term;
	loop_child_watch(
	    node->opts.loop, node->snap_pid, on_snapshot_done, node);
}

/* --- what Raft's thread tells --- */

void
raft_node_set_config(
    struct raft_node *node, uint64_t index, struct raft_bytes *bytes)
{
	struct raft_config c;

	raft_bytes_unref(node->config);
	node->config = raft_bytes_ref(bytes);
	node->config_index = index;
	if (node->opts.on_config != NULL &&
	    raft_config_parse(&c, bytes->data, bytes->len) == 0)
		node->opts.on_config(node->opts.ctx, index, &c);
}

static void
answer(struct raft_node *node, struct raft_node_ask *ask)
{
	struct err err = { 0 };

	if (ask->bytes != NULL) {
		node->queued_bytes -= ask->bytes->len;
		node->nqueued--;
	}
	if (ask->refusal != 0)
		err_set(&err,
		    ask->refusal == RAFT_NOT_LEADER ? ERR_NOT_LEADER
						    : ERR_CONFLICT,
		    "%s", raft_refusal_text(ask->refusal));
	else if (ask->code == ERR_GONE)
		err_set(&err, ERR_GONE,
		    "this server stopped leading: the outcome is unknown");
	else if (ask->code == ERR_BUSY)
		err_set(&err, ERR_BUSY, "too much is under way");
	else if (ask->code != ERR_NONE)
		err_set(&err, ask->code, "this server does not lead");
	ask->done(ask->ctx, err.code == ERR_NONE ? NULL : &err,
	    ask->index != 0 ? ask->index : node->applied);
	ask_free(ask);
}

void
raft_node_refuse_unseen(struct raft_node *node)
{
	struct raft_node_asks unseen;
	struct raft_node_ask *a;

	pthread_mutex_lock(&node->lock);
	unseen = node->inbox;
	node->inbox = (struct raft_node_asks){ 0 };
	pthread_mutex_unlock(&node->lock);
	while ((a = raft_node_asks_take(&node->outbox)) != NULL)
		raft_node_asks_add(&unseen, a);
	while ((a = raft_node_asks_take(&unseen)) != NULL) {
		a->code = ERR_NOT_LEADER;
		answer(node, a);
	}
}

static void
apply_one(struct raft_node *node, struct raft_node_news *news, size_t i)
{
	const struct raft_entry *e = &news->entries[i];
	const struct raft_node_ask *ask = news->asks.head;

	if (e->type == RAFT_COMMAND)
		node->opts.apply(node->opts.ctx, e->index, e->term,
		    e->data != NULL ? e->data->data : NULL,
		    e->data != NULL ? e->data->len : 0);
	else if (e->type == RAFT_CONFIG)
		raft_node_set_config(node, e->index, e->data);
	node->applied = e->index;
	node->applied_term = e->term;
	node->since_entries++;
	node->since_bytes += e->data != NULL ? e->data->len : 0;
	if (ask != NULL && ask->index == e->index)
		answer(node, raft_node_asks_take(&news->asks));
}

/* Raft's thread is woken only when something there waits for it. */
void
raft_node_tell_applied(struct raft_node *node)
{
	bool is_awaited;

	pthread_mutex_lock(&node->lock);
	node->applied_seen = node->applied;
	is_awaited = node->awaits_applied;
	node->awaits_applied = false;
	pthread_mutex_unlock(&node->lock);
	if (is_awaited)
		loop_post(node->loop, raft_node_on_applied, node);
}

/* What may yet be applied in this turn; false: no more. */
static bool
spend(const struct raft_node *node, struct raft_node_share *left,
    const struct raft_entry *e)
{
	size_t n = e->data != NULL ? e->data->len : 0;

	if (left->entries == 0 || left->bytes == 0)
		return false;
	if (left->has_begun && loop_is_late(node->opts.loop))
		return false;
	left->has_begun = true;
	left->entries--;
	left->bytes -= n < left->bytes ? n : left->bytes;
	return true;
}

static void
take_apply(struct raft_node *node, struct raft_node_news *news,
    struct raft_node_share *left)
{
	node->applied_synced = news->synced;
	while (news->napplied < news->n &&
	       spend(node, left, &news->entries[news->napplied]))
		apply_one(node, news, news->napplied++);
	raft_node_tell_applied(node);
	if (is_snapshot_due(node))
		raft_node_snapshot(node);
}

static void
take_fatal(struct raft_node *node, const struct err *err)
{
	node->owner_leads = false;
	if (node->opts.on_fatal != NULL) {
		node->opts.on_fatal(node->opts.ctx, err);
		return;
	}
	log_fatal("raft: %s", err->text);
}

bool
raft_node_take_news(struct raft_node *node, struct raft_node_news *news,
    struct raft_node_share *left)
{
	struct raft_node_ask *ask;

	switch (news->kind) {
	case RAFT_NODE_APPLY:
		take_apply(node, news, left);
		return news->napplied == news->n;
	case RAFT_NODE_ANSWER:
		while ((ask = raft_node_asks_take(&news->asks)) != NULL)
			answer(node, ask);
		break;
	case RAFT_NODE_LEADER:
		raft_node_take_leader(node, news);
		break;
	case RAFT_NODE_LOST:
		raft_node_take_lost(node);
		break;
	case RAFT_NODE_FOLLOW:
		node->owner_leader = news->leader;
		if (node->opts.on_follow != NULL)
			node->opts.on_follow(
			    node->opts.ctx, news->leader, news->term);
		break;
	case RAFT_NODE_STORE:
		raft_node_take_store(node, &news->snapshot);
		break;
	case RAFT_NODE_INSTALL:
		raft_node_take_install(node, &news->snapshot);
		break;
	case RAFT_NODE_FATAL:
		take_fatal(node, &news->err);
		break;
	}
	return true;
}

/* --- asking --- */

static struct raft_node_ask *
ask_new(enum raft_node_ask_kind kind, raft_node_done_fn *done, void *ctx)
{
	struct raft_node_ask *a = xcalloc(1, sizeof *a);

	a->kind = kind;
	a->done = done;
	a->ctx = ctx;
	return a;
}

void
raft_node_hand_over(void *arg)
{
	struct raft_node *node = arg;
	struct raft_node_ask *a;
	bool is_first;

	node->hands_over = false;
	loop_timer_cancel(node->lazy);
	if (node->outbox.head == NULL)
		return;
	pthread_mutex_lock(&node->lock);
	is_first = node->inbox.head == NULL;
	while ((a = raft_node_asks_take(&node->outbox)) != NULL)
		raft_node_asks_add(&node->inbox, a);
	pthread_mutex_unlock(&node->lock);
	if (is_first)
		loop_post(node->loop, raft_node_on_inbox, node);
}

/* All that is asked in a turn goes over together. */
static void
ask(struct raft_node *node, struct raft_node_ask *a)
{
	raft_node_asks_add(&node->outbox, a);
	if (!node->hands_over)
		loop_at_end(node->opts.loop, raft_node_hand_over, node);
	node->hands_over = true;
}

/* It goes with the next one, or a little later. */
static void
ask_lazily(struct raft_node *node, struct raft_node_ask *a)
{
	raft_node_asks_add(&node->outbox, a);
	if (!node->hands_over && !loop_timer_is_set(node->lazy))
		loop_timer_set(node->lazy, RAFT_NODE_LAZY_MS);
}

static int
must_lead(const struct raft_node *node, struct err *err)
{
	return node->owner_leads
		   ? 0
		   : err_set(err, ERR_NOT_LEADER, "this server does not lead");
}

int
raft_node_propose(struct raft_node *node, const void *bytes, size_t n,
    bool is_urgent, raft_node_done_fn *done, void *ctx, struct err *err)
{
	struct raft_node_ask *a;

	if (must_lead(node, err) == -1)
		return -1;
	if (n > RAFT_NODE_COMMAND_MAX)
		return err_set(err, ERR_BAD,
		    "a command of %zu bytes is above the limit of %u", n,
		    RAFT_NODE_COMMAND_MAX);
	if (node->queued_bytes + n > RAFT_NODE_QUEUE_MAX)
		return err_set(err, ERR_BUSY, "too much is under way");
	if (!wal_has_room(node->wal, node->queued_bytes + n))
		return err_set(err, ERR_BUSY, "the disk with the log is full");
	node->queued_bytes += n;
	node->nqueued++;
	a = ask_new(RAFT_NODE_COMMAND, done, ctx);
	a->bytes = raft_bytes_new(bytes, n);
	a->term = node->owner_term;
	if (is_urgent || node->outbox.n >= LAZY_MAX)
		ask(node, a);
	else
		ask_lazily(node, a);
	return 0;
}

int
raft_node_read(
    struct raft_node *node, raft_node_done_fn *done, void *ctx, struct err *err)
{
	if (must_lead(node, err) == -1)
		return -1;
	ask(node, ask_new(RAFT_NODE_READ, done, ctx));
	return 0;
}

int
raft_node_change(struct raft_node *node, enum raft_change what, uint64_t id,
    const char *addr, raft_node_done_fn *done, void *ctx, struct err *err)
{
	struct raft_node_ask *a;

	if (must_lead(node, err) == -1)
		return -1;
	if (addr != NULL && strlen(addr) > RAFT_ADDR_MAX)
		return err_set(err, ERR_BAD,
		    "the address is longer than %d bytes: %s", RAFT_ADDR_MAX,
		    addr);
	a = ask_new(RAFT_NODE_CHANGE, done, ctx);
	a->what = what;
	a->id = id;
	if (addr != NULL)
		memcpy(a->addr, addr, strlen(addr) + 1);
	ask(node, a);
	return 0;
}

int
raft_node_transfer(struct raft_node *node, uint64_t to, raft_node_done_fn *done,
    void *ctx, struct err *err)
{
	struct raft_node_ask *a;

	if (must_lead(node, err) == -1)
		return -1;
	a = ask_new(RAFT_NODE_TRANSFER, done, ctx);
	a->id = to;
	ask(node, a);
	return 0;
}

uint64_t
raft_node_leader(const struct raft_node *node)
{
	return node->owner_leader;
}

bool
raft_node_leads(const struct raft_node *node)
{
	return node->owner_leads;
}

uint64_t
raft_node_applied(const struct raft_node *node)
{
	return node->applied;
}

void
raft_node_info(struct raft_node *node, struct raft_node_info *info)
{
	*info = (struct raft_node_info){ .cluster_id = node->cluster_id,
		.queued_bytes = node->queued_bytes,
		.queued_entries = node->nqueued,
		.snapshots = node->nsnapshots,
		.snapshot_failures = node->nfailures,
		.is_disk_full = !wal_has_room(node->wal, 0) };
	pthread_mutex_lock(&node->lock);
	info->raft = node->status;
	info->raft.applied = node->applied;
	info->npeers = node->npeer_status;
	memcpy(info->peers, node->peer_status, sizeof info->peers);
	info->mails_sent = node->peers_stats.sent;
	info->mails_dropped = node->peers_stats.dropped;
	info->strangers = node->peers_stats.strangers +
			  node->peers_stats.refused + node->status.strays;
	pthread_mutex_unlock(&node->lock);
}
