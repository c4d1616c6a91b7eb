/*
 * The core as a server drives it: requests in, actions out, commands
 * committed at once unless the story holds them back.
 */
#include "cmd/schedd/core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "common/text.h"
#include "tests/lib/unit.h"

#define NODES   4
#define MAX_REQ 64
#define WALL    (INT64_C(946684800) * CLOCK_NS_PER_S)

static struct sched_core *core;
static uint64_t now_ms, last_req, log_index;
static bool held;        /* proposals wait */
static int64_t room;     /* of a node, in MHz, MB, and 10 MB of disk */
static int64_t priority; /* of the jobs that are registered */
static char *kind;       /* likewise */
static size_t nplans;    /* committed */
static size_t ncalm;     /* that may wait for others to go with */
static struct {
	uint64_t number;
	struct buf bytes;
} waiting[MAX_REQ];
static size_t nwaiting;
static struct {
	bool answered;
	struct sched_act act;
	struct buf body; /* as JSON */
} answers[MAX_REQ];

static void
turn(void)
{
	sched_core_clock(
	    core, now_ms, WALL + (int64_t)now_ms * CLOCK_NS_PER_MS);
}

/* No command is larger than it may be. */
static void
check_size(const void *bytes, size_t n)
{
	struct arena arena = { 0 };
	struct cmd cmd;
	struct err err;

	ck_assert_msg(rec_unpack(&cmd_type, &cmd, bytes, n, &arena, &err) == 0,
	    "%s", err.text);
	if (cmd.plan != NULL) {
		nplans++;
		ck_assert_uint_le(cmd.plan->nstops, CMD_MAX_BATCH);
		ck_assert_uint_le(cmd.plan->npreempts, CMD_MAX_BATCH);
		ck_assert_uint_le(cmd.plan->nplaces, CMD_MAX_BATCH);
		ck_assert_uint_le(cmd.plan->nupdates, CMD_MAX_BATCH);
	}
	arena_release(&arena);
}

static void
commit(const void *bytes, size_t n)
{
	struct err err;

	check_size(bytes, n);
	turn();
	ck_assert_msg(
	    sched_core_applied(core, ++log_index, bytes, n, &err) == 0, "%s",
	    err.text);
}

static void
settle(void)
{
	struct sched_act act;

	while (sched_core_next(core, &act)) {
		if (act.kind == SCHED_ACT_PROPOSE) {
			struct buf *b = &waiting[nwaiting].bytes;

			ck_assert_uint_lt(nwaiting, MAX_REQ);
			buf_reset(b);
			buf_add(b, act.bytes, act.n);
			waiting[nwaiting++].number = act.proposal;
			ncalm += act.can_wait;
			if (held)
				continue;
			nwaiting--;
			commit(b->data, b->len);
			continue;
		}
		ck_assert_uint_lt(act.req, MAX_REQ);
		ck_assert(!answers[act.req].answered);
		answers[act.req].answered = true;
		answers[act.req].act = act;
		if (act.kind == SCHED_ACT_REPLY && act.body != NULL)
			rec_to_json(
			    act.type, act.body, &answers[act.req].body, 0);
	}
}

/* What waits; what comes of it waits in turn. */
static void
commit_waiting(void)
{
	for (size_t i = 0; i < nwaiting; i++)
		commit(waiting[i].bytes.data, waiting[i].bytes.len);
	nwaiting = 0;
	settle();
}

static void
commit_held(void)
{
	held = false;
	commit_waiting();
}

static uint64_t
ask(void)
{
	turn();
	return ++last_req;
}

static const char *
said(uint64_t req, const char *member)
{
	static char text[256];
	struct tree *t;
	struct err err;
	const char *s;

	ck_assert(answers[req].answered);
	ck_assert_int_eq(answers[req].act.kind, SCHED_ACT_REPLY);
	t = tree_from_json(
	    buf_str(&answers[req].body), answers[req].body.len, &err);
	ck_assert_ptr_nonnull(t);
	s = tree_get_str(t, member);
	snprintf(text, sizeof text, "%s", s != NULL ? s : "");
	tree_free(t);
	return text;
}

static enum err_code
refused(uint64_t req)
{
	ck_assert(answers[req].answered);
	return answers[req].act.kind == SCHED_ACT_REFUSE
		   ? answers[req].act.err.code
		   : ERR_NONE;
}

/* --- a small cluster --- */

static const char *
node_id(size_t i)
{
	static char id[NODES][SCHED_ID_SIZE];

	snprintf(id[i], sizeof id[i], "%08zu-0000-4000-8000-000000000000", i);
	return id[i];
}

static void
register_as(const char *id)
{
	struct node_resources res = { .cpu = { .cpu_shares = room },
		.memory = { .memory_mb = room },
		.disk = { .disk_mb = 10 * room },
		.min_dynamic_port = 20000,
		.max_dynamic_port = 32000 };
	struct rec_kv attributes[] = { { "driver.mock_driver", "1" },
		{ "kernel.name", "linux" } };
	struct driver_info driver = {
		.key = "mock_driver", .detected = true, .healthy = true
	};
	struct node_register m = { .node = { .id = (char *)(uintptr_t)id,
				       .name = "n",
				       .secret_id = "s",
				       .datacenter = "dc1",
				       .node_pool = "default",
				       .status = "ready",
				       .attributes = attributes,
				       .nattributes = 2,
				       .drivers = &driver,
				       .ndrivers = 1,
				       .node_resources = &res } };
	uint64_t req = ask();

	sched_core_node_register(core, req, &m);
	settle();
	ck_assert_int_eq(refused(req), ERR_NONE);
}

static void
register_node(size_t i)
{
	register_as(node_id(i));
}

static void
renew(size_t i)
{
	struct node_lease m = { .node_id = (char *)(uintptr_t)node_id(i),
		.secret_id = "s",
		.status = "ready" };

	sched_core_node_lease(core, ask(), &m);
	settle();
	if (held)
		return;
	answers[last_req].answered = false;
	buf_reset(&answers[last_req].body);
	last_req--;
}

static uint64_t
register_job(const char *id, int64_t count, int64_t cpu)
{
	struct resources res = { .has_cpu = true,
		.cpu = cpu,
		.has_memory_mb = true,
		.memory_mb = 10 };
	struct task task = {
		.name = "t", .driver = "mock_driver", .resources = &res
	};
	struct task_group group = { .name = "g",
		.has_count = true,
		.count = count,
		.tasks = &task,
		.ntasks = 1 };
	char *dcs[] = { "dc1" };
	struct job job = { .id = (char *)(uintptr_t)id,
		.name = (char *)(uintptr_t)id,
		.namespace = "default",
		.type = kind,
		.has_priority = true,
		.priority = priority,
		.datacenters = dcs,
		.ndatacenters = 1,
		.task_groups = &group,
		.ntask_groups = 1 };
	struct job_register_request m = { .job = &job };
	uint64_t req = ask();

	sched_core_job_register(core, req, &m);
	settle();
	return req;
}

static void
lead(bool leading)
{
	turn();
	sched_core_lead(core, leading);
	settle();
}

static void
setup_with(int64_t node_room)
{
	struct sched_core_opts o;

	room = node_room;
	priority = 50;
	kind = text_borrow("service");
	nplans = 0;

	sched_core_opts_init(&o);
	core = sched_core_new(&o);
	now_ms = 1000;
	last_req = nwaiting = 0;
	log_index = 10;
	held = false;
	lead(true);
	for (size_t i = 0; i < NODES; i++)
		register_node(i);
}

static void
setup(void)
{
	setup_with(1000);
}

static void
teardown(void)
{
	sched_core_free(core);
	for (size_t i = 0; i < MAX_REQ; i++) {
		buf_release(&answers[i].body);
		buf_release(&waiting[i].bytes);
		answers[i].answered = false;
	}
}

static size_t
live(const char *job, size_t node)
{
	const struct sched_job *j =
	    sched_job_find(sched_core_state(core), "default", job);
	const struct sched_alloc *a;
	size_t n = 0;

	ck_assert_ptr_nonnull(j);
	TAILQ_FOREACH (a, &j->allocs, by_job)
		n += !sched_alloc_is_terminal(a) &&
		     (node == NODES || strcmp(a->node->id, node_id(node)) == 0);
	return n;
}

static const char *
eval_status(const char *id)
{
	const struct sched_eval *e =
	    sched_eval_find(sched_core_state(core), id);

	return e != NULL ? e->rec.status : "unknown";
}

/* Time passes; the nodes but one keep in touch. */
static void
pass(uint64_t ms, size_t silent)
{
	uint64_t end = now_ms + ms;

	for (uint64_t step = now_ms + 500; step <= end; step += 500) {
		/* What falls due meanwhile is done in time. */
		while (sched_core_due_ms(core) < step) {
			if (now_ms < sched_core_due_ms(core))
				now_ms = sched_core_due_ms(core);
			turn();
			sched_core_tick(core);
			settle();
		}
		now_ms = step;
		for (size_t i = 0; i < NODES; i++)
			if (i != silent)
				renew(i);
		turn();
		sched_core_tick(core);
		settle();
	}
}

/* Evaluations that are ready are run to their end. */
static void
run_ready(void)
{
	while (sched_core_due_ms(core) <= now_ms + 1) {
		now_ms++;
		turn();
		sched_core_tick(core);
		settle();
	}
}

/* What should stop at the node has ended. */
static void
end_stopped(size_t node)
{
	const struct sched_node *n =
	    sched_node_find(sched_core_state(core), node_id(node));
	const struct sched_alloc *a;
	struct alloc allocs[8] = { 0 };
	struct node_update m = { .node_id = n->id,
		.secret_id = text_borrow("s"),
		.allocs = allocs };

	TAILQ_FOREACH (a, &n->allocs, by_node) {
		ck_assert_uint_lt(m.nallocs, 8);
		if (a->desired == SCHED_RUN)
			continue;
		allocs[m.nallocs].id = text_borrow(a->id);
		allocs[m.nallocs++].client_status = text_borrow("complete");
	}
	sched_core_node_update(core, ask(), &m);
	settle();
}

/* --- stories --- */

START_TEST(core_places_what_is_registered)
{
	uint64_t req;

	setup();
	req = register_job("web", 3, 100);
	ck_assert_str_eq(eval_status(said(req, "EvalID")), "complete");
	ck_assert_uint_eq(live("web", NODES), 3);
	teardown();
}
END_TEST

START_TEST(core_answers_when_the_log_has_it)
{
	struct sched_core_stats s;
	uint64_t req;

	setup();
	held = true;
	req = register_job("web", 1, 100);
	ck_assert(!answers[req].answered);
	sched_core_stats(core, &s);
	ck_assert_uint_eq(s.pending, 1);
	commit_held();
	ck_assert(answers[req].answered);
	ck_assert_uint_eq(live("web", NODES), 1);
	teardown();
}
END_TEST

/* Only the end of an evaluation that places nothing. */
START_TEST(core_says_what_may_be_written_with_the_next)
{
	setup();
	ncalm = 0;
	register_job("web", 1, 100);
	ck_assert_uint_eq(live("web", NODES), 1);
	ck_assert_uint_eq(ncalm, 0);
	register_job("huge", 1, 100000);
	ck_assert_uint_eq(live("huge", NODES), 0);
	ck_assert_uint_eq(ncalm, 1);
	/* So many that others cannot run meanwhile: the last ones go at once */
	held = true;
	ncalm = 0;
	for (int i = 0; i < 8; i++) {
		char id[16];

		snprintf(id, sizeof id, "huge-%d", i);
		register_job(id, 1, 100000);
	}
	ck_assert_uint_eq(ncalm, 0);
	commit_waiting();
	ck_assert_uint_eq(nwaiting, 8);
	ck_assert_uint_eq(ncalm, 4);
	commit_held();
	teardown();
}
END_TEST

START_TEST(core_replaces_what_ran_on_a_lost_node)
{
	size_t lost = 0;

	setup();
	register_job("web", 4, 400);
	while (live("web", lost) == 0)
		lost++;
	pass(8000, lost);
	ck_assert_str_eq(sched_node_find(sched_core_state(core), node_id(lost))
			     ->node->status,
	    "down");
	ck_assert_uint_eq(live("web", lost), 0);
	ck_assert_uint_eq(live("web", NODES), 4);
	renew(lost);
	ck_assert_str_eq(sched_node_find(sched_core_state(core), node_id(lost))
			     ->node->status,
	    "ready");
	teardown();
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

		setup();
		kind = text_borrow(types[i]);
		register_job("web", 2, 100);
		j = sched_job_find(sched_core_state(core), "default", "web");
		news.id = xstrdup(TAILQ_FIRST(&j->allocs)->id);
		m.node_id = node = xstrdup(TAILQ_FIRST(&j->allocs)->node->id);
		sched_core_node_update(core, ask(), &m);
		settle();
		ck_assert_uint_eq(live("web", NODES), 2);
		ck_assert_int_eq(
		    sched_alloc_find(sched_core_state(core), news.id)->client,
		    SCHED_LOST);
		free(news.id);
		free(node);
		teardown();
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

	setup();
	m.node_id = xstrdup(node_id(0));
	news.id = text_borrow("00000000-1111-2222-3333-444444444444");
	m.index = sched_core_state(core)->index + 1;
	req = ask();
	sched_core_node_update(core, req, &m);
	settle();
	ck_assert_int_eq(answers[req].act.kind, SCHED_ACT_REFUSE);
	ck_assert_int_eq(answers[req].act.err.code, ERR_BUSY);
	/* There by now, and it has been forgotten: that is no harm. */
	m.index = sched_core_state(core)->index;
	req = ask();
	sched_core_node_update(core, req, &m);
	settle();
	ck_assert(answers[req].answered);
	ck_assert_int_ne(answers[req].act.kind, SCHED_ACT_REFUSE);
	free(m.node_id);
	teardown();
}
END_TEST

START_TEST(core_waits_for_room)
{
	struct sched_core_stats s;

	setup();
	register_job("big", 6, 600);
	ck_assert_uint_eq(live("big", NODES), 4);
	sched_core_stats(core, &s);
	ck_assert_uint_eq(s.blocked, 1);
	/* With less to ask the rest fits. */
	register_job("big", 6, 300);
	pass(3000, NODES);
	ck_assert_uint_ge(live("big", NODES), 4);
	teardown();
}
END_TEST

START_TEST(core_does_a_command_once)
{
	uint64_t version, req;
	struct buf entry = { 0 };

	setup();
	held = true;
	req = register_job("web", 1, 100);
	buf_add(&entry, waiting[0].bytes.data, waiting[0].bytes.len);
	commit_held();
	ck_assert_int_eq(refused(req), ERR_NONE);
	version = sched_job_find(sched_core_state(core), "default", "web")
		      ->job->modify_index;
	commit(entry.data, entry.len);
	settle();
	ck_assert_uint_eq(
	    sched_job_find(sched_core_state(core), "default", "web")
		->job->modify_index,
	    version);
	ck_assert_uint_eq(live("web", NODES), 1);
	buf_release(&entry);
	teardown();
}
END_TEST

START_TEST(core_refuses_when_it_does_not_lead)
{
	uint64_t before, after;

	setup();
	held = true;
	before = register_job("web", 1, 100);
	lead(false);
	/* It is not said to have failed, for it may yet be committed. */
	ck_assert_int_eq(refused(before), ERR_GONE);
	held = false;
	after = register_job("web", 1, 100);
	ck_assert_int_eq(refused(after), ERR_NOT_LEADER);
	/* What was on its way is committed after all: it counts, and the
	 * next leader sees to it. */
	commit_held();
	ck_assert_uint_eq(live("web", NODES), 0);
	lead(true);
	ck_assert_uint_eq(live("web", NODES), 1);
	teardown();
}
END_TEST

START_TEST(core_gives_a_new_leaders_nodes_time)
{
	setup();
	register_job("web", 2, 100);
	lead(false);
	lead(true);
	now_ms += 20000; /* longer than any lease, less than failover_ttl */
	turn();
	sched_core_tick(core);
	settle();
	ck_assert_str_eq(
	    sched_node_find(sched_core_state(core), node_id(0))->node->status,
	    "ready");
	pass(20000, 0);
	ck_assert_str_eq(
	    sched_node_find(sched_core_state(core), node_id(0))->node->status,
	    "down");
	teardown();
}
END_TEST

START_TEST(core_knows_a_node_by_its_secret)
{
	struct node_lease m = { .node_id = (char *)(uintptr_t)node_id(0),
		.secret_id = "other",
		.status = "ready" };
	uint64_t req;

	setup();
	ck_assert(sched_core_knows_node(core, node_id(0), "s"));
	ck_assert(!sched_core_knows_node(core, node_id(0), "other"));
	req = ask();
	sched_core_node_lease(core, req, &m);
	settle();
	ck_assert_int_eq(refused(req), ERR_DENIED);
	m.node_id = "nobody";
	req = ask();
	sched_core_node_lease(core, req, &m);
	settle();
	ck_assert_ptr_nonnull(
	    strstr(buf_str(&answers[req].body), "\"Known\":false"));
	teardown();
}
END_TEST

START_TEST(core_registers_no_node_that_is_not_whole_or_another_ones)
{
	struct node_register m = { .node = {
				       .id = (char *)(uintptr_t)node_id(0),
				       .name = "n",
				       .secret_id = "other" } };
	uint64_t req;

	setup();
	sched_core_node_register(core, req = ask(), &m);
	settle();
	ck_assert_int_eq(refused(req), ERR_BAD); /* of no datacenter */
	m.node.datacenter = "dc1";
	sched_core_node_register(core, req = ask(), &m);
	settle();
	ck_assert_int_eq(refused(req), ERR_DENIED);
	teardown();
}
END_TEST

START_TEST(core_that_was_busy_calls_nobody_down)
{
	struct sched_core_stats stats;
	const struct sched_node *n;

	setup();
	pass(2000, NODES);
	/* For long it hears nothing, neither renewals nor its own timer. */
	now_ms += 20000;
	turn();
	sched_core_tick(core);
	settle();
	sched_core_stats(core, &stats);
	ck_assert_uint_eq(stats.leases_expired, 0);
	/* Who says nothing after that is down. */
	pass(6000, 0);
	sched_core_stats(core, &stats);
	ck_assert_uint_eq(stats.leases_expired, 1);
	n = sched_node_find(sched_core_state(core), node_id(0));
	ck_assert_str_eq(n->node->status, "down");
	teardown();
}
END_TEST

START_TEST(core_calls_many_lost_nodes_down_some_in_each_turn)
{
	struct sched_core_stats stats;
	uint64_t before = 0;
	char id[SCHED_ID_SIZE];

	setup();
	for (size_t i = NODES; i < 40; i++) {
		snprintf(id, sizeof id, "%08zu-0000-4000-8000-000000000000", i);
		register_as(id);
	}
	/* All leases of a new leader end at once. */
	lead(false);
	lead(true);
	now_ms += 30000;
	for (int i = 0; i < 3; i++) {
		turn();
		sched_core_tick(core);
		settle();
		sched_core_stats(core, &stats);
		ck_assert_uint_gt(stats.leases_expired, before);
		ck_assert_uint_le(stats.leases_expired, before + 16);
		before = stats.leases_expired;
		now_ms += 60; /* together longer than a server may be late */
	}
	ck_assert_uint_eq(before, 40);
	ck_assert_uint_eq(stats.leases_forgiven, 0);
	teardown();
}
END_TEST

START_TEST(core_has_a_node_drain_itself_and_come_back)
{
	struct node_drain_ask ask_it = { .node_id = text_borrow(node_id(0)),
		.secret_id = text_borrow("s"),
		.deadline = -1 };
	struct node_drain_ask wrong = { .node_id = text_borrow(node_id(0)),
		.secret_id = text_borrow("x") };
	const struct sched_node *n;
	uint64_t req;

	setup();
	register_job("web", 4, 400);
	sched_core_node_self_drain(core, req = ask(), &wrong);
	settle();
	ck_assert_int_eq(refused(req), ERR_DENIED);
	sched_core_node_self_drain(core, ask(), &ask_it);
	settle();
	pass(2000, NODES);
	ck_assert_uint_eq(live("web", 0), 0);
	ck_assert_uint_eq(live("web", NODES), 4);
	end_stopped(0);
	ask_it.look = true;
	sched_core_node_self_drain(core, req = ask(), &ask_it);
	settle();
	ck_assert_ptr_nonnull(
	    strstr(buf_str(&answers[req].body), "\"Done\":true"));
	n = sched_node_find(sched_core_state(core), node_id(0));
	ck_assert_str_eq(n->node->scheduling_eligibility, "ineligible");
	ask_it.look = false;
	ask_it.back = true;
	sched_core_node_self_drain(core, ask(), &ask_it);
	settle();
	n = sched_node_find(sched_core_state(core), node_id(0));
	ck_assert_str_eq(n->node->scheduling_eligibility, "eligible");
	teardown();
}
END_TEST

/* Node 0 drains itself, or says that it is back. */
static const struct node *
self_drain(bool back)
{
	struct node_drain_ask m = { .node_id = text_borrow(node_id(0)),
		.secret_id = text_borrow("s"),
		.deadline = -1,
		.back = back };

	sched_core_node_self_drain(core, ask(), &m);
	settle();
	return sched_node_find(sched_core_state(core), node_id(0))->node;
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

	setup();
	register_job("web", 4, 400);
	/* Under way: it goes on as it is. */
	sched_core_node_drain(core, ask(), node_id(0), &drain);
	settle();
	n = self_drain(false);
	ck_assert_int_eq(n->drain_strategy->deadline, spec.deadline);
	ck_assert_str_eq(drain_message(n), "disk");
	pass(4000, NODES);
	end_stopped(0);
	n = self_drain(true);
	ck_assert_str_eq(n->last_drain->status, "complete");
	ck_assert_str_eq(n->scheduling_eligibility, "ineligible");
	/* Over: what system jobs it ran may go yet. */
	n = self_drain(false);
	ck_assert_str_eq(drain_message(n), "disk");
	pass(2000, NODES);
	n = self_drain(true);
	ck_assert_str_eq(n->scheduling_eligibility, "ineligible");
	ck_assert_str_eq(drain_message(n), "disk");
	teardown();
}
END_TEST

static void
make_eligible(bool eligible)
{
	sched_core_node_eligibility(core, ask(), node_id(0), eligible);
	settle();
}

START_TEST(core_leaves_a_node_as_the_operator_has_made_it_since_it_left)
{
	struct drain_spec spec = { .deadline = -1 };
	struct node_update_drain_request drain = { .drain_spec = &spec };
	const struct node *n;

	setup();
	register_job("web", 4, 400);
	/* By a drain that says nothing of why, while it drains itself. */
	n = self_drain(false);
	ck_assert_ptr_nonnull(n->drain_strategy);
	ck_assert_str_eq(drain_message(n), "shutting down");
	sched_core_node_drain(core, ask(), node_id(0), &drain);
	settle();
	n = self_drain(true);
	ck_assert_ptr_nonnull(n->drain_strategy);
	ck_assert_str_eq(drain_message(n), "none");
	pass(2000, NODES);
	end_stopped(0);
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
	teardown();
}
END_TEST

START_TEST(core_stops_a_job)
{
	uint64_t req;

	setup();
	register_job("web", 3, 100);
	req = ask();
	sched_core_job_deregister(core, req, "default", "web", false, 0);
	settle();
	ck_assert_str_eq(eval_status(said(req, "EvalID")), "complete");
	ck_assert_uint_eq(live("web", NODES), 0);
	req = ask();
	sched_core_job_scale(core, req, "default", "none",
	    &(struct scaling_request){ .has_count = true, .count = 1 });
	settle();
	ck_assert_int_eq(refused(req), ERR_NOT_FOUND);
	teardown();
}
END_TEST

START_TEST(core_empties_a_draining_node)
{
	struct drain_spec now = { .deadline = -1 };
	struct rec_kv why = { text_borrow("message"), text_borrow("disk") };
	struct node_update_drain_request drain = {
		.drain_spec = &now, .meta = &why, .nmeta = 1
	};
	const struct node *node;
	size_t full = 0;

	setup();
	register_job("web", 4, 400);
	while (live("web", full) == 0)
		full++;
	sched_core_node_drain(core, ask(), node_id(full), &drain);
	settle();
	pass(2000, NODES);
	ck_assert_uint_eq(live("web", full), 0);
	ck_assert_uint_eq(live("web", NODES), 4);
	node = sched_node_find(sched_core_state(core), node_id(full))->node;
	/* They still run there, until the node says that they have ended. */
	ck_assert(node->drain);
	end_stopped(full);
	node = sched_node_find(sched_core_state(core), node_id(full))->node;
	ck_assert(!node->drain);
	ck_assert_str_eq(node->last_drain->status, "complete");
	ck_assert_str_eq(rec_kv_get(node->last_drain->meta,
			     node->last_drain->nmeta, "message"),
	    "disk");
	teardown();
}
END_TEST

START_TEST(core_tells_a_drain_that_was_ended_from_one_that_is_over)
{
	struct drain_spec spec = { .deadline = 0 };
	struct node_update_drain_request drain = { .drain_spec = &spec };
	struct node_update_drain_request end = { 0 };
	const struct node *node;
	size_t full = 0;

	setup();
	register_job("web", 4, 400);
	while (live("web", full) == 0)
		full++;
	sched_core_node_drain(core, ask(), node_id(full), &drain);
	sched_core_node_drain(core, ask(), node_id(full), &end);
	settle();
	node = sched_node_find(sched_core_state(core), node_id(full))->node;
	ck_assert(!node->drain);
	ck_assert_str_eq(node->last_drain->status, "canceled");
	ck_assert_str_eq(node->scheduling_eligibility, "ineligible");
	teardown();
}
END_TEST

START_TEST(core_forgets_when_asked)
{
	uint64_t req;

	setup();
	register_job("web", 2, 100);
	sched_core_job_deregister(core, ask(), "default", "web", false, 0);
	settle();
	now_ms += 1;
	req = ask();
	sched_core_system_gc(core, req);
	settle();
	ck_assert_int_eq(refused(req), ERR_NONE);
	ck_assert_ptr_null(
	    sched_job_find(sched_core_state(core), "default", "web"));
	teardown();
}
END_TEST

START_TEST(core_plans_without_changing)
{
	struct job_plan_request r = { 0 };
	struct job_plan_response out;
	struct job job;
	struct err err;
	uint64_t at;

	setup();
	register_job("web", 2, 100);
	rec_copy(&job_type, &job,
	    sched_job_find(sched_core_state(core), "default", "web")->job);
	job.task_groups[0].count = 3;
	r.job = &job;
	at = sched_core_state(core)->index;
	turn();
	ck_assert_msg(
	    sched_core_job_plan(core, &r, &out, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(sched_core_state(core)->index, at);
	ck_assert_uint_eq(live("web", NODES), 2);
	ck_assert_int_eq(
	    sched_job_find(sched_core_state(core), "default", "web")
		->job->task_groups[0]
		.count,
	    2);
	rec_clear(&job_plan_response_type, &out);
	/* A job that is not there leaves no trace either. */
	free(job.id);
	job.id = xstrdup("new");
	ck_assert(sched_core_job_plan(core, &r, &out, &err) == 0);
	ck_assert_ptr_null(
	    sched_job_find(sched_core_state(core), "default", "new"));
	rec_clear(&job_plan_response_type, &out);
	rec_clear(&job_type, &job);
	teardown();
}
END_TEST

START_TEST(core_plans_nothing_for_a_job_that_is_the_same)
{
	struct job_plan_request r = { .diff = true };
	struct job_plan_response out;
	struct job job;
	struct err err;

	setup();
	register_job("web", 2, 100);
	rec_copy(&job_type, &job,
	    sched_job_find(sched_core_state(core), "default", "web")->job);
	r.job = &job;
	turn();
	ck_assert(sched_core_job_plan(core, &r, &out, &err) == 0);
	ck_assert_uint_eq(out.annotations->ndesired_tg_updates, 1);
	ck_assert_uint_eq(out.annotations->desired_tg_updates[0].ignore, 2);
	ck_assert_uint_eq(
	    out.annotations->desired_tg_updates[0].in_place_update, 0);
	rec_clear(&job_plan_response_type, &out);
	/* One that differs is seen. */
	job.priority++;
	ck_assert(sched_core_job_plan(core, &r, &out, &err) == 0);
	ck_assert_uint_eq(
	    out.annotations->desired_tg_updates[0].in_place_update, 2);
	rec_clear(&job_plan_response_type, &out);
	rec_clear(&job_type, &job);
	teardown();
}
END_TEST

/* Whether the job may be neither planned nor registered, for this reason. */
static void
expect_not_taken(const struct job *job, const char *why)
{
	struct job_plan_request plan = { .job = (struct job *)(uintptr_t)job };
	struct job_register_request put = { .job = plan.job };
	struct job_plan_response out;
	struct err err;
	uint64_t req = ask();

	ck_assert(sched_core_job_plan(core, &plan, &out, &err) == -1);
	ck_assert_msg(strstr(err.text, why) != NULL, "%s", err.text);
	sched_core_job_register(core, req, &put);
	settle();
	ck_assert_int_eq(refused(req), ERR_BAD);
	ck_assert_ptr_null(
	    sched_job_find(sched_core_state(core), "default", job->id));
}

static void
drop(const struct rec_type *type, void **rec)
{
	if (*rec != NULL)
		rec_clear(type, *rec);
	free(*rec);
	*rec = NULL;
}

START_TEST(core_refuses_parents_that_nothing_would_launch)
{
	struct job job;

	setup();
	register_job("web", 1, 100);
	rec_copy(&job_type, &job,
	    sched_job_find(sched_core_state(core), "default", "web")->job);
	free(job.id);
	job.id = xstrdup("nightly");
	free(job.type);
	job.type = xstrdup("batch");
	drop(&update_strategy_type, (void **)&job.update);
	drop(&update_strategy_type, (void **)&job.task_groups[0].update);
	drop(&migrate_strategy_type, (void **)&job.task_groups[0].migrate);
	turn();
	job.parameterized_job = xcalloc(1, sizeof *job.parameterized_job);
	expect_not_taken(&job, "are not dispatched by this version");
	free(job.parameterized_job);
	job.parameterized_job = NULL;
	job.periodic = xcalloc(1, sizeof *job.periodic);
	job.periodic->spec = xstrdup("0 3 * * *");
	job.periodic->spec_type = xstrdup("cron");
	job.periodic->has_enabled = job.periodic->enabled = true;
	expect_not_taken(&job, "are not launched by this version");
	rec_clear(&job_type, &job);
	teardown();
}
END_TEST

START_TEST(core_refuses_a_job_that_no_message_could_take)
{
	struct job job;

	setup();
	register_job("web", 1, 100);
	rec_copy(&job_type, &job,
	    sched_job_find(sched_core_state(core), "default", "web")->job);
	free(job.id);
	job.id = xstrdup("long");
	job.meta = xcalloc(1, sizeof *job.meta);
	job.nmeta = 1;
	job.meta[0].key = xstrdup("note");
	job.meta[0].value = xmalloc(SCHED_NEWS_BYTES);
	memset(job.meta[0].value, 'x', SCHED_NEWS_BYTES - 1);
	job.meta[0].value[SCHED_NEWS_BYTES - 1] = '\0';
	turn();
	expect_not_taken(&job, "a job has at most");
	rec_clear(&job_type, &job);
	teardown();
}
END_TEST

START_TEST(core_tries_again_what_was_not_taken)
{
	struct err err;
	uint64_t req;

	setup();
	err_set(&err, ERR_BUSY, "the log is full");
	held = true;
	req = register_job("web", 1, 100);
	commit(waiting[0].bytes.data, waiting[0].bytes.len);
	nwaiting = 0;
	settle();
	ck_assert_int_eq(refused(req), ERR_NONE);
	ck_assert_uint_eq(nwaiting, 1); /* the plan */
	sched_core_not_taken(core, waiting[0].number, &err);
	nwaiting = 0;
	req = register_job("other", 1, 100);
	sched_core_not_taken(core, waiting[0].number, &err);
	nwaiting = 0;
	settle();
	ck_assert_int_eq(refused(req), ERR_BUSY);
	held = false;
	ck_assert_uint_eq(live("web", NODES), 0);
	pass(2000, NODES);
	ck_assert_uint_eq(live("web", NODES), 1);
	teardown();
}
END_TEST

/* All allocations of the job that run say how they are. */
static void
all_are(const char *job, const char *status, bool healthy)
{
	struct alloc_deployment_status health = { .has_healthy = true,
		.healthy = healthy };
	const struct sched_job *j =
	    sched_job_find(sched_core_state(core), "default", job);
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

		sched_core_node_update(core, ask(), &m);
		settle();
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
	const struct sched_deployment *d = sched_deployment_latest(
	    sched_job_find(sched_core_state(core), "default", job));

	ck_assert_ptr_nonnull(d);
	return &d->rec;
}

START_TEST(core_sees_a_deployment_through)
{
	setup();
	register_job("web", 2, 100);
	ck_assert_str_eq(deployment_of("web")->status, "running");
	all_healthy("web");
	ck_assert_str_eq(deployment_of("web")->status, "successful");
	ck_assert(sched_job_find(sched_core_state(core), "default", "web")
		      ->job->stable);
	teardown();
}
END_TEST

START_TEST(core_fails_a_deployment_without_progress)
{
	setup();
	register_job("web", 2, 100);
	all_healthy("web");
	register_job("web", 2, 200);
	ck_assert_str_eq(deployment_of("web")->status, "running");
	pass(601000, NODES);
	ck_assert_str_eq(deployment_of("web")->status, "failed");
	ck_assert_str_eq(deployment_of("web")->status_description,
	    "Failed due to progress deadline");
	teardown();
}
END_TEST

START_TEST(core_replaces_what_fails_while_a_deployment_goes_on)
{
	setup();
	register_job("web", 2, 100);
	all_are("web", "failed", false);
	ck_assert_uint_eq(live("web", NODES), 0);
	pass(40000, NODES);
	ck_assert_uint_eq(live("web", NODES), 2);
	ck_assert_str_eq(deployment_of("web")->status, "running");
	ck_assert_int_eq(deployment_of("web")->task_groups[0].placed_allocs, 4);
	all_healthy("web");
	ck_assert_str_eq(deployment_of("web")->status, "successful");
	teardown();
}
END_TEST

START_TEST(core_drops_a_late_update)
{
	const struct sched_job *j;
	struct alloc news = { .client_status = "running" };
	struct node_update m = {
		.secret_id = "s", .allocs = &news, .nallocs = 1, .seq = 7
	};

	setup();
	register_job("web", 1, 100);
	j = sched_job_find(sched_core_state(core), "default", "web");
	news.id = xstrdup(TAILQ_FIRST(&j->allocs)->id);
	m.node_id = xstrdup(TAILQ_FIRST(&j->allocs)->node->id);
	sched_core_node_update(core, ask(), &m);
	settle();
	m.seq = 6;
	news.client_status = "pending";
	sched_core_node_update(core, ask(), &m);
	settle();
	ck_assert_int_eq(refused(last_req), ERR_NONE);
	ck_assert_int_eq(TAILQ_FIRST(&j->allocs)->client, SCHED_RUNNING);
	free(news.id);
	free(m.node_id);
	teardown();
}
END_TEST

START_TEST(core_cuts_what_one_command_cannot_hold)
{
	const int64_t n = 2 * CMD_MAX_BATCH + 100;
	const struct sched_alloc *a;
	const struct sched_job *j;
	uint64_t req;

	setup_with(100000);
	req = register_job("web", n, 1);
	run_ready();
	ck_assert_str_eq(eval_status(said(req, "EvalID")), "complete");
	ck_assert_uint_eq(live("web", NODES), (size_t)n);
	ck_assert_uint_ge(nplans, 3);
	nplans = 0;
	priority = 60; /* all are updated where they are */
	req = register_job("web", n, 1);
	run_ready();
	ck_assert_str_eq(eval_status(said(req, "EvalID")), "complete");
	ck_assert_uint_eq(live("web", NODES), (size_t)n);
	ck_assert_uint_eq(nplans, 3);
	j = sched_job_find(sched_core_state(core), "default", "web");
	TAILQ_FOREACH (a, &j->allocs, by_job)
		ck_assert_uint_eq(a->version->job->version, 1);
	nplans = 0;
	req = ask();
	sched_core_job_deregister(core, req, "default", "web", false, 0);
	settle();
	run_ready();
	ck_assert_str_eq(eval_status(said(req, "EvalID")), "complete");
	ck_assert_uint_eq(live("web", NODES), 0);
	ck_assert_uint_eq(nplans, 3);
	teardown();
}
END_TEST

/* What is placed at once takes a turn's time, and no more. */
START_TEST(core_places_many_in_several_plans)
{
	const struct sched_alloc *a;
	const struct sched_job *j;
	bool seen[900] = { false };
	uint64_t req;

	setup_with(100000);
	req = register_job("web", 900, 1);
	run_ready();
	ck_assert_str_eq(eval_status(said(req, "EvalID")), "complete");
	ck_assert_uint_eq(live("web", NODES), 900);
	ck_assert_uint_ge(nplans, 3);
	ck_assert_uint_le(nplans, 6);
	j = sched_job_find(sched_core_state(core), "default", "web");
	TAILQ_FOREACH (a, &j->allocs, by_job) {
		ck_assert(!seen[a->name_index]);
		seen[a->name_index] = true;
	}
	teardown();
}
END_TEST

static size_t
count_evals(const char *job, const char *trigger)
{
	const struct sched_job *j =
	    sched_job_find(sched_core_state(core), "default", job);
	const struct sched_eval *e;
	size_t n = 0;

	TAILQ_FOREACH (e, &j->evals, by_job)
		n += strcmp(e->rec.triggered_by, trigger) == 0;
	return n;
}

/* Whom only the first of several plans takes from is looked at, too. */
START_TEST(core_tells_who_loses_in_each_of_several_plans)
{
	enum { JOBS = 20, EACH = 45 };
	size_t nlost = 0;
	char id[16];

	setup_with(JOBS * EACH / NODES * 100);
	sched_core_state(core)
	    ->config.preemption_config.service_scheduler_enabled = true;
	for (int i = 0; i < JOBS; i++) {
		snprintf(id, sizeof id, "low-%d", i);
		priority = 10 + i;
		register_job(id, EACH, 100);
	}
	run_ready();
	nplans = 0;
	priority = 80;
	register_job("high", 600, 100);
	run_ready();
	ck_assert_uint_ge(nplans, 2);
	for (int i = 0; i < JOBS; i++) {
		snprintf(id, sizeof id, "low-%d", i);
		if (live(id, NODES) == EACH)
			continue;
		nlost++;
		ck_assert_uint_gt(count_evals(id, "preemption"), 0);
	}
	ck_assert_uint_gt(nlost, 4);
	teardown();
}
END_TEST

/* Of what is lost on a node, what one plan leaves for the next is replaced by
 * that one as it would have been by the first. */
START_TEST(core_links_what_it_replaces_in_several_plans)
{
	size_t nlinked = 0, on_lost;
	const struct sched_alloc *a;
	const struct sched_job *j;

	setup_with(100000);
	register_job("web", 3600, 1);
	run_ready();
	on_lost = live("web", 0);
	ck_assert_uint_gt(on_lost, 800);
	nplans = 0;
	pass(8000, 0);
	run_ready();
	ck_assert_uint_ge(nplans, 2);
	ck_assert_uint_eq(live("web", 0), 0);
	ck_assert_uint_eq(live("web", NODES), 3600);
	j = sched_job_find(sched_core_state(core), "default", "web");
	TAILQ_FOREACH (a, &j->allocs, by_job)
		nlinked += a->has_next;
	ck_assert_uint_eq(nlinked, on_lost);
	teardown();
}
END_TEST

START_TEST(core_checks_that_a_command_can_be_read_back)
{
	const size_t n = REC_MAX_MEMORY / sizeof(struct alloc) + 1;
	struct cmd_plan plan = { .updates = xcalloc(n, sizeof(struct alloc)) };
	struct cmd cmd = { .plan = &plan };
	struct buf b = { 0 };
	struct err err;

	plan.nupdates = n / 2;
	rec_pack(&cmd_type, &cmd, &b);
	ck_assert_int_eq(sched_core_check(b.data, b.len, &err), 0);
	plan.nupdates = n;
	buf_reset(&b);
	rec_pack(&cmd_type, &cmd, &b);
	ck_assert_uint_lt(b.len, 32u << 20); /* the log would take it */
	ck_assert_int_eq(sched_core_check(b.data, b.len, &err), -1);
	ck_assert_int_eq(err.code, ERR_BAD);
	ck_assert_ptr_nonnull(strstr(err.text, "what is asked is too large: "));
	ck_assert_ptr_nonnull(strstr(err.text, "takes too much memory"));
	buf_release(&b);
	free(plan.updates);
}
END_TEST

UNIT_MAIN("core", core_places_what_is_registered,
    core_answers_when_the_log_has_it,
    core_says_what_may_be_written_with_the_next,
    core_replaces_what_ran_on_a_lost_node, core_replaces_what_a_node_gave_up,
    core_refuses_news_of_what_it_does_not_know_yet, core_waits_for_room,
    core_does_a_command_once, core_refuses_when_it_does_not_lead,
    core_gives_a_new_leaders_nodes_time, core_knows_a_node_by_its_secret,
    core_registers_no_node_that_is_not_whole_or_another_ones,
    core_that_was_busy_calls_nobody_down,
    core_calls_many_lost_nodes_down_some_in_each_turn,
    core_has_a_node_drain_itself_and_come_back,
    core_leaves_a_node_that_leaves_to_the_operator_who_drained_it,
    core_leaves_a_node_as_the_operator_has_made_it_since_it_left,
    core_stops_a_job, core_empties_a_draining_node,
    core_tells_a_drain_that_was_ended_from_one_that_is_over,
    core_forgets_when_asked, core_plans_without_changing,
    core_plans_nothing_for_a_job_that_is_the_same,
    core_refuses_parents_that_nothing_would_launch,
    core_refuses_a_job_that_no_message_could_take,
    core_tries_again_what_was_not_taken, core_sees_a_deployment_through,
    core_fails_a_deployment_without_progress,
    core_replaces_what_fails_while_a_deployment_goes_on,
    core_drops_a_late_update, core_cuts_what_one_command_cannot_hold,
    core_places_many_in_several_plans,
    core_tells_who_loses_in_each_of_several_plans,
    core_links_what_it_replaces_in_several_plans,
    core_checks_that_a_command_can_be_read_back)
