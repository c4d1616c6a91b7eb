/*
 * What a node does because there are other servers: mail, and snapshots on
 * their way.
 *
 * A snapshot that comes is kept in a file of its own as it arrives. When it
 * is whole, the owner has it written once more as a snapshot of this server,
 * by a child, as it does with its own; only then Raft hears of it, installs
 * it, and the owner restores from it.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/raft/node_impl.h"
#include "common/wal/dir.h"

#define INCOMING   "incoming.tmp"
#define COPY_BYTES 65536

/* --- mail --- */

static void
on_message(void *ctx, const struct raft_message *m)
{
	raft_node_step(
	    ctx, &(struct raft_event){ .type = RAFT_RECV, .recv = m });
}

static void
on_link(void *ctx, uint64_t peer, bool up)
{
	raft_node_step(ctx,
	    &(struct raft_event){
		.type = up ? RAFT_PEER_RESET : RAFT_PEER_LOST, .peer = peer });
}

int
raft_node_peers_open(struct raft_node *node, uint64_t incarnation,
    const struct raft_config *config, struct err *err)
{
	struct raft_peers_opts o = { .loop = node->loop,
		.listen = node->opts.listen,
		.tls = node->opts.tls,
		.number = node->opts.mail_number,
		.cluster = node->cluster_id,
		.id = node->opts.server_id,
		.incarnation = incarnation,
		.on_message = on_message,
		.on_link = on_link,
		.ctx = node };

	if (o.listen == NULL)
		return 0;
	o.addr = node->addr =
	    xstrdup(node->opts.advertise != NULL ? node->opts.advertise
						 : node->opts.listen);
	node->peers = raft_peers_new(&o, err);
	if (node->peers == NULL)
		return -1;
	node->known = *config;
	raft_peers_set(node->peers, config);
	return 0;
}

void
raft_node_peers_after(struct raft_node *node)
{
	struct raft_status s;

	if (node->peers == NULL)
		return;
	raft_status(node->raft, &s);
	if (!raft_config_equal(&s.config, &node->known)) {
		node->known = s.config;
		raft_peers_set(node->peers, &s.config);
	}
	raft_peers_flush(node->peers);
}

/* --- a snapshot that is sent --- */

/* Kept open, so that it stays whole when newer ones take its place. */
static struct raft_node_sending *
sending_to(struct raft_node *node, const struct raft_message *m)
{
	struct wal_snap s = { .index = m->snapshot->index,
		.term = m->snapshot->term };
	struct raft_node_sending *free_one = NULL;
	struct err err;

	for (size_t i = 0; i < RAFT_SERVERS_MAX; i++) {
		struct raft_node_sending *x = &node->sending[i];

		if (x->index != 0 && x->to == m->to && x->index == s.index)
			return x;
		if (x->index == 0 || x->to == m->to)
			free_one = x;
	}
	if (free_one == NULL)
		return NULL;
	if (free_one->index != 0)
		close(free_one->fd);
	free_one->index = 0;
	free_one->fd = wal_snap_open(wal_directory(node->wal), &s, &err);
	if (free_one->fd == -1) {
		log_warn("snapshot cannot be sent: %s", err.text);
		return NULL;
	}
	free_one->to = m->to;
	free_one->index = s.index;
	return free_one;
}

static void
send_chunk(struct raft_node *node, const struct raft_message *chunk)
{
	struct raft_node_sending *x = sending_to(node, chunk);
	struct raft_message m = *chunk;
	char *bytes = xmalloc(m.len + 1);
	off_t start = WAL_BLOCK + (off_t)m.offset;

	if (x != NULL && pread(x->fd, bytes, m.len, start) == (ssize_t)m.len) {
		m.bytes = bytes;
		raft_peers_say(node->peers, &m);
	}
	free(bytes);
}

void
raft_node_send(struct raft_node *node, const struct raft_action *a)
{
	if (node->peers == NULL)
		return;
	if (a->send.type == RAFT_CHUNK)
		send_chunk(node, &a->send);
	else
		raft_peers_say(node->peers, &a->send);
}

/* --- a snapshot that comes; on Raft's thread --- */

static void
drop_incoming(struct raft_node *node)
{
	if (node->incoming != -1)
		close(node->incoming);
	node->incoming = -1;
}

static int
write_chunk(
    struct raft_node *node, const struct raft_action *a, struct err *err)
{
	struct wal_dir *d = wal_directory(node->wal);

	if (a->store.offset == 0) {
		drop_incoming(node);
		node->incoming =
		    wal_dir_file(d, INCOMING, O_RDWR | O_CREAT | O_TRUNC, err);
	}
	if (node->incoming == -1)
		return -1;
	return wal_dir_write(d, node->incoming, INCOMING, a->store.bytes,
	    a->store.len, a->store.offset, err);
}

/* A full disk is no reason to stop: the leader will offer it again. */
void
raft_node_store(struct raft_node *node, const struct raft_action *a)
{
	struct err err = { 0 };
	struct raft_node_news *news;

	node->stored = a->store.offset + a->store.len;
	if (write_chunk(node, a, &err) == -1) {
		log_warn("snapshot cannot be stored: %s", err.text);
		drop_incoming(node);
		node->stored = 0;
	}
	if (!a->store.last || node->stored == 0) {
		pthread_mutex_lock(&node->lock);
		node->arrived_index = a->store.snapshot->index;
		node->arrived_term = a->store.snapshot->term;
		pthread_mutex_unlock(&node->lock);
		loop_post(node->loop, raft_node_on_stored, node);
		return;
	}
	news = raft_node_news_new(RAFT_NODE_STORE);
	news->snapshot = *a->store.snapshot;
	raft_node_tell(node, news);
}

static void
tell_stored(struct raft_node *node, uint64_t stored, bool complete)
{
	struct raft_event ev = { .type = RAFT_SNAP_STORED };

	pthread_mutex_lock(&node->lock);
	ev.stored.index = node->arrived_index;
	ev.stored.term = node->arrived_term;
	pthread_mutex_unlock(&node->lock);
	ev.stored.stored = stored;
	ev.stored.complete = complete;
	raft_node_step(node, &ev);
}

void
raft_node_on_stored(void *arg)
{
	struct raft_node *node = arg;

	tell_stored(node, node->stored, false);
}

/* The owner's child has written it. */
void
raft_node_on_arrived(void *arg)
{
	struct raft_node *node = arg;
	uint64_t size;

	pthread_mutex_lock(&node->lock);
	size = node->arrived_size;
	pthread_mutex_unlock(&node->lock);
	drop_incoming(node);
	wal_dir_unlink(wal_directory(node->wal), INCOMING, NULL);
	tell_stored(node, size, size > 0);
}

/* A log whose entry is the snapshot's last goes on behind it. */
void
raft_node_install(struct raft_node *node, const struct raft_action *a)
{
	const struct raft_snapshot *s = a->install.snapshot;
	struct raft_node_news *news = raft_node_news_new(RAFT_NODE_INSTALL);

	if (a->install.keep_tail)
		wal_compact(node->wal, s->index);
	else
		wal_reset(node->wal, s->index + 1, s->term);
	node->snap_term = s->term;
	news->snapshot = *s;
	raft_node_tell(node, news);
}

/* --- ... and on the owner's --- */

/* In a forked child, which has no descriptor but the directory's: the bytes
 * that came, to where a snapshot keeps them. */
static int
copy_incoming(void *ctx, int fd)
{
	static char bytes[COPY_BYTES];
	const struct raft_node *node = ctx;
	struct err err;
	int in =
	    wal_dir_file(wal_directory(node->wal), INCOMING, O_RDONLY, &err);
	uint64_t at = 0;

	while (in != -1 && at < node->arriving.size) {
		uint64_t left = node->arriving.size - at;
		size_t n = left < sizeof bytes ? (size_t)left : sizeof bytes;

		if (read(in, bytes, n) != (ssize_t)n ||
		    write(fd, bytes, n) != (ssize_t)n)
			return -1;
		at += n;
	}
	return in == -1 ? -1 : 0;
}

/* What was written must be, to the bit, what the leader has. */
static bool
is_genuine(struct raft_node *node)
{
	const struct raft_snapshot *s = &node->arriving;
	struct wal_snap w = { .index = s->index, .term = s->term };
	struct err err = { 0 };

	if (wal_snap_head(wal_directory(node->wal), &w, &err) == -1) {
		log_warn("snapshot from the leader: %s", err.text);
		return false;
	}
	if (w.hash == s->hash && w.size == s->size)
		return true;
	log_warn("snapshot from the leader: its checksum is wrong");
	return false;
}

static void
drop_written(struct raft_node *node)
{
	struct wal_snap w = { .index = node->arriving.index,
		.term = node->arriving.term };
	char name[WAL_SNAP_NAME_SIZE];

	wal_snap_name(&w, name);
	wal_dir_unlink(wal_directory(node->wal), name, NULL);
}

static void
on_written(void *arg, pid_t pid, int status)
{
	struct raft_node *node = arg;
	bool ok =
	    WIFEXITED(status) && WEXITSTATUS(status) == 0 && is_genuine(node);

	(void)pid;
	node->arriving_pid = 0;
	if (!ok)
		drop_written(node);
	pthread_mutex_lock(&node->lock);
	node->arrived_index = node->arriving.index;
	node->arrived_term = node->arriving.term;
	node->arrived_size = ok ? node->arriving.size : 0;
	pthread_mutex_unlock(&node->lock);
	loop_post(node->loop, raft_node_on_arrived, node);
}

void
raft_node_take_store(struct raft_node *node, const struct raft_snapshot *s)
{
	struct raft_bytes *config = raft_config_format(&s->config);
	struct wal_snap w = { .cluster_id = node->cluster_id,
		.index = s->index,
		.term = s->term,
		.config_index = s->config_index,
		.config = config->data,
		.nconfig = config->len };
	struct err err = { 0 };

	/* The own one that is being written is older, and in the way. */
	raft_node_end_snapshot(node);
	node->arriving = *s;
	node->arriving_pid = wal_snap_fork(
	    wal_directory(node->wal), &w, copy_incoming, node, &err);
	raft_bytes_unref(config);
	if (node->arriving_pid == -1) {
		log_warn("snapshot from the leader: %s", err.text);
		on_written(node, 0, -1);
		return;
	}
	loop_child_watch(node->opts.loop, node->arriving_pid, on_written, node);
}

void
raft_node_take_install(struct raft_node *node, const struct raft_snapshot *s)
{
	struct wal_snap w = { .index = s->index, .term = s->term };
	struct raft_bytes *config = raft_config_format(&s->config);
	struct err err = { 0 };
	int fd = wal_snap_open(wal_directory(node->wal), &w, &err);

	if (fd == -1 || node->opts.restore(
			    node->opts.ctx, fd, s->size, s->index, &err) == -1)
		log_fatal("snapshot from the leader, index=%" PRIu64 ": %s",
		    s->index, err.text);
	close(fd);
	log_info("snapshot from the leader restored index=%" PRIu64, s->index);
	node->applied = node->applied_synced = node->snap_index = s->index;
	node->applied_term = s->term;
	node->snap_bytes = s->size;
	node->since_entries = node->since_bytes = 0;
	raft_node_set_config(node, s->config_index, config);
	raft_bytes_unref(config);
	raft_node_tell_applied(node);
}

/* Raft's thread has ended. */
void
raft_node_peers_close(struct raft_node *node)
{
	if (node->arriving_pid > 0) {
		loop_child_forget(node->opts.loop, node->arriving_pid);
		kill(node->arriving_pid, SIGKILL);
		waitpid(node->arriving_pid, NULL, 0);
	}
	raft_peers_free(node->peers);
	free(node->addr);
	drop_incoming(node);
	for (size_t i = 0; i < RAFT_SERVERS_MAX; i++)
		if (node->sending[i].index != 0)
			close(node->sending[i].fd);
}
