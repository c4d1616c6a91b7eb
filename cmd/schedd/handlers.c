/*
 * What nodes and schedctl ask of schedd.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/cross.h"
#include "cmd/schedd/follow.h"
#include "cmd/schedd/forward.h"
#include "cmd/schedd/schedd.h"
#include "common/clock.h"
#include "common/mem.h"
#include "proto/msg.h"
#include "proto/nodemsg.h"

/* NULL: it is another region's, or the leader's, who has been asked. */
static struct schedd *
enter(void *ctx, struct bus_req *req, uint16_t number, const void *body)
{
	struct schedd *sd = ((struct daemon *)ctx)->state;

	if (cross_bus(sd, req, number, body) ||
	    forward_bus(sd, req, number, body))
		return NULL;
	schedd_enter(sd);
	return sd;
}

static void
on_node_register(void *ctx, struct bus_req *req, const void *body)
{
	struct schedd *sd = enter(ctx, req, MSG_NODE_REGISTER, body);

	if (sd == NULL)
		return;
	sched_core_node_register(sd->core,
	    schedd_ask_bus(sd, req, "nomad.nomad.client.register"), body);
	schedd_leave(sd);
}

static void
on_node_lease(void *ctx, struct bus_req *req, const void *body)
{
	struct schedd *sd = enter(ctx, req, MSG_NODE_LEASE, body);

	if (sd == NULL)
		return;
	sched_core_node_lease(sd->core,
	    schedd_ask_bus(sd, req, "nomad.nomad.client.update_status"), body);
	schedd_leave(sd);
}

static void
on_node_update(void *ctx, struct bus_req *req, const void *body)
{
	struct schedd *sd = enter(ctx, req, MSG_NODE_UPDATE, body);

	if (sd == NULL)
		return;
	sched_core_node_update(sd->core,
	    schedd_ask_bus(sd, req, "nomad.nomad.client.update_alloc"), body);
	schedd_leave(sd);
}

static void
on_node_events(void *ctx, struct bus_req *req, const void *body)
{
	struct schedd *sd = enter(ctx, req, MSG_NODE_EVENTS, body);

	if (sd == NULL)
		return;
	sched_core_node_events(sd->core,
	    schedd_ask_bus(sd, req, "nomad.nomad.client.emit_events"), body);
	schedd_leave(sd);
}

static void
on_node_drain(void *ctx, struct bus_req *req, const void *body)
{
	struct schedd *sd = enter(ctx, req, MSG_NODE_DRAIN, body);

	if (sd == NULL)
		return;
	sched_core_node_self_drain(sd->core,
	    schedd_ask_bus(sd, req, "nomad.nomad.client.update_drain"), body);
	schedd_leave(sd);
}

static void
on_services_update(void *ctx, struct bus_req *req, const void *body)
{
	struct schedd *sd = enter(ctx, req, MSG_SERVICES_UPDATE, body);

	if (sd == NULL)
		return;
	sched_core_services_update(sd->core,
	    schedd_ask_bus(sd, req, "nomad.nomad.service_registration.upsert"),
	    body);
	schedd_leave(sd);
}

static void
on_node_allocs(void *ctx, struct bus_req *req, const void *body)
{
	struct schedd *sd = ((struct daemon *)ctx)->state;
	int64_t began_ns = clock_mono_ns();

	if (cross_bus(sd, req, MSG_NODE_ALLOCS, body))
		return;
	follow_node(sd, req, body);
	/* Without the time that the request may be held. */
	schedd_metrics_took(sd, "nomad.nomad.client.get_client_allocs",
	    clock_mono_ns() - began_ns);
}

static void
on_services_follow(void *ctx, struct bus_req *req, const void *body)
{
	struct schedd *sd = ((struct daemon *)ctx)->state;

	if (!cross_bus(sd, req, MSG_SERVICES_FOLLOW, body))
		follow_services(sd, req, body);
}

const struct bus_route schedd_routes[] = {
	{ MSG_NODE_REGISTER, on_node_register },
	{ MSG_NODE_LEASE, on_node_lease },
	{ MSG_NODE_ALLOCS, on_node_allocs },
	{ MSG_NODE_UPDATE, on_node_update },
	{ MSG_NODE_EVENTS, on_node_events },
	{ MSG_NODE_DRAIN, on_node_drain },
	{ MSG_SERVICES_UPDATE, on_services_update },
	{ MSG_SERVICES_FOLLOW, on_services_follow },
};
const size_t schedd_nroutes = sizeof schedd_routes / sizeof schedd_routes[0];

/* --- schedctl --- */

static struct sched_row *
add_row(struct sched_rows *rows)
{
	rows->rows =
	    xreallocarray(rows->rows, rows->nrows + 1, sizeof *rows->rows);
	return memset(&rows->rows[rows->nrows++], 0, sizeof *rows->rows);
}

static char *
copy(const char *s)
{
	return xstrdup(s != NULL ? s : "");
}

static void
on_jobs(void *ctx, struct bus_req *req, const void *body)
{
	const struct schedd *sd = ((struct daemon *)ctx)->state;
	const struct sched_state *st = sched_core_state(sd->core);
	struct sched_rows rows = { 0 };

	(void)body;
	for (struct sched_job *j = st->jobs; j != NULL; j = j->hh.next) {
		struct sched_row *row;

		if (j->job == NULL)
			continue;
		row = add_row(&rows);
		row->id = copy(j->id);
		row->kind = copy(j->job->type);
		row->name = copy(j->ns);
		row->status = copy(sched_job_status(j));
		row->priority = j->job->priority;
		row->index = j->job->modify_index;
		row->detail = xasprintf("version=%" PRIu64 " allocs=%zu",
		    j->job->version, j->nlive);
	}
	bus_reply(req, &rows);
	rec_clear(&sched_rows_type, &rows);
}

static void
on_nodes(void *ctx, struct bus_req *req, const void *body)
{
	const struct schedd *sd = ((struct daemon *)ctx)->state;
	const struct sched_state *st = sched_core_state(sd->core);
	struct sched_rows rows = { 0 };

	(void)body;
	for (struct sched_node *n = st->nodes; n != NULL; n = n->hh.next) {
		struct sched_row *row;

		if (n->node == NULL)
			continue;
		row = add_row(&rows);
		row->id = copy(n->id);
		row->kind = copy(n->node->datacenter);
		row->name = copy(n->node->name);
		row->status = copy(n->node->status);
		row->index = n->node->modify_index;
		row->detail = copy(n->node->scheduling_eligibility);
	}
	bus_reply(req, &rows);
	rec_clear(&sched_rows_type, &rows);
}

static void
on_evals(void *ctx, struct bus_req *req, const void *body)
{
	const struct schedd *sd = ((struct daemon *)ctx)->state;
	const struct sched_state *st = sched_core_state(sd->core);
	struct sched_rows rows = { 0 };

	(void)body;
	for (struct sched_eval *e = st->evals; e != NULL; e = e->hh.next) {
		struct sched_row *row = add_row(&rows);

		row->id = copy(e->rec.id);
		row->kind = copy(e->rec.type);
		row->name = copy(e->rec.job_id);
		row->status = copy(e->rec.status);
		row->priority = e->rec.priority;
		row->index = e->rec.modify_index;
		row->detail = copy(e->rec.triggered_by);
	}
	bus_reply(req, &rows);
	rec_clear(&sched_rows_type, &rows);
}

const struct bus_route schedd_ctl_routes[] = {
	{ MSG_JOBS, on_jobs },
	{ MSG_NODES, on_nodes },
	{ MSG_EVALS, on_evals },
};
const size_t schedd_nctl_routes =
    sizeof schedd_ctl_routes / sizeof schedd_ctl_routes[0];
