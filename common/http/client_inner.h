/*
 * What the files of the client half share; nobody else includes this.
 *
 * call.c makes calls and ends them; link.c has connections and sends requests,
 * tls.c
 * their handshakes; link_answer.c reads the answers; client.c has the pool, the
 * time limits and the ends of turns; resolve.c looks names up.
 *
 * A link serves one call at a time and is freed in link_settle() alone; a
 * call is freed in call_finish() or when it is cancelled. Callbacks come from
 * events only, so what goes wrong inside a function of http.h is kept in the
 * call and told at the end of the turn.
 */
#ifndef COMMON_HTTP_CLIENT_INNER_H
#define COMMON_HTTP_CLIENT_INNER_H

#include <sys/queue.h>

#include "common/http/addr.h"
#include "common/http/http.h"
#include "common/http/msg.h"
#include "common/http/out.h"

#define CLIENT_MAX_ADDRS  4
#define CLIENT_LOOKUP_TTL 60000 /* ms until a name is looked up again */

struct http_call {
	TAILQ_ENTRY(http_call) link_entry; /* of the client's calls */
	TAILQ_ENTRY(http_call) run_entry;  /* waits for the end of the turn */
	struct http_client *client;
	struct http_link *link; /* NULL: none yet, or no more */
	struct http_call_ops ops;
	void *ctx;
	struct buf text; /* the request, as long as it may be needed again */
	struct buf head; /* the answer's table and text */
	struct buf body; /* collected */
	struct http_answer answer;
	struct err *failed; /* to be told at the end of the turn */
	uint64_t deadline_ms;
	bool to_head, is_safe, chunked;
	bool limits_head; /* the deadline is for the answer to begin */
	bool ended;       /* http_call_end() has been called */
	bool sent;        /* some of it was handed to the system */
	bool answered;    /* some of an answer has come */
	bool retried;
	bool paused, in_run;
	int64_t left; /* of a sized body that is written in pieces */
	bool full;    /* http_call_write() said false */
	bool shown;   /* on_head has been called */
	bool over;    /* on_answer has been called, or is about to be */
};
TAILQ_HEAD(http_calls, http_call);

struct http_link {
	TAILQ_ENTRY(http_link) entry; /* of the client's links */
	TAILQ_ENTRY(http_link) idle_entry;
	struct http_client *client;
	struct http_call *call; /* NULL: idle, or dead */
	int fd;                 /* -1: none, or in its handshake */
	struct loop_fd *watch;
	struct tls_line *line; /* the handshake */
	uint64_t refused;      /* by the relay before it began */
	struct http_msg msg;
	struct buf in;
	size_t in_off, scanned;
	char *view;
	size_t nview;
	struct http_out out;
	size_t naddr;         /* which of the client's addresses */
	uint64_t deadline_ms; /* to connect, or to stay idle */
	unsigned busy;
	bool connecting, reused, idle, dead;
};
TAILQ_HEAD(http_links, http_link);

struct http_client {
	struct loop *loop;
	char *addr;
	char host[HTTP_NAME_MAX + 32];
	struct http_client_opts opts;
	struct http_addr to;
	struct err bad;        /* why the address is none */
	struct tls_relay *tls; /* NULL: plain */
	struct {
		union http_sock sock;
		socklen_t len;
	} addrs[CLIENT_MAX_ADDRS];
	size_t naddrs;
	uint64_t looked_up_ms;
	const char *why;            /* there are no addresses; NULL */
	struct http_lookup *lookup; /* under way */
	struct http_calls calls, run;
	struct http_links links, idle;
	size_t nlinks, nidle;
	struct event *at_turn_end;
	struct loop_timer *sweep;
	uint64_t sweep_at_ms;
	unsigned depth;
	bool doomed;
};

/* client.c */
void client_enter(struct http_client *c);
void client_leave(struct http_client *c); /* may free c */
void client_run_later(struct http_call *call);
void client_want_sweep(struct http_client *c, uint64_t at_ms);
/* Finds or opens a link for a call that has none. */
void client_assign(struct http_client *c, struct http_call *call, bool fresh);

/* resolve.c */
/* Are the addresses known? Else begins to look them up. */
bool client_resolve(struct http_client *c);
void client_resolve_cancel(struct http_client *c);
void client_on_resolved(struct http_client *c, const char *why);

/* call.c */
/* Ends a call from an event: callback, and gone. */
void call_finish(struct http_call *call, const struct err *err);
/* Lets a call end with an error when the turn ends. */
void call_fail_later(struct http_call *call, enum err_code code,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Its link has failed: once more, or the end. From an event. */
void call_link_lost(struct http_call *call, const char *why);
void call_free(struct http_call *call);

/* link.c */
/* A link on a new connection, or NULL with errno. */
struct http_link *link_new(struct http_client *c);
/* Gives it a call, whose text goes out when the connection stands. */
void link_begin(struct http_link *l, struct http_call *call);
/* Is a kept connection still open, as far as can be seen? */
bool link_is_fresh(struct http_link *l);
void link_send(struct http_link *l, const void *p, size_t n);
void link_resume_input(struct http_link *l);
/* The socket has something, or its end. */
void link_on_readable(struct http_link *l);
void link_close(struct http_link *l); /* its call is not told */
void link_settle(struct http_link *l);
void link_connect_failed(struct http_link *l, int error);
/* The connection stands: fd is its socket, or its plain end. */
void link_stands(struct http_link *l, int fd);

/* tls.c */
/* Begins the handshake on the link's socket. */
void link_shake(struct http_link *l);
/* Why TLS ended the link, if it was that; else NULL. */
const char *link_tls_why(const struct http_link *l);

#endif
