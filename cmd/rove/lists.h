/*
 * The lists that several commands print.
 */
#ifndef ROVE_LISTS_H
#define ROVE_LISTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "proto/api.h"
#include "proto/eval.h"

/* Each fills rows for table_format(), with a head. verbose: whole
 * identifiers and times. now_ns is what "3s ago" counts from. */
void lists_jobs(
    const struct job_stub *jobs, size_t n, bool namespaces, struct buf *rows);
void lists_allocs(const struct alloc_stub *allocs, size_t n, bool verbose,
    int64_t now_ns, struct buf *rows);
void lists_evals(
    const struct eval *evals, size_t n, bool verbose, struct buf *rows);
void lists_deployments(
    const struct deployment *all, size_t n, bool verbose, struct buf *rows);

/* "dead (stopped)" and the like. */
const char *lists_job_status(const char *status, bool stopped);

/* What an allocation looks like in lists. Borrows from it. */
struct alloc_stub lists_stub_of(const struct alloc *a);

/* A point in time: "3s ago", or the whole of it. */
void lists_when(int64_t ns, bool whole, int64_t now_ns, struct buf *out);

const char *lists_text(const char *s); /* "" for NULL */

#endif
