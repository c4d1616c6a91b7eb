/* What was asked: the readers of http.h. */
#include <string.h>

#include "common/http/inner.h"
#include "common/mem.h"

const char *
http_method(const struct http_req *r)
{
	return r->head.method;
}

bool
http_is_read(const struct http_req *r)
{
	return strcmp(r->head.method, "GET") == 0 ||
	       strcmp(r->head.method, "HEAD") == 0;
}

const char *
http_target(const struct http_req *r)
{
	return r->head.target;
}

const char *
http_path(const struct http_req *r)
{
	return r->path;
}

const char *
http_query(const struct http_req *r)
{
	const char *q = strchr(r->head.target, '?');

	return q == NULL ? "" : q + 1;
}

const char *
http_host(const struct http_req *r)
{
	if (r->host != NULL)
		return r->host;
	return r->head.host == NULL ? "" : r->head.host;
}

int
http_minor(const struct http_req *r)
{
	return r->head.minor;
}

const char *
http_field(const struct http_req *r, const char *name)
{
	const struct http_field *f =
	    http_head_find(r->head.fields, r->head.nfields, name);

	return f == NULL ? NULL : f->value;
}

const struct http_field *
http_fields(const struct http_req *r, size_t *n)
{
	*n = r->head.nfields;
	return r->head.fields;
}

const char *
http_body(const struct http_req *r, size_t *n)
{
	*n = r->body.len;
	return buf_str(&r->body);
}

int64_t
http_body_length(const struct http_req *r)
{
	if (r->head.chunked)
		return -1;
	return r->head.length < 0 ? 0 : r->head.length;
}

bool
http_wants_upgrade(const struct http_req *r)
{
	return conn_of(r)->msg.upgrade;
}

const char *
http_peer(const struct http_req *r)
{
	struct http_conn *c = conn_of(r);

	if (c->name == NULL) {
		c->name = xmalloc(HTTP_ADDR_SIZE);
		http_addr_format(&c->sock, 0, c->name);
	}
	return c->name;
}

const char *
http_local(const struct http_req *r)
{
	struct http_conn *c = conn_of(r);
	union http_sock sock = { 0 };
	socklen_t len = sizeof sock;

	if (c->local == NULL) {
		c->local = xmalloc(HTTP_ADDR_SIZE);
		if (getsockname(c->fd, &sock.sa, &len) == -1)
			len = 0;
		http_addr_format(&sock, len, c->local);
	}
	return c->local;
}

void *
http_req_data(const struct http_req *r)
{
	return r->data;
}

void
http_req_set_data(struct http_req *r, void *data)
{
	r->data = data;
}

void
http_collect(struct http_req *r)
{
	r->collect = true;
}

void
http_collect_most(struct http_req *r, size_t max)
{
	r->collect = true;
	r->max_body = max;
}

void
http_req_pause(struct http_req *r)
{
	r->paused = true;
}

void
http_req_resume(struct http_req *r)
{
	struct http_conn *c = conn_of(r);

	if (!r->paused)
		return;
	r->paused = false;
	if (r->phase == HTTP_WAITING)
		answer_continue(c);
	server_run_later(c);
}
