/*
 * Inside cluster_server.c and cluster_request.c.
 */
#ifndef TESTS_SIM_CLUSTER_SERVER_H
#define TESTS_SIM_CLUSTER_SERVER_H

#include "tests/sim/cluster.h"

/* Answers held requests for which there is news, or no more time. */
void server_follow(struct cluster *c);
/* What people send: jobs, packed as in an answer of the API. */
void server_on_job(struct cluster *c, const struct event *ev);
void server_on_node(struct cluster *c, const struct event *ev);

#endif
