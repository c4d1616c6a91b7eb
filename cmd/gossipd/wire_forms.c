/*
 * The messages' tables. Fields stand in the order of their names, which is
 * the order on the wire; the number is the field's place in the real
 * programs' own declaration, for the form without names.
 */
#include "cmd/gossipd/wire_impl.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define FORM_OF(strct, type_byte, table, ...)                              \
	{                                                                  \
		.type = type_byte, .size = sizeof(strct), .fields = table, \
		.nfields = COUNT(table), .name = __VA_ARGS__               \
	}
#define AT(strct, member) offsetof(strct, member)

/* --- what must hold beside the kinds --- */

static const char *
check_name(struct wire_bytes name)
{
	if (name.n == 0)
		return "a member without a name";
	if (name.n > WIRE_NAME_MAX)
		return "a name that is too long";
	for (size_t i = 0; i < name.n; i++)
		if (name.data[i] < ' ' || name.data[i] == 0x7f)
			return "a name that is no text";
	return NULL;
}

static const char *
check_addr(struct wire_bytes addr)
{
	return addr.n == 4 || addr.n == 16 ? NULL : "an address of no kind";
}

/* A shorter vsn ends a real serf; an unusable one spoils its pool. */
static const char *
check_member(struct wire_bytes name, struct wire_bytes addr,
    struct wire_bytes meta, struct wire_bytes vsn)
{
	const char *why = check_name(name);

	if (why == NULL)
		why = check_addr(addr);
	if (why != NULL)
		return why;
	if (meta.n > WIRE_META_MAX)
		return "more tags than a member may have";
	if (vsn.n != WIRE_VSN_SIZE)
		return "versions that are not six";
	if (vsn.data[0] == 0 || vsn.data[0] > vsn.data[1])
		return "protocol versions that cannot be";
	return NULL;
}

static const char *
check_alive(const void *msg)
{
	const struct wire_alive *a = msg;

	return check_member(a->node, a->addr, a->meta, a->vsn);
}

static const char *
check_node(const void *msg)
{
	const struct wire_node *n = msg;

	if (n->state > WIRE_STATE_LEFT)
		return "a state of no kind";
	return check_member(n->name, n->addr, n->meta, n->vsn);
}

static const char *
check_accusation(const void *msg)
{
	return check_name(((const struct wire_accusation *)msg)->node);
}

static const char *
check_intent(const void *msg)
{
	return check_name(((const struct wire_intent *)msg)->node);
}

static const char *
check_head(const void *msg)
{
	const struct wire_push_pull_head *h = msg;

	if (h->nnodes > WIRE_NODES_MAX)
		return "too many nodes";
	return h->user_len > WIRE_STREAM_MAX ? "too much user state" : NULL;
}

/* --- memberlist's --- */

static const struct wire_field ping_fields[] = {
	WIRE_ROW("Node", WIRE_STR, AT(struct wire_ping, node), 1),
	WIRE_ROW("SeqNo", WIRE_U32, AT(struct wire_ping, seq), 0),
	WIRE_ROW("SourceAddr", WIRE_RAW, AT(struct wire_ping, source_addr), 2,
	    .omitempty = true),
	WIRE_ROW("SourceNode", WIRE_STR, AT(struct wire_ping, source_node), 4,
	    .omitempty = true),
	WIRE_ROW("SourcePort", WIRE_U16, AT(struct wire_ping, source_port), 3,
	    .omitempty = true),
};
const struct wire_form wire_ping_form =
    FORM_OF(struct wire_ping, WIRE_PING, ping_fields, "ping");

#define INDIRECT(member) AT(struct wire_indirect_ping, member)
static const struct wire_field indirect_ping_fields[] = {
	WIRE_ROW("Nack", WIRE_BOOL, INDIRECT(nack), 4),
	WIRE_ROW("Node", WIRE_STR, INDIRECT(node), 3),
	WIRE_ROW("Port", WIRE_U16, INDIRECT(port), 2),
	WIRE_ROW("SeqNo", WIRE_U32, INDIRECT(seq), 0),
	WIRE_ROW("SourceAddr", WIRE_RAW, INDIRECT(source_addr), 5,
	    .omitempty = true),
	WIRE_ROW("SourceNode", WIRE_STR, INDIRECT(source_node), 7,
	    .omitempty = true),
	WIRE_ROW("SourcePort", WIRE_U16, INDIRECT(source_port), 6,
	    .omitempty = true),
	WIRE_ROW("Target", WIRE_RAW, INDIRECT(target), 1),
};
const struct wire_form wire_indirect_ping_form =
    FORM_OF(struct wire_indirect_ping, WIRE_INDIRECT_PING, indirect_ping_fields,
	"indirect ping");

static const struct wire_field ack_fields[] = {
	WIRE_ROW("Payload", WIRE_RAW, AT(struct wire_ack, payload), 1),
	WIRE_ROW("SeqNo", WIRE_U32, AT(struct wire_ack, seq), 0),
};
const struct wire_form wire_ack_form =
    FORM_OF(struct wire_ack, WIRE_ACK, ack_fields, "ack");

static const struct wire_field bare_ack_fields[] = {
	WIRE_ROW("SeqNo", WIRE_U32, AT(struct wire_ack, seq), 0),
};
const struct wire_form wire_bare_ack_form =
    FORM_OF(struct wire_ack, WIRE_ACK, bare_ack_fields, "ack");

static const struct wire_field nack_fields[] = {
	WIRE_ROW("SeqNo", WIRE_U32, AT(struct wire_nack, seq), 0),
};
const struct wire_form wire_nack_form =
    FORM_OF(struct wire_nack, WIRE_NACK, nack_fields, "nack");

static const struct wire_field accusation_fields[] = {
	WIRE_ROW("From", WIRE_STR, AT(struct wire_accusation, from), 2),
	WIRE_ROW("Incarnation", WIRE_U32,
	    AT(struct wire_accusation, incarnation), 0),
	WIRE_ROW("Node", WIRE_STR, AT(struct wire_accusation, node), 1),
};
const struct wire_form wire_suspect_form = FORM_OF(struct wire_accusation,
    WIRE_SUSPECT, accusation_fields, "suspect", .check = check_accusation);
const struct wire_form wire_dead_form = FORM_OF(struct wire_accusation,
    WIRE_DEAD, accusation_fields, "dead", .check = check_accusation);

static const struct wire_field alive_fields[] = {
	WIRE_ROW("Addr", WIRE_RAW, AT(struct wire_alive, addr), 2),
	WIRE_ROW(
	    "Incarnation", WIRE_U32, AT(struct wire_alive, incarnation), 0),
	WIRE_ROW("Meta", WIRE_RAW, AT(struct wire_alive, meta), 4),
	WIRE_ROW("Node", WIRE_STR, AT(struct wire_alive, node), 1),
	WIRE_ROW("Port", WIRE_U16, AT(struct wire_alive, port), 3),
	WIRE_ROW("Vsn", WIRE_RAW, AT(struct wire_alive, vsn), 5),
};
const struct wire_form wire_alive_form = FORM_OF(
    struct wire_alive, WIRE_ALIVE, alive_fields, "alive", .check = check_alive);

static const struct wire_field err_fields[] = {
	WIRE_ROW("Error", WIRE_STR, AT(struct wire_err, error), 0),
};
const struct wire_form wire_err_form =
    FORM_OF(struct wire_err, WIRE_ERR, err_fields, "err");

#define HEAD(member) AT(struct wire_push_pull_head, member)
static const struct wire_field push_pull_head_fields[] = {
	WIRE_ROW("Join", WIRE_BOOL, HEAD(join), 2),
	WIRE_ROW("Nodes", WIRE_U32, HEAD(nnodes), 0),
	WIRE_ROW("UserStateLen", WIRE_U32, HEAD(user_len), 1),
};
const struct wire_form wire_push_pull_head_form =
    FORM_OF(struct wire_push_pull_head, WIRE_PUSH_PULL, push_pull_head_fields,
	"push/pull", .check = check_head);

static const struct wire_field node_fields[] = {
	WIRE_ROW("Addr", WIRE_RAW, AT(struct wire_node, addr), 1),
	WIRE_ROW("Incarnation", WIRE_U32, AT(struct wire_node, incarnation), 4),
	WIRE_ROW("Meta", WIRE_RAW, AT(struct wire_node, meta), 3),
	WIRE_ROW("Name", WIRE_STR, AT(struct wire_node, name), 0),
	WIRE_ROW("Port", WIRE_U16, AT(struct wire_node, port), 2),
	WIRE_ROW("State", WIRE_U8, AT(struct wire_node, state), 5),
	WIRE_ROW("Vsn", WIRE_RAW, AT(struct wire_node, vsn), 6),
};
const struct wire_form wire_node_form =
    FORM_OF(struct wire_node, -1, node_fields, "node", .check = check_node);

/* --- Serf's --- */

static const struct wire_field leave_fields[] = {
	WIRE_ROW("LTime", WIRE_U64, AT(struct wire_intent, ltime), 0),
	WIRE_ROW("Node", WIRE_STR, AT(struct wire_intent, node), 1),
	WIRE_ROW("Prune", WIRE_BOOL, AT(struct wire_intent, prune), 2),
};
const struct wire_form wire_leave_form = FORM_OF(struct wire_intent,
    WIRE_SERF_LEAVE, leave_fields, "leave", .check = check_intent);

static const struct wire_field join_fields[] = {
	WIRE_ROW("LTime", WIRE_U64, AT(struct wire_intent, ltime), 0),
	WIRE_ROW("Node", WIRE_STR, AT(struct wire_intent, node), 1),
};
const struct wire_form wire_join_form = FORM_OF(struct wire_intent,
    WIRE_SERF_JOIN, join_fields, "join", .check = check_intent);

#define STATE(member) AT(struct wire_serf_state, member)
static const struct wire_field serf_state_fields[] = {
	WIRE_ROW("EventLTime", WIRE_U64, STATE(event_ltime), 3),
	WIRE_ROW("Events", WIRE_LIST_SLOTS, STATE(events), 4),
	WIRE_ROW("LTime", WIRE_U64, STATE(ltime), 0),
	WIRE_ROW("LeftMembers", WIRE_LIST_RAW, STATE(left_members), 2),
	WIRE_ROW("QueryLTime", WIRE_U64, STATE(query_ltime), 5),
	WIRE_ROW("StatusLTimes", WIRE_LIST_CLOCKS, STATE(status_ltimes), 1),
};
const struct wire_form wire_serf_state_form = FORM_OF(struct wire_serf_state,
    WIRE_SERF_PUSH_PULL, serf_state_fields, "Serf's push/pull");

static const struct wire_field slot_fields[] = {
	WIRE_ROW("Events", WIRE_LIST_EVENTS, AT(struct wire_slot, events), 1),
	WIRE_ROW("LTime", WIRE_U64, AT(struct wire_slot, ltime), 0),
};
const struct wire_form wire_slot_form =
    FORM_OF(struct wire_slot, -1, slot_fields, "event slot");

static const struct wire_field event_fields[] = {
	WIRE_ROW("Name", WIRE_STR, AT(struct wire_event, name), 0),
	WIRE_ROW("Payload", WIRE_RAW, AT(struct wire_event, payload), 1),
};
const struct wire_form wire_event_form =
    FORM_OF(struct wire_event, -1, event_fields, "event");

static const struct wire_field user_event_fields[] = {
	WIRE_ROW("CC", WIRE_BOOL, AT(struct wire_user_event, cc), 3),
	WIRE_ROW("LTime", WIRE_U64, AT(struct wire_user_event, ltime), 0),
	WIRE_ROW("Name", WIRE_STR, AT(struct wire_user_event, name), 1),
	WIRE_ROW("Payload", WIRE_RAW, AT(struct wire_user_event, payload), 2),
};
const struct wire_form wire_user_event_form = FORM_OF(struct wire_user_event,
    WIRE_SERF_USER_EVENT, user_event_fields, "user event");

static const struct wire_field query_fields[] = {
	WIRE_ROW("Addr", WIRE_RAW, AT(struct wire_query, addr), 2),
	WIRE_ROW(
	    "Filters", WIRE_LIST_FILTERS, AT(struct wire_query, filters), 5),
	WIRE_ROW("Flags", WIRE_U32, AT(struct wire_query, flags), 6),
	WIRE_ROW("ID", WIRE_U32, AT(struct wire_query, id), 1),
	WIRE_ROW("LTime", WIRE_U64, AT(struct wire_query, ltime), 0),
	WIRE_ROW("Name", WIRE_STR, AT(struct wire_query, name), 9),
	WIRE_ROW("Payload", WIRE_RAW, AT(struct wire_query, payload), 10),
	WIRE_ROW("Port", WIRE_U16, AT(struct wire_query, port), 3),
	WIRE_ROW(
	    "RelayFactor", WIRE_U8, AT(struct wire_query, relay_factor), 7),
	WIRE_ROW("SourceNode", WIRE_STR, AT(struct wire_query, source_node), 4),
	WIRE_ROW("Timeout", WIRE_I64, AT(struct wire_query, timeout_ns), 8),
};
const struct wire_form wire_query_form =
    FORM_OF(struct wire_query, WIRE_SERF_QUERY, query_fields, "query");

#define RESPONSE(member) AT(struct wire_query_response, member)
static const struct wire_field query_response_fields[] = {
	WIRE_ROW("Flags", WIRE_U32, RESPONSE(flags), 3),
	WIRE_ROW("From", WIRE_STR, RESPONSE(from), 2),
	WIRE_ROW("ID", WIRE_U32, RESPONSE(id), 1),
	WIRE_ROW("LTime", WIRE_U64, RESPONSE(ltime), 0),
	WIRE_ROW("Payload", WIRE_RAW, RESPONSE(payload), 4),
};
const struct wire_form wire_query_response_form =
    FORM_OF(struct wire_query_response, WIRE_SERF_QUERY_RESPONSE,
	query_response_fields, "query response");

static const struct wire_field tag_filter_fields[] = {
	WIRE_ROW("Expr", WIRE_STR, AT(struct wire_tag_filter, expr), 1),
	WIRE_ROW("Tag", WIRE_STR, AT(struct wire_tag_filter, tag), 0),
};
const struct wire_form wire_tag_filter_form =
    FORM_OF(struct wire_tag_filter, -1, tag_filter_fields, "tag filter");

static const struct wire_field member_fields[] = {
	WIRE_ROW("Addr", WIRE_RAW, AT(struct wire_member, addr), 1),
	WIRE_ROW(
	    "DelegateCur", WIRE_U8, AT(struct wire_member, delegate_cur), 10),
	WIRE_ROW(
	    "DelegateMax", WIRE_U8, AT(struct wire_member, delegate_max), 9),
	WIRE_ROW(
	    "DelegateMin", WIRE_U8, AT(struct wire_member, delegate_min), 8),
	WIRE_ROW("Name", WIRE_STR, AT(struct wire_member, name), 0),
	WIRE_ROW("Port", WIRE_U16, AT(struct wire_member, port), 2),
	WIRE_ROW(
	    "ProtocolCur", WIRE_U8, AT(struct wire_member, protocol_cur), 7),
	WIRE_ROW(
	    "ProtocolMax", WIRE_U8, AT(struct wire_member, protocol_max), 6),
	WIRE_ROW(
	    "ProtocolMin", WIRE_U8, AT(struct wire_member, protocol_min), 5),
	WIRE_ROW("Status", WIRE_I64, AT(struct wire_member, status), 4),
	WIRE_ROW("Tags", WIRE_LIST_PAIRS, AT(struct wire_member, tags), 3),
};
const struct wire_form wire_member_form = FORM_OF(struct wire_member,
    WIRE_SERF_CONFLICT_RESPONSE, member_fields, "conflict response");

static const struct wire_field key_request_fields[] = {
	WIRE_ROW("Key", WIRE_RAW, AT(struct wire_key_request, key), 0),
};
const struct wire_form wire_key_request_form = FORM_OF(struct wire_key_request,
    WIRE_SERF_KEY_REQUEST, key_request_fields, "key request");

#define KEYS(member) AT(struct wire_key_response, member)
static const struct wire_field key_response_fields[] = {
	WIRE_ROW("Keys", WIRE_LIST_RAW, KEYS(keys), 2),
	WIRE_ROW("Message", WIRE_STR, KEYS(message), 1),
	WIRE_ROW("PrimaryKey", WIRE_STR, KEYS(primary_key), 3),
	WIRE_ROW("Result", WIRE_BOOL, KEYS(result), 0),
};
const struct wire_form wire_key_response_form =
    FORM_OF(struct wire_key_response, WIRE_SERF_KEY_RESPONSE,
	key_response_fields, "key response");

static const struct wire_field relay_addr_fields[] = {
	WIRE_ROW("IP", WIRE_RAW, AT(struct wire_relay, dest_addr), 0),
	WIRE_ROW("Port", WIRE_U16, AT(struct wire_relay, dest_port), 1),
	WIRE_ROW("Zone", WIRE_STR, AT(struct wire_relay, dest_zone), 2),
};
static const struct wire_form relay_addr_form =
    FORM_OF(struct wire_relay, -1, relay_addr_fields, "relay address");
static const struct wire_field relay_fields[] = {
	WIRE_ROW("DestAddr", WIRE_FORM, 0, 0, .form = &relay_addr_form),
	WIRE_ROW("DestName", WIRE_STR, AT(struct wire_relay, dest_name), 1),
};
const struct wire_form wire_relay_form =
    FORM_OF(struct wire_relay, WIRE_SERF_RELAY, relay_fields, "relay");
