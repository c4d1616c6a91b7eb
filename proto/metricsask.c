#include "proto/metricsask.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "proto/metric.h"
#include "proto/msg.h"

struct metrics_wait {
	void (*gone)(struct http_req *r);
	struct http_req *req; /* NULL when the client has left */
};

static void
on_metrics_gone(struct http_req *r)
{
	((struct metrics_wait *)http_req_data(r))->req = NULL;
}

static void
on_metrics(void *ctx, const struct err *err, const void *reply)
{
	struct metrics_wait *w = ctx;
	struct http_req *r = w->req;
	const struct metrics_text *m = reply;

	free(w);
	if (r == NULL)
		return;
	http_req_set_data(r, NULL);
	if (err != NULL)
		http_fail(r, 500, "metricsd is out of reach: %s", err->text);
	else
		http_reply(r, (int)m->status, m->type,
		    m->text != NULL ? m->text : "",
		    m->text != NULL ? strlen(m->text) : 0);
}

void
metricsask_answer(struct bus_peer *metricsd, struct http_req *r)
{
	struct metrics_wait *w = xcalloc(1, sizeof *w);
	char format[32] = "";
	struct metrics_ask ask = { .format = format };

	w->gone = on_metrics_gone;
	w->req = r;
	http_req_set_data(r, w);
	http_param(r, "format", format, sizeof format);
	bus_call(
	    metricsd, MSG_METRICS, &ask, METRICSASK_TIMEOUT_MS, on_metrics, w);
}
