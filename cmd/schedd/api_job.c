/*
 * Reading jobs and what belongs to them.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/api.h"
#include "cmd/schedd/jobdiff.h"
#include "common/mem.h"
#include "common/text.h"

/* True: the query waits. Else *j is the job of the path, NULL: there is none.
 */
static bool
job_waits(struct query *q, enum sched_topic topic, struct sched_job **j)
{
	const char *id = query_arg(q, "id");
	struct buf key = { 0 };
	bool waits = query_waits(q, topic, sched_key(&key, q->ns, id));

	buf_release(&key);
	*j = waits ? NULL : sched_job_find(q->st, q->ns, id);
	return waits;
}

/* The job of the path; NULL when it was answered, or waits. */
static struct sched_job *
find_job(struct query *q, enum sched_topic topic, const char *otherwise)
{
	struct sched_job *j;

	if (job_waits(q, topic, &j))
		return NULL;
	if (j == NULL)
		query_fail(q, 404, "%s", otherwise);
	return j;
}

/* --- the list --- */

static struct job_stub
job_stub(const struct sched_job *j, struct job_summary *summary, bool meta)
{
	const struct job *job = j->job;
	struct job_stub s = { .id = job->id,
		.parent_id = job->parent_id,
		.name = job->name,
		.namespace = job->namespace,
		.datacenters = job->datacenters,
		.ndatacenters = job->ndatacenters,
		.type = job->type,
		.priority = job->priority,
		.periodic = job->periodic != NULL,
		.parameterized_job =
		    job->parameterized_job != NULL && !job->dispatched,
		.stop = job->stop,
		.status = text_borrow(sched_job_status(j)),
		.status_description = job->status_description,
		.job_summary = summary,
		.create_index = job->create_index,
		.modify_index = job->modify_index,
		.job_modify_index = job->job_modify_index,
		.submit_time = job->submit_time };

	if (meta) {
		s.meta = job->meta;
		s.nmeta = job->nmeta;
	}
	return s;
}

static struct query_key
job_key(const void *item)
{
	const struct sched_job *j = item;

	return (struct query_key){ .ns = j->ns, .id = j->id };
}

static bool
is_wanted(const struct query *q, const struct sched_job *j, const char *pool)
{
	return j->job != NULL && query_wants_ns(q, j->ns) &&
	       query_wants_id(q, j->id) &&
	       (pool == NULL || (j->job->node_pool != NULL &&
				    strcmp(pool, j->job->node_pool) == 0));
}

void
api_list_jobs(struct query *q, const char *pool)
{
	bool meta = query_flag(q, "meta", false), jobs_wait, allocs_wait;
	const void **jobs;
	struct job_stub *stubs;
	struct job_summary *sums;
	size_t n = 0;

	/* A job's status and summary follow its allocations. */
	jobs_wait = query_waits(q, SCHED_JOBS, "");
	allocs_wait = query_waits(q, SCHED_ALLOCS, "");
	if (jobs_wait && allocs_wait)
		return;
	jobs = arena_alloc(&q->arena, HASH_COUNT(q->st->jobs) * sizeof *jobs);
	for (struct sched_job *j = q->st->jobs; j != NULL; j = j->hh.next)
		if (is_wanted(q, j, pool))
			jobs[n++] = j;
	n = query_page(q, jobs, n, job_key, QUERY_BY_NS);
	stubs = arena_alloc(&q->arena, n * sizeof *stubs);
	sums = arena_alloc(&q->arena, n * sizeof *sums);
	for (size_t i = 0; i < n; i++) {
		sched_job_summary(jobs[i], &sums[i]);
		stubs[i] = job_stub(jobs[i], &sums[i], meta);
	}
	rec_list_to_json(
	    &job_stub_type, stubs, n, &q->out, api_json_flags(q->req));
	for (size_t i = 0; i < n; i++)
		rec_clear(&job_summary_type, &sums[i]);
	query_reply(q);
}

static void
read_jobs(struct query *q)
{
	api_list_jobs(q, NULL);
}

void
api_jobs(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_jobs);
}

/* --- one job --- */

/* The job as it is shown: with the status that follows from its state. */
static struct job
shown(const struct sched_job *j, const struct job *version)
{
	struct job job = *version;

	job.status = text_borrow(sched_job_status(j));
	return job;
}

static void
read_job(struct query *q)
{
	struct sched_job *j = find_job(q, SCHED_JOB, "job not found");
	struct job job;

	if (j == NULL)
		return;
	job = shown(j, j->job);
	query_reply_rec(q, &job_type, &job);
}

void
api_job(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_job);
}

static void
read_summary(struct query *q)
{
	struct sched_job *j = find_job(q, SCHED_JOB_ALLOCS, "job not found");
	struct job_summary sum;

	if (j == NULL)
		return;
	sched_job_summary(j, &sum);
	rec_to_json(&job_summary_type, &sum, &q->out, api_json_flags(q->req));
	rec_clear(&job_summary_type, &sum);
	query_reply(q);
}

void
api_job_summary(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_summary);
}

/* Each version against the one before it; the oldest has none. */
static void
add_diffs(struct query *q, struct job_versions_response *out)
{
	if (out->nversions < 2)
		return;
	out->ndiffs = out->nversions - 1;
	out->diffs = arena_alloc(&q->arena, out->ndiffs * sizeof *out->diffs);
	for (size_t i = 0; i < out->ndiffs; i++)
		job_diff(&out->versions[i + 1], &out->versions[i], true,
		    &out->diffs[i]);
}

static void
read_versions(struct query *q)
{
	struct sched_job *j = find_job(q, SCHED_JOB, "job versions not found");
	struct job_versions_response out = { 0 };

	if (j == NULL)
		return;
	out.nversions = j->nversions;
	out.versions =
	    arena_alloc(&q->arena, j->nversions * sizeof *out.versions);
	for (size_t i = 0; i < j->nversions; i++)
		out.versions[i] = shown(j, j->versions[i]->job);
	if (query_flag(q, "diffs", false))
		add_diffs(q, &out);
	rec_to_json(
	    &job_versions_response_type, &out, &q->out, api_json_flags(q->req));
	for (size_t i = 0; i < out.ndiffs; i++)
		rec_clear(&job_diff_type, &out.diffs[i]);
	query_reply(q);
}

void
api_job_versions(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_versions);
}

/* --- what belongs to a job; of an unknown one: an empty list --- */

static void
read_job_allocs(struct query *q)
{
	bool all = query_flag(q, "all", false);
	struct sched_job *j;
	struct alloc_stub *stubs;
	struct sched_alloc *a;
	size_t n = 0;

	if (job_waits(q, SCHED_JOB_ALLOCS, &j))
		return;
	stubs = arena_alloc(
	    &q->arena, (j != NULL ? j->nallocs : 0) * sizeof *stubs);
	if (j != NULL)
		TAILQ_FOREACH (a, &j->allocs, by_job) {
			struct alloc rec;

			if (!all && sched_alloc_is_former(a))
				continue;
			sched_alloc_decode(a, &q->arena, true, &rec);
			stubs[n++] = api_alloc_stub(&rec, false, true);
		}
	query_reply_list(q, &alloc_stub_type, stubs, n);
}

void
api_job_allocs(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_job_allocs);
}

static void
read_job_evals(struct query *q)
{
	struct sched_job *j;
	struct sched_eval *e;
	struct eval *list;
	size_t n = 0;

	if (job_waits(q, SCHED_JOB_EVALS, &j))
		return;
	list =
	    arena_alloc(&q->arena, (j != NULL ? j->nevals : 0) * sizeof *list);
	if (j != NULL)
		TAILQ_FOREACH (e, &j->evals, by_job)
			list[n++] = e->rec;
	query_reply_list(q, &eval_type, list, n);
}

void
api_job_evals(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_job_evals);
}

static void
read_job_deployments(struct query *q)
{
	struct sched_job *j;
	struct sched_deployment *d;
	struct deployment *list = NULL;
	size_t n = 0, cap = 0;

	if (job_waits(q, SCHED_JOB_DEPLOYMENTS, &j))
		return;
	if (j != NULL)
		TAILQ_FOREACH (d, &j->deployments, by_job) {
			list = xgrow(list, n, &cap, sizeof *list);
			list[n++] = d->rec;
		}
	rec_list_to_json(
	    &deployment_type, list, n, &q->out, api_json_flags(q->req));
	free(list);
	query_reply(q);
}

void
api_job_deployments(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_job_deployments);
}

static void
read_job_deployment(struct query *q)
{
	struct sched_job *j;
	struct sched_deployment *d;

	if (job_waits(q, SCHED_JOB_DEPLOYMENTS, &j))
		return;
	d = j != NULL ? sched_deployment_latest(j) : NULL;
	if (d != NULL) {
		query_reply_rec(q, &deployment_type, &d->rec);
	} else {
		buf_adds(&q->out, "null");
		query_reply(q);
	}
}

void
api_job_deployment(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_job_deployment);
}

static void
read_job_services(struct query *q)
{
	const char *id = query_arg(q, "id");
	struct service_instance *list = NULL;
	size_t n = 0, cap = 0;

	if (query_waits(q, SCHED_SERVICES, ""))
		return;
	for (struct sched_service *s = q->st->services; s != NULL;
	     s = s->hh.next) {
		if (strcmp(s->rec.job_id, id) != 0 ||
		    !query_wants_ns(q, s->rec.ns))
			continue;
		list = xgrow(list, n, &cap, sizeof *list);
		list[n++] = s->rec;
	}
	rec_list_to_json(
	    &service_instance_type, list, n, &q->out, api_json_flags(q->req));
	free(list);
	query_reply(q);
}

void
api_job_services(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_job_services);
}

/* Job files are not kept, only what they said. */
void
api_job_submission(void *ctx, struct http_req *r)
{
	(void)ctx;
	http_fail(r, 404, "job source not found");
}

/* --- scale --- */

static void
fill_scale(const struct sched_job *j, const struct task_group *tg,
    struct task_group_scale_status *out)
{
	struct sched_alloc *a;

	*out = (struct task_group_scale_status){ .key = tg->name,
		.desired = tg->count };
	TAILQ_FOREACH (a, &j->allocs, by_job) {
		if (strcmp(sched_alloc_group(a), tg->name) != 0 ||
		    sched_alloc_is_terminal(a))
			continue;
		out->placed++;
		out->running += a->client == SCHED_RUNNING;
		out->healthy += a->has_healthy && a->healthy;
		out->unhealthy += a->has_healthy && !a->healthy;
	}
	for (size_t i = 0; i < j->ngroups; i++)
		if (strcmp(j->groups[i].name, tg->name) == 0) {
			out->events = j->groups[i].events;
			out->nevents = j->groups[i].nevents;
		}
}

static int
by_key(const void *a, const void *b)
{
	const struct task_group_scale_status *x = a, *y = b;

	return strcmp(x->key, y->key);
}

static void
read_scale(struct query *q)
{
	struct sched_job *j = find_job(q, SCHED_JOB, "job not found");
	struct job_scale_status_response out;

	if (j == NULL)
		return;
	out = (struct job_scale_status_response){ .job_id = j->id,
		.namespace = j->ns,
		.job_create_index = j->job->create_index,
		.job_modify_index = j->job->job_modify_index,
		.job_stopped = j->job->stop,
		.ntask_groups = j->job->ntask_groups };
	out.task_groups =
	    arena_alloc(&q->arena, out.ntask_groups * sizeof *out.task_groups);
	for (size_t i = 0; i < out.ntask_groups; i++)
		fill_scale(j, &j->job->task_groups[i], &out.task_groups[i]);
	qsort(
	    out.task_groups, out.ntask_groups, sizeof *out.task_groups, by_key);
	query_reply_rec(q, &job_scale_status_response_type, &out);
}

void
api_job_scale_status(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_scale);
}
