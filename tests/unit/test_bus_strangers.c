/* Bytes from strangers: closed, counted, and of no harm to anybody else. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/bus.h"
#include "common/envelope.h"
#include "common/mem.h"
#include "tests/lib/busworld.h"
#include "tests/lib/unit.h"

static int
raw_connect(struct bus_world *w)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(sa.sun_path, w->url + 6);
	ck_assert_int_eq(
	    connect(fd, (const struct sockaddr *)&sa, sizeof sa), 0);
	return fd;
}

/* nng's greeting of a REQ peer, then one message with the given length. */
static int
raw_send(struct bus_world *w, uint64_t claimed, const void *bytes, size_t n)
{
	static const uint8_t hello[8] = { 0, 'S', 'P', 0, 0, 0x30, 0, 0 };
	uint8_t head[9] = { 1 };
	struct buf b = { 0 };
	int fd = raw_connect(w);

	for (int i = 0; i < 8; i++)
		head[1 + i] = (uint8_t)(claimed >> (56 - 8 * i));
	/* Whole, for it may be closed after any part of it. */
	buf_add(&b, hello, sizeof hello);
	buf_add(&b, head, sizeof head);
	buf_add(&b, bytes, n);
	ck_assert_int_eq(send(fd, b.data, b.len, 0), (ssize_t)b.len);
	buf_release(&b);
	return fd;
}

static void
expect_closed(struct bus_world *w, int fd)
{
	char c[64];
	ssize_t n = 0;

	bus_world_pass(w, 100);
	for (int i = 0; i < 50; i++) {
		n = recv(fd, c, sizeof c, MSG_DONTWAIT);
		if (n == 0 || (n < 0 && i > 40))
			break;
		bus_world_pass(w, 20);
	}
	ck_assert_int_eq(n, 0);
	close(fd);
}

static void
expect_refused(struct bus_world *w, uint64_t n)
{
	for (int i = 0; i < 200; i++)
		if (bus_server_stats(w->server)->refused < n)
			bus_world_pass(w, 20);
	ck_assert_uint_ge(bus_server_stats(w->server)->refused, n);
}

START_TEST(garbage_is_closed_and_counted)
{
	struct bus_world *w = bus_world_new(false);
	struct bus_peer *p = bus_world_dial(w);
	static const char cut[] = "\x80\0\0\1rv\1\0";
	char wrong[4 + ENVELOPE_HEAD] = "\x80\0\0\1xx";
	int fd;

	fd = raw_connect(w);
	ck_assert_int_eq(write(fd, "GET / HTTP/1.0\r\n\r\n", 18), 18);
	expect_closed(w, fd);
	expect_closed(w, raw_send(w, UINT64_C(1) << 40, cut, 8));
	expect_closed(w, raw_send(w, BUS_MAX_MSG + 1024, cut, 8));
	expect_refused(w, 2);
	expect_closed(w, raw_send(w, 8, cut, 8));
	expect_closed(w, raw_send(w, sizeof wrong, wrong, sizeof wrong));
	expect_refused(w, 4);
	bus_world_echoes(w, p);
	bus_peer_free(p);
	bus_world_free(w);
}
END_TEST

/* Who has asked and goes is no stranger; and what one socket refuses is not
 * laid to another's charge. */
START_TEST(askers_who_leave_are_not_counted_as_garbage)
{
	struct bus_world *w = bus_world_new(false),
			 *other = bus_world_new(false);
	int fd;

	for (int i = 0; i < 5; i++) {
		struct bus_peer *p = bus_world_dial(w);

		bus_world_echoes(w, p);
		bus_peer_free(p);
	}
	bus_world_pass(w, 200);
	ck_assert_uint_eq(bus_server_stats(w->server)->refused, 0);
	fd = raw_connect(w);
	ck_assert_int_eq(write(fd, "GET / HTTP/1.0\r\n\r\n", 18), 18);
	expect_closed(w, fd);
	expect_refused(w, 1);
	ck_assert_uint_eq(bus_server_stats(other->server)->refused, 0);
	bus_world_free(other);
	bus_world_free(w);
}
END_TEST

START_TEST(who_connects_and_leaves_at_once_keeps_nobody_out)
{
	struct bus_world *w = bus_world_new(false);
	struct bus_peer *p;

	for (int i = 0; i < 20; i++)
		close(raw_connect(w));
	p = bus_world_dial(w);
	bus_world_echoes(w, p);
	bus_peer_free(p);
	bus_world_free(w);
}
END_TEST

START_TEST(a_bad_body_is_refused)
{
	struct bus_world *w = bus_world_new(false);
	struct envelope e = { .number = ECHO, .id = 1 };
	struct bus_peer *p = bus_world_dial(w);
	struct buf b = { 0 };
	int fd;

	buf_add(&b, "\x80\0\0\1", 4);
	envelope_pack(&e, &b);
	buf_add(&b, "\xc1", 1);
	fd = raw_send(w, b.len, b.data, b.len);
	expect_refused(w, 1);
	bus_world_echoes(w, p);
	close(fd);
	buf_release(&b);
	bus_peer_free(p);
	bus_world_free(w);
}
END_TEST

/* One echo with a text of n bytes, as it goes over the wire. */
static struct buf
echo_bytes(uint64_t id, size_t n)
{
	static const uint8_t head[13] = { 1, [9] = 0x80, [12] = 1 };
	struct envelope e = { .number = ECHO, .id = id };
	struct bus_note note = { .n = id, .text = xmalloc(n + 1) };
	struct buf b = { 0 };

	memset(note.text, 'x', n);
	note.text[n] = '\0';
	buf_add(&b, head, sizeof head);
	envelope_pack(&e, &b);
	rec_pack(&bus_note_type, &note, &b);
	for (size_t i = 0; i < 8; i++)
		b.data[1 + i] = (char)((b.len - 9) >> (56 - 8 * i));
	free(note.text);
	return b;
}

/* Reads what comes until n bytes are there; how many there were. */
static size_t
read_all(struct bus_world *w, int fd, size_t n)
{
	static char bytes[65536];
	size_t sum = 0;

	for (int idle = 0; sum < n && idle < 500;) {
		ssize_t got = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);

		if (got == 0)
			break;
		idle = got > 0 ? 0 : idle + 1;
		sum += got > 0 ? (size_t)got : 0;
		bus_world_pass(w, got > 0 ? 0 : 10);
	}
	return sum;
}

START_TEST(a_message_may_come_in_any_pieces)
{
	static const uint8_t hello[8] = { 0, 'S', 'P', 0, 0, 0x30, 0, 0 };
	struct bus_world *w = bus_world_new(false);
	struct buf all = { 0 }, b;
	size_t nreply = 8;
	int fd = raw_connect(w);

	buf_add(&all, hello, sizeof hello);
	for (size_t n = 0; n < 700; n += 100) {
		b = echo_bytes(n, n);
		buf_add(&all, b.data, b.len);
		nreply += b.len;
		buf_release(&b);
	}
	for (size_t at = 0, n = 1; at < all.len; at += n, n = at % 7 + 1) {
		n = n < all.len - at ? n : all.len - at;
		ck_assert_int_eq(send(fd, all.data + at, n, 0), (ssize_t)n);
		bus_world_pass(w, 1);
	}
	ck_assert_uint_eq(read_all(w, fd, nreply), nreply);
	ck_assert_uint_eq(bus_server_stats(w->server)->requests, 7);
	ck_assert_uint_eq(bus_server_stats(w->server)->refused, 0);
	close(fd);
	buf_release(&all);
	bus_world_free(w);
}
END_TEST

START_TEST(who_does_not_read_is_not_read)
{
	enum { NBYTES = 200000, NCALLS = 400 };
	static const uint8_t hello[8] = { 0, 'S', 'P', 0, 0, 0x30, 0, 0 };
	struct bus_world *w = bus_world_new(false);
	struct bus_peer *p = bus_world_dial(w);
	struct buf b = echo_bytes(1, NBYTES);
	size_t at = 0, ncalls = 0, all;
	int fd = raw_connect(w);

	ck_assert_int_eq(send(fd, hello, sizeof hello, 0), 8);
	for (int idle = 0; idle < 50 && ncalls < NCALLS;) {
		ssize_t n = send(fd, b.data + at, b.len - at, MSG_DONTWAIT);

		bus_world_pass(w, n > 0 ? 0 : 2);
		idle = n > 0 ? 0 : idle + 1;
		at += n > 0 ? (size_t)n : 0;
		ncalls += at == b.len;
		at %= b.len;
	}
	ck_assert_uint_lt(ncalls, 50); /* it has had enough */
	bus_world_echoes(w, p);        /* the others are served */
	/* It is read again as it reads. */
	all = 8 + ncalls * b.len;
	ck_assert_uint_eq(read_all(w, fd, all), all);
	ck_assert_int_gt(send(fd, b.data + at, b.len - at, MSG_DONTWAIT), 0);
	close(fd);
	buf_release(&b);
	bus_peer_free(p);
	bus_world_free(w);
}
END_TEST

/* Its requests are held, and all are answered then. */
START_TEST(who_never_reads_is_hung_up_on)
{
	enum { NHELD = 24, NBYTES = 4 << 20 };
	static const uint8_t hello[8] = { 0, 'S', 'P', 0, 0, 0x30, 0, 0 };
	struct bus_world *w = bus_world_new(false);
	struct bus_peer *p = bus_world_dial(w);
	struct bus_note note = { .text = xmalloc(NBYTES) };
	int fd = raw_connect(w);
	size_t got;

	memset(note.text, 'x', NBYTES - 1);
	note.text[NBYTES - 1] = '\0';
	ck_assert_int_eq(send(fd, hello, sizeof hello, 0), 8);
	for (size_t i = 0; i < NHELD; i++) {
		struct buf b = echo_bytes(i, 10);

		b.data[13 + 5] = HOLD;
		ck_assert_int_eq(send(fd, b.data, b.len, 0), (ssize_t)b.len);
		buf_release(&b);
	}
	while (w->nheld < NHELD) {
		w->woken = false;
		ck_assert(loop_wait(w->loop, &w->woken, 5000));
	}
	for (size_t i = 0; i < NHELD; i++)
		bus_reply(w->held[i], &note);
	got = read_all(w, fd, (size_t)NHELD * NBYTES);
	ck_assert_uint_lt(got, NBYTES);
	bus_world_echoes(w, p);
	close(fd);
	free(note.text);
	bus_peer_free(p);
	bus_world_free(w);
}
END_TEST

static size_t
count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

/* Asks so much at a time that something is always on its way. */
static void
ask_and_hang_up(struct bus_world *w, const struct buf *asked, int after_ms)
{
	int fd = raw_connect(w);

	ck_assert_int_gt(
	    send(fd, asked->data, asked->len, MSG_DONTWAIT | MSG_NOSIGNAL), 0);
	bus_world_pass(w, (uint64_t)after_ms);
	close(fd); /* unread: what is sent from now on fails */
}

START_TEST(who_hangs_up_amid_answers_leaves_nothing_behind)
{
	static const uint8_t hello[8] = { 0, 'S', 'P', 0, 0, 0x30, 0, 0 };
	struct bus_world *w = bus_world_new(false);
	struct bus_peer *p = bus_world_dial(w);
	struct buf asked = { 0 };
	size_t before;

	buf_add(&asked, hello, sizeof hello);
	for (size_t i = 0; i < 64; i++) {
		struct buf b = echo_bytes(i, i * 20);

		buf_add(&asked, b.data, b.len);
		buf_release(&b);
	}
	bus_world_echoes(w, p);
	before = count_fds();
	for (int i = 0; i < 300; i++)
		ask_and_hang_up(w, &asked, i % 4);
	for (int i = 0; i < 200 && count_fds() > before; i++)
		bus_world_pass(w, 20);
	ck_assert_uint_le(count_fds(), before);
	bus_world_echoes(w, p);
	buf_release(&asked);
	bus_peer_free(p);
	bus_world_free(w);
}
END_TEST

/* Each sends most of a large message and stops there. */
START_TEST(what_comes_in_part_is_bounded_in_sum)
{
	enum { NFDS = BUS_MAX_MSG / (1 << 20) * 4, SOME = 6 << 20 };
	struct bus_world *w = bus_world_new(false);
	struct bus_peer *p = bus_world_dial(w);
	static char bytes[65536];
	size_t at[NFDS] = { 0 }, nclosed = 0;
	int fds[NFDS];

	for (size_t i = 0; i < NFDS; i++)
		fds[i] = raw_send(w, SOME + 1, bytes, 1);
	for (int idle = 0; idle < 100 && nclosed == 0; idle++) {
		for (size_t i = 0; i < NFDS; i++) {
			size_t left = SOME - at[i];
			ssize_t n = send(fds[i], bytes,
			    left < sizeof bytes ? left : sizeof bytes,
			    MSG_DONTWAIT | MSG_NOSIGNAL);

			at[i] += n > 0 ? (size_t)n : 0;
			idle = n > 0 && left > 0 ? 0 : idle;
			nclosed += n == -1 && errno == EPIPE;
		}
		bus_world_pass(w, 1);
	}
	ck_assert_uint_gt(nclosed, 0);
	bus_world_echoes(w, p);
	expect_refused(w, 1);
	for (size_t i = 0; i < NFDS; i++)
		close(fds[i]);
	bus_peer_free(p);
	bus_world_free(w);
}
END_TEST

/* A server's end by hand: it greets, and takes what it is sent. */
static int
greet_one(struct bus_world *w, int listener)
{
	static const uint8_t hello[8] = { 0, 'S', 'P', 0, 0, 0x31, 0, 0 };
	int fd = -1;

	for (int i = 0; i < 2000 && fd == -1; i++) {
		fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
		bus_world_pass(w, 5);
	}
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(send(fd, hello, sizeof hello, 0), 8);
	return fd;
}

START_TEST(a_server_that_says_nothing_is_dialled_anew)
{
	struct sockaddr_in sa = { .sin_family = AF_INET };
	socklen_t n = sizeof sa;
	struct bus_world *w = bus_world_new(true);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct bus_outcome o[8];
	struct bus_peer *p;
	struct err err;
	char url[64];
	int fd, again;

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&sa, n), 0);
	ck_assert_int_eq(listen(listener, 8), 0);
	getsockname(listener, (struct sockaddr *)&sa, &n);
	snprintf(url, sizeof url, "tcp://127.0.0.1:%d", ntohs(sa.sin_port));
	p = bus_dial_keen(w->loop, url, &err);
	ck_assert_ptr_nonnull(p);
	fd = greet_one(w, listener);
	for (size_t i = 0; i < 8; i++) {
		bus_world_call(p, ECHO, i, 900, &o[i]);
		bus_world_pass(w, 1000);
	}
	ck_assert_int_eq(o[0].code, ERR_TIMEOUT);
	again = greet_one(w, listener);
	for (int i = 0; i < 100 && !bus_peer_is_up(p); i++)
		bus_world_pass(w, 20);
	ck_assert(bus_peer_is_up(p));
	close(fd);
	close(again);
	close(listener);
	bus_peer_free(p);
	bus_world_free(w);
}
END_TEST

UNIT_MAIN("bus_strangers", garbage_is_closed_and_counted,
    askers_who_leave_are_not_counted_as_garbage,
    who_connects_and_leaves_at_once_keeps_nobody_out, a_bad_body_is_refused,
    a_message_may_come_in_any_pieces, who_does_not_read_is_not_read,
    who_never_reads_is_hung_up_on,
    who_hangs_up_amid_answers_leaves_nothing_behind,
    what_comes_in_part_is_bounded_in_sum,
    a_server_that_says_nothing_is_dialled_anew)
