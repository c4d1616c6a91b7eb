#include "cmd/schedd/scheduler.h"

#include <stdlib.h>

#include "cmd/schedd/generic.h"
#include "cmd/schedd/planner.h"
#include "cmd/schedd/text.h"

#define ATTEMPTS_SERVICE 5
#define ATTEMPTS_BATCH   2

static bool
is_in(const char *s, const char *const *list)
{
	for (; *list != NULL; list++)
		if (sched_eq(s, *list))
			return true;
	return false;
}

/* What each kind of scheduler will look at a job for. */
static bool
is_known_trigger(const char *trigger, bool generic)
{
	static const char *const all[] = { "job-register", "job-deregister",
		"periodic-job", "node-drain", "node-update", "alloc-stop",
		"rolling-update", "deployment-watcher", "failed-follow-up",
		"queued-allocs", "preemption", "job-scaling", "reconnect",
		"scheduled", NULL };
	static const char *const more[] = { "alloc-failure", "alloc-reschedule",
		"max-plan-attempts", "max-disconnect-timeout", NULL };

	return is_in(trigger, all) || (generic && is_in(trigger, more));
}

static bool
is_generic(const char *type)
{
	return sched_eq(type, "service") || sched_eq(type, "batch");
}

static void
fail(const struct eval *eval, int64_t now, char *why,
    struct scheduler_result *out)
{
	rec_copy(&eval_type, &out->ended, eval);
	sched_set(&out->ended.status, "failed");
	free(out->ended.status_description);
	out->ended.status_description = why;
	out->ended.modify_time = now;
}

void
scheduler_run(const struct scheduler_view *view, const struct eval *eval,
    struct rng *rng, struct scheduler_result *out)
{
	bool service = sched_eq(eval->type, "service");
	bool generic = is_generic(eval->type);
	bool sysbatch = sched_eq(eval->type, "sysbatch");
	struct planner p;

	*out = (struct scheduler_result){ 0 };
	if (!generic && !sysbatch && !sched_eq(eval->type, "system")) {
		fail(eval, view->now_ns,
		    xasprintf("no scheduler for evaluations of type \"%s\"",
			sched_str(eval->type)),
		    out);
		return;
	}
	if (!is_known_trigger(eval->triggered_by, generic)) {
		fail(eval, view->now_ns,
		    xasprintf("scheduler cannot handle '%s' evaluation reason",
			sched_str(eval->triggered_by)),
		    out);
		return;
	}
	planner_init(&p, view, eval, rng, out);
	if (generic)
		generic_run(&p, !service);
	else
		system_run(&p, sysbatch);
	out->work = planner_work(&p);
	planner_release(&p);
}

unsigned
scheduler_max_attempts(const char *type)
{
	return sched_eq(type, "service") || sched_eq(type, "system")
		   ? ATTEMPTS_SERVICE
		   : ATTEMPTS_BATCH;
}

void
scheduler_give_up(const struct sched_state *st, const struct eval *eval,
    int64_t now_ns, struct rng *rng, struct scheduler_result *out)
{
	char id[RNG_UUID_SIZE];
	struct eval *e;

	*out = (struct scheduler_result){ 0 };
	fail(eval, now_ns,
	    xasprintf("maximum attempts reached (%u)",
		scheduler_max_attempts(eval->type)),
	    out);
	rng_uuid(rng, id);
	e = out->created = xcalloc(1, sizeof *out->created);
	out->ncreated = 1;
	*e = (struct eval){
		.id = xstrdup(id),
		.namespace = xstrdup(sched_str(eval->namespace)),
		.priority = eval->priority,
		.type = xstrdup(sched_str(eval->type)),
		.triggered_by =
		    xstrdup(is_generic(eval->type) ? "max-plan-attempts"
						   : "queued-allocs"),
		.job_id = xstrdup(sched_str(eval->job_id)),
		.job_modify_index = eval->job_modify_index,
		.status = xstrdup("blocked"),
		.status_description = xstrdup(SCHEDULER_CONFLICTS),
		.previous_eval = xstrdup(sched_str(eval->id)),
		.escaped_computed_class = true,
		.snapshot_index = st->index,
		.create_time = now_ns,
		.modify_time = now_ns,
	};
	sched_set(&out->ended.blocked_eval, id);
}

void
scheduler_result_release(struct scheduler_result *out)
{
	rec_clear(&cmd_plan_type, &out->plan);
	rec_clear(&eval_type, &out->ended);
	for (size_t i = 0; i < out->ncreated; i++)
		rec_clear(&eval_type, &out->created[i]);
	free(out->created);
	rec_clear(&plan_annotations_type, &out->annotations);
	*out = (struct scheduler_result){ 0 };
}
