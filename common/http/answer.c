/* Answers: their heads, their framing, and their way out. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "common/http/inner.h"

#define PLAIN "text/plain; charset=utf-8"

void
answer_reset(struct http_req *r)
{
	struct http_conn *c = conn_of(r);
	struct buf added = r->added;

	c->server->nbodies -= r->body.len;
	buf_release(&r->body);
	buf_release(&r->params);
	buf_reset(&added);
	*r = (struct http_req){ .added = added };
}

/* --- fields --- */

static bool
is_name(const char *name, size_t n, const char *what)
{
	return n == strlen(what) && strncasecmp(name, what, n) == 0;
}

/* Fields that decide where a message ends are the engine's alone. */
static bool
is_framing(const char *name, size_t n)
{
	switch (n) {
	case 10:
		return strncasecmp(name, "Connection", n) == 0;
	case 14:
		return strncasecmp(name, "Content-Length", n) == 0;
	case 17:
		return strncasecmp(name, "Transfer-Encoding", n) == 0;
	default:
		return false;
	}
}

static char *
put(char *to, const char *p, size_t n)
{
	memcpy(to, p, n);
	return to + n;
}

/* Where the value went, or NULL when the engine writes such a field itself. */
static char *
add(struct http_req *r, const char *name, size_t nname, const char *value,
    size_t nvalue)
{
	struct buf *b = &r->added;
	char *to, *at;

	assert(r->phase == HTTP_WAITING);
	if (is_framing(name, nname))
		return NULL;
	r->has_date = r->has_date || is_name(name, nname, "Date");
	r->has_type = r->has_type || is_name(name, nname, "Content-Type");
	to = buf_reserve(b, nname + nvalue + 4);
	at = put(put(to, name, nname), ": ", 2);
	b->len = (size_t)(put(put(at, value, nvalue), "\r\n", 2) - b->data);
	b->data[b->len] = '\0';
	return at;
}

void
http_add(struct http_req *r, const char *name, const char *value)
{
	size_t n = strlen(value);
	char *at;

	for (const char *p = name; *p != '\0'; p++)
		assert(http_is_token((unsigned char)*p));
	at = add(r, name, strlen(name), value, n);
	for (size_t i = 0; at != NULL && i < n; i++)
		if (!http_is_text((unsigned char)at[i]))
			at[i] = ' ';
}

/* The field was read by this engine: nothing in it can be wrong. */
void
http_add_field(struct http_req *r, const struct http_field *f)
{
	add(r, f->name, f->name_len, f->value, f->value_len);
}

void
http_close_after(struct http_req *r)
{
	conn_of(r)->close_after = true;
}

/* --- the head --- */

static const char *
date_line(struct http_server *s)
{
	time_t now_s = (time_t)(loop_wall_ns(s->loop) / 1000000000);
	struct tm tm;

	if (now_s != s->date_s || s->date[0] == '\0') {
		s->date_s = now_s;
		gmtime_r(&now_s, &tm);
		strftime(s->date, sizeof s->date,
		    "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
	}
	return s->date;
}

static void
add_number(struct buf *b, uint64_t n, unsigned base)
{
	char text[24], *p = text + sizeof text;

	do {
		*--p = "0123456789abcdef"[n % base];
		n /= base;
	} while (n > 0);
	buf_add(b, p, (size_t)(text + sizeof text - p));
}

/* A body that is not read to its end keeps no second request waiting. */
static void
decide_closing(struct http_conn *c)
{
	struct http_req *r = &c->req;

	if (c->server->draining)
		c->close_after = true;
	if (c->msg.done)
		return;
	if (r->expect || c->msg.left > HTTP_DISCARD_MAX)
		c->close_after = c->unclean = true;
}

static void
put_framing(struct http_req *r, struct buf *b, int64_t length)
{
	struct http_conn *c = conn_of(r);
	bool never = r->status < 200 || r->status == 204;

	if (length >= 0 && !never && !(r->status == 304 && length == 0)) {
		buf_add(b, "Content-Length: ", 16);
		add_number(b, (uint64_t)length, 10);
		buf_add(b, "\r\n", 2);
	} else if (r->chunked) {
		buf_adds(b, "Transfer-Encoding: chunked\r\n");
	}
	if (r->status == 101)
		buf_adds(b, "Connection: Upgrade\r\n");
	else if (c->close_after)
		buf_adds(b, "Connection: close\r\n");
	else if (r->head.minor == 0)
		buf_adds(b, "Connection: keep-alive\r\n");
}

/* Decides the answer's framing and puts its head at the end of b. */
static void
put_head(struct http_req *r, struct buf *b, int status, const char *type,
    int64_t length)
{
	struct http_conn *c = conn_of(r);

	r->status = status;
	r->left = length;
	r->bodiless =
	    status < 200 || status == 204 || status == 304 ||
	    (r->head.method != NULL && strcmp(r->head.method, "HEAD") == 0);
	r->chunked = length < 0 && !r->bodiless && r->head.minor == 1;
	decide_closing(c);
	if (length < 0 && !r->bodiless && !r->chunked)
		c->close_after = true;
	buf_add(b, "HTTP/1.1 ", 9);
	add_number(b, (uint64_t)status, 10);
	buf_addc(b, ' ');
	buf_adds(b, http_reason(status));
	buf_add(b, "\r\n", 2);
	buf_add(b, r->added.data, r->added.len);
	if (!r->has_date && status >= 200)
		buf_adds(b, date_line(c->server));
	if (type != NULL && !r->has_type) {
		buf_adds(b, "Content-Type: ");
		buf_adds(b, type);
		buf_add(b, "\r\n", 2);
	}
	put_framing(r, b, length);
	buf_add(b, "\r\n", 2);
}

/* --- the way out --- */

/* The socket has failed. A request under way learns it in the next turn. */
static void
on_broken(struct http_conn *c)
{
	c->broken = true;
	http_out_release(&c->out);
	if (c->active && c->req.shown && c->req.phase != HTTP_ENDED)
		loop_fd_want(c->watch, true, true);
	else
		c->dead = true;
}

static void
send_pieces(struct http_conn *c, const struct iovec *pieces, size_t n)
{
	if (c->broken || c->fd == -1)
		return;
	if (http_out_send(&c->out, c->fd, pieces, n) == -1)
		on_broken(c);
}

/* Was a writer stopped who may go on now? */
static bool
may_refill(const struct http_conn *c)
{
	return c->active && c->req.full && !c->broken &&
	       http_out_pending(&c->out) <= HTTP_OUT_HIGH / 4;
}

void
answer_send(struct http_conn *c)
{
	if (http_out_pending(&c->out) > 0)
		send_pieces(c, NULL, 0);
	else
		c->out.blocked = false;
	if (may_refill(c))
		server_run_later(c);
}

void
answer_flush(struct http_conn *c)
{
	struct http_req *r = &c->req;

	answer_send(c);
	if (!may_refill(c))
		return;
	r->full = false;
	if (r->phase == HTTP_BEGUN && r->on_drained != NULL)
		r->on_drained(r->drained_ctx, r);
}

/* Sends at once, or queues where more answers follow or the socket is full. */
static void
send_or_queue(struct http_conn *c, const struct iovec *pieces, size_t n)
{
	if (c->broken)
		return;
	if (!c->out.blocked && c->nview == 0) {
		send_pieces(c, pieces, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		buf_add(&c->out.queue, pieces[i].iov_base, pieces[i].iov_len);
}

void
answer_continue(struct http_conn *c)
{
	static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";

	if (!c->req.expect)
		return;
	c->req.expect = false;
	buf_add(&c->out.queue, text, sizeof text - 1);
	if (!c->out.blocked)
		answer_send(c);
}

/* An answer to what is no request: text, and close. */
void
answer_text(struct http_conn *c, int status, const char *text)
{
	struct buf *b = &c->out.queue;

	c->close_after = true;
	answer_reset(&c->req);
	put_head(&c->req, b, status, PLAIN, (int64_t)strlen(text));
	buf_adds(b, text);
	answer_reset(&c->req);
}

/* --- for applications --- */

void
http_reply(struct http_req *r, int status, const char *type, const void *body,
    size_t n)
{
	struct http_conn *c = conn_of(r);
	struct buf *b = &c->server->scratch;
	struct iovec pieces[2];

	assert(c->active && r->phase == HTTP_WAITING);
	buf_reset(b);
	put_head(r, b, status, type, (int64_t)n);
	pieces[0] = (struct iovec){ .iov_base = b->data, .iov_len = b->len };
	pieces[1] = (struct iovec){ .iov_base = NULL };
	if (!r->bodiless && n > 0) {
		memcpy(&pieces[1].iov_base, &body, sizeof body);
		pieces[1].iov_len = n;
	}
	r->phase = HTTP_ENDED;
	send_or_queue(c, pieces, pieces[1].iov_len > 0 ? 2 : 1);
	conn_answered(c);
}

void
http_fail(struct http_req *r, int status, const char *fmt, ...)
{
	struct buf text = { 0 };
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	http_reply(r, status, PLAIN, text.data, text.len);
	buf_release(&text);
}

void
http_begin(struct http_req *r, int status, int64_t length)
{
	struct http_conn *c = conn_of(r);

	assert(c->active && r->phase == HTTP_WAITING);
	put_head(r, &c->out.queue, status, NULL, length);
	r->phase = HTTP_BEGUN;
	server_run_later(c);
}

/* Whether there is room for more; if not, on_drained tells when there is. */
static bool
note_room(struct http_req *r)
{
	struct http_conn *c = conn_of(r);

	r->full = !c->broken && http_out_pending(&c->out) > HTTP_OUT_HIGH;
	return !r->full;
}

bool
http_write(struct http_req *r, const void *p, size_t n)
{
	static char line_end[] = "\r\n";
	struct http_conn *c = conn_of(r);
	struct iovec pieces[2] = { { 0 } };

	assert(c->active && r->phase == HTTP_BEGUN);
	if (r->bodiless || n == 0 || c->broken)
		return true;
	if (r->left >= 0) {
		assert((int64_t)n <= r->left);
		r->left -= (int64_t)n;
	}
	if (r->chunked) {
		add_number(&c->out.queue, n, 16);
		buf_add(&c->out.queue, "\r\n", 2);
	}
	memcpy(&pieces[0].iov_base, &p, sizeof p);
	pieces[0].iov_len = n;
	pieces[1].iov_base = line_end;
	pieces[1].iov_len = r->chunked ? 2 : 0;
	if (http_out_pending(&c->out) + n >= HTTP_OUT_SOON) {
		send_or_queue(c, pieces, 2);
		/* Somebody else's event may have brought us here. */
		if (c->out.blocked)
			server_run_later(c);
	} else {
		buf_add(&c->out.queue, p, n);
		buf_add(&c->out.queue, line_end, pieces[1].iov_len);
		server_run_later(c);
	}
	return note_room(r);
}

void
http_on_drained(
    struct http_req *r, void (*fn)(void *ctx, struct http_req *r), void *ctx)
{
	r->on_drained = fn;
	r->drained_ctx = ctx;
}

void
http_end(struct http_req *r)
{
	struct http_conn *c = conn_of(r);

	assert(c->active && r->phase == HTTP_BEGUN);
	if (r->left > 0 && !r->bodiless) {
		http_abort(r);
		return;
	}
	if (r->chunked)
		buf_add(&c->out.queue, "0\r\n\r\n", 5);
	r->phase = HTTP_ENDED;
	conn_answered(c);
}

bool
http_has_begun(const struct http_req *r)
{
	return r->phase != HTTP_WAITING;
}

void
http_abort(struct http_req *r)
{
	struct http_conn *c = conn_of(r);

	assert(c->active && r->phase != HTTP_ENDED);
	r->phase = HTTP_ENDED;
	c->active = false;
	c->dead = c->reset = true;
	conn_settle(c);
}

int
http_upgrade(struct http_req *r, struct buf *rest, struct buf *unsent)
{
	struct http_conn *c = conn_of(r);
	int fd = c->fd;

	assert(c->active && r->phase == HTTP_BEGUN);
	if (!c->msg.done || c->broken)
		return -1;
	answer_send(c);
	if (c->broken)
		return -1;
	http_out_take(&c->out, unsent);
	if (c->nview > 0)
		buf_add(rest, c->view, c->nview);
	if (c->in.len > c->in_off)
		buf_add(rest, c->in.data + c->in_off, c->in.len - c->in_off);
	loop_fd_free(c->watch);
	c->watch = NULL;
	c->fd = -1;
	c->active = false;
	c->dead = true;
	conn_settle(c);
	return fd;
}
