/*
 * Bodies in pieces, both ways: back pressure, early answers, upgrades, ends
 * of every kind; and the small text of HTTP.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/http/http.h"
#include "common/log.h"
#include "tests/lib/peer.h"
#include "tests/lib/unit.h"

#define BIG ((size_t)4 << 20)

struct app {
	struct loop *loop;
	struct http_server *server;
	struct http_req *req; /* the latest, until it is over */
	struct buf body;
	int nrequests, npieces, nends, ngone;
	bool pause, collect, early, drained;
	size_t left; /* of a stream that waits for room */
	int nrooms;
	bool inside; /* a function of http.h */
};

static void
on_request(void *ctx, struct http_req *r)
{
	struct app *a = ctx;

	ck_assert(!a->inside);
	a->nrequests++;
	a->req = r;
	if (a->pause)
		http_req_pause(r);
	if (a->collect)
		http_collect(r);
	if (a->early)
		http_reply(r, 200, NULL, "early", 5);
}

static void
on_body(void *ctx, struct http_req *r, const char *p, size_t n)
{
	struct app *a = ctx;

	ck_assert(!a->inside && !a->early && !a->collect);
	ck_assert_ptr_eq(a->req, r);
	a->npieces++;
	buf_add(&a->body, p, n);
}

static void
on_end(void *ctx, struct http_req *r)
{
	struct app *a = ctx;

	ck_assert(!a->inside && !a->early);
	ck_assert_ptr_eq(a->req, r);
	a->nends++;
}

static void
on_gone(void *ctx, struct http_req *r)
{
	struct app *a = ctx;

	ck_assert(!a->inside);
	ck_assert_ptr_eq(a->req, r);
	a->req = NULL;
	a->ngone++;
}

static const struct http_ops ops = { on_request, on_body, on_end, on_gone };

static void
app_begin(struct app *a, struct peer *p, const struct http_limits *limits)
{
	struct err err;

	log_set_level(LOG_ERROR);
	*a = (struct app){ .loop = loop_new() };
	a->server =
	    http_server_new(a->loop, "127.0.0.1:0", limits, &ops, a, &err);
	ck_assert_msg(a->server != NULL, "%s", err.text);
	peer_open(p, a->loop, http_server_addr(a->server));
}

static void
app_init(struct app *a, struct peer *p)
{
	app_begin(a, p, NULL);
}

static void
app_release(struct app *a, struct peer *p)
{
	peer_close(p);
	http_server_free(a->server);
	loop_free(a->loop);
	buf_release(&a->body);
}

/* Sends a request and waits until it is shown. */
static void
ask(struct app *a, struct peer *p, const char *text)
{
	int n = a->nrequests;

	peer_send(p, text);
	for (int i = 0; i < 500 && a->nrequests == n; i++)
		peer_idle(p, 2);
	ck_assert_int_eq(a->nrequests, n + 1);
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"
#define POST      "POST / HTTP/1.1\r\nHost: x\r\n"

/* --- in --- */

START_TEST(http_hands_a_body_over_as_it_comes)
{
	struct app a;
	struct peer p;

	app_init(&a, &p);
	ask(&a, &p, POST "Transfer-Encoding: chunked\r\n\r\n");
	ck_assert_int_eq(http_body_length(a.req), -1);
	peer_send(&p, "3\r\nabc\r\n");
	peer_idle(&p, 20);
	ck_assert_str_eq(buf_str(&a.body), "abc");
	ck_assert_int_eq(a.nends, 0);
	peer_send(&p, "1\r\nd\r\n0\r\n\r\n");
	peer_idle(&p, 20);
	ck_assert_str_eq(buf_str(&a.body), "abcd");
	ck_assert_int_eq(a.nends, 1);
	http_reply(a.req, 200, NULL, "ok", 2);
	ck_assert(peer_expect(&p, "ok"));
	ask(&a, &p, GET("/"));
	ck_assert_int_eq(http_body_length(a.req), 0);
	ck_assert_int_eq(a.nends, 2);
	http_reply(a.req, 200, NULL, NULL, 0);
	app_release(&a, &p);
}
END_TEST

/* How much a client gets rid of within a while. */
static size_t
push(struct peer *p, size_t want)
{
	static char bytes[65536];
	size_t sent = 0;
	int quiet = 0;

	while (sent < want && quiet < 10) {
		ssize_t n = send(p->fd, bytes,
		    want - sent < sizeof bytes ? want - sent : sizeof bytes,
		    MSG_DONTWAIT | MSG_NOSIGNAL);

		quiet = n > 0 ? 0 : quiet + 1;
		sent += n > 0 ? (size_t)n : 0;
		peer_idle(p, n > 0 ? 0 : 5);
	}
	return sent;
}

START_TEST(http_a_paused_request_holds_its_client_back)
{
	struct app a;
	struct peer p;
	char head[128];
	int small = 65536;
	size_t sent, later;

	app_init(&a, &p);
	setsockopt(p.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	a.pause = true;
	snprintf(
	    head, sizeof head, POST "Content-Length: %zu\r\n\r\n", 8 * BIG);
	ask(&a, &p, head);
	sent = push(&p, 8 * BIG);
	ck_assert_uint_lt(sent, 8 * BIG);
	ck_assert_int_eq(a.npieces, 0);
	http_req_resume(a.req);
	ck_assert_int_eq(a.npieces, 0); /* never from inside a call */
	later = push(&p, 8 * BIG - sent);
	peer_idle(&p, 20);
	ck_assert_uint_eq(sent + later, 8 * BIG);
	ck_assert_uint_eq(a.body.len, 8 * BIG);
	ck_assert_int_eq(a.nends, 1);
	http_reply(a.req, 200, NULL, "ok", 2);
	ck_assert(peer_expect(&p, "ok"));
	app_release(&a, &p);
}
END_TEST

START_TEST(http_notices_who_resets_while_paused)
{
	struct linger now = { .l_onoff = 1 };
	struct http_limits limits;
	struct app a;
	struct peer p;

	/* It is looked for as often as the shortest limit asks. */
	http_limits_init(&limits);
	limits.head_ms = 200;
	app_begin(&a, &p, &limits);
	a.pause = true;
	ask(&a, &p, POST "Content-Length: 5\r\n\r\nab");
	setsockopt(p.fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	close(p.fd);
	p.fd = -1;
	for (int i = 0; i < 300 && a.ngone == 0; i++)
		peer_idle(&p, 20);
	ck_assert_int_eq(a.ngone, 1);
	app_release(&a, &p);
}
END_TEST

START_TEST(http_says_100_continue_when_it_wants_the_body)
{
	struct app a;
	struct peer p;
	char byte;

	app_init(&a, &p);
	ask(&a, &p, POST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
	ck_assert(peer_expect(&p, "HTTP/1.1 100 Continue\r\n\r\n"));
	peer_send(&p, "ok");
	peer_idle(&p, 20);
	ck_assert_int_eq(a.nends, 1);
	http_reply(a.req, 200, NULL, "a", 1);
	ck_assert(peer_expect(&p, "\r\n\r\na"));
	peer_forget(&p);
	/* Not while it is paused. */
	a.pause = true;
	ask(&a, &p, POST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
	peer_idle(&p, 20);
	ck_assert_int_eq(recv(p.fd, &byte, 1, MSG_DONTWAIT), -1);
	http_req_resume(a.req);
	ck_assert(peer_expect(&p, "HTTP/1.1 100 Continue\r\n\r\n"));
	peer_send(&p, "ok");
	peer_idle(&p, 20);
	http_reply(a.req, 200, NULL, "b", 1);
	ck_assert(peer_expect(&p, "\r\n\r\nb"));
	peer_forget(&p);
	/* And never when the answer comes before. */
	ask(&a, &p, POST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
	http_reply(a.req, 403, NULL, "no", 2);
	ck_assert(peer_expect(&p, "Connection: close"));
	ck_assert(peer_expect_end(&p));
	ck_assert_ptr_null(strstr(p.got.data, "100 Continue"));
	app_release(&a, &p);
}
END_TEST

START_TEST(http_collects_when_asked_to)
{
	struct app a;
	struct peer p;
	const char *body;
	size_t n;

	app_init(&a, &p);
	a.collect = true;
	ask(&a, &p, POST "Content-Length: 6\r\n\r\nabc");
	ck_assert_int_eq(a.nends, 0);
	peer_send(&p, "def");
	peer_idle(&p, 20);
	ck_assert_int_eq(a.nends, 1);
	body = http_body(a.req, &n);
	ck_assert_uint_eq(n, 6);
	ck_assert_mem_eq(body, "abcdef", 6);
	http_reply(a.req, 200, NULL, body, n);
	ck_assert(peer_expect(&p, "\r\n\r\nabcdef"));
	app_release(&a, &p);
}
END_TEST

START_TEST(http_throws_the_rest_away_after_an_early_answer)
{
	struct app a;
	struct peer p;

	app_init(&a, &p);
	a.early = true;
	ask(&a, &p, POST "Content-Length: 6\r\n\r\nabc");
	ck_assert(peer_expect(&p, "early"));
	ck_assert_ptr_null(strstr(p.got.data, "Connection: close"));
	peer_forget(&p);
	peer_send(&p, "def");
	ask(&a, &p, GET("/"));
	ck_assert(peer_expect(&p, "early"));
	ck_assert_uint_eq(http_server_stats(a.server).accepted, 1);
	app_release(&a, &p);
}
END_TEST

START_TEST(http_throws_only_so_much_away)
{
	struct app a;
	struct peer p;
	char head[128];

	app_init(&a, &p);
	a.early = true;
	snprintf(head, sizeof head, POST "Content-Length: %d\r\n\r\nabc",
	    HTTP_DISCARD_MAX + 4);
	ask(&a, &p, head);
	ck_assert(peer_expect(&p, "Connection: close"));
	/* It may still read its answer. */
	ck_assert(peer_expect(&p, "early"));
	ck_assert(peer_expect_end(&p));
	ck_assert(!p.reset);
	app_release(&a, &p);
}
END_TEST

/* --- out --- */

static void
fill(void *ctx, struct http_req *r)
{
	static char bytes[32768];
	struct app *a = ctx;

	ck_assert(!a->inside);
	a->nrooms++;
	a->inside = true;
	while (a->left > 0) {
		size_t n = a->left < sizeof bytes ? a->left : sizeof bytes;

		a->left -= n;
		if (!http_write(r, bytes, n))
			break;
	}
	if (a->left == 0)
		http_end(r);
	a->inside = false;
}

START_TEST(http_a_slow_reader_holds_a_writer_back)
{
	struct app a;
	struct peer p;

	app_init(&a, &p);
	ask(&a, &p, GET("/"));
	a.left = 8 * BIG;
	http_on_drained(a.req, fill, &a);
	http_begin(a.req, 200, (int64_t)a.left);
	fill(&a, a.req);
	ck_assert_uint_gt(a.left, 0);
	peer_idle(&p, 50);
	/* What the system holds went on; the rest waits for the reader. */
	ck_assert_uint_gt(a.left, 0);
	ck_assert(peer_expect(&p, "\r\n\r\n"));
	ck_assert(peer_expect_bytes(&p, 8 * BIG));
	ck_assert_uint_eq(a.left, 0);
	ck_assert_int_gt(a.nrooms, 1);
	a.req = NULL;
	app_release(&a, &p);
}
END_TEST

START_TEST(http_notices_who_leaves_a_stream)
{
	struct app a;
	struct peer p;

	app_init(&a, &p);
	ask(&a, &p, GET("/"));
	http_begin(a.req, 200, -1);
	http_write(a.req, "one", 3);
	ck_assert(peer_expect(&p, "3\r\none\r\n"));
	close(p.fd);
	p.fd = -1;
	for (int i = 0; i < 100 && a.ngone == 0; i++)
		peer_idle(&p, 5);
	ck_assert_int_eq(a.ngone, 1);
	app_release(&a, &p);
}
END_TEST

START_TEST(http_counts_a_half_closed_client_as_gone)
{
	struct app a;
	struct peer p;

	app_init(&a, &p);
	ask(&a, &p, GET("/"));
	shutdown(p.fd, SHUT_WR);
	ck_assert(peer_expect_end(&p));
	ck_assert_int_eq(a.ngone, 1);
	ck_assert_uint_eq(p.got.len, 0);
	app_release(&a, &p);
}
END_TEST

START_TEST(http_an_aborted_answer_resets)
{
	struct app a;
	struct peer p;

	app_init(&a, &p);
	ask(&a, &p, GET("/"));
	http_begin(a.req, 200, 10);
	http_write(a.req, "one", 3);
	ck_assert(peer_expect(&p, "one"));
	http_abort(a.req);
	ck_assert(peer_expect_end(&p));
	ck_assert(p.reset);
	ck_assert_int_eq(a.ngone, 0);
	app_release(&a, &p);
}
END_TEST

START_TEST(http_an_answer_cut_short_resets)
{
	struct app a;
	struct peer p;

	app_init(&a, &p);
	ask(&a, &p, GET("/"));
	http_begin(a.req, 200, 10);
	http_write(a.req, "one", 3);
	ck_assert(peer_expect(&p, "one"));
	http_end(a.req);
	ck_assert(peer_expect_end(&p));
	ck_assert(p.reset);
	app_release(&a, &p);
}
END_TEST

START_TEST(http_some_answers_have_no_body)
{
	struct app a;
	struct peer p;

	app_init(&a, &p);
	ask(&a, &p, "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
	http_reply(a.req, 200, NULL, "hidden", 6);
	ck_assert(peer_expect(&p, "Content-Length: 6\r\n"));
	ask(&a, &p, GET("/"));
	http_begin(a.req, 304, 9);
	http_write(a.req, "hidden", 6);
	http_end(a.req);
	ck_assert(peer_expect(&p, "Content-Length: 9\r\n"));
	ask(&a, &p, GET("/"));
	http_begin(a.req, 204, -1);
	http_end(a.req);
	ck_assert(peer_expect(&p, "HTTP/1.1 204 No Content\r\n"));
	ask(&a, &p, GET("/"));
	http_reply(a.req, 200, NULL, "shown", 5);
	ck_assert(peer_expect(&p, "shown"));
	ck_assert_ptr_null(strstr(p.got.data, "hidden"));
	ck_assert_ptr_null(strstr(p.got.data, "Transfer-Encoding"));
	app_release(&a, &p);
}
END_TEST

START_TEST(http_keeps_framing_and_line_ends_to_itself)
{
	struct app a;
	struct peer p;

	app_init(&a, &p);
	ask(&a, &p, GET("/"));
	http_add(a.req, "X-Evil", "a\r\nSet-Cookie: b");
	http_add(a.req, "content-length", "99");
	http_add(a.req, "Transfer-Encoding", "gzip");
	http_add(a.req, "Connection", "close");
	http_add(a.req, "Date", "today");
	http_reply(a.req, 200, "text/plain", "body", 4);
	ck_assert(peer_expect(&p, "\r\n\r\nbody"));
	ck_assert(peer_expect(&p, "\r\nX-Evil: a  Set-Cookie: b\r\n"));
	ck_assert(peer_expect(&p, "\r\nContent-Length: 4\r\n"));
	ck_assert(peer_expect(&p, "\r\nDate: today\r\n"));
	ck_assert_ptr_null(strstr(p.got.data, "gzip"));
	ck_assert_ptr_null(strstr(p.got.data, "99"));
	ck_assert_ptr_null(strstr(p.got.data, "Connection"));
	app_release(&a, &p);
}
END_TEST

START_TEST(http_closes_after_the_last_answer)
{
	struct app a;
	struct peer p;

	app_init(&a, &p);
	ask(&a, &p, GET("/") GET("/next"));
	http_close_after(a.req);
	http_fail(a.req, 503, "no %s", "more");
	ck_assert(peer_expect(&p, "Connection: close\r\n"));
	ck_assert(peer_expect(&p, "\r\n\r\nno more"));
	ck_assert(peer_expect_end(&p));
	ck_assert_int_eq(a.nrequests, 1);
	app_release(&a, &p);
}
END_TEST

START_TEST(http_keeps_an_old_client_that_asks_for_it)
{
	struct app a;
	struct peer p;

	app_init(&a, &p);
	ask(&a, &p, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	http_reply(a.req, 200, NULL, "one", 3);
	ck_assert(peer_expect(&p, "Connection: keep-alive\r\n"));
	ask(&a, &p, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	http_reply(a.req, 200, NULL, "two", 3);
	ck_assert(peer_expect(&p, "Connection: close\r\n"));
	ck_assert(peer_expect_end(&p));
	app_release(&a, &p);
}
END_TEST

/* --- connections handed over, and the server's end --- */

START_TEST(http_hands_an_upgraded_connection_over)
{
	struct buf rest = { 0 }, unsent = { 0 };
	struct app a;
	struct peer p;
	int fd;

	app_init(&a, &p);
	ask(&a, &p,
	    "GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\n"
	    "Upgrade: echo\r\n\r\nfirst words");
	ck_assert(http_wants_upgrade(a.req));
	ck_assert_str_eq(http_field(a.req, "upgrade"), "echo");
	http_add(a.req, "Upgrade", "echo");
	http_begin(a.req, 101, 0);
	fd = http_upgrade(a.req, &rest, &unsent);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_uint_eq(rest.len, 11);
	ck_assert_mem_eq(rest.data, "first words", 11);
	ck_assert_uint_eq(unsent.len, 0);
	ck_assert_int_eq(send(fd, "hi", 2, 0), 2);
	ck_assert(peer_expect(&p, "\r\n\r\nhi"));
	ck_assert(peer_expect(&p, "HTTP/1.1 101 Switching Protocols\r\n"));
	ck_assert(peer_expect(&p, "\r\nConnection: Upgrade\r\n"));
	ck_assert_uint_eq(http_server_stats(a.server).conns, 0);
	close(fd);
	buf_release(&rest);
	buf_release(&unsent);
	app_release(&a, &p);
}
END_TEST

START_TEST(http_does_not_hand_over_in_the_middle_of_a_body)
{
	struct buf rest = { 0 }, unsent = { 0 };
	struct app a;
	struct peer p;

	app_init(&a, &p);
	ask(&a, &p,
	    POST "Connection: Upgrade\r\nUpgrade: echo\r\n"
		 "Content-Length: 3\r\n\r\na");
	http_begin(a.req, 101, 0);
	ck_assert_int_eq(http_upgrade(a.req, &rest, &unsent), -1);
	http_abort(a.req);
	ck_assert(peer_expect_end(&p));
	app_release(&a, &p);
}
END_TEST

static void
on_done(void *ctx)
{
	struct app *a = ctx;

	ck_assert(!a->inside);
	a->drained = true;
}

START_TEST(http_drains_before_it_ends)
{
	struct app a;
	struct peer p, idle;
	char addr[128];

	app_init(&a, &p);
	snprintf(addr, sizeof addr, "%s", http_server_addr(a.server));
	peer_open(&idle, a.loop, addr);
	ask(&a, &p, GET("/"));
	a.inside = true;
	http_server_drain(a.server, 5000, on_done, &a);
	a.inside = false;
	ck_assert(peer_expect_end(&idle));
	ck_assert(!a.drained);
	http_reply(a.req, 200, NULL, "last", 4);
	ck_assert(peer_expect(&p, "Connection: close\r\n"));
	ck_assert(peer_expect_end(&p));
	peer_idle(&p, 20);
	ck_assert(a.drained);
	ck_assert_int_eq(a.ngone, 0);
	peer_close(&idle);
	app_release(&a, &p);
}
END_TEST

START_TEST(http_waits_only_so_long_for_the_last_answer)
{
	struct app a;
	struct peer p;

	app_init(&a, &p);
	ask(&a, &p, GET("/"));
	http_server_drain(a.server, 50, on_done, &a);
	ck_assert(peer_expect_end(&p));
	peer_idle(&p, 20);
	ck_assert(a.drained);
	ck_assert_int_eq(a.ngone, 1);
	app_release(&a, &p);
}
END_TEST

START_TEST(http_listens_once_at_an_address)
{
	struct app a;
	struct peer p;
	struct err err;
	const char *path = "/tmp/test_http_stream.sock";
	char addr[64];
	int fd, again;

	app_init(&a, &p);
	ck_assert_ptr_null(http_server_new(
	    a.loop, http_server_addr(a.server), NULL, &ops, &a, &err));
	ck_assert_ptr_nonnull(strstr(err.text, http_server_addr(a.server)));
	snprintf(addr, sizeof addr, "unix:%s", path);
	unlink(path);
	fd = http_listen(addr, false, &err);
	ck_assert_msg(fd != -1, "%s", err.text);
	ck_assert_int_eq(http_listen(addr, false, &err), -1);
	/* Nobody listens there any more, but the file is left. */
	close(fd);
	again = http_listen(addr, false, &err);
	ck_assert_msg(again != -1, "%s", err.text);
	close(again);
	unlink(path);
	app_release(&a, &p);
}
END_TEST

/* --- what was asked, and small text --- */

START_TEST(http_shows_fields_and_parameters)
{
	const struct http_field *fields;
	struct app a;
	struct peer p;
	char value[8];
	size_t n;

	app_init(&a, &p);
	ask(&a, &p,
	    "GET /a%20b?x=1&long=0123456789&e=%41+b&flag&bad=%zz HTTP/1.1\r\n"
	    "Host: x\r\nTwice: one\r\ntwice: two\r\n\r\n");
	ck_assert_str_eq(http_path(a.req), "/a%20b");
	ck_assert_str_eq(http_field(a.req, "TWICE"), "one");
	ck_assert_ptr_null(http_field(a.req, "Thrice"));
	fields = http_fields(a.req, &n);
	ck_assert_uint_eq(n, 3);
	ck_assert_str_eq(fields[2].name, "twice");
	ck_assert_str_eq(fields[2].value, "two");
	ck_assert(http_param(a.req, "e", value, sizeof value));
	ck_assert_str_eq(value, "A b");
	ck_assert(http_param(a.req, "long", value, sizeof value));
	ck_assert_str_eq(value, "0123456");
	ck_assert(http_param(a.req, "flag", value, sizeof value));
	ck_assert_str_eq(value, "");
	ck_assert(!http_param(a.req, "bad", value, sizeof value));
	ck_assert(!http_param(a.req, "fla", value, sizeof value));
	ck_assert(http_has_param(a.req, "flag"));
	ck_assert(!http_has_param(a.req, "flags"));
	ck_assert(strncmp(http_peer(a.req), "127.0.0.1:", 10) == 0);
	ck_assert_str_eq(http_local(a.req), http_server_addr(a.server));
	ck_assert(!http_wants_upgrade(a.req));
	ck_assert(!http_has_begun(a.req));
	http_req_set_data(a.req, &a);
	ck_assert_ptr_eq(http_req_data(a.req), &a);
	http_reply(a.req, 200, NULL, NULL, 0);
	app_release(&a, &p);
}
END_TEST

START_TEST(http_decodes_escapes_or_refuses)
{
	char out[8];

	ck_assert_int_eq(http_unescape("a%2fb", 5, out, sizeof out, false), 3);
	ck_assert_str_eq(out, "a/b");
	ck_assert_int_eq(http_unescape("a+b", 3, out, sizeof out, false), 3);
	ck_assert_str_eq(out, "a+b");
	ck_assert_int_eq(http_unescape("a+b", 3, out, sizeof out, true), 3);
	ck_assert_str_eq(out, "a b");
	ck_assert_int_eq(http_unescape("%00", 3, out, sizeof out, false), -1);
	ck_assert_int_eq(http_unescape("%4", 2, out, sizeof out, false), -1);
	ck_assert_int_eq(http_unescape("%g0", 3, out, sizeof out, false), -1);
	ck_assert_int_eq(
	    http_unescape("01234567", 8, out, sizeof out, false), -1);
	ck_assert_int_eq(http_unescape("", 0, out, sizeof out, false), 0);
}
END_TEST

START_TEST(http_finds_tokens_in_lists)
{
	ck_assert(http_list_has("keep-alive, Upgrade", "upgrade"));
	ck_assert(http_list_has("Upgrade", "upgrade"));
	ck_assert(http_list_has(" ,, upgrade\t,x", "upgrade"));
	ck_assert(!http_list_has("upgraded", "upgrade"));
	ck_assert(!http_list_has("up grade", "up"));
	ck_assert(!http_list_has("", "upgrade"));
	ck_assert_str_eq(http_reason(200), "OK");
	ck_assert_str_eq(http_reason(599), "Status");
}
END_TEST

UNIT_MAIN("http stream", http_hands_a_body_over_as_it_comes,
    http_a_paused_request_holds_its_client_back,
    http_notices_who_resets_while_paused,
    http_says_100_continue_when_it_wants_the_body, http_collects_when_asked_to,
    http_throws_the_rest_away_after_an_early_answer,
    http_throws_only_so_much_away, http_a_slow_reader_holds_a_writer_back,
    http_notices_who_leaves_a_stream, http_counts_a_half_closed_client_as_gone,
    http_an_aborted_answer_resets, http_an_answer_cut_short_resets,
    http_some_answers_have_no_body, http_keeps_framing_and_line_ends_to_itself,
    http_closes_after_the_last_answer,
    http_keeps_an_old_client_that_asks_for_it,
    http_hands_an_upgraded_connection_over,
    http_does_not_hand_over_in_the_middle_of_a_body, http_drains_before_it_ends,
    http_waits_only_so_long_for_the_last_answer,
    http_listens_once_at_an_address, http_shows_fields_and_parameters,
    http_decodes_escapes_or_refuses, http_finds_tokens_in_lists)
