/* Connections that are handed over, and the server's end. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/http/http.h"
#include "tests/lib/httpapp.h"
#include "tests/lib/peer.h"
#include "tests/lib/unit.h"

START_TEST(http_hands_an_upgraded_connection_over)
{
	struct buf rest = { 0 }, unsent = { 0 };
	struct http_app a;
	struct peer p;
	int fd;

	http_app_init(&a, &p);
	http_app_ask(&a, &p,
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
	http_app_release(&a, &p);
}
END_TEST

START_TEST(http_does_not_hand_over_in_the_middle_of_a_body)
{
	struct buf rest = { 0 }, unsent = { 0 };
	struct http_app a;
	struct peer p;

	http_app_init(&a, &p);
	http_app_ask(&a, &p,
	    POST "Connection: Upgrade\r\nUpgrade: echo\r\n"
		 "Content-Length: 3\r\n\r\na");
	http_begin(a.req, 101, 0);
	ck_assert_int_eq(http_upgrade(a.req, &rest, &unsent), -1);
	http_abort(a.req);
	ck_assert(peer_expect_end(&p));
	http_app_release(&a, &p);
}
END_TEST

static void
on_done(void *ctx)
{
	struct http_app *a = ctx;

	ck_assert(!a->inside);
	a->drained = true;
}

START_TEST(http_drains_before_it_ends)
{
	struct http_app a;
	struct peer p, idle;
	char addr[128];

	http_app_init(&a, &p);
	snprintf(addr, sizeof addr, "%s", http_server_addr(a.server));
	peer_open(&idle, a.loop, addr);
	http_app_ask(&a, &p, GET("/"));
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
	http_app_release(&a, &p);
}
END_TEST

START_TEST(http_waits_only_so_long_for_the_last_answer)
{
	struct http_app a;
	struct peer p;

	http_app_init(&a, &p);
	http_app_ask(&a, &p, GET("/"));
	http_server_drain(a.server, 50, on_done, &a);
	ck_assert(peer_expect_end(&p));
	peer_idle(&p, 20);
	ck_assert(a.drained);
	ck_assert_int_eq(a.ngone, 1);
	http_app_release(&a, &p);
}
END_TEST

START_TEST(http_listens_once_at_an_address)
{
	struct http_app a;
	struct peer p;
	struct err err;
	const char *path = "/tmp/test_http_end.sock";
	char addr[64];
	int fd, again;

	http_app_init(&a, &p);
	ck_assert_ptr_null(http_server_new(
	    a.loop, http_server_addr(a.server), NULL, &http_app_ops, &a, &err));
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
	http_app_release(&a, &p);
}
END_TEST

UNIT_MAIN("http end", http_hands_an_upgraded_connection_over,
    http_does_not_hand_over_in_the_middle_of_a_body, http_drains_before_it_ends,
    http_waits_only_so_long_for_the_last_answer,
    http_listens_once_at_an_address)
