#include "cmd/lbd/proxy.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cmd/lbd/match.h"
#include "cmd/lbd/proxy_impl.h"
#include "cmd/lbd/worker.h"
#include "common/clock.h"
#include "common/mem.h"

/* Forgets the request; what is open of it must be closed before. */
void
proxy_finish(struct passage *p)
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

/* --- from the client --- */

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
	p->start_ns = clock_mono_ns();
	p->websocket = upgrade != NULL && http_wants_upgrade(r) &&
		       strcasecmp(upgrade, "websocket") == 0;
	if (v->options->header_ms > 0)
		p->patience = loop_timer_new(w->loop, proxy_on_impatient, p);
	if (proxy_is_spared(p, hit->target)) {
		const struct target *other = proxy_next_target(p, hit->target);

		if (other != NULL)
			p->hit.target = other;
	}
	http_req_set_data(r, p);
	if (proxy_start_call(p, &err) == -1)
		proxy_fail(p, 500);
}

static void
on_request(void *ctx, struct http_req *r)
{
	struct worker *w = ctx;
	struct view *v = view_hold(w);
	const char *path = http_path(r);
	struct rtable_hit hit;
	bool same;

	proxy_count(&w->counts.requests, 1);
	buf_reset(&w->clean);
	if (match_clean_path(path, strlen(path), &w->clean, &same) == -1)
		proxy_answer_text(w, r, 400, "the path has a wrong escape\n");
	else if (strcmp(http_method(r), "CONNECT") == 0)
		proxy_answer_text(w, r, 405, "");
	else if (!find_route(w, v, r, same, &hit))
		proxy_answer_no_route(w, v, r);
	else if (!proxy_answer_here(w, r, &hit)) {
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

	proxy_count(&w->counts.gone, 1);
	if (p == NULL)
		return;
	if (p->call != NULL)
		http_call_cancel(p->call);
	p->call = NULL;
	p->r = NULL;
	proxy_finish(p);
}

const struct http_ops proxy_ops = {
	.on_request = on_request,
	.on_body = on_body,
	.on_end = on_end,
	.on_gone = on_gone,
};
