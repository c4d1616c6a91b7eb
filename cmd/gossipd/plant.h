/*
 * Bugs planted on purpose, for the simulator to find. PLANT(n) is true when
 * bug n is chosen; in every build but the simulator's it is the constant
 * false and leaves no trace. Their names are in tests/sim/gossip_plants.c.
 */
#ifndef CMD_GOSSIPD_PLANT_H
#define CMD_GOSSIPD_PLANT_H

#ifdef POOL_PLANTS
extern int pool_plant; /* 0: none */
#define POOL_PLANT(n) (pool_plant == (n))
#else
#define POOL_PLANT(n) 0
#endif

#endif
