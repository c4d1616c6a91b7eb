/* The blocking client: one request, one connection, one answer. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "common/clock.h"
#include "common/http/addr.h"
#include "common/http/compose.h"
#include "common/http/http.h"
#include "common/http/msg.h"
#include "common/mem.h"
#include "common/tls_keys.h"

#define ASK_READ_SIZE 65536
#define ASK_MAX_BODY  (1u << 30)

struct ask {
	const char *addr;
	int fd;
	SSL *ssl;             /* NULL: plain */
	uint64_t deadline_ms; /* UINT64_MAX: none */
	struct err *err;
	struct buf in; /* read and not used up */
	struct http_msg msg;
	bool to_head;
	int *status;
	struct buf *fields, *out; /* either may be NULL */
	bool (*on_piece)(void *ctx, const char *p, size_t n);
	void *ctx;
	bool stopped; /* on_piece has had enough */
};

static struct tls_keys *keys; /* NULL: plain */

void
http_ask_use_tls(struct tls_keys *k)
{
	keys = k;
}

/* Waits until the socket is ready. */
static int
await(struct ask *a, short events)
{
	struct pollfd p = { .fd = a->fd, .events = events };

	for (;;) {
		uint64_t now_ms = clock_mono_ms();
		int wait_ms = -1, rc;

		if (now_ms >= a->deadline_ms)
			return err_set(
			    a->err, ERR_TIMEOUT, "%s: timed out", a->addr);
		if (a->deadline_ms != UINT64_MAX)
			wait_ms = a->deadline_ms - now_ms > 1000000
				      ? 1000000
				      : (int)(a->deadline_ms - now_ms);
		rc = poll(&p, 1, wait_ms);
		if (rc > 0)
			return 0;
		if (rc == -1 && errno != EINTR)
			return err_sys(a->err, "poll");
	}
}

static int
gone(struct ask *a, const char *what)
{
	return err_set(a->err, ERR_GONE, "%s: %s", a->addr, what);
}

static int
open_connection(struct ask *a)
{
	struct http_addr to;
	int e = 0;
	socklen_t n = sizeof e;

	if (http_addr_parse(&to, a->addr, a->err) == -1 ||
	    http_addr_resolve(&to, a->err) == -1)
		return -1;
	a->fd = http_addr_connect(&to.sock, to.len);
	if (a->fd == -1)
		return gone(a, strerror(errno));
	if (await(a, POLLOUT) == -1)
		return -1;
	if (getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &e, &n) == 0 && e != 0)
		return gone(a, strerror(e));
	return 0;
}

/* --- TLS --- */

/* A call of OpenSSL's did not succeed: waits for what it wants. */
static int
await_tls(struct ask *a, int rv)
{
	int why = SSL_get_error(a->ssl, rv);

	if (why == SSL_ERROR_WANT_READ)
		return await(a, POLLIN);
	if (why == SSL_ERROR_WANT_WRITE)
		return await(a, POLLOUT);
	return err_set(
	    a->err, ERR_GONE, "%s: tls: %s", a->addr, tls_keys_why(a->ssl));
}

static int
begin_tls(struct ask *a)
{
	int rv;

	if (keys == NULL || strncmp(a->addr, "unix:", 5) == 0)
		return 0;
	a->ssl = tls_keys_begin(keys, a->fd, NULL);
	if (a->ssl == NULL)
		return gone(a, "no memory for TLS");
	for (;;) {
		ERR_clear_error();
		rv = SSL_do_handshake(a->ssl);
		if (rv == 1)
			return 0;
		if (await_tls(a, rv) == -1)
			return -1;
	}
}

/* As send_all(): why it failed, reading tells. */
static int
send_tls(struct ask *a, const char *p, size_t n)
{
	while (n > 0) {
		int rv;

		ERR_clear_error();
		rv = SSL_write(a->ssl, p, (int)(n < INT_MAX ? n : INT_MAX));
		if (rv > 0) {
			p += rv;
			n -= (size_t)rv;
		} else if (SSL_get_error(a->ssl, rv) == SSL_ERROR_WANT_WRITE ||
			   SSL_get_error(a->ssl, rv) == SSL_ERROR_WANT_READ) {
			if (await_tls(a, rv) == -1)
				return -1;
		} else {
			return 0;
		}
	}
	return 0;
}

static ssize_t
read_tls(struct ask *a, char *room)
{
	for (;;) {
		int rv;

		ERR_clear_error();
		rv = SSL_read(a->ssl, room, ASK_READ_SIZE);
		if (rv > 0) {
			a->in.len += (size_t)rv;
			return rv;
		}
		if (SSL_get_error(a->ssl, rv) == SSL_ERROR_ZERO_RETURN)
			return 0;
		if (await_tls(a, rv) == -1)
			return -1;
	}
}

static void
end_tls(struct ask *a)
{
	if (a->ssl != NULL && SSL_is_init_finished(a->ssl))
		SSL_shutdown(a->ssl);
	SSL_free(a->ssl);
	ERR_clear_error();
}

/* --- asking --- */

/* A server that answers before it has read all is read, not complained of. */
static int
send_all(struct ask *a, const char *p, size_t n)
{
	if (a->ssl != NULL)
		return send_tls(a, p, n);
	while (n > 0) {
		ssize_t sent = send(a->fd, p, n, MSG_NOSIGNAL);

		if (sent > 0) {
			p += sent;
			n -= (size_t)sent;
		} else if (errno == EPIPE || errno == ECONNRESET) {
			return 0;
		} else if (errno == EAGAIN) {
			if (await(a, POLLOUT) == -1)
				return -1;
		} else if (errno != EINTR) {
			return gone(a, strerror(errno));
		}
	}
	return 0;
}

/* More bytes into a->in. 0 at the end of the stream, -1 on failure. */
static ssize_t
read_more(struct ask *a)
{
	char *room = buf_reserve(&a->in, ASK_READ_SIZE);

	if (a->ssl != NULL)
		return read_tls(a, room);
	for (;;) {
		ssize_t n = recv(a->fd, room, ASK_READ_SIZE, 0);

		if (n >= 0) {
			a->in.len += (size_t)n;
			return n;
		}
		if (errno == EAGAIN) {
			if (await(a, POLLIN) == -1)
				return -1;
		} else if (errno != EINTR) {
			return gone(a, strerror(errno));
		}
	}
}

/* A whole head at the start of a->in; its length, or -1. */
static ssize_t
read_head(struct ask *a)
{
	size_t scanned = 0;
	ssize_t n;

	while ((n = http_head_end(a->in.data, a->in.len, &scanned)) == 0) {
		if (a->in.len > HTTP_MAX_HEAD)
			return gone(a, "the answer's head is too large");
		n = read_more(a);
		if (n == 0)
			gone(a, "the connection was closed without an answer");
		if (n <= 0)
			return -1;
	}
	if (n == -1)
		return gone(a, "the answer is no HTTP");
	return n;
}

/* Reads heads until one that is no "100 Continue" or the like. */
static int
take_head(struct ask *a)
{
	struct http_field fields[HTTP_MAX_FIELDS];
	struct http_head h;
	const char *lf;
	ssize_t n;

	do {
		n = read_head(a);
		if (n == -1)
			return -1;
		h = (struct http_head){ .kind = HTTP_KIND_ANSWER,
			.fields = fields };
		http_msg_begin(&a->msg, HTTP_KIND_ANSWER);
		if (http_msg_head(&a->msg, &h, a->in.data, (size_t)n,
			HTTP_MAX_FIELDS, a->to_head) == -1)
			return gone(a, a->msg.why);
		lf = memchr(a->in.data, '\n', (size_t)n);
		if (a->fields != NULL && h.status >= 200)
			buf_add(a->fields, lf + 1,
			    (size_t)(a->in.data + n - 2 - (lf + 1)));
		buf_drop(&a->in, (size_t)n);
	} while (h.status < 200);
	*a->status = h.status;
	return 0;
}

static int
take_piece(struct ask *a, const char *p, size_t n)
{
	if (a->on_piece != NULL && *a->status == 200) {
		a->stopped = !a->on_piece(a->ctx, p, n);
		return 0;
	}
	if (a->out == NULL)
		return 0;
	if (a->out->len + n > ASK_MAX_BODY)
		return gone(a, "the answer is too large");
	buf_add(a->out, p, n);
	return 0;
}

static int
take_body(struct ask *a)
{
	while (!a->msg.done && !a->stopped) {
		size_t n = 0;
		ssize_t took =
		    http_msg_body(&a->msg, a->in.data, a->in.len, &n);

		if (took == -1)
			return gone(a, a->msg.why);
		if (n > 0 && take_piece(a, a->in.data, n) == -1)
			return -1;
		buf_drop(&a->in, (size_t)took);
		if (a->msg.done || a->stopped)
			break;
		took = read_more(a);
		if (took == -1)
			return -1;
		if (took == 0 && !http_msg_eof(&a->msg))
			return gone(a, "the answer was cut short");
	}
	return 0;
}

static void
compose(struct buf *b, const char *addr, const char *method, const char *target,
    const char *const *headers, size_t nheaders, const void *body, size_t n)
{
	char host[HTTP_NAME_MAX + 32];

	http_addr_host(addr, host);
	http_compose_line(b, method, target);
	http_compose_fields(b, host, headers, nheaders);
	buf_adds(b, "Connection: close\r\n");
	http_compose_end(b, method, (int64_t)n);
	buf_add(b, body, n);
}

static int
run(struct ask *a, const struct buf *text, uint64_t timeout_ms)
{
	int rc = -1;

	a->fd = -1;
	a->deadline_ms =
	    timeout_ms == 0 ? UINT64_MAX : clock_mono_ms() + timeout_ms;
	if (open_connection(a) == -1 || begin_tls(a) == -1 ||
	    send_all(a, text->data, text->len) == -1 || take_head(a) == -1)
		goto out;
	if (a->on_piece != NULL && *a->status == 200)
		a->deadline_ms = UINT64_MAX;
	rc = take_body(a);
out:
	end_tls(a);
	if (a->fd != -1)
		close(a->fd);
	buf_release(&a->in);
	return rc;
}

int
http_ask(const char *addr, const char *method, const char *target,
    const char *const *headers, size_t nheaders, const void *body, size_t n,
    uint64_t timeout_ms, int *status, struct buf *fields, struct buf *out,
    struct err *err)
{
	struct ask a = { .addr = addr,
		.err = err,
		.to_head = strcmp(method, "HEAD") == 0,
		.status = status,
		.fields = fields,
		.out = out };
	struct buf text = { 0 };
	int rc;

	compose(&text, addr, method, target, headers, nheaders, body, n);
	rc = run(&a, &text, timeout_ms);
	buf_release(&text);
	return rc;
}

int
http_ask_stream(const char *addr, const char *method, const char *target,
    const char *const *headers, size_t nheaders, uint64_t timeout_ms,
    bool (*on_piece)(void *ctx, const char *p, size_t n), void *ctx,
    int *status, struct buf *out, struct err *err)
{
	struct ask a = { .addr = addr,
		.err = err,
		.status = status,
		.out = out,
		.on_piece = on_piece,
		.ctx = ctx };
	struct buf text = { 0 };
	int rc;

	compose(&text, addr, method, target, headers, nheaders, NULL, 0);
	rc = run(&a, &text, timeout_ms);
	buf_release(&text);
	return rc;
}
