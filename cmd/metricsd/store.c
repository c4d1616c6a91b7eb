#include "cmd/metricsd/store.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/metricsd/promtext.h"
#include "common/mem.h"

#define COUNT_MAX      0x1p53 /* a counter cannot grow by more at a time */
#define FORGET_MS      1000   /* how often idle ones are looked for */
#define SEPARATOR      '\x1f' /* of a key's parts */
#define PROCESS_PREFIX "process."
#define HOST           "host"

static void
series_free(struct series *x)
{
	rec_clear(&metric_type, &x->metric);
	free(x->family);
	free(x->labels);
	free(x);
}

/* Prometheus' labels, and ours with the host where it belongs: the counts of
 * a process are known by the process. */
static void
drop_host(struct metric *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->nlabels; i++)
		if (strcmp(m->labels[i].key, HOST) == 0)
			rec_clear(&rec_kv_type, &m->labels[i]);
		else
			m->labels[n++] = m->labels[i];
	m->nlabels = n;
}

static void
set_labels(const struct store *s, struct series *x)
{
	struct metric *m = &x->metric;
	struct buf text = { 0 };

	drop_host(m);
	if (s->opts.host != NULL &&
	    strncmp(m->name, PROCESS_PREFIX, strlen(PROCESS_PREFIX)) != 0)
		rec_kv_set(&m->labels, &m->nlabels, HOST, s->opts.host);
	promtext_labels(&text, m);
	free(x->labels);
	x->labels = buf_take(&text);
}

void
store_set(struct store *s, const struct store_opts *opts)
{
	s->opts = *opts;
	MAP_FOREACH (e, &s->series)
		set_labels(s, map_value(e));
	s->is_sorted = false;
}

void
store_init(struct store *s, const struct store_opts *opts)
{
	memset(s, 0, sizeof *s);
	store_set(s, opts);
}

void
store_release(struct store *s)
{
	MAP_FOREACH (e, &s->series)
		series_free(map_value(e));
	map_release(&s->series);
	free(s->sorted);
	buf_release(&s->key);
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
series_new(const struct store *s, const struct metric *m)
{
	struct series *x = xcalloc(1, sizeof *x);
	struct buf family = { 0 };

	x->metric.name = xstrdup(m->name);
	x->metric.kind = m->kind;
	for (size_t i = 0; i < m->nlabels; i++)
		rec_kv_set(&x->metric.labels, &x->metric.nlabels,
		    m->labels[i].key, m->labels[i].value);
	promtext_name(&family, m->name);
	x->family = buf_take(&family);
	set_labels(s, x);
	return x;
}

static struct series *
series_get(struct store *s, const char *source, const struct metric *m)
{
	struct buf *key = &s->key;
	struct series *x;

	buf_reset(key);
	buf_adds(key, source);
	buf_addc(key, SEPARATOR);
	buf_adds(key, m->name);
	for (size_t i = 0; i < m->nlabels; i++) {
		buf_addc(key, SEPARATOR);
		buf_adds(key, m->labels[i].key);
		buf_addc(key, '=');
		buf_adds(key, m->labels[i].value);
	}
	x = map_find(&s->series, buf_str(key));
	if (x != NULL && x->metric.kind != m->kind) {
		map_remove(&s->series, buf_str(key));
		series_free(x);
		x = NULL;
		s->is_sorted = false;
	}
	if (x == NULL && map_count(&s->series) < STORE_MAX_SERIES) {
		x = series_new(s, m);
		map_put(&s->series, buf_str(key), x);
		s->is_sorted = false;
	}
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
take_numbers(struct metric *to, const struct metric *m)
{
	to->value = m->value;
	to->count = m->count;
	to->min = m->min;
	to->max = m->max;
	to->sum_sq = m->sum_sq;
	to->q50 = m->q50;
	to->q90 = m->q90;
	to->q99 = m->q99;
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
	take_numbers(&x->metric, m);
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

static void
forget_idle(struct store *s, uint64_t now_ms)
{
	for (struct map_entry *e = map_first(&s->series), *next; e != NULL;
	     e = next) {
		struct series *x = map_value(e);

		next = map_next(e);
		if (now_ms - x->seen_ms < s->opts.retention_ms)
			continue;
		map_remove(&s->series, map_key(e));
		series_free(x);
		s->is_sorted = false;
	}
	s->forgot_ms = now_ms;
}

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
	if (now_ms - s->forgot_ms >= FORGET_MS)
		forget_idle(s, now_ms);
	if (interval == s->interval)
		return;
	MAP_FOREACH (e, &s->series) {
		struct series *x = map_value(e);

		x->last = x->now;
		if (skipped)
			x->last = (struct store_sum){ 0 };
		x->now = (struct store_sum){ 0 };
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
order(const struct series *x, const struct series *y)
{
	int by_family = strcmp(x->family, y->family);

	return by_family != 0 ? by_family : strcmp(x->labels, y->labels);
}

static int
compare(const void *a, const void *b)
{
	return order(*(struct series *const *)a, *(struct series *const *)b);
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

struct store_walk
store_walk(struct store *s)
{
	size_t n = map_count(&s->series);

	if (!s->is_sorted) {
		s->sorted = xreallocarray(s->sorted, n + 1, sizeof *s->sorted);
		s->nsorted = 0;
		MAP_FOREACH (e, &s->series)
			s->sorted[s->nsorted++] = map_value(e);
		qsort(s->sorted, n, sizeof *s->sorted, compare);
		s->is_sorted = true;
	}
	return (struct store_walk){ .store = s };
}

bool
store_next(struct store_walk *w, struct series *out)
{
	const struct store *s = w->store;

	if (w->at == s->nsorted)
		return false;
	*out = *s->sorted[w->at++];
	for (; w->at < s->nsorted && order(out, s->sorted[w->at]) == 0; w->at++)
		/* Where kinds differ the first one stays. */
		if (out->metric.kind == s->sorted[w->at]->metric.kind)
			merge(out, s->sorted[w->at]);
	return true;
}
