/* What an evaluation comes to: what failed, what waits, what is to be looked
 * at again. */
#include <stdlib.h>

#include "cmd/schedd/planner.h"
#include "cmd/schedd/text.h"

/* --- what failed --- */

static struct alloc_metric *
failed_metric(const struct planner *p, const char *group)
{
	for (size_t i = 0; i < p->out->ended.nfailed_tg_allocs; i++)
		if (sched_eq(p->out->ended.failed_tg_allocs[i].key, group))
			return &p->out->ended.failed_tg_allocs[i].value;
	return NULL;
}

bool
planner_has_failed(const struct planner *p, const char *group)
{
	return failed_metric(p, group) != NULL;
}

void
planner_fail_again(struct planner *p, struct rank *r, const char *group)
{
	rank_coalesce(r, failed_metric(p, group));
}

void
planner_fail(struct planner *p, struct rank *r, const char *group,
    struct alloc_metric *metric)
{
	struct eval *e = &p->out->ended;

	rank_tell_needs(r, metric);
	e->failed_tg_allocs = xreallocarray(e->failed_tg_allocs,
	    e->nfailed_tg_allocs + 1, sizeof *e->failed_tg_allocs);
	e->failed_tg_allocs[e->nfailed_tg_allocs++] =
	    (struct alloc_metric_entry){ xstrdup(sched_str(group)), *metric };
}

void
planner_queue(struct planner *p, const char *group, int64_t n)
{
	struct eval *e = &p->out->ended;

	if (!p->queue_is_mine) {
		/* What an earlier look at it left is forgotten. */
		for (size_t i = 0; i < e->nqueued_allocations; i++)
			free(e->queued_allocations[i].key);
		e->nqueued_allocations = 0;
		p->queue_is_mine = true;
	}
	for (size_t i = 0; i < e->nqueued_allocations; i++)
		if (sched_eq(e->queued_allocations[i].key, group)) {
			e->queued_allocations[i].value += n;
			return;
		}
	e->queued_allocations = xreallocarray(e->queued_allocations,
	    e->nqueued_allocations + 1, sizeof *e->queued_allocations);
	e->queued_allocations[e->nqueued_allocations++] =
	    (struct rec_ki){ xstrdup(sched_str(group)), n };
}

/* --- evaluations --- */

void
planner_create_eval(struct planner *p, const struct eval *e)
{
	struct scheduler_result *out = p->out;

	if (out->ncreated == p->created_cap)
		out->created = xgrow(out->created, out->ncreated,
		    &p->created_cap, sizeof *out->created);
	out->created[out->ncreated++] = *e;
}

static struct eval
blocked_eval(struct planner *p)
{
	const struct eval *of = p->eval;
	char id[RNG_UUID_SIZE];

	rng_uuid(p->rng, id);
	return (struct eval){
		.id = xstrdup(id),
		.namespace = xstrdup(sched_str(of->namespace)),
		.priority = of->priority,
		.type = xstrdup(sched_str(of->type)),
		.triggered_by = xstrdup("queued-allocs"),
		.job_id = xstrdup(sched_str(of->job_id)),
		.job_modify_index = of->job_modify_index,
		.status = xstrdup("blocked"),
		.status_description =
		    xstrdup("created to place remaining allocations"),
		.previous_eval = xstrdup(sched_str(of->id)),
		.snapshot_index = p->st->index,
		.create_time = p->now,
		.modify_time = p->now,
	};
}

static void
tell_classes(struct planner *p, struct eval *e, bool again)
{
	for (size_t i = 0; i < e->nclass_eligibility; i++)
		free(e->class_eligibility[i].key);
	free(e->class_eligibility);
	e->class_eligibility = NULL;
	e->nclass_eligibility = 0;
	e->escaped_computed_class = false;
	if (p->job != NULL)
		feasible_tell(&planner_version(p, p->job)->feasible, again,
		    &e->class_eligibility, &e->nclass_eligibility,
		    &e->escaped_computed_class);
}

static void
copy_failures(struct eval *to, const struct eval *from)
{
	to->failed_tg_allocs =
	    xcalloc(from->nfailed_tg_allocs, sizeof *to->failed_tg_allocs);
	for (size_t i = 0; i < from->nfailed_tg_allocs; i++)
		rec_copy(&alloc_metric_entry_type, &to->failed_tg_allocs[i],
		    &from->failed_tg_allocs[i]);
	to->nfailed_tg_allocs = from->nfailed_tg_allocs;
}

/* Blocks what could not be placed; true when the evaluation itself is to
 * wait again. */
static bool
block(struct planner *p)
{
	struct eval *ended = &p->out->ended, e;

	if (ended->nfailed_tg_allocs == 0 ||
	    (p->no_block && p->blocked_node == NULL))
		return false;
	if (sched_eq(p->eval->status, "blocked") && p->blocked_node == NULL) {
		tell_classes(p, ended, true);
		ended->snapshot_index = p->st->index;
		return true;
	}
	e = blocked_eval(p);
	tell_classes(p, &e, false);
	copy_failures(&e, ended);
	if (p->blocked_node != NULL)
		sched_set(&e.node_id, p->blocked_node);
	if (p->blocked_node == NULL)
		sched_set(&ended->blocked_eval, e.id);
	planner_create_eval(p, &e);
	return false;
}

void
planner_finish(struct planner *p)
{
	struct scheduler_result *out = p->out;
	const struct cmd_plan *plan = &out->plan;

	rec_sort_maps(&eval_type, &out->ended);
	out->reblocked = block(p);
	if (!out->reblocked) {
		sched_set(&out->ended.status, "complete");
		sched_set(&out->ended.status_description, "");
	}
	out->ended.modify_time = p->now;
	out->has_plan = plan->nstops + plan->npreempts + plan->nplaces +
				plan->nupdates + plan->ndeployment_changes >
			    0 ||
			plan->deployment != NULL;
}
