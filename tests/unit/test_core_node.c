/* Nodes that register, renew, fall silent and tell how things go. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/text.h"
#include "tests/lib/coreworld.h"
#include "tests/lib/unit.h"

static struct coreworld w;

START_TEST(core_knows_a_node_by_its_secret)
{
	struct node_lease m = { .node_id =
				    (char *)(uintptr_t)coreworld_node_id(0),
		.secret_id = "other",
		.status = "ready" };
	uint64_t req;

	coreworld_init(&w, COREWORLD_ROOM);
	ck_assert(sched_core_knows_node(w.core, coreworld_node_id(0), "s"));
	ck_assert(
	    !sched_core_knows_node(w.core, coreworld_node_id(0), "other"));
	req = coreworld_ask(&w);
	sched_core_node_lease(w.core, req, &m);
	coreworld_settle(&w);
	ck_assert_int_eq(coreworld_refused(&w, req), ERR_DENIED);
	m.node_id = "nobody";
	req = coreworld_ask(&w);
	sched_core_node_lease(w.core, req, &m);
	coreworld_settle(&w);
	ck_assert_ptr_nonnull(
	    strstr(buf_str(&w.answers[req].body), "\"Known\":false"));
	coreworld_release(&w);
}
END_TEST

START_TEST(core_registers_no_node_that_is_not_whole_or_another_ones)
{
	struct node_register m = {
		.node = { .id = (char *)(uintptr_t)coreworld_node_id(0),
		    .name = "n",
		    .secret_id = "other" }
	};
	uint64_t req;

	coreworld_init(&w, COREWORLD_ROOM);
	sched_core_node_register(w.core, req = coreworld_ask(&w), &m);
	coreworld_settle(&w);
	ck_assert_int_eq(
	    coreworld_refused(&w, req), ERR_BAD); /* of no datacenter */
	m.node.datacenter = "dc1";
	sched_core_node_register(w.core, req = coreworld_ask(&w), &m);
	coreworld_settle(&w);
	ck_assert_int_eq(coreworld_refused(&w, req), ERR_DENIED);
	coreworld_release(&w);
}
END_TEST

START_TEST(core_replaces_what_ran_on_a_lost_node)
{
	size_t lost = 0;

	coreworld_init(&w, COREWORLD_ROOM);
	coreworld_register_job(&w, "web", 4, 400);
	while (coreworld_live_on(&w, "web", lost) == 0)
		lost++;
	coreworld_pass_without(&w, 8000, lost);
	ck_assert_str_eq(coreworld_node(&w, lost)->node->status, "down");
	ck_assert_uint_eq(coreworld_live_on(&w, "web", lost), 0);
	ck_assert_uint_eq(coreworld_live(&w, "web"), 4);
	coreworld_renew(&w, lost);
	ck_assert_str_eq(coreworld_node(&w, lost)->node->status, "ready");
	coreworld_release(&w);
}
END_TEST

START_TEST(core_writes_a_node_back_once_however_often_it_asks)
{
	struct node_lease m = { .node_id =
				    (char *)(uintptr_t)coreworld_node_id(0),
		.secret_id = "s",
		.status = "ready" };
	struct node_register r = { .node = { .id = m.node_id,
				       .name = "n",
				       .secret_id = "s",
				       .datacenter = "dc1",
				       .status = "ready" } };
	uint64_t first, second;

	coreworld_init(&w, COREWORLD_ROOM);
	coreworld_pass_without(&w, 8000, 0);
	ck_assert_str_eq(coreworld_node(&w, 0)->node->status, "down");
	w.held = true;
	sched_core_node_lease(w.core, first = coreworld_ask(&w), &m);
	coreworld_settle(&w);
	sched_core_node_lease(w.core, second = coreworld_ask(&w), &m);
	coreworld_settle(&w);
	ck_assert_uint_eq(w.nwaiting, 1);
	ck_assert_int_eq(coreworld_refused(&w, first), ERR_BUSY);
	ck_assert(!w.answers[second].answered);
	coreworld_commit_held(&w);
	ck_assert_ptr_nonnull(
	    strstr(buf_str(&w.answers[second].body), "\"Known\":true"));
	ck_assert_str_eq(coreworld_node(&w, 0)->node->status, "ready");
	/* A registration, too. */
	w.held = true;
	sched_core_node_register(w.core, first = coreworld_ask(&w), &r);
	coreworld_settle(&w);
	sched_core_node_register(w.core, second = coreworld_ask(&w), &r);
	coreworld_settle(&w);
	ck_assert_uint_eq(w.nwaiting, 1);
	ck_assert_int_eq(coreworld_refused(&w, first), ERR_BUSY);
	r.node.name = "m"; /* that is another */
	sched_core_node_register(w.core, coreworld_ask(&w), &r);
	coreworld_settle(&w);
	ck_assert_uint_eq(w.nwaiting, 2);
	coreworld_commit_held(&w);
	ck_assert_ptr_nonnull(
	    strstr(buf_str(&w.answers[second].body), "\"Known\":true"));
	/* And anew when it was lost anew. */
	coreworld_pass_without(&w, 8000, 0);
	ck_assert_str_eq(coreworld_node(&w, 0)->node->status, "down");
	coreworld_renew(&w, 0);
	ck_assert_str_eq(coreworld_node(&w, 0)->node->status, "ready");
	coreworld_release(&w);
}
END_TEST

/* A plan is on its way to a node when that is called lost. */
START_TEST(core_replaces_what_came_to_a_lost_node_at_the_last_moment)
{
	coreworld_init(&w, COREWORLD_ROOM);
	w.held = true;
	coreworld_register_job(&w, "web", 1, 400);
	coreworld_commit_waiting(&w); /* the job, not its plan */
	coreworld_run_ready(&w);
	ck_assert_uint_eq(w.nwaiting, 1);
	for (int i = 0; i < 800; i++) { /* all nodes are silent */
		w.now_ms += 10;
		coreworld_tick(&w);
	}
	ck_assert_uint_ge(w.nwaiting, 1 + COREWORLD_NODES);
	coreworld_commit_held(&w);
	coreworld_run_ready(&w);
	ck_assert_uint_eq(coreworld_live(&w, "web"), 0);
	coreworld_release(&w);
}
END_TEST

/* What makes it lost is on its way while it registers anew. */
START_TEST(core_looks_at_system_jobs_of_a_node_that_was_about_to_be_lost)
{
	struct node_register r = { 0 };

	coreworld_init(&w, COREWORLD_ROOM);
	w.kind = "system";
	coreworld_register_job(&w, "everywhere", 1, 10);
	coreworld_run_ready(&w);
	ck_assert_uint_eq(coreworld_live_on(&w, "everywhere", 0), 1);
	w.held = true;
	coreworld_pass_without(&w, 8000, 0); /* and nothing is written */
	ck_assert_uint_ge(w.nwaiting, 1);
	rec_copy(&node_type, &r.node, coreworld_node(&w, 0)->node);
	sched_core_node_register(w.core, coreworld_ask(&w), &r);
	coreworld_settle(&w);
	coreworld_commit_held(&w);
	coreworld_run_ready(&w);
	ck_assert_str_eq(coreworld_node(&w, 0)->node->status, "ready");
	ck_assert_uint_eq(coreworld_live_on(&w, "everywhere", 0), 1);
	rec_clear(&node_type, &r.node);
	coreworld_release(&w);
}
END_TEST

/* A node that was cut off stopped it by itself, and is back before it was
 * missed. */
START_TEST(core_replaces_what_a_node_gave_up)
{
	static const char *const types[] = { "service", "batch" };
	struct task_state dead = {
		.key = "t", .state = "dead", .failed = true
	};

	for (size_t i = 0; i < 2; i++) {
		struct alloc news = { .client_status = "lost",
			.task_states = &dead,
			.ntask_states = 1 };
		struct node_update m = {
			.secret_id = "s", .allocs = &news, .nallocs = 1
		};
		const struct sched_job *j;
		char *node;

		coreworld_init(&w, COREWORLD_ROOM);
		w.kind = text_borrow(types[i]);
		coreworld_register_job(&w, "web", 2, 100);
		j = coreworld_job(&w, "web");
		news.id = xstrdup(TAILQ_FIRST(&j->allocs)->id);
		m.node_id = node = xstrdup(TAILQ_FIRST(&j->allocs)->node->id);
		sched_core_node_update(w.core, coreworld_ask(&w), &m);
		coreworld_settle(&w);
		ck_assert_uint_eq(coreworld_live(&w, "web"), 2);
		ck_assert_int_eq(
		    sched_alloc_find(sched_core_state(w.core), news.id)->client,
		    SCHED_LOST);
		free(news.id);
		free(node);
		coreworld_release(&w);
	}
}
END_TEST

/* The follower that told the node had applied more than this leader has. */
START_TEST(core_refuses_news_of_what_it_does_not_know_yet)
{
	struct alloc news = { .client_status = text_borrow("running") };
	struct node_update m = {
		.secret_id = text_borrow("s"), .allocs = &news, .nallocs = 1
	};
	uint64_t req;

	coreworld_init(&w, COREWORLD_ROOM);
	m.node_id = xstrdup(coreworld_node_id(0));
	news.id = text_borrow("00000000-1111-2222-3333-444444444444");
	m.index = sched_core_state(w.core)->index + 1;
	req = coreworld_ask(&w);
	sched_core_node_update(w.core, req, &m);
	coreworld_settle(&w);
	ck_assert_int_eq(w.answers[req].act.kind, SCHED_ACT_REFUSE);
	ck_assert_int_eq(w.answers[req].act.err.code, ERR_BUSY);
	/* There by now, and it has been forgotten: that is no harm. */
	m.index = sched_core_state(w.core)->index;
	req = coreworld_ask(&w);
	sched_core_node_update(w.core, req, &m);
	coreworld_settle(&w);
	ck_assert(w.answers[req].answered);
	ck_assert_int_ne(w.answers[req].act.kind, SCHED_ACT_REFUSE);
	free(m.node_id);
	coreworld_release(&w);
}
END_TEST

START_TEST(core_drops_a_late_update)
{
	const struct sched_job *j;
	struct alloc news = { .client_status = "running" };
	struct node_update m = {
		.secret_id = "s", .allocs = &news, .nallocs = 1, .seq = 7
	};

	coreworld_init(&w, COREWORLD_ROOM);
	coreworld_register_job(&w, "web", 1, 100);
	j = coreworld_job(&w, "web");
	news.id = xstrdup(TAILQ_FIRST(&j->allocs)->id);
	m.node_id = xstrdup(TAILQ_FIRST(&j->allocs)->node->id);
	sched_core_node_update(w.core, coreworld_ask(&w), &m);
	coreworld_settle(&w);
	m.seq = 6;
	news.client_status = "pending";
	sched_core_node_update(w.core, coreworld_ask(&w), &m);
	coreworld_settle(&w);
	ck_assert_int_eq(coreworld_refused(&w, w.last_req), ERR_NONE);
	ck_assert_int_eq(TAILQ_FIRST(&j->allocs)->client, SCHED_RUNNING);
	free(news.id);
	free(m.node_id);
	coreworld_release(&w);
}
END_TEST

START_TEST(core_gives_a_new_leaders_nodes_time)
{
	coreworld_init(&w, COREWORLD_ROOM);
	coreworld_register_job(&w, "web", 2, 100);
	coreworld_lead(&w, false);
	coreworld_lead(&w, true);
	w.now_ms += 20000; /* longer than any lease, less than failover_ttl */
	coreworld_tick(&w);
	ck_assert_str_eq(coreworld_node(&w, 0)->node->status, "ready");
	coreworld_pass_without(&w, 20000, 0);
	ck_assert_str_eq(coreworld_node(&w, 0)->node->status, "down");
	coreworld_release(&w);
}
END_TEST

START_TEST(core_that_was_busy_calls_nobody_down)
{
	struct sched_core_stats stats;
	const struct sched_node *n;

	coreworld_init(&w, COREWORLD_ROOM);
	coreworld_pass(&w, 2000);
	/* For long it hears nothing, neither renewals nor its own timer. */
	w.now_ms += 20000;
	coreworld_tick(&w);
	sched_core_stats(w.core, &stats);
	ck_assert_uint_eq(stats.leases_expired, 0);
	/* Who says nothing after that is down. */
	coreworld_pass_without(&w, 6000, 0);
	sched_core_stats(w.core, &stats);
	ck_assert_uint_eq(stats.leases_expired, 1);
	n = coreworld_node(&w, 0);
	ck_assert_str_eq(n->node->status, "down");
	coreworld_release(&w);
}
END_TEST

START_TEST(core_calls_many_lost_nodes_down_some_in_each_turn)
{
	struct sched_core_stats stats;
	uint64_t before = 0;
	char id[SCHED_ID_SIZE];

	coreworld_init(&w, COREWORLD_ROOM);
	for (size_t i = COREWORLD_NODES; i < 40; i++) {
		snprintf(id, sizeof id, "%08zu-0000-4000-8000-000000000000", i);
		coreworld_register_node(&w, id);
	}
	/* All leases of a new leader end at once. */
	coreworld_lead(&w, false);
	coreworld_lead(&w, true);
	w.now_ms += 30000;
	for (int i = 0; i < 3; i++) {
		coreworld_tick(&w);
		sched_core_stats(w.core, &stats);
		ck_assert_uint_gt(stats.leases_expired, before);
		ck_assert_uint_le(stats.leases_expired, before + 16);
		before = stats.leases_expired;
		w.now_ms += 60; /* together longer than a server may be late */
	}
	ck_assert_uint_eq(before, 40);
	ck_assert_uint_eq(stats.leases_forgiven, 0);
	coreworld_release(&w);
}
END_TEST

UNIT_MAIN("core_node", core_knows_a_node_by_its_secret,
    core_registers_no_node_that_is_not_whole_or_another_ones,
    core_replaces_what_ran_on_a_lost_node,
    core_writes_a_node_back_once_however_often_it_asks,
    core_replaces_what_came_to_a_lost_node_at_the_last_moment,
    core_looks_at_system_jobs_of_a_node_that_was_about_to_be_lost,
    core_replaces_what_a_node_gave_up,
    core_refuses_news_of_what_it_does_not_know_yet, core_drops_a_late_update,
    core_gives_a_new_leaders_nodes_time, core_that_was_busy_calls_nobody_down,
    core_calls_many_lost_nodes_down_some_in_each_turn)
