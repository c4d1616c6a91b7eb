/*
 * What a job would come to, without registering it.
 */
#include "cmd/schedd/core_impl.h"

#include <stdlib.h>

#include "cmd/schedd/core_job.h"
#include "cmd/schedd/fsm.h"
#include "cmd/schedd/jobcanon.h"
#include "cmd/schedd/jobdiff.h"
#include "cmd/schedd/scheduler.h"
#include "cmd/schedd/state_put.h"
#include "cmd/schedd/text.h"
#include "common/mem.h"

void
sched_core_job_validate(struct sched_core *c, const struct job *from,
    struct job_validate_response *out)
{
	struct job job;

	*out =
	    (struct job_validate_response){ .driver_config_validated = true };
	rec_copy(&job_type, &job, from);
	job_forget_claims(&job);
	job_admit(&job, c->region, &out->validation_errors,
	    &out->nvalidation_errors, &out->warnings);
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
	struct scheduler_view view = {
		.st = &c->state, .table = &c->nodes, .now_ns = c->wall_ns
	};
	struct sched_job *j =
	    sched_job_have(&c->state, job->namespace, job->id);
	struct job *was = j->job;

	j->job = job;
	nodetable_refresh(&c->nodes, &c->state);
	scheduler_run(&view, eval, &c->rng, res);
	j->job = was;
	sched_entries_unused(&c->state, j, NULL);
}

/* The version that registering would make; none when nothing differs, and
 * then the allocations that run are already of it. */
static void
plan_version(const struct sched_core *c, struct job *job, const struct job *old)
{
	bool same = old != NULL && !fsm_job_differs(old, job);
	uint64_t next = c->state.index + 1;

	job->has_version = job->has_create_index = job->has_modify_index =
	    job->has_job_modify_index = true;
	job->version = old == NULL ? 0 : old->version + (same ? 0 : 1);
	job->create_index = old != NULL ? old->create_index : next;
	job->modify_index = same ? old->modify_index : next;
	job->job_modify_index = same ? old->job_modify_index : next;
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
	if (core_job_take_in(c, r->job, &job, &out->warnings, err) == -1)
		return -1;
	old = core_job_current(c, job.namespace, job.id);
	if (core_job_check_update(old, &job, err) == -1) {
		free(out->warnings);
		out->warnings = NULL;
		rec_clear(&job_type, &job);
		return -1;
	}
	plan_version(c, &job, old);
	eval = core_evals_add(c, &evals, &job, "job-register");
	eval->annotate_plan = true;
	if (!core_job_is_parent(&job))
		run_as_if(c, &job, eval, &res);
	fill_plan(out, &res, old, &job, r->diff);
	scheduler_result_release(&res);
	core_evals_release(&evals);
	rec_clear(&job_type, &job);
	return 0;
}
