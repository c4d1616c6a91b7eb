/* Bodies that come in: piece by piece, held back, thrown away. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/http/http.h"
#include "tests/lib/httpapp.h"
#include "tests/lib/peer.h"
#include "tests/lib/unit.h"

#define BIG ((size_t)4 << 20)

START_TEST(http_hands_a_body_over_as_it_comes)
{
	struct http_app a;
	struct peer p;

	http_app_init(&a, &p);
	http_app_ask(&a, &p, POST "Transfer-Encoding: chunked\r\n\r\n");
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
	http_app_ask(&a, &p, GET("/"));
	ck_assert_int_eq(http_body_length(a.req), 0);
	ck_assert_int_eq(a.nends, 2);
	http_reply(a.req, 200, NULL, NULL, 0);
	http_app_release(&a, &p);
}
END_TEST

START_TEST(http_collects_more_of_one_that_may_be_long)
{
	struct http_limits limits;
	struct http_app a;
	struct peer p;
	size_t n;

	http_limits_init(&limits);
	limits.max_body = 3;
	http_app_begin(&a, &p, &limits);
	a.collect = true;
	a.most = 6;
	http_app_ask(&a, &p, POST "Content-Length: 6\r\n\r\nabcdef");
	ck_assert_str_eq(http_body(a.req, &n), "abcdef");
	ck_assert_uint_eq(n, 6);
	http_reply(a.req, 200, NULL, "ok", 2);
	ck_assert(peer_expect(&p, "ok"));
	peer_forget(&p);
	http_app_ask(&a, &p, POST "Content-Length: 7\r\n\r\n");
	ck_assert(peer_expect(&p, "HTTP/1.1 413 "));
	http_app_release(&a, &p);
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
	struct http_app a;
	struct peer p;
	char head[128];
	int small = 65536;
	size_t sent, later;

	http_app_init(&a, &p);
	setsockopt(p.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	a.pause = true;
	snprintf(
	    head, sizeof head, POST "Content-Length: %zu\r\n\r\n", 8 * BIG);
	http_app_ask(&a, &p, head);
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
	http_app_release(&a, &p);
}
END_TEST

START_TEST(http_notices_who_resets_while_paused)
{
	struct linger now = { .l_onoff = 1 };
	struct http_limits limits;
	struct http_app a;
	struct peer p;

	/* It is looked for as often as the shortest limit asks. */
	http_limits_init(&limits);
	limits.head_ms = 200;
	http_app_begin(&a, &p, &limits);
	a.pause = true;
	http_app_ask(&a, &p, POST "Content-Length: 5\r\n\r\nab");
	setsockopt(p.fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	close(p.fd);
	p.fd = -1;
	for (int i = 0; i < 300 && a.ngone == 0; i++)
		peer_idle(&p, 20);
	ck_assert_int_eq(a.ngone, 1);
	http_app_release(&a, &p);
}
END_TEST

START_TEST(http_says_100_continue_when_it_wants_the_body)
{
	struct http_app a;
	struct peer p;
	char byte;

	http_app_init(&a, &p);
	http_app_ask(
	    &a, &p, POST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
	ck_assert(peer_expect(&p, "HTTP/1.1 100 Continue\r\n\r\n"));
	peer_send(&p, "ok");
	peer_idle(&p, 20);
	ck_assert_int_eq(a.nends, 1);
	http_reply(a.req, 200, NULL, "a", 1);
	ck_assert(peer_expect(&p, "\r\n\r\na"));
	peer_forget(&p);
	/* Not while it is paused. */
	a.pause = true;
	http_app_ask(
	    &a, &p, POST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
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
	http_app_ask(
	    &a, &p, POST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
	http_reply(a.req, 403, NULL, "no", 2);
	ck_assert(peer_expect(&p, "Connection: close"));
	ck_assert(peer_expect_end(&p));
	ck_assert_ptr_null(strstr(p.got.data, "100 Continue"));
	http_app_release(&a, &p);
}
END_TEST

START_TEST(http_collects_when_asked_to)
{
	struct http_app a;
	struct peer p;
	const char *body;
	size_t n;

	http_app_init(&a, &p);
	a.collect = true;
	http_app_ask(&a, &p, POST "Content-Length: 6\r\n\r\nabc");
	ck_assert_int_eq(a.nends, 0);
	peer_send(&p, "def");
	peer_idle(&p, 20);
	ck_assert_int_eq(a.nends, 1);
	body = http_body(a.req, &n);
	ck_assert_uint_eq(n, 6);
	ck_assert_mem_eq(body, "abcdef", 6);
	http_reply(a.req, 200, NULL, body, n);
	ck_assert(peer_expect(&p, "\r\n\r\nabcdef"));
	http_app_release(&a, &p);
}
END_TEST

START_TEST(http_throws_the_rest_away_after_an_early_answer)
{
	struct http_app a;
	struct peer p;

	http_app_init(&a, &p);
	a.early = true;
	http_app_ask(&a, &p, POST "Content-Length: 6\r\n\r\nabc");
	ck_assert(peer_expect(&p, "early"));
	ck_assert_ptr_null(strstr(p.got.data, "Connection: close"));
	peer_forget(&p);
	peer_send(&p, "def");
	http_app_ask(&a, &p, GET("/"));
	ck_assert(peer_expect(&p, "early"));
	ck_assert_uint_eq(http_server_stats(a.server).accepted, 1);
	http_app_release(&a, &p);
}
END_TEST

START_TEST(http_throws_only_so_much_away)
{
	struct http_app a;
	struct peer p;
	char head[128];

	http_app_init(&a, &p);
	a.early = true;
	snprintf(head, sizeof head, POST "Content-Length: %d\r\n\r\nabc",
	    HTTP_DISCARD_MAX + 4);
	http_app_ask(&a, &p, head);
	ck_assert(peer_expect(&p, "Connection: close"));
	/* It may still read its answer. */
	ck_assert(peer_expect(&p, "early"));
	ck_assert(peer_expect_end(&p));
	ck_assert(!p.reset);
	http_app_release(&a, &p);
}
END_TEST

UNIT_MAIN("http body", http_hands_a_body_over_as_it_comes,
    http_collects_more_of_one_that_may_be_long,
    http_a_paused_request_holds_its_client_back,
    http_notices_who_resets_while_paused,
    http_says_100_continue_when_it_wants_the_body, http_collects_when_asked_to,
    http_throws_the_rest_away_after_an_early_answer,
    http_throws_only_so_much_away)
