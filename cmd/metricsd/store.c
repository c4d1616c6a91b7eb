#include "cmd/metricsd/store.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/mem.h"

#define COUNT_MAX 0x1p53 /* a counter cannot grow by more at a time */

void
store_set(struct store *s, const struct store_opts *opts)
{
	s->opts = *opts;
}

void
store_init(struct store *s, const struct store_opts *opts)
{
	memset(s, 0, sizeof *s);
	store_set(s, opts);
}

static void
series_free(struct series *x)
{
	rec_clear(&metric_type, &x->metric);
	free(x);
}

void
store_release(struct store *s)
{
	MAP_FOREACH (e, &s->series)
		series_free(map_value(e));
	map_release(&s->series);
	memset(s, 0, sizeof *s);
}

/* --- taking in --- */

/* The longest prefix that fits decides, as in Nomad. */
static bool
is_wanted(const struct store_opts *o, const char *name)
{
	bool wanted = o->filter_default;
	size_t longest = 0;

	for (size_t i = 0; i < o->nfilter; i++) {
		const char *prefix = o->filter[i] + 1;
		size_t n = strlen(prefix);

		if (strncmp(name, prefix, n) == 0 && n >= longest) {
			wanted = o->filter[i][0] == '+';
			longest = n;
		}
	}
	return wanted;
}

static struct series *
series_get(struct store *s, const char *source, const struct metric *m)
{
	struct buf key = { 0 };
	struct series *x;

	buf_addf(&key, "%s\x1f%s", source, m->name);
	for (size_t i = 0; i < m->nlabels; i++)
		buf_addf(
		    &key, "\x1f%s=%s", m->labels[i].key, m->labels[i].value);
	x = map_find(&s->series, buf_str(&key));
	if (x != NULL && x->metric.kind != m->kind) {
		map_remove(&s->series, buf_str(&key));
		series_free(x);
		x = NULL;
	}
	if (x == NULL && map_count(&s->series) < STORE_MAX_SERIES) {
		x = xcalloc(1, sizeof *x);
		x->metric.kind = m->kind;
		map_put(&s->series, buf_str(&key), x);
	}
	buf_release(&key);
	return x;
}

static void
sum_add(struct store_sum *to, const struct store_sum *news)
{
	if (news->count == 0)
		return;
	if (to->count == 0 || news->min < to->min)
		to->min = news->min;
	if (to->count == 0 || news->max > to->max)
		to->max = news->max;
	to->count += news->count;
	to->sum += news->sum;
	to->sum_sq += news->sum_sq;
}

/*
 * What is new. A source that has started anew has begun at zero again. The
 * extremes of the news alone are not told; those since the start bound them.
 */
static struct store_sum
news_of(const struct series *x, const struct metric *m, bool fresh)
{
	static const struct metric zero;
	const struct metric *was = fresh ? &zero : &x->metric;
	struct store_sum news = { .sum = m->value - was->value };

	if (m->kind == METRIC_GAUGE) {
		news.sum = m->value;
		return news;
	}
	if (news.sum < 0)
		news.sum = m->value;
	if (m->kind == METRIC_COUNTER) {
		if (news.sum > 0)
			news.count = (uint64_t)fmin(news.sum, COUNT_MAX);
		if (news.count == 0)
			return news;
		news.min = news.max = news.sum / (double)news.count;
		news.sum_sq = news.sum * news.min;
		return news;
	}
	news.count = m->count >= was->count ? m->count - was->count : m->count;
	news.sum_sq =
	    m->sum_sq >= was->sum_sq ? m->sum_sq - was->sum_sq : m->sum_sq;
	news.min = m->min;
	news.max = m->max;
	if (news.count == 1)
		news.min = news.max = news.sum;
	return news;
}

static void
put_one(struct store *s, const struct metrics *from, const struct metric *m,
    uint64_t now_ms, store_on_news *on_news, void *ctx)
{
	struct series *x = series_get(s, from->source, m);
	struct store_sum news;

	if (x == NULL) {
		s->dropped++;
		return;
	}
	news = news_of(x, m, x->start != from->start);
	sum_add(&x->now, &news);
	rec_clear(&metric_type, &x->metric);
	rec_copy(&metric_type, &x->metric, m);
	if (s->opts.host != NULL)
		rec_kv_set(&x->metric.labels, &x->metric.nlabels, "host",
		    s->opts.host);
	x->start = from->start;
	x->seen_ms = now_ms;
	if (on_news != NULL)
		on_news(ctx, &x->metric, news.sum, news.count);
}

void
store_put(struct store *s, const struct metrics *m, uint64_t now_ms,
    int64_t wall_ns, store_on_news *on_news, void *ctx)
{
	store_tick(s, now_ms, wall_ns);
	if (m->source == NULL)
		return;
	for (size_t i = 0; i < m->nmetrics; i++) {
		const struct metric *one = &m->metrics[i];

		if (one->name == NULL || one->kind > METRIC_SUMMARY) {
			s->dropped++;
			continue;
		}
		if (is_wanted(&s->opts, one->name))
			put_one(s, m, one, now_ms, on_news, ctx);
	}
}

/* --- time --- */

void
store_tick(struct store *s, uint64_t now_ms, int64_t wall_ns)
{
	uint64_t interval = now_ms / s->opts.interval_ms;
	bool skipped = interval > s->interval + 1;

	if (s->began_ns == 0) {
		s->interval = interval;
		s->began_ns = wall_ns;
		return;
	}
	if (interval == s->interval)
		return;
	for (struct map_entry *e = map_first(&s->series), *next; e != NULL;
	     e = next) {
		struct series *x = map_value(e);

		next = map_next(e);
		x->last = x->now;
		if (skipped)
			x->last = (struct store_sum){ 0 };
		x->now = (struct store_sum){ 0 };
		if (now_ms - x->seen_ms < s->opts.retention_ms)
			continue;
		map_remove(&s->series, map_key(e));
		series_free(x);
	}
	s->interval = interval;
	s->last_began_ns = s->began_ns;
	s->began_ns = wall_ns;
	s->has_last = true;
}

/* --- asking --- */

const struct store_sum *
store_sum(const struct store *s, const struct series *x)
{
	return s->has_last ? &x->last : &x->now;
}

static int
compare(const void *a, const void *b)
{
	const struct metric *x = &((const struct series *)a)->metric;
	const struct metric *y = &((const struct series *)b)->metric;
	int order = strcmp(x->name, y->name);

	for (size_t i = 0; order == 0; i++) {
		if (i == x->nlabels || i == y->nlabels)
			return (x->nlabels > y->nlabels) -
			       (x->nlabels < y->nlabels);
		order = strcmp(x->labels[i].key, y->labels[i].key);
		if (order == 0)
			order = strcmp(x->labels[i].value, y->labels[i].value);
	}
	return order;
}

/* Adds what another source says under the same name and labels. */
static void
merge(struct series *into, const struct series *from)
{
	struct metric *to = &into->metric;
	const struct metric *m = &from->metric;

	if (m->count > 0) {
		to->min = to->count == 0 || m->min < to->min ? m->min : to->min;
		to->max = to->count == 0 || m->max > to->max ? m->max : to->max;
		/* Of two sets of quantiles the larger set's are kept. */
		if (m->count > to->count) {
			to->q50 = m->q50;
			to->q90 = m->q90;
			to->q99 = m->q99;
		}
	}
	to->value += m->value;
	to->count += m->count;
	to->sum_sq += m->sum_sq;
	sum_add(&into->now, &from->now);
	sum_add(&into->last, &from->last);
}

struct series *
store_list(const struct store *s, size_t *n)
{
	size_t count = map_count(&s->series), at = 0;
	struct series *list = xcalloc(count + 1, sizeof *list);

	MAP_FOREACH (e, &s->series) {
		const struct series *x = map_value(e);

		list[at] = *x;
		rec_copy(&metric_type, &list[at++].metric, &x->metric);
	}
	qsort(list, count, sizeof *list, compare);
	*n = 0;
	for (at = 0; at < count; at++) {
		struct series *before = *n == 0 ? NULL : &list[*n - 1];

		if (before == NULL || compare(before, &list[at]) != 0) {
			list[(*n)++] = list[at];
			continue;
		}
		/* Where kinds differ the first one stays. */
		if (before->metric.kind == list[at].metric.kind)
			merge(before, &list[at]);
		rec_clear(&metric_type, &list[at].metric);
	}
	return list;
}

void
store_list_free(struct series *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		rec_clear(&metric_type, &list[i].metric);
	free(list);
}
