#include "cmd/schedd/state.h"

#include <string.h>

#include "cmd/schedd/state_put.h"
#include "cmd/schedd/text.h"
#include "common/mem.h"
#include "proto/version.h"

static const char *const desired_names[] = { "run", "stop", "evict" };
static const char *const client_names[] = { "pending", "running", "complete",
	"failed", "lost", "unknown" };

void
sched_state_init(struct sched_state *st)
{
	*st = (struct sched_state){ .level = 1,
		.level_known = ROVE_FEATURE_LEVEL,
		.packing = sched_packing_new() };
	TAILQ_INIT(&st->allocs);
	TAILQ_INIT(&st->services_by_index);
	st->config.scheduler_algorithm = xstrdup("binpack");
	st->config.preemption_config.system_scheduler_enabled = true;
	st->config.node_limit_for_feasibility_checks = 100;
	autopilot_init(&st->autopilot);
}

const char *
sched_key(struct buf *b, const char *ns, const char *id)
{
	buf_reset(b);
	buf_adds(b, sched_str(ns));
	buf_addc(b, '/');
	buf_adds(b, sched_str(id));
	return buf_str(b);
}

struct sched_job *
sched_job_entry(const struct sched_state *st, const char *ns, const char *id)
{
	struct buf key = { 0 };
	struct sched_job *j;

	sched_key(&key, ns, id);
	HASH_FIND(hh, st->jobs, key.data, key.len, j);
	buf_release(&key);
	return j;
}

struct sched_job *
sched_job_find(const struct sched_state *st, const char *ns, const char *id)
{
	struct sched_job *j = sched_job_entry(st, ns, id);

	return j != NULL && j->job != NULL ? j : NULL;
}

struct sched_node *
sched_node_entry(const struct sched_state *st, const char *id)
{
	struct sched_node *n;

	HASH_FIND_STR(st->nodes, sched_str(id), n);
	return n;
}

bool
sched_node_drained_itself(const struct node *n)
{
	const struct drain_metadata *last = n->last_drain;

	return last != NULL &&
	       sched_eq(rec_kv_get(last->meta, last->nmeta, "message"),
		   SCHED_SHUTTING_DOWN);
}

struct sched_node *
sched_node_find(const struct sched_state *st, const char *id)
{
	struct sched_node *n = sched_node_entry(st, id);

	return n != NULL && n->node != NULL ? n : NULL;
}

struct sched_alloc *
sched_alloc_find(const struct sched_state *st, const char *id)
{
	return alloctable_find(&st->alloc_ids, sched_str(id));
}

struct sched_eval *
sched_eval_find(const struct sched_state *st, const char *id)
{
	struct sched_eval *e;

	HASH_FIND_STR(st->evals, sched_str(id), e);
	return e;
}

struct sched_deployment *
sched_deployment_find(const struct sched_state *st, const char *id)
{
	struct sched_deployment *d;

	HASH_FIND_STR(st->deployments, sched_str(id), d);
	return d;
}

struct sched_service *
sched_service_find(const struct sched_state *st, const char *id)
{
	struct sched_service *s;

	HASH_FIND_STR(st->services, sched_str(id), s);
	return s;
}

struct sched_service_set *
sched_services_named(
    const struct sched_state *st, const char *ns, const char *name)
{
	struct buf key = { 0 };
	struct sched_service_set *s;

	sched_key(&key, ns, name);
	HASH_FIND(hh, st->services_by_name, key.data, key.len, s);
	buf_release(&key);
	return s;
}

struct sched_service_set *
sched_services_of_alloc(const struct sched_state *st, const char *alloc_id)
{
	struct sched_service_set *s;

	HASH_FIND_STR(st->services_by_alloc, sched_str(alloc_id), s);
	return s;
}

struct sched_version *
sched_version_find(const struct sched_job *j, uint64_t version)
{
	for (size_t i = 0; i < j->nversions; i++)
		if (j->versions[i]->job->version == version)
			return j->versions[i];
	return NULL;
}

struct sched_deployment *
sched_deployment_latest(const struct sched_job *j)
{
	struct sched_deployment *d, *best = NULL;

	TAILQ_FOREACH (d, &j->deployments, by_job)
		if (best == NULL ||
		    d->rec.create_index >= best->rec.create_index)
			best = d;
	return best;
}

bool
sched_alloc_is_client_terminal(const struct sched_alloc *a)
{
	return a->client == SCHED_COMPLETE || a->client == SCHED_FAILED ||
	       a->client == SCHED_LOST;
}

bool
sched_alloc_is_terminal(const struct sched_alloc *a)
{
	return a->desired != SCHED_RUN || sched_alloc_is_client_terminal(a);
}

const char *
sched_alloc_group(const struct sched_alloc *a)
{
	return a->job->groups[a->group].name;
}

const char *
sched_desired_name(enum sched_desired d)
{
	return desired_names[d];
}

const char *
sched_client_name(enum sched_client c)
{
	return client_names[c];
}

enum sched_desired
sched_desired_parse(const char *name)
{
	for (size_t i = 1; name != NULL && i <= SCHED_EVICT; i++)
		if (strcmp(desired_names[i], name) == 0)
			return (enum sched_desired)i;
	return SCHED_RUN;
}

enum sched_client
sched_client_parse(const char *name)
{
	for (size_t i = 1; name != NULL && i < SCHED_NCLIENT; i++)
		if (strcmp(client_names[i], name) == 0)
			return (enum sched_client)i;
	return SCHED_PENDING;
}

const char *
sched_job_status(const struct sched_job *j)
{
	const struct job *job = j->job;
	bool stays;

	if (job == NULL)
		return "dead";
	stays = sched_eq(job->type, "system") || job->periodic != NULL ||
		(job->parameterized_job != NULL && !job->dispatched);
	if (stays)
		return job->stop ? "dead" : "running";
	if (j->nlive > 0)
		return "running";
	if (j->nopen > 0)
		return "pending";
	return j->nevals > 0 || j->nallocs > 0 || job->stop ? "dead"
							    : "pending";
}

bool
sched_alloc_is_former(const struct sched_alloc *a)
{
	const struct job *now = a->job->job;

	return now != NULL &&
	       a->version->job->create_index != now->create_index;
}

static void
summarise(const struct sched_job *j, size_t i, struct task_group_summary *out)
{
	struct sched_group g = j->groups[i];
	const struct sched_alloc *a;

	if (j->has_former)
		TAILQ_FOREACH (a, &j->allocs, by_job)
			if (a->group == i && sched_alloc_is_former(a))
				g.count[a->client]--;
	*out = (struct task_group_summary){
		.key = xstrdup(g.name),
		.queued = g.queued,
		.complete = g.count[SCHED_COMPLETE],
		.failed = g.count[SCHED_FAILED],
		.running = g.count[SCHED_RUNNING],
		.starting = g.count[SCHED_PENDING],
		.lost = g.count[SCHED_LOST],
		.unknown = g.count[SCHED_UNKNOWN],
	};
}

void
sched_job_summary(const struct sched_job *j, struct job_summary *out)
{
	*out = (struct job_summary){
		.job_id = xstrdup(j->id),
		.namespace = xstrdup(j->ns),
		.create_index = j->job != NULL ? j->job->create_index : 0,
		.modify_index = j->summary_index,
		.summary = xcalloc(j->ngroups, sizeof *out->summary),
		.nsummary = j->ngroups,
		.children = xcalloc(1, sizeof *out->children),
	};
	for (size_t i = 0; i < j->ngroups; i++)
		summarise(j, i, &out->summary[i]);
	rec_sort_maps(&job_summary_type, out);
}

bool
sched_eval_is_terminal(const struct eval *e)
{
	return sched_eq(e->status, "complete") ||
	       sched_eq(e->status, "failed") || sched_eq(e->status, "canceled");
}

bool
sched_eval_is_of_part(const struct eval *e)
{
	return e->wait_until != 0 || sched_eq(e->triggered_by, "preemption");
}

bool
sched_deployment_is_active(const struct deployment *d)
{
	static const char *const active[] = { "running", "paused",
		"initializing", "pending", "blocked", "unblocking" };

	for (size_t i = 0; i < sizeof active / sizeof active[0]; i++)
		if (sched_eq(d->status, active[i]))
			return true;
	return false;
}

bool
sched_node_is_ready(const struct node *n)
{
	return sched_eq(n->status, "ready") && n->drain_strategy == NULL &&
	       !n->drain && !sched_eq(n->scheduling_eligibility, "ineligible");
}
