/*
 * Numbers that daemons publish under "metric.<daemon>". Values are absolute
 * (a counter's total since the daemon started), so a lost message costs
 * nothing.
 */
#ifndef PROTO_METRIC_H
#define PROTO_METRIC_H

#include <stddef.h>
#include <stdint.h>

#include "common/rec.h"

enum metric_kind { METRIC_GAUGE, METRIC_COUNTER, METRIC_SUMMARY };

/* A name is Nomad's, dotted, without labels, its prefix included:
 * "nomad.client.uptime", "nomad.nomad.heartbeat.active". */
struct metric {
	char *name;
	uint64_t kind; /* enum metric_kind */
	double value;  /* gauge: now; counter: total; summary: sum */
	struct rec_kv *labels;
	size_t nlabels;
	/* Of summaries: all since the daemon started. */
	uint64_t count;
	double min, max, sum_sq;
	double q50, q90, q99; /* of the last samples */
};

struct metrics {
	char *source;   /* the daemon */
	int64_t at_ns;  /* wall clock */
	uint64_t start; /* changes when the daemon restarts */
	struct metric *metrics;
	size_t nmetrics;
};

/* Asking metricsd: the answer of /v1/metrics. */
struct metrics_ask {
	char *format; /* "" for JSON, "prometheus" */
};
struct metrics_text {
	int64_t status; /* of HTTP */
	char *type;     /* content type */
	char *text;
};

/* Values whose name matches a glob, for metricsctl. */
struct metric_get {
	char *glob;
};
struct metric_rows {
	struct metric *rows;
	size_t nrows;
};

extern const struct rec_type metric_type, metrics_type, metrics_ask_type,
    metrics_text_type, metric_get_type, metric_rows_type;

#endif
