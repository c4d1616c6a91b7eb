#include "common/http/http.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"
#include "tests/lib/peer.h"
#include "tests/lib/unit.h"

/* What a call has brought. */
struct seen {
	struct http_call *call;
	bool done;
	int status, nheads, npieces, nrooms;
	enum err_code code;
	bool sent;
	struct buf body;
	char field[64];
	int fd; /* of an upgrade */
	struct buf rest;
	bool pause_at_head;
};

struct world {
	struct loop *loop;
	int listener;
	char addr[64];
	struct http_client *client;
};

static void
world_init(struct world *w)
{
	log_set_level(LOG_ERROR);
	w->loop = loop_new();
	w->listener = peer_listen(w->addr);
	w->client = http_client_new(w->loop, w->addr);
}

static void
world_release(struct world *w)
{
	http_client_free(w->client);
	if (w->listener != -1)
		close(w->listener);
	loop_free(w->loop);
}

static void
on_answer(void *ctx, const struct err *err, const struct http_answer *a)
{
	struct seen *s = ctx;

	ck_assert(!s->done);
	s->done = true;
	s->code = err == NULL ? ERR_NONE : err->code;
	s->status = a->status;
	s->sent = a->sent;
	s->call = NULL;
	if (a->len > 0)
		buf_add(&s->body, a->body, a->len);
	for (size_t i = 0; i < a->nfields; i++)
		if (strcmp(a->fields[i].name, "X-Field") == 0)
			snprintf(s->field, sizeof s->field, "%s",
			    a->fields[i].value);
}

static void
on_piece(void *ctx, const char *p, size_t n)
{
	struct seen *s = ctx;

	s->npieces++;
	buf_add(&s->body, p, n);
}

static void
get(struct world *w, struct seen *s, const char *target)
{
	*s = (struct seen){ 0 };
	s->call = http_call(w->client, "GET", target, NULL, 0, NULL, 0, 2000,
	    on_answer, NULL, s);
}

static void
await(struct world *w, struct seen *s)
{
	ck_assert(loop_wait(w->loop, &s->done, PEER_WAIT_MS));
}

START_TEST(client_asks_and_keeps_the_connection)
{
	static const char *const headers[] = { "X-Nomad-Token: t\r\nEvil: x" };
	struct world w;
	struct seen s = { 0 };
	struct peer p;

	world_init(&w);
	http_call(w.client, "PUT", "/a b", headers, 1, "body", 4, 1000,
	    on_answer, NULL, &s);
	peer_accept(&p, w.loop, w.listener);
	ck_assert(peer_expect(&p, "\r\n\r\nbody"));
	ck_assert(peer_expect(&p, "PUT /a%20b HTTP/1.1\r\nHost: "));
	ck_assert(peer_expect(&p, "\r\nX-Nomad-Token: t  Evil: x\r\n"));
	ck_assert(peer_expect(&p, "\r\nContent-Length: 4\r\n"));
	peer_send(&p, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"
		      "X-Field: f\r\nTransfer-Encoding: chunked\r\n\r\n"
		      "3\r\nabc\r\n0\r\n\r\n");
	await(&w, &s);
	ck_assert_int_eq(s.status, 200);
	ck_assert_str_eq(s.body.data, "abc");
	ck_assert_str_eq(s.field, "f");
	buf_release(&s.body);
	for (int i = 0; i < 3; i++) {
		peer_forget(&p);
		get(&w, &s, "/again");
		ck_assert(peer_expect(&p, "GET /again HTTP/1.1\r\n"));
		peer_send(&p, "HTTP/1.1 204 No Content\r\n\r\n");
		await(&w, &s);
		ck_assert_int_eq(s.status, 204);
	}
	peer_close(&p);
	world_release(&w);
}
END_TEST

START_TEST(client_asks_again_on_a_stale_connection)
{
	struct world w;
	struct seen s, t;
	struct peer p, q;

	world_init(&w);
	get(&w, &s, "/1");
	peer_accept(&p, w.loop, w.listener);
	ck_assert(peer_expect(&p, "GET /1"));
	peer_send(&p, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	await(&w, &s);
	/* The server closes just as the second request is on its way. */
	get(&w, &t, "/2");
	ck_assert(peer_expect(&p, "GET /2"));
	peer_close(&p);
	peer_accept(&q, w.loop, w.listener);
	ck_assert(peer_expect(&q, "GET /2"));
	ck_assert(!t.done);
	peer_send(&q, "HTTP/1.0 200 OK\r\n\r\nuntil close");
	peer_idle(&q, 20);
	ck_assert(!t.done);
	peer_close(&q);
	await(&w, &t);
	ck_assert_int_eq(t.status, 200);
	ck_assert_str_eq(t.body.data, "until close");
	buf_release(&t.body);
	world_release(&w);
}
END_TEST

/* Nor a PUT: between the first and the second somebody else may have written.
 */
START_TEST(client_sends_what_changes_something_once)
{
	static const char *const methods[] = { "POST", "PUT", "DELETE",
		"PATCH" };

	for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
		struct world w;
		struct seen s, t = { 0 };
		struct peer p;

		world_init(&w);
		get(&w, &s, "/1");
		peer_accept(&p, w.loop, w.listener);
		ck_assert(peer_expect(&p, "GET /1"));
		peer_send(&p, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
		await(&w, &s);
		http_call(w.client, methods[i], "/2", NULL, 0, "x", 1, 1000,
		    on_answer, NULL, &t);
		ck_assert(peer_expect(&p, "\r\n\r\nx"));
		/* The server is killed: nobody listens there any more. */
		close(w.listener);
		w.listener = -1;
		peer_close(&p);
		await(&w, &t);
		ck_assert_int_eq(t.code, ERR_GONE);
		ck_assert_int_eq(t.status, 0);
		ck_assert_msg(t.sent, "%s", methods[i]);
		world_release(&w);
	}
}
END_TEST

START_TEST(client_says_when_nobody_answers)
{
	struct world w;
	struct seen s;
	struct peer p;

	world_init(&w);
	close(w.listener);
	w.listener = -1;
	get(&w, &s, "/");
	ck_assert(!s.done);
	await(&w, &s);
	ck_assert_int_eq(s.code, ERR_GONE);
	ck_assert(!s.sent);
	world_release(&w);

	world_init(&w);
	s = (struct seen){ 0 };
	http_call(
	    w.client, "GET", "/", NULL, 0, NULL, 0, 50, on_answer, NULL, &s);
	peer_accept(&p, w.loop, w.listener);
	await(&w, &s);
	ck_assert_int_eq(s.code, ERR_TIMEOUT);
	ck_assert(peer_expect_end(&p));
	peer_close(&p);
	world_release(&w);
}
END_TEST

START_TEST(client_refuses_what_is_no_answer)
{
	static const char *const bad[] = { "hello\r\n\r\n",
		"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"
		"Transfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"
		"Content-Length: 2\r\n\r\nab",
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n"
		"Connection: upgrade\r\n\r\n",
		"HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n",
		"HTTP/1.1 200 OK\r\nA : b\r\n\r\n" };
	struct world w;
	struct seen s;
	struct peer p;

	world_init(&w);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		get(&w, &s, "/");
		peer_accept(&p, w.loop, w.listener);
		ck_assert(peer_expect(&p, "\r\n\r\n"));
		peer_send(&p, bad[i]);
		await(&w, &s);
		ck_assert_msg(s.code == ERR_BAD, "%zu: %d", i, (int)s.code);
		ck_assert(peer_expect_end(&p));
		buf_release(&s.body);
		peer_close(&p);
	}
	world_release(&w);
}
END_TEST

/* --- in pieces --- */

static void
on_head(void *ctx, const struct http_answer *a)
{
	struct seen *s = ctx;
	struct buf unsent = { 0 };

	s->nheads++;
	s->status = a->status;
	if (a->status == 101) {
		s->fd = http_call_upgrade(s->call, &s->rest, &unsent);
		ck_assert_uint_eq(unsent.len, 0);
		s->done = true;
	} else if (s->pause_at_head) {
		http_call_pause(s->call);
	}
}

static void
on_room(void *ctx)
{
	struct seen *s = ctx;

	s->nrooms++;
}

static const struct http_call_ops piecewise = { .on_head = on_head,
	.on_piece = on_piece,
	.on_answer = on_answer,
	.on_room = on_room };

static void
begin(struct world *w, struct seen *s, const char *method, int64_t length)
{
	static const char fields[] = "Host: h\r\n";

	*s = (struct seen){ 0 };
	s->call = http_call_begin(w->client, method, "/", fields,
	    sizeof fields - 1, length, 0, &piecewise, s);
}

START_TEST(client_streams_both_ways)
{
	struct world w;
	struct seen s;
	struct peer p;

	world_init(&w);
	begin(&w, &s, "POST", -1);
	ck_assert(http_call_write(s.call, "early", 5));
	peer_accept(&p, w.loop, w.listener);
	ck_assert(peer_expect(&p, "Transfer-Encoding: chunked\r\n\r\n"));
	ck_assert(peer_expect(&p, "5\r\nearly\r\n"));
	http_call_write(s.call, "late", 4);
	http_call_end(s.call);
	ck_assert(peer_expect(&p, "4\r\nlate\r\n0\r\n\r\n"));
	peer_send(&p, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc");
	peer_idle(&p, 20);
	ck_assert_int_eq(s.nheads, 1);
	ck_assert_str_eq(s.body.data, "abc");
	ck_assert(!s.done);
	peer_send(&p, "def");
	await(&w, &s);
	ck_assert_str_eq(s.body.data, "abcdef");
	ck_assert_int_eq(s.npieces, 2);
	buf_release(&s.body);
	peer_close(&p);
	world_release(&w);
}
END_TEST

START_TEST(client_feels_a_full_server_and_a_paused_reader)
{
	static char block[65536];
	struct world w;
	struct seen s;
	struct peer p;
	int blocks = 0;

	world_init(&w);
	begin(&w, &s, "PUT", -1);
	s.pause_at_head = true;
	peer_accept(&p, w.loop, w.listener);
	peer_idle(&p, 5);
	while (blocks < 1000 && http_call_write(s.call, block, sizeof block))
		blocks++;
	ck_assert_int_lt(blocks, 1000);
	http_call_write(s.call, "last", 4);
	ck_assert(peer_expect(&p, "4\r\nlast\r\n"));
	for (int i = 0; i < 1000 && s.nrooms == 0; i++)
		peer_idle(&p, 5);
	ck_assert_int_ge(s.nrooms, 1);
	http_call_end(s.call);
	ck_assert(peer_expect(&p, "\r\n0\r\n\r\n"));
	peer_send(&p, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
	peer_idle(&p, 20);
	ck_assert_int_eq(s.nheads, 1);
	ck_assert_int_eq(s.npieces, 0);
	http_call_resume(s.call);
	await(&w, &s);
	ck_assert_str_eq(s.body.data, "abc");
	buf_release(&s.body);
	peer_close(&p);
	world_release(&w);
}
END_TEST

START_TEST(client_hands_an_upgraded_connection_over)
{
	struct world w;
	struct seen s;
	struct peer p;

	world_init(&w);
	begin(&w, &s, "GET", 0);
	http_call_end(s.call);
	peer_accept(&p, w.loop, w.listener);
	ck_assert(peer_expect(&p, "\r\n\r\n"));
	peer_send(&p, "HTTP/1.1 101 Switching Protocols\r\n"
		      "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\nhi");
	await(&w, &s);
	ck_assert_str_eq(s.rest.data, "hi");
	ck_assert_int_eq(send(s.fd, "yo", 2, MSG_NOSIGNAL), 2);
	ck_assert(peer_expect(&p, "yo"));
	close(s.fd);
	buf_release(&s.rest);
	peer_close(&p);
	world_release(&w);
}
END_TEST

START_TEST(client_may_be_freed_or_cancelled_any_time)
{
	struct world w;
	struct seen s, t, u;
	struct peer p;

	world_init(&w);
	get(&w, &s, "/");
	get(&w, &t, "/");
	get(&w, &u, "/");
	http_call_cancel(t.call);
	peer_accept(&p, w.loop, w.listener);
	http_call_cancel(u.call);
	peer_idle(&p, 5);
	http_client_free(w.client);
	w.client = NULL;
	ck_assert(s.done);
	ck_assert_int_eq(s.code, ERR_GONE);
	ck_assert(!t.done && !u.done);
	peer_close(&p);
	world_release(&w);
}
END_TEST

START_TEST(client_looks_names_up)
{
	struct world w;
	struct seen s;

	world_init(&w);
	http_client_free(w.client);
	w.client = http_client_new(w.loop, "no-such-host.invalid:80");
	get(&w, &s, "/");
	await(&w, &s);
	ck_assert(s.code == ERR_GONE || s.code == ERR_TIMEOUT);
	http_client_free(w.client);
	w.client = http_client_new(w.loop, "bad address");
	get(&w, &s, "/");
	await(&w, &s);
	ck_assert_int_eq(s.code, ERR_BAD);
	/* What the resolver leaves for the next turn. */
	s.done = false;
	loop_wait(w.loop, &s.done, 5);
	world_release(&w);
}
END_TEST

/* --- the blocking one --- */

struct serving {
	struct loop *loop;
	struct http_server *server;
	char addr[128];
};

static void
echo(void *ctx, struct http_req *r)
{
	size_t n;
	const char *body = http_body(r, &n);

	(void)ctx;
	http_add(r, "X-Echo", http_target(r));
	if (strcmp(http_path(r), "/missing") == 0) {
		http_fail(r, 404, "missing");
		return;
	}
	http_begin(r, 200, -1);
	http_write(r, body, n);
	http_end(r);
}

static void *
serve(void *arg)
{
	struct serving *v = arg;

	loop_run(v->loop);
	http_server_free(v->server);
	loop_free(v->loop);
	return NULL;
}

static void
stop(void *arg)
{
	loop_stop(arg);
}

static bool
one_piece(void *ctx, const char *p, size_t n)
{
	buf_add(ctx, p, n);
	return false;
}

static void
ask_each_way(const char *addr)
{
	static const char *const headers[] = { "X-A: b" };
	struct buf fields = { 0 }, body = { 0 };
	int status = 0;
	struct err err;

	ck_assert_msg(http_ask(addr, "PUT", "/x?y", headers, 1, "abc", 3, 5000,
			  &status, &fields, &body, &err) == 0,
	    "%s", err.text);
	ck_assert_int_eq(status, 200);
	ck_assert_str_eq(body.data, "abc");
	ck_assert_ptr_nonnull(strstr(fields.data, "X-Echo: /x?y\r\n"));
	buf_release(&body);
	buf_release(&fields);
	ck_assert_int_eq(http_ask_stream(addr, "GET", "/missing", NULL, 0, 5000,
			     one_piece, NULL, &status, &body, &err),
	    0);
	ck_assert_int_eq(status, 404);
	ck_assert_str_eq(body.data, "missing");
	buf_release(&body);
}

START_TEST(http_ask_blocks_and_brings_the_answer)
{
	static const struct http_ops ops = { .on_request = echo };
	char path[64];
	struct serving v;
	struct err err;
	pthread_t thread;
	int status;
	struct buf body = { 0 };

	snprintf(path, sizeof path, "unix:/tmp/test_http.%d", (int)getpid());
	for (int i = 0; i < 2; i++) {
		v.loop = loop_new();
		v.server = http_server_new(v.loop,
		    i == 0 ? "127.0.0.1:0" : path, NULL, &ops, NULL, &err);
		ck_assert_msg(v.server != NULL, "%s", err.text);
		snprintf(
		    v.addr, sizeof v.addr, "%s", http_server_addr(v.server));
		pthread_create(&thread, NULL, serve, &v);
		ask_each_way(v.addr);
		loop_post(v.loop, stop, v.loop);
		pthread_join(thread, NULL);
	}
	ck_assert_int_eq(http_ask(v.addr, "GET", "/", NULL, 0, NULL, 0, 100,
			     &status, NULL, &body, &err),
	    -1);
	ck_assert_int_eq(err.code, ERR_GONE);
}
END_TEST

UNIT_MAIN("http_client", client_asks_and_keeps_the_connection,
    client_asks_again_on_a_stale_connection,
    client_sends_what_changes_something_once, client_says_when_nobody_answers,
    client_refuses_what_is_no_answer, client_streams_both_ways,
    client_feels_a_full_server_and_a_paused_reader,
    client_hands_an_upgraded_connection_over,
    client_may_be_freed_or_cancelled_any_time, client_looks_names_up,
    http_ask_blocks_and_brings_the_answer)
