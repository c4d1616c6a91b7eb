/* What the record of a node tells of what became of it. */
#include "tests/lib/unit.h"

#include "cmd/schedd/fsm.h"
#include "common/text.h"

#define NODE "11111111-0000-4000-8000-000000000001"

static struct sched_state st;
static uint64_t at;

static void
begin(void)
{
	sched_state_init(&st);
	at = 0;
}

static void
apply(struct cmd *cmd)
{
	struct fsm_reply reply = { 0 };

	cmd->time = 1000;
	fsm_apply_cmd(&st, ++at, cmd, &reply);
	ck_assert_int_eq(reply.err.code, ERR_NONE);
}

static void
registers(void)
{
	struct cmd_node_register r = { .node = { .id = text_borrow(NODE),
					   .status = text_borrow("ready") } };
	struct cmd cmd = { .node_register = &r };

	apply(&cmd);
}

static void
is_called(const char *status)
{
	struct node_event e = { .subsystem = text_borrow("Cluster"),
		.message = text_borrow(status) };
	struct cmd_node_status s = { .node_id = text_borrow(NODE),
		.status = text_borrow(status),
		.events = &e,
		.nevents = 1 };
	struct cmd cmd = { .node_status = &s };

	apply(&cmd);
}

static void
drains(struct drain_strategy *strategy, bool complete)
{
	struct cmd_node_drain d = { .node_id = text_borrow(NODE),
		.strategy = strategy,
		.complete = complete };
	struct cmd cmd = { .node_drain = &d };

	apply(&cmd);
}

/* The n events that there are, oldest first. */
static void
expect_events(const char *const *messages, size_t n)
{
	const struct node *node = sched_node_find(&st, NODE)->node;

	ck_assert_uint_eq(node->nevents, n);
	for (size_t i = 0; i < n; i++)
		ck_assert_str_eq(node->events[i].message, messages[i]);
	sched_state_release(&st);
}

START_TEST(a_node_that_was_down_registers_again)
{
	static const char *const messages[] = { "Node registered", "down",
		"Node re-registered" };

	begin();
	registers();
	registers(); /* its daemon was started anew, in time */
	is_called("down");
	registers();
	registers();
	expect_events(messages, 3);
}
END_TEST

START_TEST(a_status_that_is_there_already_is_no_event)
{
	static const char *const messages[] = { "Node registered", "down",
		"ready" };

	begin();
	registers();
	is_called("down");
	is_called("ready");
	is_called("ready");
	expect_events(messages, 3);
}
END_TEST

START_TEST(a_drain_tells_how_it_ended)
{
	static const char *const messages[] = { "Node registered",
		"Node drain strategy set", "Node drain strategy updated",
		"Node drain disabled", "Node drain strategy set",
		"Node drain complete" };
	struct drain_strategy s = { .deadline = 1 };

	begin();
	registers();
	drains(&s, false);
	drains(&s, false);
	drains(NULL, false);
	drains(NULL, false); /* there is none any more */
	drains(&s, false);
	drains(NULL, true);
	expect_events(messages, 6);
}
END_TEST

UNIT_MAIN("fsm_node", a_node_that_was_down_registers_again,
    a_status_that_is_there_already_is_no_event, a_drain_tells_how_it_ended)
