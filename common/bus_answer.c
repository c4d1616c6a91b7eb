/* Answering a request, and what a handler may ask of it. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <nng/nng.h>

#include "common/bus.h"
#include "common/bus_nng.h"
#include "common/bus_server_impl.h"
#include "common/due.h"

#define SCRATCH_KEPT (64u << 10)

static void
answer(struct bus_req *r, uint8_t flags, const struct rec_type *type,
    const void *body)
{
	struct bus_server *s = r->server;
	struct envelope e = { .flags = ENVELOPE_REPLY | flags, .id = r->id };

	assert(r->state == REQ_HELD);
	e.number = r->def == NULL ? 0 : r->def->number;
	buf_reset(&s->scratch);
	envelope_pack(&e, &s->scratch);
	if (type != NULL)
		rec_pack(type, body, &s->scratch);
	due_remove(&s->dues, &r->due);
	s->nheld--;
	s->stats.replies++;
	arena_release(&r->arena);
	nng_aio_set_msg(r->aio, bus_msg(&s->scratch));
	if (s->scratch.cap > SCRATCH_KEPT)
		buf_release(&s->scratch);
	pthread_mutex_lock(&s->lock);
	r->state = REQ_SENDING;
	pthread_mutex_unlock(&s->lock);
	nng_ctx_send(r->ctx, r->aio);
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
bus_deadline_ms(const struct bus_req *req)
{
	return req->due.at_ms;
}

uint16_t
bus_number(const struct bus_req *req)
{
	return req->def->number;
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
