#include "tests/sim/cluster.h"

/* Numbers are those of SCHED_PLANT(). 5 is in the shell that this
 * simulator plays, as query.c is. */
const struct cluster_plant cluster_plants[] = {
	{ 1, "lease-not-extended-after-an-election", 1, 20 },
	{ 2, "plan-carried-out-without-a-second-look", 1, 20 },
	{ 3, "do-once-table-not-in-the-snapshot", 1, 20 },
	{ 4, "acknowledged-before-it-is-committed", 2, 20 },
	{ 5, "stale-read-answered-as-consistent", 5, 60 },
	{ 6, "node-not-told-of-a-stop", 1, 20 },
	{ 7, "new-leader-forgets-evaluations", 1, 20 },
	{ 11, "room-that-was-gained-not-noticed", 5, 20 },
	{ 12, "lost-node-makes-no-evaluation", 10, 20 },
};
const size_t cluster_nplants = sizeof cluster_plants / sizeof cluster_plants[0];
