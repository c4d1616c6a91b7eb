/* A peer's calls: kept in order, sent, answered or failed, each once. */
#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/bus.h"
#include "common/bus_nng.h"
#include "common/bus_peer_impl.h"
#include "common/clock.h"
#include "common/due.h"

#define UNSENT_MAX (1u << 20) /* bytes; then calls wait */

/* Loops of several threads may ask. */
uint64_t
bus_call_next_id(void)
{
	static atomic_uint_fast64_t last_id;
	uint_fast64_t none = 0;

	if (atomic_load(&last_id) == 0)
		atomic_compare_exchange_strong(&last_id, &none,
		    (uint64_t)(clock_wall_ns() / CLOCK_NS_PER_MS) << 20);
	return atomic_fetch_add(&last_id, 1) + 1;
}

void
bus_call_link(struct bus_peer *p, struct call *c)
{
	c->prev = p->calls_end;
	*p->calls_end = c;
	p->calls_end = &c->next;
	p->ncalls++;
}

static void
call_unlink(struct bus_peer *p, struct call *c)
{
	*c->prev = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	else
		p->calls_end = c->prev;
	p->ncalls--;
	due_remove(&p->dues, &c->due);
}

static void
call_free(struct call *c)
{
	buf_release(&c->bytes);
	free(c);
}

/* Tells the asker, once and for all. It may free the peer meanwhile: whoever
 * calls this keeps it busy. */
static void
call_end(struct bus_peer *p, struct call *c, const struct err *err,
    const void *reply)
{
	call_unlink(p, c);
	assert(p->busy > 0);
	c->on_reply(c->ctx, err, reply);
	call_free(c);
}

void
bus_call_fail(struct bus_peer *p, struct call *c, enum err_code code)
{
	struct err err;

	if (code == ERR_BUSY)
		err_set(&err, code, "%s: too many unanswered calls", p->url);
	else if (code == ERR_BAD)
		bus_too_long(&err, code, c->def->name, c->bytes.len);
	else if (code == ERR_TIMEOUT)
		err_set(&err, code, "%s: no answer to %s in time", p->url,
		    c->def->name);
	else
		err_set(&err, code, "%s: %s", p->url,
		    !c->is_sent ? "nobody answers" : "connection lost");
	call_end(p, c, &err, NULL);
}

static struct call *
call_find(const struct bus_peer *p, uint64_t id)
{
	for (struct call *c = p->calls; c != NULL; c = c->next)
		if (c->id == id)
			return c;
	return NULL;
}

/* --- sending --- */

bool
bus_call_send(struct bus_peer *p, struct call *c)
{
	uint32_t head = (uint32_t)c->id | BUS_FRAME_HEAD_END;

	if (bus_line_unsent(&p->line->line) > UNSENT_MAX)
		return false;
	bus_line_send(&p->line->line, &head, &c->bytes);
	c->is_sent = true;
	return true;
}

void
bus_call_send_waiting(struct bus_peer *p)
{
	p->clogged = false;
	if (!bus_peer_is_up(p))
		return;
	for (struct call *c = p->calls; c != NULL; c = c->next)
		if (!c->is_sent && c->failed == ERR_NONE &&
		    !bus_call_send(p, c)) {
			p->clogged = true;
			return;
		}
}

static void
hear_failure(struct bus_peer *p, struct call *c, const struct envelope *e)
{
	struct bus_failure *f;
	struct arena arena = { 0 };
	struct err err;

	f = arena_alloc(&arena, sizeof *f);
	if (rec_unpack(&bus_failure_type, f, e->body, e->nbody, &arena, &err) ==
	    0)
		err_set(&err, (enum err_code)f->code, "%s",
		    f->text == NULL ? "" : f->text);
	arena_release(&arena);
	call_end(p, c, &err, NULL);
}

static void
hear_reply(struct bus_peer *p, struct call *c, const struct envelope *e)
{
	const struct rec_type *type = c->def->reply;
	struct arena arena = { 0 };
	void *reply = NULL;
	struct err err;

	if (type != NULL) {
		reply = arena_alloc(&arena, type->size);
		if (rec_unpack(type, reply, e->body, e->nbody, &arena, &err) ==
		    -1) {
			arena_release(&arena);
			err_add(&err, "%s: reply to %s", p->url, c->def->name);
			call_end(p, c, &err, NULL);
			return;
		}
	}
	call_end(p, c, NULL, reply);
	arena_release(&arena);
}

void
bus_call_hear(struct bus_peer *p, const uint8_t *bytes, size_t n)
{
	struct envelope e;
	struct call *c;
	struct err err;
	uint32_t head;

	if (!bus_frame_take_head(&bytes, &n, &head) ||
	    envelope_unpack(&e, bytes, n, &err) == -1) {
		bus_complain(
		    &p->complaint, loop_now_ms(p->loop), p->url, "no reply", 1);
		bus_line_cut(&p->line->line, NULL);
		return;
	}
	c = (e.flags & ENVELOPE_REPLY) ? call_find(p, e.id) : NULL;
	if (c == NULL)
		return; /* answered before, or too late */
	if (e.flags & ENVELOPE_FAILURE)
		hear_failure(p, c, &e);
	else
		hear_reply(p, c, &e);
}
