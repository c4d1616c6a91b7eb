#include "tests/lib/unit.h"

#include <string.h>

#include "cmd/schedd/reconcile.h"
#include "cmd/schedd/state_put.h"
#include "common/mem.h"

#define NOW  INT64_C(946684800000000000)
#define UP   "11111111-0000-4000-8000-000000000001"
#define DOWN "22222222-0000-4000-8000-000000000002"

static struct sched_state st;
static struct arena arena;
static struct rng rng;
static struct eval eval;
static struct sched_job *sj;
static enum reconcile_change verdict;

static enum reconcile_change
compare(void *ctx, const struct sched_alloc *a, const struct task_group *tg)
{
	(void)ctx;
	(void)a;
	(void)tg;
	return verdict;
}

static void
put_node(const char *id, const char *status)
{
	struct node *n = xcalloc(1, sizeof *n);

	n->id = xstrdup(id);
	n->status = xstrdup(status);
	sched_put_node(&st, n, 1);
}

static struct task_group *
setup(int64_t count)
{
	struct job *j = xcalloc(1, sizeof *j);
	struct task_group *g = xcalloc(1, sizeof *g);

	sched_state_init(&st);
	rng_init(&rng, 3);
	put_node(UP, "ready");
	put_node(DOWN, "down");
	*g = (struct task_group){ .name = xstrdup("g"), .count = count };
	*j = (struct job){ .id = xstrdup("web"),
		.namespace = xstrdup("default"),
		.type = xstrdup("service"),
		.version = 1,
		.task_groups = g,
		.ntask_groups = 1 };
	sj = sched_job_have(&st, "default", "web");
	sched_put_version(&st, sj, j);
	eval = (struct eval){ .id = "e",
		.namespace = "default",
		.job_id = "web",
		.type = "service" };
	verdict = RECONCILE_SAME;
	return g;
}

static void
put_alloc(uint32_t no, const char *node, const char *client)
{
	char *id = xasprintf("aaaaaaaa-0000-4000-8000-%012u", no);
	char *name = xasprintf("web.g[%u]", no);
	struct task_state ts = {
		.key = "t", .state = "dead", .failed = true, .finished_at = NOW
	};
	struct alloc a = { .id = id,
		.name = name,
		.namespace = "default",
		.job_id = "web",
		.node_id = (char *)(uintptr_t)node,
		.task_group = "g",
		.desired_status = "run",
		.client_status = (char *)(uintptr_t)client,
		.job_version = 1 };

	if (strcmp(client, "failed") == 0) {
		a.task_states = &ts;
		a.ntask_states = 1;
	}
	sched_put_alloc(&st, &a, 1);
	free(id);
	free(name);
}

static void
run(struct reconcile *out)
{
	struct reconcile_in in = { .st = &st,
		.sj = sj,
		.job = sj->job,
		.eval = &eval,
		.now = NOW,
		.arena = &arena,
		.rng = &rng,
		.compare = compare };

	reconcile(&in, out);
}

static void
teardown(struct reconcile *out)
{
	reconcile_release(out);
	arena_release(&arena);
	sched_state_release(&st);
}

START_TEST(reconcile_gives_missing_numbers_out_again)
{
	struct reconcile out;

	setup(3);
	put_alloc(0, UP, "running");
	put_alloc(2, UP, "running");
	run(&out);
	ck_assert_uint_eq(out.nplaces, 1);
	ck_assert_uint_eq(out.places[0].name_index, 1);
	ck_assert_ptr_null(out.places[0].previous);
	ck_assert_uint_eq(out.desired[0].ignore, 2);
	teardown(&out);
}
END_TEST

START_TEST(reconcile_stops_the_highest_numbers_first)
{
	struct reconcile out;

	setup(1);
	for (uint32_t i = 0; i < 3; i++)
		put_alloc(i, UP, "running");
	run(&out);
	ck_assert_uint_eq(out.nstops, 2);
	for (size_t i = 0; i < 2; i++) {
		ck_assert_uint_ge(out.stops[i].alloc->name_index, 1);
		ck_assert_str_eq(
		    out.stops[i].description, reconcile_not_needed);
	}
	teardown(&out);
}
END_TEST

START_TEST(reconcile_replaces_what_was_on_a_dead_node)
{
	struct reconcile out;

	setup(2);
	put_alloc(0, DOWN, "running");
	put_alloc(1, UP, "running");
	run(&out);
	ck_assert_uint_eq(out.nstops, 1);
	ck_assert_str_eq(out.stops[0].client_status, "lost");
	ck_assert_uint_eq(out.nplaces, 1);
	ck_assert_uint_eq(out.places[0].name_index, 0);
	ck_assert_ptr_eq(out.places[0].previous, out.stops[0].alloc);
	teardown(&out);
}
END_TEST

START_TEST(reconcile_updates_as_many_at_a_time_as_it_may)
{
	struct task_group *g = setup(3);
	struct reconcile out;

	g->update = xcalloc(1, sizeof *g->update);
	g->update->max_parallel = 2;
	verdict = RECONCILE_REPLACE;
	for (uint32_t i = 0; i < 3; i++)
		put_alloc(i, UP, "running");
	run(&out);
	ck_assert_uint_eq(out.nplaces, 2);
	ck_assert(out.places[0].stop_previous && out.places[1].stop_previous);
	ck_assert_uint_eq(out.desired[0].destructive_update, 2);
	ck_assert_uint_eq(out.desired[0].ignore, 1);
	ck_assert_ptr_nonnull(out.deployment);
	ck_assert_int_eq(out.deployment->task_groups[0].desired_total, 3);
	teardown(&out);
}
END_TEST

START_TEST(reconcile_places_canaries_and_nothing_else)
{
	struct task_group *g = setup(3);
	struct reconcile out;

	g->update = xcalloc(1, sizeof *g->update);
	g->update->max_parallel = 1;
	g->update->canary = 1;
	verdict = RECONCILE_REPLACE;
	for (uint32_t i = 0; i < 3; i++)
		put_alloc(i, UP, "running");
	run(&out);
	ck_assert_uint_eq(out.nplaces, 1);
	ck_assert(out.places[0].canary);
	ck_assert_uint_eq(out.nstops, 0);
	ck_assert_str_eq(out.deployment->status_description,
	    "Deployment is running but requires manual promotion");
	teardown(&out);
}
END_TEST

START_TEST(reconcile_waits_before_it_tries_again)
{
	struct task_group *g = setup(1);
	struct reconcile out;

	g->reschedule_policy = xcalloc(1, sizeof *g->reschedule_policy);
	*g->reschedule_policy = (struct reschedule_policy){
		.unlimited = true,
		.delay = INT64_C(60000000000),
		.delay_function = xstrdup("constant"),
	};
	put_alloc(0, UP, "failed");
	run(&out);
	ck_assert_uint_eq(out.nplaces, 0);
	ck_assert_uint_eq(out.nfollowups, 1);
	ck_assert_int_eq(
	    out.followups[0].wait_until, NOW + INT64_C(60000000000));
	ck_assert_uint_eq(out.nupdates, 1);
	ck_assert_int_eq(out.updates[0].kind, RECONCILE_FOLLOW_UP);
	ck_assert_str_eq(out.updates[0].followup, out.followups[0].id);
	teardown(&out);
}
END_TEST

START_TEST(reconcile_stops_all_of_a_stopped_job)
{
	struct reconcile out;

	setup(2);
	sj->job->stop = true;
	put_alloc(0, UP, "running");
	put_alloc(1, UP, "complete");
	run(&out);
	ck_assert_uint_eq(out.nstops, 1);
	ck_assert_uint_eq(out.stops[0].alloc->name_index, 0);
	ck_assert_uint_eq(out.nplaces, 0);
	teardown(&out);
}
END_TEST

UNIT_MAIN("reconcile", reconcile_gives_missing_numbers_out_again,
    reconcile_stops_the_highest_numbers_first,
    reconcile_replaces_what_was_on_a_dead_node,
    reconcile_updates_as_many_at_a_time_as_it_may,
    reconcile_places_canaries_and_nothing_else,
    reconcile_waits_before_it_tries_again, reconcile_stops_all_of_a_stopped_job)
