#include "cmd/nodeagent/allocrun.h"

#include <signal.h>
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "tests/lib/unit.h"

/* A job with one group "g"; tasks are named in turn. */
static struct alloc *
make_alloc(const char *type, const char *const *tasks, size_t n)
{
	struct alloc *a = xcalloc(1, sizeof *a);
	struct task_group *g = xcalloc(1, sizeof *g);

	a->id = xstrdup("a1");
	a->name = xstrdup("j.g[0]");
	a->job_id = xstrdup("j");
	a->task_group = xstrdup("g");
	a->desired_status = xstrdup("run");
	a->job = xcalloc(1, sizeof *a->job);
	a->job->type = xstrdup(type);
	a->job->task_groups = g;
	a->job->ntask_groups = 1;
	g->name = xstrdup("g");
	g->tasks = xcalloc(n, sizeof *g->tasks);
	g->ntasks = n;
	g->restart_policy = xcalloc(1, sizeof *g->restart_policy);
	g->restart_policy->attempts = 1;
	g->restart_policy->interval = 60 * CLOCK_NS_PER_S;
	g->restart_policy->delay = CLOCK_NS_PER_S;
	g->restart_policy->mode = xstrdup("fail");
	for (size_t i = 0; i < n; i++) {
		g->tasks[i].name = xstrdup(tasks[i]);
		g->tasks[i].driver = xstrdup("raw_exec");
	}
	return a;
}

static struct task *
task_of(struct alloc *a, size_t i)
{
	return &a->job->task_groups[0].tasks[i];
}

static void
set_hook(struct task *t, const char *hook, bool sidecar)
{
	t->lifecycle = xcalloc(1, sizeof *t->lifecycle);
	t->lifecycle->hook = xstrdup(hook);
	t->lifecycle->sidecar = sidecar;
}

static struct run_time
at(uint64_t ms)
{
	return (
	    struct run_time){ .ms = ms, .ns = (int64_t)ms * CLOCK_NS_PER_MS };
}

static struct alloc_run *
begin(struct alloc *a)
{
	struct alloc_run *run = alloc_run_new(a, 1, 30000, at(1000), NULL);

	ck_assert_ptr_nonnull(run);
	alloc_run_tick(run, at(1000));
	return run;
}

static void
expect_action(struct alloc_run *run, enum run_action_kind kind, size_t task)
{
	struct run_action a;

	ck_assert(alloc_run_take(run, &a));
	ck_assert_int_eq(a.kind, kind);
	ck_assert_uint_eq(a.task, task);
	if (kind == RUN_KILL) {
		ck_assert_int_eq(a.signal, 0); /* the driver's own */
		ck_assert_uint_eq(a.kill_after_ms, 5000);
	}
}

static void
expect_nothing(struct alloc_run *run)
{
	struct run_action a;

	ck_assert(!alloc_run_take(run, &a));
}

static void
end_with(struct alloc_run *run, size_t task, int64_t code, uint64_t ms)
{
	struct task_end end = { .exit_code = code };

	alloc_run_ended(run, task, &end, at(ms));
}

START_TEST(allocrun_begins_when_it_is_let_go)
{
	static const char *const names[] = { "t" };
	struct alloc *a = make_alloc("service", names, 1);
	struct alloc_run *run = alloc_run_new(a, 1, 30000, at(1000), NULL);

	alloc_run_hold(run);
	alloc_run_tick(run, at(1000));
	expect_nothing(run);
	ck_assert_str_eq(run->client_status, "pending");
	alloc_run_tick(run, at(5000));
	expect_nothing(run);
	alloc_run_let_go(run, at(6000));
	expect_action(run, RUN_START, 0);
	alloc_run_free(run);
}
END_TEST

START_TEST(allocrun_that_is_held_ends_when_it_is_told_to)
{
	static const char *const names[] = { "t", "after" };
	struct alloc *a = make_alloc("service", names, 2);
	struct alloc_run *run;

	set_hook(task_of(a, 1), "poststop", false);
	run = alloc_run_new(a, 1, 30000, at(1000), NULL);
	alloc_run_hold(run);
	alloc_run_tick(run, at(1000));
	alloc_run_stop(run, at(2000));
	expect_nothing(run);
	ck_assert(alloc_run_is_done(run));
	alloc_run_let_go(run, at(3000));
	expect_nothing(run);
	alloc_run_free(run);
}
END_TEST

START_TEST(allocrun_runs_a_batch_task_to_its_end)
{
	static const char *const names[] = { "t" };
	struct alloc_run *run = begin(make_alloc("batch", names, 1));

	expect_action(run, RUN_START, 0);
	ck_assert_str_eq(run->client_status, "pending");
	alloc_run_started(run, 0, at(1001));
	ck_assert_str_eq(run->client_status, "running");
	end_with(run, 0, 0, 2000);
	ck_assert_str_eq(run->client_status, "complete");
	ck_assert(alloc_run_is_done(run));
	expect_nothing(run);
	alloc_run_free(run);
}
END_TEST

START_TEST(allocrun_restarts_a_service_and_then_gives_up)
{
	static const char *const names[] = { "t" };
	struct alloc_run *run = begin(make_alloc("service", names, 1));

	expect_action(run, RUN_START, 0);
	alloc_run_started(run, 0, at(1001));
	end_with(run, 0, 0, 2000);
	ck_assert_str_eq(run->client_status, "pending");
	ck_assert_uint_ge(alloc_run_wake_ms(run), 3000);
	alloc_run_tick(run, at(2500));
	expect_nothing(run);
	alloc_run_tick(run, at(4000));
	expect_action(run, RUN_START, 0);
	alloc_run_started(run, 0, at(4001));
	end_with(run, 0, 1, 5000);
	ck_assert_str_eq(run->client_status, "failed");
	ck_assert_uint_eq(run->tasks[0].state.restarts, 1);
	ck_assert(alloc_run_is_done(run));
	alloc_run_free(run);
}
END_TEST

START_TEST(allocrun_stops_with_signal_and_time)
{
	static const char *const names[] = { "t" };
	struct alloc_run *run = begin(make_alloc("service", names, 1));

	expect_action(run, RUN_START, 0);
	alloc_run_started(run, 0, at(1001));
	alloc_run_stop(run, at(2000));
	expect_action(run, RUN_KILL, 0);
	ck_assert(!alloc_run_is_done(run));
	end_with(run, 0, 0, 2100);
	ck_assert(alloc_run_is_done(run));
	ck_assert_str_eq(run->client_status, "complete");
	alloc_run_free(run);
}
END_TEST

START_TEST(allocrun_stops_a_task_that_is_just_starting)
{
	static const char *const names[] = { "t" };
	struct alloc_run *run = begin(make_alloc("service", names, 1));

	expect_action(run, RUN_START, 0);
	alloc_run_stop(run, at(1001));
	expect_nothing(run);
	alloc_run_started(run, 0, at(1002));
	expect_action(run, RUN_KILL, 0);
	alloc_run_free(run);
}
END_TEST

START_TEST(allocrun_follows_the_lifecycle)
{
	static const char *const names[] = { "init", "side", "main", "post",
		"after" };
	struct alloc *a = make_alloc("batch", names, 5);
	struct alloc_run *run;

	set_hook(task_of(a, 0), "prestart", false);
	set_hook(task_of(a, 1), "prestart", true);
	set_hook(task_of(a, 3), "poststart", false);
	set_hook(task_of(a, 4), "poststop", false);
	run = begin(a);
	expect_action(run, RUN_START, 0);
	expect_action(run, RUN_START, 1);
	expect_nothing(run);
	alloc_run_started(run, 0, at(1001));
	alloc_run_started(run, 1, at(1001));
	expect_nothing(run);
	end_with(run, 0, 0, 1100);
	expect_action(run, RUN_START, 2);
	alloc_run_started(run, 2, at(1101));
	expect_action(run, RUN_START, 3);
	alloc_run_started(run, 3, at(1102));
	end_with(run, 3, 0, 1103);
	end_with(run, 2, 0, 1200);
	expect_action(run, RUN_KILL, 1);
	expect_action(run, RUN_START, 4);
	end_with(run, 1, 0, 1201);
	alloc_run_started(run, 4, at(1202));
	end_with(run, 4, 0, 1203);
	ck_assert(alloc_run_is_done(run));
	ck_assert_str_eq(run->client_status, "complete");
	alloc_run_free(run);
}
END_TEST

START_TEST(allocrun_takes_siblings_down_with_a_failed_task)
{
	static const char *const names[] = { "a", "b" };
	struct alloc_run *run = begin(make_alloc("batch", names, 2));

	expect_action(run, RUN_START, 0);
	expect_action(run, RUN_START, 1);
	alloc_run_started(run, 0, at(1001));
	alloc_run_started(run, 1, at(1001));
	end_with(run, 0, 3, 1100);
	alloc_run_tick(run, at(3000));
	expect_action(run, RUN_START, 0);
	alloc_run_started(run, 0, at(3001));
	end_with(run, 0, 3, 3100);
	expect_action(run, RUN_KILL, 1);
	end_with(run, 1, 0, 3200);
	ck_assert(alloc_run_is_done(run));
	ck_assert_str_eq(run->client_status, "failed");
	alloc_run_free(run);
}
END_TEST

START_TEST(allocrun_goes_on_from_what_was_saved)
{
	static const char *const names[] = { "t" };
	struct alloc_run *run = begin(make_alloc("service", names, 1));
	struct alloc_saved saved;

	expect_action(run, RUN_START, 0);
	alloc_run_started(run, 0, at(1001));
	alloc_run_save(run, &saved);
	alloc_run_free(run);

	run = alloc_run_new(
	    make_alloc("service", names, 1), 1, 30000, at(9000), NULL);
	alloc_run_restore(run, &saved);
	alloc_run_tick(run, at(9000));
	expect_nothing(run);
	alloc_run_found(run, 0, at(9001));
	ck_assert_str_eq(run->client_status, "running");
	ck_assert_uint_eq(run->tasks[0].state.restarts, 0);
	/* The task went down with its keeper: it starts again, uncounted. */
	alloc_run_heard(run, at(9002));
	alloc_run_vanished(run, 0, at(9002));
	alloc_run_tick(run, at(9002));
	expect_action(run, RUN_START, 0);
	ck_assert_int_eq(run->tasks[0].count.count, 0);
	alloc_run_free(run);
	rec_clear(&alloc_saved_type, &saved);
}
END_TEST

/* The machine was off, and nobody knows for how long. */
START_TEST(allocrun_starts_what_was_lost_when_the_servers_are_heard)
{
	static const char *const names[] = { "t" };
	static const char *const types[] = { "service", "batch", "system" };

	for (size_t i = 0; i < 3; i++) {
		struct alloc_run *run = begin(make_alloc(types[i], names, 1));
		struct alloc_saved saved;

		expect_action(run, RUN_START, 0);
		alloc_run_started(run, 0, at(1001));
		alloc_run_save(run, &saved);
		alloc_run_free(run);
		run = alloc_run_new(
		    make_alloc(types[i], names, 1), 1, 30000, at(9000), NULL);
		alloc_run_restore(run, &saved);
		rec_clear(&alloc_saved_type, &saved);
		alloc_run_vanished(run, 0, at(9001));
		alloc_run_tick(run, at(90000));
		if (i < 2) {
			expect_nothing(run);
			ck_assert_str_eq(run->client_status, "pending");
		}
		alloc_run_heard(run, at(90001));
		expect_action(run, RUN_START, 0);
		expect_nothing(run);
		alloc_run_free(run);
	}
}
END_TEST

/* It has another one in its place: what was lost never starts. */
START_TEST(allocrun_ends_what_was_lost_and_is_not_wanted)
{
	static const char *const names[] = { "t" };
	struct alloc_run *run = begin(make_alloc("service", names, 1));
	struct alloc_saved saved;

	expect_action(run, RUN_START, 0);
	alloc_run_started(run, 0, at(1001));
	alloc_run_save(run, &saved);
	alloc_run_free(run);
	run = alloc_run_new(
	    make_alloc("service", names, 1), 1, 30000, at(9000), NULL);
	alloc_run_restore(run, &saved);
	rec_clear(&alloc_saved_type, &saved);
	alloc_run_vanished(run, 0, at(9001));
	alloc_run_stop(run, at(9002));
	alloc_run_heard(run, at(9003));
	expect_nothing(run);
	ck_assert(alloc_run_is_done(run));
	ck_assert_str_eq(run->client_status, "complete");
	alloc_run_free(run);
}
END_TEST

START_TEST(allocrun_knows_its_tasks_by_name)
{
	static const char *const names[] = { "a", "b" };
	static const char *const turned[] = { "b", "a" };
	static const char *const other[] = { "a", "c" };
	struct alloc_run *run = begin(make_alloc("service", names, 2));
	struct err err;

	expect_action(run, RUN_START, 0);
	expect_action(run, RUN_START, 1);
	alloc_run_started(run, 0, at(1001));
	alloc_run_started(run, 1, at(1001));
	alloc_run_update(run, make_alloc("service", turned, 2), at(2000));
	expect_nothing(run);
	ck_assert_str_eq(run->tasks[0].task->name, "a");
	ck_assert_int_eq(alloc_run_restart(run, "a", at(2001), &err), 0);
	expect_action(run, RUN_KILL, 0);
	expect_nothing(run);
	/* Other names are no update in place: all ends. */
	alloc_run_update(run, make_alloc("service", other, 2), at(3000));
	expect_action(run, RUN_KILL, 1);
	ck_assert(run->stopping);
	alloc_run_free(run);
}
END_TEST

START_TEST(allocrun_is_healthy_after_min_healthy_time)
{
	static const char *const names[] = { "t" };
	struct alloc *a = make_alloc("service", names, 1);
	struct alloc_run *run;

	a->deployment_id = xstrdup("d1");
	run = begin(a);
	expect_action(run, RUN_START, 0);
	alloc_run_started(run, 0, at(1001));
	ck_assert_uint_eq(alloc_run_wake_ms(run), 11001);
	alloc_run_tick(run, at(11000));
	ck_assert(!run->has_health);
	alloc_run_tick(run, at(11001));
	ck_assert(run->has_health && run->healthy);
	alloc_run_free(run);
}
END_TEST

/* What a drain waits for: of batch jobs it asks nothing. */
START_TEST(allocrun_judges_a_service_by_its_migrate_block)
{
	static const char *const names[] = { "t" };
	static const char *const types[] = { "service", "batch" };

	for (size_t i = 0; i < 2; i++) {
		struct alloc *a = make_alloc(types[i], names, 1);
		struct task_group *g = &a->job->task_groups[0];
		struct alloc_run *run;

		g->migrate = xcalloc(1, sizeof *g->migrate);
		g->migrate->has_min_healthy_time = true;
		g->migrate->min_healthy_time = CLOCK_NS_PER_S;
		run = begin(a);
		alloc_run_started(run, 0, at(1001));
		alloc_run_tick(run, at(2000));
		ck_assert(!run->has_health);
		alloc_run_tick(run, at(2001));
		ck_assert(run->has_health == (i == 0));
		ck_assert(run->healthy == (i == 0));
		alloc_run_free(run);
	}
}
END_TEST

START_TEST(allocrun_is_unhealthy_at_the_deadline)
{
	static const char *const names[] = { "t" };
	struct alloc *a = make_alloc("service", names, 1);
	struct alloc_run *run;

	a->deployment_id = xstrdup("d1");
	run = begin(a);
	ck_assert_uint_eq(alloc_run_wake_ms(run), 301000);
	alloc_run_tick(run, at(300999));
	ck_assert(!run->has_health);
	alloc_run_tick(run, at(301000));
	ck_assert(run->has_health && !run->healthy);
	ck_assert_uint_eq(alloc_run_wake_ms(run), 0);
	alloc_run_free(run);
}
END_TEST

/* A job whose group has a service with a check, in a deployment. */
static struct alloc *
make_checked(void)
{
	static const char *const names[] = { "t" };
	struct alloc *a = make_alloc("service", names, 1);
	struct task_group *g = &a->job->task_groups[0];

	a->deployment_id = xstrdup("d1");
	g->services = xcalloc(1, sizeof *g->services);
	g->nservices = 1;
	g->services[0].name = xstrdup("web");
	g->services[0].checks = xcalloc(1, sizeof *g->services[0].checks);
	g->services[0].nchecks = 1;
	g->services[0].checks[0].type = xstrdup("tcp");
	g->update = xcalloc(1, sizeof *g->update);
	g->update->health_check = xstrdup("checks");
	return a;
}

static const char *
last_event(const struct alloc_run *run, const char **type)
{
	const struct task_state *s = &run->tasks[0].state;

	*type = s->events[s->nevents - 1].type;
	return s->events[s->nevents - 1].display_message;
}

START_TEST(allocrun_is_healthy_when_its_checks_are)
{
	struct alloc_run *run = begin(make_checked());

	expect_action(run, RUN_START, 0);
	alloc_run_started(run, 0, at(1001));
	alloc_run_set_checks(run, "web", at(1001));
	alloc_run_tick(run, at(20000));
	ck_assert(!run->has_health);
	ck_assert_uint_eq(alloc_run_wake_ms(run), 301000);
	alloc_run_set_checks(run, NULL, at(20000));
	ck_assert_uint_eq(alloc_run_wake_ms(run), 30000);
	/* Ill for a moment: the time counts anew. */
	alloc_run_set_checks(run, "web", at(25000));
	alloc_run_set_checks(run, NULL, at(26000));
	alloc_run_tick(run, at(30000));
	ck_assert(!run->has_health);
	alloc_run_tick(run, at(36000));
	ck_assert(run->has_health && run->healthy);
	alloc_run_free(run);
}
END_TEST

START_TEST(allocrun_tells_which_service_is_ill_at_the_deadline)
{
	struct alloc_run *run = begin(make_checked());
	const char *type, *text;

	expect_action(run, RUN_START, 0);
	alloc_run_started(run, 0, at(1001));
	alloc_run_set_checks(run, "web", at(1001));
	alloc_run_tick(run, at(301000));
	ck_assert(run->has_health && !run->healthy);
	text = last_event(run, &type);
	ck_assert_str_eq(type, "Alloc Unhealthy");
	ck_assert_str_eq(text, "Services not healthy by deadline: web");
	alloc_run_free(run);
}
END_TEST

START_TEST(allocrun_looks_at_no_checks_by_task_states_and_at_nothing_by_hand)
{
	static const struct {
		const char *way;
		bool healthy;
	} rows[] = { { "task_states", true }, { "manual", false } };

	for (size_t i = 0; i < 2; i++) {
		struct alloc *a = make_checked();
		struct update_strategy *u = a->job->task_groups[0].update;
		struct alloc_run *run;

		free(u->health_check);
		u->health_check = xstrdup(rows[i].way);
		run = begin(a);
		expect_action(run, RUN_START, 0);
		alloc_run_started(run, 0, at(1001));
		alloc_run_set_checks(run, "web", at(1001));
		alloc_run_tick(run, at(11001));
		ck_assert(run->has_health == rows[i].healthy);
		alloc_run_tick(run, at(400000));
		ck_assert(run->has_health == rows[i].healthy);
		alloc_run_free(run);
	}
}
END_TEST

START_TEST(allocrun_restarts_within_policy_what_a_check_calls_unhealthy)
{
	struct alloc_run *run = begin(make_checked());
	const struct task_state *s = &run->tasks[0].state;

	expect_action(run, RUN_START, 0);
	alloc_run_started(run, 0, at(1001));
	alloc_run_unhealthy(run, "other", "alive", at(2000));
	expect_nothing(run);
	alloc_run_unhealthy(run, "", "alive", at(2000));
	ck_assert_str_eq(s->events[s->nevents - 2].type, "Restart Signaled");
	ck_assert_str_eq(s->events[s->nevents - 2].display_message,
	    "healthcheck: check \"alive\" unhealthy");
	expect_action(run, RUN_KILL, 0);
	end_with(run, 0, 0, 2100);
	ck_assert_int_eq(run->tasks[0].count.count, 1);
	alloc_run_tick(run, at(5000));
	expect_action(run, RUN_START, 0);
	alloc_run_started(run, 0, at(5001));
	/* The policy allows one: the next is its end. */
	alloc_run_unhealthy(run, "t", "alive", at(6000));
	expect_action(run, RUN_KILL, 0);
	end_with(run, 0, 0, 6100);
	ck_assert_str_eq(run->client_status, "failed");
	alloc_run_free(run);
}
END_TEST

START_TEST(signals_are_read_by_name_and_number)
{
	ck_assert_int_eq(signal_parse("SIGINT"), SIGINT);
	ck_assert_int_eq(signal_parse("hup"), SIGHUP);
	ck_assert_int_eq(signal_parse("9"), SIGKILL);
	ck_assert_int_eq(signal_parse("SIGIO"), SIGIO);
	ck_assert_int_eq(signal_parse("SIGIOT"), SIGABRT);
	ck_assert_int_eq(signal_parse("SIGNOPE"), -1);
	ck_assert_int_eq(signal_parse("0"), -1);
}
END_TEST

UNIT_MAIN("allocrun", allocrun_begins_when_it_is_let_go,
    allocrun_that_is_held_ends_when_it_is_told_to,
    allocrun_runs_a_batch_task_to_its_end,
    allocrun_restarts_a_service_and_then_gives_up,
    allocrun_stops_with_signal_and_time,
    allocrun_stops_a_task_that_is_just_starting, allocrun_follows_the_lifecycle,
    allocrun_takes_siblings_down_with_a_failed_task,
    allocrun_goes_on_from_what_was_saved,
    allocrun_starts_what_was_lost_when_the_servers_are_heard,
    allocrun_ends_what_was_lost_and_is_not_wanted,
    allocrun_knows_its_tasks_by_name,
    allocrun_is_healthy_after_min_healthy_time,
    allocrun_judges_a_service_by_its_migrate_block,
    allocrun_is_unhealthy_at_the_deadline,
    allocrun_is_healthy_when_its_checks_are,
    allocrun_tells_which_service_is_ill_at_the_deadline,
    allocrun_looks_at_no_checks_by_task_states_and_at_nothing_by_hand,
    allocrun_restarts_within_policy_what_a_check_calls_unhealthy,
    signals_are_read_by_name_and_number)
