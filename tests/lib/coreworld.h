/*
 * A server's core as the server drives it, alone in its world: requests in,
 * actions out, commands committed at once unless the story holds them back.
 * It leads, and has a few nodes with the driver "mock_driver" that are all
 * alike. Time stands still but where a function says that it passes.
 */
#ifndef TESTS_LIB_COREWORLD_H
#define TESTS_LIB_COREWORLD_H

#include "cmd/schedd/core.h"
#include "tests/lib/unit.h"

#define COREWORLD_NODES 4
#define COREWORLD_ROOM  1000 /* what a node usually has */
#define COREWORLD_REQS  64   /* of one story, but for renewals */

struct coreworld_answer {
	bool answered; /* false: the core has said nothing yet */
	struct sched_act act;
	struct buf body; /* as JSON */
};

struct coreworld {
	struct sched_core *core;
	uint64_t now_ms, log_index;
	uint64_t last_req;
	struct coreworld_answer answers[COREWORLD_REQS]; /* by request */
	int64_t room;                                    /* of each node */

	/* Of the jobs that are registered from now on. */
	int64_t priority;
	char *kind; /* borrowed: "service", "batch" */

	/* Commands: those committed that were plans, those proposed that may
	 * wait for others to go with, and those that are held. */
	size_t nplans, ncalm;
	bool held; /* what is proposed waits */
	size_t nwaiting;
	struct {
		uint64_t number; /* of the proposal */
		struct buf bytes;
	} waiting[COREWORLD_REQS];
};

/* Each node has so many MHz and MB, and 10 times as many MB of disk. */
void coreworld_init(struct coreworld *w, int64_t room);
void coreworld_release(struct coreworld *w);

/* --- asking --- */

/* The next request's number; the core knows what time it is. */
uint64_t coreworld_ask(struct coreworld *w);
/* Carries out what the core wants done, until it wants nothing more. */
void coreworld_settle(struct coreworld *w);
/* A string that the answer has; "" when it has none. Valid until the next
 * call. There must be an answer. */
const char *coreworld_said(
    struct coreworld *w, uint64_t req, const char *member);
/* Why the request was refused; ERR_NONE: it was not. */
enum err_code coreworld_refused(const struct coreworld *w, uint64_t req);

/* The log has this. */
void coreworld_commit(struct coreworld *w, const void *bytes, size_t n);
/* The log has what waits; what comes of it waits in turn. */
void coreworld_commit_waiting(struct coreworld *w);
/* The same, and nothing is held any more. */
void coreworld_commit_held(struct coreworld *w);

/* The server begins to lead, or leads no more. */
void coreworld_lead(struct coreworld *w, bool leading);

/* --- time --- */

/* Tells the core what time it is. */
void coreworld_turn(struct coreworld *w);
/* A turn in which the core's timer rings. */
void coreworld_tick(struct coreworld *w);
/* Time passes, in steps of 500 ms; the nodes keep in touch, or all but one. */
void coreworld_pass(struct coreworld *w, uint64_t ms);
void coreworld_pass_without(struct coreworld *w, uint64_t ms, size_t silent);
/* Evaluations that are ready are run to their end, each 1 ms later. */
void coreworld_run_ready(struct coreworld *w);

/* --- nodes and jobs --- */

const char *coreworld_node_id(size_t i); /* lives for ever */
void coreworld_register_node(struct coreworld *w, const char *id);
void coreworld_renew(struct coreworld *w, size_t node); /* its lease */
/* What should stop at the node has ended; at most 8 are there. */
void coreworld_end_stopped(struct coreworld *w, size_t node);

/* A job of one group of so many, each with that many MHz. The request. */
uint64_t coreworld_register_job(
    struct coreworld *w, const char *id, int64_t count, int64_t cpu);

/* Borrowed from the core's state; NULL when there is none. */
const struct sched_job *coreworld_job(struct coreworld *w, const char *id);
const struct sched_node *coreworld_node(struct coreworld *w, size_t i);
/* The evaluation's status; "unknown" when there is none. */
const char *coreworld_eval_status(struct coreworld *w, const char *id);
/* How many of the job's allocations are not terminal: all, or those there. */
size_t coreworld_live(struct coreworld *w, const char *job);
size_t coreworld_live_on(struct coreworld *w, const char *job, size_t node);

#endif
