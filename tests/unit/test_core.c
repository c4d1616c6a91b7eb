/* Commands and their answers: proposed, held, committed once, refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "tests/lib/coreworld.h"
#include "tests/lib/unit.h"

static struct coreworld w;

START_TEST(core_places_what_is_registered)
{
	uint64_t req;

	coreworld_init(&w, COREWORLD_ROOM);
	req = coreworld_register_job(&w, "web", 3, 100);
	ck_assert_str_eq(
	    coreworld_eval_status(&w, coreworld_said(&w, req, "EvalID")),
	    "complete");
	ck_assert_uint_eq(coreworld_live(&w, "web"), 3);
	coreworld_release(&w);
}
END_TEST

START_TEST(core_answers_when_the_log_has_it)
{
	struct sched_core_stats s;
	uint64_t req;

	coreworld_init(&w, COREWORLD_ROOM);
	w.held = true;
	req = coreworld_register_job(&w, "web", 1, 100);
	ck_assert(!w.answers[req].answered);
	sched_core_stats(w.core, &s);
	ck_assert_uint_eq(s.pending, 1);
	coreworld_commit_held(&w);
	ck_assert(w.answers[req].answered);
	ck_assert_uint_eq(coreworld_live(&w, "web"), 1);
	coreworld_release(&w);
}
END_TEST

/* Only the end of an evaluation that places nothing. */
START_TEST(core_says_what_may_be_written_with_the_next)
{
	coreworld_init(&w, COREWORLD_ROOM);
	w.ncalm = 0;
	coreworld_register_job(&w, "web", 1, 100);
	ck_assert_uint_eq(coreworld_live(&w, "web"), 1);
	ck_assert_uint_eq(w.ncalm, 0);
	coreworld_register_job(&w, "huge", 1, 100000);
	ck_assert_uint_eq(coreworld_live(&w, "huge"), 0);
	ck_assert_uint_eq(w.ncalm, 1);
	/* So many that others cannot run meanwhile: the last ones go at once */
	w.held = true;
	w.ncalm = 0;
	for (int i = 0; i < 8; i++) {
		char id[24];

		snprintf(id, sizeof id, "huge-%d", i);
		coreworld_register_job(&w, id, 1, 100000);
	}
	ck_assert_uint_eq(w.ncalm, 0);
	coreworld_commit_waiting(&w);
	ck_assert_uint_eq(w.nwaiting, 8);
	ck_assert_uint_eq(w.ncalm, 4);
	coreworld_commit_held(&w);
	coreworld_release(&w);
}
END_TEST

START_TEST(core_waits_for_room)
{
	struct sched_core_stats s;

	coreworld_init(&w, COREWORLD_ROOM);
	coreworld_register_job(&w, "big", 6, 600);
	ck_assert_uint_eq(coreworld_live(&w, "big"), 4);
	sched_core_stats(w.core, &s);
	ck_assert_uint_eq(s.blocked, 1);
	/* With less to ask the rest fits. */
	coreworld_register_job(&w, "big", 6, 300);
	coreworld_pass(&w, 3000);
	ck_assert_uint_ge(coreworld_live(&w, "big"), 4);
	coreworld_release(&w);
}
END_TEST

START_TEST(core_does_a_command_once)
{
	uint64_t version, req;
	struct buf entry = { 0 };

	coreworld_init(&w, COREWORLD_ROOM);
	w.held = true;
	req = coreworld_register_job(&w, "web", 1, 100);
	buf_add(&entry, w.waiting[0].bytes.data, w.waiting[0].bytes.len);
	coreworld_commit_held(&w);
	ck_assert_int_eq(coreworld_refused(&w, req), ERR_NONE);
	version = coreworld_job(&w, "web")->job->modify_index;
	coreworld_commit(&w, entry.data, entry.len);
	coreworld_settle(&w);
	ck_assert_uint_eq(coreworld_job(&w, "web")->job->modify_index, version);
	ck_assert_uint_eq(coreworld_live(&w, "web"), 1);
	buf_release(&entry);
	coreworld_release(&w);
}
END_TEST

START_TEST(core_refuses_when_it_does_not_lead)
{
	uint64_t before, after;

	coreworld_init(&w, COREWORLD_ROOM);
	w.held = true;
	before = coreworld_register_job(&w, "web", 1, 100);
	coreworld_lead(&w, false);
	/* It is not said to have failed, for it may yet be committed. */
	ck_assert_int_eq(coreworld_refused(&w, before), ERR_GONE);
	w.held = false;
	after = coreworld_register_job(&w, "web", 1, 100);
	ck_assert_int_eq(coreworld_refused(&w, after), ERR_NOT_LEADER);
	/* What was on its way is committed after all: it counts, and the
	 * next leader sees to it. */
	coreworld_commit_held(&w);
	ck_assert_uint_eq(coreworld_live(&w, "web"), 0);
	coreworld_lead(&w, true);
	ck_assert_uint_eq(coreworld_live(&w, "web"), 1);
	coreworld_release(&w);
}
END_TEST

START_TEST(core_tries_again_what_was_not_taken)
{
	struct err err;
	uint64_t req;

	coreworld_init(&w, COREWORLD_ROOM);
	err_set(&err, ERR_BUSY, "the log is full");
	w.held = true;
	req = coreworld_register_job(&w, "web", 1, 100);
	coreworld_commit(&w, w.waiting[0].bytes.data, w.waiting[0].bytes.len);
	w.nwaiting = 0;
	coreworld_settle(&w);
	ck_assert_int_eq(coreworld_refused(&w, req), ERR_NONE);
	ck_assert_uint_eq(w.nwaiting, 1); /* the plan */
	sched_core_not_taken(w.core, w.waiting[0].number, &err);
	w.nwaiting = 0;
	req = coreworld_register_job(&w, "other", 1, 100);
	sched_core_not_taken(w.core, w.waiting[0].number, &err);
	w.nwaiting = 0;
	coreworld_settle(&w);
	ck_assert_int_eq(coreworld_refused(&w, req), ERR_BUSY);
	w.held = false;
	ck_assert_uint_eq(coreworld_live(&w, "web"), 0);
	coreworld_pass(&w, 2000);
	ck_assert_uint_eq(coreworld_live(&w, "web"), 1);
	coreworld_release(&w);
}
END_TEST

START_TEST(core_forgets_when_asked)
{
	uint64_t req;

	coreworld_init(&w, COREWORLD_ROOM);
	coreworld_register_job(&w, "web", 2, 100);
	sched_core_job_deregister(
	    w.core, coreworld_ask(&w), "default", "web", false, 0);
	coreworld_settle(&w);
	w.now_ms += 1;
	req = coreworld_ask(&w);
	sched_core_system_gc(w.core, req);
	coreworld_settle(&w);
	ck_assert_int_eq(coreworld_refused(&w, req), ERR_NONE);
	ck_assert_ptr_null(coreworld_job(&w, "web"));
	coreworld_release(&w);
}
END_TEST

START_TEST(core_checks_that_a_command_can_be_read_back)
{
	const size_t n = REC_MAX_MEMORY / sizeof(struct alloc) + 1;
	struct cmd_plan plan = { .updates = xcalloc(n, sizeof(struct alloc)) };
	struct cmd cmd = { .plan = &plan };
	struct buf b = { 0 };
	struct err err;

	plan.nupdates = n / 2;
	rec_pack(&cmd_type, &cmd, &b);
	ck_assert_int_eq(sched_core_check(b.data, b.len, &err), 0);
	plan.nupdates = n;
	buf_reset(&b);
	rec_pack(&cmd_type, &cmd, &b);
	ck_assert_uint_lt(b.len, 32u << 20); /* the log would take it */
	ck_assert_int_eq(sched_core_check(b.data, b.len, &err), -1);
	ck_assert_int_eq(err.code, ERR_BAD);
	ck_assert_ptr_nonnull(strstr(err.text, "what is asked is too large: "));
	ck_assert_ptr_nonnull(strstr(err.text, "takes too much memory"));
	buf_release(&b);
	free(plan.updates);
}
END_TEST

UNIT_MAIN("core", core_places_what_is_registered,
    core_answers_when_the_log_has_it,
    core_says_what_may_be_written_with_the_next, core_waits_for_room,
    core_does_a_command_once, core_refuses_when_it_does_not_lead,
    core_tries_again_what_was_not_taken, core_forgets_when_asked,
    core_checks_that_a_command_can_be_read_back)
