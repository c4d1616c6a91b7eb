#include "tests/sim/cluster.h"

/* Numbers are those of SCHED_PLANT(). 5 and 15 are in the shell that this
 * simulator plays, as query.c and a server's own id are. */
const struct cluster_plant cluster_plants[] = {
	{ 1, "lease-not-extended-after-an-election", 1, 200 },
	{ 2, "plan-carried-out-without-a-second-look", 4, 200 },
	{ 3, "do-once-table-not-in-the-snapshot", 5, 200 },
	{ 4, "acknowledged-before-it-is-committed", 34, 1000 },
	{ 5, "stale-read-answered-as-consistent", 134, 2000 },
	{ 6, "node-not-told-of-a-stop", 1, 200 },
	{ 7, "new-leader-forgets-evaluations", 1, 200 },
	{ 11, "room-that-was-gained-not-noticed", 16, 200 },
	{ 12, "lost-node-makes-no-evaluation", 14, 200 },
	{ 13, "time-measured-by-the-wall-clock", 5, 400 },
	{ 14, "lease-without-its-grace", 1, 400 },
	{ 15, "who-lost-its-disk-keeps-its-id", 18, 400 },
};
const size_t cluster_nplants = sizeof cluster_plants / sizeof cluster_plants[0];
