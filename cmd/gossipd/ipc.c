#include "cmd/gossipd/ipc.h"

#include <string.h>

#include "cmd/gossipd/wire_impl.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A row of a body; place: of its member in an agent's own declaration. */
#define BODY(name, kind, member, place) \
	WIRE_ROW(name, kind, offsetof(struct ipc_body, member), place)
#define BODY_FORM(what, table)                                             \
	{                                                                  \
		.name = what, .type = -1, .size = sizeof(struct ipc_body), \
		.fields = table, .nfields = COUNT(table)                   \
	}

/* --- bodies, their members in the order of their names --- */

static const struct wire_field handshake_fields[] = {
	BODY("Version", WIRE_U32, version, 0),
};
static const struct wire_field auth_fields[] = {
	BODY("AuthKey", WIRE_STR, auth_key, 0),
};
static const struct wire_field event_fields[] = {
	BODY("Coalesce", WIRE_BOOL, coalesce, 2),
	BODY("Name", WIRE_STR, name, 0),
	BODY("Payload", WIRE_RAW, payload, 1),
};
static const struct wire_field force_leave_fields[] = {
	BODY("Node", WIRE_STR, node, 0),
	BODY("Prune", WIRE_BOOL, prune, 1),
};
static const struct wire_field join_fields[] = {
	BODY("Existing", WIRE_LIST_RAW, existing, 0),
	BODY("Replay", WIRE_BOOL, replay, 1),
};
static const struct wire_field members_fields[] = {
	BODY("Name", WIRE_STR, name, 2),
	BODY("Status", WIRE_STR, status, 1),
	BODY("Tags", WIRE_LIST_PAIRS, tags, 0),
};
static const struct wire_field stream_fields[] = {
	BODY("Type", WIRE_STR, type, 0),
};
static const struct wire_field stop_fields[] = {
	BODY("Stop", WIRE_U64, stop, 0),
};
static const struct wire_field monitor_fields[] = {
	BODY("LogLevel", WIRE_STR, level, 0),
};
static const struct wire_field tags_fields[] = {
	BODY("DeleteTags", WIRE_LIST_RAW, deleted, 1),
	BODY("Tags", WIRE_LIST_PAIRS, tags, 0),
};
static const struct wire_field query_fields[] = {
	BODY("FilterNodes", WIRE_LIST_RAW, filter_nodes, 0),
	BODY("FilterTags", WIRE_LIST_PAIRS, filter_tags, 1),
	BODY("Name", WIRE_STR, name, 5),
	BODY("Payload", WIRE_RAW, payload, 6),
	BODY("RelayFactor", WIRE_U8, relay_factor, 3),
	BODY("RequestAck", WIRE_BOOL, want_ack, 2),
	BODY("Timeout", WIRE_I64, timeout_ns, 4),
};
static const struct wire_field respond_fields[] = {
	BODY("ID", WIRE_U64, id, 0),
	BODY("Payload", WIRE_RAW, payload, 1),
};
static const struct wire_field key_fields[] = {
	BODY("Key", WIRE_STR, key, 0),
};
static const struct wire_field coordinate_fields[] = {
	BODY("Node", WIRE_STR, node, 0),
};

static const struct command {
	const char *name;
	struct wire_form body; /* without a row: there is none */
} commands[IPC_NVERBS] = {
	[IPC_HANDSHAKE] = { "handshake",
	    BODY_FORM("handshake", handshake_fields) },
	[IPC_AUTH] = { "auth", BODY_FORM("auth", auth_fields) },
	[IPC_EVENT] = { "event", BODY_FORM("event", event_fields) },
	[IPC_FORCE_LEAVE] = { "force-leave",
	    BODY_FORM("force-leave", force_leave_fields) },
	[IPC_JOIN] = { "join", BODY_FORM("join", join_fields) },
	[IPC_MEMBERS] = { .name = "members" },
	[IPC_MEMBERS_FILTERED] = { "members-filtered",
	    BODY_FORM("members-filtered", members_fields) },
	[IPC_STREAM] = { "stream", BODY_FORM("stream", stream_fields) },
	[IPC_STOP] = { "stop", BODY_FORM("stop", stop_fields) },
	[IPC_MONITOR] = { "monitor", BODY_FORM("monitor", monitor_fields) },
	[IPC_LEAVE] = { .name = "leave" },
	[IPC_TAGS] = { "tags", BODY_FORM("tags", tags_fields) },
	[IPC_QUERY] = { "query", BODY_FORM("query", query_fields) },
	[IPC_RESPOND] = { "respond", BODY_FORM("respond", respond_fields) },
	[IPC_INSTALL_KEY] = { "install-key",
	    BODY_FORM("install-key", key_fields) },
	[IPC_USE_KEY] = { "use-key", BODY_FORM("use-key", key_fields) },
	[IPC_REMOVE_KEY] = { "remove-key",
	    BODY_FORM("remove-key", key_fields) },
	[IPC_LIST_KEYS] = { .name = "list-keys" },
	[IPC_STATS] = { .name = "stats" },
	[IPC_GET_COORDINATE] = { "get-coordinate",
	    BODY_FORM("get-coordinate", coordinate_fields) },
};

const char *
ipc_verb_name(enum ipc_verb v)
{
	return v < IPC_NVERBS ? commands[v].name : "unknown";
}

/* --- requests --- */

static bool
is_map(uint8_t first)
{
	return (first & 0xf0) == 0x80 || first == 0xde || first == 0xdf;
}

enum wire_scanned
ipc_scan(struct wire_scan *s, struct wire_bytes sofar, size_t *n)
{
	bool bad = false;

	if (sofar.n == 0)
		return WIRE_MORE;
	if (!is_map(sofar.data[0]))
		return WIRE_BAD;
	if (s->stage == 0) {
		s->stage = 1;
		s->pending = 1;
	}
	wire_step_over(s, sofar, IPC_VALUE_MAX, &bad);
	if (bad || s->at > IPC_VALUE_MAX)
		return WIRE_BAD;
	if (s->pending > 0 || s->at > sofar.n)
		return WIRE_MORE;
	*n = s->at;
	return WIRE_WHOLE;
}

int
ipc_head_get(struct wire_bytes value, struct ipc_head *out, struct err *err)
{
	static const struct wire_field fields[] = {
		WIRE_ROW(
		    "Command", WIRE_STR, offsetof(struct ipc_head, command), 0),
		WIRE_ROW("Seq", WIRE_U64, offsetof(struct ipc_head, seq), 1),
	};
	static const struct wire_form form = { .name = "request",
		.type = -1,
		.size = sizeof(struct ipc_head),
		.fields = fields,
		.nfields = COUNT(fields) };
	size_t v = 0;

	if (wire_get(&form, value, out, NULL, err) == -1)
		return -1;
	while (v < IPC_NVERBS &&
	       !wire_is(out->command, wire_text(commands[v].name)))
		v++;
	out->verb = (enum ipc_verb)v;
	return 0;
}

bool
ipc_has_body(enum ipc_verb v)
{
	return v < IPC_NVERBS && commands[v].body.nfields > 0;
}

int
ipc_body_get(enum ipc_verb v, struct wire_bytes value, struct ipc_body *out,
    struct err *err)
{
	return wire_get(&commands[v].body, value, out, NULL, err);
}
