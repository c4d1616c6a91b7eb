/*
 * What a new version of a job means for an allocation of an older one.
 */
#ifndef SCHEDD_JOBUPDATE_H
#define SCHEDD_JOBUPDATE_H

#include <stdbool.h>

#include "proto/job.h"

/* The group with that name, NULL when the job has none. */
const struct task_group *jobupdate_group(
    const struct job *job, const char *name);

/*
 * Whether what runs must be replaced to become what the new version says:
 * tasks came or went, or something changed that a running task cannot take
 * over. Everything else changes in place. Both versions have the group.
 */
bool jobupdate_is_destructive(
    const struct job *was, const struct job *now, const char *group);

#endif
