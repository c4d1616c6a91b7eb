#include "common/http/route.h"

#include <string.h>

#include "common/log.h"
#include "tests/lib/peer.h"
#include "tests/lib/unit.h"

/* The value of the first parameter, or NULL where the path does not fit. */
static const char *
first(const char *pattern, const char *path)
{
	static struct buf params;

	buf_release(&params);
	if (http_route_match(pattern, path, &params) == -1)
		return NULL;
	return params.len == 0 ? "" : params.data + strlen(params.data) + 1;
}

START_TEST(route_patterns_match_segments_and_suffixes)
{
	ck_assert_str_eq(first("/v1/jobs", "/v1/jobs"), "");
	ck_assert_str_eq(first("/v1/jobs", "/v1/%6aobs"), "");
	ck_assert_ptr_null(first("/v1/jobs", "/v1/jobs/"));
	ck_assert_ptr_null(first("/v1/jobs", "/v1/job"));
	ck_assert_ptr_null(first("/v1/jobs", "/v1%2fjobs"));
	ck_assert_str_eq(first("/v1/job/:id", "/v1/job/web"), "web");
	ck_assert_str_eq(first("/v1/job/:id", "/v1/job/a%2Fb"), "a/b");
	ck_assert_ptr_null(first("/v1/job/:id", "/v1/job/a/b"));
	ck_assert_ptr_null(first("/v1/job/:id", "/v1/job/"));
	ck_assert_str_eq(first("/v1/job/*id", "/v1/job/a/b"), "a/b");
	ck_assert_str_eq(
	    first("/v1/job/*id/allocations", "/v1/job/a/b/allocations"), "a/b");
	ck_assert_str_eq(first("/v1/job/*id/allocations",
			     "/v1/job/a/allocations/allocations"),
	    "a/allocations");
	ck_assert_ptr_null(
	    first("/v1/job/*id/allocations", "/v1/job/allocations"));
	ck_assert_ptr_null(first("/v1/job/:id", "/v1/job/a%00b"));
	ck_assert_ptr_null(first("/v1/job/:id", "/v1/job/a%2"));
	ck_assert_str_eq(first("/v1/:a/x/:b", "/v1/1/x/2"), "1");
}
END_TEST

static void
say(void *ctx, struct http_req *r)
{
	const char *id = http_route_param(r, "id");

	http_fail(r, 200, "%s of %s", (const char *)ctx, id ? id : "none");
}

static void
say_put(void *ctx, struct http_req *r)
{
	(void)ctx;
	http_fail(r, 200, "put %s", http_route_param(r, "id"));
}

static const struct http_route routes[] = {
	{ ROUTE_GET, "/v1/job/*id", say },
	{ ROUTE_WRITE, "/v1/job/*id", say_put },
	{ ROUTE_GET, "/v1/job/*id/summary", say },
};

static void
on_request(void *ctx, struct http_req *r)
{
	http_route(routes, 3, ctx, r);
}

START_TEST(route_answers_404_and_405)
{
	static const struct http_ops ops = { .on_request = on_request };
	static const char *const cases[][2] = {
		{ "GET /v1/job/a%2Fb", "get of a/b" },
		{ "POST /v1/job/a", "put a" },
		{ "PUT /v1/job/a?x", "put a" },
		{ "DELETE /v1/job/a", "\r\n\r\nInvalid method" },
		{ "PURGE /v1/job/a", "\r\n\r\nInvalid method" },
		{ "PUT /v1/job/a/summary", "\r\n\r\nInvalid method" },
		{ "GET /v1/job/a/summary", "get of a" },
		{ "GET /v1/job/a%00b", "400 Bad Request" },
		{ "GET /v1/job/%zz/summary", "400 Bad Request" },
		{ "GET /v1/none", "Content-Length: 0\r\n\r\n" },
	};
	static char name[] = "get";
	struct loop *l = loop_new();
	struct http_server *s =
	    http_server_new(l, "127.0.0.1:0", NULL, &ops, name, NULL);
	struct peer p;

	peer_open(&p, l, http_server_addr(s));
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		peer_send(&p, cases[i][0]);
		peer_send(&p, " HTTP/1.1\r\nHost: x\r\n\r\n");
		ck_assert_msg(peer_expect(&p, cases[i][1]), "%s", cases[i][0]);
		peer_forget(&p);
	}
	peer_close(&p);
	http_server_free(s);
	loop_free(l);
}
END_TEST

UNIT_MAIN("http_route", route_patterns_match_segments_and_suffixes,
    route_answers_404_and_405)
