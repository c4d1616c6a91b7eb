#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cmd/schedd/scheduler.h"
#include "cmd/schedd/state_put.h"
#include "cmd/schedd/text.h"
#include "common/mem.h"

#define NOW  INT64_C(946684800000000000)
#define MANY 1000

static struct sched_state st;
static struct eval eval;
static struct rng rng;

static struct node *
new_node(size_t i, int64_t cpu, const char *rack)
{
	struct node *n = xcalloc(1, sizeof *n);

	n->id = xasprintf("%08zx-0000-4000-8000-000000000001", i);
	n->name = xasprintf("node%zu", i);
	n->datacenter = xstrdup("dc1");
	n->node_pool = xstrdup("default");
	n->status = xstrdup("ready");
	n->scheduling_eligibility = xstrdup("eligible");
	n->computed_class = xasprintf("v1:%s", rack);
	rec_kv_set(&n->attributes, &n->nattributes, "driver.raw_exec", "1");
	rec_kv_set(&n->meta, &n->nmeta, "rack", rack);
	n->node_resources = xcalloc(1, sizeof *n->node_resources);
	n->node_resources->cpu.cpu_shares = cpu;
	n->node_resources->memory.memory_mb = 8192;
	n->node_resources->disk.disk_mb = 100000;
	return n;
}

static struct job *
new_job(const char *type, int64_t count)
{
	struct job *j = xcalloc(1, sizeof *j);
	struct task_group *g = xcalloc(1, sizeof *g);
	struct task *t = xcalloc(1, sizeof *t);

	*j = (struct job){ .id = xstrdup("web"),
		.namespace = xstrdup("default"),
		.type = xstrdup(type),
		.node_pool = xstrdup("default"),
		.task_groups = g,
		.ntask_groups = 1 };
	j->datacenters = xcalloc(1, sizeof *j->datacenters);
	j->datacenters[j->ndatacenters++] = xstrdup("dc*");
	*g = (struct task_group){
		.name = xstrdup("g"), .count = count, .tasks = t, .ntasks = 1
	};
	*t = (struct task){ .name = xstrdup("t"),
		.driver = xstrdup("raw_exec") };
	t->resources = xcalloc(1, sizeof *t->resources);
	t->resources->cpu = 10;
	t->resources->memory_mb = 10;
	return j;
}

static void
setup(const char *type, struct job *job, size_t nnodes)
{
	sched_state_init(&st);
	rng_init(&rng, 7);
	for (size_t i = 0; i < nnodes; i++)
		sched_put_node(
		    &st, new_node(i, 4000, i % 2 == 0 ? "even" : "odd"), 1);
	sched_put_version(&st, sched_job_have(&st, "default", "web"), job);
	eval = (struct eval){ .id = "e",
		.namespace = "default",
		.job_id = "web",
		.type = (char *)(uintptr_t)type,
		.triggered_by = "job-register",
		.status = "pending" };
}

/* The address that ports are given on. */
static void
give_address(struct node *n, const char *address)
{
	struct node_network_resource *net = xcalloc(1, sizeof *net);
	struct node_network_address *a = xcalloc(1, sizeof *a);

	a->alias = xstrdup("default");
	a->address = xstrdup(address);
	net->addresses = a;
	net->naddresses = 1;
	n->node_resources->node_networks = net;
	n->node_resources->nnode_networks = 1;
}

/* A task that asks for ports itself, as jobs did before groups could. */
static struct job *
new_port_job(int64_t count)
{
	struct job *j = new_job("service", count);
	struct resources *r = j->task_groups[0].tasks[0].resources;
	struct network_resource *net = xcalloc(1, sizeof *net);

	net->mbits = 20;
	net->has_mbits = true;
	net->reserved_ports = xcalloc(1, sizeof *net->reserved_ports);
	net->reserved_ports[net->nreserved_ports++] =
	    (struct port){ .label = xstrdup("lb"), .value = 9999 };
	net->dynamic_ports = xcalloc(1, sizeof *net->dynamic_ports);
	net->dynamic_ports[net->ndynamic_ports++] =
	    (struct port){ .label = xstrdup("ui"), .to = -1 };
	r->networks = net;
	r->nnetworks = 1;
	return j;
}

static void
setup_ports(struct job *job, size_t nnodes)
{
	setup("service", job, 0);
	for (size_t i = 0; i < nnodes; i++) {
		struct node *n = new_node(i, 4000, "even");

		give_address(n, i == 0 ? "10.0.0.1" : "10.0.0.2");
		sched_put_node(&st, n, 1);
	}
}

static void
look(struct scheduler_result *res)
{
	scheduler_run(&(struct scheduler_view){ .st = &st, .now_ns = NOW },
	    &eval, &rng, res);
}

static size_t
count_on(const struct scheduler_result *res, const char *node_id)
{
	size_t n = 0;

	for (size_t i = 0; i < res->plan.nplaces; i++)
		n += strcmp(res->plan.places[i].node_id, node_id) == 0;
	return n;
}

START_TEST(rank_places_a_thousand_in_milliseconds)
{
	struct scheduler_result res;
	struct timespec a, b;
	double ms;

	setup("batch", new_job("batch", MANY), 100);
	clock_gettime(CLOCK_MONOTONIC, &a);
	look(&res);
	clock_gettime(CLOCK_MONOTONIC, &b);
	ms = (double)(b.tv_sec - a.tv_sec) * 1e3 +
	     (double)(b.tv_nsec - a.tv_nsec) / 1e6;
	printf("%d placed on 100 nodes in %.1f ms\n", MANY, ms);
	ck_assert_uint_eq(res.plan.nplaces, MANY);
	ck_assert_uint_eq(res.ended.nfailed_tg_allocs, 0);
	scheduler_result_release(&res);
	sched_state_release(&st);
}
END_TEST

START_TEST(rank_spreads_a_group_before_it_fills_a_node)
{
	struct scheduler_result res;

	setup("service", new_job("service", 4), 2);
	look(&res);
	ck_assert_uint_eq(res.plan.nplaces, 4);
	ck_assert_uint_eq(
	    count_on(&res, "00000000-0000-4000-8000-000000000001"), 2);
	scheduler_result_release(&res);
	sched_state_release(&st);
}
END_TEST

START_TEST(rank_is_the_same_for_the_same_seed)
{
	struct scheduler_result one, two;

	setup("service", new_job("service", 5), 20);
	look(&one);
	rng_init(&rng, 7);
	look(&two);
	ck_assert(rec_equal(&cmd_plan_type, &one.plan, &two.plan));
	scheduler_result_release(&one);
	scheduler_result_release(&two);
	sched_state_release(&st);
}
END_TEST

START_TEST(rank_blocks_what_fits_nowhere_and_says_why)
{
	struct job *job = new_job("service", 3);
	struct scheduler_result res;

	job->task_groups[0].tasks[0].resources->cpu = 3000;
	setup("service", job, 2);
	look(&res);
	ck_assert_uint_eq(res.plan.nplaces, 2);
	ck_assert_uint_eq(res.ncreated, 1);
	ck_assert_str_eq(res.created[0].status, "blocked");
	ck_assert_str_eq(res.ended.blocked_eval, res.created[0].id);
	ck_assert_uint_eq(res.ended.nfailed_tg_allocs, 1);
	ck_assert_str_eq(
	    res.ended.failed_tg_allocs[0].value.dimension_exhausted[0].key,
	    "cpu");
	ck_assert_int_eq(res.ended.queued_allocations[0].value, 1);
	scheduler_result_release(&res);
	sched_state_release(&st);
}
END_TEST

START_TEST(rank_counts_who_was_refused_by_which_rule)
{
	struct job *job = new_job("service", 1);
	struct scheduler_result res;
	struct constraint *c = xcalloc(1, sizeof *c);
	const struct alloc_metric *m;

	*c = (struct constraint){ xstrdup("${meta.rack}"), xstrdup("odd"),
		xstrdup("=") };
	job->constraints = c;
	job->nconstraints = 1;
	setup("service", job, 10);
	look(&res);
	ck_assert_uint_eq(res.plan.nplaces, 1);
	m = res.plan.places[0].metrics;
	ck_assert_int_eq(m->nodes_evaluated, 10);
	ck_assert_int_eq(m->nodes_filtered, 5);
	ck_assert_uint_eq(m->nconstraint_filtered, 2);
	ck_assert_str_eq(m->constraint_filtered[0].key, "${meta.rack} = odd");
	ck_assert_int_eq(m->constraint_filtered[0].value, 1);
	ck_assert_int_eq(m->constraint_filtered[1].value, 4);
	scheduler_result_release(&res);
	sched_state_release(&st);
}
END_TEST

START_TEST(rank_gives_a_task_the_ports_that_it_asks_for)
{
	const struct allocated_resources *given;
	const struct network_resource *net;
	struct scheduler_result res;

	setup_ports(new_port_job(1), 1);
	look(&res);
	ck_assert_uint_eq(res.plan.nplaces, 1);
	given = res.plan.places[0].allocated_resources;
	ck_assert_uint_eq(given->shared.nports, 0);
	ck_assert_uint_eq(given->tasks[0].nnetworks, 1);
	net = &given->tasks[0].networks[0];
	ck_assert_str_eq(net->ip, "10.0.0.1");
	ck_assert_int_eq(net->mbits, 20);
	ck_assert_str_eq(net->reserved_ports[0].label, "lb");
	ck_assert_int_eq(net->reserved_ports[0].value, 9999);
	ck_assert_int_ge(net->dynamic_ports[0].value, 20000);
	ck_assert_int_eq(net->dynamic_ports[0].to, net->dynamic_ports[0].value);
	scheduler_result_release(&res);
	sched_state_release(&st);
}
END_TEST

START_TEST(rank_gives_no_port_of_a_task_twice)
{
	struct scheduler_result res;

	setup_ports(new_port_job(3), 2);
	look(&res);
	ck_assert_uint_eq(res.plan.nplaces, 2);
	ck_assert_str_ne(
	    res.plan.places[0].node_id, res.plan.places[1].node_id);
	ck_assert_str_eq(
	    res.ended.failed_tg_allocs[0].value.dimension_exhausted[0].key,
	    "network: reserved port collision lb=9999");
	scheduler_result_release(&res);
	sched_state_release(&st);
}
END_TEST

/* --- who gives way --- */

/* Something of a job of its own is on the node; port 0: it has none. */
static void
put_other(const char *id, int64_t priority, int64_t cpu, int64_t port)
{
	struct allocated_task_resources task = { .key = "t",
		.cpu = { .cpu_shares = cpu },
		.memory = { .memory_mb = 10 } };
	struct port_mapping mapping = {
		.label = "p", .value = port, .host_ip = "10.0.0.1"
	};
	struct allocated_resources held = { .tasks = &task,
		.ntasks = 1,
		.shared = { .ports = &mapping, .nports = port > 0 } };
	struct job *job = new_job("service", 1);
	struct alloc a = { .id = (char *)(uintptr_t)id,
		.name = "other.g[0]",
		.namespace = "default",
		.job_id = (char *)(uintptr_t)id,
		.node_id = "00000000-0000-4000-8000-000000000001",
		.task_group = "g",
		.desired_status = "run",
		.client_status = "running",
		.allocated_resources = &held };

	sched_set(&job->id, id);
	job->priority = priority;
	sched_put_version(&st, sched_job_have(&st, "default", id), job);
	sched_put_alloc(&st, &a, 1);
}

/* A service of priority 80 that asks for port 9999 and 500 MHz; the one node
 * has 4000, and keeps some ports for itself. */
static void
setup_way(int64_t count, const char *reserved_ports)
{
	struct job *job = new_port_job(count);
	struct node *n = new_node(0, 4000, "even");

	job->priority = 80;
	job->task_groups[0].tasks[0].resources->cpu = 500;
	setup("service", job, 0);
	give_address(n, "10.0.0.1");
	n->node_resources->node_networks[0].addresses[0].reserved_ports =
	    xstrdup(reserved_ports);
	sched_put_node(&st, n, 1);
	st.config.preemption_config.service_scheduler_enabled = true;
}

/* Looks, and expects those to go, separated by spaces; NULL: it fails for
 * the reason. */
static void
expect_way(const char *victims, const char *reason)
{
	struct scheduler_result res;
	struct buf got = { 0 };

	look(&res);
	ck_assert_uint_eq(res.plan.nplaces, victims != NULL);
	for (size_t i = 0; i < res.plan.npreempts; i++)
		buf_addf(&got, "%s%s", i > 0 ? " " : "",
		    res.plan.preempts[i].alloc_id);
	ck_assert_str_eq(buf_str(&got), victims != NULL ? victims : "");
	if (victims != NULL)
		ck_assert_int_eq(res.plan.places[0]
				     .allocated_resources->tasks[0]
				     .networks[0]
				     .reserved_ports[0]
				     .value,
		    9999);
	else
		ck_assert_str_eq(res.ended.failed_tg_allocs[0]
				     .value.dimension_exhausted[0]
				     .key,
		    reason);
	buf_release(&got);
	scheduler_result_release(&res);
	sched_state_release(&st);
}

START_TEST(rank_lets_the_less_important_give_way_to_a_system_job)
{
	struct job *job = new_job("system", 1);
	struct scheduler_result res;

	job->priority = 80;
	job->task_groups[0].tasks[0].resources->cpu = 500;
	setup("system", job, 1);
	put_other("low", 50, 3900, 0);
	look(&res);
	ck_assert_uint_eq(res.plan.nplaces, 1);
	ck_assert_uint_eq(res.plan.npreempts, 1);
	ck_assert_str_eq(res.plan.preempts[0].alloc_id, "low");
	ck_assert_str_eq(
	    res.plan.preempts[0].preempted_by, res.plan.places[0].id);
	ck_assert_uint_eq(res.ncreated, 1);
	ck_assert_str_eq(res.created[0].job_id, "low");
	scheduler_result_release(&res);
	sched_state_release(&st);
}
END_TEST

START_TEST(rank_wins_a_port_from_the_less_important)
{
	setup_way(1, "");
	put_other("beside", 10, 3000, 8080);
	put_other("holder", 70, 100, 9999);
	expect_way("holder", NULL);
}
END_TEST

START_TEST(rank_lets_others_go_for_room_after_the_holder_of_a_port)
{
	setup_way(1, "");
	put_other("large", 60, 1000, 0);
	put_other("small", 30, 2000, 0);
	put_other("holder", 50, 900, 9999);
	expect_way("holder", NULL);
	setup_way(1, "");
	put_other("large", 60, 2000, 0);
	put_other("small", 30, 1800, 0);
	put_other("holder", 50, 100, 9999);
	expect_way("holder small", NULL);
}
END_TEST

START_TEST(rank_says_what_is_missing_beside_a_port_that_could_be_won)
{
	setup_way(1, "");
	put_other("equal", 75, 3800, 0);
	put_other("holder", 50, 100, 9999);
	expect_way(NULL, "cpu");
}
END_TEST

START_TEST(rank_wins_no_port_from_its_equals_nor_from_the_node)
{
	setup_way(1, "");
	put_other("low", 10, 100, 0);
	put_other("holder", 71, 100, 9999);
	expect_way(NULL, "network: reserved port collision lb=9999");
	setup_way(1, "9999");
	put_other("holder", 10, 100, 9999);
	expect_way(NULL, "network: reserved port collision lb=9999");
	setup_way(1, "");
	st.config.preemption_config.service_scheduler_enabled = false;
	put_other("holder", 10, 100, 9999);
	expect_way(NULL, "network: reserved port collision lb=9999");
}
END_TEST

/* The first of two has the port then, and the second does not take it away. */
START_TEST(rank_wins_no_port_from_its_own)
{
	struct scheduler_result res;

	setup_way(2, "");
	put_other("holder", 10, 100, 9999);
	look(&res);
	ck_assert_uint_eq(res.plan.nplaces, 1);
	ck_assert_uint_eq(res.plan.npreempts, 1);
	scheduler_result_release(&res);
	sched_state_release(&st);
}
END_TEST

UNIT_MAIN("rank", rank_places_a_thousand_in_milliseconds,
    rank_spreads_a_group_before_it_fills_a_node,
    rank_is_the_same_for_the_same_seed,
    rank_blocks_what_fits_nowhere_and_says_why,
    rank_counts_who_was_refused_by_which_rule,
    rank_gives_a_task_the_ports_that_it_asks_for,
    rank_gives_no_port_of_a_task_twice,
    rank_lets_the_less_important_give_way_to_a_system_job,
    rank_wins_a_port_from_the_less_important,
    rank_lets_others_go_for_room_after_the_holder_of_a_port,
    rank_says_what_is_missing_beside_a_port_that_could_be_won,
    rank_wins_no_port_from_its_equals_nor_from_the_node,
    rank_wins_no_port_from_its_own)
