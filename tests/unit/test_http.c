#include "common/http/http.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"
#include "tests/lib/peer.h"
#include "tests/lib/unit.h"

/* What the server under test has seen, and how it is to answer. */
struct app {
	struct loop *loop;
	struct http_server *server;
	struct http_req *held;
	struct buf body;
	int nrequests, nends, ngone, ndrained;
	bool drained;
	size_t left; /* of a stream that waits for room */
};

static void
on_request(void *ctx, struct http_req *r)
{
	struct app *a = ctx;
	const char *path = http_path(r);
	char text[256];
	size_t n;

	a->nrequests++;
	if (strcmp(path, "/hello") == 0) {
		http_add(r, "X-Nomad-Index", "7");
		http_reply(r, 200, "text/plain", "hello\n", 6);
	} else if (strcmp(path, "/hold") == 0) {
		a->held = r;
	} else if (strcmp(path, "/echo") == 0) {
		const char *body = http_body(r, &n);

		http_reply(r, 200, NULL, body, n);
	} else if (strcmp(path, "/what") == 0) {
		snprintf(text, sizeof text, "%s %s %s %s %d", http_method(r),
		    http_target(r), http_query(r), http_host(r), http_minor(r));
		http_reply(r, 200, NULL, text, strlen(text));
	} else if (strcmp(path, "/stream") == 0) {
		http_begin(r, 200, -1);
		http_write(r, "one ", 4);
		http_write(r, "two ", 4);
		http_write(r, "three", 5);
		http_end(r);
	} else {
		http_fail(r, 404, "no %s here", path);
	}
}

static void
on_gone(void *ctx, struct http_req *r)
{
	struct app *a = ctx;

	ck_assert_ptr_eq(a->held, r);
	a->held = NULL;
	a->ngone++;
}

static const struct http_ops collecting = { .on_request = on_request,
	.on_gone = on_gone };

static void
app_init(
    struct app *a, const struct http_ops *ops, const struct http_limits *limits)
{
	struct err err;

	log_set_level(LOG_ERROR);
	*a = (struct app){ .loop = loop_new() };
	a->server =
	    http_server_new(a->loop, "127.0.0.1:0", limits, ops, a, &err);
	ck_assert_msg(a->server != NULL, "%s", err.text);
}

static void
app_release(struct app *a)
{
	http_server_free(a->server);
	loop_free(a->loop);
	buf_release(&a->body);
}

static void
connect_to(struct app *a, struct peer *p)
{
	peer_open(p, a->loop, http_server_addr(a->server));
}

START_TEST(http_answers_and_keeps_the_connection)
{
	struct app a;
	struct peer p;

	app_init(&a, &collecting, NULL);
	connect_to(&a, &p);
	for (int i = 0; i < 3; i++) {
		peer_send(&p, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
		ck_assert(peer_expect(&p, "\r\n\r\nhello\n"));
		ck_assert(peer_expect(&p, "HTTP/1.1 200 OK\r\n"));
		ck_assert(peer_expect(&p, "\r\nX-Nomad-Index: 7\r\n"));
		ck_assert(peer_expect(&p, "\r\nContent-Length: 6\r\n"));
		ck_assert(peer_expect(&p, "\r\nContent-Type: text/plain\r\n"));
		ck_assert(peer_expect(&p, "\r\nDate: "));
		ck_assert_ptr_null(strstr(p.got.data, "Connection:"));
		peer_forget(&p);
	}
	ck_assert_uint_eq(http_server_stats(a.server).accepted, 1);
	ck_assert_uint_eq(http_server_stats(a.server).requests, 3);
	peer_close(&p);
	app_release(&a);
}
END_TEST

START_TEST(http_answers_pipelined_requests_in_order)
{
	struct app a;
	struct peer p;

	app_init(&a, &collecting, NULL);
	connect_to(&a, &p);
	peer_send(&p, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n"
		      "POST /echo HTTP/1.1\r\nHost: x\r\n"
		      "Content-Length: 3\r\n\r\nabc"
		      "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
	peer_idle(&p, 20);
	ck_assert_int_eq(a.nrequests, 1);
	http_reply(a.held, 200, NULL, "late", 4);
	ck_assert(peer_expect(&p, "hello\n"));
	ck_assert_int_eq(a.nrequests, 3);
	ck_assert(strstr(p.got.data, "late") < strstr(p.got.data, "abc"));
	ck_assert(strstr(p.got.data, "abc") < strstr(p.got.data, "hello"));
	peer_close(&p);
	app_release(&a);
}
END_TEST

START_TEST(http_takes_requests_byte_by_byte)
{
	static const char text[] = "\r\nPOST /echo?a=1 HTTP/1.1\r\nHost: x\r\n"
				   "Transfer-Encoding: chunked\r\n\r\n"
				   "3;x=y\r\nabc\r\n10\r\n0123456789abcdef\r\n"
				   "0\r\nTrailer: t\r\n\r\n";
	struct app a;
	struct peer p;

	app_init(&a, &collecting, NULL);
	connect_to(&a, &p);
	for (size_t i = 0; text[i] != '\0'; i++) {
		peer_send_bytes(&p, text + i, 1);
		peer_idle(&p, 0);
	}
	ck_assert(peer_expect(&p, "\r\n\r\nabc0123456789abcdef"));
	peer_close(&p);
	app_release(&a);
}
END_TEST

START_TEST(http_shows_what_was_asked)
{
	struct app a;
	struct peer p;

	app_init(&a, &collecting, NULL);
	connect_to(&a, &p);
	peer_send(&p, "GET /what?x=%20 HTTP/1.1\r\nhOST:  me:1 \r\n\r\n");
	ck_assert(peer_expect(&p, "GET /what?x=%20 x=%20 me:1 1"));
	peer_send(&p, "PUT http://you/what?b HTTP/1.1\r\nHost: me\r\n\r\n");
	ck_assert(peer_expect(&p, "PUT http://you/what?b b you 1"));
	peer_send(&p, "GET /what HTTP/1.0\r\n\r\n");
	ck_assert(peer_expect(&p, "GET /what   0"));
	ck_assert(peer_expect_end(&p));
	ck_assert(peer_expect(&p, "Connection: close"));
	peer_close(&p);
	app_release(&a);
}
END_TEST

START_TEST(http_streams_in_chunks_or_until_close)
{
	struct app a;
	struct peer p;

	app_init(&a, &collecting, NULL);
	connect_to(&a, &p);
	peer_send(&p, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
	ck_assert(peer_expect(
	    &p, "\r\n\r\n4\r\none \r\n4\r\ntwo \r\n5\r\nthree\r\n0\r\n\r\n"));
	peer_forget(&p);
	peer_send(&p, "HEAD /stream HTTP/1.1\r\nHost: x\r\n\r\n"
		      "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
	ck_assert(peer_expect(&p, "hello\n"));
	ck_assert_ptr_null(strstr(p.got.data, "three"));
	peer_forget(&p);
	peer_send(&p, "GET /stream HTTP/1.0\r\n\r\n");
	ck_assert(peer_expect(&p, "\r\n\r\none two three"));
	ck_assert(peer_expect_end(&p));
	peer_close(&p);
	app_release(&a);
}
END_TEST

START_TEST(http_notices_who_leaves_while_held)
{
	struct app a;
	struct peer p;

	app_init(&a, &collecting, NULL);
	connect_to(&a, &p);
	peer_send(&p, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
	peer_idle(&p, 20);
	ck_assert_ptr_nonnull(a.held);
	close(p.fd);
	p.fd = -1;
	peer_idle(&p, 20);
	ck_assert_int_eq(a.ngone, 1);
	ck_assert_uint_eq(http_server_stats(a.server).conns, 0);
	peer_close(&p);
	app_release(&a);
}
END_TEST

START_TEST(http_freeing_a_server_ends_what_is_held)
{
	struct app a;
	struct peer p;

	app_init(&a, &collecting, NULL);
	connect_to(&a, &p);
	peer_send(&p, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
	peer_idle(&p, 20);
	http_server_free(a.server);
	a.server = NULL;
	ck_assert_int_eq(a.ngone, 1);
	ck_assert(peer_expect_end(&p));
	peer_close(&p);
	app_release(&a);
}
END_TEST

static void
free_server(void *ctx, struct http_req *r)
{
	struct app *a = ctx;

	if (strcmp(http_path(r), "/reply") == 0)
		http_reply(r, 200, NULL, "bye", 3);
	http_server_free(a->server);
	a->server = NULL;
}

START_TEST(http_a_server_may_be_freed_in_its_callback)
{
	static const struct http_ops ops = { .on_request = free_server };
	struct app a;
	struct peer p;

	for (int i = 0; i < 2; i++) {
		app_init(&a, &ops, NULL);
		connect_to(&a, &p);
		peer_send(&p, i == 0 ? "GET /reply HTTP/1.1\r\nHost: x\r\n\r\n"
				     : "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
		ck_assert(peer_expect_end(&p));
		ck_assert(i == 1 || peer_expect(&p, "bye"));
		peer_close(&p);
		app_release(&a);
	}
}
END_TEST

UNIT_MAIN("http", http_answers_and_keeps_the_connection,
    http_answers_pipelined_requests_in_order, http_takes_requests_byte_by_byte,
    http_shows_what_was_asked, http_streams_in_chunks_or_until_close,
    http_notices_who_leaves_while_held, http_freeing_a_server_ends_what_is_held,
    http_a_server_may_be_freed_in_its_callback)
