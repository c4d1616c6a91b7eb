/* Where metrics are handed on to: checked early, looked up off the loop. */
#include "cmd/metricsd/metricsd.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/mem.h"
#include "tests/lib/unit.h"

START_TEST(an_address_without_a_port_is_no_config)
{
	static const char *const bad[] = { "foo", "foo:", "foo:99999",
		"unix:/x", ":8125", "foo:http" };
	struct metricsd_config c = { 0 };
	struct err err;

	metricsd_config_init(&c);
	ck_assert_int_eq(metricsd_config_check(&c, &err), 0);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		free(c.statsd_address);
		c.statsd_address = xstrdup(bad[i]);
		ck_assert_msg(
		    metricsd_config_check(&c, &err) == -1, "%s", bad[i]);
	}
	rec_clear(&metricsd_config_type, &c);
}
END_TEST

/* Sends until something comes; "127.1" takes a look-up. */
static bool
is_reached(const char *host, struct loop *l, int fd, uint16_t port)
{
	char *addr = xasprintf("%s:%u", host, port);
	struct statsd *s = statsd_open(l, addr, NULL);
	struct metric m = { .name = addr, .kind = METRIC_GAUGE };
	bool never = false, reached = false;
	char bytes[64];

	ck_assert_ptr_nonnull(s);
	for (int i = 0; i < 100 && !reached; i++) {
		statsd_send(s, &m, 1, 1);
		statsd_flush(s);
		loop_wait(l, &never, 20);
		reached = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0;
	}
	statsd_free(s);
	free(addr);
	return reached;
}

START_TEST(names_and_numbers_are_reached)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	socklen_t len = sizeof any;
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct loop *l = loop_new();

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&any, len), 0);
	getsockname(fd, (struct sockaddr *)&any, &len);
	ck_assert(is_reached("127.0.0.1", l, fd, ntohs(any.sin6_port)));
	ck_assert(is_reached("127.1", l, fd, ntohs(any.sin6_port)));
	close(fd);
	loop_free(l);
}
END_TEST

START_TEST(a_lookup_under_way_can_be_given_up)
{
	struct loop *l = loop_new();

	statsd_free(statsd_open(l, "name.invalid:8125", NULL));
	loop_free(l);
}
END_TEST

UNIT_MAIN("statsd", an_address_without_a_port_is_no_config,
    names_and_numbers_are_reached, a_lookup_under_way_can_be_given_up)
