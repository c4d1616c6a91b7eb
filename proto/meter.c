#include "proto/meter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/rng.h"
#include "common/text.h"
#include "proto/msg.h"

struct meter_slot {
	struct metric metric;
	bool touched; /* since it was last taken */
	bool changed;
	int64_t touched_ns; /* about when, as of that time */
	/* Of a summary: the last samples, a ring. */
	double *samples;
	size_t nsamples, next;
};

static void
slot_free(struct meter_slot *s)
{
	rec_clear(&metric_type, &s->metric);
	free(s->samples);
	free(s);
}

void
meter_release(struct meter *m)
{
	MAP_FOREACH (e, &m->slots)
		slot_free(map_value(e));
	map_release(&m->slots);
	meter_process_free(m->process);
	m->process = NULL;
	m->start = 0;
}

void
meter_label(struct meter_labels *l, const char *key, const char *value)
{
	if (l->n < METER_MAX_LABELS)
		l->kv[l->n++] = (struct rec_kv){ .key = text_borrow(key),
			.value = text_borrow(value != NULL ? value : "") };
}

void
meter_label_child(
    struct meter_labels *l, const char *job_id, struct buf *scratch)
{
	static const struct {
		const char *mark, *label;
	} kinds[] = { { "/dispatch-", "dispatch_id" },
		{ "/periodic-", "periodic_id" } };

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		const char *at = strstr(job_id, kinds[i].mark);

		if (at == NULL)
			continue;
		buf_reset(scratch);
		buf_add(scratch, job_id, (size_t)(at - job_id));
		meter_label(l, "parent_id", buf_str(scratch));
		meter_label(l, kinds[i].label, at + strlen(kinds[i].mark));
		return;
	}
}

static struct meter_slot *
slot_of(struct meter *m, enum metric_kind kind, const char *name,
    const struct rec_kv *labels, size_t nlabels)
{
	static struct buf key; /* kept, for speed */
	struct meter_slot *s;

	buf_reset(&key);
	buf_adds(&key, name);
	for (size_t i = 0; i < nlabels; i++) {
		buf_addc(&key, '\x1f');
		buf_adds(&key, labels[i].key);
		buf_addc(&key, '=');
		buf_adds(&key, labels[i].value);
	}
	s = map_find(&m->slots, buf_str(&key));
	if (s != NULL)
		s->touched = true;
	if (s != NULL || map_count(&m->slots) >= METER_MAX)
		return s;
	s = xcalloc(1, sizeof *s);
	s->touched = s->changed = true;
	s->metric.name = xstrdup(name);
	s->metric.kind = (uint64_t)kind;
	for (size_t i = 0; i < nlabels; i++)
		rec_kv_set(&s->metric.labels, &s->metric.nlabels, labels[i].key,
		    labels[i].value);
	map_put(&m->slots, buf_str(&key), s);
	return s;
}

static void
set(struct meter_slot *s, double value)
{
	if (s == NULL || s->metric.value == value)
		return;
	s->metric.value = value;
	s->changed = true;
}

void
meter_gauge(struct meter *m, const char *name, double value,
    const struct rec_kv *labels, size_t nlabels)
{
	set(slot_of(m, METRIC_GAUGE, name, labels, nlabels), value);
}

void
meter_count(struct meter *m, const char *name, double n,
    const struct rec_kv *labels, size_t nlabels)
{
	struct meter_slot *s =
	    slot_of(m, METRIC_COUNTER, name, labels, nlabels);

	if (s != NULL)
		set(s, s->metric.value + n);
}

void
meter_total(struct meter *m, const char *name, double total,
    const struct rec_kv *labels, size_t nlabels)
{
	set(slot_of(m, METRIC_COUNTER, name, labels, nlabels), total);
}

void
meter_sample(struct meter *m, const char *name, double value,
    const struct rec_kv *labels, size_t nlabels)
{
	struct meter_slot *s =
	    slot_of(m, METRIC_SUMMARY, name, labels, nlabels);
	struct metric *x;

	if (s == NULL)
		return;
	s->changed = true;
	x = &s->metric;
	if (x->count == 0 || value < x->min)
		x->min = value;
	if (x->count == 0 || value > x->max)
		x->max = value;
	x->count++;
	x->value += value;
	x->sum_sq += value * value;
	if (s->samples == NULL)
		s->samples = xcalloc(METER_SAMPLES, sizeof *s->samples);
	s->samples[s->next] = value;
	s->next = (s->next + 1) % METER_SAMPLES;
	if (s->nsamples < METER_SAMPLES)
		s->nsamples++;
}

void
meter_summary(
    struct meter *m, const char *name, uint64_t count, double sum, double max)
{
	struct meter_slot *s = slot_of(m, METRIC_SUMMARY, name, NULL, 0);

	if (s == NULL || s->metric.count == count)
		return;
	s->changed = true;
	s->metric.count = count;
	s->metric.value = sum;
	s->metric.max = max;
}

void
meter_http(struct meter *m, const struct http_server *s)
{
	struct http_stats stats = http_server_stats(s);

	meter_gauge(m, "nomad.nomad.agent.http.connections",
	    (double)stats.conns, NULL, 0);
	meter_total(m, "nomad.nomad.agent.http.exceeded", (double)stats.crowded,
	    NULL, 0);
}

/* --- telling --- */

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
quantiles(const struct meter_slot *s, struct metric *out)
{
	double sorted[METER_SAMPLES];

	if (s->nsamples == 0)
		return;
	memcpy(sorted, s->samples, s->nsamples * sizeof *sorted);
	qsort(sorted, s->nsamples, sizeof *sorted, compare);
	out->q50 = sorted[(s->nsamples - 1) * 50 / 100];
	out->q90 = sorted[(s->nsamples - 1) * 90 / 100];
	out->q99 = sorted[(s->nsamples - 1) * 99 / 100];
}

/* One more look at it; true: it is to be forgotten. */
static bool
age(struct meter_slot *s, int64_t wall_ns)
{
	if (s->touched || s->touched_ns > wall_ns)
		s->touched_ns = wall_ns;
	else if (s->metric.kind == METRIC_GAUGE)
		return true;
	s->touched = false;
	return s->metric.nlabels > 0 &&
	       wall_ns - s->touched_ns >= METER_IDLE_NS;
}

/* One more message; true: it tells all, and not just what is new. */
static bool
begin_message(struct meter *m, int64_t wall_ns)
{
	if (m->start == 0) {
		rng_secret(&m->start, sizeof m->start);
		m->start_ns = m->full_ns = wall_ns;
		return true;
	}
	if (wall_ns >= m->full_ns && wall_ns - m->full_ns < METER_FULL_NS &&
	    (wall_ns - m->start_ns >= METER_FULL_NS ||
		map_count(&m->slots) > METER_MESSAGE))
		return false;
	m->full_ns = wall_ns;
	return true;
}

void
meter_take(struct meter *m, int64_t wall_ns, struct metrics *out)
{
	bool whole = begin_message(m, wall_ns);

	*out = (struct metrics){ .source = text_borrow(m->source),
		.at_ns = wall_ns,
		.start = m->start };
	out->metrics = xcalloc(map_count(&m->slots), sizeof *out->metrics);
	for (struct map_entry *e = map_first(&m->slots), *next; e != NULL;
	     e = next) {
		struct meter_slot *s = map_value(e);

		next = map_next(e);
		if (age(s, wall_ns)) {
			map_remove(&m->slots, map_key(e));
			slot_free(s);
			continue;
		}
		if (!s->changed && !whole)
			continue;
		if (s->changed)
			quantiles(s, &s->metric);
		s->changed = false;
		out->metrics[out->nmetrics++] = s->metric;
	}
}

void
meter_publish(struct meter *m, struct bus_pub *pub, int64_t wall_ns)
{
	struct metrics all, part;
	char topic[BUS_TOPIC_MAX + 1];

	meter_take(m, wall_ns, &all);
	snprintf(topic, sizeof topic, "metric.%s", m->source);
	part = all;
	for (size_t at = 0; at < all.nmetrics; at += part.nmetrics) {
		part.metrics = all.metrics + at;
		part.nmetrics = all.nmetrics - at;
		if (part.nmetrics > METER_MESSAGE)
			part.nmetrics = METER_MESSAGE;
		bus_publish_unmarked(pub, topic, MSG_METRIC, &part);
	}
	free(all.metrics);
}
