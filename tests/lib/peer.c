#include "tests/lib/peer.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <check.h>

#include "common/clock.h"
#include "common/http/addr.h"

void
peer_open(struct peer *p, struct loop *l, const char *addr)
{
	struct http_addr a;

	*p = (struct peer){ .loop = l };
	ck_assert_int_eq(http_addr_parse(&a, addr, NULL), 0);
	p->fd = http_addr_connect(&a.sock, a.len);
	ck_assert_int_ge(p->fd, 0);
}

int
peer_listen(char *addr)
{
	union http_sock s = { 0 };
	socklen_t len = sizeof s;
	char text[HTTP_ADDR_SIZE];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	s.in.sin_family = AF_INET;
	s.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(fd, &s.sa, sizeof s.in), 0);
	ck_assert_int_eq(listen(fd, 16), 0);
	ck_assert_int_eq(getsockname(fd, &s.sa, &len), 0);
	http_addr_format(&s, len, text);
	memcpy(addr, text, 64);
	return fd;
}

static void
turn(struct loop *l)
{
	const bool never = false;

	loop_wait(l, &never, 1);
}

void
peer_accept(struct peer *p, struct loop *l, int listener)
{
	uint64_t until_ms = clock_mono_ms() + PEER_WAIT_MS;

	*p = (struct peer){ .loop = l, .fd = -1 };
	while (p->fd == -1 && clock_mono_ms() < until_ms) {
		turn(l);
		p->fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	}
	ck_assert_int_ge(p->fd, 0);
}

void
peer_close(struct peer *p)
{
	if (p->fd != -1)
		close(p->fd);
	buf_release(&p->got);
	p->fd = -1;
}

static void
read_some(struct peer *p)
{
	char bytes[65536];
	ssize_t n = recv(p->fd, bytes, sizeof bytes, MSG_DONTWAIT);

	if (n > 0)
		buf_add(&p->got, bytes, (size_t)n);
	else if (n == 0)
		p->eof = true;
	else if (errno == ECONNRESET)
		p->eof = p->reset = true;
}

void
peer_send_bytes(struct peer *p, const void *bytes, size_t n)
{
	uint64_t until_ms = clock_mono_ms() + PEER_WAIT_MS;
	const char *at = bytes;

	while (n > 0 && clock_mono_ms() < until_ms) {
		ssize_t sent = send(p->fd, at, n, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent > 0) {
			at += sent;
			n -= (size_t)sent;
			continue;
		}
		if (errno != EAGAIN && errno != ENOTCONN)
			return; /* the other end has had enough */
		turn(p->loop);
	}
	ck_assert_uint_eq(n, 0);
}

void
peer_send(struct peer *p, const char *text)
{
	peer_send_bytes(p, text, strlen(text));
}

bool
peer_expect(struct peer *p, const char *text)
{
	uint64_t until_ms = clock_mono_ms() + PEER_WAIT_MS;

	for (;;) {
		if (p->got.len > 0 &&
		    memmem(p->got.data, p->got.len, text, strlen(text)) != NULL)
			return true;
		if (clock_mono_ms() >= until_ms || p->eof)
			return false;
		turn(p->loop);
		read_some(p);
	}
}

bool
peer_expect_bytes(struct peer *p, size_t n)
{
	uint64_t until_ms = clock_mono_ms() + PEER_WAIT_MS;

	while (p->got.len < n && !p->eof && clock_mono_ms() < until_ms) {
		size_t had = p->got.len;

		turn(p->loop);
		read_some(p);
		if (p->got.len > had)
			until_ms = clock_mono_ms() + PEER_WAIT_MS;
	}
	return p->got.len >= n;
}

bool
peer_expect_end(struct peer *p)
{
	uint64_t until_ms = clock_mono_ms() + PEER_WAIT_MS;

	while (!p->eof && clock_mono_ms() < until_ms) {
		turn(p->loop);
		read_some(p);
	}
	return p->eof;
}

void
peer_idle(struct peer *p, uint64_t ms)
{
	const bool never = false;

	loop_wait(p->loop, &never, ms);
}

void
peer_forget(struct peer *p)
{
	buf_reset(&p->got);
}
