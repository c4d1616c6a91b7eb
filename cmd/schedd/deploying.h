/*
 * What the schedulers know of a job's deployment: the one that is current,
 * what becomes of an older one, and the one that a plan begins.
 */
#ifndef SCHEDD_DEPLOYING_H
#define SCHEDD_DEPLOYING_H

#include <stdbool.h>

#include "common/rng.h"
#include "proto/cmd.h"
#include "proto/eval.h"
#include "proto/job.h"

struct deploying {
	const struct deployment *current; /* of the job's version, not done */
	const struct deployment *older;
	bool paused, failed;
	/* A change of the latest one; "" none. */
	const char *status, *description;
};

/* latest: the job's newest deployment, or NULL. */
void deploying_init(struct deploying *d, const struct deployment *latest,
    const struct job *job);

/* The group's part of a deployment, NULL when there is none. */
struct deployment_state *deploying_state(
    const struct deployment *d, const char *group);

/* A new one for the job, without groups, on the heap. */
struct deployment *deploying_new(
    const struct job *job, int64_t now, struct rng *rng);

/* Adds a group's part to it. */
void deploying_add(struct deployment *d, const struct deployment_state *state);

/* Says in the description whether somebody must promote it. */
void deploying_describe(struct deployment *d);

/* Whether a group is to be changed step by step. */
bool deploying_is_wanted(const struct task_group *tg);

#endif
