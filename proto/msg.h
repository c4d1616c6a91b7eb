/*
 * Every message there is. A number is for ever; a retired one is never used
 * for something else. The table in msg.c gives each its name, its body and
 * its reply; wire(7) is written from it.
 */
#ifndef PROTO_MSG_H
#define PROTO_MSG_H

#include "common/bus.h"

enum msg_number {
	/* to every daemon, on its control socket */
	MSG_CTL_PING = 1,
	MSG_CTL_INFO = 2,
	MSG_CTL_CONFIG = 3,
	MSG_CTL_LOG_LEVEL = 4,
	MSG_CTL_MONITOR = 5,
	MSG_CTL_STOP = 6,
	MSG_CTL_RELOAD = 7,

	/* node to schedd */
	MSG_NODE_REGISTER = 20,
	MSG_NODE_LEASE = 21,
	MSG_NODE_ALLOCS = 22, /* held */
	MSG_NODE_UPDATE = 23,
	MSG_SERVICES_UPDATE = 24,
	MSG_SERVICES_FOLLOW = 25, /* held */
	MSG_NODE_EVENTS = 26,
	MSG_NODE_DRAIN = 27,

	/* schedd to schedd, at its Raft address */
	MSG_RAFT_MAIL = 30,

	/* to nodeagent */
	MSG_SERVICES = 40, /* a snapshot of what service.* tells */
	MSG_ALLOCS = 41,

	/* to gossipd */
	MSG_MEMBER_KEYS = 59,
	MSG_MEMBERS = 60,
	MSG_MEMBER_JOIN = 61,
	MSG_MEMBER_LEAVE = 62,
	MSG_MEMBER_FORCE_LEAVE = 63,
	MSG_MEMBER_TAGS = 64,
	MSG_MEMBER_RTT = 65,
	MSG_MEMBER_REACH = 66,
	MSG_MEMBER_TAGS_EDIT = 67,
	MSG_MEMBER_EVENT = 68,
	MSG_MEMBER_QUERY = 69,

	/* to metricsd */
	MSG_METRICS = 70,
	MSG_METRIC_GET = 71,

	/* to lbd */
	MSG_ROUTES = 80,
	MSG_ROUTE_ADD = 81,
	MSG_ROUTE_DEL = 82,

	/* to schedd's control socket */
	MSG_JOBS = 90,
	MSG_NODES = 91,
	MSG_EVALS = 92,

	/* published */
	MSG_METRIC = 100,  /* metric.<daemon> */
	MSG_SERVICE = 101, /* service.<name>, by nodeagent */
	MSG_ALLOC = 102,   /* alloc.changed, by nodeagent */
	MSG_MEMBER = 103,  /* member.<name>, by gossipd */
};

extern const struct msg_def msg_defs[];
extern const size_t msg_ndefs;

#endif
