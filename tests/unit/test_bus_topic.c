/* Topics: numbered, and what is lost is told. */
#include <string.h>

#include "common/bus.h"
#include "common/mem.h"
#include "tests/lib/busworld.h"
#include "tests/lib/unit.h"

struct listener {
	size_t n, ngaps, nups, ndowns, nmarks;
	uint64_t last;
	bool heard, linked;
};

static void
on_news(void *ctx, const char *topic, uint16_t number, uint64_t seq, bool gap,
    const void *body)
{
	struct listener *l = ctx;

	(void)seq;
	ck_assert_int_eq(strncmp(topic, "a.", 2), 0);
	l->heard = true;
	if (strcmp(topic, "a.join") == 0)
		return;
	l->ngaps += gap;
	if (number == 0) {
		l->nmarks++;
		return;
	}
	l->n++;
	l->last = ((const struct bus_note *)body)->n;
}

static void
on_link(void *ctx, bool up)
{
	struct listener *l = ctx;

	l->linked = up;
	l->nups += up;
	l->ndowns += !up;
}

static void
publish(struct bus_pub *pub, const char *topic, uint64_t n)
{
	struct bus_note note = { .n = n };

	bus_publish(pub, topic, NEWS, &note);
}

static void
hear_one(struct bus_world *w, struct listener *l)
{
	l->heard = false;
	ck_assert(loop_wait(w->loop, &l->heard, 5000));
}

/* The publisher's end of a link is up a moment after the subscriber's. */
static void
join(struct bus_world *w, struct bus_pub *pub, struct listener *l)
{
	ck_assert(loop_wait(w->loop, &l->linked, 5000));
	l->heard = false;
	while (!l->heard) {
		publish(pub, "a.join", 0);
		loop_wait(w->loop, &l->heard, 20);
	}
}

START_TEST(topics_are_numbered_and_a_gap_is_told)
{
	struct bus_world *w = bus_world_new(false);
	char *url = xasprintf("ipc://%s/p", w->dir);
	struct err err;
	struct bus_pub *pub = bus_publish_at(w->loop, url, &err);
	struct listener l = { 0 };
	struct bus_sub *sub;

	publish(pub, "a.x", 1); /* nobody hears it */
	sub = bus_subscribe(w->loop, url, "a.", on_news, &l, &err);
	bus_sub_on_link(sub, on_link);
	join(w, pub, &l);
	publish(pub, "b.x", 9); /* not ours */
	publish(pub, "a.x", 2);
	publish(pub, "a.y", 3);
	publish(pub, "a.x", 4);
	while (l.n < 3)
		hear_one(w, &l);
	ck_assert_uint_eq(l.ngaps, 1); /* before 2 */
	ck_assert_uint_eq(l.last, 4);
	ck_assert_uint_eq(bus_pub_seq(pub, "a.x"), 3);

	/* A restart is told, although its numbers begin anew. */
	bus_pub_free(pub);
	pub = bus_publish_at(w->loop, url, &err);
	while (l.nups < 2)
		bus_world_pass(w, 10);
	ck_assert_uint_eq(l.ndowns, 1);
	join(w, pub, &l);
	publish(pub, "a.y", 5);
	while (l.last != 5)
		hear_one(w, &l);
	ck_assert_uint_eq(l.ngaps, 2);
	bus_sub_free(sub);
	bus_pub_free(pub);
	free(url);
	bus_world_free(w);
}
END_TEST

START_TEST(a_flood_loses_nothing_silently)
{
	struct bus_world *w = bus_world_new(false);
	char *url = xasprintf("ipc://%s/p", w->dir);
	struct err err;
	struct bus_pub *pub = bus_publish_at(w->loop, url, &err);
	struct listener l = { 0 };
	struct bus_sub *sub =
	    bus_subscribe(w->loop, url, "a.", on_news, &l, &err);

	bus_sub_on_link(sub, on_link);
	join(w, pub, &l);
	for (uint64_t i = 1; i <= 20000; i++)
		publish(pub, "a.x", i);
	bus_world_pass(w, BUS_MARK_MS + 500);
	/* Much was lost, the end of it probably too; we know it. */
	ck_assert(l.n == 20000 || l.ngaps > 0);
	ck_assert(l.last == 20000 || l.nmarks == 1);
	bus_sub_free(sub);
	bus_pub_free(pub);
	free(url);
	bus_world_free(w);
}
END_TEST

START_TEST(a_publication_over_the_limit_is_a_gap)
{
	struct bus_world *w = bus_world_new(false);
	char *url = xasprintf("ipc://%s/p", w->dir);
	struct err err;
	struct bus_pub *pub = bus_publish_at(w->loop, url, &err);
	struct listener l = { 0 };
	struct bus_sub *sub =
	    bus_subscribe(w->loop, url, "a.", on_news, &l, &err);
	struct bus_note note = { .text = xmalloc(BUS_MAX_MSG) };

	memset(note.text, 'x', BUS_MAX_MSG - 1);
	note.text[BUS_MAX_MSG - 1] = '\0';
	bus_sub_on_link(sub, on_link);
	join(w, pub, &l);
	publish(pub, "a.x", 1);
	bus_publish(pub, "a.x", NEWS, &note);
	publish(pub, "a.x", 3);
	while (l.n < 2)
		hear_one(w, &l);
	ck_assert_uint_eq(l.last, 3);
	ck_assert_uint_eq(l.ngaps, 1);
	ck_assert_uint_eq(l.nups, 1); /* the line has stayed */
	free(note.text);
	bus_sub_free(sub);
	bus_pub_free(pub);
	free(url);
	bus_world_free(w);
}
END_TEST

UNIT_MAIN("bus_topic", topics_are_numbered_and_a_gap_is_told,
    a_flood_loses_nothing_silently, a_publication_over_the_limit_is_a_gap)
