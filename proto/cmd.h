/*
 * Commands: what the servers' log is made of.
 *
 * Every change of the cluster's state is one command. All servers apply the
 * same commands in the same order, so a command carries whatever chance and
 * time its effect depends on: ids are made, and the clock is read, by the
 * server that proposes it.
 *
 * Of the pointers in struct cmd one is set. A command that a server does not
 * know leaves them all NULL; such a server must not go on.
 */
#ifndef PROTO_CMD_H
#define PROTO_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rec.h"
#include "proto/alloc.h"
#include "proto/api.h"
#include "proto/autopilot.h"
#include "proto/catalog.h"
#include "proto/eval.h"
#include "proto/job.h"
#include "proto/node.h"
#include "proto/nodepool.h"
#include "proto/variable.h"

/* Commands inside a batch, and evaluations, allocations ... in one command.
 * A proposer splits what is larger. */
#define CMD_MAX_BATCH 1024

/* Of a snapshot, in one command, and in all that make it up. */
#define CMD_RESTORE_PART (1u << 20)
#define CMD_RESTORE_MAX  (256u << 20)

/* A new version of a job, or the same again. With enforce_index it is
 * refused unless the job's JobModifyIndex is job_modify_index (0: the job
 * must not exist). */
struct cmd_job_register {
	struct job job; /* canonical and checked */
	struct eval *eval;
	bool enforce_index;
	uint64_t job_modify_index;
	char *scaled_group; /* with `scaling`: the group it is about */
	struct scaling_event *scaling;
};

struct cmd_job_deregister {
	char *ns;
	char *job_id;
	bool purge;
	struct eval *eval;
};

/* Marks a version as known to be good. */
struct cmd_job_stable {
	char *ns;
	char *job_id;
	uint64_t version;
	bool stable;
};

struct cmd_node_register {
	struct node node; /* secret_id included */
	struct eval *evals;
	size_t nevals;
};

/* status, eligibility: NULL or "" leaves it as it is. */
struct cmd_node_status {
	char *node_id;
	char *status;
	char *eligibility;
	struct node_event *events;
	size_t nevents;
	struct eval *evals;
	size_t nevals;
};

/* strategy NULL ends the drain. */
struct cmd_node_drain {
	char *node_id;
	struct drain_strategy *strategy; /* NULL: it ends */
	bool mark_eligible;
	struct eval *evals;
	size_t nevals;
	struct rec_kv *meta; /* what people say about it */
	size_t nmeta;
	bool complete; /* it ends because nothing is left to move */
};

struct cmd_eval_upsert {
	struct eval *evals;
	size_t nevals;
};

struct job_key {
	char *ns;
	char *id;
};

/* Forgets what is listed; what is not there is skipped. */
struct cmd_reap {
	char **evals;
	size_t nevals;
	char **allocs;
	size_t nallocs;
	char **deployments;
	size_t ndeployments;
	struct job_key *jobs;
	size_t njobs;
	char **nodes;
	size_t nnodes;
};

/* The node's side of allocations (see struct node_update). */
struct cmd_alloc_client {
	struct alloc *allocs;
	size_t nallocs;
	struct eval *evals;
	size_t nevals;
	char *node_id;
	uint64_t seq;
};

/* Asks that allocations be stopped, moved or rescheduled. */
struct cmd_alloc_transition {
	char **allocs;
	size_t nallocs;
	struct desired_transition transition;
	struct eval *evals;
	size_t nevals;
};

/* An allocation that exists and shall end. Empty text leaves the member as
 * it is. */
struct plan_stop {
	char *alloc_id;
	char *desired_status; /* "stop" or "evict"; "" leaves it running */
	char *desired_description;
	char *client_status; /* "lost", "unknown" */
	char *followup_eval_id;
	char *preempted_by;
	char *last_reschedule; /* into the tracker; "" none */
};

struct deployment_change {
	char *deployment_id;
	char *status;
	char *status_description;
};

/*
 * What a scheduler decided. Placed and updated allocations carry no job:
 * job_version says which. All or, node by node, a part of it is carried out
 * (see planapply.h); `evals` are written only when all is, but those with a
 * wait_until, which allocations name, at once.
 */
struct cmd_plan {
	char *eval_id;
	char *ns;
	char *job_id;
	bool all_at_once;
	uint64_t snapshot_index; /* of the state it was made from */
	struct plan_stop *stops;
	size_t nstops;
	struct plan_stop *preempts;
	size_t npreempts;
	struct alloc *places;
	size_t nplaces;
	struct alloc *updates; /* of allocations that exist */
	size_t nupdates;
	struct deployment *deployment; /* new, or written again */
	struct deployment_change *deployment_changes;
	size_t ndeployment_changes;
	struct eval *evals;
	size_t nevals;
};

/* What a deployment's watcher found. */
struct cmd_deployment {
	struct deployment_change change; /* status "" leaves it */
	char **promote;                  /* groups */
	size_t npromote;
	struct eval *evals;
	size_t nevals;
	bool stable;    /* the job's version is now known to be good */
	char **healthy; /* allocations */
	size_t nhealthy;
	char **unhealthy;
	size_t nunhealthy;
};

/*
 * A part of a snapshot of a whole state, in order; with the last one it takes
 * the place of the state that there is. The part at offset 0 begins anew,
 * whatever was gathered before.
 */
struct cmd_restore {
	char *id; /* of the restoring that it belongs to */
	uint64_t offset;
	struct rec_bytes bytes;
	bool last;
};

/* Writes a variable, or removes it (then only its namespace and path are
 * looked at). With enforce_index it is refused unless its ModifyIndex is
 * modify_index (0: it must not exist). */
struct cmd_variable {
	struct variable variable;
	bool remove;
	bool enforce_index;
	uint64_t modify_index;
};

/* Writes a node pool, or removes it, of which then only the name is looked
 * at. */
struct cmd_node_pool {
	struct node_pool pool;
	bool remove;
};

/* All servers know this feature level (proto/version.h), which is in force
 * from here on. */
struct cmd_level {
	uint64_t level;
};

struct cmd {
	int64_t time;     /* wall clock of the proposer, ns since 1970 */
	char *client;     /* who asks; "" where doing it twice is harmless */
	uint64_t request; /* grows with each of the client's commands */
	struct cmd_job_register *job_register;
	struct cmd_job_deregister *job_deregister;
	struct cmd_job_stable *job_stable;
	struct cmd_node_register *node_register;
	struct cmd_node_status *node_status;
	struct cmd_node_drain *node_drain;
	struct cmd_eval_upsert *eval_upsert;
	struct cmd_reap *reap;
	struct cmd_alloc_client *alloc_client;
	struct cmd_alloc_transition *alloc_transition;
	struct cmd_plan *plan;
	struct cmd_deployment *deployment;
	struct services_update *services;
	struct scheduler_configuration *sched_config;
	struct cmd *batch; /* applied in order under one index; not nested */
	size_t nbatch;
	struct cmd_restore *restore; /* never in a batch */
	struct autopilot_configuration *autopilot;
	struct cmd_variable *variable;
	struct cmd_level *level; /* never in a batch */
	struct cmd_node_pool *node_pool;
};

extern const struct rec_type cmd_job_register_type, cmd_job_deregister_type,
    cmd_job_stable_type, cmd_node_register_type, cmd_node_status_type,
    cmd_node_drain_type, cmd_eval_upsert_type, job_key_type, cmd_reap_type,
    cmd_alloc_client_type, cmd_alloc_transition_type, plan_stop_type,
    deployment_change_type, cmd_plan_type, cmd_deployment_type,
    cmd_restore_type, cmd_level_type, cmd_node_pool_type, cmd_variable_type,
    cmd_type;

/* The name of what the command does, such as "job-register"; "unknown". */
const char *cmd_name(const struct cmd *cmd);

#endif
