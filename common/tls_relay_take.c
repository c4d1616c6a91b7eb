/* Connections that others have made: their plain ends, and their end. */
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "common/tls_relay_impl.h"

#define PLAIN_READS 16 /* pieces of a plain request that are thrown away */

int
tls_line_pair(struct tls_line *n)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
		ends) == -1)
		return -1;
	n->plain = ends[0];
	return ends[1];
}

void
tls_line_hand_over(struct tls_line *n, int fd)
{
	tls_relay_opened *on_open = n->on_open;
	char peer[HTTP_ADDR_SIZE];

	memcpy(peer, n->peer, sizeof peer);
	n->on_open = NULL;
	loop_fd_want(n->tcp_watch, true, false);
	loop_fd_want(n->plain_watch, true, false);
	on_open(n->ctx, fd, peer, NULL);
}

/* Word for word as a server of Go's says it. */
void
tls_line_answer_plain(const struct tls_line *n)
{
	static const char text[] =
	    "HTTP/1.0 400 Bad Request\r\n\r\n"
	    "Client sent an HTTP request to an HTTPS server.\n";
	char rest[4096];

	if (!n->taken ||
	    ERR_GET_REASON(ERR_peek_last_error()) != SSL_R_HTTP_REQUEST)
		return;
	send(n->tcp, text, sizeof text - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	shutdown(n->tcp, SHUT_WR);
	/* What is left unread would reset the connection, and with it what
	 * was said. */
	for (int i = 0; i < PLAIN_READS; i++)
		if (recv(n->tcp, rest, sizeof rest, MSG_DONTWAIT) <= 0)
			break;
}

/* --- the end --- */

static bool
is_closed(int fd)
{
	struct pollfd p = { .fd = fd };

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR)) != 0;
}

bool
tls_line_halve(struct tls_line *n)
{
	if (!n->taken || n->last || n->down.eof || is_closed(n->plain))
		return false;
	if (!n->halved) {
		SSL_shutdown(n->ssl);
		shutdown(n->tcp, SHUT_WR);
	}
	n->halved = true;
	return true;
}

static void
on_end(void *arg)
{
	tls_line_free(arg);
}

void
tls_line_limit_end(struct tls_line *n)
{
	if (n->end_timer == NULL)
		n->end_timer = loop_timer_new(n->relay->loop, on_end, n);
	else if (n->sent == n->sent_before)
		return;
	n->sent_before = n->sent;
	loop_timer_set(n->end_timer, TLS_RELAY_END_MS);
}
