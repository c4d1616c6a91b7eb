/*
 * The gossip port: datagrams and streams, udp and tcp on the same number.
 *
 * A stream carries one message each way: of one that others open the message
 * is handed on when it is whole, and what it is answered with is sent before
 * the stream is closed; of one of ours the message is sent first. Each has a
 * deadline, and all together have bounds, so that nobody can hold us up by
 * opening streams and being slow: so many are open at once, of one address
 * and of all, and when they hold too many bytes, what came and what answers
 * it alike, then those of others that hold most are dropped first.
 */
#ifndef CMD_GOSSIPD_PORT_H
#define CMD_GOSSIPD_PORT_H

#include <stdint.h>

#include "cmd/gossipd/pool.h"
#include "common/loop.h"

#define PORT_STREAMS_MAX  128   /* opened by others, at once */
#define PORT_STREAMS_ADDR 32    /* ... by one address */
#define PORT_STREAM_MS    10000 /* to be whole, and again to be answered */
#define PORT_BYTES_MAX    (32u << 20) /* held for all streams */
#define PORT_PACKETS_TURN 8           /* read in one go */
#define PORT_ACCEPTS_TURN 16
#define PORT_RCVBUF       (2 << 20) /* asked for; halved until it is given */

struct gossip_port;

/* Each is called on the loop, never from within a call to the port. */
struct gossip_port_ops {
	void *ctx;
	void (*packet)(void *ctx, const struct pool_addr *from,
	    const char *bytes, size_t n);
	void (*stream)(void *ctx, const struct pool_addr *from,
	    const char *bytes, size_t n, struct buf *reply);
	void (*answer)(void *ctx, uint64_t token, const char *bytes, size_t n);
	void (*failed)(void *ctx, uint64_t token, enum pool_failure how);
	/* Nothing listens where a datagram of ours went: its host says so. */
	void (*refused)(void *ctx, const struct pool_addr *to);
	/* All of the packets of a turn have been handed on. */
	void (*done)(void *ctx);
};

struct gossip_port_stats {
	uint64_t streams_in, streams_out;
	uint64_t streams_bad;     /* no message, or too large a one */
	uint64_t streams_late;    /* over their deadline, or cut off */
	uint64_t streams_refused; /* over a bound */
	uint64_t sends_failed;
};

/* NULL when it is taken: the sentence names it. ops is borrowed. */
struct gossip_port *gossip_port_open(struct loop *l, const char *addr,
    const struct gossip_port_ops *ops, struct err *err);
/* Streams of ours that are open fail without a word. */
void gossip_port_free(struct gossip_port *p);
const struct gossip_port_stats *gossip_port_stats(const struct gossip_port *p);

/* A datagram that cannot be sent at once is lost, as one may be. */
void gossip_port_send(struct gossip_port *p, const struct pool_addr *to,
    const char *bytes, size_t n);

/* Ends in ops.answer or ops.failed, by deadline_ms, unless freed before. */
void gossip_port_dial(struct gossip_port *p, uint64_t token,
    const struct pool_addr *to, const char *bytes, size_t n,
    uint64_t deadline_ms);

/* --- addr.c: addresses as text --- */

/* "host:port" or "[v6]:port" in parts; 0, or -1 when it is neither. */
int gossip_addr_parse(const char *addr, char *host, size_t size, int64_t *port);

/* The same where the port may be missing. */
int gossip_addr_parse_default(
    const char *addr, char *host, size_t size, int64_t *port, int64_t def);

/* From a numeric host; false when it is a name, or nothing. */
bool gossip_addr_numeric(const char *host, int64_t port, struct pool_addr *out);

#define GOSSIP_ADDR_TEXT 64
void gossip_addr_format(const struct pool_addr *a, char host[GOSSIP_ADDR_TEXT]);

/* The wildcard, which nobody can be reached at. */
bool gossip_addr_is_any(const struct pool_addr *a);

/* This machine's first private address, else its first that is not loopback,
 * else loopback; of the family of a wildcard address. */
void gossip_addr_own(struct pool_addr *a);

struct sockaddr_storage;
/* For a socket of the family; 0 when no such socket reaches it. */
unsigned gossip_addr_to_sock(
    const struct pool_addr *a, int family, struct sockaddr_storage *out);
void gossip_addr_from_sock(
    const struct sockaddr_storage *s, struct pool_addr *out);

#endif
