#include <stdlib.h>
#include <string.h>

#include "cmd/gossipd/pool_impl.h"
#include "common/mem.h"

/* More events at one Lamport time are not told apart any more. */
#define SLOT_EVENTS_MAX 64

static void
slot_clear(struct pool *p, struct pool_event_slot *s)
{
	for (size_t i = 0; i < s->n; i++) {
		p->event_bytes -= s->events[i].nname + s->events[i].npayload;
		free(s->events[i].name);
		free(s->events[i].payload);
	}
	s->n = 0;
}

void
pool_event_release(struct pool *p)
{
	for (size_t i = 0; i < POOL_EVENTS_KEPT; i++) {
		slot_clear(p, &p->event_slots[i]);
		free(p->event_slots[i].events);
	}
}

static struct wire_bytes
payload_of(const struct pool_user_event *e)
{
	return wire_bytes(e->has_payload ? e->payload : NULL, e->npayload);
}

static bool
is_seen(const struct pool_event_slot *s, const struct wire_user_event *e)
{
	for (size_t i = 0; i < s->n; i++)
		if (wire_is(e->name,
			wire_bytes(s->events[i].name, s->events[i].nname)) &&
		    wire_is(e->payload, payload_of(&s->events[i])))
			return true;
	return false;
}

static void
keep(struct pool *p, struct pool_event_slot *s, const struct wire_user_event *e)
{
	struct pool_user_event k = { .nname = e->name.n,
		.npayload = e->payload.n,
		.has_payload = e->payload.data != NULL };

	k.name = pool_text(e->name);
	if (k.has_payload) {
		k.payload = xmalloc(e->payload.n + 1);
		memcpy(k.payload, e->payload.data, e->payload.n);
		k.payload[e->payload.n] = '\0';
	}
	s->events = xgrow(s->events, s->n, &s->cap, sizeof *s->events);
	s->events[s->n++] = k;
	p->event_bytes += k.nname + k.npayload;
}

static void
hand_up(struct pool *p, const struct pool_user_event *e,
    const struct wire_user_event *in)
{
	struct pool_event ev = { .type = POOL_EV_USER,
		.ltime = in->ltime,
		.name = e->name,
		.payload = e->has_payload ? e->payload : "",
		.npayload = e->npayload,
		.coalesce = in->cc };

	pool_tell(p, &ev);
}

bool
pool_on_user_event(struct pool *p, const struct wire_user_event *e)
{
	struct pool_event_slot *s =
	    &p->event_slots[e->ltime % POOL_EVENTS_KEPT];

	if (e->ltime >= LTIME_MAX ||
	    e->name.n + e->payload.n > POOL_EVENT_HARD) {
		p->stats.packets_bad++;
		return false;
	}
	pool_witness(&p->event_clock, e->ltime);
	if (!pool_is_recent(e->ltime, p->event_clock, p->event_min))
		return false;
	if (s->n > 0 && s->ltime == e->ltime) {
		if (is_seen(s, e))
			return false;
	} else {
		slot_clear(p, s);
		s->ltime = e->ltime;
	}
	if (s->n >= SLOT_EVENTS_MAX ||
	    p->event_bytes + e->name.n + e->payload.n > POOL_EVENT_BYTES) {
		p->stats.refused_full++;
		return false;
	}
	keep(p, s, e);
	hand_up(p, &s->events[s->n - 1], e);
	return true;
}

size_t
pool_event_slots_put(struct pool *p, struct buf *out)
{
	size_t n = 0;

	for (size_t i = 0; i < POOL_EVENTS_KEPT; i++) {
		const struct pool_event_slot *s = &p->event_slots[i];
		struct wire_slot slot = { .ltime = s->ltime };
		struct buf events = { 0 };

		for (size_t j = 0; j < s->n; j++) {
			struct wire_event e = { wire_bytes(s->events[j].name,
						    s->events[j].nname),
				payload_of(&s->events[j]) };

			wire_put(&events, &wire_event_form, &e);
		}
		slot.events = wire_list(&events, s->n);
		if (s->n > 0) {
			wire_put(out, &wire_slot_form, &slot);
			n++;
		}
		buf_release(&events);
	}
	return n;
}

int
pool_user_event(struct pool *p, uint64_t now_ms, const char *name,
    const char *payload, size_t npayload, bool coalesce, struct err *err)
{
	struct wire_user_event e = { .name = wire_text(name), .cc = coalesce };
	struct buf b = { 0 };

	pool_take_time(p, now_ms);
	if (npayload > 0)
		e.payload = wire_bytes(payload, npayload);
	e.ltime = p->event_clock;
	wire_put(&b, &wire_user_event_form, &e);
	if (b.len > POOL_EVENT_MAX) {
		err_set(err, ERR_BAD,
		    "user event takes %zu bytes, of which there may be %d",
		    b.len, POOL_EVENT_MAX);
		buf_release(&b);
		return -1;
	}
	p->event_clock++;
	pool_on_user_event(p, &e);
	pool_broadcast_serf(p, &p->events, wire_bytes(b.data, b.len));
	buf_release(&b);
	return 0;
}
