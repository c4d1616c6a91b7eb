#include "cmd/schedd/deploying.h"

#include "cmd/schedd/state.h"
#include "cmd/schedd/text.h"

static void
cancel(struct deploying *d, const struct deployment *latest, const char *why)
{
	d->older = latest;
	if (!sched_deployment_is_active(latest))
		return;
	d->status = "cancelled";
	d->description = why;
}

void
deploying_init(
    struct deploying *d, const struct deployment *latest, const struct job *job)
{
	*d = (struct deploying){ .status = "", .description = "" };
	if (latest == NULL)
		return;
	if (job == NULL || job->stop) {
		cancel(d, latest, "Cancelled because job is stopped");
		return;
	}
	if (latest->job_create_index != job->create_index ||
	    latest->job_version != job->version) {
		cancel(d, latest, "Cancelled due to newer version of job");
		return;
	}
	if (sched_eq(latest->status, "successful")) {
		d->older = latest;
		return;
	}
	d->current = latest;
	d->paused = sched_eq(latest->status, "paused") ||
		    sched_eq(latest->status, "pending");
	d->failed = sched_eq(latest->status, "failed");
}

struct deployment_state *
deploying_state(const struct deployment *d, const char *group)
{
	if (d == NULL)
		return NULL;
	return rec_map_find(
	    d->task_groups, d->ntask_groups, sizeof *d->task_groups, group);
}

struct deployment *
deploying_new(const struct job *job, int64_t now, struct rng *rng)
{
	struct deployment *d = xcalloc(1, sizeof *d);
	char id[RNG_UUID_SIZE];

	rng_uuid(rng, id);
	*d = (struct deployment){
		.id = xstrdup(id),
		.namespace = xstrdup(sched_str(job->namespace)),
		.job_id = xstrdup(sched_str(job->id)),
		.job_version = job->version,
		.job_modify_index = job->modify_index,
		.job_spec_modify_index = job->job_modify_index,
		.job_create_index = job->create_index,
		.status = xstrdup("running"),
		.status_description = xstrdup("Deployment is running"),
		.create_time = now,
		.modify_time = now,
	};
	return d;
}

void
deploying_add(struct deployment *d, const struct deployment_state *state)
{
	d->task_groups = xreallocarray(
	    d->task_groups, d->ntask_groups + 1, sizeof *d->task_groups);
	rec_copy(
	    &deployment_state_type, &d->task_groups[d->ntask_groups++], state);
	rec_sort_maps(&deployment_type, d);
}

void
deploying_describe(struct deployment *d)
{
	bool promotion = false, automatic = true;

	for (size_t i = 0; i < d->ntask_groups; i++) {
		const struct deployment_state *s = &d->task_groups[i];

		if (s->desired_canaries <= 0 || s->promoted)
			continue;
		promotion = true;
		automatic &= s->auto_promote;
	}
	if (!promotion)
		return;
	sched_set(&d->status_description,
	    automatic ? "Deployment is running pending automatic promotion"
		      : "Deployment is running but requires manual promotion");
}

bool
deploying_is_wanted(const struct task_group *tg)
{
	return tg->update != NULL && tg->update->max_parallel != 0;
}
