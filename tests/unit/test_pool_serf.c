/* Serf's half of a pool: intents, events, queries, keys, exchanges. */
#include <stdio.h>

#include "tests/lib/poolone.h"
#include "tests/lib/unit.h"

static struct poolone o;

static void
intent(bool leave, const char *name, uint64_t ltime, bool prune)
{
	struct wire_intent in = { ltime, wire_text(name), prune };

	poolone_say_serf(&o, leave ? &wire_leave_form : &wire_join_form, &in);
}

static enum pool_status
status(const char *name)
{
	struct pool_view v;

	return pool_find(o.pool, name, &v) ? v.status : POOL_NONE;
}

/* --- intents --- */

START_TEST(an_old_intent_changes_nothing)
{
	poolone_init(&o, false);
	poolone_alive(&o, "m2", 1);
	intent(false, "m2", 5, false);
	intent(true, "m2", 5, false);
	ck_assert_int_eq(status("m2"), POOL_ALIVE);
	intent(true, "m2", 6, false);
	ck_assert_int_eq(status("m2"), POOL_LEAVING);
	intent(false, "m2", 6, false);
	ck_assert_int_eq(status("m2"), POOL_LEAVING);
	intent(false, "m2", 7, false);
	ck_assert_int_eq(status("m2"), POOL_ALIVE);
	poolone_release(&o);
}
END_TEST

static bool
is_among(struct wire_list names, const char *name)
{
	for (struct wire_bytes n; wire_next_bytes(&names, &n);)
		if (wire_is(n, wire_text(name)))
			return true;
	return false;
}

/*
 * A push/pull that says of m2 that it is alive, or has left, as of that time;
 * what we tell of it is its time, and whether it has left.
 */
static bool
exchange_as(bool has_left, uint64_t ltime, uint64_t *told)
{
	struct wire_serf_state s = { .ltime = ltime };
	struct wire_push_pull pp = { 0 }, back;
	struct wire_bytes message, name;
	struct buf clocks = { 0 }, user = { 0 }, b = { 0 }, stream = { 0 },
		   reply = { 0 }, room = { 0 }, left = { 0 };
	const struct wire_wrap plain = { 0 };
	bool tells_left;

	wire_add_str(&clocks, wire_text("m2"));
	wire_add_uint(&clocks, ltime);
	s.status_ltimes = wire_list(&clocks, 1);
	if (has_left)
		wire_add_str(&left, wire_text("m2"));
	s.left_members = wire_list(&left, has_left);
	wire_put(&user, &wire_serf_state_form, &s);
	pp.nodes = wire_list(&b, 0);
	pp.user = wire_bytes(user.data, user.len);
	wire_push_pull_put(&b, &pp);
	wire_wrap_stream(&stream, &plain, wire_bytes(b.data, b.len));
	pool_stream(o.pool, o.now_ms, NULL, stream.data, stream.len, &reply);
	ck_assert_int_eq(
	    wire_peel_stream(
		NULL, wire_bytes(reply.data, reply.len), &room, &message, NULL),
	    0);
	ck_assert_int_eq(
	    wire_push_pull_get(wire_from(message, 1), &back, NULL), 0);
	ck_assert_int_eq(wire_get(&wire_serf_state_form,
			     wire_from(back.user, 1), &s, NULL, NULL),
	    0);
	tells_left = is_among(s.left_members, "m2");
	*told = 0;
	for (uint64_t at; wire_next_clock(&s.status_ltimes, &name, &at);)
		if (wire_is(name, wire_text("m2")))
			*told = at;
	buf_release(&clocks);
	buf_release(&user);
	buf_release(&b);
	buf_release(&stream);
	buf_release(&reply);
	buf_release(&room);
	buf_release(&left);
	return tells_left;
}

static void
exchange(uint64_t ltime, uint64_t *told)
{
	exchange_as(false, ltime, told);
}

START_TEST(who_comes_back_is_not_taken_for_one_that_leaves)
{
	uint64_t told;

	/* We have its joining from an exchange, and then hear from somebody
	 * who has not seen it yet that it left. */
	poolone_init(&o, false);
	poolone_alive(&o, "m2", 1);
	exchange(8, &told);
	exchange_as(true, 8, &told);
	ck_assert_int_eq(status("m2"), POOL_ALIVE);
	exchange_as(true, 9, &told);
	ck_assert_int_eq(status("m2"), POOL_LEAVING);
	poolone_release(&o);

	/* Nor do we say so when it is we who have not seen it yet. */
	poolone_init(&o, false);
	poolone_alive(&o, "m2", 1);
	intent(true, "m2", 7, false);
	poolone_dead(&o, "m2", 1, "m2");
	ck_assert(exchange_as(false, 1, &told));
	ck_assert_uint_eq(told, 7);
	intent(false, "m2", 8, false);
	ck_assert(!exchange_as(false, 1, &told));
	ck_assert_uint_eq(told, 8);
	ck_assert_int_eq(status("m2"), POOL_LEFT);
	poolone_alive(&o, "m2", 2);
	ck_assert_int_eq(status("m2"), POOL_ALIVE);
	poolone_release(&o);
}
END_TEST

START_TEST(a_leave_is_heard_whatever_an_exchange_said_before)
{
	uint64_t told;

	poolone_init(&o, false);
	poolone_alive(&o, "m2", 1);
	/* Somebody has heard m2's leave at 6, and we have not. */
	exchange(6, &told);
	ck_assert_int_eq(status("m2"), POOL_ALIVE);
	intent(true, "m2", 6, false);
	ck_assert_int_eq(status("m2"), POOL_LEAVING);
	/* Nor do we spoil it for others; and once is enough. */
	exchange(1, &told);
	ck_assert_uint_eq(told, 5);
	intent(false, "m2", 7, false);
	intent(true, "m2", 7, false);
	ck_assert_int_eq(status("m2"), POOL_ALIVE);
	poolone_dead(&o, "m2", 1, "m2");
	ck_assert_int_eq(status("m2"), POOL_FAILED);
	poolone_release(&o);
}
END_TEST

START_TEST(news_is_passed_on_and_old_news_is_not)
{
	poolone_init(&o, false);
	poolone_alive(&o, "m2", 1);
	intent(false, "m2", 5, false);
	ck_assert_uint_eq(o.pool->intents.n, 1);
	intent(false, "m2", 5, false);
	intent(false, "m2", 4, false);
	ck_assert_uint_eq(o.pool->intents.n, 1);
	poolone_release(&o);
}
END_TEST

START_TEST(the_clock_is_ahead_of_all_that_was_heard)
{
	poolone_init(&o, false);
	intent(false, "m2", 41, false);
	ck_assert_uint_eq(o.pool->clock, 42);
	intent(false, "m3", 7, false);
	ck_assert_uint_eq(o.pool->clock, 42);
	intent(false, "m4", UINT64_MAX, false); /* nobody comes so far */
	ck_assert_uint_eq(o.pool->clock, 42);
	poolone_release(&o);
}
END_TEST

START_TEST(that_we_leave_is_refuted_while_we_do_not)
{
	poolone_init(&o, false);
	poolone_alive(&o, "m2", 1);
	intent(true, "us", 9, false);
	ck_assert_int_eq(status("us"), POOL_ALIVE);
	ck_assert_uint_eq(o.pool->self->status_ltime, 10);
	ck_assert_uint_eq(o.pool->intents.n, 1);
	poolone_release(&o);
}
END_TEST

START_TEST(an_intent_before_its_member_is_kept_for_it)
{
	poolone_init(&o, false);
	intent(true, "m2", 5, false);
	poolone_alive(&o, "m2", 1);
	ck_assert_int_eq(status("m2"), POOL_LEAVING);
	intent(true, "m3", 6, false);
	poolone_pass(&o, INTENT_KEPT_MS + 1);
	poolone_alive(&o, "m3", 1);
	ck_assert_int_eq(status("m3"), POOL_ALIVE);
	poolone_release(&o);
}
END_TEST

START_TEST(early_intents_are_bounded)
{
	poolone_init(&o, false);
	for (int i = 0; i < 2 * POOL_INTENTS_MAX; i++) {
		char name[16];

		snprintf(name, sizeof name, "x%d", i);
		intent(false, name, 5, false);
	}
	ck_assert_uint_le(map_count(&o.pool->early), POOL_INTENTS_MAX);
	poolone_release(&o);
}
END_TEST

START_TEST(forced_to_leave_a_failed_member_is_left_or_forgotten)
{
	poolone_init(&o, false);
	for (int i = 2; i < 4; i++) {
		char name[] = { 'm', (char)('0' + i), '\0' };

		poolone_alive(&o, name, 1);
		poolone_dead(&o, name, 1, "m9");
	}
	ck_assert_int_eq(
	    pool_force_leave(o.pool, o.now_ms, "m2", false, NULL), 0);
	ck_assert_int_eq(status("m2"), POOL_LEFT);
	ck_assert_int_eq(
	    pool_force_leave(o.pool, o.now_ms, "m3", true, NULL), 0);
	poolone_pass(&o, 10);
	ck_assert_int_eq(status("m3"), POOL_NONE);
	ck_assert_uint_eq(o.events[POOL_EV_REAP], 1);
	ck_assert_int_eq(
	    pool_force_leave(o.pool, o.now_ms, "nobody", false, NULL), 0);
	ck_assert_int_eq(
	    pool_force_leave(o.pool, o.now_ms, "us", false, NULL), -1);
	poolone_release(&o);
}
END_TEST

START_TEST(failed_and_left_members_are_reaped_in_the_end)
{
	poolone_init(&o, false);
	poolone_alive(&o, "m2", 1);
	poolone_dead(&o, "m2", 1, "m9");
	for (int i = 0; i < 24 * 60 - 1; i++)
		poolone_pass(&o, 60000);
	ck_assert_int_eq(status("m2"), POOL_FAILED);
	poolone_pass(&o, 60001);
	ck_assert_int_eq(status("m2"), POOL_NONE);
	ck_assert_uint_eq(o.events[POOL_EV_REAP], 1);
	poolone_release(&o);
}
END_TEST

START_TEST(times_that_change_hold_for_those_that_are_gone)
{
	poolone_init(&o, false);
	poolone_alive(&o, "m2", 1);
	poolone_dead(&o, "m2", 1, "m9");
	poolone_pass(&o, 60000);
	pool_set_times(o.pool, o.now_ms, 120000, 0);
	poolone_pass(&o, 59000);
	ck_assert_int_eq(status("m2"), POOL_FAILED);
	poolone_pass(&o, 2000);
	ck_assert_int_eq(status("m2"), POOL_NONE);
	poolone_release(&o);
}
END_TEST

/* --- user events --- */

static void
event(uint64_t ltime, const char *name, const char *payload)
{
	struct wire_user_event e = { ltime, wire_text(name), wire_text(payload),
		true };

	poolone_say_serf(&o, &wire_user_event_form, &e);
}

START_TEST(an_event_is_heard_and_passed_on_once)
{
	poolone_init(&o, false);
	event(3, "deploy", "v1");
	event(3, "deploy", "v1");
	ck_assert_uint_eq(o.events[POOL_EV_USER], 1);
	ck_assert_uint_eq(o.pool->events.n, 1);
	ck_assert_str_eq(o.last_text, "v1");
	ck_assert(o.last.coalesce);
	event(3, "deploy", "v2");
	event(4, "deploy", "v1");
	ck_assert_uint_eq(o.events[POOL_EV_USER], 3);
	ck_assert_uint_eq(o.pool->event_clock, 5);
	event(2000, "deploy", "v1");
	event(1000, "deploy", "v1"); /* too old to tell */
	ck_assert_uint_eq(o.events[POOL_EV_USER], 4);
	poolone_release(&o);
}
END_TEST

START_TEST(kept_events_are_bounded)
{
	static char payload[POOL_EVENT_HARD - 200];

	poolone_init(&o, false);
	memset(payload, 'x', sizeof payload - 1);
	for (uint64_t i = 1; i < 400; i++)
		event(i, "big", payload);
	ck_assert_uint_le(o.pool->event_bytes, POOL_EVENT_BYTES);
	ck_assert_uint_gt(o.pool->stats.refused_full, 0);
	poolone_release(&o);
}
END_TEST

START_TEST(our_own_event_goes_out_and_comes_back_to_us)
{
	struct err err;
	char big[POOL_EVENT_MAX] = { 0 };

	poolone_init(&o, false);
	ck_assert_int_eq(
	    pool_user_event(o.pool, o.now_ms, "e", "p", 1, false, &err), 0);
	ck_assert_uint_eq(o.events[POOL_EV_USER], 1);
	ck_assert_uint_eq(o.pool->events.n, 1);
	ck_assert_int_eq(pool_user_event(o.pool, o.now_ms, "e", big, sizeof big,
			     false, &err),
	    -1);
	poolone_release(&o);
}
END_TEST

/* --- queries --- */

static struct wire_query
query(uint32_t id, const char *name)
{
	return (struct wire_query){ .ltime = 3,
		.id = id,
		.addr = wire_bytes("\x0a\x00\x00\x02", 4),
		.port = 7946,
		.source_node = wire_text("m2"),
		.timeout_ns = 1000000000,
		.name = wire_text(name) };
}

static size_t
responses(struct wire_query_response *r)
{
	struct wire_bytes m;
	size_t n = poolone_count(&o, WIRE_USER, &m);

	if (n > 0) {
		ck_assert_uint_eq(m.data[1], WIRE_SERF_QUERY_RESPONSE);
		ck_assert_int_eq(wire_get(&wire_query_response_form,
				     wire_from(m, 2), r, NULL, NULL),
		    0);
	}
	return n;
}

START_TEST(a_query_is_acknowledged_handed_up_and_answered_once)
{
	struct wire_query q = query(1, "load");
	struct wire_query_response r;
	struct err err;

	poolone_init(&o, false);
	q.flags = WIRE_QUERY_ACK;
	poolone_say_serf(&o, &wire_query_form, &q);
	poolone_say_serf(&o, &wire_query_form, &q);
	ck_assert_uint_eq(responses(&r), 1);
	ck_assert_uint_eq(r.flags, WIRE_QUERY_ACK);
	ck_assert_uint_eq(o.events[POOL_EV_QUERY], 1);
	ck_assert_uint_eq(o.pool->queries.n, 1);
	poolone_hush(&o);
	ck_assert_int_eq(
	    pool_respond(o.pool, o.now_ms, o.last.id, "42", 2, &err), 0);
	ck_assert_uint_eq(responses(&r), 1);
	ck_assert(wire_is(r.payload, wire_text("42")));
	ck_assert_int_eq(
	    pool_respond(o.pool, o.now_ms, o.last.id, "42", 2, &err), -1);
	poolone_release(&o);
}
END_TEST

START_TEST(pings_of_serf_are_only_acknowledged)
{
	struct wire_query q = query(1, "_serf_ping");
	struct wire_query_response r;

	poolone_init(&o, false);
	q.flags = WIRE_QUERY_ACK;
	poolone_say_serf(&o, &wire_query_form, &q);
	ck_assert_uint_eq(responses(&r), 1);
	ck_assert_uint_eq(o.events[POOL_EV_QUERY], 0);
	poolone_release(&o);
}
END_TEST

static bool
is_meant(const struct buf *filters, size_t n, uint32_t id)
{
	struct wire_query q = query(id, "load");
	unsigned before = o.events[POOL_EV_QUERY];

	q.filters = wire_list(filters, n);
	poolone_say_serf(&o, &wire_query_form, &q);
	ck_assert_uint_eq(o.pool->queries.n, id); /* passed on anyway */
	return o.events[POOL_EV_QUERY] > before;
}

static void
tag_filter(struct buf *out, const char *tag, const char *expr)
{
	struct wire_tag_filter f = { wire_text(tag), wire_text(expr) };
	struct buf b = { 0 };

	buf_reset(out);
	buf_addc(&b, WIRE_FILTER_TAG);
	wire_put(&b, &wire_tag_filter_form, &f);
	wire_add_raw(out, wire_bytes(b.data, b.len));
	buf_release(&b);
}

START_TEST(filters_say_whom_a_query_means)
{
	struct buf f = { 0 };

	poolone_init(&o, false);
	wire_add_raw(&f, wire_bytes("\x00\x91\xa2us", 5));
	ck_assert(is_meant(&f, 1, 1));
	buf_reset(&f);
	wire_add_raw(&f, wire_bytes("\x00\x91\xa2m7", 5));
	ck_assert(!is_meant(&f, 1, 2));
	tag_filter(&f, "role", "^te?s");
	ck_assert(is_meant(&f, 1, 3));
	tag_filter(&f, "role", "web");
	ck_assert(!is_meant(&f, 1, 4));
	tag_filter(&f, "missing", "^$");
	ck_assert(is_meant(&f, 1, 5));
	tag_filter(&f, "role", "^[a-z]{1,9}?(?i)T\\z"); /* as Go's */
	ck_assert(is_meant(&f, 1, 6));
	tag_filter(&f, "role", "((a{99}){99}){99}"); /* costs too much */
	ck_assert(!is_meant(&f, 1, 7));
	buf_release(&f);
	poolone_release(&o);
}
END_TEST

START_TEST(a_response_is_relayed_to_whom_it_names_and_nothing_else)
{
	struct wire_relay head = { wire_bytes("\x0a\x00\x00\x07", 4), 7946,
		wire_text(""), wire_text("m7") };
	struct wire_query_response r = {
		.ltime = 1, .id = 2, .from = wire_text("m3")
	};
	struct buf b = { 0 };

	poolone_init(&o, false);
	buf_addc(&b, WIRE_USER);
	wire_put(&b, &wire_relay_form, &head);
	wire_put(&b, &wire_query_response_form, &r);
	poolone_packet(&o, b.data, b.len);
	ck_assert_uint_eq(responses(&r), 1);
	ck_assert_uint_eq(o.sent[0].to.ip[3], 7);
	poolone_hush(&o);
	b.len -= 5;
	poolone_packet(&o, b.data, b.len);
	ck_assert_uint_eq(o.nsent, 0);
	buf_release(&b);
	poolone_release(&o);
}
END_TEST

START_TEST(a_query_of_ours_gathers_acks_and_responses_until_its_time)
{
	struct pool_query q = { .name = "load", .want_ack = true };
	struct wire_query_response r = { .from = wire_text("m2"),
		.payload = wire_text("0.5") };
	struct err err;
	uint64_t id;

	poolone_init(&o, false);
	ck_assert_int_eq(pool_query(o.pool, o.now_ms, &q, &id, &err), 0);
	ck_assert_uint_eq(o.events[POOL_EV_ACK], 1); /* our own */
	r.ltime = id >> 32;
	r.id = (uint32_t)id;
	poolone_say_serf(&o, &wire_query_response_form, &r);
	poolone_say_serf(&o, &wire_query_response_form, &r);
	ck_assert_uint_eq(o.events[POOL_EV_RESPONSE], 1);
	ck_assert_str_eq(o.last_text, "0.5");
	r.id++;
	poolone_say_serf(&o, &wire_query_response_form, &r);
	ck_assert_uint_eq(o.events[POOL_EV_RESPONSE], 1);
	poolone_pass(&o, 3300);
	ck_assert_uint_eq(o.events[POOL_EV_QUERY_DONE], 1);
	poolone_release(&o);
}
END_TEST

/* --- keys --- */

static bool
key_query(const char *name, uint32_t id, const char *key)
{
	struct wire_query q = query(id, name);
	struct wire_key_request req = { wire_bytes(key, 16) };
	struct wire_query_response r;
	struct wire_key_response answer;
	struct buf b = { 0 };

	wire_put(&b, &wire_key_request_form, &req);
	q.payload = wire_bytes(b.data, b.len);
	poolone_hush(&o);
	poolone_say_serf(&o, &wire_query_form, &q);
	ck_assert_uint_eq(responses(&r), 1);
	ck_assert_int_eq(wire_get(&wire_key_response_form,
			     wire_from(r.payload, 1), &answer, NULL, NULL),
	    0);
	buf_release(&b);
	return answer.result;
}

START_TEST(keys_are_installed_used_and_removed)
{
	static const char new_key[16] = "sixteen bytes!!";

	poolone_init(&o, true);
	ck_assert(!key_query("_serf_use-key", 1, new_key));
	ck_assert(key_query("_serf_install-key", 2, new_key));
	ck_assert_uint_eq(o.ring.nkeys, 2);
	ck_assert(!key_query("_serf_remove-key", 3,
	    (const char *)o.ring.keys[0].data)); /* the one in use */
	ck_assert(key_query("_serf_use-key", 4, new_key));
	ck_assert_int_eq(memcmp(o.ring.keys[0].data, new_key, 16), 0);
	ck_assert(key_query(
	    "_serf_remove-key", 5, (const char *)o.ring.keys[1].data));
	ck_assert_uint_eq(o.ring.nkeys, 1);
	ck_assert(key_query("_serf_list-keys", 6, new_key));
	ck_assert_uint_eq(o.events[POOL_EV_KEYS], 3);
	poolone_release(&o);
}
END_TEST

START_TEST(without_keys_there_are_none_to_change)
{
	poolone_init(&o, false);
	ck_assert(!key_query("_serf_list-keys", 1, "0123456789abcdef"));
	ck_assert(!key_query("_serf_install-key", 2, "0123456789abcdef"));
	ck_assert_uint_eq(o.ring.nkeys, 0);
	poolone_release(&o);
}
END_TEST

/* --- exchanges --- */

START_TEST(a_join_ends_as_its_stream_does)
{
	static const struct pool_addr to = { { 10, 0, 0, 2 }, 4, 7946 };
	struct buf reply = { 0 };

	poolone_init(&o, false);
	pool_join(o.pool, o.now_ms, 7, &to, false);
	pool_stream_failed(o.pool, o.now_ms, o.token, POOL_REFUSED);
	ck_assert_uint_eq(o.events[POOL_EV_JOINED], 1);
	ck_assert(!o.last.ok);
	ck_assert_uint_eq(o.last.token, 7);
	pool_stream_failed(o.pool, o.now_ms, o.token, POOL_REFUSED);
	ck_assert_uint_eq(o.events[POOL_EV_JOINED], 1);

	pool_join(o.pool, o.now_ms, 8, &to, false);
	pool_stream(o.pool, o.now_ms, &to, o.dialled.data, o.dialled.len,
	    &reply); /* its own state will do for an answer */
	pool_stream_answer(o.pool, o.now_ms, o.token, reply.data, reply.len);
	ck_assert_uint_eq(o.events[POOL_EV_JOINED], 2);
	ck_assert(o.last.ok);
	ck_assert_uint_eq(o.pool->intents.n, 1);
	buf_release(&reply);
	poolone_release(&o);
}
END_TEST

/* Joins by one that has kept our event; is it heard? */
static unsigned
events_heard_by_a_join(bool replay)
{
	static const struct pool_addr to = { { 10, 0, 0, 2 }, 4, 7946 };
	static struct poolone other;
	struct buf reply = { 0 };
	unsigned heard;

	poolone_init(&other, false);
	ck_assert_int_eq(pool_user_event(other.pool, other.now_ms, "deploy",
			     "v1", 2, false, NULL),
	    0);
	poolone_init(&o, false);
	pool_join(o.pool, o.now_ms, 7, &to, replay);
	pool_stream(other.pool, other.now_ms, &to, o.dialled.data,
	    o.dialled.len, &reply);
	pool_stream_answer(o.pool, o.now_ms, o.token, reply.data, reply.len);
	heard = o.events[POOL_EV_USER];
	buf_release(&reply);
	poolone_release(&o);
	poolone_release(&other);
	return heard;
}

START_TEST(a_join_hears_what_was_before_only_when_it_asks_for_it)
{
	ck_assert_uint_eq(events_heard_by_a_join(false), 0);
	ck_assert_uint_eq(events_heard_by_a_join(true), 1);
}
END_TEST

START_TEST(tags_change_by_a_new_incarnation_and_have_a_limit)
{
	char text[POOL_META_MAX + 1];
	struct rec_kv small = { "role", "db" }, large = { "role", text };

	poolone_init(&o, false);
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	ck_assert_int_eq(pool_set_tags(o.pool, o.now_ms, &large, 1, NULL), -1);
	ck_assert_uint_eq(o.pool->self->incarnation, 1);
	ck_assert_int_eq(pool_set_tags(o.pool, o.now_ms, &small, 1, NULL), 0);
	ck_assert_uint_eq(o.pool->self->incarnation, 2);
	ck_assert_uint_eq(o.events[POOL_EV_UPDATE], 1);
	ck_assert_str_eq(o.pool->self->tags[0].value, "db");
	poolone_release(&o);
}
END_TEST

UNIT_MAIN("pool_serf", an_old_intent_changes_nothing,
    a_leave_is_heard_whatever_an_exchange_said_before,
    who_comes_back_is_not_taken_for_one_that_leaves,
    news_is_passed_on_and_old_news_is_not,
    the_clock_is_ahead_of_all_that_was_heard,
    that_we_leave_is_refuted_while_we_do_not,
    an_intent_before_its_member_is_kept_for_it, early_intents_are_bounded,
    forced_to_leave_a_failed_member_is_left_or_forgotten,
    failed_and_left_members_are_reaped_in_the_end,
    times_that_change_hold_for_those_that_are_gone,
    an_event_is_heard_and_passed_on_once, kept_events_are_bounded,
    our_own_event_goes_out_and_comes_back_to_us,
    a_query_is_acknowledged_handed_up_and_answered_once,
    pings_of_serf_are_only_acknowledged, filters_say_whom_a_query_means,
    a_response_is_relayed_to_whom_it_names_and_nothing_else,
    a_query_of_ours_gathers_acks_and_responses_until_its_time,
    keys_are_installed_used_and_removed, without_keys_there_are_none_to_change,
    a_join_ends_as_its_stream_does,
    a_join_hears_what_was_before_only_when_it_asks_for_it,
    tags_change_by_a_new_incarnation_and_have_a_limit)
