/* The gossip port's bounds: who is let in, and who goes first. */
#include "cmd/gossipd/port.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/mem.h"
#include "tests/lib/unit.h"

#define PORT  28946
#define REPLY (20u << 20) /* two are more than PORT_BYTES_MAX */

static struct loop *loop;
static struct gossip_port *port;
static size_t nreply, nstreams;

static void
on_packet(void *ctx, const struct pool_addr *from, const char *bytes, size_t n)
{
	(void)ctx;
	(void)from;
	(void)bytes;
	(void)n;
}

static void
on_stream(void *ctx, const struct pool_addr *from, const char *bytes, size_t n,
    struct buf *reply)
{
	(void)ctx;
	(void)from;
	(void)bytes;
	(void)n;
	nstreams++;
	memset(buf_reserve(reply, nreply), 0, nreply);
	reply->len += nreply;
}

static void
on_answer(void *ctx, uint64_t token, const char *bytes, size_t n)
{
	(void)ctx;
	(void)token;
	(void)bytes;
	(void)n;
}

static void
on_failed(void *ctx, uint64_t token, enum pool_failure how)
{
	(void)ctx;
	(void)token;
	(void)how;
}

static void
on_refused(void *ctx, const struct pool_addr *to)
{
	(void)ctx;
	(void)to;
}

static void
on_done(void *ctx)
{
	(void)ctx;
}

static void
begin(void)
{
	static const struct gossip_port_ops ops = { NULL, on_packet, on_stream,
		on_answer, on_failed, on_refused, on_done };
	struct err err;

	nstreams = 0;
	loop = loop_new();
	port = gossip_port_open(loop, "127.0.0.1:28946", &ops, &err);
	ck_assert_msg(port != NULL, "%s", err.text);
}

static void
end(void)
{
	gossip_port_free(port);
	loop_free(loop);
}

static void
pass(void)
{
	bool never = false;

	loop_wait(loop, &never, 50);
}

static int
dial(const char *from)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(PORT) },
			   own = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, from, &own.sin_addr);
	inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&own, sizeof own), 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	return fd;
}

/* A message that is whole: a ping with an empty body. */
static void
say(int fd)
{
	static const char ping[] = { WIRE_PING, (char)0x80 };

	ck_assert_int_eq(
	    send(fd, ping, sizeof ping, MSG_NOSIGNAL), sizeof ping);
	pass();
}

START_TEST(one_address_cannot_take_all_streams)
{
	int fds[PORT_STREAMS_ADDR + 2], other;

	nreply = 1;
	begin();
	for (size_t i = 0; i < PORT_STREAMS_ADDR + 2; i++)
		fds[i] = dial("127.0.0.2");
	other = dial("127.0.0.3");
	for (int i = 0; i < 4; i++)
		pass();
	ck_assert_uint_eq(gossip_port_stats(port)->streams_refused, 2);
	say(other);
	ck_assert_uint_eq(nstreams, 1);
	for (size_t i = 0; i < PORT_STREAMS_ADDR + 2; i++)
		close(fds[i]);
	close(other);
	end();
}
END_TEST

START_TEST(answers_are_bounded_and_the_largest_goes_first)
{
	int small, large, next;
	char byte;

	begin();
	small = dial("127.0.0.2");
	large = dial("127.0.0.2");
	next = dial("127.0.0.2");
	nreply = REPLY / 2;
	say(small);
	nreply = REPLY;
	say(large);
	ck_assert_uint_eq(gossip_port_stats(port)->streams_refused, 0);
	nreply = REPLY - 1;
	say(next);
	ck_assert_uint_eq(nstreams, 3);
	ck_assert_uint_eq(gossip_port_stats(port)->streams_refused, 1);
	/* Nothing is said any more: others hear of it. */
	ck_assert_int_eq(recv(small, &byte, 1, MSG_DONTWAIT), 1);
	ck_assert_int_eq(recv(next, &byte, 1, MSG_DONTWAIT), 1);
	close(small);
	close(large);
	close(next);
	end();
}
END_TEST

UNIT_MAIN("port", one_address_cannot_take_all_streams,
    answers_are_bounded_and_the_largest_goes_first)
