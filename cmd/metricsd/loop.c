#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/metricsd/metricsd.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "proto/msg.h"

static void
on_news(void *ctx, const struct metric *m, double news, uint64_t nnews)
{
	struct metricsd *d = ctx;

	if (d->statsd != NULL)
		statsd_send(d->statsd, m, news, nnews);
}

static void
take_in(struct metricsd *m, const struct metrics *from)
{
	struct loop *l = m->daemon->loop;

	store_put(&m->store, from, loop_now_ms(l), loop_wall_ns(l), on_news, m);
	if (m->statsd != NULL)
		statsd_flush(m->statsd);
}

/* Values are absolute, so a gap costs nothing. */
static void
on_metric(void *ctx, const char *topic, uint16_t number, uint64_t seq, bool gap,
    const void *body)
{
	(void)topic;
	(void)seq;
	(void)gap;
	if (number == MSG_METRIC)
		take_in(ctx, body);
}

/* The opts borrow from the config, whose place stays but not its values. */
static void
set_store(struct metricsd *m, const struct metricsd_config *c, bool first)
{
	static char host[256];
	struct store_opts o = { .host = host,
		.filter_default = c->filter_default,
		.filter = (const char *const *)c->prefix_filter,
		.nfilter = c->nprefix_filter };

	o.interval_ms =
	    (uint64_t)(c->in_memory_collection_interval / CLOCK_NS_PER_MS);
	o.retention_ms =
	    (uint64_t)(c->in_memory_retention_period / CLOCK_NS_PER_MS);
	gethostname(host, sizeof host - 1);
	if (c->use_node_name)
		snprintf(host, sizeof host, "%s", c->node_name);
	if (c->disable_hostname)
		o.host = NULL;
	if (first)
		store_init(&m->store, &o);
	else
		store_set(&m->store, &o);
}

static int
follow_sources(
    struct metricsd *m, const struct metricsd_config *c, struct err *err)
{
	m->subs = xcalloc(c->nsources + 1, sizeof(struct bus_sub *));
	for (size_t i = 0; i < c->nsources; i++) {
		char *url = daemon_url(c->common.run_dir, c->sources[i], "pub");
		struct bus_sub *sub = bus_subscribe(
		    m->daemon->loop, url, "metric.", on_metric, m, err);

		free(url);
		if (sub == NULL)
			return -1;
		m->subs[m->nsubs++] = sub;
	}
	return 0;
}

int
metricsd_start(struct daemon *d, struct err *err)
{
	const struct metricsd_config *c = d->config;
	struct metricsd *m = xcalloc(1, sizeof *m);

	d->state = m;
	m->daemon = d;
	m->meter.source = d->def->name;
	set_store(m, c, true);
	if (c->statsd_address[0] != '\0') {
		m->statsd = statsd_open(d->loop, c->statsd_address, err);
		if (m->statsd == NULL)
			return -1;
	}
	m->http =
	    http_server_new(d->loop, c->http, NULL, &metricsd_http_ops, m, err);
	if (m->http == NULL)
		return -1;
	daemon_warn_if_shown("HTTP", c->http);
	log_info("listening http=%s", http_server_addr(m->http));
	return follow_sources(m, c, err);
}

/* Where it listens and whom it hears is fixed; all else may change. */
int
metricsd_reload(struct daemon *d, const void *config, struct err *err)
{
	const struct metricsd_config *is = config, *was = d->config;
	struct metricsd *m = d->state;
	struct statsd *statsd = NULL;
	bool same = is->nsources == was->nsources;

	for (size_t i = 0; same && i < is->nsources; i++)
		same = strcmp(is->sources[i], was->sources[i]) == 0;
	if (!same || strcmp(is->http, was->http) != 0)
		return err_set(err, ERR_BAD,
		    "http and sources change only with a restart");
	if (is->in_memory_collection_interval !=
	    was->in_memory_collection_interval)
		return err_set(err, ERR_BAD,
		    "in_memory_collection_interval changes only with a "
		    "restart");
	if (is->statsd_address[0] != '\0' &&
	    (statsd = statsd_open(d->loop, is->statsd_address, err)) == NULL)
		return -1;
	statsd_free(m->statsd);
	m->statsd = statsd;
	set_store(m, is, false);
	return 0;
}

void
metricsd_release(struct daemon *d)
{
	struct metricsd *m = d->state;

	if (m == NULL)
		return;
	for (size_t i = 0; i < m->nsubs; i++)
		bus_sub_free(m->subs[i]);
	free(m->subs);
	http_server_free(m->http);
	statsd_free(m->statsd);
	store_release(&m->store);
	meter_release(&m->meter);
	free(m);
	d->state = NULL;
}

void
metricsd_info(struct daemon *d,
    void (*add)(void *ctx, const char *name, const char *value), void *ctx)
{
	const struct metricsd *m = d->state;
	const struct metricsd_config *c = d->config;
	struct http_stats http = http_server_stats(m->http);
	char text[24];

	add(ctx, "http", http_server_addr(m->http));
	http_stats_info(&http, add, ctx);
	snprintf(text, sizeof text, "%zu", map_count(&m->store.series));
	add(ctx, "series", text);
	snprintf(text, sizeof text, "%" PRIu64, m->store.dropped);
	add(ctx, "dropped", text);
	for (size_t i = 0; i < m->nsubs; i++) {
		char *name = xasprintf("from_%s", c->sources[i]);

		snprintf(text, sizeof text, "%" PRIu64,
		    bus_sub_stats(m->subs[i])->received);
		add(ctx, name, text);
		free(name);
	}
}

/* Its own numbers need no bus to come in. */
void
metricsd_metrics(struct daemon *d)
{
	struct metricsd *m = d->state;
	struct metrics own;

	meter_gauge(&m->meter, "metricsd.series",
	    (double)map_count(&m->store.series), NULL, 0);
	meter_runtime(&m->meter, loop_wall_ns(d->loop));
	meter_take(&m->meter, loop_wall_ns(d->loop), &own);
	take_in(m, &own);
	free(own.metrics);
}
