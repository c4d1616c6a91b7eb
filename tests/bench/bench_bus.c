/*
 * Calls of the bus over loopback, in plain and with TLS: one after the other,
 * and 64 at a time, of 256 bytes each way. Rounds of both take turns, and
 * medians count. Asker and server share one loop, so it is a core that is
 * measured, with what nng's threads and the kernel take of the other one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/bus.h"
#include "common/mem.h"
#include "tests/lib/bench.h"
#include "tests/lib/tlsworld.h"

#define NROUNDS  7
#define ROUND_MS 400
#define NBYTES   256

struct asking {
	struct bus_world *w;
	struct bus_peer *peer;
	struct bus_note note;
	uint64_t nanswers;
};

static void ask(struct asking *a);

static void
on_answer(void *ctx, const struct err *err, const void *reply)
{
	struct asking *a = ctx;

	(void)reply;
	if (err != NULL) {
		if (err->code == ERR_GONE)
			return; /* the round is over */
		fprintf(stderr, "bench_bus: %s\n", err->text);
		exit(1);
	}
	a->nanswers++;
	ask(a);
}

static void
ask(struct asking *a)
{
	bus_call(a->peer, ECHO, &a->note, 5000, on_answer, a);
}

/* Answers a second with so many calls at a time. */
static double
rate(struct bus_world *w, size_t at_a_time)
{
	char text[NBYTES + 1];
	struct asking a = { .w = w, .peer = bus_world_dial(w) };
	double began_ms, took_ms;

	memset(text, 'x', NBYTES);
	text[NBYTES] = '\0';
	a.note.text = text;
	bus_world_echoes(w, a.peer);
	began_ms = bench_now_ms();
	for (size_t i = 0; i < at_a_time; i++)
		ask(&a);
	bus_world_pass(w, ROUND_MS);
	took_ms = bench_now_ms() - began_ms;
	bus_peer_free(a.peer);
	return (double)a.nanswers * 1000 / took_ms;
}

static void
compare(struct bus_world *plain, struct bus_world *tls, struct tls_keys *keys,
    size_t at_a_time)
{
	double a[NROUNDS], b[NROUNDS], tls_rate, plain_rate;
	char what[64], peer[64];

	for (size_t i = 0; i < NROUNDS; i++) {
		bus_use_tls(NULL);
		a[i] = rate(plain, at_a_time);
		bus_use_tls(keys);
		b[i] = rate(tls, at_a_time);
	}
	plain_rate = bench_median(a, NROUNDS);
	tls_rate = bench_median(b, NROUNDS);
	snprintf(
	    what, sizeof what, "bus calls with TLS, %zu at a time", at_a_time);
	snprintf(peer, sizeof peer, "in plain");
	bench_row(
	    what, tls_rate, "/s", peer, plain_rate, tls_rate / plain_rate);
}

int
main(void)
{
	struct tls_world *t = tls_world_new();
	struct tls_keys *listening =
	    tls_world_bus(true, &t->server, t->both_cas, NULL);
	struct tls_keys *dialling =
	    tls_world_bus(false, &t->node, t->server_ca.cert, NULL);
	struct bus_world *plain = bus_world_new(true);
	struct bus_world *tls = tls_world_serve(listening);

	compare(plain, tls, dialling, 1);
	compare(plain, tls, dialling, 64);
	bus_use_tls(NULL);
	bus_world_free(plain);
	bus_world_free(tls);
	tls_keys_free(listening);
	tls_keys_free(dialling);
	tls_world_free(t);
	return 0;
}
