/* Calls: made, written, paused, cancelled, ended. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/http/client_inner.h"
#include "common/http/compose.h"
#include "common/mem.h"

void
call_free(struct http_call *call)
{
	TAILQ_REMOVE(&call->client->calls, call, link_entry);
	if (call->in_run)
		TAILQ_REMOVE(&call->client->run, call, run_entry);
	buf_release(&call->text);
	buf_release(&call->head);
	buf_release(&call->body);
	free(call->failed);
	free(call);
}

void
call_finish(struct http_call *call, const struct err *err)
{
	struct http_answer *a = &call->answer;

	assert(call->link == NULL);
	call->over = true;
	if (err != NULL) {
		*a = (struct http_answer){ .sent = call->sent, .length = -1 };
	} else {
		a->body = buf_str(&call->body);
		a->len = call->body.len;
	}
	call->ops.on_answer(call->ctx, err, a);
	call_free(call);
}

void
call_fail_later(
    struct http_call *call, enum err_code code, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (call->failed == NULL)
		call->failed = xmalloc(sizeof *call->failed);
	err_set(call->failed, code, "%s", text);
	client_run_later(call);
}

/*
 * A server may close a kept connection just when we send on it. A call that
 * met such a one goes out again if that cannot do harm and its text is still
 * there whole.
 */
void
call_link_lost(struct http_call *call, const char *why)
{
	struct err err;

	if (!call->answered && !call->retried && call->text.len > 0) {
		call->retried = true;
		call->sent = false;
		client_assign(call->client, call, true);
		return;
	}
	err_set(&err, ERR_GONE, "%s: %s", call->client->addr, why);
	call_finish(call, &err);
}

/* --- making one --- */

static struct http_call *
call_new(struct http_client *c, const char *method, uint64_t timeout_ms,
    const struct http_call_ops *ops, void *ctx)
{
	struct http_call *call = xcalloc(1, sizeof *call);

	call->client = c;
	call->ops = *ops;
	call->ctx = ctx;
	call->to_head = strcmp(method, "HEAD") == 0;
	call->is_safe = http_is_safe(method);
	call->deadline_ms = UINT64_MAX;
	if (timeout_ms > 0)
		call->deadline_ms = loop_now_ms(c->loop) + timeout_ms;
	client_want_sweep(c, call->deadline_ms);
	TAILQ_INSERT_TAIL(&c->calls, call, link_entry);
	return call;
}

struct http_call *
http_call(struct http_client *c, const char *method, const char *target,
    const char *const *headers, size_t nheaders, const void *body, size_t n,
    uint64_t timeout_ms, http_on_answer *on_answer, http_on_piece *on_piece,
    void *ctx)
{
	const struct http_call_ops ops = { .on_answer = on_answer,
		.on_piece = on_piece };
	struct http_call *call = call_new(c, method, timeout_ms, &ops, ctx);
	struct buf *b = &call->text;

	http_compose_line(b, method, target);
	http_compose_fields(b, c->host, headers, nheaders);
	http_compose_end(b, method, (int64_t)n);
	buf_add(b, body, n);
	call->ended = true;
	client_assign(c, call, false);
	return call;
}

struct http_call *
http_call_begin(struct http_client *c, const char *method, const char *target,
    const char *fields, size_t nfields, int64_t length, uint64_t timeout_ms,
    const struct http_call_ops *ops, void *ctx)
{
	struct http_call *call = call_new(c, method, timeout_ms, ops, ctx);
	struct buf *b = &call->text;

	http_compose_line(b, method, target);
	buf_add(b, fields, nfields);
	http_compose_end(b, method, length);
	call->chunked = length < 0;
	call->left = length;
	/* A request without a body is whole now, and goes out at once. */
	call->ended = length == 0;
	client_assign(c, call, false);
	return call;
}

void
http_call_limit_head(struct http_call *call)
{
	call->limits_head = true;
}

/* --- its body --- */

/* Out on the link, or behind the text that waits for one. */
static void
put(struct http_call *call, const void *p, size_t n)
{
	struct http_link *l = call->link;

	if (call->failed != NULL)
		return;
	if (l == NULL || l->connecting) {
		buf_add(&call->text, p, n);
		return;
	}
	if (call->text.len > 0 && call->text.len + n <= HTTP_REPLAY_MAX)
		buf_add(&call->text, p, n);
	else
		buf_release(&call->text);
	link_send(l, p, n);
}

static size_t
pending(const struct http_call *call)
{
	if (call->link == NULL || call->link->connecting)
		return call->text.len;
	return http_out_pending(&call->link->out);
}

bool
http_call_write(struct http_call *call, const void *p, size_t n)
{
	char size[24];
	struct buf chunk = { 0 };

	assert(!call->ended && (call->chunked || (int64_t)n <= call->left));
	if (n == 0)
		return true;
	call->left -= (int64_t)n;
	if (call->chunked) {
		snprintf(size, sizeof size, "%zx\r\n", n);
		buf_adds(&chunk, size);
		buf_add(&chunk, p, n);
		buf_adds(&chunk, "\r\n");
		put(call, chunk.data, chunk.len);
		buf_release(&chunk);
	} else {
		put(call, p, n);
	}
	call->full = pending(call) > HTTP_OUT_HIGH;
	return !call->full;
}

void
http_call_end(struct http_call *call)
{
	if (call->ended)
		return;
	call->ended = true;
	if (call->chunked) {
		put(call, "0\r\n\r\n", 5);
	} else if (call->left > 0) {
		if (call->link != NULL)
			link_close(call->link);
		call_fail_later(call, ERR_BAD, "the body is too short");
	}
}

/* --- its answer --- */

void
http_call_pause(struct http_call *call)
{
	call->paused = true;
	if (call->link != NULL)
		link_settle(call->link);
}

void
http_call_resume(struct http_call *call)
{
	if (!call->paused)
		return;
	call->paused = false;
	client_run_later(call);
}

void
http_call_cancel(struct http_call *call)
{
	if (call->link != NULL)
		link_close(call->link);
	call_free(call);
}

int
http_call_upgrade(struct http_call *call, struct buf *rest, struct buf *unsent)
{
	struct http_link *l = call->link;
	int fd = l->fd;

	assert(call->answer.status == 101 && call->shown);
	http_out_take(&l->out, unsent);
	if (l->nview > 0)
		buf_add(rest, l->view, l->nview);
	loop_fd_free(l->watch);
	l->watch = NULL;
	l->fd = -1;
	http_call_cancel(call);
	return fd;
}
