/* A connection of the client half. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/http/client_inner.h"
#include "common/mem.h"
#include "common/tls_relay.h"

static void on_event(void *arg, bool readable, bool writable);

/* Tries the client's addresses from naddr on. -1 with errno. */
static int
connect_next(struct http_link *l)
{
	struct http_client *c = l->client;

	errno = EHOSTUNREACH;
	for (; l->naddr < c->naddrs; l->naddr++) {
		l->fd = http_addr_connect(
		    &c->addrs[l->naddr].sock, c->addrs[l->naddr].len);
		if (l->fd == -1)
			continue;
		l->connecting = true;
		l->watch = loop_fd_new(c->loop, l->fd, on_event, l);
		loop_fd_want(l->watch, false, true);
		return 0;
	}
	return -1;
}

struct http_link *
link_new(struct http_client *c)
{
	struct http_link *l = xcalloc(1, sizeof *l);
	int saved;

	l->client = c;
	if (connect_next(l) == -1) {
		saved = errno;
		free(l);
		errno = saved;
		return NULL;
	}
	l->deadline_ms = UINT64_MAX;
	if (c->opts.connect_ms > 0)
		l->deadline_ms = loop_now_ms(c->loop) + c->opts.connect_ms;
	client_want_sweep(c, l->deadline_ms);
	TAILQ_INSERT_TAIL(&c->links, l, entry);
	c->nlinks++;
	return l;
}

static void
drop_socket(struct http_link *l)
{
	tls_line_cancel(l->line);
	l->line = NULL;
	loop_fd_free(l->watch);
	l->watch = NULL;
	if (l->fd != -1)
		close(l->fd);
	l->fd = -1;
}

static void
leave_idle(struct http_link *l)
{
	if (!l->idle)
		return;
	l->idle = false;
	TAILQ_REMOVE(&l->client->idle, l, idle_entry);
	l->client->nidle--;
}

void
link_close(struct http_link *l)
{
	if (l->call != NULL)
		l->call->link = NULL;
	l->call = NULL;
	leave_idle(l);
	drop_socket(l);
	l->dead = true;
	link_settle(l);
}

static bool
wants_input(const struct http_link *l)
{
	return l->call == NULL || !l->call->paused;
}

void
link_settle(struct http_link *l)
{
	if (l->busy > 0)
		return;
	if (l->dead) {
		TAILQ_REMOVE(&l->client->links, l, entry);
		l->client->nlinks--;
		buf_release(&l->in);
		http_out_release(&l->out);
		free(l);
		return;
	}
	if (l->watch != NULL)
		loop_fd_want(l->watch, !l->connecting && wants_input(l),
		    l->connecting || l->out.blocked);
}

bool
link_is_fresh(struct http_link *l)
{
	char byte;

	return recv(l->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == -1 &&
	       errno == EAGAIN;
}

/* --- the request --- */

void
link_send(struct http_link *l, const void *p, size_t n)
{
	struct http_call *call = l->call;
	struct iovec piece = { .iov_len = n };
	int rc;

	memcpy(&piece.iov_base, &p, sizeof p);
	rc = http_out_send(&l->out, l->fd, &piece, n > 0 ? 1 : 0);
	if (rc == 0) {
		call->sent = true;
		loop_fd_want(l->watch, wants_input(l), l->out.blocked);
		return;
	}
	/* The answer may have come first; reading will tell. */
	http_out_release(&l->out);
	loop_fd_want(l->watch, true, false);
}

/* The connection stands: what there is of the request goes out. */
static void
send_text(struct http_link *l)
{
	struct http_call *call = l->call;

	link_send(l, call->text.data, call->text.len);
	if (!l->reused || call->text.len > HTTP_REPLAY_MAX ||
	    (call->sent && !call->is_safe))
		buf_release(&call->text);
}

void
link_begin(struct http_link *l, struct http_call *call)
{
	l->reused = l->idle;
	leave_idle(l);
	l->call = call;
	call->link = l;
	http_msg_begin(&l->msg, HTTP_KIND_ANSWER);
	if (!l->connecting) {
		l->deadline_ms = UINT64_MAX;
		send_text(l);
	}
}

static void
flush(struct http_link *l)
{
	struct http_call *call = l->call;

	if (http_out_flush(&l->out, l->fd) == -1)
		http_out_release(&l->out);
	if (call == NULL || !call->full ||
	    http_out_pending(&l->out) > HTTP_OUT_HIGH / 4)
		return;
	call->full = false;
	if (call->ops.on_room != NULL && !call->ended)
		call->ops.on_room(call->ctx);
}

/* --- connecting --- */

void
link_connect_failed(struct http_link *l, int error)
{
	struct http_call *call = l->call;
	struct http_client *c = l->client;
	struct err err;

	drop_socket(l);
	l->naddr++;
	if (connect_next(l) == 0)
		return;
	c->looked_up_ms = 0;
	err_set(&err, error == ETIMEDOUT ? ERR_TIMEOUT : ERR_GONE, "%s: %s",
	    c->addr, strerror(error));
	link_close(l);
	if (call != NULL)
		call_finish(call, &err);
}

void
link_stands(struct http_link *l, int fd)
{
	l->fd = fd;
	if (l->watch == NULL)
		l->watch = loop_fd_new(l->client->loop, fd, on_event, l);
	l->connecting = false;
	l->deadline_ms = UINT64_MAX;
	if (l->call != NULL)
		send_text(l);
	else
		link_close(l);
}

static void
on_connected(struct http_link *l)
{
	int e = 0;
	socklen_t n = sizeof e;

	if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &e, &n) == -1)
		e = errno;
	if (e != 0)
		link_connect_failed(l, e);
	else if (l->client->tls != NULL)
		link_shake(l);
	else
		link_stands(l, l->fd);
}

static void
on_event(void *arg, bool readable, bool writable)
{
	struct http_link *l = arg;
	struct http_client *c = l->client;

	client_enter(c);
	l->busy++;
	assert(l->busy > 0); /* so nothing below frees it */
	/* Nothing is read before the link stands: on_connected() asks for it.
	 */
	if (l->connecting) {
		on_connected(l);
	} else {
		if (writable)
			flush(l);
		if (readable && !l->dead)
			link_on_readable(l);
	}
	l->busy--;
	link_settle(l);
	client_leave(c);
}
