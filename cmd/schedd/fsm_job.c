#include <inttypes.h>
#include <stdlib.h>

#include "cmd/schedd/fsm_impl.h"
#include "cmd/schedd/text.h"
#include "common/mem.h"

bool
fsm_job_differs(const struct job *old, const struct job *new)
{
	struct job a = *old, b = *new;

	a.status = b.status = NULL;
	a.status_description = b.status_description = NULL;
	a.nomad_token_id = b.nomad_token_id = NULL;
	a.dispatch_idempotency_token = b.dispatch_idempotency_token = NULL;
	a.version_tag = b.version_tag = NULL;
	a.has_stop = b.has_stop = true;
	a.has_stable = b.has_stable = false;
	a.stable = b.stable = false;
	a.has_version = b.has_version = false;
	a.version = b.version = 0;
	a.has_submit_time = b.has_submit_time = false;
	a.submit_time = b.submit_time = 0;
	a.has_create_index = b.has_create_index = false;
	a.create_index = b.create_index = 0;
	a.has_modify_index = b.has_modify_index = false;
	a.modify_index = b.modify_index = 0;
	a.has_job_modify_index = b.has_job_modify_index = false;
	a.job_modify_index = b.job_modify_index = 0;
	return !rec_equal(&job_type, &a, &b);
}

/* Writes a job as the newest version. */
static void
put_job(struct fsm_turn *t, struct sched_job *j, const struct job *spec)
{
	const struct job *old = j->job;
	struct job *job = xcalloc(1, sizeof *job);

	rec_copy(&job_type, job, spec);
	job->has_version = job->has_create_index = true;
	job->has_job_modify_index = job->has_modify_index = true;
	job->has_submit_time = job->has_stable = job->has_stop = true;
	job->version = old != NULL ? old->version + 1 : 0;
	job->create_index = old != NULL ? old->create_index : t->index;
	job->job_modify_index = t->index;
	job->stable = false;
	if (job->submit_time == 0)
		job->submit_time = t->time;
	sched_set(&job->status, old != NULL ? old->status : "pending");
	sched_put_version(t->st, j, job);
	sched_job_changed(t->st, j, t->index);
	j->summary_index = t->index;
}

static int
check_index(const struct sched_job *j, const struct cmd_job_register *c,
    struct err *err)
{
	uint64_t has =
	    j != NULL && j->job != NULL ? j->job->job_modify_index : 0;

	if (!c->enforce_index || has == c->job_modify_index)
		return 0;
	if (has == 0)
		return err_set(err, ERR_CONFLICT,
		    "Enforcing job modify index %" PRIu64
		    ": job does not exist",
		    c->job_modify_index);
	if (c->job_modify_index == 0)
		return err_set(err, ERR_CONFLICT,
		    "Enforcing job modify index 0: job already exists");
	return err_set(err, ERR_CONFLICT,
	    "Enforcing job modify index %" PRIu64
	    ": job exists with conflicting job modify index: %" PRIu64,
	    c->job_modify_index, has);
}

static void
note_scaling(
    struct fsm_turn *t, struct sched_job *j, const struct cmd_job_register *c)
{
	struct sched_group *g;
	size_t place;

	if (c->scaling == NULL)
		return;
	place = sched_group_have(j, sched_str(c->scaled_group));
	g = &j->groups[place];
	if (g->nevents == SCHED_MAX_EVENTS) {
		rec_clear(&scaling_event_type, &g->events[0]);
		g->nevents--;
		memmove(&g->events[0], &g->events[1],
		    g->nevents * sizeof *g->events);
	}
	g->events = xreallocarray(g->events, g->nevents + 1, sizeof *g->events);
	rec_copy(&scaling_event_type, &g->events[g->nevents], c->scaling);
	g->events[g->nevents].create_index = t->index;
	g->events[g->nevents++].time = (uint64_t)t->time;
}

void
fsm_job_register(struct fsm_turn *t, const struct cmd_job_register *c)
{
	const char *ns = sched_str(c->job.namespace);
	struct sched_job *j = sched_job_entry(t->st, ns, sched_str(c->job.id));

	if (sched_is_empty(c->job.id)) {
		err_set(&t->reply->err, ERR_BAD, "missing job ID");
		return;
	}
	if (check_index(j, c, &t->reply->err) == -1)
		return;
	if (j == NULL)
		j = sched_job_have(t->st, ns, sched_str(c->job.id));
	if (j->job == NULL || fsm_job_differs(j->job, &c->job))
		put_job(t, j, &c->job);
	t->reply->job_modify_index = j->job->job_modify_index;
	note_scaling(t, j, c);
	if (c->eval != NULL) {
		struct eval eval = *c->eval;

		eval.job_modify_index = j->job->job_modify_index;
		fsm_put_evals(t, &eval, 1);
	}
	sched_job_settle(t->st, j, t->index);
}

void
fsm_job_deregister(struct fsm_turn *t, const struct cmd_job_deregister *c)
{
	const char *ns = sched_str(c->ns), *id = sched_str(c->job_id);
	struct sched_job *j = sched_job_find(t->st, ns, id);

	t->reply->job_modify_index = t->index;
	if (j != NULL && !c->purge && !j->job->stop) {
		struct job stopped = *j->job;

		stopped.has_stop = stopped.stop = true;
		put_job(t, j, &stopped);
	}
	if (c->eval != NULL) {
		struct eval eval = *c->eval;

		eval.job_modify_index = t->index;
		fsm_put_evals(t, &eval, 1);
	}
	if (j == NULL)
		return;
	if (c->purge)
		sched_job_purge(t->st, j, t->index);
	else
		sched_job_settle(t->st, j, t->index);
}

void
fsm_job_stable(struct fsm_turn *t, const struct cmd_job_stable *c)
{
	struct sched_job *j =
	    sched_job_find(t->st, sched_str(c->ns), sched_str(c->job_id));
	struct sched_version *v =
	    j != NULL ? sched_version_find(j, c->version) : NULL;

	if (v == NULL) {
		err_set(&t->reply->err, ERR_NOT_FOUND,
		    "job %s version %" PRIu64 " not found",
		    sched_str(c->job_id), c->version);
		return;
	}
	v->job->has_stable = true;
	v->job->stable = c->stable;
	sched_job_changed(t->st, j, t->index);
	t->reply->job_modify_index = j->job->job_modify_index;
}
