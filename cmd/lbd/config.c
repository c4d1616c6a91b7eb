#include <inttypes.h>
#include <string.h>

#include "cmd/lbd/lbd.h"
#include "cmd/lbd/urltag.h"
#include "common/clock.h"
#include "common/mem.h"

static const struct rec_field lbd_consul_fields[] = {
	REC_STR(struct lbd_consul, 1, addr, "Addr"),
	REC_STR(struct lbd_consul, 2, token, "Token", .flags = REC_NOJSON),
	REC_STR(struct lbd_consul, 3, kv_path, "KVPath"),
	REC_STR(struct lbd_consul, 4, no_route_path, "NoRoutePath"),
	REC_STR(struct lbd_consul, 5, service_status, "ServiceStatus"),
	REC_STR(struct lbd_consul, 6, checks_required, "ChecksRequired"),
	REC_DUR(struct lbd_consul, 7, poll_interval, "PollInterval"),
	REC_BOOL(struct lbd_consul, 8, enable_register, "Register"),
	REC_STR(struct lbd_consul, 9, register_name, "RegisterName"),
	REC_STR(struct lbd_consul, 10, register_addr, "RegisterAddr"),
	REC_STR(struct lbd_consul, 11, register_tags, "RegisterTags"),
	REC_DUR(struct lbd_consul, 12, check_interval, "CheckInterval"),
	REC_DUR(struct lbd_consul, 13, check_timeout, "CheckTimeout"),
};
const struct rec_type lbd_consul_type = REC_TYPE(lbd_consul, lbd_consul_fields);

static const struct rec_field lbd_config_fields[] = {
	DAEMON_CONFIG_ROWS(struct lbd_config),
	REC_STR(struct lbd_config, 2, proxy_addr, "ProxyAddr"),
	REC_STR(struct lbd_config, 3, ui_addr, "UIAddr"),
	REC_U64(struct lbd_config, 4, workers, "Workers"),
	REC_STR(struct lbd_config, 5, strategy, "Strategy"),
	REC_STR(struct lbd_config, 6, matcher, "Matcher"),
	REC_BOOL(struct lbd_config, 7, no_globs, "NoGlobs"),
	REC_STR(struct lbd_config, 8, tag_prefix, "TagPrefix"),
	REC_STR(struct lbd_config, 9, datacenter, "Datacenter"),
	REC_STR(struct lbd_config, 24, registry, "Registry"),
	REC_STR(struct lbd_config, 11, routes_file, "RoutesFile"),
	REC_U64(struct lbd_config, 12, no_route_status, "NoRouteStatus"),
	REC_STR(struct lbd_config, 13, no_route_file, "NoRouteFile"),
	REC_U64(struct lbd_config, 14, max_conns, "MaxConns"),
	REC_U64(struct lbd_config, 15, max_upstream_conns, "MaxUpstreamConns"),
	REC_DUR(struct lbd_config, 16, dial_timeout, "DialTimeout"),
	REC_DUR(struct lbd_config, 17, response_header_timeout,
	    "ResponseHeaderTimeout"),
	REC_DUR(struct lbd_config, 18, idle_conn_timeout, "IdleConnTimeout"),
	REC_DUR(struct lbd_config, 19, keepalive_timeout, "KeepaliveTimeout"),
	REC_DUR(struct lbd_config, 20, shutdown_wait, "ShutdownWait"),
	REC_STR(struct lbd_config, 21, local_ip, "LocalIP"),
	REC_STR(struct lbd_config, 22, header_client_ip, "HeaderClientIP"),
	REC_STR(struct lbd_config, 23, header_request_id, "HeaderRequestID"),
	REC_STR(struct lbd_config, 25, routes, "Routes"),
	REC_DUR(struct lbd_config, 26, deregister_grace, "DeregisterGrace"),
	REC_REC(struct lbd_config, 27, consul, lbd_consul, "Consul"),
};
const struct rec_type lbd_config_type = REC_TYPE(lbd_config, lbd_config_fields);

static void
init_consul(struct lbd_consul *c)
{
	c->addr = xstrdup("127.0.0.1:8500");
	c->token = xstrdup("");
	c->kv_path = xstrdup("/fabio/config");
	c->no_route_path = xstrdup("/fabio/noroute.html");
	c->service_status = xstrdup("passing");
	c->checks_required = xstrdup("one");
	c->enable_register = true;
	c->register_name = xstrdup("lbd");
	c->register_addr = xstrdup("");
	c->register_tags = xstrdup("");
	c->check_interval = CLOCK_NS_PER_S;
	c->check_timeout = 3 * CLOCK_NS_PER_S;
}

void
lbd_config_init(void *config)
{
	struct lbd_config *c = config;

	c->proxy_addr = xstrdup(":9999");
	c->ui_addr = xstrdup(":9998");
	c->strategy = xstrdup("rnd");
	c->matcher = xstrdup("prefix");
	c->tag_prefix = xstrdup(URLTAG_PREFIX);
	c->datacenter = xstrdup("dc1");
	c->registry = xstrdup("agent");
	c->routes_file = xstrdup("");
	c->no_route_status = 404;
	c->no_route_file = xstrdup("");
	c->max_conns = HTTP_MAX_CONNS;
	c->max_upstream_conns = 10000;
	c->dial_timeout = 30 * CLOCK_NS_PER_S;
	c->idle_conn_timeout = 15 * CLOCK_NS_PER_S;
	c->keepalive_timeout = 120 * CLOCK_NS_PER_S;
	c->shutdown_wait = 5 * CLOCK_NS_PER_S;
	c->local_ip = xstrdup("");
	c->header_client_ip = xstrdup("");
	c->header_request_id = xstrdup("");
	c->routes = xstrdup("");
	init_consul(&c->consul);
}

static int
check_times(const struct lbd_config *c, struct err *err)
{
	const struct {
		const char *name;
		int64_t ns;
		bool zero; /* is allowed */
	} times[] = {
		{ "dial_timeout", c->dial_timeout, false },
		{ "response_header_timeout", c->response_header_timeout, true },
		{ "idle_conn_timeout", c->idle_conn_timeout, false },
		{ "keepalive_timeout", c->keepalive_timeout, true },
		{ "shutdown_wait", c->shutdown_wait, true },
		{ "deregister_grace", c->deregister_grace, true },
		{ "consul.poll_interval", c->consul.poll_interval, true },
		{ "consul.check_interval", c->consul.check_interval, false },
		{ "consul.check_timeout", c->consul.check_timeout, false },
	};

	for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
		if (times[i].ns < 0 ||
		    (times[i].ns < CLOCK_NS_PER_MS &&
			!(times[i].zero && times[i].ns == 0)))
			return err_set(err, ERR_BAD,
			    "%s is below the minimum of 1ms", times[i].name);
	}
	return 0;
}

/* A field name that is configured must be one. */
static int
check_name(const char *member, const char *name, struct err *err)
{
	for (const char *p = name; *p != '\0'; p++)
		if (*p <= ' ' || *p >= 0x7f ||
		    strchr("()<>@,;:\\\"/[]?={}", *p))
			return err_set(err, ERR_BAD,
			    "%s: '%s' is no field name", member, name);
	return 0;
}

static int
check_registry(const struct lbd_config *c, struct err *err)
{
	if (strcmp(c->registry, "agent") != 0 &&
	    strcmp(c->registry, "consul") != 0 &&
	    strcmp(c->registry, "none") != 0)
		return err_set(err, ERR_BAD,
		    "registry '%s' is not one of agent, consul, none",
		    c->registry);
	if (strcmp(c->registry, "agent") == 0 && c->common.run_dir != NULL &&
	    c->common.run_dir[0] == '\0')
		return err_set(err, ERR_BAD,
		    "registry agent needs a run_dir, where nodeagent's is");
	if (strcmp(c->consul.checks_required, "one") != 0 &&
	    strcmp(c->consul.checks_required, "all") != 0)
		return err_set(err, ERR_BAD,
		    "consul.checks_required '%s' is not one of one, all",
		    c->consul.checks_required);
	if (c->consul.addr[0] == '\0' || c->consul.kv_path[0] == '\0' ||
	    c->consul.no_route_path[0] == '\0' ||
	    c->consul.register_name[0] == '\0')
		return err_set(err, ERR_BAD,
		    "consul: addr, kv_path, no_route_path and register_name "
		    "must not be empty");
	return 0;
}

int
lbd_config_check(const void *config, struct err *err)
{
	const struct lbd_config *c = config;
	enum match_kind kind;

	if (strcmp(c->strategy, "rnd") != 0 && strcmp(c->strategy, "rr") != 0)
		return err_set(err, ERR_BAD,
		    "strategy '%s' is not one of rnd, rr", c->strategy);
	if (match_kind_parse(c->matcher, &kind) == -1)
		return err_set(err, ERR_BAD,
		    "matcher '%s' is not one of prefix, iprefix, glob",
		    c->matcher);
	if (c->no_route_status < 200 || c->no_route_status > 999)
		return err_set(err, ERR_BAD,
		    "no_route_status %" PRIu64 " is not within 200 to 999",
		    c->no_route_status);
	if (c->workers > LBD_MAX_WORKERS)
		return err_set(err, ERR_BAD,
		    "workers %" PRIu64 " is above the maximum of %d",
		    c->workers, LBD_MAX_WORKERS);
	if (c->proxy_addr[0] == '\0')
		return err_set(err, ERR_BAD, "proxy_addr is empty");
	if (c->tag_prefix[0] == '\0')
		return err_set(err, ERR_BAD, "tag_prefix is empty");
	if (c->max_conns == 0 || c->max_upstream_conns == 0)
		return err_set(err, ERR_BAD,
		    "max_conns and max_upstream_conns must be at least 1");
	if (check_name("header_client_ip", c->header_client_ip, err) == -1 ||
	    check_name("header_request_id", c->header_request_id, err) == -1)
		return -1;
	if (check_registry(c, err) == -1)
		return -1;
	return check_times(c, err);
}
