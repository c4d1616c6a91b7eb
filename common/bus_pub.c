#include "common/bus.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <nng/nng.h>

#include "common/bus_ends.h"
#include "common/bus_line.h"
#include "common/bus_nng.h"
#include "common/bus_topic.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/rng.h"

#define UNSENT_MAX BUS_MAX_MSG /* bytes that wait for one subscriber */

struct listener {
	struct bus_line line;
	struct bus_pub *pub;
	LIST_ENTRY(listener) entry;
};
LIST_HEAD(listeners, listener);

struct bus_pub {
	char *url;
	struct bus_hub *hub;
	struct bus_listener listener;
	struct listeners listeners;
	struct loop_timer *timer; /* for marks */
	bool marking;             /* the timer is set */
	uint32_t start;
	struct map topics;
	struct buf scratch;
	struct bus_stats stats;
	struct bus_complaint complaint;
};

static void
send_topic(struct bus_pub *p, const char *name, const struct bus_topic *t,
    const struct msg_def *def, const void *body)
{
	struct envelope e = { .flags = ENVELOPE_TOPIC, .id = t->seq };
	struct listener *to, *next;
	struct err err;

	e.number = def == NULL ? 0 : def->number;
	e.deadline_ms = p->start;
	buf_reset(&p->scratch);
	buf_add(&p->scratch, name, strlen(name) + 1);
	envelope_pack(&e, &p->scratch);
	if (def != NULL && def->body != NULL)
		rec_pack(def->body, body, &p->scratch);
	if (p->scratch.len > BUS_MAX_MSG) {
		bus_too_long(&err, ERR_BAD, def->name, p->scratch.len);
		log_error(
		    "not sent socket=%s topic=%s: %s", p->url, name, err.text);
		return;
	}
	for (to = LIST_FIRST(&p->listeners); to != NULL; to = next) {
		next = LIST_NEXT(to, entry);
		if (to->line.is_up && bus_line_unsent(&to->line) <= UNSENT_MAX)
			bus_line_send(&to->line, NULL, &p->scratch);
	}
}

static void
on_mark(void *arg)
{
	struct bus_pub *p = arg;

	p->marking = false;
	MAP_FOREACH (e, &p->topics) {
		struct bus_topic *t = map_value(e);

		if (t->unmarked)
			send_topic(p, map_key(e), t, NULL, NULL);
		t->unmarked = false;
	}
}

static void
begin_numbers(struct bus_pub *p)
{
	bus_topics_release(&p->topics);
	rng_secret(&p->start, sizeof p->start);
}

static void
listener_free(struct listener *to)
{
	LIST_REMOVE(to, entry);
	bus_line_free(&to->line);
}

/* A subscriber says nothing. */
static void
on_listener_message(struct bus_line *l, const uint8_t *bytes, size_t n)
{
	(void)bytes;
	(void)n;
	bus_line_cut(l, "a subscriber that speaks");
}

static void
on_listener_gone(struct bus_line *l, const char *why)
{
	struct listener *to = (struct listener *)l;
	struct bus_pub *p = to->pub;

	if (why != NULL) {
		p->stats.refused++;
		bus_complain(
		    &p->complaint, loop_now_ms(p->hub->loop), p->url, why, 1);
	}
	listener_free(to);
}

static const struct bus_line_type listener_type = {
	.self = BUS_PUB,
	.peer = BUS_SUB,
	.on_message = on_listener_message,
	.on_gone = on_listener_gone,
};

static void
on_listener(void *ctx, nng_stream *stream)
{
	struct bus_pub *p = ctx;
	struct listener *to = xcalloc(1, sizeof *to);

	to->pub = p;
	LIST_INSERT_HEAD(&p->listeners, to, entry);
	bus_line_start(&to->line, &listener_type, p->hub, p->url, stream);
}

struct bus_pub *
bus_publish_at(struct loop *l, const char *url, struct err *err)
{
	struct bus_pub *p;

	if (bus_topic_url_check(url, err) == -1)
		return NULL;
	p = xcalloc(1, sizeof *p);
	p->url = xstrdup(url);
	p->hub = bus_hub_new(l);
	if (bus_listener_init(&p->listener, p->hub, url, on_listener, p, err) ==
	    -1) {
		bus_hub_free(p->hub);
		free(p->url);
		free(p);
		return NULL;
	}
	p->timer = loop_timer_new(l, on_mark, p);
	begin_numbers(p);
	return p;
}

void
bus_pub_free(struct bus_pub *p)
{
	if (p == NULL)
		return;
	bus_listener_release(&p->listener);
	while (!LIST_EMPTY(&p->listeners))
		listener_free(LIST_FIRST(&p->listeners));
	bus_hub_free(p->hub);
	loop_timer_free(p->timer);
	bus_topics_release(&p->topics);
	buf_release(&p->scratch);
	free(p->url);
	free(p);
}

static struct bus_topic *
publish(struct bus_pub *p, const char *topic, uint16_t number, const void *body)
{
	const struct msg_def *def = bus_def(number);
	struct bus_topic *t;

	assert(def != NULL);
	assert(strlen(topic) <= BUS_TOPIC_MAX);
	if (map_count(&p->topics) >= BUS_MAX_TOPICS &&
	    map_find(&p->topics, topic) == NULL)
		begin_numbers(p);
	t = bus_topic_get(&p->topics, topic);
	t->seq++;
	p->stats.published++;
	send_topic(p, topic, t, def, body);
	return t;
}

void
bus_publish_unmarked(
    struct bus_pub *p, const char *topic, uint16_t number, const void *body)
{
	publish(p, topic, number, body);
}

void
bus_publish(
    struct bus_pub *p, const char *topic, uint16_t number, const void *body)
{
	publish(p, topic, number, body)->unmarked = true;
	if (!p->marking)
		loop_timer_set(p->timer, BUS_MARK_MS);
	p->marking = true;
}

uint64_t
bus_pub_seq(const struct bus_pub *p, const char *topic)
{
	const struct bus_topic *t = map_find(&p->topics, topic);

	return t == NULL ? 0 : t->seq;
}

const struct bus_stats *
bus_pub_stats(const struct bus_pub *p)
{
	return &p->stats;
}
