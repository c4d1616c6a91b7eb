/*
 * One message each way over TCP.
 *
 *	others':  READING --whole--> handed on --> WRITING --> closed
 *	ours:     WRITING --sent--> READING --whole--> handed on --> closed
 *
 * A failure of ours is told on the next turn, never from within the dial.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/gossipd/port_impl.h"
#include "common/mem.h"

#define CHUNK 16384 /* read in one go */

struct stream {
	struct gossip_port *port;
	struct stream *next, *prev;
	bool ours;
	uint64_t token;        /* of ours */
	struct pool_addr from; /* of others' */
	int fd;
	struct loop_fd *watch;
	struct loop_timer *deadline;
	bool writing;
	enum pool_failure how; /* what the deadline means */
	struct buf in, out;
	size_t nsent;
	struct wire_scan scan;
};

static struct stream *
stream_new(struct gossip_port *p, bool ours)
{
	struct stream *s = xcalloc(1, sizeof *s);

	s->port = p;
	s->ours = ours;
	s->fd = -1;
	s->how = POOL_SILENT;
	s->next = p->streams;
	if (s->next != NULL)
		s->next->prev = s;
	p->streams = s;
	if (!ours)
		p->ninbound++;
	return s;
}

static void
stream_free(struct stream *s)
{
	struct gossip_port *p = s->port;

	if (s->prev != NULL)
		s->prev->next = s->next;
	else
		p->streams = s->next;
	if (s->next != NULL)
		s->next->prev = s->prev;
	if (!s->ours)
		p->ninbound--;
	p->nbytes -= s->in.len + s->out.len;
	loop_fd_free(s->watch);
	loop_timer_free(s->deadline);
	if (s->fd != -1)
		close(s->fd);
	buf_release(&s->in);
	buf_release(&s->out);
	free(s);
}

void
streams_free(struct gossip_port *p)
{
	while (p->streams != NULL)
		stream_free(p->streams);
}

/* The end of a stream that did not do what it was for. */
static void
fail(struct stream *s, enum pool_failure how)
{
	const struct gossip_port_ops *ops = s->port->ops;
	bool ours = s->ours;
	uint64_t token = s->token;

	stream_free(s);
	if (ours)
		ops->failed(ops->ctx, token, how);
}

static size_t
held(const struct stream *s)
{
	return s->in.len + s->out.len;
}

/* The one that holds most; others' before ours. */
static struct stream *
largest(const struct gossip_port *p)
{
	struct stream *most = p->streams;

	for (struct stream *s = p->streams; s != NULL; s = s->next)
		if (s->ours != most->ours ? most->ours : held(s) > held(most))
			most = s;
	return most;
}

/* Drops streams until the rest is within bounds; true when s is one. */
static bool
shed(struct gossip_port *p, const struct stream *s)
{
	bool gone = false;

	while (p->nbytes > PORT_BYTES_MAX) {
		struct stream *most = largest(p);

		gone |= most == s;
		p->stats.streams_refused++;
		fail(most, POOL_SILENT);
	}
	return gone;
}

static void
on_deadline(void *arg)
{
	struct stream *s = arg;

	s->port->stats.streams_late++;
	fail(s, s->how);
}

static void
start_writing(struct stream *s)
{
	s->writing = true;
	loop_fd_want(s->watch, false, true);
}

/* The message is whole. */
static void
hand_on(struct stream *s, size_t n)
{
	struct gossip_port *p = s->port;
	const struct gossip_port_ops *ops = p->ops;

	if (s->ours) {
		struct buf in = s->in;
		uint64_t token = s->token;

		s->in = (struct buf){ 0 };
		p->nbytes -= in.len;
		stream_free(s);
		ops->answer(ops->ctx, token, in.data, n);
		buf_release(&in);
		return;
	}
	ops->stream(ops->ctx, &s->from, s->in.data, n, &s->out);
	p->nbytes += s->out.len;
	p->nbytes -= s->in.len;
	buf_release(&s->in);
	if (s->out.len == 0) {
		stream_free(s);
		return;
	}
	if (shed(p, s))
		return;
	loop_timer_set(s->deadline, PORT_STREAM_MS);
	start_writing(s);
}

static enum pool_failure
failure_of(int error)
{
	return error == ECONNREFUSED ? POOL_REFUSED : POOL_SILENT;
}

/* What came so far: enough, too much, or to be waited for. */
static void
look(struct stream *s)
{
	struct gossip_port *p = s->port;
	size_t n = 0;

	switch (wire_scan(&s->scan, wire_bytes(s->in.data, s->in.len), &n)) {
	case WIRE_WHOLE:
		hand_on(s, n);
		break;
	case WIRE_BAD:
		p->stats.streams_bad++;
		fail(s, POOL_SILENT);
		break;
	case WIRE_MORE:
		shed(p, s);
		break;
	}
}

static void
do_read(struct stream *s)
{
	ssize_t n = recv(s->fd, buf_reserve(&s->in, CHUNK), CHUNK, 0);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		s->port->stats.streams_late++;
		fail(s, n == 0 ? POOL_SILENT : failure_of(errno));
		return;
	}
	s->in.len += (size_t)n;
	s->port->nbytes += (size_t)n;
	look(s);
}

static void
do_write(struct stream *s)
{
	ssize_t n = send(
	    s->fd, s->out.data + s->nsent, s->out.len - s->nsent, MSG_NOSIGNAL);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == -1) {
		fail(s, failure_of(errno));
		return;
	}
	s->nsent += (size_t)n;
	if (s->nsent < s->out.len)
		return;
	if (!s->ours) {
		stream_free(s);
		return;
	}
	s->writing = false;
	loop_fd_want(s->watch, true, false);
}

static void
on_ready(void *arg, bool readable, bool writable)
{
	struct stream *s = arg;
	const struct gossip_port_ops *ops = s->port->ops;

	(void)readable;
	(void)writable;
	if (s->writing)
		do_write(s);
	else
		do_read(s);
	ops->done(ops->ctx);
}

static void
watch(struct stream *s, uint64_t after_ms)
{
	s->watch = loop_fd_new(s->port->loop, s->fd, on_ready, s);
	s->deadline = loop_timer_new(s->port->loop, on_deadline, s);
	loop_timer_set(s->deadline, after_ms);
}

static bool
is_crowded(const struct gossip_port *p, const struct pool_addr *from)
{
	size_t n = 0;

	if (p->ninbound >= PORT_STREAMS_MAX || p->nbytes > PORT_BYTES_MAX)
		return true;
	for (const struct stream *s = p->streams; s != NULL; s = s->next)
		n += !s->ours && s->from.nip == from->nip &&
		     memcmp(s->from.ip, from->ip, from->nip) == 0;
	return n >= PORT_STREAMS_ADDR;
}

void
stream_accept(struct gossip_port *p, int fd, const struct pool_addr *from)
{
	struct stream *s;

	if (is_crowded(p, from)) {
		p->stats.streams_refused++;
		close(fd);
		return;
	}
	p->stats.streams_in++;
	s = stream_new(p, false);
	s->fd = fd;
	s->from = *from;
	watch(s, PORT_STREAM_MS);
	loop_fd_want(s->watch, true, false);
}

/* Tells on the next turn that it has failed. */
static void
fail_soon(struct stream *s, enum pool_failure how)
{
	s->how = how;
	s->deadline = loop_timer_new(s->port->loop, on_deadline, s);
	loop_timer_set(s->deadline, 0);
}

void
gossip_port_dial(struct gossip_port *p, uint64_t token,
    const struct pool_addr *to, const char *bytes, size_t n,
    uint64_t deadline_ms)
{
	struct stream *s = stream_new(p, true);
	uint64_t now_ms = loop_now_ms(p->loop);
	struct sockaddr_storage sock;
	unsigned len = gossip_addr_to_sock(to, p->family, &sock);

	p->stats.streams_out++;
	s->token = token;
	buf_add(&s->out, bytes, n);
	p->nbytes += n;
	s->fd =
	    socket(p->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (len == 0 || s->fd == -1) {
		fail_soon(s, POOL_SILENT);
		return;
	}
	if (connect(s->fd, (struct sockaddr *)&sock, len) == -1 &&
	    errno != EINPROGRESS) {
		fail_soon(s, failure_of(errno));
		return;
	}
	watch(s, deadline_ms > now_ms ? deadline_ms - now_ms : 0);
	start_writing(s);
}
