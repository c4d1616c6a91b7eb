/*
 * Recorded job files: what Nomad's own parser made of them, or said of them.
 */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/mem.h"
#include "proto/jobspec.h"
#include "tests/lib/vectors.h"

#define MAX_TEXTS 16 /* variables and the like of a case */

static bool
says(const struct tree *t, const char *text)
{
	const struct tree *any = tree_get(t, "error_any_of");

	for (size_t i = 0; i < vector_count(any); i++)
		if (strcmp(any->items[i]->str, text) == 0)
			return true;
	return strcmp(vector_str(t, "error"), text) == 0;
}

/* What is wrong before the job is looked at comes a line each. */
static void
put_error(const struct tree *t, const struct hcl_diags *d, struct buf *out)
{
	const char *want = vector_str(t, "error");

	if (strchr(want, '\n') == NULL || strstr(want, "other diag") != NULL) {
		hcl_diags_line(d, out);
		return;
	}
	for (size_t i = 0; i < d->n; i++) {
		const struct hcl_diags one = { .v = &d->v[i], .n = 1 };

		buf_adds(out, i > 0 ? "\n" : "");
		hcl_diags_line(&one, out);
	}
}

static bool
check_error(const struct tree *t, const struct hcl_diags *d, struct buf *why)
{
	struct buf line = { 0 };
	bool good;

	put_error(t, d, &line);
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

/* The case's list of texts, which lives as long as the case. */
static const char *const *
texts(const struct tree *list, const char **out, size_t *n)
{
	for (*n = 0; *n < vector_count(list) && *n < MAX_TEXTS; (*n)++)
		out[*n] = list->items[*n]->str;
	return out;
}

/* What the case has files for stands in a directory of its own. */
static void
lay_out(const struct tree *files, const char *dir)
{
	for (size_t i = 0; files != NULL && i < files->nmembers; i++) {
		const char *name = files->members[i].key;
		char *path = xasprintf("%s/%s", dir, name);
		FILE *f;

		for (char *s = strchr(path + strlen(dir) + 1, '/'); s != NULL;
		     s = strchr(s + 1, '/')) {
			*s = '\0';
			mkdir(path, 0755);
			*s = '/';
		}
		f = fopen(path, "w");
		if (f != NULL) {
			fwrite(files->members[i].value->str, 1,
			    files->members[i].value->len, f);
			fclose(f);
		}
		free(path);
	}
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static bool
run_case(const struct tree *t, struct buf *why)
{
	const char *text = vector_str(t, "hcl");
	const struct tree *strict = tree_get(t, "strict");
	const struct tree *allow = tree_get(t, "allow_fs");
	const char *vars[MAX_TEXTS], *files[MAX_TEXTS], *env[MAX_TEXTS];
	struct jobspec_options o = { .loose = strict != NULL && !strict->b,
		.no_files = allow != NULL && !allow->b };
	char dir[] = "/tmp/jobspec-XXXXXX";
	int home = open(".", O_RDONLY | O_DIRECTORY);
	struct hcl_diags d = { 0 };
	struct job job;
	bool good;

	o.vars = texts(tree_get(t, "vars"), vars, &o.nvars);
	o.var_files = texts(tree_get(t, "var_files"), files, &o.nvar_files);
	o.env = texts(tree_get(t, "env"), env, &o.nenv);
	if (tree_get(t, "files") != NULL && mkdtemp(dir) != NULL) {
		lay_out(tree_get(t, "files"), dir);
		if (chdir(dir) == -1)
			buf_adds(why, "cannot enter its directory; ");
	}
	if (jobspec_read("job.nomad.hcl", text, strlen(text), &o, &job, &d) ==
	    -1)
		good = check_error(t, &d, why);
	else
		good = check_job(tree_get(t, "job"), &job, why);
	if (fchdir(home) == 0 && tree_get(t, "files") != NULL)
		nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	close(home);
	rec_clear(&job_type, &job);
	hcl_diags_release(&d);
	return good;
}

static const struct vector_kind kinds[] = {
	{ "job", run_case, VECTOR_ALL },
	{ "group", run_case, VECTOR_ALL },
	{ "task", run_case, VECTOR_ALL },
	{ "service", run_case, VECTOR_ALL },
	{ "config", run_case, VECTOR_ALL },
	{ "duration", run_case, VECTOR_ALL },
	{ "lexis", run_case, 45 },
	{ "heredoc", run_case, VECTOR_ALL },
	{ "str", run_case, 40 },
	{ "expr", run_case, 69 },
	{ "whole", run_case, VECTOR_ALL },
	{ "var", run_case, VECTOR_ALL },
	{ "local", run_case, VECTOR_ALL },
	{ "dynamic", run_case, VECTOR_ALL },
	{ "func", run_case, VECTOR_ALL },
	{ "func-err", run_case, VECTOR_ALL },
	{ "file", run_case, VECTOR_ALL },
};

VECTORS_MAIN("jobspec", "tests/vectors/jobspec/cases.jsonl", kinds)
