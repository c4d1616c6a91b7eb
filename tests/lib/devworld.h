/*
 * A throw-away `rove agent -dev` for benches: started, asked over HTTP,
 * measured with all that runs below it, and stopped.
 */
#ifndef TESTS_LIB_DEVWORLD_H
#define TESTS_LIB_DEVWORLD_H

#include <stdint.h>
#include <sys/types.h>

#include "common/tree.h"

struct world {
	char dir[64];  /* its files and its log */
	char addr[32]; /* of the API, "127.0.0.1:PORT" */
	char lb[32];   /* of the load balancer */
	pid_t pid;     /* of rove agent */
};

/* Ends the program when something does not work: a bench has no fallback. */
void world_start(struct world *w, const char *bin);
/* Blocks until one node is ready. */
void world_wait_node(const struct world *w);
void world_stop(struct world *w);

/* GET; the caller tree_free()s it. *index (may be NULL): X-Nomad-Index. */
struct tree *world_get(
    const struct world *w, const char *target, uint64_t *index);
void world_put(const struct world *w, const char *target, const char *body);

/* A job of one group with one task; config is the driver's, as JSON. */
char *world_job(const char *id, const char *type, int count, const char *driver,
    const char *config);

/* Blocks until n allocations of the job have this client status. */
void world_wait_allocs(
    const struct world *w, const char *job, const char *status, size_t n);

/* Of the agent and all its descendants. */
double world_pss_mb(const struct world *w);
double world_cpu_ms(const struct world *w);

#endif
