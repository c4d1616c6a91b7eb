/*
 * Where a job's allocations are by a property of their nodes: spreads and
 * distinct properties.
 */
#ifndef SCHEDD_SPREAD_H
#define SCHEDD_SPREAD_H

#include <stdbool.h>
#include <stddef.h>

#include "cmd/schedd/world.h"
#include "proto/job.h"

/* Allocations by the value of one property. */
struct spread_count {
	const char *attribute;
	bool whole_job;        /* not the group alone */
	struct rec_ki *values; /* keys borrowed from nodes */
	size_t nvalues;
};

/* Counts anew. group: place in the world's job. */
void spread_count(struct spread_count *c, struct world *w, size_t group);
int64_t spread_count_of(const struct spread_count *c, const char *value);
void spread_count_release(struct spread_count *c);

struct spreads {
	const struct spread **spreads; /* the group's, then the job's */
	struct spread_count *counts;
	size_t n;
	int64_t total_weight;
	int64_t group_count;
	double lowest;
};

/* Memory is the arena's but for the counts: spreads_release(). */
void spreads_init(struct spreads *s, const struct job *job,
    const struct task_group *tg, struct arena *arena);
void spreads_release(struct spreads *s);
void spreads_count(struct spreads *s, struct world *w, size_t group);

/* The boost, -1 or better, that the node earns by evening things out. */
double spreads_score(struct spreads *s, const struct node *n);

/* Whether the node's value of a distinct property is not used up; else a
 * reason in the arena. */
const char *spread_distinct(const struct spread_count *c,
    const struct constraint *con, const struct node *n, struct arena *arena);

#endif
