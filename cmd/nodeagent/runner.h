/*
 * Carries out what an alloc_run decides: directories, processes, timers,
 * what is saved and what is told.
 */
#ifndef NODEAGENT_RUNNER_H
#define NODEAGENT_RUNNER_H

#include "cmd/nodeagent/allocrun.h"
#include "cmd/nodeagent/nodeagent.h"
#include "cmd/nodeagent/services.h"

struct runner {
	struct nodeagent *na;
	struct alloc_run *run;
	struct taskproc **procs;  /* one for each task; NULL: none */
	struct task_watch *watch; /* one for each task; see taskmetrics.h */
	struct loop_timer *timer;
	struct service_list offered;  /* what the servers were told of */
	struct runner_check **checks; /* of those services */
	size_t nchecks;
	struct instance_check *recalled; /* what an earlier nodeagent knew */
	size_t nrecalled;
	bool has_dirs;
	bool forgotten; /* the servers no longer know it */
	bool in_step;
	int64_t done_at_ns; /* when the last task ended; 0 */
};

/* Takes over alloc: runs it, unless it is over already. */
void runner_add(struct nodeagent *na, struct alloc *alloc);
/* What an earlier nodeagent had saved; takes over alloc, and of saved what it
 * needs: the caller clears that. */
void runner_restore(
    struct nodeagent *na, struct alloc *alloc, struct alloc_saved *saved);

/* Each of these may end with the runner gone: it is freed when all its tasks
 * are dead and the servers have forgotten it. So who walks through the runners
 * takes the next one before. */

/* The servers' part has changed; takes over alloc. */
void runner_update(struct runner *r, struct alloc *alloc);
/* The servers have forgotten it: stops, and then removes all traces. */
void runner_forget(struct runner *r);
void runner_stop(struct runner *r);
/* No server has heard of this node for so long: stops. */
void runner_fence(struct runner *r, uint64_t silent_ms);
/* After a call of an alloc_run_ function from outside. */
void runner_step(struct runner *r);

/* What its checks say has changed: whoever must know is told. */
void runner_checks_changed(struct runner *r);
/* Lets go of the tasks without ending them. */
void runner_release(struct runner *r);

bool runner_is_done(const struct runner *r);
size_t runner_nrunning(const struct nodeagent *na); /* not done */
struct runner *runner_find(const struct nodeagent *na, const char *id);
struct run_time runner_now(const struct nodeagent *na);
/* Removes the oldest finished allocations beyond gc_max_allocs. */
void runner_collect(struct nodeagent *na);
/* Removes all finished ones that the servers know to have ended. */
void runner_collect_all(struct nodeagent *na);

#endif
