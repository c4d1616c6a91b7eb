/*
 * Recorded job files: what Nomad's own parser made of them, or said of them.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/jobspec.h"
#include "tests/lib/vectors.h"

static bool
says(const struct tree *t, const char *text)
{
	const struct tree *any = tree_get(t, "error_any_of");

	for (size_t i = 0; i < vector_count(any); i++)
		if (strcmp(any->items[i]->str, text) == 0)
			return true;
	return strcmp(vector_str(t, "error"), text) == 0;
}

static bool
check_error(const struct tree *t, const struct hcl_diags *d, struct buf *why)
{
	struct buf line = { 0 };
	bool good;

	hcl_diags_line(d, &line);
	good = says(t, buf_str(&line));
	if (!good)
		buf_addf(why, "\n want %s\n got  %s", vector_str(t, "error"),
		    buf_str(&line));
	buf_release(&line);
	return good;
}

static bool
check_job(const struct tree *want, const struct job *job, struct buf *why)
{
	struct tree *all = rec_to_tree(&job_type, job);
	struct tree *got = vector_prune(all);
	bool same;

	if (want == NULL) {
		buf_adds(why, "no error, but the job ");
		tree_to_json(got, why, 0);
		same = false;
	} else {
		same = vector_same(want, got, why);
	}
	tree_free(got);
	tree_free(all);
	return same;
}

static bool
run_case(const struct tree *t, struct buf *why)
{
	const char *text = vector_str(t, "hcl");
	const struct tree *vars = tree_get(t, "vars");
	const char *list[16];
	struct jobspec_options o = { .vars = list, .no_files = true };
	struct hcl_diags d = { 0 };
	struct job job;
	bool good;

	for (size_t i = 0; i < vector_count(vars) && i < 16; i++)
		list[o.nvars++] = vars->items[i]->str;
	if (jobspec_read("job.nomad.hcl", text, strlen(text), &o, &job, &d) ==
	    -1)
		good = check_error(t, &d, why);
	else
		good = check_job(tree_get(t, "job"), &job, why);
	rec_clear(&job_type, &job);
	hcl_diags_release(&d);
	return good;
}

static const struct vector_kind kinds[] = {
	{ "job", run_case, 22 },
	{ "group", run_case, VECTOR_ALL },
	{ "task", run_case, VECTOR_ALL },
	{ "service", run_case, VECTOR_ALL },
	{ "config", run_case, 15 },
	{ "duration", run_case, VECTOR_ALL },
	{ "lexis", run_case, 45 },
	{ "heredoc", run_case, 13 },
	{ "str", run_case, 39 },
	{ "expr", run_case, 68 },
	{ "whole", run_case, 2 },
	/* The rest needs variables, functions and what expands blocks. */
	{ "var", run_case, 2 },
	{ "local", run_case, 1 },
	{ "dynamic", run_case, 14 },
	{ "func", run_case, 5 },
	{ "func-err", run_case, 13 },
	{ "file", run_case, 0 },
};

VECTORS_MAIN("jobspec", "tests/vectors/jobspec/cases.jsonl", kinds)
