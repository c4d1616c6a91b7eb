/*
 * Which servers make up the cluster: decisions, without I/O.
 *
 * What is known of the region's servers comes from the tags of their members
 * in the pool, and from Raft; what is decided is carried out by servers.c.
 *
 * A new cluster is formed in two steps, so that no two servers ever see to
 * different ones: each tells which cluster it is ready to form, a number that
 * says exactly which servers; and only who sees all of those ready for the same
 * one begins. Who comes later, or finds that there is a cluster, waits with an
 * empty log until its leader adds it.
 */
#ifndef SCHEDD_CLUSTER_H
#define SCHEDD_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/raft/raft.h"
#include "proto/autopilot.h"

struct steady;

/* With autopilot's clean-up, a server that is dead (failed in the pool, or not
 * in it at all) and silent for that long is no longer one of the cluster, as
 * long as a majority is well without it. It is added again when it comes back.
 */
#define CLUSTER_DEAD_MS UINT64_C(60000)
/* Who has answered within that time is well. */
#define CLUSTER_WELL_MS UINT64_C(2000)

#define CLUSTER_WHY_MAX 256

enum cluster_status { CLUSTER_ALIVE, CLUSTER_FAILED, CLUSTER_LEFT };

/* A server of our region. Text is borrowed from whoever holds the list. */
struct cluster_server {
	uint64_t id;      /* Raft's */
	const char *uuid; /* its id as people know it */
	const char *name; /* of its member */
	const char *raft; /* URL; "": it stays alone */
	const char *rpc;  /* "host:port", for nodes */
	const char *http; /* "host:port"; "": not told */
	enum cluster_status status;
	int64_t expect;
	uint64_t cluster;    /* the one it is in; 0: none */
	uint64_t ready;      /* the one it is ready to form; 0: none */
	const char *version; /* of its program */
	uint64_t level;      /* the feature level that its program knows */
	uint64_t in_force;   /* the one of its state */
};

/* Servers, the first of which is this one. */
struct cluster_view {
	const struct cluster_server *servers;
	size_t n;
	/* Another region that the pool has servers of, or NULL. */
	const char *elsewhere;
	const uint64_t *reaped; /* whom the pool has forgotten */
	size_t nreaped;
};

/* NULL when it is not there. */
const struct cluster_server *cluster_find(
    const struct cluster_view *v, uint64_t id);

/* --- a server without a log --- */

enum cluster_how {
	CLUSTER_WAIT, /* ready tells for what, 0: for others */
	CLUSTER_FORM, /* with the config first */
	CLUSTER_JOIN, /* an existing one, which will add this server */
};

struct cluster_start {
	enum cluster_how how;
	uint64_t cluster; /* formed, joined, or ready for */
	struct raft_config first;
	bool is_wrong;             /* waiting alone will not help */
	char why[CLUSTER_WHY_MAX]; /* it waits: for what */
};

void cluster_start(const struct cluster_view *v, struct cluster_start *out);

/* --- the leader --- */

/* What Raft knows, as raft_node_info() tells it. */
struct cluster_raft {
	uint64_t cluster;
	const struct raft_config *config; /* in force */
	const struct raft_peer_status *peers;
	size_t npeers;
	const struct autopilot_configuration *pilot; /* what an operator says */
	const struct steady *steady;
	uint64_t now_ms; /* by the clock that steady goes by */
};

struct cluster_change {
	enum raft_change what;
	uint64_t id;
	const char *addr; /* borrowed from the view; or NULL */
	const char *why;  /* a word for the log */
};

/* The next change of the config that the pool asks for; false: none. None that
 * would leave too few that answer: others could wait behind it for ever. */
bool cluster_next(const struct cluster_view *v, const struct cluster_raft *raft,
    struct cluster_change *out);

/* The feature level that all servers of the config know, as far as they are
 * alive and tell; 0 when one is not. */
uint64_t cluster_level(
    const struct cluster_view *v, const struct raft_config *config);

/* An alive server that waits to be added and whose program is too old for
 * the state, or NULL. */
const struct cluster_server *cluster_outdated(
    const struct cluster_view *v, const struct cluster_raft *raft);

#endif
