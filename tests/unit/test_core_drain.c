/* Nodes that are drained, by an operator or by themselves. */
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "tests/lib/coreworld.h"
#include "tests/lib/unit.h"

static struct coreworld w;

START_TEST(core_empties_a_draining_node)
{
	struct drain_spec now = { .deadline = -1 };
	struct rec_kv why = { text_borrow("message"), text_borrow("disk") };
	struct node_update_drain_request drain = {
		.drain_spec = &now, .meta = &why, .nmeta = 1
	};
	const struct node *node;
	size_t full = 0;

	coreworld_init(&w, COREWORLD_ROOM);
	coreworld_register_job(&w, "web", 4, 400);
	while (coreworld_live_on(&w, "web", full) == 0)
		full++;
	sched_core_node_drain(
	    w.core, coreworld_ask(&w), coreworld_node_id(full), &drain);
	coreworld_settle(&w);
	coreworld_pass(&w, 2000);
	ck_assert_uint_eq(coreworld_live_on(&w, "web", full), 0);
	ck_assert_uint_eq(coreworld_live(&w, "web"), 4);
	node = coreworld_node(&w, full)->node;
	/* They still run there, until the node says that they have ended. */
	ck_assert(node->drain);
	coreworld_end_stopped(&w, full);
	node = coreworld_node(&w, full)->node;
	ck_assert(!node->drain);
	ck_assert_str_eq(node->last_drain->status, "complete");
	ck_assert_str_eq(rec_kv_get(node->last_drain->meta,
			     node->last_drain->nmeta, "message"),
	    "disk");
	coreworld_release(&w);
}
END_TEST

START_TEST(core_tells_a_drain_that_was_ended_from_one_that_is_over)
{
	struct drain_spec spec = { .deadline = 0 };
	struct node_update_drain_request drain = { .drain_spec = &spec };
	struct node_update_drain_request end = { 0 };
	const struct node *node;
	size_t full = 0;

	coreworld_init(&w, COREWORLD_ROOM);
	coreworld_register_job(&w, "web", 4, 400);
	while (coreworld_live_on(&w, "web", full) == 0)
		full++;
	sched_core_node_drain(
	    w.core, coreworld_ask(&w), coreworld_node_id(full), &drain);
	sched_core_node_drain(
	    w.core, coreworld_ask(&w), coreworld_node_id(full), &end);
	coreworld_settle(&w);
	node = coreworld_node(&w, full)->node;
	ck_assert(!node->drain);
	ck_assert_str_eq(node->last_drain->status, "canceled");
	ck_assert_str_eq(node->scheduling_eligibility, "ineligible");
	coreworld_release(&w);
}
END_TEST

START_TEST(core_has_a_node_drain_itself_and_come_back)
{
	struct node_drain_ask ask_it = { .node_id =
					     text_borrow(coreworld_node_id(0)),
		.secret_id = text_borrow("s"),
		.deadline = -1 };
	struct node_drain_ask wrong = { .node_id =
					    text_borrow(coreworld_node_id(0)),
		.secret_id = text_borrow("x") };
	const struct sched_node *n;
	uint64_t req;

	coreworld_init(&w, COREWORLD_ROOM);
	coreworld_register_job(&w, "web", 4, 400);
	sched_core_node_self_drain(w.core, req = coreworld_ask(&w), &wrong);
	coreworld_settle(&w);
	ck_assert_int_eq(coreworld_refused(&w, req), ERR_DENIED);
	sched_core_node_self_drain(w.core, coreworld_ask(&w), &ask_it);
	coreworld_settle(&w);
	coreworld_pass(&w, 2000);
	ck_assert_uint_eq(coreworld_live_on(&w, "web", 0), 0);
	ck_assert_uint_eq(coreworld_live(&w, "web"), 4);
	coreworld_end_stopped(&w, 0);
	ask_it.look = true;
	sched_core_node_self_drain(w.core, req = coreworld_ask(&w), &ask_it);
	coreworld_settle(&w);
	ck_assert_ptr_nonnull(
	    strstr(buf_str(&w.answers[req].body), "\"Done\":true"));
	n = coreworld_node(&w, 0);
	ck_assert_str_eq(n->node->scheduling_eligibility, "ineligible");
	ask_it.look = false;
	ask_it.back = true;
	sched_core_node_self_drain(w.core, coreworld_ask(&w), &ask_it);
	coreworld_settle(&w);
	n = coreworld_node(&w, 0);
	ck_assert_str_eq(n->node->scheduling_eligibility, "eligible");
	coreworld_release(&w);
}
END_TEST

/* Node 0 drains itself, or says that it is back. */
static const struct node *
self_drain(bool back)
{
	struct node_drain_ask m = { .node_id =
					text_borrow(coreworld_node_id(0)),
		.secret_id = text_borrow("s"),
		.deadline = -1,
		.back = back };

	sched_core_node_self_drain(w.core, coreworld_ask(&w), &m);
	coreworld_settle(&w);
	return coreworld_node(&w, 0)->node;
}

static const char *
drain_message(const struct node *n)
{
	const char *s =
	    rec_kv_get(n->last_drain->meta, n->last_drain->nmeta, "message");

	return s != NULL ? s : "none";
}

START_TEST(core_leaves_a_node_that_leaves_to_the_operator_who_drained_it)
{
	struct drain_spec spec = { .deadline = 3 * CLOCK_NS_PER_S };
	struct rec_kv why = { text_borrow("message"), text_borrow("disk") };
	struct node_update_drain_request drain = {
		.drain_spec = &spec, .meta = &why, .nmeta = 1
	};
	const struct node *n;

	coreworld_init(&w, COREWORLD_ROOM);
	coreworld_register_job(&w, "web", 4, 400);
	/* Under way: it goes on as it is. */
	sched_core_node_drain(
	    w.core, coreworld_ask(&w), coreworld_node_id(0), &drain);
	coreworld_settle(&w);
	n = self_drain(false);
	ck_assert_int_eq(n->drain_strategy->deadline, spec.deadline);
	ck_assert_str_eq(drain_message(n), "disk");
	coreworld_pass(&w, 4000);
	coreworld_end_stopped(&w, 0);
	n = self_drain(true);
	ck_assert_str_eq(n->last_drain->status, "complete");
	ck_assert_str_eq(n->scheduling_eligibility, "ineligible");
	/* Over: what system jobs it ran may go yet. */
	n = self_drain(false);
	ck_assert_str_eq(drain_message(n), "disk");
	coreworld_pass(&w, 2000);
	n = self_drain(true);
	ck_assert_str_eq(n->scheduling_eligibility, "ineligible");
	ck_assert_str_eq(drain_message(n), "disk");
	coreworld_release(&w);
}
END_TEST

static void
make_eligible(bool eligible)
{
	sched_core_node_eligibility(
	    w.core, coreworld_ask(&w), coreworld_node_id(0), eligible);
	coreworld_settle(&w);
}

START_TEST(core_leaves_a_node_as_the_operator_has_made_it_since_it_left)
{
	struct drain_spec spec = { .deadline = -1 };
	struct node_update_drain_request drain = { .drain_spec = &spec };
	const struct node *n;

	coreworld_init(&w, COREWORLD_ROOM);
	coreworld_register_job(&w, "web", 4, 400);
	/* By a drain that says nothing of why, while it drains itself. */
	n = self_drain(false);
	ck_assert_ptr_nonnull(n->drain_strategy);
	ck_assert_str_eq(drain_message(n), "shutting down");
	sched_core_node_drain(
	    w.core, coreworld_ask(&w), coreworld_node_id(0), &drain);
	coreworld_settle(&w);
	n = self_drain(true);
	ck_assert_ptr_nonnull(n->drain_strategy);
	ck_assert_str_eq(drain_message(n), "none");
	coreworld_pass(&w, 2000);
	coreworld_end_stopped(&w, 0);
	n = self_drain(true);
	ck_assert_str_eq(n->scheduling_eligibility, "ineligible");
	make_eligible(true);
	/* Before it drains itself, and after. */
	make_eligible(false);
	self_drain(false);
	n = self_drain(true);
	ck_assert_str_eq(n->scheduling_eligibility, "ineligible");
	make_eligible(true);
	n = self_drain(false);
	ck_assert_str_eq(drain_message(n), "shutting down");
	make_eligible(false);
	n = self_drain(true);
	ck_assert_str_eq(n->scheduling_eligibility, "ineligible");
	/* Not since, after all. */
	make_eligible(true);
	self_drain(false);
	n = self_drain(true);
	ck_assert_str_eq(n->scheduling_eligibility, "eligible");
	coreworld_release(&w);
}
END_TEST

UNIT_MAIN("core_drain", core_empties_a_draining_node,
    core_tells_a_drain_that_was_ended_from_one_that_is_over,
    core_has_a_node_drain_itself_and_come_back,
    core_leaves_a_node_that_leaves_to_the_operator_who_drained_it,
    core_leaves_a_node_as_the_operator_has_made_it_since_it_left)
