#include "cmd/gossipd/wire.h"

#include <stdlib.h>
#include <string.h>

#include "tests/lib/gossip.h"
#include "tests/lib/unit.h"

#define TEXT(s) wire_bytes(s, sizeof(s) - 1)

static size_t nseen;

static void
count(void *ctx, struct wire_bytes message)
{
	struct buf out = { 0 };

	(void)ctx;
	nseen += gossip_remake(&out, message);
	buf_release(&out);
	gossip_drop();
}

/* How many of its messages are understood; -1: it is refused as a packet. */
static int
understood(struct wire_bytes packet)
{
	struct err err = { 0 };

	nseen = 0;
	if (wire_peel_packet(NULL, packet, count, NULL, &err) == -1) {
		ck_assert(err.text[0] != '\0');
		return nseen == 0 ? -1 : (int)nseen;
	}
	return (int)nseen;
}

/* Each of these ends a real serf, or spoils its pool. */
START_TEST(what_kills_a_serf_is_refused)
{
	ck_assert_int_eq(understood(TEXT("")), -1);
	ck_assert_int_eq(understood(TEXT("\x07\x01\x00\x00")), -1);
	ck_assert_int_eq(understood(TEXT("\x07\x00")), 0);
	ck_assert_int_eq(
	    understood(TEXT("\x04\x82\xa4Node\xa1x\xa3Vsn\xa2\x01\x05")), 0);
	ck_assert_int_eq(
	    understood(TEXT("\x04\x83\xa4Node\xa1x\xa4"
			    "Addr\xa4\x7f\x00\x00\x01\xa3Vsn\xa0")),
	    0);
	ck_assert_int_eq(understood(TEXT("\x09\x82\xa4"
					 "Algo\x00\xa3"
					 "Buf\xa3\x00\x03\x02")),
	    -1);
	ck_assert_int_eq(understood(TEXT("\x0c\x00\x00\x00\x00")), -1);
	ck_assert_int_eq(understood(TEXT("\x0c\x00")), -1);
	ck_assert_int_eq(understood(TEXT("\x08\x04\x81\xa7"
					 "Filters\x91\xa0")),
	    0);
	ck_assert_int_eq(understood(TEXT("\x08")), 0);
}
END_TEST

START_TEST(a_push_pull_of_minus_one_node_is_refused)
{
	struct wire_push_pull pp;
	struct wire_scan s = { 0 };
	struct err err = { 0 };
	struct wire_bytes bad = TEXT("\x06\x83\xa4Join\xc2\xa5Nodes\xff\xac"
				     "UserStateLen\x00");
	size_t n;

	ck_assert_int_eq(wire_push_pull_get(wire_from(bad, 1), &pp, &err), -1);
	ck_assert_str_eq(err.text, "push/pull: out of range at byte 14");
	ck_assert_int_eq(wire_scan(&s, bad, &n), WIRE_BAD);
}
END_TEST

START_TEST(a_struct_may_come_as_an_array_in_its_declared_order)
{
	struct wire_alive a;

	ck_assert_int_eq(
	    wire_get(&wire_alive_form,
		TEXT("\x96\x07\xa2n1\xc4\x04\x7f\x00\x07\x01\xcd\x1f\x0a\xa0"
		     "\x96\x01\x05\x02\x02\x05\x05"),
		&a, NULL, NULL),
	    0);
	ck_assert_uint_eq(a.incarnation, 7);
	ck_assert(wire_is(a.node, wire_text("n1")));
	ck_assert_uint_eq(a.port, 7946);
	ck_assert(wire_is(a.vsn, TEXT("\x01\x05\x02\x02\x05\x05")));
}
END_TEST

START_TEST(unknown_fields_newer_texts_and_nothing_at_all_are_taken)
{
	struct wire_intent i;
	struct wire_bytes rest;

	ck_assert_int_eq(
	    wire_get(&wire_join_form,
		TEXT("\x83\xd9\x04Node\xd9\x01x\xa3"
		     "New\x92\xc7\x01\x05z\x81\xa1k\xca\x00\x00\x00\x00\xa5"
		     "LTime\xcf\x00\x00\x00\x00\x00\x00\x00\x09tail"),
		&i, &rest, NULL),
	    0);
	ck_assert(wire_is(i.node, wire_text("x")));
	ck_assert_uint_eq(i.ltime, 9);
	ck_assert(wire_is(rest, wire_text("tail")));
}
END_TEST

START_TEST(numbers_out_of_range_are_refused)
{
	struct wire_ping p;

	ck_assert_int_eq(wire_get(&wire_ping_form,
			     TEXT("\x81\xa5SeqNo\xcf\x00\x00\x00\x01\x00\x00"
				  "\x00\x00"),
			     &p, NULL, NULL),
	    -1);
	ck_assert_int_eq(wire_get(&wire_ping_form, TEXT("\x81\xa5SeqNo\xff"),
			     &p, NULL, NULL),
	    -1);
	ck_assert_int_eq(
	    wire_get(&wire_ping_form, TEXT("\x81\xa5SeqNo\xce\xff\xff\xff\xff"),
		&p, NULL, NULL),
	    0);
	ck_assert_uint_eq(p.seq, UINT32_MAX);
}
END_TEST

static void
nest(struct buf *out, struct wire_bytes inner, int depth)
{
	buf_add(out, inner.data, inner.n);
	for (int i = 0; i < depth; i++) {
		struct buf outer = { 0 };
		struct wire_bytes part = wire_bytes(out->data, out->len);

		wire_compound_put(&outer, &part, 1);
		buf_release(out);
		*out = outer;
	}
}

START_TEST(nesting_has_an_end)
{
	struct wire_bytes nack = TEXT("\x0b\x81\xa5SeqNo\x08");
	struct buf fine = { 0 }, deep = { 0 };

	nest(&fine, nack, WIRE_NEST_MAX);
	nest(&deep, nack, WIRE_NEST_MAX + 1);
	ck_assert_int_eq(understood(wire_bytes(fine.data, fine.len)), 1);
	ck_assert_int_eq(understood(wire_bytes(deep.data, deep.len)), -1);
	buf_release(&fine);
	buf_release(&deep);
}
END_TEST

START_TEST(a_truncated_compound_gives_the_parts_before)
{
	struct wire_bytes parts[2] = { TEXT("\x0b\x81\xa5SeqNo\x08"),
		TEXT("\x0b\x81\xa5SeqNo\x09") };
	struct buf out = { 0 };

	wire_compound_put(&out, parts, 2);
	ck_assert_int_eq(understood(wire_bytes(out.data, out.len)), 2);
	ck_assert_int_eq(understood(wire_bytes(out.data, out.len - 1)), 1);
	ck_assert_int_eq(understood(wire_bytes(out.data, 5)), -1);
	buf_release(&out);
}
END_TEST

START_TEST(what_unpacks_to_too_much_is_refused)
{
	struct wire_wrap how = { .compress = true };
	struct buf big = { 0 }, out = { 0 };

	memset(buf_reserve(&big, WIRE_PACKET_MAX + 1), 0, WIRE_PACKET_MAX + 1);
	big.len = WIRE_PACKET_MAX + 1;
	wire_wrap_packet(&out, &how, wire_bytes(big.data, big.len));
	ck_assert_uint_lt(out.len, 2000);
	ck_assert_int_eq(understood(wire_bytes(out.data, out.len)), -1);
	buf_release(&big);
	buf_release(&out);
}
END_TEST

static void
key(struct wire_ring *r, size_t n, uint8_t fill)
{
	struct wire_key *k = &r->keys[r->nkeys++];

	k->n = n;
	memset(k->data, fill, n);
}

START_TEST(any_key_of_the_ring_opens_and_no_other)
{
	struct wire_bytes nack = TEXT("\x0b\x81\xa5SeqNo\x08");
	struct wire_ring theirs = { 0 }, ours = { 0 };
	struct wire_wrap how = { .crc = true, .ring = &theirs };
	struct buf out = { 0 };
	struct err err = { 0 };

	key(&theirs, 24, 7);
	key(&ours, 16, 1);
	wire_wrap_packet(&out, &how, nack);
	ck_assert_uint_eq(out.len, nack.n + 5 + WIRE_SEAL_COST);
	ck_assert_int_eq(wire_peel_packet(&ours, wire_bytes(out.data, out.len),
			     count, NULL, &err),
	    -1);
	ck_assert_int_eq(err.code, ERR_DENIED);
	key(&ours, 24, 7);
	ck_assert_int_eq(wire_peel_packet(&ours, wire_bytes(out.data, out.len),
			     count, NULL, &err),
	    0);
	ck_assert_int_eq(wire_peel_packet(&ours, nack, count, NULL, &err), -1);
	buf_release(&out);
}
END_TEST

START_TEST(a_sealed_stream_vouches_for_its_length)
{
	struct wire_bytes ack = TEXT("\x02\x82\xa7Payload\xc0\xa5SeqNo\x1e");
	struct wire_ring ring = { 0 };
	struct wire_wrap how = { .compress = true, .ring = &ring };
	struct buf out = { 0 }, room = { 0 };
	struct wire_scan s = { 0 };
	struct wire_bytes m;
	struct err err = { 0 };
	size_t n;

	key(&ring, 32, 9);
	wire_wrap_stream(&out, &how, ack);
	ck_assert_int_eq(
	    wire_scan(&s, wire_bytes(out.data, out.len), &n), WIRE_WHOLE);
	ck_assert_uint_eq(n, out.len);
	ck_assert_int_eq(wire_peel_stream(&ring, wire_bytes(out.data, out.len),
			     &room, &m, &err),
	    0);
	ck_assert(wire_is(m, ack));
	out.data[4]--;
	ck_assert_int_eq(wire_peel_stream(&ring, wire_bytes(out.data, out.len),
			     &room, &m, &err),
	    -1);
	ck_assert_int_eq(wire_peel_stream(NULL, wire_bytes(out.data, out.len),
			     &room, &m, &err),
	    -1);
	ck_assert_str_eq(err.text, "Remote state is encrypted and encryption "
				   "is not configured");
	buf_release(&out);
	buf_release(&room);
}
END_TEST

START_TEST(keys_are_base64_of_three_sizes)
{
	struct wire_key k;
	struct buf out = { 0 };
	struct err err = { 0 };

	ck_assert_int_eq(
	    wire_key_parse("AAECAwQFBgcICQoLDA0ODw==", &k, &err), 0);
	ck_assert_uint_eq(k.n, 16);
	ck_assert_uint_eq(k.data[15], 15);
	wire_key_format(&k, &out);
	ck_assert_str_eq(out.data, "AAECAwQFBgcICQoLDA0ODw==");
	buf_release(&out);
	ck_assert_int_eq(wire_key_parse("AAEC", &k, &err), -1);
	ck_assert_int_eq(wire_key_parse("A===", &k, &err), -1);
	ck_assert_int_eq(wire_key_parse("", &k, &err), -1);
	ck_assert_int_eq(wire_key_parse("not base64 at all!!!", &k, &err), -1);
}
END_TEST

START_TEST(a_bare_meta_is_a_role)
{
	struct wire_list tags;
	struct wire_bytes role;
	struct err err = { 0 };

	ck_assert_int_eq(
	    wire_tags_get(wire_text("web"), &tags, &role, &err), 0);
	ck_assert(wire_is(role, wire_text("web")));
	ck_assert_int_eq(
	    wire_tags_get(TEXT("\xff\x80"), &tags, &role, &err), 0);
	ck_assert_ptr_null(role.data);
	ck_assert_uint_eq(tags.count, 0);
	ck_assert_int_eq(
	    wire_tags_get(TEXT("\xff\x81\xa1k"), &tags, &role, &err), -1);
}
END_TEST

START_TEST(a_bad_node_is_left_out_of_a_push_pull)
{
	struct wire_node good = { wire_text("n1"), TEXT("\x7f\x00\x07\x01"),
		7946, TEXT("\xff\x80"), 1, WIRE_STATE_ALIVE,
		TEXT("\x01\x05\x02\x02\x05\x05") };
	struct wire_push_pull pp = { 0 };
	struct buf nodes = { 0 }, out = { 0 };
	struct wire_node node;

	buf_adds(&nodes, "\x82\xa4Name\xa3"
			 "bad\xa3Vsn\xa1\x01");
	wire_put(&nodes, &wire_node_form, &good);
	pp.nodes = wire_list(&nodes, 2);
	wire_push_pull_put(&out, &pp);
	ck_assert_int_eq(wire_push_pull_get(
			     wire_bytes(out.data + 1, out.len - 1), &pp, NULL),
	    0);
	ck_assert(wire_next_node(&pp.nodes, &node));
	ck_assert(wire_is(node.name, good.name));
	ck_assert(!wire_next_node(&pp.nodes, &node));
	buf_release(&nodes);
	buf_release(&out);
}
END_TEST

START_TEST(lzw_survives_the_end_of_its_codes)
{
	struct buf in = { 0 }, packed = { 0 }, out = { 0 };
	uint32_t seed = 1;

	for (size_t i = 0; i < 100000; i++) {
		seed = seed * 1103515245 + 12345;
		buf_addc(&in, (char)(seed >> 24 & (i & 4096 ? 3 : 255)));
	}
	wire_lzw_encode(&packed, wire_bytes(in.data, in.len));
	ck_assert_int_eq(wire_lzw_decode(&out,
			     wire_bytes(packed.data, packed.len), in.len, NULL),
	    0);
	ck_assert(wire_is(
	    wire_bytes(in.data, in.len), wire_bytes(out.data, out.len)));
	buf_release(&in);
	buf_release(&packed);
	buf_release(&out);
}
END_TEST

UNIT_MAIN("wire", what_kills_a_serf_is_refused,
    a_push_pull_of_minus_one_node_is_refused,
    a_struct_may_come_as_an_array_in_its_declared_order,
    unknown_fields_newer_texts_and_nothing_at_all_are_taken,
    numbers_out_of_range_are_refused, nesting_has_an_end,
    a_truncated_compound_gives_the_parts_before,
    what_unpacks_to_too_much_is_refused, any_key_of_the_ring_opens_and_no_other,
    a_sealed_stream_vouches_for_its_length, keys_are_base64_of_three_sizes,
    a_bare_meta_is_a_role, a_bad_node_is_left_out_of_a_push_pull,
    lzw_survives_the_end_of_its_codes)
