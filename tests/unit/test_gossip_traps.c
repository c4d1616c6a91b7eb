/*
 * Traps that memberlist and Serf are known to have: what they die of, or
 * what other members of theirs die of. None may even disturb us, and none
 * may go out by our hand.
 */
#include "common/log.h"
#include "tests/lib/poolone.h"
#include "tests/lib/unit.h"

static struct poolone o;

/* m2 with an address as a member at 0.0.0.0 has it, and odd tags. */
static const uint8_t mapped[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff,
	10, 0, 0, 2 };
#define META                \
	"\xff\x82\xa1z\xa1" \
	"1\xa1"             \
	"a\xa1"             \
	"2"
static const uint8_t vsn[WIRE_VSN_SIZE] = { 1, 5, 2, 2, 5, 5 };

static void
say_mapped(uint32_t incarnation)
{
	struct wire_alive a = { incarnation, wire_text("m2"),
		wire_bytes(mapped, 16), 7946, wire_text(META),
		wire_bytes(vsn, sizeof vsn) };

	poolone_say(&o, &wire_alive_form, &a);
}

START_TEST(address_and_meta_go_on_byte_for_byte)
{
	struct wire_bytes m, body;
	struct wire_alive a;
	struct wire_push_pull pp;
	struct wire_node n;
	struct buf b = { 0 };
	bool seen = false;

	poolone_init(&o, false);
	say_mapped(3);
	poolone_pass(&o, 250);
	for (size_t i = 0; i < o.nsent; i++) {
		body = wire_bytes(
		    o.sent[i].message.data + 1, o.sent[i].message.len - 1);
		if (o.sent[i].message.data[0] != WIRE_ALIVE)
			continue;
		ck_assert_int_eq(
		    wire_get(&wire_alive_form, body, &a, NULL, NULL), 0);
		if (!wire_is(a.node, wire_text("m2")))
			continue;
		ck_assert(wire_is(a.addr, wire_bytes(mapped, 16)));
		ck_assert(wire_is(a.meta, wire_text(META)));
		seen = true;
	}
	ck_assert(seen);
	pool_sync_put(o.pool, false, &b);
	m = wire_bytes(b.data + 1, b.len - 1);
	ck_assert_int_eq(wire_push_pull_get(m, &pp, NULL), 0);
	while (wire_next_node(&pp.nodes, &n))
		if (wire_is(n.name, wire_text("m2"))) {
			ck_assert(wire_is(n.addr, wire_bytes(mapped, 16)));
			ck_assert(wire_is(n.meta, wire_text(META)));
		}
	buf_release(&b);
	poolone_release(&o);
}
END_TEST

START_TEST(a_mapped_address_is_shown_as_the_one_it_is)
{
	struct pool_view v;

	poolone_init(&o, false);
	say_mapped(1);
	ck_assert(pool_find(o.pool, "m2", &v));
	ck_assert_uint_eq(v.addr.nip, 4);
	ck_assert_uint_eq(v.addr.ip[3], 2);
	poolone_release(&o);
}
END_TEST

#define RAW(text)                     \
	{                             \
		text, sizeof text - 1 \
	}

static void
count_warning(void *ctx, enum log_level level, const char *line)
{
	(void)line;
	*(size_t *)ctx += level == LOG_WARN;
}

START_TEST(packets_that_kill_others_do_not_disturb_us)
{
	size_t nwarnings = 0;
	static const struct {
		const char *bytes;
		size_t n;
	} deadly[] = {
		RAW(""), RAW("\x07"),
		RAW("\x07\x01\x00\x00"),             /* a part of no length */
		RAW("\x07\x02\x00\x00\x00\x05\x00"), /* and one cut short */
		RAW("\x09\x82\xa4"
		    "Algo\x00\xa3"
		    "Buf\xa0"), /* of nothing */
		RAW("\x0c\x00\x00\x00\x00"), RAW("\x0c"),
		RAW("\x08"), /* empty user message */
		RAW("\x63\x80"),
		RAW("\xf4\x03"
		    "abc\x00\x80"),
		RAW("\x04\x86\xa4"
		    "Addr\xa4\x0a\x00\x00\x05\xab"
		    "Incarnation"
		    "\x01\xa4"
		    "Meta\xa0\xa4"
		    "Node\xa2m5\xa4"
		    "Port\xcd\x1f\x0a"
		    "\xa3"
		    "Vsn\xa3\x01\x05\x02"), /* three versions */
		RAW("\x04\x86\xa4"
		    "Addr\xa4\x0a\x00\x00\x05\xab"
		    "Incarnation"
		    "\x01\xa4"
		    "Meta\xa0\xa4"
		    "Node\xa2m5\xa4"
		    "Port\xcd\x1f\x0a"
		    "\xa3"
		    "Vsn\xa0"), /* none */
	};

	poolone_init(&o, false);
	poolone_alive(&o, "m2", 1);
	poolone_pass(&o, 3000);
	poolone_hush(&o);
	log_set_sink(count_warning, &nwarnings);
	for (size_t i = 0; i < sizeof deadly / sizeof deadly[0]; i++)
		poolone_packet(&o, deadly[i].bytes, deadly[i].n);
	log_set_sink(NULL, NULL);
	ck_assert_uint_eq(nwarnings, 1); /* whoever sends one sends many */
	ck_assert_ptr_null(poolone_member(&o, "m5"));
	ck_assert_ptr_nonnull(poolone_member(&o, "m2"));
	ck_assert_uint_ge(o.pool->stats.packets_bad, 11);
	ck_assert_uint_eq(o.nsent, 0);
	poolone_release(&o);
}
END_TEST

/* A query whose filter is empty, or a key query without a key. */
START_TEST(queries_that_kill_others_are_not_passed_on)
{
	struct wire_query q = { .ltime = 3,
		.id = 1,
		.addr = wire_bytes("\x0a\x00\x00\x02", 4),
		.port = 7946,
		.source_node = wire_text("m2"),
		.timeout_ns = 1000000000,
		.name = wire_text("_serf_install-key") };
	struct buf filters = { 0 };

	poolone_init(&o, false);
	poolone_alive(&o, "m2", 1);
	poolone_say_serf(&o, &wire_query_form, &q);
	ck_assert_uint_eq(o.pool->queries.n, 0);
	wire_add_raw(&filters, wire_text(""));
	q.name = wire_text("load");
	q.id = 2;
	q.filters = wire_list(&filters, 1);
	poolone_say_serf(&o, &wire_query_form, &q);
	ck_assert_uint_eq(o.pool->queries.n, 0);
	ck_assert_uint_eq(o.events[POOL_EV_QUERY], 0);
	buf_release(&filters);
	poolone_release(&o);
}
END_TEST

START_TEST(a_negative_count_of_nodes_is_an_error_reply)
{
	static const char bytes[] = "\x06\x83\xa4Join\xc2\xa5Nodes\xff\xac"
				    "UserStateLen\x00";
	static const struct pool_addr from = { { 10, 0, 0, 9 }, 4, 1 };
	struct buf reply = { 0 };

	poolone_init(&o, false);
	pool_stream(o.pool, o.now_ms, &from, bytes, sizeof bytes - 1, &reply);
	ck_assert_uint_gt(reply.len, 0);
	ck_assert_int_eq(reply.data[0], WIRE_ERR);
	buf_release(&reply);
	poolone_release(&o);
}
END_TEST

static void
say_leave(const char *name, uint64_t ltime)
{
	struct wire_intent in = { ltime, wire_text(name), false };

	poolone_say_serf(&o, &wire_leave_form, &in);
}

START_TEST(dead_of_itself_is_left_only_after_the_intent)
{
	poolone_init(&o, false);
	poolone_alive(&o, "m2", 1);
	poolone_alive(&o, "m3", 1);
	say_leave("m2", 2);
	ck_assert_int_eq(poolone_member(&o, "m2")->status, POOL_LEAVING);
	poolone_dead(&o, "m2", 1, "m2");
	ck_assert_int_eq(poolone_member(&o, "m2")->status, POOL_LEFT);
	poolone_dead(&o, "m3", 1, "m3");
	ck_assert_int_eq(poolone_member(&o, "m3")->status, POOL_FAILED);
	say_leave("m3", 3);
	ck_assert_int_eq(poolone_member(&o, "m3")->status, POOL_LEFT);
	poolone_release(&o);
}
END_TEST

START_TEST(we_leave_by_two_messages_in_order)
{
	struct wire_bytes m;
	size_t ndead = 0;

	poolone_init(&o, false);
	poolone_alive(&o, "m2", 1);
	poolone_pass(&o, 3000);
	poolone_hush(&o);
	pool_leave(o.pool, o.now_ms);
	poolone_pass(&o, 300);
	ck_assert_uint_ge(poolone_count(&o, WIRE_USER, &m), 1);
	ck_assert_uint_eq(m.data[1], WIRE_SERF_LEAVE);
	ck_assert_uint_eq(poolone_count(&o, WIRE_DEAD, NULL), 0);
	poolone_pass(&o, 11000);
	for (size_t i = 0; i < o.nsent; i++) {
		struct wire_accusation d;

		if (o.sent[i].message.data[0] != WIRE_DEAD)
			continue;
		m = wire_bytes(
		    o.sent[i].message.data + 1, o.sent[i].message.len - 1);
		ck_assert_int_eq(
		    wire_get(&wire_dead_form, m, &d, NULL, NULL), 0);
		if (wire_is(d.node, wire_text("us"))) {
			ck_assert(wire_is(d.from, wire_text("us")));
			ndead++;
		}
	}
	ck_assert_uint_ge(ndead, 1);
	ck_assert_uint_eq(o.events[POOL_EV_LEFT], 1);
	poolone_release(&o);
}
END_TEST

/* Adds a member's state as a push/pull has it. */
static void
add_node(struct buf *out, const char *name, enum wire_state state,
    const uint8_t *versions)
{
	uint8_t addr[4] = { 10, 0, 0, (uint8_t)atoi(name + 1) };
	struct wire_node n = { wire_text(name), wire_bytes(addr, 4), 7946,
		wire_text("\xff\x80"), 1, (uint8_t)state,
		wire_bytes(versions, WIRE_VSN_SIZE) };

	wire_put(out, &wire_node_form, &n);
}

static void
push(const struct buf *nodes, size_t n, struct buf *reply)
{
	static const struct pool_addr from = { { 10, 0, 0, 9 }, 4, 1 };
	struct wire_push_pull pp = { .join = true,
		.nodes = wire_list(nodes, n) };
	struct buf b = { 0 };

	wire_push_pull_put(&b, &pp);
	pool_stream(o.pool, o.now_ms, &from, b.data, b.len, reply);
	buf_release(&b);
}

START_TEST(a_merge_of_other_versions_is_refused_as_a_whole_and_answered)
{
	static const uint8_t strange[] = { 1, 5, 2, 9, 9, 9 };
	struct buf nodes = { 0 }, reply = { 0 };

	poolone_init(&o, false);
	add_node(&nodes, "m2", WIRE_STATE_ALIVE, vsn);
	add_node(&nodes, "m3", WIRE_STATE_ALIVE, strange);
	push(&nodes, 2, &reply);
	ck_assert_int_eq(reply.data[0], WIRE_PUSH_PULL);
	ck_assert_ptr_null(poolone_member(&o, "m2"));
	ck_assert_uint_eq(o.pool->stats.merges_refused, 1);
	buf_release(&nodes);
	buf_release(&reply);
	poolone_release(&o);
}
END_TEST

START_TEST(newcomers_do_not_learn_of_the_dead)
{
	struct buf nodes = { 0 }, reply = { 0 };

	poolone_init(&o, false);
	add_node(&nodes, "m2", WIRE_STATE_ALIVE, vsn);
	add_node(&nodes, "m3", WIRE_STATE_DEAD, vsn);
	add_node(&nodes, "m4", WIRE_STATE_LEFT, vsn);
	add_node(&nodes, "m5", WIRE_STATE_SUSPECT, vsn);
	push(&nodes, 4, &reply);
	ck_assert_ptr_nonnull(poolone_member(&o, "m2"));
	ck_assert_ptr_null(poolone_member(&o, "m3"));
	ck_assert_ptr_null(poolone_member(&o, "m4"));
	ck_assert_ptr_null(poolone_member(&o, "m5"));
	buf_release(&nodes);
	buf_release(&reply);
	poolone_release(&o);
}
END_TEST

START_TEST(who_left_is_dropped_from_the_table_but_stays_a_tombstone)
{
	poolone_init(&o, false);
	poolone_alive(&o, "m2", 1);
	poolone_alive(&o, "m3", 1);
	say_leave("m2", 2);
	poolone_dead(&o, "m2", 1, "m2");
	for (int i = 0; i < 40; i++) {
		poolone_alive(&o, "m3", (uint32_t)(i + 2));
		poolone_pass(&o, 1000);
		poolone_hush(&o);
	}
	ck_assert(!poolone_member(&o, "m2")->seated);
	ck_assert_int_eq(poolone_member(&o, "m2")->status, POOL_LEFT);
	poolone_release(&o);
}
END_TEST

START_TEST(only_gossip_to_those_who_know_it_has_a_checksum)
{
	static const uint8_t old[] = { 1, 4, 2, 2, 5, 5 };
	struct wire_alive a = { 1, wire_text("m2"),
		wire_bytes("\x0a\x00\x00\x02", 4), 7946, wire_text("\xff\x80"),
		wire_bytes(old, sizeof old) };
	struct wire_ping ping = { .seq = 7, .node = wire_text("us") };

	poolone_init(&o, false);
	poolone_say(&o, &wire_ping_form, &ping);
	ck_assert_uint_eq(poolone_count(&o, WIRE_ACK, NULL), 1);
	ck_assert_uint_ne((uint8_t)o.raw.data[0], WIRE_CRC);
	poolone_say(&o, &wire_alive_form, &a);
	poolone_pass(&o, 250);
	ck_assert_uint_ne((uint8_t)o.raw.data[0], WIRE_CRC);
	poolone_release(&o);

	poolone_init(&o, false);
	poolone_alive(&o, "m2", 1);
	poolone_pass(&o, 250);
	ck_assert_uint_eq((uint8_t)o.raw.data[0], WIRE_CRC);
	poolone_release(&o);
}
END_TEST

START_TEST(conflict_queries_are_answered_with_the_address_we_know)
{
	struct wire_query q = { .ltime = 3,
		.id = 1,
		.addr = wire_bytes("\x0a\x00\x00\x02", 4),
		.port = 7946,
		.source_node = wire_text("m2"),
		.timeout_ns = 1000000000,
		.name = wire_text("_serf_conflict"),
		.payload = wire_text("m2") };
	struct wire_query_response r;
	struct wire_member member;
	struct wire_bytes m;

	poolone_init(&o, false);
	say_mapped(1);
	poolone_hush(&o);
	poolone_say_serf(&o, &wire_query_form, &q);
	ck_assert_uint_eq(poolone_count(&o, WIRE_USER, &m), 1);
	ck_assert_uint_eq(m.data[1], WIRE_SERF_QUERY_RESPONSE);
	ck_assert_int_eq(wire_get(&wire_query_response_form, wire_from(m, 2),
			     &r, NULL, NULL),
	    0);
	ck_assert_uint_eq(r.payload.data[0], WIRE_SERF_CONFLICT_RESPONSE);
	ck_assert_int_eq(wire_get(&wire_member_form, wire_from(r.payload, 1),
			     &member, NULL, NULL),
	    0);
	ck_assert(wire_is(member.addr, wire_bytes(mapped, 16)));
	ck_assert_int_eq(member.status, WIRE_STATUS_ALIVE);

	poolone_hush(&o); /* about ourselves we have no vote */
	q.id = 2;
	q.payload = wire_text("us");
	poolone_say_serf(&o, &wire_query_form, &q);
	ck_assert_uint_eq(poolone_count(&o, WIRE_USER, NULL), 0);
	poolone_release(&o);
}
END_TEST

UNIT_MAIN("gossip_traps", address_and_meta_go_on_byte_for_byte,
    a_mapped_address_is_shown_as_the_one_it_is,
    packets_that_kill_others_do_not_disturb_us,
    queries_that_kill_others_are_not_passed_on,
    a_negative_count_of_nodes_is_an_error_reply,
    dead_of_itself_is_left_only_after_the_intent,
    we_leave_by_two_messages_in_order,
    a_merge_of_other_versions_is_refused_as_a_whole_and_answered,
    newcomers_do_not_learn_of_the_dead,
    who_left_is_dropped_from_the_table_but_stays_a_tombstone,
    only_gossip_to_those_who_know_it_has_a_checksum,
    conflict_queries_are_answered_with_the_address_we_know)
