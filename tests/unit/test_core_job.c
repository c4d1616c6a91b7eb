/* Jobs that are planned, registered, refused and stopped. */
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "tests/lib/coreworld.h"
#include "tests/lib/unit.h"

static struct coreworld w;

START_TEST(core_plans_without_changing)
{
	struct job_plan_request r = { 0 };
	struct job_plan_response out;
	struct job job;
	struct err err;
	uint64_t at;

	coreworld_init(&w, COREWORLD_ROOM);
	coreworld_register_job(&w, "web", 2, 100);
	rec_copy(&job_type, &job, coreworld_job(&w, "web")->job);
	job.task_groups[0].count = 3;
	r.job = &job;
	at = sched_core_state(w.core)->index;
	coreworld_turn(&w);
	ck_assert_msg(
	    sched_core_job_plan(w.core, &r, &out, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(sched_core_state(w.core)->index, at);
	ck_assert_uint_eq(coreworld_live(&w, "web"), 2);
	ck_assert_int_eq(
	    coreworld_job(&w, "web")->job->task_groups[0].count, 2);
	rec_clear(&job_plan_response_type, &out);
	/* A job that is not there leaves no trace either. */
	free(job.id);
	job.id = xstrdup("new");
	ck_assert(sched_core_job_plan(w.core, &r, &out, &err) == 0);
	ck_assert_ptr_null(coreworld_job(&w, "new"));
	rec_clear(&job_plan_response_type, &out);
	rec_clear(&job_type, &job);
	coreworld_release(&w);
}
END_TEST

START_TEST(core_plans_nothing_for_a_job_that_is_the_same)
{
	struct job_plan_request r = { .diff = true };
	struct job_plan_response out;
	struct job job;
	struct err err;

	coreworld_init(&w, COREWORLD_ROOM);
	coreworld_register_job(&w, "web", 2, 100);
	rec_copy(&job_type, &job, coreworld_job(&w, "web")->job);
	r.job = &job;
	coreworld_turn(&w);
	ck_assert(sched_core_job_plan(w.core, &r, &out, &err) == 0);
	ck_assert_uint_eq(out.annotations->ndesired_tg_updates, 1);
	ck_assert_uint_eq(out.annotations->desired_tg_updates[0].ignore, 2);
	ck_assert_uint_eq(
	    out.annotations->desired_tg_updates[0].in_place_update, 0);
	rec_clear(&job_plan_response_type, &out);
	/* One that differs is seen. */
	job.priority++;
	ck_assert(sched_core_job_plan(w.core, &r, &out, &err) == 0);
	ck_assert_uint_eq(
	    out.annotations->desired_tg_updates[0].in_place_update, 2);
	rec_clear(&job_plan_response_type, &out);
	rec_clear(&job_type, &job);
	coreworld_release(&w);
}
END_TEST

/* Whether the job may be neither planned nor registered, for this reason. */
static void
expect_not_taken(const struct job *job, const char *why)
{
	struct job_plan_request plan = { .job = (struct job *)(uintptr_t)job };
	struct job_register_request put = { .job = plan.job };
	struct job_plan_response out;
	struct err err;
	uint64_t req = coreworld_ask(&w);

	ck_assert(sched_core_job_plan(w.core, &plan, &out, &err) == -1);
	ck_assert_msg(strstr(err.text, why) != NULL, "%s", err.text);
	sched_core_job_register(w.core, req, &put);
	coreworld_settle(&w);
	ck_assert_int_eq(coreworld_refused(&w, req), ERR_BAD);
	ck_assert_ptr_null(coreworld_job(&w, job->id));
}

static void
drop(const struct rec_type *type, void **rec)
{
	if (*rec != NULL)
		rec_clear(type, *rec);
	free(*rec);
	*rec = NULL;
}

START_TEST(core_refuses_parents_that_nothing_would_launch)
{
	struct job job;

	coreworld_init(&w, COREWORLD_ROOM);
	coreworld_register_job(&w, "web", 1, 100);
	rec_copy(&job_type, &job, coreworld_job(&w, "web")->job);
	free(job.id);
	job.id = xstrdup("nightly");
	free(job.type);
	job.type = xstrdup("batch");
	drop(&update_strategy_type, (void **)&job.update);
	drop(&update_strategy_type, (void **)&job.task_groups[0].update);
	drop(&migrate_strategy_type, (void **)&job.task_groups[0].migrate);
	coreworld_turn(&w);
	job.parameterized_job = xcalloc(1, sizeof *job.parameterized_job);
	expect_not_taken(&job, "are not dispatched by this version");
	free(job.parameterized_job);
	job.parameterized_job = NULL;
	job.periodic = xcalloc(1, sizeof *job.periodic);
	job.periodic->spec = xstrdup("0 3 * * *");
	job.periodic->spec_type = xstrdup("cron");
	job.periodic->has_enabled = job.periodic->enabled = true;
	expect_not_taken(&job, "are not launched by this version");
	rec_clear(&job_type, &job);
	coreworld_release(&w);
}
END_TEST

START_TEST(core_refuses_a_job_that_no_message_could_take)
{
	struct job job;

	coreworld_init(&w, COREWORLD_ROOM);
	coreworld_register_job(&w, "web", 1, 100);
	rec_copy(&job_type, &job, coreworld_job(&w, "web")->job);
	free(job.id);
	job.id = xstrdup("long");
	job.meta = xcalloc(1, sizeof *job.meta);
	job.nmeta = 1;
	job.meta[0].key = xstrdup("note");
	job.meta[0].value = xmalloc(SCHED_NEWS_BYTES);
	memset(job.meta[0].value, 'x', SCHED_NEWS_BYTES - 1);
	job.meta[0].value[SCHED_NEWS_BYTES - 1] = '\0';
	coreworld_turn(&w);
	expect_not_taken(&job, "a job has at most");
	rec_clear(&job_type, &job);
	coreworld_release(&w);
}
END_TEST

START_TEST(core_stops_a_job)
{
	uint64_t req;

	coreworld_init(&w, COREWORLD_ROOM);
	coreworld_register_job(&w, "web", 3, 100);
	req = coreworld_ask(&w);
	sched_core_job_deregister(w.core, req, "default", "web", false, 0);
	coreworld_settle(&w);
	ck_assert_str_eq(
	    coreworld_eval_status(&w, coreworld_said(&w, req, "EvalID")),
	    "complete");
	ck_assert_uint_eq(coreworld_live(&w, "web"), 0);
	req = coreworld_ask(&w);
	sched_core_job_scale(w.core, req, "default", "none",
	    &(struct scaling_request){ .has_count = true, .count = 1 });
	coreworld_settle(&w);
	ck_assert_int_eq(coreworld_refused(&w, req), ERR_NOT_FOUND);
	coreworld_release(&w);
}
END_TEST

UNIT_MAIN("core_job", core_plans_without_changing,
    core_plans_nothing_for_a_job_that_is_the_same,
    core_refuses_parents_that_nothing_would_launch,
    core_refuses_a_job_that_no_message_could_take, core_stops_a_job)
