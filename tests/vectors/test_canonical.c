/*
 * Recorded jobs with all their defaults filled in, after the client's step
 * and after the server's; see canonical/README.md.
 */
#include <stdio.h>
#include <string.h>

#include "cmd/schedd/jobcanon.h"
#include "cmd/schedd/jobcanon_impl.h"
#include "common/mem.h"
#include "tests/lib/vectors.h"

#define MAX_PATH 256

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

static bool same(const struct tree *want, const struct tree *got,
    const char *path, struct buf *why);

/*
 * Our one record serves both steps, so it may show a zero where the step
 * knows no such member; what is expected must be there, zero or not. Empty
 * lists and none are the same.
 */
static bool
same_members(const struct tree *want, const struct tree *got, const char *path,
    struct buf *why)
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
			buf_addf(why, "%s: missing", at);
			return false;
		}
		if (!same(m->value, v, at, why))
			return false;
	}
	for (size_t i = 0; i < got->nmembers; i++) {
		const struct tree_member *m = &got->members[i];

		if (tree_get(want, m->key) == NULL && !is_nothing(m->value)) {
			buf_addf(why, "%s.%s: too much", path, m->key);
			return false;
		}
	}
	return true;
}

static bool
same(const struct tree *want, const struct tree *got, const char *path,
    struct buf *why)
{
	char at[MAX_PATH];

	if (want->kind == TREE_MAP && got->kind == TREE_MAP)
		return same_members(want, got, path, why);
	if (want->kind != TREE_LIST || got->kind != TREE_LIST ||
	    want->nitems != got->nitems) {
		if (tree_equal(want, got))
			return true;
		buf_addf(why, "%s: differs", path);
		return false;
	}
	for (size_t i = 0; i < want->nitems; i++) {
		snprintf(at, sizeof at, "%s[%zu]", path, i);
		if (!same(want->items[i], got->items[i], at, why))
			return false;
	}
	return true;
}

static bool
same_job(const struct tree *t, const char *step, const struct job *job,
    struct buf *why)
{
	struct tree *got = rec_to_tree(&job_type, job);
	bool ok = same(tree_get(t, step), got, step, why);

	tree_free(got);
	return ok;
}

/* What is canonical stays as it is. */
static bool
is_settled(struct job *job, struct buf *why)
{
	struct job again;
	bool ok;

	job_canonicalize(job, "global");
	rec_copy(&job_type, &again, job);
	job_canonicalize(&again, "elsewhere");
	ok = rec_equal(&job_type, job, &again);
	if (!ok)
		buf_adds(why, "twice is not once");
	rec_clear(&job_type, &again);
	return ok;
}

static bool
run_case(const struct tree *t, struct buf *why)
{
	struct job job;
	struct err err;
	bool ok;

	if (rec_from_tree(&job_type, &job, tree_get(t, "job"), &err) == -1) {
		buf_adds(why, err.text);
		return false;
	}
	canon_send_job(&job, "global");
	ok = same_job(t, "api", &job, why);
	canon_keep_job(&job);
	ok = ok && same_job(t, "server", &job, why) && is_settled(&job, why);
	rec_clear(&job_type, &job);
	return ok;
}

static const struct vector_kind kinds[] = {
	{ "job", run_case, VECTOR_ALL },
	{ "type", run_case, VECTOR_ALL },
	{ "group", run_case, VECTOR_ALL },
	{ "task", run_case, VECTOR_ALL },
	{ "meta", run_case, VECTOR_ALL },
	{ "service", run_case, VECTOR_ALL },
};

VECTORS_MAIN("canonical", "tests/vectors/canonical/cases.jsonl", kinds)
