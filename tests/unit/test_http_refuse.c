/*
 * What the server does not take: requests that could mean one thing here and
 * another at the next hop, and whatever is over a limit. Each gets its status
 * and a closed connection, and nothing behind it is believed.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/http/chunk.h"
#include "common/http/http.h"
#include "common/log.h"
#include "tests/lib/peer.h"
#include "tests/lib/unit.h"

struct app {
	struct loop *loop;
	struct http_server *server;
	struct http_req *held;
	struct buf body;
	int nrequests, ngone;
};

static void
on_request(void *ctx, struct http_req *r)
{
	struct app *a = ctx;
	const char *body;
	size_t n;

	a->nrequests++;
	if (strcmp(http_path(r), "/hold") == 0) {
		a->held = r;
		return;
	}
	body = http_body(r, &n);
	buf_add(&a->body, body, n);
	http_reply(r, 200, NULL, "fine", 4);
}

static void
on_gone(void *ctx, struct http_req *r)
{
	struct app *a = ctx;

	if (a->held == r)
		a->held = NULL;
	a->ngone++;
}

static const struct http_ops ops = { .on_request = on_request,
	.on_gone = on_gone };

static void
app_init(struct app *a, const struct http_limits *limits)
{
	struct err err;

	log_set_level(LOG_ERROR);
	*a = (struct app){ .loop = loop_new() };
	a->server =
	    http_server_new(a->loop, "127.0.0.1:0", limits, &ops, a, &err);
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

/* The whole of what comes back to text, until the server closes. */
static struct peer
answer_to(struct app *a, const char *text, size_t n)
{
	struct peer p;

	connect_to(a, &p);
	peer_send_bytes(&p, text, n);
	/* A request in good order waits for another one. */
	shutdown(p.fd, SHUT_WR);
	ck_assert_msg(peer_expect_end(&p), "still open after: %s", text);
	return p;
}

#define GET_BEHIND "GET /behind HTTP/1.1\r\nHost: x\r\n\r\n"
#define POST       "POST / HTTP/1.1\r\nHost: x\r\n"
#define CHUNKED    POST "Transfer-Encoding: chunked\r\n"

static const struct {
	int status;
	const char *text;
} refused[] = {
	/* where one request ends and the next begins */
	{ 400, POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
		    "0\r\n\r\n" },
	{ 400, CHUNKED "Content-Length: 5\r\n\r\n0\r\n\r\n" },
	{ 400, POST "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab" },
	{ 400, POST "Content-Length: 1\r\nContent-Length: 1\r\n\r\na" },
	{ 400, POST "Content-Length: 1, 1\r\n\r\na" },
	{ 400, POST "Content-Length: +1\r\n\r\na" },
	{ 400, POST "Content-Length: -1\r\n\r\na" },
	{ 400, POST "Content-Length: 0x1\r\n\r\na" },
	{ 400, POST "Content-Length: 1 0\r\n\r\na" },
	{ 400, POST "Content-Length:\r\n\r\n" },
	{ 400, POST "Content-Length: 9999999999999999999\r\n\r\n" },
	{ 400, CHUNKED "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
	{ 400, POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n" },
	{ 400, POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" },
	{ 400, POST "Transfer-Encoding: identity\r\n\r\n" },
	{ 400, POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" },
	{ 400, POST "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n" },
	{ 400, POST "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" },
	{ 400, POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" },
	{ 400, POST "Transfer_Encoding\t: chunked\r\n\r\n0\r\n\r\n" },
	{ 400, POST "Transfer-Encoding: chunked\x0b\r\n\r\n0\r\n\r\n" },
	{ 400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"
	       "0\r\n\r\n" },
	/* lines */
	{ 400, "GET / HTTP/1.1\nHost: x\n\n" },
	{ 400, "GET / HTTP/1.1\r\nHost: x\n\r\n" },
	{ 400, "GET / HTTP/1.1\r\nHost: x\r\n\n" },
	{ 400, "GET / HTTP/1.1\r\nHost: x\rA: b\r\n\r\n" },
	{ 400, "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n" },
	{ 400, "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n\tc\r\n\r\n" },
	{ 400, "GET / HTTP/1.1\r\n Host: x\r\n\r\n" },
	/* field names and values */
	{ 400, "GET / HTTP/1.1\r\nHo st: x\r\n\r\n" },
	{ 400, "GET / HTTP/1.1\r\nHost : x\r\n\r\n" },
	{ 400, "GET / HTTP/1.1\r\nHost: x\r\nTE : b\r\n\r\n" },
	{ 400, "GET / HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n" },
	{ 400, "GET / HTTP/1.1\r\nHost: x\r\nname\r\n\r\n" },
	{ 400, "GET / HTTP/1.1\r\nHost: x\r\nA(b): c\r\n\r\n" },
	{ 400, "GET / HTTP/1.1\r\nHost: x\r\nA: \x01\r\n\r\n" },
	{ 400, "GET / HTTP/1.1\r\nHost: x\r\nA: \x7f\r\n\r\n" },
	/* for whom it is */
	{ 400, "GET / HTTP/1.1\r\n\r\n" },
	{ 400, "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n" },
	{ 400, "GET / HTTP/1.1\r\nHost: x y\r\n\r\n" },
	{ 400, "GET / HTTP/1.1\r\nHost: x/y\r\n\r\n" },
	{ 400, "GET / HTTP/1.1\r\nHost: u@x\r\n\r\n" },
	/* the first line */
	{ 400, "GET  / HTTP/1.1\r\nHost: x\r\n\r\n" },
	{ 400, "GET / HTTP/1.1 \r\nHost: x\r\n\r\n" },
	{ 400, "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n" },
	{ 400, "GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n" },
	{ 400, "GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n" },
	{ 400, " GET / HTTP/1.1\r\nHost: x\r\n\r\n" },
	{ 400, "GET / http/1.1\r\nHost: x\r\n\r\n" },
	{ 400, "GET / HTTP/1.10\r\nHost: x\r\n\r\n" },
	{ 400, "GET /\r\n\r\n" },
	{ 505, "GET / HTTP/2.0\r\nHost: x\r\n\r\n" },
	{ 505, "GET / HTTP/1.2\r\nHost: x\r\n\r\n" },
	{ 505, "GET / HTTP/0.9\r\nHost: x\r\n\r\n" },
	{ 501, "FETCH / HTTP/1.1\r\nHost: x\r\n\r\n" },
	{ 501, "CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n" },
	{ 417, POST "Expect: wonders\r\nContent-Length: 1\r\n\r\na" },
	/* chunks */
	{ 400, CHUNKED "\r\n1\na\n0\n\n" },
	{ 400, CHUNKED "\r\n1\r\na0\r\n\r\n" },
	{ 400, CHUNKED "\r\n1 \r\na\r\n0\r\n\r\n" },
	{ 400, CHUNKED "\r\n 1\r\na\r\n0\r\n\r\n" },
	{ 400, CHUNKED "\r\n0x1\r\na\r\n0\r\n\r\n" },
	{ 400, CHUNKED "\r\n-1\r\na\r\n0\r\n\r\n" },
	{ 400, CHUNKED "\r\n\r\n0\r\n\r\n" },
	{ 400, CHUNKED "\r\n;a=b\r\n0\r\n\r\n" },
	{ 400, CHUNKED "\r\n1;a\nb\r\na\r\n0\r\n\r\n" },
	{ 400, CHUNKED "\r\n1\rX\r\na\r\n0\r\n\r\n" },
	{ 400, CHUNKED "\r\n10000000000000000\r\n" },
	{ 400, CHUNKED "\r\n0\r\nT e: v\r\n\r\n" },
	{ 400, CHUNKED "\r\n0\r\nTe: v\n\r\n" },
	{ 400, CHUNKED "\r\n0\r\n fold\r\n\r\n" },
};

START_TEST(http_refuses_what_is_ambiguous)
{
	struct app a;

	app_init(&a, NULL);
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		struct buf text = { 0 };
		struct peer p;
		char line[32];

		buf_adds(&text, refused[i].text);
		buf_adds(&text, GET_BEHIND);
		snprintf(line, sizeof line, "HTTP/1.1 %d ", refused[i].status);
		p = answer_to(&a, text.data, text.len);
		ck_assert_msg(p.got.len > 0 && strstr(buf_str(&p.got), line) ==
						   buf_str(&p.got),
		    "no %d for:\n%s\nbut:\n%s", refused[i].status,
		    refused[i].text, buf_str(&p.got));
		ck_assert_ptr_nonnull(strstr(p.got.data, "Connection: close"));
		peer_close(&p);
		buf_release(&text);
	}
	ck_assert_int_eq(a.nrequests, 0);
	ck_assert_uint_eq(http_server_stats(a.server).refused,
	    sizeof refused / sizeof refused[0]);
	app_release(&a);
}
END_TEST

START_TEST(http_refuses_a_nul_wherever_it_is)
{
	static const char text[] = "GET /x HTTP/1.1\r\nHost: x\r\nA: b\r\n\r\n";
	struct app a;

	app_init(&a, NULL);
	for (size_t i = 0; i < sizeof text - 5; i++) {
		char copy[sizeof text];
		struct peer p;

		memcpy(copy, text, sizeof text);
		copy[i] = '\0';
		p = answer_to(&a, copy, sizeof text - 1);
		ck_assert_msg(
		    strncmp(buf_str(&p.got), "HTTP/1.1 400 ", 13) == 0,
		    "a NUL at %zu: %s", i, buf_str(&p.got));
		peer_close(&p);
	}
	ck_assert_int_eq(a.nrequests, 0);
	app_release(&a);
}
END_TEST

START_TEST(http_takes_what_only_looks_odd)
{
	static const char *const fine[] = {
		"GET / HTTP/1.0\r\n\r\n",
		"\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET / HTTP/1.1\r\nHost:\r\n\r\n",
		"GET / HTTP/1.1\r\nHOST:\t x \t\r\nEmpty:\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: [::1]:80\r\nA: \xc3\xa9\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
		POST "Content-Length: 0000\r\n\r\n",
		POST "tRANSFER-eNCODING: CHUNKED\r\n\r\n000\r\n\r\n",
		CHUNKED "\r\n0A;a=\"b c\";d\r\n0123456789\r\n0\r\nT:\r\n\r\n",
	};
	struct app a;

	app_init(&a, NULL);
	for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++) {
		struct peer p = answer_to(&a, fine[i], strlen(fine[i]));

		ck_assert_msg(
		    strncmp(buf_str(&p.got), "HTTP/1.1 200 ", 13) == 0,
		    "not fine: %s\n%s", fine[i], buf_str(&p.got));
		peer_close(&p);
	}
	ck_assert_str_eq(buf_str(&a.body), "0123456789");
	app_release(&a);
}
END_TEST

/* --- limits --- */

static void
expect_refusal(struct app *a, const struct buf *text, const char *status)
{
	struct peer p = answer_to(a, text->data, text->len);

	ck_assert_msg(strncmp(buf_str(&p.got), status, strlen(status)) == 0,
	    "no %s but %s", status, buf_str(&p.got));
	peer_close(&p);
}

static void
add_many(struct buf *b, char c, size_t n)
{
	memset(buf_reserve(b, n), c, n);
	b->len += n;
}

START_TEST(http_limits_heads)
{
	struct app a;
	struct buf line = { 0 }, value = { 0 }, fields = { 0 };

	app_init(&a, NULL);
	buf_adds(&line, "GET /");
	add_many(&line, 'x', HTTP_MAX_HEAD);
	expect_refusal(&a, &line, "HTTP/1.1 431 ");
	buf_adds(&value, "GET / HTTP/1.1\r\nHost: x\r\nA: ");
	add_many(&value, 'x', HTTP_MAX_HEAD);
	buf_adds(&value, "\r\n\r\n");
	expect_refusal(&a, &value, "HTTP/1.1 431 ");
	buf_adds(&fields, "GET / HTTP/1.1\r\nHost: x\r\n");
	for (int i = 1; i < HTTP_MAX_FIELDS; i++)
		buf_adds(&fields, "A: b\r\n");
	buf_adds(&fields, "\r\n");
	expect_refusal(&a, &fields, "HTTP/1.1 200 ");
	fields.len -= 2;
	buf_adds(&fields, "A: b\r\n\r\n");
	expect_refusal(&a, &fields, "HTTP/1.1 431 ");
	ck_assert_int_eq(a.nrequests, 1);
	buf_release(&line);
	buf_release(&value);
	buf_release(&fields);
	app_release(&a);
}
END_TEST

START_TEST(http_limits_collected_bodies)
{
	struct http_limits limits;
	struct app a;
	struct buf chunks = { 0 }, sized = { 0 };

	http_limits_init(&limits);
	limits.max_body = 1000;
	app_init(&a, &limits);
	buf_adds(&sized, POST "Content-Length: 1001\r\n\r\n");
	expect_refusal(&a, &sized, "HTTP/1.1 413 ");
	buf_adds(&chunks, CHUNKED "\r\n3e8\r\n");
	add_many(&chunks, 'x', 1000);
	buf_adds(&chunks, "\r\n0\r\n\r\n");
	expect_refusal(&a, &chunks, "HTTP/1.1 200 ");
	chunks.len -= 5;
	buf_adds(&chunks, "1\r\nx\r\n0\r\n\r\n");
	expect_refusal(&a, &chunks, "HTTP/1.1 413 ");
	buf_release(&sized);
	buf_release(&chunks);
	app_release(&a);
}
END_TEST

START_TEST(http_limits_chunk_extensions_and_trailers)
{
	struct app a;
	struct buf ext = { 0 }, trailer = { 0 };

	app_init(&a, NULL);
	/* Small ones count, too, when there are many. */
	buf_adds(&ext, CHUNKED "\r\n");
	for (size_t n = 0; n <= HTTP_CHUNK_EXT_MAX; n += 3)
		buf_adds(&ext, "1;ab\r\nx\r\n");
	buf_adds(&ext, "0\r\n\r\n");
	expect_refusal(&a, &ext, "HTTP/1.1 400 ");
	buf_adds(&trailer, CHUNKED "\r\n0\r\nA: ");
	add_many(&trailer, 'x', HTTP_TRAILER_MAX);
	buf_adds(&trailer, "\r\n\r\n");
	expect_refusal(&a, &trailer, "HTTP/1.1 400 ");
	ck_assert_int_eq(a.nrequests, 0);
	buf_release(&ext);
	buf_release(&trailer);
	app_release(&a);
}
END_TEST

START_TEST(http_limits_connections_of_one_address)
{
	struct http_limits limits;
	struct app a;
	struct peer p[3];

	http_limits_init(&limits);
	limits.max_per_client = 2;
	app_init(&a, &limits);
	for (int i = 0; i < 3; i++)
		connect_to(&a, &p[i]);
	ck_assert(peer_expect(&p[2], "HTTP/1.1 429 "));
	ck_assert(peer_expect_end(&p[2]));
	ck_assert_uint_eq(http_server_stats(a.server).crowded, 1);
	peer_close(&p[2]);
	/* One that leaves makes room for one. */
	peer_close(&p[0]);
	peer_idle(&p[1], 20);
	connect_to(&a, &p[0]);
	peer_send(&p[0], GET_BEHIND);
	ck_assert(peer_expect(&p[0], "fine"));
	peer_send(&p[1], GET_BEHIND);
	ck_assert(peer_expect(&p[1], "fine"));
	peer_close(&p[0]);
	peer_close(&p[1]);
	app_release(&a);
}
END_TEST

START_TEST(http_lets_those_wait_who_are_too_many)
{
	struct http_limits limits;
	struct app a;
	struct peer p[2];

	http_limits_init(&limits);
	limits.max_conns = 1;
	app_init(&a, &limits);
	connect_to(&a, &p[0]);
	peer_send(&p[0], GET_BEHIND);
	ck_assert(peer_expect(&p[0], "fine"));
	connect_to(&a, &p[1]);
	peer_send(&p[1], GET_BEHIND);
	peer_idle(&p[1], 30);
	ck_assert_int_eq(a.nrequests, 1);
	peer_close(&p[0]);
	ck_assert(peer_expect(&p[1], "fine"));
	peer_close(&p[1]);
	app_release(&a);
}
END_TEST

/* --- time --- */

static void
quick_limits(struct http_limits *l)
{
	http_limits_init(l);
	l->idle_ms = l->head_ms = l->stall_ms = 100;
}

START_TEST(http_ends_who_sends_nothing_or_half)
{
	struct http_limits limits;
	struct app a;
	struct peer idle, head, body;

	quick_limits(&limits);
	app_init(&a, &limits);
	connect_to(&a, &idle);
	connect_to(&a, &head);
	connect_to(&a, &body);
	peer_send(&head, "GET / HTTP/1.1\r\nHo");
	peer_send(&body, POST "Content-Length: 5\r\n\r\nab");
	ck_assert(peer_expect_end(&idle));
	ck_assert_uint_eq(idle.got.len, 0);
	ck_assert(peer_expect(&head, "HTTP/1.1 408 "));
	shutdown(head.fd, SHUT_WR);
	ck_assert(peer_expect_end(&head));
	ck_assert(peer_expect_end(&body));
	ck_assert_uint_eq(http_server_stats(a.server).timed_out, 2);
	ck_assert_int_eq(a.nrequests, 0);
	peer_close(&idle);
	peer_close(&head);
	peer_close(&body);
	app_release(&a);
}
END_TEST

START_TEST(http_gives_a_slow_head_no_more_time_for_each_byte)
{
	static const char text[] =
	    "GET / HTTP/1.1\r\nHost: xxxxxxxxxxxxxxxxxxx";
	struct http_limits limits;
	struct app a;
	struct peer p;
	size_t i = 0;

	quick_limits(&limits);
	app_init(&a, &limits);
	connect_to(&a, &p);
	peer_idle(&p, 10);
	while (i < sizeof text - 1 && http_server_stats(a.server).conns == 1 &&
	       http_server_stats(a.server).timed_out == 0) {
		peer_send_bytes(&p, text + i++, 1);
		peer_idle(&p, 10);
	}
	ck_assert_uint_lt(i, sizeof text - 1);
	ck_assert_uint_eq(http_server_stats(a.server).timed_out, 1);
	peer_close(&p);
	app_release(&a);
}
END_TEST

START_TEST(http_leaves_time_to_whose_answer_is_held)
{
	struct http_limits limits;
	struct app a;
	struct peer p;

	quick_limits(&limits);
	app_init(&a, &limits);
	connect_to(&a, &p);
	peer_send(&p, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
	peer_idle(&p, 250);
	ck_assert_ptr_nonnull(a.held);
	http_reply(a.held, 200, NULL, "late", 4);
	ck_assert(peer_expect(&p, "late"));
	peer_close(&p);
	app_release(&a);
}
END_TEST

START_TEST(http_counts_who_leaves_midway)
{
	struct app a;
	struct peer p;

	app_init(&a, NULL);
	for (int i = 0; i < 2; i++) {
		connect_to(&a, &p);
		peer_send(&p,
		    i == 0 ? "GET / HT" : POST "Content-Length: 5\r\n\r\nab");
		peer_idle(&p, 20);
		shutdown(p.fd, SHUT_WR);
		ck_assert(peer_expect_end(&p));
		peer_close(&p);
	}
	ck_assert_uint_eq(http_server_stats(a.server).truncated, 2);
	ck_assert_int_eq(a.nrequests, 0);
	ck_assert_int_eq(a.ngone, 0);
	app_release(&a);
}
END_TEST

UNIT_MAIN("http refuse", http_refuses_what_is_ambiguous,
    http_refuses_a_nul_wherever_it_is, http_takes_what_only_looks_odd,
    http_limits_heads, http_limits_collected_bodies,
    http_limits_chunk_extensions_and_trailers,
    http_limits_connections_of_one_address,
    http_lets_those_wait_who_are_too_many, http_ends_who_sends_nothing_or_half,
    http_gives_a_slow_head_no_more_time_for_each_byte,
    http_leaves_time_to_whose_answer_is_held, http_counts_who_leaves_midway)
