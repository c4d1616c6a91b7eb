/*
 * HTTPS: a relay holds the TLS connections, and what is read and written here
 * are their plain ends. So neither half knows TLS, and both take over
 * (http_upgrade()) and pause as ever.
 */
#include <assert.h>
#include <string.h>
#include <unistd.h>

#include "common/http/client_inner.h"
#include "common/http/inner.h"
#include "common/tls_relay.h"

static bool
is_unix(const char *addr)
{
	return strncmp(addr, "unix:", 5) == 0;
}

/* --- the server half --- */

void
http_server_tls(struct http_server *s, struct tls_keys *keys)
{
	if (is_unix(s->addr))
		return;
	s->tls = tls_relay_new(s->loop, s->addr, keys, NULL, NULL);
	assert(s->tls != NULL); /* an address that is bound is one */
	s->limits.max_conns = (s->limits.max_conns + 2) / 3;
}

/* Who was refused is counted and told by the relay. */
static void
on_let_in(void *ctx, int fd, const char *peer, const char *why)
{
	struct http_server *s = ctx;
	struct http_addr from = { 0 };

	(void)why;
	if (fd == -1)
		return;
	if (s->draining) {
		close(fd);
		return;
	}
	http_addr_parse(&from, peer, NULL);
	server_enter(s);
	server_welcome(s, fd, &from.sock);
	server_leave(s);
}

void
server_shake(
    struct http_server *s, int fd, const union http_sock *sock, socklen_t len)
{
	char peer[HTTP_ADDR_SIZE];

	http_addr_format(sock, len, peer);
	tls_relay_take(s->tls, fd, peer, on_let_in, s);
}

/* --- the client half --- */

void
http_client_tls(struct http_client *c, struct tls_keys *keys, const char *name)
{
	struct err err;

	if (keys == NULL || is_unix(c->addr))
		return;
	c->tls = tls_relay_new(c->loop, c->addr, keys, name, &err);
	if (c->tls == NULL)
		c->bad = err; /* rather than speak in plain */
}

static void
fail(struct http_link *l, const char *why)
{
	struct http_call *call = l->call;
	struct err err;

	err_set(&err, ERR_GONE, "%s: tls: %s", l->client->addr, why);
	link_close(l);
	if (call != NULL)
		call_finish(call, &err);
}

static void
on_shaken(void *ctx, int fd, const char *peer, const char *why)
{
	struct http_link *l = ctx;
	struct http_client *c = l->client;

	(void)peer;
	l->line = NULL;
	client_enter(c);
	l->busy++;
	assert(l->busy > 0); /* so nothing below frees it */
	if (fd == -1)
		fail(l, why);
	else
		link_stands(l, fd);
	l->busy--;
	link_settle(l);
	client_leave(c);
}

void
link_shake(struct http_link *l)
{
	struct http_client *c = l->client;
	int fd = l->fd;

	loop_fd_free(l->watch);
	l->watch = NULL;
	l->fd = -1;
	l->refused = tls_relay_stats(c->tls).refused;
	l->line = tls_relay_take(c->tls, fd, c->addr, on_shaken, l);
	if (l->line == NULL)
		fail(l, "too many handshakes");
}

/* With TLS 1.3 one that is not let in hears of it when it has begun to
 * speak. */
const char *
link_tls_why(const struct http_link *l)
{
	const struct tls_relay *r = l->client->tls;

	if (r == NULL || tls_relay_stats(r).refused == l->refused)
		return NULL;
	return tls_relay_why(r);
}
