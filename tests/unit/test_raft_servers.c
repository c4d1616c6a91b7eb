/*
 * Several servers in one process: real logs, real sockets on loopback, one
 * owner's loop for all. What can go wrong between them is told by the
 * simulator; here the shell is tried.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/bus.h"
#include "common/mem.h"
#include "common/raft/mail.h"
#include "common/raft/node_impl.h"
#include "common/raft/recover.h"
#include "tests/lib/unit.h"
#include "tests/lib/walworld.h"

enum { SERVERS = 4, MAIL = 1, WAIT_MS = 10000 };

static const struct msg_def defs[] = { { MAIL, "raft-mail", &raft_mail_type,
    &raft_mail_type } };

struct server {
	struct walworld world;
	struct raft_node *node;
	struct raft_node_opts opts;
	char *listen;
	uint64_t sum, napplied, last_index, nrestored;
	struct raft_config config;
	bool leads;
	size_t nunanswered, nlate; /* of pester(); when it ceased to lead */
};

static struct loop *loop;
static struct server servers[SERVERS];
static struct raft_config first;

/* --- an owner --- */

static int
restore(void *ctx, int fd, uint64_t size, uint64_t index, struct err *err)
{
	struct server *s = ctx;

	(void)err;
	(void)size;
	ck_assert_int_eq((int)read(fd, &s->sum, 8), 8);
	ck_assert_int_eq((int)read(fd, &s->napplied, 8), 8);
	s->last_index = index;
	s->nrestored++;
	return 0;
}

static void
apply(void *ctx, uint64_t index, uint64_t term, const void *bytes, size_t n)
{
	struct server *s = ctx;
	const unsigned char *p = bytes;

	(void)term;
	ck_assert_uint_gt(index, s->last_index);
	s->last_index = index;
	s->napplied++;
	for (size_t i = 0; i < n; i++)
		s->sum = s->sum * 31 + p[i];
}

static int
snapshot_write(void *ctx, int fd)
{
	const struct server *s = ctx;
	char pad[4096] = { 0 };

	if (write(fd, &s->sum, 8) != 8 || write(fd, &s->napplied, 8) != 8)
		return -1;
	/* So that it takes several chunks. */
	for (int i = 0; i < 200; i++)
		if (write(fd, pad, sizeof pad) != sizeof pad)
			return -1;
	return 0;
}

static void
on_leader(void *ctx, bool leads, uint64_t term)
{
	struct server *s = ctx;

	(void)term;
	s->leads = leads;
	if (!leads)
		s->nlate += s->nunanswered;
}

static void
on_config(void *ctx, uint64_t index, const struct raft_config *config)
{
	struct server *s = ctx;

	(void)index;
	s->config = *config;
}

static void
open_node(struct server *s)
{
	struct err err = { 0 };

	s->sum = s->napplied = s->last_index = 0;
	s->leads = false;
	if (raft_node_open(&s->node, &s->opts, &err) == -1)
		ck_abort_msg("%s", err.text);
}

static void
close_node(struct server *s)
{
	raft_node_close(s->node);
	s->node = NULL;
	s->leads = false;
}

/* n servers are the first ones; the others wait to be added. */
static void
set_up(size_t n)
{
	static const struct raft_config none;

	bus_use(defs, 1);
	loop = loop_new();
	memset(servers, 0, sizeof servers);
	first = (struct raft_config){ 0 };
	for (size_t i = 0; i < SERVERS; i++) {
		struct server *s = &servers[i];

		walworld_init(&s->world);
		s->listen = xasprintf("ipc://%s.sock", s->world.dir);
		if (i < n) {
			struct raft_server *v = &first.servers[first.n++];

			v->id = i + 1;
			v->voice = RAFT_VOTER;
			memcpy(v->addr, s->listen, strlen(s->listen) + 1);
		}
		s->opts = (struct raft_node_opts){ .dir = s->world.dir,
			.server_id = i + 1,
			.cluster_id = 77,
			.first = i < n ? &first : &none,
			.listen = s->listen,
			.mail_number = MAIL,
			.loop = loop,
			.ctx = s,
			.restore = restore,
			.apply = apply,
			.snapshot_write = snapshot_write,
			.on_leader = on_leader,
			.on_config = on_config,
			.segment_bytes = 64 << 10 };
	}
	for (size_t i = 0; i < n; i++)
		open_node(&servers[i]);
}

static void
tear_down(void)
{
	for (size_t i = 0; i < SERVERS; i++) {
		close_node(&servers[i]);
		unlink(servers[i].listen + strlen("ipc://"));
		free(servers[i].listen);
		walworld_release(&servers[i].world);
	}
	loop_free(loop);
}

/* --- waiting --- */

static struct server *
leader(void)
{
	for (size_t i = 0; i < SERVERS; i++)
		if (servers[i].leads)
			return &servers[i];
	return NULL;
}

static struct server *
wait_leader(const struct server *other_than)
{
	bool never = false;

	for (int ms = 0; ms < WAIT_MS; ms += 5) {
		struct server *s = leader();

		if (s != NULL && s != other_than)
			return s;
		loop_wait(loop, &never, 5);
	}
	ck_abort_msg("no leader");
}

static struct {
	bool is_done;
	size_t nwanted, nfailed;
	struct err err;
} asked;

static void
on_done(void *ctx, const struct err *err, uint64_t index)
{
	(void)ctx;
	(void)index;
	if (err != NULL) {
		asked.nfailed++;
		asked.err = *err;
	}
	asked.is_done = --asked.nwanted == 0;
}

static void
propose(struct server *s, size_t n)
{
	struct err err;

	asked.is_done = false;
	asked.nwanted = n;
	asked.nfailed = 0;
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(raft_node_propose(s->node, &i, sizeof i, true,
				     on_done, NULL, &err),
		    0);
	ck_assert(loop_wait(loop, &asked.is_done, WAIT_MS));
	ck_assert_uint_eq(asked.nfailed, 0);
}

static void
change(struct server *s, enum raft_change what, uint64_t id, const char *addr)
{
	struct err err;

	for (int i = 0; i < 200; i++) {
		bool never = false;

		asked.is_done = false;
		asked.nwanted = 1;
		asked.nfailed = 0;
		ck_assert_int_eq(raft_node_change(s->node, what, id, addr,
				     on_done, NULL, &err),
		    0);
		ck_assert(loop_wait(loop, &asked.is_done, WAIT_MS));
		if (asked.nfailed == 0)
			return;
		loop_wait(loop, &never, 20);
	}
	ck_abort_msg("%s", asked.err.text);
}

static void
wait_equal(const struct server *a, const struct server *b)
{
	bool never = false;

	for (int ms = 0; ms < WAIT_MS && a->napplied != b->napplied; ms += 5)
		loop_wait(loop, &never, 5);
	ck_assert_uint_eq(a->napplied, b->napplied);
	ck_assert_uint_eq(a->sum, b->sum);
}

/* --- the stories --- */

START_TEST(three_servers_elect_one_and_come_to_the_same_state)
{
	struct server *lead;

	set_up(3);
	lead = wait_leader(NULL);
	propose(lead, 300);
	for (size_t i = 0; i < 3; i++)
		wait_equal(lead, &servers[i]);
	ck_assert_uint_eq(lead->napplied, 300);
	ck_assert_uint_eq(lead->config.n, 3);
	tear_down();
}
END_TEST

START_TEST(a_leaders_end_is_noticed_and_nothing_is_lost)
{
	struct server *lead, *next;
	uint64_t began;

	set_up(3);
	lead = wait_leader(NULL);
	propose(lead, 50);
	close_node(lead);
	began = loop_now_ms(loop);
	next = wait_leader(lead);
	/* Its connections closed: nobody waits an election time. */
	ck_assert_uint_lt(loop_now_ms(loop) - began, 5000);
	ck_assert_uint_eq(next->napplied, 50);
	propose(next, 20);
	open_node(lead);
	wait_equal(next, lead);
	ck_assert_uint_eq(lead->napplied, 70);
	tear_down();
}
END_TEST

START_TEST(who_is_far_behind_is_sent_a_snapshot)
{
	struct server *lead, *late;

	set_up(3);
	lead = wait_leader(NULL);
	late = lead == &servers[0] ? &servers[1] : &servers[0];
	propose(lead, 10);
	wait_equal(lead, late);
	close_node(late);
	for (int i = 0; i < 40; i++)
		propose(lead, 250);
	raft_node_snapshot(lead->node);
	for (int i = 0; i < 400; i++) {
		struct raft_node_info info;
		bool never = false;

		raft_node_info(lead->node, &info);
		if (info.raft.first > 1000)
			break;
		loop_wait(loop, &never, 20);
	}
	open_node(late);
	wait_equal(lead, late);
	ck_assert_uint_eq(late->nrestored, 1);
	propose(lead, 10);
	wait_equal(lead, late);
	/* And it is there again after a restart. */
	close_node(late);
	open_node(late);
	wait_equal(lead, late);
	ck_assert_uint_eq(late->nrestored, 2);
	tear_down();
}
END_TEST

START_TEST(a_cluster_of_one_grows_to_three_and_shrinks_again)
{
	struct server *lead;

	set_up(1);
	lead = wait_leader(NULL);
	propose(lead, 10);
	for (size_t i = 1; i < 3; i++) {
		open_node(&servers[i]);
		change(lead, RAFT_ADD_LEARNER, i + 1, servers[i].listen);
		change(lead, RAFT_PROMOTE, i + 1, NULL);
	}
	propose(lead, 10);
	wait_equal(lead, &servers[1]);
	wait_equal(lead, &servers[2]);
	ck_assert_uint_eq(servers[2].config.n, 3);
	change(lead, RAFT_REMOVE, 2, NULL);
	close_node(&servers[1]);
	propose(lead, 10);
	wait_equal(lead, &servers[2]);
	ck_assert_uint_eq(servers[2].config.n, 2);
	tear_down();
}
END_TEST

START_TEST(leadership_is_handed_over_when_asked)
{
	struct server *lead, *next;
	struct err err;

	set_up(3);
	lead = wait_leader(NULL);
	propose(lead, 10);
	asked.is_done = false;
	asked.nwanted = 1;
	asked.nfailed = 0;
	ck_assert_int_eq(
	    raft_node_transfer(lead->node, 0, on_done, NULL, &err), 0);
	ck_assert(loop_wait(loop, &asked.is_done, WAIT_MS));
	ck_assert_uint_eq(asked.nfailed, 0);
	next = wait_leader(lead);
	propose(next, 10);
	wait_equal(next, lead);
	tear_down();
}
END_TEST

static void
on_pestered(void *ctx, const struct err *err, uint64_t index)
{
	struct server *s = ctx;

	(void)err;
	(void)index;
	s->nunanswered--;
}

/* A slow owner, who has not heard yet that he leads no more; Raft's thread
 * sees what he asks at once. */
static void
pester(void *arg)
{
	struct server *s = arg;
	uint64_t v = 1;

	usleep(2000);
	if (raft_node_propose(
		s->node, &v, sizeof v, true, on_pestered, s, NULL) == -1)
		return;
	s->nunanswered++;
	raft_node_hand_over(s->node);
	usleep(500);
	loop_post(loop, pester, s);
}

START_TEST(whoever_asked_has_his_answer_when_the_owner_hears_of_the_end)
{
	struct server *lead;
	struct err err;

	set_up(3);
	lead = wait_leader(NULL);
	for (int i = 0; i < 20; i++) {
		loop_post(loop, pester, lead);
		asked.is_done = false;
		asked.nwanted = 1;
		asked.nfailed = 0;
		ck_assert_int_eq(
		    raft_node_transfer(lead->node, 0, on_done, NULL, &err), 0);
		ck_assert(loop_wait(loop, &asked.is_done, WAIT_MS));
		lead = wait_leader(lead);
	}
	for (size_t i = 0; i < 3; i++)
		ck_assert_uint_eq(servers[i].nlate, 0);
	tear_down();
}
END_TEST

static void
recover(struct server *s, const struct raft_config *c)
{
	struct raft_recover_opts o = { .dir = s->world.dir,
		.server_id = s->opts.server_id,
		.config = c,
		.segment_bytes = s->opts.segment_bytes };
	struct raft_recovery done;
	struct err err;

	if (raft_recover(&o, &done, &err) == -1)
		ck_abort_msg("%s", err.text);
	open_node(s);
}

/* Of three one was lost, and of the two that are left one had fallen behind:
 * its log has no part of what the other one's snapshot has. */
START_TEST(survivors_that_are_recovered_alike_agree)
{
	struct server *lead, *ahead, *behind;
	struct raft_config both = { .n = 2 };

	set_up(3);
	lead = wait_leader(NULL);
	behind = lead == &servers[0] ? &servers[1] : &servers[0];
	ahead = lead;
	propose(lead, 20);
	wait_equal(lead, behind);
	close_node(behind);
	propose(lead, 300);
	raft_node_snapshot(lead->node);
	propose(lead, 30);
	for (size_t i = 0; i < 3; i++)
		close_node(&servers[i]);
	both.servers[0] = first.servers[behind->opts.server_id - 1];
	both.servers[1] = first.servers[ahead->opts.server_id - 1];
	recover(behind, &both);
	/* Alone it is no majority of the two. */
	ck_assert(!loop_wait(loop, &behind->leads, 700));
	recover(ahead, &both);
	lead = wait_leader(NULL);
	ck_assert_ptr_eq(lead, ahead);
	ck_assert_uint_eq(lead->napplied, 350);
	wait_equal(lead, behind);
	propose(lead, 10);
	wait_equal(lead, behind);
	ck_assert_uint_eq(lead->config.n, 2);
	tear_down();
}
END_TEST

START_TEST(mail_for_another_cluster_is_refused_and_counted)
{
	struct raft_mail mail = { .cluster = 78, .from = 2, .to = 1 };
	struct raft_node_info info;
	struct err err;
	struct server *lead;

	set_up(1);
	lead = wait_leader(NULL);
	ck_assert_int_eq(
	    bus_ask(lead->listen, MAIL, &mail, NULL, 2000, &err), -1);
	ck_assert_int_eq(err.code, ERR_BAD);
	propose(lead, 1);
	for (int i = 0; i < 100; i++) {
		raft_node_info(lead->node, &info);
		if (info.strangers > 0)
			break;
		usleep(10000);
	}
	ck_assert_uint_eq(info.strangers, 1);
	tear_down();
}
END_TEST

UNIT_MAIN("raft-servers", three_servers_elect_one_and_come_to_the_same_state,
    a_leaders_end_is_noticed_and_nothing_is_lost,
    who_is_far_behind_is_sent_a_snapshot,
    a_cluster_of_one_grows_to_three_and_shrinks_again,
    leadership_is_handed_over_when_asked,
    whoever_asked_has_his_answer_when_the_owner_hears_of_the_end,
    survivors_that_are_recovered_alike_agree,
    mail_for_another_cluster_is_refused_and_counted)
