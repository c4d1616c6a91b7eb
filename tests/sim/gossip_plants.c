#include "tests/sim/gossip.h"

/* Numbers are those of POOL_PLANT() in cmd/gossipd. */
const struct gossip_plant gossip_plants[] = {
	{ 1, "old-accusation-is-believed", 60 },
	{ 2, "who-answers-is-condemned", 60 },
	{ 3, "refuted-without-a-new-incarnation", 60 },
	{ 4, "old-alive-is-believed", 60 },
	{ 5, "leave-intent-is-not-passed-on", 60 },
};
const size_t gossip_nplants = sizeof gossip_plants / sizeof gossip_plants[0];
