#include "common/tls_relay.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "common/http/http.h"
#include "common/log.h"
#include "common/lookup.h"
#include "common/mem.h"
#include "common/tls_relay_impl.h"

#define ACCEPTS    64  /* connections that one event takes */
#define CROWDED_MS 100 /* without descriptors, until the next is tried */

static void on_tcp(void *arg, bool readable, bool writable);
static void on_plain(void *arg, bool readable, bool writable);

/* --- beginning and end --- */

void
tls_relay_refused(struct tls_relay *r, const char *peer, const char *why)
{
	uint64_t now_ms = loop_now_ms(r->loop);

	r->stats.refused++;
	r->unsaid++;
	snprintf(r->why, sizeof r->why, "%s", why);
	if (r->said_ms != 0 && now_ms - r->said_ms < TLS_RELAY_SAY_MS)
		return;
	log_warn("TLS refused at=%s peer=%s count=%" PRIu64 " last=\"%s\"",
	    r->addr, peer, r->unsaid, why);
	r->said_ms = now_ms;
	r->unsaid = 0;
}

static void
leave_shaking(struct tls_line *n)
{
	TAILQ_REMOVE(&n->relay->shaking, n, entry);
	n->relay->nshaking--;
}

void
tls_line_free(struct tls_line *n)
{
	struct tls_relay *r = n->relay;

	if (n->state != TLS_LINE_CROWDED_OUT)
		r->nlines--;
	if (n->state == TLS_LINE_OPEN || n->state == TLS_LINE_CROWDED_OUT)
		TAILQ_REMOVE(&r->lines, n, entry);
	else
		leave_shaking(n);
	lookup_cancel(n->lookup);
	loop_timer_free(n->shake_timer);
	loop_timer_free(n->end_timer);
	loop_fd_free(n->tcp_watch);
	loop_fd_free(n->plain_watch);
	SSL_free(n->ssl);
	if (n->tcp != -1)
		close(n->tcp);
	if (n->plain != -1)
		close(n->plain);
	buf_release(&n->up.bytes);
	buf_release(&n->down.bytes);
	free(n);
}

static void
fail(struct tls_line *n, const char *why)
{
	tls_relay_opened *on_open = n->on_open;
	void *ctx = n->ctx;
	char peer[HTTP_ADDR_SIZE];

	memcpy(peer, n->peer, sizeof peer);
	tls_relay_refused(n->relay, peer, why);
	tls_line_free(n);
	if (on_open != NULL)
		on_open(ctx, -1, peer, why);
}

static void
on_slow(void *arg)
{
	struct tls_line *n = arg;

	fail(n, n->state == TLS_LINE_CROWDED_OUT ? "too many handshakes"
		: n->state == TLS_LINE_SHAKING   ? "no handshake in time"
						 : "no connection in time");
}

static struct tls_line *
line_new(struct tls_relay *r, enum tls_line_state state)
{
	struct tls_line *n = xcalloc(1, sizeof *n);

	n->relay = r;
	n->state = state;
	n->tcp = n->plain = -1;
	n->shake_timer = loop_timer_new(r->loop, on_slow, n);
	loop_timer_set(n->shake_timer, TLS_RELAY_SHAKE_MS);
	TAILQ_INSERT_TAIL(&r->shaking, n, entry);
	r->nlines++;
	r->nshaking++;
	return n;
}

/* It is closed and counts no more; on_open comes from the loop, always. */
static void
crowd_out(struct tls_line *n)
{
	struct tls_relay *r = n->relay;

	leave_shaking(n);
	r->nlines--;
	n->state = TLS_LINE_CROWDED_OUT;
	TAILQ_INSERT_TAIL(&r->lines, n, entry);
	loop_fd_free(n->tcp_watch);
	n->tcp_watch = NULL;
	close(n->tcp);
	n->tcp = -1;
	loop_timer_set(n->shake_timer, 0);
}

/* Whether one more may begin. When there are many, the oldest that is not open
 * goes for it, so that strangers who say nothing keep nobody out. */
static bool
make_room(struct tls_relay *r)
{
	struct tls_line *oldest = TAILQ_FIRST(&r->shaking);

	if (r->nlines < TLS_RELAY_MAX && r->nshaking < TLS_RELAY_SHAKING)
		return true;
	if (oldest == NULL)
		return false;
	if (oldest->on_open != NULL)
		crowd_out(oldest);
	else
		fail(oldest, "too many handshakes");
	return true;
}

/* --- the handshake --- */

static void
let_in(struct tls_line *n)
{
	struct tls_relay *r = n->relay;
	int other = -1;

	if (n->taken && (other = tls_line_pair(n)) == -1) {
		fail(n, strerror(errno));
		return;
	}
	leave_shaking(n);
	n->state = TLS_LINE_OPEN;
	TAILQ_INSERT_TAIL(&r->lines, n, entry);
	loop_timer_free(n->shake_timer);
	n->shake_timer = NULL;
	r->stats.let_in++;
	if (r->open != NULL)
		n->plain = r->open(r->ctx, n->peer);
	if (n->plain == -1) {
		tls_line_free(n);
		return;
	}
	n->plain_watch = loop_fd_new(r->loop, n->plain, on_plain, n);
	if (n->taken)
		tls_line_hand_over(n, other);
	else
		tls_line_pump(n);
}

static void
shake(struct tls_line *n)
{
	int rv;

	ERR_clear_error();
	n->wants_write = false;
	rv = SSL_do_handshake(n->ssl);
	if (rv == 1)
		let_in(n);
	else if (tls_line_judge(n, rv) == 0)
		loop_fd_want(n->tcp_watch, !n->wants_write, n->wants_write);
	else {
		tls_line_answer_plain(n);
		fail(n, tls_keys_why(n->ssl));
	}
}

static void
begin(struct tls_line *n)
{
	n->state = TLS_LINE_SHAKING;
	n->ssl = tls_keys_begin(n->relay->keys, n->tcp, n->relay->name);
	if (n->ssl == NULL)
		fail(n, "no memory");
	else
		shake(n);
}

/* The attempt to connect has come to something. */
static void
on_connected(struct tls_line *n)
{
	int e = 0;
	socklen_t len = sizeof e;

	if (getsockopt(n->tcp, SOL_SOCKET, SO_ERROR, &e, &len) == -1)
		e = errno;
	if (e == 0)
		begin(n);
	else
		tls_line_free(n); /* nobody is there, who could refuse us */
}

static void
on_tcp(void *arg, bool readable, bool writable)
{
	struct tls_line *n = arg;

	(void)readable;
	(void)writable;
	if (n->state == TLS_LINE_CONNECTING)
		on_connected(n);
	else if (n->state == TLS_LINE_SHAKING && n->ssl == NULL)
		begin(n);
	else if (n->state == TLS_LINE_SHAKING)
		shake(n);
	else
		tls_line_pump(n);
}

static void
on_plain(void *arg, bool readable, bool writable)
{
	(void)readable;
	(void)writable;
	tls_line_pump(arg);
}

/* --- listening --- */

static void
take(struct tls_relay *r, int fd, const union http_sock *from, socklen_t len)
{
	struct tls_line *n;
	char peer[HTTP_ADDR_SIZE];

	http_addr_format(from, len, peer);
	if (!make_room(r)) {
		tls_relay_refused(r, peer, "too many connections");
		close(fd);
		return;
	}
	n = line_new(r, TLS_LINE_SHAKING);
	memcpy(n->peer, peer, sizeof peer);
	n->tcp = fd;
	n->tcp_watch = loop_fd_new(r->loop, fd, on_tcp, n);
	begin(n);
}

static void
on_listening(void *arg, bool readable, bool writable)
{
	struct tls_relay *r = arg;

	(void)readable;
	(void)writable;
	for (int i = 0; i < ACCEPTS; i++) {
		union http_sock from;
		socklen_t len = sizeof from;
		int fd = accept4(
		    r->fd, &from.sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd != -1) {
			take(r, fd, &from, len);
		} else if (errno == EAGAIN) {
			return;
		} else if (errno != ECONNABORTED && errno != EINTR) {
			tls_relay_refused(r, "", strerror(errno));
			loop_fd_want(r->watch, false, false);
			loop_timer_set(r->crowded, CROWDED_MS);
			return;
		}
	}
}

static void
on_uncrowded(void *arg)
{
	struct tls_relay *r = arg;

	loop_fd_want(r->watch, true, false);
}

static struct tls_relay *
relay_new(struct loop *l, const char *addr, struct tls_keys *keys)
{
	struct tls_relay *r = xcalloc(1, sizeof *r);

	r->loop = l;
	r->keys = keys;
	r->addr = xstrdup(addr);
	r->fd = -1;
	TAILQ_INIT(&r->lines);
	TAILQ_INIT(&r->shaking);
	return r;
}

struct tls_relay *
tls_relay_listen(struct loop *l, const char *addr, struct tls_keys *keys,
    tls_relay_open *open, void *ctx, struct err *err)
{
	int fd = http_listen(addr, false, err);
	struct tls_relay *r;

	if (fd == -1)
		return NULL;
	r = relay_new(l, addr, keys);
	r->open = open;
	r->ctx = ctx;
	r->fd = fd;
	r->crowded = loop_timer_new(l, on_uncrowded, r);
	r->watch = loop_fd_new(l, fd, on_listening, r);
	loop_fd_want(r->watch, true, false);
	return r;
}

/* --- dialling --- */

static void
connect_to(struct tls_line *n, const union http_sock *to, socklen_t len)
{
	n->state = TLS_LINE_CONNECTING;
	n->tcp = http_addr_connect(to, len);
	if (n->tcp == -1) {
		tls_line_free(n);
		return;
	}
	n->tcp_watch = loop_fd_new(n->relay->loop, n->tcp, on_tcp, n);
	loop_fd_want(n->tcp_watch, false, true);
}

static void
on_looked_up(void *ctx, const struct sockaddr_storage *addrs, size_t naddrs,
    const char *why)
{
	struct tls_line *n = ctx;
	union http_sock to;

	n->lookup = NULL;
	if (naddrs == 0) {
		fail(n, why);
		return;
	}
	/* Whatever comes of it, the next attempt is another one's turn. */
	memcpy(&to, &addrs[n->relay->next++ % naddrs], sizeof to);
	connect_to(
	    n, &to, to.sa.sa_family == AF_INET ? sizeof to.in : sizeof to.in6);
}

void
tls_relay_carry(struct tls_relay *r, int fd)
{
	struct http_addr to;
	struct tls_line *n;

	if (http_addr_parse(&to, r->addr, NULL) == -1 || !make_room(r)) {
		close(fd);
		return;
	}
	n = line_new(r, TLS_LINE_LOOKING_UP);
	snprintf(n->peer, sizeof n->peer, "%s", r->addr);
	n->plain = fd;
	if (to.is_name)
		n->lookup = lookup_new(r->loop, to.host,
		    (uint16_t)strtoul(to.port, NULL, 10), on_looked_up, n);
	else
		connect_to(n, &to.sock, to.len);
}

struct tls_relay *
tls_relay_new(struct loop *l, const char *addr, struct tls_keys *keys,
    const char *name, struct err *err)
{
	struct tls_relay *r;
	struct http_addr to;

	if (http_addr_parse(&to, addr, err) == -1)
		return NULL;
	r = relay_new(l, addr, keys);
	r->name = name != NULL ? xstrdup(name) : NULL;
	return r;
}

/* --- made by others --- */

struct tls_line *
tls_relay_take(struct tls_relay *r, int tcp, const char *peer,
    tls_relay_opened *on_open, void *ctx)
{
	struct tls_line *n;

	if (!make_room(r)) {
		tls_relay_refused(r, peer, "too many connections");
		close(tcp);
		return NULL;
	}
	n = line_new(r, TLS_LINE_SHAKING);
	snprintf(n->peer, sizeof n->peer, "%s", peer);
	n->taken = true;
	n->on_open = on_open;
	n->ctx = ctx;
	n->tcp = tcp;
	n->tcp_watch = loop_fd_new(r->loop, tcp, on_tcp, n);
	loop_fd_want(n->tcp_watch, true, true); /* it begins in the loop */
	return n;
}

void
tls_line_cancel(struct tls_line *n)
{
	if (n != NULL)
		tls_line_free(n);
}

/* --- the whole --- */

void
tls_relay_free(struct tls_relay *r)
{
	struct tls_line *n;

	if (r == NULL)
		return;
	while ((n = TAILQ_FIRST(&r->lines)) != NULL ||
	       (n = TAILQ_FIRST(&r->shaking)) != NULL)
		if (n->taken && n->state == TLS_LINE_OPEN && !n->last) {
			n->last = true;
			tls_line_pump(n);
		} else {
			tls_line_free(n);
		}
	loop_fd_free(r->watch);
	loop_timer_free(r->crowded);
	if (r->fd != -1)
		close(r->fd);
	free(r->addr);
	free(r->name);
	free(r);
}

int
tls_relay_port(const struct tls_relay *r)
{
	union http_sock at;
	socklen_t len = sizeof at;

	if (r->fd == -1 || getsockname(r->fd, &at.sa, &len) == -1)
		return 0;
	return ntohs(
	    at.sa.sa_family == AF_INET ? at.in.sin_port : at.in6.sin6_port);
}

struct tls_relay_stats
tls_relay_stats(const struct tls_relay *r)
{
	struct tls_relay_stats s = r->stats;

	s.open = r->nlines;
	return s;
}

const char *
tls_relay_why(const struct tls_relay *r)
{
	return *r->why != '\0' ? r->why : NULL;
}
