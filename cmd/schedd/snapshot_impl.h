/*
 * Inside snapshot.c, snapshot_write.c and snapshot_read.c.
 *
 * A snapshot is a magic number, the format's version and frames: a kind, a
 * length and a packed record. Things come after what they refer to; the last
 * frame tells how many there were. A kind that is new is written only at the
 * feature level with which it came.
 */
#ifndef SCHEDD_SNAPSHOT_IMPL_H
#define SCHEDD_SNAPSHOT_IMPL_H

#include "cmd/schedd/state.h"
#include "proto/job.h"

#define SNAP_MAGIC  "rvsn"
#define SNAP_FORMAT 1

enum snap_kind {
	SNAP_META = 1,
	SNAP_CONFIG = 2,
	SNAP_NODE = 3,
	SNAP_JOB = 4,
	SNAP_VERSION = 5,
	SNAP_EVAL = 6,
	SNAP_DEPLOYMENT = 7,
	SNAP_ALLOC = 8,
	SNAP_SERVICE = 9,
	SNAP_CLIENT = 10,
	SNAP_TABLE = 11,
	SNAP_END = 12,
	SNAP_HELD = 13,
	SNAP_STAGED = 14, /* a cmd_restore */
	SNAP_AUTOPILOT = 15,
	SNAP_VARIABLE = 16,
	SNAP_POOL = 17, /* from NODE_POOL_LEVEL on */
};

struct snap_meta {
	uint64_t index;
	uint64_t frames; /* before the end; in SNAP_END */
	uint64_t index_base;
	uint64_t level; /* 0: 1 */
};

struct snap_table {
	uint64_t table;
	uint64_t index;
};

struct snap_group {
	char *name;
	int64_t queued;
	struct scaling_event *events;
	size_t nevents;
};

/* A job's entry. Of the versions that follow, those beyond `kept` are there
 * for allocations only. */
struct snap_job {
	char *ns;
	char *id;
	uint64_t kept;
	uint64_t summary_index;
	struct snap_group *groups;
	size_t ngroups;
};

/* Before an allocation whose job has forgotten its version: which of the
 * versions that were written it is, counted from 0. */
struct snap_held {
	uint64_t place;
};

struct snap_client {
	char *client;
	uint64_t request;
	uint64_t index;
	int64_t code;
	char *text;
};

extern const struct rec_type snap_meta_type, snap_table_type, snap_group_type,
    snap_job_type, snap_held_type, snap_client_type;

#endif
