/*
 * The pool: who is in it, by the rules of memberlist and Serf. A pure state
 * machine: datagrams, streams and ticks come in with the time, and what is to
 * be sent and what has happened goes out through struct pool_ops. It opens no
 * socket, reads no clock, and draws chance from its seed alone. Bytes are
 * read and written by wire.h.
 *
 * What a pool promises
 *
 * - A member that dies is `failed`, one that leaves is `left`, with everybody
 *   that is alive; both are remembered (reconnect_ms, tombstone_ms) and then
 *   reaped. Each change is told once, by an event.
 * - Address, meta and version of others go on byte for byte as they came.
 * - No bytes from outside stop it, make it grow past the limits below, or
 *   make it send what a Serf agent would die of.
 * - Nothing is done while nothing happens, but for a probe in most intervals,
 *   one exchange of states each push_pull_ms, and the reaping.
 *
 * Where it is stricter or quicker than Serf, without breaking its protocol
 *
 * - Refused: a member whose host says that nothing listens at its port (TCP
 *   refused the fallback ping, and no helper had an answer) is suspected at
 *   once, and the accuser waits only POOL_REFUSED_PCT of a probe interval for
 *   a refutation (times Lifeguard's score: being slow ourselves we wait
 *   longer), which the member is asked for directly, several times. Any answer
 *   from it restores the usual time. Who is merely silent keeps that, too.
 * - Nobody is declared dead by us before we have asked it ourselves, several
 *   times since it was accused; and not while it answers us.
 * - A pool that was itself stopped or starved does not count that time:
 *   everything that waits waits longer by as much, and suspicions begin anew.
 * - Who refutes also tells the accuser directly.
 * - A helper's nack comes a little before its time is over, so that it is in
 *   time for the asker, whose time began before.
 * - Gossip goes round a shuffled table, not to members of chance, and each
 *   member tells news half as often again as Serf: of 30 members one missed
 *   them once in fifty times.
 * - While nobody is suspected, half of the probes go round the ring of names:
 *   each member is then probed at a steady pace, and its death is not left to
 *   chance. That leaves the other half to be thinned out: of these every other
 *   one is not made, nor one to who has pinged us since its last turn (once).
 *   When somebody is suspected all probe all, as Serf does.
 * - Pings carry no source (the answer goes where they came from); acks carry
 *   the coordinate now and then, not always.
 * - Who was chosen for an exchange of states lets one of its own pass, but not
 *   two in a row; where there were no news for three of them, two of three are
 *   left out. An ack without a coordinate has no empty one either.
 * - Left members are dropped from memberlist's table as dead ones are; Serf's
 *   list keeps them.
 */
#ifndef CMD_GOSSIPD_POOL_H
#define CMD_GOSSIPD_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/gossipd/wire.h"
#include "common/buf.h"
#include "common/rec.h"

#define POOL_NAME_MAX      128   /* bytes of a member's name */
#define POOL_META_MAX      512   /* bytes of encoded tags */
#define POOL_MEMBERS_MAX   10000 /* more are not taken in */
#define POOL_BROADCASTS    4096  /* waiting to be gossiped, of each class */
#define POOL_PENDING_MAX   256   /* pings we wait for on behalf of others */
#define POOL_INTENTS_MAX   1024  /* intents about members not yet known */
#define POOL_DIALS_MAX     128   /* streams of our own under way */
#define POOL_EVENTS_KEPT   512   /* event times remembered, as Serf does */
#define POOL_EVENT_BYTES   (1024 * 1024) /* user events kept to be handed on */
#define POOL_EVENT_MAX     512           /* bytes of a user event of ours */
#define POOL_EVENT_HARD    9216          /* of one from others */
#define POOL_QUERY_MAX     1024          /* bytes of a query or of a response */
#define POOL_QUERIES_MAX   64            /* queries of ours under way */
#define POOL_UDP_BUDGET    1400
#define POOL_LEAVE_WAIT_MS 5000 /* for each of the two messages of a leave */
#define POOL_STALL_MS      500  /* a tick later than this: we were stopped */
#define POOL_REFUSED_PCT   50   /* of a probe interval, see above */

struct pool;

/* Where a member listens. A v4-mapped address is shown as the IPv4 it is. */
struct pool_addr {
	uint8_t ip[16];
	uint8_t nip; /* 4 or 16; 0: none */
	uint16_t port;
};

enum pool_profile { POOL_LAN, POOL_WAN, POOL_LOCAL };

/* Serf's numbers for the state of a member. */
enum pool_status {
	POOL_NONE = 0,
	POOL_ALIVE = 1,
	POOL_LEAVING = 2,
	POOL_LEFT = 3,
	POOL_FAILED = 4,
};

struct pool_config {
	const char *name; /* copied, as are the tags */
	struct pool_addr addr;
	enum pool_profile profile;
	const struct rec_kv *tags;
	size_t ntags;
	/*
	 * Borrowed for the pool's life; key queries change it, which
	 * POOL_EV_KEYS tells. NULL: all is plain, and there are none.
	 */
	struct wire_ring *ring;
	bool compress;
	/* The Lamport times of an earlier life; older events are not heard. */
	uint64_t member_time, event_time, query_time;
	uint64_t reconnect_ms; /* until a failed member is reaped; 0: 24 h */
	uint64_t tombstone_ms; /* until a left one is; 0: 24 h */
};

/* A member as others see it; all is borrowed until the next call. */
struct pool_view {
	const char *name;
	struct pool_addr addr;
	enum pool_status status;
	const struct rec_kv *tags;
	size_t ntags;
	const uint8_t *vsn; /* 6: protocol min, max, cur, delegate likewise */
	uint64_t since_ms;  /* when its status last changed */
	const struct wire_coord *coord; /* NULL: none known */
	uint32_t incarnation;
};

enum pool_event_type {
	POOL_EV_JOIN,
	POOL_EV_LEAVE,
	POOL_EV_FAILED,
	POOL_EV_UPDATE,
	POOL_EV_REAP,
	POOL_EV_USER,       /* a user event: ltime, name, payload, coalesce */
	POOL_EV_QUERY,      /* a query for us: answer it with pool_respond() */
	POOL_EV_ACK,        /* of a query of ours: id, from */
	POOL_EV_RESPONSE,   /* likewise, and payload */
	POOL_EV_QUERY_DONE, /* a query of ours has run out its time: id */
	POOL_EV_JOINED,   /* pool_join()'s token has come to an end: ok, why */
	POOL_EV_LEFT,     /* pool_leave() is done; the pool is silent now */
	POOL_EV_KEYS,     /* the ring has changed: keep it somewhere safe */
	POOL_EV_CONFLICT, /* somebody else bears a member's name: addr */
};

struct pool_event {
	enum pool_event_type type;
	struct pool_view member; /* of the first five and of a conflict */
	uint64_t ltime;
	uint64_t id; /* of a query, to answer it or tell it by */
	const char *name, *from;
	const char *payload;
	size_t npayload;
	bool coalesce;
	uint64_t token;
	bool ok;
	const char *why;       /* of a join that failed */
	struct pool_addr addr; /* of a conflict: the other's */
};

/* What the pool wants done. None of these may call back into the pool. */
struct pool_ops {
	void *ctx;
	void (*udp)(
	    void *ctx, const struct pool_addr *to, const char *bytes, size_t n);
	/*
	 * Opens a TCP stream, sends the bytes and waits for the one message
	 * that answers; exactly one of pool_stream_answer() and
	 * pool_stream_failed() must follow, by deadline_ms.
	 */
	void (*dial)(void *ctx, uint64_t token, const struct pool_addr *to,
	    const char *bytes, size_t n, uint64_t deadline_ms);
	void (*event)(void *ctx, const struct pool_event *ev);
	/*
	 * Microseconds, for round trips only; NULL: they are as coarse as
	 * now_ms is.
	 */
	uint64_t (*stamp_us)(void *ctx);
};

/* NULL, and a sentence, when name, address or tags are out of bounds. */
struct pool *pool_new(const struct pool_config *c, const struct pool_ops *ops,
    uint64_t seed, uint64_t now_ms, struct err *err);
void pool_free(struct pool *p);

/* One datagram as it came. */
void pool_packet(struct pool *p, uint64_t now_ms, const struct pool_addr *from,
    const char *bytes, size_t n);

/*
 * One whole message of a TCP stream that somebody opened. The answer, if
 * there is one, is added to reply; then the stream is to be closed.
 */
void pool_stream(struct pool *p, uint64_t now_ms, const struct pool_addr *from,
    const char *bytes, size_t n, struct buf *reply);

enum pool_failure {
	POOL_REFUSED, /* the host says that nobody listens there */
	POOL_SILENT,  /* no way, no answer, or cut off */
};
void pool_stream_answer(struct pool *p, uint64_t now_ms, uint64_t token,
    const char *bytes, size_t n);
void pool_stream_failed(
    struct pool *p, uint64_t now_ms, uint64_t token, enum pool_failure how);

/*
 * A datagram of ours to this address was refused (ICMP port unreachable). It
 * only hastens the next step of a probe; a shell may leave it out.
 */
void pool_refused(
    struct pool *p, uint64_t now_ms, const struct pool_addr *addr);

/* Does what is due, and says when to come again (absolute). */
void pool_tick(struct pool *p, uint64_t now_ms);
uint64_t pool_due_ms(const struct pool *p);

/* Joins by the member at addr; POOL_EV_JOINED tells the token how it went.
 * replay: user events of before are heard as well, those that it kept. */
void pool_join(struct pool *p, uint64_t now_ms, uint64_t token,
    const struct pool_addr *addr, bool replay);

/*
 * Tells all, and then POOL_EV_LEFT. The pool still answers who asks, but
 * takes no part any more: pool_free() is what comes next.
 */
void pool_leave(struct pool *p, uint64_t now_ms);

/*
 * A failed member is left from now on; prune: it is forgotten. A name that
 * nobody bears is fine, as with Serf. 0, or -1 when it is our own.
 */
int pool_force_leave(struct pool *p, uint64_t now_ms, const char *name,
    bool prune, struct err *err);

/* How long failed and left members are kept from now on, those there are as
 * well; as in struct pool_config. */
void pool_set_times(struct pool *p, uint64_t now_ms, uint64_t reconnect_ms,
    uint64_t tombstone_ms);

/* Replaces our tags; 0, or -1 when they are too large. */
int pool_set_tags(struct pool *p, uint64_t now_ms, const struct rec_kv *tags,
    size_t ntags, struct err *err);

/* --- user events and queries of our own --- */

int pool_user_event(struct pool *p, uint64_t now_ms, const char *name,
    const char *payload, size_t npayload, bool coalesce, struct err *err);

struct pool_query {
	const char *name;
	const char *payload;
	size_t npayload;
	const char *const *nodes; /* only these, when there are any */
	size_t nnodes;
	const struct rec_kv *tags; /* and whose tag matches: key, regexp */
	size_t ntags;
	bool want_ack;
	uint8_t relay_factor;
	uint64_t timeout_ms; /* 0: Serf's default for a pool of this size */
};

/*
 * *id names the query in the events that follow; our own answer, where its
 * filters mean us, comes before this returns.
 */
int pool_query(struct pool *p, uint64_t now_ms, const struct pool_query *q,
    uint64_t *id, struct err *err);

/* What can be asked about keys, and the queries that do it. */
enum pool_key_verb {
	POOL_KEY_INSTALL,
	POOL_KEY_USE,
	POOL_KEY_REMOVE,
	POOL_KEY_LIST,
	POOL_KEY_NVERBS
};
extern const char *const pool_key_queries[POOL_KEY_NVERBS];

/* Answers a POOL_EV_QUERY, once, while its time runs. */
int pool_respond(struct pool *p, uint64_t now_ms, uint64_t id,
    const char *payload, size_t npayload, struct err *err);

/* --- looking --- */

/* Borrowed until the next call; false: no more. Start with *at = 0. */
bool pool_next(const struct pool *p, size_t *at, struct pool_view *out);
bool pool_find(const struct pool *p, const char *name, struct pool_view *out);
void pool_self(const struct pool *p, struct pool_view *out);
const char *pool_status_name(enum pool_status s); /* "alive" */

/* Estimated round trip in seconds; -1: one of them is not known enough. */
double pool_rtt(const struct pool *p, const char *a, const char *b);

/* Counters, for metrics and the simulator. Each only grows. */
struct pool_stats {
	uint64_t packets_in, packets_out, bytes_in, bytes_out;
	uint64_t packets_bad;  /* could not be read */
	uint64_t packets_key;  /* could not be deciphered */
	uint64_t refused_full; /* a limit above was reached */
	uint64_t probes, probes_failed, suspects, deaths, refutes, conflicts;
	uint64_t merges, merges_refused, stalls;
};
struct pool_info {
	struct pool_stats stats;
	size_t nmembers, nfailed, nleft;
	size_t queue_members, queue_intents, queue_events, queue_queries;
	uint64_t member_time, event_time, query_time; /* Lamport clocks */
	uint64_t coord_resets;
	unsigned health; /* Lifeguard's score: 0 is well */
	bool encrypted;
};
void pool_info(const struct pool *p, struct pool_info *out);

#endif
