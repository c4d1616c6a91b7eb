/*
 * Deployments: whether they make progress, and what becomes of the job when
 * they do not. That one is complete is the scheduler's to see: each change of
 * an allocation's health makes the job be looked at.
 */
#include "cmd/schedd/core_impl.h"

#include <inttypes.h>
#include <stdlib.h>

#include "cmd/schedd/text.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"

struct core_deployment {
	char *id;
	bool busy; /* a change of ours is on its way */
	struct due due;
};

static void
forget(struct sched_core *c, struct core_deployment *t)
{
	map_remove(&c->deployments, t->id);
	due_remove(&c->deadlines, &t->due);
	free(t->id);
	free(t);
}

void
core_deploy_end(struct sched_core *c)
{
	MAP_FOREACH (e, &c->deployments) {
		struct core_deployment *t = map_value(e);

		free(t->id);
		free(t);
	}
	map_release(&c->deployments);
	dues_release(&c->deadlines);
}

/* --- failing --- */

static bool
wants_revert(const struct deployment *d)
{
	for (size_t i = 0; i < d->ntask_groups; i++)
		if (d->task_groups[i].auto_revert)
			return true;
	return false;
}

/* The newest version known to be good, but for the one that failed. */
static const struct job *
stable_version(const struct sched_deployment *d)
{
	const struct sched_job *j = d->job;

	for (size_t i = 0; j != NULL && i < j->nversions; i++)
		if (j->versions[i]->job->stable &&
		    j->versions[i]->job->version != d->rec.job_version)
			return j->versions[i]->job;
	return NULL;
}

/* What fails it and, with a version to go back to, registers that in the same
 * command. */
struct failing {
	struct cmd_deployment change;
	struct cmd_job_register back;
	struct cmd parts[2];
	struct cmd cmd;
	struct core_evals evals;
	const struct job *good; /* NULL: nothing to go back to */
};

/* The reason with what becomes of the job, on the heap; clears good where
 * going back would change nothing. */
static char *
describe(
    const struct sched_deployment *d, const char *why, const struct job **good)
{
	const struct job *now = d->job != NULL ? d->job->job : NULL;

	*good = wants_revert(&d->rec) ? stable_version(d) : NULL;
	if (!wants_revert(&d->rec))
		return xstrdup(why);
	if (*good == NULL)
		return xasprintf(
		    "%s - no stable job version to auto revert to", why);
	if (now != NULL && !fsm_job_differs(now, *good)) {
		char *text = xasprintf("%s - not rolling back to stable job "
				       "version %" PRIu64
				       " as current job has same specification",
		    why, (*good)->version);

		*good = NULL;
		return text;
	}
	return xasprintf(
	    "%s - rolling back to job version %" PRIu64, why, (*good)->version);
}

static void
failing_init(struct sched_core *c, struct failing *f,
    const struct sched_deployment *d, const char *why)
{
	*f = (struct failing){ 0 };
	f->change.change.deployment_id = d->rec.id;
	f->change.change.status = text_borrow("failed");
	f->change.change.status_description = describe(d, why, &f->good);
	f->parts[0].deployment = &f->change;
	f->parts[1].job_register = &f->back;
	f->cmd.batch = f->parts;
	f->cmd.nbatch = f->good != NULL ? 2 : 1;
	log_warn("deployment failed id=%s job=%s: %s", d->rec.id,
	    sched_str(d->rec.job_id), f->change.change.status_description);
	if (d->job != NULL && d->job->job != NULL) {
		core_evals_add(c, &f->evals, d->job->job, "deployment-watcher")
		    ->deployment_id = xstrdup(d->rec.id);
		f->change.evals = f->evals.evals;
		f->change.nevals = f->good != NULL ? 0 : 1;
	}
	if (f->good != NULL) {
		rec_copy(&job_type, &f->back.job, f->good);
		f->back.job.submit_time = c->wall_ns;
		f->back.eval = f->evals.evals;
	}
}

static void
failing_release(struct failing *f)
{
	rec_clear(&job_type, &f->back.job);
	core_evals_release(&f->evals);
	free(f->change.change.status_description);
}

static void
fail(struct sched_core *c, const struct sched_deployment *d, const char *why)
{
	struct failing f;

	failing_init(c, &f, d, why);
	core_propose(c, &f.cmd);
	failing_release(&f);
}

void
core_deploy_fail(
    struct sched_core *c, uint64_t req, const struct sched_deployment *d)
{
	struct failing f;
	struct core_pending *p;

	failing_init(c, &f, d, "Deployment marked as failed");
	p = core_ask(c, req, &f.cmd, CORE_DEPLOYED);
	core_note_evals(p, f.evals.evals, f.evals.n);
	p->has_reverted = f.good != NULL;
	p->reverted = f.good != NULL ? f.good->version : 0;
	failing_release(&f);
}

/* --- watching --- */

static bool
is_complete(const struct deployment_state *g)
{
	return g->healthy_allocs >= g->desired_total &&
	       (g->desired_canaries == 0 || g->promoted);
}

/* When the next group runs out of time, wall clock; 0: never. */
static int64_t
deadline_of(const struct deployment *d)
{
	int64_t first = 0;

	for (size_t i = 0; i < d->ntask_groups; i++) {
		const struct deployment_state *g = &d->task_groups[i];

		if (g->progress_deadline == 0 || g->require_progress_by == 0 ||
		    is_complete(g))
			continue;
		if (first == 0 || g->require_progress_by < first)
			first = g->require_progress_by;
	}
	return first;
}

/* A group without a deadline fails with its first unhealthy allocation. */
static bool
has_failed(const struct deployment *d)
{
	for (size_t i = 0; i < d->ntask_groups; i++)
		if (d->task_groups[i].progress_deadline == 0 &&
		    d->task_groups[i].unhealthy_allocs > 0)
			return true;
	return false;
}

static bool
may_promote(const struct sched_core *c, const struct deployment *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->ntask_groups; i++) {
		const struct deployment_state *g = &d->task_groups[i];

		if (g->desired_canaries == 0 || g->promoted)
			continue;
		if (!g->auto_promote ||
		    core_healthy_canaries(c, g) < g->desired_canaries)
			return false;
		n++;
	}
	return n > 0;
}

static void
promote(struct sched_core *c, const struct sched_deployment *d)
{
	struct cmd_deployment u = { .change = { .deployment_id = d->rec.id } };
	struct cmd cmd = { .deployment = &u };
	struct core_evals evals = { 0 };

	u.promote = xcalloc(d->rec.ntask_groups, sizeof *u.promote);
	for (size_t i = 0; i < d->rec.ntask_groups; i++)
		if (d->rec.task_groups[i].desired_canaries > 0)
			u.promote[u.npromote++] = d->rec.task_groups[i].key;
	if (d->job != NULL && d->job->job != NULL)
		core_evals_add(c, &evals, d->job->job, "deployment-watcher")
		    ->deployment_id = xstrdup(d->rec.id);
	u.evals = evals.evals;
	u.nevals = evals.n;
	core_propose(c, &cmd);
	free(u.promote);
	core_evals_release(&evals);
}

/*
 * While a deployment goes on, the scheduler leaves its failed allocations
 * alone until they are marked, for a group without a deadline fails instead.
 * Returns whether there was one to mark.
 */
static bool
replace_ill(struct sched_core *c, const struct sched_deployment *d)
{
	char *ids[CMD_MAX_BATCH];
	struct cmd_alloc_transition t = { .allocs = ids,
		.transition = { .has_reschedule = true, .reschedule = true } };
	struct cmd cmd = { .alloc_transition = &t };
	struct core_evals evals = { 0 };
	const struct sched_alloc *a;

	TAILQ_FOREACH (a, &d->allocs, by_deployment)
		if (a->has_healthy && !a->healthy && !a->reschedule &&
		    t.nallocs < CMD_MAX_BATCH)
			ids[t.nallocs++] = text_borrow(a->id);
	if (t.nallocs == 0)
		return false;
	if (d->job != NULL && d->job->job != NULL)
		core_evals_add(c, &evals, d->job->job, "deployment-watcher")
		    ->deployment_id = xstrdup(d->rec.id);
	t.evals = evals.evals;
	t.nevals = evals.n;
	core_propose(c, &cmd);
	core_evals_release(&evals);
	return true;
}

/* may_be_ill: an allocation of it may have become ill without having been
 * seen; else none is looked for. */
static void
watch(struct sched_core *c, const struct sched_deployment *d, bool may_be_ill)
{
	struct core_deployment *t = map_find(&c->deployments, d->rec.id);
	int64_t deadline, left_ns;

	if (!sched_deployment_is_active(&d->rec)) {
		if (t != NULL)
			forget(c, t);
		return;
	}
	if (t == NULL) {
		t = xcalloc(1, sizeof *t);
		t->id = xstrdup(d->rec.id);
		map_put(&c->deployments, t->id, t);
	}
	due_remove(&c->deadlines, &t->due);
	if (!sched_eq(d->rec.status, "running"))
		return;
	deadline = deadline_of(&d->rec);
	left_ns = deadline - c->wall_ns;
	if (deadline != 0)
		due_add(&c->deadlines, &t->due,
		    c->now_ms +
			(left_ns <= 0
				? 0
				: (uint64_t)(left_ns / CLOCK_NS_PER_MS) + 1));
	if (!t->busy && has_failed(&d->rec)) {
		t->busy = true;
		fail(c, d, "Failed due to unhealthy allocations");
	} else if (!t->busy && may_promote(c, &d->rec)) {
		t->busy = true;
		promote(c, d);
	} else if (!t->busy && may_be_ill) {
		t->busy = replace_ill(c, d);
	}
}

static void
watch_id(struct sched_core *c, const char *id, bool may_be_ill)
{
	const struct sched_deployment *d =
	    sched_deployment_find(&c->state, sched_str(id));

	if (d != NULL)
		watch(c, d, may_be_ill);
}

void
core_deploy_lead(struct sched_core *c)
{
	for (const struct sched_deployment *d = c->state.deployments; d != NULL;
	     d = d->hh.next)
		watch(c, d, true);
}

/* A change of ours, or of somebody else, has been made. */
static void
is_done(struct sched_core *c, const char *id)
{
	struct core_deployment *t = map_find(&c->deployments, sched_str(id));

	if (t != NULL)
		t->busy = false;
	watch_id(c, id, true);
}

static const struct sched_deployment *
deployment_of(const struct sched_core *c, const char *alloc_id)
{
	const struct sched_alloc *a =
	    sched_alloc_find(&c->state, sched_str(alloc_id));

	return a != NULL ? a->deployment : NULL;
}

/* A large deployment is told of as often as it has allocations: all of them
 * are looked at only when one is ill. */
static void
observe_client(struct sched_core *c, const char *alloc_id,
    const struct sched_deployment **last)
{
	const struct sched_alloc *a =
	    sched_alloc_find(&c->state, sched_str(alloc_id));
	const struct sched_deployment *d = a != NULL ? a->deployment : NULL;
	bool is_ill = d != NULL && a->has_healthy && !a->healthy;

	if (d != NULL && (d != *last || is_ill))
		watch(c, d, is_ill);
	*last = d;
}

void
core_deploy_observe(struct sched_core *c, const struct cmd *cmd)
{
	const struct cmd_plan *plan = cmd->plan;
	const struct cmd_alloc_client *client = cmd->alloc_client;
	const struct cmd_alloc_transition *marks = cmd->alloc_transition;
	const struct sched_deployment *d, *last = NULL;

	if (plan != NULL && plan->deployment != NULL)
		watch_id(c, plan->deployment->id, true);
	for (size_t i = 0; plan != NULL && i < plan->ndeployment_changes; i++)
		watch_id(c, plan->deployment_changes[i].deployment_id, true);
	if (plan != NULL && plan->nplaces > 0)
		watch_id(c, plan->places[0].deployment_id, false);
	if (cmd->deployment != NULL)
		is_done(c, cmd->deployment->change.deployment_id);
	for (size_t i = 0; marks != NULL && i < marks->nallocs; i++) {
		d = deployment_of(c, marks->allocs[i]);
		if (d != NULL && d != last)
			is_done(c, d->rec.id);
		last = d;
	}
	last = NULL;
	for (size_t i = 0; client != NULL && i < client->nallocs; i++)
		observe_client(c, client->allocs[i].id, &last);
}

void
core_deploy_failed(struct sched_core *c)
{
	MAP_FOREACH (e, &c->deployments)
		((struct core_deployment *)map_value(e))->busy = false;
}

void
core_deploy_tick(struct sched_core *c)
{
	struct due *due;

	while ((due = due_first(&c->deadlines)) != NULL &&
	       due->at_ms <= c->now_ms) {
		struct core_deployment *t =
		    DUE_OF(due, struct core_deployment, due);
		const struct sched_deployment *d =
		    sched_deployment_find(&c->state, t->id);

		due_remove(&c->deadlines, due);
		if (d == NULL) {
			forget(c, t);
		} else if (deadline_of(&d->rec) <= c->wall_ns) {
			fail(c, d, "Failed due to progress deadline");
			due_add(&c->deadlines, due, c->now_ms + CORE_RETRY_MS);
		} else {
			watch(c, d, true);
		}
	}
}
