#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/lbd/lbd.h"
#include "cmd/lbd/worker.h"
#include "common/mem.h"
#include "proto/metric.h"
#include "proto/msg.h"

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

#define MAX_METRICS 24

static struct metric *
put(struct metrics *m, const char *name, enum metric_kind kind, uint64_t value)
{
	struct metric *one = &m->metrics[m->nmetrics++];

	one->name = xstrdup(name);
	one->kind = (uint64_t)kind;
	one->value = (double)value;
	return one;
}

static void
put_status(struct metrics *m, const struct totals *t)
{
	for (unsigned k = 1; k < 6; k++) {
		struct metric *one =
		    put(m, "lbd.http.status", METRIC_COUNTER, t->status[k]);
		char code[8];

		snprintf(code, sizeof code, "%uxx", k);
		rec_kv_set(&one->labels, &one->nlabels, "code", code);
	}
}

void
lbd_metrics(struct daemon *d)
{
	struct lbd *l = d->state;
	static uint64_t start;
	struct totals t = { 0 };
	struct metrics m = { .source = xstrdup("lbd"),
		.at_ns = loop_wall_ns(d->loop),
		.metrics = xcalloc(MAX_METRICS, sizeof *m.metrics) };
	struct metric *time;

	if (start == 0)
		start = (uint64_t)m.at_ns;
	m.start = start;
	for (size_t i = 0; i < l->nworkers; i++)
		worker_look(&l->workers[i]);
	add_up(l, &t);
	put(&m, "lbd.requests", METRIC_COUNTER, t.requests);
	put(&m, "lbd.notfound", METRIC_COUNTER, t.no_route);
	put(&m, "lbd.http.redirect", METRIC_COUNTER, t.redirects);
	put(&m, "lbd.denied", METRIC_COUNTER, t.denied);
	put(&m, "lbd.upstream.retries", METRIC_COUNTER, t.retries);
	put(&m, "lbd.upstream.failed", METRIC_COUNTER, t.failed);
	put(&m, "lbd.client.gone", METRIC_COUNTER, t.gone);
	put(&m, "lbd.ws.conn", METRIC_GAUGE, t.tunnels);
	put(&m, "lbd.routes", METRIC_GAUGE, l->table->nroutes);
	put(&m, "lbd.targets", METRIC_GAUGE, l->table->ntargets);
	put_status(&m, &t);
	time = put(&m, "lbd.request_ms", METRIC_SUMMARY, 0);
	time->value = (double)t.ns / 1e6;
	time->count = t.timed;
	time->max = (double)t.max_ns / 1e6;
	bus_publish(d->pub, "metric.lbd", MSG_METRIC, &m);
	rec_clear(&metrics_type, &m);
}
