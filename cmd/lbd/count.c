#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/lbd/lbd.h"
#include "cmd/lbd/worker.h"
#include "common/text.h"

/* The workers' counters taken together. */
struct totals {
	uint64_t requests, no_route, redirects, denied, retries, failed, gone;
	uint64_t tunnels, status[6], ns, max_ns, timed;
	struct http_stats http;
};

static void
add_http(struct http_stats *sum, const struct worker_counts *c)
{
	const struct http_stats one = { .conns = c->http.conns,
		.accepted = c->http.accepted,
		.requests = c->http.requests,
		.refused = c->http.refused,
		.truncated = c->http.truncated,
		.crowded = c->http.crowded,
		.timed_out = c->http.timed_out };

	http_stats_add(sum, &one);
}

static void
add_up(const struct lbd *l, struct totals *t)
{
	for (size_t i = 0; i < l->nworkers; i++) {
		const struct worker_counts *c = &l->workers[i].counts;

		t->requests += c->requests;
		t->no_route += c->no_route;
		t->redirects += c->redirects;
		t->denied += c->denied;
		t->retries += c->retries;
		t->failed += c->failed;
		t->gone += c->gone;
		add_http(&t->http, c);
		t->tunnels += c->tunnels;
		for (size_t k = 0; k < 6; k++)
			t->status[k] += c->status[k];
		t->ns += c->ns;
		t->timed += c->timed;
		if (c->max_ns > t->max_ns)
			t->max_ns = c->max_ns;
	}
}

void
lbd_info(struct daemon *d,
    void (*add)(void *ctx, const char *name, const char *value), void *ctx)
{
	const struct lbd *l = d->state;
	struct totals t = { 0 };
	char text[32];
	const struct {
		const char *name;
		uint64_t value;
	} lines[] = {
		{ "routes", l->table->nroutes },
		{ "targets", l->table->ntargets },
		{ "table_version", l->version },
		{ "instances", map_count(&l->sources.instances) },
		{ "workers", l->nworkers },
	};

	add(ctx, "proxy_addr", l->config->proxy_addr);
	add(ctx, "ui_addr", ui_addr(l->ui));
	add(ctx, "nodeagent",
	    l->follow == NULL         ? "not followed"
	    : follow_is_up(l->follow) ? "up"
				      : "gone");
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		snprintf(text, sizeof text, "%" PRIu64, lines[i].value);
		add(ctx, lines[i].name, text);
	}
	add_up(l, &t);
	snprintf(text, sizeof text, "%" PRIu64, t.requests);
	add(ctx, "requests", text);
	snprintf(text, sizeof text, "%" PRIu64, t.tunnels);
	add(ctx, "websockets", text);
	http_stats_info(&t.http, add, ctx);
}

static void
count_statuses(struct meter *m, const struct totals *t)
{
	static const char *const codes[] = { "", "1xx", "2xx", "3xx", "4xx",
		"5xx" };

	for (size_t k = 1; k < 6; k++) {
		const struct rec_kv label = { text_borrow("code"),
			text_borrow(codes[k]) };

		meter_total(
		    m, "lbd.http.status", (double)t->status[k], &label, 1);
	}
}

void
lbd_metrics(struct daemon *d)
{
	struct lbd *l = d->state;
	int64_t wall_ns = loop_wall_ns(d->loop);
	struct meter *m = &l->meter;
	struct totals t = { 0 };

	for (size_t i = 0; i < l->nworkers; i++)
		worker_look(&l->workers[i]);
	add_up(l, &t);
	meter_total(m, "lbd.requests", (double)t.requests, NULL, 0);
	meter_total(m, "lbd.notfound", (double)t.no_route, NULL, 0);
	meter_total(m, "lbd.http.redirect", (double)t.redirects, NULL, 0);
	meter_total(m, "lbd.denied", (double)t.denied, NULL, 0);
	meter_total(m, "lbd.upstream.retries", (double)t.retries, NULL, 0);
	meter_total(m, "lbd.upstream.failed", (double)t.failed, NULL, 0);
	meter_total(m, "lbd.client.gone", (double)t.gone, NULL, 0);
	meter_gauge(m, "lbd.ws.conn", (double)t.tunnels, NULL, 0);
	meter_gauge(m, "lbd.routes", (double)l->table->nroutes, NULL, 0);
	meter_gauge(m, "lbd.targets", (double)l->table->ntargets, NULL, 0);
	count_statuses(m, &t);
	meter_summary(m, "lbd.request_ms", t.timed, (double)t.ns / 1e6,
	    (double)t.max_ns / 1e6);
	meter_runtime(m, wall_ns);
	meter_publish(m, d->pub, wall_ns);
}
