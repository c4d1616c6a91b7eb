/* Which address a relay dials, and whom it drops when many shake hands. */
#include "common/tls_relay.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/lookup.h"
#include "common/mem.h"
#include "tests/lib/tlsworld.h"
#include "tests/lib/unit.h"

/* --- names, without a resolver --- */

/* The first refuses, the second has no way to it, the third is right. */
static const char *const of_name[] = { "127.0.0.2", "255.255.255.255",
	"127.0.0.1" };

struct lookup {
	struct loop *loop;
	uint16_t port;
	lookup_fn *fn;
	void *ctx;
};

static void
tell(void *arg)
{
	struct lookup *u = arg;
	struct sockaddr_storage addrs[3] = { 0 };

	for (size_t i = 0; i < 3; i++) {
		struct sockaddr_in *in = (struct sockaddr_in *)&addrs[i];

		in->sin_family = AF_INET;
		in->sin_port = htons(u->port);
		inet_pton(AF_INET, of_name[i], &in->sin_addr);
	}
	u->fn(u->ctx, addrs, 3, "");
	free(u);
}

struct lookup *
lookup_new(
    struct loop *l, const char *host, uint16_t port, lookup_fn *fn, void *ctx)
{
	struct lookup *u = xcalloc(1, sizeof *u);

	ck_assert_str_eq(host, "server.test");
	*u = (struct lookup){ .loop = l, .port = port, .fn = fn, .ctx = ctx };
	loop_post(l, tell, u);
	return u;
}

void
lookup_cancel(struct lookup *u)
{
	if (u == NULL)
		return;
	loop_unpost(u->loop, tell, u);
	free(u);
}

/* --- a relay that listens, and one that dials it --- */

struct world {
	struct tls_world *certs;
	struct tls_keys *listening, *dialling;
	struct loop *loop;
	struct tls_relay *server, *client;
	int others[8]; /* the plain ends of who was let in */
	size_t nothers;
};

static int
on_open(void *ctx, const char *peer)
{
	struct world *w = ctx;
	int ends[2];

	(void)peer;
	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	ck_assert_uint_lt(w->nothers, 8);
	w->others[w->nothers++] = ends[1];
	return ends[0];
}

static void
world_open(struct world *w, const char *host)
{
	char addr[64];
	struct err err;

	*w = (struct world){ .certs = tls_world_new(), .loop = loop_new() };
	w->listening = tls_world_bus(
	    true, &w->certs->server, w->certs->server_ca.cert, NULL);
	w->dialling = tls_world_bus(
	    false, &w->certs->server, w->certs->server_ca.cert, NULL);
	w->server = tls_relay_listen(
	    w->loop, "127.0.0.1:0", w->listening, on_open, w, &err);
	ck_assert_msg(w->server != NULL, "%s", err.text);
	snprintf(addr, sizeof addr, "%s:%d", host, tls_relay_port(w->server));
	w->client = tls_relay_new(w->loop, addr, w->dialling, NULL, &err);
	ck_assert_msg(w->client != NULL, "%s", err.text);
}

static void
world_close(struct world *w)
{
	tls_relay_free(w->client);
	tls_relay_free(w->server);
	for (size_t i = 0; i < w->nothers; i++)
		close(w->others[i]);
	loop_free(w->loop);
	tls_keys_free(w->listening);
	tls_keys_free(w->dialling);
	tls_world_free(w->certs);
}

static void
pass(struct world *w, uint64_t ms)
{
	bool never = false;

	loop_wait(w->loop, &never, ms);
}

/* Whether fd's other end is closed. */
static bool
is_over(int fd)
{
	char c;

	return recv(fd, &c, 1, MSG_DONTWAIT) == 0;
}

/* Dials once: true when it was let in. */
static bool
dials(struct world *w)
{
	size_t before = w->nothers;
	int ends[2];
	bool ok;

	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	tls_relay_carry(w->client, ends[0]);
	for (int i = 0; i < 500 && w->nothers == before && !is_over(ends[1]);
	     i++)
		pass(w, 10);
	ok = w->nothers == before + 1;
	close(ends[1]);
	return ok;
}

START_TEST(all_addresses_of_a_name_have_their_turn)
{
	struct world w;

	world_open(&w, "server.test");
	ck_assert(!dials(&w));
	ck_assert(!dials(&w));
	ck_assert(dials(&w));
	ck_assert_uint_eq(tls_relay_stats(w.client).refused, 0);
	ck_assert(!dials(&w));
	world_close(&w);
}
END_TEST

static void
allow_many_files(void)
{
	struct rlimit files;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
}

static int
stranger(struct world *w)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t)tls_relay_port(w->server)) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(
	    connect(fd, (const struct sockaddr *)&sa, sizeof sa), 0);
	return fd;
}

static void
expect_open(struct world *w, uint64_t n)
{
	for (int i = 0; i < 500 && tls_relay_stats(w->server).open != n; i++)
		pass(w, 10);
	ck_assert_uint_eq(tls_relay_stats(w->server).open, n);
}

/* Who says nothing makes room, the oldest first; who is let in stays. */
START_TEST(strangers_who_say_nothing_keep_nobody_out)
{
	int fds[TLS_RELAY_SHAKING];
	struct world w;

	allow_many_files();
	world_open(&w, "127.0.0.1");
	ck_assert(dials(&w));
	expect_open(&w, 0);
	for (size_t i = 0; i < TLS_RELAY_SHAKING; i++) {
		fds[i] = stranger(&w);
		if (i % 64 == 63)
			expect_open(&w, i + 1);
	}
	ck_assert_uint_eq(tls_relay_stats(w.server).refused, 0);
	ck_assert(!is_over(fds[0]));
	ck_assert(dials(&w));
	ck_assert_uint_eq(tls_relay_stats(w.server).refused, 1);
	ck_assert(is_over(fds[0]));
	ck_assert(!is_over(fds[1]));
	world_close(&w);
	for (size_t i = 0; i < TLS_RELAY_SHAKING; i++)
		close(fds[i]);
}
END_TEST

/* One who frees the relay when it is told that a handshake failed. */
struct taker {
	struct tls_relay *relay;
	size_t ntold;
	char why[64];
};

static void
on_taken(void *ctx, int fd, const char *peer, const char *why)
{
	struct taker *t = ctx;

	ck_assert_int_eq(fd, -1);
	ck_assert_str_eq(peer, "127.0.0.1:7");
	t->ntold++;
	snprintf(t->why, sizeof t->why, "%s", why);
	tls_relay_free(t->relay);
	t->relay = NULL;
}

START_TEST(who_is_crowded_out_hears_of_it_from_the_loop)
{
	int others[TLS_RELAY_SHAKING + 2];
	struct taker t = { 0 };
	struct world w;

	allow_many_files();
	world_open(&w, "127.0.0.1");
	t.relay = tls_relay_new(w.loop, "127.0.0.1:0", w.listening, NULL, NULL);
	for (size_t i = 0; i < TLS_RELAY_SHAKING + 2; i++) {
		int ends[2];

		ck_assert_int_eq(
		    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends),
		    0);
		others[i] = ends[1];
		ck_assert_ptr_nonnull(tls_relay_take(
		    t.relay, ends[0], "127.0.0.1:7", on_taken, &t));
	}
	ck_assert_uint_eq(t.ntold, 0);
	ck_assert_uint_eq(tls_relay_stats(t.relay).open, TLS_RELAY_SHAKING);
	ck_assert(is_over(others[1]));
	ck_assert(!is_over(others[2]));
	pass(&w, 20);
	ck_assert_uint_eq(t.ntold, 1); /* the second went with the relay */
	ck_assert_str_eq(t.why, "too many handshakes");
	for (size_t i = 0; i < TLS_RELAY_SHAKING + 2; i++) {
		ck_assert(is_over(others[i]));
		close(others[i]);
	}
	world_close(&w);
}
END_TEST

UNIT_MAIN("tls_relay", all_addresses_of_a_name_have_their_turn,
    strangers_who_say_nothing_keep_nobody_out,
    who_is_crowded_out_hears_of_it_from_the_loop)
