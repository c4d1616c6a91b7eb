/*
 * Bugs planted on purpose in schedd's core, for the simulator of whole
 * clusters to find. SCHED_PLANT(n) is true when bug n is chosen; in every
 * build but the simulator's it is the constant false and leaves no trace. The
 * list with names is in tests/sim/cluster_plants.c.
 */
#ifndef SCHEDD_PLANT_H
#define SCHEDD_PLANT_H

#ifdef SCHED_PLANTS
extern int sched_plant; /* 0: none */
#define SCHED_PLANT(n) (sched_plant == (n))
#else
#define SCHED_PLANT(n) 0
#endif

#endif
