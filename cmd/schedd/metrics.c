/*
 * The numbers that schedd publishes: names and labels are Nomad's.
 */
#include <string.h>

#include "cmd/schedd/schedd.h"
#include "common/raft/node.h"
#include "common/text.h"
#include "proto/meter.h"

static void
gauge(struct meter *m, const char *name, double value)
{
	meter_gauge(m, name, value, NULL, 0);
}

static void
add_summary(struct meter *m, const struct sched_job *j,
    const struct task_group_summary *g)
{
	const struct rec_kv labels[] = { { text_borrow("job"), j->id },
		{ text_borrow("task_group"), g->key },
		{ text_borrow("namespace"), j->ns } };
	const struct {
		const char *name;
		int64_t value;
	} rows[] = {
		{ "nomad.nomad.job_summary.queued", g->queued },
		{ "nomad.nomad.job_summary.complete", g->complete },
		{ "nomad.nomad.job_summary.failed", g->failed },
		{ "nomad.nomad.job_summary.running", g->running },
		{ "nomad.nomad.job_summary.starting", g->starting },
		{ "nomad.nomad.job_summary.lost", g->lost },
		{ "nomad.nomad.job_summary.unknown", g->unknown },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		meter_gauge(m, rows[i].name, (double)rows[i].value, labels, 3);
}

static void
add_jobs(struct meter *m, const struct sched_state *st)
{
	double pending = 0, running = 0, dead = 0;

	for (struct sched_job *j = st->jobs; j != NULL; j = j->hh.next) {
		struct job_summary sum;
		const char *status;

		if (j->job == NULL)
			continue;
		status = sched_job_status(j);
		pending += strcmp(status, "pending") == 0;
		running += strcmp(status, "running") == 0;
		dead += strcmp(status, "dead") == 0;
		sched_job_summary(j, &sum);
		for (size_t i = 0; i < sum.nsummary; i++)
			add_summary(m, j, &sum.summary[i]);
		rec_clear(&job_summary_type, &sum);
	}
	gauge(m, "nomad.nomad.job_status.pending", pending);
	gauge(m, "nomad.nomad.job_status.running", running);
	gauge(m, "nomad.nomad.job_status.dead", dead);
}

void
schedd_metrics(struct daemon *d)
{
	struct schedd *sd = d->state;
	struct sched_state *st = sched_core_state(sd->core);
	struct meter *m = &sd->meter;
	struct sched_core_stats s;
	struct raft_node_info raft;
	double nodes = 0;

	sched_core_stats(sd->core, &s);
	raft_node_info(sd->raft, &raft);
	add_jobs(m, st);
	for (struct sched_node *n = st->nodes; n != NULL; n = n->hh.next)
		nodes +=
		    n->node != NULL && strcmp(n->node->status, "ready") == 0;
	gauge(m, "nomad.nomad.heartbeat.active", nodes);
	gauge(m, "nomad.nomad.broker.total_ready", (double)s.ready);
	gauge(m, "nomad.nomad.broker.total_unacked", (double)s.unacked);
	gauge(m, "nomad.nomad.broker.total_waiting", (double)s.waiting);
	gauge(m, "nomad.nomad.broker.total_pending", (double)s.pending);
	gauge(m, "nomad.nomad.blocked_evals.total_blocked", (double)s.blocked);
	gauge(m, "nomad.nomad.plan.queue_depth", (double)raft.queued_entries);
	meter_total(m, "nomad.nomad.plan.node_rejected",
	    (double)s.plans_partial, NULL, 0);
	gauge(m, "nomad.raft.appliedIndex", (double)raft.raft.applied);
	gauge(m, "nomad.raft.lastIndex", (double)raft.raft.last);
	meter_http(m, sd->http);
	meter_publish(m, d->pub, loop_wall_ns(sd->loop));
}
