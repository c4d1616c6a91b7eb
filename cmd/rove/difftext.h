/*
 * The difference of two jobs as "job plan" prints it: a line for each thing
 * that changes, marked + - or +/-, in the order and alignment people know.
 */
#ifndef ROVE_DIFFTEXT_H
#define ROVE_DIFFTEXT_H

#include <stdbool.h>

#include "common/buf.h"
#include "proto/jobdiff.h"

/* Appends it, without a newline at its end. verbose: what an added or
 * deleted job, group or task consists of, too. */
void difftext_format(const struct job_diff *d, bool verbose, struct buf *out);

#endif
