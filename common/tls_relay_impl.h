/*
 * Inside tls_relay*.c: a relay and its lines.
 */
#ifndef COMMON_TLS_RELAY_IMPL_H
#define COMMON_TLS_RELAY_IMPL_H

#include <sys/queue.h>

#include <openssl/ssl.h>

#include "common/buf.h"
#include "common/http/addr.h"
#include "common/tls_relay.h"

enum tls_line_state {
	TLS_LINE_LOOKING_UP,
	TLS_LINE_CONNECTING,
	TLS_LINE_SHAKING,
	TLS_LINE_OPEN,
	TLS_LINE_CROWDED_OUT, /* not counted; who waits for it is told soon */
};

/* Bytes that one side was sent and the other has not taken yet. */
struct tls_way {
	struct buf bytes;
	size_t off;
	bool eof; /* and no more come */
};

struct tls_line {
	TAILQ_ENTRY(tls_line) entry;
	struct tls_relay *relay;
	enum tls_line_state state;
	int tcp, plain; /* -1: not yet */
	struct loop_fd *tcp_watch, *plain_watch;
	struct loop_timer *shake_timer;
	struct loop_timer *end_timer; /* since the plain end has ended */
	struct lookup *lookup;
	SSL *ssl;
	uint64_t sent, sent_before; /* bytes to TLS; when end_timer was set */
	bool wants_write;           /* OpenSSL waits for room */
	bool taken;                 /* by tls_relay_take() */
	bool halved;             /* shut down for writing, as its plain end */
	bool last;               /* the relay is being freed */
	struct tls_way up, down; /* to TLS, from TLS */
	char peer[HTTP_ADDR_SIZE];
	tls_relay_opened *on_open; /* until it is told; else NULL */
	void *ctx;
};

TAILQ_HEAD(tls_lines, tls_line);

struct tls_relay {
	struct loop *loop;
	struct tls_keys *keys;
	char *addr;
	char *name; /* to be borne by who is dialled; NULL: the keys' */
	struct tls_lines lines;   /* open or crowded out */
	struct tls_lines shaking; /* not open yet, oldest first */
	size_t nlines, nshaking;  /* counted, and those not open yet */
	size_t next; /* which of a name's addresses is tried; it wraps */
	struct tls_relay_stats stats;
	uint64_t said_ms, unsaid;
	char why[128]; /* of the last who was refused; "": none was */
	/* Of a listening one. */
	int fd;
	struct loop_fd *watch;
	struct loop_timer *crowded;
	tls_relay_open *open;
	void *ctx;
};

/* --- tls_relay.c --- */

/* Counts it, and tells it once a minute. */
void tls_relay_refused(struct tls_relay *r, const char *peer, const char *why);
void tls_line_free(struct tls_line *n);

/* --- tls_relay_take.c --- */

/* Two sockets, of which one is the line's plain end now; the other, or -1. */
int tls_line_pair(struct tls_line *n);
/* Tells who waits for the line that fd is the plain end; it may be gone. */
void tls_line_hand_over(struct tls_line *n, int fd);
/* The handshake has failed: one who speaks HTTP in plain is told so. */
void tls_line_answer_plain(const struct tls_line *n);
/* The plain end has ended, and the other has had all of it. True: the line is
 * not over yet, for that end still reads. */
bool tls_line_halve(struct tls_line *n);
/* The plain end has ended: one that takes nothing for long is hung up on. */
void tls_line_limit_end(struct tls_line *n);

/* --- tls_relay_move.c --- */

/* What OpenSSL said of a call that did not succeed. 1: the other side has
 * ended; 0: later; -1: it failed. */
int tls_line_judge(struct tls_line *n, int rv);
/* Moves what can be moved; the line may be gone then. */
void tls_line_pump(struct tls_line *n);

#endif
