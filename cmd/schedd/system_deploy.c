/* The deployment of a system job: one group after the other joins it. */
#include <stdlib.h>

#include "cmd/schedd/deploying.h"
#include "cmd/schedd/system_impl.h"
#include "cmd/schedd/text.h"

size_t
system_step(const struct system_group *g)
{
	const struct system *s = g->s;
	const struct sched_alloc *a;
	int64_t step;

	if (s->batch || !deploying_is_wanted(g->tg))
		return SIZE_MAX;
	step = g->tg->update->max_parallel;
	if (s->d.current == NULL)
		return (size_t)step;
	if (s->d.paused || s->d.failed)
		return 0;
	TAILQ_FOREACH (a, &s->p->sj->allocs, by_job) {
		if (a->deployment == NULL || step == 0 ||
		    sched_alloc_is_terminal(a) ||
		    !sched_eq(a->deployment->rec.id, s->d.current->id))
			continue;
		if (a->has_healthy && !a->healthy)
			step = 0;
		else if (!a->has_healthy)
			step--;
	}
	return step > 0 ? (size_t)step : 0;
}

static bool
ran_this_version(const struct system_group *g)
{
	const struct planner *p = g->s->p;
	const struct sched_alloc *a;

	TAILQ_FOREACH (a, &p->sj->allocs, by_job)
		if (sched_eq(sched_alloc_group(a), g->tg->name) &&
		    a->version->job->version == p->job->version &&
		    a->version->job->create_index == p->job->create_index)
			return true;
	return false;
}

/* What the plan shall have placed, with what is there already. */
void
system_count_wanted(struct system_group *g)
{
	if (!g->s->batch)
		g->desired->place =
		    g->desired->ignore + g->inplace + g->nplaced;
}

void
system_deploy(struct system_group *g)
{
	struct system *s = g->s;
	struct planner *p = s->p;
	const struct update_strategy *u = g->tg->update;
	struct deployment_state st = { .key = g->tg->name };
	const struct deployment_state *now =
	    deploying_state(s->d.current, sched_str(g->tg->name));
	struct deployment_state *done =
	    s->d.current == NULL ? deploying_state(s->done, g->tg->name) : NULL;

	if (now != NULL) {
		s->complete &= g->ndestructive + g->inplace == 0 &&
			       now->healthy_allocs >= now->desired_total &&
			       (now->desired_canaries == 0 || now->promoted);
		return;
	}
	if (done != NULL) {
		/* Nodes came; what is there since then is told. */
		if ((int64_t)g->desired->place > done->desired_total) {
			done->desired_total = (int64_t)g->desired->place;
			s->grown = true;
		}
		s->complete &= done->healthy_allocs >= done->desired_total;
		return;
	}
	if (s->batch || s->d.current != NULL || !deploying_is_wanted(g->tg) ||
	    (ran_this_version(g) && g->ndestructive + g->inplace == 0))
		return;
	if (s->fresh == NULL)
		s->fresh = deploying_new(p->job, p->now, p->rng);
	st.auto_revert = u->auto_revert;
	st.auto_promote = u->auto_promote;
	st.progress_deadline = u->progress_deadline;
	st.desired_total = (int64_t)g->desired->place;
	st.desired_canaries = (int64_t)g->ncanaries;
	if (u->progress_deadline != 0)
		st.require_progress_by = p->now + u->progress_deadline;
	deploying_add(s->fresh, &st);
	s->complete &= st.desired_total == 0;
}

static void
change(struct planner *p, const char *id, const char *status,
    const char *description)
{
	struct cmd_plan *plan = &p->out->plan;

	plan->deployment_changes = xreallocarray(plan->deployment_changes,
	    plan->ndeployment_changes + 1, sizeof *plan->deployment_changes);
	plan->deployment_changes[plan->ndeployment_changes++] =
	    (struct deployment_change){ xstrdup(id), xstrdup(status),
		    xstrdup(description) };
}

/* All that is placed or changed belongs to the deployment. */
static void
join_deployment(struct system *s, const char *id)
{
	struct cmd_plan *plan = &s->p->out->plan;

	sched_set(&s->p->out->ended.deployment_id, id);
	for (size_t i = 0; i < plan->nplaces; i++)
		sched_set(&plan->places[i].deployment_id, id);
	for (size_t i = 0; i < plan->nupdates; i++) {
		struct alloc *a = &plan->updates[i];

		if (a->job_version != s->p->job->version ||
		    sched_eq(a->deployment_id, id))
			continue;
		sched_set(&a->deployment_id, id);
		if (a->deployment_status == NULL)
			continue;
		rec_clear(&alloc_deployment_status_type, a->deployment_status);
		free(a->deployment_status);
		a->deployment_status = NULL;
	}
}

void
system_settle(struct system *s, const struct deployment *latest)
{
	const struct deployment *d = s->d.current;

	if (*s->d.status != '\0')
		change(s->p, latest->id, s->d.status, s->d.description);
	if (s->fresh != NULL) {
		deploying_describe(s->fresh);
		change(s->p, s->fresh->id, s->fresh->status,
		    "Deployment is running");
		s->p->out->plan.deployment = s->fresh;
		d = s->fresh;
	}
	if (s->grown) {
		s->p->out->plan.deployment = s->done;
		sched_set(&s->p->out->ended.deployment_id, s->done->id);
		if (s->complete)
			change(s->p, s->done->id, "successful",
			    "Deployment completed successfully");
	} else if (s->done != NULL) {
		rec_clear(&deployment_type, s->done);
		free(s->done);
	}
	if (d == NULL)
		return;
	join_deployment(s, d->id);
	if (s->complete && sched_deployment_is_active(d))
		change(s->p, d->id, "successful",
		    "Deployment completed successfully");
}
