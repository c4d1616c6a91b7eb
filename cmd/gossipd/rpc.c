#include "cmd/gossipd/rpc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/gossipd/rpc_impl.h"
#include "common/mem.h"

/* --- answers that are still to come --- */

struct rpc_wait *
rpc_wait_new(struct rpc_client *c)
{
	struct rpc *r = c->rpc;
	struct rpc_wait *w;

	if (r->nwaits == RPC_WAITS_MAX) {
		rpc_answer(c, c->head.seq, "too much is under way");
		return NULL;
	}
	w = xcalloc(1, sizeof *w);
	*w = (struct rpc_wait){ r, r->waits, c, c->head.seq, c->head.verb };
	r->waits = w;
	r->nwaits++;
	return w;
}

void
rpc_wait_free(struct rpc_wait *w)
{
	struct rpc_wait **at = &w->rpc->waits;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	w->rpc->nwaits--;
	free(w);
}

/* --- clients --- */

static void
client_free(struct rpc_client *c)
{
	struct rpc *r = c->rpc;
	struct rpc_client **at = &r->clients;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	r->nclients--;
	for (struct rpc_wait *w = r->waits; w != NULL; w = w->next)
		if (w->client == c)
			w->client = NULL;
	for (size_t i = 0; i < RPC_STREAMS_MAX; i++)
		free(c->streams[i].filter);
	loop_fd_free(c->watch);
	close(c->fd);
	buf_release(&c->in);
	buf_release(&c->out);
	free(c);
}

/* Those that have ended, outside of what may still use them. */
static void
on_reap(void *arg)
{
	struct rpc *r = arg;
	struct rpc_client *next;

	for (struct rpc_client *c = r->clients; c != NULL; c = next) {
		next = c->next;
		if (c->ended)
			client_free(c);
	}
}

static void
client_end(struct rpc_client *c)
{
	c->ended = true;
	loop_fd_want(c->watch, false, false);
	loop_timer_set(c->rpc->reap, 0);
}

void
rpc_flush(struct rpc_client *c)
{
	ssize_t n = 0;

	while (!c->ended && c->nsent < c->out.len) {
		n = send(c->fd, c->out.data + c->nsent, c->out.len - c->nsent,
		    MSG_NOSIGNAL);
		if (n == -1)
			break;
		c->nsent += (size_t)n;
	}
	if (c->ended)
		return;
	if (n == -1 && errno != EAGAIN && errno != EINTR) {
		client_end(c);
		return;
	}
	buf_drop(&c->out, c->nsent);
	c->nsent = 0;
	if (c->out.len > RPC_OUT_MAX || (c->out.len == 0 && c->ends))
		client_end(c);
	else
		loop_fd_want(c->watch, c->out.len == 0, c->out.len > 0);
}

void
rpc_answer(struct rpc_client *c, uint64_t seq, const char *error)
{
	ipc_put_head(&c->out, seq, error);
}

/* --- requests --- */

/* What the head alone decides; true: it is done with. */
static bool
refused(struct rpc_client *c)
{
	enum ipc_verb v = c->head.verb;

	if (!c->greeted && v != IPC_HANDSHAKE) {
		rpc_answer(c, c->head.seq, "Handshake required");
		c->ends = true;
		return true;
	}
	if (v == IPC_NVERBS) {
		rpc_answer(c, c->head.seq, "Unsupported command");
		c->ends = true;
		return true;
	}
	return false;
}

/* A whole value: a head, or the body that belongs to the head before it. */
static int
take_value(struct rpc_client *c, struct wire_bytes value)
{
	struct ipc_body body = { 0 };
	struct err err;

	if (!c->has_head) {
		if (ipc_head_get(value, &c->head, &err) == -1)
			return -1;
		if (refused(c))
			return 0;
		c->has_head = ipc_has_body(c->head.verb);
		if (!c->has_head)
			rpc_command(c, &body);
		return 0;
	}
	c->has_head = false;
	if (ipc_body_get(c->head.verb, value, &body, &err) == -1)
		return -1;
	rpc_command(c, &body);
	return 0;
}

/* As much as has come, unless what was answered is to be read first. */
static void
take_in(struct rpc_client *c)
{
	size_t n;

	while (!c->ends && c->out.len < RPC_READ) {
		enum wire_scanned s =
		    ipc_scan(&c->scan, wire_bytes(c->in.data, c->in.len), &n);

		if (s == WIRE_MORE)
			break;
		if (s == WIRE_BAD ||
		    take_value(c, wire_bytes(c->in.data, n)) == -1) {
			c->ends = true;
			break;
		}
		buf_drop(&c->in, n);
		c->scan = (struct wire_scan){ 0 };
	}
	rpc_flush(c);
	gossipd_rearm(c->rpc->g);
}

static void
on_ready(void *arg, bool readable, bool writable)
{
	struct rpc_client *c = arg;
	ssize_t n;

	if (c->ended)
		return;
	if (writable) {
		rpc_flush(c);
		if (c->out.len == 0 && !c->ended)
			take_in(c);
		return;
	}
	if (!readable)
		return;
	n = recv(c->fd, buf_reserve(&c->in, RPC_READ), RPC_READ, 0);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client_end(c);
		return;
	}
	c->in.len += (size_t)n;
	take_in(c);
}

static void
on_accept(void *arg, bool readable, bool writable)
{
	struct rpc *r = arg;
	struct rpc_client *c;
	int fd = accept4(r->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)readable;
	(void)writable;
	if (fd == -1)
		return;
	if (r->nclients == RPC_CLIENTS_MAX) {
		close(fd);
		return;
	}
	c = xcalloc(1, sizeof *c);
	c->rpc = r;
	c->fd = fd;
	c->vouched = r->auth[0] == '\0';
	c->next = r->clients;
	r->clients = c;
	r->nclients++;
	c->watch = loop_fd_new(r->g->daemon->loop, fd, on_ready, c);
	loop_fd_want(c->watch, true, false);
}

/* --- life --- */

static int
listen_at(const char *addr, struct err *err)
{
	struct sockaddr_storage sock;
	struct pool_addr a;
	char host[256];
	int64_t port;
	unsigned len;
	int one = 1, fd;

	if (gossip_addr_parse(addr, host, sizeof host, &port) == -1 ||
	    !gossip_addr_numeric(host, port, &a))
		return err_set(err, ERR_BAD, "rpc: %s is no address", addr);
	len = gossip_addr_to_sock(&a, a.nip == 4 ? AF_INET : AF_INET6, &sock);
	fd = socket(
	    sock.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return err_sys(err, "socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, (struct sockaddr *)&sock, len) == 0 &&
	    listen(fd, RPC_CLIENTS_MAX) == 0)
		return fd;
	err_sys(err, "bind %s (rpc)", addr);
	close(fd);
	return -1;
}

struct rpc *
rpc_new(struct gossipd *g, const char *addr, const char *auth, struct err *err)
{
	int fd = listen_at(addr, err);
	struct rpc *r;

	if (fd == -1)
		return NULL;
	r = xcalloc(1, sizeof *r);
	r->g = g;
	r->auth = xstrdup(auth);
	r->fd = fd;
	r->reap = loop_timer_new(g->daemon->loop, on_reap, r);
	r->watch = loop_fd_new(g->daemon->loop, fd, on_accept, r);
	loop_fd_want(r->watch, true, false);
	if (auth[0] == '\0')
		daemon_warn_if_open("rpc", addr);
	return r;
}

void
rpc_free(struct rpc *r)
{
	if (r == NULL)
		return;
	while (r->clients != NULL)
		client_free(r->clients);
	while (r->waits != NULL)
		rpc_wait_free(r->waits);
	loop_fd_free(r->watch);
	loop_timer_free(r->reap);
	close(r->fd);
	free(r->auth);
	free(r);
}
