/*
 * nodeagent: runs tasks on one node.
 *
 * All its state is in struct nodeagent, which belongs to the loop's thread.
 * What runs is a struct runner for each allocation (runner.h); what the
 * servers say and hear goes through the link (link.h).
 */
#ifndef NODEAGENT_NODEAGENT_H
#define NODEAGENT_NODEAGENT_H

#include "cmd/nodeagent/config.h"
#include "cmd/nodeagent/driver.h"
#include "cmd/nodeagent/store.h"
#include "common/catalog/catalog.h"
#include "common/daemon.h"
#include "common/http/http.h"
#include "common/map.h"
#include "proto/node.h"

struct link;
struct forward;

struct nodeagent {
	struct daemon *daemon;
	struct loop *loop;
	const struct nodeagent_config *config;

	struct node node; /* our record, as registered */
	char *alloc_dir, *shim_dir, *shim_path;
	struct driver_host host;
	struct rng rng;

	struct store *store;
	struct map runners; /* allocation id -> struct runner */
	struct link *link;
	struct catalog catalog; /* all services of the cluster */
	struct http_server *http;
	struct forward *forward; /* to a server's API */

	struct loop_timer *gc;
	struct loop_timer *stop_timer;
	bool stopping;
	uint64_t nstarted; /* tasks, since this process began */
};

/* handlers.c */
extern const struct bus_route nodeagent_routes[];
extern const size_t nodeagent_nroutes;

/* clientapi.c */
extern const struct http_ops nodeagent_http_ops;

/* metrics.c */
void nodeagent_metrics(struct daemon *d);

#endif
