/*
 * What the parts of the core share; see core.h.
 *
 *	core.c        its life, time, requests and actions
 *	core_apply.c  the log, answers, and what follows
 *	core_node.c   nodes register; leases; evaluations for nodes
 *	core_update.c what nodes tell of their allocations
 *	core_job.c    what people ask about jobs (core_job.h)
 *	core_scale.c  ... about how many there shall be
 *	core_plan.c   ... about what would be
 *	core_var.c    ... about variables
 *	core_pool.c   ... about node pools
 *	core_admin.c  what people ask about all else
 *	core_gc.c     garbage
 *	core_eval.c   evaluations: run, ended
 *	core_track.c  ... made, tracked
 *	core_cut.c    what of a plan one command can hold
 *	core_deploy.c deployments: their deadlines and their ends
 *	core_drain.c  draining nodes
 *	core_level.c  the feature level
 */
#ifndef SCHEDD_CORE_IMPL_H
#define SCHEDD_CORE_IMPL_H

#include <sys/queue.h>

#include "cmd/schedd/blocked.h"
#include "cmd/schedd/broker.h"
#include "cmd/schedd/core.h"
#include "cmd/schedd/fsm.h"
#include "cmd/schedd/lease.h"
#include "cmd/schedd/nodetable.h"
#include "common/rng.h"
#include "common/table.h"

#define CORE_MAX_RUNS       8     /* plans on their way through the log */
#define CORE_TURN_WORK      2500  /* work in a turn; see scheduler_view */
#define CORE_PLAN_WORK      2000  /* ... for one plan */
#define CORE_ALLOC_WORK     4     /* ... to write an allocation */
#define CORE_TURN_LOST      16    /* nodes that are called down in one turn */
#define CORE_LATE_MS        100   /* so late, we have been deaf meanwhile ... */
#define CORE_HEAR_MS        500   /* ... and hear what was said in this time */
#define CORE_DELIVERIES     3     /* of an evaluation, before it fails */
#define CORE_FIRST_NACK_MS  1000  /* before it is looked at again, ... */
#define CORE_NEXT_NACK_MS   20000 /* ... and later */
#define CORE_AGAIN_MS       1000  /* before what was not taken is tried again */
#define CORE_RETRY_MS       60000 /* for those whose plans never fitted */
#define CORE_EXPIRED_MS     5000  /* before a lost node is told of again */
#define CORE_FOLLOW_UP_S    60    /* a failed evaluation is tried again, */
#define CORE_FOLLOW_UP_SPAN 300   /* at random up to so much later */

/* How the one who asked is answered when the command is applied. */
enum core_answer {
	CORE_EMPTY,
	CORE_INDEXED,
	CORE_LEASED,
	CORE_REGISTERED,
	CORE_DEREGISTERED,
	CORE_DEPLOYED,
	CORE_ALLOC_STOPPED,
	CORE_ELIGIBLE,
	CORE_DRAINED,
	CORE_SELF_DRAINED,
	CORE_PURGED,
	CORE_VARIABLE,
};

struct core_run;
TAILQ_HEAD(core_runs, core_run);

/* Evaluations that are being made, on the heap. */
struct core_evals {
	struct eval *evals;
	size_t n, cap;
};

/* A command on its way through the log, and who waits for it. */
struct core_pending {
	uint64_t proposal;
	int64_t began; /* see probe.h */
	bool has_req;
	uint64_t req;
	enum core_answer answer;
	char **eval_ids; /* that it makes */
	size_t neval_ids;
	char *node_id;     /* CORE_LEASED: whose lease */
	uint64_t wish;     /* what that node asked for, hashed; 0: it has not */
	char *warnings;    /* CORE_REGISTERED */
	uint64_t reverted; /* CORE_DEPLOYED: to this version of the job */
	bool has_reverted;
	struct core_run *run; /* it is an evaluation's plan, or its end */
	unsigned gc_kinds;    /* it forgets; enum sched_gc_kind */
	bool has_more;        /* garbage than one command can name */
	bool is_drain;
	bool is_level;
	bool is_loss;            /* of node_id */
	struct core_evals evals; /* to be proposed again if not taken */
	UT_hash_handle hh;
};

struct core_act {
	struct sched_act act;
	struct buf bytes;
	void *body; /* owned; of act.type */
	TAILQ_ENTRY(core_act) entry;
};
TAILQ_HEAD(core_acts, core_act);

struct sched_core {
	struct sched_core_opts opts;
	char *region;
	char **servers; /* RPC URLs */
	size_t nservers;
	struct rng rng;
	struct sched_state state;
	struct nodetable nodes; /* of the state, for schedulers */
	uint64_t now_ms;
	int64_t wall_ns;
#ifdef SCHED_PLANTS
	uint64_t wall_base_ms;
#endif

	bool leading;
	char client[SCHED_ID_SIZE]; /* of this term of office */
	uint64_t next_proposal;
	struct core_pending *pending;
	struct map coming; /* node id to the command that it asked for last */
	struct map losing; /* node id to the command that calls it lost */
	struct core_acts acts;
	struct core_act *current;

	struct broker broker;
	struct blocked blocked;
	struct leases leases;
	uint64_t lost_ms; /* when more were lost than a turn had time for */
	size_t nruns;
	struct core_runs again; /* that are to be looked at once more */
	uint64_t turn_ms;       /* the clock's turn, and the work done in it */
	size_t turn_work;
	bool runs_wait;            /* there is more to run in the next one */
	struct core_evals unsaid;  /* whose proposal was not taken */
	uint64_t again_ms;         /* what was not taken is tried; 0: nothing */
	uint64_t retry_ms;         /* 0: nothing is to be tried again */
	uint64_t gc_ms, job_gc_ms; /* 0: never */
	bool gc_busy;
	bool level_busy;        /* raising it is on its way */
	struct map deployments; /* active ones: id to struct core_deployment */
	struct dues deadlines;
	struct map draining; /* node id to struct core_drain */
	struct dues drains;
	bool drain_news; /* something changed that may let a drain go on */
	bool drain_busy; /* a step of it is on its way */
	char restored[SCHED_ID_SIZE]; /* the last state that was brought in */
	uint64_t restored_at;         /* all that it has is not newer; or 0 */
	struct sched_core_stats stats;
};

/* --- core.c --- */

/* Whether the request may be served; otherwise it has been refused. */
bool core_may_ask(struct sched_core *c, uint64_t req);
void core_refuse(struct sched_core *c, uint64_t req, enum err_code code,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void core_refuse_err(struct sched_core *c, uint64_t req, const struct err *err);
/* The body is on the heap and taken over. */
void core_reply(struct sched_core *c, uint64_t req, const struct rec_type *type,
    void *body, uint64_t index);

/* Refuses with the err, and what stands in the way: on the heap, taken over. */
void core_conflict(struct sched_core *c, uint64_t req,
    const struct rec_type *type, void *body, uint64_t index,
    const struct err *err);

/* Proposes a command; time, client and request are filled in, what cmd
 * points to is not kept. The result may be filled before the next event. */
struct core_pending *core_propose(struct sched_core *c, struct cmd *cmd);
/* The same for what may be written with the next command, soon. */
struct core_pending *core_propose_calmly(struct sched_core *c, struct cmd *cmd);
/* The same for a request that waits for it. */
struct core_pending *core_ask(struct sched_core *c, uint64_t req,
    struct cmd *cmd, enum core_answer answer);
/* A pending command is taken out; NULL: it is none of ours. */
struct core_pending *core_pending_take(struct sched_core *c, uint64_t proposal);
void core_pending_free(struct core_pending *p);
/* One whose command was not proposed. */
void core_refuse_untaken(
    struct sched_core *c, uint64_t req, const struct err *err);
/* Forgets what only a leader knows. */
void core_term_end(struct sched_core *c);
/* Does what has become possible. */
void core_pump(struct sched_core *c);
void core_evals_copy(struct core_evals *l, const struct eval *evals, size_t n);
/* Notes ids of evaluations for the answer. */
void core_note_evals(
    struct core_pending *p, const struct eval *evals, size_t n);
/* Proposes evaluations alone, in as many commands as it takes, and again
 * when they are not taken. */
void core_propose_evals(
    struct sched_core *c, const struct eval *evals, size_t n);

/* --- core_track.c --- */

/* A new pending evaluation of the job at the end of the list. */
struct eval *core_evals_add(struct sched_core *c, struct core_evals *l,
    const struct job *job, const char *trigger);
/* Whether the list has one for that job. */
bool core_evals_have(
    const struct core_evals *l, const char *ns, const char *job_id);
void core_evals_release(struct core_evals *l);

void core_eval_lead(struct sched_core *c);
/* Learns of evaluations that were written. */
void core_eval_track(struct sched_core *c, const struct eval *evals, size_t n);
/* A node gained room. */
void core_eval_gain(struct sched_core *c, const struct sched_node *n);
/* Ends those that a newer one has made needless. */
void core_cancel_needless(struct sched_core *c);

/* --- core_eval.c --- */

void core_eval_end(struct sched_core *c);
/* A run's command was applied, or never will be. */
void core_run_applied(struct sched_core *c, struct core_run *run,
    const struct cmd *cmd, const struct fsm_reply *reply);
void core_run_failed(struct sched_core *c, struct core_run *run);
void core_run_free(struct core_run *run);
/* Runs what is ready, as far as there is room, and time in this turn. */
void core_eval_pump(struct sched_core *c);
/* Something was done that takes the turn's time. */
void core_worked(struct sched_core *c, size_t work);

/* --- core_cut.c --- */

/* Shortens the lists, which stay borrowed, to what one command can hold;
 * true: something is left for another look. */
bool core_cut_plan(struct cmd_plan *plan);

/* --- core_node.c --- */

/* The node that asks; NULL: it is none of ours, and has been refused. */
const struct sched_node *core_ask_as_node(struct sched_core *c, uint64_t req,
    const char *node_id, const char *secret_id);
/* Evaluations of all jobs that the node may matter to. */
void core_node_evals(struct sched_core *c, const struct sched_node *n,
    const char *trigger, struct core_evals *out);
void core_node_lead(struct sched_core *c);
/* Of a node that is down: jobs are looked at of which a plan was on its way
 * there when it was called lost. */
void core_node_lost(struct sched_core *c, const struct sched_node *n);
void core_node_tick(struct sched_core *c);
/* The node's lease is renewed; the answer to it. */
struct node_leased *core_leased(
    struct sched_core *c, const char *node_id, uint64_t index);

/* --- core_update.c --- */

/* The allocation's group in its version of the job; NULL when it has none. */
const struct task_group *core_group_of(const struct sched_alloc *a);

/* --- core_pool.c --- */

/* A job's pool must be there: built in, described, or some node's. */
int core_pool_check_job(
    const struct sched_core *c, const struct job *job, struct err *err);

/* --- core_admin.c --- */

/* The configuration that a state begins with. */
void core_autopilot_lead(struct sched_core *c);
/* Healthy ones among the group's canaries. */
int64_t core_healthy_canaries(
    const struct sched_core *c, const struct deployment_state *g);

/* --- core_gc.c --- */

void core_gc_lead(struct sched_core *c);
void core_gc_end(struct sched_core *c);
void core_gc_tick(struct sched_core *c);
uint64_t core_gc_due_ms(const struct sched_core *c);
/* True when there is more garbage: who waits, waits for that, too. */
bool core_gc_goes_on(struct sched_core *c, const struct core_pending *p);

/* --- core_deploy.c --- */

/* Fails it for the request, as a group that runs out of time does. */
void core_deploy_fail(
    struct sched_core *c, uint64_t req, const struct sched_deployment *d);
void core_deploy_lead(struct sched_core *c);
void core_deploy_end(struct sched_core *c);
void core_deploy_observe(struct sched_core *c, const struct cmd *cmd);
/* Something of ours was not taken: it may be tried again. */
void core_deploy_failed(struct sched_core *c);
void core_deploy_tick(struct sched_core *c);

/* --- core_drain.c --- */

void core_drain_lead(struct sched_core *c);
void core_drain_end(struct sched_core *c);
/* The node's drain may have begun, changed or ended. */
void core_drain_node(struct sched_core *c, const struct sched_node *n);
void core_drain_tick(struct sched_core *c);
/* Goes on with what drains, if there was news. */
void core_drain_pump(struct sched_core *c);

/* --- core_var.c --- */

void core_answer_variable(struct sched_core *c, uint64_t req,
    const struct cmd_variable *u, const struct fsm_reply *r);

#endif
