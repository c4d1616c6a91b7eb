#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/metricsd/metricsd.h"
#include "common/mem.h"
#include "proto/msg.h"

#define JSON_TYPE       "application/json"
#define PROMETHEUS_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct answer {
	int status;
	const char *type;
	struct buf text;
};

/* What /v1/metrics says, whoever asks. */
static void
answer(struct metricsd *m, const char *format, int flags, struct answer *a)
{
	const struct metricsd_config *c = m->daemon->config;

	store_tick(&m->store, loop_now_ms(m->daemon->loop),
	    loop_wall_ns(m->daemon->loop));
	a->status = 200;
	if (format == NULL || strcmp(format, "prometheus") != 0) {
		a->type = JSON_TYPE;
		metrics_to_json(&m->store, &a->text, flags);
	} else if (c->prometheus_metrics) {
		a->type = PROMETHEUS_TYPE;
		metrics_to_prometheus(&m->store, &a->text);
	} else {
		a->status = 415;
		a->type = "text/plain; charset=utf-8";
		buf_adds(&a->text, "Prometheus is not enabled");
	}
}

/* --- over the bus --- */

static void
on_metrics(void *ctx, struct bus_req *req, const void *body)
{
	struct daemon *d = ctx;
	const struct metrics_ask *ask = body;
	struct answer a = { 0 };
	struct metrics_text reply;

	answer(d->state, ask->format, 0, &a);
	reply.status = a.status;
	reply.type = xstrdup(a.type);
	reply.text = buf_take(&a.text);
	bus_reply(req, &reply);
	rec_clear(&metrics_text_type, &reply);
}

static void
on_metric_get(void *ctx, struct bus_req *req, const void *body)
{
	struct daemon *d = ctx;
	struct metricsd *m = d->state;
	const struct metric_get *ask = body;
	const char *glob =
	    ask->glob == NULL || *ask->glob == '\0' ? "*" : ask->glob;
	struct metric_rows rows = { 0 };
	struct store_walk w;
	struct series x;

	store_tick(&m->store, loop_now_ms(d->loop), loop_wall_ns(d->loop));
	w = store_walk(&m->store);
	rows.rows = xcalloc(map_count(&m->store.series) + 1, sizeof *rows.rows);
	while (store_next(&w, &x)) {
		if (fnmatch(glob, x.family, 0) != 0 &&
		    fnmatch(glob, x.metric.name, 0) != 0)
			continue;
		rows.rows[rows.nrows] = x.metric;
		rows.rows[rows.nrows++].name = x.family;
	}
	bus_reply(req, &rows);
	free(rows.rows);
}

const struct bus_route metricsd_routes[] = {
	{ MSG_METRICS, on_metrics },
	{ MSG_METRIC_GET, on_metric_get },
};
const size_t metricsd_nroutes =
    sizeof metricsd_routes / sizeof metricsd_routes[0];

/* --- over HTTP --- */

static void
on_request(void *ctx, struct http_req *r)
{
	struct metricsd *m = ctx;
	const char *path = http_path(r), *method = http_method(r);
	struct answer a = { 0 };
	char format[32] = "";

	meter_count(&m->meter, "metricsd.http.requests_total", 1, NULL, 0);
	if (strcmp(path, "/v1/metrics") != 0 && strcmp(path, "/metrics") != 0) {
		http_fail(r, 404,
		    "there is nothing here but /v1/metrics and "
		    "/metrics");
		return;
	}
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
		http_add(r, "Allow", "GET, HEAD");
		http_fail(r, 405, "Invalid method");
		return;
	}
	if (strcmp(path, "/metrics") == 0) {
		/* A path of our own: asking for it is asking for this. */
		store_tick(&m->store, loop_now_ms(m->daemon->loop),
		    loop_wall_ns(m->daemon->loop));
		metrics_to_prometheus(&m->store, &a.text);
		a.status = 200;
		a.type = PROMETHEUS_TYPE;
	} else {
		http_param(r, "format", format, sizeof format);
		answer(m, format,
		    http_has_param(r, "pretty") ? METRICS_PRETTY : 0, &a);
	}
	http_reply(r, a.status, a.type, a.text.data, a.text.len);
	buf_release(&a.text);
}

const struct http_ops metricsd_http_ops = { .on_request = on_request };
