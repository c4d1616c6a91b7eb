/*
 * The parts of what "node status" says about one node.
 */
#ifndef ROVE_NODEWORDS_H
#define ROVE_NODEWORDS_H

#include "cmd/rove/cli.h"
#include "proto/alloc.h"
#include "proto/node.h"

void nodewords_basics(
    struct cli *c, const struct node *n, bool verbose, bool short_form);
void nodewords_events(const struct node *n, bool verbose);
void nodewords_attributes(const struct node *n);

/* What is given to allocations, and what the machine really uses: asks the
 * node for its figures and leaves them out when it does not answer. stats: the
 * machine's figures one by one, too. */
void nodewords_resources(struct cli *c, const struct node *n,
    const struct alloc *allocs, size_t nallocs, bool stats);

#endif
