/*
 * What people ask about jobs.
 */
#include "cmd/schedd/core_impl.h"

#include <inttypes.h>
#include <stdlib.h>

#include "cmd/schedd/core_job.h"
#include "cmd/schedd/jobcanon.h"
#include "cmd/schedd/text.h"
#include "common/mem.h"
#include "common/text.h"

/* A parent is never run itself: its children are. */
bool
core_job_is_parent(const struct job *job)
{
	return job->periodic != NULL ||
	       (job->parameterized_job != NULL && !job->dispatched);
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

/* Such jobs are well formed, but nothing here starts their children: better
 * no job than one that never runs. */
static int
check_launched(const struct job *job, struct err *err)
{
	if (job->periodic != NULL)
		return err_set(err, ERR_BAD,
		    "job \"%s\" has a periodic block: periodic jobs are not "
		    "launched by this version",
		    job->id);
	if (job->parameterized_job != NULL && !job->dispatched)
		return err_set(err, ERR_BAD,
		    "job \"%s\" has a parameterized block: parameterized jobs "
		    "are not dispatched by this version",
		    job->id);
	return 0;
}

/* Nodes are told of an allocation with its job in one message. */
static int
check_size(const struct job *job, struct err *err)
{
	struct buf b = { 0 };
	size_t n;

	rec_pack(&job_type, job, &b);
	n = b.len;
	buf_release(&b);
	if (n <= SCHED_NEWS_BYTES)
		return 0;
	return err_set(err, ERR_BAD,
	    "job \"%s\" has %zu bytes; a job has at most %u", job->id, n,
	    SCHED_NEWS_BYTES);
}

/* What a job may not become. */
int
core_job_check_update(
    const struct job *old, const struct job *new, struct err *err)
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
int
core_job_take_in(const struct sched_core *c, const struct job *from,
    struct job *job, char **warnings, struct err *err)
{
	char **problems, *all;
	size_t n;

	rec_copy(&job_type, job, from);
	job_forget_claims(job);
	job_admit(job, c->region, &problems, &n, warnings);
	if (n > 0) {
		all = job_problems_format(problems, n);
		err_set(err, ERR_BAD, "%s", all);
		free(all);
	}
	job_problems_free(problems, n);
	if (n == 0 && check_config(c, job, err) == 0 &&
	    check_launched(job, err) == 0 && check_size(job, err) == 0 &&
	    core_pool_check_job(c, job, err) == 0)
		return 0;
	rec_clear(&job_type, job);
	free(*warnings);
	*warnings = NULL;
	return -1;
}

const struct job *
core_job_current(const struct sched_core *c, const char *ns, const char *id)
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
void
core_job_propose(struct sched_core *c, uint64_t req, struct cmd_job_register *r,
    const char *trigger, int64_t eval_priority, char *warnings)
{
	struct cmd cmd = { .job_register = r };
	struct core_evals evals = { 0 };
	struct core_pending *p;

	r->job.has_submit_time = true;
	r->job.submit_time = c->wall_ns;
	if (!core_job_is_parent(&r->job)) {
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
	if (core_job_take_in(c, m->job, &r.job, &warnings, &err) == -1) {
		core_refuse_err(c, req, &err);
		return;
	}
	old = core_job_current(c, r.job.namespace, r.job.id);
	if (m->preserve_counts && old != NULL && !old->stop)
		keep_counts(&r.job, old);
	if (core_job_check_update(old, &r.job, &err) == -1) {
		core_refuse_err(c, req, &err);
		free(warnings);
	} else {
		core_job_propose(
		    c, req, &r, "job-register", m->eval_priority, warnings);
	}
	rec_clear(&job_type, &r.job);
}

void
sched_core_job_deregister(struct sched_core *c, uint64_t req, const char *ns,
    const char *id, bool purge, int64_t eval_priority)
{
	struct cmd_job_deregister d = {
		.ns = text_borrow(ns), .job_id = text_borrow(id), .purge = purge
	};
	struct cmd cmd = { .job_deregister = &d };
	struct job gone = { .id = text_borrow(id),
		.namespace = text_borrow(ns),
		.type = text_borrow("service"),
		.priority = 50 };
	const struct job *job = core_job_current(c, ns, id);
	struct core_evals evals = { 0 };
	struct core_pending *p;

	if (!core_may_ask(c, req))
		return;
	if (job == NULL || !core_job_is_parent(job)) {
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
const struct sched_job *
core_job_ask_about(
    struct sched_core *c, uint64_t req, const char *ns, const char *id)
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
	const struct sched_job *j = core_job_ask_about(c, req, ns, id);
	struct cmd_alloc_transition t = { 0 };
	struct cmd_eval_upsert u = { 0 };
	struct cmd cmd = { 0 };
	struct core_evals evals = { 0 };
	struct core_pending *p;

	if (j == NULL)
		return;
	if (core_job_is_parent(j->job)) {
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

void
sched_core_job_revert(struct sched_core *c, uint64_t req, const char *ns,
    const char *id, uint64_t version, bool has_prior, uint64_t prior)
{
	const struct sched_job *j = core_job_ask_about(c, req, ns, id);
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
		core_job_propose(c, req, &r, "job-register", 0, NULL);
		rec_clear(&job_type, &r.job);
	}
}

void
sched_core_job_stable(struct sched_core *c, uint64_t req, const char *ns,
    const char *id, uint64_t version, bool stable)
{
	struct cmd_job_stable s = { .ns = text_borrow(ns),
		.job_id = text_borrow(id),
		.version = version,
		.stable = stable };
	struct cmd cmd = { .job_stable = &s };

	if (core_job_ask_about(c, req, ns, id) != NULL)
		core_ask(c, req, &cmd, CORE_REGISTERED);
}
