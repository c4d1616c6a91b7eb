/*
 * Hears the log, the clock and the sockets, and carries out what the core
 * decides.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <uthash.h>

#include "cmd/schedd/api.h"
#include "cmd/schedd/follow.h"
#include "cmd/schedd/nodes_http.h"
#include "cmd/schedd/schedd.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/raft/node.h"
#include "common/rng.h"
#include "proto/msg.h"

#define SNAPSHOT_CHUNK 65536

struct asker {
	void (*gone)(struct http_req *r); /* first: see api.c */
	uint64_t id;
	struct http_req *http; /* NULL when it has left */
	struct bus_req *bus;
	UT_hash_handle hh;
};

/* --- who asked --- */

static void
on_asker_gone(struct http_req *r)
{
	struct asker *a = http_req_data(r);

	a->http = NULL;
}

static struct asker *
add_asker(struct schedd *sd)
{
	struct asker *a = xcalloc(1, sizeof *a);

	a->gone = on_asker_gone;
	a->id = ++sd->next_req;
	HASH_ADD(hh, sd->askers, id, sizeof a->id, a);
	return a;
}

uint64_t
schedd_ask_http(struct schedd *sd, struct http_req *r)
{
	struct asker *a = add_asker(sd);

	a->http = r;
	http_req_set_data(r, a);
	return a->id;
}

uint64_t
schedd_ask_bus(struct schedd *sd, struct bus_req *r)
{
	struct asker *a = add_asker(sd);

	a->bus = r;
	return a->id;
}

static struct asker *
take_asker(struct schedd *sd, uint64_t id)
{
	struct asker *a;

	HASH_FIND(hh, sd->askers, &id, sizeof id, a);
	if (a != NULL)
		HASH_DEL(sd->askers, a);
	if (a != NULL && a->http != NULL)
		http_req_set_data(a->http, NULL);
	return a;
}

/* --- carrying out --- */

static void
answer(struct asker *a, const struct sched_act *act)
{
	struct buf out = { 0 };

	if (a->bus != NULL) {
		bus_reply(a->bus, act->body);
	} else if (a->http != NULL) {
		if (act->body != NULL)
			rec_to_json(act->type, act->body, &out, 0);
		api_headers(a->http, act->index);
		http_reply(a->http, 200, "application/json", out.data, out.len);
		buf_release(&out);
	}
}

static void
refuse(struct asker *a, const struct err *err)
{
	if (a->bus != NULL)
		bus_refuse(a->bus, err);
	else if (a->http != NULL)
		api_refuse(a->http, err);
}

struct proposal {
	struct schedd *sd;
	uint64_t number;
};

/* Success was told by apply already. */
static void
on_proposed(void *ctx, const struct err *err, uint64_t index)
{
	struct proposal *p = ctx;

	(void)index;
	if (err != NULL) {
		schedd_enter(p->sd);
		sched_core_not_taken(p->sd->core, p->number, err);
		schedd_leave(p->sd);
	}
	free(p);
}

static void
propose(struct schedd *sd, const struct sched_act *act)
{
	struct proposal *p = xcalloc(1, sizeof *p);
	struct err err;

	p->sd = sd;
	p->number = act->proposal;
	if (raft_node_propose(
		sd->raft, act->bytes, act->n, on_proposed, p, &err) == 0)
		return;
	sched_core_not_taken(sd->core, act->proposal, &err);
	free(p);
}

static void
carry_out(struct schedd *sd, const struct sched_act *act)
{
	struct asker *a;

	if (act->kind == SCHED_ACT_PROPOSE) {
		propose(sd, act);
		return;
	}
	if ((a = take_asker(sd, act->req)) == NULL)
		return;
	if (act->kind == SCHED_ACT_REPLY)
		answer(a, act);
	else
		refuse(a, &act->err);
	free(a);
}

static void
run_woken(void *arg)
{
	struct schedd *sd = arg;

	sd->run_posted = false;
	follow_run_woken(sd);
	query_run_woken(sd);
}

void
schedd_enter(struct schedd *sd)
{
	sched_core_clock(
	    sd->core, loop_now_ms(sd->loop), loop_wall_ns(sd->loop));
}

void
schedd_leave(struct schedd *sd)
{
	uint64_t due_ms, now_ms = loop_now_ms(sd->loop);
	struct sched_act act;

	while (sched_core_next(sd->core, &act))
		carry_out(sd, &act);
	due_ms = sched_core_due_ms(sd->core);
	if (due_ms == UINT64_MAX)
		loop_timer_cancel(sd->tick);
	else
		loop_timer_set(sd->tick, due_ms > now_ms ? due_ms - now_ms : 0);
	/* Many commands may be applied in a turn: one answer for all. */
	if (!sd->run_posted &&
	    (!TAILQ_EMPTY(&sd->woken) || !TAILQ_EMPTY(&sd->followers_woken))) {
		sd->run_posted = true;
		loop_post(sd->loop, run_woken, sd);
	}
}

static void
on_tick(void *arg)
{
	struct schedd *sd = arg;

	schedd_enter(sd);
	sched_core_tick(sd->core);
	schedd_leave(sd);
}

/* --- the log --- */

static void
on_apply(void *ctx, uint64_t index, uint64_t term, const void *bytes, size_t n)
{
	struct schedd *sd = ctx;
	struct err err;

	(void)term;
	schedd_enter(sd);
	if (sched_core_applied(sd->core, index, bytes, n, &err) == -1)
		log_fatal("log entry %" PRIu64 ": %s", index, err.text);
	schedd_leave(sd);
}

static void
on_leader(void *ctx, bool leads, uint64_t term)
{
	struct schedd *sd = ctx;

	log_info("%s term=%" PRIu64, leads ? "leading" : "following", term);
	sd->leading = leads;
	schedd_enter(sd);
	sched_core_lead(sd->core, leads);
	schedd_leave(sd);
	if (leads && !sd->was_ready)
		daemon_ready(sd->daemon);
	sd->was_ready |= leads;
}

static void
on_fatal(void *ctx, const struct err *err)
{
	(void)ctx;
	log_fatal("the log failed, so this server stops: %s", err->text);
}

static long
read_fd(void *ctx, void *p, size_t n)
{
	const int *fd = ctx;
	ssize_t got;

	do
		got = read(*fd, p, n);
	while (got == -1 && errno == EINTR);
	return got;
}

static int
on_restore(void *ctx, int fd, uint64_t size, uint64_t index, struct err *err)
{
	struct schedd *sd = ctx;

	(void)size;
	if (sched_core_restore(sd->core, read_fd, &fd, err) == -1)
		return -1;
	log_info("snapshot restored index=%" PRIu64, index);
	return 0;
}

/* Few large writes; used in a forked child only. */
struct writer {
	int fd;
	size_t len;
	char bytes[SNAPSHOT_CHUNK];
};

static int
flush(struct writer *w)
{
	size_t at = 0;

	while (at < w->len) {
		ssize_t n = write(w->fd, w->bytes + at, w->len - at);

		if (n <= 0 && errno != EINTR)
			return -1;
		at += n > 0 ? (size_t)n : 0;
	}
	w->len = 0;
	return 0;
}

static int
write_some(void *ctx, const void *p, size_t n)
{
	struct writer *w = ctx;
	const char *from = p;

	while (n > 0) {
		size_t room = sizeof w->bytes - w->len;
		size_t part = n < room ? n : room;

		memcpy(w->bytes + w->len, from, part);
		w->len += part;
		from += part;
		n -= part;
		if (w->len == sizeof w->bytes && flush(w) == -1)
			return -1;
	}
	return 0;
}

static int
on_snapshot(void *ctx, int fd)
{
	static struct writer w;
	struct schedd *sd = ctx;

	w.fd = fd;
	w.len = 0;
	if (sched_snapshot_write(sched_core_state(sd->core), write_some, &w) ==
	    -1)
		return -1;
	return flush(&w);
}

/* --- starting --- */

static uint64_t
fnv(const char *s)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * UINT64_C(1099511628211);
	return h != 0 ? h : 1;
}

/* The server's id: made once, kept in data_dir. */
static int
identify(struct schedd *sd, struct err *err)
{
	const char *data = sd->config->common.data_dir;
	char *path = xasprintf("%s/server-id", data);
	char *fresh = xasprintf("%s.new", path);
	char id[RNG_UUID_SIZE] = "";
	uint64_t seed;
	struct rng rng;
	int fd = open(path, O_RDONLY | O_CLOEXEC), rv = 0;

	if (fd != -1 && read(fd, id, sizeof id - 1) == sizeof id - 1)
		goto out;
	if (fd != -1)
		close(fd);
	rng_secret(&seed, sizeof seed);
	rng_init(&rng, seed);
	rng_uuid(&rng, id);
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd == -1 || write(fd, id, sizeof id - 1) != sizeof id - 1 ||
	    fsync(fd) == -1 || rename(fresh, path) == -1)
		rv = err_sys(err, "%s", path);
out:
	if (fd != -1)
		close(fd);
	free(path);
	free(fresh);
	sd->server_id = xstrdup(id);
	return rv;
}

static struct sched_core *
make_core(const struct schedd_config *c)
{
	struct sched_core_opts o;
	uint64_t seed;

	sched_core_opts_init(&o);
	rng_secret(&seed, sizeof seed);
	o.seed = seed;
	o.region = c->region;
	o.lease_min_ms = (uint64_t)(c->lease_min / CLOCK_NS_PER_MS);
	o.lease_grace_ms = (uint64_t)(c->lease_grace / CLOCK_NS_PER_MS);
	o.lease_rate = (uint64_t)c->lease_rate;
	o.failover_ttl_ms = (uint64_t)(c->failover_ttl / CLOCK_NS_PER_MS);
	o.gc_interval_ms = (uint64_t)(c->gc_interval / CLOCK_NS_PER_MS);
	o.gc_eval_ns = c->eval_gc_threshold;
	o.gc_batch_eval_ns = c->batch_eval_gc_threshold;
	o.gc_job_ns = c->job_gc_threshold;
	o.gc_node_ns = c->node_gc_threshold;
	o.gc_deployment_ns = c->deployment_gc_threshold;
	return sched_core_new(&o);
}

static int
open_raft(struct schedd *sd, struct err *err)
{
	char *dir = xasprintf("%s/raft", sd->config->common.data_dir);
	struct raft_node_opts o = { .dir = dir,
		.server_id = fnv(sd->server_id),
		.loop = sd->loop,
		.ctx = sd,
		.restore = on_restore,
		.apply = on_apply,
		.snapshot_write = on_snapshot,
		.on_leader = on_leader,
		.on_fatal = on_fatal,
		.snapshot_entries = (uint64_t)sd->config->snapshot_entries };
	int rv = raft_node_open(&sd->raft, &o, err);

	free(dir);
	return rv;
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
	sd->rpc = bus_serve(
	    sd->loop, url, schedd_routes, schedd_nroutes, sd->daemon, err);
	free(url);
	if (sd->rpc == NULL)
		return -1;
	daemon_warn_if_open("rpc", addr);
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
	sd->meter.source = d->def->name;
	TAILQ_INIT(&sd->queries);
	TAILQ_INIT(&sd->woken);
	TAILQ_INIT(&sd->followers);
	TAILQ_INIT(&sd->followers_woken);
	sd->tick = loop_timer_new(d->loop, on_tick, sd);
	sd->nodes_http = nodes_http_new(d->loop);
	if (*c->node_http != '\0')
		sd->node_client = http_client_new(d->loop, c->node_http);
	sd->core = make_core(c);
	if (identify(sd, err) == -1 || open_raft(sd, err) == -1 ||
	    open_rpc(sd, err) == -1 ||
	    (sd->metricsd = dial(sd, "metricsd", err)) == NULL)
		return -1;
	sd->http =
	    http_server_new(d->loop, c->http, NULL, &schedd_http_ops, sd, err);
	if (sd->http == NULL)
		return -1;
	daemon_warn_if_open("http", c->http);
	return 0;
}

void
schedd_stop(struct daemon *d)
{
	struct schedd *sd = d->state;

	query_end_all(sd);
	daemon_exit(d, 0);
}

void
schedd_release(struct daemon *d)
{
	struct schedd *sd = d->state;
	struct asker *a, *tmp;

	if (sd == NULL)
		return;
	http_server_free(sd->http);
	follow_end_all(sd);
	bus_server_free(sd->rpc);
	raft_node_close(sd->raft);
	HASH_ITER(hh, sd->askers, a, tmp)
	{
		HASH_DEL(sd->askers, a);
		free(a);
	}
	if (sd->node_client != NULL)
		http_client_free(sd->node_client);
	nodes_http_free(sd->nodes_http);
	bus_peer_free(sd->metricsd);
	loop_timer_free(sd->tick);
	sched_core_free(sd->core);
	meter_release(&sd->meter);
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

void
schedd_info(struct daemon *d,
    void (*add)(void *ctx, const char *name, const char *value), void *ctx)
{
	struct schedd *sd = d->state;
	struct sched_state *st = sched_core_state(sd->core);
	struct sched_core_stats s;

	sched_core_stats(sd->core, &s);
	add(ctx, "server_id", sd->server_id);
	add(ctx, "region", sd->config->region);
	add(ctx, "leading", sd->leading ? "true" : "false");
	add_number(add, ctx, "index", st->index);
	add_number(add, ctx, "jobs", HASH_COUNT(st->jobs));
	add_number(add, ctx, "nodes", HASH_COUNT(st->nodes));
	add_number(add, ctx, "allocations", HASH_COUNT(st->allocs));
	add_number(add, ctx, "evaluations", HASH_COUNT(st->evals));
	add_number(add, ctx, "services", HASH_COUNT(st->services));
	add_number(add, ctx, "ready_evals", s.ready);
	add_number(add, ctx, "blocked_evals", s.blocked);
	add_number(add, ctx, "plans", s.plans);
	add_number(add, ctx, "leases_expired", s.leases_expired);
	add(ctx, "http", http_server_addr(sd->http));
}
