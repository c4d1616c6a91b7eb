/*
 * What people ask about jobs.
 */
#include "cmd/schedd/core_impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/schedd/jobcanon.h"
#include "cmd/schedd/jobdiff.h"
#include "cmd/schedd/scheduler.h"
#include "cmd/schedd/state_put.h"
#include "cmd/schedd/text.h"
#include "common/mem.h"

/* A parent is never run itself: its children are. */
static bool
is_parent(const struct job *job)
{
	return job->periodic != NULL || job->parameterized_job != NULL;
}

/* --- registering --- */

static int
check_config(const struct sched_core *c, const struct job *job, struct err *err)
{
	if (c->state.config.reject_job_registration)
		return err_set(err, ERR_DENIED,
		    "job registration disabled by scheduler configuration");
	if (!sched_eq(job->namespace, "default"))
		return err_set(err, ERR_BAD,
		    "job \"%s\" is in nonexistent namespace \"%s\"", job->id,
		    job->namespace);
	return 0;
}

/* What a job may not become. */
static int
check_update(const struct job *old, const struct job *new, struct err *err)
{
	if (old == NULL || old->stop)
		return 0;
	if (!sched_eq(old->type, new->type))
		return err_set(err, ERR_BAD,
		    "cannot update job from type \"%s\" to \"%s\"", old->type,
		    new->type);
	if ((old->periodic != NULL) != (new->periodic != NULL))
		return err_set(err, ERR_BAD,
		    old->periodic != NULL
			? "cannot update periodic job to being non-periodic"
			: "cannot update non-periodic job to being periodic");
	if ((old->parameterized_job != NULL) !=
	    (new->parameterized_job != NULL))
		return err_set(err, ERR_BAD,
		    old->parameterized_job != NULL
			? "cannot update parameterized job to being "
			  "non-parameterized"
			: "cannot update non-parameterized job to being "
			  "parameterized");
	return 0;
}

/*
 * A canonical copy of what people sent, on the heap, checked. warnings is on
 * the heap, too. -1: the job may not be registered; the copy is gone.
 */
static int
take_in(const struct sched_core *c, const struct job *from, struct job *job,
    char **warnings, struct err *err)
{
	char **problems, *all;
	size_t n;

	rec_copy(&job_type, job, from);
	job_forget_claims(job);
	job_canonicalize(job, c->region);
	job_check(job, &problems, &n, warnings);
	if (n > 0) {
		all = job_problems_format(problems, n);
		err_set(err, ERR_BAD, "%s", all);
		free(all);
	}
	job_problems_free(problems, n);
	if (n == 0 && check_config(c, job, err) == 0)
		return 0;
	rec_clear(&job_type, job);
	free(*warnings);
	*warnings = NULL;
	return -1;
}

static const struct job *
current(const struct sched_core *c, const char *ns, const char *id)
{
	const struct sched_job *j =
	    sched_job_find(&c->state, sched_str(ns), sched_str(id));

	return j != NULL ? j->job : NULL;
}

static void
keep_counts(struct job *job, const struct job *old)
{
	for (size_t i = 0; old != NULL && i < job->ntask_groups; i++)
		for (size_t k = 0; k < old->ntask_groups; k++)
			if (sched_eq(job->task_groups[i].name,
				old->task_groups[k].name))
				job->task_groups[i].count =
				    old->task_groups[k].count;
}

/* Proposes to register a canonical job, with an evaluation unless it is a
 * parent; c->... what else it carries stands in r. */
static void
propose_job(struct sched_core *c, uint64_t req, struct cmd_job_register *r,
    const char *trigger, int64_t eval_priority, char *warnings)
{
	struct cmd cmd = { .job_register = r };
	struct core_evals evals = { 0 };
	struct core_pending *p;

	r->job.has_submit_time = true;
	r->job.submit_time = c->wall_ns;
	if (!is_parent(&r->job)) {
		r->eval = core_evals_add(c, &evals, &r->job, trigger);
		if (eval_priority > 0)
			r->eval->priority = eval_priority;
		if (r->scaling != NULL)
			r->scaling->eval_id = r->eval->id;
	}
	p = core_ask(c, req, &cmd, CORE_REGISTERED);
	p->warnings = warnings;
	core_note_evals(p, evals.evals, evals.n);
	if (r->scaling != NULL)
		r->scaling->eval_id = NULL;
	core_evals_release(&evals);
}

void
sched_core_job_register(
    struct sched_core *c, uint64_t req, const struct job_register_request *m)
{
	struct cmd_job_register r = { .enforce_index = m->enforce_index,
		.job_modify_index = m->job_modify_index };
	const struct job *old;
	char *warnings = NULL;
	struct err err;

	if (!core_may_ask(c, req))
		return;
	if (take_in(c, m->job, &r.job, &warnings, &err) == -1) {
		core_refuse_err(c, req, &err);
		return;
	}
	old = current(c, r.job.namespace, r.job.id);
	if (m->preserve_counts && old != NULL && !old->stop)
		keep_counts(&r.job, old);
	if (check_update(old, &r.job, &err) == -1) {
		core_refuse_err(c, req, &err);
		free(warnings);
	} else {
		propose_job(
		    c, req, &r, "job-register", m->eval_priority, warnings);
	}
	rec_clear(&job_type, &r.job);
}

void
sched_core_job_deregister(struct sched_core *c, uint64_t req, const char *ns,
    const char *id, bool purge, int64_t eval_priority)
{
	struct cmd_job_deregister d = {
		.ns = core_text(ns), .job_id = core_text(id), .purge = purge
	};
	struct cmd cmd = { .job_deregister = &d };
	struct job gone = { .id = core_text(id),
		.namespace = core_text(ns),
		.type = core_text("service"),
		.priority = 50 };
	const struct job *job = current(c, ns, id);
	struct core_evals evals = { 0 };
	struct core_pending *p;

	if (!core_may_ask(c, req))
		return;
	if (job == NULL || !is_parent(job)) {
		d.eval = core_evals_add(
		    c, &evals, job != NULL ? job : &gone, "job-deregister");
		if (eval_priority > 0)
			d.eval->priority = eval_priority;
	}
	p = core_ask(c, req, &cmd, CORE_DEREGISTERED);
	core_note_evals(p, evals.evals, evals.n);
	core_evals_release(&evals);
}

/* --- of a job that is there --- */

/* The job for a request; NULL: it has been refused. */
static const struct sched_job *
ask_about(struct sched_core *c, uint64_t req, const char *ns, const char *id)
{
	const struct sched_job *j =
	    sched_job_find(&c->state, sched_str(ns), sched_str(id));

	if (!core_may_ask(c, req))
		return NULL;
	if (j == NULL)
		core_refuse(c, req, ERR_NOT_FOUND, "job not found");
	return j;
}

/* Failed allocations that nothing has replaced. */
static size_t
list_failed(const struct sched_job *j, char **ids, size_t max)
{
	struct sched_alloc *a;
	size_t n = 0;

	TAILQ_FOREACH (a, &j->allocs, by_job)
		if (n < max && a->client == SCHED_FAILED && !a->has_next &&
		    a->desired == SCHED_RUN)
			ids[n++] = a->id;
	return n;
}

void
sched_core_job_evaluate(struct sched_core *c, uint64_t req, const char *ns,
    const char *id, bool force_reschedule)
{
	const struct sched_job *j = ask_about(c, req, ns, id);
	struct cmd_alloc_transition t = { 0 };
	struct cmd_eval_upsert u = { 0 };
	struct cmd cmd = { 0 };
	struct core_evals evals = { 0 };
	struct core_pending *p;

	if (j == NULL)
		return;
	if (is_parent(j->job)) {
		core_refuse(c, req, ERR_BAD, "can't evaluate %s job",
		    j->job->periodic != NULL ? "periodic" : "parameterized");
		return;
	}
	core_evals_add(c, &evals, j->job, "job-register")->job_modify_index =
	    j->job->job_modify_index;
	t.evals = u.evals = evals.evals;
	t.nevals = u.nevals = evals.n;
	t.allocs = xcalloc(CMD_MAX_BATCH, sizeof *t.allocs);
	if (force_reschedule)
		t.nallocs = list_failed(j, t.allocs, CMD_MAX_BATCH);
	t.transition.has_force_reschedule = t.transition.force_reschedule =
	    true;
	if (t.nallocs > 0)
		cmd.alloc_transition = &t;
	else
		cmd.eval_upsert = &u;
	p = core_ask(c, req, &cmd, CORE_REGISTERED);
	core_note_evals(p, evals.evals, evals.n);
	free(t.allocs);
	core_evals_release(&evals);
}

static struct task_group *
group_named(const struct job *job, const char *name)
{
	for (size_t i = 0; i < job->ntask_groups; i++)
		if (sched_eq(job->task_groups[i].name, name))
			return &job->task_groups[i];
	return NULL;
}

static int
check_scale(const struct sched_job *j, const struct task_group *g,
    const char *name, const struct scaling_request *r, struct err *err)
{
	const struct sched_deployment *d = sched_deployment_latest(j);

	if (g == NULL)
		return err_set(err, ERR_BAD,
		    "task group \"%s\" specified for scaling does not exist "
		    "in job",
		    name);
	if (r->error && r->has_count)
		return err_set(err, ERR_BAD,
		    "scaling action should not contain count if error is true");
	if (!r->has_count)
		return 0;
	if (r->count < 0)
		return err_set(
		    err, ERR_BAD, "scaling action count can't be negative");
	if (d != NULL && sched_deployment_is_active(&d->rec) &&
	    d->rec.job_create_index == j->job->create_index)
		return err_set(err, ERR_BAD,
		    "job scaling blocked due to active deployment");
	if (g->scaling == NULL || r->policy_override)
		return 0;
	if (r->count < g->scaling->min)
		return err_set(err, ERR_BAD,
		    "group count was less than scaling policy minimum: "
		    "%" PRId64 " < %" PRId64,
		    r->count, g->scaling->min);
	if (g->scaling->max > 0 && r->count > g->scaling->max)
		return err_set(err, ERR_BAD,
		    "group count was greater than scaling policy maximum: "
		    "%" PRId64 " > %" PRId64,
		    r->count, g->scaling->max);
	return 0;
}

void
sched_core_job_scale(struct sched_core *c, uint64_t req, const char *ns,
    const char *id, const struct scaling_request *m)
{
	const struct sched_job *j = ask_about(c, req, ns, id);
	const char *name =
	    sched_str(rec_kv_get(m->target, m->ntarget, "Group"));
	struct cmd_job_register r = { .scaled_group = core_text(name) };
	struct task_group *g;
	struct scaling_event ev;
	struct cmd cmd = { .job_register = &r };
	struct err err;

	if (j == NULL)
		return;
	g = group_named(j->job, name);
	if (check_scale(j, g, name, m, &err) == -1) {
		core_refuse_err(c, req, &err);
		return;
	}
	ev = (struct scaling_event){ .count = m->count,
		.has_count = m->has_count,
		.previous_count = g->count,
		.error = m->error,
		.message = m->message,
		.meta = m->meta };
	r.scaling = &ev;
	rec_copy(&job_type, &r.job, j->job);
	if (m->has_count) {
		r.enforce_index = true;
		r.job_modify_index = j->job->job_modify_index;
		g = group_named(&r.job, name);
		g->has_count = true;
		g->count = m->count;
		propose_job(c, req, &r, "job-scaling", 0, NULL);
	} else {
		core_ask(c, req, &cmd, CORE_REGISTERED);
	}
	rec_clear(&job_type, &r.job);
}

void
sched_core_job_revert(struct sched_core *c, uint64_t req, const char *ns,
    const char *id, uint64_t version, bool has_prior, uint64_t prior)
{
	const struct sched_job *j = ask_about(c, req, ns, id);
	struct cmd_job_register r = { 0 };
	const struct sched_version *v;

	if (j == NULL)
		return;
	v = sched_version_find(j, version);
	if (version == j->job->version) {
		core_refuse(c, req, ERR_BAD, "can't revert to current version");
	} else if (v == NULL) {
		core_refuse(c, req, ERR_NOT_FOUND,
		    "job \"%s\" in namespace \"%s\" at version %" PRIu64
		    " not found",
		    id, ns, version);
	} else if (has_prior && prior != j->job->version) {
		core_refuse(c, req, ERR_CONFLICT,
		    "Current job has version %" PRIu64
		    "; enforcing version %" PRIu64,
		    j->job->version, prior);
	} else {
		rec_copy(&job_type, &r.job, v->job);
		r.job.stop = false;
		r.enforce_index = true;
		r.job_modify_index = j->job->job_modify_index;
		propose_job(c, req, &r, "job-register", 0, NULL);
		rec_clear(&job_type, &r.job);
	}
}

void
sched_core_job_stable(struct sched_core *c, uint64_t req, const char *ns,
    const char *id, uint64_t version, bool stable)
{
	struct cmd_job_stable s = { .ns = core_text(ns),
		.job_id = core_text(id),
		.version = version,
		.stable = stable };
	struct cmd cmd = { .job_stable = &s };

	if (ask_about(c, req, ns, id) != NULL)
		core_ask(c, req, &cmd, CORE_REGISTERED);
}

/* --- what would be --- */

void
sched_core_job_validate(struct sched_core *c, const struct job *from,
    struct job_validate_response *out)
{
	struct job job;

	*out =
	    (struct job_validate_response){ .driver_config_validated = true };
	rec_copy(&job_type, &job, from);
	job_forget_claims(&job);
	job_canonicalize(&job, c->region);
	job_check(&job, &out->validation_errors, &out->nvalidation_errors,
	    &out->warnings);
	out->error = out->nvalidation_errors > 0
			 ? job_problems_format(
			       out->validation_errors, out->nvalidation_errors)
			 : xstrdup("");
	rec_clear(&job_type, &job);
}

/* Runs the scheduler as if the job were the current version: it stands in
 * the state for the time of the call, and is seen by nobody else. */
static void
run_as_if(struct sched_core *c, struct job *job, const struct eval *eval,
    struct scheduler_result *res)
{
	struct sched_job *j =
	    sched_job_have(&c->state, job->namespace, job->id);
	struct job *was = j->job;

	j->job = job;
	scheduler_run(&c->state, eval, c->wall_ns, &c->rng, res);
	j->job = was;
	sched_entries_unused(&c->state, j, NULL);
}

static void
plan_version(const struct sched_core *c, struct job *job, const struct job *old)
{
	job->has_version = job->has_create_index = job->has_modify_index =
	    job->has_job_modify_index = true;
	job->version = old != NULL ? old->version + 1 : 0;
	job->create_index =
	    old != NULL ? old->create_index : c->state.index + 1;
	job->job_modify_index = job->modify_index = c->state.index + 1;
}

static void
fill_plan(struct job_plan_response *out, struct scheduler_result *res,
    const struct job *old, const struct job *job, bool diff)
{
	out->job_modify_index = old != NULL ? old->job_modify_index : 0;
	out->annotations = xcalloc(1, sizeof *out->annotations);
	rec_copy(&plan_annotations_type, out->annotations, &res->annotations);
	out->nfailed_tg_allocs = res->ended.nfailed_tg_allocs;
	out->failed_tg_allocs =
	    xcalloc(out->nfailed_tg_allocs, sizeof *out->failed_tg_allocs);
	for (size_t i = 0; i < out->nfailed_tg_allocs; i++)
		rec_copy(&alloc_metric_entry_type, &out->failed_tg_allocs[i],
		    &res->ended.failed_tg_allocs[i]);
	out->ncreated_evals = res->ncreated;
	out->created_evals =
	    xcalloc(out->ncreated_evals, sizeof *out->created_evals);
	for (size_t i = 0; i < res->ncreated; i++)
		rec_copy(&eval_type, &out->created_evals[i], &res->created[i]);
	if (!diff)
		return;
	out->diff = xcalloc(1, sizeof *out->diff);
	job_diff(old, job, true, out->diff);
	job_diff_annotate(out->diff, &res->annotations);
}

int
sched_core_job_plan(struct sched_core *c, const struct job_plan_request *r,
    struct job_plan_response *out, struct err *err)
{
	struct scheduler_result res = { 0 };
	struct core_evals evals = { 0 };
	struct eval *eval;
	const struct job *old;
	struct job job;

	*out = (struct job_plan_response){ 0 };
	if (take_in(c, r->job, &job, &out->warnings, err) == -1)
		return -1;
	old = current(c, job.namespace, job.id);
	if (check_update(old, &job, err) == -1) {
		free(out->warnings);
		out->warnings = NULL;
		rec_clear(&job_type, &job);
		return -1;
	}
	plan_version(c, &job, old);
	eval = core_evals_add(c, &evals, &job, "job-register");
	eval->annotate_plan = true;
	if (!is_parent(&job))
		run_as_if(c, &job, eval, &res);
	fill_plan(out, &res, old, &job, r->diff);
	scheduler_result_release(&res);
	core_evals_release(&evals);
	rec_clear(&job_type, &job);
	return 0;
}
