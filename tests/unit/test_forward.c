#include "cmd/lbd/forward.h"

#include <string.h>

#include "tests/lib/unit.h"

static const struct forward_options none = { "", "", "", "", "" };

#define FIELD(n, v)                                              \
	{                                                        \
		.name = n, .value = v, .name_len = sizeof n - 1, \
		.value_len = sizeof v - 1                        \
	}

static const char *
lines(const struct http_field *fields, size_t n, bool websocket)
{
	static struct buf out;
	struct forward_request r = { .fields = fields,
		.nfields = n,
		.peer = "10.1.2.3:4567",
		.host = "shop.example",
		.proto = "HTTP/1.1",
		.tls_version = "",
		.tls_cipher = "",
		.websocket = websocket,
		.strip = "",
		.new_id = "" };

	buf_reset(&out);
	ck_assert_int_eq(forward_fields(&none, &r, &out, NULL), 0);
	return out.data;
}

START_TEST(forward_drops_fields_of_one_hop)
{
	const struct http_field f[] = {
		FIELD("Host", "other"),
		FIELD("Connection", "close, X-Secret"),
		FIELD("X-Secret", "1"),
		FIELD("Keep-Alive", "timeout=5"),
		FIELD("TE", "trailers"),
		FIELD("Transfer-Encoding", "chunked"),
		FIELD("Upgrade", "h2c"),
		FIELD("Proxy-Authorization", "Basic x"),
		FIELD("Accept", "*/*"),
	};

	ck_assert_str_eq(lines(f, sizeof f / sizeof f[0], false),
	    "Host: shop.example\r\n"
	    "Accept: */*\r\n"
	    "X-Forwarded-For: 10.1.2.3\r\n"
	    "X-Real-Ip: 10.1.2.3\r\n"
	    "X-Forwarded-Proto: http\r\n"
	    "X-Forwarded-Port: 80\r\n"
	    "X-Forwarded-Host: shop.example\r\n"
	    "Forwarded: for=10.1.2.3; proto=http; httpproto=http/1.1\r\n");
}
END_TEST

START_TEST(forward_appends_to_the_way_so_far)
{
	const struct http_field f[] = {
		FIELD("X-Forwarded-For", "1.1.1.1"),
		FIELD("x-forwarded-for", "2.2.2.2, 3.3.3.3"),
	};

	ck_assert_ptr_nonnull(strstr(lines(f, 2, false),
	    "X-Forwarded-For: 1.1.1.1, 2.2.2.2, 3.3.3.3, 10.1.2.3\r\n"));
}
END_TEST

START_TEST(forward_keeps_ours_when_connection_names_them)
{
	const struct http_field f[] = {
		FIELD("Connection", "X-Forwarded-For, X-Real-Ip"),
		FIELD("X-Forwarded-For", "1.1.1.1"),
	};
	const char *out = lines(f, 2, false);

	ck_assert_ptr_nonnull(
	    strstr(out, "X-Forwarded-For: 1.1.1.1, 10.1.2.3\r\n"));
	ck_assert_ptr_nonnull(strstr(out, "X-Real-Ip: 10.1.2.3\r\n"));
}
END_TEST

START_TEST(forward_lets_websockets_upgrade)
{
	const struct http_field f[] = {
		FIELD("Connection", "Upgrade"),
		FIELD("Upgrade", "websocket"),
		FIELD("Sec-WebSocket-Key", "abc"),
	};
	const char *out = lines(f, 3, true);

	ck_assert_ptr_nonnull(
	    strstr(out, "Connection: Upgrade\r\nUpgrade: websocket\r\n"));
	ck_assert_ptr_nonnull(strstr(out, "Sec-WebSocket-Key: abc\r\n"));
	ck_assert_ptr_nonnull(strstr(out, "X-Forwarded-Proto: http\r\n"));
}
END_TEST

static const char *
target(const char *strip, const char *prepend, const char *dst_query,
    const char *sent, const char *clean, const char *query)
{
	static struct buf out;
	struct target t = { .strip = strip, .prepend = prepend };

	t.url.query = dst_query;
	buf_reset(&out);
	forward_target(&t, sent, sent == NULL ? 0 : strlen(sent), clean,
	    strlen(clean), query, &out);
	return out.data;
}

START_TEST(forward_rewrites_paths)
{
	ck_assert_str_eq(
	    target("", "", NULL, "/a%2Fb", "/a/b", "x=1"), "/a%2Fb?x=1");
	ck_assert_str_eq(target("", "", NULL, NULL, "/a b", NULL), "/a%20b");
	ck_assert_str_eq(target("/a", "", NULL, "/a", "/a", NULL), "/");
	ck_assert_str_eq(
	    target("/a", "", NULL, "/ab/c", "/ab/c", NULL), "/b/c");
	ck_assert_str_eq(
	    target("/a b", "", NULL, "/a%20b/c", "/a b/c", NULL), "/c");
	ck_assert_str_eq(target("/a", "p", NULL, "/a/x", "/a/x", NULL), "/p/x");
	ck_assert_str_eq(
	    target("/z", "", "k=1", "/a", "/a", "q=2"), "/a?k=1&q=2");
}
END_TEST

START_TEST(forward_reads_peers_of_both_families)
{
	const char *ip;
	size_t n;

	ck_assert_int_eq(forward_peer_ip("[fe80::1]:80", &ip, &n, NULL), 0);
	ck_assert_int_eq(strncmp(ip, "fe80::1", n), 0);
	ck_assert_uint_eq(n, 7);
	ck_assert_int_eq(forward_peer_ip("nothing", &ip, &n, NULL), -1);
}
END_TEST

UNIT_MAIN("forward", forward_drops_fields_of_one_hop,
    forward_appends_to_the_way_so_far,
    forward_keeps_ours_when_connection_names_them,
    forward_lets_websockets_upgrade, forward_rewrites_paths,
    forward_reads_peers_of_both_families)
