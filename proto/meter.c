#include "proto/meter.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/rng.h"
#include "proto/msg.h"

struct meter_slot {
	struct metric metric;
	bool unset; /* a gauge that was not set since it was last told */
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
	m->start = 0;
}

static struct meter_slot *
slot_of(struct meter *m, enum metric_kind kind, const char *name,
    const struct rec_kv *labels, size_t nlabels)
{
	static struct buf key; /* kept, for speed */
	struct meter_slot *s;

	buf_reset(&key);
	buf_adds(&key, name);
	for (size_t i = 0; i < nlabels; i++)
		buf_addf(&key, "\x1f%s=%s", labels[i].key, labels[i].value);
	s = map_find(&m->slots, buf_str(&key));
	if (s != NULL || map_count(&m->slots) >= METER_MAX)
		return s;
	s = xcalloc(1, sizeof *s);
	s->metric.name = xstrdup(name);
	s->metric.kind = (uint64_t)kind;
	for (size_t i = 0; i < nlabels; i++)
		rec_kv_set(&s->metric.labels, &s->metric.nlabels, labels[i].key,
		    labels[i].value);
	map_put(&m->slots, buf_str(&key), s);
	return s;
}

void
meter_gauge(struct meter *m, const char *name, double value,
    const struct rec_kv *labels, size_t nlabels)
{
	struct meter_slot *s = slot_of(m, METRIC_GAUGE, name, labels, nlabels);

	if (s == NULL)
		return;
	s->metric.value = value;
	s->unset = false;
}

void
meter_count(struct meter *m, const char *name, double n,
    const struct rec_kv *labels, size_t nlabels)
{
	struct meter_slot *s =
	    slot_of(m, METRIC_COUNTER, name, labels, nlabels);

	if (s != NULL)
		s->metric.value += n;
}

void
meter_total(struct meter *m, const char *name, double total,
    const struct rec_kv *labels, size_t nlabels)
{
	struct meter_slot *s =
	    slot_of(m, METRIC_COUNTER, name, labels, nlabels);

	if (s != NULL)
		s->metric.value = total;
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
meter_http(struct meter *m, const struct http_server *s,
    const struct rec_kv *labels, size_t nlabels)
{
	struct http_stats stats = http_server_stats(s);

	meter_gauge(m, "nomad.nomad.agent.http.connections",
	    (double)stats.conns, labels, nlabels);
	meter_total(m, "nomad.nomad.agent.http.exceeded", (double)stats.crowded,
	    labels, nlabels);
}

/* --- this process --- */

static double
status_value(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at == NULL ? 0 : strtod(at + strlen(name), NULL);
}

void
meter_runtime(struct meter *m)
{
	char daemon_key[] = "daemon", text[4096] = "", *source;
	struct rec_kv label = { .key = daemon_key };
	struct mallinfo2 mi = mallinfo2();
	FILE *f = fopen("/proc/self/status", "re");

	if (f != NULL) {
		size_t n = fread(text, 1, sizeof text - 1, f);

		text[n] = '\0';
		fclose(f);
	}
	source = label.value = xstrdup(m->source);
	meter_gauge(m, "nomad.runtime.alloc_bytes",
	    (double)(mi.uordblks + mi.hblkhd), &label, 1);
	meter_gauge(m, "nomad.runtime.sys_bytes",
	    status_value(text, "\nVmRSS:") * 1024, &label, 1);
	meter_gauge(m, "nomad.runtime.num_goroutines",
	    status_value(text, "\nThreads:"), &label, 1);
	free(source);
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

void
meter_take(struct meter *m, int64_t wall_ns, struct metrics *out)
{
	if (m->start == 0)
		rng_secret(&m->start, sizeof m->start);
	*out = (struct metrics){ .source = xstrdup(m->source),
		.at_ns = wall_ns,
		.start = m->start };
	out->metrics = xcalloc(map_count(&m->slots), sizeof *out->metrics);
	for (struct map_entry *e = map_first(&m->slots), *next; e != NULL;
	     e = next) {
		struct meter_slot *s = map_value(e);

		next = map_next(e);
		if (s->unset) {
			map_remove(&m->slots, map_key(e));
			slot_free(s);
			continue;
		}
		s->unset = s->metric.kind == METRIC_GAUGE;
		quantiles(s, &s->metric);
		rec_copy(
		    &metric_type, &out->metrics[out->nmetrics++], &s->metric);
	}
}

void
meter_publish(struct meter *m, struct bus_pub *pub, int64_t wall_ns)
{
	struct metrics out;
	char topic[BUS_TOPIC_MAX + 1];

	meter_runtime(m);
	meter_take(m, wall_ns, &out);
	snprintf(topic, sizeof topic, "metric.%s", m->source);
	bus_publish(pub, topic, MSG_METRIC, &out);
	rec_clear(&metrics_type, &out);
}
