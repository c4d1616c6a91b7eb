/*
 * What of a plan still fits.
 *
 * A plan was made from an older state. Before it is carried out each node it
 * touches is looked at again: it must be there, ready and eligible, and all
 * that would then run on it must fit, ports included. A node that fails is
 * left out, but for stops of what the plan replaces elsewhere; for an
 * all-or-nothing plan one such node fails the whole. A node that only loses
 * allocations always passes.
 */
#ifndef SCHEDD_PLANAPPLY_H
#define SCHEDD_PLANAPPLY_H

#include <stdbool.h>

#include "cmd/schedd/state.h"
#include "proto/cmd.h"

struct planapply {
	struct map refused; /* node id to a sentence (static text) */
	bool whole;         /* nothing was refused */
	bool nothing;       /* all or nothing, and it is nothing */
};

/* Fills out; planapply_release() it. */
void planapply_verify(const struct sched_state *st, const struct cmd_plan *plan,
    struct planapply *out);

/* Whether this node's part may be carried out. */
bool planapply_accepts(const struct planapply *p, const char *node_id);

void planapply_release(struct planapply *p);

#endif
