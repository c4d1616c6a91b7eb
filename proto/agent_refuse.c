#include "proto/agent_refuse.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/text.h"
#include "proto/agent_docker.h"
#include "proto/agent_plan.h"
#include "proto/agent_tls.h"

#define MAX_PORT 65535

/* A sentence about a name in files, after its place. Returns -1. */
static int __attribute__((format(printf, 4, 5)))
say(const struct agent_config *c, const char *path, struct buf *ui,
    const char *fmt, ...)
{
	char *where = agent_config_where(c, path), text[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	buf_addf(ui, "%s%s%s\n", where != NULL ? where : "",
	    where != NULL ? ": " : "", text);
	free(where);
	return -1;
}

/* --- what nothing here gives --- */

static int
check_protection(const struct agent_config *c, struct buf *ui)
{
	const char *why, *path = agent_tls_refused(&c->tls, &why);

	if (c->acl.enabled)
		return say(c, "acl.enabled", ui,
		    "acl.enabled is not supported by this version: nothing "
		    "would be protected by it");
	if (path != NULL)
		return say(c, path, ui, "%s %s", path, why);
	return 0;
}

/* What only seems to protect, or is written wrong. */
static int
check_raw_exec(const struct agent_config *c, const char *path,
    const struct tree *config, struct buf *ui)
{
	if (config == NULL || config->kind != TREE_MAP)
		return 0;
	for (size_t i = 0; i < config->nmembers; i++) {
		const char *name = config->members[i].key;

		if (strcmp(name, "denied_host_uids") == 0 ||
		    strcmp(name, "denied_host_gids") == 0)
			return say(c, path, ui,
			    "plugin \"raw_exec\": %s is not supported by this "
			    "version: nothing would be protected by it",
			    name);
		if (strcmp(name, "enabled") != 0 &&
		    strcmp(name, "denied_envvars") != 0 &&
		    strcmp(name, "no_cgroups") != 0)
			return say(c, path, ui,
			    "plugin \"raw_exec\": config has no option \"%s\"",
			    name);
	}
	return 0;
}

static int
check_plugins(const struct agent_config *c, struct buf *ui)
{
	/* Which of several the place is of cannot be told. */
	const char *path = c->nplugins == 1 ? "plugin" : "";

	for (size_t i = 0; c->client.enabled && i < c->nplugins; i++) {
		const struct agent_plugin *p = &c->plugins[i];
		struct buf name = { 0 };
		int rc = 0;

		if (strcmp(p->name, "raw_exec") == 0)
			rc = check_raw_exec(c, path, p->config, ui);
		else if (strcmp(p->name, "docker") == 0 &&
			 agent_docker_has_unknown(p->config, &name))
			rc = say(c, path, ui,
			    "plugin \"docker\": config has no option \"%s\"",
			    buf_str(&name));
		buf_release(&name);
		if (rc == -1)
			return -1;
	}
	return 0;
}

/* "provider=aws ...": a cloud would have to be asked for addresses. */
static void
warn_of_clouds(const struct agent_config *c, struct buf *ui)
{
	const struct agent_client *cl = &c->client;
	const struct agent_server *s = &c->server;
	const struct agent_server_join *join = &cl->server_join;
	const struct agent_server_join *pool = &s->server_join;
	const struct {
		const char *path;
		char *const *list;
		size_t n;
		bool used;
	} lists[] = {
		{ "client.servers", cl->servers, cl->nservers, cl->enabled },
		{ "client.server_join.retry_join", join->retry_join,
		    join->nretry_join, cl->enabled },
		{ "client.server_join.start_join", join->start_join,
		    join->nstart_join, cl->enabled },
		{ "server.server_join.retry_join", pool->retry_join,
		    pool->nretry_join, s->enabled },
		{ "server.server_join.start_join", pool->start_join,
		    pool->nstart_join, s->enabled },
		{ "server.retry_join", s->retry_join, s->nretry_join,
		    s->enabled },
		{ "server.start_join", s->start_join, s->nstart_join,
		    s->enabled },
	};

	for (size_t l = 0; l < sizeof lists / sizeof lists[0]; l++)
		for (size_t i = 0; lists[l].used && i < lists[l].n; i++)
			if (strchr(lists[l].list[i], '=') != NULL)
				say(c, lists[l].path, ui,
				    "WARNING: \"%s\" in %s is left out: asking "
				    "a cloud for servers is not supported by "
				    "this version",
				    lists[l].list[i], lists[l].path);
}

/* --- what no daemon would take --- */

static int
check_level(const struct agent_config *c, struct buf *ui)
{
	enum log_level level;

	if (!text_is_set(c->log_level) ||
	    strcasecmp(c->log_level, "OFF") == 0 ||
	    log_level_parse(c->log_level, &level) == 0)
		return 0;
	return say(c, "log_level", ui,
	    "log_level = \"%s\": expected TRACE, DEBUG, INFO, WARN, ERROR or "
	    "OFF",
	    c->log_level);
}

static int
check_port(const struct agent_config *c, const char *path, int64_t port,
    int64_t offset, const char *who, struct buf *ui)
{
	if (port < 1 || port > MAX_PORT)
		return say(c, path, ui,
		    "%s = %" PRId64 ": expected a port from 1 to %d", path,
		    port, MAX_PORT);
	if (port + offset > MAX_PORT)
		return say(c, path, ui,
		    "%s = %" PRId64 ": %s listens at %" PRId64
		    " more, which is no port",
		    path, port, who, offset);
	return 0;
}

static int
check_expect(const struct agent_config *c, struct buf *ui)
{
	int64_t n = c->server.bootstrap_expect;

	if (!c->server.enabled || (n >= 0 && n <= PLAN_SERVERS_MAX))
		return 0;
	return say(c, "server.bootstrap_expect", ui,
	    "server.bootstrap_expect = %" PRId64 ": expected 1 to %d servers",
	    n, PLAN_SERVERS_MAX);
}

static int
check_ports(const struct agent_config *c, struct buf *ui)
{
	const struct agent_ports *p = &c->ports;
	bool both = c->server.enabled && c->client.enabled;

	if (check_port(c, "ports.http", p->http, PLAN_METRICS_OFFSET,
		"metricsd", ui) == -1 ||
	    check_port(c, "ports.http", p->http, both ? PLAN_NODE_OFFSET : 0,
		"nodeagent", ui) == -1)
		return -1;
	if (!c->server.enabled)
		return 0;
	if (check_port(c, "ports.rpc", p->rpc, 0, "schedd", ui) == -1)
		return -1;
	if (plan_has_raft(c) && p->rpc <= PLAN_RAFT_OFFSET)
		return say(c, "ports.rpc", ui,
		    "ports.rpc = %" PRId64 ": schedd hears other servers at %d "
		    "less, which is no port",
		    p->rpc, PLAN_RAFT_OFFSET);
	return check_port(c, "ports.serf", p->serf, 0, "gossipd", ui);
}

/* host:port, and the port is one. */
static int
check_lb_addr(const struct agent_config *c, const char *path, const char *addr,
    struct buf *ui)
{
	const char *colon;
	char *end;
	long port;

	if (!text_is_set(addr))
		return 0;
	colon = strrchr(addr, ':');
	port = colon != NULL ? strtol(colon + 1, &end, 10) : 0;
	if (colon != NULL && *end == '\0' && port >= 1 && port <= MAX_PORT)
		return 0;
	return say(c, path, ui,
	    "%s = \"%s\": expected an address such as 127.0.0.1:%d", path, addr,
	    PLAN_LB_PORT);
}

/* What is no base64 has been refused before. The key is not repeated. */
static int
check_key(const struct agent_config *c, struct buf *ui)
{
	const char *key = c->server.encrypt;
	size_t n, bytes;

	if (!c->server.enabled || !text_is_set(key))
		return 0;
	n = strcspn(key, "=");
	bytes = n * 3 / 4;
	if (bytes == 16 || bytes == 24 || bytes == 32)
		return 0;
	return say(c, "server.encrypt", ui,
	    "server.encrypt: a key must have 16, 24 or 32 bytes, not %zu",
	    bytes);
}

int
agent_refuse(const struct agent_config *c, struct buf *ui)
{
	if (check_protection(c, ui) == -1 || check_level(c, ui) == -1 ||
	    check_expect(c, ui) == -1 || check_key(c, ui) == -1 ||
	    check_ports(c, ui) == -1 || check_plugins(c, ui) == -1)
		return -1;
	if (plan_has_lb(c) && c->lb != NULL &&
	    (check_lb_addr(c, "lb.proxy", c->lb->proxy, ui) == -1 ||
		check_lb_addr(c, "lb.ui", c->lb->ui, ui) == -1))
		return -1;
	warn_of_clouds(c, ui);
	return 0;
}
