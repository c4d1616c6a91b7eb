/*
 * What the files of the job file reader share: jobspec.c reads whole files,
 * jobspec_sugar.c knows what people write beside the job's own fields.
 */
#ifndef PROTO_JOBSPEC_IMPL_H
#define PROTO_JOBSPEC_IMPL_H

#include "common/rec_hcl.h"

extern const struct rec_hcl_more jobspec_sugar[];
extern const size_t jobspec_nsugar;

#endif
