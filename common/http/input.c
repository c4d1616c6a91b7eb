/*
 * Bytes in: a request's head, its body, and on to the next one. Each step()
 * looks at what has come and at how far the answer is.
 */
#include <string.h>

#include "common/http/inner.h"

#define HEAD_KEEP_MAX 4096 /* an idle connection keeps no larger room */

/* --- a request's head --- */

/* Where the target's path and host are; the path is copied to room. */
static void
read_target(struct http_req *r, char *room)
{
	const char *path = r->head.target, *at = strstr(path, "://");
	size_t n;

	r->host = NULL;
	if (*path != '/' && at != NULL) {
		at += 3;
		path = at + strcspn(at, "/?");
		n = (size_t)(path - at);
		memcpy(room, at, n);
		room[n] = '\0';
		r->host = room;
		room += n + 1;
	}
	n = strcspn(path, "?");
	memcpy(room, path, n);
	room[n] = '\0';
	r->path = room;
	if (n == 0)
		r->path = "/";
}

/* Room for the table, the text, and the target once more. */
static char *
head_room(struct http_conn *c, const char *p, size_t n, size_t *max_fields)
{
	size_t lines = 0, line1 = 0;
	const char *lf = p, *end = p + n;

	while (
	    lf < end && (lf = memchr(lf, '\n', (size_t)(end - lf))) != NULL) {
		lf++;
		if (lines++ == 0)
			line1 = (size_t)(lf - p);
	}
	*max_fields = lines - 2;
	if (*max_fields > c->server->limits.max_fields)
		*max_fields = c->server->limits.max_fields;
	buf_reset(&c->head);
	return buf_reserve(
	    &c->head, *max_fields * sizeof(struct http_field) + n + line1 + 2);
}

/* Reads the whole head of n bytes. -1 when it was refused. */
static int
take_head(struct http_conn *c, const char *p, size_t n)
{
	struct http_req *r = &c->req;
	size_t max_fields;
	char *room = head_room(c, p, n, &max_fields);
	char *text = room + max_fields * sizeof(struct http_field);

	memcpy(text, p, n);
	memset(&r->head, 0, sizeof r->head);
	r->head.kind = HTTP_KIND_REQUEST;
	r->head.fields = (struct http_field *)(void *)room;
	http_msg_begin(&c->msg, HTTP_KIND_REQUEST);
	if (http_msg_head(&c->msg, &r->head, text, n, max_fields, false) ==
	    -1) {
		conn_refuse(c, c->msg.fault, c->msg.why);
		return -1;
	}
	http_head_terminate(&r->head, text);
	read_target(r, text + n);
	c->server->stats.requests++;
	c->active = true;
	c->close_after = !c->msg.keep_alive || c->server->draining;
	r->expect = r->head.expect && !c->msg.done;
	r->collect = c->server->ops->on_body == NULL;
	r->max_body = c->server->limits.max_body;
	return 0;
}

/* The body is through: those who wait for it are told. */
static void
body_done(struct http_conn *c)
{
	struct http_server *s = c->server;
	struct http_req *r = &c->req;

	r->told_end = true;
	if (!r->shown) {
		r->shown = true;
		s->ops->on_request(s->ctx, r);
	} else if (s->ops->on_end != NULL && r->phase != HTTP_ENDED) {
		s->ops->on_end(s->ctx, r);
	}
}

/* Shows a streamed request, or begins to collect. */
static void
begin_request(struct http_conn *c)
{
	struct http_server *s = c->server;
	struct http_req *r = &c->req;

	if (!r->collect) {
		r->shown = true;
		s->ops->on_request(s->ctx, r);
		if (c->dead || !c->active || s->doomed)
			return;
	}
	if (r->collect && r->head.length > (int64_t)r->max_body) {
		conn_refuse(c, 413, "body is too large");
		return;
	}
	if (r->phase == HTTP_WAITING && !r->paused)
		answer_continue(c);
}

/* One empty line before a request is forgiven (RFC 9112, 2.2). */
static bool
skip_empty_line(struct http_conn *c)
{
	if (c->nview < 2 || c->scanned > 0 || memcmp(c->view, "\r\n", 2) != 0)
		return false;
	c->view += 2;
	c->nview -= 2;
	return true;
}

static bool
step_head(struct http_conn *c)
{
	ssize_t n;

	if (c->nview == 0 || (skip_empty_line(c) && c->nview == 0))
		return false;
	n = http_head_end(c->view, c->nview, &c->scanned);
	if (n == -1) {
		conn_refuse(c, 400, "a line ends without CR");
		return false;
	}
	if ((n == 0 ? c->nview : (size_t)n) > c->server->limits.max_head) {
		conn_refuse(c, 431, "the head is too large");
		return false;
	}
	if (n == 0)
		return false;
	c->scanned = 0;
	if (take_head(c, c->view, (size_t)n) == -1)
		return false;
	c->view += n;
	c->nview -= (size_t)n;
	begin_request(c);
	return true;
}

/* --- its body --- */

static void
collect(struct http_conn *c, const char *p, size_t n)
{
	struct http_server *s = c->server;

	if (c->req.body.len + n > c->req.max_body) {
		conn_refuse(c, 413, "body is too large");
	} else if (s->nbodies + n > HTTP_MAX_BODIES) {
		conn_refuse(c, 503, "too many large bodies at a time");
	} else {
		buf_add(&c->req.body, p, n);
		s->nbodies += n;
	}
}

/* Where decoded bytes go; false when the connection is not to go on. */
static bool
deliver(struct http_conn *c, const char *p, size_t n)
{
	struct http_server *s = c->server;
	struct http_req *r = &c->req;

	if (r->phase == HTTP_ENDED) {
		r->discarded += n;
		if (r->discarded > HTTP_DISCARD_MAX)
			c->close_after = c->unclean = true;
	} else if (r->collect) {
		collect(c, p, n);
	} else {
		s->ops->on_body(s->ctx, r, p, n);
	}
	return c->active && !c->dead && !s->doomed;
}

static bool
step_body(struct http_conn *c)
{
	size_t n = 0;
	ssize_t took;
	char *p = c->view;

	if (c->nview == 0)
		return false;
	took = http_msg_body(&c->msg, p, c->nview, &n);
	if (took == -1) {
		conn_refuse(c, c->msg.fault, c->msg.why);
		return false;
	}
	c->view += took;
	c->nview -= (size_t)took;
	return n == 0 || deliver(c, p, n);
}

/* --- from request to request --- */

void
input_finish(struct http_conn *c)
{
	answer_reset(&c->req);
	c->active = false;
	if (c->head.cap > HEAD_KEEP_MAX)
		buf_release(&c->head);
	if (c->nview > 0 && c->close_after)
		c->unclean = true;
}

bool
input_is_paused(const struct http_conn *c)
{
	return c->active && c->req.paused && c->req.phase != HTTP_ENDED;
}

/* One step of the input; false when it can go no further now. */
static bool
step(struct http_conn *c)
{
	struct http_req *r = &c->req;

	if (c->dead || c->server->doomed || c->fd == -1)
		return false;
	if (c->lingering || (c->close_after && !c->active)) {
		c->unclean = c->unclean || c->nview > 0;
		c->nview = 0;
		return false;
	}
	if (!c->active)
		return http_out_pending(&c->out) <= HTTP_OUT_HIGH &&
		       step_head(c);
	if (r->phase == HTTP_ENDED && (c->msg.done || c->unclean)) {
		input_finish(c);
		return true;
	}
	if (input_is_paused(c))
		return false;
	if (!c->msg.done)
		return step_body(c);
	if (r->told_end)
		return false;
	body_done(c);
	return true;
}

size_t
input_feed(struct http_conn *c, char *p, size_t n)
{
	c->view = p;
	c->nview = n;
	c->busy++;
	while (step(c))
		continue;
	c->busy--;
	c->view = NULL;
	n -= c->nview;
	c->nview = 0;
	return n;
}
