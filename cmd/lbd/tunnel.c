#include "cmd/lbd/tunnel.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"

/* One end, and the bytes that wait to be written to it. */
struct side {
	struct tunnel *tunnel;
	struct side *other;
	struct loop_fd *watch;
	int fd;
	struct buf out;
	bool ended; /* it will send nothing more */
};

struct tunnel {
	struct side a, b;
	struct loop *loop;
	struct loop_timer *idle;
	uint64_t idle_ms, moved_ms; /* the limit; when a byte last moved */
	void (*done)(void *ctx, struct tunnel *t);
	void *ctx;
};

static void
note_life(struct tunnel *t)
{
	t->moved_ms = loop_now_ms(t->loop);
}

/* Writes what waits; -1 when the connection is broken. */
static int
flush(struct side *s)
{
	while (s->out.len > 0) {
		ssize_t n = send(s->fd, s->out.data, s->out.len, MSG_NOSIGNAL);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;
		if (n == -1)
			return -1;
		note_life(s->tunnel);
		buf_drop(&s->out, (size_t)n);
	}
	return 0;
}

/* Moves what has come to the other side; -1 when either is broken. */
static int
pump(struct side *s)
{
	struct buf *out = &s->other->out;
	ssize_t n;

	if (s->ended || out->len >= TUNNEL_BUF)
		return 0;
	n = recv(s->fd, buf_reserve(out, TUNNEL_BUF), TUNNEL_BUF, 0);
	if (n == -1)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	if (n == 0)
		s->ended = true;
	note_life(s->tunnel);
	out->len += (size_t)n;
	return flush(s->other);
}

static void
want(struct side *s)
{
	loop_fd_want(
	    s->watch, !s->ended && s->other->out.len == 0, s->out.len > 0);
}

/* Either end's last byte ends both, once it has been passed on. */
static bool
is_over(const struct tunnel *t)
{
	return (t->a.ended && t->b.out.len == 0) ||
	       (t->b.ended && t->a.out.len == 0);
}

static void
end(struct tunnel *t)
{
	loop_fd_want(t->a.watch, false, false);
	loop_fd_want(t->b.watch, false, false);
	loop_timer_cancel(t->idle);
	t->done(t->ctx, t);
}

/* The timer is not moved with each byte: it looks, and waits for the rest. */
static void
on_idle(void *arg)
{
	struct tunnel *t = arg;
	uint64_t silent_ms = loop_now_ms(t->loop) - t->moved_ms;

	if (silent_ms < t->idle_ms) {
		loop_timer_set(t->idle, t->idle_ms - silent_ms);
		return;
	}
	log_info(
	    "tunnel ended: nothing has passed silent_ms=%" PRIu64, silent_ms);
	end(t);
}

static void
on_ready(void *arg, bool readable, bool writable)
{
	struct side *s = arg;
	struct tunnel *t = s->tunnel;

	if ((writable && flush(s) == -1) || (readable && pump(s) == -1) ||
	    is_over(t)) {
		end(t);
		return;
	}
	want(&t->a);
	want(&t->b);
}

static void
side_init(struct side *s, struct tunnel *t, struct side *other, struct loop *l,
    int fd, struct buf *first)
{
	s->tunnel = t;
	s->other = other;
	s->fd = fd;
	s->out = *first;
	*first = (struct buf){ 0 };
	s->watch = loop_fd_new(l, fd, on_ready, s);
}

struct tunnel *
tunnel_new(struct loop *l, int a, struct buf *to_a, int b, struct buf *to_b,
    uint64_t idle_ms, void (*done)(void *ctx, struct tunnel *t), void *ctx)
{
	struct tunnel *t = xcalloc(1, sizeof *t);

	t->done = done;
	t->ctx = ctx;
	t->loop = l;
	t->idle_ms = idle_ms;
	t->idle = loop_timer_new(l, on_idle, t);
	note_life(t);
	loop_timer_set(t->idle, idle_ms);
	side_init(&t->a, t, &t->b, l, a, to_a);
	side_init(&t->b, t, &t->a, l, b, to_b);
	want(&t->a);
	want(&t->b);
	return t;
}

static void
side_release(struct side *s)
{
	loop_fd_free(s->watch);
	close(s->fd);
	buf_release(&s->out);
}

void
tunnel_free(struct tunnel *t)
{
	if (t == NULL)
		return;
	loop_timer_free(t->idle);
	side_release(&t->a);
	side_release(&t->b);
	free(t);
}
