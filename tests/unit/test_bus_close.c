/* Whoever hangs up amid traffic goes on at once, and so do the others. */
#include <stdlib.h>
#include <string.h>

#include "common/bus.h"
#include "common/mem.h"
#include "tests/lib/busworld.h"
#include "tests/lib/unit.h"

#define ROUNDS 40
#define NCALLS 64

static struct bus_outcome outcomes[NCALLS];

/* Some are answered, some on their way, and some not sent yet. */
static void
ask_many(struct bus_world *w, struct bus_peer *p, size_t nanswered)
{
	for (size_t i = 0; i < NCALLS; i++)
		bus_world_call(p, ECHO, i, 20000, &outcomes[i]);
	ck_assert(loop_wait(w->loop, &outcomes[nanswered].done, 10000));
}

static void
expect_ends(void)
{
	for (size_t i = 0; i < NCALLS; i++) {
		ck_assert_uint_eq(outcomes[i].times, 1);
		ck_assert(outcomes[i].code == ERR_NONE ||
			  outcomes[i].code == ERR_GONE);
	}
}

static void
peers_leave(bool tcp)
{
	struct bus_world *w = bus_world_new(tcp);
	struct bus_peer *p;

	for (size_t i = 0; i < ROUNDS; i++) {
		p = bus_world_dial(w);
		ask_many(w, p, i % NCALLS);
		bus_peer_free(p);
		expect_ends();
	}
	p = bus_world_dial(w);
	bus_world_echoes(w, p);
	bus_peer_free(p);
	bus_world_free(w);
}

START_TEST(a_peer_is_freed_amid_answers_over_ipc)
{
	peers_leave(false);
}
END_TEST

START_TEST(a_peer_is_freed_amid_answers_over_tcp)
{
	peers_leave(true);
}
END_TEST

START_TEST(a_server_is_freed_amid_requests)
{
	struct bus_world *w = bus_world_new(false);

	for (size_t i = 0; i < ROUNDS; i++) {
		struct bus_peer *p = bus_world_dial(w);

		ask_many(w, p, i % NCALLS);
		bus_server_free(w->server);
		bus_peer_free(p);
		expect_ends();
		bus_world_serve(w);
	}
	bus_world_free(w);
}
END_TEST

static void
on_news(void *ctx, const char *topic, uint16_t number, uint64_t seq, bool gap,
    const void *body)
{
	bool *heard = ctx;

	(void)topic;
	(void)number;
	(void)seq;
	(void)gap;
	(void)body;
	*heard = true;
}

/* Large ones, so that both ends always have some on their way. */
START_TEST(topics_end_amid_publications)
{
	struct bus_world *w = bus_world_new(false);
	char *url = xasprintf("ipc://%s/p", w->dir);
	struct bus_note note = { .text = xcalloc(1, 100001) };
	struct err err;

	memset(note.text, 'x', 100000);
	for (size_t i = 0; i < ROUNDS; i++) {
		struct bus_pub *pub = bus_publish_at(w->loop, url, &err);
		bool heard = false;
		struct bus_sub *sub =
		    bus_subscribe(w->loop, url, "a.", on_news, &heard, &err);

		while (!heard) {
			bus_publish(pub, "a.x", NEWS, &note);
			loop_wait(w->loop, &heard, 5);
		}
		for (size_t k = 0; k < 100; k++)
			bus_publish(pub, "a.x", NEWS, &note);
		heard = false;
		ck_assert(loop_wait(w->loop, &heard, 5000));
		if (i % 2 == 0)
			bus_sub_free(sub);
		bus_pub_free(pub);
		if (i % 2 != 0)
			bus_sub_free(sub);
	}
	free(note.text);
	free(url);
	bus_world_free(w);
}
END_TEST

UNIT_MAIN("bus_close", a_peer_is_freed_amid_answers_over_ipc,
    a_peer_is_freed_amid_answers_over_tcp, a_server_is_freed_amid_requests,
    topics_end_amid_publications)
