#include "tests/lib/snapbuf.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>

#include "cmd/schedd/fsm.h"
#include "cmd/schedd/state_put.h"
#include "common/mem.h"
#include "proto/cmd.h"
#include "proto/nodemsg.h"

#define NODE1  "11111111-0000-4000-8000-000000000001"
#define NODE2  "11111111-0000-4000-8000-000000000002"
#define EVAL1  "eeeeeeee-0000-4000-8000-000000000001"
#define ALLOC1 "aaaaaaaa-0000-4000-8000-000000000001"
#define ALLOC2 "aaaaaaaa-0000-4000-8000-000000000002"

static struct sched_state st;
static uint64_t at;

static void
setup(void)
{
	sched_state_init(&st);
	at = 100;
}

static void
apply(const struct cmd *cmd, struct fsm_reply *reply)
{
	struct buf b = { 0 };
	struct err err;
	struct fsm_reply unused;

	rec_pack(&cmd_type, cmd, &b);
	ck_assert_msg(fsm_apply(&st, ++at, b.data, b.len,
			  reply != NULL ? reply : &unused, &err) == 0,
	    "%s", err.text);
	buf_release(&b);
}

static void
register_job(const char *id, int64_t priority)
{
	struct task_group group = {
		.name = "g", .has_count = true, .count = 1
	};
	struct eval eval = { .id = EVAL1,
		.job_id = (char *)(uintptr_t)id,
		.namespace = "default",
		.type = "service",
		.status = "pending",
		.triggered_by = "job-register" };
	struct cmd_job_register c = { .job = { .id = (char *)(uintptr_t)id,
					  .namespace = "default",
					  .type = "service",
					  .priority = priority,
					  .has_priority = true,
					  .task_groups = &group,
					  .ntask_groups = 1 },
		.eval = &eval };
	struct cmd cmd = { .time = 1, .job_register = &c };

	apply(&cmd, NULL);
}

static void
register_node_as(const char *id)
{
	struct node_resources res = { .cpu = { .cpu_shares = 1000 },
		.memory = { .memory_mb = 1000 },
		.disk = { .disk_mb = 1000 } };
	struct cmd_node_register c = { .node = { .id = (char *)(uintptr_t)id,
					   .datacenter = "dc1",
					   .status = "ready",
					   .secret_id = "s",
					   .node_resources = &res } };
	struct cmd cmd = { .time = 1, .node_register = &c };

	apply(&cmd, NULL);
}

static void
register_node(void)
{
	register_node_as(NODE1);
}

static void
place(const char *id, int64_t cpu, struct fsm_reply *reply)
{
	struct allocated_task_resources task = { .key = "t",
		.cpu = { .cpu_shares = cpu } };
	struct allocated_resources res = { .tasks = &task, .ntasks = 1 };
	struct alloc a = { .id = (char *)(uintptr_t)id,
		.namespace = "default",
		.job_id = "web",
		.node_id = NODE1,
		.eval_id = EVAL1,
		.task_group = "g",
		.name = "web.g[0]",
		.desired_status = "run",
		.client_status = "pending",
		.allocated_resources = &res };
	struct cmd_plan plan = { .eval_id = EVAL1,
		.ns = "default",
		.job_id = "web",
		.places = &a,
		.nplaces = 1 };
	struct cmd cmd = { .time = 2, .plan = &plan };

	apply(&cmd, reply);
}

START_TEST(state_keeps_versions_only_of_changed_jobs)
{
	struct sched_job *j;

	setup();
	for (int64_t p = 0; p < 10; p++)
		register_job("web", 50 + p);
	register_job("web", 59);
	j = sched_job_find(&st, "default", "web");
	ck_assert_uint_eq(j->job->version, 9);
	ck_assert_uint_eq(j->nversions, SCHED_JOB_VERSIONS);
	ck_assert_ptr_nonnull(sched_version_find(j, 4));
	ck_assert_ptr_null(sched_version_find(j, 3));
	ck_assert_str_eq(j->job->status, "pending");
	sched_state_release(&st);
}
END_TEST

static struct sched_alloc *
put_with_port(const char *id, const char *ip, int64_t port)
{
	struct port_mapping p = {
		.label = "http", .value = port, .host_ip = (char *)(uintptr_t)ip
	};
	struct allocated_resources res = { .shared = {
					       .ports = &p, .nports = 1 } };
	struct alloc a = { .id = (char *)(uintptr_t)id,
		.namespace = "default",
		.job_id = "web",
		.node_id = NODE1,
		.task_group = "g",
		.desired_status = "run",
		.client_status = "running",
		.allocated_resources = ip != NULL ? &res : NULL };

	return sched_put_alloc(&st, &a, ++at);
}

static bool
is_known(const char *ip)
{
	return sched_ip(&st, ip) < UINT32_C(0x80000000);
}

START_TEST(state_knows_addresses_while_ports_stand_on_them)
{
	struct sched_alloc *a, *b;
	uint32_t one;

	setup();
	register_node();
	register_job("web", 50);
	ck_assert(!is_known("10.0.0.1"));
	a = put_with_port(ALLOC1, "10.0.0.1", 80);
	b = put_with_port(ALLOC2, "10.0.0.1", 81);
	one = sched_ip(&st, "10.0.0.1");
	ck_assert(is_known("10.0.0.1"));
	ck_assert_uint_eq(sched_alloc_ports(a)[0].ip, one);
	ck_assert_uint_eq(sched_alloc_ports(b)[0].ip, one);
	put_with_port(ALLOC1, NULL, 0); /* says nothing of ports */
	put_with_port(ALLOC2, "10.0.0.2", 81);
	ck_assert_uint_ne(sched_ip(&st, "10.0.0.2"), one);
	ck_assert_uint_eq(sched_ip(&st, "10.0.0.1"), one);
	sched_alloc_forget(&st, a, ++at);
	ck_assert(!is_known("10.0.0.1"));
	ck_assert(is_known("10.0.0.2"));
	put_with_port(ALLOC1, "10.0.0.3", 80);
	ck_assert_uint_ne(sched_ip(&st, "10.0.0.3"), one);
	sched_alloc_forget(&st, b, ++at);
	ck_assert(!is_known("10.0.0.2"));
	sched_state_release(&st);
}
END_TEST

START_TEST(fsm_refuses_what_no_longer_fits)
{
	struct fsm_reply reply;
	struct sched_job *j;

	setup();
	register_node();
	register_job("web", 50);
	place(ALLOC1, 700, &reply);
	ck_assert(!reply.partial);
	j = sched_job_find(&st, "default", "web");
	ck_assert_str_eq(j->job->status, "running");
	place("aaaaaaaa-0000-4000-8000-000000000002", 700, &reply);
	ck_assert(reply.partial);
	ck_assert_uint_eq(st.alloc_ids.n, 1);
	ck_assert_int_eq(st.nodes->usage.cpu, 700);
	sched_state_release(&st);
}
END_TEST

/* Between a job's plan and its turn another job's plan evicted what it writes
 * again: the room is no longer its. */
START_TEST(fsm_brings_nothing_back_that_was_evicted)
{
	struct alloc again = { .id = ALLOC1,
		.job_id = "web",
		.node_id = NODE1,
		.desired_status = "run" };
	struct plan_stop evict = { .alloc_id = ALLOC1,
		.desired_status = "evict" };
	struct cmd_plan preempt = {
		.job_id = "db", .preempts = &evict, .npreempts = 1
	};
	struct cmd_plan update = {
		.job_id = "web", .updates = &again, .nupdates = 1
	};
	struct fsm_reply r;

	setup();
	register_node();
	register_job("web", 50);
	place(ALLOC1, 600, &r);
	apply(&(struct cmd){ .time = 3, .plan = &preempt }, NULL);
	place(ALLOC2, 600, &r);
	ck_assert(!r.partial);
	apply(&(struct cmd){ .time = 4, .plan = &update }, &r);
	ck_assert(r.partial);
	ck_assert_int_eq(sched_alloc_find(&st, ALLOC1)->desired, SCHED_EVICT);
	ck_assert_int_eq(sched_node_find(&st, NODE1)->usage.cpu, 600);
	sched_state_release(&st);
}
END_TEST

/* The node takes no more, so the plan's part there is refused; but what was
 * to be stopped there is replaced elsewhere. */
START_TEST(fsm_stops_what_is_replaced_on_another_node)
{
	struct plan_stop stops[] = {
		{ .alloc_id = ALLOC1, .desired_status = "stop" },
		{ .alloc_id = ALLOC2, .desired_status = "stop" },
	};
	struct alloc places[] = {
		{ .id = "aaaaaaaa-0000-4000-8000-000000000003",
		    .namespace = "default",
		    .job_id = "web",
		    .node_id = NODE2,
		    .task_group = "g",
		    .name = "web.g[0]",
		    .desired_status = "run",
		    .previous_allocation = ALLOC1 },
		{ .id = "aaaaaaaa-0000-4000-8000-000000000004",
		    .namespace = "default",
		    .job_id = "web",
		    .node_id = NODE1,
		    .task_group = "g",
		    .name = "web.g[0]",
		    .desired_status = "run",
		    .previous_allocation = ALLOC2 },
	};
	struct cmd_plan plan = { .job_id = "web",
		.stops = stops,
		.nstops = 2,
		.places = places,
		.nplaces = 2 };
	struct cmd_node_status down = { .node_id = NODE1, .status = "down" };
	struct fsm_reply r;

	setup();
	register_node();
	register_node_as(NODE2);
	register_job("web", 50);
	place(ALLOC1, 100, &r);
	place(ALLOC2, 100, &r);
	apply(&(struct cmd){ .time = 3, .node_status = &down }, NULL);
	apply(&(struct cmd){ .time = 4, .plan = &plan }, &r);
	ck_assert(r.partial);
	ck_assert_ptr_nonnull(sched_alloc_find(&st, places[0].id));
	ck_assert_ptr_null(sched_alloc_find(&st, places[1].id));
	ck_assert_int_eq(sched_alloc_find(&st, ALLOC1)->desired, SCHED_STOP);
	ck_assert_int_eq(sched_alloc_find(&st, ALLOC2)->desired, SCHED_RUN);
	sched_state_release(&st);
}
END_TEST

START_TEST(fsm_keeps_the_followups_of_a_part)
{
	static char soon[] = "eeeeeeee-0000-4000-8000-00000000000a",
		    later[] = "eeeeeeee-0000-4000-8000-00000000000b";
	struct eval evals[] = {
		{ .id = soon, .namespace = "default", .job_id = "web" },
		{ .id = later,
		    .namespace = "default",
		    .job_id = "web",
		    .wait_until = 99 },
	};
	struct alloc a = { .id = ALLOC1,
		.namespace = "default",
		.job_id = "web",
		.node_id = "dddddddd-0000-4000-8000-00000000dead",
		.eval_id = EVAL1,
		.task_group = "g",
		.name = "web.g[0]" };
	struct cmd_plan plan = { .eval_id = EVAL1,
		.ns = "default",
		.job_id = "web",
		.places = &a,
		.nplaces = 1,
		.evals = evals,
		.nevals = 2 };
	struct cmd cmd = { .time = 2, .plan = &plan };
	struct fsm_reply reply;

	setup();
	register_node();
	register_job("web", 50);
	apply(&cmd, &reply);
	ck_assert(reply.partial);
	ck_assert_ptr_null(sched_eval_find(&st, soon));
	ck_assert_ptr_nonnull(sched_eval_find(&st, later));
	sched_state_release(&st);
}
END_TEST

static void
set_flag(void *ctx)
{
	*(bool *)ctx = true;
}

START_TEST(state_wakes_those_who_watch_and_only_them)
{
	bool node = false, other = false, job = false;
	struct sched_watch *w;

	setup();
	register_node();
	register_job("web", 50);
	sched_watch(&st, SCHED_NODE_PULL, NODE1, set_flag, &node);
	sched_watch(&st, SCHED_JOB, "default/web", set_flag, &job);
	w = sched_watch(&st, SCHED_NODE_PULL, "other", set_flag, &other);
	place(ALLOC1, 1, NULL);
	ck_assert(node && job && !other);
	ck_assert_uint_eq(sched_index(&st, SCHED_NODE_PULL, NODE1), at);
	ck_assert_uint_eq(sched_index(&st, SCHED_EVAL_ALLOCS, EVAL1), at);
	ck_assert_uint_lt(sched_index(&st, SCHED_NODES, ""), at);
	sched_unwatch(&st, w);
	sched_state_release(&st);
}
END_TEST

START_TEST(fsm_does_a_clients_request_once)
{
	struct scheduler_configuration conf = { .scheduler_algorithm =
						    "spread" };
	struct cmd cmd = { .client = "c", .request = 7, .sched_config = &conf };
	struct fsm_reply first, again;

	setup();
	apply(&cmd, &first);
	conf.scheduler_algorithm = "binpack";
	apply(&cmd, &again);
	ck_assert(again.repeated && !first.repeated);
	ck_assert_uint_eq(again.index, first.index);
	ck_assert_str_eq(st.config.scheduler_algorithm, "spread");
	sched_state_release(&st);
}
END_TEST

static void
fill(void)
{
	struct service_instance s = { .id = "s1",
		.service_name = "web",
		.ns = "default",
		.alloc_id = ALLOC1 };
	struct services_update u = { .node_id = NODE1, .put = &s, .nput = 1 };
	struct cmd cmd = { .time = 3, .services = &u };

	setup();
	register_node();
	register_job("web", 50);
	place(ALLOC1, 10, NULL);
	for (int64_t p = 0; p < 8; p++)
		register_job("web", 60 + p);
	apply(&cmd, NULL);
}

START_TEST(snapshot_brings_everything_back)
{
	struct buf one = { 0 }, two = { 0 }, in = { 0 };
	struct sched_state copy;
	struct err err;

	fill();
	ck_assert_int_eq(sched_snapshot_write(&st, snapbuf_write, &one), 0);
	sched_state_init(&copy);
	buf_add(&in, one.data, one.len);
	ck_assert_msg(sched_snapshot_read(&copy, snapbuf_read, &in, &err) == 0,
	    "%s", err.text);
	ck_assert_int_eq(sched_snapshot_write(&copy, snapbuf_write, &two), 0);
	ck_assert_uint_eq(one.len, two.len);
	ck_assert_mem_eq(one.data, two.data, one.len);
	ck_assert_uint_eq(copy.index, st.index);
	ck_assert_uint_eq(TAILQ_FIRST(&copy.allocs)->version->job->version, 0);
	ck_assert_uint_eq(copy.jobs->nversions, SCHED_JOB_VERSIONS);
	ck_assert_ptr_nonnull(sched_services_named(&copy, "default", "web"));
	sched_state_release(&copy);
	sched_state_release(&st);
	buf_release(&one);
	buf_release(&two);
	buf_release(&in);
}
END_TEST

/* What the allocation's record says of its job's priority. */
static int64_t
priority_of(const struct sched_state *of, const char *id)
{
	struct arena arena = { 0 };
	struct alloc rec;
	int64_t priority;

	sched_alloc_decode(sched_alloc_find(of, id), &arena, true, &rec);
	priority = rec.job->priority;
	arena_release(&arena);
	return priority;
}

static void
report_running(const char *id)
{
	struct alloc a = { .id = (char *)(uintptr_t)id,
		.client_status = "running" };
	struct cmd_alloc_client c = { .allocs = &a, .nallocs = 1 };
	struct cmd cmd = { .time = 4, .alloc_client = &c };

	apply(&cmd, NULL);
}

/* Of the job "web", whatever their status. */
static int64_t
nsummarised(const struct sched_state *s)
{
	struct job_summary sum;
	const struct task_group_summary *g = NULL;
	int64_t n = 0;

	sched_job_summary(sched_job_find(s, "default", "web"), &sum);
	for (size_t i = 0; i < sum.nsummary; i++) {
		g = &sum.summary[i];
		n += g->complete + g->failed + g->running + g->starting +
		     g->lost + g->unknown;
	}
	rec_clear(&job_summary_type, &sum);
	return n;
}

START_TEST(allocs_keep_their_job_when_its_name_begins_anew)
{
	struct cmd_job_deregister c = {
		.ns = "default", .job_id = "web", .purge = true
	};
	struct cmd cmd = { .time = 3, .job_deregister = &c };
	struct buf in = { 0 };
	struct sched_state copy;
	struct err err;

	setup();
	register_node();
	register_job("web", 50);
	place(ALLOC1, 10, NULL);
	apply(&cmd, NULL);
	register_job("web", 70);
	place("aaaaaaaa-0000-4000-8000-000000000002", 10, NULL);
	report_running(ALLOC1);
	ck_assert_uint_eq(st.jobs->job->version, 0);
	ck_assert_int_eq(priority_of(&st, ALLOC1), 50);
	ck_assert_int_eq(nsummarised(&st), 1);
	ck_assert_int_eq(sched_snapshot_write(&st, snapbuf_write, &in), 0);
	sched_state_init(&copy);
	ck_assert_msg(sched_snapshot_read(&copy, snapbuf_read, &in, &err) == 0,
	    "%s", err.text);
	ck_assert_int_eq(priority_of(&copy, ALLOC1), 50);
	ck_assert_int_eq(nsummarised(&copy), 1);
	ck_assert_int_eq(
	    priority_of(&copy, "aaaaaaaa-0000-4000-8000-000000000002"), 70);
	sched_state_release(&copy);
	sched_state_release(&st);
	buf_release(&in);
}
END_TEST

START_TEST(snapshot_cut_anywhere_changes_nothing)
{
	struct buf one = { 0 };
	struct err err;

	fill();
	ck_assert_int_eq(sched_snapshot_write(&st, snapbuf_write, &one), 0);
	for (size_t n = 0; n < one.len; n += 13) {
		struct buf in = { 0 };

		buf_add(&in, one.data, n);
		ck_assert_int_eq(
		    sched_snapshot_read(&st, snapbuf_read, &in, &err), -1);
		ck_assert_int_eq(err.code, ERR_CORRUPT);
		buf_release(&in);
	}
	ck_assert_uint_eq(st.index, at);
	buf_release(&one);
	sched_state_release(&st);
}
END_TEST

/* What went before the snapshot was taken is not in it: a node that was away
 * for so long may run that still. */
START_TEST(snapshot_makes_nodes_ask_for_all)
{
	struct arena arena = { 0 };
	struct node_allocs_news news;
	struct node_allocs ask = { .node_id = NODE1 };
	struct buf in = { 0 };
	struct sched_state copy;
	struct err err;

	setup();
	register_node();
	ask.index = at;
	register_job("web", 50);
	ck_assert_int_eq(sched_snapshot_write(&st, snapbuf_write, &in), 0);
	sched_state_init(&copy);
	ck_assert_int_eq(
	    sched_snapshot_read(&copy, snapbuf_read, &in, &err), 0);
	ck_assert_uint_gt(
	    sched_index(&copy, SCHED_NODE_PULL, NODE1), ask.index);
	sched_node_news(&copy, &ask, &arena, &news);
	ck_assert(news.full);
	ck_assert_uint_ge(
	    news.index, sched_index(&copy, SCHED_NODE_PULL, NODE1));
	arena_release(&arena);
	sched_state_release(&copy);
	sched_state_release(&st);
	buf_release(&in);
}
END_TEST

START_TEST(state_tells_a_node_what_changed_and_what_is_gone)
{
	struct arena arena = { 0 };
	struct node_allocs_news news;
	struct node_allocs ask = { .node_id = NODE1 };
	char *ids[] = { ALLOC1 };
	struct cmd_reap reap = { .allocs = ids, .nallocs = 1 };
	struct cmd cmd = { .time = 3, .reap = &reap };

	setup();
	register_node();
	register_job("web", 50);
	place(ALLOC1, 10, NULL);
	sched_node_news(&st, &ask, &arena, &news);
	ck_assert(news.full && news.nallocs == 1);
	ck_assert_str_eq(news.allocs[0].job->id, "web");
	ask.index = news.index;
	sched_node_news(&st, &ask, &arena, &news);
	ck_assert(!news.full && news.nallocs == 0 && news.ngone == 0);
	apply(&cmd, NULL);
	sched_node_news(&st, &ask, &arena, &news);
	ck_assert_uint_eq(news.ngone, 1);
	ck_assert_str_eq(news.gone[0], ALLOC1);
	arena_release(&arena);
	sched_state_release(&st);
}
END_TEST

START_TEST(gc_forgets_what_is_over)
{
	struct cmd_job_deregister c = { .ns = "default", .job_id = "web" };
	struct cmd cmd = { .time = 3, .job_deregister = &c };
	struct eval eval = { .id = EVAL1,
		.job_id = "web",
		.namespace = "default",
		.type = "service",
		.status = "complete" };
	struct cmd_eval_upsert up = { .evals = &eval, .nevals = 1 };
	struct cmd done = { .time = 4, .eval_upsert = &up };
	struct sched_gc gc = { .kinds = SCHED_GC_ALL, .now = 10 };
	struct cmd_reap reap;

	setup();
	register_job("web", 50);
	sched_gc_select(&st, &gc, &reap);
	ck_assert_uint_eq(reap.njobs, 0);
	apply(&cmd, NULL);
	apply(&done, NULL);
	sched_gc_select(&st, &gc, &reap);
	ck_assert_uint_eq(reap.njobs, 1);
	cmd = (struct cmd){ .time = 5, .reap = &reap };
	apply(&cmd, NULL);
	rec_clear(&cmd_reap_type, &reap);
	ck_assert_ptr_null(st.jobs);
	ck_assert_ptr_null(st.evals);
	sched_state_release(&st);
}
END_TEST

/* --- a state from elsewhere --- */

#define ELSEWHERE 500 /* its index */

/* A state of another cluster, as bytes. */
static void
write_elsewhere(struct buf *out)
{
	setup();
	at = ELSEWHERE - 2;
	register_job("theirs", 50);
	register_job("theirs-too", 50);
	ck_assert_int_eq(sched_snapshot_write(&st, snapbuf_write, out), 0);
	sched_state_release(&st);
}

static void
bring(const struct buf *b, const char *id, size_t from, size_t to, bool last,
    struct fsm_reply *reply)
{
	struct cmd_restore part = { .id = (char *)(uintptr_t)id,
		.offset = from,
		.bytes = { (uint8_t *)b->data + from, to - from },
		.last = last };
	struct cmd cmd = { .restore = &part };

	apply(&cmd, reply);
}

START_TEST(a_restored_state_goes_on_behind_both_indexes)
{
	struct buf b = { 0 };
	struct fsm_reply reply;

	write_elsewhere(&b);
	setup();
	register_job("ours", 50);
	bring(&b, "r", 0, 10, false, &reply);
	ck_assert_int_eq(reply.err.code, ERR_NONE);
	bring(&b, "r", 10, b.len, true, &reply);
	ck_assert_int_eq(reply.err.code, ERR_NONE);
	ck_assert_ptr_null(sched_job_find(&st, "default", "ours"));
	ck_assert_ptr_nonnull(sched_job_find(&st, "default", "theirs"));
	ck_assert_uint_eq(st.index, ELSEWHERE + 1);
	ck_assert_uint_eq(reply.index, st.index);
	ck_assert_uint_eq(st.index_base, ELSEWHERE + 1 - at);
	ck_assert_uint_eq(sched_index(&st, SCHED_JOBS, ""), st.index);
	ck_assert_uint_eq(st.gone_allocs.floor, st.index);
	ck_assert_uint_eq(st.staged.bytes.len, 0);
	/* A state that is older than ours: ours goes on. */
	at = 900;
	bring(&b, "s", 0, b.len, true, &reply);
	ck_assert_uint_eq(st.index, 901);
	ck_assert_uint_eq(st.index_base, ELSEWHERE + 1 - 103);
	sched_state_release(&st);
	buf_release(&b);
}
END_TEST

START_TEST(a_server_may_join_in_the_middle_of_a_restore)
{
	struct buf b = { 0 }, mine = { 0 };
	struct fsm_reply reply;
	struct err err;
	uint64_t index;

	write_elsewhere(&b);
	setup();
	bring(&b, "r", 0, b.len / 2, false, &reply);
	ck_assert_int_eq(sched_snapshot_write(&st, snapbuf_write, &mine), 0);
	bring(&b, "r", b.len / 2, b.len, true, &reply);
	index = st.index;
	sched_state_release(&st);
	setup();
	ck_assert_int_eq(
	    sched_snapshot_read(&st, snapbuf_read, &mine, &err), 0);
	at++;
	bring(&b, "r", b.len / 2, b.len, true, &reply);
	ck_assert_int_eq(reply.err.code, ERR_NONE);
	ck_assert_uint_eq(st.index, index);
	sched_state_release(&st);
	buf_release(&b);
	buf_release(&mine);
}
END_TEST

START_TEST(parts_that_do_not_follow_change_nothing)
{
	struct buf b = { 0 };
	struct fsm_reply reply;

	write_elsewhere(&b);
	setup();
	register_job("ours", 50);
	bring(&b, "r", 0, 10, false, &reply);
	bring(&b, "other", 10, b.len, true, &reply);
	ck_assert_int_eq(reply.err.code, ERR_CONFLICT);
	bring(&b, "r", 11, b.len, true, &reply);
	ck_assert_int_eq(reply.err.code, ERR_CONFLICT);
	/* It begins anew, but ends too early. */
	bring(&b, "r", 0, b.len - 1, true, &reply);
	ck_assert_int_eq(reply.err.code, ERR_CORRUPT);
	ck_assert_uint_eq(st.staged.bytes.len, 0);
	ck_assert_ptr_nonnull(sched_job_find(&st, "default", "ours"));
	ck_assert_uint_eq(st.index_base, 0);
	sched_state_release(&st);
	buf_release(&b);
}
END_TEST

UNIT_MAIN("state", state_keeps_versions_only_of_changed_jobs,
    state_knows_addresses_while_ports_stand_on_them,
    fsm_refuses_what_no_longer_fits, fsm_brings_nothing_back_that_was_evicted,
    fsm_stops_what_is_replaced_on_another_node,
    fsm_keeps_the_followups_of_a_part,
    state_wakes_those_who_watch_and_only_them, fsm_does_a_clients_request_once,
    snapshot_brings_everything_back,
    allocs_keep_their_job_when_its_name_begins_anew,
    snapshot_cut_anywhere_changes_nothing, snapshot_makes_nodes_ask_for_all,
    state_tells_a_node_what_changed_and_what_is_gone, gc_forgets_what_is_over,
    a_restored_state_goes_on_behind_both_indexes,
    a_server_may_join_in_the_middle_of_a_restore,
    parts_that_do_not_follow_change_nothing)
