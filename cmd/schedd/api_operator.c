/*
 * The operator's paths: metrics, the scheduler's configuration; and
 * what this cluster does not have.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/api.h"
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

void
api_sched_config_set(void *ctx, struct http_req *r)
{
	struct schedd *sd = ctx;
	struct scheduler_configuration config;
	struct tree *t;
	uint64_t seen;
	int cas = api_cas(r, "Error parsing cas value", &seen);

	if (cas == -1 ||
	    api_body(r, &scheduler_configuration_type, &config) == -1)
		return;
	if (cas == 0 ||
	    seen == sched_core_state(sd->core)->config.modify_index) {
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
	struct schedd *sd = ctx;

	schedd_enter(sd);
	sched_core_reconcile_summaries(sd->core, schedd_ask_http(sd, r, NULL));
	schedd_leave(sd);
}
