/*
 * The checks of one allocation's services: which of them run, and what comes
 * of their answers. A change of a status is told to the servers with the
 * instance that it belongs to; the allocation hears which services are ill.
 */
#ifndef NODEAGENT_RUNNER_CHECKS_H
#define NODEAGENT_RUNNER_CHECKS_H

#include "cmd/nodeagent/checkrun.h"
#include "cmd/nodeagent/runner.h"
#include "proto/saved.h"

struct runner_check {
	struct check check;
	struct checkjob *job;
	struct runner *runner;
	bool wanted; /* while the checks are compared */
};

/* Runs the checks that the list has, whose parts it takes, and no others;
 * then fills in what they say of the list's instances. */
void runner_checks_follow(struct runner *r, struct service_list *now);

/* What is told of them, for a later nodeagent, and what an earlier one knew:
 * a check goes on with its status. */
void runner_checks_save(const struct runner *r, struct alloc_saved *out);
void runner_checks_recall(struct runner *r, struct alloc_saved *saved);
/* A task begins anew: what was known of its checks is no longer true. */
void runner_checks_forget(struct runner *r);

void runner_checks_release(struct runner *r);

#endif
