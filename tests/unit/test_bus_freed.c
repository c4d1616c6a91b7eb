/* Whoever the bus calls may free what calls him. */
#include <stdlib.h>

#include "common/bus.h"
#include "common/mem.h"
#include "tests/lib/busworld.h"
#include "tests/lib/unit.h"

/* --- a peer, when one of its calls ends --- */

struct asker {
	struct bus_peer *peer;
	size_t nends;
	bool done;
};

static void
free_peer(void *ctx, const struct err *err, const void *reply)
{
	struct asker *a = ctx;

	(void)reply;
	if (a->nends++ == 0)
		bus_peer_free(a->peer);
	else
		ck_assert_int_eq(err->code, ERR_GONE);
	a->done = true;
}

static void
ask_and_free(const char *socket, uint64_t timeout_ms)
{
	struct bus_world *w = bus_world_new(false);
	char *url = xasprintf("ipc://%s/%s", w->dir, socket);
	struct err err;
	struct asker a = { .peer = bus_dial(w->loop, url, &err) };
	struct bus_note note = { 0 };

	for (size_t i = 0; i < 3; i++)
		bus_call(a.peer, ECHO, &note, timeout_ms, free_peer, &a);
	ck_assert(loop_wait(w->loop, &a.done, 5000));
	ck_assert_uint_eq(a.nends, 3);
	bus_world_pass(w, 50);
	ck_assert_uint_eq(a.nends, 3);
	free(url);
	bus_world_free(w);
}

START_TEST(a_peer_is_freed_by_its_answer)
{
	ask_and_free("s", 5000);
}
END_TEST

START_TEST(a_peer_is_freed_at_a_deadline)
{
	ask_and_free("nobody", 50);
}
END_TEST

/* --- a server, by a handler --- */

struct answerer {
	struct bus_server *server;
	size_t nheard;
	bool waits; /* for the deadline */
	bool done;
};

static void
free_server(void *ctx, struct bus_req *req)
{
	struct answerer *a = ctx;

	(void)req;
	bus_server_free(a->server);
	a->done = true;
}

static void
on_request(void *ctx, struct bus_req *req, const void *body)
{
	struct answerer *a = ctx;

	(void)body;
	a->nheard++;
	if (a->waits)
		bus_on_expire(req, free_server, a);
	else
		free_server(a, req);
}

static void
serve_and_free(struct answerer *a, uint64_t timeout_ms)
{
	static const struct bus_route route = { ECHO, on_request };
	struct bus_world *w = bus_world_new(false);
	char *url = xasprintf("ipc://%s/freed", w->dir);
	struct bus_outcome outcomes[3];
	struct bus_peer *p;
	struct err err;

	a->server = bus_serve(w->loop, url, &route, 1, a, &err);
	p = bus_dial(w->loop, url, &err);
	for (size_t i = 0; i < 3; i++)
		bus_world_call(p, ECHO, i, timeout_ms, &outcomes[i]);
	ck_assert(loop_wait(w->loop, &a->done, 5000));
	bus_world_pass(w, 50);
	bus_peer_free(p);
	for (size_t i = 0; i < 3; i++)
		ck_assert_int_eq(outcomes[i].code, ERR_GONE);
	free(url);
	bus_world_free(w);
}

START_TEST(a_server_is_freed_by_its_handler)
{
	struct answerer a = { 0 };

	serve_and_free(&a, 5000);
	ck_assert_uint_eq(a.nheard, 1);
}
END_TEST

START_TEST(a_server_is_freed_at_a_deadline)
{
	struct answerer a = { .waits = true };

	serve_and_free(&a, 500);
	ck_assert_uint_eq(a.nheard, 3);
}
END_TEST

/* --- a subscriber, by what it hears --- */

struct listener {
	struct bus_sub *sub;
	bool done;
};

static void
on_news(void *ctx, const char *topic, uint16_t number, uint64_t seq, bool gap,
    const void *body)
{
	struct listener *l = ctx;

	(void)topic;
	(void)number;
	(void)seq;
	(void)gap;
	(void)body;
	ck_assert(!l->done);
	bus_sub_free(l->sub);
	l->done = true;
}

static void
on_up(void *ctx, bool up)
{
	struct listener *l = ctx;

	ck_assert(up && !l->done);
	bus_sub_free(l->sub);
	l->done = true;
}

static void
on_down(void *ctx, bool up)
{
	struct listener *l = ctx;

	ck_assert(!l->done);
	if (up)
		return;
	bus_sub_free(l->sub);
	l->done = true;
}

static void
listen_and_free(void (*on_link)(void *ctx, bool up), bool publishes)
{
	struct bus_world *w = bus_world_new(false);
	char *url = xasprintf("ipc://%s/p", w->dir);
	struct bus_note note = { 0 };
	struct listener l = { 0 };
	struct bus_pub *pub;
	struct err err;

	pub = bus_publish_at(w->loop, url, &err);
	l.sub = bus_subscribe(w->loop, url, "a.", on_news, &l, &err);
	bus_sub_on_link(l.sub, on_link);
	bus_world_pass(w, 50);
	for (size_t i = 0; publishes && i < 3; i++)
		bus_publish(pub, "a.x", NEWS, &note);
	if (publishes)
		ck_assert(loop_wait(w->loop, &l.done, 5000));
	bus_pub_free(pub);
	ck_assert(loop_wait(w->loop, &l.done, 5000));
	bus_world_pass(w, 50);
	free(url);
	bus_world_free(w);
}

START_TEST(a_subscriber_is_freed_by_a_message)
{
	listen_and_free(NULL, true);
}
END_TEST

START_TEST(a_subscriber_is_freed_when_its_connection_comes)
{
	listen_and_free(on_up, false);
}
END_TEST

START_TEST(a_subscriber_is_freed_when_its_connection_goes)
{
	listen_and_free(on_down, false);
}
END_TEST

UNIT_MAIN("bus_freed", a_peer_is_freed_by_its_answer,
    a_peer_is_freed_at_a_deadline, a_server_is_freed_by_its_handler,
    a_server_is_freed_at_a_deadline, a_subscriber_is_freed_by_a_message,
    a_subscriber_is_freed_when_its_connection_comes,
    a_subscriber_is_freed_when_its_connection_goes)
