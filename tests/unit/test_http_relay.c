/* How a relay ends: once, and who holds something for it is told. */
#include "common/http/relay.h"

#include <string.h>
#include <unistd.h>

#include "tests/lib/httpapp.h"
#include "tests/lib/peer.h"
#include "tests/lib/unit.h"

struct world {
	struct http_app app;
	struct http_client *to;
	struct peer client, server;
	int listener, nlost, nbegins, nends;
	bool sent;
	enum err_code code;
};

static void
on_lost(void *ctx, struct http_req *r, const struct err *err, bool sent)
{
	struct world *w = ctx;

	w->nlost++;
	w->sent = sent;
	w->code = err->code;
	http_fail(r, 502, "%s", err->text);
}

static void
on_begin(void *ctx)
{
	((struct world *)ctx)->nbegins++;
}

static void
on_end(void *ctx)
{
	((struct world *)ctx)->nends++;
}

/* A request, relayed to a server that has it. */
static void
begin(struct world *w, uint64_t begin_ms)
{
	char addr[64];

	*w = (struct world){ .listener = peer_listen(addr) };
	http_app_init(&w->app, &w->client);
	w->to = http_client_new(w->app.loop, addr);
	http_app_ask(&w->app, &w->client, GET("/x"));
	http_relay(w->to, w->app.req,
	    &(struct http_relay_how){ .begin_ms = begin_ms,
		.on_lost = on_lost,
		.on_begin = on_begin,
		.on_end = on_end,
		.ctx = w });
	peer_accept(&w->server, w->app.loop, w->listener);
	ck_assert(peer_expect(&w->server, "GET /x HTTP/1.1\r\n"));
}

static void
end(struct world *w)
{
	peer_close(&w->server);
	close(w->listener);
	http_client_free(w->to);
	http_app_release(&w->app, &w->client);
}

START_TEST(an_answer_ends_it)
{
	struct world w;

	begin(&w, 0);
	peer_send(&w.server, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	ck_assert(peer_expect(&w.client, "\r\n\r\nok"));
	ck_assert_int_eq(w.nbegins, 1);
	ck_assert_int_eq(w.nends, 1);
	ck_assert_int_eq(w.nlost, 0);
	end(&w);
}
END_TEST

START_TEST(who_does_not_begin_in_time_is_lost)
{
	struct world w;

	begin(&w, 100);
	ck_assert(peer_expect(&w.client, "HTTP/1.1 502 "));
	ck_assert_int_eq(w.nlost, 1);
	ck_assert_int_eq(w.nbegins, 0);
	ck_assert_int_eq(w.nends, 0);
	ck_assert(w.sent);
	ck_assert_int_eq(w.code, ERR_TIMEOUT);
	end(&w);
}
END_TEST

START_TEST(what_has_begun_may_last)
{
	struct world w;

	begin(&w, 100);
	peer_send(&w.server,
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
	ck_assert(peer_expect(&w.client, "a\r\n"));
	peer_idle(&w.client, 300);
	ck_assert_int_eq(w.nends + w.nlost, 0);
	peer_send(&w.server, "1\r\nb\r\n0\r\n\r\n");
	ck_assert(peer_expect(&w.client, "b\r\n0\r\n\r\n"));
	ck_assert_int_eq(w.nends, 1);
	end(&w);
}
END_TEST

START_TEST(a_client_that_leaves_ends_it)
{
	struct world w;

	begin(&w, 0);
	peer_close(&w.client);
	ck_assert(peer_expect_end(&w.server));
	ck_assert_int_eq(w.nends, 1);
	ck_assert_int_eq(w.nlost, 0);
	end(&w);
}
END_TEST

START_TEST(one_that_is_cut_short_is_not_taken_for_whole)
{
	struct world w;

	begin(&w, 0);
	peer_send(&w.server, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok");
	ck_assert(peer_expect(&w.client, "\r\n\r\nok"));
	peer_close(&w.server);
	ck_assert(peer_expect_end(&w.client));
	ck_assert_int_eq(w.nends, 1);
	ck_assert_int_eq(w.nlost, 0);
	end(&w);
}
END_TEST

UNIT_MAIN("http relay", an_answer_ends_it, who_does_not_begin_in_time_is_lost,
    what_has_begun_may_last, a_client_that_leaves_ends_it,
    one_that_is_cut_short_is_not_taken_for_whole)
