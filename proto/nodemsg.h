/*
 * What a node says to its servers, and hears.
 *
 * A node proves who it is by the secret it chose when it first registered.
 * Index is the servers' Raft index: it survives a change of leader, so it is
 * the sequence number of everything that a node follows.
 */
#ifndef PROTO_NODEMSG_H
#define PROTO_NODEMSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rec.h"
#include "proto/alloc.h"
#include "proto/node.h"

/* Registers a node or writes its record again (new fingerprint). The secret
 * is in node.secret_id. */
struct node_register {
	struct node node;
};

/* Renews the lease; goes not through Raft unless the status changes. */
struct node_lease {
	char *node_id;
	char *secret_id;
	char *status; /* "ready" or "initializing" */
};

/* The answer to both. A node that has not renewed within ttl_ms may be
 * called down. known false: the servers do not know this node, register. */
struct node_leased {
	uint64_t index;
	uint64_t ttl_ms;
	bool known;
	char **servers; /* RPC URLs that may be asked, this one first */
	size_t nservers;
	uint64_t seq;       /* of the newest update of this node that we know */
	uint64_t http_port; /* of the API, on the server that answers */
};

/*
 * Held until an allocation of this node has changed after index. at and after
 * come from the last answer: set, it goes on from there, and is not held.
 */
struct node_allocs {
	char *node_id;
	char *secret_id;
	uint64_t index;
	uint64_t at;
	char *after;
};

/*
 * Allocations of the node whose server-side part (AllocModifyIndex) is newer
 * than what was asked, whole, with their jobs. full: all that there are, so
 * what is not listed is gone (always so for index 0). Otherwise `gone` lists
 * ids that the servers have forgotten.
 *
 * What would be too long for one message comes in parts, in the order of
 * AllocModifyIndex and id. All but the last part say at and after, which go
 * into the next request beside the index, and full parts are one list: what is
 * gone is known with the last. A part that is full begins the list anew.
 */
struct node_allocs_news {
	uint64_t index;
	bool full;
	struct alloc *allocs;
	size_t nallocs;
	char **gone;
	size_t ngone;
	uint64_t at;
	char *after; /* NULL or "": the last part */
};

/*
 * The node's side of its allocations: only id, client_status,
 * client_description, task_states, deployment_status, network_status and
 * alloc_states are looked at. seq grows with each update of the node, beyond
 * what the servers told it in node_leased: one that comes late, after a newer
 * one, changes nothing. 0 is always looked at. The same holds for
 * services_update. index is the highest that the node has heard of: a leader
 * that is not there yet, for who told the node was quicker, does not know what
 * it is told of, and refuses with ERR_BUSY.
 */
struct node_update {
	char *node_id;
	char *secret_id;
	struct alloc *allocs;
	size_t nallocs;
	uint64_t seq, index;
};

/* An event line for the node's record ("driver: healthy"). */
struct node_event_put {
	char *node_id;
	char *secret_id;
	struct node_event *events;
	size_t nevents;
};

/*
 * A node that is about to end drains itself; one that has come back is
 * eligible again. Asked for the first, and again with only `look`, until the
 * answer says that it is done.
 */
struct node_drain_ask {
	char *node_id;
	char *secret_id;
	int64_t deadline; /* ns; 0: none; below 0: all goes at once */
	bool ignore_system_jobs;
	bool look; /* changes nothing */
	bool back; /* ends a drain of its own, and makes it eligible */
};
struct node_drain_answer {
	uint64_t index;
	bool done; /* it does not drain (any more) */
};

struct indexed {
	uint64_t index;
};

/* Published by nodeagent under "alloc.changed". */
struct alloc_event {
	char *alloc_id;
	char *job_id;
	char *task; /* "" for the allocation as a whole */
	char *what; /* client status, or the task event's type */
};

/* A row of `nodectl allocs`. */
struct alloc_row {
	char *id;
	char *job_id;
	char *group;
	char *task;
	char *driver;
	char *desired;
	char *status;
	int64_t pid;
	uint64_t restarts;
};
struct alloc_rows {
	struct alloc_row *rows;
	size_t nrows;
};

/* Rows of `schedctl jobs`, `schedctl nodes` and `schedctl evals`. */
struct sched_row {
	char *id;
	char *kind;
	char *name;
	char *status;
	int64_t priority;
	uint64_t index;
	char *detail;
};
struct sched_rows {
	struct sched_row *rows;
	size_t nrows;
};

extern const struct rec_type node_register_type, node_lease_type,
    node_leased_type, node_allocs_type, node_allocs_news_type, node_update_type,
    node_event_put_type, node_drain_ask_type, node_drain_answer_type,
    indexed_type, alloc_event_type, alloc_row_type, alloc_rows_type,
    sched_row_type, sched_rows_type;

#endif
