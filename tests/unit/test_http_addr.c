#include "common/http/addr.h"

#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

#include "common/http/http.h"
#include "tests/lib/unit.h"

static int
option(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof value;

	ck_assert_int_eq(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

static void
expect_kept_alive(int fd)
{
	ck_assert_int_eq(option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
	ck_assert_int_eq(
	    option(fd, IPPROTO_TCP, TCP_KEEPIDLE), HTTP_ALIVE_AFTER_S);
	ck_assert_int_eq(
	    option(fd, IPPROTO_TCP, TCP_KEEPINTVL), HTTP_ALIVE_EVERY_S);
	ck_assert_int_eq(
	    option(fd, IPPROTO_TCP, TCP_KEEPCNT), HTTP_ALIVE_PROBES);
	ck_assert_int_eq(option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
}

START_TEST(http_addr_keeps_both_ends_alive)
{
	int listener = http_listen("127.0.0.1:0", false, NULL), made, taken;
	union http_sock sock;
	socklen_t len = sizeof sock;
	struct pollfd p = { .fd = listener, .events = POLLIN };

	ck_assert_int_ne(listener, -1);
	ck_assert_int_eq(getsockname(listener, &sock.sa, &len), 0);
	made = http_addr_connect(&sock, len);
	ck_assert_int_ne(made, -1);
	ck_assert_int_eq(poll(&p, 1, 5000), 1);
	taken = accept(listener, NULL, NULL);
	ck_assert_int_ne(taken, -1);
	expect_kept_alive(made);
	expect_kept_alive(taken);
	close(made);
	close(taken);
	close(listener);
}
END_TEST

UNIT_MAIN("http addr", http_addr_keeps_both_ends_alive)
