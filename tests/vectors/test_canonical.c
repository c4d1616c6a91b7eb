/*
 * Recorded jobs with all their defaults filled in, after the client's step
 * and after the server's; see canonical/README.md.
 */
#include <stdio.h>
#include <string.h>

#include "cmd/schedd/jobcanon.h"
#include "cmd/schedd/jobcanon_impl.h"
#include "common/mem.h"
#include "common/tree.h"
#include "tests/lib/unit.h"

#define CASES     "tests/vectors/canonical/cases.jsonl"
#define MAX_PATH  256
#define KNOWN_API 23 /* cases that are right today, of 23 */
#define KNOWN_JOB 23

/* Nothing to see: what one side may leave out. */
static bool
is_nothing(const struct tree *t)
{
	switch (t->kind) {
	case TREE_NULL:
		return true;
	case TREE_BOOL:
		return !t->b;
	case TREE_INT:
		return t->i == 0;
	case TREE_FLOAT:
		return false;
	case TREE_STR:
		return t->len == 0;
	case TREE_LIST:
		return t->nitems == 0;
	case TREE_MAP:
		break;
	}
	return t->nmembers == 0;
}

static bool same(
    const struct tree *want, const struct tree *got, const char *path);

/*
 * Our one record serves both steps, so it may show a zero where the step
 * knows no such member; what is expected must be there, zero or not. Empty
 * lists and none are the same.
 */
static bool
same_members(const struct tree *want, const struct tree *got, const char *path)
{
	char at[MAX_PATH];

	for (size_t i = 0; i < want->nmembers; i++) {
		const struct tree_member *m = &want->members[i];
		const struct tree *v = tree_get(got, m->key);

		snprintf(at, sizeof at, "%s.%s", path, m->key);
		if ((v == NULL || v->kind == TREE_NULL) &&
		    m->value->kind >= TREE_LIST && is_nothing(m->value) &&
		    strcmp(m->key, "Wait") != 0)
			continue;
		if (v == NULL) {
			printf("%s: missing\n", at);
			return false;
		}
		if (!same(m->value, v, at))
			return false;
	}
	for (size_t i = 0; i < got->nmembers; i++) {
		const struct tree_member *m = &got->members[i];

		if (tree_get(want, m->key) == NULL && !is_nothing(m->value)) {
			printf("%s.%s: too much\n", path, m->key);
			return false;
		}
	}
	return true;
}

static bool
same(const struct tree *want, const struct tree *got, const char *path)
{
	char at[MAX_PATH];

	if (want->kind == TREE_MAP && got->kind == TREE_MAP)
		return same_members(want, got, path);
	if (want->kind != TREE_LIST || got->kind != TREE_LIST ||
	    want->nitems != got->nitems) {
		if (tree_equal(want, got))
			return true;
		printf("%s: differs\n", path);
		return false;
	}
	for (size_t i = 0; i < want->nitems; i++) {
		snprintf(at, sizeof at, "%s[%zu]", path, i);
		if (!same(want->items[i], got->items[i], at))
			return false;
	}
	return true;
}

static bool
same_job(const struct tree *want, const struct job *job, const char *what)
{
	struct tree *got = rec_to_tree(&job_type, job);
	bool ok = same(want, got, what);

	tree_free(got);
	return ok;
}

static void
run_case(const struct tree *t, size_t *napi, size_t *nserver)
{
	struct job job;
	struct job again;
	struct err err;
	const char *id = tree_get_str(t, "id");
	bool api, server;

	ck_assert_msg(
	    rec_from_tree(&job_type, &job, tree_get(t, "job"), &err) == 0,
	    "%s: %s", id, err.text);
	canon_send_job(&job, "global");
	api = same_job(tree_get(t, "api"), &job, "api");
	canon_keep_job(&job);
	server = same_job(tree_get(t, "server"), &job, "server");
	if (!api || !server)
		printf("canonical: %s\n", id);
	*napi += api ? 1 : 0;
	*nserver += server ? 1 : 0;

	/* What is canonical stays as it is. */
	job_canonicalize(&job, "global");
	rec_copy(&job_type, &again, &job);
	job_canonicalize(&again, "elsewhere");
	ck_assert_msg(rec_equal(&job_type, &job, &again), "%s: twice", id);
	rec_clear(&job_type, &again);
	rec_clear(&job_type, &job);
}

START_TEST(jobs_get_the_recorded_defaults)
{
	FILE *f = fopen(CASES, "r");
	char *line = NULL;
	size_t cap = 0, napi = 0, nserver = 0, nall = 0;
	ssize_t n;

	ck_assert(f != NULL);
	while ((n = getline(&line, &cap, f)) > 0) {
		struct tree *t = tree_from_json(line, (size_t)n, NULL);

		ck_assert(t != NULL);
		nall++;
		run_case(t, &napi, &nserver);
		tree_free(t);
	}
	free(line);
	fclose(f);
	printf("canonical.api: %zu of %zu\n", napi, nall);
	printf("canonical: %zu of %zu\n", nserver, nall);
	ck_assert_uint_ge(napi, KNOWN_API);
	ck_assert_uint_ge(nserver, KNOWN_JOB);
}
END_TEST

UNIT_MAIN("canonical", jobs_get_the_recorded_defaults)
