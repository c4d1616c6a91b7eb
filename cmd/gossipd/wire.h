/*
 * Memberlist's and Serf's messages, as bytes and as structs.
 *
 * Everything here is a function of its arguments. A decoded message borrows
 * from the bytes that it was read from and must not outlive them. Encoders
 * write what the real programs would: maps with their keys in order, texts
 * and bytes as "raw", each integer as small as it can be. Decoders take what
 * the real ones take (fields that nobody knows, missing ones, newer texts, a
 * struct as an array) and refuse everything else with a sentence, or what
 * would end a real serf: none of it is passed on by us.
 *
 * A message is one byte of type and a body. Serf's are the bodies of
 * memberlist's WIRE_USER and have a type byte of their own:
 *
 *	buf_addc(&out, WIRE_USER);
 *	wire_put(&out, &wire_join_form, &(struct wire_intent){ ... });
 *
 *	if (wire_get(&wire_join_form, body, &intent, NULL, &err) == -1)
 */
#ifndef CMD_GOSSIPD_WIRE_H
#define CMD_GOSSIPD_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/rec.h"

/* Borrowed bytes. data is NULL for nil, which differs from none at all. */
struct wire_bytes {
	const uint8_t *data;
	size_t n;
};

static inline struct wire_bytes
wire_bytes(const void *data, size_t n)
{
	return (struct wire_bytes){ data, n };
}

static inline struct wire_bytes
wire_text(const char *s)
{
	return wire_bytes(s, strlen(s));
}

bool wire_is(struct wire_bytes a, struct wire_bytes b);

/* Without the first n bytes, of which there must be as many. */
static inline struct wire_bytes
wire_from(struct wire_bytes b, size_t n)
{
	return wire_bytes(b.data + n, b.n - n);
}

/* --- limits --- */

#define WIRE_PACKET_MAX 65536 /* a datagram, and what it unpacks to */
#define WIRE_STREAM_MAX (20 * 1024 * 1024) /* one side of a connection */
#define WIRE_NODES_MAX  65536              /* nodes in a push/pull */
#define WIRE_NAME_MAX   255                /* bytes in a node's name */
#define WIRE_META_MAX   512                /* bytes of tags */
#define WIRE_VSN_SIZE   6                  /* bytes of versions, always */
#define WIRE_NEST_MAX   8   /* compound in compress in compound ... */
#define WIRE_PARTS_MAX  255 /* messages in a compound */

/* --- the types, the first byte of a message --- */

enum wire_type {
	WIRE_PING = 0,
	WIRE_INDIRECT_PING = 1,
	WIRE_ACK = 2,
	WIRE_SUSPECT = 3,
	WIRE_ALIVE = 4,
	WIRE_DEAD = 5,
	WIRE_PUSH_PULL = 6,
	WIRE_COMPOUND = 7,
	WIRE_USER = 8,
	WIRE_COMPRESS = 9,
	WIRE_ENCRYPT = 10,
	WIRE_NACK = 11,
	WIRE_CRC = 12,
	WIRE_ERR = 13,
	WIRE_LABEL = 244, /* of later versions; refused */
};

enum wire_serf_type {
	WIRE_SERF_LEAVE = 0,
	WIRE_SERF_JOIN = 1,
	WIRE_SERF_PUSH_PULL = 2,
	WIRE_SERF_USER_EVENT = 3,
	WIRE_SERF_QUERY = 4,
	WIRE_SERF_QUERY_RESPONSE = 5,
	WIRE_SERF_CONFLICT_RESPONSE = 6,
	WIRE_SERF_KEY_REQUEST = 7,
	WIRE_SERF_KEY_RESPONSE = 8,
	WIRE_SERF_RELAY = 9,
};

/* --- lists in messages --- */

/*
 * The elements of an array or the pairs of a map, still encoded; data is
 * NULL for nil. In a decoded message each was looked at, so reading them
 * cannot fail: the wire_next_* below give false at the end. To send a list,
 * encode its elements with the wire_add_* and say how many they are.
 */
struct wire_list {
	const uint8_t *data;
	size_t n; /* bytes */
	size_t count;
};

bool wire_next_bytes(struct wire_list *l, struct wire_bytes *out);
bool wire_next_clock(
    struct wire_list *l, struct wire_bytes *name, uint64_t *ltime);
bool wire_next_pair(
    struct wire_list *l, struct wire_bytes *key, struct wire_bytes *value);

void wire_add_nil(struct buf *out);
void wire_add_uint(struct buf *out, uint64_t v);
void wire_add_raw(struct buf *out, struct wire_bytes b); /* or nil */
void wire_add_str(struct buf *out, struct wire_bytes b); /* nil as "" */
void wire_add_array(struct buf *out, size_t n);
void wire_add_map(struct buf *out, size_t n);

static inline struct wire_list
wire_list(const struct buf *elements, size_t count)
{
	/* Not nil, even when there are none. */
	return (struct wire_list){ (const uint8_t *)buf_str(elements),
		elements->len, count };
}

/* --- memberlist's messages --- */

struct wire_ping {
	uint32_t seq;
	struct wire_bytes node;
	struct wire_bytes source_addr, source_node; /* may be missing */
	uint16_t source_port;
};

struct wire_indirect_ping {
	uint32_t seq;
	struct wire_bytes target; /* its address */
	uint16_t port;
	struct wire_bytes node;
	bool nack; /* wants to hear of a failure too */
	struct wire_bytes source_addr, source_node;
	uint16_t source_port;
};

struct wire_ack {
	uint32_t seq;
	struct wire_bytes payload; /* a coordinate, or nil */
};

struct wire_nack {
	uint32_t seq;
};

/* suspect and dead alike */
struct wire_accusation {
	uint32_t incarnation;
	struct wire_bytes node, from;
};

/*
 * addr, meta and vsn are passed on byte for byte, never made anew: a member
 * that sees other bytes about itself objects. vsn has WIRE_VSN_SIZE bytes.
 */
struct wire_alive {
	uint32_t incarnation;
	struct wire_bytes node, addr;
	uint16_t port;
	struct wire_bytes meta, vsn;
};

struct wire_err {
	struct wire_bytes error;
};

/* A member's state in a push/pull. */
enum wire_state {
	WIRE_STATE_ALIVE,
	WIRE_STATE_SUSPECT,
	WIRE_STATE_DEAD,
	WIRE_STATE_LEFT
};

struct wire_node {
	struct wire_bytes name, addr;
	uint16_t port;
	struct wire_bytes meta;
	uint32_t incarnation;
	uint8_t state; /* enum wire_state */
	struct wire_bytes vsn;
};

struct wire_push_pull_head {
	uint32_t nnodes, user_len;
	bool join;
};

/* --- Serf's messages --- */

struct wire_intent { /* leave and join; prune only in leave */
	uint64_t ltime;
	struct wire_bytes node;
	bool prune;
};

struct wire_serf_state {
	uint64_t ltime;
	struct wire_list status_ltimes; /* wire_next_clock() */
	struct wire_list left_members;  /* wire_next_bytes() */
	uint64_t event_ltime;
	struct wire_list events; /* wire_next_slot() */
	uint64_t query_ltime;
};

struct wire_event {
	struct wire_bytes name, payload;
};

struct wire_slot {
	uint64_t ltime;
	struct wire_list events; /* wire_next_event() */
};

/* Gives nil slots too, as slots without events. */
bool wire_next_slot(struct wire_list *l, struct wire_slot *out);
bool wire_next_event(struct wire_list *l, struct wire_event *out);

struct wire_user_event {
	uint64_t ltime;
	struct wire_bytes name, payload;
	bool cc; /* may be coalesced */
};

#define WIRE_QUERY_ACK          1 /* wants acks; in a response: is one */
#define WIRE_QUERY_NO_BROADCAST 2

struct wire_query {
	uint64_t ltime;
	uint32_t id;
	struct wire_bytes addr; /* where responses go */
	uint16_t port;
	struct wire_bytes source_node;
	struct wire_list filters; /* wire_next_bytes(), none of them empty */
	uint32_t flags;
	uint8_t relay_factor;
	int64_t timeout_ns;
	struct wire_bytes name, payload;
};

/* A filter's first byte; then node names, or a struct wire_tag_filter. */
#define WIRE_FILTER_NODE 0
#define WIRE_FILTER_TAG  1

struct wire_tag_filter {
	struct wire_bytes tag, expr;
};

/* The names of a WIRE_FILTER_NODE, without that byte. */
int wire_names_get(
    struct wire_bytes body, struct wire_list *names, struct err *err);

struct wire_query_response {
	uint64_t ltime;
	uint32_t id;
	struct wire_bytes from;
	uint32_t flags;
	struct wire_bytes payload;
};

enum wire_status {
	WIRE_STATUS_NONE,
	WIRE_STATUS_ALIVE,
	WIRE_STATUS_LEAVING,
	WIRE_STATUS_LEFT,
	WIRE_STATUS_FAILED
};

/* conflictResponse; a nil one, of who knows no such member, is all zero. */
struct wire_member {
	struct wire_bytes name, addr;
	uint16_t port;
	struct wire_list tags; /* wire_next_pair() */
	int64_t status;        /* enum wire_status */
	uint8_t protocol_min, protocol_max, protocol_cur;
	uint8_t delegate_min, delegate_max, delegate_cur;
};

struct wire_key_request {
	struct wire_bytes key;
};

struct wire_key_response {
	bool result;
	struct wire_bytes message;
	struct wire_list keys; /* wire_next_bytes(): base64 */
	struct wire_bytes primary_key;
};

struct wire_relay { /* a whole Serf message follows */
	struct wire_bytes dest_addr;
	uint16_t dest_port;
	struct wire_bytes dest_zone, dest_name;
};

/* --- one message to and from bytes --- */

/* wire_bare_ack_form is an ack without a payload, for writing only. */

struct wire_form;
extern const struct wire_form wire_ping_form, wire_indirect_ping_form,
    wire_ack_form, wire_bare_ack_form, wire_nack_form, wire_suspect_form,
    wire_alive_form, wire_dead_form, wire_err_form, wire_push_pull_head_form;
extern const struct wire_form wire_leave_form, wire_join_form,
    wire_serf_state_form, wire_user_event_form, wire_query_form,
    wire_query_response_form, wire_member_form, wire_key_request_form,
    wire_key_response_form, wire_relay_form;
/* Parts of others, without a type byte. */
extern const struct wire_form wire_node_form, wire_slot_form, wire_event_form,
    wire_tag_filter_form;

/*
 * Reads a body: what follows the type byte. What follows the message in it is
 * *rest, or ignored where that is NULL. msg is the form's struct.
 */
int wire_get(const struct wire_form *form, struct wire_bytes body, void *msg,
    struct wire_bytes *rest, struct err *err);

/* Adds the type byte, where the form has one, and the body. */
void wire_put(struct buf *out, const struct wire_form *form, const void *msg);

/* --- tags, the meta of a member --- */

/*
 * The tags in a member's meta, for wire_next_pair(). The old form, a bare
 * role, has none in the list: then *role is that text, else it is nil.
 */
int wire_tags_get(struct wire_bytes meta, struct wire_list *tags,
    struct wire_bytes *role, struct err *err);
void wire_tags_put(struct buf *out, const struct rec_kv *tags, size_t n);

/* --- coordinates, the payload of an ack --- */

#define WIRE_COORD_DIMS 8

struct wire_coord {
	double vec[WIRE_COORD_DIMS];
	double error, adjustment, height; /* seconds, but for error */
};

/* -1 for another version, another number of dimensions, or no number. */
int wire_coord_get(
    struct wire_bytes payload, struct wire_coord *out, struct err *err);
void wire_coord_put(struct buf *out, const struct wire_coord *c);

/* --- a push/pull --- */

struct wire_push_pull {
	bool join;
	struct wire_list nodes; /* wire_next_node() */
	struct wire_bytes user; /* Serf's: WIRE_SERF_PUSH_PULL and its body */
};

int wire_push_pull_get(
    struct wire_bytes body, struct wire_push_pull *out, struct err *err);
bool wire_next_node(struct wire_list *l, struct wire_node *out);

/* With the type byte; nodes are encoded ones, in wire_put(wire_node_form). */
void wire_push_pull_put(struct buf *out, const struct wire_push_pull *pp);

/* A user message on a stream: the Serf message in it. */
int wire_stream_user_get(
    struct wire_bytes body, struct wire_bytes *user, struct err *err);

/* --- LZW --- */

/* Adds the plain bytes, of which there may be max. */
int wire_lzw_decode(
    struct buf *out, struct wire_bytes in, size_t max, struct err *err);
void wire_lzw_encode(struct buf *out, struct wire_bytes in);

/* --- keys --- */

#define WIRE_KEY_MAX  32 /* bytes: 16, 24 or 32 */
#define WIRE_KEYS_MAX 16

struct wire_key {
	uint8_t data[WIRE_KEY_MAX];
	size_t n;
};

/* The first encrypts, all decrypt. Without any, nothing is encrypted. */
struct wire_ring {
	struct wire_key keys[WIRE_KEYS_MAX];
	size_t nkeys;
};

/* From base64. */
int wire_key_parse(const char *text, struct wire_key *out, struct err *err);
void wire_key_format(const struct wire_key *key, struct buf *out);

#define WIRE_SEAL_COST  29 /* bytes that encryption adds to a packet */
#define WIRE_NONCE_SIZE 12

/* --- packets and streams --- */

struct wire_wrap {
	bool compress, crc;
	const struct wire_ring *ring; /* NULL or empty: plain */
};

/*
 * A whole datagram for a message or a compound: compressed where that makes
 * it smaller, then with its CRC, then encrypted. Chance (the nonce) comes
 * from rng_secret().
 */
void wire_wrap_packet(
    struct buf *out, const struct wire_wrap *how, struct wire_bytes message);

/* As a packet, but compressed whenever how says so, and never with a CRC. */
void wire_wrap_stream(
    struct buf *out, const struct wire_wrap *how, struct wire_bytes message);

/* One message for several: at most WIRE_PARTS_MAX, none of them empty. */
void wire_compound_put(
    struct buf *out, const struct wire_bytes *parts, size_t n);

/*
 * Takes a datagram apart, as deep as it is nested, and calls back for each
 * message in it, its type byte first; nothing is empty. -1 when (the rest of)
 * it is not to be read; the messages before have been handed out by then.
 */
int wire_peel_packet(const struct wire_ring *ring, struct wire_bytes packet,
    void (*on)(void *ctx, struct wire_bytes message), void *ctx,
    struct err *err);

/*
 * The message that a whole stream carries. It borrows from the stream or from
 * room, which the caller releases.
 */
int wire_peel_stream(const struct wire_ring *ring, struct wire_bytes stream,
    struct buf *room, struct wire_bytes *message, struct err *err);

/*
 * Is the message that begins a stream complete? The scanner starts zeroed and
 * is shown all the bytes so far, each time more; it looks at each only once.
 */
struct wire_scan {
	size_t at; /* all before has been looked at */
	size_t pending;
	size_t tail;
	unsigned stage;
};

enum wire_scanned { WIRE_MORE, WIRE_WHOLE, WIRE_BAD };

/* WIRE_WHOLE: of *n bytes. WIRE_BAD: never will be, or is too large. */
enum wire_scanned wire_scan(
    struct wire_scan *s, struct wire_bytes sofar, size_t *n);

#endif
