/*
 * The RPC of a Serf agent, as bytes and as structs: what `serf members` and
 * its siblings say to an agent, and what they are answered.
 *
 * Both ways it is a row of msgpack values without frames. A request is a head
 * {Command, Seq} and, for most commands, a body; an answer is a head {Error,
 * Seq} and, for some, a body. What is streamed comes as more of such pairs
 * with the request's Seq.
 *
 * Requests may come in the old form of msgpack or in the new one; answers are
 * written in the new one, as an agent does: bytes are "bin". Nothing here
 * keeps a state; what is decoded borrows from its bytes.
 */
#ifndef CMD_GOSSIPD_IPC_H
#define CMD_GOSSIPD_IPC_H

#include "cmd/gossipd/wire.h"

#define IPC_VALUE_MAX 65536 /* bytes of a head or of a body */
#define IPC_VERSION   1

enum ipc_verb {
	IPC_HANDSHAKE,
	IPC_AUTH,
	IPC_EVENT,
	IPC_FORCE_LEAVE,
	IPC_JOIN,
	IPC_MEMBERS,
	IPC_MEMBERS_FILTERED,
	IPC_STREAM,
	IPC_STOP,
	IPC_MONITOR,
	IPC_LEAVE,
	IPC_TAGS,
	IPC_QUERY,
	IPC_RESPOND,
	IPC_INSTALL_KEY,
	IPC_USE_KEY,
	IPC_REMOVE_KEY,
	IPC_LIST_KEYS,
	IPC_STATS,
	IPC_GET_COORDINATE,
	IPC_NVERBS /* none that we know */
};

struct ipc_head {
	uint64_t seq;
	enum ipc_verb verb;
	struct wire_bytes command; /* as it was sent */
};

/* What any body may hold; of each, what its command knows. */
struct ipc_body {
	uint64_t version;           /* handshake */
	struct wire_bytes auth_key; /* auth */
	struct wire_bytes name;     /* event, query; members: a pattern */
	struct wire_bytes payload;  /* event, query, respond */
	bool coalesce;              /* event */
	struct wire_bytes node;     /* force-leave, get-coordinate */
	bool prune;                 /* force-leave */
	struct wire_list existing;  /* join; wire_next_bytes() */
	bool replay;                /* join */
	struct wire_bytes status;   /* members */
	struct wire_list tags;      /* tags, members; wire_next_pair() */
	struct wire_list deleted;   /* tags; wire_next_bytes() */
	struct wire_bytes type;     /* stream */
	struct wire_bytes level;    /* monitor */
	uint64_t stop;              /* stop */
	uint64_t id;                /* respond */
	struct wire_bytes key;      /* the keys' */
	struct wire_list filter_nodes, filter_tags; /* query */
	bool want_ack;
	uint8_t relay_factor;
	int64_t timeout_ns;
};

/* --- requests --- */

/*
 * Is the value that begins the bytes complete? The scanner starts zeroed and
 * is shown all the bytes so far, each time more. WIRE_WHOLE: of *n bytes.
 */
enum wire_scanned ipc_scan(
    struct wire_scan *s, struct wire_bytes sofar, size_t *n);

/* Of one whole value. */
int ipc_head_get(
    struct wire_bytes value, struct ipc_head *out, struct err *err);
bool ipc_has_body(enum ipc_verb v);
int ipc_body_get(enum ipc_verb v, struct wire_bytes value, struct ipc_body *out,
    struct err *err);
const char *ipc_verb_name(enum ipc_verb v);

/* --- answers: each adds to out --- */

void ipc_put_head(struct buf *out, uint64_t seq, const char *error);
void ipc_put_joined(struct buf *out, size_t n);

struct ipc_member {
	const char *name, *status;
	struct wire_bytes addr;
	uint16_t port;
	const uint8_t *vsn; /* WIRE_VSN_SIZE, protocol and then delegate */
	const struct rec_kv *tags;
	size_t ntags;
};

/* The body of an answer: its beginning, and then n members. */
void ipc_put_members(struct buf *out, size_t n);
void ipc_put_member(struct buf *out, const struct ipc_member *m);

/* NULL: none is known. */
void ipc_put_coord(struct buf *out, const struct wire_coord *c);

/* What a query about keys has come to. */
struct ipc_count {
	char *key;
	uint64_t n;
};
struct ipc_keys {
	struct ipc_count *keys; /* how many members have it */
	size_t nkeys;
	struct rec_kv *messages; /* by member */
	size_t nmessages;
	uint64_t nerrors, nmembers, nresponses;
};
void ipc_put_keys(struct buf *out, const struct ipc_keys *k);

/* Sections of names and values; of each section's the next n. */
struct ipc_section {
	const char *name;
	const struct rec_kv *values;
	size_t nvalues;
};
void ipc_put_stats(struct buf *out, const struct ipc_section *s, size_t n);

/* Records of a stream. */
void ipc_put_log(struct buf *out, const char *line);
/* One member has changed: "member-join" and its like. */
void ipc_put_member_event(
    struct buf *out, const char *what, const struct ipc_member *m);

struct ipc_event {
	uint64_t ltime, id; /* id: of a query, to answer it by */
	const char *name;
	struct wire_bytes payload;
	bool coalesce;
};
void ipc_put_user_event(struct buf *out, const struct ipc_event *e);
void ipc_put_query_event(struct buf *out, const struct ipc_event *e);

/* What comes of a query: "ack" or "response" of a member, and at last "done".
 */
void ipc_put_query_record(struct buf *out, const char *type, const char *from,
    struct wire_bytes payload);

#endif
