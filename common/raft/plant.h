/*
 * Bugs that other implementations had, planted on purpose: a simulator that
 * does not find them is not worth its time. PLANT(n) is true when bug n is
 * chosen; in every build but the simulator's it is the constant false and
 * leaves no trace. The list with names is in tests/sim/raft_plants.c.
 */
#ifndef COMMON_RAFT_PLANT_H
#define COMMON_RAFT_PLANT_H

#ifdef RAFT_PLANT
extern int raft_plant; /* 0: none */
#define PLANT(n) (raft_plant == (n))
#else
#define PLANT(n) 0
#endif

#endif
