/*
 * The difference of two jobs as "job plan" shows it: a tree of named fields
 * and objects with what was and what is. Names, order, types and annotations
 * are those of Nomad's API (the vectors jobdiff record them).
 */
#ifndef SCHEDD_JOBDIFF_H
#define SCHEDD_JOBDIFF_H

#include "proto/eval.h"
#include "proto/job.h"
#include "proto/jobdiff.h"

/*
 * Fills out, on the heap (rec_clear(&job_diff_type) it). old may be NULL (the
 * job is new) as may new (it goes). contextual: unchanged fields of changed
 * objects stand in the tree, too. Jobs of different ids have no difference
 * that could be told: out is then all zero, without a type.
 */
void job_diff(const struct job *old, const struct job *new, bool contextual,
    struct job_diff *out);

/* Adds to a diff what the scheduler said it would do: annotations such as
 * "forces create", and per group the counts of updates. */
void job_diff_annotate(
    struct job_diff *diff, const struct plan_annotations *annotations);

#endif
