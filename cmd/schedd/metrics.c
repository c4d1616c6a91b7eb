/*
 * The numbers that schedd publishes: names and labels are Nomad's. What only
 * the leader knows is told by the leader alone.
 */
#include <string.h>

#include "cmd/schedd/api.h"
#include "cmd/schedd/schedd.h"
#include "cmd/schedd/text.h"
#include "common/clock.h"
#include "common/raft/node.h"
#include "proto/meter.h"

/* Of many jobs so many are told of before others have their turn. */
#define JOBS_A_TURN 128
#define JOBS_GAP_MS 2

static void
gauge(struct meter *m, const char *name, double value)
{
	meter_gauge(m, name, value, NULL, 0);
}

/* --- jobs --- */

static void
set_summary(struct meter *m, const struct meter_labels *l,
    const struct task_group_summary *g)
{
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
		meter_gauge(
		    m, rows[i].name, (double)rows[i].value, l->kv, l->n);
}

static void
set_job(struct schedd *sd, const struct sched_job *j, struct buf *scratch)
{
	struct job_summary sum;

	if (sd->config->disable_dispatched_job_summary_metrics &&
	    j->job->dispatched)
		return;
	sched_job_summary(j, &sum);
	for (size_t i = 0; i < sum.nsummary; i++) {
		struct meter_labels l = { .n = 0 };

		meter_label(&l, "job", j->id);
		meter_label(&l, "namespace", j->ns);
		meter_label_child(&l, j->id, scratch);
		meter_label(&l, "task_group", sum.summary[i].key);
		set_summary(&sd->job_meter, &l, &sum.summary[i]);
	}
	rec_clear(&job_summary_type, &sum);
}

/* Where the last turn ended: what was removed since then may have stood before
 * it, so a few may be told of twice. */
static struct sched_job *
next_job(const struct schedd *sd)
{
	struct sched_job *j = sched_core_state(sd->core)->jobs;
	size_t gone = 0, at = sd->telling.at;

	if (HASH_COUNT(j) < sd->telling.njobs)
		gone = sd->telling.njobs - HASH_COUNT(j);
	for (at = at > gone ? at - gone : 0; j != NULL && at > 0; at--)
		j = j->hh.next;
	return j;
}

/* One turn's jobs. False: there are more. */
static bool
set_some_jobs(struct schedd *sd)
{
	struct sched_job *j = next_job(sd);
	struct buf scratch = { 0 };

	for (size_t n = 0; j != NULL && n < JOBS_A_TURN; n++, j = j->hh.next) {
		const char *status;

		sd->telling.at++;
		if (j->job == NULL)
			continue;
		status = sched_job_status(j);
		sd->telling.pending += strcmp(status, "pending") == 0;
		sd->telling.running += strcmp(status, "running") == 0;
		sd->telling.dead += strcmp(status, "dead") == 0;
		set_job(sd, j, &scratch);
	}
	sd->telling.njobs = HASH_COUNT(sched_core_state(sd->core)->jobs);
	buf_release(&scratch);
	return j == NULL;
}

static void
tell_more_jobs(void *arg)
{
	struct schedd *sd = arg;
	struct meter *m = &sd->job_meter;

	if (!sd->leading)
		return;
	if (!set_some_jobs(sd)) {
		loop_timer_set(sd->telling.timer, JOBS_GAP_MS);
		return;
	}
	gauge(m, "nomad.nomad.job_status.pending", sd->telling.pending);
	gauge(m, "nomad.nomad.job_status.running", sd->telling.running);
	gauge(m, "nomad.nomad.job_status.dead", sd->telling.dead);
	meter_publish(m, sd->daemon->pub, loop_wall_ns(sd->loop));
}

/* While no command changes the state, jobs are told of again only so that
 * they are not forgotten. */
static void
tell_jobs(struct schedd *sd)
{
	uint64_t index = sched_core_state(sd->core)->index;
	uint64_t now_ms = loop_now_ms(sd->loop);

	if (sd->telling.timer == NULL)
		sd->telling.timer =
		    loop_timer_new(sd->loop, tell_more_jobs, sd);
	if (loop_timer_is_set(sd->telling.timer) ||
	    (index == sd->told_index && sd->told_ms != 0 &&
		now_ms - sd->told_ms < METER_FULL_NS / CLOCK_NS_PER_MS))
		return;
	sd->told_index = index;
	sd->told_ms = now_ms;
	sd->telling.at = sd->telling.njobs = 0;
	sd->telling.pending = sd->telling.running = sd->telling.dead = 0;
	tell_more_jobs(sd);
}

/* --- evaluations --- */

static void
set_broker(struct meter *m, const struct sched_core_stats *s)
{
	static const struct {
		enum broker_queue queue;
		const char *ready, *unacked;
	} queues[] = {
#define QUEUE(q, name)                            \
	{ q, "nomad.nomad.broker." name ".ready", \
		"nomad.nomad.broker." name ".unacked" }
		QUEUE(BROKER_SERVICE, "service"),
		QUEUE(BROKER_BATCH, "batch"),
		QUEUE(BROKER_SYSTEM, "system"),
		QUEUE(BROKER_SYSBATCH, "sysbatch"),
		QUEUE(BROKER_OTHER, "_core"),
		QUEUE(BROKER_FAILED, "_failed"),
#undef QUEUE
	};

	for (size_t i = 0; i < sizeof queues / sizeof queues[0]; i++) {
		enum broker_queue q = queues[i].queue;

		gauge(m, queues[i].ready, (double)s->queue_ready[q]);
		gauge(m, queues[i].unacked, (double)s->queue_unacked[q]);
	}
	gauge(m, "nomad.nomad.broker.total_ready", (double)s->ready);
	gauge(m, "nomad.nomad.broker.total_unacked", (double)s->unacked);
	gauge(m, "nomad.nomad.broker.total_pending", (double)s->behind);
	gauge(m, "nomad.nomad.broker.total_waiting",
	    (double)(s->waiting - s->behind));
	/* Those that are given up are so in the same turn. */
	gauge(m, "nomad.nomad.broker.total_cancelable", 0);
}

/* What the job's groups asked for and no node had. */
static void
set_blocked_job(void *ctx, const struct eval *e)
{
	struct meter_labels l = { .n = 0 };
	int64_t cpu = 0, memory = 0;

	for (size_t i = 0; i < e->nfailed_tg_allocs; i++) {
		const struct alloc_metric *m = &e->failed_tg_allocs[i].value;

		for (size_t t = 0; t < m->nresources_exhausted; t++) {
			cpu += m->resources_exhausted[t].value.cpu;
			memory += m->resources_exhausted[t].value.memory_mb;
		}
	}
	meter_label(&l, "job", e->job_id);
	meter_label(&l, "namespace", e->namespace);
	meter_gauge(
	    ctx, "nomad.nomad.blocked_evals.job.cpu", (double)cpu, l.kv, l.n);
	meter_gauge(ctx, "nomad.nomad.blocked_evals.job.memory", (double)memory,
	    l.kv, l.n);
}

static void
set_evals(struct schedd *sd)
{
	struct meter *m = &sd->meter;
	struct sched_core_stats s;

	sched_core_stats(sd->core, &s);
	set_broker(m, &s);
	gauge(m, "nomad.nomad.blocked_evals.total_blocked", (double)s.blocked);
	gauge(m, "nomad.nomad.blocked_evals.total_escaped", (double)s.escaped);
	gauge(m, "nomad.nomad.blocked_evals.total_quota_limit", 0);
	sched_core_each_blocked(sd->core, set_blocked_job, m);
	gauge(m, "nomad.nomad.plan.queue_depth", (double)s.runs);
	gauge(m, "nomad.nomad.heartbeat.active", (double)s.leases);
}

/* --- the server --- */

static void
set_autopilot(struct schedd *sd)
{
	bool is_healthy;
	int64_t tolerance = api_autopilot_tolerance(sd, &is_healthy);

	gauge(&sd->meter, "nomad.nomad.autopilot.healthy", is_healthy ? 1 : 0);
	gauge(&sd->meter, "nomad.nomad.autopilot.failure_tolerance",
	    (double)tolerance);
}

static void
set_raft(struct schedd *sd)
{
	struct meter *m = &sd->meter;
	struct raft_node_info raft;

	if (sd->raft == NULL)
		return;
	raft_node_info(sd->raft, &raft);
	gauge(m, "nomad.raft.appliedIndex", (double)raft.raft.applied);
	gauge(m, "nomad.raft.lastIndex", (double)raft.raft.last);
	gauge(m, "nomad.raft.peers", (double)raft.raft.config.n);
	gauge(m, "nomad.state.snapshotIndex", (double)raft.raft.snapshot_index);
	meter_total(m, "nomad.raft.apply", (double)sd->nproposed, NULL, 0);
	meter_total(
	    m, "schedd.raft.refused_total", (double)raft.strangers, NULL, 0);
	if (sd->leading)
		set_autopilot(sd);
}

static void
set_rpc(struct schedd *sd)
{
	struct meter *m = &sd->meter;
	struct bus_stats local = *bus_server_stats(sd->daemon->msg);
	struct bus_stats remote = { 0 };

	if (sd->rpc != NULL)
		remote = *bus_server_stats(sd->rpc);
	meter_total(m, "nomad.nomad.rpc.request",
	    (double)(local.requests + remote.requests), NULL, 0);
	meter_total(m, "nomad.nomad.rpc.request_error",
	    (double)(local.refused + remote.refused), NULL, 0);
	meter_total(m, "nomad.nomad.rpc.query", (double)sd->nqueries, NULL, 0);
	meter_http(m, sd->http);
}

void
schedd_metrics(struct daemon *d)
{
	struct schedd *sd = d->state;
	int64_t wall_ns = loop_wall_ns(sd->loop);

	if (sd->leading) {
		tell_jobs(sd);
		set_evals(sd);
	}
	set_raft(sd);
	set_rpc(sd);
	meter_runtime(&sd->meter, wall_ns);
	meter_publish(&sd->meter, d->pub, wall_ns);
}

/* --- what happens --- */

void
schedd_metrics_took(struct schedd *sd, const char *name, int64_t ns)
{
	meter_sample(&sd->meter, name, (double)ns / CLOCK_NS_PER_MS, NULL, 0);
}

void
schedd_metrics_led(struct schedd *sd, bool leads, int64_t took_ns)
{
	schedd_metrics_took(sd,
	    leads ? "nomad.nomad.leader.establish_leadership"
		  : "nomad.nomad.leader.revoke_leadership",
	    took_ns);
	meter_count(&sd->meter,
	    leads ? "nomad.raft.state.leader" : "nomad.raft.state.follower", 1,
	    NULL, 0);
}

static int64_t
on_clock(void *ctx)
{
	(void)ctx;
	return clock_mono_ns();
}

static void
on_took(void *ctx, const char *name, const struct eval *e, int64_t ns)
{
	struct schedd *sd = ctx;
	struct meter_labels l = { .n = 0 };

	if (e != NULL) {
		meter_label(&l, "eval_type", e->type);
		meter_label(&l, "job", e->job_id);
		meter_label(&l, "namespace", e->namespace);
		meter_label(&l, "triggered_by", e->triggered_by);
	}
	meter_sample(&sd->meter, name, (double)ns / CLOCK_NS_PER_MS, l.kv, l.n);
}

static void
on_node_rejected(void *ctx, const char *node_id)
{
	struct schedd *sd = ctx;
	struct meter_labels l = { .n = 0 };

	meter_label(&l, "node_id", node_id);
	meter_count(&sd->meter, "nomad.nomad.plan.node_rejected", 1, l.kv, l.n);
}

void
schedd_probe(struct schedd *sd, struct sched_probe *probe)
{
	*probe = (struct sched_probe){ .ctx = sd,
		.clock_ns = on_clock,
		.took = on_took,
		.node_rejected = on_node_rejected };
}
