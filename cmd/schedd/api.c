/*
 * The table of the HTTP API, and what its rows share.
 */
#include "cmd/schedd/api.h"
#include "cmd/schedd/cross.h"
#include "cmd/schedd/forward.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/http/route.h"
#include "proto/snapfile.h"

static const struct http_route routes[] = {
	{ ROUTE_GET, "/v1/jobs", api_jobs },
	{ ROUTE_WRITE, "/v1/jobs", api_job_register },
	{ ROUTE_WRITE, "/v1/jobs/parse", api_jobs_parse },
	{ ROUTE_WRITE, "/v1/validate/job", api_job_validate },
	{ ROUTE_GET, "/v1/job/*id", api_job },
	{ ROUTE_WRITE, "/v1/job/*id", api_job_register },
	{ ROUTE_DELETE, "/v1/job/*id", api_job_deregister },
	{ ROUTE_GET, "/v1/job/*id/allocations", api_job_allocs },
	{ ROUTE_GET, "/v1/job/*id/evaluations", api_job_evals },
	{ ROUTE_GET, "/v1/job/*id/deployments", api_job_deployments },
	{ ROUTE_GET, "/v1/job/*id/deployment", api_job_deployment },
	{ ROUTE_GET, "/v1/job/*id/summary", api_job_summary },
	{ ROUTE_GET, "/v1/job/*id/versions", api_job_versions },
	{ ROUTE_GET, "/v1/job/*id/services", api_job_services },
	{ ROUTE_GET, "/v1/job/*id/submission", api_job_submission },
	{ ROUTE_GET, "/v1/job/*id/scale", api_job_scale_status },
	{ ROUTE_WRITE, "/v1/job/*id/scale", api_job_scale },
	{ ROUTE_WRITE, "/v1/job/*id/plan", api_job_plan },
	{ ROUTE_WRITE, "/v1/job/*id/evaluate", api_job_evaluate },
	{ ROUTE_WRITE, "/v1/job/*id/revert", api_job_revert },
	{ ROUTE_WRITE, "/v1/job/*id/stable", api_job_stable },

	{ ROUTE_GET, "/v1/allocations", api_allocs },
	{ ROUTE_GET, "/v1/allocation/:id", api_alloc },
	{ ROUTE_GET, "/v1/allocation/:id/services", api_alloc_services },
	{ ROUTE_GET, "/v1/allocation/:id/checks", api_client_alloc },
	{ ROUTE_WRITE, "/v1/allocation/:id/stop", api_alloc_stop },
	{ ROUTE_GET, "/v1/evaluations", api_evals },
	{ ROUTE_GET, "/v1/evaluations/count", api_evals_count },
	{ ROUTE_GET, "/v1/evaluation/:id", api_eval },
	{ ROUTE_GET, "/v1/evaluation/:id/allocations", api_eval_allocs },
	{ ROUTE_GET, "/v1/deployments", api_deployments },
	{ ROUTE_GET, "/v1/deployment/:id", api_deployment },
	{ ROUTE_GET, "/v1/deployment/allocations/:id", api_deployment_allocs },
	{ ROUTE_WRITE, "/v1/deployment/allocation-health/:id",
	    api_deployment_health },
	{ ROUTE_WRITE, "/v1/deployment/fail/:id", api_deployment_fail },
	{ ROUTE_WRITE, "/v1/deployment/pause/:id", api_deployment_pause },
	{ ROUTE_WRITE, "/v1/deployment/promote/:id", api_deployment_promote },
	{ ROUTE_GET, "/v1/services", api_services },
	{ ROUTE_GET, "/v1/service/*name", api_service },
	{ ROUTE_DELETE, "/v1/service/:name/:id", api_service_delete },

	{ ROUTE_GET, "/v1/vars", api_vars },
	{ ROUTE_ANY, "/v1/var/", api_var_none },
	{ ROUTE_GET, "/v1/var/*path", api_var },
	{ ROUTE_WRITE, "/v1/var/*path", api_var_put },
	{ ROUTE_DELETE, "/v1/var/*path", api_var_delete },

	{ ROUTE_GET, "/v1/nodes", api_nodes },
	{ ROUTE_GET, "/v1/node/:id", api_node },
	{ ROUTE_GET, "/v1/node/:id/allocations", api_node_allocs },
	{ ROUTE_WRITE, "/v1/node/:id/drain", api_node_drain },
	{ ROUTE_WRITE, "/v1/node/:id/eligibility", api_node_eligibility },
	{ ROUTE_WRITE, "/v1/node/:id/evaluate", api_node_evaluate },
	{ ROUTE_WRITE, "/v1/node/:id/purge", api_node_purge },

	{ ROUTE_GET, "/v1/node/pools", api_pools },
	{ ROUTE_WRITE, "/v1/node/pools", api_pool_put },
	{ ROUTE_GET, "/v1/node/pool/:name", api_pool },
	{ ROUTE_WRITE, "/v1/node/pool/:name", api_pool_put },
	{ ROUTE_DELETE, "/v1/node/pool/:name", api_pool_delete },
	{ ROUTE_GET, "/v1/node/pool/:name/nodes", api_pool_nodes },
	{ ROUTE_GET, "/v1/node/pool/:name/jobs", api_pool_jobs },
	{ ROUTE_GET, "/v1/namespaces", api_namespaces },
	{ ROUTE_GET, "/v1/namespace/:name", api_namespace },
	{ ROUTE_WRITE, "/v1/search", api_search },
	{ ROUTE_WRITE, "/v1/search/fuzzy", api_search_fuzzy },

	{ ROUTE_GET, "/v1/client/fs/logs/:id", api_client_alloc },
	{ ROUTE_GET, "/v1/client/fs/stream/:id", api_client_alloc },
	{ ROUTE_GET, "/v1/client/fs/ls/:id", api_client_alloc },
	{ ROUTE_GET, "/v1/client/fs/stat/:id", api_client_alloc },
	{ ROUTE_GET, "/v1/client/fs/cat/:id", api_client_alloc },
	{ ROUTE_GET, "/v1/client/fs/readat/:id", api_client_alloc },
	{ ROUTE_GET, "/v1/client/allocation/:id/stats", api_client_alloc },
	{ ROUTE_GET, "/v1/client/allocation/:id/checks", api_client_alloc },
	{ ROUTE_WRITE, "/v1/client/allocation/:id/restart", api_client_alloc },
	{ ROUTE_WRITE, "/v1/client/allocation/:id/signal", api_client_alloc },
	{ ROUTE_GET | ROUTE_WRITE, "/v1/client/allocation/:id/gc",
	    api_client_alloc },
	{ ROUTE_GET, "/v1/client/stats", api_client_node },
	{ ROUTE_GET | ROUTE_WRITE, "/v1/client/gc", api_client_node },

	{ ROUTE_GET, "/v1/agent/self", api_self },
	{ ROUTE_GET, "/v1/agent/members", api_members },
	{ ROUTE_GET | ROUTE_WRITE, "/v1/agent/servers", api_agent_servers },
	{ ROUTE_WRITE, "/v1/agent/join", api_agent_join },
	{ ROUTE_WRITE, "/v1/agent/force-leave", api_agent_force_leave },
	{ ROUTE_GET, "/v1/agent/health", api_health },
	{ ROUTE_GET, "/v1/status/leader", api_leader },
	{ ROUTE_GET, "/v1/status/peers", api_peers },
	{ ROUTE_GET, "/v1/regions", api_regions },
	{ ROUTE_GET, "/v1/metrics", api_metrics },
	{ ROUTE_GET, "/v1/operator/raft/configuration", api_raft_config },
	{ ROUTE_DELETE, "/v1/operator/raft/peer", api_raft_remove },
	{ ROUTE_WRITE, "/v1/operator/raft/transfer-leadership",
	    api_raft_transfer },
	{ ROUTE_GET, "/v1/operator/autopilot/configuration",
	    api_autopilot_config },
	{ ROUTE_PUT, "/v1/operator/autopilot/configuration",
	    api_autopilot_config_set },
	{ ROUTE_GET, "/v1/operator/autopilot/health", api_autopilot_health },
	{ ROUTE_GET, "/v1/operator/scheduler/configuration", api_sched_config },
	{ ROUTE_WRITE, "/v1/operator/scheduler/configuration",
	    api_sched_config_set },
	{ ROUTE_GET, "/v1/operator/snapshot", api_snapshot_save },
	{ ROUTE_WRITE, "/v1/operator/snapshot", api_snapshot_restore },
	{ ROUTE_PUT, "/v1/system/gc", api_gc },
	{ ROUTE_PUT, "/v1/system/reconcile/summaries", api_reconcile },

	{ ROUTE_GET, "/", api_root },
	{ ROUTE_ANY, "/v1/acl/*rest", api_no_acl },
	{ ROUTE_ANY, "/v1/quotas", api_enterprise },
	{ ROUTE_ANY, "/v1/quota-usages", api_enterprise },
	{ ROUTE_ANY, "/v1/quota", api_enterprise },
	{ ROUTE_ANY, "/v1/quota/*rest", api_enterprise },
	{ ROUTE_ANY, "/v1/sentinel/*rest", api_enterprise },
	{ ROUTE_ANY, "/v1/recommendation", api_enterprise },
	{ ROUTE_ANY, "/v1/recommendations", api_enterprise },
	{ ROUTE_ANY, "/v1/recommendation/*rest", api_enterprise },
	{ ROUTE_ANY, "/v1/operator/license", api_enterprise },
};

/* All bodies but one kind are short; that one is collected only by a server
 * that hands it on. */
static void
on_request(void *ctx, struct http_req *r)
{
	if (!cross_is_elsewhere(ctx, r) && api_snapshot_begin(ctx, r))
		return;
	if (api_snapshot_is(r))
		http_collect_most(r, SNAPFILE_MAX);
	else
		http_collect(r);
}

static void
on_body(void *ctx, struct http_req *r, const char *p, size_t n)
{
	(void)ctx;
	api_snapshot_body(r, p, n);
}

static void
serve(void *ctx, struct http_req *r)
{
	if (!cross_http(ctx, r))
		api_dispatch(ctx, r);
}

void
api_dispatch(struct schedd *sd, struct http_req *r)
{
	if (forward_http(sd, r))
		return;
	http_route(routes, sizeof routes / sizeof routes[0], sd, r);
}

static void
on_end(void *ctx, struct http_req *r)
{
	if (http_req_data(r) != NULL)
		api_snapshot_end(r);
	else
		serve(ctx, r);
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

const struct http_ops schedd_http_ops = {
	.on_request = on_request,
	.on_body = on_body,
	.on_end = on_end,
	.on_gone = on_gone,
};

void
api_ns(const struct http_req *r, char *out, size_t size)
{
	if (!http_param(r, "namespace", out, size) || *out == '\0' ||
	    strcmp(out, "*") == 0)
		snprintf(out, size, "default");
}

int
api_cas(struct http_req *r, const char *complaint, uint64_t *index)
{
	char text[32], *end;

	if (!http_param(r, "cas", text, sizeof text))
		return 0;
	errno = 0;
	*index = strtoull(text, &end, 10);
	if (*end == '\0' && errno == 0 && *text >= '0' && *text <= '9')
		return 1;
	http_fail(r, 400, "%s: strconv.ParseUint: parsing \"%s\": %s",
	    complaint, text,
	    errno == ERANGE ? "value out of range" : "invalid syntax");
	return -1;
}

int
api_body(struct http_req *r, const struct rec_type *type, void *rec)
{
	size_t n;
	const char *body = http_body(r, &n);
	struct err err;

	if (n == 0) {
		http_fail(r, 400, "Request body is empty");
		return -1;
	}
	if (rec_from_json(type, rec, body, n, &err) == -1) {
		http_fail(r, 400, "%s", err.text);
		return -1;
	}
	return 0;
}

struct tree *
api_body_tree(struct http_req *r)
{
	size_t n;
	const char *body = http_body(r, &n);
	struct err err;
	struct tree *t;

	if (n == 0) {
		http_fail(r, 400, "Request body is empty");
		return NULL;
	}
	t = tree_from_json(body, n, &err);
	if (t == NULL)
		http_fail(r, 400, "%s", err.text);
	return t;
}

void
api_reply_rec(struct http_req *r, const struct rec_type *type, const void *rec)
{
	struct buf out = { 0 };

	rec_to_json(type, rec, &out, api_json_flags(r));
	api_headers(r, 0, true);
	http_reply(r, 200, "application/json", out.data, out.len);
	buf_release(&out);
}

void
api_reply_tree(struct http_req *r, struct tree *t)
{
	struct buf out = { 0 };

	tree_to_json(t, &out, api_json_flags(r));
	api_headers(r, 0, true);
	http_reply(r, 200, "application/json", out.data, out.len);
	buf_release(&out);
	tree_free(t);
}

void
api_refuse(struct http_req *r, const struct err *err)
{
	int status = 500;

	if (err->code == ERR_NOT_FOUND)
		status = 404;
	else if (err->code == ERR_DENIED)
		status = 403;
	else if (err->code == ERR_BUSY)
		status = 429;
	api_headers(r, 0, err->code != ERR_NOT_LEADER);
	http_fail(r, status, "%s",
	    err->code == ERR_NOT_LEADER ? "No cluster leader" : err->text);
}
