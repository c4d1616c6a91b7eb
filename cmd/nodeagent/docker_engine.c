#include "cmd/nodeagent/docker_engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/nodeagent/docker_answer.h"
#include "common/http/http.h"
#include "common/log.h"
#include "common/mem.h"

#define FILE_PIECE 65536
#define IDLE_MS    60000 /* a kept connection saves a task's start the dial */

struct docker_call {
	TAILQ_ENTRY(docker_call) entry;
	struct docker_engine *engine;
	struct http_call *http;
	docker_on_open *on_open;
	docker_on_piece *on_piece;
	docker_on_reply *on_reply;
	void *ctx;
	int file;           /* the body's rest; -1: none */
	uint64_t left;      /* bytes of it */
	char *what;         /* of one that nobody waits for */
	int status;         /* of an answer in pieces */
	struct buf refusal; /* what such a one says that is no success */
};

struct docker_engine {
	struct loop *loop;
	struct http_client *client;
	TAILQ_HEAD(docker_calls, docker_call) calls;
	char api[24]; /* "/v1.41"; "": not known */
	void (*on_trouble)(void *ctx);
	void *ctx;
};

/* "unix:///run/x.sock" to "unix:/run/x.sock", "tcp://h:1" to "h:1". */
static const char *
http_address(const char *endpoint, char *out, size_t size)
{
	if (strncmp(endpoint, "unix://", 7) == 0)
		snprintf(out, size, "unix:%s", endpoint + 7);
	else if (strncmp(endpoint, "tcp://", 6) == 0)
		snprintf(out, size, "%s", endpoint + 6);
	else
		snprintf(out, size, "%s", endpoint);
	return out;
}

struct docker_engine *
docker_engine_new(struct loop *l, const char *endpoint,
    void (*on_trouble)(void *ctx), void *ctx)
{
	struct docker_engine *e = xcalloc(1, sizeof *e);
	struct http_client_opts opts;
	char addr[512];

	e->loop = l;
	e->on_trouble = on_trouble;
	e->ctx = ctx;
	TAILQ_INIT(&e->calls);
	e->client =
	    http_client_new(l, http_address(endpoint, addr, sizeof addr));
	http_client_opts_init(&opts);
	opts.max_conns = DOCKER_MAX_CONNS;
	opts.max_body = DOCKER_MAX_BODY;
	opts.idle_ms = IDLE_MS;
	http_client_set(e->client, &opts);
	return e;
}

static void
close_file(struct docker_call *call)
{
	if (call->file != -1)
		close(call->file);
	call->file = -1;
}

static void
call_free(struct docker_call *call)
{
	TAILQ_REMOVE(&call->engine->calls, call, entry);
	buf_release(&call->refusal);
	close_file(call);
	free(call->what);
	free(call);
}

void
docker_engine_free(struct docker_engine *e)
{
	struct docker_call *call;

	if (e == NULL)
		return;
	while ((call = TAILQ_FIRST(&e->calls)) != NULL)
		docker_call_cancel(call);
	http_client_free(e->client);
	free(e);
}

void
docker_engine_set_api(struct docker_engine *e, const char *version)
{
	snprintf(e->api, sizeof e->api, "/v%s", version);
}

/* --- answers --- */

static void
finish(struct docker_call *call, const struct docker_reply *r)
{
	struct docker_engine *e = call->engine;
	docker_on_reply *on_reply = call->on_reply;
	void *ctx = call->ctx;
	bool trouble =
	    r->status == 0 && (r->code == ERR_GONE || r->code == ERR_TIMEOUT);

	call->http = NULL;
	/* Before the reply, which may free the engine. */
	if (trouble && e->on_trouble != NULL)
		e->on_trouble(e->ctx);
	if (on_reply != NULL)
		on_reply(ctx, r);
	else if (r->why != NULL && r->status != 404 && r->status != 409)
		log_warn("docker: %s: %s", call->what, r->why);
}

static void
on_answer(void *ctx, const struct err *err, const struct http_answer *a)
{
	struct docker_call *call = ctx;
	struct docker_reply r = { .body = "" };
	char why[1024];

	TAILQ_REMOVE(&call->engine->calls, call, entry);
	if (err != NULL) {
		r.code = err->code;
		r.why = err->text;
	} else {
		r.status = a->status;
		r.body =
		    call->on_piece != NULL ? buf_str(&call->refusal) : a->body;
		r.len = call->on_piece != NULL ? call->refusal.len : a->len;
		if (a->status >= 400) {
			docker_error_text(
			    a->status, r.body, r.len, why, sizeof why);
			r.why = why;
		}
	}
	finish(call, &r);
	buf_release(&call->refusal);
	close_file(call);
	free(call->what);
	free(call);
}

static void
on_head(void *ctx, const struct http_answer *a)
{
	struct docker_call *call = ctx;

	call->status = a->status;
	if (a->status < 300 && call->on_open != NULL)
		call->on_open(call->ctx);
}

static void
on_piece(void *ctx, const char *p, size_t n)
{
	struct docker_call *call = ctx;

	if (call->status < 300)
		call->on_piece(call->ctx, p, n);
	else if (call->refusal.len + n <= DOCKER_MAX_ERROR)
		buf_add(&call->refusal, p, n);
}

/* --- asking --- */

static void
put_fields(struct buf *b, const struct docker_ask *ask)
{
	buf_adds(b, "Host: docker\r\n");
	if (ask->has_file)
		buf_adds(b, "Content-Type: application/x-tar\r\n");
	else if (ask->body != NULL)
		buf_adds(b, "Content-Type: application/json\r\n");
	if (ask->auth != NULL)
		buf_addf(b, "X-Registry-Auth: %s\r\n", ask->auth);
}

/* As much of the file as there is room for. One that has become shorter ends
 * with zeros, which no archive minds less than we. */
static void
write_file(void *ctx)
{
	struct docker_call *call = ctx;
	char bytes[FILE_PIECE];
	bool room = true;

	while (room && call->left > 0) {
		size_t n = call->left < sizeof bytes ? (size_t)call->left
						     : sizeof bytes;
		ssize_t got = read(call->file, bytes, n);

		if (got <= 0) {
			memset(bytes, 0, n);
			got = (ssize_t)n;
		}
		call->left -= (uint64_t)got;
		room = http_call_write(call->http, bytes, (size_t)got);
	}
	if (call->left > 0 || call->file == -1)
		return;
	close_file(call);
	http_call_end(call->http);
}

static uint64_t
file_size(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_size > 0 ? (uint64_t)st.st_size : 0;
}

struct docker_call *
docker_engine_ask(struct docker_engine *e, const struct docker_ask *ask)
{
	struct docker_call *call = xcalloc(1, sizeof *call);
	struct http_call_ops ops = { .on_answer = on_answer,
		.on_head = ask->on_piece != NULL ? on_head : NULL,
		.on_piece = ask->on_piece != NULL ? on_piece : NULL,
		.on_room = ask->has_file ? write_file : NULL };
	size_t n = ask->body != NULL ? strlen(ask->body) : 0;
	struct buf target = { 0 }, fields = { 0 };

	*call = (struct docker_call){ .engine = e,
		.on_open = ask->on_open,
		.file = ask->has_file ? ask->file : -1,
		.left = ask->has_file ? file_size(ask->file) : 0,
		.on_piece = ask->on_piece,
		.on_reply = ask->on_reply,
		.ctx = ask->ctx };
	TAILQ_INSERT_TAIL(&e->calls, call, entry);
	if (!ask->unversioned)
		buf_adds(&target, e->api);
	buf_adds(&target, ask->path);
	put_fields(&fields, ask);
	call->http =
	    http_call_begin(e->client, ask->method, target.data, fields.data,
		fields.len, ask->has_file ? (int64_t)call->left : (int64_t)n,
		ask->timeout_ms, &ops, call);
	if (n > 0)
		http_call_write(call->http, ask->body, n);
	if (ask->has_file)
		write_file(call);
	else
		http_call_end(call->http);
	buf_release(&target);
	buf_release(&fields);
	return call;
}

void
docker_call_cancel(struct docker_call *call)
{
	if (call == NULL)
		return;
	http_call_cancel(call->http);
	call_free(call);
}

void
docker_engine_tell(
    struct docker_engine *e, const char *method, const char *path)
{
	struct docker_ask ask = {
		.method = method, .path = path, .timeout_ms = DOCKER_REMOVE_MS
	};
	struct docker_call *call = docker_engine_ask(e, &ask);

	call->what = xasprintf("%s %s", method, path);
}
