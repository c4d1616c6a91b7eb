/*
 * Recorded differences of jobs, plain and as a plan shows them; see
 * jobdiff/README.md.
 */
#include <string.h>

#include "cmd/schedd/jobcanon_impl.h"
#include "cmd/schedd/jobdiff.h"
#include "common/mem.h"
#include "tests/lib/vectors.h"

/* A job as the servers hold it before their own defaults; NULL for null. */
static struct job *
job_of(const struct tree *t)
{
	struct job *job;

	if (t == NULL || t->kind == TREE_NULL)
		return NULL;
	job = xcalloc(1, sizeof *job);
	if (rec_from_tree(&job_type, job, t, NULL) == 0) {
		canon_send_job(job, "global");
		canon_keep_job(job);
	}
	return job;
}

static void
job_free(struct job *job)
{
	if (job != NULL)
		rec_clear(&job_type, job);
	free(job);
}

static bool
is_among(const struct tree *any, const struct tree *got)
{
	for (size_t i = 0; any != NULL && i < any->nitems; i++)
		if (tree_equal(any->items[i], got))
			return true;
	return false;
}

static bool
same_diff(const struct tree *t, const char *name, const struct job_diff *diff,
    struct buf *why)
{
	char *any = xasprintf("%s_any_of", name);
	struct tree *all = rec_to_tree(&job_diff_type, diff);
	struct tree *got = vector_prune(all);
	const struct tree *want = tree_get(t, name);
	bool same = is_among(tree_get(t, any), got) ||
		    (want != NULL && vector_same(want, got, why));

	tree_free(all);
	tree_free(got);
	free(any);
	return same;
}

static bool
run_case(const struct tree *t, struct buf *why)
{
	struct job *old = job_of(tree_get(t, "old"));
	struct job *new = job_of(tree_get(t, "new"));
	const struct tree *notes = tree_get(t, "annotations");
	struct plan_annotations annotations = { 0 };
	struct job_diff diff, plan;
	bool same;

	if (notes != NULL && rec_from_tree(&plan_annotations_type, &annotations,
				 notes, NULL) == -1)
		return false;
	job_diff(old, new, false, &diff);
	job_diff(old, new, true, &plan);
	job_diff_annotate(&plan, notes == NULL ? NULL : &annotations);
	if (tree_get(t, "error") != NULL)
		same = diff.type == NULL && plan.type == NULL;
	else
		same = same_diff(t, "diff", &diff, why) &&
		       same_diff(t, "diff_contextual", &plan, why);
	rec_clear(&job_diff_type, &diff);
	rec_clear(&job_diff_type, &plan);
	rec_clear(&plan_annotations_type, &annotations);
	job_free(old);
	job_free(new);
	return same;
}

static const struct vector_kind kinds[] = {
	{ "whole", run_case, VECTOR_ALL },
	{ "jobfield", run_case, VECTOR_ALL },
	{ "constraint", run_case, VECTOR_ALL },
	{ "affinity", run_case, VECTOR_ALL },
	{ "spread", run_case, VECTOR_ALL },
	{ "update", run_case, VECTOR_ALL },
	{ "policy", run_case, VECTOR_ALL },
	{ "periodic", run_case, VECTOR_ALL },
	{ "parameterized", run_case, VECTOR_ALL },
	{ "multiregion", run_case, VECTOR_ALL },
	{ "ui", run_case, VECTOR_ALL },
	{ "count", run_case, VECTOR_ALL },
	{ "group", run_case, VECTOR_ALL },
	{ "task", run_case, VECTOR_ALL },
	{ "config", run_case, VECTOR_ALL },
	{ "resources", run_case, VECTOR_ALL },
	{ "network", run_case, VECTOR_ALL },
	{ "service", run_case, VECTOR_ALL },
	{ "template", run_case, VECTOR_ALL },
	{ "artifact", run_case, VECTOR_ALL },
	{ "vault", run_case, VECTOR_ALL },
	{ "misc", run_case, VECTOR_ALL },
};

VECTORS_MAIN("jobdiff", "tests/vectors/jobdiff/cases.jsonl", kinds)
