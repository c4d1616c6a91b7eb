#include "tests/lib/poolone.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const struct rec_kv tags[] = { { "role", "test" } };
static const uint8_t vsn[WIRE_VSN_SIZE] = { 1, 5, 2, 2, 5, 5 };

struct parting {
	struct poolone *one;
	const struct pool_addr *to;
};

static void
on_part(void *ctx, struct wire_bytes message)
{
	struct parting *p = ctx;
	struct poolone *o = p->one;
	struct poolone_sent *s = &o->sent[o->nsent];

	if (o->nsent == POOLONE_SENT) {
		o->nlost++;
		return;
	}
	o->nsent++;
	s->to = *p->to;
	buf_add(&s->message, message.data, message.n);
}

static void
on_udp(void *ctx, const struct pool_addr *to, const char *bytes, size_t n)
{
	struct parting p = { ctx, to };
	struct err err;
	int rv;

	buf_reset(&p.one->raw);
	buf_add(&p.one->raw, bytes, n);
	rv = wire_peel_packet(
	    &p.one->ring, wire_bytes(bytes, n), on_part, &p, &err);
	assert(rv == 0); /* else we send what cannot be read */
}

static void
on_dial(void *ctx, uint64_t token, const struct pool_addr *to,
    const char *bytes, size_t n, uint64_t deadline_ms)
{
	struct poolone *o = ctx;

	(void)to;
	(void)deadline_ms;
	o->ndials++;
	o->token = token;
	buf_reset(&o->dialled);
	buf_add(&o->dialled, bytes, n);
}

static void
on_event(void *ctx, const struct pool_event *ev)
{
	struct poolone *o = ctx;
	const char *text = ev->payload != NULL ? ev->payload : ev->why;
	size_t n = ev->payload != NULL ? ev->npayload
		   : text != NULL      ? strlen(text)
				       : 0;

	o->events[ev->type]++;
	o->last = *ev;
	if (n >= sizeof o->last_text)
		n = sizeof o->last_text - 1;
	if (n > 0)
		memcpy(o->last_text, text, n);
	o->last_text[n] = '\0';
}

void
poolone_init(struct poolone *o, bool sealed)
{
	struct pool_config c = { .name = "us",
		.addr = { { 10, 0, 0, 1 }, 4, 7946 },
		.tags = tags,
		.ntags = 1,
		.ring = &o->ring };
	struct pool_ops ops = { o, on_udp, on_dial, on_event, NULL };

	memset(o, 0, sizeof *o);
	o->now_ms = 1000;
	if (sealed)
		o->ring = (struct wire_ring){ { { { 1, 2, 3 }, 16 } }, 1 };
	o->pool = pool_new(&c, &ops, 1, o->now_ms, NULL);
	assert(o->pool != NULL);
}

void
poolone_release(struct poolone *o)
{
	pool_free(o->pool);
	poolone_hush(o);
	for (size_t i = 0; i < POOLONE_SENT; i++)
		buf_release(&o->sent[i].message);
	buf_release(&o->dialled);
	buf_release(&o->raw);
}

void
poolone_packet(struct poolone *o, const void *bytes, size_t n)
{
	static const struct pool_addr from = { { 10, 0, 0, 99 }, 4, 7946 };

	pool_packet(o->pool, o->now_ms, &from, bytes, n);
}

static void
wrap_and_send(struct poolone *o, const struct buf *message)
{
	struct wire_wrap how = { .ring = &o->ring };
	struct buf b = { 0 };

	wire_wrap_packet(&b, &how, wire_bytes(message->data, message->len));
	poolone_packet(o, b.data, b.len);
	buf_release(&b);
}

void
poolone_say(struct poolone *o, const struct wire_form *form, const void *msg)
{
	struct buf b = { 0 };

	wire_put(&b, form, msg);
	wrap_and_send(o, &b);
	buf_release(&b);
}

void
poolone_say_serf(
    struct poolone *o, const struct wire_form *form, const void *msg)
{
	struct buf b = { 0 };

	buf_addc(&b, WIRE_USER);
	wire_put(&b, form, msg);
	wrap_and_send(o, &b);
	buf_release(&b);
}

void
poolone_alive(struct poolone *o, const char *name, uint32_t incarnation)
{
	uint8_t addr[4] = { 10, 0, 0, (uint8_t)atoi(name + 1) };
	struct wire_alive a = { incarnation, wire_text(name),
		wire_bytes(addr, 4), 7946, wire_text("\xff\x80"),
		wire_bytes(vsn, sizeof vsn) };

	poolone_say(o, &wire_alive_form, &a);
}

void
poolone_suspect(
    struct poolone *o, const char *name, uint32_t incarnation, const char *from)
{
	struct wire_accusation s = { incarnation, wire_text(name),
		wire_text(from) };

	poolone_say(o, &wire_suspect_form, &s);
}

void
poolone_dead(
    struct poolone *o, const char *name, uint32_t incarnation, const char *from)
{
	struct wire_accusation d = { incarnation, wire_text(name),
		wire_text(from) };

	poolone_say(o, &wire_dead_form, &d);
}

void
poolone_pass(struct poolone *o, uint64_t ms)
{
	uint64_t end = o->now_ms + ms;

	while (pool_due_ms(o->pool) <= end) {
		if (pool_due_ms(o->pool) > o->now_ms)
			o->now_ms = pool_due_ms(o->pool);
		pool_tick(o->pool, o->now_ms);
	}
	o->now_ms = end;
}

void
poolone_hush(struct poolone *o)
{
	for (size_t i = 0; i < o->nsent; i++)
		buf_reset(&o->sent[i].message);
	o->nsent = 0;
}

size_t
poolone_count(
    const struct poolone *o, enum wire_type type, struct wire_bytes *m)
{
	size_t n = 0;

	for (size_t i = 0; i < o->nsent; i++) {
		const struct buf *b = &o->sent[i].message;

		if ((uint8_t)b->data[0] != type)
			continue;
		if (m != NULL)
			*m = wire_bytes(b->data, b->len);
		n++;
	}
	return n;
}

bool
poolone_gossips(struct poolone *o, enum wire_type type)
{
	poolone_pass(o, 250);
	return poolone_count(o, type, NULL) > 0;
}

struct pool_member *
poolone_member(struct poolone *o, const char *name)
{
	return pool_member_find(o->pool, name);
}
