#include "common/bus.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <nng/nng.h>

#include "common/bus_ends.h"
#include "common/bus_line.h"
#include "common/bus_nng.h"
#include "common/log.h"
#include "common/map.h"
#include "common/mem.h"
#include "common/rng.h"

#define UNSENT_MAX BUS_MAX_MSG /* bytes that wait for one subscriber */

/*
 * On the wire the topic stands first, then a NUL, then the envelope. Whoever
 * listens gets all of it, and takes what begins as it should.
 */

struct topic {
	uint64_t seq;
	uint32_t start; /* of a subscriber: the publisher's start number */
	bool unmarked;  /* of a publisher: published since the last mark */
};

static void
topics_release(struct map *topics)
{
	MAP_FOREACH (e, topics)
		free(map_value(e));
	map_release(topics);
}

static struct topic *
topic_get(struct map *topics, const char *name)
{
	struct topic *t = map_find(topics, name);

	if (t == NULL) {
		t = xcalloc(1, sizeof *t);
		map_put(topics, name, t);
	}
	return t;
}

/* They are for one machine, and have no TLS. */
static int
topic_url_check(const char *url, struct err *err)
{
	if (bus_tls_is_url(url))
		return err_set(err, ERR_BAD, "%s: topics have no TLS", url);
	return bus_url_check(url, err);
}

/* --- publishing --- */

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
send_topic(struct bus_pub *p, const char *name, const struct topic *t,
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
		struct topic *t = map_value(e);

		if (t->unmarked)
			send_topic(p, map_key(e), t, NULL, NULL);
		t->unmarked = false;
	}
}

static void
begin_numbers(struct bus_pub *p)
{
	topics_release(&p->topics);
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
on_listener_gone(struct bus_line *l, const char *refused)
{
	struct listener *to = (struct listener *)l;
	struct bus_pub *p = to->pub;

	if (refused != NULL) {
		p->stats.refused++;
		bus_complain(&p->complaint, loop_now_ms(p->hub->loop), p->url,
		    refused, 1);
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

	if (topic_url_check(url, err) == -1)
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
	topics_release(&p->topics);
	buf_release(&p->scratch);
	free(p->url);
	free(p);
}

static struct topic *
publish(struct bus_pub *p, const char *topic, uint16_t number, const void *body)
{
	const struct msg_def *def = bus_def(number);
	struct topic *t;

	assert(def != NULL);
	assert(strlen(topic) <= BUS_TOPIC_MAX);
	if (map_count(&p->topics) >= BUS_MAX_TOPICS &&
	    map_find(&p->topics, topic) == NULL)
		begin_numbers(p);
	t = topic_get(&p->topics, topic);
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
	const struct topic *t = map_find(&p->topics, topic);

	return t == NULL ? 0 : t->seq;
}

const struct bus_stats *
bus_pub_stats(const struct bus_pub *p)
{
	return &p->stats;
}

/* --- subscribing --- */

struct sub_line {
	struct bus_line line;
	struct bus_sub *sub;
};

struct bus_sub {
	struct loop *loop;
	char *url, *prefix;
	struct bus_hub *hub;
	struct bus_dialer dialer;
	struct sub_line *line; /* NULL: there is none now */
	struct map topics;
	bus_on_message *fn;
	void (*on_link)(void *ctx, bool up);
	void *ctx;
	struct bus_stats stats;
	struct bus_complaint complaint;
	unsigned busy;
	bool dead;
};

static bool
sub_is_gone(struct bus_sub *s)
{
	if (!s->dead)
		return false;
	if (s->busy == 0) {
		free(s->url);
		free(s->prefix);
		free(s);
	}
	return true;
}

/*
 * Notes the number and says whether anything is missing before it. A mark
 * carries the number of the message before it.
 */
static bool
is_gap(struct bus_sub *s, const char *name, const struct envelope *e)
{
	struct topic *t;
	uint64_t before = e->number == 0 ? e->id : e->id - 1;
	bool gap;

	if (map_count(&s->topics) >= BUS_MAX_TOPICS &&
	    map_find(&s->topics, name) == NULL)
		topics_release(&s->topics);
	t = topic_get(&s->topics, name);
	gap = t->seq != before || (t->seq != 0 && t->start != e->deadline_ms);
	t->seq = e->id;
	t->start = e->deadline_ms;
	return gap;
}

static void
sub_refuse(struct bus_sub *s, const char *why)
{
	s->stats.refused++;
	bus_complain(&s->complaint, loop_now_ms(s->loop), s->url, why, 1);
}

static void
sub_deliver(struct bus_sub *s, const char *topic, const struct envelope *e)
{
	const struct msg_def *def = bus_def(e->number);
	struct arena arena = { 0 };
	void *body = NULL;
	bool gap = is_gap(s, topic, e);
	struct err err;

	s->stats.received++;
	s->stats.gaps += gap;
	if (e->number == 0) {
		if (gap)
			s->fn(s->ctx, topic, 0, e->id, true, NULL);
		return;
	}
	if (def == NULL) {
		sub_refuse(s, "unknown message");
		return;
	}
	if (def->body != NULL) {
		body = arena_alloc(&arena, def->body->size);
		if (rec_unpack(
			def->body, body, e->body, e->nbody, &arena, &err) == -1)
			body = NULL;
	}
	if (def->body != NULL && body == NULL)
		sub_refuse(s, err.text);
	else
		s->fn(s->ctx, topic, e->number, e->id, gap, body);
	arena_release(&arena);
}

static void
sub_hear(struct bus_sub *s, const char *topic, size_t n)
{
	struct envelope e;
	const char *end;
	struct err err;

	end =
	    memchr(topic, '\0', n < BUS_TOPIC_MAX + 1 ? n : BUS_TOPIC_MAX + 1);
	if (end == NULL) {
		sub_refuse(s, "no topic");
		return;
	}
	if (strncmp(topic, s->prefix, strlen(s->prefix)) != 0)
		return;
	n -= (size_t)(end + 1 - topic);
	if (envelope_unpack(&e, end + 1, n, &err) == -1)
		sub_refuse(s, err.text);
	else if (!(e.flags & ENVELOPE_TOPIC))
		sub_refuse(s, "no publication");
	else
		sub_deliver(s, topic, &e);
}

static void
on_message(struct bus_line *l, const uint8_t *bytes, size_t n)
{
	struct bus_sub *s = ((struct sub_line *)l)->sub;

	s->busy++;
	sub_hear(s, (const char *)bytes, n);
	s->busy--;
	sub_is_gone(s);
}

static void
tell_link(struct bus_sub *s, bool up)
{
	s->busy++;
	if (s->on_link != NULL)
		s->on_link(s->ctx, up);
	s->busy--;
	sub_is_gone(s);
}

static void
on_up(struct bus_line *l)
{
	struct bus_sub *s = ((struct sub_line *)l)->sub;

	bus_dialer_worked(&s->dialer);
	tell_link(s, true);
}

static void
on_gone(struct bus_line *l, const char *refused)
{
	struct bus_sub *s = ((struct sub_line *)l)->sub;
	bool was_up = l->is_up;

	if (refused != NULL)
		sub_refuse(s, refused);
	bus_line_free(l);
	s->line = NULL;
	bus_dialer_again(&s->dialer);
	if (was_up)
		tell_link(s, false);
}

static const struct bus_line_type line_type = {
	.self = BUS_SUB,
	.peer = BUS_PUB,
	.on_up = on_up,
	.on_message = on_message,
	.on_gone = on_gone,
};

static void
on_stream(void *ctx, nng_stream *stream)
{
	struct bus_sub *s = ctx;

	s->line = xcalloc(1, sizeof *s->line);
	s->line->sub = s;
	bus_line_start(&s->line->line, &line_type, s->hub, s->url, stream);
}

struct bus_sub *
bus_subscribe(struct loop *l, const char *url, const char *prefix,
    bus_on_message *fn, void *ctx, struct err *err)
{
	struct bus_sub *s;

	if (topic_url_check(url, err) == -1)
		return NULL;
	s = xcalloc(1, sizeof *s);
	s->loop = l;
	s->url = xstrdup(url);
	s->prefix = xstrdup(prefix);
	s->fn = fn;
	s->ctx = ctx;
	s->hub = bus_hub_new(l);
	if (bus_dialer_init(
		&s->dialer, s->hub, url, BUS_CALM, on_stream, s, err) == 0)
		return s;
	bus_hub_free(s->hub);
	s->dead = true;
	sub_is_gone(s);
	return NULL;
}

void
bus_sub_free(struct bus_sub *s)
{
	if (s == NULL || s->dead)
		return;
	s->dead = true;
	bus_dialer_release(&s->dialer);
	if (s->line != NULL)
		bus_line_free(&s->line->line);
	bus_hub_free(s->hub);
	topics_release(&s->topics);
	sub_is_gone(s);
}

void
bus_sub_on_link(struct bus_sub *s, void (*fn)(void *ctx, bool up))
{
	s->on_link = fn;
}

const struct bus_stats *
bus_sub_stats(const struct bus_sub *s)
{
	return &s->stats;
}
