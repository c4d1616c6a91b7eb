/*
 * Recorded cases of what may be forgotten: one allocation, and what each of
 * the core's collections reaps from a small state.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/gc.h"
#include "cmd/schedd/state_put.h"
#include "common/log.h"
#include "common/mem.h"
#include "proto/cmd.h"
#include "tests/lib/vectors.h"

#define GROUP "web"

static int64_t
number_of(const struct tree *t, const char *key)
{
	const struct tree *v = tree_get(t, key);

	return v != NULL && v->kind == TREE_INT ? v->i : 0;
}

static bool
is_map(const struct tree *t, const char *key)
{
	const struct tree *v = tree_get(t, key);

	return v != NULL && v->kind == TREE_MAP;
}

static void *
read_rec(const struct rec_type *type, const struct tree *t)
{
	void *rec = xcalloc(1, type->size);
	struct err err;

	if (rec_from_tree(type, rec, t, &err) == -1)
		log_fatal("%s: %s", type->name, err.text);
	return rec;
}

/* --- a state --- */

/* A case tells of a job what matters, and the policy of its one group. */
static struct job *
job_of(const struct tree *t, const char *id, int64_t version)
{
	struct job *j = xcalloc(1, sizeof *j);

	j->namespace = xstrdup("default");
	j->id = xstrdup(id);
	j->type = xstrdup(vector_str(t, "Type"));
	j->status = xstrdup(vector_str(t, "Status"));
	j->stop = vector_bool(t, "Stop");
	j->version = (uint64_t)version;
	j->submit_time = number_of(t, "SubmitTime");
	j->create_index = (uint64_t)number_of(t, "CreateIndex");
	if (is_map(t, "Periodic"))
		j->periodic =
		    read_rec(&periodic_config_type, tree_get(t, "Periodic"));
	if (is_map(t, "ParameterizedJob"))
		j->parameterized_job = read_rec(&parameterized_job_config_type,
		    tree_get(t, "ParameterizedJob"));
	j->ntask_groups = 1;
	j->task_groups = xcalloc(1, sizeof *j->task_groups);
	j->task_groups->name = xstrdup(GROUP);
	if (is_map(t, "ReschedulePolicy"))
		j->task_groups->reschedule_policy = read_rec(
		    &reschedule_policy_type, tree_get(t, "ReschedulePolicy"));
	return j;
}

static void
put_job(struct sched_state *st, const struct tree *t)
{
	const char *id = vector_str(t, "ID");
	struct sched_job *sj = sched_job_have(st, "default", id);
	int64_t newest = number_of(t, "Version");

	for (int64_t v = 0; v <= newest; v++) {
		struct job *j = job_of(t, id, v);

		if (v == 0 && vector_bool(t, "AnyVersionTagged"))
			j->version_tag = xcalloc(1, sizeof *j->version_tag);
		sched_put_version(st, sj, j);
	}
}

static void
put_alloc(struct sched_state *st, const struct tree *t)
{
	struct alloc *a = read_rec(&alloc_type, t);

	a->job_version = (uint64_t)number_of(t, "JobVersion");
	if (sched_put_alloc(st, a, a->modify_index) == NULL)
		log_fatal("alloc %s has no job", a->id);
	rec_clear(&alloc_type, a);
	free(a);
}

static void
put_eval(struct sched_state *st, const struct tree *t)
{
	struct eval *e = read_rec(&eval_type, t);

	free(e->namespace);
	e->namespace = xstrdup("default");
	sched_put_eval(st, e, 1);
	rec_clear(&eval_type, e);
	free(e);
}

static void
put_deployment(struct sched_state *st, const struct tree *t)
{
	struct deployment *d = read_rec(&deployment_type, t);

	free(d->namespace);
	d->namespace = xstrdup("default");
	sched_put_deployment(st, d, 1);
	rec_clear(&deployment_type, d);
	free(d);
}

static void
put_node(struct sched_state *st, const struct tree *t)
{
	sched_put_node(st, read_rec(&node_type, t), 1);
}

static void
put_all(struct sched_state *st, const struct tree *t)
{
	static const struct {
		const char *key;
		void (*put)(struct sched_state *st, const struct tree *t);
	} lists[] = {
		{ "Nodes", put_node },
		{ "Jobs", put_job },
		{ "Evaluations", put_eval },
		{ "Deployments", put_deployment },
		{ "Allocations", put_alloc },
	};

	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
		const struct tree *list = tree_get(t, lists[i].key);

		for (size_t k = 0; k < vector_count(list); k++)
			lists[i].put(st, list->items[k]);
	}
}

/* --- one allocation --- */

static bool
run_alloc(const struct tree *t, struct buf *why)
{
	const struct tree *jt = tree_get(t, "Job"),
			  *at = tree_get(t, "Allocation");
	int64_t now = number_of(t, "Now");
	struct sched_state st;
	struct sched_alloc *a;
	struct sched_job *sj;
	struct job *job;
	bool may;

	sched_state_init(&st);
	job = job_of(jt, vector_str(at, "JobID"), 0);
	sj = sched_job_have(&st, "default", vector_str(at, "JobID"));
	sched_put_version(&st, sj, job);
	put_alloc(&st, at);
	a = sched_alloc_find(&st, vector_str(at, "ID"));
	may = gc_alloc_may_go(a, is_map(t, "Job") ? job : NULL, now,
	    now - number_of(t, "Threshold"));
	sched_state_release(&st);
	if (may != vector_bool(tree_get(t, "Expect"), "Eligible"))
		buf_addf(why, "got %s", may ? "true" : "false");
	return may == vector_bool(tree_get(t, "Expect"), "Eligible");
}

/* --- a collection --- */

/* Whether the ids are those of the list, in any order. */
static bool
same_ids(const struct tree *want, const char *key, char *const *ids, size_t n,
    struct buf *why)
{
	const struct tree *list = tree_get(want, key);
	size_t nsame = 0;

	for (size_t i = 0; i < vector_count(list); i++)
		for (size_t k = 0; k < n; k++)
			nsame += strcmp(list->items[i]->str, ids[k]) == 0;
	if (nsame == n && n == vector_count(list))
		return true;
	buf_addf(why, " %s: want %zu, got %zu:", key, vector_count(list), n);
	for (size_t k = 0; k < n; k++)
		buf_addf(why, " %s", ids[k]);
	return false;
}

static bool
same_reap(const struct tree *want, const struct cmd_reap *got, struct buf *why)
{
	char **jobs = xcalloc(got->njobs, sizeof *jobs);
	bool ok;

	for (size_t i = 0; i < got->njobs; i++)
		jobs[i] = got->jobs[i].id;
	ok = same_ids(want, "Jobs", jobs, got->njobs, why);
	ok &= same_ids(want, "Evaluations", got->evals, got->nevals, why);
	ok &= same_ids(want, "Allocations", got->allocs, got->nallocs, why);
	ok &= same_ids(
	    want, "Deployments", got->deployments, got->ndeployments, why);
	ok &= same_ids(want, "Nodes", got->nodes, got->nnodes, why);
	free(jobs);
	return ok;
}

static bool
run_core(const struct tree *t, struct buf *why)
{
	static const struct {
		const char *name;
		unsigned kinds;
		bool force;
	} collections[] = {
		{ "job-gc", SCHED_GC_JOBS, false },
		{ "eval-gc", SCHED_GC_EVALS, false },
		{ "deployment-gc", SCHED_GC_DEPLOYMENTS, false },
		{ "node-gc", SCHED_GC_NODES, false },
		{ "force-gc", SCHED_GC_ALL, true },
	};
	const struct tree *old = tree_get(t, "Thresholds");
	struct sched_state st;
	bool ok = true;

	sched_state_init(&st);
	put_all(&st, t);
	for (size_t i = 0; i < sizeof collections / sizeof collections[0];
	     i++) {
		struct sched_gc gc = { .kinds = collections[i].kinds,
			.now = number_of(t, "Now") };
		struct cmd_reap reap;

		if (!collections[i].force) {
			gc.eval_ns = number_of(old, "EvalGCThreshold");
			gc.batch_eval_ns =
			    number_of(old, "BatchEvalGCThreshold");
			gc.job_ns = number_of(old, "JobGCThreshold");
			gc.node_ns = number_of(old, "NodeGCThreshold");
			gc.deployment_ns =
			    number_of(old, "DeploymentGCThreshold");
		}
		sched_gc_select(&st, &gc, &reap);
		buf_addf(why, " [%s]", collections[i].name);
		ok &= same_reap(
		    tree_get(tree_get(t, "Expect"), collections[i].name), &reap,
		    why);
		rec_clear(&cmd_reap_type, &reap);
	}
	sched_state_release(&st);
	return ok;
}

static const struct vector_kind kinds[] = {
	{ "fn_gc_alloc", run_alloc, VECTOR_ALL },
	{ "fn_gc_core", run_core, 41 },
};

VECTORS_MAIN("gc", "tests/vectors/scheduler/%s.jsonl", kinds)
