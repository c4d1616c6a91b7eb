/*
 * Bytes as what a client sends to a server, through the whole engine. The
 * first byte says how they are cut; the rest goes over a socket, once in one
 * piece and once in pieces. Each request that was shown ends in one way, and
 * both times the same requests are seen.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/http/http.h"
#include "common/log.h"

#define PIECES_MAX 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* What the application under the server does, as the path's end says. */
enum act { REPLY, STREAM, HOLD, COLLECT, AT_END, ABORT, UPGRADE, PAUSE, NACTS };

struct app {
	struct loop *loop;
	struct http_server *server;
	struct buf seen; /* of the requests, in order */
	size_t heads;    /* of it: up to the last head */
	struct http_req *open;
	enum act act;
	bool paused;
	int client;
};

static void
answer(struct app *a, struct http_req *r)
{
	a->open = NULL;
	http_add(r, "X-Path", http_path(r));
	http_reply(r, 200, "text/plain", http_target(r), 3);
}

static void
stream(struct app *a, struct http_req *r)
{
	a->open = NULL;
	http_begin(r, 200, -1);
	http_write(r, "one", 3);
	http_write(r, "two", 3);
	http_end(r);
}

static void
take_over(struct app *a, struct http_req *r)
{
	struct buf rest = { 0 }, unsent = { 0 };
	int fd;

	if (!http_wants_upgrade(r)) {
		answer(a, r);
		return;
	}
	a->open = NULL;
	http_add(r, "Upgrade", "fuzz");
	http_begin(r, 101, 0);
	fd = http_upgrade(r, &rest, &unsent);
	if (fd == -1)
		http_abort(r);
	else
		close(fd);
	buf_release(&rest);
	buf_release(&unsent);
}

static void
note(struct app *a, struct http_req *r)
{
	char value[16];
	size_t n;

	buf_addf(&a->seen, "%s %s %s|%s|%d|", http_method(r), http_target(r),
	    http_query(r), http_host(r), http_minor(r));
	http_fields(r, &n);
	buf_addf(&a->seen, "%zu %lld", n, (long long)http_body_length(r));
	if (http_param(r, "index", value, sizeof value))
		buf_adds(&a->seen, value);
	if (http_field(r, "Content-Type") != NULL)
		buf_adds(&a->seen, http_field(r, "Content-Type"));
	a->heads = a->seen.len;
}

static void
on_request(void *ctx, struct http_req *r)
{
	struct app *a = ctx;
	const char *path = http_path(r);

	if (a->open != NULL)
		abort();
	note(a, r);
	a->open = r;
	a->act = (enum act)((unsigned char)path[strlen(path) - 1] % NACTS);
	if (a->act == REPLY)
		answer(a, r);
	else if (a->act == STREAM)
		stream(a, r);
	else if (a->act == UPGRADE)
		take_over(a, r);
	else if (a->act == COLLECT)
		http_collect(r);
	else if (a->act == PAUSE)
		http_req_pause(r);
	a->paused = a->open != NULL && a->act == PAUSE;
	if (a->open != NULL && a->act == ABORT) {
		a->open = NULL;
		http_begin(r, 200, 10);
		http_abort(r);
	}
}

static void
on_body(void *ctx, struct http_req *r, const char *p, size_t n)
{
	struct app *a = ctx;

	if (a->open != r || a->paused || a->act == COLLECT || n == 0)
		abort();
	buf_add(&a->seen, p, n);
}

static void
on_end(void *ctx, struct http_req *r)
{
	struct app *a = ctx;
	const char *body;
	size_t n;

	if (a->open != r || a->paused)
		abort();
	body = http_body(r, &n);
	buf_add(&a->seen, body, n);
	buf_adds(&a->seen, "|end\n");
	answer(a, r);
}

static void
on_gone(void *ctx, struct http_req *r)
{
	struct app *a = ctx;

	if (a->open != r)
		abort();
	a->open = NULL;
	a->paused = false;
	/* How much of a body came before its fault is not told. */
	a->seen.len = a->heads;
}

static const struct http_ops ops = { on_request, on_body, on_end, on_gone };

/* A few turns: what can happen now happens. */
static void
run(struct app *a)
{
	char sink[4096];

	for (int left = 6; left > 0; left--) {
		event_base_loop(loop_base(a->loop), EVLOOP_NONBLOCK);
		while (recv(a->client, sink, sizeof sink, MSG_DONTWAIT) > 0)
			continue;
		if (a->paused) {
			a->paused = false;
			left = 6;
			http_req_resume(a->open);
		}
	}
}

static void
send_all(struct app *a, const uint8_t *p, size_t n, uint8_t cut)
{
	size_t step = cut == 0 ? n : n / PIECES_MAX + cut % 61 + 1;

	while (n > 0) {
		size_t take = n < step ? n : step;
		ssize_t sent =
		    send(a->client, p, take, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent == -1 && errno != EAGAIN)
			return;
		if (sent > 0) {
			p += sent;
			n -= (size_t)sent;
		}
		run(a);
	}
}

static void
session(struct app *a, const struct sockaddr_un *to, socklen_t len,
    const uint8_t *p, size_t n, uint8_t cut)
{
	const struct sockaddr *sa = (const struct sockaddr *)(const void *)to;

	buf_reset(&a->seen);
	a->client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (a->client == -1 || connect(a->client, sa, len) == -1)
		abort();
	run(a);
	send_all(a, p, n, cut);
	run(a);
	shutdown(a->client, SHUT_WR);
	run(a);
	close(a->client);
	run(a);
	if (a->open != NULL || http_server_stats(a->server).conns != 0)
		abort();
}

static struct app app;
static struct sockaddr_un addr;
static socklen_t addr_len;

/* Listens at an address that the kernel chooses; no file is left. */
static void
start(void)
{
	struct sockaddr *sa = (struct sockaddr *)(void *)&addr;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	log_set_level(LOG_ERROR);
	addr.sun_family = AF_UNIX;
	if (fd == -1 || bind(fd, sa, sizeof addr.sun_family) == -1 ||
	    listen(fd, 8) == -1)
		abort();
	addr_len = sizeof addr;
	getsockname(fd, sa, &addr_len);
	app.loop = loop_new();
	app.server = http_server_on(app.loop, fd, NULL, &ops, &app);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buf whole;

	if (app.loop == NULL)
		start();
	if (n < 1)
		return 0;
	session(&app, &addr, addr_len, data + 1, n - 1, 0);
	whole = app.seen;
	app.seen = (struct buf){ 0 };
	session(
	    &app, &addr, addr_len, data + 1, n - 1, data[0] == 0 ? 1 : data[0]);
	if (whole.len != app.seen.len ||
	    (whole.len > 0 &&
		memcmp(whole.data, app.seen.data, whole.len) != 0)) {
		fprintf(stderr, "whole:\n%s\ncut:\n%s\n", buf_str(&whole),
		    buf_str(&app.seen));
		abort();
	}
	buf_release(&whole);
	buf_release(&app.seen);
	return 0;
}
