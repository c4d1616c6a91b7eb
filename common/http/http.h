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
 *
 * Every request that on_request() has shown ends in exactly one of four
 * ways, after which it must not be touched: http_reply() or http_fail(),
 * http_end(), http_abort() or http_upgrade() was called; or on_gone() tells
 * that the client has left (or the server is being freed) before the answer
 * was complete. An answer may come before the body's end: the rest of the
 * body is then thrown away. A client that closes its sending side while its
 * answer is held back counts as gone.
 *
 * Pipelined requests are answered in order: the next one is parsed after the
 * current one is answered. No callback is ever called from inside a function
 * of this header, so callers need not fear their own re-entry; a callback
 * may free anything, its server or client included.
 */
#ifndef COMMON_HTTP_HTTP_H
#define COMMON_HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/loop.h"

struct tls_keys;

/* Limits; those with a member in struct http_limits are its defaults. */
#define HTTP_MAX_HEAD       65536 /* request or status line and all fields */
#define HTTP_MAX_FIELDS     128
#define HTTP_MAX_BODY       (16u << 20)  /* of a collected body */
#define HTTP_MAX_BODIES     (256u << 20) /* of all collected at one time */
#define HTTP_MAX_PER_CLIENT 100 /* connections of one address; 0: no limit */
#define HTTP_MAX_CONNS      16384
#define HTTP_IDLE_MS        120000 /* keep-alive without a request */
#define HTTP_HEAD_MS        30000  /* from the first byte to a whole head */
#define HTTP_STALL_MS       60000  /* a body or an answer that does not move */
#define HTTP_OUT_HIGH       262144 /* queued answer bytes that pause a writer */
#define HTTP_IN_HIGH        65536  /* unparsed bytes kept while one is held */
#define HTTP_DISCARD_MAX    262144 /* unread body thrown away, else close */
#define HTTP_LINGER_MS      2000   /* a refused client may read its answer */

/* Zero in idle_ms, head_ms or stall_ms means no such limit. */
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
	/* The body is complete; only called where on_body is set, and also
	 * for a request without a body. */
	void (*on_end)(void *ctx, struct http_req *r);
	/* The client left before its answer was complete. Optional. */
	void (*on_gone)(void *ctx, struct http_req *r);
};

/* Listens at "host:port" or "unix:/path". NULL on failure ("address in
 * use" names the address). ops and ctx are borrowed. limits may be NULL. */
struct http_server *http_server_new(struct loop *l, const char *addr,
    const struct http_limits *limits, const struct http_ops *ops, void *ctx,
    struct err *err);
/* The same on a listening, non-blocking socket, which is taken over. */
struct http_server *http_server_on(struct loop *l, int fd,
    const struct http_limits *limits, const struct http_ops *ops, void *ctx);
/* Such a socket (close-on-exec), or -1. With reuse_port several threads or
 * processes may listen at one address and share its connections. A unix
 * socket nobody listens at is replaced. */
int http_listen(const char *addr, bool reuse_port, struct err *err);
/*
 * HTTPS: from now on whoever connects speaks TLS; before anybody is let in.
 * keys are borrowed while the server lives. A unix socket stays plain.
 *
 * Handshakes have the limits of tls_relay.h; those of one address count once it
 * is through. A connection takes three descriptors, so a third as many of them
 * are let in.
 */
void http_server_tls(struct http_server *s, struct tls_keys *keys);
/* Stops listening, lets answers under way finish for grace_ms, then calls
 * done(ctx), after which the server is to be freed. */
void http_server_drain(struct http_server *s, uint64_t grace_ms,
    void (*done)(void *ctx), void *ctx);
void http_server_free(struct http_server *s); /* NULL is fine */
/* The bound address, such as "127.0.0.1:40123"; useful after port 0. */
const char *http_server_addr(const struct http_server *s);

struct http_stats {
	uint64_t conns;       /* open now */
	uint64_t accepted;    /* ever */
	uint64_t requests;    /* whole heads seen */
	uint64_t refused;     /* malformed or over a size limit */
	uint64_t truncated;   /* the client left within a request */
	uint64_t crowded;     /* over the limit of one address: 429 */
	uint64_t timed_out;   /* head or body or answer did not move */
	uint64_t tls_refused; /* whose handshake was not good */
};
struct http_stats http_server_stats(const struct http_server *s);
/* A line for each, for a daemon's `ctl info`: "http_conns" and so on. */
void http_stats_info(const struct http_stats *s,
    void (*add)(void *ctx, const char *name, const char *value), void *ctx);
/* Adds one server's to another's. */
void http_stats_add(struct http_stats *sum, const struct http_stats *s);

/* --- what was asked (borrowed while the request lives) --- */
const char *http_method(const struct http_req *r);
/* GET or HEAD, which change nothing: who got no answer may ask again. */
bool http_is_read(const struct http_req *r);
const char *http_target(const struct http_req *r); /* as sent */
/* Up to '?', still encoded; of "http://host/x" it is "/x". */
const char *http_path(const struct http_req *r);
const char *http_query(const struct http_req *r); /* after '?', or "" */
/* The authority of an absolute target, else the Host field, else "". */
const char *http_host(const struct http_req *r);
int http_minor(const struct http_req *r); /* 0 or 1 */
/* The field's value (case of name is ignored), or NULL; the first of many. */
const char *http_field(const struct http_req *r, const char *name);
/* All fields in the order they came. */
const struct http_field *http_fields(const struct http_req *r, size_t *n);
const char *http_body(const struct http_req *r, size_t *n); /* collected */
/* The body's length as announced; -1 chunked, 0 none. */
int64_t http_body_length(const struct http_req *r);
/* "Connection: upgrade" with an Upgrade field (whose value see there). */
bool http_wants_upgrade(const struct http_req *r);
const char *http_peer(const struct http_req *r); /* "127.0.0.1:4711" */
/* Where the connection arrived, in the same form. */
const char *http_local(const struct http_req *r);
/* A query parameter, decoded into out (cut at size); false when absent. */
bool http_param(
    const struct http_req *r, const char *name, char *out, size_t size);
bool http_has_param(const struct http_req *r, const char *name);
/* All values of one that may be given many times, on the heap; at most max,
 * those that are empty or wrongly escaped left out. Returns how many. */
size_t http_params(
    const struct http_req *r, const char *name, char **out, size_t max);
void *http_req_data(const struct http_req *r);
void http_req_set_data(struct http_req *r, void *data);

/* For a server with on_body, within on_request(): this one's body is
 * collected after all; on_end() is called when http_body() has it. */
void http_collect(struct http_req *r);
/* The same, but up to so many bytes instead of the server's max_body; all that
 * are collected at a time still share HTTP_MAX_BODIES. */
void http_collect_most(struct http_req *r, size_t max);

/* Appends text as a part of a path or of a query: all is percent-encoded but
 * letters, digits and "-._~". */
void http_escape(const char *text, struct buf *out);

/* Percent-decodes n bytes in place of out (size >= n + 1); -1 when the
 * escapes are wrong or a NUL comes out. '+' is a blank only in a query.
 * Returns the length. */
int http_unescape(const char *s, size_t n, char *out, size_t size, bool query);

/* Does a comma list such as "keep-alive, Upgrade" name the token? */
bool http_list_has(const char *list, const char *token);

/* The reason phrase of a status: "OK"; "Status" for an unknown one. */
const char *http_reason(int status);

/* --- answering --- */

/* Adds a field to the answer; before it begins. Copied. CR, LF and NUL in
 * a value are replaced by blanks. Content-Length, Transfer-Encoding and
 * Connection are the engine's and are ignored here (a 101 gets "Connection:
 * Upgrade"); Date is added where it is missing. */
void http_add(struct http_req *r, const char *name, const char *value);
/* One that another message had: of http_fields() or an http_answer. */
void http_add_field(struct http_req *r, const struct http_field *f);
/* This answer is the connection's last; before it begins. */
void http_close_after(struct http_req *r);
/* A whole answer with Content-Length; body is copied (NULL with n 0). type
 * may be NULL. */
void http_reply(struct http_req *r, int status, const char *type,
    const void *body, size_t n);
/* An error as plain text. */
void http_fail(struct http_req *r, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* A streamed answer: chunked for 1.1, until close for 1.0, or with the
 * given length (>= 0). To HEAD, and with 204 and 304, the body is dropped
 * and a length >= 0 is still told where it may be. What is begun and written
 * goes out when the turn of the loop ends, or at 16 kB, or at http_end(). */
void http_begin(struct http_req *r, int status, int64_t length);
/* Queues bytes; false when more than HTTP_OUT_HIGH are queued: wait for
 * on_drained before writing on (more is still taken). */
bool http_write(struct http_req *r, const void *p, size_t n);
/* fn is called whenever a queue that made http_write() say false is nearly
 * empty again. */
void http_on_drained(
    struct http_req *r, void (*fn)(void *ctx, struct http_req *r), void *ctx);
void http_end(struct http_req *r);
/* Gives up an answer that has begun: the connection is reset. */
void http_abort(struct http_req *r);
bool http_has_begun(const struct http_req *r);

/* Holds body pieces (and the peer's window) back, and lets them go on. A
 * client that waits for "100 Continue" gets it unless on_request() pauses:
 * then at the resume. */
void http_req_pause(struct http_req *r);
void http_req_resume(struct http_req *r);

/*
 * After http_begin() with 101: takes the connection over. Returns its
 * non-blocking descriptor (now the caller's) and moves what was read past
 * the head into rest, and what could not be written yet, mostly nothing,
 * into unsent. -1 when the request has a body that is not through.
 */
int http_upgrade(struct http_req *r, struct buf *rest, struct buf *unsent);

/* --- the client half --- */

struct http_client; /* keep-alive connections to one address */
struct http_call;

struct http_answer {
	int status; /* 0: no answer, see err */
	int minor;
	const struct http_field *fields;
	size_t nfields;
	int64_t length; /* of the body, as announced; -1 unknown */
	const char *body;
	size_t len;
	/* Where there was no answer: was any byte of the request handed to
	 * the system? If not, another server may be asked without fear. */
	bool sent;
};

/* "host:port" or "unix:/path"; host is also sent as Host. Names are looked
 * up without blocking when the first connection is made. */
struct http_client *http_client_new(struct loop *l, const char *addr);
void http_client_free(struct http_client *c); /* pending calls fail */
/* HTTPS, before the first call; not to a unix socket. keys are borrowed while
 * the client lives, NULL: plain. name as for tls_keys_begin(). */
void http_client_tls(
    struct http_client *c, struct tls_keys *keys, const char *name);

#define HTTP_CLIENT_MAX_CONNS  1024 /* further calls fail with ERR_BUSY */
#define HTTP_CLIENT_MAX_IDLE   32
#define HTTP_CLIENT_IDLE_MS    15000
#define HTTP_CLIENT_CONNECT_MS 10000
#define HTTP_CLIENT_MAX_BODY   (64u << 20) /* of a collected answer */
#define HTTP_REPLAY_MAX        65536       /* a longer request is not retried */

struct http_client_opts {
	size_t max_conns, max_idle;
	uint64_t idle_ms, connect_ms;
	size_t max_body;
};
void http_client_opts_init(struct http_client_opts *o);
void http_client_set(struct http_client *c, const struct http_client_opts *o);

/*
 * on_answer is called exactly once (err NULL on success), unless the call is
 * cancelled before. With on_piece the body is handed over as it comes and
 * not collected; on_piece may be NULL. headers are "Name: value" lines, NULL
 * for none. timeout_ms covers the whole call; 0 is none. The answer is
 * borrowed during the callback; after on_answer the call is gone.
 *
 * A call that meets a kept connection which the server has closed meanwhile
 * is sent again, once, on a new one: when its method only asks (GET, HEAD,
 * OPTIONS, TRACE), or when nothing was sent.
 */
typedef void http_on_answer(
    void *ctx, const struct err *err, const struct http_answer *answer);
typedef void http_on_piece(void *ctx, const char *p, size_t n);
struct http_call *http_call(struct http_client *c, const char *method,
    const char *target, const char *const *headers, size_t nheaders,
    const void *body, size_t n, uint64_t timeout_ms, http_on_answer *on_answer,
    http_on_piece *on_piece, void *ctx);
/* No callback comes any more; the connection is closed. */
void http_call_cancel(struct http_call *call);

/*
 * The same in pieces, for a proxy. on_head shows status and fields before
 * any of the body (and not for 1xx other than 101); on_room tells that a
 * queue that made http_call_write() say false is nearly empty again.
 */
struct http_call_ops {
	void (*on_head)(void *ctx, const struct http_answer *a); /* optional */
	http_on_piece *on_piece;                                 /* optional */
	http_on_answer *on_answer;
	void (*on_room)(void *ctx); /* optional */
};
/*
 * fields are complete "Name: value\r\n" lines, Host included; the engine
 * adds Content-Length or Transfer-Encoding. length is the body's; -1 sends
 * chunks; 0 with GET, HEAD and the like sends none. After it come
 * http_call_write() and, in every case, http_call_end().
 */
struct http_call *http_call_begin(struct http_client *c, const char *method,
    const char *target, const char *fields, size_t nfields, int64_t length,
    uint64_t timeout_ms, const struct http_call_ops *ops, void *ctx);
/* Its timeout_ms is for the answer to begin, however long it then lasts. */
void http_call_limit_head(struct http_call *call);
bool http_call_write(struct http_call *call, const void *p, size_t n);
void http_call_end(struct http_call *call);
/* Holds pieces (and the server's window) back, and lets them go on. */
void http_call_pause(struct http_call *call);
void http_call_resume(struct http_call *call);
/* Within on_head() of a 101: takes the connection over, as http_upgrade(). */
int http_call_upgrade(
    struct http_call *call, struct buf *rest, struct buf *unsent);

/*
 * For programs that ask one thing at a time: blocks. On success fills status
 * and body (caller releases) and returns 0. fields, when not NULL, receives
 * the raw header lines. ERR_GONE: nobody answers there; ERR_TIMEOUT.
 */
int http_ask(const char *addr, const char *method, const char *target,
    const char *const *headers, size_t nheaders, const void *body, size_t n,
    uint64_t timeout_ms, int *status, struct buf *fields, struct buf *out,
    struct err *err);
/* The same, but hands the body of a 200 over as it comes (other bodies land
 * in out); on_piece returns false to stop, which is a success. timeout_ms is
 * then for the head only. */
int http_ask_stream(const char *addr, const char *method, const char *target,
    const char *const *headers, size_t nheaders, uint64_t timeout_ms,
    bool (*on_piece)(void *ctx, const char *p, size_t n), void *ctx,
    int *status, struct buf *out, struct err *err);
/* From now on the program asks by HTTPS, unix sockets excepted. keys are
 * borrowed; NULL: plain, as at first. */
void http_ask_use_tls(struct tls_keys *keys);

#endif
