/* Answers in pieces: back pressure, framing, and ends of every kind. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/http/http.h"
#include "tests/lib/httpapp.h"
#include "tests/lib/peer.h"
#include "tests/lib/unit.h"

#define BIG ((size_t)4 << 20)

static void
fill(void *ctx, struct http_req *r)
{
	static char bytes[32768];
	struct http_app *a = ctx;

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
	struct http_app a;
	struct peer p;

	http_app_init(&a, &p);
	http_app_ask(&a, &p, GET("/"));
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
	http_app_release(&a, &p);
}
END_TEST

START_TEST(http_notices_who_leaves_a_stream)
{
	struct http_app a;
	struct peer p;

	http_app_init(&a, &p);
	http_app_ask(&a, &p, GET("/"));
	http_begin(a.req, 200, -1);
	http_write(a.req, "one", 3);
	ck_assert(peer_expect(&p, "3\r\none\r\n"));
	close(p.fd);
	p.fd = -1;
	for (int i = 0; i < 100 && a.ngone == 0; i++)
		peer_idle(&p, 5);
	ck_assert_int_eq(a.ngone, 1);
	http_app_release(&a, &p);
}
END_TEST

START_TEST(http_counts_a_half_closed_client_as_gone)
{
	struct http_app a;
	struct peer p;

	http_app_init(&a, &p);
	http_app_ask(&a, &p, GET("/"));
	shutdown(p.fd, SHUT_WR);
	ck_assert(peer_expect_end(&p));
	ck_assert_int_eq(a.ngone, 1);
	ck_assert_uint_eq(p.got.len, 0);
	http_app_release(&a, &p);
}
END_TEST

START_TEST(http_an_aborted_answer_resets)
{
	struct http_app a;
	struct peer p;

	http_app_init(&a, &p);
	http_app_ask(&a, &p, GET("/"));
	http_begin(a.req, 200, 10);
	http_write(a.req, "one", 3);
	ck_assert(peer_expect(&p, "one"));
	http_abort(a.req);
	ck_assert(peer_expect_end(&p));
	ck_assert(p.reset);
	ck_assert_int_eq(a.ngone, 0);
	http_app_release(&a, &p);
}
END_TEST

START_TEST(http_an_answer_cut_short_resets)
{
	struct http_app a;
	struct peer p;

	http_app_init(&a, &p);
	http_app_ask(&a, &p, GET("/"));
	http_begin(a.req, 200, 10);
	http_write(a.req, "one", 3);
	ck_assert(peer_expect(&p, "one"));
	http_end(a.req);
	ck_assert(peer_expect_end(&p));
	ck_assert(p.reset);
	http_app_release(&a, &p);
}
END_TEST

START_TEST(http_some_answers_have_no_body)
{
	struct http_app a;
	struct peer p;

	http_app_init(&a, &p);
	http_app_ask(&a, &p, "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
	http_reply(a.req, 200, NULL, "hidden", 6);
	ck_assert(peer_expect(&p, "Content-Length: 6\r\n"));
	http_app_ask(&a, &p, GET("/"));
	http_begin(a.req, 304, 9);
	http_write(a.req, "hidden", 6);
	http_end(a.req);
	ck_assert(peer_expect(&p, "Content-Length: 9\r\n"));
	http_app_ask(&a, &p, GET("/"));
	http_begin(a.req, 204, -1);
	http_end(a.req);
	ck_assert(peer_expect(&p, "HTTP/1.1 204 No Content\r\n"));
	http_app_ask(&a, &p, GET("/"));
	http_reply(a.req, 200, NULL, "shown", 5);
	ck_assert(peer_expect(&p, "shown"));
	ck_assert_ptr_null(strstr(p.got.data, "hidden"));
	ck_assert_ptr_null(strstr(p.got.data, "Transfer-Encoding"));
	http_app_release(&a, &p);
}
END_TEST

START_TEST(http_keeps_framing_and_line_ends_to_itself)
{
	struct http_app a;
	struct peer p;

	http_app_init(&a, &p);
	http_app_ask(&a, &p, GET("/"));
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
	http_app_release(&a, &p);
}
END_TEST

START_TEST(http_closes_after_the_last_answer)
{
	struct http_app a;
	struct peer p;

	http_app_init(&a, &p);
	http_app_ask(&a, &p, GET("/") GET("/next"));
	http_close_after(a.req);
	http_fail(a.req, 503, "no %s", "more");
	ck_assert(peer_expect(&p, "Connection: close\r\n"));
	ck_assert(peer_expect(&p, "\r\n\r\nno more"));
	ck_assert(peer_expect_end(&p));
	ck_assert_int_eq(a.nrequests, 1);
	http_app_release(&a, &p);
}
END_TEST

START_TEST(http_keeps_an_old_client_that_asks_for_it)
{
	struct http_app a;
	struct peer p;

	http_app_init(&a, &p);
	http_app_ask(
	    &a, &p, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	http_reply(a.req, 200, NULL, "one", 3);
	ck_assert(peer_expect(&p, "Connection: keep-alive\r\n"));
	http_app_ask(
	    &a, &p, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	http_reply(a.req, 200, NULL, "two", 3);
	ck_assert(peer_expect(&p, "Connection: close\r\n"));
	ck_assert(peer_expect_end(&p));
	http_app_release(&a, &p);
}
END_TEST

UNIT_MAIN("http stream", http_a_slow_reader_holds_a_writer_back,
    http_notices_who_leaves_a_stream, http_counts_a_half_closed_client_as_gone,
    http_an_aborted_answer_resets, http_an_answer_cut_short_resets,
    http_some_answers_have_no_body, http_keeps_framing_and_line_ends_to_itself,
    http_closes_after_the_last_answer,
    http_keeps_an_old_client_that_asks_for_it)
