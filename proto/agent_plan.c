#include "proto/agent_plan.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/daemon.h"
#include "common/mem.h"
#include "common/text.h"
#include "proto/agent_docker.h"
#include "proto/agent_leave.h"
#include "proto/agent_tls.h"
#include "proto/conftext.h"

#define STOP_MS       5000
#define STOP_TASK_MS  20000 /* a nodeagent that stops its tasks */
#define STOP_LEAVE_MS 15000 /* a gossipd that leaves the pool */

/* --- what daemons share --- */

struct planner {
	struct plan *plan;
	const struct agent_config *c;
	const char *data_dir, *run_dir;
	char *name;        /* of this agent */
	char *host;        /* the first address to serve HTTP at */
	char *server_http; /* NULL: no server here */
	char *node_http;   /* NULL: no client here */
};

static char *
join_port(const char *host, int64_t port)
{
	return strchr(host, ':') != NULL
		   ? xasprintf("[%s]:%" PRId64, host, port)
		   : xasprintf("%s:%" PRId64, host, port);
}

/* Where one on this machine reaches what listens at the address. */
static char *
reach(const char *host, int64_t port)
{
	if (strcmp(host, "0.0.0.0") == 0)
		return join_port("127.0.0.1", port);
	return join_port(strcmp(host, "::") == 0 ? "::1" : host, port);
}

/* Nomad takes any; what is too often for a daemon is as often as it can. */
static void
put_collection(struct buf *b, const char *text)
{
	int64_t ns;

	if (text == NULL || clock_parse_dur(text, &ns) == -1 || ns <= 0)
		return;
	conftext_put_dur(b, "collection_interval",
	    ns > DAEMON_MIN_COLLECTION ? ns : DAEMON_MIN_COLLECTION);
}

static struct buf *
add_daemon(
    struct planner *p, const char *name, const char *data_dir, uint64_t stop_ms)
{
	struct plan_daemon *d = &p->plan->daemons[p->plan->ndaemons++];
	const char *level = text_or(p->c->log_level, "INFO");

	*d = (struct plan_daemon){ .name = name, .stop_ms = stop_ms };
	buf_addf(&d->conf,
	    "# Written by rove agent from its own configuration, anew at "
	    "each start and reload.\n");
	conftext_put(&d->conf, "run_dir", p->run_dir);
	conftext_put(&d->conf, "data_dir", data_dir);
	conftext_put(&d->conf, "log_level",
	    strcasecmp(level, "OFF") == 0 ? "ERROR" : level);
	put_collection(&d->conf, p->c->telemetry.collection_interval);
	return &d->conf;
}

/* Notes an address that a daemon will listen at; takes it over. */
static void
add_addr(struct planner *p, const char *daemon, const char *what, char *addr)
{
	struct plan *plan = p->plan;

	plan->addrs[plan->naddrs++] =
	    (struct plan_addr){ .daemon = daemon, .what = what, .addr = addr };
}

/* --- daemon by daemon --- */

static void
plan_metricsd(struct planner *p)
{
	static char gossipd[] = "gossipd", schedd[] = "schedd",
		    nodeagent[] = "nodeagent", lbd[] = "lbd";
	const struct agent_telemetry *t = &p->c->telemetry;
	struct buf *b = add_daemon(p, "metricsd", NULL, STOP_MS);
	char *addr = join_port(p->host, p->c->ports.http + PLAN_METRICS_OFFSET);
	char *sources[4];
	size_t n = 0;

	if (p->c->server.enabled) {
		sources[n++] = schedd;
		sources[n++] = gossipd;
	}
	if (p->c->client.enabled)
		sources[n++] = nodeagent;
	if (plan_has_lb(p->c))
		sources[n++] = lbd;
	conftext_put(b, "http", addr);
	conftext_put_bool(b, "prometheus_metrics", t->prometheus_metrics);
	conftext_put_bool(b, "disable_hostname", t->disable_hostname);
	conftext_put_bool(b, "use_node_name", t->use_node_name);
	conftext_put(b, "node_name", p->name);
	conftext_put(b, "in_memory_collection_interval",
	    t->in_memory_collection_interval);
	conftext_put(
	    b, "in_memory_retention_period", t->in_memory_retention_period);
	if (t->nprefix_filter > 0)
		conftext_put_list(
		    b, "prefix_filter", t->prefix_filter, t->nprefix_filter);
	if (t->has_filter_default)
		conftext_put_bool(b, "filter_default", t->filter_default);
	conftext_put(b, "statsd_address", t->statsd_address);
	conftext_put_list(b, "sources", sources, n);
	add_addr(p, "metricsd", "http", addr);
}

/* The lists of a server's two places, one after the other, without what a
 * cloud provider would have to be asked. */
static void
put_joins(struct buf *b, const char *name, char *const *old, size_t nold,
    char *const *new, size_t nnew)
{
	char **all = xcalloc(nold + nnew + 1, sizeof *all);
	size_t n = 0;

	for (size_t i = 0; i < nold + nnew; i++) {
		char *addr = i < nold ? old[i] : new[i - nold];

		if (strchr(addr, '=') == NULL)
			all[n++] = addr;
	}
	if (n > 0)
		conftext_put_list(b, name, all, n);
	free(all);
}

static void
put_pool(const struct agent_config *c, struct buf *b)
{
	const struct agent_server *s = &c->server;
	const struct agent_server_join *j = &s->server_join;
	int64_t interval =
	    j->retry_interval > 0 ? j->retry_interval : s->retry_interval;

	put_joins(b, "join", s->start_join, s->nstart_join, j->start_join,
	    j->nstart_join);
	put_joins(b, "retry_join", s->retry_join, s->nretry_join, j->retry_join,
	    j->nretry_join);
	if (interval > 0)
		conftext_put_dur(b, "retry_interval", interval);
	conftext_put_int(
	    b, "retry_max", j->retry_max > 0 ? j->retry_max : s->retry_max);
	conftext_put(b, "encrypt", s->encrypt);
	conftext_put_bool(b, "leave_on_interrupt", c->leave_on_interrupt);
	conftext_put_bool(b, "leave_on_terminate", c->leave_on_terminate);
}

static void
plan_gossipd(struct planner *p)
{
	const struct agent_config *c = p->c;
	bool leaves = c->leave_on_interrupt || c->leave_on_terminate;
	char *data = xasprintf("%s/gossipd", p->data_dir);
	char *snapshot = xasprintf("%s/snapshot", data);
	struct buf *b =
	    add_daemon(p, "gossipd", data, leaves ? STOP_LEAVE_MS : STOP_MS);
	char *addr = join_port(c->addresses.serf, c->ports.serf);
	/* In the pool of all regions. */
	char *name = xasprintf("%s.%s", p->name, c->region);

	conftext_put(b, "name", name);
	free(name);
	conftext_put(b, "region", c->region);
	conftext_put(b, "datacenter", c->datacenter);
	conftext_put(b, "bind", addr);
	conftext_put(b, "advertise", c->advertise.serf);
	put_pool(c, b);
	conftext_put(b, "snapshot", snapshot);
	free(snapshot);
	conftext_put_bool(
	    b, "rejoin_after_leave", c->server.rejoin_after_leave);
	add_addr(p, "gossipd", "serf", addr);
	free(data);
}

/* A threshold that the file holds as text. */
static void
put_text_dur(struct buf *b, const char *name, const char *text)
{
	int64_t ns;

	if (text != NULL && clock_parse_dur(text, &ns) == 0)
		conftext_put_dur(b, name, ns);
}

/* A server that expects nobody and knows nobody is a cluster by itself. */
static int64_t
expected(const struct agent_config *c)
{
	return plan_has_raft(c) ? c->server.bootstrap_expect : 1;
}

static void
put_raft(const struct agent_config *c, struct planner *p, struct buf *b)
{
	const char *told = text_or(c->advertise.rpc, "");
	const char *colon = strrchr(told, ':');
	int64_t port = c->ports.rpc - PLAN_RAFT_OFFSET;
	char *host = xstrndup(told, colon != NULL ? (size_t)(colon - told) : 0);
	char *raft, *advertise;

	/* 0 is not the default. */
	buf_addf(b, "bootstrap_expect = %" PRId64 "L;\n", expected(c));
	if (plan_has_raft(c)) {
		raft = join_port(c->addresses.rpc, port);
		advertise = xasprintf("%s:%" PRId64, host, port);
		conftext_put(b, "raft", raft);
		if (*host != '\0')
			conftext_put(b, "advertise_raft", advertise);
		add_addr(p, "schedd", "raft", raft);
		free(advertise);
	}
	free(host);
}

static void
put_autopilot(const struct agent_config *c, struct buf *b)
{
	const struct agent_autopilot *a = &c->autopilot;

	buf_adds(b, "autopilot = {\n");
	if (a->has_cleanup_dead_servers)
		conftext_put_bool(
		    b, "cleanup_dead_servers", a->cleanup_dead_servers);
	conftext_put_dur(
	    b, "last_contact_threshold", a->last_contact_threshold);
	conftext_put_int(b, "max_trailing_logs", a->max_trailing_logs);
	conftext_put_int(b, "min_quorum", a->min_quorum);
	conftext_put_dur(
	    b, "server_stabilization_time", a->server_stabilization_time);
	buf_adds(b, "};\n");
}

static void
plan_schedd(struct planner *p)
{
	const struct agent_server *s = &p->c->server;
	char *data = text_or(s->data_dir, NULL) != NULL
			 ? xstrdup(s->data_dir)
			 : xasprintf("%s/server", p->data_dir);
	struct buf *b = add_daemon(p, "schedd", data, STOP_MS);
	char *rpc = join_port(p->c->addresses.rpc, p->c->ports.rpc);

	conftext_put(b, "name", p->name);
	conftext_put(b, "region", p->c->region);
	conftext_put(b, "datacenter", p->c->datacenter);
	conftext_put(b, "http", p->server_http);
	conftext_put(b, "rpc", rpc);
	conftext_put(b, "advertise_rpc", p->c->advertise.rpc);
	put_raft(p->c, p, b);
	conftext_put(b, "node_http", p->node_http);
	conftext_put_int(b, "serf_port", p->c->ports.serf);
	conftext_put_dur(b, "lease_min", s->min_heartbeat_ttl);
	conftext_put_dur(b, "lease_grace", s->heartbeat_grace);
	conftext_put_dur(b, "failover_ttl", s->failover_heartbeat_ttl);
	if (s->max_heartbeats_per_second >= 1)
		conftext_put_int(
		    b, "lease_rate", (int64_t)s->max_heartbeats_per_second);
	put_text_dur(b, "job_gc_interval", s->job_gc_interval);
	put_text_dur(b, "eval_gc_threshold", s->eval_gc_threshold);
	put_text_dur(b, "batch_eval_gc_threshold", s->batch_eval_gc_threshold);
	put_text_dur(b, "job_gc_threshold", s->job_gc_threshold);
	put_text_dur(b, "node_gc_threshold", s->node_gc_threshold);
	put_text_dur(b, "deployment_gc_threshold", s->deployment_gc_threshold);
	if (s->has_raft_snapshot_threshold)
		conftext_put_int(
		    b, "snapshot_entries", s->raft_snapshot_threshold);
	if (s->has_raft_trailing_logs)
		conftext_put_int(b, "trailing_entries", s->raft_trailing_logs);
	conftext_put_bool(b, "disable_dispatched_job_summary_metrics",
	    p->c->telemetry.disable_dispatched_job_summary_metrics);
	put_autopilot(p->c, b);
	agent_tls_put(p->c, b);
	add_addr(p, "schedd", "http", xstrdup(p->server_http));
	add_addr(p, "schedd", "rpc", rpc);
	free(data);
}

/* Servers as nodeagent has them: URLs, with the port that servers have. */
static void
put_servers(struct planner *p, struct buf *b)
{
	const struct agent_client *c = &p->c->client;
	char *const *lists[] = { c->servers, c->server_join.start_join,
		c->server_join.retry_join };
	const size_t counts[] = { c->nservers, c->server_join.nstart_join,
		c->server_join.nretry_join };
	char *local = daemon_url(p->run_dir, "schedd", "msg");
	bool any = p->server_http != NULL;

	buf_adds(b, "servers = (");
	if (any)
		conftext_quote(b, local);
	free(local);
	for (size_t l = 0; l < 3; l++)
		for (size_t i = 0; i < counts[l]; i++) {
			const char *s = lists[l][i];
			char *url = strchr(s, ':') != NULL
					? xasprintf("tcp://%s", s)
					: xasprintf("tcp://%s:4647", s);

			/* What a cloud provider would have to be asked. */
			if (strchr(s, '=') == NULL) {
				buf_adds(b, any ? ", " : "");
				conftext_quote(b, url);
				any = true;
			}
			free(url);
		}
	buf_adds(b, ");\n");
}

static void
put_denied(const struct agent_config *c, struct buf *b)
{
	const struct tree *list = NULL;

	for (size_t i = 0; i < c->nplugins; i++)
		if (strcmp(c->plugins[i].name, "raw_exec") == 0)
			list = tree_get(c->plugins[i].config, "denied_envvars");
	if (list == NULL || list->kind != TREE_LIST)
		return;
	buf_adds(b, "denied_envvars = (");
	for (size_t i = 0, n = 0; i < list->nitems; i++)
		if (list->items[i]->kind == TREE_STR) {
			buf_adds(b, n++ > 0 ? ", " : "");
			conftext_quote(b, list->items[i]->str);
		}
	buf_adds(b, ");\n");
}

static void
put_client(const struct agent_client *c, struct buf *b)
{
	conftext_put(b, "node_class", c->node_class);
	conftext_put(b, "node_pool", c->node_pool);
	conftext_put(b, "alloc_dir", c->alloc_dir);
	conftext_put(b, "network_interface", c->network_interface);
	conftext_put_map(b, "meta", c->meta, c->nmeta);
	conftext_put(b, "max_kill_timeout", c->max_kill_timeout);
	conftext_put_int(b, "gc_max_allocs", c->gc_max_allocs);
	conftext_put_int(b, "min_dynamic_port", c->min_dynamic_port);
	conftext_put_int(b, "max_dynamic_port", c->max_dynamic_port);
	conftext_put_int(b, "cpu_total_compute", c->cpu_total_compute);
	conftext_put_int(b, "memory_total_mb", c->memory_total_mb);
	conftext_put_int(b, "disk_total_mb", c->disk_total_mb);
	conftext_put_int(b, "reserved_cpu", c->reserved.cpu);
	conftext_put_int(b, "reserved_memory", c->reserved.memory);
	conftext_put_int(b, "reserved_disk", c->reserved.disk);
	conftext_put(b, "reserved_ports", c->reserved.reserved_ports);
}

static void
plan_nodeagent(struct planner *p)
{
	const struct agent_config *c = p->c;
	char *data = plan_client_dir(c, p->data_dir);
	struct buf *b = add_daemon(p, "nodeagent", data,
	    c->dev_mode ? STOP_TASK_MS : agent_leave_ms(c, STOP_MS));
	char *http = NULL;

	conftext_put(b, "name", p->name);
	conftext_put(b, "region", c->region);
	conftext_put(b, "datacenter", c->datacenter);
	put_servers(p, b);
	if (p->server_http != NULL)
		http = reach(p->host, c->ports.http);
	conftext_put(b, "server_http", http);
	conftext_put(b, "http", p->node_http);
	if (p->server_http == NULL)
		conftext_put(b, "advertise_http", c->advertise.http);
	put_client(&c->client, b);
	conftext_put_bool(b, "raw_exec", plan_has_raw_exec(c));
	put_denied(c, b);
	agent_docker_put(c, b);
	conftext_put_bool(b, "stop_tasks_on_exit", c->dev_mode);
	agent_leave_put(c, b);
	conftext_put_bool(b, "publish_allocation_metrics",
	    c->telemetry.publish_allocation_metrics);
	conftext_put_bool(
	    b, "publish_node_metrics", c->telemetry.publish_node_metrics);
	conftext_put_bool(b, "include_alloc_metadata_in_metrics",
	    c->telemetry.include_alloc_metadata_in_metrics);
	if (c->telemetry.nallowed_metadata_keys_in_metrics > 0)
		conftext_put_list(b, "allowed_metadata_keys_in_metrics",
		    c->telemetry.allowed_metadata_keys_in_metrics,
		    c->telemetry.nallowed_metadata_keys_in_metrics);
	conftext_put_bool(b, "disable_allocation_hook_metrics",
	    c->telemetry.disable_allocation_hook_metrics);
	agent_tls_put(c, b);
	add_addr(p, "nodeagent", "http", xstrdup(p->node_http));
	free(http);
	free(data);
}

static void
plan_lbd(struct planner *p)
{
	const struct agent_lb *lb = p->c->lb;
	struct buf *b = add_daemon(p, "lbd", NULL, STOP_MS + 5000);
	char *proxy = lb != NULL && text_or(lb->proxy, NULL) != NULL
			  ? xstrdup(lb->proxy)
			  : join_port(p->c->bind_addr, PLAN_LB_PORT);
	char *ui = lb != NULL && text_or(lb->ui, NULL) != NULL
		       ? xstrdup(lb->ui)
		       : join_port(p->c->bind_addr, PLAN_LB_UI_PORT);

	conftext_put(b, "proxy_addr", proxy);
	conftext_put(b, "ui_addr", ui);
	conftext_put(b, "datacenter", p->c->datacenter);
	if (lb != NULL) {
		conftext_put(b, "strategy", lb->strategy);
		conftext_put(b, "matcher", lb->matcher);
		conftext_put(b, "tag_prefix", lb->tag_prefix);
		conftext_put(b, "routes_file", lb->routes_file);
		conftext_put_int(b, "no_route_status", lb->no_route_status);
	}
	conftext_put(b, "registry", p->node_http != NULL ? "agent" : "none");
	add_addr(p, "lbd", "proxy", proxy);
	add_addr(p, "lbd", "ui", ui);
}

/* --- the whole --- */

void
plan_make(struct plan *plan, const struct agent_config *c, const char *data_dir,
    const char *run_dir)
{
	struct planner p = { plan, c, data_dir, run_dir, NULL, NULL, NULL,
		NULL };
	int64_t node_port = c->ports.http;
	char host[256] = "localhost";

	*plan = (struct plan){ 0 };
	gethostname(host, sizeof host - 1);
	p.name = xstrdup(text_or(c->name, host));
	p.host = xstrndup(c->addresses.http, strcspn(c->addresses.http, " "));
	if (c->server.enabled) {
		p.server_http = join_port(p.host, c->ports.http);
		node_port += PLAN_NODE_OFFSET;
	}
	if (c->client.enabled)
		p.node_http = join_port(p.host, node_port);
	plan_metricsd(&p);
	if (c->server.enabled) {
		plan_gossipd(&p);
		plan_schedd(&p);
	}
	if (c->client.enabled)
		plan_nodeagent(&p);
	if (plan_has_lb(c))
		plan_lbd(&p);
	free(p.name);
	free(p.host);
	free(p.server_http);
	free(p.node_http);
}

void
plan_release(struct plan *p)
{
	for (size_t i = 0; i < p->ndaemons; i++)
		buf_release(&p->daemons[i].conf);
	for (size_t i = 0; i < p->naddrs; i++)
		free(p->addrs[i].addr);
	*p = (struct plan){ 0 };
}
