/*
 * Whether the Docker Engine is there, and what it is.
 *
 * Asks at once, each DOCKER_HEALTH_MS, and whenever a call met trouble; while
 * nobody answers, again and again, at most DOCKER_AWAY_MS apart. An engine
 * that was never there is not missed: nothing is logged.
 */
#ifndef NODEAGENT_DOCKER_HEALTH_H
#define NODEAGENT_DOCKER_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/nodeagent/docker_engine.h"

#define DOCKER_HEALTH_MS     30000
#define DOCKER_AWAY_FIRST_MS 50
#define DOCKER_AWAY_MS       2000
#define DOCKER_DOUBT_MS      20

struct docker_health;

struct docker_facts {
	bool asked;    /* an answer, or none, has come at least once */
	bool detected; /* it was there, once */
	bool up;       /* it answers: calls may be made */
	char why[256]; /* of one that is not up */
	/* As it said last; "" where it did not. */
	char version[64], os_type[32], bridge_ip[64], runtimes[512];
};

struct docker_health_ops {
	/* The facts differ from those told before. */
	void (*on_change)(void *ctx);
	/* It has answered, again: what met trouble may be tried anew. */
	void (*on_answer)(void *ctx);
};

struct docker_health *docker_health_new(struct loop *l, struct docker_engine *e,
    const struct docker_health_ops *ops, void *ctx);
void docker_health_free(struct docker_health *h);
/* A call met trouble: look soon. */
void docker_health_doubt(struct docker_health *h);
const struct docker_facts *docker_health_facts(const struct docker_health *h);

#endif
