/*
 * The agent itself.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/api.h"
#include "cmd/schedd/cross.h"
#include "cmd/schedd/servers.h"
#include "common/http/relay.h"
#include "common/mem.h"
#include "common/raft/node.h"
#include "common/text.h"
#include "proto/api.h"
#include "proto/version.h"

#define NODE_TIMEOUT_MS 500

const char *
api_rpc_addr(const struct schedd *sd)
{
	const struct schedd_config *c = sd->config;

	return *c->advertise_rpc != '\0' ? c->advertise_rpc : c->rpc;
}

static void
set_number(struct tree *t, const char *name, uint64_t v)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRIu64, v);
	tree_set(t, name, tree_str(text));
}

static void
reply_text(struct http_req *r, const char *text)
{
	api_reply_tree(r, tree_str(text));
}

void
api_leader(void *ctx, struct http_req *r)
{
	const struct cluster_server *leader = servers_leader(ctx);

	reply_text(r, leader != NULL ? leader->rpc : "");
}

void
api_peers(void *ctx, struct http_req *r)
{
	const struct schedd *sd = ctx;
	const struct raft_config *c = servers_config(sd);
	struct cluster_view v = servers_view(sd);
	struct tree *t = tree_list();

	for (size_t i = 0; i < c->n; i++) {
		const struct cluster_server *s =
		    cluster_find(&v, c->servers[i].id);

		tree_push(t, tree_str(s != NULL ? s->rpc : c->servers[i].addr));
	}
	api_reply_tree(r, t);
}

/* --- agent/self --- */

static struct tree *
raft_stats(const struct schedd *sd)
{
	size_t nservers = servers_config(sd)->n;
	struct raft_node_info info;
	struct tree *t = tree_map();

	if (sd->raft == NULL)
		return t;
	raft_node_info(sd->raft, &info);
	set_number(t, "applied_index", raft_node_applied(sd->raft));
	set_number(t, "commit_index", info.raft.commit);
	set_number(t, "last_log_index", info.raft.last);
	set_number(t, "last_log_term", info.raft.last_term);
	set_number(t, "term", info.raft.term);
	set_number(t, "feature_level", sched_core_state(sd->core)->level);
	set_number(
	    t, "feature_level_known", sched_core_state(sd->core)->level_known);
	set_number(t, "num_peers", nservers > 0 ? nservers - 1 : 0);
	set_number(t, "snapshots", info.snapshots);
	tree_set(t, "state", tree_str(sd->leading ? "Leader" : "Follower"));
	return t;
}

static struct tree *
server_stats(const struct schedd *sd)
{
	const struct cluster_server *leader = servers_leader(sd);
	bool alone = sd->config->bootstrap_expect == 1;
	struct tree *t = tree_map();

	tree_set(t, "server", tree_str("true"));
	tree_set(t, "leader", tree_str(sd->leading ? "true" : "false"));
	tree_set(t, "leader_addr", tree_str(leader != NULL ? leader->rpc : ""));
	tree_set(t, "bootstrap", tree_str(alone ? "true" : "false"));
	set_number(t, "known_regions", cross_count(sd));
	return t;
}

/* Of our region. */
static struct tree *
serf_stats(const struct schedd *sd)
{
	struct cluster_view v = servers_view(sd);
	struct tree *t = tree_map();
	size_t counts[] = {
		[CLUSTER_ALIVE] = 0, [CLUSTER_FAILED] = 0, [CLUSTER_LEFT] = 0
	};

	for (size_t i = 0; i < v.n; i++)
		counts[v.servers[i].status]++;
	set_number(t, "members", v.n);
	set_number(t, "failed", counts[CLUSTER_FAILED]);
	set_number(t, "left", counts[CLUSTER_LEFT]);
	return t;
}

static struct tree *
member_tree(const struct schedd *sd)
{
	struct agent_member m;
	struct tree *t;

	api_own_member(sd, &m);
	t = rec_to_tree(&agent_member_type, &m);
	rec_clear(&agent_member_type, &m);
	return t;
}

static struct tree *
self_tree(const struct schedd *sd)
{
	const struct schedd_config *c = sd->config;
	struct tree *t = tree_map(), *stats = tree_map(), *config = tree_map(),
		    *version = tree_map(), *ui = tree_map(),
		    *runtime = tree_map();

	set_number(
	    runtime, "uptime_ms", loop_now_ms(sd->loop) - sd->started_ms);
	tree_set(runtime, "version", tree_str("rove " ROVE_VERSION));
	tree_set(stats, "nomad", server_stats(sd));
	tree_set(stats, "raft", raft_stats(sd));
	tree_set(stats, "serf", serf_stats(sd));
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
	tree_set(t, "member", member_tree(sd));
	tree_set(t, "stats", stats);
	return t;
}

/* --- what the nodeagent on this machine adds --- */

struct node_wait {
	void (*gone)(struct http_req *r);
	struct schedd *sd;
	struct http_req *req;
	struct http_call *call;
	/* NULL when it does not answer; borrowed. */
	void (*answer)(
	    struct schedd *sd, struct http_req *r, const struct tree *node);
};

static void
on_node_wait_gone(struct http_req *r)
{
	struct node_wait *w = http_req_data(r);

	http_call_cancel(w->call);
	free(w);
}

static void
on_node_answer(void *ctx, const struct err *err, const struct http_answer *a)
{
	struct node_wait *w = ctx;
	struct tree *node = NULL;

	if (err == NULL)
		node = tree_from_json(a->body, a->len, NULL);
	http_req_set_data(w->req, NULL);
	w->answer(w->sd, w->req, node);
	tree_free(node);
	free(w);
}

static void
ask_node(struct schedd *sd, struct http_req *r, const char *path,
    void (*answer)(
	struct schedd *sd, struct http_req *r, const struct tree *node))
{
	struct node_wait *w;

	if (sd->node_client == NULL) {
		answer(sd, r, NULL);
		return;
	}
	w = xcalloc(1, sizeof *w);
	*w = (struct node_wait){
		.gone = on_node_wait_gone, .sd = sd, .req = r, .answer = answer
	};
	http_req_set_data(r, w);
	w->call = http_call(sd->node_client, "GET", path, NULL, 0, NULL, 0,
	    NODE_TIMEOUT_MS, on_node_answer, NULL, w);
}

static void
answer_self(struct schedd *sd, struct http_req *r, const struct tree *node)
{
	struct tree *t = self_tree(sd);
	const struct tree *client = tree_get(tree_get(node, "stats"), "client");

	if (client != NULL)
		tree_set((struct tree *)(uintptr_t)tree_get(t, "stats"),
		    "client", tree_copy(client));
	api_reply_tree(r, t);
}

void
api_self(void *ctx, struct http_req *r)
{
	ask_node(ctx, r, "/v1/agent/self", answer_self);
}

/* The parts that "type" asks for; one that is not well makes it a 500. */
static void
answer_health(struct schedd *sd, struct http_req *r, const struct tree *node)
{
	const struct tree *client = tree_get(node, "client"), *client_ok;
	struct tree *t = tree_map(), *server;
	struct buf out = { 0 };
	char type[16] = "";
	bool ok = true;

	http_param(r, "type", type, sizeof type);
	if (strcmp(type, "client") != 0) {
		ok = servers_leader(sd) != NULL;
		server = tree_map();
		tree_set(server, "ok", tree_bool(ok));
		tree_set(server, "message",
		    tree_str(ok ? "ok" : "No cluster leader"));
		tree_set(t, "server", server);
	}
	if (strcmp(type, "server") != 0 && client != NULL) {
		client_ok = tree_get(client, "ok");
		ok &= client_ok != NULL && client_ok->kind == TREE_BOOL &&
		      client_ok->b;
		tree_set(t, "client", tree_copy(client));
	}
	tree_to_json(t, &out, api_json_flags(r));
	api_headers(r, 0, servers_leader(sd) != NULL);
	http_reply(r, ok ? 200 : 500, "application/json", out.data, out.len);
	buf_release(&out);
	tree_free(t);
}

void
api_health(void *ctx, struct http_req *r)
{
	ask_node(ctx, r, "/v1/agent/health", answer_health);
}

static void
on_node_lost(void *ctx, struct http_req *r, const struct err *err, bool sent)
{
	(void)ctx;
	(void)sent;
	http_fail(r, 500, "node is out of reach: %s", err->text);
}

/* Which servers a node knows: a server alone is none. */
void
api_agent_servers(void *ctx, struct http_req *r)
{
	struct schedd *sd = ctx;

	if (sd->node_client == NULL)
		http_fail(r, 501, "Invalid method");
	else
		http_relay(sd->node_client, r,
		    &(struct http_relay_how){ .extra = API_FORWARDED ": 1\r\n",
			.begin_ms = NODE_TIMEOUT_MS,
			.on_lost = on_node_lost });
}
