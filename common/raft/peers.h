/*
 * The other servers of a cluster, over common/bus.
 *
 * What is said to a peer within one turn of the loop goes out as one mail. A
 * mail is a request, and its reply is one too: the newest mail of a peer is
 * held until there is something to say to that peer, or RAFT_PEERS_HOLD_MS
 * are over, or the next one comes; so that an answer, as of a follower whose
 * disk has synced, is no request of its own. A reply without messages says
 * that a mail arrived. While RAFT_PEERS_INFLIGHT requests are out to a peer,
 * what follows gathers into the next one. Nothing is repeated here and much
 * may be lost: Raft asks again by itself. What is said to a peer that is out
 * of reach is dropped at once.
 *
 * Everything belongs to one loop, that of Raft's thread.
 */
#ifndef COMMON_RAFT_PEERS_H
#define COMMON_RAFT_PEERS_H

#include "common/err.h"
#include "common/loop.h"
#include "common/raft/raft.h"

#define RAFT_PEERS_INFLIGHT 8
#define RAFT_PEERS_QUEUE    256        /* messages waiting for one peer */
#define RAFT_PEERS_BYTES    (4u << 20) /* of payload in one mail */
#define RAFT_PEERS_WAIT_MS  2000       /* then a mail is taken for lost */
#define RAFT_PEERS_HOLD_MS  100

struct tls_keys;

struct raft_peers_opts {
	struct loop *loop;
	struct tls_keys *tls; /* of listen; NULL: plain */
	const char *listen;   /* URL of common/bus; borrowed during the call */
	const char *addr;     /* where others reach it; borrowed, as it lives */
	uint16_t number; /* of the message whose body and reply are raft_mail */
	uint64_t cluster, id, incarnation;

	/* A message for this server and cluster; borrowed. */
	void (*on_message)(void *ctx, const struct raft_message *m);
	/* The way to a peer is open again (up), or was cut. */
	void (*on_link)(void *ctx, uint64_t peer, bool up);
	void *ctx;
};

struct raft_peers;

/* NULL: the address is taken, ... */
struct raft_peers *raft_peers_new(
    const struct raft_peers_opts *opts, struct err *err);
void raft_peers_free(struct raft_peers *ps);

/*
 * Who there is, and where: connections to others are closed. A server that
 * writes and is not among them is answered at the address that it gives: who
 * is being added knows nobody yet.
 */
void raft_peers_set(struct raft_peers *ps, const struct raft_config *c);

/* Queues a message, with references to its payloads; a chunk's bytes are
 * copied. Dropped when the peer is unknown, out of reach or too slow. */
void raft_peers_say(struct raft_peers *ps, const struct raft_message *m);
/* Sends what was queued; at the end of a turn. */
void raft_peers_flush(struct raft_peers *ps);

struct raft_peers_stats {
	uint64_t sent, received, dropped; /* messages; dropped: not sent */
	uint64_t requests;                /* mails that were no replies */
	uint64_t strangers; /* mails for others, or that make no sense */
	uint64_t refused;   /* what is no mail: closed, or answered so */
};
/* refused may be a second old. */
struct raft_peers_stats raft_peers_stats(struct raft_peers *ps);

#endif
