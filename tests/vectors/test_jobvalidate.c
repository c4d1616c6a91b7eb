/*
 * Recorded refusals of jobs and warnings about them: the job's own checks,
 * and what a server answers; see jobvalidate/README.md.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/jobcanon.h"
#include "cmd/schedd/jobcheck_impl.h"
#include "common/mem.h"
#include "tests/lib/vectors.h"

static bool
same_texts(const struct tree *want, char *const *got, size_t n)
{
	size_t nwant = want == NULL ? 0 : want->nitems;

	if (nwant != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (strcmp(want->items[i]->str, got[i]) != 0)
			return false;
	return true;
}

static bool
texts_match(const char *what, const struct tree *want, char *const *got,
    size_t n, struct buf *why)
{
	if (same_texts(want, got, n))
		return true;
	buf_addf(why, "\n %s differ", what);
	for (size_t i = 0; i < vector_count(want); i++)
		buf_addf(why, "\n want %s", want->items[i]->str);
	for (size_t i = 0; i < n; i++)
		buf_addf(why, "\n got  %s", got[i]);
	return false;
}

/* The job's own checks. */
static bool
check_own(const struct tree *t, const struct job *job, struct buf *why)
{
	struct problems p = { 0 }, w = { 0 };
	bool ok;

	check_job(job, &p);
	check_warnings(job, &w);
	ok = texts_match("errors", tree_get(t, "errors"), p.list, p.n, why) &&
	     texts_match("warnings", tree_get(t, "warnings"), w.list, w.n, why);
	problems_release(&p);
	problems_release(&w);
	return ok;
}

/* What a server answers. Node pools are known to its state alone. */
static bool
check_answer(const struct tree *t, const struct job *job, struct buf *why)
{
	const struct tree *body = tree_get(tree_get(t, "http"), "body");
	const struct tree *errors = tree_get(body, "ValidationErrors");
	char **list, *warnings, *all;
	size_t n;
	bool ok;

	if (vector_count(errors) == 1 &&
	    strstr(errors->items[0]->str, "nonexistent node pool") != NULL)
		errors = NULL;
	job_check(job, &list, &n, &warnings);
	ok = texts_match("answers", errors, list, n, why) &&
	     strcmp(warnings, vector_str(t, "warnings_text")) == 0;
	if (ok && errors != NULL) {
		all = job_problems_format(list, n);
		ok = strcmp(all, vector_str(body, "Error")) == 0;
		free(all);
	}
	job_problems_free(list, n);
	free(warnings);
	return ok;
}

/*
 * Sentences about what does not fit are the reader's own here, so only that
 * it is refused counts; so it does where the real server falls over.
 */
static bool
is_refused(const struct tree *t)
{
	struct job job;
	struct problems p = { 0 };
	bool refused;

	if (rec_from_tree(&job_type, &job, tree_get(t, "job"), NULL) == -1)
		return true;
	job_canonicalize(&job, "global");
	check_job(&job, &p);
	refused = p.n > 0;
	problems_release(&p);
	rec_clear(&job_type, &job);
	return refused;
}

static bool
run_case(const struct tree *t, struct buf *why)
{
	struct job job;
	struct err err;
	bool ok;

	if (tree_get(t, "decode_error") != NULL || tree_get(t, "panic") != NULL)
		return is_refused(t);
	if (rec_from_tree(&job_type, &job, tree_get(t, "job"), &err) == -1) {
		buf_adds(why, err.text);
		return false;
	}
	job_canonicalize(&job, "global");
	ok = check_own(t, &job, why) && check_answer(t, &job, why);
	rec_clear(&job_type, &job);
	return ok;
}

static const struct vector_kind kinds[] = {
	{ "ok", run_case, VECTOR_ALL },
	{ "job", run_case, 18 },
	{ "constraint", run_case, VECTOR_ALL },
	{ "update", run_case, VECTOR_ALL },
	{ "periodic", run_case, VECTOR_ALL },
	{ "parameterized", run_case, VECTOR_ALL },
	{ "group", run_case, 22 },
	{ "network", run_case, VECTOR_ALL },
	{ "service", run_case, VECTOR_ALL },
	{ "check", run_case, VECTOR_ALL },
	{ "task", run_case, 24 },
	{ "template", run_case, VECTOR_ALL },
	{ "artifact", run_case, VECTOR_ALL },
	{ "mount", run_case, VECTOR_ALL },
	{ "vault", run_case, VECTOR_ALL },
	{ "multiregion", run_case, VECTOR_ALL },
	{ "decode", run_case, VECTOR_ALL },
};

VECTORS_MAIN("jobvalidate", "tests/vectors/jobvalidate/cases.jsonl", kinds)
