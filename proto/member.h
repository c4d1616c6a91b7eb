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
    member_tags_type, member_rtt_ask_type, member_rtt_type, member_reach_type;

#endif
