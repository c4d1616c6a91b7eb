#include "common/bus.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <nng/nng.h>
#include <nng/protocol/pubsub0/pub.h>
#include <nng/protocol/pubsub0/sub.h>

#include "common/bus_nng.h"
#include "common/log.h"
#include "common/map.h"
#include "common/mem.h"
#include "common/rng.h"

#define QUEUE 2048 /* messages that wait for one subscriber, or in it */

/*
 * On the wire the topic stands first, then a NUL, then the envelope: nng's
 * threads compare the beginning with what was subscribed.
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

/* --- publishing --- */

struct bus_pub {
	char *url;
	nng_socket socket;
	nng_listener listener;
	struct loop_timer *timer; /* for marks */
	bool marking;             /* the timer is set */
	uint32_t start;
	struct map topics;
	struct buf scratch;
	struct bus_stats stats;
};

static void
send_topic(struct bus_pub *p, const char *name, const struct topic *t,
    const struct msg_def *def, const void *body)
{
	struct envelope e = { .flags = ENVELOPE_TOPIC, .id = t->seq };
	struct err err;
	nng_msg *m;

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
	m = bus_msg(&p->scratch);
	if (nng_sendmsg(p->socket, m, NNG_FLAG_NONBLOCK) != 0)
		nng_msg_free(m);
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

static int
pub_listen(struct bus_pub *p, struct err *err)
{
	int rv;

	if (bus_url_check(p->url, err) == -1)
		return -1;
	if ((rv = nng_pub0_open(&p->socket)) != 0)
		return bus_nng_err(err, rv, "open", p->url);
	if ((rv = bus_socket_setup(p->socket)) != 0 ||
	    (rv = nng_socket_set_int(p->socket, NNG_OPT_SENDBUF, QUEUE)) != 0)
		bus_nng_err(err, rv, "set up", p->url);
	else if (bus_listen(p->socket, p->url, &p->listener, err) == 0)
		return 0;
	nng_close(p->socket);
	return -1;
}

struct bus_pub *
bus_publish_at(struct loop *l, const char *url, struct err *err)
{
	struct bus_pub *p = xcalloc(1, sizeof *p);

	p->url = xstrdup(url);
	if (pub_listen(p, err) == -1) {
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
	nng_close(p->socket);
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

struct bus_sub {
	struct loop *loop;
	char *url;
	nng_socket socket;
	nng_dialer dialer;
	struct bus_bell bell;
	struct bus_link link;
	struct loop_fd *watch;
	struct map topics;
	bus_on_message *fn;
	void (*on_link)(void *ctx, bool up);
	void *ctx;
	uint64_t nups, ndowns; /* as last told */
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
sub_hear(struct bus_sub *s, nng_msg *m)
{
	const char *topic = nng_msg_body(m), *end;
	size_t n = nng_msg_len(m);
	struct envelope e;
	struct err err;

	end =
	    memchr(topic, '\0', n < BUS_TOPIC_MAX + 1 ? n : BUS_TOPIC_MAX + 1);
	if (end == NULL) {
		sub_refuse(s, "no topic");
		return;
	}
	n -= (size_t)(end + 1 - topic);
	if (envelope_unpack(&e, end + 1, n, &err) == -1)
		sub_refuse(s, err.text);
	else if (!(e.flags & ENVELOPE_TOPIC))
		sub_refuse(s, "no publication");
	else
		sub_deliver(s, topic, &e);
}

/* Tells of each change of the link since it was last told. */
static void
on_sub_link(void *arg)
{
	struct bus_sub *s = arg;
	uint64_t nups, ndowns;

	bus_link_read(&s->link, &nups, &ndowns);
	s->busy++;
	while (!s->dead && (s->nups < nups || s->ndowns < ndowns)) {
		bool up = s->nups == s->ndowns;

		if (up)
			s->nups++;
		else
			s->ndowns++;
		if (s->on_link != NULL)
			s->on_link(s->ctx, up);
	}
	s->busy--;
	sub_is_gone(s);
}

static void
on_message_ready(void *arg, bool readable, bool writable)
{
	struct bus_sub *s = arg;
	nng_msg *m;

	(void)readable;
	(void)writable;
	s->busy++;
	while (!s->dead && nng_recvmsg(s->socket, &m, NNG_FLAG_NONBLOCK) == 0) {
		sub_hear(s, m);
		nng_msg_free(m);
	}
	s->busy--;
	sub_is_gone(s);
}

static int
sub_dial(struct bus_sub *s, const char *prefix, struct err *err)
{
	int rv;

	if ((rv = nng_sub0_open(&s->socket)) != 0)
		return bus_nng_err(err, rv, "open", s->url);
	bus_link_init(&s->link, s->socket, &s->bell);
	if ((rv = bus_socket_setup(s->socket)) != 0 ||
	    (rv = nng_socket_set_int(s->socket, NNG_OPT_RECVBUF, QUEUE)) != 0 ||
	    (rv = nng_socket_set(s->socket, NNG_OPT_SUB_SUBSCRIBE, prefix,
		 strlen(prefix))) != 0)
		bus_nng_err(err, rv, "set up", s->url);
	else if (bus_connect(s->socket, s->url, BUS_CALM, &s->dialer, err) == 0)
		return 0;
	nng_close(s->socket);
	bus_link_release(&s->link);
	return -1;
}

struct bus_sub *
bus_subscribe(struct loop *l, const char *url, const char *prefix,
    bus_on_message *fn, void *ctx, struct err *err)
{
	struct bus_sub *s;
	int fd, rv;

	if (bus_url_check(url, err) == -1)
		return NULL;
	s = xcalloc(1, sizeof *s);
	s->loop = l;
	s->url = xstrdup(url);
	s->fn = fn;
	s->ctx = ctx;
	bus_bell_init(&s->bell, l, on_sub_link, s);
	if (sub_dial(s, prefix, err) == -1) {
		bus_bell_release(&s->bell);
		free(s->url);
		free(s);
		return NULL;
	}
	rv = nng_socket_get_int(s->socket, NNG_OPT_RECVFD, &fd);
	assert(rv == 0);
	s->watch = loop_fd_new(l, fd, on_message_ready, s);
	loop_fd_want(s->watch, true, false);
	return s;
}

void
bus_sub_free(struct bus_sub *s)
{
	if (s == NULL || s->dead)
		return;
	s->dead = true;
	loop_fd_free(s->watch);
	nng_close(s->socket);
	bus_link_release(&s->link);
	bus_bell_release(&s->bell);
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
