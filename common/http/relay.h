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

/*
 * extra: field lines to add ("X-Y: z\r\n"), or "". on_lost is called when
 * no answer came (nothing was answered yet): it answers r. sent: the other
 * server may have got the request. timeout_ms is for the whole; 0: none, for
 * answers that may last.
 */
typedef void http_relay_lost(
    void *ctx, struct http_req *r, const struct err *err, bool sent);
void http_relay(struct http_client *to, struct http_req *r, const char *extra,
    uint64_t timeout_ms, http_relay_lost *on_lost, void *ctx);

#endif
