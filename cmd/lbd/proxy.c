#include "cmd/lbd/proxy.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cmd/lbd/access.h"
#include "cmd/lbd/match.h"
#include "cmd/lbd/tunnel.h"
#include "cmd/lbd/worker.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"

/* A request under way. It ends in finish(), whoever comes first: the answer,
 * the client's leaving, or a failure. */
struct passage {
	struct worker *w;
	struct view *view;
	struct http_req *r;     /* NULL once answered or gone */
	struct http_call *call; /* NULL while there is none */
	struct rtable_hit hit;
	struct upstream *up;
	struct loop_timer *patience; /* for the answer's head; NULL: endless */
	struct buf sent; /* the body so far, while it may be needed again */
	bool replayable; /* sent has all of it */
	bool websocket;
	bool body_ended;
	unsigned ntries;
	int64_t start_ns;
};

static const struct http_call_ops call_ops;

static int64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * CLOCK_NS_PER_S + ts.tv_nsec;
}

static void
add_count(_Atomic uint64_t *c, uint64_t n)
{
	atomic_store_explicit(c,
	    atomic_load_explicit(c, memory_order_relaxed) + n,
	    memory_order_relaxed);
}

static void
count_status(struct worker *w, int status)
{
	if (status >= 100 && status < 600)
		add_count(&w->counts.status[status / 100], 1);
}

static void
count_time(struct worker *w, int64_t start_ns)
{
	uint64_t took = (uint64_t)(now_ns() - start_ns);

	add_count(&w->counts.ns, took);
	add_count(&w->counts.timed, 1);
	if (took > w->counts.max_ns)
		w->counts.max_ns = took;
}

/* Forgets the request; what is open of it must be closed before. */
static void
finish(struct passage *p)
{
	if (p->r != NULL)
		http_req_set_data(p->r, NULL);
	if (p->up != NULL)
		upstream_drop(p->w, p->up);
	view_drop(p->w, p->view);
	loop_timer_free(p->patience);
	buf_release(&p->sent);
	free(p);
}

/* --- choosing --- */

static bool
is_spared(struct passage *p, const struct target *t)
{
	const struct view *v = p->view;
	const struct upstream *u =
	    v == p->w->view ? v->upstreams[t->upstream] : NULL;

	return u != NULL && u->down_until_ms > loop_now_ms(p->w->loop);
}

/* The next target of the route after this one that is worth asking, or NULL.
 * One without a share of the traffic is not. */
static const struct target *
next_target(struct passage *p, const struct target *t)
{
	const struct rtable_route *r = p->hit.route;
	size_t at = (size_t)(t - r->targets);

	for (size_t i = 1; i < r->ntargets; i++) {
		const struct target *other =
		    &r->targets[(at + i) % r->ntargets];

		if (other->weight > 0 && other->upstream != t->upstream &&
		    other->redirect == 0 && !is_spared(p, other))
			return other;
	}
	return NULL;
}

static bool
find_route(struct worker *w, struct view *v, struct http_req *r, bool same,
    struct rtable_hit *hit)
{
	struct rtable_reader reader = { v->options->strategy, &w->rng,
		v->turns };
	struct rtable_query q = { .host = http_host(r),
		.path = buf_str(&w->clean),
		.npath = w->clean.len,
		.query = http_query(r) };

	q.nhost = strlen(q.host);
	q.sent_path = same ? http_path(r) : q.path;
	q.nsent_path = strlen(q.sent_path);
	q.forwarded_proto = http_field(r, "X-Forwarded-Proto");
	return rtable_lookup(v->table, &reader, &q, hit, &w->location);
}

/* --- answers of our own --- */

static void
answer_text(struct worker *w, struct http_req *r, int status, const char *text)
{
	count_status(w, status);
	http_reply(r, status, "text/plain; charset=utf-8", text, strlen(text));
}

static void
answer_no_route(struct worker *w, struct view *v, struct http_req *r)
{
	const struct options *o = v->options;

	add_count(&w->counts.no_route, 1);
	count_status(w, o->no_route_status);
	if (o->no_route_len > 0)
		http_reply(r, o->no_route_status, "text/html; charset=utf-8",
		    o->no_route_page, o->no_route_len);
	else
		http_reply(r, o->no_route_status, NULL, NULL, 0);
}

static void
answer_redirect(struct worker *w, struct http_req *r, int status)
{
	add_count(&w->counts.redirects, 1);
	count_status(w, status);
	http_add(r, "Location", buf_str(&w->location));
	http_reply(r, status, NULL, NULL, 0);
}

static bool
is_denied(const struct target *t, struct http_req *r)
{
	const struct http_field *f;
	const char *ip;
	char addr[64];
	size_t n, nfields;

	if (t->access.nnets == 0)
		return false;
	if (forward_peer_ip(http_peer(r), &ip, &n, NULL) == -1 ||
	    n >= sizeof addr)
		return true;
	memcpy(addr, ip, n);
	addr[n] = '\0';
	if (access_denies(&t->access, addr))
		return true;
	f = http_fields(r, &nfields);
	for (size_t i = 0; i < nfields; i++)
		if (strcasecmp(f[i].name, "X-Forwarded-For") == 0 &&
		    access_denies_list(&t->access, f[i].value))
			return true;
	return false;
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

/* Asks the target; what the body has brought so far is sent again. */
static int
start_call(struct passage *p, struct err *err)
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

static void
fail(struct passage *p, int status)
{
	struct http_req *r = p->r;

	add_count(&p->w->counts.failed, 1);
	count_status(p->w, status);
	http_req_set_data(r, NULL);
	p->r = NULL;
	if (http_has_begun(r))
		http_abort(r);
	else
		http_reply(r, status, NULL, NULL, 0);
	finish(p);
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
	other = next_target(p, p->hit.target);
	if (other == NULL)
		return false;
	add_count(&p->w->counts.retries, 1);
	upstream_drop(p->w, p->up);
	p->up = NULL;
	p->hit.target = other;
	if (start_call(p, &err) == -1)
		fail(p, 500);
	return true;
}

static void
on_answer(void *ctx, const struct err *err, const struct http_answer *answer)
{
	struct passage *p = ctx;
	struct http_req *r = p->r;

	p->call = NULL;
	if (err == NULL) {
		count_time(p->w, p->start_ns);
		http_req_set_data(r, NULL);
		p->r = NULL;
		http_end(r);
		finish(p);
		return;
	}
	if (answer != NULL && !answer->sent)
		p->up->down_until_ms = loop_now_ms(p->w->loop) + WORKER_DOWN_MS;
	if (try_another(p, answer))
		return;
	log_warn("upstream failed upstream=%s service=%s error=\"%s\"",
	    p->up->name, p->hit.target->service, err->text);
	fail(p, status_of(err));
}

static void
on_impatient(void *arg)
{
	struct passage *p = arg;

	log_warn("upstream is too slow upstream=%s service=%s", p->up->name,
	    p->hit.target->service);
	http_call_cancel(p->call);
	p->call = NULL;
	fail(p, 504);
}

/* --- to the client --- */

static void
copy_fields(struct http_req *r, const struct http_answer *a)
{
	for (size_t i = 0; i < a->nfields; i++) {
		const struct http_field *f = &a->fields[i];

		if (!forward_is_hop(f->name, f->name_len) &&
		    !forward_is_named(
			a->fields, a->nfields, f->name, f->name_len))
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
		w->tunnels[w->ntunnels++] = tunnel_new(
		    w->loop, client, &to_client, up, &to_up, on_tunnel_done, w);
		atomic_fetch_add(&w->counts.tunnels, 1);
	}
	buf_release(&rest);
	buf_release(&more);
	buf_release(&to_up);
	buf_release(&to_client);
	p->r = NULL;
	finish(p);
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
	count_status(p->w, a->status);
	if (a->status == 101 && p->websocket) {
		switch_protocols(p, a);
		return;
	}
	if (a->status == 101) {
		http_call_cancel(p->call);
		p->call = NULL;
		fail(p, 502);
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

/* --- from the client --- */

/* Whether the request goes no further than us. */
static bool
answer_here(struct worker *w, struct view *v, struct http_req *r,
    const struct rtable_hit *hit)
{
	const struct target *t = hit->target;

	if (is_denied(t, r)) {
		add_count(&w->counts.denied, 1);
		answer_text(w, r, 403, "access denied\n");
	} else if (t->auth[0] != '\0') {
		/* No scheme is configured: whatever it names is unknown. */
		add_count(&w->counts.denied, 1);
		answer_text(w, r, 401, "authorization failed\n");
	} else if (t->redirect != 0) {
		answer_redirect(w, r, t->redirect);
	} else if (t->scheme != TARGET_HTTP) {
		log_warn("a request meets a target that does not speak plain "
			 "HTTP service=%s target=%s",
		    t->service, t->dst);
		add_count(&w->counts.failed, 1);
		answer_text(w, r, 502, "");
	} else {
		return false;
	}
	(void)v;
	return true;
}

static void
pass_on(struct worker *w, struct view *v, struct http_req *r,
    const struct rtable_hit *hit)
{
	struct passage *p = xcalloc(1, sizeof *p);
	const char *upgrade = http_field(r, "Upgrade");
	struct err err;

	p->w = w;
	p->view = v;
	p->r = r;
	p->hit = *hit;
	p->replayable = true;
	p->start_ns = now_ns();
	p->websocket = upgrade != NULL && http_wants_upgrade(r) &&
		       strcasecmp(upgrade, "websocket") == 0;
	if (v->options->header_ms > 0)
		p->patience = loop_timer_new(w->loop, on_impatient, p);
	if (is_spared(p, hit->target)) {
		const struct target *other = next_target(p, hit->target);

		if (other != NULL)
			p->hit.target = other;
	}
	http_req_set_data(r, p);
	if (start_call(p, &err) == -1)
		fail(p, 500);
}

static void
on_request(void *ctx, struct http_req *r)
{
	struct worker *w = ctx;
	struct view *v = view_hold(w);
	const char *path = http_path(r);
	struct rtable_hit hit;
	bool same;

	add_count(&w->counts.requests, 1);
	buf_reset(&w->clean);
	if (match_clean_path(path, strlen(path), &w->clean, &same) == -1)
		answer_text(w, r, 400, "the path has a wrong escape\n");
	else if (strcmp(http_method(r), "CONNECT") == 0)
		answer_text(w, r, 405, "");
	else if (!find_route(w, v, r, same, &hit))
		answer_no_route(w, v, r);
	else if (!answer_here(w, v, r, &hit)) {
		pass_on(w, v, r, &hit);
		return;
	}
	view_drop(w, v);
}

static void
on_body(void *ctx, struct http_req *r, const char *data, size_t n)
{
	struct passage *p = http_req_data(r);

	(void)ctx;
	if (p == NULL || p->call == NULL)
		return;
	if (p->replayable && p->sent.len + n <= PROXY_MAX_REPLAY) {
		buf_add(&p->sent, data, n);
	} else if (p->replayable) {
		p->replayable = false;
		buf_release(&p->sent);
	}
	if (!http_call_write(p->call, data, n))
		http_req_pause(r);
}

static void
on_end(void *ctx, struct http_req *r)
{
	struct passage *p = http_req_data(r);

	(void)ctx;
	if (p == NULL)
		return;
	p->body_ended = true;
	if (p->call != NULL)
		http_call_end(p->call);
}

static void
on_gone(void *ctx, struct http_req *r)
{
	struct passage *p = http_req_data(r);
	struct worker *w = ctx;

	add_count(&w->counts.gone, 1);
	if (p == NULL)
		return;
	if (p->call != NULL)
		http_call_cancel(p->call);
	p->call = NULL;
	p->r = NULL;
	finish(p);
}

const struct http_ops proxy_ops = {
	.on_request = on_request,
	.on_body = on_body,
	.on_end = on_end,
	.on_gone = on_gone,
};
