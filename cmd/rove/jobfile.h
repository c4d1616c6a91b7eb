/*
 * Reading a job file: HCL or JSON, from a path or, "-", standard input.
 */
#ifndef ROVE_JOBFILE_H
#define ROVE_JOBFILE_H

#include "cmd/rove/flags.h"
#include "common/err.h"
#include "proto/api.h"
#include "proto/job.h"

#define JOBFILE_MAX_BYTES (16 << 20)

struct jobfile {
	struct job job;
	struct job_submission source; /* what it was read from */
};

/* How a file is read, as the flags of the commands say. */
struct jobfile_flags {
	struct flag_texts vars;      /* NAME=value */
	struct flag_texts var_files; /* paths */
	bool strict; /* values for variables that are not there are refused */
	bool json;   /* the text must be JSON */
};

/* What stands before the flags are read; and their rows in a table. */
#define JOBFILE_FLAGS_INIT     \
	{                      \
		.strict = true \
	}
#define JOBFILE_FLAG_ROWS(f)                                               \
	{ "json", FLAG_BOOL, &(f)->json, NULL,                             \
		"The file is JSON, {\"Job\": {...}} or the job itself." }, \
	    { "var", FLAG_TEXTS, &(f)->vars, "<name>=<value>",             \
		    "Value of a variable of the job file; may be "         \
		    "repeated." },                                         \
	    { "var-file", FLAG_TEXTS, &(f)->var_files, "<path>",           \
		    "File with values of variables; may be repeated." },   \
	{                                                                  \
		"hcl2-strict", FLAG_BOOL, &(f)->strict, NULL,              \
		    "Refuse values for variables that the file does not "  \
		    "have. Default = true"                                 \
	}

int jobfile_read(struct jobfile *f, const char *path,
    const struct jobfile_flags *flags, struct err *err);
void jobfile_release(struct jobfile *f);

#endif
