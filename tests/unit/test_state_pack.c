#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>

#include "cmd/schedd/state.h"
#include "cmd/schedd/state_put.h"
#include "cmd/schedd/text.h"
#include "common/mem.h"
#include "common/text.h"
#include "tests/lib/fill.h"

#define NODE   "11111111-0000-4000-8000-000000000001"
#define EVAL   "eeeeeeee-0000-4000-8000-000000000001"
#define DEPLOY "dddddddd-0000-4000-8000-000000000001"
#define ALLOC  "aaaaaaaa-0000-4000-8000-000000000001"
#define NOW    INT64_C(1796054397935596445)

/* As the API shows one that has seen something. */
static const char rich[] =
    "{\"ID\":\"" ALLOC "\",\"Namespace\":\"default\",\"EvalID\":\"" EVAL "\","
    "\"Name\":\"web.g[3]\",\"NodeID\":\"" NODE "\",\"NodeName\":\"node-1\","
    "\"JobID\":\"web\",\"TaskGroup\":\"g\",\"DeploymentID\":\"" DEPLOY "\","
    "\"DesiredStatus\":\"run\",\"ClientStatus\":\"running\","
    "\"ClientDescription\":\"Tasks are running\","
    "\"AllocatedResources\":{\"Shared\":{\"DiskMB\":300,\"Ports\":["
    "{\"Label\":\"http\",\"Value\":23456,\"To\":80,\"HostIP\":\"10.0.0.1\"},"
    "{\"Label\":\"admin\",\"Value\":9000,\"HostIP\":\"::1\"}]},"
    "\"Tasks\":{\"t\":{\"Cpu\":{\"CpuShares\":500,\"ReservedCores\":[1,2]},"
    "\"Memory\":{\"MemoryMB\":256,\"MemoryMaxMB\":512}}},"
    "\"TaskLifecycles\":{\"t\":null}},"
    "\"Metrics\":{\"NodesEvaluated\":5000,\"NodesFiltered\":7,"
    "\"NodesInPool\":5000,\"NodePool\":\"default\","
    "\"NodesAvailable\":{\"dc1\":4993,\"dc2\":7},"
    "\"ClassFiltered\":{\"big\":7},"
    "\"ConstraintFiltered\":{\"missing drivers\":7},"
    "\"NodesExhausted\":2,\"DimensionExhausted\":{\"memory\":2},"
    "\"AllocationTime\":123456,\"ScoreMetaData\":["
    "{\"NodeID\":\"" NODE "\",\"Scores\":{\"binpack\":0.25,"
    "\"job-anti-affinity\":-0.5},\"NormScore\":-0.125},"
    "{\"NodeID\":\"11111111-0000-4000-8000-000000000002\",\"Scores\":"
    "{\"binpack\":0.25,\"job-anti-affinity\":-0.5},\"NormScore\":-0.125},"
    "{\"NodeID\":\"11111111-0000-4000-8000-000000000003\",\"Scores\":"
    "{\"binpack\":0.375},\"NormScore\":0.375},"
    "{\"NodeID\":\"node-by-name\",\"Scores\":{\"own\":1e-300},"
    "\"NormScore\":1e-300},"
    "{\"NodeID\":\"\",\"Scores\":{\"binpack\":0},\"NormScore\":0}]},"
    "\"TaskStates\":{\"t\":{\"State\":\"running\",\"Restarts\":2,"
    "\"StartedAt\":\"2026-11-30T15:59:59.522718623Z\",\"Events\":["
    "{\"Type\":\"Received\",\"Time\":1796054397935596445,"
    "\"DisplayMessage\":\"Task received by client\"},"
    "{\"Type\":\"Driver\",\"Time\":1796054397935596449,"
    "\"DisplayMessage\":\"Downloading image\","
    "\"Details\":{\"driver_message\":\"Downloading image\"},"
    "\"DriverMessage\":\"Downloading image\"},"
    "{\"Type\":\"Terminated\",\"Time\":1796054997935596449,"
    "\"DisplayMessage\":\"Exit Code: 137, Signal: 9\",\"ExitCode\":137,"
    "\"Signal\":9,\"Details\":{\"exit_code\":\"137\",\"signal\":\"9\"}},"
    "{\"Type\":\"Started\",\"Time\":1,\"DisplayMessage\":\"\\u00fc\"}]}},"
    "\"DeploymentStatus\":{\"Healthy\":false,\"Canary\":true,"
    "\"Timestamp\":\"2026-11-30T15:59:59Z\",\"ModifyIndex\":77},"
    "\"DesiredTransition\":{\"Migrate\":true,\"Reschedule\":false},"
    "\"FollowupEvalID\":\"eeeeeeee-0000-4000-8000-000000000002\","
    "\"PreviousAllocation\":\"aaaaaaaa-0000-4000-8000-000000000009\","
    "\"RescheduleTracker\":{\"LastReschedule\":\"ok\",\"Events\":["
    "{\"RescheduleTime\":1796054397935596445,\"Delay\":30000000000,"
    "\"PrevAllocID\":\"aaaaaaaa-0000-4000-8000-000000000009\","
    "\"PrevNodeID\":\"" NODE "\"}]},"
    "\"NetworkStatus\":{\"InterfaceName\":\"eth0\",\"Address\":\"10.1.2.3\","
    "\"DNS\":{\"Servers\":[\"10.0.0.2\"]}},"
    "\"PreemptedAllocations\":[\"aaaaaaaa-0000-4000-8000-000000000008\"],"
    "\"AllocStates\":[{\"Field\":\"ClientStatus\",\"Value\":\"unknown\","
    "\"Time\":\"2026-11-30T15:59:59Z\"}],"
    "\"CreateIndex\":12,\"ModifyIndex\":19,\"AllocModifyIndex\":17,"
    "\"CreateTime\":1796054397935596445,\"ModifyTime\":1796054402176858909}";

static struct sched_state st;

static void
put_world(void)
{
	struct task task = { .name = text_borrow("t") };
	struct task_group group = {
		.name = text_borrow("g"), .tasks = &task, .ntasks = 1
	};
	struct job rec = { .id = text_borrow("web"),
		.namespace = text_borrow("default"),
		.version = 4,
		.task_groups = &group,
		.ntask_groups = 1 };
	struct node about = { .id = text_borrow(NODE),
		.name = text_borrow("node-1"),
		.datacenter = text_borrow("dc1") };
	struct eval eval = { .id = text_borrow(EVAL),
		.namespace = text_borrow("default"),
		.job_id = text_borrow("web") };
	struct deployment deployment = { .id = text_borrow(DEPLOY),
		.namespace = text_borrow("default"),
		.job_id = text_borrow("web") };
	struct job *job = xcalloc(1, sizeof *job);
	struct node *node = xcalloc(1, sizeof *node);

	sched_state_init(&st);
	rec_copy(&job_type, job, &rec);
	sched_put_version(&st, sched_job_have(&st, "default", "web"), job);
	rec_copy(&node_type, node, &about);
	sched_put_node(&st, node, 1);
	sched_put_eval(&st, &eval, 1);
	sched_put_deployment(&st, &deployment, 1);
}

static void
read_rich(struct alloc *a)
{
	struct err err;

	ck_assert_msg(
	    rec_from_json(&alloc_type, a, rich, strlen(rich), &err) == 0, "%s",
	    err.text);
	a->job_version = 4;
}

static void
check_is(const struct alloc *want)
{
	struct arena arena = { 0 };
	struct buf a = { 0 }, b = { 0 };
	struct alloc got;

	sched_alloc_decode(
	    sched_alloc_find(&st, want->id), &arena, false, &got);
	rec_to_json(&alloc_type, want, &a, 0);
	rec_to_json(&alloc_type, &got, &b, 0);
	ck_assert_str_eq(buf_str(&b), buf_str(&a));
	ck_assert(rec_equal(&alloc_type, want, &got));
	buf_release(&a);
	buf_release(&b);
	arena_release(&arena);
}

static void
check_put(const struct alloc *rec)
{
	ck_assert_ptr_nonnull(sched_put_alloc(&st, rec, rec->modify_index));
	check_is(rec);
}

START_TEST(pack_keeps_a_rich_allocation_to_the_letter)
{
	struct buf plain = { 0 };
	struct alloc a;

	put_world();
	read_rich(&a);
	check_put(&a);
	rec_pack(&alloc_type, &a, &plain);
	ck_assert_uint_lt(
	    TAILQ_FIRST(&st.allocs)->packed_len, plain.len * 3 / 5);
	buf_release(&plain);
	rec_clear(&alloc_type, &a);
	sched_state_release(&st);
}
END_TEST

START_TEST(pack_keeps_something_in_every_row)
{
	struct alloc a;

	put_world();
	fill_rec(&alloc_type, &a);
	rec_clear(&job_type, a.job);
	free(a.job);
	a.job = NULL;
	sched_set(&a.id, ALLOC);
	sched_set(&a.namespace, "default");
	sched_set(&a.job_id, "web");
	a.job_version = 4;
	check_put(&a);
	rec_clear(&alloc_type, &a);
	sched_state_release(&st);
}
END_TEST

/* What is left out because it is known must be what is known. */
START_TEST(pack_keeps_what_is_not_as_usual)
{
	static const char *const names[] = { "web.g[03]", "web.g[3]x", "web.g",
		"web.h[3]", "webg[3]", "web.g[4294967295]", "web.g[4294967296]",
		"web.g[-1]", "web.g[0]", "w", "" };
	struct alloc a;

	put_world();
	read_rich(&a);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		sched_set(&a.name, names[i]);
		check_put(&a);
	}
	sched_set(&a.desired_status, "");
	sched_set(&a.client_status, "dreaming");
	check_put(&a);
	sched_set(&a.desired_status, "evict");
	sched_set(&a.client_status, "unknown");
	check_put(&a);
	/* Its entry keeps the node that it began with. */
	sched_set(&a.node_id, "11111111-0000-4000-8000-000000000002");
	check_put(&a);
	sched_set(&a.node_id, "");
	sched_set(&a.node_name, "");
	sched_set(&a.task_group, "another");
	sched_set(&a.eval_id, "eeeeeeee-0000-4000-8000-000000000099");
	sched_set(&a.deployment_id, "");
	check_put(&a);
	a.create_time = a.modify_time = -5;
	a.create_index = UINT64_MAX;
	check_put(&a);
	rec_clear(&alloc_type, &a);
	sched_state_release(&st);
}
END_TEST

START_TEST(pack_outlives_what_the_allocation_refers_to)
{
	struct alloc a;

	put_world();
	read_rich(&a);
	check_put(&a);
	sched_eval_forget(&st, sched_eval_find(&st, EVAL), 20);
	check_is(&a);
	sched_deployment_forget(&st, sched_deployment_find(&st, DEPLOY), 21);
	check_is(&a);
	sched_node_forget(&st, sched_node_find(&st, NODE), 22);
	check_is(&a);
	sched_job_purge(&st, sched_job_find(&st, "default", "web"), 23);
	check_is(&a);
	rec_clear(&alloc_type, &a);
	sched_state_release(&st);
}
END_TEST

/* A node or a job may be called otherwise by now. */
START_TEST(pack_keeps_the_words_of_its_time)
{
	struct node *node = xcalloc(1, sizeof *node);
	struct alloc a, b;

	put_world();
	read_rich(&a);
	check_put(&a);
	node->id = xstrdup(NODE);
	node->name = xstrdup("node-1-renamed");
	sched_put_node(&st, node, 30);
	check_is(&a);
	rec_copy(&alloc_type, &b, &a);
	sched_set(&b.id, "aaaaaaaa-0000-4000-8000-000000000002");
	sched_set(&b.node_name, "node-1-renamed");
	check_put(&b);
	check_is(&a);
	rec_clear(&alloc_type, &a);
	rec_clear(&alloc_type, &b);
	sched_state_release(&st);
}
END_TEST

UNIT_MAIN("state_pack", pack_keeps_a_rich_allocation_to_the_letter,
    pack_keeps_something_in_every_row, pack_keeps_what_is_not_as_usual,
    pack_outlives_what_the_allocation_refers_to,
    pack_keeps_the_words_of_its_time)
