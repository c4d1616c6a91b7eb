#include "cmd/nodeagent/clientapi.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/nodeagent/clientapi_impl.h"
#include "cmd/nodeagent/runner.h"
#include "cmd/nodeagent/runner_checks.h"
#include "cmd/nodeagent/serverapi.h"
#include "cmd/nodeagent/serverlink.h"
#include "cmd/nodeagent/taskmetrics.h"
#include "common/clock.h"
#include "common/http/route.h"
#include "common/mem.h"
#include "common/text.h"
#include "proto/api.h"
#include "proto/checkstatus.h"
#include "proto/metricsask.h"
#include "proto/version.h"

/* --- what is not ours --- */

/* Pages from anywhere may ask what is below /v1/client. */
static void
allow_all(struct http_req *r)
{
	http_add(r, "Access-Control-Allow-Origin", "*");
}

struct runner *
clientapi_runner(struct nodeagent *na, struct http_req *r)
{
	const char *id = http_route_param(r, "id");
	struct runner *run = runner_find(na, id);

	if (run != NULL) {
		allow_all(r);
		return run;
	}
	if (http_field(r, API_FORWARDED) != NULL)
		http_fail(r, 404, "Unknown allocation \"%s\"", id);
	else
		serverapi_hand_on(na, r);
	return NULL;
}

static void
reply_rec(struct http_req *r, const struct rec_type *type, const void *rec)
{
	struct buf out = { 0 };

	rec_to_json(
	    type, rec, &out, http_has_param(r, "pretty") ? REC_JSON_PRETTY : 0);
	http_reply(r, 200, "application/json", out.data, out.len);
	buf_release(&out);
}

void
clientapi_reply(struct http_req *r, struct tree *t)
{
	struct buf out = { 0 };

	tree_to_json(t, &out, http_has_param(r, "pretty") ? TREE_PRETTY : 0);
	http_reply(r, 200, "application/json", out.data, out.len);
	buf_release(&out);
	tree_free(t);
}

static struct tree *
body_tree(struct http_req *r)
{
	size_t n;
	const char *body = http_body(r, &n);
	struct tree *t;
	struct err err;

	if (n == 0)
		return tree_map();
	if ((t = tree_from_json(body, n, &err)) == NULL)
		http_fail(r, 400, "%s", err.text);
	return t;
}

/* --- usage --- */

static void
add_usage(struct resource_usage *sum, const struct resource_usage *u)
{
	sum->memory_stats->rss += u->memory_stats->rss;
	sum->memory_stats->usage += u->memory_stats->usage;
	sum->memory_stats->max_usage += u->memory_stats->max_usage;
	sum->cpu_stats->user_mode += u->cpu_stats->user_mode;
	sum->cpu_stats->system_mode += u->cpu_stats->system_mode;
	sum->cpu_stats->percent += u->cpu_stats->percent;
	sum->cpu_stats->total_ticks += u->cpu_stats->total_ticks;
}

/* Of one task, or with only "" of all. */
static void
fill_usage(struct nodeagent *na, struct runner *run, const char *only,
    struct alloc_resource_usage *out)
{
	int64_t now_ns = loop_wall_ns(na->loop);

	*out = (struct alloc_resource_usage){ .timestamp = now_ns };
	out->resource_usage = xcalloc(1, sizeof *out->resource_usage);
	out->resource_usage->memory_stats =
	    xcalloc(1, sizeof *out->resource_usage->memory_stats);
	out->resource_usage->cpu_stats =
	    xcalloc(1, sizeof *out->resource_usage->cpu_stats);
	out->tasks = xcalloc(run->run->ntasks, sizeof *out->tasks);
	for (size_t i = 0; i < run->run->ntasks; i++) {
		const char *name = run->run->tasks[i].task->name;
		struct task_resource_usage *t;

		if (run->procs[i] == NULL ||
		    (*only != '\0' && strcmp(only, name) != 0))
			continue;
		t = &out->tasks[out->ntasks++];
		t->key = xstrdup(name);
		t->timestamp = now_ns;
		t->resource_usage = xcalloc(1, sizeof *t->resource_usage);
		task_usage(run, i, t->resource_usage);
		add_usage(out->resource_usage, t->resource_usage);
	}
}

static void
api_alloc_stats(void *ctx, struct http_req *r)
{
	struct nodeagent *na = ctx;
	struct runner *run = clientapi_runner(na, r);
	struct alloc_resource_usage usage;
	char task[256] = "";

	if (run == NULL)
		return;
	http_param(r, "task", task, sizeof task);
	fill_usage(na, run, task, &usage);
	reply_rec(r, &alloc_resource_usage_type, &usage);
	rec_clear(&alloc_resource_usage_type, &usage);
}

/* --- checks --- */

/* Nomad knows two ends of a check: a warning is no success. */
static const char *
end_of_check(enum check_status status)
{
	return status == CHECK_PENDING   ? "pending"
	       : status == CHECK_PASSING ? "success"
					 : "failure";
}

static struct tree *
tree_of_check(const struct check *c)
{
	const char *on_update = c->spec.on_update;
	bool ignored = on_update != NULL && strcmp(on_update, "ignore") == 0;
	struct alloc_check_status s = {
		.id = c->id,
		.check = c->spec.name,
		.group = c->group,
		.mode = text_borrow(ignored ? "readiness" : "healthiness"),
		.output = c->output,
		.service = c->service,
		.task = c->task,
		.status = text_borrow(end_of_check(c->status)),
		.status_code = c->code,
		.timestamp = c->ran_at_ns / CLOCK_NS_PER_S,
	};

	return rec_to_tree(&alloc_check_status_type, &s);
}

static void
api_checks(void *ctx, struct http_req *r)
{
	struct runner *run = clientapi_runner(ctx, r);
	struct tree *all;

	if (run == NULL)
		return;
	all = tree_map();
	for (size_t i = 0; i < run->nchecks; i++)
		tree_set(all, run->checks[i]->check.id,
		    tree_of_check(&run->checks[i]->check));
	clientapi_reply(r, all);
}

/* True: this node is asked. If not, the request is refused or handed on. */
static bool
keep_or_hand_on(struct nodeagent *na, struct http_req *r)
{
	char id[64] = "";

	http_param(r, "node_id", id, sizeof id);
	if (*id == '\0' || strcmp(id, na->node.id) == 0) {
		allow_all(r);
		return true;
	}
	if (http_field(r, API_FORWARDED) != NULL)
		http_fail(r, 404, "Unknown node \"%s\"", id);
	else
		serverapi_hand_on(na, r);
	return false;
}

static void
api_host_stats(void *ctx, struct http_req *r)
{
	struct nodeagent *na = ctx;
	struct host_stats stats;

	if (!keep_or_hand_on(na, r))
		return;
	host_stats_look(&na->host_stats, &stats, na->alloc_dir,
	    loop_wall_ns(na->loop),
	    (double)na->node.node_resources->cpu.cpu_shares);
	reply_rec(r, &host_stats_type, &stats);
	rec_clear(&host_stats_type, &stats);
}

/* --- acting --- */

static void
api_restart(void *ctx, struct http_req *r)
{
	struct nodeagent *na = ctx;
	struct runner *run = clientapi_runner(na, r);
	struct tree *body;
	const char *task;
	struct err err;

	if (run == NULL || (body = body_tree(r)) == NULL)
		return;
	task = tree_get_str(body, "TaskName");
	if (task != NULL && *task == '\0')
		task = NULL;
	if (alloc_run_restart(run->run, task, runner_now(na), &err) == -1) {
		http_fail(
		    r, err.code == ERR_NOT_FOUND ? 404 : 500, "%s", err.text);
	} else {
		runner_step(run);
		clientapi_reply(r, tree_map());
	}
	tree_free(body);
}

/* How many tasks got the signal. */
static size_t
send_signal(struct nodeagent *na, struct runner *run, const char *task,
    int signo, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < run->run->ntasks; i++) {
		struct taskproc *p = run->procs[i];

		if (p == NULL ||
		    (task != NULL && *task != '\0' &&
			strcmp(run->run->tasks[i].task->name, task) != 0))
			continue;
		alloc_run_add_event(
		    run->run, i, "Signaling", name, runner_now(na));
		p->driver->signal(p, signo, 0);
		n++;
	}
	runner_step(run);
	return n;
}

static void
api_signal(void *ctx, struct http_req *r)
{
	struct nodeagent *na = ctx;
	struct runner *run = clientapi_runner(na, r);
	struct tree *body;
	const char *name;
	int signo;

	if (run == NULL || (body = body_tree(r)) == NULL)
		return;
	name = tree_get_str(body, "Signal");
	if (name == NULL || *name == '\0')
		name = "SIGKILL";
	signo = signal_parse(name);
	if (signo == -1)
		http_fail(r, 500, "unknown signal \"%s\"", name);
	else if (send_signal(
		     na, run, tree_get_str(body, "Task"), signo, name) == 0)
		http_fail(r, 500, "Task not running");
	else
		clientapi_reply(r, tree_map());
	tree_free(body);
}

static void
api_alloc_gc(void *ctx, struct http_req *r)
{
	struct runner *run = clientapi_runner(ctx, r);

	if (run == NULL)
		return;
	if (!runner_is_done(run)) {
		http_fail(
		    r, 500, "unable to collect allocation: it has not ended");
		return;
	}
	http_reply(r, 200, NULL, NULL, 0);
	runner_forget(run);
}

static void
api_gc(void *ctx, struct http_req *r)
{
	struct nodeagent *na = ctx;

	if (!keep_or_hand_on(na, r))
		return;
	runner_collect_all(na);
	http_reply(r, 200, NULL, NULL, 0);
}

/* --- the agent itself --- */

static void
set_number(struct tree *t, const char *name, uint64_t v)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRIu64, v);
	tree_set(t, name, tree_str(text));
}

static struct tree *
client_stats(const struct nodeagent *na)
{
	struct serverlink_state link = serverlink_state(na->link);
	uint64_t since_ms = loop_now_ms(na->loop) - link.last_lease_ms;
	struct tree *t = tree_map();
	char text[48], *known = clientapi_known_servers(na);

	tree_set(t, "node_id", tree_str(na->node.id));
	tree_set(t, "known_servers", tree_str(known));
	free(known);
	set_number(t, "num_allocations", map_count(&na->runners));
	snprintf(text, sizeof text, "%" PRIu64 "ms", since_ms);
	tree_set(
	    t, "last_heartbeat", tree_str(link.last_lease_ms ? text : "never"));
	snprintf(text, sizeof text, "%" PRIu64 "ms", link.ttl_ms);
	tree_set(t, "heartbeat_ttl", tree_str(text));
	return t;
}

static void
api_self(void *ctx, struct http_req *r)
{
	const struct nodeagent *na = ctx;
	const struct nodeagent_config *c = na->config;
	struct tree *t = tree_map(), *stats = tree_map(), *config = tree_map(),
		    *version = tree_map(), *runtime = tree_map(),
		    *ui = tree_map();

	set_number(
	    runtime, "uptime_ms", loop_now_ms(na->loop) - na->started_ms);
	tree_set(runtime, "version", tree_str("rove " ROVE_VERSION));
	tree_set(stats, "client", client_stats(na));
	tree_set(stats, "runtime", runtime);
	tree_set(version, "Version", tree_str(ROVE_NOMAD_VERSION));
	tree_set(ui, "Enabled", tree_bool(false));
	tree_set(ui, "ShowCLIHints", tree_bool(false));
	tree_set(config, "Region", tree_str(c->region));
	tree_set(config, "Datacenter", tree_str(c->datacenter));
	tree_set(config, "NodeName", tree_str(c->name));
	tree_set(config, "DataDir", tree_str(c->common.data_dir));
	tree_set(config, "Version", version);
	tree_set(config, "UI", ui);
	tree_set(t, "config", config);
	tree_set(t, "stats", stats);
	clientapi_reply(r, t);
}

static void
api_health(void *ctx, struct http_req *r)
{
	const struct nodeagent *na = ctx;
	bool ok = serverlink_state(na->link).registered;
	struct tree *t = tree_map(), *client = tree_map();
	struct buf out = { 0 };

	tree_set(client, "ok", tree_bool(ok));
	tree_set(client, "message", tree_str(ok ? "ok" : "no known servers"));
	tree_set(t, "client", client);
	tree_to_json(t, &out, 0);
	http_reply(r, ok ? 200 : 500, "application/json", out.data, out.len);
	buf_release(&out);
	tree_free(t);
}

static void
api_metrics(void *ctx, struct http_req *r)
{
	struct nodeagent *na = ctx;

	metricsask_answer(na->metricsd, r);
}

/* --- the table --- */

static const struct http_route routes[] = {
	{ ROUTE_GET, "/v1/client/fs/ls/:id", clientapi_ls },
	{ ROUTE_GET, "/v1/client/fs/stat/:id", clientapi_stat },
	{ ROUTE_GET, "/v1/client/fs/cat/:id", clientapi_cat },
	{ ROUTE_GET, "/v1/client/fs/readat/:id", clientapi_readat },
	{ ROUTE_GET, "/v1/client/fs/stream/:id", clientapi_stream },
	{ ROUTE_GET, "/v1/client/fs/logs/:id", clientapi_logs },
	{ ROUTE_GET, "/v1/client/allocation/:id/stats", api_alloc_stats },
	{ ROUTE_GET, "/v1/client/allocation/:id/checks", api_checks },
	{ ROUTE_GET, "/v1/allocation/:id/checks", api_checks },
	{ ROUTE_WRITE, "/v1/client/allocation/:id/restart", api_restart },
	{ ROUTE_WRITE, "/v1/client/allocation/:id/signal", api_signal },
	{ ROUTE_GET | ROUTE_WRITE, "/v1/client/allocation/:id/gc",
	    api_alloc_gc },
	{ ROUTE_GET | ROUTE_WRITE, "/v1/client/gc", api_gc },
	{ ROUTE_GET, "/v1/client/stats", api_host_stats },
	{ ROUTE_GET, "/v1/agent/self", api_self },
	{ ROUTE_GET, "/v1/agent/health", api_health },
	{ ROUTE_GET, "/v1/agent/servers", clientapi_servers },
	{ ROUTE_WRITE, "/v1/agent/servers", clientapi_servers_set },
	{ ROUTE_GET, "/v1/metrics", api_metrics },
};

/* What is asked of an agent it answers itself, whichever region is named. */
static bool
is_elsewhere(const struct nodeagent *na, const struct http_req *r)
{
	char region[128] = "";

	http_param(r, "region", region, sizeof region);
	return *region != '\0' && strcmp(region, na->config->region) != 0 &&
	       strncmp(http_path(r), "/v1/agent/", 10) != 0 &&
	       strcmp(http_path(r), "/v1/metrics") != 0 &&
	       http_field(r, API_FORWARDED) == NULL;
}

static void
on_request(void *ctx, struct http_req *r)
{
	int status;
	const struct http_route *route = http_route_find(
	    routes, sizeof routes / sizeof routes[0], r, &status);

	if (is_elsewhere(ctx, r))
		serverapi_hand_on(ctx, r);
	else if (route != NULL)
		route->handler(ctx, r);
	else if (status == 404 && http_field(r, API_FORWARDED) == NULL)
		serverapi_hand_on(ctx, r);
	else
		http_fail(r, status, "%s",
		    status == 405   ? "Invalid method"
		    : status == 400 ? "Invalid escape in path"
				    : "");
}

/* What waits begins with the function that lets go of it. */
static void
on_gone(void *ctx, struct http_req *r)
{
	void (**gone)(struct http_req * r) = http_req_data(r);

	(void)ctx;
	if (gone != NULL)
		(*gone)(r);
}

const struct http_ops nodeagent_http_ops = {
	.on_request = on_request,
	.on_gone = on_gone,
};
