#include "common/http/msg.h"

#include <string.h>

static int
on_headers_complete(http_parser *p)
{
	struct http_msg *m = p->data;

	m->saw_head = true;
	return m->bodiless ? 1 : 0;
}

/* Content moves down over the framing, so a batch comes out in one piece. */
static int
on_body(http_parser *p, const char *at, size_t n)
{
	struct http_msg *m = p->data;

	if (m->out != at)
		memmove(m->out, at, n);
	m->out += n;
	return 0;
}

static int
on_message_complete(http_parser *p)
{
	struct http_msg *m = p->data;

	m->saw_end = true;
	http_parser_pause(p, 1);
	return 0;
}

static const http_parser_settings settings = {
	.on_headers_complete = on_headers_complete,
	.on_body = on_body,
	.on_message_complete = on_message_complete,
};

void
http_msg_begin(struct http_msg *m, enum http_kind kind)
{
	memset(m, 0, sizeof *m);
	http_parser_init(&m->parser,
	    kind == HTTP_KIND_REQUEST ? HTTP_REQUEST : HTTP_RESPONSE);
	m->parser.data = m;
}

static int
refuse(struct http_msg *m, int status, const char *why)
{
	m->fault = status;
	m->why = why;
	return -1;
}

/* http-parser's verdict on n bytes that our check has let pass. */
static int
second_opinion(struct http_msg *m, const char *p, size_t n)
{
	enum http_errno err;
	size_t took;

	/* A pause only marks a message's end; nothing comes after it here. */
	took = http_parser_execute(&m->parser, &settings, p, n);
	err = HTTP_PARSER_ERRNO(&m->parser);
	if (err == HPE_INVALID_METHOD)
		return refuse(m, 501, "unknown method");
	if (err != HPE_OK && err != HPE_PAUSED)
		return refuse(m, 400, http_errno_description(err));
	if (took != n)
		return refuse(m, 400, "ambiguous message");
	return 0;
}

static void
set_framing(struct http_msg *m, const struct http_head *h)
{
	if (m->bodiless) {
		m->done = true;
	} else if (h->chunked) {
		m->framing = HTTP_CHUNKED;
	} else if (h->length >= 0 || h->kind == HTTP_KIND_REQUEST) {
		m->framing = HTTP_SIZED;
		m->left = h->length > 0 ? (uint64_t)h->length : 0;
		m->done = m->left == 0;
	} else {
		m->framing = HTTP_TO_EOF;
	}
}

int
http_msg_head(struct http_msg *m, struct http_head *h, const char *text,
    size_t n, size_t max_fields, bool to_head)
{
	if (http_head_parse(h, text, n, max_fields) == -1)
		return refuse(m, h->fault, h->why);
	m->bodiless = h->kind == HTTP_KIND_ANSWER &&
		      (to_head || h->status < 200 || h->status == 204 ||
			  h->status == 304);
	if (second_opinion(m, text, n) == -1)
		return -1;
	set_framing(m, h);
	if (m->parser.method == HTTP_CONNECT && h->kind == HTTP_KIND_REQUEST)
		return refuse(m, 501, "CONNECT is not served");
	if (!m->saw_head || m->saw_end != m->done)
		return refuse(m, 400, "ambiguous head");
	m->upgrade = m->parser.upgrade != 0;
	m->keep_alive = http_should_keep_alive(&m->parser) != 0;
	return 0;
}

/* How many of n bytes are this body's. */
static ssize_t
own_share(struct http_msg *m, const char *p, size_t n)
{
	ssize_t took;

	switch (m->framing) {
	case HTTP_SIZED:
		if (n > m->left)
			n = (size_t)m->left;
		m->left -= n;
		m->done = m->left == 0;
		return (ssize_t)n;
	case HTTP_CHUNKED:
		took = http_chunks_check(&m->chunks, p, n, &m->why);
		m->done = m->chunks.done;
		if (took == -1)
			m->fault = 400;
		return took;
	case HTTP_TO_EOF:
		break;
	}
	return (ssize_t)n;
}

ssize_t
http_msg_body(struct http_msg *m, char *p, size_t n, size_t *nout)
{
	ssize_t took;

	*nout = 0;
	if (m->done || n == 0)
		return 0;
	took = own_share(m, p, n);
	if (took == -1)
		return -1;
	m->out = p;
	if (second_opinion(m, p, (size_t)took) == -1)
		return -1;
	if (m->saw_end != m->done)
		return refuse(m, 400, "ambiguous body");
	*nout = (size_t)(m->out - p);
	return took;
}

bool
http_msg_eof(struct http_msg *m)
{
	if (!m->done && m->saw_head && m->framing == HTTP_TO_EOF)
		m->done = true;
	return m->done;
}
