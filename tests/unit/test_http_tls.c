/* HTTPS: both halves with a relay between, and who is refused how. */
#include "common/http/http.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "tests/lib/peer.h"
#include "tests/lib/tlsworld.h"
#include "tests/lib/unit.h"

#define BIG (3u << 20)

/* What a call has brought. */
struct seen {
	bool done, sent;
	int status;
	size_t len;
	char body[256], why[ERR_TEXT_MAX];
};

struct world {
	struct tls_world *certs;
	struct tls_keys *serving, *asking;
	struct loop *loop;
	struct http_server *server;
	struct http_client *client;
	struct http_req *held;
	int nrequests, ngone;
};

/* "/echo" answers with the body, "/big" with much, "/hold" later, "/cut"
 * never to the end; others say who asks and where. */
static void
on_request(void *ctx, struct http_req *r)
{
	struct world *w = ctx;
	const char *path = http_path(r), *body;
	char *text;
	size_t n;

	w->nrequests++;
	body = http_body(r, &n);
	if (strcmp(path, "/echo") == 0) {
		http_reply(r, 200, NULL, body, n);
	} else if (strcmp(path, "/big") == 0) {
		text = xcalloc(1, BIG);
		http_reply(r, 200, NULL, text, BIG);
		free(text);
	} else if (strcmp(path, "/hold") == 0) {
		w->held = r;
	} else if (strcmp(path, "/cut") == 0) {
		http_begin(r, 200, -1);
		http_write(r, "half", 4);
		http_abort(r);
	} else {
		text = xasprintf("%.10s %s", http_peer(r), http_local(r));
		http_reply(r, 200, NULL, text, strlen(text));
		free(text);
	}
}

static void
on_gone(void *ctx, struct http_req *r)
{
	struct world *w = ctx;

	ck_assert_ptr_eq(w->held, r);
	w->held = NULL;
	w->ngone++;
}

static const struct http_ops ops = { .on_request = on_request,
	.on_gone = on_gone };

static struct tls_keys *
keys(bool listens, const struct tls_pair *who, const char *ca, bool trusts_all)
{
	struct tls_keys_opts o = { .listens = listens,
		.ca = ca,
		.cert = who != NULL ? who->cert : NULL,
		.key = who != NULL ? who->key : NULL,
		.trusts_all = trusts_all,
		.is_person = who == NULL };
	struct err err;
	struct tls_keys *k = tls_keys_new(&o, &err);

	ck_assert_msg(k != NULL, "%s", err.text);
	return k;
}

/* Serves with the keys; the client is a node, unless the test takes another. */
static void
world_open(struct world *w, const struct tls_pair *who, bool asks)
{
	struct err err;

	log_set_level(LOG_ERROR);
	*w = (struct world){ .certs = tls_world_new(), .loop = loop_new() };
	if (who == NULL)
		who = &w->certs->server;
	w->serving = keys(true, who, w->certs->both_cas, !asks);
	w->asking =
	    keys(false, &w->certs->node, w->certs->server_ca.cert, false);
	w->server =
	    http_server_new(w->loop, "127.0.0.1:0", NULL, &ops, w, &err);
	ck_assert_msg(w->server != NULL, "%s", err.text);
	http_server_tls(w->server, w->serving);
	w->client = http_client_new(w->loop, http_server_addr(w->server));
	http_client_tls(w->client, w->asking, NULL);
}

static void
world_close(struct world *w)
{
	http_client_free(w->client);
	http_server_free(w->server);
	loop_free(w->loop);
	tls_keys_free(w->serving);
	tls_keys_free(w->asking);
	tls_world_free(w->certs);
}

/* The client shows who (NULL: nothing) and trusts ca. */
static void
ask_as(struct world *w, const struct tls_pair *who, const char *ca)
{
	http_client_free(w->client);
	tls_keys_free(w->asking);
	w->asking = keys(false, who, ca, false);
	w->client = http_client_new(w->loop, http_server_addr(w->server));
	http_client_tls(w->client, w->asking, NULL);
}

static void
on_answer(void *ctx, const struct err *err, const struct http_answer *a)
{
	struct seen *s = ctx;

	ck_assert(!s->done);
	s->done = true;
	s->status = a->status;
	s->sent = a->sent;
	s->len = a->len;
	snprintf(s->body, sizeof s->body, "%.*s", (int)a->len,
	    a->body != NULL ? a->body : "");
	snprintf(s->why, sizeof s->why, "%s", err != NULL ? err->text : "");
}

static struct seen
put(struct world *w, const char *path, const char *body, size_t n)
{
	struct seen s = { 0 };

	http_call(w->client, "PUT", path, NULL, 0, body, n, 5000, on_answer,
	    NULL, &s);
	ck_assert(loop_wait(w->loop, &s.done, PEER_WAIT_MS));
	return s;
}

static void
expect_refused(struct world *w, const char *why)
{
	struct seen s = put(w, "/echo", "x", 1);

	ck_assert_int_eq(s.status, 0);
	ck_assert_msg(strstr(s.why, why) != NULL, "%s", s.why);
	ck_assert_int_eq(w->nrequests, 0);
}

START_TEST(https_carries_requests_and_knows_who_asks)
{
	struct world w;
	struct seen s;
	char *big = xcalloc(1, BIG), expected[128];

	world_open(&w, NULL, true);
	snprintf(expected, sizeof expected, "127.0.0.1: %s",
	    http_server_addr(w.server));
	s = put(&w, "/", "", 0);
	ck_assert_int_eq(s.status, 200);
	ck_assert_str_eq(s.body, expected);
	s = put(&w, "/echo", big, BIG);
	ck_assert_int_eq(s.status, 200);
	ck_assert_uint_eq(s.len, BIG);
	s = put(&w, "/big", "", 0);
	ck_assert_uint_eq(s.len, BIG);
	/* All of it on one kept connection. */
	ck_assert_uint_eq(http_server_stats(w.server).accepted, 1);
	free(big);
	world_close(&w);
}
END_TEST

START_TEST(https_asks_for_certificates_or_does_not)
{
	struct world w;
	const char *ca;

	world_open(&w, NULL, false);
	ca = w.certs->server_ca.cert;
	ask_as(&w, NULL, ca);
	ck_assert_str_eq(put(&w, "/echo", "x", 1).body, "x");
	world_close(&w);

	world_open(&w, NULL, true);
	ca = w.certs->server_ca.cert;
	ask_as(&w, NULL, ca);
	expect_refused(&w, "tls: ");
	expect_refused(&w, "certificate required");
	ask_as(&w, &w.certs->foreign, ca);
	expect_refused(&w, "tls: ");
	ck_assert_uint_eq(http_server_stats(w.server).tls_refused, 3);
	ck_assert_uint_eq(http_server_stats(w.server).accepted, 0);
	world_close(&w);
}
END_TEST

/* Who is not who he should be is sent nothing. */
START_TEST(https_clients_trust_the_right_server_only)
{
	struct world w;
	struct tls_world *certs = tls_world_new();
	struct seen s;

	world_open(&w, &certs->foreign, false);
	s = put(&w, "/echo", "x", 1);
	ck_assert_msg(
	    strstr(s.why, "unable to get local issuer") != NULL, "%s", s.why);
	ck_assert(!s.sent);
	world_close(&w);

	world_open(&w, &certs->old, false);
	ask_as(&w, NULL, certs->server_ca.cert);
	expect_refused(&w, "certificate has expired");
	world_close(&w);
	tls_world_free(certs);

	world_open(&w, NULL, false);
	http_client_free(w.client);
	tls_keys_free(w.asking);
	w.asking = tls_world_bus(
	    false, &w.certs->node, w.certs->server_ca.cert, "server.eu.nomad");
	w.client = http_client_new(w.loop, http_server_addr(w.server));
	http_client_tls(w.client, w.asking, NULL);
	expect_refused(&w, "hostname mismatch");
	/* One that is named counts more, an address too. */
	for (int i = 0; i < 2; i++) {
		http_client_free(w.client);
		w.client = http_client_new(w.loop, http_server_addr(w.server));
		http_client_tls(w.client, w.asking,
		    i == 0 ? "server.global.nomad" : "127.0.0.1");
		ck_assert_str_eq(put(&w, "/echo", "x", 1).body, "x");
	}
	world_close(&w);
}
END_TEST

START_TEST(plain_http_at_an_https_port_is_told_so)
{
	struct world w;
	struct seen s;
	struct peer p;

	world_open(&w, NULL, true);
	http_client_free(w.client);
	w.client = http_client_new(w.loop, http_server_addr(w.server));
	s = put(&w, "/echo", "x", 1);
	ck_assert_int_eq(s.status, 400);
	ck_assert_str_eq(
	    s.body, "Client sent an HTTP request to an HTTPS server.\n");
	/* What is neither is closed, and counted too. */
	peer_open(&p, w.loop, http_server_addr(w.server));
	peer_send(&p, "\x01\x02 nonsense\n\n\n");
	ck_assert(peer_expect_end(&p));
	peer_close(&p);
	ck_assert_uint_eq(http_server_stats(w.server).tls_refused, 2);
	ck_assert_int_eq(w.nrequests, 0);
	world_close(&w);
}
END_TEST

START_TEST(https_to_a_plain_port_fails_before_anything_is_sent)
{
	struct world w, plain;
	struct seen s;

	world_open(&w, NULL, true);
	plain = w;
	plain.server =
	    http_server_new(w.loop, "127.0.0.1:0", NULL, &ops, &plain, NULL);
	http_client_free(w.client);
	w.client = http_client_new(w.loop, http_server_addr(plain.server));
	http_client_tls(w.client, w.asking, NULL);
	s = put(&w, "/echo", "x", 1);
	ck_assert_msg(
	    strstr(s.why, "tls: what came is no TLS") != NULL, "%s", s.why);
	ck_assert(!s.sent);
	http_server_free(plain.server);
	world_close(&w);
}
END_TEST

static void
turn(struct world *w, uint64_t ms)
{
	bool never = false;

	loop_wait(w->loop, &never, ms);
}

START_TEST(the_end_of_either_side_reaches_the_other)
{
	struct http_call *call;
	struct world w;
	struct seen s = { 0 };

	world_open(&w, NULL, true);
	s = put(&w, "/cut", "", 0);
	ck_assert_int_eq(s.status, 0);
	/* A client that leaves. */
	call = http_call(w.client, "GET", "/hold", NULL, 0, NULL, 0, 5000,
	    on_answer, NULL, &s);
	for (int i = 0; i < 500 && w.held == NULL; i++)
		turn(&w, 2);
	ck_assert_ptr_nonnull(w.held);
	http_call_cancel(call);
	for (int i = 0; i < 500 && w.ngone == 0; i++)
		turn(&w, 2);
	ck_assert_int_eq(w.ngone, 1);
	/* One that leaves in its handshake. */
	call = http_call(w.client, "GET", "/hold", NULL, 0, NULL, 0, 5000,
	    on_answer, NULL, &s);
	http_call_cancel(call);
	turn(&w, 20);
	/* A server that is freed: what it has answered goes out. */
	s = (struct seen){ 0 };
	http_call(w.client, "GET", "/hold", NULL, 0, NULL, 0, 5000, on_answer,
	    NULL, &s);
	for (int i = 0; i < 500 && w.held == NULL; i++)
		turn(&w, 2);
	http_reply(w.held, 200, NULL, "last", 4);
	http_server_free(w.server);
	w.server = NULL;
	ck_assert(loop_wait(w.loop, &s.done, PEER_WAIT_MS));
	ck_assert_str_eq(s.body, "last");
	world_close(&w);
}
END_TEST

/* A refused body that goes on coming must not take the answer with it. */
START_TEST(who_sends_too_much_reads_why)
{
	struct world w;
	struct seen s = { 0 };
	size_t n = HTTP_MAX_BODY + BIG;
	char *much = xcalloc(1, n);

	world_open(&w, NULL, true);
	s = put(&w, "/echo", much, n);
	ck_assert_msg(s.status == 413, "%d %s", s.status, s.why);
	free(much);
	world_close(&w);
}
END_TEST

/* Its descriptors are the daemon's, too. */
START_TEST(https_lets_in_as_many_as_it_has_descriptors_for)
{
	struct http_limits limits;
	struct peer peers[2];
	struct seen s = { 0 };
	struct world w;
	struct err err;

	world_open(&w, NULL, true);
	http_server_free(w.server);
	http_limits_init(&limits);
	limits.max_conns = 3;
	w.server =
	    http_server_new(w.loop, "127.0.0.1:0", &limits, &ops, &w, &err);
	http_server_tls(w.server, w.serving);
	ask_as(&w, &w.certs->node, w.certs->server_ca.cert);
	ck_assert_int_eq(put(&w, "/", "", 0).status, 200);
	/* The one there may be is kept: others wait to be accepted. */
	for (int i = 0; i < 2; i++)
		peer_open(&peers[i], w.loop, http_server_addr(w.server));
	turn(&w, 50);
	ck_assert_uint_eq(http_server_stats(w.server).conns, 1);
	ask_as(&w, &w.certs->node, w.certs->server_ca.cert);
	http_call(
	    w.client, "PUT", "/", NULL, 0, "", 0, 5000, on_answer, NULL, &s);
	ck_assert(loop_wait(w.loop, &s.done, PEER_WAIT_MS));
	ck_assert_int_eq(s.status, 200);
	for (int i = 0; i < 2; i++)
		peer_close(&peers[i]);
	world_close(&w);
}
END_TEST

START_TEST(renewed_certificates_are_shown)
{
	struct world w;
	struct tls_keys_opts o;
	struct err err;

	world_open(&w, NULL, true);
	ck_assert_str_eq(put(&w, "/echo", "x", 1).body, "x");
	o = (struct tls_keys_opts){ .listens = true,
		.ca = w.certs->both_cas,
		.cert = w.certs->foreign.cert,
		.key = w.certs->foreign.key };
	ck_assert_int_eq(tls_keys_renew(w.serving, &o, &err), 0);
	/* Who is connected stays so. */
	ck_assert_str_eq(put(&w, "/echo", "y", 1).body, "y");
	ask_as(&w, &w.certs->node, w.certs->foreign_ca.cert);
	ck_assert_str_eq(put(&w, "/echo", "z", 1).body, "z");
	world_close(&w);
}
END_TEST

/* --- the blocking client, against a server on a thread --- */

static void *
serve(void *arg)
{
	loop_run(((struct world *)arg)->loop);
	return NULL;
}

static void
stop(void *arg)
{
	loop_stop(arg);
}

static int
ask(const char *addr, struct tls_keys *k, char *body, size_t n, struct err *err)
{
	struct buf out = { 0 };
	int status = 0, rc;

	http_ask_use_tls(k);
	rc = http_ask(addr, "PUT", "/echo", NULL, 0, body, n, 5000, &status,
	    NULL, &out, err);
	http_ask_use_tls(NULL);
	if (rc == 0)
		ck_assert_uint_eq(out.len, n);
	buf_release(&out);
	return rc == 0 ? status : -1;
}

START_TEST(http_ask_speaks_tls)
{
	struct world w;
	struct tls_keys *bare, *wrong;
	pthread_t thread;
	struct err err;
	char addr[64], *big = xcalloc(1, BIG);

	world_open(&w, NULL, true);
	snprintf(addr, sizeof addr, "%s", http_server_addr(w.server));
	bare = keys(false, NULL, w.certs->server_ca.cert, false);
	wrong = keys(false, NULL, w.certs->foreign_ca.cert, false);
	pthread_create(&thread, NULL, serve, &w);
	ck_assert_int_eq(ask(addr, w.asking, big, BIG, &err), 200);
	ck_assert_int_eq(ask(addr, bare, big, 1, &err), -1);
	ck_assert_msg(
	    strstr(err.text, "certificate required") != NULL, "%s", err.text);
	ck_assert_int_eq(ask(addr, wrong, big, 1, &err), -1);
	ck_assert_msg(
	    strstr(err.text, "tls: unable to get local issuer") != NULL, "%s",
	    err.text);
	loop_post(w.loop, stop, w.loop);
	pthread_join(thread, NULL);
	tls_keys_free(bare);
	tls_keys_free(wrong);
	free(big);
	world_close(&w);
}
END_TEST

UNIT_MAIN("http_tls", https_carries_requests_and_knows_who_asks,
    https_asks_for_certificates_or_does_not,
    https_clients_trust_the_right_server_only,
    plain_http_at_an_https_port_is_told_so,
    https_to_a_plain_port_fails_before_anything_is_sent,
    the_end_of_either_side_reaches_the_other, who_sends_too_much_reads_why,
    https_lets_in_as_many_as_it_has_descriptors_for,
    renewed_certificates_are_shown, http_ask_speaks_tls)
