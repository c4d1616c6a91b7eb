/*
 * Autopilot: what an operator says of keeping the cluster, and how its servers
 * are.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/api.h"
#include "cmd/schedd/servers.h"
#include "common/clock.h"
#include "common/mem.h"
#include "common/raft/node.h"
#include "common/text.h"
#include "proto/autopilot.h"
#include "proto/version.h"

/* --- the configuration --- */

void
api_autopilot_config(void *ctx, struct http_req *r)
{
	struct schedd *sd = ctx;

	api_reply_rec(r, &autopilot_configuration_type,
	    &sched_core_state(sd->core)->autopilot);
}

static struct tree *
shape_true(const struct sched_act *act)
{
	(void)act;
	return tree_bool(true);
}

void
api_autopilot_config_set(void *ctx, struct http_req *r)
{
	struct schedd *sd = ctx;
	struct autopilot_configuration c;
	struct err err;
	uint64_t seen;
	int cas = api_cas(r, "Error parsing cas value", &seen);

	if (cas == -1 || api_body(r, &autopilot_configuration_type, &c) == -1)
		return;
	if (autopilot_check(&c, &err) == -1) {
		http_fail(r, 400, "%s", err.text);
	} else if (cas == 1 &&
		   seen != sched_core_state(sd->core)->autopilot.modify_index) {
		api_reply_tree(r, tree_bool(false));
	} else {
		schedd_enter(sd);
		sched_core_autopilot(
		    sd->core, schedd_ask_http(sd, r, shape_true), &c);
		schedd_leave(sd);
	}
}

/* --- health --- */

static const char *
status_name(const struct cluster_server *s)
{
	if (s == NULL || s->status == CLUSTER_FAILED)
		return "failed";
	return s->status == CLUSTER_LEFT ? "left" : "alive";
}

static void
show_health(const struct schedd *sd, const struct raft_node_info *info,
    const struct raft_peer_status *p, struct autopilot_server *out)
{
	const struct autopilot_configuration *c =
	    &sched_core_state(sd->core)->autopilot;
	struct cluster_view v = servers_view(sd);
	const struct cluster_server *s = cluster_find(&v, p->id);
	int64_t silent_ns = (int64_t)p->silent_ms * CLOCK_NS_PER_MS;

	*out = (struct autopilot_server){
		.id = xstrdup(s != NULL ? s->uuid : ""),
		.name = xstrdup(s != NULL ? s->name : ""),
		.address = xstrdup(s != NULL ? s->rpc : ""),
		.serf_status = xstrdup(status_name(s)),
		.version = xstrdup(ROVE_NOMAD_VERSION),
		.leader = p->id == servers_self(sd)->id,
		.last_contact = silent_ns,
		.last_term = info->raft.term,
		.last_index = p->match,
		.voter = p->voice == RAFT_VOTER,
		.stable_since = servers_stable_since(sd, p->id),
	};
	out->healthy = s != NULL && s->status == CLUSTER_ALIVE &&
		       silent_ns <= c->last_contact_threshold &&
		       info->raft.last - p->match <= c->max_trailing_logs;
}

static void
fill_health(const struct schedd *sd, struct autopilot_health *h)
{
	struct raft_node_info info;
	size_t nwell = 0;

	raft_node_info(sd->raft, &info);
	*h = (struct autopilot_health){ .healthy = info.npeers > 0 };
	h->servers = xcalloc(info.npeers, sizeof *h->servers);
	h->voters = xcalloc(info.npeers, sizeof *h->voters);
	h->leader = xstrdup(servers_self(sd)->uuid);
	for (size_t i = 0; i < info.npeers; i++) {
		struct autopilot_server *s = &h->servers[h->nservers++];

		show_health(sd, &info, &info.peers[i], s);
		h->healthy &= s->healthy;
		nwell += s->voter && s->healthy;
		if (s->voter)
			h->voters[h->nvoters++] = xstrdup(s->id);
	}
	if (nwell > h->nvoters / 2 + 1)
		h->failure_tolerance = (int64_t)(nwell - h->nvoters / 2 - 1);
}

int64_t
api_autopilot_tolerance(const struct schedd *sd, bool *is_healthy)
{
	struct autopilot_health h;
	int64_t tolerance;

	fill_health(sd, &h);
	tolerance = h.failure_tolerance;
	*is_healthy = h.healthy;
	rec_clear(&autopilot_health_type, &h);
	return tolerance;
}

/* One that is not well makes it a 429. */
void
api_autopilot_health(void *ctx, struct http_req *r)
{
	const struct schedd *sd = ctx;
	struct autopilot_health h;
	struct buf out = { 0 };

	if (!sd->leading) {
		http_fail(r, 500, "No cluster leader");
		return;
	}
	fill_health(sd, &h);
	rec_to_json(&autopilot_health_type, &h, &out, api_json_flags(r));
	api_headers(r, 0, true);
	http_reply(
	    r, h.healthy ? 200 : 429, "application/json", out.data, out.len);
	buf_release(&out);
	rec_clear(&autopilot_health_type, &h);
}
