/* A request on its way to its upstream, and the answer on its way back. */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "cmd/lbd/match.h"
#include "cmd/lbd/proxy.h"
#include "cmd/lbd/proxy_impl.h"
#include "cmd/lbd/tunnel.h"
#include "cmd/lbd/worker.h"
#include "common/http/hop.h"
#include "common/log.h"
#include "common/mem.h"

#define COMPLAIN_MS 10000 /* between two log lines about one upstream */

bool
proxy_is_spared(struct passage *p, const struct target *t)
{
	const struct view *v = p->view;
	const struct upstream *u =
	    v == p->w->view ? v->upstreams[t->upstream] : NULL;

	return u != NULL && u->down_until_ms > loop_now_ms(p->w->loop);
}

static bool
is_spared(void *ctx, const struct target *t)
{
	return proxy_is_spared(ctx, t);
}

struct admit_asker
proxy_asker(const struct http_req *r)
{
	struct admit_asker asker = { .peer = http_peer(r) };

	asker.fields = http_fields(r, &asker.nfields);
	return asker;
}

const struct target *
proxy_next_target(struct passage *p, const struct target *t)
{
	struct admit_asker asker = proxy_asker(p->r);

	return admit_next(p->hit.route, t, &asker, is_spared, p);
}

/* --- to the upstream --- */

/* What the target asks to be sent as Host. */
static const char *
host_for(const struct passage *p)
{
	const struct target *t = p->hit.target;

	if (t->set_host[0] == '\0')
		return http_host(p->r);
	return strcmp(t->set_host, "dst") == 0 ? t->url.authority : t->set_host;
}

static int
write_fields(struct passage *p, struct err *err)
{
	struct worker *w = p->w;
	const struct target *t = p->hit.target;
	char id[RNG_UUID_SIZE] = "";
	struct forward_request q = { .peer = http_peer(p->r),
		.host = host_for(p),
		.proto = http_minor(p->r) == 0 ? "HTTP/1.0" : "HTTP/1.1",
		.tls_version = "",
		.tls_cipher = "",
		.websocket = p->websocket,
		.strip = t->strip,
		.new_id = id };

	q.fields = http_fields(p->r, &q.nfields);
	if (p->view->options->forward.request_id[0] != '\0')
		rng_uuid(&w->rng, id);
	buf_reset(&w->fields);
	return forward_fields(&p->view->options->forward, &q, &w->fields, err);
}

static void
write_target(struct passage *p)
{
	struct worker *w = p->w;
	const char *path = http_path(p->r);
	bool same;

	buf_reset(&w->clean);
	buf_reset(&w->line);
	/* It was understood before, or we would not be here. */
	(void)match_clean_path(path, strlen(path), &w->clean, &same);
	forward_target(p->hit.target, same ? path : NULL, strlen(path),
	    buf_str(&w->clean), w->clean.len, http_query(p->r), &w->line);
}

static const struct http_call_ops call_ops;

/* Asks the target; what the body has brought so far is sent again. */
int
proxy_start_call(struct passage *p, struct err *err)
{
	struct worker *w = p->w;

	p->ntries++;
	write_target(p);
	if (write_fields(p, err) == -1)
		return -1;
	p->up = worker_upstream(w, p->view, p->hit.target);
	p->call = http_call_begin(p->up->client, http_method(p->r),
	    buf_str(&w->line), w->fields.data, w->fields.len,
	    http_body_length(p->r), 0, &call_ops, p);
	if (p->sent.len > 0)
		http_call_write(p->call, p->sent.data, p->sent.len);
	if (p->body_ended)
		http_call_end(p->call);
	if (p->patience != NULL)
		loop_timer_set(p->patience, p->view->options->header_ms);
	return 0;
}

void
proxy_fail(struct passage *p, int status)
{
	static const char gone[] = "no instance answers\n";
	struct http_req *r = p->r;

	proxy_count(&p->w->counts.failed, 1);
	proxy_count_status(p->w, status);
	http_req_set_data(r, NULL);
	p->r = NULL;
	if (http_has_begun(r))
		http_abort(r);
	else if (status == 502)
		http_reply(r, status, "text/plain; charset=utf-8", gone,
		    sizeof gone - 1);
	else
		http_reply(r, status, NULL, NULL, 0);
	proxy_finish(p);
}

static int
status_of(const struct err *err)
{
	if (err->code == ERR_TIMEOUT)
		return 504;
	return err->code == ERR_BUSY ? 503 : 502;
}

/* Tries another target when nothing of the request has been sent. */
static bool
try_another(struct passage *p, const struct http_answer *answer)
{
	const struct target *other;
	struct err err;

	if (answer == NULL || answer->sent || !p->replayable ||
	    p->ntries >= PROXY_MAX_TRIES || http_has_begun(p->r))
		return false;
	other = proxy_next_target(p, p->hit.target);
	if (other == NULL)
		return false;
	proxy_count(&p->w->counts.retries, 1);
	upstream_drop(p->w, p->up);
	p->up = NULL;
	p->hit.target = other;
	if (proxy_start_call(p, &err) == -1)
		proxy_fail(p, 500);
	return true;
}

/* Once a while for each upstream: one that is down fails every request. */
static void
complain(const struct passage *p, const char *why)
{
	uint64_t now_ms = loop_now_ms(p->w->loop);
	struct upstream *up = p->up;

	if (up->told_ms != 0 && now_ms - up->told_ms < COMPLAIN_MS) {
		up->untold++;
		return;
	}
	log_warn("upstream failed upstream=%s service=%s error=\"%s\""
		 " untold=%" PRIu64,
	    up->name, p->hit.target->service, why, up->untold);
	up->told_ms = now_ms;
	up->untold = 0;
}

static void
on_answer(void *ctx, const struct err *err, const struct http_answer *answer)
{
	struct passage *p = ctx;
	struct http_req *r = p->r;

	p->call = NULL;
	if (err == NULL) {
		proxy_count_time(p->w, p->start_ns);
		http_req_set_data(r, NULL);
		p->r = NULL;
		http_end(r);
		proxy_finish(p);
		return;
	}
	if (answer != NULL && !answer->sent)
		p->up->down_until_ms = loop_now_ms(p->w->loop) + WORKER_DOWN_MS;
	if (try_another(p, answer))
		return;
	complain(p, err->text);
	proxy_fail(p, status_of(err));
}

void
proxy_on_impatient(void *arg)
{
	struct passage *p = arg;

	complain(p, "no answer in time");
	http_call_cancel(p->call);
	p->call = NULL;
	proxy_fail(p, 504);
}

/* --- to the client --- */

static void
copy_fields(struct http_req *r, const struct http_answer *a)
{
	struct http_hops hops = http_hops_of(a->fields, a->nfields);

	for (size_t i = 0; i < a->nfields; i++) {
		const struct http_field *f = &a->fields[i];

		if (!http_hops_has(&hops, f))
			http_add_field(r, f);
	}
}

static void
on_tunnel_done(void *ctx, struct tunnel *t)
{
	struct worker *w = ctx;

	for (size_t i = 0; i < w->ntunnels; i++)
		if (w->tunnels[i] == t)
			w->tunnels[i] = w->tunnels[--w->ntunnels];
	atomic_fetch_sub(&w->counts.tunnels, 1);
	tunnel_free(t);
}

/* 101: from here on both connections are only bytes. */
static void
switch_protocols(struct passage *p, const struct http_answer *a)
{
	struct worker *w = p->w;
	struct http_req *r = p->r;
	struct buf rest = { 0 }, to_up = { 0 }, more = { 0 }, to_client = { 0 };
	int client, up;

	copy_fields(r, a);
	http_add(r, "Upgrade", "websocket");
	http_add(r, "Connection", "Upgrade");
	http_begin(r, 101, 0);
	up = http_call_upgrade(p->call, &rest, &to_up);
	p->call = NULL;
	http_req_set_data(r, NULL);
	client = http_upgrade(r, &more, &to_client);
	if (client == -1) {
		http_abort(r);
		close(up);
	} else {
		buf_add(&to_client, buf_str(&rest), rest.len);
		buf_add(&to_up, buf_str(&more), more.len);
		w->tunnels = xgrow(w->tunnels, w->ntunnels, &w->tunnels_cap,
		    sizeof *w->tunnels);
		w->tunnels[w->ntunnels++] = tunnel_new(w->loop, client,
		    &to_client, up, &to_up, TUNNEL_IDLE_MS, on_tunnel_done, w);
		atomic_fetch_add(&w->counts.tunnels, 1);
	}
	buf_release(&rest);
	buf_release(&more);
	buf_release(&to_up);
	buf_release(&to_client);
	p->r = NULL;
	proxy_finish(p);
}

static void
on_drained(void *ctx, struct http_req *r)
{
	struct passage *p = http_req_data(r);

	(void)ctx;
	if (p != NULL && p->call != NULL)
		http_call_resume(p->call);
}

static void
on_head(void *ctx, const struct http_answer *a)
{
	struct passage *p = ctx;

	if (p->patience != NULL)
		loop_timer_cancel(p->patience);
	proxy_count_status(p->w, a->status);
	if (a->status == 101 && p->websocket) {
		switch_protocols(p, a);
		return;
	}
	if (a->status == 101) {
		http_call_cancel(p->call);
		p->call = NULL;
		proxy_fail(p, 502);
		return;
	}
	p->up->down_until_ms = 0;
	copy_fields(p->r, a);
	http_begin(p->r, a->status, a->length);
	http_on_drained(p->r, on_drained, NULL);
}

static void
on_piece(void *ctx, const char *data, size_t n)
{
	struct passage *p = ctx;

	if (!http_write(p->r, data, n))
		http_call_pause(p->call);
}

static void
on_room(void *ctx)
{
	struct passage *p = ctx;

	http_req_resume(p->r);
}

static const struct http_call_ops call_ops = {
	.on_head = on_head,
	.on_piece = on_piece,
	.on_answer = on_answer,
	.on_room = on_room,
};
