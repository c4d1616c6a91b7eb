/*
 * Inside bus_peer.c and bus_call.c: a peer and its calls.
 */
#ifndef COMMON_BUS_PEER_IMPL_H
#define COMMON_BUS_PEER_IMPL_H

#include "common/bus.h"
#include "common/bus_ends.h"
#include "common/bus_line.h"
#include "common/bus_nng.h"
#include "common/due.h"

struct call {
	struct call *next, **prev;
	uint64_t id;
	const struct msg_def *def;
	struct buf bytes; /* the whole request, for a repeat */
	bool is_sent;     /* on the connection that there is */
	bool repeated;
	enum err_code failed; /* ERR_NONE, or why it fails next turn */
	struct due due;
	bus_on_reply *on_reply;
	void *ctx;
};

struct bus_peer;

/* Its connection; the peer may be freed before it. */
struct peer_line {
	struct bus_line line;
	struct bus_peer *peer;
};

struct bus_peer {
	struct loop *loop;
	char *url;
	char *token, *region;
	struct bus_hub *hub;
	struct bus_dialer dialer;
	struct peer_line *line;  /* NULL: there is none now */
	struct bus_tls_end *tls; /* NULL: none */
	struct loop_timer *timer;
	struct dues dues;
	struct call *calls, **calls_end; /* in order of asking */
	size_t ncalls;
	struct bus_complaint complaint;
	unsigned busy; /* callbacks under way: do not destroy */
	bool dead;
	bool clogged; /* the connection takes no more now */
	void (*on_link)(void *ctx, bool up);
	void *link_ctx;
};

/* --- bus_call.c --- */

/* Ids grow over restarts too, as long as the wall clock does. */
uint64_t bus_call_next_id(void);
/* The last of those that wait. */
void bus_call_link(struct bus_peer *p, struct call *c);
/* Tells the asker, once and for all. It may free the peer meanwhile, so that
 * must be busy. */
void bus_call_fail(struct bus_peer *p, struct call *c, enum err_code code);
/* False: the connection takes no more now. */
bool bus_call_send(struct bus_peer *p, struct call *c);
/* Sends what waits for a connection, or for room. */
void bus_call_send_waiting(struct bus_peer *p);
/* A message has come: it answers one of the calls, or is dropped. The peer
 * must be busy. */
void bus_call_hear(struct bus_peer *p, const uint8_t *bytes, size_t n);

#endif
