/* The answer on a connection of the client half: read, parsed, handed on. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/http/client_inner.h"

static void
fail(struct http_link *l, enum err_code code, const char *why)
{
	struct http_call *call = l->call;
	struct err err;

	err_set(&err, code, "%s: %s", l->client->addr, why);
	link_close(l);
	call_finish(call, &err);
}

/* Room for the table and the text; reads the head of n bytes into it. */
static int
read_head(struct http_link *l, struct http_head *h, const char *p, size_t n)
{
	struct http_call *call = l->call;
	size_t max = HTTP_MAX_FIELDS;
	char *room;

	buf_reset(&call->head);
	room = buf_reserve(&call->head, max * sizeof *h->fields + n + 1);
	*h = (struct http_head){ .kind = HTTP_KIND_ANSWER,
		.fields = (struct http_field *)(void *)room };
	room += max * sizeof *h->fields;
	memcpy(room, p, n);
	http_msg_begin(&l->msg, HTTP_KIND_ANSWER);
	if (http_msg_head(&l->msg, h, room, n, max, call->to_head) == -1) {
		fail(l, ERR_BAD, l->msg.why);
		return -1;
	}
	http_head_terminate(h, room);
	return 0;
}

static void
show_head(struct http_link *l, const struct http_head *h)
{
	struct http_call *call = l->call;

	call->shown = true;
	if (call->limits_head)
		call->deadline_ms = UINT64_MAX;
	call->answer = (struct http_answer){ .status = h->status,
		.minor = h->minor,
		.fields = h->fields,
		.nfields = h->nfields,
		.length = l->msg.done && !l->msg.bodiless ? 0 : h->length,
		.sent = true };
	if (call->ops.on_head != NULL)
		call->ops.on_head(call->ctx, &call->answer);
	if (l->call == call && h->status == 101)
		fail(l, ERR_BAD, "an upgrade was not asked for");
}

static bool
step_head(struct http_link *l)
{
	struct http_head h;
	ssize_t n;

	if (l->nview == 0)
		return false;
	l->call->answered = true;
	n = http_head_end(l->view, l->nview, &l->scanned);
	if (n == -1 || l->nview > HTTP_MAX_HEAD + HTTP_READ_SIZE ||
	    n > HTTP_MAX_HEAD || (n == 0 && l->nview > HTTP_MAX_HEAD)) {
		fail(l, ERR_BAD, "the answer's head is no HTTP or too large");
		return false;
	}
	if (n == 0)
		return false;
	l->scanned = 0;
	if (read_head(l, &h, l->view, (size_t)n) == -1)
		return false;
	l->view += n;
	l->nview -= (size_t)n;
	if (h.status < 200 && h.status != 101)
		http_msg_begin(&l->msg, HTTP_KIND_ANSWER);
	else
		show_head(l, &h);
	return true;
}

static void
deliver(struct http_link *l, const char *p, size_t n)
{
	struct http_call *call = l->call;

	if (call->ops.on_piece != NULL)
		call->ops.on_piece(call->ctx, p, n);
	else if (call->body.len + n > l->client->opts.max_body)
		fail(l, ERR_BAD, "the answer is too large");
	else
		buf_add(&call->body, p, n);
}

static bool
step_body(struct http_link *l)
{
	size_t n = 0;
	char *p = l->view;
	ssize_t took;

	if (l->nview == 0)
		return false;
	took = http_msg_body(&l->msg, p, l->nview, &n);
	if (took == -1) {
		fail(l, ERR_BAD, l->msg.why);
		return false;
	}
	l->view += took;
	l->nview -= (size_t)took;
	if (n > 0)
		deliver(l, p, n);
	return true;
}

/* The answer is whole. May the connection serve another call? */
static void
finish(struct http_link *l)
{
	struct http_client *c = l->client;
	struct http_call *call = l->call;
	bool keep = l->msg.keep_alive && call->ended && !c->doomed &&
		    l->msg.framing != HTTP_TO_EOF && l->nview == 0 &&
		    http_out_pending(&l->out) == 0 &&
		    c->nidle < c->opts.max_idle;

	l->call = NULL;
	call->link = NULL;
	if (keep) {
		l->idle = true;
		TAILQ_INSERT_HEAD(&c->idle, l, idle_entry);
		c->nidle++;
		l->deadline_ms = loop_now_ms(c->loop) + c->opts.idle_ms;
		client_want_sweep(c, l->deadline_ms);
	} else {
		link_close(l);
	}
	call_finish(call, NULL);
}

static bool
step(struct http_link *l)
{
	struct http_call *call = l->call;

	if (l->dead || l->client->doomed)
		return false;
	if (call == NULL) {
		/* Nothing was asked: what speaks out of turn is closed. */
		if (l->nview > 0)
			link_close(l);
		return false;
	}
	if (call->paused)
		return false;
	if (!call->shown)
		return step_head(l);
	if (!l->msg.done)
		return step_body(l);
	finish(l);
	return false;
}

/* Parses p[0..n) as far as it goes; returns how much of it is used up. */
static size_t
feed(struct http_link *l, char *p, size_t n)
{
	l->view = p;
	l->nview = n;
	while (step(l))
		continue;
	l->view = NULL;
	n -= l->nview;
	l->nview = 0;
	return n;
}

void
link_resume_input(struct http_link *l)
{
	struct buf in = l->in;
	size_t used = l->in_off;

	l->in = (struct buf){ 0 };
	l->in_off = 0;
	l->busy++;
	used += feed(l, in.data == NULL ? NULL : in.data + used, in.len - used);
	l->busy--;
	l->in = in;
	l->in_off = used;
	if (used == in.len || l->dead) {
		buf_release(&l->in);
		l->in_off = 0;
	}
	link_settle(l);
}

static ssize_t
read_more(struct http_link *l)
{
	char *room = http_read_room();
	ssize_t n;
	size_t used;

	if (l->in.len > 0) {
		buf_drop(&l->in, l->in_off);
		l->in_off = 0;
		room = buf_reserve(&l->in, HTTP_READ_SIZE);
		n = recv(l->fd, room, HTTP_READ_SIZE, MSG_DONTWAIT);
		if (n > 0) {
			l->in.len += (size_t)n;
			link_resume_input(l);
		}
		return n;
	}
	n = recv(l->fd, room, HTTP_READ_SIZE, MSG_DONTWAIT);
	if (n <= 0)
		return n;
	used = feed(l, room, (size_t)n);
	if (used < (size_t)n && !l->dead)
		buf_add(&l->in, room + used, (size_t)n - used);
	return n;
}

/* The server has closed, or the socket has failed. */
static void
on_lost(struct http_link *l, const char *why)
{
	struct http_call *call = l->call;
	char text[ERR_TEXT_MAX / 2];

	if (call != NULL && call->shown && why == NULL &&
	    http_msg_eof(&l->msg)) {
		finish(l);
		return;
	}
	link_close(l);
	if (call == NULL)
		return;
	if (!call->answered && link_tls_why(l) != NULL) {
		snprintf(text, sizeof text, "tls: %s", link_tls_why(l));
		why = text;
	}
	if (why == NULL)
		why = call->answered ? "the answer was cut short"
				     : "closed without an answer";
	call_link_lost(call, why);
}

void
link_on_readable(struct http_link *l)
{
	ssize_t n = read_more(l);

	if (n == 0)
		on_lost(l, NULL);
	else if (n == -1 && errno != EAGAIN && errno != EINTR)
		on_lost(l, strerror(errno));
}
