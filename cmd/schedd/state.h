/*
 * The cluster's state: everything the servers agree on, in memory.
 *
 * It is changed by fsm_apply() alone (fsm.h) and by restoring a snapshot; so
 * all servers that applied the same commands hold the same state. Readers on
 * the state's thread may look at everything here and change nothing; what
 * they are handed is borrowed until the next command is applied.
 *
 * Jobs keep their last versions. An allocation is a small struct that the
 * schedulers read, and the rest of its record packed, which
 * sched_alloc_decode() unpacks when somebody asks. Allocations of a version
 * share its job.
 *
 * Entries exist as long as something refers to them: a purged job or node
 * whose allocations are still known has an entry without a record.
 */
#ifndef SCHEDD_STATE_H
#define SCHEDD_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "cmd/schedd/alloctable.h"
#include "common/arena.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/map.h"
#include "common/table.h"
#include "proto/alloc.h"
#include "proto/api.h"
#include "proto/autopilot.h"
#include "proto/catalog.h"
#include "proto/eval.h"
#include "proto/job.h"
#include "proto/node.h"
#include "proto/nodepool.h"
#include "proto/variable.h"

#define SCHED_ID_SIZE      37         /* of a UUID as text, with its NUL */
#define SCHED_JOB_VERSIONS 6          /* kept of a job, tagged ones besides */
#define SCHED_NEWS_BYTES   (4u << 20) /* packed, in one answer to a follower */
#define SCHED_MAX_GONE     4096 /* forgotten things still told of by name */
#define SCHED_MAX_EVENTS   10   /* of a node, of a group's scaling */
#define SCHED_MAX_CLIENTS  1024 /* in the do-once table */

/* --- what can be watched --- */

enum sched_topic {
	/* whole tables: key "" */
	SCHED_JOBS,
	SCHED_NODES,
	SCHED_ALLOCS,
	SCHED_EVALS,
	SCHED_DEPLOYMENTS,
	SCHED_SERVICES,
	SCHED_CONFIG,
	SCHED_VARIABLES,
	SCHED_NTABLES,
	/* one thing: key is its id; of jobs, services and variables, their
	 * namespace and name as sched_key() joins them */
	SCHED_JOB = SCHED_NTABLES,
	SCHED_JOB_ALLOCS,
	SCHED_JOB_EVALS,
	SCHED_JOB_DEPLOYMENTS,
	SCHED_NODE,
	SCHED_NODE_ALLOCS,
	SCHED_NODE_PULL, /* the servers' side of a node's allocations */
	SCHED_EVAL,
	SCHED_EVAL_ALLOCS,
	SCHED_ALLOC,
	SCHED_DEPLOYMENT,
	SCHED_DEPLOYMENT_ALLOCS,
	SCHED_SERVICE,
	SCHED_VARIABLE,
	SCHED_NTOPICS,
};

enum sched_desired { SCHED_RUN, SCHED_STOP, SCHED_EVICT };
enum sched_client {
	SCHED_PENDING,
	SCHED_RUNNING,
	SCHED_COMPLETE,
	SCHED_FAILED,
	SCHED_LOST,
	SCHED_UNKNOWN,
	SCHED_NCLIENT,
};

struct sched_job;
struct sched_node;
struct sched_eval;
struct sched_deployment;

/* One version of a job, shared by the job and its allocations. */
struct sched_version {
	struct job *job;
	size_t refs;
};

struct sched_port {
	int64_t value;
	uint32_t ip; /* the host address's number in the state */
};

/* What an allocation takes up, its tasks' lifecycles considered. */
struct sched_usage {
	int64_t cpu;
	int64_t memory_mb;
	int64_t memory_max_mb;
	int64_t disk_mb;
};

struct sched_alloc {
	char id[SCHED_ID_SIZE];
	uint8_t desired; /* enum sched_desired */
	uint8_t client;  /* enum sched_client */
	bool migrate : 1;
	bool reschedule : 1;
	bool force_reschedule : 1;
	bool has_healthy : 1;
	bool healthy : 1;
	bool canary : 1;
	bool has_next : 1;     /* a replacement exists */
	bool has_followup : 1; /* an evaluation will look at it again */
	bool complex : 1;      /* takes cores or devices: see the record */
	bool was_unknown : 1;  /* its states tell of that */
	uint16_t group;        /* place in job->groups */
	uint16_t nports;
	uint32_t name_index; /* n of "job.group[n]" */
	uint32_t packed_len;
	void *packed; /* its ports, and what else state_pack.c keeps */
	struct sched_job *job;
	struct sched_version *version;
	struct sched_node *node;
	struct sched_eval *eval;             /* NULL once forgotten */
	struct sched_deployment *deployment; /* NULL when none */
	const struct sched_usage *usage;     /* the state's */
	uint64_t create_index;
	uint64_t modify_index;
	uint64_t alloc_modify_index; /* of the servers' side */
	int64_t create_time;
	int64_t modify_time;
	TAILQ_ENTRY(sched_alloc) by_age; /* here */
	TAILQ_ENTRY(sched_alloc) by_job;
	TAILQ_ENTRY(sched_alloc) by_node;
	TAILQ_ENTRY(sched_alloc) by_eval;
	TAILQ_ENTRY(sched_alloc) by_deployment;
};
TAILQ_HEAD(sched_allocs, sched_alloc);

struct sched_eval {
	struct eval rec;
	struct sched_job *job; /* NULL for one without a job */
	struct sched_allocs allocs;
	uint64_t allocs_index;
	TAILQ_ENTRY(sched_eval) by_job;
	UT_hash_handle hh;
};
TAILQ_HEAD(sched_evals, sched_eval);

struct sched_deployment {
	struct deployment rec;
	struct sched_job *job;
	struct sched_allocs allocs;
	uint64_t allocs_index;
	TAILQ_ENTRY(sched_deployment) by_job;
	UT_hash_handle hh;
};
TAILQ_HEAD(sched_deployments, sched_deployment);

/* A group that a job has or had: its allocations, counted. */
struct sched_group {
	char *name;
	int64_t queued;
	int64_t count[SCHED_NCLIENT]; /* allocations by client status */
	struct scaling_event *events; /* newest last */
	size_t nevents;
};

struct sched_job {
	struct sched_packing *packing; /* the state's */
	char *key;                     /* sched_key() */
	char *ns;
	char *id;
	struct job *job; /* the current version; NULL when purged */
	struct sched_version **versions; /* newest first; [0] holds `job` */
	size_t nversions;
	struct sched_group *groups;
	size_t ngroups;
	struct sched_allocs allocs;
	struct sched_evals evals;
	struct sched_deployments deployments; /* oldest first */
	size_t nallocs;
	size_t nlive; /* allocations that are not terminal */
	size_t nevals;
	size_t nopen; /* evaluations that are not terminal */
	uint64_t allocs_index;
	uint64_t evals_index;
	uint64_t deployments_index;
	uint64_t summary_index;
	uint64_t kept;   /* versions, while a snapshot is read */
	bool has_former; /* one of this name was purged while it had
			  * allocations; maybe they are still here */
	UT_hash_handle hh;
};

struct sched_node {
	char *id;
	struct node *node; /* NULL when unknown */
	struct sched_allocs allocs;
	size_t nallocs;
	struct sched_usage usage; /* of what is not terminal here */
	struct sched_usage held;  /* ... and of what has not ended yet */
	size_t nheld;             /* allocations that have not ended */
	uint64_t allocs_index;
	uint64_t pull_index;
	UT_hash_handle hh;
};

struct sched_service {
	struct service_instance rec;
	TAILQ_ENTRY(sched_service) by_index; /* oldest change first */
	TAILQ_ENTRY(sched_service) by_name;
	TAILQ_ENTRY(sched_service) by_alloc;
	UT_hash_handle hh;
};
TAILQ_HEAD(sched_services, sched_service);

/* The instances of one service, or of one allocation. */
struct sched_service_set {
	char *key;
	struct sched_services services;
	size_t n;
	uint64_t index;
	UT_hash_handle hh;
};

struct sched_var {
	struct variable rec;
	char *key; /* sched_key() */
	UT_hash_handle hh;
};

/* One that people have described; SCHED_NODES tells of it. */
struct sched_pool {
	struct node_pool rec;
	UT_hash_handle hh; /* by rec.name */
};

/* Something forgotten, for those who follow changes. */
struct sched_gone {
	uint64_t index;
	char node_id[SCHED_ID_SIZE];
	char *id;
};
struct sched_gones {
	struct sched_gone *ring; /* SCHED_MAX_GONE of them, or NULL */
	size_t next;
	size_t n;
	uint64_t floor; /* nothing is known of what went up to here */
};

/* The last command of a client, and how it ended. */
struct sched_client_row {
	char *client;
	uint64_t request;
	uint64_t index;
	int64_t code;
	char *text;
};

struct sched_watch;

/* A snapshot that is being brought in, part by part. */
struct sched_staged {
	char id[SCHED_ID_SIZE];
	struct buf bytes;
};

struct sched_state {
	uint64_t index; /* of the last command applied */
	/* How much further that is than in the log: a state that was restored
	 * goes on behind the index that it had. */
	uint64_t index_base;
	/* The feature level in force (proto/version.h), and the one that this
	 * program knows: a state above that is refused. */
	uint64_t level, level_known;
	uint64_t tables[SCHED_NTABLES];
	struct sched_job *jobs; /* uthash heads, in order of insertion */
	char **namespaces;      /* that jobs were ever in */
	size_t nnamespaces;
	struct sched_node *nodes;
	struct sched_eval *evals;
	struct sched_deployment *deployments;
	struct sched_service *services;
	struct alloctable alloc_ids;
	struct sched_allocs allocs; /* oldest here first */
	struct sched_services services_by_index;
	struct sched_service_set *services_by_name;
	struct sched_service_set *services_by_alloc;
	struct sched_var *vars;
	struct sched_pool *pools;
	struct scheduler_configuration config;
	struct autopilot_configuration autopilot;
	struct sched_gones gone_allocs;
	struct sched_gones gone_services;
	struct sched_staged staged;
	struct sched_client_row *clients; /* least recently used first */
	size_t nclients;
	struct sched_host *hosts; /* addresses that ports stand on */
	struct sched_host *hosts_by_no;
	uint32_t next_host;
	struct sched_text *texts;      /* of nodes' attributes */
	struct sched_size *sizes;      /* that allocations have */
	struct sched_packing *packing; /* of allocations; state_pack.c */
	struct map watches;
	LIST_HEAD(sched_woken, sched_watch) woken; /* by this command */
};

void sched_state_init(struct sched_state *st);
void sched_state_release(struct sched_state *st);

/* --- finding (borrowed; NULL when there is none) --- */

/* "ns/id": how jobs, services and variables are keyed. The buf is reset first.
 */
const char *sched_key(struct buf *b, const char *ns, const char *id);

/* A job with a record. */
struct sched_job *sched_job_find(
    const struct sched_state *st, const char *ns, const char *id);
/* The same, or what is left of a purged one: its record is NULL. */
struct sched_job *sched_job_entry(
    const struct sched_state *st, const char *ns, const char *id);
/* What LastDrain says of a node that drains itself, as its "message". */
#define SCHED_SHUTTING_DOWN "shutting down"
/* Whether it did so last, and no operator has said since what becomes of it. */
bool sched_node_drained_itself(const struct node *n);
struct sched_node *sched_node_find(
    const struct sched_state *st, const char *id);
struct sched_alloc *sched_alloc_find(
    const struct sched_state *st, const char *id);
struct sched_eval *sched_eval_find(
    const struct sched_state *st, const char *id);
struct sched_deployment *sched_deployment_find(
    const struct sched_state *st, const char *id);
struct sched_service *sched_service_find(
    const struct sched_state *st, const char *id);
struct sched_service_set *sched_services_named(
    const struct sched_state *st, const char *ns, const char *name);
struct sched_service_set *sched_services_of_alloc(
    const struct sched_state *st, const char *alloc_id);
struct sched_var *sched_var_find(
    const struct sched_state *st, const char *ns, const char *path);
struct sched_pool *sched_pool_find(
    const struct sched_state *st, const char *name);

/* The job's version with that number. */
struct sched_version *sched_version_find(
    const struct sched_job *j, uint64_t version);
/* The job's newest deployment. */
struct sched_deployment *sched_deployment_latest(const struct sched_job *j);

/* for (struct sched_node *n = st->nodes; n; n = n->hh.next): every table is
 * walked so; allocations, of all or of a job, node or evaluation, with
 * TAILQ_FOREACH. Entries of st->jobs and st->nodes may have no record. */

/* --- reading --- */

/* Stopped or evicted, or ended at its node. */
bool sched_alloc_is_terminal(const struct sched_alloc *a);
/* Ended at its node: complete, failed or lost. */
bool sched_alloc_is_client_terminal(const struct sched_alloc *a);
const char *sched_alloc_group(const struct sched_alloc *a);
/* a->nports of them. */
const struct sched_port *sched_alloc_ports(const struct sched_alloc *a);
const char *sched_desired_name(enum sched_desired d);
const char *sched_client_name(enum sched_client c);

/* The number of a host address in the ports of allocations. One that no
 * allocation has gets a number beyond theirs, from its text, which is enough
 * to find collisions. */
uint32_t sched_ip(const struct sched_state *st, const char *ip);

/*
 * The whole record, in the arena. job is the allocation's version of its
 * job, borrowed from the state; with_job false leaves it NULL. Never
 * rec_clear() it.
 */
void sched_alloc_decode(const struct sched_alloc *a, struct arena *arena,
    bool with_job, struct alloc *out);

/* "pending", "running" or "dead", from what is known of the job now. */
const char *sched_job_status(const struct sched_job *j);

/* On the heap; rec_clear(&job_summary_type) it. */
/* Of a job that was purged before the one that has its name now. */
bool sched_alloc_is_former(const struct sched_alloc *a);
/* Without those of a former job. */
void sched_job_summary(const struct sched_job *j, struct job_summary *out);

/* Counts every group's allocations anew; how many counts were wrong, which can
 * only be a mistake of this program's. */
size_t sched_recount(struct sched_state *st);

bool sched_eval_is_terminal(const struct eval *e);
/* Whether one that a plan made belongs to what is carried out of it, even if
 * the rest is not: it looks later at an allocation, which names it, or at a job
 * that has lost some. */
bool sched_eval_is_of_part(const struct eval *e);
bool sched_deployment_is_active(const struct deployment *d);
bool sched_node_is_ready(const struct node *n); /* and eligible */

/* --- following --- */

/* The index of the last change of what the topic and key name. Of a thing
 * that does not exist it is its table's. */
uint64_t sched_index(
    const struct sched_state *st, enum sched_topic t, const char *key);

/*
 * Calls fn once, after the next command that changes what the topic and key
 * name; the watch is then gone. fn must not touch the state, but may watch
 * again. A caller that no longer cares calls sched_unwatch().
 */
typedef void sched_on_change(void *ctx);
struct sched_watch *sched_watch(struct sched_state *st, enum sched_topic t,
    const char *key, sched_on_change *fn, void *ctx);
void sched_unwatch(struct sched_state *st, struct sched_watch *w);

/*
 * What a node follows (nodemsg.h): its allocations changed on the servers'
 * side after index, the jobs' records with them, up to SCHED_NEWS_BYTES (though
 * at least one) in one part. Memory is the arena's.
 */
struct node_allocs;
struct node_allocs_news;
void sched_node_news(const struct sched_state *st,
    const struct node_allocs *ask, struct arena *arena,
    struct node_allocs_news *out);

/* What catalogs follow: instances changed after index. */
void sched_services_news(const struct sched_state *st,
    const struct services_ask *ask, struct arena *arena,
    struct services_news *out);

/* --- collecting garbage --- */

enum sched_gc_kind {
	SCHED_GC_JOBS = 1 << 0,
	SCHED_GC_EVALS = 1 << 1, /* with their allocations */
	SCHED_GC_DEPLOYMENTS = 1 << 2,
	SCHED_GC_NODES = 1 << 3,
	SCHED_GC_ALL = (1 << 4) - 1,
};

struct sched_gc {
	unsigned kinds; /* enum sched_gc_kind */
	int64_t now;    /* wall clock, ns */
	/* How long ago something must have ended, ns; 0 takes all. */
	int64_t eval_ns;
	int64_t batch_eval_ns;
	int64_t job_ns;
	int64_t node_ns;
	int64_t deployment_ns;
};
struct cmd_reap;

/* Fills out, on the heap, with what may be forgotten. At most CMD_MAX_BATCH
 * of each kind; true when there may be more. */
bool sched_gc_select(const struct sched_state *st, const struct sched_gc *gc,
    struct cmd_reap *out);

/* --- snapshots (snapshot_*.c) --- */

/* Takes the next bytes of a snapshot; -1 ends the writing. */
typedef int sched_write_fn(void *ctx, const void *p, size_t n);

/* Writes the state as a stream, format version first. Reads only, so that a
 * forked child may do it. Returns 0, or -1 as soon as the writer does. */
int sched_snapshot_write(
    const struct sched_state *st, sched_write_fn *write, void *ctx);

/* Gives up to n bytes, 0 at the end, -1 on failure; may be asked beyond. */
typedef long sched_read_fn(void *ctx, void *p, size_t n);

/*
 * Replaces what st holds with what the stream says. All watches fire. Every
 * length is checked; on failure (ERR_CORRUPT, or ERR_BAD for a format of
 * another version and for a feature level above level_known) st is as before.
 */
int sched_snapshot_read(
    struct sched_state *st, sched_read_fn *read, void *ctx, struct err *err);

/* Adds a part. -1: it does not follow what there is (ERR_CONFLICT), or is too
 * much. */
struct cmd_restore;
int sched_stage(
    struct sched_staged *s, const struct cmd_restore *part, struct err *err);
void sched_staged_release(struct sched_staged *s);

/* Whether these bytes could be read so, and are of that feature level at
 * most; changes nothing. */
int sched_snapshot_check(
    const void *bytes, size_t n, uint64_t level, struct err *err);

/*
 * Replaces what st holds with a state of another time, or another cluster:
 * what is in st->staged. It goes on behind both indexes, all of its tables
 * have changed, and whoever follows it is told all of it.
 */
int sched_snapshot_adopt(struct sched_state *st, struct err *err);

#endif
