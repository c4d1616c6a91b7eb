/*
 * nodeagent: runs tasks on one node.
 *
 * All its state is in struct nodeagent, which belongs to the loop's thread.
 * What runs is a struct runner for each allocation (runner.h); what the
 * servers say and hear goes through the server link (serverlink.h).
 *
 * Who holds whom, from what is wanted to what runs: a runner holds an
 * alloc_run (allocrun.h), the pure state machine that decides, which holds
 * the alloc, the servers' record with its job. For each task that is up the
 * runner also holds a taskproc (driver.h), of which its driver knows more. A
 * raw_proc of raw_exec's has a socket to a shim (cmd/shim), a process of its
 * own; a docker_proc has the name of a container of an engine. Shim and engine
 * hold the task, and go on with it when all the others are gone.
 */
#ifndef NODEAGENT_NODEAGENT_H
#define NODEAGENT_NODEAGENT_H

#include "cmd/nodeagent/config.h"
#include "cmd/nodeagent/driver.h"
#include "cmd/nodeagent/hoststats.h"
#include "cmd/nodeagent/store.h"
#include "common/catalog/catalog.h"
#include "common/daemon.h"
#include "common/http/http.h"
#include "common/map.h"
#include "proto/meter.h"
#include "proto/node.h"

struct checkrun;
struct catalogapi;
struct fence;
struct leave;
struct serverlink;
struct trash;

struct nodeagent {
	struct daemon *daemon;
	struct loop *loop;
	const struct nodeagent_config *config;

	struct node node; /* our record, as registered */
	char *alloc_dir, *shim_dir, *shim_path, *docker_dir;
	struct driver_host host;
	struct rng rng;

	struct store *store;
	struct trash *trash; /* allocations that are being removed */
	struct map runners;  /* allocation id -> struct runner */
	struct checkrun *checkrun;
	struct serverlink *link;
	struct fence *fence;
	struct leave *leave;           /* NULL: it does not drain itself */
	struct catalog catalog;        /* all services of the cluster */
	struct catalogapi *catalogapi; /* NULL: it is off */
	struct http_server *http;
	char *server_api;       /* the rest of the HTTP API, or NULL */
	struct map server_apis; /* address -> struct http_client */
	struct bus_peer *metricsd;
	struct {
		struct tls_keys *dial;              /* to the servers' RPC */
		struct tls_keys *api, *api_servers; /* HTTPS */
	} tls;                                      /* NULL: plain */
	struct meter meter;
	struct host_stats_kept host_stats;
	double host_ticks; /* sum of what each publication told */

	struct loop_timer *gc;
	struct loop_timer *stop_timer;
	struct loop_timer *begin; /* telling the servers of us, at the latest */
	uint64_t stop_by_ms;
	uint64_t started_ms;
	uint64_t nstarted; /* tasks, since this process began */
};

/* lifecycle.c */
int nodeagent_start(struct daemon *d, struct err *err);
int nodeagent_reload(struct daemon *d, const void *config, struct err *err);
void nodeagent_stop(struct daemon *d);
void nodeagent_release(struct daemon *d);

/* info.c */
void nodeagent_info(struct daemon *d,
    void (*add)(void *ctx, const char *name, const char *value), void *ctx);

/* handlers.c */
extern const struct bus_route nodeagent_routes[];
extern const size_t nodeagent_nroutes;

/* metrics.c */
void nodeagent_metrics(struct daemon *d);

#endif
