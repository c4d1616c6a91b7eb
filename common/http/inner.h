/*
 * What the files of the server half share; nobody else includes this.
 *
 * server.c has the life and the sweep; accept.c lets in, tls.c those of
 * HTTPS; conn.c hears a
 * connection's events and knows when it ends; input.c parses and moves it from
 * request to request; answer.c makes answers and gets them out; request.c shows
 * what was asked.
 *
 * A connection is freed in one place, conn_settle(), which every entry (an
 * event, the end of a turn, a call from outside) passes last.
 */
#ifndef COMMON_HTTP_INNER_H
#define COMMON_HTTP_INNER_H

#include <sys/queue.h>

#include "common/http/addr.h"
#include "common/http/http.h"
#include "common/http/msg.h"
#include "common/http/out.h"
#include "common/table.h"

enum http_phase { HTTP_WAITING, HTTP_BEGUN, HTTP_ENDED }; /* of an answer */

struct http_req {
	struct http_head head;
	const char *path; /* its own copy, terminated */
	const char *host; /* of an absolute target; NULL: the field's */
	void *data;
	struct buf body;   /* collected */
	struct buf params; /* of the path: "name\0value\0" pairs */
	struct buf added;  /* field lines of the answer */
	bool collect;      /* the body is collected */
	size_t max_body;   /* then: at most so much of it */
	bool shown;        /* on_request has been called */
	bool told_end;     /* and that the body is through */
	bool paused;
	bool expect; /* 100 Continue is still owed */
	bool has_date, has_type;
	bool chunked;  /* the answer's framing */
	bool bodiless; /* the answer's content is dropped */
	enum http_phase phase;
	int status;
	int64_t left;     /* of a sized answer; -1 unknown */
	size_t discarded; /* body bytes thrown away after the answer */
	bool full;        /* http_write() said false */
	void (*on_drained)(void *ctx, struct http_req *r);
	void *drained_ctx;
};

struct http_peer; /* one client address, and its connections */

struct http_conn {
	TAILQ_ENTRY(http_conn) link;
	TAILQ_ENTRY(http_conn) run_link; /* waits for the end of the turn */
	struct http_server *server;
	int fd;
	struct loop_fd *watch;
	struct http_peer *peer; /* NULL: not counted */
	union http_sock sock;
	char *name, *local; /* as text; NULL until asked */

	struct http_req req;
	struct http_msg msg;
	bool active;      /* a request is under way */
	unsigned busy;    /* entries on the stack: not to be freed yet */
	bool in_run;      /* on the server's run list */
	bool eof;         /* the client sends no more */
	bool broken;      /* the socket has failed */
	bool dead;        /* conn_settle() is to free it */
	bool reset;       /* and to reset, not close */
	bool close_after; /* this answer is the last */
	bool unclean;     /* unread input is left: linger */
	bool lingering;
	bool crowded; /* over its address's limit: turned away */

	struct buf in; /* read and not parsed; from in_off */
	size_t in_off;
	size_t scanned; /* of a head that is not whole */
	char *view;     /* what input_feed() has before it */
	size_t nview;
	struct buf head; /* the fields' table and text of the request */
	struct http_out out;
	uint64_t since_ms;    /* of a head's first byte, or the lingering */
	uint64_t deadline_ms; /* UINT64_MAX: none */
};

TAILQ_HEAD(http_conns, http_conn);

struct http_peer {
	UT_hash_handle hh;
	struct in6_addr ip;
	size_t nconns;
};

enum http_complaint {
	HTTP_REFUSED,
	HTTP_TRUNCATED,
	HTTP_CROWDED,
	HTTP_SLOW,
	HTTP_NCOMPLAINTS
};

struct http_server {
	struct loop *loop;
	int fd;
	struct tls_relay *tls; /* NULL: plain */
	struct loop_fd *watch;
	char addr[HTTP_ADDR_SIZE];
	struct http_limits limits;
	const struct http_ops *ops;
	void *ctx;
	struct http_conns conns, run;
	struct http_peer *peers;
	struct event *at_turn_end;
	bool in_turn_end;
	struct loop_timer *sweep, *grace, *retry, *again;
	uint64_t sweep_at_ms, sweep_step_ms;
	unsigned depth; /* callbacks of ours on the stack */
	bool doomed;    /* freed within one */
	bool draining, is_drained;
	void (*drained)(void *ctx);
	void *drained_ctx;
	struct http_stats stats;
	size_t ncrowded;
	uint64_t accept_failed_ms;
	size_t nbodies; /* bytes in collected bodies */
	struct {
		uint64_t at_ms;
		uint64_t untold;
	} complaints[HTTP_NCOMPLAINTS];
	struct buf scratch; /* an answer's head */
	char date[48];      /* "Date: ...\r\n" */
	int64_t date_s;
};

/* server.c */
void server_enter(struct http_server *s);
void server_leave(struct http_server *s); /* may free s */
void server_run_later(struct http_conn *c);
void server_want_sweep(struct http_server *s, uint64_t at_ms);
void server_check_drained(struct http_server *s);

/* accept.c */
void server_on_connect(void *server, bool readable, bool writable);
void server_accept_again(void *server);
/* One more connection, at whose other end sock is. */
void server_welcome(struct http_server *s, int fd, const union http_sock *sock);
void server_complain(
    struct http_conn *c, enum http_complaint what, const char *why);
void server_forget(struct http_conn *c); /* counts, lists, memory */

/* tls.c */
/* Welcomes it when its handshake is through. */
void server_shake(
    struct http_server *s, int fd, const union http_sock *sock, socklen_t len);

/* conn.c */
struct http_conn *conn_new(struct http_server *s, int fd,
    const union http_sock *sock, struct http_peer *peer);
/* The client has gone, or must: tells the application, marks it dead. */
void conn_gone(struct http_conn *c);
void conn_refuse(struct http_conn *c, int status, const char *why);
/* The answer is complete. May free c, unless it is busy. */
void conn_answered(struct http_conn *c);
/* The end of a turn in which server_run_later() was called. */
void conn_on_turn_end(struct http_conn *c);
/* Frees it if it is dead; else sets what to wait for. The last step. */
void conn_settle(struct http_conn *c);
/* Its time is up, or its socket has failed: ends it. */
void conn_on_sweep(struct http_conn *c, uint64_t now_ms);
struct http_conn *conn_of(const struct http_req *r);

/* input.c */
/* Parses p[0..n) as far as it goes; returns how much of it is used up. */
size_t input_feed(struct http_conn *c, char *p, size_t n);
/* The answer and the body are through: ready for the next request. */
void input_finish(struct http_conn *c);
bool input_is_paused(const struct http_conn *c);

/* answer.c */
void answer_continue(struct http_conn *c);
void answer_text(struct http_conn *c, int status, const char *text);
/* Sends what is queued. */
void answer_send(struct http_conn *c);
/* The same, and tells a writer that was stopped; only from an event. */
void answer_flush(struct http_conn *c);
void answer_reset(struct http_req *r);

#endif
