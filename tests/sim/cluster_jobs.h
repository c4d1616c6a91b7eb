/*
 * Inside cluster_jobs.c and cluster_check.c: what somebody wants to run.
 */
#ifndef TESTS_SIM_CLUSTER_JOBS_H
#define TESTS_SIM_CLUSTER_JOBS_H

#include "tests/sim/cluster.h"

enum change { STAYS, GROWS, SHRINKS, IS_UPDATED, IS_STOPPED, NCHANGES };

struct client_job {
	struct job spec;
	enum change change;
	bool huge;
	unsigned step; /* 0: to be submitted, 1: to be changed, 2: done */
	uint64_t call; /* under way */
};

#endif
