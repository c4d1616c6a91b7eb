/* A server: its life, its time limits, the ends of its turns. */
#include <assert.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/http/inner.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/tls_relay.h"

#define SWEEP_MIN_MS 10
#define SWEEP_MAX_MS 1000

void
http_limits_init(struct http_limits *l)
{
	*l = (struct http_limits){
		.max_head = HTTP_MAX_HEAD,
		.max_fields = HTTP_MAX_FIELDS,
		.max_body = HTTP_MAX_BODY,
		.max_per_client = HTTP_MAX_PER_CLIENT,
		.max_conns = HTTP_MAX_CONNS,
		.idle_ms = HTTP_IDLE_MS,
		.head_ms = HTTP_HEAD_MS,
		.stall_ms = HTTP_STALL_MS,
	};
}

/* --- time limits --- */

/*
 * One coarse timer stands for all limits of all connections: it is set for
 * the earliest of them and is not moved when that one moves away. Without
 * connections there is nothing to wake up for.
 */
void
server_want_sweep(struct http_server *s, uint64_t at_ms)
{
	uint64_t now_ms = loop_now_ms(s->loop);

	if (at_ms < now_ms + s->sweep_step_ms)
		at_ms = now_ms + s->sweep_step_ms;
	if (at_ms >= s->sweep_at_ms)
		return;
	s->sweep_at_ms = at_ms;
	loop_timer_set(s->sweep, at_ms - now_ms);
}

static void
on_sweep(void *arg)
{
	struct http_server *s = arg;
	uint64_t now_ms = loop_now_ms(s->loop);
	struct http_conn *c, *next;

	server_enter(s);
	s->sweep_at_ms = UINT64_MAX;
	for (c = TAILQ_FIRST(&s->conns); c != NULL && !s->doomed; c = next) {
		next = TAILQ_NEXT(c, link);
		/* What is told of this one may end the next. */
		if (next != NULL)
			next->busy++;
		conn_on_sweep(c, now_ms);
		if (next != NULL)
			next->busy--;
	}
	server_leave(s);
}

static uint64_t
sweep_step(const struct http_limits *l)
{
	const uint64_t limits[] = { l->idle_ms, l->head_ms, l->stall_ms };
	uint64_t step = SWEEP_MAX_MS;

	for (size_t i = 0; i < 3; i++)
		if (limits[i] > 0 && limits[i] / 4 < step)
			step = limits[i] / 4;
	return step < SWEEP_MIN_MS ? SWEEP_MIN_MS : step;
}

/* --- the end of a turn --- */

static void
tell_drained(struct http_server *s)
{
	void (*done)(void *ctx) = s->drained;

	if (s->doomed || !s->is_drained || done == NULL)
		return;
	s->drained = NULL;
	done(s->drained_ctx);
}

/* Each connection has one go; those that come again wait for another turn. */
static void
on_turn_end(evutil_socket_t fd, short what, void *arg)
{
	struct http_server *s = arg;
	struct http_conn *c;
	size_t n = 0;

	(void)fd;
	(void)what;
	server_enter(s);
	s->in_turn_end = true;
	TAILQ_FOREACH (c, &s->run, run_link)
		n++;
	while (n-- > 0 && !s->doomed && (c = TAILQ_FIRST(&s->run)) != NULL) {
		TAILQ_REMOVE(&s->run, c, run_link);
		c->in_run = false;
		conn_on_turn_end(c);
	}
	s->in_turn_end = false;
	if (!TAILQ_EMPTY(&s->run))
		loop_timer_set(s->again, 0);
	tell_drained(s);
	server_leave(s);
}

static void
on_again(void *arg)
{
	on_turn_end(-1, 0, arg);
}

void
server_run_later(struct http_conn *c)
{
	struct http_server *s = c->server;

	if (c->in_run)
		return;
	c->in_run = true;
	TAILQ_INSERT_TAIL(&s->run, c, run_link);
	if (!s->in_turn_end)
		event_active(s->at_turn_end, EV_TIMEOUT, 0);
}

/* --- its life --- */

struct http_server *
http_server_on(struct loop *l, int fd, const struct http_limits *limits,
    const struct http_ops *ops, void *ctx)
{
	struct http_server *s = xcalloc(1, sizeof *s);
	union http_sock sock = { 0 };
	socklen_t len = sizeof sock;

	if (limits != NULL)
		s->limits = *limits;
	else
		http_limits_init(&s->limits);
	s->loop = l;
	s->fd = fd;
	s->ops = ops;
	s->ctx = ctx;
	TAILQ_INIT(&s->conns);
	TAILQ_INIT(&s->run);
	if (getsockname(fd, &sock.sa, &len) == 0)
		http_addr_format(&sock, len, s->addr);
	s->sweep_step_ms = sweep_step(&s->limits);
	s->sweep_at_ms = UINT64_MAX;
	s->sweep = loop_timer_new(l, on_sweep, s);
	s->again = loop_timer_new(l, on_again, s);
	s->retry = loop_timer_new(l, server_accept_again, s);
	s->at_turn_end = event_new(loop_base(l), -1, 0, on_turn_end, s);
	if (s->at_turn_end == NULL)
		log_fatal("libevent: no memory");
	s->watch = loop_fd_new(l, fd, server_on_connect, s);
	loop_fd_want(s->watch, true, false);
	return s;
}

struct http_server *
http_server_new(struct loop *l, const char *addr,
    const struct http_limits *limits, const struct http_ops *ops, void *ctx,
    struct err *err)
{
	int fd = http_listen(addr, false, err);

	return fd == -1 ? NULL : http_server_on(l, fd, limits, ops, ctx);
}

const char *
http_server_addr(const struct http_server *s)
{
	return s->addr;
}

struct http_stats
http_server_stats(const struct http_server *s)
{
	struct http_stats stats = s->stats;

	if (s->tls != NULL)
		stats.tls_refused = tls_relay_stats(s->tls).refused;
	return stats;
}

static void
stop_listening(struct http_server *s)
{
	if (s->fd == -1)
		return;
	loop_timer_cancel(s->retry);
	loop_fd_free(s->watch);
	s->watch = NULL;
	if (strncmp(s->addr, "unix:/", 6) == 0)
		unlink(s->addr + 5);
	close(s->fd);
	s->fd = -1;
}

/* The last connection has gone: done() is called when the turn ends. */
void
server_check_drained(struct http_server *s)
{
	if (!s->draining || s->is_drained || !TAILQ_EMPTY(&s->conns))
		return;
	s->is_drained = true;
	event_active(s->at_turn_end, EV_TIMEOUT, 0);
}

static void
end_all(struct http_server *s)
{
	struct http_conn *c;

	while ((c = TAILQ_FIRST(&s->conns)) != NULL) {
		c->busy++;
		conn_gone(c);
		c->busy = 0;
		conn_settle(c);
	}
}

static void
on_grace_over(void *arg)
{
	struct http_server *s = arg;

	server_enter(s);
	end_all(s);
	server_leave(s);
}

void
http_server_drain(struct http_server *s, uint64_t grace_ms,
    void (*done)(void *ctx), void *ctx)
{
	struct http_conn *c, *next;

	assert(!s->draining);
	s->draining = true;
	s->drained = done;
	s->drained_ctx = ctx;
	stop_listening(s);
	s->grace = loop_timer_new(s->loop, on_grace_over, s);
	loop_timer_set(s->grace, grace_ms);
	for (c = TAILQ_FIRST(&s->conns); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		c->close_after = true;
		conn_settle(c);
	}
	server_check_drained(s);
}

static void
destroy(struct http_server *s)
{
	s->draining = true;
	s->is_drained = true;
	s->depth++; /* what on_gone() may call finds it alive */
	stop_listening(s);
	end_all(s);
	tls_relay_free(s->tls);
	event_free(s->at_turn_end);
	loop_timer_free(s->sweep);
	loop_timer_free(s->retry);
	loop_timer_free(s->again);
	loop_timer_free(s->grace);
	buf_release(&s->scratch);
	free(s);
}

void
http_server_free(struct http_server *s)
{
	if (s == NULL)
		return;
	if (s->depth > 0)
		s->doomed = true;
	else
		destroy(s);
}

void
server_enter(struct http_server *s)
{
	s->depth++;
}

void
server_leave(struct http_server *s)
{
	if (--s->depth == 0 && s->doomed)
		destroy(s);
}
