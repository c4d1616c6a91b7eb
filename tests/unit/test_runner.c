#include "cmd/nodeagent/runner.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/nodeagent/rmtree.h"
#include "cmd/nodeagent/serverlink.h"
#include "common/mem.h"
#include "proto/msg.h"
#include "proto/nodemsg.h"
#include "tests/lib/unit.h"

#define WAIT_MS 10000

/* A node without what runs, and a server that has one allocation for it. */
struct world {
	char dir[64];
	struct nodeagent na;
	struct nodeagent_config config;
	struct bus_server *server;
	struct alloc alloc;
	bool updated;
	char status[32], why[256];
};

static void
on_register(void *ctx, struct bus_req *req, const void *body)
{
	struct node_leased leased = { .known = true, .ttl_ms = 60000 };

	(void)ctx;
	(void)body;
	bus_reply(req, &leased);
}

/* The first time; what is asked later is held. */
static void
on_allocs(void *ctx, struct bus_req *req, const void *body)
{
	const struct node_allocs *ask = body;
	struct world *w = ctx;
	struct node_allocs_news news = {
		.index = 7, .full = true, .allocs = &w->alloc, .nallocs = 1
	};

	if (ask->index == 0)
		bus_reply(req, &news);
}

static void
on_update(void *ctx, struct bus_req *req, const void *body)
{
	const struct node_update *update = body;
	struct indexed done = { .index = 8 };
	struct world *w = ctx;

	ck_assert_uint_eq(update->nallocs, 1);
	ck_assert_str_eq(update->allocs[0].id, "a1");
	snprintf(
	    w->status, sizeof w->status, "%s", update->allocs[0].client_status);
	snprintf(
	    w->why, sizeof w->why, "%s", update->allocs[0].client_description);
	w->updated = true;
	bus_reply(req, &done);
}

static const struct bus_route routes[] = {
	{ MSG_NODE_REGISTER, on_register },
	{ MSG_NODE_ALLOCS, on_allocs },
	{ MSG_NODE_UPDATE, on_update },
};

/* The allocation's group is none of its job's. */
static void
open_world(struct world *w)
{
	struct err err;
	char *url;

	memset(w, 0, sizeof *w);
	bus_use(msg_defs, msg_ndefs);
	snprintf(w->dir, sizeof w->dir, "/tmp/test_runner.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(w->dir));
	w->alloc.id = xstrdup("a1");
	w->alloc.job_id = xstrdup("web");
	w->alloc.task_group = xstrdup("none");
	w->alloc.client_status = xstrdup("pending");
	w->alloc.desired_status = xstrdup("run");
	w->alloc.job = xcalloc(1, sizeof *w->alloc.job);
	w->alloc.job->id = xstrdup("web");
	url = xasprintf("ipc://%s/server", w->dir);
	nodeagent_config_init(&w->config);
	w->config.servers = xcalloc(1, sizeof *w->config.servers);
	w->config.servers[0] = url;
	w->config.nservers = 1;
	w->na.config = &w->config;
	w->na.loop = loop_new();
	w->na.node.id = xstrdup("n1");
	catalog_init(&w->na.catalog, &service_instance_type);
	rng_init(&w->na.rng, 1);
	w->server = bus_serve(w->na.loop, url, routes, 3, w, &err);
	ck_assert_msg(w->server != NULL, "%s", err.text);
	w->na.store = store_open(w->dir, &err);
	ck_assert_msg(w->na.store != NULL, "%s", err.text);
	w->na.link = serverlink_new(&w->na, &err);
	ck_assert_msg(w->na.link != NULL, "%s", err.text);
}

static void
close_world(struct world *w)
{
	bool never = false;
	struct err err;

	/* What was just answered or asked has gone its way. */
	loop_wait(w->na.loop, &never, 100);
	serverlink_free(w->na.link);
	bus_server_free(w->server);
	store_close(w->na.store);
	catalog_release(&w->na.catalog);
	rec_clear(&node_type, &w->na.node);
	rec_clear(&alloc_type, &w->alloc);
	rec_clear(&nodeagent_config_type, &w->config);
	map_release(&w->na.runners);
	loop_free(w->na.loop);
	ck_assert_int_eq(rmtree(AT_FDCWD, w->dir, &err), 0);
}

static void
count(void *ctx, struct alloc *alloc, struct alloc_saved *saved)
{
	size_t *n = ctx;

	rec_clear(&alloc_type, alloc);
	free(alloc);
	rec_clear(&alloc_saved_type, saved);
	(*n)++;
}

static size_t
count_stored(struct world *w)
{
	size_t n = 0;
	struct err err;

	ck_assert_int_eq(store_each(w->na.store, count, &n, &err), 0);
	return n;
}

static void
expect_refusal(struct world *w)
{
	ck_assert(loop_wait(w->na.loop, &w->updated, WAIT_MS));
	ck_assert_str_eq(w->status, "failed");
	ck_assert_str_eq(w->why, "allocation a1: its job has no group none");
	ck_assert_uint_eq(map_count(&w->na.runners), 0);
	ck_assert_uint_eq(count_stored(w), 0);
}

START_TEST(runner_tells_what_it_cannot_run)
{
	struct world w;

	open_world(&w);
	serverlink_start(w.na.link);
	expect_refusal(&w);
	close_world(&w);
}
END_TEST

START_TEST(runner_forgets_what_it_can_no_longer_run)
{
	struct world w;
	struct alloc *own = xcalloc(1, sizeof *own);
	struct alloc_saved saved = { 0 };

	open_world(&w);
	rec_copy(&alloc_type, own, &w.alloc);
	store_put_alloc(w.na.store, own);
	ck_assert_uint_eq(count_stored(&w), 1);
	runner_restore(&w.na, own, &saved);
	ck_assert_uint_eq(count_stored(&w), 0);
	serverlink_start(w.na.link);
	expect_refusal(&w);
	close_world(&w);
}
END_TEST

UNIT_MAIN("runner", runner_tells_what_it_cannot_run,
    runner_forgets_what_it_can_no_longer_run)
