/*
 * nng's own sockets speak with the bus: REQ asks its servers, REP answers its
 * peers, SUB hears its topics and PUB is heard by its subscribers.
 */
#include <stdlib.h>
#include <string.h>

#include <nng/nng.h>
#include <nng/protocol/pubsub0/pub.h>
#include <nng/protocol/pubsub0/sub.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>

#include "common/buf.h"
#include "common/bus.h"
#include "common/envelope.h"
#include "common/mem.h"
#include "tests/lib/busworld.h"
#include "tests/lib/unit.h"

#define WAIT_MS 10000
#define ROUNDS  50
#define TOPIC   "alloc.changed"

/* An envelope with a note in it. */
static void
pack(struct buf *b, uint8_t flags, uint16_t number, uint64_t id, uint64_t n)
{
	struct envelope e = {
		.flags = flags, .number = number, .id = id, .deadline_ms = 5000
	};
	struct bus_note note = { .n = n, .text = NULL };

	envelope_pack(&e, b);
	rec_pack(&bus_note_type, &note, b);
}

static uint64_t
note_of(const void *bytes, size_t n, uint8_t flags, uint64_t id)
{
	struct bus_note note;
	struct arena arena = { 0 };
	struct envelope e;
	struct err err;
	uint64_t v;

	ck_assert_int_eq(envelope_unpack(&e, bytes, n, &err), 0);
	ck_assert_uint_eq(e.flags, flags);
	ck_assert_uint_eq(e.id, id);
	ck_assert_int_eq(
	    rec_unpack(&bus_note_type, &note, e.body, e.nbody, &arena, &err),
	    0);
	v = note.n;
	arena_release(&arena);
	return v;
}

/* The loop runs until the socket has something, or nothing has come. */
static nng_msg *
await(struct bus_world *w, nng_socket s)
{
	nng_msg *m = NULL;

	for (int ms = 0; ms < WAIT_MS && m == NULL; ms++) {
		int rv = nng_recvmsg(s, &m, NNG_FLAG_NONBLOCK);

		ck_assert(rv == 0 || rv == NNG_EAGAIN);
		if (rv != 0)
			bus_world_pass(w, 1);
	}
	ck_assert_ptr_nonnull(m);
	return m;
}

/* The same until the socket takes it. */
static void
send_buf(struct bus_world *w, nng_socket s, const struct buf *b)
{
	union {
		const char *in;
		char *out;
	} borrowed = { .in = b->data };
	int rv = NNG_EAGAIN;

	for (int ms = 0; ms < WAIT_MS && rv == NNG_EAGAIN; ms++) {
		rv = nng_send(s, borrowed.out, b->len, NNG_FLAG_NONBLOCK);
		if (rv == NNG_EAGAIN)
			bus_world_pass(w, 1);
	}
	ck_assert_int_eq(rv, 0);
}

static void
req_asks(bool tcp)
{
	struct bus_world *w = bus_world_new(tcp);
	nng_socket s;

	ck_assert_int_eq(nng_req0_open(&s), 0);
	ck_assert_int_eq(nng_dial(s, w->url, NULL, NNG_FLAG_NONBLOCK), 0);
	for (uint64_t i = 1; i <= ROUNDS; i++) {
		struct buf b = { 0 };
		nng_msg *m;

		pack(&b, 0, ECHO, i, i * 7);
		send_buf(w, s, &b);
		m = await(w, s);
		ck_assert_uint_eq(
		    note_of(nng_msg_body(m), nng_msg_len(m), ENVELOPE_REPLY, i),
		    i * 7);
		nng_msg_free(m);
		buf_release(&b);
	}
	nng_close(s);
	bus_world_free(w);
}

START_TEST(req_asks_a_server_over_ipc)
{
	req_asks(false);
}
END_TEST

START_TEST(req_asks_a_server_over_tcp)
{
	req_asks(true);
}
END_TEST

START_TEST(rep_answers_a_peer)
{
	struct bus_world *w = bus_world_new(false);
	char *url = xasprintf("ipc://%s/rep", w->dir);
	struct bus_outcome o;
	struct bus_peer *p;
	struct err err;
	nng_socket s;

	ck_assert_int_eq(nng_rep0_open(&s), 0);
	ck_assert_int_eq(nng_listen(s, url, NULL, 0), 0);
	p = bus_dial(w->loop, url, &err);
	ck_assert_ptr_nonnull(p);
	for (uint64_t i = 1; i <= ROUNDS; i++) {
		struct buf b = { 0 };
		struct envelope e;
		nng_msg *m;

		o = (struct bus_outcome){ .w = w };
		bus_world_call(p, ECHO, i, WAIT_MS, &o);
		m = await(w, s);
		ck_assert_int_eq(
		    envelope_unpack(&e, nng_msg_body(m), nng_msg_len(m), &err),
		    0);
		pack(&b, ENVELOPE_REPLY, ECHO, e.id, i + 1);
		send_buf(w, s, &b);
		ck_assert(loop_wait(w->loop, &o.done, WAIT_MS));
		ck_assert_int_eq(o.code, ERR_NONE);
		ck_assert_uint_eq(o.n, i + 1);
		nng_msg_free(m);
		buf_release(&b);
	}
	bus_peer_free(p);
	nng_close(s);
	free(url);
	bus_world_free(w);
}
END_TEST

START_TEST(sub_hears_a_topic)
{
	struct bus_world *w = bus_world_new(false);
	char *url = xasprintf("ipc://%s/pub", w->dir);
	struct bus_note note = { .n = 11 };
	struct bus_pub *pub;
	struct err err;
	nng_socket s;

	pub = bus_publish_at(w->loop, url, &err);
	ck_assert_ptr_nonnull(pub);
	ck_assert_int_eq(nng_sub0_open(&s), 0);
	ck_assert_int_eq(
	    nng_setopt(s, NNG_OPT_SUB_SUBSCRIBE, TOPIC, strlen(TOPIC)), 0);
	ck_assert_int_eq(nng_dial(s, url, NULL, NNG_FLAG_NONBLOCK), 0);
	bus_world_pass(w, 200);
	for (uint64_t i = 1; i <= ROUNDS; i++) {
		nng_msg *m;

		bus_publish_unmarked(pub, "another.topic", NEWS, &note);
		bus_publish_unmarked(pub, TOPIC, NEWS, &note);
		m = await(w, s);
		ck_assert_uint_gt(nng_msg_len(m), sizeof TOPIC);
		ck_assert_str_eq(nng_msg_body(m), TOPIC);
		ck_assert_uint_eq(
		    note_of((char *)nng_msg_body(m) + sizeof TOPIC,
			nng_msg_len(m) - sizeof TOPIC, ENVELOPE_TOPIC, i),
		    11);
		nng_msg_free(m);
	}
	nng_close(s);
	bus_pub_free(pub);
	free(url);
	bus_world_free(w);
}
END_TEST

struct heard {
	struct bus_world *w;
	uint64_t ngot, last;
	bool any, up;
};

static void
on_news(void *ctx, const char *topic, uint16_t number, uint64_t seq, bool gap,
    const void *body)
{
	struct heard *h = ctx;

	ck_assert_str_eq(topic, TOPIC);
	ck_assert_uint_eq(number, NEWS);
	ck_assert_uint_eq(seq, h->last + 1);
	ck_assert(!gap);
	ck_assert_uint_eq(((const struct bus_note *)body)->n, seq * 3);
	h->last = seq;
	h->ngot++;
	h->any = true;
}

static void
on_link(void *ctx, bool up)
{
	struct heard *h = ctx;

	h->up = up;
}

START_TEST(a_subscriber_hears_pub)
{
	struct bus_world *w = bus_world_new(false);
	char *url = xasprintf("ipc://%s/pub", w->dir);
	struct heard h = { .w = w };
	struct bus_sub *sub;
	struct err err;
	nng_socket s;

	ck_assert_int_eq(nng_pub0_open(&s), 0);
	ck_assert_int_eq(nng_listen(s, url, NULL, 0), 0);
	sub = bus_subscribe(w->loop, url, "alloc.", on_news, &h, &err);
	ck_assert_ptr_nonnull(sub);
	bus_sub_on_link(sub, on_link);
	ck_assert(loop_wait(w->loop, &h.up, WAIT_MS));
	bus_world_pass(w, 100);
	for (uint64_t i = 1; i <= ROUNDS; i++) {
		struct buf b = { 0 };

		buf_add(&b, TOPIC, sizeof TOPIC);
		pack(&b, ENVELOPE_TOPIC, NEWS, i, i * 3);
		send_buf(w, s, &b);
		h.any = false;
		ck_assert(loop_wait(w->loop, &h.any, WAIT_MS));
		buf_release(&b);
	}
	ck_assert_uint_eq(h.ngot, ROUNDS);
	bus_sub_free(sub);
	nng_close(s);
	free(url);
	bus_world_free(w);
}
END_TEST

UNIT_MAIN("bus_nng", req_asks_a_server_over_ipc, req_asks_a_server_over_tcp,
    rep_answers_a_peer, sub_hears_a_topic, a_subscriber_hears_pub)
