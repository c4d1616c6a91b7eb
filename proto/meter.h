/*
 * A daemon's own numbers, kept until they are published under
 * "metric.<daemon>" as proto/metric.h says.
 *
 * Each interval a daemon sets its gauges and publishes. What has changed goes
 * out at once, all of it every METER_FULL_NS and, if it goes into one message,
 * in a daemon's first seconds, so that an idle daemon says little and who
 * listens late soon knows all.
 *
 * Counters and summaries are absolute since the start; those that have labels
 * are forgotten when nothing was counted for METER_IDLE_NS. A gauge that is
 * not set between two publications is forgotten, so that the gauge of
 * something that is no more goes away by itself. A zeroed struct meter with a
 * source is an empty one. Labels are borrowed during the call. For one
 * thread.
 */
#ifndef PROTO_METER_H
#define PROTO_METER_H

#include "common/bus.h"
#include "common/clock.h"
#include "common/http/http.h"
#include "common/map.h"
#include "proto/metric.h"

#define METER_MAX     65536 /* different numbers; further ones are dropped */
#define METER_SAMPLES 128   /* of a summary, for its quantiles */
#define METER_MESSAGE 2048  /* numbers in one message */
#define METER_FULL_NS (10 * CLOCK_NS_PER_S)
#define METER_IDLE_NS (60 * CLOCK_NS_PER_S)

struct meter {
	const char *source;        /* borrowed: "schedd" */
	uint64_t start;            /* set by the first publication */
	int64_t start_ns, full_ns; /* of the first and the last whole one */
	struct map slots;          /* name and labels to struct meter_slot */
	struct meter_process *process; /* what meter_runtime() keeps */
};

void meter_release(struct meter *m);

/* Labels in the making; all text is borrowed. */
#define METER_MAX_LABELS 48 /* further ones are left out */
struct meter_labels {
	struct rec_kv kv[METER_MAX_LABELS];
	size_t n;
};
void meter_label(struct meter_labels *l, const char *key, const char *value);
/* Of a job that another one made: parent_id, and dispatch_id or periodic_id,
 * as its id has them. The parent's is kept in scratch. */
void meter_label_child(
    struct meter_labels *l, const char *job_id, struct buf *scratch);

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

/* A summary that is kept elsewhere, without quantiles: all so far. */
void meter_summary(
    struct meter *m, const char *name, uint64_t count, double sum, double max);

/* The server of the HTTP API: nomad.nomad.agent.http.*, of which Nomad has
 * two. */
void meter_http(struct meter *m, const struct http_server *s);

/*
 * What there is to tell, all of it or what is new, as one record, which
 * borrows from the meter until its next call: free(out->metrics) is all that
 * it needs. Gauges begin anew.
 */
void meter_take(struct meter *m, int64_t wall_ns, struct metrics *out);

/* meter_take(), and out it goes; nothing when nothing is new. */
void meter_publish(struct meter *m, struct bus_pub *pub, int64_t wall_ns);

/* --- meter_process.c --- */

/*
 * This process, with the label daemon: nomad.runtime.* as far as C has them,
 * and process.* as Prometheus' own client libraries have them. What is dear
 * to know is read anew every METER_FULL_NS only.
 */
void meter_runtime(struct meter *m, int64_t wall_ns);
void meter_process_free(struct meter_process *p); /* NULL is fine */

#endif
