#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/metricsd/metricsd.h"
#include "common/json.h"

/*
 * The text format of Prometheus, version 0.0.4: families together, each with
 * HELP and TYPE, which a family has once.
 */

static void
add_value(struct buf *out, double v)
{
	if (isnan(v)) {
		buf_adds(out, "NaN");
		return;
	}
	if (isinf(v)) {
		buf_adds(out, v > 0 ? "+Inf" : "-Inf");
		return;
	}
	json_put_float(out, v);
}

static void
add_line(struct buf *out, const struct series *x, const char *suffix,
    const char *quantile, double value)
{
	bool any = *x->labels != '\0';

	buf_adds(out, x->family);
	buf_adds(out, suffix);
	if (any || quantile != NULL) {
		buf_addc(out, '{');
		buf_adds(out, x->labels);
		if (quantile != NULL) {
			buf_adds(out, any ? ",quantile=\"" : "quantile=\"");
			buf_adds(out, quantile);
			buf_addc(out, '"');
		}
		buf_addc(out, '}');
	}
	buf_addc(out, ' ');
	add_value(out, value);
	buf_addc(out, '\n');
}

static void
add_one(struct buf *out, const struct series *x)
{
	const struct metric *m = &x->metric;
	/* Quantiles of nothing, and of sources that keep none, are no number.
	 */
	bool any = m->count > 0 &&
		   (m->q50 != 0 || m->q90 != 0 || m->q99 != 0 || m->max == 0);

	if (m->kind != METRIC_SUMMARY) {
		add_line(out, x, "", NULL, m->value);
		return;
	}
	add_line(out, x, "", "0.5", any ? m->q50 : NAN);
	add_line(out, x, "", "0.9", any ? m->q90 : NAN);
	add_line(out, x, "", "0.99", any ? m->q99 : NAN);
	add_line(out, x, "_sum", NULL, m->value);
	add_line(out, x, "_count", NULL, (double)m->count);
}

static void
add_head(struct buf *out, const char *name, uint64_t kind)
{
	static const char *const types[] = {
		[METRIC_GAUGE] = "gauge",
		[METRIC_COUNTER] = "counter",
		[METRIC_SUMMARY] = "summary",
	};

	buf_addf(
	    out, "# HELP %s %s\n# TYPE %s %s\n", name, name, name, types[kind]);
}

void
metrics_to_prometheus(struct store *s, struct buf *out)
{
	struct store_walk w = store_walk(s);
	const char *family = "";
	uint64_t kind = METRIC_GAUGE;
	struct series x;

	while (store_next(&w, &x)) {
		if (strcmp(x.family, family) != 0) {
			family = x.family;
			kind = x.metric.kind;
			add_head(out, family, kind);
		}
		/* One family has one kind: another one is left out. */
		if (x.metric.kind == kind)
			add_one(out, &x);
	}
}
