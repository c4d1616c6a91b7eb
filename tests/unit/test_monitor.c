#include "cmd/rove/monitor.h"

#include <string.h>

#include "tests/lib/unit.h"

#define EVAL "7b96701e-0000-4000-8000-000000000001"

static char *
lit(const char *s)
{
	return (char *)(uintptr_t)s;
}

static struct eval
eval_of(const char *status)
{
	return (struct eval){ .id = lit(EVAL),
		.job_id = lit("fabio"),
		.status = lit(status),
		.create_index = 10 };
}

static struct alloc_stub
alloc_of(const char *id, const char *node, uint64_t create_index)
{
	return (struct alloc_stub){ .id = lit(id),
		.node_id = lit(node),
		.task_group = lit("fabio"),
		.desired_status = lit("run"),
		.client_status = lit("pending"),
		.create_index = create_index };
}

START_TEST(monitor_tells_a_run_as_the_guide_shows_it)
{
	struct monitor m;
	struct buf out = { 0 };
	struct eval e = eval_of("pending");
	struct alloc_stub allocs[] = {
		alloc_of("d0e34682-1", "28d7f859-1", 11),
		alloc_of("238ec0f7-1", "510898b6-1", 11),
	};

	monitor_init(&m, 8);
	ck_assert_int_eq(monitor_see(&m, &e, NULL, 0, &out), MONITOR_AGAIN);
	e.status = lit("complete");
	ck_assert_int_eq(monitor_see(&m, &e, allocs, 2, &out), MONITOR_DONE);
	ck_assert_str_eq(buf_str(&out),
	    "==> Monitoring evaluation \"7b96701e\"\n"
	    "    Evaluation triggered by job \"fabio\"\n"
	    "    Allocation \"d0e34682\" created: node \"28d7f859\", "
	    "group \"fabio\"\n"
	    "    Allocation \"238ec0f7\" created: node \"510898b6\", "
	    "group \"fabio\"\n"
	    "    Evaluation status changed: \"pending\" -> \"complete\"\n"
	    "==> Evaluation \"7b96701e\" finished with status \"complete\"\n");
	ck_assert_int_eq(monitor_status(&m), 0);
	monitor_release(&m);
	buf_release(&out);
}
END_TEST

START_TEST(monitor_tells_the_same_when_it_comes_late)
{
	struct monitor m;
	struct buf out = { 0 };
	struct eval e = eval_of("complete");
	struct alloc_stub a = alloc_of("d0e34682-1", "28d7f859-1", 11);

	monitor_init(&m, 8);
	ck_assert_int_eq(monitor_see(&m, &e, &a, 1, &out), MONITOR_DONE);
	ck_assert_str_eq(buf_str(&out),
	    "==> Monitoring evaluation \"7b96701e\"\n"
	    "    Evaluation triggered by job \"fabio\"\n"
	    "    Allocation \"d0e34682\" created: node \"28d7f859\", "
	    "group \"fabio\"\n"
	    "    Evaluation status changed: \"pending\" -> \"complete\"\n"
	    "==> Evaluation \"7b96701e\" finished with status \"complete\"\n");
	monitor_release(&m);
	buf_release(&out);
}
END_TEST

START_TEST(monitor_calls_an_older_allocation_modified)
{
	struct monitor m;
	struct buf out = { 0 };
	struct eval e = eval_of("pending");
	struct alloc_stub a = alloc_of("d0e34682-1", "28d7f859-1", 9);

	monitor_init(&m, 8);
	monitor_see(&m, &e, &a, 1, &out);
	buf_reset(&out);
	a.client_status = lit("failed");
	a.client_description = lit("Failed tasks");
	monitor_see(&m, &e, &a, 1, &out);
	ck_assert_str_eq(buf_str(&out),
	    "    Allocation \"d0e34682\" status changed: \"pending\" -> "
	    "\"failed\" (Failed tasks)\n");
	monitor_release(&m);
	buf_reset(&out);
	monitor_init(&m, 36);
	monitor_see(&m, &e, &a, 1, &out);
	ck_assert_ptr_nonnull(strstr(buf_str(&out),
	    "    Allocation \"d0e34682-1\" modified: node \"28d7f859-1\", "
	    "group \"fabio\"\n"));
	monitor_release(&m);
	buf_release(&out);
}
END_TEST

START_TEST(monitor_says_what_kept_an_allocation_out)
{
	struct monitor m;
	struct buf out = { 0 };
	struct eval e = eval_of("complete");
	struct rec_ki filtered = { lit("${attr.kernel.name} = windows"), 1 };
	struct alloc_metric_entry failed = { .key = lit("web"),
		.value = { .nodes_evaluated = 1,
		    .coalesced_failures = 2,
		    .constraint_filtered = &filtered,
		    .nconstraint_filtered = 1 } };

	e.failed_tg_allocs = &failed;
	e.nfailed_tg_allocs = 1;
	e.blocked_eval = lit("aaaabbbb-1");
	monitor_init(&m, 8);
	ck_assert_int_eq(monitor_see(&m, &e, NULL, 0, &out), MONITOR_DONE);
	ck_assert_str_eq(strstr(buf_str(&out), "==> Evaluation"),
	    "==> Evaluation \"7b96701e\" finished with status \"complete\" but "
	    "failed to place all allocations:\n"
	    "    Task Group \"web\" (failed to place 3 allocations):\n"
	    "      * Constraint \"${attr.kernel.name} = windows\": 1 nodes "
	    "excluded by filter\n"
	    "    Evaluation \"aaaabbbb\" waiting for additional capacity to "
	    "place remainder\n");
	ck_assert_int_eq(monitor_status(&m), 2);
	monitor_release(&m);
	buf_release(&out);
}
END_TEST

START_TEST(monitor_goes_on_to_the_next_evaluation)
{
	struct monitor m;
	struct buf out = { 0 };
	struct eval e = eval_of("failed");

	e.next_eval = lit("12345678-1");
	e.wait = INT64_C(60000000000);
	monitor_init(&m, 8);
	ck_assert_int_eq(monitor_see(&m, &e, NULL, 0, &out), MONITOR_CHAIN);
	ck_assert_ptr_nonnull(strstr(buf_str(&out),
	    "==> Monitoring next evaluation \"12345678\" in 1m0s\n"));
	buf_reset(&out);
	e = eval_of("pending");
	e.id = lit("12345678-1");
	ck_assert_int_eq(monitor_see(&m, &e, NULL, 0, &out), MONITOR_AGAIN);
	ck_assert_str_eq(buf_str(&out),
	    "==> Monitoring evaluation \"12345678\"\n"
	    "    Evaluation triggered by job \"fabio\"\n");
	monitor_release(&m);
	buf_release(&out);
}
END_TEST

UNIT_MAIN("monitor", monitor_tells_a_run_as_the_guide_shows_it,
    monitor_tells_the_same_when_it_comes_late,
    monitor_calls_an_older_allocation_modified,
    monitor_says_what_kept_an_allocation_out,
    monitor_goes_on_to_the_next_evaluation)
