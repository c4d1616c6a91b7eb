/* An open line's bytes: from the plain end to TLS, and back. */
#include <errno.h>
#include <sys/socket.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "common/tls_relay_impl.h"

#define ROUNDS 16 /* pieces that one event moves each way */

static size_t
waiting(const struct tls_way *w)
{
	return w->bytes.len - w->off;
}

static void
keep(struct tls_way *w, const char *p, size_t n)
{
	buf_add(&w->bytes, p, n);
}

static void
took(struct tls_way *w, size_t n)
{
	w->off += n;
	if (waiting(w) == 0) {
		buf_release(&w->bytes);
		w->off = 0;
	}
}

int
tls_line_judge(struct tls_line *n, int rv)
{
	switch (SSL_get_error(n->ssl, rv)) {
	case SSL_ERROR_WANT_READ:
		return 0;
	case SSL_ERROR_WANT_WRITE:
		n->wants_write = true;
		return 0;
	case SSL_ERROR_ZERO_RETURN:
		return 1;
	default:
		return -1;
	}
}

/* Gives TLS some bytes: how many it took (0: none now), or -1. */
static ssize_t
put_tls(struct tls_line *n, const char *p, size_t len)
{
	int rv;

	ERR_clear_error();
	rv = SSL_write(n->ssl, p, (int)len);
	if (rv > 0) {
		n->sent += (uint64_t)rv;
		return rv;
	}
	return tls_line_judge(n, rv) == 0 ? 0 : -1;
}

static ssize_t
put_plain(struct tls_line *n, const char *p, size_t len)
{
	ssize_t rv = send(n->plain, p, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (rv == -1 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return rv;
}

/* Fills p: how many bytes came; 0: none now; -1: failed, or no more
 * (w->eof). */
static ssize_t
get_plain(struct tls_line *n, char *p)
{
	ssize_t rv = recv(n->plain, p, TLS_RELAY_PIECE, MSG_DONTWAIT);

	if (rv == 0)
		n->up.eof = true;
	if (rv == -1 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return rv > 0 ? rv : -1;
}

static ssize_t
get_tls(struct tls_line *n, char *p)
{
	int rv;

	ERR_clear_error();
	rv = SSL_read(n->ssl, p, TLS_RELAY_PIECE);
	if (rv > 0)
		return rv;
	rv = tls_line_judge(n, rv);
	if (rv == 1)
		n->down.eof = true;
	return rv == 0 ? 0 : -1;
}

typedef ssize_t get_fn(struct tls_line *n, char *p);
typedef ssize_t put_fn(struct tls_line *n, const char *p, size_t len);

/* Moves what can be moved one way. -1: the line has failed. */
static int
move(struct tls_line *n, struct tls_way *w, get_fn *get, put_fn *put)
{
	char piece[TLS_RELAY_PIECE];
	ssize_t got, done;

	for (int i = 0; i < ROUNDS; i++) {
		if (waiting(w) > 0) {
			done = put(n, w->bytes.data + w->off, waiting(w));
			if (done <= 0)
				return (int)done;
			took(w, (size_t)done);
			continue;
		}
		if (w->eof || (got = get(n, piece)) == 0)
			return 0;
		if (got == -1)
			return w->eof ? 0 : -1;
		if ((done = put(n, piece, (size_t)got)) == -1)
			return -1;
		if (done < got)
			keep(w, piece + done, (size_t)(got - done));
	}
	return 0;
}

static void
set_wants(struct tls_line *n)
{
	bool up = waiting(&n->up) > 0, down = waiting(&n->down) > 0;

	loop_fd_want(n->tcp_watch, !down && !n->down.eof, up || n->wants_write);
	loop_fd_want(n->plain_watch, !up && !n->up.eof, down);
}

/* True when one side has ended and the other has had all of it. */
static bool
is_over(const struct tls_line *n)
{
	return (n->up.eof && waiting(&n->up) == 0) ||
	       (n->down.eof && waiting(&n->down) == 0);
}

void
tls_line_pump(struct tls_line *n)
{
	n->wants_write = false;
	if (move(n, &n->down, get_tls, put_plain) == -1 ||
	    move(n, &n->up, get_plain, put_tls) == -1) {
		/* TLS 1.3 tells a dialler only now that it is not let in. */
		if (!SSL_is_server(n->ssl) &&
		    ERR_GET_REASON(ERR_peek_last_error()) >
			SSL_AD_REASON_OFFSET)
			tls_relay_refused(
			    n->relay, n->peer, tls_keys_why(n->ssl));
		tls_line_free(n);
		return;
	}
	if (is_over(n) && !tls_line_halve(n)) {
		SSL_shutdown(n->ssl);
		tls_line_free(n);
		return;
	}
	set_wants(n);
	if (n->taken && n->up.eof)
		tls_line_limit_end(n);
}
