/*
 * What people wrote becomes what servers hold: defaults filled in, sugar
 * resolved; then what is wrong with it, all of it at once.
 *
 * These are the only places that know of absent and zero in jobs; after them
 * zero is a value. Rules and sentences are Nomad's (the vectors canonical and
 * jobvalidate record them).
 */
#ifndef SCHEDD_JOBCANON_H
#define SCHEDD_JOBCANON_H

#include "common/err.h"
#include "proto/job.h"

/* Fills in defaults, in place, those of a server included (node pool, a
 * priority of 0). region: used when the job names none. */
void job_canonicalize(struct job *job, const char *region);

/*
 * Forgets what only servers may say of a job: whose child it is, that it was
 * dispatched, its version, state and indices. For jobs that people send,
 * before they are made canonical.
 */
void job_forget_claims(struct job *job);

/* Adds to each group of a canonical job the constraint that its signals are
 * ones that the node's system has, unless it is there already. */
void job_imply_constraints(struct job *job);

/*
 * Whether a canonical job may be registered. problems: one sentence for each
 * thing that is wrong, in a heap list the caller frees with
 * job_problems_free(); *n is 0 when the job is fine. warnings: text for
 * people, "" when there is none; on the heap.
 */
void job_check(
    const struct job *job, char ***problems, size_t *n, char **warnings);

/* Makes what people sent canonical, in place, with the constraints that it
 * implies, and checks it; the warnings
 * begin with what of it is taken and has no effect. */
void job_admit(struct job *job, const char *region, char ***problems, size_t *n,
    char **warnings);
void job_problems_free(char **problems, size_t n);

/* The problems as one sentence of Nomad's form: "1 error occurred:..." */
char *job_problems_format(char *const *problems, size_t n);

#endif
