#include "proto/metric.h"

static const struct rec_field metric_fields[] = {
	REC_STR(struct metric, 1, name, "Name"),
	REC_U64(struct metric, 2, kind, "Kind"),
	REC_F64(struct metric, 3, value, "Value"),
	REC_STRMAP(struct metric, 4, labels, "Labels", .flags = REC_EMPTY),
	REC_U64(struct metric, 5, count, "Count"),
	REC_F64(struct metric, 6, min, "Min"),
	REC_F64(struct metric, 7, max, "Max"),
	REC_F64(struct metric, 8, sum_sq, "SumSq"),
	REC_F64(struct metric, 9, q50, "Q50"),
	REC_F64(struct metric, 10, q90, "Q90"),
	REC_F64(struct metric, 11, q99, "Q99"),
};
const struct rec_type metric_type = REC_TYPE(metric, metric_fields);

static const struct rec_field metrics_fields[] = {
	REC_STR(struct metrics, 1, source, "Source"),
	REC_TIME(struct metrics, 2, at_ns, "At"),
	REC_U64(struct metrics, 3, start, "Start"),
	REC_LIST(struct metrics, 4, metrics, metric, "Metrics"),
};
const struct rec_type metrics_type = REC_TYPE(metrics, metrics_fields);

static const struct rec_field metrics_ask_fields[] = {
	REC_STR(struct metrics_ask, 1, format, "Format"),
};
const struct rec_type metrics_ask_type =
    REC_TYPE(metrics_ask, metrics_ask_fields);

static const struct rec_field metrics_text_fields[] = {
	REC_I64(struct metrics_text, 1, status, "Status"),
	REC_STR(struct metrics_text, 2, type, "Type"),
	REC_STR(struct metrics_text, 3, text, "Text"),
};
const struct rec_type metrics_text_type =
    REC_TYPE(metrics_text, metrics_text_fields);

static const struct rec_field metric_get_fields[] = {
	REC_STR(struct metric_get, 1, glob, "Glob"),
};
const struct rec_type metric_get_type = REC_TYPE(metric_get, metric_get_fields);

static const struct rec_field metric_rows_fields[] = {
	REC_LIST(struct metric_rows, 1, rows, metric, "Rows"),
};
const struct rec_type metric_rows_type =
    REC_TYPE(metric_rows, metric_rows_fields);
