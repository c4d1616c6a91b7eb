/* All of Fabio's properties. */
#include <string.h>

#include "cmd/lbd/fabio_impl.h"

#define SETS(n, v, m, u)               \
	{                              \
		n, v, FABIO_SETS, m, u \
	}
#define NOTHING(n, v, u)                     \
	{                                    \
		n, v, FABIO_NOTHING, NULL, u \
	}
#define ONLY_FLAG(n, v, u)                \
	{                                 \
		n, v, FABIO_FLAG, NULL, u \
	}
#define NOT_YET(n, v, u)                     \
	{                                    \
		n, v, FABIO_NOT_YET, NULL, u \
	}

const struct fabio_row fabio_rows[] = {
	SETS("proxy.addr", FABIO_LISTENER, "proxy_addr", ":9999"),
	SETS("proxy.strategy", FABIO_STRATEGY, "strategy", "rnd"),
	SETS("proxy.matcher", FABIO_MATCHER, "matcher", "prefix"),
	SETS("proxy.noroutestatus", FABIO_STATUS, "no_route_status", "404"),
	SETS("proxy.maxconn", FABIO_NUMBER, "max_upstream_conns", "10000"),
	SETS("proxy.shutdownwait", FABIO_DURATION, "shutdown_wait", "0s"),
	SETS("proxy.deregistergraceperiod", FABIO_DURATION, "deregister_grace",
	    "0s"),
	SETS("proxy.dialtimeout", FABIO_DURATION, "dial_timeout", "30s"),
	SETS("proxy.responseheadertimeout", FABIO_DURATION,
	    "response_header_timeout", "0s"),
	SETS("proxy.idleconntimeout", FABIO_DURATION, "idle_conn_timeout",
	    "15s"),
	SETS("proxy.localip", FABIO_TEXT, "local_ip", ""),
	SETS("proxy.header.clientip", FABIO_TEXT, "header_client_ip", ""),
	SETS("proxy.header.requestid", FABIO_TEXT, "header_request_id", ""),
	SETS("glob.matching.disabled", FABIO_BOOL, "no_globs", "false"),
	SETS("registry.backend", FABIO_BACKEND, "registry", "consul"),
	SETS("registry.static.routes", FABIO_TEXT, "routes", ""),
	SETS("registry.file.path", FABIO_TEXT, "routes_file", ""),
	SETS("registry.file.noroutehtmlpath", FABIO_TEXT, "no_route_file", ""),
	SETS(
	    "registry.consul.addr", FABIO_URL, "consul.addr", "localhost:8500"),
	SETS("registry.consul.token", FABIO_TEXT, "consul.token", ""),
	SETS("registry.consul.kvpath", FABIO_TEXT, "consul.kv_path",
	    "/fabio/config"),
	SETS("registry.consul.noroutehtmlpath", FABIO_TEXT,
	    "consul.no_route_path", "/fabio/noroute.html"),
	SETS("registry.consul.tagprefix", FABIO_TEXT, "tag_prefix",
	    "urlprefix-"),
	SETS("registry.consul.service.status", FABIO_TEXT,
	    "consul.service_status", "passing"),
	SETS("registry.consul.checksRequired", FABIO_TEXT,
	    "consul.checks_required", "one"),
	SETS("registry.consul.pollinterval", FABIO_DURATION,
	    "consul.poll_interval", "0s"),
	SETS("registry.consul.register.enabled", FABIO_BOOL,
	    "consul.enable_register", "true"),
	SETS("registry.consul.register.addr", FABIO_TEXT,
	    "consul.register_addr", ""),
	SETS("registry.consul.register.name", FABIO_TEXT,
	    "consul.register_name", "fabio"),
	SETS("registry.consul.register.tags", FABIO_TEXT,
	    "consul.register_tags", ""),
	SETS("registry.consul.register.checkInterval", FABIO_DURATION,
	    "consul.check_interval", "1s"),
	SETS("registry.consul.register.checkTimeout", FABIO_DURATION,
	    "consul.check_timeout", "3s"),
	SETS("ui.addr", FABIO_LISTENER, "ui_addr", ":9998"),
	SETS("log.level", FABIO_LEVEL, "log_level", "INFO"),

	ONLY_FLAG("cfg", FABIO_TEXT, ""),
	ONLY_FLAG("v", FABIO_BOOL, "false"),
	ONLY_FLAG("version", FABIO_BOOL, "false"),
	NOTHING("insecure", FABIO_BOOL, "false"),
	NOTHING("proxy.keepalivetimeout", FABIO_DURATION, "0s"),
	NOTHING("proxy.flushinterval", FABIO_DURATION, "1s"),
	NOTHING("proxy.globalflushinterval", FABIO_DURATION, "0s"),
	NOTHING("proxy.header.sts.maxage", FABIO_NUMBER, "0"),
	NOTHING("proxy.header.sts.subdomains", FABIO_BOOL, "false"),
	NOTHING("proxy.header.sts.preload", FABIO_BOOL, "false"),
	NOTHING("proxy.header.tls", FABIO_TEXT, ""),
	NOTHING("proxy.header.tls.value", FABIO_TEXT, ""),
	NOTHING("proxy.grpcmaxrxmsgsize", FABIO_NUMBER, "4194304"),
	NOTHING("proxy.grpcmaxtxmsgsize", FABIO_NUMBER, "4194304"),
	NOTHING("proxy.grpcshutdowntimeout", FABIO_DURATION, "2s"),
	NOTHING("proxy.log.routes", FABIO_TEXT, ""),
	NOTHING("proxy.cs", FABIO_TEXT, ""),
	NOTHING("aws.apigw.cert.cn", FABIO_TEXT, ""),
	NOTHING("registry.timeout", FABIO_DURATION, "10s"),
	NOTHING("registry.retry", FABIO_DURATION, "500ms"),
	NOTHING("registry.consul.namespace", FABIO_TEXT, ""),
	NOTHING("registry.consul.serviceMonitors", FABIO_NUMBER, "1"),
	NOTHING("registry.consul.requireConsistent", FABIO_BOOL, "true"),
	NOTHING("registry.consul.allowStale", FABIO_BOOL, "false"),
	NOTHING(
	    "registry.consul.register.checkTLSSkipVerify", FABIO_BOOL, "false"),
	NOTHING("registry.consul.tls.keyfile", FABIO_TEXT, ""),
	NOTHING("registry.consul.tls.certfile", FABIO_TEXT, ""),
	NOTHING("registry.consul.tls.cafile", FABIO_TEXT, ""),
	NOTHING("registry.consul.tls.capath", FABIO_TEXT, ""),
	NOTHING("registry.consul.tls.insecureskipverify", FABIO_BOOL, "false"),
	NOTHING("registry.custom.host", FABIO_TEXT, ""),
	NOTHING("registry.custom.scheme", FABIO_TEXT, "https"),
	NOTHING("registry.custom.path", FABIO_TEXT, ""),
	NOTHING("registry.custom.queryparams", FABIO_TEXT, ""),
	NOTHING("registry.custom.pollinterval", FABIO_DURATION, "10s"),
	NOTHING("registry.custom.timeout", FABIO_DURATION, "5s"),
	NOTHING("registry.custom.checkTLSSkipVerify", FABIO_BOOL, "false"),
	NOTHING("registry.custom.noroutehtml", FABIO_TEXT, ""),
	NOTHING("log.routes.format", FABIO_TEXT, "delta"),
	NOTHING("runtime.gogc", FABIO_NUMBER, "100"),
	NOTHING("runtime.gomaxprocs", FABIO_NUMBER, "0"),
	NOTHING("glob.cache.size", FABIO_NUMBER, "1000"),
	NOTHING("profile.mode", FABIO_TEXT, ""),
	NOTHING("profile.path", FABIO_TEXT, "/tmp"),
	NOTHING("ui.access", FABIO_TEXT, "rw"),
	NOTHING("ui.color", FABIO_TEXT, "light-green"),
	NOTHING("ui.title", FABIO_TEXT, ""),
	NOTHING("ui.routingtable.source.linkenabled", FABIO_BOOL, "false"),
	NOTHING("ui.routingtable.source.newtab", FABIO_BOOL, "true"),
	NOTHING("ui.routingtable.source.scheme", FABIO_TEXT, "http"),
	NOTHING("ui.routingtable.source.host", FABIO_TEXT, ""),
	NOTHING("ui.routingtable.source.port", FABIO_TEXT, ""),
	NOTHING("metrics.target", FABIO_TEXT, ""),
	NOTHING("metrics.prefix", FABIO_TEXT, ""),
	NOTHING("metrics.names", FABIO_TEXT, ""),
	NOTHING("metrics.interval", FABIO_DURATION, "30s"),
	NOTHING("metrics.timeout", FABIO_DURATION, "10s"),
	NOTHING("metrics.retry", FABIO_DURATION, "500ms"),
	NOTHING("metrics.prometheus.subsystem", FABIO_TEXT, ""),
	NOTHING("metrics.prometheus.path", FABIO_TEXT, "/metrics"),
	NOTHING("metrics.prometheus.buckets", FABIO_TEXT, ""),
	NOTHING("metrics.graphite.addr", FABIO_TEXT, ""),
	NOTHING("metrics.statsd.addr", FABIO_TEXT, ""),
	NOTHING("metrics.dogstatsd.addr", FABIO_TEXT, ""),
	NOTHING("metrics.circonus.apiapp", FABIO_TEXT, "fabio"),
	NOTHING("metrics.circonus.apikey", FABIO_TEXT, ""),
	NOTHING("metrics.circonus.apiurl", FABIO_TEXT, ""),
	NOTHING("metrics.circonus.brokerid", FABIO_TEXT, ""),
	NOTHING("metrics.circonus.checkid", FABIO_TEXT, ""),
	NOTHING("metrics.circonus.submissionurl", FABIO_TEXT, ""),

	NOT_YET("proxy.auth", FABIO_AUTH, ""),
	NOT_YET("proxy.gzip.contenttype", FABIO_TEXT, ""),
	NOT_YET("proxy.readtimeout", FABIO_DURATION, "0s"),
	NOT_YET("proxy.writetimeout", FABIO_DURATION, "0s"),
	NOT_YET("registry.static.noroutehtml", FABIO_TEXT, ""),
	NOT_YET("ui.path", FABIO_TEXT, ""),
	NOT_YET("log.access.format", FABIO_TEXT, "common"),
	NOT_YET("log.access.target", FABIO_TEXT, ""),
	NOT_YET("bgp.enabled", FABIO_BOOL, "false"),
	NOT_YET("bgp.peers", FABIO_TEXT, ""),
};
const size_t fabio_nrows = sizeof fabio_rows / sizeof fabio_rows[0];

const struct fabio_row *
fabio_row_find(const char *name)
{
	for (size_t i = 0; i < fabio_nrows; i++)
		if (strcmp(fabio_rows[i].name, name) == 0)
			return &fabio_rows[i];
	return NULL;
}
