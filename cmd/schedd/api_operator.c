/*
 * The operator's paths: metrics, Raft, the scheduler's configuration; and
 * what this cluster does not have.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/api.h"
#include "cmd/schedd/servers.h"
#include "common/mem.h"
#include "proto/metricsask.h"

/* --- metrics --- */

void
api_metrics(void *ctx, struct http_req *r)
{
	struct schedd *sd = ctx;

	metricsask_answer(sd->metricsd, r);
}

/* --- the operator's --- */

/* A server that the pool does not know has its Raft id and address only. */
static void
show_server(const struct schedd *sd, const struct raft_server *in,
    struct raft_member *out)
{
	struct cluster_view v = servers_view(sd);
	const struct cluster_server *s = cluster_find(&v, in->id);
	const struct cluster_server *leader = servers_leader(sd);

	*out = (struct raft_member){
		.id = s != NULL ? xstrdup(s->uuid)
				: xasprintf("%016" PRIx64, in->id),
		.node = xstrdup(s != NULL ? s->name : "(unknown)"),
		.address = xstrdup(s != NULL ? s->rpc : in->addr),
		.leader = leader != NULL && leader->id == in->id,
		.voter = in->voice == RAFT_VOTER,
		.raft_protocol = xstrdup("3"),
	};
}

void
api_raft_config(void *ctx, struct http_req *r)
{
	const struct schedd *sd = ctx;
	const struct raft_config *c = servers_config(sd);
	struct raft_member list[RAFT_SERVERS_MAX];
	struct raft_configuration out = { .servers = list, .nservers = c->n };

	for (size_t i = 0; i < c->n; i++)
		show_server(sd, &c->servers[i], &list[i]);
	api_reply_rec(r, &raft_configuration_type, &out);
	for (size_t i = 0; i < c->n; i++)
		rec_clear(&raft_member_type, &list[i]);
}

void
api_gc(void *ctx, struct http_req *r)
{
	struct schedd *sd = ctx;

	schedd_enter(sd);
	sched_core_system_gc(sd->core, schedd_ask_http(sd, r, NULL));
	schedd_leave(sd);
}

static void
read_sched_config(struct query *q)
{
	struct tree *t;

	if (query_waits(q, SCHED_CONFIG, ""))
		return;
	t = tree_map();
	tree_set(t, "SchedulerConfig",
	    rec_to_tree(&scheduler_configuration_type, &q->st->config));
	query_reply_tree(q, t);
}

void
api_sched_config(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_sched_config);
}

static struct tree *
shape_updated(const struct sched_act *act)
{
	struct tree *t = tree_map();

	(void)act;
	tree_set(t, "Updated", tree_bool(true));
	return t;
}

/* With "cas" only when nobody has changed it since that index. */
static bool
is_current(const struct sched_state *st, const struct http_req *r)
{
	char text[24];

	return !http_param(r, "cas", text, sizeof text) ||
	       strtoull(text, NULL, 10) == st->config.modify_index;
}

void
api_sched_config_set(void *ctx, struct http_req *r)
{
	struct schedd *sd = ctx;
	struct scheduler_configuration config;
	struct tree *t;

	if (api_body(r, &scheduler_configuration_type, &config) == -1)
		return;
	if (is_current(sched_core_state(sd->core), r)) {
		schedd_enter(sd);
		sched_core_sched_config(
		    sd->core, schedd_ask_http(sd, r, shape_updated), &config);
		schedd_leave(sd);
	} else {
		t = tree_map();
		tree_set(t, "Updated", tree_bool(false));
		api_reply_tree(r, t);
	}
	rec_clear(&scheduler_configuration_type, &config);
}

/* --- what this edition, or this cluster, does not have --- */

void
api_no_acl(void *ctx, struct http_req *r)
{
	(void)ctx;
	http_fail(r, 400, "ACL support disabled");
}

void
api_enterprise(void *ctx, struct http_req *r)
{
	(void)ctx;
	http_fail(r, 501, "Nomad Enterprise only endpoint");
}

void
api_root(void *ctx, struct http_req *r)
{
	(void)ctx;
	http_add(r, "Location", "/ui/");
	http_reply(r, 307, NULL, NULL, 0);
}

/* Summaries are counted as they change: there is nothing to mend. */
void
api_reconcile(void *ctx, struct http_req *r)
{
	(void)ctx;
	api_headers(r, 0, true);
	http_reply(r, 200, NULL, NULL, 0);
}
