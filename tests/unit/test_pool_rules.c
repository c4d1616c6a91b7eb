/* What each message changes, by the state and incarnation it meets. */
#include "tests/lib/poolone.h"
#include "tests/lib/unit.h"

static struct poolone o;

enum said { ALIVE, SUSPECT, DEAD, LEAVES };
enum is { UNKNOWN, IS_ALIVE, IS_SUSPECT, IS_DEAD, IS_LEFT };

#define KNOWN_AT 5 /* the incarnation that is stored */

struct rule {
	enum said said;
	enum is before;
	int step; /* the message's incarnation less the stored one */
	enum is after;
	bool passed_on;
	int event; /* that is told, or -1 */
};

#define NONE (-1)

static const struct rule rules[] = {
	/* about nobody we know */
	{ ALIVE, UNKNOWN, 0, IS_ALIVE, true, POOL_EV_JOIN },
	{ SUSPECT, UNKNOWN, 0, UNKNOWN, false, NONE },
	{ DEAD, UNKNOWN, 0, UNKNOWN, false, NONE },
	{ LEAVES, UNKNOWN, 0, UNKNOWN, false, NONE },
	/* old */
	{ ALIVE, IS_ALIVE, -1, IS_ALIVE, false, NONE },
	{ ALIVE, IS_SUSPECT, -1, IS_SUSPECT, false, NONE },
	{ ALIVE, IS_DEAD, -1, IS_DEAD, false, NONE },
	{ ALIVE, IS_LEFT, -1, IS_LEFT, false, NONE },
	{ SUSPECT, IS_ALIVE, -1, IS_ALIVE, false, NONE },
	{ SUSPECT, IS_SUSPECT, -1, IS_SUSPECT, false, NONE },
	{ DEAD, IS_ALIVE, -1, IS_ALIVE, false, NONE },
	{ DEAD, IS_SUSPECT, -1, IS_SUSPECT, false, NONE },
	{ LEAVES, IS_ALIVE, -1, IS_ALIVE, false, NONE },
	/* of its present life: dead beats suspect, suspect beats alive */
	{ ALIVE, IS_ALIVE, 0, IS_ALIVE, false, NONE },
	{ ALIVE, IS_SUSPECT, 0, IS_SUSPECT, false, NONE },
	{ ALIVE, IS_DEAD, 0, IS_DEAD, false, NONE },
	{ ALIVE, IS_LEFT, 0, IS_LEFT, false, NONE },
	{ SUSPECT, IS_ALIVE, 0, IS_SUSPECT, true, NONE },
	{ SUSPECT, IS_DEAD, 0, IS_DEAD, false, NONE },
	{ SUSPECT, IS_LEFT, 0, IS_LEFT, false, NONE },
	{ DEAD, IS_ALIVE, 0, IS_DEAD, true, POOL_EV_FAILED },
	{ DEAD, IS_SUSPECT, 0, IS_DEAD, true, POOL_EV_FAILED },
	{ DEAD, IS_DEAD, 0, IS_DEAD, false, NONE },
	{ DEAD, IS_LEFT, 0, IS_LEFT, false, NONE },
	{ LEAVES, IS_ALIVE, 0, IS_LEFT, true, POOL_EV_FAILED },
	{ LEAVES, IS_SUSPECT, 0, IS_LEFT, true, POOL_EV_FAILED },
	{ LEAVES, IS_DEAD, 0, IS_DEAD, false, NONE },
	/* newer */
	{ ALIVE, IS_ALIVE, 1, IS_ALIVE, true, NONE },
	{ ALIVE, IS_SUSPECT, 1, IS_ALIVE, true, NONE },
	{ ALIVE, IS_DEAD, 1, IS_ALIVE, true, POOL_EV_JOIN },
	{ ALIVE, IS_LEFT, 1, IS_ALIVE, true, POOL_EV_JOIN },
	{ SUSPECT, IS_ALIVE, 1, IS_SUSPECT, true, NONE },
	{ SUSPECT, IS_DEAD, 1, IS_DEAD, false, NONE },
	{ DEAD, IS_ALIVE, 1, IS_DEAD, true, POOL_EV_FAILED },
	{ DEAD, IS_SUSPECT, 1, IS_DEAD, true, POOL_EV_FAILED },
	{ DEAD, IS_DEAD, 1, IS_DEAD, false, NONE },
	{ LEAVES, IS_ALIVE, 1, IS_LEFT, true, POOL_EV_FAILED },
};

static void
say(enum said what, const char *name, uint32_t incarnation)
{
	switch (what) {
	case ALIVE:
		poolone_alive(&o, name, incarnation);
		break;
	case SUSPECT:
		poolone_suspect(&o, name, incarnation, "m3");
		break;
	case DEAD:
		poolone_dead(&o, name, incarnation, "m3");
		break;
	case LEAVES:
		poolone_dead(&o, name, incarnation, name);
		break;
	}
}

static void
bring_to(enum is state)
{
	if (state == UNKNOWN)
		return;
	poolone_alive(&o, "m2", KNOWN_AT);
	if (state == IS_SUSPECT)
		say(SUSPECT, "m2", KNOWN_AT);
	else if (state == IS_DEAD)
		say(DEAD, "m2", KNOWN_AT);
	else if (state == IS_LEFT)
		say(LEAVES, "m2", KNOWN_AT);
}

static enum is
state_of(const char *name)
{
	struct pool_member *m = poolone_member(&o, name);

	if (m == NULL)
		return UNKNOWN;
	ck_assert_int_eq(m->suspect != NULL, m->state == WIRE_STATE_SUSPECT);
	return IS_ALIVE + (enum is)m->state;
}

static bool
is_queued(void)
{
	return o.pool->news.n > 0;
}

static void
check_rule(const struct rule *r, size_t i)
{
	unsigned before[POOL_EV_CONFLICT + 1];

	poolone_init(&o, false);
	bring_to(r->before);
	bcast_release(&o.pool->news);
	memcpy(before, o.events, sizeof before);
	say(r->said, "m2", (uint32_t)(KNOWN_AT + r->step));
	ck_assert_msg(state_of("m2") == r->after, "rule %zu: state %d", i,
	    state_of("m2"));
	ck_assert_msg(is_queued() == r->passed_on, "rule %zu: passed on", i);
	for (int ev = 0; ev <= POOL_EV_CONFLICT; ev++)
		ck_assert_msg(
		    o.events[ev] - before[ev] == (unsigned)(ev == r->event),
		    "rule %zu: event %d", i, ev);
	poolone_release(&o);
}

START_TEST(each_message_changes_what_its_rule_says)
{
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
		check_rule(&rules[i], i);
}
END_TEST

/* --- about ourselves --- */

static void
check_refuted(enum said what, uint32_t incarnation, uint32_t expected)
{
	poolone_init(&o, false);
	poolone_alive(&o, "m3", 1);
	bcast_release(&o.pool->news);
	say(what, "us", incarnation);
	ck_assert_uint_eq(o.pool->self->incarnation, expected);
	ck_assert_int_eq(o.pool->self->state, WIRE_STATE_ALIVE);
	ck_assert_int_eq(is_queued(), expected != 1);
	poolone_release(&o);
}

START_TEST(what_is_said_against_us_is_refuted_with_a_newer_incarnation)
{
	check_refuted(SUSPECT, 1, 2);
	check_refuted(DEAD, 1, 2);
	check_refuted(SUSPECT, 7, 8);
	check_refuted(DEAD, 7, 8);
	check_refuted(SUSPECT, 0, 1); /* of a life before: ignored */
	check_refuted(SUSPECT, UINT32_MAX, 1);
	check_refuted(LEAVES, 1, 2);
}
END_TEST

START_TEST(the_accuser_is_told_directly)
{
	static const struct pool_addr m3 = { { 10, 0, 0, 3 }, 4, 7946 };

	poolone_init(&o, false);
	poolone_alive(&o, "m3", 1);
	poolone_suspect(&o, "us", 1, "m3");
	ck_assert_uint_eq(poolone_count(&o, WIRE_ALIVE, NULL), 1);
	ck_assert(pool_addr_is(&o.sent[0].to, &m3));
	poolone_release(&o);
}
END_TEST

static void
say_alive_of_us(uint32_t incarnation, const char *meta, uint8_t last)
{
	uint8_t addr[4] = { 10, 0, 0, last };
	struct wire_alive a;

	pool_alive_of(o.pool->self, &a);
	a.incarnation = incarnation;
	a.addr = wire_bytes(addr, 4);
	if (meta != NULL)
		a.meta = wire_text(meta);
	poolone_say(&o, &wire_alive_form, &a);
}

START_TEST(our_own_words_are_taken_back_only_if_they_are_not_ours)
{
	poolone_init(&o, false);
	say_alive_of_us(1, NULL, 1);
	ck_assert_uint_eq(o.pool->self->incarnation, 1);
	say_alive_of_us(1, "\xff\x80", 1);
	ck_assert_uint_eq(o.pool->self->incarnation, 2);
	say_alive_of_us(9, NULL, 1);
	ck_assert_uint_eq(o.pool->self->incarnation, 10);
	poolone_release(&o);
}
END_TEST

START_TEST(who_has_our_name_elsewhere_is_a_conflict_and_changes_nothing)
{
	poolone_init(&o, false);
	say_alive_of_us(9, NULL, 77);
	ck_assert_uint_eq(o.events[POOL_EV_CONFLICT], 1);
	ck_assert_uint_eq(o.last.addr.ip[3], 77);
	ck_assert_uint_eq(o.pool->self->incarnation, 1);
	ck_assert_uint_eq(o.pool->self->addr[3], 1);
	poolone_release(&o);
}
END_TEST

/* --- addresses --- */

static void
say_alive_at(const char *name, uint32_t incarnation, uint8_t last)
{
	uint8_t addr[4] = { 10, 0, 0, last };
	struct wire_alive a;

	pool_alive_of(poolone_member(&o, name), &a);
	a.incarnation = incarnation;
	a.addr = wire_bytes(addr, 4);
	poolone_say(&o, &wire_alive_form, &a);
}

START_TEST(only_who_has_left_may_move)
{
	poolone_init(&o, false);
	poolone_alive(&o, "m2", 5);
	say_alive_at("m2", 9, 7);
	ck_assert_uint_eq(o.events[POOL_EV_CONFLICT], 1);
	ck_assert_uint_eq(poolone_member(&o, "m2")->addr[3], 2);
	poolone_dead(&o, "m2", 5, "m3");
	say_alive_at("m2", 9, 7); /* failed: not either */
	ck_assert_uint_eq(poolone_member(&o, "m2")->addr[3], 2);
	poolone_release(&o);

	poolone_init(&o, false);
	poolone_alive(&o, "m2", 5);
	poolone_dead(&o, "m2", 5, "m2");
	say_alive_at("m2", 1, 7); /* even with an older incarnation */
	ck_assert_uint_eq(poolone_member(&o, "m2")->addr[3], 7);
	ck_assert_int_eq(state_of("m2"), IS_ALIVE);
	poolone_release(&o);
}
END_TEST

/* --- suspicions --- */

START_TEST(other_accusers_are_confirmations_each_passed_on_once)
{
	poolone_init(&o, false);
	for (int i = 2; i < 7; i++) {
		char name[] = { 'm', (char)('0' + i), '\0' };

		poolone_alive(&o, name, 1);
	}
	poolone_suspect(&o, "m2", 1, "m3");
	bcast_release(&o.pool->news);
	poolone_suspect(&o, "m2", 1, "m3");
	ck_assert(!is_queued());
	poolone_suspect(&o, "m2", 1, "m4");
	ck_assert(is_queued());
	ck_assert_uint_eq(poolone_member(&o, "m2")->suspect->s.nconfirms, 1);
	bcast_release(&o.pool->news);
	poolone_suspect(&o, "m2", 1, "m5");
	poolone_suspect(&o, "m2", 1, "m6"); /* two are enough */
	ck_assert_uint_eq(poolone_member(&o, "m2")->suspect->s.nconfirms, 2);
	poolone_release(&o);
}
END_TEST

START_TEST(a_suspect_that_stays_silent_is_dead_after_its_time)
{
	poolone_init(&o, false);
	poolone_alive(&o, "m2", 1);
	poolone_suspect(&o, "m2", 1, "m3");
	poolone_pass(&o, 3900);
	ck_assert_int_eq(state_of("m2"), IS_SUSPECT);
	poolone_pass(&o, 2000);
	ck_assert_int_eq(state_of("m2"), IS_DEAD);
	ck_assert_uint_eq(o.events[POOL_EV_FAILED], 1);
	poolone_release(&o);
}
END_TEST

/* Answers every ping that has gone out. */
static void
answer_pings(void)
{
	for (size_t i = 0; i < o.nsent; i++) {
		const struct buf *b = &o.sent[i].message;
		struct wire_ping ping;
		struct wire_ack ack = { 0 };

		if (b->data[0] != WIRE_PING)
			continue;
		ck_assert_int_eq(
		    wire_get(&wire_ping_form,
			wire_bytes(b->data + 1, b->len - 1), &ping, NULL, NULL),
		    0);
		ack.seq = ping.seq;
		poolone_say(&o, &wire_ack_form, &ack);
	}
	poolone_hush(&o);
}

START_TEST(a_suspect_that_answers_us_is_not_pronounced_dead)
{
	poolone_init(&o, false);
	poolone_alive(&o, "m2", 1);
	poolone_suspect(&o, "m2", 1, "m3");
	for (int i = 0; i < 200; i++) {
		poolone_pass(&o, 100);
		answer_pings();
	}
	ck_assert_int_eq(state_of("m2"), IS_SUSPECT);
	poolone_release(&o);
}
END_TEST

START_TEST(time_that_we_slept_is_nobodys_fault)
{
	poolone_init(&o, false);
	poolone_alive(&o, "m2", 1);
	poolone_suspect(&o, "m2", 1, "m3");
	poolone_pass(&o, 3500);
	o.now_ms += 60000;
	pool_tick(o.pool, o.now_ms);
	ck_assert_int_eq(state_of("m2"), IS_SUSPECT);
	poolone_pass(&o, 700);
	ck_assert_int_eq(state_of("m2"), IS_SUSPECT);
	poolone_alive(&o, "m2", 2);
	ck_assert_int_eq(state_of("m2"), IS_ALIVE);
	ck_assert_uint_eq(o.pool->stats.stalls, 1);
	poolone_release(&o);
}
END_TEST

UNIT_MAIN("pool_rules", each_message_changes_what_its_rule_says,
    what_is_said_against_us_is_refuted_with_a_newer_incarnation,
    the_accuser_is_told_directly,
    our_own_words_are_taken_back_only_if_they_are_not_ours,
    who_has_our_name_elsewhere_is_a_conflict_and_changes_nothing,
    only_who_has_left_may_move,
    other_accusers_are_confirmations_each_passed_on_once,
    a_suspect_that_stays_silent_is_dead_after_its_time,
    a_suspect_that_answers_us_is_not_pronounced_dead,
    time_that_we_slept_is_nobodys_fault)
