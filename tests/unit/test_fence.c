#include "cmd/nodeagent/fence.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/nodeagent/allocrun.h"
#include "cmd/nodeagent/config.h"
#include "cmd/nodeagent/rmtree.h"
#include "cmd/nodeagent/runner.h"
#include "common/clock.h"
#include "common/file.h"
#include "common/mem.h"
#include "tests/lib/unit.h"

#define S CLOCK_NS_PER_S

START_TEST(an_answer_that_came_late_is_followed_by_another_question)
{
	struct disconnect_strategy d = { .stop_on_client_after = 4 * S,
		.has_stop_on_client_after = true };
	struct task_group g = { .disconnect = &d };
	struct fence_times t = { 20000, 2000, 1000, 25200 };

	ck_assert_uint_eq(fence_due_ms(&g, &t), 26200);
	t.answered_ms = 20002;
	ck_assert_uint_eq(fence_due_ms(&g, &t), 24000);
}
END_TEST

static uint64_t
due(int64_t after_ns, uint64_t heard_ms, uint64_t ttl_ms, uint64_t started_ms)
{
	struct disconnect_strategy d = { .stop_on_client_after = after_ns,
		.has_stop_on_client_after = true };
	struct task_group g = { .disconnect = &d };
	struct fence_times t = { heard_ms, ttl_ms, started_ms, heard_ms };

	return fence_due_ms(&g, &t);
}

START_TEST(a_group_that_asks_for_nothing_is_never_due)
{
	struct task_group g = { 0 };
	struct disconnect_strategy d = { .lost_after = 5 * S };
	struct fence_times t = { 20000, 2000, 1000, 20000 };

	ck_assert_uint_eq(fence_due_ms(&g, &t), 0);
	g.disconnect = &d;
	ck_assert_uint_eq(fence_due_ms(&g, &t), 0);
	ck_assert_uint_eq(due(0, 20000, 2000, 1000), 0);
}
END_TEST

START_TEST(time_counts_from_the_last_lease_asked_for)
{
	struct task_group older = { .stop_after_client_disconnect = 7 * S,
		.has_stop_after_client_disconnect = true };
	struct fence_times t = { 20000, 2000, 1000, 20000 };

	ck_assert_uint_eq(due(5 * S, 20000, 2000, 1000), 25000);
	ck_assert_uint_eq(due(5 * S, 31000, 2000, 1000), 36000);
	ck_assert_uint_eq(fence_due_ms(&older, &t), 27000);
}
END_TEST

/* Nobody else runs it before then, and most renewals come later than that. */
START_TEST(nothing_is_due_while_the_lease_may_hold)
{
	ck_assert_uint_eq(due(S / 2, 20000, 2000, 1000), 22000);
}
END_TEST

START_TEST(a_new_nodeagent_has_time_to_reach_a_server)
{
	/* It was down for longer than the group bears. */
	ck_assert_uint_eq(due(10 * S, 20000, 0, 60000), 65000);
	/* Its predecessor was heard just before. */
	ck_assert_uint_eq(due(10 * S, 59000, 0, 60000), 69000);
	/* It knows of no lease at all. */
	ck_assert_uint_eq(due(10 * S, 0, 0, 60000), 70000);
}
END_TEST

/* --- what becomes of the allocation --- */

static struct alloc *
make_alloc(const char *type, int64_t shutdown_delay)
{
	static const char *const names[] = { "main", "after" };
	struct alloc *a = xcalloc(1, sizeof *a);
	struct task_group *g = xcalloc(1, sizeof *g);

	a->id = xstrdup("a1");
	a->job_id = xstrdup("j");
	a->task_group = xstrdup("g");
	a->desired_status = xstrdup("run");
	a->job = xcalloc(1, sizeof *a->job);
	a->job->type = xstrdup(type);
	a->job->task_groups = g;
	a->job->ntask_groups = 1;
	g->name = xstrdup("g");
	g->shutdown_delay = shutdown_delay;
	g->has_shutdown_delay = true;
	g->ntasks = 2;
	g->tasks = xcalloc(g->ntasks, sizeof *g->tasks);
	for (size_t i = 0; i < g->ntasks; i++)
		g->tasks[i].name = xstrdup(names[i]);
	g->tasks[1].lifecycle = xcalloc(1, sizeof *g->tasks[1].lifecycle);
	g->tasks[1].lifecycle->hook = xstrdup("poststop");
	return a;
}

static struct run_time
at(uint64_t ms)
{
	return (
	    struct run_time){ .ms = ms, .ns = (int64_t)ms * CLOCK_NS_PER_MS };
}

static void
expect(struct alloc_run *run, enum run_action_kind kind, size_t task)
{
	struct run_action a;

	ck_assert(alloc_run_take(run, &a));
	ck_assert_int_eq(a.kind, kind);
	ck_assert_uint_eq(a.task, task);
}

static struct alloc_run *
running(const char *type, int64_t shutdown_delay)
{
	struct alloc_run *run = alloc_run_new(
	    make_alloc(type, shutdown_delay), 1, 30000, at(1000), NULL);

	alloc_run_tick(run, at(1000));
	expect(run, RUN_START, 0);
	alloc_run_started(run, 0, at(1001));
	return run;
}

/* The main task ends by a signal, then what comes after it, and all is lost. */
static void
expect_lost(struct alloc_run *run, uint64_t ms)
{
	struct task_end killed = { .signal = 2 }, done = { 0 };
	struct alloc report;

	expect(run, RUN_KILL, 0);
	ck_assert_str_eq(run->client_status, "running");
	alloc_run_ended(run, 0, &killed, at(ms));
	expect(run, RUN_START, 1);
	alloc_run_started(run, 1, at(ms));
	ck_assert_str_eq(run->client_status, "running");
	alloc_run_ended(run, 1, &done, at(ms + 10));
	ck_assert(alloc_run_is_done(run));
	alloc_run_report(run, &report);
	ck_assert_str_eq(report.client_status, "lost");
	ck_assert_str_eq(report.client_description, "No server was in reach");
	ck_assert_str_eq(report.task_states[1].key, "main");
	ck_assert(report.task_states[1].failed);
	ck_assert(!report.task_states[0].failed);
	rec_clear(&alloc_type, &report);
}

START_TEST(what_is_stopped_so_is_lost_and_not_done)
{
	static const char *const types[] = { "service", "batch" };

	for (size_t i = 0; i < 2; i++) {
		struct alloc_run *run = running(types[i], 0);
		const struct task_state *s = &run->tasks[0].state;

		alloc_run_fence(run, 10400, at(12000));
		ck_assert_str_eq(s->events[s->nevents - 2].display_message,
		    "No server has heard of this node for 10400 ms: stopping");
		expect_lost(run, 12100);
		alloc_run_free(run);
	}
}
END_TEST

/* Nobody can be told to stay away meanwhile. */
START_TEST(a_shutdown_delay_does_not_hold_it_up)
{
	struct alloc_run *run = running("service", 60 * S);

	alloc_run_fence(run, 10400, at(12000));
	expect_lost(run, 12100);
	alloc_run_free(run);
}
END_TEST

START_TEST(what_was_told_to_stop_is_stopped_and_not_lost)
{
	struct alloc_run *run = running("service", 60 * S);

	alloc_run_stop(run, at(11000));
	ck_assert_uint_eq(run->stop_at_ms, 71000);
	alloc_run_fence(run, 10400, at(12000));
	expect(run, RUN_KILL, 0);
	ck_assert(!run->fenced);
	ck_assert(!run->tasks[0].state.failed);
	alloc_run_free(run);
}
END_TEST

START_TEST(what_has_ended_stays_as_it_was)
{
	struct alloc_run *run = running("batch", 0);
	struct task_end done = { 0 };

	alloc_run_ended(run, 0, &done, at(2000));
	expect(run, RUN_START, 1);
	alloc_run_started(run, 1, at(2000));
	alloc_run_ended(run, 1, &done, at(2010));
	alloc_run_fence(run, 10400, at(12000));
	ck_assert_str_eq(run->client_status, "complete");
	alloc_run_free(run);
}
END_TEST

START_TEST(it_is_lost_after_a_restart_of_nodeagent_too)
{
	struct alloc_run *run = running("service", 60 * S);
	struct alloc_saved saved;

	alloc_run_fence(run, 10400, at(12000));
	expect(run, RUN_KILL, 0);
	alloc_run_save(run, &saved);
	alloc_run_free(run);
	ck_assert(saved.stopping);
	run = alloc_run_new(
	    make_alloc("service", 60 * S), 1, 30000, at(13000), NULL);
	alloc_run_restore(run, &saved);
	rec_clear(&alloc_saved_type, &saved);
	alloc_run_stop(run, at(13000));
	alloc_run_found(run, 0, at(13001));
	expect_lost(run, 13100);
	alloc_run_free(run);
}
END_TEST

/* --- what is kept --- */

/* A node that has a lease and, at times, something with a time. */
struct world {
	char dir[64];
	struct nodeagent na;
	struct nodeagent_config config;
	struct disconnect_strategy disconnect;
	struct task_group group;
	struct task_run task; /* has not ended */
	struct alloc_run run;
	struct runner runner;
	struct fence *fence;
};

static void
open_world(struct world *w)
{
	*w = (struct world){ .dir = "/tmp/test_fence.XXXXXX" };
	ck_assert_ptr_nonnull(mkdtemp(w->dir));
	nodeagent_config_init(&w->config);
	free(w->config.common.data_dir);
	w->config.common.data_dir = xstrdup(w->dir);
	w->na.config = &w->config;
	w->na.loop = loop_new();
	w->disconnect.stop_on_client_after = 60 * S;
	w->group.disconnect = &w->disconnect;
	w->run.group = &w->group;
	w->run.tasks = &w->task;
	w->run.ntasks = 1;
	w->runner.run = &w->run;
	w->fence = fence_new(&w->na);
}

static void
close_world(struct world *w)
{
	struct err err;

	fence_free(w->fence);
	map_release(&w->na.runners);
	rec_clear(&nodeagent_config_type, &w->config);
	loop_free(w->na.loop);
	ck_assert_int_eq(rmtree(AT_FDCWD, w->dir, &err), 0);
}

static void
look(struct world *w)
{
	bool never = false;

	fence_changed(w->fence);
	loop_wait(w->na.loop, &never, 20);
}

/* What a restarted nodeagent would know, behind the boot's id; 0: nothing. */
static uint64_t
kept_ms(const struct world *w)
{
	char *path = xasprintf("%s/heard", w->dir);
	const char *text;
	struct buf b = { 0 };
	struct err err;
	uint64_t ms;

	ck_assert_int_eq(file_read(path, 100, &b, &err), 0);
	text = buf_str(&b);
	ms = b.len > 37 ? strtoull(text + 37, NULL, 10) : 0;
	buf_release(&b);
	free(path);
	return ms;
}

START_TEST(a_lease_from_before_the_first_group_with_a_time_is_kept)
{
	struct world w;
	uint64_t at_ms;

	open_world(&w);
	at_ms = loop_now_ms(w.na.loop);
	fence_heard(w.fence, at_ms, 2000);
	look(&w);
	ck_assert_uint_eq(kept_ms(&w), 0); /* nobody asks for it */
	map_put(&w.na.runners, "a1", &w.runner);
	look(&w);
	ck_assert_uint_eq(kept_ms(&w), at_ms);
	close_world(&w);
}
END_TEST

START_TEST(what_an_earlier_group_had_kept_is_not_a_later_ones)
{
	struct world w;
	uint64_t at_ms;

	open_world(&w);
	at_ms = loop_now_ms(w.na.loop);
	map_put(&w.na.runners, "a1", &w.runner);
	look(&w);
	fence_heard(w.fence, at_ms, 2000);
	ck_assert_uint_eq(kept_ms(&w), at_ms);
	map_remove(&w.na.runners, "a1");
	look(&w);
	fence_heard(w.fence, at_ms + 10, 2000);
	ck_assert_uint_eq(kept_ms(&w), at_ms);
	map_put(&w.na.runners, "a1", &w.runner);
	look(&w);
	ck_assert_uint_eq(kept_ms(&w), at_ms + 10);
	close_world(&w);
}
END_TEST

UNIT_MAIN("fence", a_group_that_asks_for_nothing_is_never_due,
    time_counts_from_the_last_lease_asked_for,
    nothing_is_due_while_the_lease_may_hold,
    an_answer_that_came_late_is_followed_by_another_question,
    a_new_nodeagent_has_time_to_reach_a_server,
    what_is_stopped_so_is_lost_and_not_done,
    a_shutdown_delay_does_not_hold_it_up,
    what_was_told_to_stop_is_stopped_and_not_lost,
    what_has_ended_stays_as_it_was, it_is_lost_after_a_restart_of_nodeagent_too,
    a_lease_from_before_the_first_group_with_a_time_is_kept,
    what_an_earlier_group_had_kept_is_not_a_later_ones)
