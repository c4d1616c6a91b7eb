#include "proto/jobspec.h"

#include <stdlib.h>
#include <string.h>

#include "common/hcl/internal.h"
#include "common/mem.h"
#include "proto/jobspec_impl.h"
#include "proto/jobspec_var.h"

/* --- JSON of the API --- */

/* The job of {"Job": {...}}, or the whole when it is a job; NULL for what
 * HCL's JSON form may be. */
static const struct tree *
api_job(const struct tree *t)
{
	const struct tree *job = tree_get(t, "Job");

	if (job != NULL && job->kind == TREE_MAP)
		return job;
	return tree_get(t, "ID") != NULL ? t : NULL;
}

/* True when the text was the API's JSON; what is wrong is told then. */
static bool
read_api(const char *name, const char *text, size_t n, struct job *out,
    struct hcl_diags *d)
{
	struct tree *t = NULL;
	const struct tree *job;
	struct err err;
	bool is_api;

	if (hcl_looks_json(text, n) && n <= HCL_MAX_BYTES)
		t = tree_from_json(text, n, NULL);
	job = t != NULL ? api_job(t) : NULL;
	is_api = job != NULL;
	if (is_api && rec_from_tree(&job_type, out, job, &err) == -1)
		hcl_diag_add(d, (struct hcl_range){ NULL, 0, 0 }, "Invalid job",
		    "%s: %s", name, err.text);
	tree_free(t);
	return is_api;
}

/* --- HCL --- */

/* A file as far as its names go. */
struct named_block {
	char *name;
};
struct any_block {
	char *none;
};
struct root {
	struct named_block *jobs;
	size_t njobs;
	struct named_block *variables;
	size_t nvariables;
	struct any_block *shorts;
	size_t nshorts;
	struct any_block *locals;
	size_t nlocals;
};

static const struct rec_field named_block_fields[] = {
	REC_STR(struct named_block, 1, name, "", .flags = REC_LABEL),
};
static const struct rec_type named_block_type =
    REC_TYPE(named_block, named_block_fields);

static const struct rec_field any_block_fields[] = {
	REC_STR(struct any_block, 1, none, "", .flags = REC_NOHCL),
};
static const struct rec_type any_block_type =
    REC_TYPE(any_block, any_block_fields);

static const struct rec_field root_fields[] = {
	REC_LIST(struct root, 1, jobs, named_block, "", .hcl = "job"),
	REC_LIST(struct root, 2, variables, named_block, "", .hcl = "variable"),
	REC_LIST(struct root, 3, shorts, any_block, "", .hcl = "variables"),
	REC_LIST(struct root, 4, locals, any_block, ""),
};
static const struct rec_type root_type = REC_TYPE(root, root_fields);

/* The only job block, or NULL and told. */
static const struct hcl_block *
find_job(const struct hcl_body *body, struct hcl_diags *d)
{
	size_t n;
	const struct hcl_block **jobs = hcl_blocks_of(body, "job", 1, &n);
	struct buf where = { 0 };

	if (n == 1)
		return jobs[0];
	if (n == 0) {
		hcl_diag_add(d, (struct hcl_range){ NULL, 0, 0 },
		    "Missing job block", "A job block is required");
		return NULL;
	}
	hcl_range_format(hcl_block_range(jobs[0]), &where);
	hcl_diag_add(d, hcl_block_range(jobs[1]), "Duplicate job block",
	    "Only one block of type \"job\" is allowed. Previous definition "
	    "was at %s.",
	    buf_str(&where));
	buf_release(&where);
	return NULL;
}

static void
read_hcl(const struct hcl_file *file, const struct jobspec_options *o,
    struct hcl_eval *ev, struct job *out)
{
	struct rec_hcl h = { .ev = ev,
		.more = jobspec_sugar,
		.dynamic = true,
		.nmore = jobspec_nsugar };
	const struct hcl_block *block;

	rec_hcl_check(&h, &root_type, file->body);
	if (ev->diags->n == 0)
		jobspec_scope(file->body, o, ev);
	if (ev->diags->n > 0)
		return;
	block = find_job(file->body, ev->diags);
	if (block == NULL)
		return;
	rec_hcl_fill_block(&h, &job_type, out, block);
	if (out->name == NULL)
		out->name = xstrdup(out->id);
}

int
jobspec_read(const char *name, const char *text, size_t n,
    const struct jobspec_options *options, struct job *out, struct hcl_diags *d)
{
	struct jobspec_options none = { 0 };
	const struct jobspec_options *o = options != NULL ? options : &none;
	struct hcl_eval ev = {
		.diags = d, .no_files = o->no_files, .dir = o->dir
	};
	struct hcl_file *file;

	memset(out, 0, sizeof *out);
	if (!read_api(name, text, n, out, d)) {
		file = hcl_parse(name, text, n, HCL_2, d);
		ev.arena = &file->arena;
		if (d->n == 0)
			read_hcl(file, o, &ev, out);
		hcl_file_free(file);
	}
	if (d->n == 0)
		return 0;
	rec_clear(&job_type, out);
	return -1;
}

int
jobspec_parse(const char *name, const char *text, size_t n,
    const struct jobspec_options *options, struct job *out, struct err *err)
{
	struct hcl_diags d = { 0 };
	int rc = jobspec_read(name, text, n, options, out, &d);

	rec_hcl_err(&d, err);
	hcl_diags_release(&d);
	return rc;
}
