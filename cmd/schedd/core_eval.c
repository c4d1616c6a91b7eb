/*
 * Evaluations: run, ended.
 */
#include "cmd/schedd/core_impl.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/plant.h"
#include "cmd/schedd/scheduler.h"
#include "cmd/schedd/text.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"

/* An evaluation that is out of the broker. */
struct core_run {
	char *eval_id;
	int64_t proposed;  /* its latest command; see probe.h */
	unsigned attempts; /* plans without progress, in a row */
	bool cut;          /* the plan was too large for one command */
	bool is_end;       /* nothing of it is looked at again */
	TAILQ_ENTRY(core_run) entry; /* of those that are */
};

void
core_run_free(struct core_run *run)
{
	if (run == NULL)
		return;
	free(run->eval_id);
	free(run);
}

static int64_t
since(uint64_t then_ms, uint64_t now_ms)
{
	return now_ms > then_ms ? (int64_t)(now_ms - then_ms) * CLOCK_NS_PER_MS
				: 0;
}

/* How long it was here, was waited for, and was out; ms make a turn. */
static void
tell_times(struct sched_core *c, const struct core_run *run, bool ends)
{
	const struct sched_eval *e = sched_eval_find(&c->state, run->eval_id);
	const struct sched_probe *p = &c->opts.probe;
	uint64_t here_ms, out_ms;

	if (e == NULL ||
	    !broker_since(&c->broker, run->eval_id, &here_ms, &out_ms))
		return;
	if (!ends) {
		probe_took(p, "nomad.nomad.broker.wait_time", &e->rec,
		    since(here_ms, c->now_ms));
		return;
	}
	probe_took(p, "nomad.nomad.broker.process_time", &e->rec,
	    since(out_ms, c->now_ms));
	probe_took(p, "nomad.nomad.broker.response_time", &e->rec,
	    since(here_ms, c->now_ms));
}

static void
run_end(struct sched_core *c, struct core_run *run)
{
	tell_times(c, run, true);
	broker_ack(&c->broker, run->eval_id);
	c->nruns--;
	core_run_free(run);
}

/* The evaluation as it shall be, and those it made: borrowed from res. */
static struct eval *
list_evals(const struct sched_core *c, struct scheduler_result *res, size_t *n)
{
	struct eval *list = xcalloc(res->ncreated + 1, sizeof *list);

	for (size_t i = 0; i < res->ncreated; i++)
		list[(*n)++] = res->created[i];
	list[(*n)++] = res->ended;
	for (size_t i = 0; i < *n; i++)
		list[i].snapshot_index = c->state.index;
	return list;
}

/* Nothing is placed or stopped, so nobody waits but evaluations that may not
 * run yet. */
static struct core_pending *
propose_end(struct sched_core *c, struct cmd *cmd)
{
	return c->nruns <= CORE_MAX_RUNS / 2 ? core_propose_calmly(c, cmd)
					     : core_propose(c, cmd);
}

static void
propose_evals_of(
    struct sched_core *c, struct core_run *run, struct scheduler_result *res)
{
	struct cmd_eval_upsert u = { 0 };
	struct cmd cmd = { .eval_upsert = &u };

	u.evals = list_evals(c, res, &u.nevals);
	run->is_end = true;
	run->proposed = probe_begin(&c->opts.probe);
	propose_end(c, &cmd)->run = run;
	free(u.evals);
}

/* Of the evaluations that were made, those that belong to a part of a plan:
 * what its allocations name, to be looked at later, and the jobs that lose some
 * to it. */
static struct eval *
list_later(const struct sched_core *c, struct scheduler_result *res, size_t *n)
{
	struct eval *list = xcalloc(res->ncreated + 1, sizeof *list);

	for (size_t i = 0; i < res->ncreated; i++) {
		if (!sched_eval_is_of_part(&res->created[i]))
			continue;
		list[*n] = res->created[i];
		list[(*n)++].snapshot_index = c->state.index;
	}
	return list;
}

/* What one command cannot hold is left for another look. */
static void
propose_plan(
    struct sched_core *c, struct core_run *run, struct scheduler_result *res)
{
	struct cmd_plan plan = res->plan;
	struct cmd cmd = { .plan = &plan };

	plan.snapshot_index = c->state.index;
	plan.nevals = 0;
	run->cut = core_cut_plan(&plan) || res->is_cut;
	plan.evals = run->cut ? list_later(c, res, &plan.nevals)
			      : list_evals(c, res, &plan.nevals);
	run->proposed = probe_begin(&c->opts.probe);
	if (plan.nplaces + plan.nstops + plan.npreempts + plan.nupdates > 0)
		core_propose(c, &cmd)->run = run;
	else
		propose_end(c, &cmd)->run = run;
	c->stats.plans++;
	free(plan.evals);
}

static void
look(struct sched_core *c, struct core_run *run)
{
	const struct sched_eval *e = sched_eval_find(&c->state, run->eval_id);
	struct scheduler_result res = { 0 };
	struct scheduler_view view = { .st = &c->state,
		.table = &c->nodes,
		.now_ns = c->wall_ns,
		.max_work = CORE_PLAN_WORK };
	int64_t began = probe_begin(&c->opts.probe);

	if (e == NULL || sched_eval_is_terminal(&e->rec)) {
		run_end(c, run);
		return;
	}
	if (run->attempts >= scheduler_max_attempts(e->rec.type)) {
		scheduler_give_up(
		    &c->state, &e->rec, c->wall_ns, &c->rng, &res);
		propose_evals_of(c, run, &res);
	} else {
		nodetable_refresh(&c->nodes, &c->state);
		scheduler_run(&view, &e->rec, &c->rng, &res);
		core_worked(c, res.work);
		probe_end_scheduler(&c->opts.probe, e->rec.type, began);
		if (res.has_plan)
			propose_plan(c, run, &res);
		else
			propose_evals_of(c, run, &res);
	}
	scheduler_result_release(&res);
}

/* Whether the allocation was written just now. */
static bool
is_written(const struct sched_core *c, const char *id)
{
	const struct sched_alloc *a =
	    sched_alloc_find(&c->state, sched_str(id));

	return a != NULL && a->modify_index == c->state.index;
}

static bool
made_progress(const struct sched_core *c, const struct cmd_plan *plan)
{
	for (size_t i = 0; i < plan->nplaces; i++)
		if (sched_alloc_find(
			&c->state, sched_str(plan->places[i].id)) != NULL)
			return true;
	for (size_t i = 0; i < plan->nstops; i++)
		if (is_written(c, plan->stops[i].alloc_id))
			return true;
	for (size_t i = 0; i < plan->npreempts; i++)
		if (is_written(c, plan->preempts[i].alloc_id))
			return true;
	for (size_t i = 0; i < plan->nupdates; i++)
		if (is_written(c, plan->updates[i].id))
			return true;
	return false;
}

static void
tell_applied(
    struct sched_core *c, const struct core_run *run, const struct cmd *cmd)
{
	const struct sched_probe *p = &c->opts.probe;

	if (cmd->plan == NULL) {
		probe_end(p, "nomad.nomad.worker.update_eval", run->proposed);
		return;
	}
	probe_end(p, "nomad.nomad.plan.submit", run->proposed);
	probe_end(p, "nomad.nomad.plan.apply", run->proposed);
	probe_end(p, "nomad.nomad.worker.submit_plan", run->proposed);
}

/* Those of its nodes where what was to be placed is not. */
static void
tell_rejected(struct sched_core *c, const struct cmd_plan *plan)
{
	const char *last = "";

	for (size_t i = 0; i < plan->nplaces; i++) {
		const char *node = sched_str(plan->places[i].node_id);

		if (strcmp(node, last) == 0 ||
		    sched_alloc_find(
			&c->state, sched_str(plan->places[i].id)) != NULL)
			continue;
		probe_node_rejected(&c->opts.probe, node);
		last = node;
	}
}

void
core_run_applied(struct sched_core *c, struct core_run *run,
    const struct cmd *cmd, const struct fsm_reply *reply)
{
	tell_applied(c, run, cmd);
	if (run->is_end || cmd->plan == NULL ||
	    (!reply->partial && !run->cut)) {
		run_end(c, run);
		return;
	}
	if (reply->partial)
		c->stats.plans_partial++;
	if (reply->partial)
		tell_rejected(c, cmd->plan);
	if (made_progress(c, cmd->plan))
		run->attempts = 0;
	else
		run->attempts++;
	TAILQ_INSERT_TAIL(&c->again, run, entry);
}

void
core_run_failed(struct sched_core *c, struct core_run *run)
{
	broker_nack(&c->broker, run->eval_id, c->now_ms);
	c->nruns--;
	core_run_free(run);
}

/* Delivered too often: it fails, and another one tries later. */
static void
fail(struct sched_core *c, struct core_run *run)
{
	const struct sched_eval *e = sched_eval_find(&c->state, run->eval_id);
	struct core_evals l = { 0 };
	struct cmd_eval_upsert u;
	struct cmd cmd = { .eval_upsert = &u };
	struct eval *next, *rec;
	struct job job = { 0 };

	if (e == NULL || sched_eval_is_terminal(&e->rec)) {
		run_end(c, run);
		return;
	}
	job = (struct job){ .id = e->rec.job_id,
		.namespace = e->rec.namespace,
		.type = e->rec.type,
		.priority = e->rec.priority };
	next = core_evals_add(c, &l, &job, "failed-follow-up");
	next->previous_eval = xstrdup(e->rec.id);
	next->wait_until =
	    c->wall_ns + (int64_t)(CORE_FOLLOW_UP_S +
				   rng_below(&c->rng, CORE_FOLLOW_UP_SPAN)) *
			     CLOCK_NS_PER_S;
	l.evals = xgrow(l.evals, l.n, &l.cap, sizeof *l.evals);
	rec = &l.evals[l.n++];
	rec_copy(&eval_type, rec, &e->rec);
	sched_set(&rec->status, "failed");
	free(rec->status_description);
	rec->status_description = xasprintf(
	    "evaluation reached delivery limit (%d)", CORE_DELIVERIES);
	sched_set(&rec->next_eval, l.evals[0].id);
	u = (struct cmd_eval_upsert){ .evals = l.evals, .nevals = l.n };
	run->is_end = true;
	core_propose(c, &cmd)->run = run;
	core_evals_release(&l);
}

void
core_eval_end(struct sched_core *c)
{
	struct core_run *run;

	broker_release(&c->broker);
	blocked_release(&c->blocked);
	while ((run = TAILQ_FIRST(&c->again)) != NULL) {
		TAILQ_REMOVE(&c->again, run, entry);
		core_run_free(run);
	}
	c->nruns = 0;
}

/* Those that room was found for come back to the broker. */
static void
take_woken(struct sched_core *c)
{
	char *id;

	while ((id = blocked_take_woken(&c->blocked)) != NULL) {
		const struct sched_eval *e = sched_eval_find(&c->state, id);

		if (e != NULL && !sched_eval_is_terminal(&e->rec))
			broker_enqueue(&c->broker, &e->rec, 0, c->now_ms);
		free(id);
	}
}

void
core_worked(struct sched_core *c, size_t work)
{
	if (c->turn_ms != c->now_ms) {
		c->turn_ms = c->now_ms;
		c->turn_work = 0;
	}
	c->turn_work += work;
}

/*
 * What an evaluation takes grows with the cluster, and as long as it takes
 * nobody is heard, leases neither. So a turn of the clock has its share of
 * them, and the rest goes on in the next one. Work is counted, not timed: the
 * same events make the same evaluations.
 */
static bool
may_run(struct sched_core *c)
{
	core_worked(c, 0);
	c->runs_wait = c->turn_work >= CORE_TURN_WORK;
	return !c->runs_wait;
}

static void
begin(struct sched_core *c, const char *id, bool failed)
{
	struct core_run *run = xcalloc(1, sizeof *run);

	run->eval_id = xstrdup(id);
	c->nruns++;
	tell_times(c, run, false);
	/* The state here is never behind an evaluation. */
	probe_took(
	    &c->opts.probe, "nomad.nomad.worker.wait_for_index", NULL, 0);
	if (failed)
		fail(c, run);
	else
		look(c, run);
}

void
core_eval_pump(struct sched_core *c)
{
	struct core_run *run;
	const char *id;
	bool failed;

	take_woken(c);
	c->runs_wait = false;
	while ((run = TAILQ_FIRST(&c->again)) != NULL && may_run(c)) {
		TAILQ_REMOVE(&c->again, run, entry);
		look(c, run);
	}
	while (c->nruns < CORE_MAX_RUNS && !c->state.config.pause_eval_broker &&
	       c->broker.nready > 0 && may_run(c) &&
	       (id = broker_dequeue(
		    &c->broker, BROKER_ALL, c->now_ms, &failed)) != NULL)
		begin(c, id, failed);
	core_cancel_needless(c);
}
