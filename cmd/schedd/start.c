/* The daemon's beginning and end, and what it says of itself. */
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/api.h"
#include "cmd/schedd/cross.h"
#include "cmd/schedd/follow.h"
#include "cmd/schedd/forward.h"
#include "cmd/schedd/gossip.h"
#include "cmd/schedd/nodes_http.h"
#include "cmd/schedd/query.h"
#include "cmd/schedd/schedd.h"
#include "cmd/schedd/servers.h"
#include "cmd/schedd/stepdown.h"
#include "cmd/schedd/tls.h"
#include "common/clock.h"
#include "common/identity.h"
#include "common/mem.h"
#include "common/raft/node.h"
#include "common/rng.h"
#include "common/table.h"

#define TIDY_MS 10000

/* Plans and a log that is replayed need much for a moment, and what stays of
 * them lies between what is kept. */
static void
tidy(void *arg)
{
	struct schedd *sd = arg;

	malloc_trim(0);
	loop_timer_set(sd->tidy, TIDY_MS);
}

/* The server's id: made once, kept in data_dir. */
static int
identify(struct schedd *sd, struct err *err)
{
	char fresh[RNG_UUID_SIZE], id[IDENTITY_SIZE];
	uint64_t seed;
	struct rng rng;

	rng_secret(&seed, sizeof seed);
	rng_init(&rng, seed);
	rng_uuid(&rng, fresh);
	if (identity_keep(
		sd->config->common.data_dir, "server-id", fresh, id, err) == -1)
		return -1;
	sd->server_id = xstrdup(id);
	return 0;
}

/* What is in data_dir is of one region for ever: as another one's it would
 * take the state of both for one. */
static int
keep_region(const struct schedd_config *c, struct err *err)
{
	const char *dir = c->common.data_dir;
	char was[IDENTITY_SIZE];

	if (identity_keep(dir, "region", c->region, was, err) == -1)
		return -1;
	if (strcmp(was, c->region) == 0)
		return 0;
	return err_set(err, ERR_BAD,
	    "%s has the state of a server of region \"%s\", and region is now "
	    "\"%s\": give it back its name, or another data_dir",
	    dir, was, c->region);
}

static struct sched_core *
make_core(struct schedd *sd, const struct schedd_config *c)
{
	struct sched_core_opts o;
	uint64_t seed;

	sched_core_opts_init(&o);
	rng_secret(&seed, sizeof seed);
	o.seed = seed;
	o.region = c->region;
	o.http_port = strtoull(strrchr(c->http, ':') + 1, NULL, 10);
	o.lease_min_ms = (uint64_t)(c->lease_min / CLOCK_NS_PER_MS);
	o.lease_grace_ms = (uint64_t)(c->lease_grace / CLOCK_NS_PER_MS);
	o.lease_rate = (uint64_t)c->lease_rate;
	o.failover_ttl_ms = (uint64_t)(c->failover_ttl / CLOCK_NS_PER_MS);
	o.gc_interval_ms = (uint64_t)(c->gc_interval / CLOCK_NS_PER_MS);
	o.job_gc_interval_ms = (uint64_t)(c->job_gc_interval / CLOCK_NS_PER_MS);
	o.gc_eval_ns = c->eval_gc_threshold;
	o.gc_batch_eval_ns = c->batch_eval_gc_threshold;
	o.gc_job_ns = c->job_gc_threshold;
	o.gc_node_ns = c->node_gc_threshold;
	o.gc_deployment_ns = c->deployment_gc_threshold;
	schedd_config_autopilot(c, &o.autopilot);
	schedd_probe(sd, &o.probe);
	return sched_core_new(&o);
}

static struct bus_peer *
dial(struct schedd *sd, const char *name, struct err *err)
{
	char *url = daemon_url(sd->config->common.run_dir, name, "msg");
	struct bus_peer *p = bus_dial(sd->loop, url, err);

	free(url);
	return p;
}

static int
open_rpc(struct schedd *sd, struct err *err)
{
	const char *addr = sd->config->rpc;
	char *url;

	if (*addr == '\0')
		return 0;
	url = xasprintf("tcp://%s", addr);
	sd->rpc = bus_serve_tls(sd->loop, url, sd->tls.rpc, schedd_routes,
	    schedd_nroutes, sd->daemon, err);
	free(url);
	if (sd->rpc == NULL)
		return -1;
	if (sd->tls.rpc == NULL)
		daemon_warn_if_open("rpc", addr);
	return 0;
}

/* Clients of the API of others, and our own. */
static int
open_http(struct schedd *sd, struct err *err)
{
	const struct schedd_config *c = sd->config;

	sd->servers_http = nodes_http_new(sd->loop, sd->tls.api_servers);
	sd->nodes_http = nodes_http_new(sd->loop, NULL);
	sd->nodes_https = nodes_http_new(sd->loop, sd->tls.api_nodes);
	if (*c->node_http != '\0') {
		sd->node_client = http_client_new(sd->loop, c->node_http);
		if (c->tls.http)
			http_client_tls(
			    sd->node_client, sd->tls.api_nodes, NULL);
	}
	sd->http =
	    http_server_new(sd->loop, c->http, NULL, &schedd_http_ops, sd, err);
	if (sd->http == NULL)
		return -1;
	if (c->tls.http)
		http_server_tls(sd->http, sd->tls.api);
	if (!c->tls.verify_https_client)
		daemon_warn_if_open("http", c->http);
	return 0;
}

int
schedd_start(struct daemon *d, struct err *err)
{
	struct schedd *sd = xcalloc(1, sizeof *sd);
	const struct schedd_config *c = d->config;

	d->state = sd;
	sd->daemon = d;
	sd->loop = d->loop;
	sd->config = c;
	sd->started_ms = loop_now_ms(d->loop);
	sd->meter.source = sd->job_meter.source = d->def->name;
	TAILQ_INIT(&sd->queries);
	TAILQ_INIT(&sd->woken);
	TAILQ_INIT(&sd->followers);
	TAILQ_INIT(&sd->followers_woken);
	sd->tick = loop_timer_new(d->loop, schedd_on_tick, sd);
	sd->tidy = loop_timer_new(d->loop, tidy, sd);
	sd->core = make_core(sd, c);
	forwards_open(sd);
	cross_open(sd);
	stepdown_open(sd);
	if (keep_region(c, err) == -1 || identify(sd, err) == -1 ||
	    schedd_tls_open(sd, err) == -1 || servers_open(sd, err) == -1 ||
	    open_rpc(sd, err) == -1 ||
	    (sd->metricsd = dial(sd, "metricsd", err)) == NULL ||
	    gossip_open(sd, err) == -1 || open_http(sd, err) == -1)
		return -1;
	/* With others it may take as long as they take to come. */
	if (!servers_are_alone(sd))
		schedd_ready(sd);
	return 0;
}

void
schedd_ready(struct schedd *sd)
{
	if (sd->was_ready)
		return;
	tidy(sd);
	daemon_ready(sd->daemon);
	sd->was_ready = true;
}

static void
end(struct schedd *sd)
{
	query_end_all(sd);
	forward_end_all(sd);
	daemon_exit(sd->daemon, 0);
}

void
schedd_stop(struct daemon *d)
{
	struct schedd *sd = d->state;

	/* Who takes the lead over answers what comes meanwhile. */
	stepdown_begin(sd, end);
}

void
schedd_release(struct daemon *d)
{
	struct schedd *sd = d->state;

	if (sd == NULL)
		return;
	http_server_free(sd->http);
	follow_end_all(sd);
	forwards_close(sd);
	cross_close(sd);
	servers_close(sd);
	bus_server_free(sd->rpc);
	schedd_forget_askers(sd);
	raft_node_close(sd->raft);
	stepdown_close(sd);
	api_raft_release(sd);
	api_snapshot_release(sd);
	if (sd->node_client != NULL)
		http_client_free(sd->node_client);
	nodes_http_free(sd->servers_http);
	nodes_http_free(sd->nodes_http);
	nodes_http_free(sd->nodes_https);
	bus_peer_free(sd->metricsd);
	gossip_close(sd);
	schedd_tls_close(sd);
	loop_timer_free(sd->tick);
	loop_timer_free(sd->tidy);
	loop_timer_free(sd->telling.timer);
	sched_core_free(sd->core);
	meter_release(&sd->meter);
	meter_release(&sd->job_meter);
	free(sd->server_id);
	free(sd);
	d->state = NULL;
}

static void
add_number(void (*add)(void *ctx, const char *name, const char *value),
    void *ctx, const char *name, uint64_t v)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRIu64, v);
	add(ctx, name, text);
}

/* Of several servers the one whose last entry has the higher term, or of one
 * term the higher index, holds more. */
static void
info_raft(const struct schedd *sd,
    void (*add)(void *ctx, const char *name, const char *value), void *ctx)
{
	struct raft_node_info raft;
	char cluster[24];

	if (sd->raft == NULL)
		return;
	raft_node_info(sd->raft, &raft);
	snprintf(cluster, sizeof cluster, "%016" PRIx64, raft.cluster_id);
	add(ctx, "cluster", cluster);
	add_number(add, ctx, "raft_term", raft.raft.term);
	add_number(add, ctx, "raft_last_term", raft.raft.last_term);
	add_number(add, ctx, "raft_last_index", raft.raft.last);
	add_number(add, ctx, "raft_commit", raft.raft.commit);
	add_number(add, ctx, "raft_refused", raft.strangers);
}

void
schedd_info(struct daemon *d,
    void (*add)(void *ctx, const char *name, const char *value), void *ctx)
{
	struct schedd *sd = d->state;
	struct sched_state *st = sched_core_state(sd->core);
	struct sched_core_stats s;
	struct http_stats http = http_server_stats(sd->http);

	sched_core_stats(sd->core, &s);
	add(ctx, "server_id", sd->server_id);
	add(ctx, "region", sd->config->region);
	add(ctx, "leading", sd->leading ? "true" : "false");
	info_raft(sd, add, ctx);
	add_number(add, ctx, "index", st->index);
	add_number(add, ctx, "feature_level", st->level);
	add_number(add, ctx, "feature_level_known", st->level_known);
	add_number(add, ctx, "jobs", HASH_COUNT(st->jobs));
	add_number(add, ctx, "nodes", HASH_COUNT(st->nodes));
	add_number(add, ctx, "allocations", st->alloc_ids.n);
	add_number(add, ctx, "evaluations", HASH_COUNT(st->evals));
	add_number(add, ctx, "services", HASH_COUNT(st->services));
	add_number(add, ctx, "ready_evals", s.ready);
	add_number(add, ctx, "blocked_evals", s.blocked);
	add_number(add, ctx, "plans", s.plans);
	add_number(add, ctx, "leases", s.leases);
	add_number(add, ctx, "leases_expired", s.leases_expired);
	add_number(add, ctx, "leases_forgiven", s.leases_forgiven);
	add_number(add, ctx, "longest_turn_us", loop_longest_turn_us(sd->loop));
	add(ctx, "http", http_server_addr(sd->http));
	http_stats_info(&http, add, ctx);
}
