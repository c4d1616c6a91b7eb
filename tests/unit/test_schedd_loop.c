/*
 * schedd's shell over a core whose log is the test: who asked over the bus is
 * answered once, however late the commit comes; and those whose requests are
 * held, some in each turn.
 */
#include <stdio.h>

#include "cmd/schedd/follow.h"
#include "cmd/schedd/schedd.h"
#include "common/mem.h"
#include "common/table.h"
#include "proto/msg.h"
#include "tests/lib/unit.h"

#define MAX_PROPOSALS 16
#define MAX_ASKED     8
#define NFOLLOWERS    100
#define NOBODY        1000000 /* a request of none */

static struct daemon daemon_of_test;
static struct schedd sd;
static struct bus_server *server;
static struct bus_peer *peer;
static struct buf proposals[MAX_PROPOSALS];
static size_t nproposals;
static uint64_t log_index;

/* Takes what the core wants to propose out of the shell's sight. */
static void
take_proposals(void)
{
	struct sched_act act;

	while (sched_core_next(sd.core, &act)) {
		ck_assert_int_eq(act.kind, SCHED_ACT_PROPOSE);
		ck_assert_uint_lt(nproposals, MAX_PROPOSALS);
		buf_add(&proposals[nproposals++], act.bytes, act.n);
	}
}

static void
commit_all(void)
{
	struct err err;

	for (size_t i = 0; i < nproposals; i++) {
		schedd_enter(&sd);
		ck_assert_int_eq(sched_core_applied(sd.core, ++log_index,
				     proposals[i].data, proposals[i].len, &err),
		    0);
		schedd_leave(&sd);
		buf_release(&proposals[i]);
	}
	nproposals = 0;
}

static void
on_register(void *ctx, struct bus_req *req, const void *body)
{
	(void)ctx;
	schedd_enter(&sd);
	sched_core_node_register(sd.core, schedd_ask_bus(&sd, req, NULL), body);
	take_proposals();
}

static void
on_follow(void *ctx, struct bus_req *req, const void *body)
{
	(void)ctx;
	follow_services(&sd, req, body);
}

static const struct bus_route routes[] = {
	{ MSG_NODE_REGISTER, on_register },
	{ MSG_SERVICES_FOLLOW, on_follow },
};

static void
setup(void)
{
	struct sched_core_opts o;
	struct err err;
	char url[64];

	bus_use(msg_defs, msg_ndefs);
	sched_core_opts_init(&o);
	daemon_of_test.state = &sd;
	sd.daemon = &daemon_of_test;
	sd.loop = loop_new();
	TAILQ_INIT(&sd.queries);
	TAILQ_INIT(&sd.woken);
	TAILQ_INIT(&sd.followers);
	TAILQ_INIT(&sd.followers_woken);
	sd.tick = loop_timer_new(sd.loop, schedd_on_tick, &sd);
	sd.core = sched_core_new(&o);
	schedd_enter(&sd);
	sched_core_lead(sd.core, true);
	take_proposals();
	commit_all();
	server = bus_serve(
	    sd.loop, "tcp://127.0.0.1:0", routes, 2, &daemon_of_test, &err);
	ck_assert_msg(server != NULL, "%s", err.text);
	snprintf(
	    url, sizeof url, "tcp://127.0.0.1:%d", bus_server_port(server));
	peer = bus_dial(sd.loop, url, &err);
	ck_assert_msg(peer != NULL, "%s", err.text);
}

static void
teardown(void)
{
	bus_peer_free(peer);
	bus_server_free(server);
	schedd_forget_askers(&sd);
	for (size_t i = 0; i < nproposals; i++)
		buf_release(&proposals[i]);
	loop_timer_free(sd.tick);
	sched_core_free(sd.core);
	loop_free(sd.loop);
}

struct asked {
	bool done;
	enum err_code code;
};

static void
on_answer(void *ctx, const struct err *err, const void *reply)
{
	struct asked *a = ctx;

	(void)reply;
	ck_assert(!a->done);
	a->done = true;
	a->code = err != NULL ? err->code : ERR_NONE;
}

static void
ask(struct asked *a, size_t i, uint64_t timeout_ms)
{
	char id[SCHED_ID_SIZE];
	struct node_resources res = { .disk = { .disk_mb = 1 } };
	struct node_register m = { .node = { .id = id,
				       .name = "n",
				       .secret_id = "s",
				       .datacenter = "dc1",
				       .node_pool = "default",
				       .status = "ready",
				       .node_resources = &res } };

	*a = (struct asked){ 0 };
	snprintf(id, sizeof id, "%08zu-0000-4000-8000-000000000000", i);
	bus_call(peer, MSG_NODE_REGISTER, &m, timeout_ms, on_answer, a);
}

static void
wait_for_proposals(size_t n)
{
	bool never = false;

	for (int i = 0; i < 500 && nproposals < n; i++)
		loop_wait(sd.loop, &never, 10);
	ck_assert_uint_eq(nproposals, n);
}

START_TEST(a_commit_after_the_deadline_finds_nobody_to_answer)
{
	struct asked late[MAX_ASKED], next;

	setup();
	for (size_t i = 0; i < MAX_ASKED; i++)
		ask(&late[i], i, 500);
	wait_for_proposals(MAX_ASKED);
	for (size_t i = 0; i < MAX_ASKED; i++) {
		ck_assert(loop_wait(sd.loop, &late[i].done, 5000));
		ck_assert_int_eq(late[i].code, ERR_TIMEOUT);
	}
	for (int i = 0; i < 500 && sd.askers != NULL; i++)
		loop_wait(sd.loop, &(bool){ false }, 10);
	ck_assert_ptr_null(sd.askers);
	/* It takes the place of one of those; what they asked for happens
	 * meanwhile, and is not its answer. */
	ask(&next, MAX_ASKED, 5000);
	wait_for_proposals(MAX_ASKED + 1);
	commit_all();
	ck_assert(loop_wait(sd.loop, &next.done, 5000));
	ck_assert_int_eq(next.code, ERR_NONE);
	ck_assert_uint_eq(
	    HASH_COUNT(sched_core_state(sd.core)->nodes), MAX_ASKED + 1);
	ck_assert_uint_eq(
	    bus_server_stats(server)->replies, (uint64_t)MAX_ASKED + 1);
	teardown();
}
END_TEST

static void
register_one(void)
{
	struct asked a;

	ask(&a, 0, 5000);
	wait_for_proposals(1);
	commit_all();
	ck_assert(loop_wait(sd.loop, &a.done, 5000));
}

static void
follow(struct asked *a)
{
	struct services_ask m = { .index = 100,
		.node_id = "00000000-0000-4000-8000-000000000000",
		.secret_id = "s" };

	*a = (struct asked){ 0 };
	bus_call(peer, MSG_SERVICES_FOLLOW, &m, 20000, on_answer, a);
}

static size_t
count_held(void)
{
	size_t n = bus_server_stats(server)->requests;

	/* One of them has registered a node. */
	return n > 0 ? n - 1 : 0;
}

static void
add_service(void)
{
	struct service_instance s = { .id = "i",
		.service_name = "web",
		.ns = "default",
		.node_id = "00000000-0000-4000-8000-000000000000" };
	struct services_update m = { .node_id = s.node_id,
		.secret_id = "s",
		.put = &s,
		.nput = 1,
		.seq = 1 };

	log_index = 200;
	schedd_enter(&sd);
	sched_core_services_update(sd.core, NOBODY, &m);
	take_proposals();
	commit_all();
}

static void
set(void *done)
{
	*(bool *)done = true;
}

/* To the end of this turn, or of the next one. */
static void
end_turn(void)
{
	bool done = false;

	loop_post(sd.loop, set, &done);
	ck_assert(loop_wait(sd.loop, &done, 5000));
}

START_TEST(many_held_requests_are_answered_some_in_each_turn)
{
	struct asked all[NFOLLOWERS];
	size_t nturns = 0;
	uint64_t before;

	setup();
	register_one();
	for (size_t i = 0; i < NFOLLOWERS; i++)
		follow(&all[i]);
	for (int i = 0; i < 500 && count_held() < NFOLLOWERS; i++)
		loop_wait(sd.loop, &(bool){ false }, 10);
	add_service();
	while (!TAILQ_EMPTY(&sd.followers_woken)) {
		before = bus_server_stats(server)->replies;
		end_turn();
		ck_assert_uint_le(
		    bus_server_stats(server)->replies - before, 32);
		nturns++;
	}
	ck_assert_uint_ge(nturns, NFOLLOWERS / 32);
	for (size_t i = 0; i < NFOLLOWERS; i++) {
		ck_assert(loop_wait(sd.loop, &all[i].done, 5000));
		ck_assert_int_eq(all[i].code, ERR_NONE);
	}
	teardown();
}
END_TEST

UNIT_MAIN("schedd_loop", many_held_requests_are_answered_some_in_each_turn,
    a_commit_after_the_deadline_finds_nobody_to_answer)
