/* A connection of the server half: its events, its time limits, its end. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/http/inner.h"
#include "common/mem.h"

static void on_event(void *arg, bool readable, bool writable);

struct http_conn *
conn_of(const struct http_req *r)
{
	/* The request is part of its connection; both are ours to change. */
	uintptr_t at = (uintptr_t)r - offsetof(struct http_conn, req);

	return (struct http_conn *)at;
}

struct http_conn *
conn_new(struct http_server *s, int fd, const union http_sock *sock,
    struct http_peer *peer)
{
	struct http_conn *c = xcalloc(1, sizeof *c);

	c->server = s;
	c->fd = fd;
	c->sock = *sock;
	c->peer = peer;
	c->watch = loop_fd_new(s->loop, fd, on_event, c);
	c->deadline_ms = UINT64_MAX;
	TAILQ_INSERT_TAIL(&s->conns, c, link);
	return c;
}

static void
conn_free(struct http_conn *c)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	loop_fd_free(c->watch);
	if (c->fd != -1) {
		if (c->reset)
			setsockopt(
			    c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
		close(c->fd);
	}
	answer_reset(&c->req);
	server_forget(c);
	buf_release(&c->req.added);
	buf_release(&c->in);
	buf_release(&c->head);
	http_out_release(&c->out);
	free(c->name);
	free(c->local);
	free(c);
}

void
conn_gone(struct http_conn *c)
{
	struct http_server *s = c->server;
	struct http_req *r = &c->req;
	bool tell = c->active && r->shown && r->phase != HTTP_ENDED;

	c->active = false;
	c->dead = true;
	if (tell && s->ops->on_gone != NULL)
		s->ops->on_gone(s->ctx, r);
}

/* What the client sent is wrong: it is told so, if that is still possible. */
void
conn_refuse(struct http_conn *c, int status, const char *why)
{
	enum http_phase phase = c->active ? c->req.phase : HTTP_WAITING;

	server_complain(c, HTTP_REFUSED, why);
	conn_gone(c);
	answer_reset(&c->req);
	if (phase == HTTP_BEGUN) {
		c->reset = true;
		return;
	}
	/* An answer that is complete still goes out. */
	c->dead = false;
	c->unclean = true;
	c->close_after = true;
	if (phase == HTTP_WAITING)
		answer_text(c, status, why);
}

/* Parses what is there, as far as it goes. */
static void
resume_input(struct http_conn *c)
{
	char *p = c->in.data;
	size_t n = c->in.len - c->in_off;
	/* Taken out of the connection, so that http_upgrade() may refill. */
	struct buf in = c->in;
	size_t used;

	c->in = (struct buf){ 0 };
	used = c->in_off;
	c->in_off = 0;
	used += input_feed(c, n == 0 ? NULL : p + used, n);
	if (used == in.len || c->dead) {
		buf_reset(&in);
		used = 0;
	}
	c->in = in;
	c->in_off = used;
	if (c->in.len == 0 && c->in.cap > 0)
		buf_release(&c->in);
}

/* New bytes, behind those that are still waiting, if any. */
static ssize_t
read_more(struct http_conn *c)
{
	char *room = http_read_room();
	ssize_t n;
	size_t used;

	if (c->in.len > 0) {
		buf_drop(&c->in, c->in_off);
		c->in_off = 0;
		room = buf_reserve(&c->in, HTTP_READ_SIZE / 4);
		n = recv(c->fd, room, HTTP_READ_SIZE / 4, MSG_DONTWAIT);
		if (n > 0)
			c->in.len += (size_t)n;
		if (n > 0)
			resume_input(c);
		return n;
	}
	n = recv(c->fd, room, HTTP_READ_SIZE, MSG_DONTWAIT);
	if (n <= 0)
		return n;
	used = input_feed(c, room, (size_t)n);
	if (used < (size_t)n && !c->dead)
		buf_add(&c->in, room + used, (size_t)n - used);
	return n;
}

/* No more comes from the client. */
static void
on_eof(struct http_conn *c)
{
	bool midway = c->active ? !c->msg.done : c->in.len > c->in_off;

	c->eof = true;
	if (c->lingering) {
		c->dead = true;
		return;
	}
	if (midway && !c->close_after)
		server_complain(c, HTTP_TRUNCATED, "the client left midway");
	if (c->active && (c->req.phase != HTTP_ENDED || !c->msg.done))
		conn_gone(c);
	c->close_after = true;
	c->unclean = false;
}

static void
on_readable(struct http_conn *c)
{
	ssize_t n = read_more(c);

	if (n == 0)
		on_eof(c);
	else if (n == -1 && errno != EAGAIN && errno != EINTR)
		conn_gone(c);
}

static void
on_event(void *arg, bool readable, bool writable)
{
	struct http_conn *c = arg;
	struct http_server *s = c->server;

	server_enter(s);
	c->busy++;
	if (c->broken)
		conn_gone(c);
	if (writable && !c->dead)
		answer_flush(c);
	if (writable && !c->dead)
		resume_input(c);
	if (readable && !c->dead)
		on_readable(c);
	c->busy--;
	conn_settle(c);
	server_leave(s);
}

void
conn_on_turn_end(struct http_conn *c)
{
	c->busy++;
	if (!c->dead && !c->broken)
		answer_flush(c);
	if (!c->dead && !c->broken)
		resume_input(c);
	c->busy--;
	conn_settle(c);
}

void
conn_answered(struct http_conn *c)
{
	if (c->busy > 0)
		return;
	if (c->in.len > c->in_off || (!c->msg.done && !c->unclean))
		server_run_later(c);
	else
		input_finish(c);
	conn_settle(c);
}

/* --- what to wait for --- */

static bool
wants_input(const struct http_conn *c)
{
	if (c->eof)
		return false;
	if (input_is_paused(c) && !c->msg.done)
		return false;
	return c->in.len - c->in_off <
	       HTTP_IN_HIGH + c->server->limits.max_head;
}

static uint64_t
after(uint64_t now_ms, uint64_t limit_ms)
{
	return limit_ms == 0 ? UINT64_MAX : now_ms + limit_ms;
}

static uint64_t
next_deadline(struct http_conn *c, uint64_t now_ms)
{
	const struct http_limits *l = &c->server->limits;

	if (c->lingering)
		return c->since_ms + HTTP_LINGER_MS;
	if (c->out.blocked)
		return after(now_ms, l->stall_ms);
	if (c->active && !c->msg.done && !input_is_paused(c))
		return after(now_ms, l->stall_ms);
	if (c->active)
		return UINT64_MAX;
	if (c->in.len == c->in_off) {
		c->since_ms = 0;
		return after(now_ms, l->idle_ms);
	}
	if (c->since_ms == 0)
		c->since_ms = now_ms;
	return after(c->since_ms, l->head_ms);
}

/* Everything is out and nothing more is to come in. */
static void
close_or_linger(struct http_conn *c, uint64_t now_ms)
{
	if (!c->unclean || c->eof) {
		c->dead = true;
		return;
	}
	shutdown(c->fd, SHUT_WR);
	c->lingering = true;
	c->since_ms = now_ms;
	buf_release(&c->in);
	c->in_off = 0;
}

static void
want_sweep(struct http_conn *c, uint64_t now_ms)
{
	if (c->deadline_ms != UINT64_MAX)
		server_want_sweep(c->server, c->deadline_ms);
	else if (!wants_input(c))
		server_want_sweep(c->server, now_ms); /* does it live? */
}

void
conn_settle(struct http_conn *c)
{
	struct http_server *s = c->server;
	uint64_t now_ms = loop_now_ms(s->loop);

	if (c->busy > 0)
		return;
	if (!c->dead && !c->broken && !c->out.blocked)
		answer_send(c);
	if (c->close_after && !c->active && !c->lingering && !c->dead &&
	    http_out_pending(&c->out) == 0)
		close_or_linger(c, now_ms);
	if (c->dead) {
		conn_free(c);
		return;
	}
	/* A broken socket reports itself as both; on_event() then ends it. */
	loop_fd_want(
	    c->watch, c->broken || wants_input(c), c->broken || c->out.blocked);
	c->deadline_ms = next_deadline(c, now_ms);
	want_sweep(c, now_ms);
}

/* A paused connection is not read, so its reset must be asked for. */
static bool
has_failed(struct http_conn *c)
{
	int e = 0;
	socklen_t n = sizeof e;

	if (wants_input(c))
		return false;
	return getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &e, &n) == 0 && e != 0;
}

/* One that sent half a head is told; others have had their time. */
static void
time_out(struct http_conn *c)
{
	bool half_head = !c->active && c->in.len > c->in_off;

	if (c->lingering) {
		c->dead = true;
		return;
	}
	if (c->active || half_head || http_out_pending(&c->out) > 0)
		server_complain(c, HTTP_SLOW, "no progress");
	if (half_head && http_out_pending(&c->out) == 0) {
		c->close_after = c->unclean = true;
		answer_text(c, 408, "the request took too long");
		return;
	}
	c->reset = c->active;
	conn_gone(c);
}

void
conn_on_sweep(struct http_conn *c, uint64_t now_ms)
{
	c->busy++;
	if (!c->dead && c->deadline_ms <= now_ms)
		time_out(c);
	else if (!c->dead && has_failed(c))
		conn_gone(c);
	c->busy--;
	/* What was answered while the sweep held it goes on soon. */
	if (!c->dead && c->active && c->req.phase == HTTP_ENDED)
		server_run_later(c);
	if (c->dead || c->deadline_ms <= now_ms)
		conn_settle(c);
	else
		want_sweep(c, now_ms);
}
