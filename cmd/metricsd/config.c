#include <string.h>

#include "cmd/metricsd/metricsd.h"
#include "common/clock.h"
#include "common/mem.h"

static const struct rec_field metricsd_config_fields[] = {
	DAEMON_CONFIG_ROWS(struct metricsd_config),
	REC_STR(struct metricsd_config, 1, http, "http"),
	REC_BOOL(struct metricsd_config, 2, prometheus_metrics,
	    "prometheus_metrics"),
	REC_BOOL(
	    struct metricsd_config, 3, disable_hostname, "disable_hostname"),
	REC_BOOL(struct metricsd_config, 4, use_node_name, "use_node_name"),
	REC_STR(struct metricsd_config, 5, node_name, "node_name"),
	REC_DUR(struct metricsd_config, 6, in_memory_collection_interval,
	    "in_memory_collection_interval"),
	REC_DUR(struct metricsd_config, 7, in_memory_retention_period,
	    "in_memory_retention_period"),
	REC_STRS(struct metricsd_config, 8, prefix_filter, "prefix_filter"),
	REC_BOOL(struct metricsd_config, 9, filter_default, "filter_default"),
	REC_STRS(struct metricsd_config, 10, sources, "sources"),
	REC_STR(struct metricsd_config, 11, statsd_address, "statsd_address"),
};
const struct rec_type metricsd_config_type =
    REC_TYPE(metricsd_config, metricsd_config_fields);

void
metricsd_config_init(void *config)
{
	static const char *const sources[] = { "schedd", "nodeagent", "gossipd",
		"lbd" };
	struct metricsd_config *c = config;

	c->http = xstrdup("127.0.0.1:4649");
	c->node_name = xstrdup("");
	c->in_memory_collection_interval = 10 * CLOCK_NS_PER_S;
	c->in_memory_retention_period = 60 * CLOCK_NS_PER_S;
	c->filter_default = true;
	c->nsources = sizeof sources / sizeof sources[0];
	c->sources = xcalloc(c->nsources, sizeof *c->sources);
	for (size_t i = 0; i < c->nsources; i++)
		c->sources[i] = xstrdup(sources[i]);
	c->statsd_address = xstrdup("");
}

int
metricsd_config_check(const void *config, struct err *err)
{
	const struct metricsd_config *c = config;

	if (strrchr(c->http, ':') == NULL)
		return err_set(err, ERR_BAD,
		    "http: expected host:port, found \"%s\"", c->http);
	if (c->in_memory_collection_interval < CLOCK_NS_PER_S)
		return err_set(
		    err, ERR_BAD, "in_memory_collection_interval: at least 1s");
	if (c->in_memory_retention_period < c->in_memory_collection_interval)
		return err_set(err, ERR_BAD,
		    "in_memory_retention_period: at least "
		    "in_memory_collection_interval");
	if (c->use_node_name && c->node_name[0] == '\0')
		return err_set(err, ERR_BAD, "use_node_name needs a node_name");
	for (size_t i = 0; i < c->nprefix_filter; i++)
		if (c->prefix_filter[i][0] != '+' &&
		    c->prefix_filter[i][0] != '-')
			return err_set(err, ERR_BAD,
			    "prefix_filter: %s must begin with + or -",
			    c->prefix_filter[i]);
	for (size_t i = 0; i < c->nsources; i++)
		if (c->sources[i][0] == '\0' ||
		    strchr(c->sources[i], '/') != NULL)
			return err_set(err, ERR_BAD,
			    "sources: \"%s\" is no daemon's name",
			    c->sources[i]);
	if (c->statsd_address[0] != '\0' &&
	    statsd_check(c->statsd_address, err) == -1)
		return -1;
	return 0;
}
