/*
 * Recorded refusals of jobs and warnings about them: the job's own checks,
 * and what a server answers; see jobvalidate/README.md.
 */
#include <stdio.h>
#include <string.h>

#include "cmd/schedd/jobcanon.h"
#include "cmd/schedd/jobcheck_impl.h"
#include "common/mem.h"
#include "common/tree.h"
#include "tests/lib/unit.h"

#define CASES       "tests/vectors/jobvalidate/cases.jsonl"
#define KNOWN_CASES 168 /* that are right today */
#define KNOWN_HTTP  168

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

static void
show(const char *id, const char *what, const struct tree *want,
    char *const *got, size_t n)
{
	printf("%s: %s differ\n", id, what);
	for (size_t i = 0; want != NULL && i < want->nitems; i++)
		printf("  want %s\n", want->items[i]->str);
	for (size_t i = 0; i < n; i++)
		printf("  got  %s\n", got[i]);
}

static bool
check_own(const struct tree *t, const struct job *job)
{
	const struct tree *errors = tree_get(t, "errors");
	const struct tree *warnings = tree_get(t, "warnings");
	struct problems p = { 0 }, w = { 0 };
	bool ok;

	check_job(job, &p);
	check_warnings(job, &w);
	ok = same_texts(errors, p.list, p.n);
	if (!ok)
		show(tree_get_str(t, "id"), "errors", errors, p.list, p.n);
	if (!same_texts(warnings, w.list, w.n)) {
		show(tree_get_str(t, "id"), "warnings", warnings, w.list, w.n);
		ok = false;
	}
	problems_release(&p);
	problems_release(&w);
	return ok;
}

/* Node pools are known to the servers' state alone. */
static bool
check_answer(const struct tree *t, const struct job *job)
{
	const struct tree *body = tree_get(tree_get(t, "http"), "body");
	const struct tree *errors = tree_get(body, "ValidationErrors");
	const char *text = tree_get_str(t, "warnings_text");
	char **list, *warnings, *all;
	size_t n;
	bool ok;

	job_check(job, &list, &n, &warnings);
	if (errors != NULL && errors->nitems == 1 &&
	    strstr(errors->items[0]->str, "nonexistent node pool") != NULL)
		errors = NULL;
	ok = same_texts(errors, list, n);
	if (!ok)
		show(tree_get_str(t, "id"), "answers", errors, list, n);
	if (strcmp(warnings, text == NULL ? "" : text) != 0) {
		printf("%s: %s\n", tree_get_str(t, "id"), warnings);
		ok = false;
	}
	if (ok && errors != NULL && tree_get_str(body, "Error") != NULL) {
		all = job_problems_format(list, n);
		ok = strcmp(all, tree_get_str(body, "Error")) == 0;
		free(all);
	}
	job_problems_free(list, n);
	free(warnings);
	return ok;
}

/*
 * Sentences about what does not fit are the reader's own here, so only that
 * it is refused counts; so does where the real server falls over.
 */
static bool
check_refused(const struct tree *t)
{
	struct job job;
	struct err err;
	struct problems p = { 0 };
	bool ok;

	if (rec_from_tree(&job_type, &job, tree_get(t, "job"), &err) == -1)
		return true;
	job_canonicalize(&job, "global");
	check_job(&job, &p);
	ok = p.n > 0;
	if (!ok)
		printf("%s: passes\n", tree_get_str(t, "id"));
	problems_release(&p);
	rec_clear(&job_type, &job);
	return ok;
}

static void
run_case(const struct tree *t, size_t *nown, size_t *nhttp)
{
	struct job job;
	struct err err;

	if (tree_get(t, "decode_error") != NULL ||
	    tree_get(t, "panic") != NULL) {
		size_t n = check_refused(t) ? 1 : 0;

		*nown += n;
		*nhttp += n;
		return;
	}
	if (rec_from_tree(&job_type, &job, tree_get(t, "job"), &err) == -1) {
		printf("%s: %s\n", tree_get_str(t, "id"), err.text);
		return;
	}
	job_canonicalize(&job, "global");
	*nown += check_own(t, &job) ? 1 : 0;
	*nhttp += check_answer(t, &job) ? 1 : 0;
	rec_clear(&job_type, &job);
}

START_TEST(jobs_are_refused_as_recorded)
{
	FILE *f = fopen(CASES, "r");
	char *line = NULL;
	size_t cap = 0, nown = 0, nhttp = 0, nall = 0;
	ssize_t n;

	ck_assert(f != NULL);
	while ((n = getline(&line, &cap, f)) > 0) {
		struct tree *t = tree_from_json(line, (size_t)n, NULL);

		ck_assert(t != NULL);
		nall++;
		run_case(t, &nown, &nhttp);
		tree_free(t);
	}
	free(line);
	fclose(f);
	printf("jobvalidate: %zu of %zu\n", nown, nall);
	printf("jobvalidate.http: %zu of %zu\n", nhttp, nall);
	ck_assert_uint_ge(nown, KNOWN_CASES);
	ck_assert_uint_ge(nhttp, KNOWN_HTTP);
}
END_TEST

UNIT_MAIN("jobvalidate", jobs_are_refused_as_recorded)
