/*
 * Which nodes may run a group at all: drivers, constraints, devices,
 * networks, volumes. How much room there is, is rank.h's question.
 *
 * A verdict holds for all nodes of a class, unless the job or group asks for
 * something that nodes of a class differ in; then it "escapes" and every
 * node is asked.
 */
#ifndef SCHEDD_FEASIBLE_H
#define SCHEDD_FEASIBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/schedd/world.h"
#include "proto/eval.h"

struct feasible_group {
	const struct task_group *tg;
	bool escapes;
	uint8_t *verdicts; /* by class */
	size_t nverdicts;
};

struct feasible {
	struct world *w;
	const struct job *job;
	bool escapes;
	bool repeats; /* asks every node, whatever is known of its class */
	uint8_t *verdicts;
	size_t nverdicts;
	struct feasible_group *groups; /* one for each of the job's */
};

/* Memory is the world's arena's. */
void feasible_init(struct feasible *f, struct world *w, const struct job *job);

/*
 * NULL when the node will do, else the reason as people are told it,
 * borrowed from the arena.
 */
const char *feasible_check(
    struct feasible *f, size_t group, const struct world_node *n);

/* What a blocked evaluation keeps: verdicts by class, on the heap and
 * sorted; with escaped they say little, and are left out unless asked for. */
void feasible_tell(const struct feasible *f, bool even_escaped,
    struct rec_kb **classes, size_t *nclasses, bool *escaped);

#endif
