/*
 * schedd's core: what a server decides.
 *
 * A state machine without I/O. Events go in: requests from nodes and people,
 * commands that the log has committed, the passing of time. Actions come
 * out: propose this command, answer that request. The shell carries them
 * out; a simulator can too.
 *
 *	sched_core_clock(core, now_ms, wall_ns);   once a turn
 *	sched_core_...(core, ...);                 the events of the turn
 *	while (sched_core_next(core, &act)) ...    what follows from them
 *
 * Requests that change something are answered by an action later, once; req
 * is the shell's own number for the request. What only reads is read from
 * sched_core_state(), which only sched_core_applied() and
 * sched_core_restored() change.
 *
 * Only the leader decides. On other servers requests are refused with
 * ERR_NOT_LEADER, and nothing but applying goes on.
 */
#ifndef SCHEDD_CORE_H
#define SCHEDD_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/schedd/broker.h"
#include "cmd/schedd/probe.h"
#include "cmd/schedd/state.h"
#include "common/err.h"
#include "common/rec.h"
#include "proto/api.h"
#include "proto/cmd.h"
#include "proto/nodemsg.h"

#define SCHED_CORE_MAX_PENDING 10000 /* requests not yet answered */

struct sched_core_opts {
	uint64_t seed;      /* of every chance the core takes */
	const char *region; /* copied; NULL is "global" */
	uint64_t http_port; /* of our API, told to nodes; 0: none */
	/* A node's lease: at least lease_min_ms, longer so that all nodes
	 * together renew no more often than lease_rate a second; it is told
	 * at random up to twice that. Down after lease_grace_ms more. */
	uint64_t lease_min_ms;
	uint64_t lease_grace_ms;
	uint64_t lease_rate;
	uint64_t failover_ttl_ms; /* for all nodes after a change of leader */
	/* Of jobs, and of all else; 0: only when asked. */
	uint64_t job_gc_interval_ms, gc_interval_ms;
	int64_t gc_eval_ns, gc_batch_eval_ns, gc_job_ns, gc_node_ns,
	    gc_deployment_ns;
	/* Written by the leader of a state that has none yet, where it is not
	 * the default. */
	struct autopilot_configuration autopilot;
	struct sched_probe probe; /* zeroed: nobody asks */
	/* The feature level that this program knows (proto/version.h). */
	uint64_t level_known;
};

/* The defaults: that a node is down is noticed within 5 seconds, as long as
 * there are no more than 7,500. */
void sched_core_opts_init(struct sched_core_opts *opts);

struct sched_core;

struct sched_core *sched_core_new(const struct sched_core_opts *opts);
void sched_core_free(struct sched_core *c);

/* The state; only for reading, watching and writing a snapshot. */
struct sched_state *sched_core_state(struct sched_core *c);

/* RPC URLs of all servers, copied: the leader tells them to nodes. */
void sched_core_servers(struct sched_core *c, char *const *urls, size_t n);

/* --- time --- */

/* Monotonic and wall clock of this turn. */
void sched_core_clock(struct sched_core *c, uint64_t now_ms, int64_t wall_ns);

/* Does what is due. */
void sched_core_tick(struct sched_core *c);

/* When sched_core_tick() should be called next (UINT64_MAX: no need). */
uint64_t sched_core_due_ms(const struct sched_core *c);

/* --- the log --- */

/* This server became the leader, after applying all that was committed
 * before; or is no longer. Losing it refuses all pending requests
 * with ERR_GONE: what was proposed may yet be committed by the next leader. */
void sched_core_lead(struct sched_core *c, bool leading);

/*
 * All servers of the cluster know that feature level: the leader raises the
 * one in force, if that is lower, and if it knows it itself. May be said
 * again and again.
 */
void sched_core_raise_level(struct sched_core *c, uint64_t level);

/* A committed command, on every server, in order. -1: see fsm_apply(). */
int sched_core_applied(struct sched_core *c, uint64_t index, const void *bytes,
    size_t n, struct err *err);

/* The id of the last state that a cmd_restore brought in; "" when none was.
 * Borrowed. */
const char *sched_core_restored(const struct sched_core *c);

/*
 * Whether a command may go into the log. What fits into it and does not
 * decode would stop every server at every start.
 */
int sched_core_check(const void *bytes, size_t n, struct err *err);

/* The proposal was not taken and never will be. */
void sched_core_not_taken(
    struct sched_core *c, uint64_t proposal, const struct err *err);

/* A snapshot came in the place of the log. On failure nothing changes. */
int sched_core_restore(
    struct sched_core *c, sched_read_fn *read, void *ctx, struct err *err);

/* --- what follows --- */

enum sched_act_kind {
	SCHED_ACT_PROPOSE, /* bytes, under the number `proposal` */
	SCHED_ACT_REPLY,   /* request `req` is answered with `body` */
	SCHED_ACT_REFUSE,  /* request `req` is refused with `err`; `body`: by
			    * what is there already, or NULL */
};

struct sched_act {
	enum sched_act_kind kind;
	uint64_t proposal;
	const uint8_t *bytes; /* borrowed, as body is, until the next call */
	size_t n;
	bool can_wait;   /* PROPOSE: a little, for others to go with */
	bool is_untaken; /* REFUSE: it was certainly not proposed, for want of
			  * a leader; the next one may be asked */
	uint64_t req;
	const struct rec_type *type; /* of the body; NULL: none */
	const void *body;
	uint64_t index; /* for X-Nomad-Index */
	struct err err; /* ERR_NOT_FOUND, ERR_BAD, ERR_CONFLICT, ... */
};

/* The next action, oldest first; false when there is none. */
bool sched_core_next(struct sched_core *c, struct sched_act *act);

/* --- from nodes: the body is the message's, the answer its reply --- */

void sched_core_node_register(
    struct sched_core *c, uint64_t req, const struct node_register *m);
void sched_core_node_lease(
    struct sched_core *c, uint64_t req, const struct node_lease *m);
void sched_core_node_update(
    struct sched_core *c, uint64_t req, const struct node_update *m);
void sched_core_node_events(
    struct sched_core *c, uint64_t req, const struct node_event_put *m);
/* A node that ends drains itself, or is back. */
void sched_core_node_self_drain(
    struct sched_core *c, uint64_t req, const struct node_drain_ask *m);
void sched_core_services_update(
    struct sched_core *c, uint64_t req, const struct services_update *m);

/* Whether the node with this id chose this secret: to be asked before a
 * held request (node-allocs) is served. */
bool sched_core_knows_node(
    const struct sched_core *c, const char *node_id, const char *secret_id);

/* --- from people: canonicalised, checked, proposed, answered --- */

/* Answered with job_register_response. The job's namespace and id must
 * already be those of the path. */
void sched_core_job_register(
    struct sched_core *c, uint64_t req, const struct job_register_request *r);

/* job_deregister_response. */
void sched_core_job_deregister(struct sched_core *c, uint64_t req,
    const char *ns, const char *id, bool purge, int64_t eval_priority);

/* job_register_response. */
void sched_core_job_evaluate(struct sched_core *c, uint64_t req, const char *ns,
    const char *id, bool force_reschedule);

/* job_register_response; the group comes from target["Group"]. */
void sched_core_job_scale(struct sched_core *c, uint64_t req, const char *ns,
    const char *id, const struct scaling_request *r);

/* job_register_response; has_prior: refused unless that is the current. */
void sched_core_job_revert(struct sched_core *c, uint64_t req, const char *ns,
    const char *id, uint64_t version, bool has_prior, uint64_t prior);

/* job_register_response. */
void sched_core_job_stable(struct sched_core *c, uint64_t req, const char *ns,
    const char *id, uint64_t version, bool stable);

/* What registering the job would do; nothing is changed, so it is answered
 * at once. out is on the heap. -1: the job is refused. */
int sched_core_job_plan(struct sched_core *c, const struct job_plan_request *r,
    struct job_plan_response *out, struct err *err);

/* Canonicalises a copy of the job and checks it, as registering would. */
void sched_core_job_validate(struct sched_core *c, const struct job *job,
    struct job_validate_response *out);

/* alloc_stop_response. */
void sched_core_alloc_stop(
    struct sched_core *c, uint64_t req, const char *id, bool no_shutdown_delay);

/* node_eligibility_update_response. */
void sched_core_node_eligibility(
    struct sched_core *c, uint64_t req, const char *id, bool eligible);

/* node_drain_update_response; without a drain_spec the drain ends. */
void sched_core_node_drain(struct sched_core *c, uint64_t req, const char *id,
    const struct node_update_drain_request *m);

/* node_purge_response. */
void sched_core_node_purge(struct sched_core *c, uint64_t req, const char *id);

/* Evaluates all jobs that the node may matter to; node_purge_response
 * without a purge. */
void sched_core_node_evaluate(
    struct sched_core *c, uint64_t req, const char *id);

/* Promotes all groups (n 0) or those named; deployment status changes to
 * "failed" or "paused"/"running". Both: job_register_response. */
void sched_core_deployment_promote(struct sched_core *c, uint64_t req,
    const char *id, char *const *groups, size_t n);
/* Allocations whose health somebody has judged. Borrowed. */
struct sched_health_set {
	char **healthy, **unhealthy; /* ids */
	size_t nhealthy, nunhealthy;
};
void sched_core_deployment_health(struct sched_core *c, uint64_t req,
    const char *id, const struct sched_health_set *set);
void sched_core_deployment_status(
    struct sched_core *c, uint64_t req, const char *id, const char *status);

/* No body. */
void sched_core_service_delete(struct sched_core *c, uint64_t req,
    const char *ns, const char *name, const char *id);
/* Forgets all that is over, of every kind and however young. */
void sched_core_system_gc(struct sched_core *c, uint64_t req);
/* Counts the allocations of every job anew, on this server. */
void sched_core_reconcile_summaries(struct sched_core *c, uint64_t req);
void sched_core_sched_config(struct sched_core *c, uint64_t req,
    const struct scheduler_configuration *config);
/* Checked already. No body. */
void sched_core_autopilot(struct sched_core *c, uint64_t req,
    const struct autopilot_configuration *config);

/*
 * A variable is written; its namespace and path are those of the request, its
 * indexes and times are not looked at. cas: only if its ModifyIndex is that (0:
 * if it does not exist); NULL: whatever there is. Answered with it as it is
 * then; refused with ERR_CONFLICT and the one that is there.
 */
void sched_core_variable_put(struct sched_core *c, uint64_t req,
    const struct variable *v, const uint64_t *cas);
/* The same for one that goes, if it is there; no body. */
void sched_core_variable_delete(struct sched_core *c, uint64_t req,
    const char *ns, const char *path, const uint64_t *cas);

/*
 * A node pool is written; its indexes are not looked at. Refused with ERR_BAD
 * where node_pool_check() does, with ERR_CONFLICT while an older server is in
 * the cluster. No body.
 */
void sched_core_pool_put(
    struct sched_core *c, uint64_t req, const struct node_pool *pool);
/* The same for one that goes; refused while a node or a live job is in it. */
void sched_core_pool_delete(
    struct sched_core *c, uint64_t req, const char *name);

/* --- looking inside (ctl, metrics) --- */

struct sched_core_stats {
	size_t ready; /* evaluations */
	size_t unacked;
	size_t waiting; /* for their time, or behind another of their job */
	size_t behind;  /* ... of those, the latter */
	size_t queue_ready[BROKER_NQUEUES], queue_unacked[BROKER_NQUEUES];
	size_t runs; /* evaluations on their way through scheduler and log */
	size_t blocked;
	size_t escaped; /* blocked ones that no class of nodes can tell */
	size_t pending; /* requests */
	uint64_t plans;
	uint64_t plans_partial;
	uint64_t leases;
	uint64_t leases_expired;
	uint64_t
	    leases_forgiven; /* times that all were extended: see lease.h */
};
void sched_core_stats(const struct sched_core *c, struct sched_core_stats *s);
/* Calls fn for each evaluation that waits for room. */
void sched_core_each_blocked(struct sched_core *c,
    void (*fn)(void *ctx, const struct eval *e), void *ctx);

#endif
