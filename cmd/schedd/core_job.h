/*
 * Inside core_job.c, core_scale.c and core_plan.c: a job that people sent, on
 * its way into the log.
 */
#ifndef SCHEDD_CORE_JOB_H
#define SCHEDD_CORE_JOB_H

#include "cmd/schedd/core_impl.h"

/* A parent is never run itself: its children are. */
bool core_job_is_parent(const struct job *job);

/* A canonical copy of what people sent, on the heap, checked. warnings is on
 * the heap, too. -1: the job may not be registered; the copy is gone. */
int core_job_take_in(const struct sched_core *c, const struct job *from,
    struct job *job, char **warnings, struct err *err);
/* What a job may not become. */
int core_job_check_update(
    const struct job *old, const struct job *new, struct err *err);
/* The job's current version; NULL: there is none. */
const struct job *core_job_current(
    const struct sched_core *c, const char *ns, const char *id);

/* Proposes to register a canonical job, with an evaluation unless it is a
 * parent; what else the command carries stands in r. warnings is taken over. */
void core_job_propose(struct sched_core *c, uint64_t req,
    struct cmd_job_register *r, const char *trigger, int64_t eval_priority,
    char *warnings);
/* The job for a request; NULL: it has been refused. */
const struct sched_job *core_job_ask_about(
    struct sched_core *c, uint64_t req, const char *ns, const char *id);

#endif
