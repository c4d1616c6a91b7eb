#include "common/bus.h"

#include <stdlib.h>
#include <string.h>

#include <nng/nng.h>

#include "common/bus_ends.h"
#include "common/bus_line.h"
#include "common/bus_nng.h"
#include "common/bus_topic.h"
#include "common/mem.h"

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
	unsigned busy; /* callbacks under way: do not destroy */
	bool dead;
};

static void
destroy(struct bus_sub *s)
{
	free(s->url);
	free(s->prefix);
	free(s);
}

/* The last step of all that calls the owner, who may have freed it. */
static void
leave(struct bus_sub *s)
{
	s->busy--;
	if (s->dead && s->busy == 0)
		destroy(s);
}

/*
 * Notes the number; true: something is missing before it. A mark carries the
 * number of the message before it.
 */
static bool
note_number(struct bus_sub *s, const char *name, const struct envelope *e)
{
	struct bus_topic *t;
	uint64_t before = e->number == 0 ? e->id : e->id - 1;
	bool gap;

	if (map_count(&s->topics) >= BUS_MAX_TOPICS &&
	    map_find(&s->topics, name) == NULL)
		bus_topics_release(&s->topics);
	t = bus_topic_get(&s->topics, name);
	gap = t->seq != before || (t->seq != 0 && t->start != e->deadline_ms);
	t->seq = e->id;
	t->start = e->deadline_ms;
	return gap;
}

static void
refused(struct bus_sub *s, const char *why)
{
	s->stats.refused++;
	bus_complain(&s->complaint, loop_now_ms(s->loop), s->url, why, 1);
}

static void
deliver(struct bus_sub *s, const char *topic, const struct envelope *e)
{
	const struct msg_def *def = bus_def(e->number);
	struct arena arena = { 0 };
	void *body = NULL;
	bool gap = note_number(s, topic, e);
	struct err err;

	s->stats.received++;
	s->stats.gaps += gap;
	if (e->number == 0) {
		if (gap)
			s->fn(s->ctx, topic, 0, e->id, true, NULL);
		return;
	}
	if (def == NULL) {
		refused(s, "unknown message");
		return;
	}
	if (def->body != NULL) {
		body = arena_alloc(&arena, def->body->size);
		if (rec_unpack(
			def->body, body, e->body, e->nbody, &arena, &err) == -1)
			body = NULL;
	}
	if (def->body != NULL && body == NULL)
		refused(s, err.text);
	else
		s->fn(s->ctx, topic, e->number, e->id, gap, body);
	arena_release(&arena);
}

static void
hear(struct bus_sub *s, const char *topic, size_t n)
{
	struct envelope e;
	const char *end;
	struct err err;

	end =
	    memchr(topic, '\0', n < BUS_TOPIC_MAX + 1 ? n : BUS_TOPIC_MAX + 1);
	if (end == NULL) {
		refused(s, "no topic");
		return;
	}
	if (strncmp(topic, s->prefix, strlen(s->prefix)) != 0)
		return;
	n -= (size_t)(end + 1 - topic);
	if (envelope_unpack(&e, end + 1, n, &err) == -1)
		refused(s, err.text);
	else if (!(e.flags & ENVELOPE_TOPIC))
		refused(s, "no publication");
	else
		deliver(s, topic, &e);
}

static void
on_message(struct bus_line *l, const uint8_t *bytes, size_t n)
{
	struct bus_sub *s = ((struct sub_line *)l)->sub;

	s->busy++;
	hear(s, (const char *)bytes, n);
	leave(s);
}

static void
tell_link(struct bus_sub *s, bool up)
{
	s->busy++;
	if (s->on_link != NULL)
		s->on_link(s->ctx, up);
	leave(s);
}

static void
on_up(struct bus_line *l)
{
	struct bus_sub *s = ((struct sub_line *)l)->sub;

	bus_dialer_worked(&s->dialer);
	tell_link(s, true);
}

static void
on_line_gone(struct bus_line *l, const char *why)
{
	struct bus_sub *s = ((struct sub_line *)l)->sub;
	bool was_up = l->is_up;

	if (why != NULL)
		refused(s, why);
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
	.on_gone = on_line_gone,
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

	if (bus_topic_url_check(url, err) == -1)
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
	destroy(s);
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
	bus_topics_release(&s->topics);
	if (s->busy == 0)
		destroy(s);
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
