/*
 * A daemon's own numbers, kept until they are published under
 * "metric.<daemon>" as proto/metric.h says.
 *
 * Counters and summaries are absolute since the start and stay for ever;
 * gauges are published once each time they are set, so that the gauge of
 * something that is no more goes away by itself. A zeroed struct meter with
 * a source is an empty one. Labels are borrowed during the call. For one
 * thread.
 */
#ifndef PROTO_METER_H
#define PROTO_METER_H

#include "common/bus.h"
#include "common/http/http.h"
#include "common/map.h"
#include "proto/metric.h"

#define METER_MAX     8192 /* different numbers; further ones are dropped */
#define METER_SAMPLES 128  /* of a summary, for its quantiles */

struct meter {
	const char *source; /* borrowed: "schedd" */
	uint64_t start;     /* set by the first publication */
	struct map slots;   /* name and labels to struct meter_slot */
};

void meter_release(struct meter *m);

void meter_gauge(struct meter *m, const char *name, double value,
    const struct rec_kv *labels, size_t nlabels);
void meter_count(struct meter *m, const char *name, double n,
    const struct rec_kv *labels, size_t nlabels);
/* A counter that is kept elsewhere: all that it has counted so far. */
void meter_total(struct meter *m, const char *name, double total,
    const struct rec_kv *labels, size_t nlabels);
/* One observation of a summary; times are milliseconds. */
void meter_sample(struct meter *m, const char *name, double value,
    const struct rec_kv *labels, size_t nlabels);

/* This process: memory, threads; nomad.runtime.* with the label daemon. */
void meter_runtime(struct meter *m);

/* The server of the HTTP API; nomad.nomad.agent.http.*, of which Nomad has
 * two. */
void meter_http(struct meter *m, const struct http_server *s,
    const struct rec_kv *labels, size_t nlabels);

/* All that there is to tell, as one record (rec_clear() it with
 * metrics_type); gauges begin anew. */
void meter_take(struct meter *m, int64_t wall_ns, struct metrics *out);

/* meter_runtime(), meter_take(), and out it goes. */
void meter_publish(struct meter *m, struct bus_pub *pub, int64_t wall_ns);

#endif
