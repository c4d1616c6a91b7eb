/*
 * Who is in the pool, as gossipd knows it. The JSON names are those of a
 * member in Nomad's and Serf's answers.
 */
#ifndef PROTO_MEMBER_H
#define PROTO_MEMBER_H

#include <stddef.h>
#include <stdint.h>

#include "common/rec.h"

/* How a member is. Left and failed are different: who left said so. */
#define MEMBER_ALIVE   "alive"
#define MEMBER_LEAVING "leaving"
#define MEMBER_LEFT    "left"
#define MEMBER_FAILED  "failed"

struct member {
	char *name; /* "host.region", unique in the pool */
	char *addr;
	int64_t port;
	struct rec_kv *tags;
	size_t ntags;
	char *status;
	/* Of gossip's and of its payload's protocol: range and the one used. */
	int64_t protocol_min, protocol_max, protocol_cur;
	int64_t delegate_min, delegate_max, delegate_cur;
};

struct member_rows {
	struct member *members;
	size_t nmembers;
};

/* Published as member.<name>: what happened to one member. */
#define MEMBER_JOIN   "join"
#define MEMBER_LEAVE  "leave"
#define MEMBER_FAIL   "failed"
#define MEMBER_UPDATE "update"
#define MEMBER_REAP   "reap"

struct member_event {
	char *what;
	struct member member;
};

/* --- asked of gossipd --- */

struct member_join {
	char **addrs; /* host, or host:port */
	size_t naddrs;
	bool replay; /* with the user events of before */
};

struct member_joined {
	int64_t joined; /* by how many of them */
	char *errors;   /* of the others, a line each */
};

struct member_force_leave {
	char *node;
	bool prune;
};

/* What a daemon of this machine adds to the tags of its member. */
struct member_tags {
	struct rec_kv *tags;
	size_t ntags;
};

/* What an operator changes of its tags, until its next start. */
struct member_tags_edit {
	struct rec_kv *tags;
	size_t ntags;
	char **deleted;
	size_t ndeleted;
};

struct member_user_event {
	char *name, *payload;
	bool coalesce; /* the same name within moments may be heard once */
};

#define MEMBER_RELAY_MAX 255

struct member_query {
	char *name, *payload;
	char **nodes; /* only these, when there are any */
	size_t nnodes;
	struct rec_kv *tags; /* and whose tag matches a pattern */
	size_t ntags;
	int64_t timeout_ms; /* 0: by the size of the pool */
	int64_t relay;      /* answers come by so many others as well */
};

struct member_answer {
	char *from, *payload;
};
struct member_answers {
	char **acks; /* who has heard it */
	size_t nacks;
	struct member_answer *answers;
	size_t nanswers;
};

struct member_keys_ask {
	char *verb; /* "list", "install", "use" or "remove" */
	char *key;  /* base64; not to list */
};
struct member_keys {
	struct rec_ki *keys; /* how many members have it */
	size_t nkeys;
	struct rec_kv *messages; /* what members have to say */
	size_t nmessages;
	int64_t nmembers, nresponses, nerrors;
	char *why; /* "": all went well */
};

struct member_rtt_ask {
	char *from, *to; /* from: "" for our own */
};

struct member_rtt {
	double seconds;
};

/* Who answered a question to all within its time. */
struct member_reach {
	char **answered;
	size_t nanswered;
	char **silent;
	size_t nsilent;
};

extern const struct rec_type member_type, member_rows_type, member_event_type,
    member_join_type, member_joined_type, member_force_leave_type,
    member_tags_type, member_tags_edit_type, member_user_event_type,
    member_query_type, member_answer_type, member_answers_type,
    member_keys_ask_type, member_keys_type, member_rtt_ask_type,
    member_rtt_type, member_reach_type;

#endif
