/*
 * What the commands that take a job file have in common.
 */
#ifndef ROVE_JOBWORDS_H
#define ROVE_JOBWORDS_H

#include "cmd/rove/cli.h"
#include "proto/job.h"

/* The region and namespace that the job names become the client's. */
void jobwords_address(struct cli *c, const struct job *job);

/* The server's warnings, to stderr: what stdout says keeps its form. */
void jobwords_warn(const char *warnings);

/* {"Job": ...} as indented JSON. Returns 0. */
int jobwords_print(const struct job *job);

#endif
