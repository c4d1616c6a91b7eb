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

/* vars are NAME=value. json: the text must be JSON. */
int jobfile_read(struct jobfile *f, const char *path,
    const struct flag_texts *vars, bool json, struct err *err);
void jobfile_release(struct jobfile *f);

#endif
