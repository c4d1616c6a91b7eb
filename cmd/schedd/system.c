/* System and sysbatch jobs: one of each name on every node they may use. */
#include <stdlib.h>

#include "cmd/schedd/deploying.h"
#include "cmd/schedd/generic.h"
#include "cmd/schedd/jobupdate.h"
#include "cmd/schedd/reconcile.h"
#include "cmd/schedd/system_impl.h"
#include "cmd/schedd/text.h"

static struct desired_updates *
desired_of(struct planner *p, const char *group)
{
	struct plan_annotations *a = &p->out->annotations;
	struct desired_updates *d;

	a->desired_tg_updates = xreallocarray(a->desired_tg_updates,
	    a->ndesired_tg_updates + 1, sizeof *a->desired_tg_updates);
	d = &a->desired_tg_updates[a->ndesired_tg_updates++];
	*d = (struct desired_updates){ .key = xstrdup(group) };
	return d;
}

static void
run_group(struct system *s, size_t no)
{
	struct planner *p = s->p;
	struct system_group g = {
		.s = s, .no = no, .tg = &p->job->task_groups[no]
	};

	g.desired = desired_of(p, sched_str(g.tg->name));
	g.count = g.tg->count > 0 ? (size_t)g.tg->count : 0;
	system_look(&g);
	g.step = system_step(&g);
	system_consider_canaries(&g);
	system_update_all(&g);
	system_place_missing(&g);
	system_tell_filtered(&g);
	system_count_wanted(&g);
	system_deploy(&g);
}

/* Groups, or a whole job, that are no longer wanted. */
static void
stop_unwanted(struct system *s)
{
	struct planner *p = s->p;
	const struct sched_alloc *a;
	struct map seen = { 0 };

	TAILQ_FOREACH (a, &p->sj->allocs, by_job) {
		const char *group = sched_alloc_group(a);
		size_t *at;

		if (p->job != NULL && !p->job->stop &&
		    jobupdate_group(p->job, group) != NULL)
			continue;
		if (sched_alloc_is_terminal(a))
			continue;
		at = map_find(&seen, group);
		if (at == NULL) {
			at = arena_alloc(&p->arena, sizeof *at);
			*at = p->out->annotations.ndesired_tg_updates;
			desired_of(p, group);
			map_put(&seen, group, at);
		}
		p->out->annotations.desired_tg_updates[*at].stop++;
		planner_stop(p, a, reconcile_not_needed, "", "");
	}
	map_release(&seen);
}

void
system_run(struct planner *p, bool batch)
{
	struct system s = { .p = p, .batch = batch, .complete = true };
	const struct sched_deployment *latest =
	    p->sj != NULL && !batch ? sched_deployment_latest(p->sj) : NULL;

	p->opts.pack_only = true;
	planner_lose_stopped(p);
	deploying_init(&s.d, latest != NULL ? &latest->rec : NULL, p->job);
	if (latest != NULL && s.d.current == NULL && p->job != NULL &&
	    sched_eq(latest->rec.status, "successful") &&
	    s.d.older == &latest->rec &&
	    latest->rec.job_version == p->job->version &&
	    latest->rec.job_create_index == p->job->create_index &&
	    !p->job->stop) {
		s.done = xcalloc(1, sizeof *s.done);
		rec_copy(&deployment_type, s.done, &latest->rec);
	}
	if (p->sj != NULL)
		stop_unwanted(&s);
	for (size_t i = 0;
	     p->job != NULL && !p->job->stop && i < p->job->ntask_groups; i++)
		run_group(&s, i);
	system_settle(&s, latest != NULL ? &latest->rec : NULL);
	rec_sort_maps(&plan_annotations_type, &p->out->annotations);
	planner_finish(p);
}
