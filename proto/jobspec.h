/*
 * Job files: HCL 2 as Nomad's users write it, or JSON.
 *
 * jobspec_parse() gives the job that a file describes, before any default is
 * filled in: what the file does not say is absent. What is sugar in the
 * language is resolved: a task beside the groups is a group of its own,
 * `version = ">= 2"` in a constraint is its operator and value, a job's
 * vault block is that of its tasks, ports with a static number are reserved.
 *
 * A text that begins with { is JSON: HCL's JSON form, or the API's, that is
 * {"Job": {...}} or the job itself.
 *
 * References that only the running task can resolve, ${attr.x} or
 * ${NOMAD_PORT_http}, stay in the text as they were written.
 */
#ifndef PROTO_JOBSPEC_H
#define PROTO_JOBSPEC_H

#include "common/err.h"
#include "common/hcl/hcl.h"
#include "proto/job.h"

/*
 * Zeroed: no variables are set but by NOMAD_VAR_... where env is given, and
 * functions may read files. Of values for one variable the last counts: the
 * environment's, those of files in their order, -var's in theirs.
 */
struct jobspec_options {
	const char *const *env; /* NAME=value, as environ has them */
	size_t nenv;
	const char *const *var_files; /* paths, from where we are */
	size_t nvar_files;
	const char *var_text;    /* what a file of variables holds, or NULL */
	const char *const *vars; /* NAME=value, as -var has them */
	size_t nvars;
	bool loose; /* values for variables that are not there are ignored */
	const char *dir; /* functions' paths start here; NULL: where we are */
	bool no_files;   /* functions that read files are refused */
};

/*
 * Fills out, which may hold anything before and is the caller's to
 * rec_clear(); on failure it is zeroed. The error is every diagnostic as
 * "name:line,col-col: summary; sentence" with its line and a mark below,
 * separated by line feeds. options may be NULL.
 */
int jobspec_parse(const char *name, const char *text, size_t n,
    const struct jobspec_options *options, struct job *out, struct err *err);

/*
 * The same with the diagnostics themselves, for who prints them otherwise:
 * hcl_diags_line() is what Nomad's commands print. Returns -1 and zeroes out
 * when there are any.
 */
int jobspec_read(const char *name, const char *text, size_t n,
    const struct jobspec_options *options, struct job *out,
    struct hcl_diags *d);

#endif
