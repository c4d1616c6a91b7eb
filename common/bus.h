/*
 * Requests, replies and topics between processes, over nng.
 *
 * nng is known to the files common/bus*.c alone (bus_nng.h is what they share);
 * its threads end in bus_hub.c, and every callback below runs on the loop's
 * thread.
 *
 * URLs are ipc:///path (made with mode 0660), tcp://host:port and
 * tls+tcp://host:port. Where a process has certificates, tcp:// means
 * tls+tcp:// too: see "TLS" below.
 *
 * An envelope goes before each body: magic "rv", wire version, message
 * number, flags, request id, deadline (ms from now; 0 none), region, token.
 * wire(7) has its bytes. No message over BUS_MAX_MSG is sent: a reply becomes
 * a failure (ERR_INTERNAL), a call fails with ERR_BAD, a publication is
 * dropped, which its subscribers see as a gap; the first and the last are
 * logged. One that comes larger, one that is cut short, one whose magic or
 * number is unknown is refused, counted (struct bus_stats) and logged once a
 * minute at most for each socket.
 */
#ifndef COMMON_BUS_H
#define COMMON_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/loop.h"
#include "common/rec.h"

#define BUS_MAX_MSG        (8u << 20)   /* with its envelope */
#define BUS_MAX_HELD       65536        /* unanswered requests of one server */
#define BUS_MAX_HELD_BYTES (128u << 20) /* their decoded bodies together */
#define BUS_MAX_CALLERS    20000        /* connections of one server */
#define BUS_MAX_INFLIGHT   256          /* unanswered calls to one peer */
#define BUS_TOPIC_MAX      127
#define BUS_MAX_TOPICS     4096
#define BUS_MARK_MS        1000
#define BUS_MAX_WAIT_MS    600000 /* a longer deadline is cut to this */

/* One message there is. The table of all of them is proto/msg.c. */
struct msg_def {
	uint16_t number;  /* for ever; never used again for something else */
	const char *name; /* kebab-case: "node-register" */
	const struct rec_type *body;  /* NULL: no body */
	const struct rec_type *reply; /* NULL: empty reply, or a publication */
};

/* The table that this process speaks; borrowed for ever. Call it once. */
void bus_use(const struct msg_def *defs, size_t ndefs);
const struct msg_def *bus_def(uint16_t number); /* NULL when unknown */

struct bus_stats {
	uint64_t requests, replies, refused; /* refused: bad or over a limit */
	uint64_t published, received, gaps;
};

/* --- TLS --- */

/* See common/tls_keys.h: both ends of a connection show a certificate. Who may
 * speak at a port is told by the CAs it trusts, and by the name it asks for;
 * who it is, by what it says. */
struct tls_keys;

/* From now on this process dials tcp:// with TLS and these; NULL: plain.
 * Borrowed. Before the first bus_dial() that it is for. Not for topics. */
void bus_use_tls(struct tls_keys *k);

/* --- answering --- */

struct bus_server;
struct bus_req;

/*
 * Called for each request with its decoded body, which lives until this
 * request is answered. Answer exactly once, now or later, with bus_reply()
 * or bus_refuse().
 *
 *	arrives --> HELD --bus_reply(), bus_refuse()----------------> ENDED
 *	             |                                                  ^
 *	             +--deadline, no on_expire: refused (ERR_TIMEOUT)---+
 *	             +--deadline, on_expire: called, and answers -------+
 *	             +--bus_server_free(): dropped, nobody is told -----+
 *
 * While it is HELD it belongs to whoever got it from the handler; ENDED it
 * belongs to the bus, and nothing may be asked of it. So who keeps a request
 * beyond its handler sets bus_on_expire() and forgets it there, and forgets
 * it before its server is freed. An answer that comes late is a mistake of
 * this program's and ends it at an assert: the bus keeps what has ended for a
 * while, and never uses it for another request meanwhile.
 */
typedef void bus_handler(void *ctx, struct bus_req *req, const void *body);

struct bus_route {
	uint16_t number;
	bus_handler *fn;
};

/* Listens at url. routes and ctx are borrowed while the server lives. NULL
 * on failure: the address is in use, the path too long (107 bytes), ... */
struct bus_server *bus_serve(struct loop *l, const char *url,
    const struct bus_route *routes, size_t nroutes, void *ctx, struct err *err);
/* The same at tcp:// or tls+tcp://, with TLS unless keys is NULL; borrowed
 * while the server lives. */
struct bus_server *bus_serve_tls(struct loop *l, const char *url,
    struct tls_keys *keys, const struct bus_route *routes, size_t nroutes,
    void *ctx, struct err *err);
/* Held requests are dropped. Its handlers may call this. */
void bus_server_free(struct bus_server *s);
/* Borrowed. */
const struct bus_stats *bus_server_stats(struct bus_server *s);
int bus_server_port(const struct bus_server *s); /* of tcp; 0: none */

void bus_reply(struct bus_req *req, const void *reply);
void bus_refuse(struct bus_req *req, const struct err *err);
void bus_refusef(struct bus_req *req, enum err_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* What should happen instead of a refusal when the deadline comes: fn answers
 * the request, before it returns. That a request is held for somebody who has
 * gone away is not told; its deadline ends it. */
void bus_on_expire(
    struct bus_req *req, void (*fn)(void *ctx, struct bus_req *req), void *ctx);

/* For one that is held for long: its body, its region and its token are not
 * looked at any more, and their memory is given back. */
void bus_forget_body(struct bus_req *req);

/* The id that the asker's process gave it: its ids grow, and a request that
 * is repeated keeps its own. No daemon goes by it: where an order matters, a
 * body has a number of its own. */
uint64_t bus_id(const struct bus_req *req);
bool bus_is_repeat(const struct bus_req *req);
const char *bus_token(const struct bus_req *req);  /* "" when none */
const char *bus_region(const struct bus_req *req); /* "" when none */
/* Until its deadline; at least 1. */
uint64_t bus_left_ms(const struct bus_req *req);

/* --- asking --- */

struct bus_peer;

/*
 * A peer that we ask. Connecting goes on in the background, with backoff and
 * jitter (100 ms to 5 s, on ipc 10 ms to 2 s); calls made meanwhile wait
 * until their deadline.
 */
struct bus_peer *bus_dial(struct loop *l, const char *url, struct err *err);
/* The same for one who bears another name than bus_use_tls() asks for: if that
 * asks for one at all, this is the one. */
struct bus_peer *bus_dial_named(
    struct loop *l, const char *url, const char *name, struct err *err);
/* The same as bus_dial() with a backoff of 20 to 500 ms: for few peers whose
 * return must be noticed at once. */
struct bus_peer *bus_dial_keen(
    struct loop *l, const char *url, struct err *err);
/* Pending calls end with ERR_GONE, before it returns; they may not ask this
 * peer anything any more. They may call this; on_link may not. */
void bus_peer_free(struct bus_peer *p);
bool bus_peer_is_up(const struct bus_peer *p);
const char *bus_peer_url(const struct bus_peer *p);
/* Called when the connection comes or goes. */
void bus_peer_on_link(
    struct bus_peer *p, void (*fn)(void *ctx, bool up), void *ctx);

/* Sent with every later call to this peer; copied. NULL: none. The envelope
 * carries the token already; no daemon asks for one yet. */
void bus_peer_set_token(struct bus_peer *p, const char *token);
void bus_peer_set_region(struct bus_peer *p, const char *region);

/*
 * on_reply is called exactly once: with err NULL and the decoded reply
 * (borrowed until it returns; NULL for a message without one), or with the
 * failure. It is never called before bus_call() returns. A request lost with
 * its connection is repeated once under the same id, then fails with
 * ERR_GONE, as what found no connection in time. ERR_TIMEOUT: it was sent,
 * and not answered. ERR_BAD: the message or the reply is none. Over
 * BUS_MAX_INFLIGHT: ERR_BUSY. Other codes are the other side's. The other side
 * is told a tenth less than timeout_ms (at most a second less), so that what it
 * says at its deadline still arrives. 0, and what is over BUS_MAX_WAIT_MS: that
 * long.
 */
typedef void bus_on_reply(void *ctx, const struct err *err, const void *reply);
void bus_call(struct bus_peer *p, uint16_t number, const void *body,
    uint64_t timeout_ms, bus_on_reply *on_reply, void *ctx);

/*
 * For programs that ask one thing and exit. On success *reply (of the
 * message's reply type; rec_clear() it) is filled; it may be NULL where the
 * message has none. ERR_GONE when nobody takes the request within timeout_ms,
 * on ipc at once when nobody listens; else as bus_call() does.
 */
int bus_ask(const char *url, uint16_t number, const void *body, void *reply,
    uint64_t timeout_ms, struct err *err);

/* --- topics --- */

struct bus_pub;
struct bus_sub;

struct bus_pub *bus_publish_at(
    struct loop *l, const char *url, struct err *err);
void bus_pub_free(struct bus_pub *p);

/*
 * Sends to whoever listens; nobody listening is fine, and so is losing it.
 * Each topic has a sequence number of its own, from 1; the number of the
 * publisher's start is sent along, so that a restart is told from a gap.
 * When a topic has been quiet for BUS_MARK_MS its last number is sent once
 * more without a body, so that the loss of its last message is noticed too.
 * Topics are few, "alloc.changed" and not one for each allocation: over
 * BUS_MAX_TOPICS all are forgotten, which subscribers see as a restart.
 */
void bus_publish(
    struct bus_pub *p, const char *topic, uint16_t number, const void *body);
/* The same for what is soon said again: its loss need not be noticed. */
void bus_publish_unmarked(
    struct bus_pub *p, const char *topic, uint16_t number, const void *body);
uint64_t bus_pub_seq(const struct bus_pub *p, const char *topic);

/*
 * Called for each message of a topic that starts with the prefix. gap is
 * true when messages of this topic were lost before this one, or when the
 * publisher has restarted, or on a topic's first message unless it is number
 * 1: then ask for a snapshot over req/rep and go on. A gap found by the mark
 * at the end of a burst comes with number 0 and no body.
 */
typedef void bus_on_message(void *ctx, const char *topic, uint16_t number,
    uint64_t seq, bool gap, const void *body);
struct bus_sub *bus_subscribe(struct loop *l, const char *url,
    const char *prefix, bus_on_message *fn, void *ctx, struct err *err);
void bus_sub_free(struct bus_sub *s); /* what it calls may call this */
/* Called when the connection comes (up: the time for a snapshot, for what
 * was published before is lost) or goes. ctx is that of bus_subscribe(). */
void bus_sub_on_link(struct bus_sub *s, void (*fn)(void *ctx, bool up));
const struct bus_stats *bus_sub_stats(const struct bus_sub *s);
const struct bus_stats *bus_pub_stats(const struct bus_pub *p);

#endif
