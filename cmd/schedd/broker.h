/*
 * The evaluation broker: which evaluation is looked at next.
 *
 * Ready ones go out by priority, then by age. Of one job at most one is out
 * or ready at a time; others wait behind it, and when it is done the newest
 * of the most urgent goes on while the rest are given up: one look at the job
 * serves them all. One that is to be looked at later waits for its time. One
 * that is given back (nack) comes again after a delay that grows, and after
 * too many deliveries it comes from the queue of the failed.
 *
 * Pure: evaluations are known by id, time comes in as an argument.
 */
#ifndef SCHEDD_BROKER_H
#define SCHEDD_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/due.h"
#include "common/map.h"
#include "proto/eval.h"

enum broker_queue {
	BROKER_SERVICE,
	BROKER_BATCH,
	BROKER_SYSTEM,
	BROKER_SYSBATCH,
	BROKER_OTHER,
	BROKER_FAILED,
	BROKER_NQUEUES,
};
#define BROKER_ALL ((1u << BROKER_NQUEUES) - 1)

struct broker_opts {
	unsigned delivery_limit;
	uint64_t first_nack_ms;   /* delay after the first delivery */
	uint64_t next_nack_ms;    /* more for each after that */
	uint64_t nack_timeout_ms; /* given back by itself; 0: never */
};

struct broker_eval;

struct broker_heap {
	struct broker_eval **evals;
	size_t n, cap;
};

struct broker {
	struct broker_opts opts;
	struct map evals; /* id to struct broker_eval */
	struct map jobs;  /* key to struct broker_job */
	struct broker_heap ready[BROKER_NQUEUES];
	struct dues dues;
	char **given_up;
	size_t ngiven_up, given_up_cap;
	size_t nready, nunacked, npending, nwaiting;
	size_t unacked[BROKER_NQUEUES]; /* nunacked by queue */
};

void broker_init(struct broker *b, const struct broker_opts *opts);
void broker_release(struct broker *b);

/* Takes an evaluation in; one that it has already is left as it is. With
 * delay_ms it waits so long first. Nothing of e is kept. */
void broker_enqueue(
    struct broker *b, const struct eval *e, uint64_t delay_ms, uint64_t now_ms);

/* The next one of the queues in the mask (1 << enum broker_queue): its id,
 * borrowed until it is acked or nacked; NULL when none is ready. failed: it
 * has been delivered too often. */
const char *broker_dequeue(
    struct broker *b, unsigned mask, uint64_t now_ms, bool *failed);

/* Since when it is here and, if it is out, since when; false: unknown. */
bool broker_since(const struct broker *b, const char *id, uint64_t *here_ms,
    uint64_t *out_ms);

/* It is done, or is to come again. -1 when it is not out. */
int broker_ack(struct broker *b, const char *id);
int broker_nack(struct broker *b, const char *id, uint64_t now_ms);

/* The id of one that was given up, to be told so and freed; NULL: none. */
char *broker_take_given_up(struct broker *b);

/* Does what is due, and says when there is more (UINT64_MAX: never). */
void broker_tick(struct broker *b, uint64_t now_ms);
uint64_t broker_due_ms(const struct broker *b);

#endif
