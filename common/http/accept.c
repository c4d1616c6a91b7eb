/* Who may connect: accepting, counting, turning away, complaining. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/http/inner.h"
#include "common/log.h"
#include "common/mem.h"

#define ACCEPT_MAX  64  /* connections taken in one event */
#define RETRY_MS    250 /* until accept() is tried again after a failure */
#define COMPLAIN_MS 60000
#define LINGER_MAX  256 /* crowded clients that may read their 429 */

static const char crowded_text[] =
    "Your IP is issuing too many concurrent connections, please rate limit "
    "your calls\n";

/* --- complaints --- */

/* Counts it, and says so once a minute at most, with what went untold. */
void
server_complain(struct http_conn *c, enum http_complaint what, const char *why)
{
	static const char *const names[] = { "refused", "truncated",
		"over its connection limit", "too slow" };
	struct http_server *s = c->server;
	uint64_t *const counts[] = { &s->stats.refused, &s->stats.truncated,
		&s->stats.crowded, &s->stats.timed_out };
	uint64_t now_ms = loop_now_ms(s->loop);

	++*counts[what];
	if (s->complaints[what].at_ms != 0 &&
	    now_ms - s->complaints[what].at_ms < COMPLAIN_MS) {
		s->complaints[what].untold++;
		return;
	}
	log_warn("http: client %s: %s addr=%s peer=%s untold=%" PRIu64,
	    names[what], why, s->addr, http_peer(&c->req),
	    s->complaints[what].untold);
	s->complaints[what].at_ms = now_ms;
	s->complaints[what].untold = 0;
}

/* --- who is connected --- */

static bool
peer_ip(const union http_sock *sock, struct in6_addr *ip)
{
	memset(ip, 0, sizeof *ip);
	if (sock->sa.sa_family == AF_INET6)
		*ip = sock->in6.sin6_addr;
	else if (sock->sa.sa_family == AF_INET)
		memcpy(ip, &sock->in.sin_addr, sizeof sock->in.sin_addr);
	else
		return false;
	return true;
}

/* Counts one more connection of this address; NULL where none are counted. */
static struct http_peer *
count_peer(struct http_server *s, const union http_sock *sock)
{
	struct in6_addr ip;
	struct http_peer *p;

	if (s->limits.max_per_client == 0 || !peer_ip(sock, &ip))
		return NULL;
	HASH_FIND(hh, s->peers, &ip, sizeof ip, p);
	if (p == NULL) {
		p = xcalloc(1, sizeof *p);
		p->ip = ip;
		HASH_ADD(hh, s->peers, ip, sizeof p->ip, p);
	}
	p->nconns++;
	return p;
}

static void
discount_peer(struct http_server *s, struct http_peer *p)
{
	if (p == NULL || --p->nconns > 0)
		return;
	HASH_DEL(s->peers, p);
	free(p);
}

void
server_forget(struct http_conn *c)
{
	struct http_server *s = c->server;

	if (c->in_run)
		TAILQ_REMOVE(&s->run, c, run_link);
	TAILQ_REMOVE(&s->conns, c, link);
	if (s->stats.conns-- >= s->limits.max_conns && !s->draining)
		loop_fd_want(s->watch, true, false);
	if (c->crowded)
		s->ncrowded--;
	discount_peer(s, c->peer);
	server_check_drained(s);
}

/* --- accepting --- */

/* Says 429 and leaves; the client gets a moment to read it. */
static void
turn_away(struct http_conn *c)
{
	struct http_server *s = c->server;

	server_complain(c, HTTP_CROWDED, "too many connections");
	discount_peer(s, c->peer);
	c->peer = NULL;
	c->crowded = true;
	c->unclean = s->ncrowded++ < LINGER_MAX;
	c->close_after = true;
	answer_text(c, 429, crowded_text);
	conn_settle(c);
}

void
server_welcome(struct http_server *s, int fd, const union http_sock *sock)
{
	struct http_peer *peer = count_peer(s, sock);
	struct http_conn *c = conn_new(s, fd, sock, peer);

	if (s->tls != NULL) /* fd is but a relay's */
		c->local = xstrdup(s->addr);
	s->stats.accepted++;
	s->stats.conns++;
	if (peer != NULL && peer->nconns > s->limits.max_per_client)
		turn_away(c);
	else
		conn_settle(c);
}

/* No descriptor or memory left: the queue waits for better times. */
static void
pause_accepting(struct http_server *s)
{
	uint64_t now_ms = loop_now_ms(s->loop);

	if (now_ms - s->accept_failed_ms > COMPLAIN_MS ||
	    s->accept_failed_ms == 0)
		log_error("http: accept failed addr=%s why=%s", s->addr,
		    strerror(errno));
	s->accept_failed_ms = now_ms;
	loop_fd_want(s->watch, false, false);
	loop_timer_set(s->retry, RETRY_MS);
}

void
server_accept_again(void *arg)
{
	struct http_server *s = arg;

	if (!s->draining)
		loop_fd_want(s->watch, true, false);
}

void
server_on_connect(void *arg, bool readable, bool writable)
{
	struct http_server *s = arg;

	(void)readable;
	(void)writable;
	server_enter(s);
	for (int i = 0; i < ACCEPT_MAX; i++) {
		union http_sock sock = { 0 };
		socklen_t len = sizeof sock;
		int fd;

		if (s->stats.conns >= s->limits.max_conns) {
			loop_fd_want(s->watch, false, false);
			break;
		}
		fd = accept4(
		    s->fd, &sock.sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0 && s->tls != NULL)
			server_shake(s, fd, &sock, len);
		else if (fd >= 0)
			server_welcome(s, fd, &sock);
		else if (errno == EAGAIN)
			break;
		else if (errno == EMFILE || errno == ENFILE ||
			 errno == ENOBUFS || errno == ENOMEM) {
			pause_accepting(s);
			break;
		}
	}
	server_leave(s);
}
