/* Evaluations of which one command cannot hold all. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/blocked.h"
#include "cmd/schedd/scheduler.h"
#include "common/rng.h"
#include "tests/lib/coreworld.h"
#include "tests/lib/unit.h"

static struct coreworld w;

START_TEST(core_cuts_what_one_command_cannot_hold)
{
	const int64_t n = 2 * CMD_MAX_BATCH + 100;
	const struct sched_alloc *a;
	const struct sched_job *j;
	uint64_t req;

	coreworld_init(&w, 100000);
	req = coreworld_register_job(&w, "web", n, 1);
	coreworld_run_ready(&w);
	ck_assert_str_eq(
	    coreworld_eval_status(&w, coreworld_said(&w, req, "EvalID")),
	    "complete");
	ck_assert_uint_eq(coreworld_live(&w, "web"), (size_t)n);
	ck_assert_uint_ge(w.nplans, 3);
	w.nplans = 0;
	w.priority = 60; /* all are updated where they are */
	req = coreworld_register_job(&w, "web", n, 1);
	coreworld_run_ready(&w);
	ck_assert_str_eq(
	    coreworld_eval_status(&w, coreworld_said(&w, req, "EvalID")),
	    "complete");
	ck_assert_uint_eq(coreworld_live(&w, "web"), (size_t)n);
	ck_assert_uint_eq(w.nplans, 3);
	j = coreworld_job(&w, "web");
	TAILQ_FOREACH (a, &j->allocs, by_job)
		ck_assert_uint_eq(a->version->job->version, 1);
	w.nplans = 0;
	req = coreworld_ask(&w);
	sched_core_job_deregister(w.core, req, "default", "web", false, 0);
	coreworld_settle(&w);
	coreworld_run_ready(&w);
	ck_assert_str_eq(
	    coreworld_eval_status(&w, coreworld_said(&w, req, "EvalID")),
	    "complete");
	ck_assert_uint_eq(coreworld_live(&w, "web"), 0);
	ck_assert_uint_eq(w.nplans, 3);
	coreworld_release(&w);
}
END_TEST

/* Whose plans did not get through is looked at again, whatever its type. */
START_TEST(scheduler_that_gave_up_is_asked_again)
{
	static char *types[] = { "service", "batch", "system", "sysbatch" };
	struct scheduler_result gone, again;
	struct sched_state st;
	struct blocked b = { 0 };
	struct rng rng;

	rng_init(&rng, 1);
	sched_state_init(&st);
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		struct eval e = { .id = "e",
			.type = types[i],
			.namespace = "default",
			.job_id = "j",
			.triggered_by = "job-register" };
		const struct scheduler_view view = { .st = &st };
		char *id;

		scheduler_give_up(&st, &e, 1, &rng, &gone);
		ck_assert_str_eq(gone.ended.status, "failed");
		blocked_add(&b, &gone.created[0]);
		ck_assert_ptr_null(blocked_take_woken(&b));
		blocked_retry(&b);
		id = blocked_take_woken(&b);
		ck_assert_str_eq(id, gone.created[0].id);
		free(id);
		scheduler_run(&view, &gone.created[0], &rng, &again);
		ck_assert_str_eq(again.ended.status, "complete");
		scheduler_result_release(&again);
		scheduler_result_release(&gone);
	}
	blocked_release(&b);
	sched_state_release(&st);
}
END_TEST

/* A node that does not tell how they ended keeps their room until they are
 * forgotten. */
START_TEST(core_places_where_what_is_forgotten_took_room)
{
	uint64_t req;

	coreworld_init(&w, COREWORLD_ROOM);
	coreworld_register_job(&w, "first", COREWORLD_NODES, 900);
	coreworld_run_ready(&w);
	ck_assert_uint_eq(coreworld_live(&w, "first"), COREWORLD_NODES);
	req = coreworld_ask(&w);
	sched_core_job_deregister(w.core, req, "default", "first", false, 0);
	coreworld_settle(&w);
	coreworld_run_ready(&w);
	coreworld_register_job(&w, "second", COREWORLD_NODES, 900);
	coreworld_run_ready(&w);
	ck_assert_uint_eq(coreworld_live(&w, "second"), 0);
	req = coreworld_ask(&w);
	sched_core_system_gc(w.core, req);
	coreworld_settle(&w);
	coreworld_run_ready(&w);
	ck_assert_uint_eq(coreworld_live(&w, "second"), COREWORLD_NODES);
	coreworld_release(&w);
}
END_TEST

/* What is placed at once takes a turn's time, and no more. */
START_TEST(core_places_many_in_several_plans)
{
	const struct sched_alloc *a;
	const struct sched_job *j;
	bool seen[900] = { false };
	uint64_t req;

	coreworld_init(&w, 100000);
	req = coreworld_register_job(&w, "web", 900, 1);
	coreworld_run_ready(&w);
	ck_assert_str_eq(
	    coreworld_eval_status(&w, coreworld_said(&w, req, "EvalID")),
	    "complete");
	ck_assert_uint_eq(coreworld_live(&w, "web"), 900);
	ck_assert_uint_ge(w.nplans, 3);
	ck_assert_uint_le(w.nplans, 6);
	j = coreworld_job(&w, "web");
	TAILQ_FOREACH (a, &j->allocs, by_job) {
		ck_assert(!seen[a->name_index]);
		seen[a->name_index] = true;
	}
	coreworld_release(&w);
}
END_TEST

static size_t
count_evals(const char *job, const char *trigger)
{
	const struct sched_job *j = coreworld_job(&w, job);
	const struct sched_eval *e;
	size_t n = 0;

	TAILQ_FOREACH (e, &j->evals, by_job)
		n += strcmp(e->rec.triggered_by, trigger) == 0;
	return n;
}

/* Whom only the first of several plans takes from is looked at, too. */
START_TEST(core_tells_who_loses_in_each_of_several_plans)
{
	enum { JOBS = 20, EACH = 45 };
	size_t nlost = 0;
	char id[16];

	coreworld_init(&w, JOBS * EACH / COREWORLD_NODES * 100);
	sched_core_state(w.core)
	    ->config.preemption_config.service_scheduler_enabled = true;
	for (int i = 0; i < JOBS; i++) {
		snprintf(id, sizeof id, "low-%d", i);
		w.priority = 10 + i;
		coreworld_register_job(&w, id, EACH, 100);
	}
	coreworld_run_ready(&w);
	w.nplans = 0;
	w.priority = 80;
	coreworld_register_job(&w, "high", 600, 100);
	coreworld_run_ready(&w);
	ck_assert_uint_ge(w.nplans, 2);
	for (int i = 0; i < JOBS; i++) {
		snprintf(id, sizeof id, "low-%d", i);
		if (coreworld_live(&w, id) == EACH)
			continue;
		nlost++;
		ck_assert_uint_gt(count_evals(id, "preemption"), 0);
	}
	ck_assert_uint_gt(nlost, 4);
	coreworld_release(&w);
}
END_TEST

/* Of what is lost on a node, what one plan leaves for the next is replaced by
 * that one as it would have been by the first. */
START_TEST(core_links_what_it_replaces_in_several_plans)
{
	size_t nlinked = 0, on_lost;
	const struct sched_alloc *a;
	const struct sched_job *j;

	coreworld_init(&w, 100000);
	coreworld_register_job(&w, "web", 3600, 1);
	coreworld_run_ready(&w);
	on_lost = coreworld_live_on(&w, "web", 0);
	ck_assert_uint_gt(on_lost, 800);
	w.nplans = 0;
	coreworld_pass_without(&w, 8000, 0);
	coreworld_run_ready(&w);
	ck_assert_uint_ge(w.nplans, 2);
	ck_assert_uint_eq(coreworld_live_on(&w, "web", 0), 0);
	ck_assert_uint_eq(coreworld_live(&w, "web"), 3600);
	j = coreworld_job(&w, "web");
	TAILQ_FOREACH (a, &j->allocs, by_job)
		nlinked += a->has_next;
	ck_assert_uint_eq(nlinked, on_lost);
	coreworld_release(&w);
}
END_TEST

UNIT_MAIN("core_eval", core_places_where_what_is_forgotten_took_room,
    scheduler_that_gave_up_is_asked_again,
    core_cuts_what_one_command_cannot_hold, core_places_many_in_several_plans,
    core_tells_who_loses_in_each_of_several_plans,
    core_links_what_it_replaces_in_several_plans)
