/*
 * From an agent's configuration to what is to be started: the daemons, in
 * order, each with the text of its config file, and the addresses that they
 * will listen at. Plain functions on plain data.
 *
 * server { } asks for gossipd and schedd, client { } for nodeagent, either of
 * them for metricsd, lb { } (or -dev) for lbd.
 */
#ifndef PROTO_AGENT_PLAN_H
#define PROTO_AGENT_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "proto/agent.h"

#define PLAN_MAX_DAEMONS 5
#define PLAN_MAX_ADDRS   8

#define PLAN_SERVERS_MAX 9 /* of a cluster */
#define PLAN_RAFT_OFFSET 2 /* less than ports.rpc: 4645 */

/* Ports that Nomad has no names for, counted from ports.http. */
#define PLAN_METRICS_OFFSET 3  /* 4649 */
#define PLAN_NODE_OFFSET    10 /* 4656: a nodeagent beside a schedd */
#define PLAN_LB_PORT        9999
#define PLAN_LB_UI_PORT     9998

struct plan_daemon {
	const char *name; /* program, and the name of its config file */
	struct buf conf;
	uint64_t stop_ms; /* how long it may take to stop */
};

struct plan_addr {
	const char *daemon;
	const char *what;
	char *addr; /* "127.0.0.1:4646" */
};

struct plan {
	struct plan_daemon daemons[PLAN_MAX_DAEMONS];
	size_t ndaemons;
	struct plan_addr addrs[PLAN_MAX_ADDRS];
	size_t naddrs;
};

/* c must have been settled; data_dir holds what daemons keep, run_dir their
 * sockets. */
void plan_make(struct plan *p, const struct agent_config *c,
    const char *data_dir, const char *run_dir);
void plan_release(struct plan *p);

/* --- agent_plan_has.c: what a configuration asks for --- */

/* True when the config enables the raw_exec driver: by its plugin block, or
 * by the older option. */
bool plan_has_raw_exec(const struct agent_config *c);

/* The nodeagent's data_dir. Caller frees. */
char *plan_client_dir(const struct agent_config *c, const char *data_dir);

/* True when the server is to hear others: it expects some, or joins them, or
 * may be joined. A server of neither, as with -dev, is a cluster by itself. */
bool plan_has_raft(const struct agent_config *c);

/* True when lbd is to run. */
bool plan_has_lb(const struct agent_config *c);

#endif
