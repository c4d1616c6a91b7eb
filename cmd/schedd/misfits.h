/*
 * What is wrong with the servers of our region, as the pool shows them: in
 * sentences, for the log. Nothing is mended by itself, and nobody is taken in
 * who does not fit.
 */
#ifndef SCHEDD_MISFITS_H
#define SCHEDD_MISFITS_H

#include "cmd/schedd/cluster.h"

#define MISFITS_MAX 8 /* told at a time */

struct misfits {
	char text[MISFITS_MAX][CLUSTER_WHY_MAX];
	size_t n;
};

/* For a server with a log, which is in v->servers[0].cluster (0: a cluster by
 * itself). */
void misfits_find(const struct cluster_view *v, struct misfits *out);

/* Those in now that were not in was. */
void misfits_new(
    const struct misfits *now, const struct misfits *was, struct misfits *out);

#endif
