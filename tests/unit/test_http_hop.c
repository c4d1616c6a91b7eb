#include "common/http/hop.h"

#include <string.h>
#include <unistd.h>

#include "common/http/relay.h"
#include "tests/lib/httpapp.h"
#include "tests/lib/peer.h"
#include "tests/lib/unit.h"

static struct http_field
field(const char *name, const char *value)
{
	return (struct http_field){ name, value, strlen(name), strlen(value) };
}

START_TEST(http_hops_are_those_of_the_rfc)
{
	static const char *const hops[] = { "TE", "Trailer", "Upgrade",
		"Connection", "Keep-Alive", "keep-alive", "Content-Length",
		"Expect", "Proxy-Connection", "Transfer-Encoding",
		"Proxy-Authenticate", "PROXY-AUTHORIZATION" };
	static const char *const others[] = { "", "T", "TEa", "Trailers",
		"Date", "Authorization", "Content-Type", "Cookie",
		"Proxy-Authorizations", "X-Connection" };

	for (size_t i = 0; i < sizeof hops / sizeof hops[0]; i++)
		ck_assert_msg(
		    http_is_hop(hops[i], strlen(hops[i])), "%s", hops[i]);
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		ck_assert_msg(!http_is_hop(others[i], strlen(others[i])), "%s",
		    others[i]);
}
END_TEST

START_TEST(http_hops_are_also_those_that_the_message_names)
{
	const struct http_field f[] = { field("X-First", "1"),
		field("Connection", "close, x-first"), field("X-Second", "2"),
		field("CONNECTION", "X-Second ,,"), field("X-Third", "3") };
	struct http_hops hops = http_hops_of(f, 5), none = http_hops_of(f, 1);

	ck_assert(http_hops_has(&hops, &f[0]));
	ck_assert(http_hops_has(&hops, &f[1]));
	ck_assert(http_hops_has(&hops, &f[2]));
	ck_assert(!http_hops_has(&hops, &f[4]));
	ck_assert(!http_hops_has(&none, &f[0]));
}
END_TEST

static void
on_lost(void *ctx, struct http_req *r, const struct err *err, bool sent)
{
	(void)ctx;
	(void)sent;
	http_fail(r, 502, "%s", err->text);
}

/* What either side names in Connection is for that side's hop only. */
START_TEST(http_relay_drops_what_is_for_one_hop)
{
	struct http_app a;
	struct http_client *to;
	struct peer client, server;
	char addr[64];
	int listener = peer_listen(addr);

	http_app_init(&a, &client);
	to = http_client_new(a.loop, addr);
	http_app_ask(&a, &client,
	    "GET /x HTTP/1.1\r\nHost: x\r\nConnection: X-Mine\r\n"
	    "X-Mine: 1\r\nKeep-Alive: 5\r\nX-Kept: 2\r\n\r\n");
	http_relay(to, a.req,
	    &(struct http_relay_how){
		.extra = "X-Extra: 3\r\n", .on_lost = on_lost });
	peer_accept(&server, a.loop, listener);
	ck_assert(peer_expect(&server, "\r\n\r\n"));
	ck_assert(peer_expect(&server, "GET /x HTTP/1.1\r\n"));
	ck_assert(peer_expect(&server, "X-Kept: 2\r\nX-Extra: 3\r\n"));
	ck_assert_ptr_null(strstr(buf_str(&server.got), "X-Mine"));
	ck_assert_ptr_null(strstr(buf_str(&server.got), "Keep-Alive"));
	peer_send(&server,
	    "HTTP/1.1 200 OK\r\nConnection: X-Yours\r\nX-Yours: 1\r\n"
	    "Proxy-Authenticate: Basic\r\nDate: then\r\nX-Kept: 4\r\n"
	    "Content-Length: 2\r\n\r\nok");
	ck_assert(peer_expect(&client, "\r\n\r\nok"));
	ck_assert(peer_expect(&client, "Date: then\r\nX-Kept: 4\r\n"));
	ck_assert_ptr_null(strstr(buf_str(&client.got), "X-Yours"));
	ck_assert_ptr_null(strstr(buf_str(&client.got), "Proxy-"));
	peer_close(&server);
	close(listener);
	http_client_free(to);
	http_app_release(&a, &client);
}
END_TEST

UNIT_MAIN("http hop", http_hops_are_those_of_the_rfc,
    http_hops_are_also_those_that_the_message_names,
    http_relay_drops_what_is_for_one_hop)
