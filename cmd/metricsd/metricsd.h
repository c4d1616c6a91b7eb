/*
 * metricsd: gathers numbers from every daemon here and answers questions
 * about them.
 *
 * It hears metric.* at each neighbour's pub.sock; one that is absent is
 * waited for. store.c keeps what came, json.c and prometheus.c print it, and
 * handlers.c answers over HTTP and over the bus alike.
 */
#ifndef CMD_METRICSD_METRICSD_H
#define CMD_METRICSD_METRICSD_H

#include "cmd/metricsd/store.h"
#include "common/daemon.h"
#include "common/http/http.h"
#include "proto/meter.h"

/* The names are those of Nomad's telemetry block, where it has them. */
struct metricsd_config {
	struct daemon_config common;
	char *http; /* host:port */
	bool prometheus_metrics;
	bool disable_hostname;
	bool use_node_name;
	char *node_name; /* for use_node_name */
	int64_t in_memory_collection_interval;
	int64_t in_memory_retention_period;
	char **prefix_filter; /* "+nomad.raft", "-nomad.runtime" */
	size_t nprefix_filter;
	bool filter_default;
	char **sources; /* daemons to hear */
	size_t nsources;
	char *statsd_address; /* "": none */
};
extern const struct rec_type metricsd_config_type;

void metricsd_config_init(void *config);
int metricsd_config_check(const void *config, struct err *err);

struct metricsd {
	struct daemon *daemon;
	struct store store;
	struct bus_sub **subs;
	size_t nsubs;
	struct http_server *http;
	struct statsd *statsd; /* NULL: none */
	struct meter meter;
};

int metricsd_start(struct daemon *d, struct err *err);
int metricsd_reload(struct daemon *d, const void *config, struct err *err);
void metricsd_release(struct daemon *d);
void metricsd_info(struct daemon *d,
    void (*add)(void *ctx, const char *name, const char *value), void *ctx);
void metricsd_metrics(struct daemon *d);

/* --- handlers.c --- */

extern const struct bus_route metricsd_routes[];
extern const size_t metricsd_nroutes;
extern const struct http_ops metricsd_http_ops;

/* --- json.c, prometheus.c: the store as text --- */

enum { METRICS_PRETTY = 1 };
void metrics_to_json(struct store *s, struct buf *out, int flags);
void metrics_to_prometheus(struct store *s, struct buf *out);

/* --- statsd.c: hands on what comes, by UDP --- */

#define STATSD_RETRY_MS 60000

struct statsd;
/* host:port, with a number for the port. */
int statsd_check(const char *addr, struct err *err);
/* Never blocks: what is sent before a name is looked up is lost, and one that
 * is not known is asked for again every STATSD_RETRY_MS. */
struct statsd *statsd_open(struct loop *l, const char *addr, struct err *err);
void statsd_free(struct statsd *s);
/* One number; for counters and summaries what is new since before. */
void statsd_send(
    struct statsd *s, const struct metric *m, double news, uint64_t nnews);
void statsd_flush(struct statsd *s);

#endif
