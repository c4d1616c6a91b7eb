/* metricsctl: see metricsctl(8). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/ctl.h"
#include "common/map.h"
#include "common/mem.h"
#include "proto/metric.h"
#include "proto/msg.h"

#define FOLLOW_S 1 /* monitor looks for news so often */

static const struct ctl_column metric_columns[] = {
	{ "Name", "name" },
	{ "Labels", "labels" },
	{ "Value", "value" },
	{ "Count", "count" },
};
#define NCOLUMNS (sizeof metric_columns / sizeof metric_columns[0])

static int
get_body(int argc, char **argv, void *body)
{
	struct metric_get *ask = body;

	if (argc > 2)
		return -1;
	if (argc == 2)
		ask->glob = xstrdup(argv[1]);
	return 0;
}

static int
ask_rows(struct ctl *c, int argc, char **argv, struct metric_rows *rows,
    struct err *err)
{
	struct metric_get ask = { .glob = argc == 2 ? argv[1] : NULL };

	*rows = (struct metric_rows){ 0 };
	return ctl_ask(c, MSG_METRIC_GET, &ask, rows, err);
}

/* --- list --- */

static const struct ctl_column name_columns[] = {
	{ "Name", "name" },
	{ "Kind", "kind" },
	{ "Series", "series" },
};

struct family {
	char *name;
	char *kind;
	uint64_t series;
};
static const struct rec_field family_fields[] = {
	REC_STR(struct family, 1, name, "Name"),
	REC_STR(struct family, 2, kind, "Kind"),
	REC_U64(struct family, 3, series, "Series"),
};
static const struct rec_type family_type = REC_TYPE(family, family_fields);

static const char *
kind_name(uint64_t kind)
{
	return kind == METRIC_GAUGE     ? "gauge"
	       : kind == METRIC_COUNTER ? "counter"
					: "summary";
}

/* Rows of one name stand together. */
static int
do_list(struct ctl *c, int argc, char **argv)
{
	struct metric_rows rows;
	struct family *list;
	struct err err;
	size_t n = 0;

	if (argc > 2)
		return ctl_usage(c, argv[0]);
	if (ask_rows(c, argc, argv, &rows, &err) == -1)
		return ctl_fail(c, &err);
	list = xcalloc(rows.nrows + 1, sizeof *list);
	for (size_t i = 0; i < rows.nrows; i++) {
		const struct metric *m = &rows.rows[i];

		if (n == 0 || strcmp(list[n - 1].name, m->name) != 0)
			list[n++] = (struct family){ .name = xstrdup(m->name),
				.kind = xstrdup(kind_name(m->kind)) };
		list[n - 1].series++;
	}
	ctl_print(c, &family_type, list, n, name_columns, 3);
	for (size_t i = 0; i < n; i++)
		rec_clear(&family_type, &list[i]);
	free(list);
	rec_clear(&metric_rows_type, &rows);
	return CTL_DONE;
}

/* --- monitor --- */

/* Whether it is new or has another value than before; known keeps it. */
static bool
is_news(struct map *known, const struct metric *m)
{
	struct buf key = { 0 };
	struct metric *was;
	bool news;

	buf_adds(&key, m->name);
	for (size_t i = 0; i < m->nlabels; i++)
		buf_addf(
		    &key, "\x1f%s=%s", m->labels[i].key, m->labels[i].value);
	was = map_find(known, buf_str(&key));
	news = was == NULL || was->value != m->value || was->count != m->count;
	if (was == NULL) {
		was = xcalloc(1, sizeof *was);
		map_put(known, buf_str(&key), was);
	}
	was->value = m->value;
	was->count = m->count;
	buf_release(&key);
	return news;
}

static void
print_news(struct ctl *c, struct map *known, const struct metric_rows *rows)
{
	struct metric *news = xcalloc(rows->nrows + 1, sizeof *news);
	size_t n = 0;

	for (size_t i = 0; i < rows->nrows; i++)
		if (is_news(known, &rows->rows[i]))
			news[n++] = rows->rows[i];
	ctl_print(c, &metric_type, news, n, metric_columns, NCOLUMNS);
	free(news);
}

/* Options are the log's: no name of a number begins so. */
static int
do_monitor(struct ctl *c, int argc, char **argv)
{
	struct ctl plain = *c;
	struct map known = { 0 };
	struct metric_rows rows;
	struct err err;
	int rv = CTL_DONE;

	if (argc > 1 && argv[1][0] == '-')
		return ctl_follow_log(c, argc, argv);
	if (argc > 2)
		return ctl_usage(c, argv[0]);
	plain.head = plain.is_terminal = false;
	do {
		if (ask_rows(&plain, argc, argv, &rows, &err) == -1) {
			rv = ctl_fail(c, &err);
			break;
		}
		print_news(&plain, &known, &rows);
		rec_clear(&metric_rows_type, &rows);
		/* Until nobody reads any more. */
	} while (fflush(stdout) == 0 && sleep(FOLLOW_S) == 0);
	MAP_FOREACH (e, &known)
		free(map_value(e));
	map_release(&known);
	return rv;
}

static const struct ctl_noun nouns[] = {
	{ "get", "[GLOB]", "the numbers whose name fits", MSG_METRIC_GET,
	    metric_columns, NCOLUMNS, get_body },
};

static const struct ctl_verb verbs[] = {
	{ "list", "[GLOB]", "the names there are, and of what kind", do_list },
	{ "monitor", "[GLOB | -a | -l LEVEL]",
	    "follow what changes; -a, -l: the log", do_monitor },
};

int
main(int argc, char **argv)
{
	const struct ctl_def def = {
		.name = "metricsctl",
		.daemon = "metricsd",
		.verbs = verbs,
		.nverbs = sizeof verbs / sizeof verbs[0],
		.nouns = nouns,
		.nnouns = sizeof nouns / sizeof nouns[0],
	};

	return ctl_main(argc, argv, &def);
}
