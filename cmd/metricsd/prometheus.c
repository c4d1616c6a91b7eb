#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/metricsd/metricsd.h"
#include "common/mem.h"
#include "common/text.h"

/*
 * The text format of Prometheus, version 0.0.4: families together, each with
 * HELP and TYPE, which a family has once.
 */

static void
add_name(struct buf *out, const char *name)
{
	if (*name >= '0' && *name <= '9')
		buf_addc(out, '_');
	for (; *name != '\0'; name++) {
		bool fits = (*name >= 'a' && *name <= 'z') ||
			    (*name >= 'A' && *name <= 'Z') ||
			    (*name >= '0' && *name <= '9');

		buf_addc(out, fits ? *name : '_');
	}
}

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
	text_add_float(out, v);
}

static void
add_label(struct buf *out, bool first, const char *name, const char *value)
{
	buf_addc(out, first ? '{' : ',');
	add_name(out, name);
	buf_adds(out, "=\"");
	for (; value != NULL && *value != '\0'; value++) {
		if (*value == '\n') {
			buf_adds(out, "\\n");
			continue;
		}
		if (*value == '"' || *value == '\\')
			buf_addc(out, '\\');
		buf_addc(out, *value);
	}
	buf_addc(out, '"');
}

static void
add_line(struct buf *out, const char *name, const char *suffix,
    const struct metric *m, const char *quantile, double value)
{
	size_t n = 0;

	buf_adds(out, name);
	buf_adds(out, suffix);
	for (size_t i = 0; i < m->nlabels; i++)
		add_label(out, n++ == 0, m->labels[i].key, m->labels[i].value);
	if (quantile != NULL)
		add_label(out, n++ == 0, "quantile", quantile);
	if (n > 0)
		buf_addc(out, '}');
	buf_addc(out, ' ');
	add_value(out, value);
	buf_addc(out, '\n');
}

static void
add_one(struct buf *out, const char *name, const struct series *x)
{
	const struct metric *m = &x->metric;
	/* Quantiles of nothing, and of sources that keep none, are no number.
	 */
	bool any = m->count > 0 &&
		   (m->q50 != 0 || m->q90 != 0 || m->q99 != 0 || m->max == 0);

	if (m->kind != METRIC_SUMMARY) {
		add_line(out, name, "", m, NULL, m->value);
		return;
	}
	add_line(out, name, "", m, "0.5", any ? m->q50 : NAN);
	add_line(out, name, "", m, "0.9", any ? m->q90 : NAN);
	add_line(out, name, "", m, "0.99", any ? m->q99 : NAN);
	add_line(out, name, "_sum", m, NULL, m->value);
	add_line(out, name, "_count", m, NULL, (double)m->count);
}

/* A name that is safe in the text, beside its series. */
struct named {
	char *name;
	const struct series *x;
};

static int
compare(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	/* Series are sorted already; their order is to stay. */
	return order != 0 ? order : (x->x > y->x) - (x->x < y->x);
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
metrics_to_prometheus(const struct store *s, struct buf *out)
{
	size_t n;
	struct series *list = store_list(s, &n);
	struct named *named = xcalloc(n + 1, sizeof *named);
	const char *family = "";
	uint64_t kind = METRIC_GAUGE;

	for (size_t i = 0; i < n; i++) {
		struct buf name = { 0 };

		add_name(&name, list[i].metric.name);
		named[i] = (struct named){ buf_take(&name), &list[i] };
	}
	qsort(named, n, sizeof *named, compare);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(named[i].name, family) != 0) {
			family = named[i].name;
			kind = named[i].x->metric.kind;
			add_head(out, family, kind);
		}
		/* One family has one kind: another one is left out. */
		if (named[i].x->metric.kind == kind)
			add_one(out, family, named[i].x);
	}
	for (size_t i = 0; i < n; i++)
		free(named[i].name);
	free(named);
	store_list_free(list, n);
}
