/*
 * The operator's paths: metrics, Raft, the scheduler's configuration; and
 * what this cluster does not have.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/api.h"
#include "common/mem.h"
#include "common/text.h"
#include "proto/metric.h"
#include "proto/msg.h"

#define METRICS_TIMEOUT_MS 2000

/* --- metrics --- */

struct metrics_wait {
	void (*gone)(struct http_req *r);
	struct http_req *req; /* NULL when the client has left */
};

static void
on_metrics_gone(struct http_req *r)
{
	((struct metrics_wait *)http_req_data(r))->req = NULL;
}

static void
on_metrics(void *ctx, const struct err *err, const void *reply)
{
	struct metrics_wait *w = ctx;
	struct http_req *r = w->req;
	const struct metrics_text *m = reply;

	free(w);
	if (r == NULL)
		return;
	http_req_set_data(r, NULL);
	if (err != NULL)
		http_fail(r, 500, "metricsd is out of reach: %s", err->text);
	else
		http_reply(r, (int)m->status, m->type,
		    m->text != NULL ? m->text : "",
		    m->text != NULL ? strlen(m->text) : 0);
}

void
api_metrics(void *ctx, struct http_req *r)
{
	struct schedd *sd = ctx;
	struct metrics_wait *w = xcalloc(1, sizeof *w);
	char format[32] = "";
	struct metrics_ask ask = { .format = format };

	w->gone = on_metrics_gone;
	w->req = r;
	http_req_set_data(r, w);
	http_param(r, "format", format, sizeof format);
	bus_call(
	    sd->metricsd, MSG_METRICS, &ask, METRICS_TIMEOUT_MS, on_metrics, w);
}

/* --- the operator's --- */

void
api_raft_config(void *ctx, struct http_req *r)
{
	const struct schedd *sd = ctx;
	struct raft_member s = { .id = sd->server_id,
		.leader = sd->leading,
		.voter = true,
		.raft_protocol = text_borrow("3") };
	struct raft_configuration out = { .servers = &s, .nservers = 1 };

	s.node = xasprintf("%s.%s", sd->config->name, sd->config->region);
	s.address = xstrdup(api_rpc_addr(sd));
	api_reply_rec(r, &raft_configuration_type, &out);
	free(s.node);
	free(s.address);
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
