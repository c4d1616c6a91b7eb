#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/metricsd/metricsd.h"
#include "common/clock.h"
#include "common/mem.h"

/* The answer of /v1/metrics in Nomad's shape. */

struct json_gauge {
	char *name;
	double value;
	struct rec_kv *labels;
	size_t nlabels;
};
static const struct rec_field json_gauge_fields[] = {
	REC_STR(struct json_gauge, 1, name, "Name"),
	REC_F64(struct json_gauge, 2, value, "Value"),
	REC_STRMAP(struct json_gauge, 3, labels, "Labels", .flags = REC_EMPTY),
};
static const struct rec_type json_gauge_type =
    REC_TYPE(json_gauge, json_gauge_fields);

struct json_sample {
	char *name;
	uint64_t count;
	double rate, sum, min, max, mean, stddev;
	struct rec_kv *labels;
	size_t nlabels;
};
static const struct rec_field json_sample_fields[] = {
	REC_STR(struct json_sample, 1, name, "Name"),
	REC_U64(struct json_sample, 2, count, "Count"),
	REC_F64(struct json_sample, 3, rate, "Rate"),
	REC_F64(struct json_sample, 4, sum, "Sum"),
	REC_F64(struct json_sample, 5, min, "Min"),
	REC_F64(struct json_sample, 6, max, "Max"),
	REC_F64(struct json_sample, 7, mean, "Mean"),
	REC_F64(struct json_sample, 8, stddev, "Stddev"),
	REC_STRMAP(struct json_sample, 9, labels, "Labels", .flags = REC_EMPTY),
};
static const struct rec_type json_sample_type =
    REC_TYPE(json_sample, json_sample_fields);

struct json_metrics {
	char *timestamp;
	struct json_gauge *gauges;
	size_t ngauges;
	char **points; /* always empty, as with Nomad's sink in memory */
	size_t npoints;
	struct json_sample *counters;
	size_t ncounters;
	struct json_sample *samples;
	size_t nsamples;
};
static const struct rec_field json_metrics_fields[] = {
	REC_STR(struct json_metrics, 1, timestamp, "Timestamp"),
	REC_LIST(struct json_metrics, 2, gauges, json_gauge, "Gauges",
	    .flags = REC_EMPTY),
	REC_STRS(struct json_metrics, 3, points, "Points", .flags = REC_EMPTY),
	REC_LIST(struct json_metrics, 4, counters, json_sample, "Counters",
	    .flags = REC_EMPTY),
	REC_LIST(struct json_metrics, 5, samples, json_sample, "Samples",
	    .flags = REC_EMPTY),
};
static const struct rec_type json_metrics_type =
    REC_TYPE(json_metrics, json_metrics_fields);

/* JSON has no words for what is no number. */
static double
number(double v)
{
	return isfinite(v) ? v : 0;
}

static double
stddev(const struct store_sum *sum)
{
	double n = (double)sum->count, square;

	if (sum->count < 2)
		return 0;
	square = (n * sum->sum_sq - sum->sum * sum->sum) / (n * (n - 1));
	return square > 0 ? sqrt(square) : 0;
}

/* Borrows the name and the labels. */
static void
fill_sample(struct json_sample *out, struct metric *m,
    const struct store_sum *sum, double interval_s)
{
	*out = (struct json_sample){ .name = m->name,
		.count = sum->count,
		.rate = number(sum->sum / interval_s),
		.sum = number(sum->sum),
		.min = number(sum->min),
		.max = number(sum->max),
		.mean =
		    sum->count == 0 ? 0 : number(sum->sum / (double)sum->count),
		.stddev = number(stddev(sum)),
		.labels = m->labels,
		.nlabels = m->nlabels };
}

static void
fill(struct json_metrics *out, struct store *s)
{
	double interval_s = (double)s->opts.interval_ms / 1000;
	struct store_walk w = store_walk(s);
	struct series x;

	while (store_next(&w, &x)) {
		struct metric *m = &x.metric;
		const struct store_sum *sum = store_sum(s, &x);

		if (m->kind == METRIC_GAUGE) {
			out->gauges[out->ngauges++] =
			    (struct json_gauge){ .name = m->name,
				    .value = number(m->value),
				    .labels = m->labels,
				    .nlabels = m->nlabels };
		} else if (sum->count == 0) {
			continue; /* nothing happened in the interval */
		} else if (m->kind == METRIC_COUNTER) {
			fill_sample(&out->counters[out->ncounters++], m, sum,
			    interval_s);
		} else {
			fill_sample(
			    &out->samples[out->nsamples++], m, sum, interval_s);
		}
	}
}

void
metrics_to_json(struct store *s, struct buf *out, int flags)
{
	struct json_metrics all = { 0 };
	size_t n = map_count(&s->series);
	int64_t ns = s->has_last ? s->last_began_ns : s->began_ns;
	time_t at = (time_t)(ns / CLOCK_NS_PER_S);
	char timestamp[64];
	struct tm tm;

	gmtime_r(&at, &tm);
	strftime(
	    timestamp, sizeof timestamp, "%Y-%m-%d %H:%M:%S +0000 UTC", &tm);
	all.timestamp = timestamp;
	all.gauges = xcalloc(n + 1, sizeof *all.gauges);
	all.counters = xcalloc(n + 1, sizeof *all.counters);
	all.samples = xcalloc(n + 1, sizeof *all.samples);
	fill(&all, s);
	rec_to_json(&json_metrics_type, &all, out,
	    flags & METRICS_PRETTY ? REC_JSON_PRETTY : 0);
	free(all.gauges);
	free(all.counters);
	free(all.samples);
}
