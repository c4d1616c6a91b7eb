/*
 * Scaling a group: its count within its policy, and the event of it.
 */
#include "cmd/schedd/core_impl.h"

#include <inttypes.h>

#include "cmd/schedd/core_job.h"
#include "cmd/schedd/jobupdate.h"
#include "cmd/schedd/text.h"
#include "common/text.h"

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
	const struct sched_job *j = core_job_ask_about(c, req, ns, id);
	const char *name =
	    sched_str(rec_kv_get(m->target, m->ntarget, "Group"));
	struct cmd_job_register r = { .scaled_group = text_borrow(name) };
	const struct task_group *g;
	struct task_group *own;
	struct scaling_event ev;
	struct cmd cmd = { .job_register = &r };
	struct err err;

	if (j == NULL)
		return;
	g = jobupdate_group(j->job, name);
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
		own = &r.job.task_groups[g - j->job->task_groups];
		own->has_count = true;
		own->count = m->count;
		core_job_propose(c, req, &r, "job-scaling", 0, NULL);
	} else {
		core_ask(c, req, &cmd, CORE_REGISTERED);
	}
	rec_clear(&job_type, &r.job);
}
