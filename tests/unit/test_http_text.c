/* What was asked, and the small text of HTTP. */
#include <stdio.h>
#include <string.h>

#include "common/http/http.h"
#include "tests/lib/httpapp.h"
#include "tests/lib/peer.h"
#include "tests/lib/unit.h"

START_TEST(http_shows_fields_and_parameters)
{
	const struct http_field *fields;
	struct http_app a;
	struct peer p;
	char value[8];
	size_t n;

	http_app_init(&a, &p);
	http_app_ask(&a, &p,
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
	http_app_release(&a, &p);
}
END_TEST

START_TEST(http_tells_who_only_reads)
{
	static const struct {
		const char *method;
		bool reads;
	} rows[] = { { "GET", true }, { "HEAD", true }, { "PUT", false },
		{ "DELETE", false } };
	struct http_app a;
	struct peer p;
	char text[64];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		http_app_init(&a, &p);
		snprintf(text, sizeof text, "%s / HTTP/1.1\r\nHost: x\r\n\r\n",
		    rows[i].method);
		http_app_ask(&a, &p, text);
		ck_assert(http_is_read(a.req) == rows[i].reads);
		http_reply(a.req, 200, NULL, NULL, 0);
		http_app_release(&a, &p);
	}
}
END_TEST

START_TEST(http_escapes_what_has_a_meaning)
{
	struct buf out = { 0 };
	char back[32];

	http_escape("aZ0-._~/?#%& +\xc3\xa9:\n", &out);
	ck_assert_str_eq(
	    buf_str(&out), "aZ0-._~%2F%3F%23%25%26%20%2B%C3%A9%3A%0A");
	ck_assert_int_gt(
	    http_unescape(out.data, out.len, back, sizeof back, true), 0);
	ck_assert_str_eq(back, "aZ0-._~/?#%& +\xc3\xa9:\n");
	buf_release(&out);
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

UNIT_MAIN("http text", http_shows_fields_and_parameters,
    http_tells_who_only_reads, http_escapes_what_has_a_meaning,
    http_decodes_escapes_or_refuses, http_finds_tokens_in_lists)
