/*
 * What goes between two servers, and how: as requests, or as replies to
 * those of the other.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/bus.h"
#include "common/mem.h"
#include "common/raft/mail.h"
#include "common/raft/peers.h"
#include "tests/lib/unit.h"

enum { MAIL = 1, WAIT_MS = 10000, CLUSTER = 77 };

static const struct msg_def defs[] = { { MAIL, "raft-mail", &raft_mail_type,
    &raft_mail_type } };

struct end {
	struct raft_peers *peers;
	uint64_t id, ngot;
	bool answers;  /* each message, at once */
	bool has_link; /* to the other */
};

static struct loop *loop;
static struct end ends[2];
static char *dir;
static struct raft_config config;

static void
say(struct end *from, uint64_t to)
{
	struct raft_message m = { .type = RAFT_HEARTBEAT,
		.cluster = CLUSTER,
		.from = from->id,
		.to = to,
		.term = 1 };

	raft_peers_say(from->peers, &m);
}

static void
flush_all(void *arg)
{
	struct end *e = arg;

	raft_peers_flush(e->peers);
}

static void
on_message(void *ctx, const struct raft_message *m)
{
	struct end *e = ctx;

	e->ngot++;
	if (e->answers)
		say(e, m->from);
	loop_at_end(loop, flush_all, e);
}

static void
on_link(void *ctx, uint64_t peer, bool up)
{
	struct end *e = ctx;

	(void)peer;
	e->has_link = up;
}

static void
wait_until(const bool *is_so)
{
	ck_assert(loop_wait(loop, is_so, WAIT_MS));
}

static void
wait_got(const struct end *e, uint64_t n)
{
	bool never = false;

	for (int ms = 0; ms < WAIT_MS && e->ngot < n; ms += 5)
		loop_wait(loop, &never, 5);
	ck_assert_uint_eq(e->ngot, n);
}

static void
set_up(void)
{
	struct err err;

	dir = xasprintf("%s/rove-peers-XXXXXX", unit_tmp());
	ck_assert_ptr_nonnull(mkdtemp(dir));
	bus_use(defs, 1);
	loop = loop_new();
	memset(ends, 0, sizeof ends);
	config = (struct raft_config){ .n = 2 };
	for (uint64_t i = 0; i < 2; i++) {
		struct raft_server *s = &config.servers[i];

		s->id = i + 1;
		s->voice = RAFT_VOTER;
		snprintf(s->addr, sizeof s->addr, "ipc://%s/%u", dir,
		    (unsigned)i + 1);
	}
	for (uint64_t i = 0; i < 2; i++) {
		struct raft_peers_opts o = { .loop = loop,
			.listen = config.servers[i].addr,
			.addr = config.servers[i].addr,
			.number = MAIL,
			.cluster = CLUSTER,
			.id = i + 1,
			.on_message = on_message,
			.on_link = on_link,
			.ctx = &ends[i] };

		ends[i].id = i + 1;
		ends[i].peers = raft_peers_new(&o, &err);
		ck_assert_msg(ends[i].peers != NULL, "%s", err.text);
	}
	for (size_t i = 0; i < 2; i++)
		raft_peers_set(ends[i].peers, &config);
	for (size_t i = 0; i < 2; i++)
		wait_until(&ends[i].has_link);
}

static void
tear_down(void)
{
	for (size_t i = 0; i < 2; i++) {
		raft_peers_free(ends[i].peers);
		unlink(config.servers[i].addr + strlen("ipc://"));
	}
	loop_free(loop);
	rmdir(dir);
	free(dir);
}

static uint64_t
requests(const struct end *e)
{
	return raft_peers_stats(e->peers).requests;
}

START_TEST(what_is_said_in_turn_goes_with_the_reply)
{
	struct end *a = &ends[0], *b = &ends[1];

	set_up();
	b->answers = true;
	for (uint64_t i = 1; i <= 20; i++) {
		say(a, b->id);
		raft_peers_flush(a->peers);
		wait_got(a, i);
	}
	ck_assert_uint_eq(b->ngot, 20);
	ck_assert_uint_eq(requests(a), 20);
	ck_assert_uint_eq(requests(b), 0);
	tear_down();
}
END_TEST

/* As when a disk syncs meanwhile. */
START_TEST(what_is_said_soon_after_goes_with_the_reply_too)
{
	struct end *a = &ends[0], *b = &ends[1];

	set_up();
	say(a, b->id);
	raft_peers_flush(a->peers);
	wait_got(b, 1);
	say(b, a->id);
	raft_peers_flush(b->peers);
	wait_got(a, 1);
	ck_assert_uint_eq(requests(b), 0);
	/* That was the only one. */
	say(b, a->id);
	raft_peers_flush(b->peers);
	wait_got(a, 2);
	ck_assert_uint_eq(requests(b), 1);
	tear_down();
}
END_TEST

START_TEST(only_the_newest_mail_is_held_and_that_not_for_long)
{
	struct end *a = &ends[0], *b = &ends[1];
	uint64_t n = 4 * RAFT_PEERS_INFLIGHT;
	bool never = false;

	set_up();
	/* None of them waits for the last one's hold to end. */
	for (uint64_t i = 1; i <= n; i++) {
		uint64_t began = loop_now_ms(loop);

		say(a, b->id);
		raft_peers_flush(a->peers);
		wait_got(b, i);
		ck_assert_uint_lt(
		    loop_now_ms(loop) - began, RAFT_PEERS_HOLD_MS);
	}
	loop_wait(loop, &never, RAFT_PEERS_HOLD_MS * 3);
	say(b, a->id);
	raft_peers_flush(b->peers);
	wait_got(a, 1);
	ck_assert_uint_eq(requests(b), 1);
	tear_down();
}
END_TEST

static struct {
	bool is_there;
	size_t nmessages;
} reply;

static void
on_reply(void *ctx, const struct err *err, const void *body)
{
	(void)ctx;
	ck_assert_ptr_null(err);
	reply.is_there = true;
	reply.nmessages = ((const struct raft_mail *)body)->nmessages;
}

/* An older program, which does not look into replies. */
START_TEST(who_does_not_take_mail_in_replies_is_answered_at_once)
{
	struct raft_mail_message m = { .type = RAFT_HEARTBEAT, .term = 1 };
	struct raft_mail mail = { .cluster = CLUSTER,
		.from = 1,
		.to = 2,
		.messages = &m,
		.nmessages = 1 };
	struct end *b = &ends[1];
	struct bus_peer *older;
	struct err err;

	set_up();
	b->answers = true;
	older = bus_dial(loop, config.servers[1].addr, &err);
	ck_assert_ptr_nonnull(older);
	bus_call(older, MAIL, &mail, WAIT_MS, on_reply, NULL);
	wait_until(&reply.is_there);
	ck_assert_uint_eq(reply.nmessages, 0);
	ck_assert_uint_eq(b->ngot, 1);
	wait_got(&ends[0], 1);
	ck_assert_uint_eq(requests(b), 1);
	bus_peer_free(older);
	tear_down();
}
END_TEST

START_TEST(who_goes_away_takes_its_held_mail_along)
{
	struct end *a = &ends[0], *b = &ends[1];
	struct raft_config alone = { .n = 1 };

	set_up();
	say(a, b->id);
	raft_peers_flush(a->peers);
	wait_got(b, 1);
	alone.servers[0] = config.servers[1];
	raft_peers_set(b->peers, &alone);
	say(b, a->id);
	raft_peers_flush(b->peers);
	ck_assert_uint_eq(raft_peers_stats(b->peers).dropped, 1);
	tear_down();
}
END_TEST

UNIT_MAIN("raft-peers", what_is_said_in_turn_goes_with_the_reply,
    what_is_said_soon_after_goes_with_the_reply_too,
    only_the_newest_mail_is_held_and_that_not_for_long,
    who_does_not_take_mail_in_replies_is_answered_at_once,
    who_goes_away_takes_its_held_mail_along)
