/*
 * Requests of nodes that are held until there is news for them.
 */
#ifndef SCHEDD_FOLLOW_H
#define SCHEDD_FOLLOW_H

#include "cmd/schedd/schedd.h"
#include "proto/catalog.h"
#include "proto/nodemsg.h"

void follow_node(
    struct schedd *sd, struct bus_req *req, const struct node_allocs *ask);
void follow_services(
    struct schedd *sd, struct bus_req *req, const struct services_ask *ask);

/* Answers those for whom there is news, as many as a turn has time for. */
void follow_run_woken(struct schedd *sd);
/* Forgets all, as when the server stops. */
void follow_end_all(struct schedd *sd);

#endif
