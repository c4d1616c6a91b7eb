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
#include "common/cert.h"
#include "common/mem.h"
#include "common/tls_keys.h"
#include "tests/lib/bench.h"

#define NROUNDS  7
#define ROUND_MS 400
#define NBYTES   256
#define ECHO     1

struct note {
	char *text;
};

static const struct rec_field note_fields[] = {
	REC_STR(struct note, 1, text, "Text"),
};
static const struct rec_type note_type = REC_TYPE(note, note_fields);
static const struct msg_def defs[] = {
	{ ECHO, "echo", &note_type, &note_type },
};

static void
on_echo(void *ctx, struct bus_req *req, const void *body)
{
	(void)ctx;
	bus_reply(req, body);
}

static const struct bus_route routes[] = { { ECHO, on_echo } };

static void
give_up(const struct err *err)
{
	fprintf(stderr, "bench_bus: %s\n", err->text);
	exit(1);
}

/* --- asking --- */

struct asking {
	struct bus_peer *peer;
	struct note note;
	uint64_t nanswers;
	bool begun, over;
};

static void on_answer(void *ctx, const struct err *err, const void *reply);

static void
ask(struct asking *a)
{
	bus_call(a->peer, ECHO, &a->note, 5000, on_answer, a);
}

static void
on_answer(void *ctx, const struct err *err, const void *reply)
{
	struct asking *a = ctx;

	(void)reply;
	if (a->over)
		return;
	if (err != NULL)
		give_up(err);
	a->begun = true;
	a->nanswers++;
	ask(a);
}

/* Answers a second with so many calls at a time. */
static double
rate(struct loop *l, const char *url, size_t at_a_time)
{
	char text[NBYTES + 1];
	struct asking a = { .note.text = text };
	bool never = false;
	double began_ms, took_ms;
	uint64_t before;
	struct err err;

	memset(text, 'x', NBYTES);
	text[NBYTES] = '\0';
	a.peer = bus_dial(l, url, &err);
	if (a.peer == NULL)
		give_up(&err);
	ask(&a);
	loop_wait(l, &a.begun, 5000);
	for (size_t i = 1; i < at_a_time; i++)
		ask(&a);
	before = a.nanswers;
	began_ms = bench_now_ms();
	loop_wait(l, &never, ROUND_MS);
	took_ms = bench_now_ms() - began_ms;
	before = a.nanswers - before;
	a.over = true;
	bus_peer_free(a.peer);
	return (double)before * 1000 / took_ms;
}

static void
compare(struct loop *l, const char *plain, const char *tls,
    struct tls_keys *keys, size_t at_a_time)
{
	double a[NROUNDS], b[NROUNDS];
	char what[64];

	for (size_t i = 0; i < NROUNDS; i++) {
		bus_use_tls(NULL);
		a[i] = rate(l, plain, at_a_time);
		bus_use_tls(keys);
		b[i] = rate(l, tls, at_a_time);
	}
	snprintf(
	    what, sizeof what, "bus calls with TLS, %zu at a time", at_a_time);
	bench_row(what, bench_median(b, NROUNDS), "/s", "in plain",
	    bench_median(a, NROUNDS),
	    bench_median(b, NROUNDS) / bench_median(a, NROUNDS));
}

/* --- certificates --- */

static void
make(const struct cert_opts *o, struct buf *cert, struct buf *key)
{
	struct err err;

	if (cert_make(o, cert, key, &err) == -1)
		give_up(&err);
}

/* One CA, and one certificate for both ends. */
static struct tls_keys *
keys_new(bool listens)
{
	static struct buf ca, ca_key, cert, key;
	struct tls_keys_opts o = { .listens = listens };
	struct tls_keys *k;
	struct err err;

	if (ca.len == 0) {
		make(&(struct cert_opts){ .is_ca = true, .days = 1 }, &ca,
		    &ca_key);
		make(&(struct cert_opts){ .common_name = "bench",
			 .days = 1,
			 .ca = buf_str(&ca),
			 .ca_key = buf_str(&ca_key) },
		    &cert, &key);
	}
	o.ca = buf_str(&ca);
	o.cert = buf_str(&cert);
	o.key = buf_str(&key);
	if ((k = tls_keys_new(&o, &err)) == NULL)
		give_up(&err);
	return k;
}

static struct bus_server *
serve(struct loop *l, struct tls_keys *keys, char **url)
{
	struct err err;
	struct bus_server *s =
	    bus_serve_tls(l, "tcp://127.0.0.1:0", keys, routes, 1, NULL, &err);

	if (s == NULL)
		give_up(&err);
	*url = xasprintf("tcp://127.0.0.1:%d", bus_server_port(s));
	return s;
}

int
main(void)
{
	struct tls_keys *listening = keys_new(true);
	struct tls_keys *dialling = keys_new(false);
	struct loop *l = loop_new();
	char *plain_url, *tls_url;
	struct bus_server *plain, *tls;

	bus_use(defs, 1);
	plain = serve(l, NULL, &plain_url);
	tls = serve(l, listening, &tls_url);
	compare(l, plain_url, tls_url, dialling, 1);
	compare(l, plain_url, tls_url, dialling, 64);
	bus_server_free(plain);
	bus_server_free(tls);
	loop_free(l);
	tls_keys_free(listening);
	tls_keys_free(dialling);
	free(plain_url);
	free(tls_url);
	return 0;
}
