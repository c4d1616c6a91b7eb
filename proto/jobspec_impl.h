/*
 * What the files of the job file reader share: jobspec.c reads whole files,
 * jobspec_var.c their variables; jobspec_sugar.c and jobspec_tasks.c know what
 * people write beside the job's own fields, jobspec_connect.c and
 * jobspec_gateway.c what a connect block holds.
 */
#ifndef PROTO_JOBSPEC_IMPL_H
#define PROTO_JOBSPEC_IMPL_H

#include "common/rec_hcl.h"

extern const struct rec_hcl_more jobspec_sugar[];
extern const size_t jobspec_nsugar;

/* jobspec_tasks.c */
extern const struct rec_type task_scaling_type, task_more_type, inherited_type,
    job_more_type;
void jobspec_fold_group_scaling(
    struct rec_hcl *h, void *rec, void *more, const struct hcl_body *body);
void jobspec_fold_task_scaling(
    struct rec_hcl *h, void *rec, void *more, const struct hcl_body *body);
void jobspec_fold_task(
    struct rec_hcl *h, void *rec, void *more, const struct hcl_body *body);
void jobspec_fold_group(
    struct rec_hcl *h, void *rec, void *more, const struct hcl_body *body);
void jobspec_fold_job(
    struct rec_hcl *h, void *rec, void *more, const struct hcl_body *body);

#endif
