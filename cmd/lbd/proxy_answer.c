/* What we answer ourselves, and what is counted. */
#include <string.h>

#include "cmd/lbd/admit.h"
#include "cmd/lbd/proxy_impl.h"
#include "cmd/lbd/worker.h"
#include "common/clock.h"
#include "common/log.h"

void
proxy_count(_Atomic uint64_t *c, uint64_t n)
{
	atomic_store_explicit(c,
	    atomic_load_explicit(c, memory_order_relaxed) + n,
	    memory_order_relaxed);
}

void
proxy_count_status(struct worker *w, int status)
{
	if (status >= 100 && status < 600)
		proxy_count(&w->counts.status[status / 100], 1);
}

void
proxy_count_time(struct worker *w, int64_t start_ns)
{
	uint64_t took = (uint64_t)(clock_mono_ns() - start_ns);

	proxy_count(&w->counts.ns, took);
	proxy_count(&w->counts.timed, 1);
	if (took > w->counts.max_ns)
		w->counts.max_ns = took;
}

void
proxy_answer_text(
    struct worker *w, struct http_req *r, int status, const char *text)
{
	proxy_count_status(w, status);
	http_reply(r, status, "text/plain; charset=utf-8", text, strlen(text));
}

void
proxy_answer_no_route(struct worker *w, struct view *v, struct http_req *r)
{
	const struct options *o = v->options;

	proxy_count(&w->counts.no_route, 1);
	proxy_count_status(w, o->no_route_status);
	if (o->no_route_len > 0)
		http_reply(r, o->no_route_status, "text/html; charset=utf-8",
		    o->no_route_page, o->no_route_len);
	else
		http_reply(r, o->no_route_status, NULL, NULL, 0);
}

static void
answer_redirect(struct worker *w, struct http_req *r, int status)
{
	proxy_count(&w->counts.redirects, 1);
	proxy_count_status(w, status);
	http_add(r, "Location", buf_str(&w->location));
	http_reply(r, status, NULL, NULL, 0);
}

/* Whether the request goes no further than us. */
bool
proxy_answer_here(
    struct worker *w, struct http_req *r, const struct rtable_hit *hit)
{
	const struct target *t = hit->target;
	struct admit_asker asker = proxy_asker(r);

	switch (admit_ask(t, &asker)) {
	case ADMIT_DENIED:
		proxy_count(&w->counts.denied, 1);
		proxy_answer_text(w, r, 403, "access denied\n");
		return true;
	case ADMIT_AUTH:
		proxy_count(&w->counts.denied, 1);
		proxy_answer_text(w, r, 401, "authorization failed\n");
		return true;
	case ADMIT_REDIRECT:
		answer_redirect(w, r, t->redirect);
		return true;
	case ADMIT_UNSPOKEN:
		log_warn("a request meets a target that does not speak plain "
			 "HTTP service=%s target=%s",
		    t->service, t->dst);
		proxy_count(&w->counts.failed, 1);
		proxy_answer_text(w, r, 502, "");
		return true;
	case ADMIT_PASS:
		break;
	}
	return false;
}
