/* Deployments, from the first allocation to success or failure. */
#include <stdio.h>
#include <stdlib.h>

#include "common/mem.h"
#include "common/text.h"
#include "tests/lib/coreworld.h"
#include "tests/lib/unit.h"

static struct coreworld w;

/* All allocations of the job that run say how they are. */
static void
all_are(const char *job, const char *status, bool healthy)
{
	struct alloc_deployment_status health = { .has_healthy = true,
		.healthy = healthy };
	const struct sched_job *j = coreworld_job(&w, job);
	struct alloc allocs[8] = { 0 };
	char nodes[8][SCHED_ID_SIZE];
	const struct sched_alloc *a;
	size_t n = 0;

	TAILQ_FOREACH (a, &j->allocs, by_job) {
		ck_assert_uint_lt(n, 8);
		if (sched_alloc_is_terminal(a))
			continue;
		allocs[n].id = xstrdup(a->id);
		allocs[n].client_status = text_borrow(status);
		allocs[n].deployment_status = &health;
		snprintf(nodes[n++], sizeof nodes[0], "%s", a->node->id);
	}
	for (size_t i = 0; i < n; i++) {
		struct node_update m = { .node_id = nodes[i],
			.secret_id = "s",
			.allocs = &allocs[i],
			.nallocs = 1 };

		sched_core_node_update(w.core, coreworld_ask(&w), &m);
		coreworld_settle(&w);
		free(allocs[i].id);
	}
}

static void
all_healthy(const char *job)
{
	all_are(job, "running", true);
}

static const struct deployment *
deployment_of(const char *job)
{
	const struct sched_deployment *d =
	    sched_deployment_latest(coreworld_job(&w, job));

	ck_assert_ptr_nonnull(d);
	return &d->rec;
}

START_TEST(core_sees_a_deployment_through)
{
	coreworld_init(&w, COREWORLD_ROOM);
	coreworld_register_job(&w, "web", 2, 100);
	ck_assert_str_eq(deployment_of("web")->status, "running");
	all_healthy("web");
	ck_assert_str_eq(deployment_of("web")->status, "successful");
	ck_assert(coreworld_job(&w, "web")->job->stable);
	coreworld_release(&w);
}
END_TEST

START_TEST(core_fails_a_deployment_without_progress)
{
	coreworld_init(&w, COREWORLD_ROOM);
	coreworld_register_job(&w, "web", 2, 100);
	all_healthy("web");
	coreworld_register_job(&w, "web", 2, 200);
	ck_assert_str_eq(deployment_of("web")->status, "running");
	coreworld_pass(&w, 601000);
	ck_assert_str_eq(deployment_of("web")->status, "failed");
	ck_assert_str_eq(deployment_of("web")->status_description,
	    "Failed due to progress deadline");
	coreworld_release(&w);
}
END_TEST

START_TEST(core_replaces_what_fails_while_a_deployment_goes_on)
{
	coreworld_init(&w, COREWORLD_ROOM);
	coreworld_register_job(&w, "web", 2, 100);
	all_are("web", "failed", false);
	ck_assert_uint_eq(coreworld_live(&w, "web"), 0);
	coreworld_pass(&w, 40000);
	ck_assert_uint_eq(coreworld_live(&w, "web"), 2);
	ck_assert_str_eq(deployment_of("web")->status, "running");
	ck_assert_int_eq(deployment_of("web")->task_groups[0].placed_allocs, 4);
	all_healthy("web");
	ck_assert_str_eq(deployment_of("web")->status, "successful");
	coreworld_release(&w);
}
END_TEST

UNIT_MAIN("core_deploy", core_sees_a_deployment_through,
    core_fails_a_deployment_without_progress,
    core_replaces_what_fails_while_a_deployment_goes_on)
