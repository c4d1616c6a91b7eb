/*
 * Evaluations that wait for room, and what wakes them.
 *
 * Of one job only the newest waits. It is woken when a node gains room whose
 * class it may use or has never seen; one whose constraints no class can
 * tell is woken by every node. One that was made from a state older than such
 * a gain has missed it and is woken at once. Those of system jobs are woken
 * by their node, too.
 *
 * Pure. Those to be looked at again and those that are given up in favour of
 * a newer one are handed out by id.
 */
#ifndef SCHEDD_BLOCKED_H
#define SCHEDD_BLOCKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/map.h"
#include "proto/eval.h"

#define BLOCKED_MAX_CLASSES 4096 /* whose last gain is remembered */

struct blocked_ids {
	char **ids;
	size_t n, cap;
};

struct blocked {
	struct map evals;  /* id to struct blocked_eval */
	struct map jobs;   /* "ns/id" to the same */
	struct map system; /* "node ns/id" to the same, owned apart */
	struct map gains;  /* class to when it last gained room */
	struct blocked_ids woken, duplicates;
};

void blocked_release(struct blocked *b);

/* Takes in an evaluation whose status is "blocked". Nothing of it is kept. */
void blocked_add(struct blocked *b, const struct eval *e);

/* A node of this class gained room, at that index of the log. */
void blocked_gain(struct blocked *b, const char *class, uint64_t index);
/* Something changed at this node. */
void blocked_gain_at(struct blocked *b, const char *node_id);
/* Wakes those whose plans did not get through. */
void blocked_retry(struct blocked *b);
/* Forgets what waits for the job; one evaluation. */
void blocked_forget_job(struct blocked *b, const char *ns, const char *job_id);
void blocked_forget(struct blocked *b, const char *id);

/* The one that waits for the job, borrowed; NULL: none. */
const char *blocked_of_job(
    const struct blocked *b, const char *ns, const char *job_id);
size_t blocked_count(const struct blocked *b);
/* Those among them whose constraints no class can tell. */
size_t blocked_escaped(const struct blocked *b);

/* One to be looked at again, one to be canceled; the caller frees the id.
 * NULL: none. */
char *blocked_take_woken(struct blocked *b);
char *blocked_take_duplicate(struct blocked *b);

#endif
