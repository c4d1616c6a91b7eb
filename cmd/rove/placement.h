/*
 * Why a placement went where it went, or nowhere, in words.
 */
#ifndef ROVE_PLACEMENT_H
#define ROVE_PLACEMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "proto/alloc.h"

/* One line for each thing that kept nodes out, "<prefix>* ...\n"; with
 * scores, a table of them, each line ended, too. */
void placement_explain(const struct alloc_metric *m, bool scores,
    const char *prefix, struct buf *out);

/* The groups that could not be placed, sorted by name, as a plan, an
 * evaluation and a job's status show them. */
void placement_failures(
    const struct alloc_metric_entry *groups, size_t n, struct buf *out);

#endif
