/*
 * One HTTP/1.1 engine for every server here and for lbd's proxy path.
 *
 * It works on plain descriptor events of a loop: reads and writes directly
 * and waits for a descriptor only after EAGAIN. http-parser does the
 * parsing, behind a check of our own for what Debian's build lets pass (bare
 * LF, blanks in or after field names, obs-fold, two Hosts, CL with TE ...):
 * such a request gets 400 and its connection is closed.
 *
 * A request's life: on_request() when its head is complete; body pieces by
 * on_body() as they come (http_req_pause() holds them back: the peer feels
 * it); on_end() after the last; then, or before, an answer: http_reply() at
 * once or later, or http_begin(), http_write() ..., http_end() for a stream.
 * on_gone() tells that the client has left before its answer was complete:
 * no further call on that request is allowed after it returns.
 *
 * Pipelined requests are answered in order: the next one is parsed after the
 * current one is answered.
 */
#ifndef COMMON_HTTP_HTTP_H
#define COMMON_HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/loop.h"

/* Limits; those with a member in struct http_limits are its defaults. */
#define HTTP_MAX_HEAD       65536 /* request or status line and all fields */
#define HTTP_MAX_FIELDS     128
#define HTTP_MAX_BODY       (16u << 20) /* of a collected body */
#define HTTP_MAX_PER_CLIENT 100 /* connections of one address; 0: no limit */
#define HTTP_MAX_CONNS      16384
#define HTTP_IDLE_MS        120000 /* keep-alive without a request */
#define HTTP_HEAD_MS        30000  /* from the first byte to a whole head */
#define HTTP_STALL_MS       60000  /* a body or an answer that does not move */
#define HTTP_OUT_HIGH       262144 /* queued answer bytes that pause a writer */

struct http_limits {
	size_t max_head, max_fields, max_body;
	size_t max_per_client, max_conns;
	uint64_t idle_ms, head_ms, stall_ms;
};
void http_limits_init(struct http_limits *l);

struct http_field {
	const char *name, *value; /* as sent; value trimmed; NUL-terminated */
	size_t name_len, value_len;
};

struct http_server;
struct http_req; /* one request on one connection, and its answer */

struct http_ops {
	/* The head is complete. */
	void (*on_request)(void *ctx, struct http_req *r);
	/* Optional, for streamed bodies: without on_body the engine collects
	 * the body (up to max_body, else 413) before it calls on_request. */
	void (*on_body)(void *ctx, struct http_req *r, const char *p, size_t n);
	void (*on_end)(void *ctx, struct http_req *r);
	/* The client left before its answer was complete. Optional. */
	void (*on_gone)(void *ctx, struct http_req *r);
};

/* Listens at "host:port" or "unix:/path". NULL on failure ("address in
 * use" names the address). ops and ctx are borrowed. limits may be NULL. */
struct http_server *http_server_new(struct loop *l, const char *addr,
    const struct http_limits *limits, const struct http_ops *ops, void *ctx,
    struct err *err);
/* Stops listening, lets answers under way finish for grace_ms, then calls
 * done(ctx). */
void http_server_drain(struct http_server *s, uint64_t grace_ms,
    void (*done)(void *ctx), void *ctx);
void http_server_free(struct http_server *s);
/* The bound address, such as "127.0.0.1:40123"; useful after port 0. */
const char *http_server_addr(const struct http_server *s);

/* --- what was asked (borrowed while the request lives) --- */
const char *http_method(const struct http_req *r);
const char *http_target(const struct http_req *r); /* as sent */
const char *http_path(const struct http_req *r);  /* up to '?', still encoded */
const char *http_query(const struct http_req *r); /* after '?', or "" */
int http_minor(const struct http_req *r);         /* 0 or 1 */
/* The field's value (case of name is ignored), or NULL; the first of many. */
const char *http_field(const struct http_req *r, const char *name);
const struct http_field *http_fields(const struct http_req *r, size_t *n);
const char *http_body(const struct http_req *r, size_t *n); /* collected */
const char *http_peer(const struct http_req *r); /* "127.0.0.1:4711" */
/* A query parameter, decoded into out (cut at size); false when absent. */
bool http_param(
    const struct http_req *r, const char *name, char *out, size_t size);
bool http_has_param(const struct http_req *r, const char *name);
void *http_req_data(const struct http_req *r);
void http_req_set_data(struct http_req *r, void *data);
struct loop *http_req_loop(const struct http_req *r);

/* Percent-decodes n bytes in place of out (size >= n + 1); -1 when the
 * escapes are wrong or a NUL comes out. '+' is a blank only in a query. */
int http_unescape(const char *s, size_t n, char *out, size_t size, bool query);

/* --- answering --- */

/* Adds a field to the answer; before it begins. Copied. CR, LF and NUL in
 * a value are replaced by blanks. */
void http_add(struct http_req *r, const char *name, const char *value);
/* A whole answer with Content-Length; body is copied (NULL with n 0). */
void http_reply(struct http_req *r, int status, const char *type,
    const void *body, size_t n);
/* An error as plain text. */
void http_fail(struct http_req *r, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* A streamed answer: chunked for 1.1, until close for 1.0, or with the
 * given length (>= 0). */
void http_begin(struct http_req *r, int status, int64_t length);
/* Queues bytes; false when more than HTTP_OUT_HIGH are queued: wait for
 * on_drained before writing on (more is still taken). */
bool http_write(struct http_req *r, const void *p, size_t n);
void http_on_drained(
    struct http_req *r, void (*fn)(void *ctx, struct http_req *r), void *ctx);
void http_end(struct http_req *r);
/* Gives up an answer that has begun: the connection is reset. */
void http_abort(struct http_req *r);

/* Holds body pieces (and the peer's window) back, and lets them go on. */
void http_req_pause(struct http_req *r);
void http_req_resume(struct http_req *r);

/*
 * After a 101 answer: takes the connection over. Returns its descriptor (now
 * the caller's) and moves what was read past the head into rest.
 */
int http_upgrade(struct http_req *r, struct buf *rest);

/* --- the client half --- */

struct http_client; /* keep-alive connections to one address */
struct http_call;

struct http_answer {
	int status; /* 0: no answer, see err */
	const struct http_field *fields;
	size_t nfields;
	const char *body;
	size_t len;
};

/* "host:port" or "unix:/path"; host is also sent as Host. */
struct http_client *http_client_new(struct loop *l, const char *addr);
void http_client_free(struct http_client *c); /* pending calls fail */

/*
 * on_answer is called exactly once (err NULL on success), unless the call is
 * cancelled before. With on_piece the body is handed over as it comes and
 * not collected; on_piece may be NULL. headers are "Name: value" lines, NULL
 * for none.
 */
typedef void http_on_answer(
    void *ctx, const struct err *err, const struct http_answer *answer);
typedef void http_on_piece(void *ctx, const char *p, size_t n);
struct http_call *http_call(struct http_client *c, const char *method,
    const char *target, const char *const *headers, size_t nheaders,
    const void *body, size_t n, uint64_t timeout_ms, http_on_answer *on_answer,
    http_on_piece *on_piece, void *ctx);
void http_call_cancel(struct http_call *call);

/*
 * For programs that ask one thing at a time: blocks. On success fills status
 * and body (caller releases) and returns 0. fields, when not NULL, receives
 * the raw header lines.
 */
int http_ask(const char *addr, const char *method, const char *target,
    const char *const *headers, size_t nheaders, const void *body, size_t n,
    uint64_t timeout_ms, int *status, struct buf *fields, struct buf *out,
    struct err *err);

#endif
