/* Answering a request, and what a handler may ask of it. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/bus.h"
#include "common/bus_server_impl.h"
#include "common/due.h"
#include "common/log.h"
#include "common/mem.h"

#define SCRATCH_KEPT (64u << 10)

/* --- a request's life --- */

struct bus_req *
bus_req_new(struct bus_caller *c)
{
	struct bus_req *r = xcalloc(1, sizeof *r);

	r->server = c->server;
	r->caller = c;
	r->is_held = true;
	LIST_INSERT_HEAD(&c->held, r, entry);
	c->server->nheld++;
	return r;
}

void
bus_req_weigh(struct bus_req *r, size_t nbytes)
{
	r->nbytes = nbytes;
	r->server->held_bytes += nbytes;
}

static void
forget_oldest(struct bus_server *s)
{
	struct bus_req *r = s->ended;

	s->ended = r->next_ended;
	if (s->ended == NULL)
		s->ended_end = &s->ended;
	s->nended--;
	free(r);
}

void
bus_req_orphan(struct bus_req *r)
{
	LIST_REMOVE(r, entry);
	r->caller = NULL;
	LIST_INSERT_HEAD(&r->server->orphans, r, entry);
}

void
bus_forget_body(struct bus_req *r)
{
	arena_release(&r->arena);
	r->region = r->token = "";
	r->server->held_bytes -= r->nbytes;
	r->nbytes = 0;
}

/* It is not held any more, and its arena is empty. */
static void
end(struct bus_req *r)
{
	struct bus_server *s = r->server;

	due_remove(&s->dues, &r->due);
	bus_forget_body(r);
	s->nheld--;
	if (s->heard == r)
		s->heard = NULL;
	r->is_held = false;
	r->caller = NULL;
	LIST_REMOVE(r, entry);
	r->next_ended = NULL;
	*s->ended_end = r;
	s->ended_end = &r->next_ended;
	if (++s->nended > BUS_ENDED_KEPT)
		forget_oldest(s);
}

void
bus_drop_held(struct bus_server *s)
{
	while (!LIST_EMPTY(&s->orphans))
		end(LIST_FIRST(&s->orphans));
	while (s->ended != NULL)
		forget_oldest(s);
}

/* --- answering --- */

static void
compose(struct bus_req *r, uint8_t flags, const struct rec_type *type,
    const void *body)
{
	struct bus_server *s = r->server;
	struct envelope e = { .flags = ENVELOPE_REPLY | flags, .id = r->id };

	e.number = r->def == NULL ? 0 : r->def->number;
	buf_reset(&s->scratch);
	envelope_pack(&e, &s->scratch);
	if (type != NULL)
		rec_pack(type, body, &s->scratch);
}

/* Whoever is to hear it would cut the line instead. */
static void
compose_too_long(struct bus_req *r)
{
	struct err err;
	struct bus_failure f = { .code = ERR_INTERNAL, .text = err.text };

	bus_too_long(&err, ERR_INTERNAL, "the answer", r->server->scratch.len);
	err_add(&err, "%s", r->def->name);
	log_error("not sent socket=%s: %s", r->server->url, err.text);
	compose(r, ENVELOPE_FAILURE, &bus_failure_type, &f);
}

static void
answer(struct bus_req *r, uint8_t flags, const struct rec_type *type,
    const void *body)
{
	struct bus_server *s = r->server;
	struct bus_caller *c = r->caller;
	uint32_t head = r->head;

	assert(r->is_held); /* else answered, or refused at its deadline */
	compose(r, flags, type, body);
	if (s->scratch.len > BUS_MAX_MSG)
		compose_too_long(r);
	end(r);
	s->stats.replies++;
	if (c != NULL)
		bus_line_send(&c->line, &head, &s->scratch);
	if (s->scratch.cap > SCRATCH_KEPT)
		buf_release(&s->scratch);
}

void
bus_reply(struct bus_req *req, const void *reply)
{
	const struct rec_type *type = req->def->reply;

	assert(type == NULL || reply != NULL);
	answer(req, 0, type, reply);
}

void
bus_refuse(struct bus_req *req, const struct err *err)
{
	char text[ERR_TEXT_MAX];
	struct bus_failure f = { .code = (uint64_t)err->code, .text = text };

	memcpy(text, err->text, sizeof text);
	answer(req, ENVELOPE_FAILURE, &bus_failure_type, &f);
}

void
bus_refusef(struct bus_req *req, enum err_code code, const char *fmt, ...)
{
	struct err err = { .code = code };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err.text, sizeof err.text, fmt, ap);
	va_end(ap);
	bus_refuse(req, &err);
}

void
bus_on_expire(
    struct bus_req *req, void (*fn)(void *ctx, struct bus_req *req), void *ctx)
{
	req->on_expire = fn;
	req->on_expire_ctx = ctx;
}

uint64_t
bus_id(const struct bus_req *req)
{
	return req->id;
}

bool
bus_is_repeat(const struct bus_req *req)
{
	return req->repeat;
}

const char *
bus_token(const struct bus_req *req)
{
	return req->token;
}

const char *
bus_region(const struct bus_req *req)
{
	return req->region;
}

uint64_t
bus_left_ms(const struct bus_req *req)
{
	uint64_t now_ms = loop_now_ms(req->server->loop);

	return req->due.at_ms > now_ms ? req->due.at_ms - now_ms : 1;
}
