/*
 * Opening and closing a node: from what the disk holds to a running core.
 */
#include <assert.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/raft/node_impl.h"
#include "common/rng.h"

/* --- what the disk thread tells --- */

static void
on_synced(void *arg, uint64_t seq)
{
	struct raft_node *node = arg;

	pthread_mutex_lock(&node->lock);
	node->synced_seq = seq;
	pthread_mutex_unlock(&node->lock);
	/* The bootstrap's write is not the core's. */
	if (seq > node->seq_base)
		loop_post(node->loop, raft_node_on_synced, node);
}

static void
on_disk_failed(void *arg, const struct err *err)
{
	struct raft_node *node = arg;

	if (node->opts.on_fatal == NULL) {
		log_error("the log cannot be written, so this server stops: "
			  "%s",
		    err->text);
		_exit(1);
	}
	pthread_mutex_lock(&node->lock);
	node->disk_err = *err;
	pthread_mutex_unlock(&node->lock);
	loop_post(node->loop, raft_node_on_disk_failed, node);
}

/* --- opening --- */

/* A new cluster begins with the entry that says who its servers are. */
static void
bootstrap(struct raft_node *node, struct wal_log *log)
{
	struct raft_config alone = { .n = 1,
		.servers = {
		    { .id = node->opts.server_id, .voice = RAFT_VOTER } } };
	struct raft_entry e = raft_bootstrap_entry(
	    node->opts.first != NULL ? node->opts.first : &alone);
	struct wal_entry w = { .index = e.index,
		.term = e.term,
		.kind = (uint8_t)e.type,
		.n = (uint32_t)e.data->len };

	/* The core's copy lives as long as the rest of what was read. */
	w.data = memcpy(arena_alloc(&log->arena, w.n), e.data->data, w.n);
	raft_bytes_unref(e.data);
	log->entries =
	    xgrow(log->entries, log->n, &log->cap, sizeof *log->entries);
	log->entries[log->n++] = w;
	log->hard.term = e.term;
	node->seq_base = 1;
	wal_set_hard(node->wal, e.term, 0);
	wal_append(node->wal, &w, 1);
	wal_submit(node->wal, node->seq_base);
	/* Durable before whatever the core writes: writes are in order. */
}

static int
restore(struct raft_node *node, const struct wal_log *log,
    struct raft_snapshot *snap, struct err *err)
{
	const struct wal_snap *s = &log->snap;
	struct raft_bytes *config;
	char name[WAL_SNAP_NAME_SIZE];
	int fd, rc;

	*snap = (struct raft_snapshot){ .index = s->index,
		.term = s->term,
		.size = s->size,
		.hash = s->hash,
		.config_index = s->config_index };
	if (s->index == 0)
		return 0;
	if (raft_config_parse(&snap->config, s->config, s->nconfig) == -1)
		return err_set(err, ERR_CORRUPT,
		    "%s: the snapshot's config cannot be read", node->opts.dir);
	config = raft_bytes_new(s->config, s->nconfig);
	raft_node_set_config(node, s->config_index, config);
	raft_bytes_unref(config);
	node->applied = node->snap_index = s->index;
	node->snap_bytes = s->size;
	node->applied_term = node->snap_term = s->term;
	fd = wal_snap_open(wal_directory(node->wal), s, err);
	if (fd == -1)
		return -1;
	rc = node->opts.restore(node->opts.ctx, fd, s->size, s->index, err);
	close(fd);
	wal_snap_name(s, name);
	return rc == 0 ? 0 : err_add(err, "%s/%s", node->opts.dir, name);
}

/* What the log holds behind the snapshot, as the core wants it. */
static struct raft_entry *
convert(const struct wal_log *log, struct raft_recovered *rec)
{
	size_t skip = 0;
	struct raft_entry *out;

	rec->start_index = log->first - 1;
	rec->start_term = log->prev_term;
	if (log->snap.index >= log->first) {
		skip = (size_t)(log->snap.index - log->first + 1);
		rec->start_index = log->snap.index;
		rec->start_term = log->snap.term;
	}
	rec->nentries = log->n - skip;
	out = xreallocarray(NULL, rec->nentries, sizeof *out);
	for (size_t i = 0; i < rec->nentries; i++) {
		const struct wal_entry *e = &log->entries[skip + i];

		out[i] = (struct raft_entry){ .index = e->index,
			.term = e->term,
			.type = (enum raft_entry_type)e->kind };
		if (e->n > 0)
			out[i].data = raft_bytes_new(e->data, e->n);
	}
	rec->entries = out;
	return out;
}

static uint64_t
or_default(uint64_t ms, uint64_t otherwise)
{
	return ms != 0 ? ms : otherwise;
}

static void
set_core_opts(struct raft_node *node, struct raft_opts *o)
{
	const struct raft_node_opts *n = &node->opts;

	raft_opts_init(o);
	o->cluster = node->cluster_id;
	o->id = n->server_id;
	o->incarnation = (uint64_t)clock_wall_ns();
	rng_secret(&o->seed, sizeof o->seed);
	o->election_ms = or_default(n->election_ms, RAFT_NODE_ELECTION_MS);
	o->jitter_ms = or_default(n->jitter_ms, RAFT_NODE_JITTER_MS);
	o->heartbeat_ms = or_default(n->heartbeat_ms, RAFT_NODE_HEARTBEAT_MS);
	o->trailing = or_default(n->trailing_entries, o->trailing);
	o->alone = n->listen == NULL;
	if (o->alone)
		o->trailing = 0; /* nobody lags behind */
}

static int
start_core(struct raft_node *node, const struct wal_log *log, struct err *err)
{
	struct raft_snapshot snap;
	struct raft_recovered rec = { .term = log->hard.term,
		.vote = log->hard.vote };
	struct raft_entry *entries;
	struct raft_opts o;
	const char *why = NULL;

	if (restore(node, log, &snap, err) == -1)
		return -1;
	rec.snapshot = snap.index > 0 ? &snap : NULL;
	entries = convert(log, &rec);
	set_core_opts(node, &o);
	node->raft = raft_new(&o, &rec, clock_mono_ms(), &why);
	for (size_t i = 0; i < rec.nentries; i++)
		raft_bytes_unref(entries[i].data);
	free(entries);
	if (node->raft == NULL)
		return err_set(err, ERR_CORRUPT, "%s: %s", node->opts.dir, why);
	raft_status(node->raft, &node->status);
	return raft_node_peers_open(
	    node, o.incarnation, &node->status.config, err);
}

static void *
thread_main(void *arg)
{
	struct raft_node *node = arg;

	loop_run(node->loop);
	return NULL;
}

static void
start_thread(struct raft_node *node)
{
	sigset_t all, before;

	node->timer = loop_timer_new(node->loop, raft_node_on_tick, node);
	node->lazy = loop_timer_new(node->opts.loop, raft_node_hand_over, node);
	loop_post(node->loop, raft_node_on_start, node);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	if (pthread_create(&node->thread, NULL, thread_main, node) != 0)
		log_fatal("raft: no thread");
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static struct raft_node *
node_new(const struct raft_node_opts *opts)
{
	struct raft_node *node = xcalloc(1, sizeof *node);

	assert(opts->server_id != 0);
	node->opts = *opts;
	if (node->opts.snapshot_entries == 0)
		node->opts.snapshot_entries = RAFT_NODE_SNAPSHOT_ENTRIES;
	if (node->opts.snapshot_bytes == 0)
		node->opts.snapshot_bytes = RAFT_NODE_SNAPSHOT_BYTES;
	pthread_mutex_init(&node->lock, NULL);
	node->loop = loop_new();
	node->incoming = -1;
	return node;
}

/* The threads have ended. */
static void
node_free(struct raft_node *node)
{
	raft_node_news_free_all(node->heard);
	raft_node_news_free_all(node->news);
	raft_node_news_free_all(node->untold);
	loop_unpost(node->opts.loop, raft_node_on_news, node);
	loop_unpost(node->opts.loop, raft_node_on_more_news, node);
	loop_unpost(node->opts.loop, raft_node_hand_over, node);
	raft_node_asks_release(&node->outbox);
	loop_timer_free(node->lazy);
	raft_node_asks_release(&node->inbox);
	raft_node_asks_release(&node->fresh);
	raft_node_asks_release(&node->waiting);
	raft_node_asks_release(&node->reads);
	raft_node_peers_close(node);
	free(node->changing);
	free(node->transferring);
	loop_timer_free(node->timer);
	loop_free(node->loop);
	raft_free(node->raft);
	raft_actions_release(&node->acts);
	raft_bytes_unref(node->config);
	pthread_mutex_destroy(&node->lock);
	free(node);
}

int
raft_node_open(
    struct raft_node **out, const struct raft_node_opts *opts, struct err *err)
{
	struct raft_node *node = node_new(opts);
	struct wal_opts w = { .dir = opts->dir,
		.server_id = opts->server_id,
		.cluster_id = opts->cluster_id,
		.segment_bytes = opts->segment_bytes,
		.io = opts->io,
		.on_synced = on_synced,
		.on_fatal = on_disk_failed,
		.ctx = node };
	struct wal_log log;
	int rc;

	*out = NULL;
	if (wal_open(&node->wal, &w, &log, err) == -1) {
		node_free(node);
		return -1;
	}
	node->cluster_id = log.hard.cluster_id;
	if (wal_log_last(&log) == 0 && log.snap.index == 0 &&
	    (opts->first == NULL || opts->first->n > 0))
		bootstrap(node, &log);
	rc = start_core(node, &log, err);
	wal_log_release(&log);
	if (rc == -1) {
		wal_close(node->wal);
		node_free(node);
		return -1;
	}
	node->opts.dir = node->opts.listen = NULL; /* they were borrowed */
	node->opts.first = NULL;
	start_thread(node);
	*out = node;
	return 0;
}

void
raft_node_close(struct raft_node *node)
{
	if (node == NULL)
		return;
	raft_node_end_snapshot(node);
	loop_post(node->loop, raft_node_on_stop, node);
	pthread_join(node->thread, NULL);
	wal_close(node->wal);
	node_free(node);
}
