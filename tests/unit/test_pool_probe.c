/* How a pool finds out who is alive, and answers those who ask it. */
#include "tests/lib/poolone.h"
#include "tests/lib/unit.h"

static struct poolone o;

static struct wire_ping
last_ping(void)
{
	struct wire_bytes m;
	struct wire_ping ping = { 0 };

	ck_assert_uint_ge(poolone_count(&o, WIRE_PING, &m), 1);
	ck_assert_int_eq(
	    wire_get(&wire_ping_form, wire_from(m, 1), &ping, NULL, NULL), 0);
	return ping;
}

/* With so many members m2, m3 ..., until one of them is being probed. */
static void
begin_probe(int nothers)
{
	poolone_init(&o, false);
	for (int i = 2; i < 2 + nothers; i++) {
		char name[] = { 'm', (char)('0' + i), '\0' };

		poolone_alive(&o, name, 1);
	}
	while (o.pool->probe.stage == PROBE_IDLE) {
		poolone_hush(&o);
		poolone_pass(&o, 1);
	}
}

static void
ack(uint32_t seq)
{
	struct wire_ack a = { .seq = seq };

	poolone_say(&o, &wire_ack_form, &a);
}

static void
nack(uint32_t seq)
{
	struct wire_nack n = { seq };

	poolone_say(&o, &wire_nack_form, &n);
}

static bool
has_suspect(void)
{
	for (size_t i = 0; i < o.pool->ntable; i++)
		if (o.pool->table[i]->state == WIRE_STATE_SUSPECT)
			return true;
	return false;
}

START_TEST(an_ack_ends_the_probe)
{
	begin_probe(1);
	o.pool->health = 3;
	ack(last_ping().seq);
	ck_assert_int_eq(o.pool->probe.stage, PROBE_IDLE);
	ck_assert_uint_eq(o.pool->health, 2);
	poolone_release(&o);
}
END_TEST

START_TEST(helpers_and_tcp_are_asked_when_there_is_no_ack_in_time)
{
	begin_probe(5);
	poolone_hush(&o);
	poolone_pass(&o, 499);
	ck_assert_uint_eq(poolone_count(&o, WIRE_INDIRECT_PING, NULL), 0);
	poolone_pass(&o, 2);
	ck_assert_uint_eq(poolone_count(&o, WIRE_INDIRECT_PING, NULL), 3);
	ck_assert_uint_eq(o.ndials, 1);
	ck_assert_int_eq(o.dialled.data[0], WIRE_PING);
	poolone_release(&o);
}
END_TEST

START_TEST(an_ack_by_a_helper_is_as_good)
{
	uint32_t seq;

	begin_probe(3);
	seq = last_ping().seq;
	poolone_pass(&o, 700);
	ack(seq);
	poolone_pass(&o, 600);
	ck_assert(!has_suspect());
	poolone_release(&o);
}
END_TEST

START_TEST(who_answers_by_tcp_only_is_not_suspected)
{
	struct wire_ack a = { 0 };
	struct buf b = { 0 };

	begin_probe(1);
	a.seq = last_ping().seq;
	poolone_pass(&o, 501);
	wire_put(&b, &wire_ack_form, &a);
	pool_stream_answer(o.pool, o.now_ms, o.token, b.data, b.len);
	poolone_pass(&o, 490);
	ck_assert(!has_suspect());
	buf_release(&b);
	poolone_release(&o);
}
END_TEST

START_TEST(silence_is_suspected_at_the_end_of_the_interval)
{
	begin_probe(1);
	poolone_pass(&o, 995);
	ck_assert(!has_suspect());
	poolone_pass(&o, 10);
	ck_assert(has_suspect());
	ck_assert_uint_eq(o.pool->health, 1);
	poolone_release(&o);
}
END_TEST

START_TEST(missing_nacks_make_us_doubt_ourselves_nacks_do_not)
{
	uint32_t seq;

	begin_probe(4);
	poolone_pass(&o, 1005);
	ck_assert_uint_eq(o.pool->health, 3);
	poolone_release(&o);

	begin_probe(4);
	seq = last_ping().seq;
	poolone_pass(&o, 501);
	for (int i = 0; i < 3; i++)
		nack(seq);
	poolone_pass(&o, 500);
	ck_assert(has_suspect());
	ck_assert_uint_eq(o.pool->health, 0);
	poolone_release(&o);
}
END_TEST

START_TEST(doubt_gives_others_more_time)
{
	begin_probe(1);
	o.pool->health = 2;
	ack(last_ping().seq);
	poolone_hush(&o);
	while (o.pool->probe.stage == PROBE_IDLE)
		poolone_pass(&o, 1);
	poolone_pass(&o, 1900); /* health is 1: two intervals */
	ck_assert(!has_suspect());
	poolone_pass(&o, 200);
	ck_assert(has_suspect());
	poolone_release(&o);
}
END_TEST

/* TCP refused and all nacks there: suspected at once, dead soon. */
START_TEST(a_refused_member_is_dead_soon)
{
	uint32_t seq;

	begin_probe(2);
	seq = last_ping().seq;
	poolone_pass(&o, 501);
	pool_stream_failed(o.pool, o.now_ms, o.token, POOL_REFUSED);
	ck_assert(!has_suspect());
	nack(seq);
	ck_assert(has_suspect());
	poolone_pass(&o, 450);
	ck_assert_uint_eq(o.events[POOL_EV_FAILED], 0);
	poolone_pass(&o, 100);
	ck_assert_uint_eq(o.events[POOL_EV_FAILED], 1);
	poolone_release(&o);
}
END_TEST

START_TEST(a_refused_datagram_hastens_the_next_step)
{
	struct pool_addr addr;

	begin_probe(2);
	pool_member_addr(o.pool->probe.target, &addr);
	pool_refused(o.pool, o.now_ms, &addr);
	ck_assert_int_eq(o.pool->probe.stage, PROBE_INDIRECT);
	ck_assert_uint_eq(o.ndials, 1);
	poolone_release(&o);
}
END_TEST

START_TEST(a_refused_member_that_answers_has_the_usual_time)
{
	begin_probe(1);
	poolone_pass(&o, 501);
	pool_stream_failed(o.pool, o.now_ms, o.token, POOL_REFUSED);
	ck_assert(has_suspect());
	poolone_hush(&o);
	poolone_pass(&o, 10);
	ack(last_ping().seq);
	poolone_pass(&o, 3000);
	ck_assert_uint_eq(o.events[POOL_EV_FAILED], 0);
	poolone_release(&o);
}
END_TEST

/* --- whom, while all is quiet --- */

/*
 * So many seconds in which each probe is answered at once, and m3, if it
 * does, pings us twice a second; counts probes by the number of the name.
 */
static void
live_quietly(unsigned seconds, bool m3_pings, unsigned probes[8])
{
	struct pool_addr m3;

	pool_member_addr(poolone_member(&o, "m3"), &m3);
	for (unsigned ms = 0; ms < seconds * 1000; ms++) {
		if (m3_pings && ms % 500 == 0)
			pool_probe_pinged(o.pool, &m3);
		poolone_hush(&o);
		poolone_pass(&o, 1);
		if (o.pool->probe.stage == PROBE_IDLE)
			continue;
		probes[o.pool->probe.target->name[1] - '0']++;
		ack(last_ping().seq);
	}
}

START_TEST(while_all_is_quiet_half_of_the_probes_go_round_the_ring)
{
	unsigned n[8] = { 0 };

	begin_probe(3);
	ack(last_ping().seq);
	live_quietly(120, false, n);
	/* m2 comes after us; of the other half one in two is made. */
	ck_assert_uint_ge(n[2], 60 + 8);
	ck_assert_uint_ge(n[3], 8);
	ck_assert_uint_ge(n[4], 8);
	ck_assert_uint_le(n[3] + n[4], 24);
	ck_assert_uint_le(n[2] + n[3] + n[4], 92);
	poolone_release(&o);
}
END_TEST

START_TEST(who_pings_us_is_spared_every_other_probe)
{
	unsigned alone[8] = { 0 }, pinged[8] = { 0 };

	begin_probe(3);
	ack(last_ping().seq);
	live_quietly(240, false, alone);
	live_quietly(240, true, pinged);
	ck_assert_uint_ge(alone[3], 17);
	ck_assert_uint_ge(pinged[3], alone[3] / 2 - 2);
	ck_assert_uint_le(pinged[3], alone[3] / 2 + 2);
	ck_assert_uint_ge(pinged[4], 17);
	poolone_release(&o);
}
END_TEST

START_TEST(when_somebody_is_suspected_each_interval_has_its_probe)
{
	unsigned n[8] = { 0 };

	begin_probe(4);
	ack(last_ping().seq);
	poolone_suspect(&o, "m5", 1, "m4");
	live_quietly(3, true, n);
	ck_assert_uint_ge(n[2] + n[3] + n[4] + n[5], 3);
	poolone_release(&o);
}
END_TEST

START_TEST(without_news_states_are_exchanged_less_often)
{
	begin_probe(1);
	ack(last_ping().seq);
	o.ndials = 0;
	for (int i = 0; i < 9000; i++) {
		poolone_hush(&o);
		poolone_pass(&o, 100);
		if (o.pool->probe.stage != PROBE_IDLE)
			ack(last_ping().seq);
	}
	/* 90 s of each 30 s, and then each 90 s. */
	ck_assert_uint_ge(o.ndials, 10);
	ck_assert_uint_le(o.ndials, 14);
	poolone_release(&o);
}
END_TEST

/* The stream by which a suspect is asked, or NULL. */
static const struct pool_dial *
asked_by_tcp(void)
{
	for (size_t i = 0; i < POOL_DIALS_MAX; i++)
		if (o.pool->dials[i].kind == DIAL_ASK)
			return &o.pool->dials[i];
	return NULL;
}

START_TEST(a_suspect_that_answers_by_tcp_is_not_condemned)
{
	struct wire_ack a = { 0 };
	struct buf b = { 0 };

	poolone_init(&o, false);
	poolone_alive(&o, "m2", 1);
	poolone_alive(&o, "m3", 1);
	poolone_suspect(&o, "m2", 1, "m3");
	poolone_pass(&o, 1500);
	ck_assert_ptr_nonnull(asked_by_tcp());
	a.seq = (uint32_t)asked_by_tcp()->user;
	wire_put(&b, &wire_ack_form, &a);
	pool_stream_answer(
	    o.pool, o.now_ms, asked_by_tcp()->token, b.data, b.len);
	poolone_pass(&o, 3500);
	ck_assert_int_eq(poolone_member(&o, "m2")->state, WIRE_STATE_SUSPECT);
	poolone_pass(&o, 1500);
	ck_assert_int_eq(poolone_member(&o, "m2")->state, WIRE_STATE_DEAD);
	buf_release(&b);
	poolone_release(&o);
}
END_TEST

START_TEST(who_has_missed_our_refutation_is_told_it_again)
{
	struct wire_bytes m;

	poolone_init(&o, false);
	poolone_alive(&o, "m2", 1);
	poolone_suspect(&o, "us", 1, "m2");
	ck_assert_uint_eq(o.pool->self->incarnation, 2);
	poolone_hush(&o);
	poolone_suspect(&o, "us", 1, "m2");
	ck_assert_uint_eq(poolone_count(&o, WIRE_ALIVE, &m), 1);
	ck_assert_uint_eq(o.pool->self->incarnation, 2);
	poolone_release(&o);
}
END_TEST

START_TEST(a_suspect_is_told_so_with_the_ping)
{
	struct wire_bytes m;

	begin_probe(1);
	poolone_pass(&o, 1000);
	poolone_hush(&o);
	poolone_pass(&o, 1000);
	ck_assert_uint_ge(poolone_count(&o, WIRE_PING, NULL), 1);
	ck_assert_uint_ge(poolone_count(&o, WIRE_SUSPECT, &m), 1);
	poolone_release(&o);
}
END_TEST

/* --- answering --- */

START_TEST(pings_for_others_are_not_answered)
{
	struct wire_ping ping = { .seq = 9, .node = wire_text("m9") };

	poolone_init(&o, false);
	poolone_say(&o, &wire_ping_form, &ping);
	ck_assert_uint_eq(poolone_count(&o, WIRE_ACK, NULL), 0);
	ping.node = wire_text("us");
	poolone_say(&o, &wire_ping_form, &ping);
	ck_assert_uint_eq(poolone_count(&o, WIRE_ACK, NULL), 1);
	ck_assert_uint_eq(o.sent[0].to.ip[3], 99); /* where it came from */
	ping.source_addr = wire_bytes("\x0a\x00\x00\x07", 4);
	ping.source_port = 1234;
	poolone_hush(&o);
	poolone_say(&o, &wire_ping_form, &ping);
	ck_assert_uint_eq(o.sent[0].to.ip[3], 7);
	ck_assert_uint_eq(o.sent[0].to.port, 1234);
	poolone_release(&o);
}
END_TEST

static void
ask_help(uint32_t seq, bool wants_nack)
{
	struct wire_indirect_ping in = { .seq = seq,
		.target = wire_bytes("\x0a\x00\x00\x08", 4),
		.port = 7946,
		.node = wire_text("m8"),
		.nack = wants_nack };

	poolone_say(&o, &wire_indirect_ping_form, &in);
}

START_TEST(a_helper_passes_the_ack_on_with_the_askers_number)
{
	struct wire_bytes m;
	struct wire_ack a;

	poolone_init(&o, false);
	ask_help(77, true);
	ck_assert_uint_eq(o.sent[0].to.ip[3], 8);
	ack(last_ping().seq);
	ck_assert_uint_eq(poolone_count(&o, WIRE_ACK, &m), 1);
	ck_assert_int_eq(
	    wire_get(&wire_ack_form, wire_from(m, 1), &a, NULL, NULL), 0);
	ck_assert_uint_eq(a.seq, 77);
	ck_assert_ptr_null(a.payload.data);
	poolone_pass(&o, 1000);
	ck_assert_uint_eq(poolone_count(&o, WIRE_NACK, NULL), 0);
	poolone_release(&o);
}
END_TEST

START_TEST(a_helper_says_in_time_that_there_is_no_answer)
{
	poolone_init(&o, false);
	ask_help(77, true);
	ask_help(78, false);
	poolone_pass(&o, 450);
	ck_assert_uint_eq(poolone_count(&o, WIRE_NACK, NULL), 1);
	ack(last_ping().seq); /* late, but for who still waits */
	ck_assert_uint_eq(poolone_count(&o, WIRE_ACK, NULL), 1);
	poolone_release(&o);
}
END_TEST

START_TEST(more_help_than_the_limit_is_not_given)
{
	poolone_init(&o, false);
	for (uint32_t i = 0; i < 2 * POOL_PENDING_MAX; i++) {
		ask_help(i, false);
		poolone_hush(&o);
	}
	ck_assert_uint_eq(o.pool->stats.refused_full, POOL_PENDING_MAX);
	poolone_release(&o);
}
END_TEST

UNIT_MAIN("pool_probe", an_ack_ends_the_probe,
    helpers_and_tcp_are_asked_when_there_is_no_ack_in_time,
    an_ack_by_a_helper_is_as_good, who_answers_by_tcp_only_is_not_suspected,
    silence_is_suspected_at_the_end_of_the_interval,
    missing_nacks_make_us_doubt_ourselves_nacks_do_not,
    doubt_gives_others_more_time, a_refused_member_is_dead_soon,
    a_refused_datagram_hastens_the_next_step,
    a_refused_member_that_answers_has_the_usual_time,
    while_all_is_quiet_half_of_the_probes_go_round_the_ring,
    who_pings_us_is_spared_every_other_probe,
    when_somebody_is_suspected_each_interval_has_its_probe,
    without_news_states_are_exchanged_less_often,
    a_suspect_that_answers_by_tcp_is_not_condemned,
    who_has_missed_our_refutation_is_told_it_again,
    a_suspect_is_told_so_with_the_ping, pings_for_others_are_not_answered,
    a_helper_passes_the_ack_on_with_the_askers_number,
    a_helper_says_in_time_that_there_is_no_answer,
    more_help_than_the_limit_is_not_given)
