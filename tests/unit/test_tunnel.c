#include "cmd/lbd/tunnel.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/lib/unit.h"

static struct loop *loop;
static int a[2], b[2]; /* [0] is ours, [1] the tunnel's */
static bool over;

static void
on_done(void *ctx, struct tunnel *t)
{
	(void)ctx;
	tunnel_free(t);
	over = true;
}

static struct tunnel *
join_for(const char *to_a, const char *to_b, uint64_t idle_ms)
{
	struct buf first_a = { 0 }, first_b = { 0 };

	loop = loop_new();
	over = false;
	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, a), 0);
	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, b), 0);
	buf_adds(&first_a, to_a);
	buf_adds(&first_b, to_b);
	return tunnel_new(
	    loop, a[1], &first_a, b[1], &first_b, idle_ms, on_done, NULL);
}

static struct tunnel *
join(const char *to_a, const char *to_b)
{
	return join_for(to_a, to_b, TUNNEL_IDLE_MS);
}

static void
turn(void)
{
	bool never = false;

	loop_wait(loop, &never, 20);
}

START_TEST(tunnel_passes_bytes_both_ways)
{
	struct tunnel *t = join("early", "");
	char got[32] = "";

	turn();
	ck_assert_int_eq(read(a[0], got, sizeof got), 5);
	ck_assert_int_eq(write(a[0], "ping", 4), 4);
	ck_assert_int_eq(write(b[0], "pong!", 5), 5);
	turn();
	ck_assert_int_eq(read(b[0], got, sizeof got), 4);
	ck_assert_int_eq(read(a[0], got, sizeof got), 5);
	tunnel_free(t);
	close(a[0]);
	close(b[0]);
	loop_free(loop);
}
END_TEST

START_TEST(tunnel_ends_after_the_last_byte)
{
	char got[32];

	join("", "");
	ck_assert_int_eq(write(a[0], "bye", 3), 3);
	close(a[0]);
	ck_assert(loop_wait(loop, &over, 2000));
	ck_assert_int_eq(read(b[0], got, sizeof got), 3);
	ck_assert_int_eq(read(b[0], got, sizeof got), 0);
	close(b[0]);
	loop_free(loop);
}
END_TEST

/* A reader that does not read makes the writer stop, not the tunnel grow. */
START_TEST(tunnel_holds_back_a_fast_writer)
{
	struct tunnel *t = join("", "");
	static char block[65536];
	size_t sent = 0, got = 0;
	ssize_t n;

	for (int i = 0; i < 200; i++) {
		while ((n = write(a[0], block, sizeof block)) > 0)
			sent += (size_t)n;
		turn();
		if (i > 5 && write(a[0], block, 1) == -1)
			break;
		sent += i > 5;
	}
	ck_assert_uint_lt(sent, 8u << 20);
	for (int i = 0; i < 400 && got < sent; i++) {
		while ((n = read(b[0], block, sizeof block)) > 0)
			got += (size_t)n;
		turn();
	}
	ck_assert_uint_eq(got, sent);
	tunnel_free(t);
	close(a[0]);
	close(b[0]);
	loop_free(loop);
}
END_TEST

/* Bytes keep it, whichever way they go; a silence as long as the limit ends
 * it. */
START_TEST(tunnel_ends_when_nothing_passes)
{
	char got[8];

	join_for("", "", 100);
	for (int i = 0; i < 10; i++) {
		ck_assert_int_eq(write(i % 2 ? a[0] : b[0], "x", 1), 1);
		turn();
		ck_assert(!over);
	}
	ck_assert(loop_wait(loop, &over, 2000));
	ck_assert_int_eq(read(a[0], got, sizeof got), 5);
	ck_assert_int_eq(read(a[0], got, sizeof got), 0);
	ck_assert_int_eq(read(b[0], got, sizeof got), 5);
	ck_assert_int_eq(read(b[0], got, sizeof got), 0);
	close(a[0]);
	close(b[0]);
	loop_free(loop);
}
END_TEST

/* One that does not read what waits for it is silent, too. */
START_TEST(tunnel_ends_when_nothing_can_pass)
{
	static char block[65536];

	join_for("", "", 50);
	for (int i = 0; i < 200 && !over; i++) {
		while (write(a[0], block, sizeof block) > 0)
			continue;
		turn();
	}
	ck_assert(over);
	close(a[0]);
	close(b[0]);
	loop_free(loop);
}
END_TEST

UNIT_MAIN("tunnel", tunnel_ends_when_nothing_passes,
    tunnel_ends_when_nothing_can_pass, tunnel_passes_bytes_both_ways,
    tunnel_ends_after_the_last_byte, tunnel_holds_back_a_fast_writer)
