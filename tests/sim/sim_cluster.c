/*
 * Clusters of a server and a hundred nodes live through crashes and a bad
 * network; see cluster.h for what is real and what is played.
 *
 *	sim_cluster [-v] [SEED [COUNT]]
 *
 * Runs COUNT seeds from SEED on (1 and 20). At the end all that was asked for
 * runs, once, and nothing else does. Exits 1 with the seed of the first
 * cluster that comes out otherwise.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "tests/sim/cluster.h"

#define SEEDS 20

struct totals {
	uint64_t events, commands, crashes, lost, doubled, restarts, snapshots,
	    placed, partial;
};

static void
live(uint64_t seed, bool verbose, struct totals *t)
{
	static struct cluster c;

	cluster_init(&c, seed);
	cluster_run(&c);
	if (verbose)
		printf("cluster: seed %" PRIu64 ": events=%" PRIu64
		       " commands=%" PRIu64 " allocations=%" PRIu64 "\n",
		    seed, c.events, c.commands, c.placed);
	t->events += c.events;
	t->commands += c.commands;
	t->crashes += c.crashes;
	t->lost += c.lost;
	t->doubled += c.doubled;
	t->restarts += c.restarts;
	t->snapshots += c.snapshots;
	t->placed += c.placed;
	t->partial += c.partial;
	cluster_release(&c);
}

int
main(int argc, char **argv)
{
	bool verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
	uint64_t seed = 1, n = SEEDS;
	struct totals t = { 0 };

	argc -= verbose;
	argv += verbose;
	if (argc > 1)
		seed = strtoull(argv[1], NULL, 10);
	if (argc > 2)
		n = strtoull(argv[2], NULL, 10);
	else if (argc > 1)
		n = 1;
	log_init("sim_cluster", verbose ? LOG_WARN : LOG_ERROR);
	for (uint64_t i = 0; i < n; i++)
		live(seed + i, verbose, &t);
	printf("cluster: seeds=%" PRIu64 " nodes=%d hours=%.1f events=%" PRIu64
	       " commands=%" PRIu64 " allocations=%" PRIu64
	       " server_crashes=%" PRIu64 " node_crashes=%" PRIu64
	       " lost=%" PRIu64 " doubled=%" PRIu64 " snapshots=%" PRIu64
	       " partial_plans=%" PRIu64 "\n",
	    n, CLUSTER_NODES, (double)n * CLUSTER_END_MS / 3600000.0, t.events,
	    t.commands, t.placed, t.crashes, t.restarts, t.lost, t.doubled,
	    t.snapshots, t.partial);
	return 0;
}
