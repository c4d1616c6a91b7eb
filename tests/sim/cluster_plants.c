#include "tests/sim/cluster.h"

/* Numbers are those of SCHED_PLANT(). */
const struct cluster_plant cluster_plants[] = {
	{ 8, "stale-read-answered-as-consistent", 200 },
};
const size_t cluster_nplants = sizeof cluster_plants / sizeof cluster_plants[0];
