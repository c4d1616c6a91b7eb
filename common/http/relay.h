/*
 * Hands a request on to another server and its answer back, as they are.
 *
 * The request's body has been collected; the answer streams, under back
 * pressure. Fields for one hop (hop.h) are dropped on both ways. While the
 * answer is under way, http_req_data() of the request belongs to the relay; it
 * begins with a function void (*)(struct http_req *) that the server's
 * on_gone() calls when the client has left.
 */
#ifndef COMMON_HTTP_RELAY_H
#define COMMON_HTTP_RELAY_H

#include "common/http/http.h"

/* No answer came, and nothing was answered yet: it answers r, or relays it
 * once more. sent: the other server may have got the request. */
typedef void http_relay_lost(
    void *ctx, struct http_req *r, const struct err *err, bool sent);

struct http_relay_how {
	const char *extra; /* field lines to add ("X-Y: z\r\n"), or NULL */
	/* Until the answer begins; it may last as long as it likes, and a
	 * server that vanishes meanwhile is noticed by TCP. 0: no limit. */
	uint64_t begin_ms;
	http_relay_lost *on_lost;
	/* The other server's answer begins. May be NULL. */
	void (*on_begin)(void *ctx);
	/* Every other end: answered, cut short, the client has left. May be
	 * NULL. Exactly one of the two is called. */
	void (*on_end)(void *ctx);
	void *ctx;
};
/* how is copied, and extra not needed any more. */
void http_relay(struct http_client *to, struct http_req *r,
    const struct http_relay_how *how);

#endif
