/* Who is let in at a port with TLS, and who is not; nobody else is disturbed.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/bus.h"
#include "common/mem.h"
#include "tests/lib/busworld.h"
#include "tests/lib/tlsworld.h"
#include "tests/lib/unit.h"

/* A port of servers, and a server that is connected to it all the time. */
struct port {
	struct tls_world *certs;
	struct tls_keys *listening, *dialling;
	struct bus_world *w;
	struct bus_peer *friend;
};

static struct port
port_open(bool nodes_too)
{
	struct port p = { .certs = tls_world_new() };
	const struct tls_world *t = p.certs;

	p.listening = tls_world_bus(true, &t->server,
	    nodes_too ? t->both_cas : t->server_ca.cert, NULL);
	p.dialling = tls_world_bus(false, &t->server, t->server_ca.cert, NULL);
	p.w = tls_world_serve(p.listening);
	bus_use_tls(p.dialling);
	p.friend = bus_world_dial(p.w);
	bus_world_echoes(p.w, p.friend);
	return p;
}

static void
port_close(struct port *p)
{
	bus_peer_free(p->friend);
	bus_use_tls(NULL);
	bus_world_free(p->w);
	tls_keys_free(p->listening);
	tls_keys_free(p->dialling);
	tls_world_free(p->certs);
}

static void
expect_refused(struct port *p, uint64_t n)
{
	for (int i = 0; i < 200; i++)
		if (bus_server_stats(p->w->server)->refused < n)
			bus_world_pass(p->w, 20);
	ck_assert_uint_ge(bus_server_stats(p->w->server)->refused, n);
}

/* It dials so, and whether it is answered. */
static bool
is_answered_by(struct port *p, struct tls_keys *tls, const char *name)
{
	struct bus_outcome o;
	struct bus_peer *peer;
	struct err err;

	bus_use_tls(tls);
	peer = name == NULL ? bus_dial_keen(p->w->loop, p->w->url, &err)
			    : bus_dial_named(p->w->loop, p->w->url, name, &err);
	ck_assert_msg(peer != NULL, "%s", err.text);
	bus_world_call(peer, ECHO, 7, 500, &o);
	ck_assert(loop_wait(p->w->loop, &o.done, 5000));
	bus_peer_free(peer);
	bus_use_tls(p->dialling);
	return o.code == ERR_NONE;
}

static bool
is_answered(struct port *p, struct tls_keys *tls)
{
	return is_answered_by(p, tls, NULL);
}

static bool
is_answered_as(struct port *p, const struct tls_pair *who)
{
	struct tls_keys *tls =
	    tls_world_bus(false, who, p->certs->server_ca.cert, NULL);
	bool ok = is_answered(p, tls);

	tls_keys_free(tls);
	return ok;
}

START_TEST(a_port_of_servers_lets_in_servers_alone)
{
	struct port p = port_open(false);

	ck_assert(is_answered_as(&p, &p.certs->server));
	ck_assert_uint_eq(bus_server_stats(p.w->server)->refused, 0);
	ck_assert(!is_answered_as(&p, &p.certs->node));
	expect_refused(&p, 1);
	ck_assert(!is_answered_as(&p, &p.certs->foreign));
	expect_refused(&p, 2);
	ck_assert(!is_answered_as(&p, &p.certs->old));
	expect_refused(&p, 3);
	bus_world_echoes(p.w, p.friend);
	port_close(&p);
}
END_TEST

START_TEST(a_port_of_all_lets_in_whom_either_ca_has_signed)
{
	struct port p = port_open(true);

	ck_assert(is_answered_as(&p, &p.certs->server));
	ck_assert(is_answered_as(&p, &p.certs->node));
	ck_assert(!is_answered_as(&p, &p.certs->foreign));
	port_close(&p);
}
END_TEST

START_TEST(who_shows_no_certificate_is_refused)
{
	struct port p = port_open(true);

	ck_assert(tls_world_shakes(p.w, &p.certs->node));
	ck_assert(!tls_world_shakes(p.w, NULL));
	expect_refused(&p, 1);
	bus_world_echoes(p.w, p.friend);
	port_close(&p);
}
END_TEST

START_TEST(a_dialler_trusts_the_ca_and_the_name_it_was_told)
{
	struct port p = port_open(true);
	const struct tls_world *t = p.certs;
	struct tls_keys *foreign =
	    tls_world_bus(false, &t->node, t->foreign_ca.cert, NULL);
	struct tls_keys *named = tls_world_bus(
	    false, &t->node, t->server_ca.cert, "server.global.nomad");
	struct tls_keys *elsewhere = tls_world_bus(
	    false, &t->node, t->server_ca.cert, "server.eu.nomad");

	ck_assert(!is_answered(&p, foreign));
	ck_assert(is_answered(&p, named));
	ck_assert(!is_answered(&p, elsewhere));
	ck_assert(is_answered_by(&p, elsewhere, "server.global.nomad"));
	ck_assert(!is_answered_by(&p, named, "server.eu.nomad"));
	bus_world_echoes(p.w, p.friend);
	port_close(&p);
	tls_keys_free(foreign);
	tls_keys_free(named);
	tls_keys_free(elsewhere);
}
END_TEST

START_TEST(plain_and_tls_do_not_mix)
{
	struct port p = port_open(true);
	struct bus_world *plain = bus_world_new(true);
	struct bus_outcome o;
	struct bus_peer *peer;

	ck_assert(!is_answered(&p, NULL)); /* plain to a port with TLS */
	expect_refused(&p, 1);
	peer = bus_world_dial(plain); /* TLS to a plain port */
	bus_world_call(peer, ECHO, 7, 700, &o);
	ck_assert(loop_wait(plain->loop, &o.done, 5000));
	ck_assert_int_eq(o.code, ERR_GONE);
	bus_peer_free(peer);
	bus_world_free(plain);
	bus_world_echoes(p.w, p.friend);
	port_close(&p);
}
END_TEST

/* The beginning of a ClientHello; then silence, nonsense, or an end. */
START_TEST(half_a_handshake_harms_nobody)
{
	static const char half[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03";
	struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	struct port p = port_open(true);
	int fds[60];

	for (size_t i = 0; i < 60; i++) {
		size_t n = i % sizeof half;

		fds[i] = tls_world_connect(p.w);
		ck_assert_int_eq(send(fds[i], half, n, 0), (ssize_t)n);
		if (i % 3 == 1)
			setsockopt(fds[i], SOL_SOCKET, SO_LINGER, &reset,
			    sizeof reset);
		if (i % 3 == 2)
			ck_assert_int_eq(
			    send(fds[i], "GET / HTTP/1.0\r\n\r\n", 18, 0), 18);
		if (i % 3 != 0)
			close(fds[i]);
	}
	/* After one nng counts none for a tenth of a second. */
	expect_refused(&p, 2);
	ck_assert(is_answered_as(&p, &p.certs->node));
	bus_world_echoes(p.w, p.friend);
	for (size_t i = 0; i < 60; i += 3)
		close(fds[i]);
	ck_assert(is_answered_as(&p, &p.certs->node));
	port_close(&p);
}
END_TEST

START_TEST(certificates_are_renewed_for_new_connections)
{
	struct port p = port_open(false);
	const struct tls_world *t = p.certs;
	struct tls_keys_opts o = { .listens = true,
		.ca = t->foreign_ca.cert,
		.cert = t->foreign.cert,
		.key = t->foreign.key };
	struct tls_keys *foreign =
	    tls_world_bus(false, &t->foreign, t->foreign_ca.cert, NULL);
	struct err err;

	ck_assert(!is_answered(&p, foreign));
	ck_assert_int_eq(tls_keys_renew(p.listening, &o, &err), 0);
	ck_assert(is_answered(&p, foreign));
	ck_assert(!is_answered_as(&p, &t->server));
	bus_world_echoes(p.w, p.friend); /* one that was there before */
	o.key = t->server.key;
	o.cert = "nonsense";
	ck_assert_int_eq(tls_keys_renew(p.listening, &o, &err), -1);
	ck_assert(is_answered(&p, foreign));
	port_close(&p);
	tls_keys_free(foreign);
}
END_TEST

/* A dialler that is there is renewed, too: its next connection is new. */
START_TEST(a_dialler_is_renewed)
{
	struct port p = port_open(false);
	const struct tls_world *t = p.certs;
	struct tls_keys_opts o = { .ca = t->server_ca.cert,
		.cert = t->server.cert,
		.key = t->server.key };
	struct tls_keys *tls =
	    tls_world_bus(false, &t->foreign, t->server_ca.cert, NULL);
	struct bus_outcome outcome;
	struct bus_peer *peer;
	struct err err;

	bus_use_tls(tls);
	peer = bus_dial_keen(p.w->loop, p.w->url, &err);
	ck_assert_ptr_nonnull(peer);
	bus_world_call(peer, ECHO, 7, 300, &outcome);
	ck_assert(loop_wait(p.w->loop, &outcome.done, 5000));
	ck_assert_int_eq(outcome.code, ERR_GONE);
	ck_assert_int_eq(tls_keys_renew(tls, &o, &err), 0);
	bus_world_call(peer, ECHO, 7, 8000, &outcome);
	ck_assert(loop_wait(p.w->loop, &outcome.done, 9000));
	ck_assert_int_eq(outcome.code, ERR_NONE);
	bus_peer_free(peer);
	port_close(&p);
	tls_keys_free(tls);
}
END_TEST

static uint64_t
used_ms(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000 +
	       (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1000;
}

/* No descriptor is left from now on, or as many as before. */
static void
limit_files(struct rlimit *was)
{
	struct rlimit now;
	int fd = dup(0);

	ck_assert_int_ne(fd, -1);
	close(fd);
	getrlimit(RLIMIT_NOFILE, was);
	now = *was;
	now.rlim_cur = (rlim_t)fd;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &now), 0);
}

START_TEST(a_dialler_without_descriptors_waits_for_them)
{
	struct port p = port_open(true);
	struct bus_peer *peer;
	struct rlimit was;
	struct err err;
	uint64_t before_ms;

	peer = bus_dial_keen(p.w->loop, p.w->url, &err);
	ck_assert_msg(peer != NULL, "%s", err.text);
	limit_files(&was);
	before_ms = used_ms();
	bus_world_pass(p.w, 600);
	ck_assert_uint_lt(used_ms() - before_ms, 120);
	setrlimit(RLIMIT_NOFILE, &was);
	bus_world_echoes(p.w, peer);
	bus_peer_free(peer);
	port_close(&p);
}
END_TEST

START_TEST(without_certificates_there_is_no_tls)
{
	struct bus_world *w = bus_world_new(false);
	struct tls_keys_opts o = { .ca = "x", .cert = "x", .key = "x" };
	struct err err;

	ck_assert_ptr_null(bus_dial(w->loop, "tls+tcp://a:1", &err));
	ck_assert_ptr_nonnull(strstr(err.text, "tls+tcp://a:1"));
	ck_assert_ptr_null(bus_serve(
	    w->loop, "tls+tcp://127.0.0.1:0", bus_world_routes, 3, w, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "certificate"));
	ck_assert_ptr_null(tls_keys_new(&o, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "CA certificates"));
	/* It is not the system's that are trusted then. */
	o.ca = NULL;
	ck_assert_ptr_null(tls_keys_new(&o, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "CA certificates"));
	bus_world_free(w);
}
END_TEST

UNIT_MAIN("bus_tls", a_port_of_servers_lets_in_servers_alone,
    a_port_of_all_lets_in_whom_either_ca_has_signed,
    who_shows_no_certificate_is_refused,
    a_dialler_trusts_the_ca_and_the_name_it_was_told, plain_and_tls_do_not_mix,
    half_a_handshake_harms_nobody, certificates_are_renewed_for_new_connections,
    a_dialler_is_renewed, a_dialler_without_descriptors_waits_for_them,
    without_certificates_there_is_no_tls)
