/*
 * A deployment, as people read it.
 */
#ifndef ROVE_DEPLOYWORDS_H
#define ROVE_DEPLOYWORDS_H

#include "common/buf.h"
#include "proto/eval.h"

/* Rows of its groups for table_format(), with a head. Columns that no group
 * uses (Auto Revert, Promoted, Canaries, Progress Deadline) are left out. */
void deploywords_groups(const struct deployment *d, struct buf *rows);

/* All of it, as lines of text; identifiers are cut to id_len. */
void deploywords_whole(
    const struct deployment *d, size_t id_len, struct buf *out);

#endif
