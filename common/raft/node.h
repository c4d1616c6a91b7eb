/*
 * A server's share of the replicated log: the Raft core, its log on disk,
 * and a thread with a loop of their own, so that no long list and no big
 * plan of the owner's delays a heartbeat or a commit.
 *
 * The state belongs to the owner: all functions here are for the owner's
 * thread, and all callbacks come on it, out of its loop. Between the two
 * threads go messages only.
 *
 * The life of a command: raft_node_propose() hands it over; all that
 * gathers while a sync runs becomes one write and one sync; once a majority
 * of disks holds it, apply() gets it, in index order, on every server; then
 * the proposer's callback is told. So who proposed sees the state with the
 * command in it.
 *
 * On start the newest snapshot goes to restore() within raft_node_open().
 * Then apply() gets what followed it, and on_leader() says when that is all
 * if this server leads. A follower that is far behind is sent a snapshot:
 * then restore() is called once more, in the place of what it lacks.
 *
 * A new log becomes a cluster of one, or of the servers given as `first`
 * (each of which must be given the same), or waits to be added to a cluster
 * that exists by raft_node_change() on its leader.
 */
#ifndef COMMON_RAFT_NODE_H
#define COMMON_RAFT_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/loop.h"
#include "common/raft/raft.h"

/* Bytes of one command: a mail with it fits into BUS_MAX_MSG. */
#define RAFT_NODE_COMMAND_MAX      (7u << 20)
#define RAFT_NODE_QUEUE_MAX        (48u << 20) /* bytes not yet committed */
#define RAFT_NODE_SNAPSHOT_ENTRIES 16384
#define RAFT_NODE_SNAPSHOT_BYTES   (32u << 20)
#define RAFT_NODE_SNAPSHOT_TIMES   8

/* How long followers wait for a leader; see raft_opts. */
#define RAFT_NODE_ELECTION_MS  300
#define RAFT_NODE_JITTER_MS    200
#define RAFT_NODE_HEARTBEAT_MS 60

#define RAFT_NODE_LAZY_MS      5

struct wal_io;
struct raft_node;
struct tls_keys;

struct raft_node_opts {
	const char *dir; /* of the log; made if need be; nobody else's */
	uint64_t server_id;
	uint64_t cluster_id; /* of a new log; 0: one of its own */
	/* Of a new log, copied: the servers. NULL: this one. With n 0 it is
	 * to be added. */
	const struct raft_config *first;

	/* Where other servers reach this one, a URL of common/bus, and the
	 * number of the message that carries mail (raft_mail_type) both ways.
	 * NULL: it stays alone. */
	const char *listen;
	const char *advertise; /* where they reach it; NULL: listen */
	struct tls_keys *tls;  /* of listen; NULL: plain; as the node lives */
	uint16_t mail_number;
	uint64_t election_ms, jitter_ms, heartbeat_ms; /* 0: the default */

	struct loop *loop; /* the owner's */
	void *ctx;         /* of all callbacks */

	/*
	 * Makes the state what the snapshot says: size bytes, to be read from
	 * fd where it stands (it was checked already); the state is then as
	 * of index. -1: the node does not start.
	 */
	int (*restore)(
	    void *ctx, int fd, uint64_t size, uint64_t index, struct err *err);
	/* Carries out a committed command. Indexes grow, with gaps where the
	 * log has entries of its own. Bytes last until it returns. */
	void (*apply)(void *ctx, uint64_t index, uint64_t term,
	    const void *bytes, size_t n);
	/* Writes the whole state to fd: see wal_snap_write_fn. It runs in a
	 * forked child. */
	int (*snapshot_write)(void *ctx, int fd);
	/*
	 * leads: everything committed in earlier terms has been applied, and
	 * commands are taken; the first time, this server is ready. Not
	 * leads: they are refused from now on.
	 */
	void (*on_leader)(void *ctx, bool leads, uint64_t term);
	/* Who is thought to lead, 0: nobody known. May be NULL. */
	void (*on_follow)(void *ctx, uint64_t leader, uint64_t term);
	/* Who the servers are, as far as it is committed; borrowed, called
	 * for each change and at start. May be NULL. */
	void (*on_config)(
	    void *ctx, uint64_t index, const struct raft_config *config);
	/* The disk failed, or going on would corrupt. Nothing is applied or
	 * answered any more: end the process. NULL: it ends at once. */
	void (*on_fatal)(void *ctx, const struct err *err);

	/* A snapshot is taken after so many of either, but as long as their
	 * bytes are fewer than those of the last one, after up to
	 * RAFT_NODE_SNAPSHOT_TIMES as many entries; 0: the default. */
	uint64_t snapshot_entries, snapshot_bytes;
	/* Entries kept behind it, for servers that lag; 0: the default. */
	uint64_t trailing_entries;
	uint64_t segment_bytes;  /* 0: the default */
	const struct wal_io *io; /* NULL: the real one */
};

/*
 * Opens or makes the log, restores, starts the thread. Damage, a newer
 * format and a directory in use are refused, naming the file.
 */
int raft_node_open(struct raft_node **node, const struct raft_node_opts *opts,
    struct err *err);

/* Stops without waiting for what is proposed: callbacks that have not come
 * by now never come. NULL is fine. Not from within a callback. */
void raft_node_close(struct raft_node *node);

/*
 * What came of a command. err NULL: it is applied, at index. ERR_NOT_LEADER
 * and ERR_BUSY: it was not taken. ERR_GONE: unknown, since this server
 * stopped leading; a later leader may yet apply it.
 */
typedef void raft_node_done_fn(
    void *ctx, const struct err *err, uint64_t index);

/*
 * Proposes a command of n bytes (copied). -1 when it is refused at once: not
 * leading, too large, too much under way, or the disk is full; then done is
 * not called. Otherwise it is called once, later.
 *
 * One that is not urgent, because nobody waits for it, may be held back for
 * RAFT_NODE_LAZY_MS: it goes with the next that is, and so does not keep the
 * disk busy when that one comes.
 */
int raft_node_propose(struct raft_node *node, const void *bytes, size_t n,
    bool is_urgent, raft_node_done_fn *done, void *ctx, struct err *err);

/*
 * Confirms that this server still leads; then a read of the state as it is
 * in the callback is linearizable. Refusals as above.
 */
int raft_node_read(struct raft_node *node, raft_node_done_fn *done, void *ctx,
    struct err *err);

/*
 * Changes who the servers are, one at a time, on the leader. done is told
 * when it is committed (then index is that of the change), or why not.
 * addr: for RAFT_ADD_LEARNER and RAFT_READDRESS.
 */
int raft_node_change(struct raft_node *node, enum raft_change what, uint64_t id,
    const char *addr, raft_node_done_fn *done, void *ctx, struct err *err);

/* Hands leadership over to a voter, 0: the best. done is told when this
 * server leads no more, or why it still does. */
int raft_node_transfer(struct raft_node *node, uint64_t to,
    raft_node_done_fn *done, void *ctx, struct err *err);

bool raft_node_leads(const struct raft_node *node);
uint64_t raft_node_leader(const struct raft_node *node);  /* 0: unknown */
uint64_t raft_node_applied(const struct raft_node *node); /* last index */

/* Takes a snapshot now, unless one is being taken or nothing is new. */
void raft_node_snapshot(struct raft_node *node);

/* How it stands. */
struct raft_node_info {
	struct raft_status raft;
	/* The leader's view of all servers; npeers 0 elsewhere. */
	struct raft_peer_status peers[RAFT_SERVERS_MAX];
	size_t npeers;
	uint64_t mails_sent, mails_dropped;
	uint64_t strangers; /* mails of others, forged messages, no mails */
	uint64_t cluster_id;
	size_t queued_bytes; /* proposed, not yet committed */
	size_t queued_entries;
	uint64_t snapshots; /* taken in this life */
	uint64_t snapshot_failures;
	bool is_disk_full;
};
void raft_node_info(struct raft_node *node, struct raft_node_info *info);

#endif
